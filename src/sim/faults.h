/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to a rescue from outside, and when. Those of the drive are
 * carried out by the drive; those of the run (cancel, output) by whoever runs
 * the scenario, on the drive's clock.
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "sim/keys.h"

enum fault_kind {
	FAULT_UNPLUG,      /* link lost at `at`, back after `for` (0: never); `renamed`: under another name */
	FAULT_SWAP,        /* another disc in the tray; `silent`: no unit attention */
	FAULT_OPEN,        /* tray opened, closed after `for` with the same disc */
	FAULT_RESET,       /* bus reset: 06/29 */
	FAULT_WEDGE,       /* the drive wedges */
	FAULT_CLEAN,       /* a person takes the disc out, wipes it, puts it back after `for` */
	FAULT_CANCEL,      /* the user stops the run, and starts it again after `for` (0: for good) */
	FAULT_OUTPUT_SLOW, /* each write takes `delay` during `for` */
	FAULT_OUTPUT_FULL, /* writes fail from `at` on, during `for` (0: for ever) */
	FAULT_KINDS,
};

struct fault {
	enum fault_kind kind;
	uint64_t at_ns, span_ns, delay_ns;
	uint64_t silent, renamed; /* 0 or 1 */
};

extern const char *const fault_names[FAULT_KINDS];     /* "unplug" "swap" .. "output-full" */
extern const struct key_table fault_keys[FAULT_KINDS]; /* every kind has `at`, and a scenario must give it */

#endif
