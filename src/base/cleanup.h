/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one cleanup idiom: a local gives itself back at the end of its scope,
 * take() lets it survive. It does not replace destroy functions; it calls them.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(cleanup_free)

/* Defines cleanup_NAME for a pointer type and its destroy function. */
#define CLEANUP_DEFINE(name, type, destroy)                                                                  \
	static inline void cleanup_##name(type **p) /* NOLINT(bugprone-macro-parentheses): a type */          \
	{                                                                                                    \
		destroy(*p);                                                                                 \
	}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Moves a pointer out of a variable that would clean it up. */
#define take(p)                                                                                              \
	({                                                                                                   \
		__typeof__(p) taken_ = (p);                                                                  \
		(p) = NULL;                                                                                  \
		taken_;                                                                                      \
	})

#endif
