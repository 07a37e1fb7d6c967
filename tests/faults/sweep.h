/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all sweeps share: cases with names, a seeded slice of them or all, what
 * was found, and the line that replays one. A case is what its name says:
 * the same name is the same run. Knows nothing of faults.
 *
 * RESPIN_LONG: all cases; otherwise a slice, drawn by RESPIN_SEED. RESPIN_THIN=N:
 * an nth of that. RESPIN_CASE: that one alone.
 */
#ifndef FAULTS_SWEEP_H
#define FAULTS_SWEEP_H

#include <stdbool.h>

enum sweep_wrong {
	SWEEP_FALSE_FINISHED, /* the map calls finished what the image does not hold */
	SWEEP_LOST,           /* acknowledged work is gone, or a resume does not end with the whole image */
	SWEEP_HANG,
	SWEEP_LEAK,
	SWEEP_CODE, /* not the documented code, or not one clear line */
	SWEEP_WRONGS
};

/* `name`: the first part of every case's name; `share`: one case in so many is drawn. */
void sweep_begin(const char *name, unsigned share);
/* Shall this case be run? It then is the one at work until the next call. */
bool sweep_case(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Is it that one alone? Then it may tell more. */
bool sweep_replays(void);
/* Its name, for what is derived from it: the same in every run. */
unsigned long long sweep_number(void);
/* The case at work is wrong; after a handful the sweep ends. Returns. */
void sweep_wrong(enum sweep_wrong wrong, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The case at work cannot even be ended: says so and exits. */
void sweep_stuck(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The last line, and the exit status. */
int sweep_end(void);

/* One line, printable, not empty. */
bool sweep_is_line(const char *text);

#endif
