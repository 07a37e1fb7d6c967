/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An output that is open needs very little any more: its directories. This gives up the rest. */
#ifndef IO_OUTPUT_CONFINE_H
#define IO_OUTPUT_CONFINE_H

#include <stdint.h>

#include "io/output.h"

struct output_confinement {
	int64_t uid, gid; /* whom root gives itself up for first; -1: nobody is known */
	void *arg;
	/* What was done and what could not be, as sentences; `remarkable`: the person may want to know. */
	void (*say)(void *arg, bool remarkable, const char *text);
};

/*
 * Of the whole process, for good; no other thread may be there yet. Files that
 * this run has made are handed over to whoever goes on.
 */
void output_confine(struct output *output, const struct output_confinement *how);

#endif
