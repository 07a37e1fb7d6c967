/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults by script, for tests: a source that fails where and when it is told
 * to, whatever is below it. It never invents bytes.
 */
#ifndef MMC_DECORATE_FAULT_H
#define MMC_DECORATE_FAULT_H

#include <stdbool.h>

#include <respin/source.h>

#define FAULT_ALWAYS UINT64_MAX

/* One rule. The first that matches a request acts, the others rest. */
struct fault {
	/* Which requests: the reads number from .. from + reads - 1, counted from 0 over all reads... */
	uint64_t from;
	uint64_t reads; /* 0 and FAULT_ALWAYS: no limit */
	/* ...that touch this range; count 0: any. */
	struct respin_range range;

	enum respin_reason reason;
	struct respin_sense sense;
	int sys_errno;
	uint64_t moved_units; /* reason GOOD: the read is good, but so much arrives */
	bool residual_lies;   /* ...and the residual does not say so */
	uint64_t delay_ns;    /* more than the inner read takes; on its clock, if it has one */
};

/* Takes `inner` in any case; copies the rules. RESPIN_E_NOMEM. */
int source_fault(struct respin_source *inner, const struct fault *faults, size_t count,
		 struct respin_source *source, struct respin_error *error);

#endif
