/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated drive meets a command: is it there, is it ready, whose business
 * is the command, and what cuts it short. What is answered stands in the other
 * drive_*.c; what arrives at the host in transport_sim.c.
 */
#include "sim/drive.h"

#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/num.h"
#include "core/cdb.h"
#include "sim/drive_parts.h"

#define GONE_NS 100000u     /* the host finds out that nobody is there [E] */
#define WEDGED_NS 50000000u /* a wedged drive answers in 50 to 100 ms [S] */
#define JITTER_LEAST_NS 1e5 /* 0.1 to 2 ms [E] */
#define JITTER_MOST_NS 2e6

/* Commands that answer whatever the state, and leave attentions alone (SPC-3 4.5.1; estimates where it is silent). */
static bool is_always(uint8_t opcode)
{
	switch (opcode) {
	case CDB_INQUIRY:
	case CDB_REQUEST_SENSE:
	case CDB_GET_CONFIGURATION:
	case CDB_START_STOP_UNIT:
	case CDB_MODE_SENSE_10:
	case DRIVE_OP_MODE_SENSE_6:
	case DRIVE_OP_MODE_SELECT_10:
	case DRIVE_OP_PREVENT_REMOVAL:
	case DRIVE_OP_GET_EVENT_STATUS:
	case DRIVE_OP_READ_BUFFER:
	case DRIVE_OP_READ_BUFFER_CAPACITY:
	case DRIVE_OP_MECHANISM_STATUS:
		return true;
	default:
		return false;
	}
}

/* Commands that need the disc to turn. */
static bool is_medium(uint8_t opcode)
{
	return opcode == CDB_READ_10 || opcode == CDB_READ_12 || opcode == DRIVE_OP_READ_CD ||
	       opcode == DRIVE_OP_VERIFY_10 || opcode == DRIVE_OP_SEEK_10;
}

static bool wedged(struct drive *drive, bool medium, struct drive_answer *answer)
{
	/* What it knows without the disc it still tells; unless it is busy with itself. */
	if (!medium && drive->wedge_sense.key != SENSE_NOT_READY)
		return false;
	double u = num_uniform(drive_draw(drive, CHANCE_WEDGE_SENSE, drive->counts.commands, 1));
	answer->took_ns += (uint64_t)((1 + u) * WEDGED_NS);
	answer->sense = drive->wedge_sense;
	return true;
}

/* What stands before every command that needs the disc. True: it has been answered. */
static bool not_ready(struct drive *drive, bool medium, struct drive_answer *answer)
{
	if (drive->attention_count) {
		answer_fail(answer, SENSE_UNIT_ATTENTION, drive->attentions[0].asc,
			    drive->attentions[0].ascq);
		drive->attention_count--;
		memmove(drive->attentions, drive->attentions + 1,
			drive->attention_count * sizeof *drive->attentions);
		return true;
	}
	switch (drive->state) {
	case DRIVE_READY:
		return false;
	case DRIVE_NO_MEDIUM:
		answer_fail(answer, SENSE_NOT_READY, 0x3a, drive->tray_open ? 0x02 : 0x01);
		return true;
	case DRIVE_LOADING:
	case DRIVE_SPINUP:
		answer_fail(answer, SENSE_NOT_READY, 0x04, 0x01);
		return true;
	case DRIVE_UNRECOGNISED:
		answer->sense = drive->unknown_sense;
		return true;
	case DRIVE_STOPPED:
		answer_fail(answer, SENSE_NOT_READY, 0x04, 0x02);
		return true;
	case DRIVE_STANDBY:
		return medium && !drive_wake(drive, answer);
	case DRIVE_WEDGED:
		return wedged(drive, medium, answer);
	case DRIVE_GONE:
		break;
	}
	return false;
}

/* SEEK answers before the head is there; the next read finds it on its way. */
static void seek(struct drive *drive, const struct respin_command *command, struct drive_answer *answer)
{
	uint64_t sector = be32(command->cdb + 2);
	if (sector >= drive->disc.sectors) {
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x21, 0);
		return;
	}
	if (!drive->geometry)
		return;
	uint64_t at = atomic_load(&drive->now_ns) + answer->took_ns;
	drive->head.at_ns = drive_head_move(drive, sector, at);
	drive->head.next_sector = sector;
	drive->cache.filling = false;
}

static void medium_command(struct drive *drive, const struct respin_command *command, unsigned char *data,
			   struct drive_answer *answer)
{
	uint64_t now = atomic_load_explicit(&drive->now_ns, memory_order_relaxed);
	if (drive->wedge_bucket > 0)
		drive_bucket_leak(drive, now, now > drive->idle_since_ns ? now - drive->idle_since_ns : 0);
	switch (command->cdb[0]) {
	case DRIVE_OP_SEEK_10:
		seek(drive, command, answer);
		break;
	case DRIVE_OP_READ_CD:
		drive_read_cd(drive, command, data, answer);
		break;
	default:
		drive_read(drive, command, data, answer);
		break;
	}
}

static void answer_command(struct drive *drive, const struct respin_command *command, unsigned char *data,
			   struct drive_answer *answer)
{
	uint8_t opcode = command->cdb[0];
	bool medium = is_medium(opcode);
	if (medium) {
		if (!not_ready(drive, true, answer))
			medium_command(drive, command, data, answer);
		drive->idle_since_ns =
			atomic_load_explicit(&drive->now_ns, memory_order_relaxed) + answer->took_ns;
		return;
	}
	if (opcode == CDB_START_STOP_UNIT) {
		drive_start_stop(drive, command, answer);
		return;
	}
	if (!is_always(opcode) && not_ready(drive, false, answer))
		return;
	if (opcode != CDB_TEST_UNIT_READY && !drive_identity(drive, command, data, answer))
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x20, 0);
}

/* ---- what is added, and what cuts it short ---- */

/* The host is busy with other things as well: for how long, is drawn from a bag of samples. */
static uint64_t jitter(const struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t hash = drive_draw(drive, CHANCE_BURST, drive->counts.commands, 0);
	if (num_uniform(hash) < p->jitter_rare)
		return p->jitter_rare_ns;
	return drive->jitter[hash % DRIVE_JITTERS];
}

void drive_jitter_draw(struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	for (unsigned i = 0; i < DRIVE_JITTERS; i++) {
		uint64_t hash = drive_draw(drive, CHANCE_BURST, i, 1);
		double ns = num_lognormal(hash, (double)p->jitter_ns, p->jitter_sigma);
		ns = ns < JITTER_LEAST_NS ? JITTER_LEAST_NS : ns;
		drive->jitter[i] = (uint64_t)(ns > JITTER_MOST_NS ? JITTER_MOST_NS : ns);
	}
}

/* The next fault ends a command that is under way: its time, or UINT64_MAX. */
static uint64_t cut_at(const struct drive *drive, uint8_t *host, struct respin_sense *sense)
{
	const struct scenario *s = &drive->scenario;
	for (unsigned i = drive->next_fault; i < s->fault_count; i++) {
		const struct fault *fault = &s->faults[i];
		switch (fault->kind) {
		case FAULT_UNPLUG:
			*host = RESPIN_HOST_GONE;
			return fault->at_ns;
		case FAULT_RESET:
			*host = RESPIN_HOST_RESET;
			return fault->at_ns;
		case FAULT_SWAP:
		case FAULT_OPEN:
		case FAULT_CLEAN:
			*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x3a, .ascq = 0x02};
			return fault->at_ns;
		default:
			break;
		}
	}
	return UINT64_MAX;
}

static void cut_short(struct drive *drive, uint64_t now_ns, struct drive_answer *answer)
{
	uint8_t host = RESPIN_HOST_OK;
	struct respin_sense sense = {0};
	uint64_t at = cut_at(drive, &host, &sense);
	if (at <= now_ns || at - now_ns >= answer->took_ns)
		return;
	*answer = (struct drive_answer){.took_ns = at - now_ns, .host = host, .sense = sense};
}

static void round_up(struct drive *drive, uint64_t now_ns, struct drive_answer *answer)
{
	uint64_t quantum = drive->scenario.drive.quantum_ns;
	uint64_t past = (now_ns + answer->took_ns) % quantum;
	answer->took_ns += past ? quantum - past : 0;
}

void drive_command(struct drive *drive, const struct respin_command *command, unsigned char *data,
		   struct drive_answer *answer)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t now = atomic_load_explicit(&drive->now_ns, memory_order_relaxed);
	drive->counts.commands++;
	drive_power_tick(drive, now);
	*answer = (struct drive_answer){.took_ns = p->latency_ns};
	if (drive->state == DRIVE_GONE || drive->renamed) {
		answer->took_ns = GONE_NS;
		answer->host = RESPIN_HOST_GONE;
		return;
	}
	if (p->jitter_ns)
		answer->took_ns += jitter(drive);
	answer_command(drive, command, data, answer);
	if (p->quantum_ns)
		round_up(drive, now, answer);
	if (drive->next_fault < drive->scenario.fault_count)
		cut_short(drive, now, answer);
	if (!answer->claimed)
		answer->claimed = answer->moved;
}

void drive_stop(struct drive *drive)
{
	free(drive->attempts);
	free(drive->attempts_session);
	drive->attempts = NULL;
	drive->attempts_session = NULL;
}
