/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stage: the drive's script, sessions and programs to the end, and the count of foreign bytes. */
#include "stage.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <respin/map.h>

#include "base/be.h"
#include "base/rng.h"
#include "core/cdb.h"

#define SECOND_NS 1000000000ull
#define FOR_EVER 1000000u
#define SHARED_FROM 6000u

unsigned stage_failures;

void stage_fail(struct stage *stage, const char *what)
{
	printf("FAILED: %s: %s\n", stage->name, what);
	stage_failures++;
}

/* ---- discs ---- */

void stage_sector(enum stage_disc disc, uint64_t unit, unsigned char bytes[STAGE_SECTOR])
{
	if (disc == DISC_SERIES)
		disc = unit < SHARED_FROM ? DISC_TWIN : DISC_RIGHT;
	struct rng rng = {unit << 8 | disc};
	for (size_t i = 0; i < STAGE_SECTOR; i += 8) {
		uint64_t word = rng_next(&rng);
		memcpy(bytes + i, &word, 8);
	}
}

const char *stage_path(const struct stage *stage, const char *name)
{
	static char paths[4][160];
	static unsigned next;
	char *path = paths[next++ % 4];
	(void)snprintf(path, sizeof paths[0], "%s/%s", stage->dir, name);
	return path;
}

void stage_disc_file(struct stage *stage, const char *name, enum stage_disc disc, uint64_t units)
{
	FILE *file = fopen(stage_path(stage, name), "w");
	assert(file);
	for (uint64_t unit = 0; unit < units; unit++) {
		unsigned char bytes[STAGE_SECTOR];
		stage_sector(disc, unit, bytes);
		assert(fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes);
	}
	assert(fclose(file) == 0);
}

void stage_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

void stage_copy(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	assert(in && out);
	static char block[1 << 16];
	for (size_t len; (len = fread(block, 1, sizeof block, in)) > 0;)
		assert(fwrite(block, 1, len, out) == len);
	fclose(in);
	assert(fclose(out) == 0);
}

uint64_t stage_foreign_in(const char *image, const char *map_path)
{
	struct respin_map *map;
	struct respin_extent extent;
	uint64_t foreign = 0;
	FILE *file = fopen(image, "r");
	if (access(map_path, F_OK) != 0 || respin_map_load(map_path, NULL, &map, NULL) != 0) {
		if (file)
			fclose(file);
		return 0;
	}
	for (uint64_t at = 0; respin_map_next(map, at, 1u << RESPIN_FINISHED, &extent);
	     at = extent.range.start + extent.range.count)
		for (uint64_t pos = extent.range.start; pos < extent.range.start + extent.range.count;
		     pos += STAGE_SECTOR) {
			unsigned char is[STAGE_SECTOR] = {0}, right[STAGE_SECTOR];
			stage_sector(DISC_RIGHT, pos / STAGE_SECTOR, right);
			size_t got = file && fseek(file, (long)pos, SEEK_SET) == 0
					     ? fread(is, 1, sizeof is, file)
					     : 0;
			foreign += got != sizeof is || memcmp(is, right, sizeof is) != 0 ? STAGE_SECTOR : 0;
		}
	respin_map_destroy(map);
	if (file)
		fclose(file);
	return foreign;
}

uint64_t stage_foreign(const struct stage *stage)
{
	return stage_foreign_in(stage->image, stage->map);
}

/* ---- the drive ---- */

static void happens(struct stage *stage)
{
	for (size_t i = 0; i < STAGE_EVENTS; i++) {
		const struct stage_event *event = &stage->event[i];
		if (!event->at || event->at != stage->reads)
			continue;
		if (event->swaps)
			stage->inside = event->disc;
		stage->pending = event->sign;
		stage->left = event->times ? event->times : 1;
		if (event->sign == SIGN_RESTED)
			stage->script.now_ns += 60 * SECOND_NS;
		if (event->sign == SIGN_NEEDS_START || event->sign == SIGN_GONE)
			stage->left = FOR_EVER;
	}
}

/* True: the sign is the answer. */
static bool shows(struct stage *stage, const struct respin_command *command,
		  struct respin_command_reply *reply)
{
	enum stage_sign sign = stage->pending;
	bool reading = command->cdb[0] == CDB_READ_10;
	bool starting = command->cdb[0] == CDB_START_STOP_UNIT;
	if (!stage->left || (!reading && command->cdb[0] != CDB_TEST_UNIT_READY && !starting))
		return false;
	stage->left--;
	switch (sign) {
	case SIGN_CHANGED:
		script_sense(reply, 6, 0x28, 0);
		return true;
	case SIGN_RESET:
		script_sense(reply, 6, 0x29, 0);
		return true;
	case SIGN_NOT_READY:
		script_sense(reply, 2, 0x04, 1);
		return true;
	case SIGN_NO_MEDIUM:
		script_sense(reply, 2, 0x3a, 1);
		return true;
	case SIGN_NEEDS_START:
		if (starting)
			stage->left = 0;
		else
			script_sense(reply, 2, 0x04, 2);
		return true;
	case SIGN_LINK:
		reply->host = RESPIN_HOST_ERROR;
		return true;
	case SIGN_GONE:
		reply->host = RESPIN_HOST_GONE;
		return true;
	case SIGN_TIMEOUT:
		reply->host = RESPIN_HOST_TIMEOUT;
		stage->script.now_ns += 60 * SECOND_NS;
		return true;
	case SIGN_ABORTED:
		script_sense(reply, 0x0b, 0, 0);
		return true;
	case SIGN_SLOW:
		reply->elapsed_ns = 8 * SECOND_NS;
		return false;
	case SIGN_NONE:
	case SIGN_RESTED:
		break;
	}
	return false;
}

static bool meet(struct respin_range range, struct respin_range other)
{
	return other.count && range.start < other.start + other.count &&
	       other.start < range.start + range.count;
}

static bool is_bad(const struct stage *stage, struct respin_range range)
{
	bool fails = false;
	for (size_t i = 0; i < sizeof stage->bad / sizeof *stage->bad; i++)
		fails |= meet(range, stage->bad[i]);
	return fails && stage->reads >= stage->bad_from &&
	       (stage->inside == DISC_RIGHT || stage->foreign_is_bad);
}

static void reads(struct stage *stage, const struct respin_command *command,
		  struct respin_command_reply *reply)
{
	struct respin_range range = {be32(command->cdb + 2), be16(command->cdb + 7)};
	unsigned char *data = command->data;
	if (!reply->elapsed_ns)
		reply->elapsed_ns = stage->latency_ns ? stage->latency_ns : SECOND_NS / 1000;
	if (meet(range, stage->slow) && stage->inside == DISC_RIGHT)
		reply->elapsed_ns = 8 * SECOND_NS;
	if (is_bad(stage, range)) {
		script_sense(reply, 3, 0x11, 5);
		reply->elapsed_ns = 2 * SECOND_NS;
		return;
	}
	for (uint64_t i = 0; i < range.count; i++)
		stage_sector(stage->inside, range.start + i, data + i * STAGE_SECTOR);
	for (size_t i = 0; i < STAGE_LIES; i++)
		if (stage->lie[i] == stage->reads + 1)
			data[100] ^= 0x20;
	reply->residual = 0;
}

static bool answer(struct script *script, const struct respin_command *command,
		   struct respin_command_reply *reply)
{
	struct stage *stage = (struct stage *)script;
	bool reading = command->cdb[0] == CDB_READ_10;
	if (reading)
		happens(stage);
	bool shown = shows(stage, command, reply);
	if (!shown && reading)
		reads(stage, command, reply);
	script->last_lba = STAGE_UNITS - 1 + (stage->inside == DISC_LONGER ? 160 : 0);
	if (!shown && !reading) {
		script_plain(script, command, reply);
		if (command->cdb[0] == CDB_INQUIRY && stage->vendor)
			memcpy((char *)command->data + 8, stage->vendor, 8);
	}
	stage->reads += reading;
	script->now_ns += reply->elapsed_ns;
	return true;
}

/* ---- runs ---- */

void stage_init(struct stage *stage, const char *name)
{
	memset(stage, 0, sizeof *stage);
	stage->name = name;
	script_init(&stage->script);
	stage->script.answer = answer;
	stage->script.last_lba = STAGE_UNITS - 1;
	stage->script.now_ns = 1;
	const char *base = getenv("TMPDIR");
	(void)snprintf(stage->dir, sizeof stage->dir, "%s/respin-identity-XXXXXX",
		       base && strlen(base) < 32 ? base : "/tmp");
	assert(mkdtemp(stage->dir));
	(void)snprintf(stage->image, sizeof stage->image, "%s/disc.iso", stage->dir);
	(void)snprintf(stage->map, sizeof stage->map, "%s/disc.iso.map", stage->dir);
}

void stage_finish(struct stage *stage)
{
	DIR *dir = opendir(stage->dir);
	assert(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	if (rmdir(stage->dir) != 0)
		stage_fail(stage, "cannot clean up");
}

void stage_again(struct stage *stage)
{
	stage->code = stage->status = 0;
	stage->error = (struct respin_error){0};
	stage->lines = 0;
	stage->samples = 0;
}

static void hear(void *arg, const struct respin_event *event)
{
	struct stage *stage = arg;
	stage->samples += event->kind == RESPIN_EVENT_SAMPLE;
	if (stage->on_event)
		stage->on_event(stage, event);
}

static void ran(struct stage *stage)
{
	stage->status = stage->code < 0 ? respin_exit_status(stage->code) : stage->code;
	size_t len = strlen(stage->error.text);
	stage->lines = len ? 1 : 0;
	for (size_t i = 0; i < len; i++)
		stage->lines += stage->error.text[i] == '\n';
}

void stage_run_source(struct stage *stage, struct respin_source *source,
		      const struct respin_output_options *output)
{
	struct respin_session_options options = {
		.size = sizeof options,
		.sources = source,
		.source_count = 1,
		.output = output,
		.callbacks = {.size = sizeof options.callbacks, .arg = stage, .event = hear}};
	struct respin_summary summary = {.size = sizeof summary};
	stage->code = respin_session_create(&options, &stage->session, &stage->error);
	if (stage->code == 0) {
		stage->code = respin_session_run(stage->session, &summary, &stage->error);
		stage->stats = summary.stats;
	}
	respin_session_destroy(stage->session);
	stage->session = NULL;
	ran(stage);
}

void stage_run(struct stage *stage, bool force)
{
	struct respin_transport transport = script_transport(&stage->script);
	struct respin_source source;
	const struct respin_output_options output = {
		.size = sizeof output, .image = stage->image, .force = force};
	stage->code = respin_source_mmc(&transport, &source, &stage->error);
	if (stage->code == 0)
		stage_run_source(stage, &source, &output);
	ran(stage);
}

void stage_run_address(struct stage *stage, const char *address, bool force)
{
	struct respin_source source;
	const struct respin_output_options output = {
		.size = sizeof output, .image = stage->image, .force = force};
	stage->code = respin_source_open(address, &source, &stage->error);
	if (stage->code == 0)
		stage_run_source(stage, &source, &output);
	ran(stage);
}

static unsigned count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned lines = 0;
	assert(file);
	for (int c; (c = getc(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	return lines;
}

void stage_cli(struct stage *stage, const char *const *arguments)
{
	const char *program = getenv("RESPIN");
	const char *argv[16] = {program, "rescue", "--quiet"};
	for (size_t i = 0; arguments[i] && i < 12; i++)
		argv[i + 3] = arguments[i];
	const char *err = stage_path(stage, "stderr");
	assert(program);
	pid_t child = fork();
	assert(child >= 0);
	if (child == 0) {
		int file = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (file < 0 || dup2(file, 2) < 0)
			_exit(99);
		execv(program, (char *const *)argv);
		_exit(99);
	}
	int status;
	assert(waitpid(child, &status, 0) == child);
	stage->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	stage->lines = count_lines(err);
}

void stage_half(struct stage *stage)
{
	stage->bad[3] = (struct respin_range){5000, 100};
	stage_run(stage, false);
	if (stage->status != 1)
		stage_fail(stage, "the rescue to begin with did not end as it should");
	stage->bad[3].count = 0;
	stage_again(stage);
}
