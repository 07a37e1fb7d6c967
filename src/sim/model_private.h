/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The drive model's inside: the conversation (model.c) and the lines
 * (model_lines.c). What source and port make of it stands in model_faces.c.
 */
#ifndef SIM_MODEL_PRIVATE_H
#define SIM_MODEL_PRIVATE_H

#include <stdatomic.h>

#include "sim/model.h"

/* What went wrong at the first sector that was not delivered. */
enum model_sense {
	MODEL_ECC,   /* beyond what the code corrects */
	MODEL_SERVO, /* the track was lost */
	MODEL_ID,    /* the sector was not found */
	MODEL_WEDGE, /* the drive is stuck: says nothing of the disc */
	MODEL_SENSES,
};

struct model_answer {
	bool ok;
	enum model_sense sense; /* the rest: of a failed READ only */
	uint64_t bad_lba;
	uint64_t now_ns;
};

struct model {
	struct model_link link;
	struct respin_error *failure;
	struct model_facts facts;
	char address[256];
	uint64_t now_ns;
	uint64_t lines; /* received */
	bool broken;    /* whatever it says from here on means nothing */
	atomic_bool interrupted;
};

/* model.c. Of these, false: the link or the protocol is broken, now or before. */
bool model_read(struct model *model, uint64_t lba, uint32_t count, struct model_answer *answer);
bool model_speed(struct model *model, unsigned speed);
bool model_spin(struct model *model);
bool model_idle(struct model *model, uint64_t ns);

/* model_lines.c: pure. NULL, or what is wrong with the line. */
const char *model_parse_ready(const char *line, struct model_facts *facts);
const char *model_parse_answer(const char *line, struct model_answer *answer);

#endif
