/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole rescue, small: a simulated drive, the shipped source, planner, engine
 * and output, and a file system in memory, all in virtual time. Drive and files
 * outlive a sitting, so that a second one can take the rescue up again.
 */
#ifndef FAULTS_RIDE_H
#define FAULTS_RIDE_H

#include <respin/session.h>

#include "fault_drive.h"
#include "fault_io.h"

#define RIDE_UNITS_MAX 256u

struct ride {
	struct respin_transport drive;
	struct fault_drive wrong;
	struct memio *memio;
	struct fault_io fault;
	enum respin_mode mode;
	bool slower; /* somebody asks for other speeds meanwhile */
	struct engine *engine;
	unsigned requests;
	uint64_t units;
	const unsigned char *truth; /* what the disc holds */
	struct respin_error error;
	struct respin_summary summary;
	uint64_t history;
	char letters[RIDE_UNITS_MAX + 1]; /* the map on disk, as ride_check found it; "" without one */
	bool begun;                       /* the last sitting came as far as running */
};

/* The bytes of an undamaged disc of so many sectors; free() it. */
unsigned char *ride_truth(const char *address, uint64_t units);

/* false: no memory for drive or file system. */
bool ride_init(struct ride *ride, const char *address, uint64_t units, const unsigned char *truth);
void ride_finish(struct ride *ride);

/* One sitting, from the opening of the drive to the end: 0, 1 or a negative code. */
int ride_sit(struct ride *ride);

/*
 * What lies on the disk: a valid map or none, and nothing finished that is not
 * the disc's. Returns how many sectors are finished; *bad: how many are given up.
 */
uint64_t ride_check(struct ride *ride, uint64_t *bad);

#endif
