/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive that is given too many failures too fast stops working until it is
 * cured: a bucket that every failure fills and that leaks, and its cures.
 */
#include "base/num.h"
#include "sim/drive_parts.h"

#define REST_NS 1000000000u /* a pause shorter than this is no rest: the next command is being made up */

/* Drop by drop: one in each bucket_leak_ns, counted from the failure that found the bucket empty. */
void drive_bucket_leak(struct drive *drive, uint64_t now_ns, uint64_t idle_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t passed = now_ns > drive->bucket_ns ? now_ns - drive->bucket_ns : 0;
	if (p->bucket_leaks == LEAKS_IDLE)
		passed = idle_ns >= REST_NS ? idle_ns : 0;
	drive->bucket_ns = now_ns;
	if (!p->bucket_leak_ns || !(drive->wedge_bucket > 0))
		return;
	drive->drop_ns += passed;
	uint64_t whole = drive->drop_ns / p->bucket_leak_ns;
	double drops = (double)whole;
	drive->drop_ns %= p->bucket_leak_ns;
	drive->wedge_bucket = drive->wedge_bucket > drops ? drive->wedge_bucket - drops : 0;
}

static void wedge_sense(const struct drive *drive, struct respin_sense *sense)
{
	uint64_t as = drive->scenario.drive.wedge_as;
	if (as == WEDGE_MIXED)
		as = drive_draw(drive, CHANCE_WEDGE_SENSE, drive->counts.wedges, 0) & 1 ? WEDGE_HARDWARE
											: WEDGE_INVALID;
	if (as == WEDGE_HARDWARE) /* internal target failure */
		*sense = (struct respin_sense){.key = SENSE_HARDWARE_ERROR, .asc = 0x44};
	else if (as == WEDGE_INVALID) /* invalid field in CDB, for a READ that was fine before */
		*sense = (struct respin_sense){.key = SENSE_ILLEGAL_REQUEST, .asc = 0x24};
	else /* becoming ready, for ever */
		*sense = (struct respin_sense){.key = SENSE_NOT_READY, .asc = 0x04, .ascq = 0x01};
}

void drive_wedge(struct drive *drive)
{
	if (drive->wedged)
		return;
	drive->wedged = true;
	drive->counts.wedges++;
	wedge_sense(drive, &drive->wedge_sense);
	if (drive->state == DRIVE_READY || drive->state == DRIVE_STANDBY)
		drive->state = DRIVE_WEDGED;
}

void drive_wedge_free(struct drive *drive)
{
	drive->wedged = false;
	drive->wedge_bucket = 0;
	drive->bucket_full = false;
	if (drive->state == DRIVE_WEDGED)
		drive->state = DRIVE_READY;
}

void drive_wedge_cure(struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (drive->wedged && drive_chance(drive, p->cure_p, CHANCE_CURE, drive->counts.wedges, drive->loads))
		drive_wedge_free(drive);
}

void drive_heat(struct drive *drive, uint64_t now_ns, double weight)
{
	const struct drive_params *p = &drive->scenario.drive;
	drive_bucket_leak(drive, now_ns, 0);
	if (!(drive->wedge_bucket > 0))
		drive->drop_ns = 0;
	bool was_full = drive->bucket_full;
	drive->wedge_bucket += weight;
	drive->bucket_full = drive->wedge_bucket >= p->wedge_at;
	if (drive->wedge_bucket > drive->counts.heat_max)
		drive->counts.heat_max = drive->wedge_bucket;
	/* Each failure after the one that filled the bucket, as long as it is full. */
	if (p->wedge_at > 0 && was_full && drive->bucket_full &&
	    drive_chance(drive, p->wedge_p, CHANCE_WEDGE, drive->counts.failed_reads, drive->counts.timeouts))
		drive_wedge(drive);
}
