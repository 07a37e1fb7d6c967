/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ddrescuelog's options, see map_options.h. */
#include "map_options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "say.h"

/* ddrescuelog's default: hard disks, not discs. */
#define BLOCK_BYTES 512
#define OPTION_MAX_SIZE 257

static const char short_options[] = ":a:Ab:Bc::C::dDfF:hi:l:Lm:no:p:P:qs:tvVx:y:z:";
static const struct option long_options[] = {
	{"annotate-mapfile", no_argument, NULL, 'A'},
	{"change-types", required_argument, NULL, 'a'},
	{"binary-prefixes", no_argument, NULL, 'B'},
	{"block-size", required_argument, NULL, 'b'},
	{"sector-size", required_argument, NULL, 'b'},
	{"create-mapfile", optional_argument, NULL, 'c'},
	{"complete-mapfile", optional_argument, NULL, 'C'},
	{"delete-if-done", no_argument, NULL, 'd'},
	{"done-status", no_argument, NULL, 'D'},
	{"force", no_argument, NULL, 'f'},
	{"format", required_argument, NULL, 'F'},
	{"help", no_argument, NULL, 'h'},
	{"input-position", required_argument, NULL, 'i'},
	{"list-blocks", required_argument, NULL, 'l'},
	{"loose-domain", no_argument, NULL, 'L'},
	{"domain-mapfile", required_argument, NULL, 'm'},
	{"invert-mapfile", no_argument, NULL, 'n'},
	{"output-position", required_argument, NULL, 'o'},
	{"compare-mapfile", required_argument, NULL, 'p'},
	{"compare-as-domain", required_argument, NULL, 'P'},
	{"quiet", no_argument, NULL, 'q'},
	{"size", required_argument, NULL, 's'},
	{"show-status", no_argument, NULL, 't'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"xor-mapfile", required_argument, NULL, 'x'},
	{"and-mapfile", required_argument, NULL, 'y'},
	{"or-mapfile", required_argument, NULL, 'z'},
	{"shift", no_argument, NULL, OPERATION_SHIFT},
	{"max-size", required_argument, NULL, OPTION_MAX_SIZE},
	{NULL, 0, NULL, 0},
};

int map_refuse(const struct map_command *command, const char *argument, const char *why)
{
	if (command->verbosity >= 0)
		say("map: %s%s%s; 'respin map --help' explains", argument, *argument ? ": " : "", why);
	return MAP_TROUBLE;
}

/*
 * "k" is 1000 and "Ki" 1024, "M" and "Mi" their squares, and so on; a "B" may
 * follow, or an "s": so many blocks, as large as the -b before it says.
 */
static bool parse_multiplier(const struct map_command *command, const char *text, uint64_t *number)
{
	static const char prefixes[] = "kMGTPEZYRQ";
	if (*text && *text != 'B' && *text != 's') {
		const char *prefix = strchr(prefixes, *text == 'K' ? 'k' : *text);
		bool binary = text[1] == 'i';
		/* Kilo is "k" alone and "Ki" together, as the standards have it. */
		if (!prefix || (*text == 'k' && binary) || (*text == 'K' && !binary))
			return false;
		for (ptrdiff_t power = prefix - prefixes; power >= 0; power--)
			if (__builtin_mul_overflow(*number, binary ? 1024 : 1000, number))
				*number = UINT64_MAX;
		text += binary ? 2 : 1;
	}
	if (*text == 's' && __builtin_mul_overflow(*number, command->block_bytes, number))
		*number = UINT64_MAX;
	return *text == '\0' || ((*text == 'B' || *text == 's') && text[1] == '\0');
}

/* A number from `min` to `max`; of -s, -1 is everything. */
static int set_number(const struct map_command *command, const char *argument, uint64_t min, uint64_t max,
		      uint64_t *number)
{
	char *end;
	long long value = strtoll(argument, &end, 0);
	if (end == argument)
		return map_refuse(command, argument, "not a number");
	uint64_t bytes = value < 0 ? 0 : (uint64_t)value;
	if (!parse_multiplier(command, end, &bytes))
		return map_refuse(command, argument, "bad multiplier");
	if (value < 0 || bytes < min || bytes > max)
		return map_refuse(command, argument, "this number is out of bounds");
	*number = bytes;
	return MAP_OK;
}

static int set_size(struct map_command *command, const char *argument)
{
	if (!strcmp(argument, "-1")) {
		command->size_bytes = UINT64_MAX;
		return MAP_OK;
	}
	return set_number(command, argument, 0, INT64_MAX, &command->size_bytes);
}

static bool is_type(char letter, enum respin_status *status)
{
	for (unsigned i = 0; i < RESPIN_STATUSES; i++)
		if (respin_status_char((enum respin_status)i) == letter) {
			*status = (enum respin_status)i;
			return true;
		}
	return false;
}

static int refuse_type(const struct map_command *command, const char *argument)
{
	return map_refuse(command, argument, "types of blocks are ? * / - +");
}

static int set_types(struct map_command *command, const char *argument)
{
	enum respin_status status;
	command->types = 0;
	if (!*argument)
		return map_refuse(command, "-l", "needs the types of the blocks to list");
	for (const char *p = argument; *p; p++) {
		if (!is_type(*p, &status))
			return refuse_type(command, argument);
		command->types |= 1u << status;
	}
	return MAP_OK;
}

/* "OLD,NEW" as tr has it: what has no partner becomes the last of NEW. */
static int set_change(struct map_command *command, const char *argument)
{
	const char *comma = strchr(argument, ',');
	const char *to = comma ? comma + 1 : "";
	enum respin_status old, new = RESPIN_NON_TRIED;
	bool seen[RESPIN_STATUSES] = {false};
	if (!comma || comma == argument || !*to)
		return map_refuse(command, argument, "-a takes OLD,NEW types of blocks");
	for (unsigned i = 0; i < RESPIN_STATUSES; i++)
		command->change[i] = (uint8_t)i;
	for (const char *from = argument; from < comma; from++) {
		if (!is_type(*from, &old) || (*to && !is_type(*to, &new)))
			return refuse_type(command, argument);
		if (!seen[old])
			command->change[old] = (uint8_t) new;
		seen[old] = true;
		to += *to != '\0';
	}
	for (; *to; to++)
		if (!is_type(*to, &new))
			return refuse_type(command, argument);
	return MAP_OK;
}

static int set_created(struct map_command *command, const char *argument)
{
	if (argument && (strlen(argument) != 2 || !is_type(argument[0], &command->listed) ||
			 !is_type(argument[1], &command->unlisted) || argument[0] == argument[1]))
		return map_refuse(command, argument, "-c takes two different types of blocks, or none");
	return MAP_OK;
}

static int set_completed(struct map_command *command, const char *argument)
{
	command->listed = RESPIN_NON_TRIED;
	if (argument && (strlen(argument) != 1 || !is_type(*argument, &command->listed)))
		return map_refuse(command, argument, "-C takes one type of blocks, or none");
	return MAP_OK;
}

static int set_format(struct map_command *command, const char *argument)
{
	static const struct {
		const char *name;
		enum map_format format;
	} formats[] = {{"list", FORMAT_LIST},
		       {"bitmap", FORMAT_BITMAP_LE},
		       {"bitmap-le", FORMAT_BITMAP_LE},
		       {"bitmap-be", FORMAT_BITMAP_BE}};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(argument, formats[i].name)) {
			command->format = formats[i].format;
			return MAP_OK;
		}
	return map_refuse(command, argument, "formats are list, bitmap, bitmap-le and bitmap-be");
}

static int set_operation(struct map_command *command, int operation)
{
	if (command->operation && command->operation != operation)
		return map_refuse(command, "", "only one operation can be specified");
	command->operation = operation;
	return MAP_OK;
}

/* An option that is not taken: of a short one getopt tells the letter, of a long one the place. */
static int refuse_option(const struct map_command *command, int letter, char **argv, const char *why)
{
	char name[] = {'-', (char)letter, '\0'};
	return map_refuse(command, letter > ' ' && letter < 0x7f ? name : argv[optind - 1], why);
}

/* What says what to do. */
static int set_task(struct map_command *command, int option)
{
	static const char inverse[] = "?*/-+,++++-";
	int rc = set_operation(command, option);
	if (rc != MAP_OK)
		return rc;
	switch (option) {
	case 'a':
		return set_change(command, optarg);
	case 'n':
		return set_change(command, inverse);
	case 'c':
		return set_created(command, optarg);
	case 'C':
		return set_completed(command, optarg);
	case 'l':
		return set_types(command, optarg);
	case 'p':
	case 'P':
	case 'x':
	case 'y':
	case 'z':
		command->other = optarg;
		return MAP_OK;
	default:
		return MAP_OK;
	}
}

/* What says how. */
static int set_manner(struct map_command *command, int option, char **argv)
{
	switch (option) {
	case 'b':
		return set_number(command, optarg, 1, INT_MAX, &command->block_bytes);
	case 'B':
		command->binary = true;
		return MAP_OK;
	case 'f':
		command->force = true;
		return MAP_OK;
	case 'F':
		return set_format(command, optarg);
	case 'i':
		return set_number(command, optarg, 0, INT64_MAX, &command->from_bytes);
	case 'L':
		command->loose = true;
		return MAP_OK;
	case 'm':
		command->domain = optarg;
		return MAP_OK;
	case 'o':
		return set_number(command, optarg, 0, INT64_MAX, &command->to_bytes);
	case 'q':
		command->verbosity = -1;
		return MAP_OK;
	case 's':
	case OPTION_MAX_SIZE:
		return set_size(command, optarg);
	case 'v':
		command->verbosity++;
		return MAP_OK;
	case ':':
		return refuse_option(command, optopt, argv, "option requires an argument");
	default:
		return refuse_option(command, optopt, argv, "no such option in this form");
	}
}

int map_options(struct map_command *command, int argc, char **argv, bool *only_told)
{
	static const int tasks[] = {
		'a', 'A', 'c', 'C', 'd', 'D', 'l', 'n', 'p', 'P', 't', 'x', 'y', 'z', OPERATION_SHIFT};
	*command = (struct map_command){.block_bytes = BLOCK_BYTES,
					.to_bytes = UINT64_MAX,
					.size_bytes = UINT64_MAX,
					.listed = RESPIN_FINISHED,
					.unlisted = RESPIN_BAD};
	*only_told = false;
	optind = 0; /* main may have used getopt before */
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1;) {
		bool is_task = false;
		for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
			is_task = is_task || tasks[i] == option;
		*only_told = option == 'h' || option == 'V';
		if (option == 'h')
			return help_print(argv[0]) ? MAP_OK : MAP_TROUBLE;
		if (option == 'V')
			return printf("respin %s\n", RESPIN_VERSION) > 0 ? MAP_OK : MAP_TROUBLE;
		int rc = is_task ? set_task(command, option) : set_manner(command, option, argv);
		if (rc != MAP_OK)
			return rc;
	}
	if (command->to_bytes == UINT64_MAX)
		command->to_bytes = command->from_bytes;
	return MAP_OK;
}
