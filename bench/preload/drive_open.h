/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a sim: address to a transport, and what only the simulator knows of it. The one file that knows src/sim. */
#ifndef PRELOAD_DRIVE_OPEN_H
#define PRELOAD_DRIVE_OPEN_H

#include <stdbool.h>

#include <respin/transport.h>

/* RESPIN_E_*. */
int drive_open(const char *address, struct respin_transport *transport, struct respin_error *error);
bool drive_moves_bytes(const struct respin_transport *transport);
bool drive_rediscover(const struct respin_transport *transport); /* under whatever name; false: not yet */
uint64_t drive_wedges(const struct respin_transport *transport);

#endif
