/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake source, an engine and a fake sink, wired together; and what must hold after every run. */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "engine/engine.h"
#include "fake_sink.h"
#include "fake_source.h"

struct rig {
	struct fake_source source;
	struct fake_sink sink;
	struct respin_map *map; /* where the run starts */
	struct respin_map *domain;
	enum respin_mode mode;
	struct mapfile_resume resume;
	struct planner_sample samples[16];
	unsigned sample_count;
	struct respin_callbacks callbacks;
	bool enough; /* callbacks.focus says so before everything is there: 0 says that its part is */
	struct engine *engine;
	struct respin_summary summary;
	struct respin_error error;
	uint64_t history;
};

void rig_init(struct rig *rig, uint64_t units, uint32_t ecc_block, uint32_t request_max);
void rig_finish(struct rig *rig);

/* Sets count units from start to what. */
void rig_damage(struct rig *rig, uint64_t start, uint64_t count, enum fake_unit what);

/* Builds the engine, runs it, checks what must hold, and takes it down. */
int rig_run_virtual(struct rig *rig);
int rig_run_threads(struct rig *rig);

/* The threaded run in a thread of its own, for who wants to act on it meanwhile; begins with rig_engine. */
struct rig_runner {
	struct rig *rig;
	pthread_t thread;
	int result; /* after rig_join */
};
void rig_start(struct rig_runner *runner, struct rig *rig);
void rig_join(struct rig_runner *runner);

/* In two steps, for tests that act meanwhile. */
void rig_engine(struct rig *rig);
void rig_check(struct rig *rig, int result);

/* Units in `status` inside the working map, as a list "3-5 9" for short ones. */
const char *rig_list(const struct respin_map *map, enum respin_status status);

#endif
