/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of patience.h. */
#include "sim/patience.h"

/* A person is patient but not for ever: a drive that is not back by then is dead. */
#define BACK_AFTER_NS (600 * 1000000000ull)
#define BACK_STEP_NS (5 * 1000000000ull)
/* Nor does anybody start a rescue again and again that tries nothing and gains nothing. */
#define FRUITLESS_MAX 3u

const struct fault *patience_fault(const struct fault *faults, size_t count, enum fault_kind kind,
				   uint64_t now_ns)
{
	for (size_t i = 0; i < count; i++)
		if (faults[i].kind == kind && now_ns >= faults[i].at_ns &&
		    (!faults[i].span_ns || now_ns - faults[i].at_ns < faults[i].span_ns))
			return &faults[i];
	return NULL;
}

bool patience_outlasts(const struct hands *hands, const struct fault *fault)
{
	if (!fault || !fault->span_ns)
		return false;
	uint64_t end_ns = fault->at_ns + fault->span_ns, now_ns = hands->now_ns(hands->self);
	if (end_ns > now_ns)
		hands->pass_ns(hands->self, end_ns - now_ns);
	return true;
}

bool patience_disc_back(const struct hands *hands, const struct fault *faults, size_t count)
{
	static const enum fault_kind held[] = {FAULT_SWAP, FAULT_OPEN, FAULT_CLEAN};
	for (size_t i = 0; i < sizeof held / sizeof *held; i++)
		if (patience_outlasts(hands,
				      patience_fault(faults, count, held[i], hands->now_ns(hands->self))))
			return true;
	return false;
}

bool patience_drive_back(struct patience *patience, const struct hands *hands, uint64_t finished,
			 uint64_t moved)
{
	bool in_vain = finished <= patience->finished;
	patience->fruitless = moved > patience->moved ? 0 : patience->fruitless + 1;
	patience->finished = finished;
	patience->moved = moved;
	if (patience->fruitless > FRUITLESS_MAX)
		return false;
	if (in_vain)
		hands->replug(hands->self);
	uint64_t until_ns = hands->now_ns(hands->self) + BACK_AFTER_NS;
	while (hands->now_ns(hands->self) < until_ns) {
		hands->pass_ns(hands->self, BACK_STEP_NS);
		if (hands->rediscover(hands->self))
			return true;
	}
	return false;
}
