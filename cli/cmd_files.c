/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin files: the files in an image and what there is of each; with
 * --extract, the files themselves. Reads image and map, changes neither.
 */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <respin/files.h>

#include "commands.h"
#include "playing.h"
#include "escape.h"
#include "extract.h"
#include "options.h"
#include "quantity.h"
#include "say.h"
#include "screen.h"

#define SESSIONS_MAX 1000 /* more than there is room for on any disc */

struct files_command {
	const char *image, *map, *pattern, *extract;
	char beside[4096]; /* IMAGE.map */
	struct respin_files_options options;
	bool hit, partial, missing, sessions;
	struct screen screen;
};

static int take_options(struct files_command *command, int argc, char **argv)
{
	enum { EXTRACT = 256, PARTIAL, HIT, MISSING, SESSION, SESSIONS, PLAIN };
	static const struct option known[] = {{"extract", required_argument, NULL, EXTRACT},
					      {"partial", no_argument, NULL, PARTIAL},
					      {"hit", no_argument, NULL, HIT},
					      {"missing", no_argument, NULL, MISSING},
					      {"session", required_argument, NULL, SESSION},
					      {"sessions", no_argument, NULL, SESSIONS},
					      {"plain", no_argument, NULL, PLAIN},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		switch (found) {
		case EXTRACT:
			command->extract = optarg;
			break;
		case PARTIAL:
			command->partial = true;
			break;
		case HIT:
			command->hit = true;
			break;
		case MISSING:
			command->missing = command->hit = true;
			break;
		case PLAIN:
			command->options.plain = 1;
			break;
		case SESSION:
			if (!quantity_parse(optarg, 0, UINT32_MAX, &command->options.session_lba))
				return say_usage("files", "--session takes the LBA that --sessions tells: %s",
						 optarg);
			command->options.first = command->options.session_lba == 0;
			break;
		case SESSIONS:
			command->sessions = true;
			break;
		case 'h':
			return help_print("files") ? STATUS_WHOLE : STATUS_USAGE;
		default:
			return options_refuse("files", found, argv);
		}
	}
	return OPTIONS_GO_ON;
}

/* IMAGE [MAPFILE] [PATTERN]: a second word is the map if it is a file, or if a third one follows. */
static int take_words(struct files_command *command, int argc, char **argv)
{
	int words = argc - optind;
	if (words < 1)
		return say_usage("files", "IMAGE is missing");
	if (words > 3)
		return say_usage("files", "one word too many: %s", argv[optind + 3]);
	command->image = argv[optind];
	bool second_is_map = words == 3 || (words == 2 && access(argv[optind + 1], F_OK) == 0);
	if (second_is_map)
		command->map = argv[optind + 1];
	if (words > 1 + second_is_map)
		command->pattern = argv[optind + 1 + second_is_map];
	if (command->partial && !command->extract)
		return say_usage("files", "--partial is for --extract");
	if (!command->map) {
		(void)snprintf(command->beside, sizeof command->beside, "%s.map", command->image);
		command->map = access(command->beside, F_OK) == 0 ? command->beside : NULL;
	}
	return OPTIONS_GO_ON;
}

static bool matches(const struct files_command *command, const char *path)
{
	const char *slash = strrchr(path, '/');
	return !command->pattern || !fnmatch(command->pattern, path, 0) ||
	       !fnmatch(command->pattern, slash ? slash + 1 : path, 0);
}

static void print_missing(const struct respin_files *files, uint64_t index)
{
	struct respin_extent stretch;
	for (uint64_t pos = 0; respin_files_missing(files, index, pos, &stretch);
	     pos = stretch.range.start + stretch.range.count)
		(void)printf("             %c  %" PRIu64 " bytes at %" PRIu64 "\n",
			     respin_status_char((enum respin_status)stretch.status), stretch.range.count,
			     stretch.range.start);
}

static void print_file(const struct files_command *command, const struct respin_file *file)
{
	static const char *const states[] = {"whole", "hit", "untouched", "unknown"};
	static const enum ink inks[] = {INK_SAVED, INK_LOST, INK_UNTRIED, INK_HOPE};
	size_t cap = ESCAPE_ROOM(strlen(file->path));
	char *clean = malloc(cap);
	uint64_t lacks = file->hoped_bytes + file->lost_bytes;
	if (!clean)
		return;
	screen_ink(&command->screen, stdout, inks[file->state]);
	(void)printf("%-9s", states[file->state]);
	screen_ink(&command->screen, stdout, INK_PLAIN);
	(void)printf("  %9s  %s%s",
		     file->state == RESPIN_FILE_UNKNOWN ? "?" : quantity_bytes(file->size_bytes).text,
		     escape_text(clean, cap, file->path), file->kind == RESPIN_FILE_DIRECTORY ? "/" : "");
	if (file->kind == RESPIN_FILE_DIRECTORY)
		(void)printf("  (its list is not complete)");
	else if (lacks)
		(void)printf("  (%s missing)", quantity_bytes(lacks).text);
	else if (file->state == RESPIN_FILE_HIT)
		(void)printf("  (where the rest of it lies cannot be read)");
	(void)printf("%s%s\n", file->orphan ? "  (nothing leads to it any more)" : "",
		     file->broken ? "  (contradicts itself)" : "");
	free(clean);
}

/* What the person came for, of the files that were asked for. */
struct sum {
	uint64_t states[4], lacks_bytes, seen;
};

static void sum_add(struct sum *sum, const struct respin_file *file)
{
	sum->seen++;
	if (file->kind != RESPIN_FILE_REGULAR)
		return; /* what is said of the disc is said of directories, and links have no bytes */
	sum->states[file->state]++;
	sum->lacks_bytes += file->hoped_bytes + file->lost_bytes;
}

/* "41 files are whole, 1 lacks 32.8 kB." */
static void print_sum(const struct sum *sum, bool sure)
{
	const uint64_t *states = sum->states, lack = states[RESPIN_FILE_HIT] + states[RESPIN_FILE_UNTOUCHED];
	uint64_t all = lack + states[RESPIN_FILE_WHOLE] + states[RESPIN_FILE_UNKNOWN];
	if (sure && all && all == states[RESPIN_FILE_WHOLE])
		(void)printf(all == 1 ? "1 file, and it is whole" : "All %" PRIu64 " files are whole", all);
	else
		(void)printf("%s %s whole", quantity_count(states[RESPIN_FILE_WHOLE], "file").text,
			     states[RESPIN_FILE_WHOLE] == 1 ? "is" : "are");
	if (lack)
		(void)printf(", %" PRIu64 " %s %s", lack, lack == 1 ? "lacks" : "lack",
			     quantity_bytes(sum->lacks_bytes).text);
	if (states[RESPIN_FILE_UNKNOWN])
		(void)printf(", of %" PRIu64 " only the %s left", states[RESPIN_FILE_UNKNOWN],
			     states[RESPIN_FILE_UNKNOWN] == 1 ? "name is" : "names are");
	(void)printf(".\n");
}

static void print_disc(const struct respin_files_info *info)
{
	static const char *const doubts[] = {
		NULL,
		"What was written last cannot be read: this is how the disc was before.",
		"The table of blocks that were moved cannot be read: whole files may hold old bytes.",
	};
	char clean[ESCAPE_ROOM(sizeof info->volume)];
	uint64_t files = 0;
	for (unsigned i = 0; i < 4; i++)
		files += info->states[i];
	(void)printf("%s \"%s\"", info->format, escape_text(clean, sizeof clean, info->volume));
	if (info->session_lba)
		(void)printf(", as of LBA %" PRIu64, info->session_lba);
	(void)printf(": %s in %" PRIu64 " %s\n", quantity_count(files, "file").text,
		     info->directories + 1, /* the root is one, too */
		     info->directories ? "directories" : "directory");
	if (info->incomplete_directories == 1)
		(void)printf("The list of a directory is not complete: there may have been more files.\n");
	else if (info->incomplete_directories)
		(void)printf("The lists of %" PRIu64
			     " directories are not complete: there may have been more files.\n",
			     info->incomplete_directories);
	if (info->cut)
		(void)printf("There are more files than can be told; the rest is left out.\n");
	if (info->doubt < sizeof doubts / sizeof *doubts && info->doubt)
		(void)printf("%s\n", doubts[info->doubt]);
}

static int list_sessions(const struct files_command *command)
{
	struct respin_error error = {0};
	struct respin_files_session *list = calloc(SESSIONS_MAX, sizeof *list);
	int count = list ? respin_files_sessions(command->image, command->map, list, SESSIONS_MAX, &error)
			 : RESPIN_E_NOMEM;
	for (int i = 0; i < count; i++)
		(void)printf("%10" PRIu64 "  %s\n", list[i].lba, list[i].udf ? "UDF" : "ISO 9660");
	free(list);
	if (count < 0)
		return say_failure(count, &error);
	(void)printf("%s; --session takes such an LBA, and without it the newest one is shown.\n",
		     quantity_count((uint64_t)count, "session").text);
	return STATUS_WHOLE;
}

static int run(const struct files_command *command, struct respin_files *files)
{
	struct respin_files_info info = {.size = sizeof info};
	struct respin_file file = {.size = sizeof file};
	struct extract extract = {.dir = -1};
	int status =
		command->extract ? extract_open(&extract, command->extract, command->partial) : STATUS_WHOLE;
	struct sum sum = {0};
	int more = 0;
	respin_files_info(files, &info);
	for (uint64_t i = 0; status == STATUS_WHOLE && (more = respin_files_at(files, i, &file)) > 0; i++) {
		if (!matches(command, file.path))
			continue;
		bool whole = file.state == RESPIN_FILE_WHOLE;
		sum_add(&sum, &file);
		if (command->extract)
			extract_file(&extract, files, i, &file);
		else if (whole ? !command->hit && file.kind != RESPIN_FILE_DIRECTORY : true)
			print_file(command, &file);
		if (command->missing && !whole && !command->extract)
			print_missing(files, i);
	}
	if (more < 0)
		status = say_failure(more, NULL);
	if (status == STATUS_WHOLE && !command->extract) {
		if (!command->pattern)
			status = playing_print(files);
		print_disc(&info);
		if (!command->map)
			(void)printf("There is no map of it: all of the image counts as read.\n");
		print_sum(&sum, !info.incomplete_directories && !info.doubt && !info.cut);
	}
	if (status == STATUS_WHOLE && command->extract) {
		(void)printf("%llu written to %s, %llu left out, %llu failed\n", extract.written,
			     command->extract, extract.skipped, extract.failed);
		if (extract.failed)
			status = STATUS_OUTPUT;
	}
	extract_close(&extract);
	bool whole = !sum.states[RESPIN_FILE_HIT] && !sum.states[RESPIN_FILE_UNTOUCHED] &&
		     !sum.states[RESPIN_FILE_UNKNOWN] && !info.incomplete_directories && !info.doubt &&
		     !info.cut;
	if (status == STATUS_WHOLE && command->pattern && !sum.seen) {
		say("%s: no file is called that, and there is no such MAPFILE", command->pattern);
		return STATUS_MISSING;
	}
	return status == STATUS_WHOLE && !whole ? STATUS_MISSING : status;
}

int cmd_files(int argc, char **argv)
{
	struct files_command command = {.options.size = sizeof command.options};
	struct respin_error error = {0};
	struct respin_files *files;
	int status = take_options(&command, argc, argv);
	if (status == OPTIONS_GO_ON)
		status = take_words(&command, argc, argv);
	if (status != OPTIONS_GO_ON)
		return status;
	if (command.sessions)
		return list_sessions(&command);
	screen_look(&command.screen, stdout);
	int code = respin_files_open(command.image, command.map, &command.options, &files, &error);
	if (code < 0)
		return say_failure(code, &error);
	status = run(&command, files);
	respin_files_destroy(files);
	return status;
}
