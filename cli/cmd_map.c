/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin map: GNU ddrescuelog's options, output and exit statuses (0; 1 for a
 * wrong option or an unreadable file; 2 for a damaged map), so that habits and
 * scripts carry over. So far -t and -l; changes no map.
 */
#include "commands.h"

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/map.h>

#include "map_print.h"
#include "say.h"

/* ddrescuelog's own, not the rest of the program's. */
#define MAP_OK 0
#define MAP_TROUBLE 1
#define MAP_DAMAGED 2

/* ddrescuelog's default: hard disks, not discs. */
#define BLOCK_BYTES 512

struct map_command {
	char operation; /* 't' or 'l'; 0: none yet */
	unsigned types;
	uint64_t block_bytes;
	bool binary, loose;
	int verbosity;
};

enum long_option { OPTION_SHIFT = 256, OPTION_MAX_SIZE };

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
	{"shift", no_argument, NULL, OPTION_SHIFT},
	{"max-size", required_argument, NULL, OPTION_MAX_SIZE},
	{NULL, 0, NULL, 0},
};

static int refuse(const struct map_command *command, const char *argument, const char *why)
{
	if (command->verbosity >= 0)
		say("map: %s%s%s; 'respin map --help' explains", argument, *argument ? ": " : "", why);
	return MAP_TROUBLE;
}

/* "k" is 1000 and "Ki" 1024, "M" and "Mi" their squares, and so on; a "B" may follow. */
static bool parse_multiplier(const char *text, uint64_t *number)
{
	static const char prefixes[] = "kMGTPEZYRQ";
	if (*text && *text != 'B') {
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
	return *text == '\0' || (*text == 'B' && text[1] == '\0');
}

static int set_block_size(struct map_command *command, const char *argument)
{
	char *end;
	long long value = strtoll(argument, &end, 0);
	if (end == argument)
		return refuse(command, argument, "not a number");
	uint64_t bytes = value < 0 ? 0 : (uint64_t)value;
	if (!parse_multiplier(end, &bytes))
		return refuse(command, argument, "bad multiplier in the block size");
	if (bytes < 1 || bytes > INT_MAX)
		return refuse(command, argument, "the block size must be from 1 to 2147483647");
	command->block_bytes = bytes;
	return MAP_OK;
}

static int set_types(struct map_command *command, const char *argument)
{
	if (!*argument)
		return refuse(command, "-l", "needs the types of the blocks to list");
	command->types = 0;
	for (const char *p = argument; *p; p++) {
		unsigned status = 0;
		while (status < RESPIN_STATUSES && respin_status_char((enum respin_status)status) != *p)
			status++;
		if (status == RESPIN_STATUSES)
			return refuse(command, argument, "types of blocks are ? * / - +");
		command->types |= 1u << status;
	}
	return MAP_OK;
}

static int set_operation(struct map_command *command, char operation)
{
	if (command->operation && command->operation != operation)
		return refuse(command, "", "only one operation can be specified");
	command->operation = operation;
	return MAP_OK;
}

/* An option that is not taken: of a short one getopt tells the letter, of a long one the place. */
static int refuse_option(const struct map_command *command, int letter, char **argv, const char *why)
{
	char name[] = {'-', (char)letter, '\0'};
	return refuse(command, letter > ' ' && letter < 0x7f ? name : argv[optind - 1], why);
}

static int set_option(struct map_command *command, int option, char **argv)
{
	switch (option) {
	case 'b':
		return set_block_size(command, optarg);
	case 'B':
		command->binary = true;
		return MAP_OK;
	case 'l':
		if (set_operation(command, 'l') != MAP_OK)
			return MAP_TROUBLE;
		return set_types(command, optarg);
	case 'L':
		command->loose = true;
		return MAP_OK;
	case 'q':
		command->verbosity = -1;
		return MAP_OK;
	case 't':
		return set_operation(command, 't');
	case 'v':
		command->verbosity++;
		return MAP_OK;
	case ':':
		return refuse_option(command, optopt, argv, "option requires an argument");
	case '?':
		return refuse_option(command, optopt, argv, "no such option in this form");
	default:
		return refuse_option(command, option, argv, "not there yet");
	}
}

/* An empty map is no failure, and damage ends the command at once, as in ddrescuelog. */
static int do_map(const struct map_command *command, const char *path)
{
	/* Without a domain to look at, ddrescuelog heeds -L in -t alone. */
	struct respin_map_options options = {.size = sizeof options,
					     .loose = command->loose && command->operation == 't'};
	struct respin_map *map;
	struct respin_error error = {0};
	int code = respin_map_load(path, &options, &map, &error);
	if (code < 0) {
		if (command->verbosity >= 0)
			(void)say_failure(code, &error);
		return code == RESPIN_E_MAP_DAMAGED ? MAP_DAMAGED : MAP_TROUBLE;
	}
	if (respin_map_span(map).count == 0) {
		if (command->verbosity >= 0)
			say("nothing to do; domain is empty");
	} else if (command->operation == 't') {
		map_print_status(map, command->verbosity > 0 ? path : NULL, command->binary);
	} else {
		map_print_blocks(map, command->types, command->block_bytes);
	}
	respin_map_destroy(map);
	return MAP_OK;
}

int cmd_map(int argc, char **argv)
{
	struct map_command command = {.block_bytes = BLOCK_BYTES};
	int option, status = MAP_OK;

	optind = 0; /* main may have used getopt before */
	opterr = 0;
	while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (option == 'h')
			return help_print(argv[0]) ? MAP_OK : MAP_TROUBLE;
		if (option == 'V') {
			printf("respin %s\n", RESPIN_VERSION);
			return MAP_OK;
		}
		if (set_option(&command, option, argv) != MAP_OK)
			return MAP_TROUBLE;
	}
	if (!command.operation)
		return refuse(&command, "", "say what to do: -t or -l TYPES");
	if (optind == argc)
		return refuse(&command, "", "name a mapfile");
	if (command.operation == 'l' && argc - optind > 1)
		return refuse(&command, "", "-l takes one mapfile");

	for (int i = optind; i < argc && status != MAP_DAMAGED; i++) {
		int one = do_map(&command, argv[i]);
		status = one > status ? one : status;
	}
	/* main() says why, but ddrescuelog's status for it is its own. */
	if (fflush(stdout) != 0 || ferror(stdout))
		return MAP_TROUBLE;
	return status;
}
