/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened to a drive, short enough to be written down whole: so that the
 * next program finds it as the last one has left it, the same happens to it
 * once more. With the books of the last program behind. It judges nothing.
 */
#ifndef PRELOAD_JOURNAL_H
#define PRELOAD_JOURNAL_H

#include <stdio.h>

#include <respin/transport.h>

#include "base/buf.h"

struct journal {
	struct buf text; /* of this program alone */
};

void journal_command(struct journal *journal, const struct respin_command *command);
void journal_passed(struct journal *journal, uint64_t ns); /* nothing but time */
void journal_sought(struct journal *journal);              /* a person looked for the drive */
void journal_replugged(struct journal *journal);           /* ... or pulled its plug */

struct journal_again {
	void (*command)(struct respin_command *command);
	void (*passed)(uint64_t ns);
	void (*sought)(void);
	void (*replugged)(void);
};
/* False: this is no journal. */
bool journal_replay(const void *text, size_t len, const struct journal_again *again);

#endif
