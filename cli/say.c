/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line to the person, see say.h. What the library's errors say is passed on as it is, but escaped. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "escape.h"

#define LINE_MAX_BYTES 1024

static __attribute__((format(printf, 2, 0))) void say_args(const char *before, const char *format,
							   va_list args)
{
	char raw[LINE_MAX_BYTES];
	char clean[ESCAPE_ROOM(LINE_MAX_BYTES)];
	(void)vsnprintf(raw, sizeof raw, format, args);
	(void)fprintf(stderr, "respin: %s%s\n", before, escape_text(clean, sizeof clean, raw));
}

void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_args("", format, args);
	va_end(args);
}

int say_failure(int code, const struct respin_error *error)
{
	say("%s", error && error->text[0] ? error->text : respin_code_name(code));
	return respin_exit_status(code);
}

int say_usage(const char *command, const char *format, ...)
{
	char raw[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(raw, sizeof raw, format, args);
	va_end(args);
	if (command)
		say("%s: %s; 'respin %s --help' explains", command, raw, command);
	else
		say("%s; 'respin help' explains", raw);
	return STATUS_USAGE;
}
