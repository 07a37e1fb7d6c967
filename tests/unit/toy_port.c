/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port of toy_port.h. */
#include "toy_port.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/classify.h"
#include "core/sense.h"

#define SPEED_FASTEST 0xffffu

static void toy_info(void *self, struct port_info *info)
{
	const struct toy_port *toy = self;
	*info = toy->info;
}

/* Good sectors from `lba` on, at most `count`. */
static uint32_t toy_good(struct toy_port *toy, uint64_t lba, uint32_t count)
{
	uint64_t unit = toy->whole_blocks ? toy->info.ecc_block : 1,
		 end = (lba + count + unit - 1) / unit * unit;
	for (uint64_t s = lba / unit * unit; s < end && s < toy->info.sectors; s++) {
		if (!toy->fails[s])
			continue;
		if (toy->fails[s] != TOY_NEVER)
			toy->fails[s]--;
		uint64_t first = s / unit * unit;
		return first > lba ? (uint32_t)(first - lba) : 0;
	}
	return count;
}

static void toy_read(void *self, uint64_t lba, uint32_t count, uint32_t timeout_ms, struct port_reply *reply)
{
	struct toy_port *toy = self;
	(void)timeout_ms;
	if (count == 0 || count > toy->info.max_sectors || lba + count > toy->info.sectors)
		abort(); /* nobody asks for what is not there */
	uint32_t good = toy_good(toy, lba, count);
	*reply = (struct port_reply){.ok = good == count, .commands = 1, .failed = good < count};
	if (!reply->ok) {
		reply->scsi_status = SCSI_CHECK_CONDITION;
		reply->sense = toy->sense;
		reply->prefix = toy->prefix ? good : 0;
	}
	reply->elapsed_ns = reply->ok ? toy->good_ns : toy->fail_ns;
	toy->now_ns += reply->elapsed_ns;
	toy->reads++;
	toy->failed += !reply->ok;
	toy->sectors += count;
	if (toy->told)
		toy->told(toy, lba, count, reply);
}

static void toy_speed(void *self, uint32_t kbps)
{
	struct toy_port *toy = self;
	toy->fastest += kbps == SPEED_FASTEST;
	toy->slowest += kbps == 0;
}

static void toy_nothing(void *self)
{
	(void)self;
}

static uint64_t toy_now_ns(void *self)
{
	const struct toy_port *toy = self;
	return toy->now_ns;
}

static void toy_wait_ns(void *self, uint64_t ns)
{
	struct toy_port *toy = self;
	toy->now_ns += ns;
}

static const struct port_ops toy_ops = {
	.info = toy_info,
	.read = toy_read,
	.speed = toy_speed,
	.spin = toy_nothing,
	.now_ns = toy_now_ns,
	.wait_ns = toy_wait_ns,
	.destroy = toy_nothing,
};

void toy_port_init(struct toy_port *toy, uint64_t sectors, uint32_t ecc_block, struct port *port)
{
	*toy = (struct toy_port){
		.info = {.sectors = sectors, .ecc_block = ecc_block, .max_sectors = 64},
		.fails = calloc(sectors + 1, 1),
		.sense = {.key = SENSE_MEDIUM_ERROR, .asc = 0x11},
		.good_ns = 5000000,
		.fail_ns = 5000000000,
	};
	if (!toy->fails) {
		fputs("no memory for a toy\n", stderr);
		abort();
	}
	*port = (struct port){&toy_ops, toy};
}

void toy_port_finish(struct toy_port *toy)
{
	free(toy->fails);
}

void toy_port_spoil(struct toy_port *toy, uint64_t first, uint64_t last, uint8_t fails)
{
	for (uint64_t s = first; s <= last && s < toy->info.sectors; s++)
		toy->fails[s] = fails;
}
