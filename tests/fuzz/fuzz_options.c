/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of rescue, sweep and patch: words that end at newlines. It
 * is taken, or refused with a message that is plain text. Opens nothing.
 */
#include "fuzz.h"

#include "../../cli/commands.h"
#include "../../cli/options.h"
#include "sink.h"

#define WORDS_MAX 24
#define TEXT_MAX 6000u

static bool is_word_of(const char *word, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (word >= argv[i] && word <= argv[i] + strlen(argv[i]))
			return true;
	return !word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX + 1];
	static const char *const commands[] = {"rescue", "sweep", "patch"};
	char command[8], *argv[WORDS_MAX + 2] = {command};
	int argc = 1;
	if (size < 1 || size > TEXT_MAX)
		return 0;
	memcpy(command, commands[data[0] % 3], strlen(commands[data[0] % 3]) + 1);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (char *word = text, *next; word && argc <= WORDS_MAX; word = next) {
		next = strchr(word, '\n');
		if (next)
			*next++ = '\0';
		argv[argc++] = word;
	}
	static struct options options;
	sink_open(1u << 20);
	int code = options_parse(&options, argc, argv);
	sink_close();
	MUST(code == OPTIONS_GO_ON || code == STATUS_WHOLE || code == STATUS_USAGE);
	if (code != OPTIONS_GO_ON)
		return 0;
	MUST(options.source && *options.source && options.image && *options.image);
	MUST(memchr(options.source_file, 0, sizeof options.source_file));
	MUST(strlen(options.source_file) <= strlen(options.source));
	MUST(is_word_of(options.image, argc, argv) && is_word_of(options.map, argc, argv));
	MUST(is_word_of(options.log, argc, argv) && is_word_of(options.events, argc, argv));
	MUST(is_word_of(options.domain, argc, argv) && !(options.quiet && options.verbose));
	return 0;
}
