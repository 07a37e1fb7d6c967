/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions: a source on the left, an output on the right, the engine between.
 * Like respin.c it knows every floor and decides nothing.
 */
#include <respin/session.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "engine/engine.h"
#include "io/output.h"
#include "io/output_confine.h"

struct respin_session {
	struct engine *engine;
	struct output *output;   /* NULL with a sink of the caller's */
	struct respin_sink sink; /* the caller's; destroyed with the session */
	struct respin_map *map;  /* the blank one that a caller's sink starts from */
	struct respin_callbacks callbacks;
};

void respin_session_destroy(struct respin_session *session)
{
	if (!session)
		return;
	engine_destroy(session->engine);
	output_destroy(session->output);
	if (session->sink.ops)
		session->sink.ops->destroy(session->sink.self);
	map_destroy(session->map);
	free(session);
}

CLEANUP_DEFINE(session, struct respin_session, respin_session_destroy)

static void tell_notices(const struct output *output, const struct respin_callbacks *callbacks)
{
	const char *notice;
	if (!callbacks->log)
		return;
	for (size_t i = 0; (notice = output_notice(output, i)); i++) {
		struct respin_log log = {
			.size = sizeof log, .level = 2, .lba = -1, .what = "note", .detail = notice};
		callbacks->log(callbacks->arg, &log);
	}
}

/* From the files: where to go on, what counts, what to compare. */
static int open_output(struct respin_session *session, const struct respin_session_options *options,
		       const struct respin_source_info *info, struct engine_config *config,
		       struct planner_sample samples[OUTPUT_SAMPLES_MAX], struct respin_error *error)
{
	struct respin_output_options output = *options->output;
	uint64_t seed = options->seed ? options->seed : info->identity;
	if (!output.source_path && (info->plain || info->address[0] == '/'))
		output.source_path = info->address;
	/* A sweep tries nothing again, so it must not say that '-' is still hoped for. */
	if (options->mode == RESPIN_MODE_SWEEP)
		output.keep_bad = 1;
	int r = output_open(&output, info, seed, &session->output, error);
	if (r < 0)
		return r;
	tell_notices(session->output, &options->callbacks);
	size_t count;
	const struct output_sample *sample = output_samples(session->output, &count);
	for (size_t i = 0; i < count && i < OUTPUT_SAMPLES_MAX; i++)
		samples[i] = (struct planner_sample){sample[i].range, sample[i].hash};
	config->map = output_map(session->output);
	config->domain = output_domain(session->output);
	config->resume = output_resume(session->output);
	config->samples = samples;
	/* Whoever overrides every refusal has seen the warning. */
	config->sample_count = output.force ? 0 : (unsigned)count;
	config->sink = output_sink(session->output);
	return 0;
}

static int use_sink(struct respin_session *session, const struct respin_source_info *info,
		    struct engine_config *config, struct respin_error *error)
{
	session->map = map_create(info->units, RESPIN_NON_TRIED);
	if (!session->map)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a map");
	config->map = session->map;
	config->resume.phase = RESPIN_PHASE_COPYING;
	config->sink = session->sink;
	return 0;
}

static int create(const struct respin_session_options *options, struct respin_session **result,
		  struct respin_error *error)
{
	struct planner_sample samples[OUTPUT_SAMPLES_MAX];
	struct engine_config config = {.mode = options->mode,
				       .sources = options->sources,
				       .source_count = options->source_count,
				       .callbacks = options->callbacks};
	_cleanup_(cleanup_session) struct respin_session *session = calloc(1, sizeof *session);
	if (!session)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a session");
	session->sink = options->sink;
	session->callbacks = options->callbacks;
	if (options->source_count < 1 || options->source_count > LANES_MAX)
		return error_set(error, RESPIN_E_INVALID, 0, "a session takes 1 to %u sources", LANES_MAX);
	if (!options->output == !options->sink.ops)
		return error_set(error, RESPIN_E_INVALID, 0, "a session takes either an output or a sink");
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&options->sources[0], &info);
	if (options->output && info.no_payload)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: moves no bytes, there is nothing to write",
				 info.address);
	int r = options->output ? open_output(session, options, &info, &config, samples, error)
				: use_sink(session, &info, &config, error);
	if (r == 0)
		r = engine_create(&config, &session->engine, error);
	if (r < 0)
		return r;
	*result = take(session);
	return 0;
}

int respin_session_create(const struct respin_session_options *options, struct respin_session **session,
			  struct respin_error *error)
{
	*session = NULL;
	int r = create(options, session, error);
	for (unsigned i = 0; i < options->source_count; i++)
		respin_source_destroy(&options->sources[i]);
	return r;
}

int respin_session_run(struct respin_session *session, struct respin_summary *summary,
		       struct respin_error *error)
{
	return engine_run_threads(session->engine, summary, error);
}

static void say_confined(void *arg, bool remarkable, const char *text)
{
	const struct respin_session *session = arg;
	const struct respin_log log = {.size = sizeof log,
				       .level = remarkable ? 2 : 3,
				       .lba = -1,
				       .what = "confined",
				       .detail = text};
	if (session->callbacks.log)
		session->callbacks.log(session->callbacks.arg, &log);
}

void respin_session_confine(struct respin_session *session, int64_t uid, int64_t gid)
{
	const struct output_confinement how = {uid, gid, session, say_confined};
	if (session->output)
		output_confine(session->output, &how);
}

void respin_session_save(struct respin_session *session)
{
	engine_save(session->engine);
}

void respin_session_cancel(struct respin_session *session)
{
	engine_cancel(session->engine);
}

void respin_session_control(struct respin_session *session, enum respin_control what)
{
	engine_control(session->engine, what);
}

int respin_session_snapshot(struct respin_session *session, struct respin_snapshot *snapshot)
{
	struct respin_snapshot now = {.size = sizeof now};
	size_t size = snapshot->size < sizeof now ? snapshot->size : sizeof now;
	int r = engine_snapshot(session->engine, &now);
	if (r < 0)
		return r;
	now.size = size; /* a caller of an older header has a shorter one, its members are the same */
	memcpy(snapshot, &now, size);
	return 0;
}
