/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ops structs grow at their end: a field exists if the implementer's `size` covers it. */
#ifndef BASE_OPS_H
#define BASE_OPS_H

#include <stddef.h>

/* Did the implementer know of `field`, and fill it? */
#define OPS_HAS(ops, field)                                                                                  \
	((ops)->size >= offsetof(__typeof__(*(ops)), field) + sizeof((ops)->field) && (ops)->field != NULL)

#endif
