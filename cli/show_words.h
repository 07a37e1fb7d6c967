/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "respin show" says beside its picture. Words only. */
#ifndef CLI_SHOW_WORDS_H
#define CLI_SHOW_WORDS_H

#include <stdio.h>

#include "disc_view.h"
#include "survey.h"

void show_words(const char *path, const struct survey *survey, const struct screen *screen, unsigned columns,
		FILE *out);

#endif
