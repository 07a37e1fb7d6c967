/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin map: GNU ddrescuelog's operations with its options, output and exit
 * statuses (0; 1 for a wrong option, an unreadable file, or "no"; 2 for a
 * damaged map), so that habits and scripts carry over. Opens the maps and
 * gives them to the operation; what a map is made of is in map_*.c.
 */
#include "commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "map_algebra.h"
#include "map_blocks.h"
#include "map_options.h"
#include "map_print.h"
#include "say.h"

struct job {
	struct map_command command;
	struct map_domain domain;
	struct respin_map *mask, *other; /* of -m; of -p -P -x -y -z */
	char line[1024];                 /* the command line, for the head of what is written */
};

static int load(const struct job *job, const char *path, bool loose, enum respin_status gap,
		struct respin_map **map)
{
	struct respin_map_options options = {
		.size = sizeof options, .loose = loose, .gap_status = (uint8_t)gap};
	struct respin_error error = {0};
	int code = respin_map_load(path, &options, map, &error);
	if (code >= 0)
		return MAP_OK;
	if (job->command.verbosity >= 0)
		(void)say_failure(code, &error);
	return code == RESPIN_E_MAP_DAMAGED ? MAP_DAMAGED : MAP_TROUBLE;
}

static int trouble(const struct job *job, const char *what, const char *why)
{
	if (job->command.verbosity >= 0)
		say("%s: %s", what, why);
	return MAP_TROUBLE;
}

static int written(const struct job *job, int code, FILE *file, const struct respin_map *map)
{
	if (code < 0)
		return trouble(job, "map", "no memory");
	map_print_file(file, map, map, NULL, job->line, job->command.binary);
	return MAP_OK;
}

/* A new map, printed and forgotten. */
static int show_new(const struct job *job, int code, struct respin_map *map, const struct respin_map *from,
		    const struct respin_error *error)
{
	if (code < 0)
		code = trouble(job, "map", error->text);
	else
		map_print_file(stdout, map, from, NULL, job->line, job->command.binary);
	respin_map_destroy(map);
	return code;
}

static bool is_done(const struct job *job, const struct respin_map *map)
{
	struct respin_extent part;
	return !map_domain_part(&job->domain, map, 0, MAP_TYPES_ALL & ~(1u << RESPIN_FINISHED), &part);
}

static int done(const struct job *job, const struct respin_map *map, const char *path)
{
	if (!is_done(job, map)) {
		if (job->command.verbosity > 0)
			say("%s: not done: something in it is not finished", path);
		return MAP_TROUBLE;
	}
	if (job->command.operation == 'D' || !strcmp(path, "-"))
		return MAP_OK;
	if (unlink(path) < 0)
		return trouble(job, path, strerror(errno));
	if (job->command.verbosity > 0)
		say("%s: deleted", path);
	return MAP_OK;
}

static int compare(const struct job *job, const struct respin_map *map, const char *path)
{
	if (map_equal(map, job->other, &job->domain, (char)job->command.operation))
		return MAP_OK;
	if (job->command.verbosity >= 0)
		say("the maps '%s' and '%s' differ", path, job->command.other);
	return MAP_TROUBLE;
}

static int shift(const struct job *job, const struct respin_map *map)
{
	const struct map_command *command = &job->command;
	struct respin_map *shifted = NULL;
	struct respin_error error = {0};
	uint64_t end = command->size_bytes == UINT64_MAX ? 0 : range_end(job->domain.base);
	int code = map_shift(map, command->from_bytes, command->to_bytes, end, &shifted, &error);
	return show_new(job, code, shifted, map, &error);
}

static int complete(const struct job *job, const struct respin_map *map)
{
	struct respin_map *whole = NULL;
	struct respin_error error = {0};
	if (!respin_map_span(map).count) /* there is nothing to fill up to */
		return written(job, 0, stdout, map);
	int code = map_complete(map, job->command.listed, &whole, &error);
	return show_new(job, code, whole, map, &error);
}

static int operate(const struct job *job, struct respin_map *map, const char *path)
{
	const struct map_command *command = &job->command;
	switch (command->operation) {
	case 'a':
	case 'n':
		return written(job, map_change(map, &job->domain, command->change), stdout, map);
	case 'A':
		map_print_file(stdout, map, map, &job->domain, job->line, command->binary);
		return MAP_OK;
	case 'd':
	case 'D':
		return done(job, map, path);
	case 'l':
		return map_blocks_print(map, &job->domain, command);
	case 'p':
	case 'P':
		return compare(job, map, path);
	case 't':
		map_print_status(map, &job->domain, command->verbosity > 0 ? path : NULL, command->binary);
		return MAP_OK;
	case OPERATION_SHIFT:
		return shift(job, map);
	default: /* x y z */
		return written(job, map_combine(map, &job->domain, job->other, (char)command->operation),
			       stdout, map);
	}
}

/* That is no failure. */
static int nothing_to_do(const struct job *job)
{
	if (job->command.verbosity >= 0)
		say("nothing to do; domain is empty");
	return MAP_OK;
}

/* An empty map is no failure, and damage ends the command at once, as in ddrescuelog. */
static int do_map(const struct job *job, const char *path)
{
	const struct map_command *command = &job->command;
	bool completes = command->operation == 'C';
	struct respin_map *map;
	/* Without a domain to look at, ddrescuelog heeds -L in -t alone. */
	int status = load(job, path, completes || (command->loose && command->operation == 't'),
			  completes ? command->listed : RESPIN_NON_TRIED, &map);
	if (status != MAP_OK)
		return status;
	if (completes)
		status = complete(job, map);
	else if (map_domain_span(&job->domain, map).count &&
		 (!job->other || map_domain_span(&job->domain, job->other).count))
		status = operate(job, map, path);
	else
		status = nothing_to_do(job);
	respin_map_destroy(map);
	return status;
}

/* What -c leaves: from 0 to where the domain ends in the output. */
static int blank(const struct job *job, struct respin_map **map, struct respin_error *error)
{
	const struct map_command *command = &job->command;
	struct respin_range part, all = {0, 0};
	uint64_t end = command->from_bytes;
	for (uint64_t pos = 0; map_domain_next(&job->domain, pos, &part); pos = range_end(part))
		end = range_end(part);
	all.count = end - command->from_bytes + command->to_bytes;
	if (all.count > INT64_MAX)
		all.count = INT64_MAX;
	int code = respin_map_create(all, map, error);
	return code < 0 ? code : respin_map_set(*map, all, command->unlisted);
}

static FILE *make_file(const struct job *job, const char *path)
{
	if (!strcmp(path, "-"))
		return stdout;
	FILE *file = fopen(path, job->command.force ? "we" : "wxe");
	if (!file)
		(void)trouble(job, path,
			      errno == EEXIST ? "exists; overwrite it with --force" : strerror(errno));
	return file;
}

static int create(const struct job *job, const char *path)
{
	struct respin_map *map = NULL;
	struct respin_error error = {0};
	unsigned long line;
	FILE *file = make_file(job, path);
	if (!file)
		return MAP_TROUBLE;
	int status = blank(job, &map, &error) < 0 ? trouble(job, "map", error.text) : MAP_OK;
	if (status == MAP_OK)
		status = map_blocks_read(stdin, map, &job->domain, &job->command, &line);
	if (status == MAP_DAMAGED && job->command.verbosity >= 0)
		say("standard input: line %lu is no number of a block", line);
	if (status == MAP_OK)
		map_print_file(file, map, map, NULL, job->line, job->command.binary);
	respin_map_destroy(map);
	if (file != stdout && fclose(file) != 0 && status == MAP_OK)
		status = trouble(job, path, strerror(errno));
	return status;
}

/* Options that forbid each other, and the number of files. */
static int check(const struct map_command *command, int files)
{
	if (!command->operation)
		return map_refuse(command, "", "say what to do, for example -t or -l TYPES");
	if (files < 1)
		return map_refuse(command, "", "name a mapfile");
	if (files > 1 && command->operation != 't')
		return map_refuse(command, "", "one mapfile is enough");
	if (command->operation == OPERATION_SHIFT && command->from_bytes && command->to_bytes)
		return map_refuse(command, "--shift", "-i or -o must be 0");
	return MAP_OK;
}

static int open_others(struct job *job)
{
	const struct map_command *command = &job->command;
	uint64_t most = INT64_MAX - command->from_bytes;
	job->domain.base = (struct respin_range){command->from_bytes,
						 command->size_bytes < most ? command->size_bytes : most};
	int status = MAP_OK;
	if (command->domain)
		status = load(job, command->domain, command->loose, RESPIN_NON_TRIED, &job->mask);
	job->domain.mask = job->mask;
	if (status == MAP_OK && command->other)
		status = load(job, command->other, command->loose && command->operation == 'P',
			      RESPIN_NON_TRIED, &job->other);
	return status;
}

static int do_maps(const struct job *job, int argc, char **argv)
{
	int status = MAP_OK;
	for (int i = optind; i < argc && status != MAP_DAMAGED; i++) {
		int one = do_map(job, argv[i]);
		status = one > status ? one : status;
	}
	return status;
}

/* The operation itself, once everything beside the map is known. */
static int run(const struct job *job, int argc, char **argv)
{
	const struct map_command *command = &job->command;
	uint64_t from = command->from_bytes, to = command->to_bytes;
	struct respin_range part;
	/* ddrescuelog looks at the offset of -l first, and at that of -c last. */
	bool apart = (from > to ? from - to : to - from) % command->block_bytes;
	bool empty = !map_domain_next(&job->domain, 0, &part) && command->operation != 'C';
	if (apart && (command->operation == 'l' || (command->operation == 'c' && !empty)))
		return map_refuse(command, "-o", "must lie whole blocks from -i");
	if (empty)
		return nothing_to_do(job);
	return command->operation == 'c' ? create(job, argv[optind]) : do_maps(job, argc, argv);
}

static void join_words(struct job *job, int argc, char **argv)
{
	size_t len = (size_t)snprintf(job->line, sizeof job->line, "respin");
	for (int i = 0; i < argc && len < sizeof job->line; i++)
		len += (size_t)snprintf(job->line + len, sizeof job->line - len, " %s", argv[i]);
}

int cmd_map(int argc, char **argv)
{
	struct job job = {0};
	bool only_told;
	join_words(&job, argc, argv);
	int status = map_options(&job.command, argc, argv, &only_told);
	if (status != MAP_OK || only_told)
		return status;
	status = check(&job.command, argc - optind);
	if (status == MAP_OK)
		status = open_others(&job);
	if (status == MAP_OK)
		status = run(&job, argc, argv);
	respin_map_destroy(job.mask);
	respin_map_destroy(job.other);
	/* main() says why, but ddrescuelog's status for it is its own. */
	if (fflush(stdout) != 0 || ferror(stdout))
		return MAP_TROUBLE;
	return status;
}
