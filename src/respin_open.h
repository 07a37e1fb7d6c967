/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What respin.c opens for the other files that know every floor. */
#ifndef RESPIN_OPEN_H
#define RESPIN_OPEN_H

#include <respin/source.h>

#include <stdbool.h>

/* "sim:disc?..", "sim:NAME?..", "sim:FILE.sim?..": the simulated drive itself. Codes of respin_source_open. */
int open_sim_transport(const char *address, struct respin_transport *transport, struct respin_error *error);

/* respin_model.c: "sim:exec:COMMAND", a drive model in another process (sim/model.h). */
struct model;
bool open_is_model(const char *address);
/* What breaks later goes into *failure (may be NULL), which outlives the model. Codes of respin_source_open. */
int open_model(const char *address, struct respin_error *failure, struct model **model,
	       struct respin_error *error);
int open_model_source(const char *address, struct respin_source *source, struct respin_error *error);

#endif
