/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of rescue, sweep and patch, see options.h. Opens nothing. */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "quantity.h"
#include "say.h"

/* A month: who does not come by then does not come. */
#define SPACE_WAIT_MAX_S (31 * UINT64_C(86400))

enum {
	OPTION_LOG = 256,
	OPTION_EVENTS,
	OPTION_DOMAIN,
	OPTION_FORCE,
	OPTION_KEEP_BAD,
	OPTION_SPACE_WAIT,
	OPTION_EMERGENCY_DIR,
	OPTION_NOTE,
	OPTION_NO_LEDGER,
	OPTION_FILES_FIRST,
	OPTION_ONLY,
	OPTION_USED_ONLY,
	OPTION_BELL,
	OPTION_NOTIFY,
	OPTION_ON_DONE
};

static const struct option known[] = {
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"log", required_argument, NULL, OPTION_LOG},
	{"events", required_argument, NULL, OPTION_EVENTS},
	{"domain", required_argument, NULL, OPTION_DOMAIN},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"keep-bad", no_argument, NULL, OPTION_KEEP_BAD},
	{"space-wait", required_argument, NULL, OPTION_SPACE_WAIT},
	{"emergency-dir", required_argument, NULL, OPTION_EMERGENCY_DIR},
	{"note", required_argument, NULL, OPTION_NOTE},
	{"no-ledger", no_argument, NULL, OPTION_NO_LEDGER},
	{"files-first", no_argument, NULL, OPTION_FILES_FIRST},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"used-only", no_argument, NULL, OPTION_USED_ONLY},
	{"bell", no_argument, NULL, OPTION_BELL},
	{"notify", no_argument, NULL, OPTION_NOTIFY},
	{"on-done", required_argument, NULL, OPTION_ON_DONE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

int options_refuse(const char *command, int found, char **argv)
{
	const char *word = argv[optind - 1];
	/* A short option inside a group ("-qx") is named by its letter. */
	if (found == ':')
		return say_usage(command, "%s needs a value", word);
	if (strncmp(word, "--", 2) != 0)
		return say_usage(command, "there is no option -%c", optopt);
	if (optopt)
		return say_usage(command, "%s takes no value", word);
	return say_usage(command, "there is no option %s", word);
}

/* OPTIONS_GO_ON, or the exit status. */
static int take_order(struct options *options, enum order order, const char *pattern)
{
	if (options->mode == RESPIN_MODE_PATCH)
		return say_usage(options->command,
				 "what comes first is for rescue and sweep: patch tries what failed");
	if (options->order != ORDER_PLAIN)
		return say_usage(options->command,
				 "of --files-first, --only and --used-only there can be one, once");
	if (order == ORDER_PATTERN && !*pattern)
		return say_usage(options->command, "--only needs the name of a file, or a pattern");
	options->order = order;
	options->pattern = pattern;
	return OPTIONS_GO_ON;
}

static enum respin_mode mode_of(const char *command)
{
	if (strcmp(command, "sweep") == 0)
		return RESPIN_MODE_SWEEP;
	if (strcmp(command, "patch") == 0)
		return RESPIN_MODE_PATCH;
	return RESPIN_MODE_RESCUE;
}

/* %XX at the head of a text of `left` characters, as sim: addresses write what they cannot hold. */
static bool coded_byte(const char *text, size_t left, char *byte)
{
	char digits[3] = {0}, *end;
	if (left < 3 || *text != '%')
		return false;
	memcpy(digits, text + 1, 2);
	*byte = (char)strtol(digits, &end, 16);
	return end == digits + 2;
}

/* A path is its own file; a simulated disc names one; what lies behind a net has none here. */
static void note_source_file(struct options *options)
{
	const char *source = options->source, *image = source;
	size_t len = strlen(source);
	bool coded = strncmp(source, "sim:", 4) == 0;
	if (coded) {
		do
			image = strstr(image + 1, "image=");
		while (image && image[-1] != '?' && image[-1] != '&');
		len = image ? strcspn(image += strlen("image="), "&") : 0;
	} else if (strstr(source, "://") || strncmp(source, "image:", 6) == 0) {
		len = 0; /* of an image the library knows the file */
	}
	char *to = options->source_file;
	const char *last = to + sizeof options->source_file - 1; /* zeroed before: terminated */
	for (size_t i = 0; i < len && to < last; i++, to++) {
		if (coded && coded_byte(image + i, len - i, to))
			i += 2;
		else
			*to = image[i];
	}
}

static int take_words(struct options *options, int count, char **words)
{
	static const char *const names[] = {"SOURCE", "IMAGE", "MAPFILE"};
	if (count < 2)
		return say_usage(options->command, "%s missing", count ? "IMAGE is" : "SOURCE and IMAGE are");
	if (count > 3)
		return say_usage(options->command, "one word too many: %s", words[3]);
	for (int i = 0; i < count; i++)
		if (!*words[i])
			return say_usage(options->command, "%s is empty", names[i]);
	options->source = words[0];
	options->image = words[1];
	options->map = count > 2 ? words[2] : NULL;
	note_source_file(options);
	return OPTIONS_GO_ON;
}

/* The options that take no value. NULL: it is another. */
static bool *flag_of(struct options *options, int found)
{
	switch (found) {
	case 'q':
		return &options->quiet;
	case 'v':
		return &options->verbose;
	case OPTION_FORCE:
		return &options->force;
	case OPTION_KEEP_BAD:
		return &options->keep_bad;
	case OPTION_NO_LEDGER:
		return &options->no_ledger;
	case OPTION_BELL:
		return &options->bell;
	case OPTION_NOTIFY:
		return &options->notify;
	default:
		return NULL;
	}
}

int options_parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){.command = argv[0], .mode = mode_of(argv[0])};
	uint64_t seconds;
	int status = OPTIONS_GO_ON;
	opterr = 0;
	optind = 0; /* glibc: start anew, also after another command line */
	for (int found; (found = getopt_long(argc, argv, ":qvh", known, NULL)) != -1;) {
		bool *flag = flag_of(options, found);
		if (flag) {
			*flag = true;
			continue;
		}
		switch (found) {
		case 'h':
			return help_print(argv[0]) ? STATUS_WHOLE : STATUS_USAGE;
		case OPTION_LOG:
			options->log = optarg;
			break;
		case OPTION_EVENTS:
			options->events = optarg;
			break;
		case OPTION_DOMAIN:
			options->domain = optarg;
			break;
		case OPTION_SPACE_WAIT:
			if (!quantity_parse(optarg, 0, SPACE_WAIT_MAX_S, &seconds))
				return say_usage(argv[0], "--space-wait: %s is no number of seconds", optarg);
			options->space_wait_s = (uint32_t)seconds;
			break;
		case OPTION_EMERGENCY_DIR:
			options->emergency_dir = optarg;
			break;
		case OPTION_NOTE:
			options->note = optarg;
			break;
		case OPTION_FILES_FIRST:
			status = take_order(options, ORDER_FILES_FIRST, NULL);
			break;
		case OPTION_ONLY:
			status = take_order(options, ORDER_PATTERN, optarg);
			break;
		case OPTION_USED_ONLY:
			status = take_order(options, ORDER_USED_ONLY, NULL);
			break;
		case OPTION_ON_DONE:
			options->on_done = optarg;
			break;
		default:
			return options_refuse(argv[0], found, argv);
		}
		if (status != OPTIONS_GO_ON)
			return status;
	}
	if (options->log && strcmp(options->log, "-") == 0)
		return say_usage(argv[0], "--log needs a file, and - is none");
	if (options->note && options->no_ledger)
		return say_usage(argv[0], "--note is written in the ledger, and --no-ledger wants none");
	if (options->quiet && options->verbose)
		return say_usage(argv[0], "--quiet and --verbose exclude each other");
	return take_words(options, argc - optind, argv + optind);
}
