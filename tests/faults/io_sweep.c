/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every call of the output to its file system, one at a time, goes wrong in
 * every way: once, for ever for calls of that kind, for ever for all; and in
 * pairs around each commit. The map on disk never claims what is not there,
 * what was acknowledged stays, the code is the documented one, and the next run
 * ends with the whole image. Crashes are another suite's business.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ride.h"
#include "sweep.h"
#include "workload.h"

/* A call that fails may be repeated, and what it belongs to be done over: but not without end. */
#define CALLS_FACTOR 4u
#define CALLS_SPARE 4000u

struct kind {
	const char *name;
	enum fault_way way;
	int err;
};
static const struct kind kinds[] = {
	{"EIO", WAY_ERROR, EIO},         {"ENOSPC", WAY_ERROR, ENOSPC}, {"EDQUOT", WAY_ERROR, EDQUOT},
	{"EROFS", WAY_ERROR, EROFS},     {"ESTALE", WAY_ERROR, ESTALE}, {"ENODEV", WAY_ERROR, ENODEV},
	{"EINTR", WAY_ERROR, EINTR},     {"ENOMEM", WAY_ERROR, ENOMEM}, {"short-one", WAY_SHORT_ONE, 0},
	{"short-all", WAY_SHORT_ALL, 0}, {"torn-EIO", WAY_TORN, EIO},   {"torn-ENOSPC", WAY_TORN, ENOSPC},
	{"done-EIO", WAY_DONE, EIO},     {"delay", WAY_DELAY, 0},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* What a file system may keep of what a failed run left unsynced. */
static const struct {
	const char *name;
	int loss; /* -1: the machine stays up */
} ends[] = {{"stays", -1}, {"cut", MEMIO_LOSE_ALL}, {"some", MEMIO_LOSE_SOME}};
#define ENDS (sizeof ends / sizeof *ends)

/* Where there is a reserve of megabytes, tearing it at every 16 bytes takes longer than all the rest. */
static unsigned ends_of(const struct workload *load)
{
	return load->plenty ? ENDS - 1 : ENDS;
}

/* What becomes of the pages of a failed sync, and who hears of it: the six ways of known kernels. */
static const struct {
	const char *name;
	enum memio_report report;
	bool reverts;
} models[] = {
	{"now-keep", MEMIO_REPORT_NOW, false},   {"now-revert", MEMIO_REPORT_NOW, true},
	{"once-keep", MEMIO_REPORT_ONCE, false}, {"once-revert", MEMIO_REPORT_ONCE, true},
	{"late-keep", MEMIO_REPORT_LATE, false}, {"late-revert", MEMIO_REPORT_LATE, true},
};
#define MODELS (sizeof models / sizeof *models)

static bool is_sync(unsigned call)
{
	return call == CALL_DATASYNC || call == CALL_SYNC;
}

static struct fault_plan plan_of(const struct kind *kind, uint64_t at, enum fault_span span)
{
	return (struct fault_plan){.at = at, .way = kind->way, .err = kind->err, .span = span};
}

/* One clear line that names what it is about, and the status that the manual promises. */
static void check_code(const struct work *work, int rc)
{
	const struct workload *load = work->load;
	int status = respin_exit_status(rc);
	if (rc != work->error.code)
		sweep_wrong(SWEEP_CODE, "answers %d and says %d", rc, work->error.code);
	if (!sweep_is_line(work->error.text) || !strpbrk(work->error.text, "/."))
		sweep_wrong(SWEEP_CODE, "says \"%s\"", work->error.text);
	/* A --domain that cannot be read is no output: whoever named it named it wrong. */
	bool named = rc == RESPIN_E_INVALID && load->domain && !strncmp(work->error.text, "/maps", 5);
	if (status != 4 && !named && !(load->refused && rc == load->refused))
		sweep_wrong(SWEEP_CODE, "exit status %d: %s", status, work->error.text);
	if (rc == RESPIN_E_FULL) {
		bool full = false;
		for (unsigned i = 0; i < work->fault.plan_count; i++) {
			const struct fault_plan *plan = &work->fault.plans[i];
			full |= plan->err == ENOSPC || plan->err == EDQUOT || plan->way == WAY_SHORT_ALL ||
				plan->way == WAY_SHORT_ONE;
		}
		if (!full)
			sweep_wrong(SWEEP_CODE, "says full: %s", work->error.text);
	}
}

static bool harmless(const struct fault_io *fault)
{
	for (unsigned i = 0; i < fault->plan_count; i++) {
		const struct fault_plan *plan = &fault->plans[i];
		bool once = plan->span == SPAN_ONCE;
		if (plan->way != WAY_DELAY && !(plan->way == WAY_SHORT_ONE && once))
			return false;
	}
	return true;
}

static void one(const struct workload *load, const struct fault_plan *plans, unsigned count, unsigned model,
		unsigned way, uint64_t limit)
{
	int64_t live = alloc_live();
	struct work work;
	work_init(&work, load);
	memio_knobs(work.memio)->report = models[model].report;
	memio_knobs(work.memio)->reverts = models[model].reverts;
	memio_knobs(work.memio)->partial_seed = ends[way].loss == MEMIO_LOSE_SOME ? sweep_number() : 0;
	memcpy(work.fault.plans, plans, count * sizeof *plans);
	work.fault.plan_count = count;
	work.fault.limit = limit * CALLS_FACTOR + CALLS_SPARE;
	int rc = work_run(&work);
	if (rc < 0)
		check_code(&work, rc);
	if (rc < 0 && harmless(&work.fault) && !load->refused)
		sweep_wrong(SWEEP_CODE, "this is no reason to fail: %s", work.error.text);
	if (!rc && load->refused)
		sweep_wrong(SWEEP_CODE, "a fault became a permission");
	if (work.fault.handles)
		sweep_wrong(SWEEP_LEAK, "%d open files", (int)work.fault.handles);
	/* Told late, the cache may show what the journal does not hold; a reader then sees neither. */
	work.late = models[model].report == MEMIO_REPORT_LATE;
	if (!work.late)
		work_check(&work);
	memio_reboot(work.memio, ends[way].loss < 0 ? MEMIO_KEEP_ALL : (enum memio_loss)ends[way].loss,
		     sweep_number());
	work_check(&work);
	work_resume(&work);
	work_finish(&work);
	if (alloc_live() != live)
		sweep_wrong(SWEEP_LEAK, "%lld blocks", (long long)(alloc_live() - live));
}

/* The calls of a run without faults. */
static unsigned measure(const struct workload *load, uint8_t trace[FAULT_TRACE])
{
	struct work work;
	work_init(&work, load);
	int rc = work_run(&work);
	if (rc != load->refused)
		sweep_stuck("%s: without a fault it ends with %s: %s", load->name, respin_code_name(rc),
			    work.error.text);
	unsigned calls = (unsigned)work.fault.calls;
	memcpy(trace, work.fault.trace, FAULT_TRACE);
	work_check(&work);
	work_resume(&work);
	work_finish(&work);
	return calls;
}

static void single(const struct workload *load, unsigned at, unsigned call, const struct kind *kind,
		   unsigned calls)
{
	unsigned count = is_sync(call) && kind->way == WAY_ERROR && kind->err != EINTR ? MODELS : 1;
	for (enum fault_span span = 0; span < SPANS; span++)
		for (unsigned model = 0; model < count; model++)
			for (unsigned end = 0; end < ends_of(load); end++) {
				if (!sweep_case("io/%s/%u-%s/%s/%s/%s/%s", load->name, at,
						fault_call_names[call], kind->name, fault_span_names[span],
						models[model].name, ends[end].name))
					continue;
				struct fault_plan plan = plan_of(kind, at, span);
				one(load, &plan, 1, model, end, calls);
			}
}

static void singles(const struct workload *load, const uint8_t *trace, unsigned calls)
{
	for (unsigned at = 0; at < calls; at++)
		for (size_t k = 0; k < KINDS; k++)
			if (fault_io_fits((enum fault_call)trace[at], kinds[k].way))
				single(load, at, trace[at], &kinds[k], calls);
}

#define WINDOW_BEFORE 2u
#define WINDOW 12u

/* Two faults: what fails first, and what fails while that is dealt with. The second may fall on any call. */
static void pair(const struct workload *load, const uint8_t *trace, unsigned calls, unsigned a, unsigned b)
{
	static const unsigned firsts[] = {0, 1, 3,  6,
					  8, 9, 10, 12}; /* EIO, ENOSPC, EROFS, EINTR, short, torn, done */
	static const unsigned seconds[] = {0, 1, 3, 4, 9, 10, 12};
	for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
		for (size_t j = 0; j < sizeof seconds / sizeof *seconds; j++) {
			const struct kind *first = &kinds[firsts[i]], *second = &kinds[seconds[j]];
			if (!fault_io_fits((enum fault_call)trace[a], first->way))
				continue;
			unsigned model = is_sync(trace[a]) ? (a + b + (unsigned)(i + j)) % MODELS : 0;
			unsigned end = (a + b) % ends_of(load);
			if (!sweep_case("io/%s/%u-%s+%u/%s+%s/%s/%s", load->name, a,
					fault_call_names[trace[a]], b, first->name, second->name,
					models[model].name, ends[end].name))
				continue;
			const struct fault_plan plans[] = {plan_of(first, a, SPAN_ONCE),
							   plan_of(second, b, SPAN_ONCE)};
			one(load, plans, 2, model, end, calls);
		}
}

/* Around each sync of the image, and of the map where the image needs none. */
static void pairs(const struct workload *load, const uint8_t *trace, unsigned calls)
{
	unsigned from = 0; /* windows that overlap share no pair */
	for (unsigned at = 0; at < calls; at++) {
		if (!is_sync(trace[at]))
			continue;
		unsigned begin = at > WINDOW_BEFORE ? at - WINDOW_BEFORE : 0;
		unsigned last = begin + WINDOW;
		for (unsigned a = begin > from ? begin : from; a < last && a < calls; a++, from = a)
			for (unsigned b = a + 1; b < a + WINDOW; b++)
				pair(load, trace, calls, a, b);
	}
}

/* ---- whole rescues, with planner, engine and a simulated drive before the output ---- */

#define UNITS 96u
#define DEAD 5u
#define ADDRESS "sim:disc?size=96&profile=dvd&bad=20,50-53"
static unsigned char *truth;

static uint64_t ride(bool later, const struct fault_plan *plan, uint8_t *trace)
{
	int64_t live = alloc_live();
	struct ride ride;
	uint64_t bad, finished = 0;
	if (!ride_init(&ride, ADDRESS, UNITS, truth))
		sweep_stuck("%s", ride.error.text);
	if (later) {
		ride.mode = RESPIN_MODE_SWEEP;
		(void)ride_sit(&ride);
		ride.mode = RESPIN_MODE_RESCUE;
		fault_io_init(&ride.fault, ride.memio);
	}
	if (plan)
		ride.fault.plans[ride.fault.plan_count++] = *plan;
	ride.fault.limit = CALLS_SPARE;
	int rc = ride_sit(&ride);
	uint64_t calls = ride.fault.calls;
	if (trace)
		memcpy(trace, ride.fault.trace, FAULT_TRACE);
	if (rc < 0 &&
	    (respin_exit_status(rc) != 4 || rc != ride.error.code || !sweep_is_line(ride.error.text)))
		sweep_wrong(SWEEP_CODE, "exit status %d: \"%s\"", respin_exit_status(rc), ride.error.text);
	if (ride.fault.handles)
		sweep_wrong(SWEEP_LEAK, "%d open files", (int)ride.fault.handles);
	(void)ride_check(&ride, &bad);
	memio_reboot(ride.memio, MEMIO_LOSE_ALL, sweep_number());
	(void)ride_check(&ride, &bad);
	fault_io_init(&ride.fault, ride.memio);
	for (unsigned i = 0; i < 2 && finished != UNITS - DEAD; i++) {
		rc = ride_sit(&ride);
		finished = ride_check(&ride, &bad);
	}
	if (finished != UNITS - DEAD)
		sweep_wrong(SWEEP_LOST, "taken up again: %llu sectors: %s", (unsigned long long)finished,
			    ride.error.text);
	ride_finish(&ride);
	if (plan && alloc_live() != live)
		sweep_wrong(SWEEP_LEAK, "%lld blocks", (long long)(alloc_live() - live));
	return calls;
}

static void rides(bool later)
{
	static uint8_t trace[FAULT_TRACE];
	uint64_t calls = ride(later, NULL, trace);
	for (unsigned at = 0; at < calls; at++)
		for (size_t k = 0; k < KINDS; k++)
			for (enum fault_span span = 0; span < SPANS; span++) {
				if (!fault_io_fits((enum fault_call)trace[at], kinds[k].way) ||
				    !sweep_case("io/%s/%u-%s/%s/%s", later ? "ride-resumed" : "ride", at,
						fault_call_names[trace[at]], kinds[k].name,
						fault_span_names[span]))
					continue;
				struct fault_plan plan = plan_of(&kinds[k], at, span);
				(void)ride(later, &plan, NULL);
			}
}

int main(void)
{
	static uint8_t trace[FAULT_TRACE];
	sweep_begin("io", 10);
	for (unsigned i = 0; i < workload_count; i++)
		singles(&workloads[i], trace, measure(&workloads[i], trace));
	for (unsigned i = 0; i < workload_count; i++)
		if (!workloads[i].refused)
			pairs(&workloads[i], trace, measure(&workloads[i], trace));
	truth = ride_truth("sim:disc?size=96", UNITS);
	rides(false);
	rides(true);
	free(truth);
	return sweep_end();
}
