/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "respin show" says beside its picture. Words only. */
#ifndef CLI_SHOW_WORDS_H
#define CLI_SHOW_WORDS_H

#include <stdio.h>

#include "screen.h"
#include "survey.h"

/* The words fit into this many columns; narrower would cut the amounts. */
#define SHOW_WORDS_COLUMNS 46

void show_words(const char *path, const struct survey *survey, const struct screen *screen, unsigned columns,
		FILE *out);
void show_legend(const struct screen *screen, FILE *out);

#endif
