/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive model that others wrote, in another process: the protocol of
 * docs/simulator.md, spoken line by line over a link of the caller's. Gives a
 * source without payload for our policies and a port for the rivals, both on
 * the model's own clock. Starts no process; believes nothing that it is told.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <respin/source.h>

#include "sim/port.h"

#define MODEL_LINE_MAX 256u /* a reply's bytes, its newline included; real ones have 40 */

/* How lines come and go. Codes and texts of failures are handed on. */
struct model_link_ops {
	int (*send)(void *self, const char *line, struct respin_error *error);
	int (*receive)(void *self, char *line, size_t size, struct respin_error *error);
	void (*interrupt)(void *self); /* async-signal-safe; receive ends with CANCELLED from then on */
	void (*destroy)(void *self);
};

struct model_link {
	const struct model_link_ops *ops;
	void *self;
};

/* What the model says of itself. */
struct model_facts {
	char medium[32];
	uint64_t sectors;
	uint32_t ecc_block;
	unsigned layers, speeds;
	double r0_mm, pitch_um, sector_mm; /* nominal; 0: not told */
};

struct model;

/*
 * Takes the link and waits for READY. What breaks the protocol later is put into
 * *failure, which stays the caller's and outlives the model; it may be NULL.
 * RESPIN_E_NOMEM, RESPIN_E_SOURCE and what the link fails with.
 */
int model_create(const char *address, struct model_link *link, struct respin_error *failure,
		 struct model **model, struct respin_error *error);
void model_destroy(struct model *model);

const struct model_facts *model_facts(const struct model *model);

/* Either of these takes the model. */
void model_source(struct model *model, struct respin_source *source);
void model_port(struct model *model, struct port *port);

#endif
