/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and a ledger for the page of HTML, as many and as odd as a test wants:
 * what the page asks the library for is defined here instead. For one test
 * program alone: it takes the place of the real functions.
 */
#ifndef UNIT_HTML_WORLD_H
#define UNIT_HTML_WORLD_H

#include <stdbool.h>
#include <stdio.h>

#include <respin/files.h>
#include <respin/ledger.h>

#define SECTOR UINT64_C(2048)

/* `count` files one behind the other, each of `sectors`; of every `hit_every`th one the first sector is bad. */
struct respin_files {
	uint64_t count, sectors, hit_every;
	const char *name; /* of all of them */
	uint8_t incomplete, doubt, cut;
	enum respin_status missing;
};

static bool is_hit(const struct respin_files *files, uint64_t index)
{
	return files->hit_every && index % files->hit_every == 0;
}

void respin_files_info(const struct respin_files *files, struct respin_files_info *info)
{
	*info = (struct respin_files_info){
		.size = info->size, .format = "<b>&", .volume = "V\"'<i>", .count = files->count};
	info->incomplete_directories = files->incomplete;
	info->doubt = files->doubt;
	info->cut = files->cut;
}

int respin_files_at(struct respin_files *files, uint64_t index, struct respin_file *file)
{
	if (index >= files->count)
		return 0;
	uint64_t lacks = is_hit(files, index) ? SECTOR : 0;
	*file = (struct respin_file){
		.size = file->size,
		.path = files->name,
		.size_bytes = files->sectors * SECTOR,
		.have_bytes = files->sectors * SECTOR - lacks,
		.hoped_bytes = files->missing == RESPIN_BAD ? 0 : lacks,
		.lost_bytes = files->missing == RESPIN_BAD ? lacks : 0,
		.kind = RESPIN_FILE_REGULAR,
		.state = lacks ? RESPIN_FILE_HIT : RESPIN_FILE_WHOLE,
	};
	return 1;
}

int respin_files_run(const struct respin_files *files, uint64_t index, uint64_t from,
		     struct respin_file_run *run)
{
	uint64_t size = files->sectors * SECTOR, cut = is_hit(files, index) ? SECTOR : 0;
	if (from >= size)
		return 0;
	uint64_t end = from < cut ? cut : size;
	*run = (struct respin_file_run){
		.size = run->size,
		.file_bytes = from,
		.disc_bytes = index * size + from,
		.len_bytes = end - from,
		.status = (uint8_t)(from < cut ? files->missing : RESPIN_FINISHED),
		.placed = 1,
	};
	return 1;
}

int respin_files_playing(struct respin_files *files,
			 void (*tell)(void *arg, const struct respin_playing *playing), void *arg,
			 struct respin_error *error)
{
	(void)error;
	struct respin_playing playing = {
		.size = sizeof playing, .number = 1, .length_ms = 5400000, .status = RESPIN_FINISHED};
	for (uint64_t i = 0; files->hit_every && i < files->count; i++) {
		tell(arg, &playing);
		playing.status = RESPIN_BAD;
		playing.from_ms = 3723000;
		playing.until_ms = 3725999;
	}
	return 0;
}

struct respin_ledger {
	uint64_t runs, attempts, drives;
	uint32_t unit_bytes; /* 0: a sector's */
	const char *text;    /* of everything that is text */
	struct respin_attempt attempt;
	uint64_t step; /* sectors from one attempt to the next */
	int code, last_run_code;
};

int respin_ledger_runs(struct respin_ledger *ledger,
		       int (*each)(void *arg, const struct respin_ledger_run *run), void *arg)
{
	struct respin_source_info source = {.size = sizeof source,
					    .unit_bytes = ledger->unit_bytes ? ledger->unit_bytes : SECTOR,
					    .profile = 0x10};
	(void)snprintf(source.address, sizeof source.address, "%s", ledger->text);
	for (uint64_t i = 1; i <= ledger->runs; i++) {
		(void)snprintf(source.product, sizeof source.product, "drive %d", (int)(i % ledger->drives));
		struct respin_ledger_run run = {
			.size = sizeof run,
			.number = i,
			.started_s = 1700000000,
			.ended_s = 1700003600,
			.code = i == ledger->runs ? ledger->last_run_code : 1,
			.command_line = ledger->text,
			.version = ledger->text,
			.source = &source,
			.gained = 7,
		};
		each(arg, &run);
	}
	return ledger->code;
}

int respin_ledger_attempts(struct respin_ledger *ledger,
			   int (*each)(void *arg, const struct respin_attempt *attempt), void *arg)
{
	struct respin_attempt attempt = ledger->attempt;
	for (uint64_t i = 0; i < ledger->attempts; i++) {
		each(arg, &attempt);
		attempt.range.start += ledger->step;
		attempt.time_ns += attempt.elapsed_ns;
	}
	return ledger->code;
}

int respin_ledger_notes(struct respin_ledger *ledger,
			int (*each)(void *arg, const struct respin_ledger_note *note), void *arg)
{
	struct respin_ledger_note note = {
		.size = sizeof note, .run = 1, .time_s = 951782400, .text = ledger->text};
	for (uint64_t i = 0; i < ledger->runs; i++)
		each(arg, &note);
	return 0;
}

#endif
