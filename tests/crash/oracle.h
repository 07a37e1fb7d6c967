/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A second opinion on mapfiles: some of the texts that crashes leave are given to
 * GNU ddrescuelog. Where it is not installed, nobody is asked, and that is said.
 */
#ifndef TESTS_CRASH_ORACLE_H
#define TESTS_CRASH_ORACLE_H

#include <stddef.h>

struct oracle;

/* At most `max` texts are kept. */
struct oracle *oracle_create(size_t max);
void oracle_destroy(struct oracle *oracle);

/* Perhaps keeps it: the later, the rarer. Has the form of checker.on_text. */
void oracle_offer(void *oracle, const char *text, size_t len);

/* How many texts it did not accept; *asked: of how many. -1: there is no ddrescuelog. */
int oracle_ask(struct oracle *oracle, size_t *asked);

#endif
