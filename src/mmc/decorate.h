/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all decorators share: a source inside, to which everything is passed on
 * that the decorator does not change. struct decorator is their first member.
 */
#ifndef MMC_DECORATE_H
#define MMC_DECORATE_H

#include <respin/source.h>

struct decorator {
	struct respin_source inner;
	struct respin_source_ops ops; /* own ones where given, passing on else */
};

/*
 * Fills ops: `info`, `read` and `destroy` (which calls decorate_finish) are the
 * decorator's own; the rest is passed on, where the inner source has it.
 */
void decorate_init(struct decorator *decorator, struct respin_source inner,
		   const struct respin_source_ops *own);
void decorate_finish(struct decorator *decorator);

#endif
