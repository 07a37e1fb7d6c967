/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A simulated drive as a transport: it answers CDBs with data, sense and
 * latency, on a clock of its own. What it needs of the host comes in through
 * struct sim_host; it makes no system call.
 */
#ifndef SIM_TRANSPORT_SIM_H
#define SIM_TRANSPORT_SIM_H

#include <stdbool.h>

#include <respin/source.h>

#include "sim/disc.h"

#define SIM_FOR_EVER UINT64_MAX

struct sim_host {
	void *self;
	/* Real time passes; true if wake() ended it, whether now or before. */
	bool (*wait)(void *self, uint64_t ns);
	void (*wake)(void *self); /* for good; async-signal-safe */
	void (*destroy)(void *self);
};

/*
 * Takes the scenario's content, `image` (may be empty) and `host` in any case.
 * Without a host (self NULL) pace is ignored, and a hanging read ends when the
 * command's timeout has passed on the drive's clock; without one, at once.
 * RESPIN_E_INVALID, RESPIN_E_NOMEM.
 */
int transport_sim_create(struct scenario *scenario, struct respin_source *image, const struct sim_host *host,
			 struct respin_transport *transport, struct respin_error *error);

/*
 * A person looks for the drive under whatever name it has now: true when it
 * answers again. The transport then speaks to it.
 */
bool transport_sim_rediscover(const struct respin_transport *transport);

/* A person pulls the plug and puts it back: power, link, tray, all begin anew. Nothing is in flight. */
void transport_sim_replug(const struct respin_transport *transport);

/*
 * A person who is told that it is another disc puts the first one back, and the
 * time that takes passes. False: it is the first one, or its bytes were a file.
 */
bool transport_sim_right_disc(const struct respin_transport *transport);

/* What the drive went through. For benches and tests: no source hands it on. */
struct sim_counts {
	uint64_t commands, reads, failed_reads, timeouts, wedges, sessions, seeks, unplugs;
	uint64_t read_sectors, cache_sectors, lies; /* lies: GOOD with what is not on the disc */
	double heat_max;                            /* fullest that the wedge bucket was */
};
void transport_sim_counts(const struct respin_transport *transport, struct sim_counts *counts);

/* Sectors that were last delivered with bytes that are not the disc's are bad in it; NULL: none ever was. */
struct respin_map;
const struct respin_map *transport_sim_wrong(const struct respin_transport *transport);

/* The disc in the drive, for who must know the truth: oracle, pictures, tests. */
const struct disc *transport_sim_disc(const struct respin_transport *transport);

#endif
