/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the library's values mean, in words for the person at the terminal.
 * Sentences only; the codes themselves go to --log and --events.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <respin/types.h>

const char *words_phase(enum respin_phase phase);    /* "copying" */
const char *words_doing(enum respin_phase phase);    /* what is being tried, and why */
const char *words_reason(enum respin_reason reason); /* what went wrong, as a clause */

#endif
