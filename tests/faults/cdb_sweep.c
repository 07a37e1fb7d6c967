/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every command of a small rescue, one at a time, is answered wrongly in every
 * way a drive or host is known for: once, three times in a row, for ever. What
 * is finished is the disc's, the rescue ends, its code is a documented one, and
 * the next run on a healthy drive ends with everything that can be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ride.h"
#include "sweep.h"

#define SENSE(k, a, q)                                                                                       \
	{                                                                                                    \
		.name = #k "-" #a "-" #q, .kind = WRONG_SENSE, .key = 0x##k, .asc = 0x##a, .ascq = 0x##q     \
	}
#define STATUS(n, s)                                                                                         \
	{                                                                                                    \
		.name = n, .kind = WRONG_STATUS, .status = s                                                 \
	}
#define HOST(n, h)                                                                                           \
	{                                                                                                    \
		.name = n, .kind = WRONG_HOST, .host = h                                                     \
	}
#define MEDIUM_AT(n, i, d)                                                                                   \
	{                                                                                                    \
		.name = n, .kind = WRONG_SENSE, .key = 3, .asc = 0x11, .info = i, .descriptor = d            \
	}
#define DEFERRED(n, k, a, d)                                                                                 \
	{                                                                                                    \
		.name = n, .kind = WRONG_SENSE, .key = k, .asc = a, .deferred = true, .descriptor = d        \
	}
#define NOISE(len)                                                                                           \
	{                                                                                                    \
		.name = "noise-" #len, .kind = WRONG_GARBAGE, .number = len                                  \
	}

/* Each row of docs/drives.md at least once, and what no standard knows. */
static const struct wrong wrongs[] = {
	/* no sense, recovered: with and without the data that should come with it */
	SENSE(0, 00, 00),
	SENSE(1, 17, 01),
	SENSE(1, 18, 00),
	{.name = "recovered", .kind = WRONG_DATA, .key = 1, .asc = 0x17, .ascq = 1},
	{.name = "recovered-descriptor", .kind = WRONG_DATA, .key = 1, .asc = 0x18, .descriptor = true},
	/* not ready */
	SENSE(2, 04, 00),
	SENSE(2, 04, 01),
	SENSE(2, 04, 02),
	SENSE(2, 04, 03),
	SENSE(2, 04, 04),
	SENSE(2, 04, 07),
	SENSE(2, 04, 1a),
	SENSE(2, 3a, 00),
	SENSE(2, 3a, 01),
	SENSE(2, 3a, 02),
	SENSE(2, 30, 00),
	SENSE(2, 28, 00),
	SENSE(2, 29, 00),
	SENSE(2, 06, 00),
	SENSE(2, 3e, 00),
	/* medium, hardware */
	SENSE(3, 02, 00),
	SENSE(3, 06, 00),
	SENSE(3, 09, 00),
	SENSE(3, 11, 05),
	SENSE(3, 15, 00),
	SENSE(3, 57, 00),
	SENSE(4, 3e, 02),
	SENSE(4, 44, 00),
	SENSE(4, 08, 03),
	SENSE(4, 15, 01),
	{.name = "medium-with-data", .kind = WRONG_DATA, .key = 3, .asc = 0x11},
	/* illegal request */
	SENSE(5, 20, 00),
	SENSE(5, 21, 00),
	SENSE(5, 24, 00),
	SENSE(5, 26, 00),
	SENSE(5, 30, 00),
	SENSE(5, 3a, 00),
	SENSE(5, 63, 00),
	SENSE(5, 64, 00),
	SENSE(5, 6f, 03),
	SENSE(5, 2c, 00),
	/* unit attention, protection, blank, aborted, reserved */
	SENSE(6, 28, 00),
	SENSE(6, 29, 00),
	SENSE(6, 2a, 01),
	SENSE(6, 3a, 00),
	SENSE(6, 3f, 0e),
	SENSE(7, 27, 00),
	SENSE(8, 00, 00),
	SENSE(8, 64, 00),
	SENSE(9, 80, 00),
	SENSE(a, 00, 00),
	SENSE(b, 00, 00),
	SENSE(b, 47, 00),
	SENSE(b, 08, 00),
	SENSE(c, 00, 00),
	SENSE(d, 00, 00),
	SENSE(e, 1d, 00),
	SENSE(f, ff, ff),
	/* an earlier command's */
	DEFERRED("deferred-medium", 3, 0x11, false),
	DEFERRED("deferred-hardware", 4, 0x44, true),
	DEFERRED("deferred-recovered", 1, 0x18, false),
	DEFERRED("deferred-ready", 2, 0x04, false),
	DEFERRED("deferred-attention", 6, 0x28, true),
	DEFERRED("deferred-locked", 5, 0x6f, false),
	/* INFORMATION */
	MEDIUM_AT("info-first", INFO_FIRST, false),
	MEDIUM_AT("info-middle", INFO_MIDDLE, false),
	MEDIUM_AT("info-last", INFO_LAST, false),
	MEDIUM_AT("info-before", INFO_BEFORE, false),
	MEDIUM_AT("info-behind", INFO_BEHIND, false),
	MEDIUM_AT("info-zero", INFO_ZERO, false),
	MEDIUM_AT("info-huge", INFO_HUGE, false),
	MEDIUM_AT("info-descriptor-middle", INFO_MIDDLE, true),
	MEDIUM_AT("info-descriptor-behind", INFO_BEHIND, true),
	MEDIUM_AT("info-descriptor-huge", INFO_HUGE, true),
	/* statuses */
	STATUS("check-silent", 0x02),
	STATUS("condition-met", 0x04),
	STATUS("busy", 0x08),
	STATUS("intermediate", 0x10),
	STATUS("reservation-conflict", 0x18),
	STATUS("task-set-full", 0x28),
	STATUS("aca-active", 0x30),
	STATUS("task-aborted", 0x40),
	STATUS("status-ff", 0xff),
	/* below SCSI */
	HOST("gone", RESPIN_HOST_GONE),
	HOST("timeout", RESPIN_HOST_TIMEOUT),
	HOST("reset", RESPIN_HOST_RESET),
	HOST("link", RESPIN_HOST_ERROR),
	HOST("cancelled", RESPIN_HOST_CANCELLED),
	HOST("host-ee", 0xee),
	/* data and residual */
	{.name = "short-none", .kind = WRONG_SHORT, .percent = 0},
	{.name = "short-third", .kind = WRONG_SHORT, .percent = 33},
	{.name = "short-half", .kind = WRONG_SHORT, .percent = 50},
	{.name = "short-most", .kind = WRONG_SHORT, .percent = 99},
	{.name = "silent-none", .kind = WRONG_SILENT, .percent = 0},
	{.name = "silent-third", .kind = WRONG_SILENT, .percent = 33},
	{.name = "silent-half", .kind = WRONG_SILENT, .percent = 50},
	{.name = "silent-most", .kind = WRONG_SILENT, .percent = 99},
	{.name = "residual-1", .kind = WRONG_RESIDUAL, .number = 1},
	{.name = "residual-2048", .kind = WRONG_RESIDUAL, .number = 2048},
	{.name = "residual-all", .kind = WRONG_RESIDUAL, .number = 65536},
	{.name = "residual-more", .kind = WRONG_RESIDUAL, .number = 70001},
	{.name = "residual-negative", .kind = WRONG_RESIDUAL, .number = UINT32_MAX},
	{.name = "residual-huge", .kind = WRONG_RESIDUAL, .number = 0x80000000u},
	{.name = "slow", .kind = WRONG_SLOW},
	/* sense of every length */
	NOISE(0),
	NOISE(1),
	NOISE(2),
	NOISE(3),
	NOISE(4),
	NOISE(5),
	NOISE(6),
	NOISE(7),
	NOISE(8),
	NOISE(9),
	NOISE(10),
	NOISE(11),
	NOISE(12),
	NOISE(13),
	NOISE(14),
	NOISE(15),
	NOISE(16),
	NOISE(17),
	NOISE(18),
	NOISE(19),
	NOISE(20),
	NOISE(24),
	NOISE(28),
	NOISE(32),
	NOISE(48),
	NOISE(64),
	NOISE(95),
	NOISE(96),
	NOISE(252),
};
#define WRONGS (sizeof wrongs / sizeof *wrongs)

#define UNITS 96u
static const struct {
	const char *name, *keys;
	unsigned ecc_block;
	enum respin_mode mode;
	bool later;  /* the faults come in the second sitting; the first is a sweep */
	bool blind;  /* the residual is all there is: if that lies, no host can tell */
	bool slower; /* another speed is asked for meanwhile */
} rides[] = {
	{"dvd", "profile=dvd&bad=20,50-53,90", 16, RESPIN_MODE_RESCUE, false, false, false},
	{"clean", "profile=dvd", 16, RESPIN_MODE_RESCUE, false, false, false},
	{"cd", "profile=cd&bad=33,60-62", 1, RESPIN_MODE_RESCUE, false, false, false},
	{"bd", "profile=bd&bad=32-63", 32, RESPIN_MODE_RESCUE, false, false, false},
	{"descriptor", "profile=dvd&bad=20,70&format=descriptor", 16, RESPIN_MODE_RESCUE, false, false,
	 false},
	{"libata", "profile=dvd&bad=20,70&resid=zero", 16, RESPIN_MODE_RESCUE, false, false, false},
	{"usb", "profile=dvd&bad=20,70&rest=zero", 16, RESPIN_MODE_RESCUE, false, true, false},
	{"sweep", "profile=dvd&bad=20,70", 16, RESPIN_MODE_SWEEP, false, false, false},
	{"resumed", "profile=dvd&bad=20,70", 16, RESPIN_MODE_RESCUE, true, false, false},
	{"narrow", "profile=dvd&bad=20&max_kb=16", 8, RESPIN_MODE_RESCUE, false, false, false},
	{"patched", "profile=dvd&bad=20,70", 16, RESPIN_MODE_PATCH, true, false, false},
	{"slower", "profile=dvd&bad=20,70", 16, RESPIN_MODE_RESCUE, false, false, true},
	{"slower-cd", "profile=cd&bad=33", 1, RESPIN_MODE_RESCUE, false, false, true},
};
#define RIDES (sizeof rides / sizeof *rides)

static const struct {
	const char *name;
	uint32_t times;
} spans[] = {{"once", 1}, {"thrice", 3}, {"ever", FOR_EVER}};

/* Every run ends: so many commands are more than the patience of all phases takes together. */
#define COMMANDS_MAX 20000u

static unsigned char *truth;
static char best[UNITS + 1]; /* the map of the ride without a fault */

static void begin(struct ride *ride, size_t which)
{
	char address[160];
	(void)snprintf(address, sizeof address, "sim:disc?size=%u&%s", UNITS, rides[which].keys);
	if (!ride_init(ride, address, UNITS, truth))
		sweep_stuck("%s", ride->error.text);
	if (rides[which].later) {
		ride->mode = RESPIN_MODE_SWEEP;
		if (ride_sit(ride) < 0)
			sweep_stuck("%s", ride->error.text);
		fault_drive_init(&ride->wrong, &ride->drive);
	}
	ride->mode = rides[which].mode;
	ride->slower = rides[which].slower;
	ride->wrong.limit = COMMANDS_MAX;
}

/* 0 and 1, a source that cannot be used, another disc; and "stopped" where the host said so. */
static void check_code(const struct ride *ride, const struct wrong *wrong, int rc)
{
	int status = respin_exit_status(rc);
	bool cancelled = wrong->kind == WRONG_HOST && wrong->host == RESPIN_HOST_CANCELLED;
	if (rc == 0 || rc == 1)
		return;
	if (status != 3 && !(status == 5 && rc == RESPIN_E_OTHER_DISC) && !(status == 6 && cancelled))
		sweep_wrong(SWEEP_CODE, "exit status %d: %s", status, ride->error.text);
	if (rc != ride->error.code || !sweep_is_line(ride->error.text))
		sweep_wrong(SWEEP_CODE, "answers %d, says %d: \"%s\"", rc, ride->error.code,
			    ride->error.text);
}

struct course {
	int rc;
	uint64_t history, commands, finished, bad;
};

static struct course sit(struct ride *ride)
{
	struct course course = {.rc = ride_sit(ride)};
	course.history = ride->begun ? ride->history : 0;
	course.commands = ride->wrong.commands;
	course.finished = ride_check(ride, &course.bad);
	return course;
}

/*
 * What one bad answer costs: sectors of ECC blocks that are whole in truth. A
 * failed neighbour of a dead sector is tried again as one block with it; on real
 * discs they fail together anyhow.
 */
static unsigned cost(const char *letters, size_t which)
{
	unsigned ecc = rides[which].ecc_block, lost = 0;
	for (unsigned start = 0; start < UNITS; start += ecc)
		for (unsigned i = 0; i < ecc && !memchr(best + start, '-', ecc); i++)
			lost += letters[start + i] != '+';
	return lost;
}

static struct course faulty(struct ride *ride, size_t which, const struct wrong *wrong, unsigned at,
			    unsigned span, bool quick)
{
	begin(ride, which);
	ride->wrong.wrong = wrong;
	ride->wrong.at = at;
	ride->wrong.times = spans[span].times;
	ride->wrong.quick = quick;
	ride->wrong.seed = sweep_number();
	return sit(ride);
}

static uint64_t taken_up_twice;

/*
 * Once more without faults, in full: everything that can be read is there. What
 * an ill drive failed one by one is tried by blocks when the run is taken up in
 * the middle of that; then it takes another run.
 */
static void take_up(struct ride *ride, uint64_t readable)
{
	struct course course = {0};
	ride->mode = RESPIN_MODE_RESCUE;
	for (unsigned i = 0; i < 2 && course.finished != readable; i++) {
		fault_drive_init(&ride->wrong, &ride->drive);
		ride->wrong.limit = COMMANDS_MAX;
		course = sit(ride);
		taken_up_twice += i;
	}
	if (course.rc < 0 || course.finished != readable)
		sweep_wrong(SWEEP_LOST, "taken up again: %s, %llu of %llu: %s", respin_code_name(course.rc),
			    (unsigned long long)course.finished, (unsigned long long)readable,
			    ride->error.text);
}

static void one(size_t which, const struct wrong *wrong, unsigned at, unsigned span, bool quick,
		uint64_t readable)
{
	int64_t live = alloc_live();
	struct ride ride;
	struct course course = faulty(&ride, which, wrong, at, span, quick);
	check_code(&ride, wrong, course.rc);
	/* Who was stopped or lost the drive gives nothing up; who ends well has it all. */
	if (course.rc < 0 && course.bad)
		sweep_wrong(SWEEP_LOST, "%llu sectors given up, and then: %s", (unsigned long long)course.bad,
			    ride.error.text);
	if (spans[span].times == 1 && course.rc >= 0 && rides[which].mode == RESPIN_MODE_RESCUE &&
	    cost(ride.letters, which))
		sweep_wrong(SWEEP_LOST, "one bad answer costs %u sectors", cost(ride.letters, which));
	if (ride.fault.handles)
		sweep_wrong(SWEEP_LEAK, "%d open files", (int)ride.fault.handles);
	take_up(&ride, readable);
	ride_finish(&ride);
	if (sweep_number() % 16 == 0) { /* the same faults, the same history */
		struct course again = faulty(&ride, which, wrong, at, span, quick);
		if (again.rc != course.rc || again.history != course.history ||
		    again.commands != course.commands)
			sweep_wrong(SWEEP_LOST, "the second time it went another way");
		ride_finish(&ride);
	}
	if (alloc_live() != live)
		sweep_wrong(SWEEP_LEAK, "%lld blocks", (long long)(alloc_live() - live));
}

static void all_spans(size_t which, const struct wrong *wrong, unsigned at, uint64_t readable)
{
	for (unsigned span = 0; span < sizeof spans / sizeof *spans; span++)
		for (unsigned quick = 0; quick < 2; quick++)
			if (sweep_case("cdb/%s/%u/%s/%s/%s", rides[which].name, at, wrong->name,
				       spans[span].name, quick ? "quick" : "slow"))
				one(which, wrong, at, span, quick, readable);
}

int main(void)
{
	char address[64];
	sweep_begin("cdb", 10);
	(void)snprintf(address, sizeof address, "sim:disc?size=%u", UNITS);
	truth = ride_truth(address, UNITS);
	for (size_t which = 0; which < RIDES; which++) {
		struct ride ride;
		begin(&ride, which);
		struct course plain = sit(&ride), whole = plain;
		ride.mode =
			RESPIN_MODE_RESCUE; /* a sweep alone leaves readable sectors beside the bad ones */
		if (rides[which].mode != RESPIN_MODE_RESCUE)
			whole = sit(&ride);
		memcpy(best, ride.letters, UNITS);
		ride_finish(&ride);
		for (unsigned at = 0; at < plain.commands; at++)
			for (size_t w = 0; w < WRONGS; w++)
				if (wrongs[w].kind != WRONG_SILENT || !rides[which].blind)
					all_spans(which, &wrongs[w], at, whole.finished);
	}
	free(truth);
	if (taken_up_twice)
		printf("faults: cdb: %llu rescues were whole after two further runs only\n",
		       (unsigned long long)taken_up_twice);
	return sweep_end();
}
