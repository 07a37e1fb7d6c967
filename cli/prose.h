/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences in lines that fit. Does not escape: foreign text comes in escaped. */
#ifndef CLI_PROSE_H
#define CLI_PROSE_H

#include <stdio.h>

/* Prints a paragraph, broken at blanks into lines of at most `columns`. */
void prose(FILE *out, unsigned columns, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
