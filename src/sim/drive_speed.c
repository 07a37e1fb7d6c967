/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of its speeds the drive reads at: what the host asked for, what it
 * dares after errors, and when either changes. The curves stand in mechanics.c.
 */
#include "sim/drive_parts.h"

#define CD_KBPS 176.4     /* 1x as SET CD SPEED counts it on CD, MMC-6 6.39: 75 sectors of 2352 bytes */
#define KBPS_SLACK 1.01   /* hosts round: 5538 or 5540 kB/s are both 4x */
#define STEADY_SHARE 0.01 /* a spindle that follows the radius is not ramping */
#define KBPS_MAX 0xffffu

static const struct key_steps *steps(const struct drive *drive)
{
	return &drive->scenario.drive.steps[drive->kind];
}

static double kbps_1x(const struct drive *drive)
{
	const struct medium *medium = drive->spiral->medium;
	return medium->family == FAMILY_CD ? CD_KBPS : medium->sectors_per_s * DISC_SECTOR / 1000;
}

/* The highest step that is not above what was asked for and what is dared; the lowest if all are. */
static void step_choose(struct drive *drive, uint64_t now_ns)
{
	const struct key_steps *s = steps(drive);
	double limit = s->at[s->count - 1];
	if (drive->speed_asked > 0 && drive->speed_asked < limit)
		limit = drive->speed_asked;
	if (drive->speed_cap > 0 && drive->speed_cap < limit)
		limit = drive->speed_cap;
	unsigned step = s->count - 1;
	while (step > 0 && s->at[step] > limit * KBPS_SLACK)
		step--;
	if (step != drive->step) {
		drive->step = step;
		drive->step_ns = now_ns;
		drive->rate.to = drive->rate.from; /* to be found anew */
	}
}

void drive_speed_tick(struct drive *drive, uint64_t now_ns)
{
	if (now_ns >= drive->speed_coming_ns) {
		drive->speed_asked = drive->speed_coming;
		drive->speed_coming_ns = UINT64_MAX;
	}
	while (drive->speed_cap > 0 && now_ns >= drive->cap_until_ns) {
		const struct key_steps *s = steps(drive);
		drive->speed_cap *= 2;
		drive->cap_until_ns += drive->scenario.drive.hold_ns;
		drive->cap_sectors = drive->scenario.drive.hold_sectors;
		if (drive->speed_cap >= s->at[s->count - 1])
			drive->speed_cap = 0;
	}
	if (drive->spiral)
		step_choose(drive, now_ns);
}

void drive_cap_lift(struct drive *drive, uint64_t sectors, uint64_t now_ns)
{
	if (drive->cap_sectors > sectors) {
		drive->cap_sectors -= sectors;
		return;
	}
	drive->cap_sectors = 0;
	drive->cap_until_ns = now_ns;
	drive_speed_tick(drive, now_ns);
}

void drive_step_down(struct drive *drive, uint64_t now_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (!drive->geometry || !p->step_down)
		return;
	const struct key_steps *s = steps(drive);
	double cap = s->at[drive->step] / 2;
	drive->speed_cap = cap > s->at[0] ? cap : s->at[0];
	drive->cap_until_ns = now_ns + p->hold_ns;
	drive->cap_sectors = p->hold_sectors;
	drive_event_at(drive, drive->cap_until_ns);
	step_choose(drive, now_ns);
}

void drive_set_speed(struct drive *drive, uint32_t kbps)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t now = atomic_load(&drive->now_ns);
	bool most = kbps >= KBPS_MAX;
	if (p->speed_cmd == SPEED_CMD_IGNORED || !drive->spiral)
		return;
	double x = most ? 0 : (double)kbps / kbps_1x(drive);
	x = !most && x < steps(drive)->at[0] ? steps(drive)->at[0] : x;
	drive->speed_coming = x;
	drive->speed_coming_ns = p->speed_cmd == SPEED_CMD_LATE ? now + p->speed_late_ns : now;
	if (most && p->rearm)
		drive->speed_cap = 0;
	drive_event_at(drive, drive->speed_coming_ns);
	drive_speed_tick(drive, now);
}

uint64_t drive_rate_at(struct drive *drive, uint64_t sector, uint64_t at_ns)
{
	if (sector < drive->rate.from || sector >= drive->rate.to) {
		const struct drive_params *p = &drive->scenario.drive;
		mechanics_rate(p, drive->kind, drive->step, drive->spiral, sector, &drive->rate);
		double before = drive->head.rpm, after = drive->rate.rpm, change = after - before;
		drive->head.rpm = after;
		if (change > after * STEADY_SHARE || change < -after * STEADY_SHARE) {
			uint64_t since = at_ns > drive->step_ns ? at_ns : drive->step_ns;
			drive->spindle_ns = since + mechanics_ramp_ns(p, before, after);
		}
	}
	return at_ns > drive->spindle_ns ? at_ns : drive->spindle_ns;
}

/* Off the good path: a rate of its own, the drive's stays. */
static uint32_t kbps_of(const struct drive *drive, uint64_t sector, unsigned step)
{
	struct mechanics_rate rate;
	if (!drive->spiral)
		return 0;
	uint64_t last = drive->spiral->sectors - 1;
	mechanics_rate(&drive->scenario.drive, drive->kind, step, drive->spiral,
		       sector < last ? sector : last, &rate);
	return (uint32_t)(rate.x * kbps_1x(drive) + 0.5);
}

uint32_t drive_kbps_at(const struct drive *drive, uint64_t sector)
{
	return kbps_of(drive, sector, drive->step);
}

uint32_t drive_kbps_max(const struct drive *drive)
{
	if (!drive->spiral)
		return 0;
	const struct key_steps *s = steps(drive);
	return (uint32_t)(s->at[s->count - 1] * kbps_1x(drive) + 0.5);
}
