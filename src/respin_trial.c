/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trial of respin_trial.h for simulated drives. A rescue of ours is a row
 * of sittings: each ends by itself, or because something happened from
 * outside, and then a person takes it up again on the same drive, whose clock
 * and state go on. Decides nothing about reads.
 */
#include "respin_trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/ops.h"
#include "core/history.h"
#include "engine/engine.h"
#include "mmc/source_mmc.h"
#include "respin_open.h"
#include "sim/model.h"
#include "sim/overlap.h"
#include "sim/patience.h"
#include "sim/rival.h"

#define SITTINGS_MAX 200u

struct sitting {
	const struct trial_options *options;
	struct trial *trial;
	struct respin_transport drive;     /* outlives the source of each sitting; empty: a model of others */
	struct model *model;               /* taken by the one sitting it is good for */
	struct respin_error model_failure; /* what broke its protocol, if anything did */
	const struct scenario *scenario;
	uint64_t ended_ns;
	struct patience patience;
	uint64_t coming;                  /* of a rival's read: what will count in `saved` */
	int stopped;                      /* what ended a rival from outside; 0: nothing */
	uint64_t (*clock_ns)(void *self); /* the drive's, or the model's while it lives */
	void *clock;
	bool cancelled[SCENARIO_FAULTS_MAX]; /* each fault of that kind strikes once */
	struct engine *engine;
	struct trial_output output;
	struct trial_output last; /* its samples: what a sitting remembered, where no image can be sampled */
	struct respin_map *wrong; /* of ours: bad where what was finished was not the disc's; NULL: nowhere */
};

/* ---- the drive, lent to one sitting ---- */

static void lent_traits(void *self, struct respin_transport_traits *traits)
{
	const struct respin_transport *drive = self;
	drive->ops->traits(drive->self, traits);
}

static void *lent_buffer(void *self, size_t len)
{
	const struct respin_transport *drive = self;
	return drive->ops->buffer(drive->self, len);
}

static void lent_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	const struct respin_transport *drive = self;
	drive->ops->exec(drive->self, command, reply);
}

static uint64_t lent_now_ns(void *self)
{
	const struct respin_transport *drive = self;
	return drive->ops->now_ns(drive->self);
}

static void lent_sleep_until_ns(void *self, uint64_t ns)
{
	const struct respin_transport *drive = self;
	drive->ops->sleep_until_ns(drive->self, ns);
}

static int lent_reopen(void *self, struct respin_error *error)
{
	const struct respin_transport *drive = self;
	return OPS_HAS(drive->ops, reopen) ? drive->ops->reopen(drive->self, error) : 0;
}

static void lent_return(void *self)
{
	(void)self; /* it belongs to the trial */
}

static const struct respin_transport_ops lent_ops = {
	.size = sizeof(struct respin_transport_ops),
	.traits = lent_traits,
	.buffer = lent_buffer,
	.exec = lent_exec,
	.now_ns = lent_now_ns,
	.sleep_until_ns = lent_sleep_until_ns,
	.destroy = lent_return,
	.reopen = lent_reopen,
};

static uint64_t now_ns(const struct sitting *sitting)
{
	return sitting->clock_ns ? sitting->clock_ns(sitting->clock) : sitting->ended_ns;
}

static void pass_ns(struct sitting *sitting, uint64_t ns)
{
	sitting->drive.ops->sleep_until_ns(sitting->drive.self, now_ns(sitting) + ns);
}

/* ---- progress ---- */

/* Sectors of a range that are readable in truth, and finished or not yet. */
static uint64_t readable_in(const struct sitting *sitting, struct respin_range range, bool finished)
{
	const struct respin_map *truth = sitting->options->truth, *map = sitting->trial->map;
	const unsigned wanted = finished ? MASK(RESPIN_FINISHED) : MASK_UNFINISHED;
	return truth ? overlap(truth, MASK(RESPIN_FINISHED) | MASK(RESPIN_NON_TRIMMED), map, wanted, range)
		     : overlap(map, MASK_ALL, map, wanted, range);
}

static void note_gain(struct sitting *sitting)
{
	struct trial *trial = sitting->trial;
	const struct trial_options *options = sitting->options;
	uint64_t since_ns = now_ns(sitting);
	for (unsigned i = 0; options->readable && i < ORACLE_SHARES; i++)
		if (trial->reached_ns[i] == UINT64_MAX &&
		    (double)trial->saved >= oracle_shares[i] * (double)options->readable)
			trial->reached_ns[i] = since_ns;
	if (options->gained)
		options->gained(options->arg, since_ns, trial->saved);
}

/* ---- what happens from outside ---- */

static const struct fault *fault_now(const struct sitting *sitting, enum fault_kind kind)
{
	return patience_fault(sitting->scenario->faults, sitting->scenario->fault_count, kind,
			      now_ns(sitting));
}

/* Each cancellation strikes once. */
static bool user_stops(struct sitting *sitting)
{
	uint64_t now = now_ns(sitting);
	bool stops = false;
	for (unsigned i = 0; i < sitting->scenario->fault_count; i++) {
		const struct fault *fault = &sitting->scenario->faults[i];
		if (fault->kind != FAULT_CANCEL || sitting->cancelled[i] || now < fault->at_ns)
			continue;
		sitting->cancelled[i] = stops = true;
	}
	return stops;
}

/* What is written now costs the drive so much time. False: it cannot be written. */
static bool output_takes(struct sitting *sitting)
{
	const struct fault *slow = fault_now(sitting, FAULT_OUTPUT_SLOW);
	if (fault_now(sitting, FAULT_OUTPUT_FULL))
		return false;
	if (slow)
		pass_ns(sitting, slow->delay_ns);
	return true;
}

/* The user's finger, and the bench's patience. */
static void outside(void *arg, const struct respin_event *event)
{
	struct sitting *sitting = arg;
	const struct respin_callbacks *callbacks = &sitting->options->callbacks;
	uint64_t now = now_ns(sitting), limit_ns = sitting->options->limit_ns;
	if (user_stops(sitting) || (limit_ns && now > limit_ns))
		engine_cancel(sitting->engine);
	if (callbacks->event)
		callbacks->event(callbacks->arg, event);
}

/* ---- the output: a map, with the caller's sink in front ---- */

/* Which finished sectors came with other bytes than the disc's. What is only compared does not count. */
static int note_wrong(struct sitting *sitting, const struct respin_span *span)
{
	const struct respin_map *wrong = sitting->drive.ops ? transport_sim_wrong(&sitting->drive) : NULL;
	if (span->status != RESPIN_FINISHED || (!wrong && !sitting->wrong))
		return 0;
	if (!sitting->wrong)
		sitting->wrong = map_create(map_total(sitting->trial->map), RESPIN_FINISHED);
	int r = sitting->wrong ? map_set(sitting->wrong, span->range, RESPIN_FINISHED) : RESPIN_E_NOMEM;
	return r == 0 && wrong
		       ? overlap_mark(sitting->wrong, wrong, MASK(RESPIN_BAD), span->range, RESPIN_BAD)
		       : r;
}

static int trial_put(void *self, struct respin_outcome *outcome, struct respin_error *error)
{
	struct sitting *sitting = self;
	const struct respin_sink *sink = &sitting->output.sink;
	if (!output_takes(sitting)) {
		respin_block_free(outcome->bytes);
		return error_set(error, RESPIN_E_FULL, ENOSPC, "the output is full, says the scenario");
	}
	struct respin_map *map = sitting->trial->map;
	uint64_t before = sitting->trial->saved;
	for (uint32_t i = 0; i < outcome->span_count; i++) {
		struct respin_range range = outcome->spans[i].range;
		sitting->trial->saved -= readable_in(sitting, range, true);
		if (map_apply(map, &outcome->spans[i]) < 0 || note_wrong(sitting, &outcome->spans[i]) < 0)
			return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a map");
		sitting->trial->saved += readable_in(sitting, range, true);
	}
	int code = RESPIN_PUT_CONTINUE;
	if (sink->ops)
		code = sink->ops->put(sink->self, outcome, error);
	else
		respin_block_free(outcome->bytes);
	if (code >= 0 && sitting->trial->saved > before)
		note_gain(sitting);
	return code;
}

static int trial_flush(void *self, enum respin_flush why, struct respin_error *error)
{
	const struct sitting *sitting = self;
	const struct respin_sink *sink = &sitting->output.sink;
	return sink->ops && OPS_HAS(sink->ops, flush) ? sink->ops->flush(sink->self, why, error) : 0;
}

static int trial_close(void *self, struct respin_summary *summary, struct respin_error *error)
{
	const struct sitting *sitting = self;
	const struct respin_sink *sink = &sitting->output.sink;
	return sink->ops ? sink->ops->close(sink->self, summary, error) : 0;
}

static const struct respin_sink_ops trial_sink = {
	.size = sizeof(struct respin_sink_ops),
	.put = trial_put,
	.flush = trial_flush,
	.close = trial_close,
	.destroy = lent_return,
};

/* ---- our policy ---- */

static int sitting_source(struct sitting *sitting, struct respin_source *source, struct respin_error *error)
{
	struct respin_transport lent = {&lent_ops, &sitting->drive};
	if (!sitting->model)
		return respin_source_mmc(&lent, source, error);
	model_source(sitting->model, source);
	sitting->clock_ns = source->ops->now_ns;
	sitting->clock = source->self;
	return 0;
}

/* A model dies with its source or port: its clock stands still from here on. */
static void clock_ends(struct sitting *sitting)
{
	sitting->ended_ns = now_ns(sitting);
	if (sitting->model)
		sitting->clock_ns = NULL;
	sitting->model = NULL;
}

/* What this sitting goes on from: the caller's output, or the map of the sitting before. */
static int sitting_output(struct sitting *sitting, const struct respin_source_info *info,
			  enum respin_phase phase, struct respin_error *error)
{
	struct trial *trial = sitting->trial;
	const struct trial_options *options = sitting->options;
	sitting->output = sitting->last;
	sitting->output.map = trial->map;
	sitting->output.resume = (struct mapfile_resume){.phase = phase};
	int code = options->output ? options->output(options->arg, info, &sitting->output, error) : 0;
	if (code < 0)
		return code;
	struct respin_map *map = sitting->output.map ? map_copy(sitting->output.map)
						     : map_create(info->units, RESPIN_NON_TRIED);
	map_destroy(trial->map);
	trial->map = map;
	if (map)
		trial->saved = readable_in(sitting, (struct respin_range){0, map_total(map)}, true);
	return map ? 0 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for a map");
}

static void sitting_ends(struct sitting *sitting, int code)
{
	struct trial *trial = sitting->trial;
	struct respin_snapshot snapshot = {.size = sizeof snapshot};
	if (engine_snapshot(sitting->engine, &snapshot) == 0) {
		trial->reads += snapshot.reads;
		trial->failed_reads += snapshot.failed_reads;
		respin_snapshot_finish(&snapshot);
	}
	history_add(&trial->history, planner_history(sitting->engine->planner));
	planner_stats(sitting->engine->planner, &trial->stats);
	if (!sitting->options->output)
		sitting->last.sample_count =
			planner_canaries(sitting->engine->planner, sitting->last.samples);
	if (sitting->options->done)
		sitting->options->done(sitting->options->arg, sitting->engine, code);
	clock_ends(sitting);
	engine_destroy(sitting->engine);
	sitting->engine = NULL;
}

/* One run of the engine over what the map still lacks. */
static int sit(struct sitting *sitting, enum respin_phase *phase, struct respin_error *error)
{
	struct respin_source source;
	int code = sitting_source(sitting, &source, error);
	if (code < 0)
		return code;
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	code = sitting_output(sitting, &info, *phase, error);
	if (code < 0) {
		respin_source_destroy(&source);
		return code;
	}
	const struct respin_callbacks callbacks = {
		.size = sizeof callbacks, .arg = sitting, .event = outside};
	struct engine_config config = {.mode = RESPIN_MODE_RESCUE,
				       .sources = &source,
				       .source_count = 1,
				       .sink = {&trial_sink, sitting},
				       .map = sitting->trial->map,
				       .resume = sitting->output.resume,
				       .samples = sitting->output.samples,
				       .sample_count = sitting->output.sample_count,
				       .callbacks = callbacks};
	code = engine_create(&config, &sitting->engine, error);
	if (code < 0)
		return code;
	struct respin_summary summary = {.size = sizeof summary};
	code = engine_run_virtual(sitting->engine, &summary, error);
	*phase = planner_phase(sitting->engine->planner);
	sitting_ends(sitting, code);
	return code;
}

static uint64_t hands_now_ns(void *self)
{
	return now_ns(self);
}

static void hands_pass_ns(void *self, uint64_t ns)
{
	pass_ns(self, ns);
}

static void hands_replug(void *self)
{
	transport_sim_replug(&((struct sitting *)self)->drive);
}

static bool hands_rediscover(void *self)
{
	return transport_sim_rediscover(&((struct sitting *)self)->drive);
}

/* A model of others has no plug to pull. */
static bool drive_back(struct sitting *sitting, const struct hands *hands)
{
	const struct respin_map *map = sitting->trial->map;
	uint64_t finished = map ? map_count(map, RESPIN_FINISHED) : 0;
	uint64_t moved = map ? map_total(map) - map_count(map, RESPIN_NON_TRIED) + finished : 0;
	return sitting->drive.ops && patience_drive_back(&sitting->patience, hands, finished, moved);
}

/* What a person does about the end of a sitting; false: nothing, it is the end. */
static bool taken_up(struct sitting *sitting, int code)
{
	const struct trial_options *options = sitting->options;
	const struct scenario *scenario = sitting->scenario;
	const struct hands hands = {sitting, hands_now_ns, hands_pass_ns, hands_replug, hands_rediscover};
	if (options->limit_ns && now_ns(sitting) > options->limit_ns)
		return false;
	if (code == RESPIN_E_CANCELLED) {
		const struct fault *cancel = NULL;
		for (unsigned i = 0; i < sitting->scenario->fault_count; i++)
			if (sitting->cancelled[i])
				cancel = &sitting->scenario->faults[i];
		if (!cancel || !cancel->span_ns)
			return false;
		pass_ns(sitting, cancel->span_ns);
		return true;
	}
	if (code == RESPIN_E_FULL) {
		const struct fault *full = fault_now(sitting, FAULT_OUTPUT_FULL);
		return !full || patience_outlasts(&hands, full);
	}
	if (code == RESPIN_E_OTHER_DISC && sitting->drive.ops && transport_sim_right_disc(&sitting->drive))
		return true;
	if (code == RESPIN_E_SOURCE || code == RESPIN_E_NO_MEDIUM || code == RESPIN_E_GONE)
		return patience_disc_back(&hands, scenario->faults, scenario->fault_count) ||
		       drive_back(sitting, &hands);
	return options->again && options->again(options->arg, code);
}

static int ours(struct sitting *sitting, struct respin_error *error)
{
	struct trial *trial = sitting->trial;
	enum respin_phase phase = RESPIN_PHASE_COPYING;
	do {
		trial->sittings++;
		trial->code = sit(sitting, &phase, error);
		if (phase < RESPIN_PHASE_COPYING || phase > RESPIN_PHASE_SCRAPING)
			phase = RESPIN_PHASE_SCRAPING;
	} while (trial->code < 0 && trial->sittings < SITTINGS_MAX && taken_up(sitting, trial->code));
	return 0;
}

/* ---- the others ---- */

static bool rival_put(void *arg, uint64_t lba, uint32_t count)
{
	struct sitting *sitting = arg;
	if (!output_takes(sitting)) {
		sitting->stopped = RESPIN_E_FULL;
		return false;
	}
	sitting->coming = readable_in(sitting, (struct respin_range){lba, count}, false);
	return true;
}

static void rival_gained(void *arg, uint64_t ns, uint64_t finished)
{
	struct sitting *sitting = arg;
	(void)ns;
	(void)finished;
	sitting->trial->saved += sitting->coming;
	if (sitting->coming)
		note_gain(sitting);
	sitting->coming = 0;
}

static bool rival_stop(void *arg)
{
	struct sitting *sitting = arg;
	if (!user_stops(sitting))
		return false;
	sitting->stopped = RESPIN_E_CANCELLED;
	return true;
}

static void count_up(const struct respin_map *map, struct respin_stats *stats)
{
	*stats = (struct respin_stats){
		.total = map_total(map),
		.finished = map_count(map, RESPIN_FINISHED),
		.non_tried = map_count(map, RESPIN_NON_TRIED),
		.retryable = map_count(map, RESPIN_NON_TRIMMED) + map_count(map, RESPIN_NON_SCRAPED),
		.bad = map_count(map, RESPIN_BAD),
		.bad_areas = map_areas(map, RESPIN_NON_TRIMMED) + map_areas(map, RESPIN_NON_SCRAPED) +
			     map_areas(map, RESPIN_BAD),
	};
}

static int sitting_port(struct sitting *sitting, enum port_path path, struct port *port,
			struct respin_error *error)
{
	struct respin_transport lent = {&lent_ops, &sitting->drive};
	if (!sitting->model)
		return port_transport(&lent, path, port, error);
	struct port below;
	model_port(sitting->model, &below);
	sitting->clock_ns = below.ops->now_ns;
	sitting->clock = below.self;
	if (path != PORT_SG)
		return port_block(&below, path, port, error);
	*port = below;
	return 0;
}

/* One run of a rival, from where the last one left off. RESPIN_E_GONE: the device went away, or is stuck. */
static int rival_sits(struct sitting *sitting, const struct rival *rival, struct rival_place *place,
		      struct respin_error *error)
{
	struct trial *trial = sitting->trial;
	struct port port;
	int code = sitting_port(sitting, rival->path, &port, error);
	if (code < 0)
		return code;
	struct port_info info;
	port.ops->info(port.self, &info);
	if (!trial->map)
		trial->map = map_create(info.sectors, RESPIN_NON_TRIED);
	uint64_t limit_ns = sitting->options->limit_ns, spent_ns = now_ns(sitting);
	struct rival_config config = {.limit_ns = limit_ns > spent_ns ? limit_ns - spent_ns
						  : limit_ns          ? 1
								      : 0,
				      .map = trial->map,
				      .place = place,
				      .put = rival_put,
				      .stop = rival_stop,
				      .gained = rival_gained,
				      .arg = sitting};
	struct rival_result result = {0};
	sitting->stopped = 0;
	if (trial->map && map_total(trial->map) == info.sectors)
		rival->run(&port, &config, &result);
	clock_ends(sitting);
	port.ops->destroy(port.self);
	if (!trial->map)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a map");
	trial->reads += result.reads;
	trial->failed_reads += result.failed_reads;
	history_add(&trial->history, result.history);
	return sitting->stopped ? sitting->stopped : result.gone ? RESPIN_E_GONE : 0;
}

/* Where the link breaks or the drive is stuck, a person finds the drive again and starts the same program on the same map, as for ours. */
static int theirs(struct sitting *sitting, const struct rival *rival, struct respin_error *error)
{
	struct trial *trial = sitting->trial;
	struct rival_place place = {0};
	do {
		trial->sittings++;
		trial->code = rival_sits(sitting, rival, &place, error);
	} while (trial->code < 0 && trial->sittings < SITTINGS_MAX && taken_up(sitting, trial->code));
	if (trial->map)
		count_up(trial->map, &trial->stats);
	if (trial->code == 0)
		trial->code = trial->stats.finished < trial->stats.total;
	return 0;
}

static int trial_open(struct sitting *sitting, const char *address, struct respin_error *error)
{
	static const struct scenario nothing_happens;
	sitting->scenario = &nothing_happens;
	if (open_is_model(address))
		return open_model(address, &sitting->model_failure, &sitting->model, error);
	int code = open_sim_transport(address, &sitting->drive, error);
	if (code < 0)
		return code;
	sitting->scenario = transport_sim_disc(&sitting->drive)->scenario;
	sitting->clock_ns = sitting->drive.ops->now_ns;
	sitting->clock = sitting->drive.self;
	return 0;
}

/* A disc that nobody could get recognised is a result, too: all of it is left. Other ends are failures. */
static int nothing_read(struct sitting *sitting)
{
	struct trial *trial = sitting->trial;
	bool refused = trial->code == RESPIN_E_SOURCE || trial->code == RESPIN_E_NO_MEDIUM ||
		       trial->code == RESPIN_E_GONE;
	if (!refused || !sitting->drive.ops)
		return trial->code;
	uint64_t sectors = transport_sim_disc(&sitting->drive)->sectors;
	trial->map = map_create(sectors, RESPIN_NON_TRIED);
	trial->stats = (struct respin_stats){.total = sectors, .non_tried = sectors};
	return trial->map ? 0 : RESPIN_E_NOMEM;
}

/* Finished, though what came was not the disc's. */
static uint64_t count_wrong(const struct respin_map *map, const struct respin_map *wrong)
{
	const struct respin_range all = {0, map ? map_total(map) : 0};
	return map && wrong ? overlap(wrong, MASK(RESPIN_BAD), map, MASK(RESPIN_FINISHED), all) : 0;
}

int trial_run(const char *address, const struct trial_options *options, struct trial *trial,
	      struct respin_error *error)
{
	*trial = (struct trial){0};
	for (unsigned i = 0; i < ORACLE_SHARES; i++)
		trial->reached_ns[i] = UINT64_MAX;
	bool is_ours = !options->policy || !strcmp(options->policy, TRIAL_OURS);
	const struct rival *rival = is_ours ? NULL : rival_find(options->policy);
	if (!is_ours && !rival)
		return error_set(error, RESPIN_E_INVALID, 0, "no policy is called '%s'", options->policy);
	struct sitting sitting = {.options = options, .trial = trial};
	int code = trial_open(&sitting, address, error);
	if (code < 0)
		return code;
	code = rival ? theirs(&sitting, rival, error) : ours(&sitting, error);
	if (!trial->map)
		code = nothing_read(&sitting);
	trial->virtual_ns = now_ns(&sitting);
	if (sitting.drive.ops) {
		transport_sim_counts(&sitting.drive, &trial->counts);
		trial->wrong =
			count_wrong(trial->map, rival ? transport_sim_wrong(&sitting.drive) : sitting.wrong);
		sitting.drive.ops->destroy(sitting.drive.self);
	}
	map_destroy(sitting.wrong);
	model_destroy(sitting.model);
	if (code == 0 && sitting.model_failure.code < 0) {
		code = sitting.model_failure.code;
		if (error)
			*error = sitting.model_failure;
	}
	return code;
}
