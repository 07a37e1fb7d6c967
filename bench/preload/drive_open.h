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
void drive_replug(const struct respin_transport *transport);
/* A bit for each sector that reads, at least now and then; *readable of them. NULL: no memory. */
uint8_t *drive_truth(const struct respin_transport *transport, uint64_t sectors, uint64_t *readable);
uint64_t drive_wedges(const struct respin_transport *transport);

/* What the scenario lets happen; of the one drive that was opened last. */
struct fault;
const struct fault *drive_faults(size_t *count);

#endif
