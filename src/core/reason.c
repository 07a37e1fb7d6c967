/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A word for every reason, as logs and people read it. The table that finds the reason is in classify.c. */
#include <respin/types.h>

static const char *const names[] = {
	[RESPIN_REASON_GOOD] = "good",
	[RESPIN_REASON_RECOVERED] = "recovered error",
	[RESPIN_REASON_MEDIUM] = "medium error",
	[RESPIN_REASON_HARDWARE] = "hardware error",
	[RESPIN_REASON_BECOMING_READY] = "becoming ready",
	[RESPIN_REASON_NEEDS_START] = "not started",
	[RESPIN_REASON_NOT_READY] = "not ready",
	[RESPIN_REASON_NO_MEDIUM] = "no medium",
	[RESPIN_REASON_REFUSED] = "command refused",
	[RESPIN_REASON_OUT_OF_RANGE] = "address out of range",
	[RESPIN_REASON_NOT_RECORDED] = "not recorded",
	[RESPIN_REASON_LOCKED] = "locked",
	[RESPIN_REASON_MEDIUM_CHANGED] = "medium changed",
	[RESPIN_REASON_RESET] = "reset",
	[RESPIN_REASON_ABORTED] = "aborted command",
	[RESPIN_REASON_SHORT] = "short transfer",
	[RESPIN_REASON_UNPROVED] = "transfer not proved",
	[RESPIN_REASON_TIMEOUT] = "timeout",
	[RESPIN_REASON_LINK] = "link failure",
	[RESPIN_REASON_GONE] = "source gone",
	[RESPIN_REASON_CANCELLED] = "cancelled",
	[RESPIN_REASON_SKIPPED] = "not reached",
	[RESPIN_REASON_GIVEN_UP] = "given up",
};

const char *respin_reason_name(enum respin_reason reason)
{
	unsigned i = (unsigned)reason;
	return i < sizeof names / sizeof *names ? names[i] : "unknown";
}
