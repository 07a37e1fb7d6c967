/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keyboard of a terminal, key by key and unseen, while the program is in
 * its foreground. Signals (Ctrl-C, Ctrl-Z) stay signals. Whatever ends or
 * suspends the program gives the terminal back as it was; only kill -9 cannot
 * (`stty sane` mends that). Knows nothing of what the keys mean.
 */
#ifndef CLI_KEYBOARD_H
#define CLI_KEYBOARD_H

#include <stdbool.h>

/* From here on the terminal on standard input, if it is one, is taken by keyboard_next. */
void keyboard_install(void);

/* Are keys heard? Takes the terminal if the program has come to the foreground. */
bool keyboard_heard(void);

/* The next key, or 0: none is waiting. Never waits; arrows and their kin are passed over. */
char keyboard_next(void);

/* The terminal as it was before. Async-signal-safe; keyboard_heard takes it again. */
void keyboard_release(void);

/* The same, for good. */
void keyboard_finish(void);

#endif
