/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated drive: it answers CDBs with data, sense and latency, on a clock of
 * its own. What it needs of the host comes in through struct sim_host; it makes
 * no system call. It does not model speed, caches or wedges.
 */
#ifndef SIM_TRANSPORT_SIM_H
#define SIM_TRANSPORT_SIM_H

#include <stdbool.h>

#include <respin/source.h>

#include "sim/options.h"

#define SIM_FOR_EVER UINT64_MAX

struct sim_host {
	void *self;
	/* Real time passes; true if wake() ended it, whether now or before. */
	bool (*wait)(void *self, uint64_t ns);
	void (*wake)(void *self); /* for good; async-signal-safe */
	void (*destroy)(void *self);
};

/*
 * Takes `options`, `image` (may be empty) and `host` in any case. Without a
 * host (self NULL) pace is ignored and a hanging read ends at once.
 * RESPIN_E_INVALID, RESPIN_E_NOMEM.
 */
int transport_sim_create(struct sim_options *options, struct respin_source *image,
			 const struct sim_host *host, struct respin_transport *transport,
			 struct respin_error *error);

#endif
