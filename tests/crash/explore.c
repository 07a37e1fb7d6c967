/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk over the crash states of one run and of the resumes that follow from them. */
#include "explore.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "keys.h"

#define CHOICES_MAX 8192u
#define REPLAYS_SHOWN 3u

/* What a crash has left, to be resumed from. */
struct snapshot {
	struct snapshot *next;
	unsigned depth;
	uint64_t finished;
	size_t file_count;
	struct saved {
		char path[96];
		unsigned char *bytes;
		size_t len;
	} files[STATE_FILES_MAX];
	char path[]; /* how it came about */
};

struct explorer *explorer_create(void)
{
	struct explorer *explorer = calloc(1, sizeof *explorer);
	assert(explorer);
	checker_init(&explorer->checker);
	explorer->states = keys_create();
	explorer->classes = keys_create();
	return explorer;
}

void explorer_destroy(struct explorer *explorer)
{
	checker_finish(&explorer->checker);
	state_finish(&explorer->state);
	keys_destroy(explorer->states);
	keys_destroy(explorer->classes);
	free(explorer);
}

static struct tally_of_mode *tally_of(struct explorer *explorer)
{
	return &explorer->tallies[explorer->at.mode - crash_modes];
}

void explorer_replay_line(const struct explorer *explorer, const char *path)
{
	char text[CASE_TEXT_MAX];
	case_print(&explorer->at, path, text);
	printf("REPLAY: RESPIN_CASE='%s'%s ./check crash\n", text,
	       explorer->unsynced ? " RESPIN_PLANT=image-unsynced" : "");
	(void)fflush(stdout);
}

static void violation(struct explorer *explorer, const char *path, const char *reason)
{
	uint64_t before = 0;
	for (unsigned i = 0; i < MODES; i++)
		before += explorer->tallies[i].violations;
	tally_of(explorer)->violations++;
	if (before < REPLAYS_SHOWN || (explorer->show_each && !explorer->shown)) {
		explorer->shown = true;
		printf("%s\n", reason);
		explorer_replay_line(explorer, path);
	}
	if (explorer->stop_at_first)
		exit(1);
}

/* The path to the state at hand. */
static void path_here(const struct explorer *explorer, char text[CASE_TEXT_MAX])
{
	char subset[STATE_TEXT_MAX];
	state_print(&explorer->state, subset);
	int len = snprintf(text, CASE_TEXT_MAX, "%s%s%" PRIu64 "@%s", explorer->path,
			   *explorer->path ? "," : "", explorer->op, subset);
	assert(len > 0 && len < (int)CASE_TEXT_MAX);
}

/* ---- snapshots ---- */

static struct snapshot *take_snapshot(struct explorer *explorer)
{
	char path[CASE_TEXT_MAX];
	struct state *state = &explorer->state;
	path_here(explorer, path);
	struct snapshot *snapshot = calloc(1, sizeof *snapshot + strlen(path) + 1);
	assert(snapshot);
	memcpy(snapshot->path, path, strlen(path) + 1);
	snapshot->depth = explorer->depth;
	snapshot->finished = explorer->checker.finished;
	for (size_t i = 0; i < state->name_count; i++) {
		struct saved *saved = &snapshot->files[snapshot->file_count++];
		(void)snprintf(saved->path, sizeof saved->path, "%s/%s", scene_dir(state->names[i].dir),
			       state->names[i].name);
		const unsigned char *bytes = state_bytes(state, state->names[i].file, &saved->len);
		saved->bytes = malloc(saved->len + 1);
		assert(saved->bytes);
		memcpy(saved->bytes, bytes, saved->len);
	}
	return snapshot;
}

static void restore(const struct snapshot *snapshot, struct scene *scene)
{
	for (size_t i = 0; i < snapshot->file_count; i++)
		memio_file(scene->memio, snapshot->files[i].path, snapshot->files[i].bytes,
			   snapshot->files[i].len);
	scene->recorded = scene->committed = scene->promised = snapshot->finished;
}

static void snapshot_destroy(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->file_count; i++)
		free(snapshot->files[i].bytes);
	free(snapshot);
}

/* Where a resume from here would be like one that was made, at this depth or a lesser one. */
static bool is_known(struct explorer *explorer, uint64_t class)
{
	for (unsigned depth = 1; depth < explorer->depth; depth++)
		if (keys_have(explorer->classes, rng_mix(class + depth)))
			return true;
	return !keys_add(explorer->classes, rng_mix(class + explorer->depth));
}

/* ---- one state ---- */

static void consider(void *arg)
{
	struct explorer *explorer = arg;
	struct tally_of_mode *tally = tally_of(explorer);
	if (!keys_add(explorer->states, state_hash(&explorer->state))) {
		tally->repeated++;
		return;
	}
	tally->states++;
	tally->at_depth[explorer->depth]++;
	if (!checker_judge(&explorer->checker, &explorer->state)) {
		char path[CASE_TEXT_MAX];
		path_here(explorer, path);
		violation(explorer, path, explorer->checker.reason);
		return;
	}
	if (explorer->resumes >= explorer->manner.resumes_max ||
	    is_known(explorer, checker_class(&explorer->checker, &explorer->state)))
		return;
	explorer->resumes++;
	struct snapshot *snapshot = take_snapshot(explorer);
	*(explorer->first ? &explorer->last->next : &explorer->first) = snapshot;
	explorer->last = snapshot;
}

/* ---- one moment ---- */

static uint64_t count_pending(const struct world *world)
{
	uint64_t pending = 0;
	for (size_t i = 0; i < world->file_count; i++)
		pending += world->files[i]->change_count;
	for (size_t i = 0; i < world->dir_count; i++)
		pending += world->dirs[i]->change_count;
	return pending;
}

/* The last call moved nothing, and nothing was promised since: the states are those of the moment before. */
static bool is_idle(struct explorer *explorer, const struct world *world)
{
	size_t count;
	const struct memio_call *log = memio_log(explorer->scene.memio, &count);
	uint64_t pending = count_pending(world);
	uint64_t told = rng_mix(explorer->scene.promised) + explorer->scene.committed;
	const struct memio_call *last = count ? &log[count - 1] : NULL;
	bool moves = !last || explorer->op == 0 || pending != explorer->pending || told != explorer->told ||
		     (last->result >= 0 && last->op != MEMIO_SYNC && last->op != MEMIO_DATASYNC &&
		      last->op != MEMIO_SYNC_DIR);
	explorer->pending = pending;
	explorer->told = told;
	return !moves;
}

/*
 * A file system that confirms a sync, fails to carry it out, says so at the next
 * one and shows the old bytes: nobody can keep that promise, but it must be taken
 * back before the bytes are gone for good.
 */
static void excuse(struct scene *scene)
{
	struct inode *image = world_find(memio_world(scene->memio), scene->options.image, false);
	if (!scene->mode->reverts || !image || !image->in_journal || image->late)
		return;
	for (uint64_t unit = 0; unit < scene->units; unit++) {
		uint64_t pos = scene_pos(scene, unit), end = scene_pos(scene, unit + 1);
		if (end > image->below.size ||
		    memcmp(image->below.data + pos, scene->truth + pos, end - pos) != 0)
			scene->excused |= 1ull << unit;
	}
}

static void look(struct explorer *explorer)
{
	static uint32_t choices[CHOICES_MAX][CRASH_DIRS];
	struct state *state = &explorer->state;
	const struct world *world = memio_world(explorer->scene.memio);
	bool loose = explorer->at.mode->loose;
	excuse(&explorer->scene);
	if (is_idle(explorer, world) || explorer->op < explorer->skip_until)
		return;
	tally_of(explorer)->points++;
	keys_clear(explorer->states);
	if (explorer->manner.draws) {
		for (unsigned i = 0; i < explorer->manner.draws; i++) {
			state_draw(state, world, loose, &explorer->rng);
			consider(explorer);
		}
		return;
	}
	size_t count = state_name_choices(world, loose, choices, CHOICES_MAX);
	for (size_t i = 0; i < count; i++) {
		state_choose_names(state, world, choices[i]);
		state_each(state, consider, explorer);
	}
}

static void before_change(void *arg)
{
	struct explorer *explorer = arg;
	look(explorer);
	explorer->op++;
}

/* ---- a run ---- */

static void set_stage(struct explorer *explorer, unsigned depth, const char *path)
{
	explorer->scene.unsynced = explorer->unsynced;
	scene_init(&explorer->scene, explorer->at.workload, explorer->at.mode);
	explorer->op = explorer->pending = explorer->told = 0;
	explorer->depth = depth;
	explorer->path = path;
}

static void watch(struct explorer *explorer)
{
	memio_watch(explorer->scene.memio, before_change, explorer);
}

static void unwatch(struct explorer *explorer)
{
	look(explorer);
	memio_watch(explorer->scene.memio, NULL, NULL);
}

/* S4: how a rescue that was taken up has ended. NULL: as if nothing had happened. */
static const char *judge_end(struct explorer *explorer, int rc)
{
	static char reason[700];
	struct scene *scene = &explorer->scene;
	static const uint32_t none[CRASH_DIRS];
	if (rc) {
		(void)snprintf(reason, sizeof reason, "S4: the rescue cannot be taken up: %s",
			       scene->error.text);
		return reason;
	}
	/* Done means durable. */
	state_choose_names(&explorer->state, memio_world(scene->memio), none);
	if (!checker_judge(&explorer->checker, &explorer->state)) {
		(void)snprintf(reason, sizeof reason, "S4: after the end: %s", explorer->checker.reason);
		return reason;
	}
	char map_path[64];
	size_t len = 0;
	(void)snprintf(map_path, sizeof map_path, "%s/%s", scene_dir(scene_map_dir(scene)), CRASH_MAP);
	const unsigned char *text = memio_bytes(scene->memio, map_path, &len);
	const struct reading *map = text ? checker_read(&explorer->checker, text, len) : NULL;
	(void)memio_bytes(scene->memio, scene->options.image, &len);
	if (!map || strcmp(map->letters, explorer->letters) != 0)
		(void)snprintf(reason, sizeof reason, "S4: the map ends as %s, undisturbed it is %s",
			       map ? map->letters : "(none)", explorer->letters);
	else if (len != explorer->image_len)
		(void)snprintf(reason, sizeof reason, "S4: the image has %zu bytes, undisturbed it has %zu",
			       len, explorer->image_len);
	else if (memio_bytes(scene->memio, "/out/" CRASH_MAP ".lock", NULL) ||
		 memio_bytes(scene->memio, "/maps/" CRASH_MAP ".lock", NULL))
		(void)snprintf(reason, sizeof reason, "S4: a lock is left behind");
	else
		return NULL;
	return reason;
}

/* The map that the run about to begin finds. */
static void note_found(struct explorer *explorer)
{
	struct scene *scene = &explorer->scene;
	size_t len;
	char path[64];
	explorer->checker.scene = scene;
	(void)snprintf(path, sizeof path, "%s/%s", scene_dir(scene_map_dir(scene)), CRASH_MAP);
	const unsigned char *text = memio_bytes(scene->memio, path, &len);
	explorer->checker.found = text ? checker_read(&explorer->checker, text, len)->key : 0;
}

static void resume_from(struct explorer *explorer, struct snapshot *snapshot)
{
	bool watched = snapshot->depth < explorer->manner.depth;
	set_stage(explorer, snapshot->depth + 1, snapshot->path);
	explorer->skip_until = 0;
	restore(snapshot, &explorer->scene);
	tally_of(explorer)->resumes++;
	note_found(explorer);
	if (watched)
		watch(explorer);
	int rc = scene_resume(&explorer->scene);
	if (watched)
		unwatch(explorer);
	const char *reason = judge_end(explorer, rc);
	if (reason)
		violation(explorer, snapshot->path, reason);
	scene_finish(&explorer->scene);
}

void explorer_begin(struct explorer *explorer, const struct workload *workload, const struct mode *mode)
{
	struct scene *scene = &explorer->scene;
	explorer->at = (struct crash_case){workload, mode, {0}};
	explorer->path = "";
	keys_clear(explorer->classes);
	set_stage(explorer, 1, "");
	checker_reset(&explorer->checker, scene);
	explorer->checker.found = 0;
	scene_prepare(scene);
	int rc = scene_run(scene, workload->script);
	memio_reboot(scene->memio, MEMIO_KEEP_ALL, 0);
	if (!rc)
		rc = scene_resume(scene);
	size_t len;
	char path[64];
	(void)snprintf(path, sizeof path, "%s/%s", scene_dir(scene_map_dir(scene)), CRASH_MAP);
	const unsigned char *text = memio_bytes(scene->memio, path, &len);
	if (text && !rc)
		memcpy(explorer->letters, checker_read(&explorer->checker, text, len)->letters,
		       sizeof explorer->letters);
	(void)memio_bytes(scene->memio, scene->options.image, &explorer->image_len);
	bool as_meant = !rc && text && strlen(explorer->letters) == scene->units &&
			((mode->loose && workload->domain) || explorer->image_len == scene->image_bytes);
	for (uint64_t unit = 0; as_meant && unit < scene->units; unit++)
		as_meant = explorer->letters[unit] ==
			   (workload->domain && workload->domain[unit] != '+' ? '?' : workload->goal[unit]);
	const char *reason = as_meant ? judge_end(explorer, 0)
			     : rc     ? scene->error.text
				      : "S4: an undisturbed rescue does not end as it should";
	if (reason)
		violation(explorer, "", reason);
	scene_finish(scene);
}

size_t explorer_calls(struct explorer *explorer, const struct crash_case *at, enum memio_op *ops, size_t max)
{
	struct scene *scene = &explorer->scene;
	explorer->at = *at;
	explorer->at.fault = (struct crash_fault){0};
	set_stage(explorer, 1, "");
	scene_prepare(scene);
	size_t before, after;
	(void)memio_log(scene->memio, &before);
	(void)scene_run(scene, at->workload->script);
	const struct memio_call *log = memio_log(scene->memio, &after);
	assert(after - before <= max);
	for (size_t i = before; i < after; i++)
		ops[i - before] = log[i].op;
	scene_finish(scene);
	return after - before;
}

void explorer_run(struct explorer *explorer, const struct crash_case *at, const struct manner *manner)
{
	explorer->at = *at;
	explorer->manner = *manner;
	explorer->rng = (struct rng){manner->seed};
	explorer->resumes = 0;
	explorer->shown = false;
	tally_of(explorer)->runs++;
	set_stage(explorer, 1, "");
	scene_prepare(&explorer->scene);
	note_found(explorer);
	explorer->skip_until = manner->skip;
	scene_set_fault(&explorer->scene, &at->fault);
	watch(explorer);
	int rc = scene_run(&explorer->scene, at->workload->script);
	unwatch(explorer);
	if (rc && !at->fault.nth)
		violation(explorer, "", explorer->scene.error.text);
	scene_finish(&explorer->scene);
	while (explorer->first) {
		struct snapshot *snapshot = explorer->first;
		explorer->first = snapshot->next;
		resume_from(explorer, snapshot);
		snapshot_destroy(snapshot);
	}
}

/* ---- replay ---- */

struct replay {
	struct explorer *explorer;
	uint64_t op;        /* where the power goes */
	const char *subset; /* what survives */
	FILE *out;
	struct snapshot *left;
	bool met, wrong;
};

static const char *const op_names[] = {
	[MEMIO_CREATE] = "create",     [MEMIO_PWRITE] = "write",  [MEMIO_WRITE] = "append",
	[MEMIO_TRUNCATE] = "truncate", [MEMIO_SYNC] = "sync",     [MEMIO_DATASYNC] = "datasync",
	[MEMIO_SYNC_DIR] = "sync dir", [MEMIO_RENAME] = "rename", [MEMIO_LINK] = "link",
	[MEMIO_UNLINK] = "unlink",
};

static void print_fates(const struct state *state, size_t call, FILE *out)
{
	bool said = false;
	for (size_t i = 0; i < state->change_count; i++) {
		if (state->changes[i]->call != call)
			continue;
		fprintf(out, "  %s", state_fate_name(state->fates[i]));
		if (state->fates[i].kind >= FATE_HEAD)
			fprintf(out, " (%u)", state->fates[i].arg);
		said = true;
	}
	for (unsigned d = 0; d < CRASH_DIRS; d++)
		for (size_t i = 0; i < state->world->dirs[d]->change_count; i++) {
			const struct entry *change = &state->world->dirs[d]->changes[i];
			if (change->call != call)
				continue;
			fprintf(out, "  %s %s: %s", change->inode ? "name" : "end of", change->name,
				state->kept[d] >> i & 1 ? "persisted" : "lost");
			said = true;
		}
	fputs(said ? "\n" : "  (settled)\n", out);
}

/* Settled: synced, or lost by a sync that failed, or of a file without a name. */
static void print_log(const struct replay *replay)
{
	size_t count;
	const struct memio_call *log = memio_log(replay->explorer->scene.memio, &count);
	for (size_t i = 0; i < count; i++) {
		const struct memio_call *call = &log[i];
		fprintf(replay->out, "%4zu %-8s %s%s%s", i, op_names[call->op], call->name,
			*call->to ? " to " : "", call->to);
		if (call->op == MEMIO_PWRITE || call->op == MEMIO_TRUNCATE)
			fprintf(replay->out, " offset %" PRIu64 " length %" PRIu64, call->pos, call->len);
		if (call->result < 0)
			fprintf(replay->out, " failed: %d\n", (int)-call->result);
		else
			print_fates(&replay->explorer->state, i, replay->out);
	}
}

static void before_replayed(void *arg)
{
	struct replay *replay = arg;
	struct explorer *explorer = replay->explorer;
	const struct world *world = memio_world(explorer->scene.memio);
	if (explorer->op++ != replay->op || replay->met)
		return;
	explorer->op--;
	replay->met = state_parse(&explorer->state, world, replay->subset);
	if (replay->met) {
		fprintf(replay->out, "power cut before call %" PRIu64 " of run %u:\n", replay->op,
			explorer->depth);
		print_log(replay);
		excuse(&explorer->scene);
		replay->wrong = !checker_judge(&explorer->checker, &explorer->state);
		fprintf(replay->out, "%s\n", replay->wrong ? explorer->checker.reason : "as it should be");
		replay->left = take_snapshot(explorer);
	}
	explorer->op++;
}

/* Runs up to the next place of the path. */
static void replay_run(struct replay *replay, const struct snapshot *from)
{
	struct explorer *explorer = replay->explorer;
	struct scene *scene = &explorer->scene;
	set_stage(explorer, from ? from->depth + 1 : 1, from ? from->path : "");
	replay->left = NULL;
	replay->met = false;
	if (from) {
		restore(from, scene);
	} else {
		scene_prepare(scene);
		scene_set_fault(scene, &explorer->at.fault);
	}
	note_found(explorer);
	memio_watch(scene->memio, before_replayed, replay);
	if (from)
		(void)scene_resume(scene);
	else
		(void)scene_run(scene, explorer->at.workload->script);
	before_replayed(replay);
	memio_watch(scene->memio, NULL, NULL);
	scene_finish(scene);
}

static const char *replay_end(struct explorer *explorer, const struct snapshot *from)
{
	set_stage(explorer, from->depth + 1, from->path);
	restore(from, &explorer->scene);
	note_found(explorer);
	const char *reason = judge_end(explorer, scene_resume(&explorer->scene));
	scene_finish(&explorer->scene);
	return reason;
}

int explorer_replay(struct explorer *explorer, const char *text, FILE *out)
{
	struct replay replay = {.explorer = explorer, .out = out};
	struct crash_case at;
	const char *path, *reason = NULL;
	if (!case_parse(text, &at, &path))
		return 2;
	explorer_begin(explorer, at.workload, at.mode);
	explorer->at = at;
	struct snapshot *from = NULL;
	while (*path && !replay.wrong) {
		char place[CASE_TEXT_MAX];
		size_t len = strcspn(path, ",");
		memcpy(place, path, len);
		place[len] = '\0';
		path += len + (path[len] == ',');
		char *subset = strchr(place, '@');
		if (!subset)
			return 2;
		replay.op = strtoull(place, NULL, 10);
		replay.subset = subset + 1;
		replay_run(&replay, from);
		if (from)
			snapshot_destroy(from);
		from = replay.left;
		if (!replay.met) {
			fprintf(out, "no such moment: %s\n", place);
			return 2;
		}
	}
	if (!from) { /* the run as such, with its fault */
		replay.op = UINT64_MAX;
		replay_run(&replay, NULL);
	} else if (!replay.wrong) {
		reason = replay_end(explorer, from);
	}
	if (reason)
		fprintf(out, "%s\n", reason);
	if (from)
		snapshot_destroy(from);
	return replay.wrong || reason;
}
