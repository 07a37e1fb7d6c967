/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring of tcmu_ring.h. The kernel is believed to mean well, but nothing it
 * writes is used as an offset before it was held against the map's bounds: the
 * rest of the memory is this process's own.
 */
#include "io/tcmu_ring.h"

#include <linux/target_core_user.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "core/classify.h"

#define SENSE_FIXED_LEN 18u /* SPC-4 4.5.3 */

/* A command on its way from the ring to the drive. */
struct errand {
	struct respin_command command;
	const struct iovec *iov; /* of the ring: base is an offset into the map */
	uint32_t iov_count;
};

/* What goes back. */
struct errand_answer {
	uint8_t status;
	uint8_t sense[TCMU_SENSE_BUFFERSIZE];
	uint32_t moved; /* bytes from the device */
};

int tcmu_ring_init(struct tcmu_ring *ring, void *map, size_t map_bytes, struct respin_error *error)
{
	struct tcmu_mailbox *mailbox = map;
	*ring = (struct tcmu_ring){.map = map, .map_bytes = map_bytes, .mailbox = mailbox};
	if (map_bytes < sizeof *mailbox || mailbox->version != TCMU_MAILBOX_VERSION)
		return error_set(error, RESPIN_E_UNSUPPORTED, 0,
				 "target_core_user of this kernel speaks version %u, not %u",
				 map_bytes < sizeof *mailbox ? 0 : mailbox->version, TCMU_MAILBOX_VERSION);
	if (!mailbox->cmdr_size || mailbox->cmdr_off > map_bytes ||
	    mailbox->cmdr_size > map_bytes - mailbox->cmdr_off)
		return error_set(error, RESPIN_E_SOURCE, 0,
				 "target_core_user's ring lies outside its memory");
	ring->tells_length = mailbox->flags & TCMU_MAILBOX_FLAG_CAP_READ_LEN;
	return 0;
}

static bool inside(const struct tcmu_ring *ring, uint64_t offset, uint64_t len)
{
	return offset <= ring->map_bytes && len <= ring->map_bytes - offset;
}

/* SPC-4 4.2.5.1: the group code; 0 for groups of other or unknown length. */
static uint8_t cdb_length(uint8_t opcode)
{
	static const uint8_t lengths[8] = {6, 10, 10, 0, 16, 12, 10, 10};
	return lengths[opcode >> 5];
}

/* The commands whose parameter list goes to the drive (SPC-4 annex E, MMC-6 6); the ring does not tell. */
static bool sends_data(uint8_t opcode)
{
	static const uint8_t senders[] = {
		0x04, /* FORMAT UNIT */
		0x0a, /* WRITE(6) */
		0x15, /* MODE SELECT(6) */
		0x1d, /* SEND DIAGNOSTIC */
		0x2a, /* WRITE(10) */
		0x2e, /* WRITE AND VERIFY(10) */
		0x3b, /* WRITE BUFFER */
		0x4c, /* LOG SELECT */
		0x54, /* SEND OPC INFORMATION */
		0x55, /* MODE SELECT(10) */
		0x5d, /* SEND CUE SHEET */
		0xa2, /* SEND EVENT */
		0xa3, /* SEND KEY */
		0xaa, /* WRITE(12) */
		0xb5, /* SECURITY PROTOCOL OUT */
		0xb6, /* SET STREAMING */
		0xbf, /* SEND DISC STRUCTURE */
	};
	return memchr(senders, opcode, sizeof senders) != NULL;
}

/* Either way between the transport's buffer and the pieces; `len` bytes from the first on. */
static void copy(const struct tcmu_ring *ring, const struct errand *errand, uint32_t len, bool to_pieces)
{
	size_t done = 0;
	for (uint32_t i = 0; i < errand->iov_count && done < len; i++) {
		size_t part = errand->iov[i].iov_len < len - done ? errand->iov[i].iov_len : len - done;
		unsigned char *piece = ring->map + (uintptr_t)errand->iov[i].iov_base;
		if (to_pieces)
			memcpy(piece, ring->buffer + done, part);
		else
			memcpy(ring->buffer + done, piece, part);
		done += part;
	}
}

static void refuse(struct errand_answer *answer, uint8_t key, uint8_t asc, uint8_t ascq)
{
	answer->status = SCSI_CHECK_CONDITION;
	memset(answer->sense, 0, sizeof answer->sense);
	answer->sense[0] = 0x70; /* SPC-4 4.5.3: current, fixed format */
	answer->sense[2] = key;
	answer->sense[7] = SENSE_FIXED_LEN - 8;
	answer->sense[12] = asc;
	answer->sense[13] = ascq;
}

/*
 * What a SCSI target can say of a broken link. A device that vanished has no
 * answer at all; BUSY has the kernel ask again, and by then it was taken away.
 */
static void tell_host(struct tcmu_ring *ring, enum respin_host_status host, struct errand_answer *answer)
{
	switch (host) {
	case RESPIN_HOST_GONE:
		ring->away = true;
		answer->status = SCSI_BUSY;
		break;
	case RESPIN_HOST_RESET:
		refuse(answer, 0x06, 0x29, 0x00); /* power on, reset or bus device reset occurred */
		break;
	case RESPIN_HOST_CANCELLED:
		refuse(answer, 0x02, 0x3a, 0x00); /* medium not present: the last word before it goes */
		break;
	default:
		refuse(answer, 0x0b, 0x47, 0x7f); /* aborted: some commands cleared by transport */
		break;
	}
}

static void carry_out(struct tcmu_ring *ring, struct errand *errand, struct errand_answer *answer)
{
	struct respin_command *command = &errand->command;
	struct respin_command_reply reply = {0};
	if (!ring->transport) {
		tell_host(ring, RESPIN_HOST_CANCELLED, answer);
		return;
	}
	if (ring->away) {
		answer->status = SCSI_BUSY;
		return;
	}
	if (!command->cdb_len) {
		refuse(answer, 0x05, 0x20, 0x00); /* invalid command operation code */
		return;
	}
	if (command->data_len > ring->buffer_bytes) {
		refuse(answer, 0x05, 0x24, 0x00); /* invalid field in CDB: more than this host moves */
		return;
	}
	command->data = command->data_len ? ring->buffer : NULL;
	if (command->data_in)
		memset(ring->buffer, 0, command->data_len); /* not one byte of the previous command's */
	else
		copy(ring, errand, command->data_len, false);
	ring->transport->ops->exec(ring->transport->self, command, &reply);
	if (reply.host != RESPIN_HOST_OK) {
		tell_host(ring, (enum respin_host_status)reply.host, answer);
		return;
	}
	answer->status = reply.scsi_status;
	memcpy(answer->sense, reply.sense,
	       reply.sense_len < sizeof reply.sense ? reply.sense_len : sizeof reply.sense);
	if (command->data_in && reply.residual < command->data_len) {
		answer->moved = command->data_len - reply.residual;
		/* A kernel that is not told the length takes it all: what was not moved is zero. */
		copy(ring, errand, ring->tells_length ? answer->moved : command->data_len, true);
	}
}

/* False: the entry is not what the header says. */
static bool take_up(const struct tcmu_ring *ring, const struct tcmu_cmd_entry *entry, uint32_t entry_len,
		    struct errand *errand)
{
	uint64_t len = 0;
	/* The entry is packed, but the kernel puts it at a multiple of 8, and the pieces with it. */
	const void *iov = (const unsigned char *)entry + offsetof(struct tcmu_cmd_entry, req.iov);
	*errand = (struct errand){.iov = iov, .iov_count = entry->req.iov_cnt};
	if (entry_len < sizeof *entry ||
	    errand->iov_count >
		    (entry_len - offsetof(struct tcmu_cmd_entry, req.iov)) / sizeof *errand->iov ||
	    !inside(ring, entry->req.cdb_off, 1))
		return false;
	for (uint32_t i = 0; i < errand->iov_count; i++) {
		if (!inside(ring, (uintptr_t)errand->iov[i].iov_base, errand->iov[i].iov_len))
			return false;
		len += errand->iov[i].iov_len;
	}
	if (len > UINT32_MAX)
		return false;
	struct respin_command *command = &errand->command;
	const uint8_t *cdb = ring->map + entry->req.cdb_off;
	command->cdb_len = cdb_length(cdb[0]);
	if (!inside(ring, entry->req.cdb_off, command->cdb_len))
		return false;
	memcpy(command->cdb, cdb, command->cdb_len);
	command->data_len = (uint32_t)len;
	command->data_in = len && !sends_data(cdb[0]);
	return true; /* timeout_ms is 0: the kernel in front of us has the patience, and its end */
}

/* Request and answer share their place in the entry: the answer comes last. */
static void hand_back(const struct tcmu_ring *ring, struct tcmu_cmd_entry *entry, const struct errand *errand,
		      const struct errand_answer *answer)
{
	entry->rsp.scsi_status = answer->status;
	memcpy(entry->rsp.sense_buffer, answer->sense, sizeof entry->rsp.sense_buffer);
	if (ring->tells_length && errand->command.data_in) {
		entry->rsp.read_len = answer->moved;
		entry->hdr.uflags |= TCMU_UFLAG_READ_LEN;
	}
}

int tcmu_ring_step(struct tcmu_ring *ring, struct respin_error *error)
{
	struct tcmu_mailbox *mailbox = ring->mailbox;
	for (;;) {
		/* The kernel moves the head after it has written the entry. */
		uint32_t head = __atomic_load_n(&mailbox->cmd_head, __ATOMIC_ACQUIRE);
		uint32_t tail = mailbox->cmd_tail, size = mailbox->cmdr_size;
		if (head == tail)
			return 0;
		struct tcmu_cmd_entry *entry = (void *)(ring->map + mailbox->cmdr_off + tail);
		uint32_t len = tail < size ? tcmu_hdr_get_len(entry->hdr.len_op) : 0;
		if (head >= size || len < sizeof entry->hdr || len > size - tail)
			return error_set(error, RESPIN_E_SOURCE, 0,
					 "target_core_user's ring holds an entry of %u bytes at %u of %u",
					 len, tail, size);
		enum tcmu_opcode op = tcmu_hdr_get_op(entry->hdr.len_op);
		struct errand errand;
		struct errand_answer answer = {0};
		if (op == TCMU_OP_CMD) {
			if (!take_up(ring, entry, len, &errand))
				return error_set(
					error, RESPIN_E_SOURCE, 0,
					"target_core_user's ring holds a command that points outside");
			carry_out(ring, &errand, &answer);
			hand_back(ring, entry, &errand, &answer);
		} else if (op != TCMU_OP_PAD && op != TCMU_OP_TMR) {
			entry->hdr.uflags |= TCMU_UFLAG_UNKNOWN_OP;
		}
		/* The kernel reads the answer once the tail has passed it. */
		__atomic_store_n(&mailbox->cmd_tail, (tail + len) % size, __ATOMIC_RELEASE);
		if (op == TCMU_OP_CMD)
			return 1;
	}
}
