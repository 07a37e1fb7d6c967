/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/srN as Linux 6.1 makes it, down from the block layer: a request is cut
 * at the queue's limit, sent with 30 s each, and tried again as SCSI midlayer
 * and sr driver see fit. Here are O_DIRECT reads; reads through the page cache
 * are in port_cache.c. Written from what the kernel does, seen in QEMU.
 */
#include <stdlib.h>

#include "base/error.h"
#include "core/classify.h"
#include "core/sense.h"
#include "sim/port_private.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* SR_TIMEOUT and MAX_RETRIES of the sr driver: four times 30 s. */
#define SR_TIMEOUT_MS 30000u
#define SR_TRIES 4u
/* The midlayer asks a drive that becomes ready again and again, for as long as all tries together may take. */
#define BECOMING_READY_NS (NS_PER_MS * SR_TRIES * SR_TIMEOUT_MS)
/* Between two of these: SCSI_QUEUE_DELAY of 3 ms, three turns of the queue. */
#define BECOMING_READY_STEP_NS (10 * NS_PER_MS)
/* After an unexpected unit attention sr sends nothing until somebody polled the node: udev's rules say 2 s. */
#define POLL_NS (2 * NS_PER_S)
/* READ CAPACITY may err by so much at the end of a disc, so sr shrinks the device to an error found there. */
#define SHRINK_SECTORS UINT64_C(75)

enum next_step { GIVE_UP, TRY_AGAIN, WAIT_FOR_DRIVE };

static enum next_step after_sense(struct port_block *block, const struct respin_sense *sense, bool ahead)
{
	enum next_step again = ahead ? GIVE_UP : TRY_AGAIN; /* read-ahead fails fast */
	if (sense->deferred)
		return again;
	switch (sense->key) {
	case SENSE_MEDIUM_ERROR: /* unrecovered, address mark, record not found: for good */
		return sense->asc == 0x11 || sense->asc == 0x13 || sense->asc == 0x14 ? GIVE_UP : again;
	case SENSE_ABORTED_COMMAND:
		return again;
	case SENSE_NOT_READY:
		return sense->asc == 0x04 && sense->ascq == 0x01 ? WAIT_FOR_DRIVE : GIVE_UP;
	case SENSE_UNIT_ATTENTION:
		if (block->attention_expected && sense->asc != 0x28) {
			block->attention_expected = false;
			return again;
		}
		block->refused_until_ns = block->below.ops->now_ns(block->below.self) + POLL_NS;
		return GIVE_UP;
	default:
		return GIVE_UP;
	}
}

static enum next_step after(struct port_block *block, const struct port_reply *reply, bool ahead)
{
	if (reply->gone)
		return GIVE_UP;
	if (reply->transport) { /* error handling has aborted it, or reset the drive: that will be announced */
		block->attention_expected = true;
		return ahead ? GIVE_UP : TRY_AGAIN;
	}
	if (reply->scsi_status != SCSI_CHECK_CONDITION)
		return WAIT_FOR_DRIVE; /* BUSY and its kin */
	return after_sense(block, &reply->sense, ahead);
}

/*
 * The driver trusts the LBA of a failure as far as the first bio's size, and
 * near the end of the disc it takes that for the end.
 */
static void shrink(struct port_block *block, uint64_t bio_sectors, const struct respin_sense *sense)
{
	if (!sense->has_info || sense->info_lba < 0 ||
	    (sense->key != SENSE_MEDIUM_ERROR && sense->key != SENSE_ILLEGAL_REQUEST))
		return;
	/* The kernel masks with size - 1, whether or not the size is a power of two. In 512 bytes: four a sector. */
	uint64_t place = (uint64_t)sense->info_lba << 2 & ~((bio_sectors << 2) - 1);
	uint64_t sectors = (place + 3) >> 2;
	if (sectors < block->capacity && (block->info.sectors << 2) - place < 4 * SHRINK_SECTORS)
		block->capacity = sectors;
}

/* One command, with its tries. *came: sectors that it brought. */
static bool block_command(struct port_block *block, uint64_t lba, uint32_t count, uint64_t bio_sectors,
			  bool ahead, struct port_reply *sum, uint32_t *came)
{
	const struct port_ops *ops = block->below.ops;
	uint64_t until_ns = ops->now_ns(block->below.self) + BECOMING_READY_NS;
	*came = 0;
	if (ops->now_ns(block->below.self) < block->refused_until_ns)
		return false;
	for (unsigned try = 1;;) {
		struct port_reply reply;
		ops->read(block->below.self, lba, count, SR_TIMEOUT_MS, &reply);
		sum->commands += reply.commands;
		sum->failed += reply.failed;
		if (reply.ok) {
			*came = reply.lacking < count ? count - reply.lacking : 0;
			return *came > 0;
		}
		sum->transport = reply.transport;
		sum->gone = reply.gone;
		sum->scsi_status = reply.scsi_status;
		sum->sense = reply.sense;
		enum next_step step = after(block, &reply, ahead);
		if (step == WAIT_FOR_DRIVE && ops->now_ns(block->below.self) < until_ns)
			ops->wait_ns(block->below.self, BECOMING_READY_STEP_NS);
		else if (step != TRY_AGAIN || try++ == SR_TRIES) {
			shrink(block, bio_sectors, &reply.sense);
			return false;
		}
	}
}

bool block_request(struct port_block *block, uint64_t lba, uint64_t count, bool ahead,
		   struct port_reply *reply)
{
	bool whole = true;
	/* All parts are sent, also those behind one that failed: they are in the queue already. */
	for (uint64_t done = 0; done < count;) {
		uint64_t part = count - done;
		if (part > block->info.max_sectors)
			part = block->info.max_sectors;
		uint32_t came;
		if (block_command(block, lba + done, (uint32_t)part, count, ahead, reply, &came)) {
			done += came; /* a short transfer: the driver asks for the rest */
		} else {
			done += part;
			whole = false;
		}
	}
	return whole;
}

static void direct_read(struct port_block *block, uint64_t lba, uint32_t count, struct port_reply *reply)
{
	uint64_t there = lba < block->capacity ? block->capacity - lba : 0;
	reply->end = there < count;
	if (there > count)
		there = count;
	/* Of a direct read in which anything failed nothing is delivered. */
	bool whole = there > 0 && block_request(block, lba, there, false, reply);
	reply->ok = whole && !reply->end;
	reply->prefix = whole && reply->end ? (uint32_t)there : 0;
	reply->end = reply->end && (whole || there == 0);
}

static void block_read(void *self, uint64_t lba, uint32_t count, uint32_t timeout_ms,
		       struct port_reply *reply)
{
	struct port_block *block = self;
	uint64_t began_ns = block->below.ops->now_ns(block->below.self);
	(void)timeout_ms; /* a block device's reader cannot say */
	*reply = (struct port_reply){0};
	if (block->cache.pages)
		cache_read(block, lba, count, reply);
	else
		direct_read(block, lba, count, reply);
	if (reply->ok) { /* what failed on the way is of no interest to the reader */
		reply->transport = reply->gone = false;
		reply->sense = (struct respin_sense){0};
		reply->scsi_status = SCSI_GOOD;
	}
	reply->elapsed_ns = block->below.ops->now_ns(block->below.self) - began_ns;
}

static void block_info(void *self, struct port_info *info)
{
	const struct port_block *block = self;
	*info = block->info;
	info->sectors = block->capacity;
}

static void block_speed(void *self, uint32_t kbps)
{
	struct port_block *block = self;
	block->below.ops->speed(block->below.self, kbps);
}

static void block_spin(void *self)
{
	struct port_block *block = self;
	block->below.ops->spin(block->below.self);
}

static uint64_t block_now_ns(void *self)
{
	const struct port_block *block = self;
	return block->below.ops->now_ns(block->below.self);
}

static void block_wait_ns(void *self, uint64_t ns)
{
	struct port_block *block = self;
	block->below.ops->wait_ns(block->below.self, ns);
}

static bool block_ready(void *self)
{
	struct port_block *block = self;
	return !block->below.ops->ready || block->below.ops->ready(block->below.self);
}

static void block_destroy(void *self)
{
	struct port_block *block = self;
	block->below.ops->destroy(block->below.self);
	free(block->cache.pages);
	free(block);
}

static const struct port_ops block_ops = {
	.info = block_info,
	.read = block_read,
	.speed = block_speed,
	.spin = block_spin,
	.now_ns = block_now_ns,
	.wait_ns = block_wait_ns,
	.destroy = block_destroy,
	.ready = block_ready,
};

int port_block(struct port *below, enum port_path path, struct port *port, struct respin_error *error)
{
	struct port taken = *below;
	struct port_block *block = calloc(1, sizeof *block);
	*below = (struct port){0};
	*port = (struct port){0};
	if (block) {
		block->below = taken;
		taken.ops->info(taken.self, &block->info);
		block->capacity = block->info.sectors;
	}
	if (!block || (path == PORT_CACHED && !cache_init(block))) {
		taken.ops->destroy(taken.self);
		free(block);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a block device");
	}
	*port = (struct port){&block_ops, block};
	return 0;
}
