/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences in lines that fit, see prose.h. */
#include "prose.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* The length of the word at `text`: a blank between digits groups a number and breaks no line. */
static size_t word_len(const char *text)
{
	size_t len = strcspn(text, " ");
	while (len && text[len] && isdigit((unsigned char)text[len - 1]) &&
	       isdigit((unsigned char)text[len + 1]))
		len += 1 + strcspn(text + len + 1, " ");
	return len;
}

void prose(FILE *out, unsigned columns, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	size_t used = 0;
	for (const char *word = text; *word;) {
		size_t len = word_len(word);
		if (used && used + 1 + len > columns) {
			(void)fputc('\n', out);
			used = 0;
		}
		(void)fprintf(out, "%s%.*s", used ? " " : "", (int)len, word);
		used += len + (used ? 1 : 0);
		word += len;
		word += strspn(word, " ");
	}
	(void)fputc('\n', out);
}
