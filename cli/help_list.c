/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the help texts as a shell's completion needs them, see help.h. Has no words of its own. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "help.h"
#include "say.h"

/* Where the first column of a line ends: two blanks or its end. */
static size_t column(const char *line)
{
	size_t len = strcspn(line, "\n");
	for (size_t i = 0; i < len; i++)
		if (line[i] == ' ' && i + 1 < len && line[i + 1] == ' ')
			return i;
	return len;
}

/* What the last column says, if there is more than one. */
static void put_meaning(const char *line)
{
	size_t gap;
	for (;; line += gap) {
		gap = column(line);
		gap += strspn(line + gap, " ");
		if (!line[gap] || line[gap] == '\n' || column(line + gap) == strcspn(line + gap, "\n"))
			break;
	}
	line += gap;
	(void)printf("%.*s\n", (int)strcspn(line, "\n"), line);
}

static size_t word_length(const char *at, const char *end)
{
	size_t len = 0;
	while (at + len < end && !strchr(" ,[]\n", at[len]))
		len++;
	return len;
}

/* "-q, --quiet" or "--domain MAP": a line for each of its names, with the value that all of them take. */
static void list_option(const char *line)
{
	const char *end = line + column(line), *value = end;
	for (const char *at = line; at < end; at++)
		if (*at == ' ' && isupper((unsigned char)at[1]))
			value = at + 1;
	for (const char *at = line; at < end; at += strspn(at, " ,")) {
		size_t len = word_length(at, end);
		if (*at != '-' || !len)
			break;
		(void)printf("%.*s\t%.*s\t", (int)len, at, (int)word_length(value, end), value);
		put_meaning(line);
		at += len;
	}
}

static void list_options(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, "  -", 3))
			list_option(line + 2);
}

/* The words of a usage line; those in small letters belong to the command. How many there are. */
static unsigned list_words(const char *usage)
{
	const char *end = usage + column(usage);
	unsigned count = 0;
	for (const char *at = usage; at < end; at += strspn(at, " []")) {
		size_t len = word_length(at, end);
		if (!len)
			break;
		if (isupper((unsigned char)*at) && strncmp(at, "OPTIONS", strlen("OPTIONS")) != 0)
			(void)printf("%u\t%.*s\t\n", ++count, (int)len, at);
		at += len;
	}
	return count;
}

/* Lines that begin with the `prefix` name a command each. */
static void list_commands(const char *text, const char *prefix)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *name = line + strlen(prefix);
		if (strncmp(line, prefix, strlen(prefix)) != 0 || !islower((unsigned char)*name))
			continue;
		(void)printf("%.*s\t\t", (int)word_length(name, name + strcspn(name, "\n")), name);
		put_meaning(line + strspn(line, " "));
	}
}

int help_list(const char *command)
{
	const char *parts[HELP_PARTS];
	char prefix[64];
	if (!help_parts(command, parts))
		return say_usage(NULL, "there is no command %s", command);
	if (!command) {
		list_commands(parts[2], "  respin ");
		return STATUS_WHOLE;
	}
	(void)snprintf(prefix, sizeof prefix, "respin %s ", command);
	list_commands(parts[0], prefix);
	list_options(parts[1]);
	/* The first usage line that has any speaks for all. */
	for (const char *line = parts[0]; *line && *line != '\n' && !list_words(line);) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return STATUS_WHOLE;
}
