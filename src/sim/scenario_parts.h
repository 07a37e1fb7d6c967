/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of the scenario parser share: values, and refusals that help. */
#ifndef SIM_SCENARIO_PARTS_H
#define SIM_SCENARIO_PARTS_H

#include "sim/scenario.h"

#define NAMES_TEXT 320u

/* seed, pace, payload and image, which belong neither to the disc nor to the drive. */
extern const struct key_table scenario_keys;

/* The medium of a name; false: none. `plain` is NULL, and that is a medium, too. */
bool scenario_medium(const char *name, const struct medium **medium);

/* Names "a, b or c", in the order of `add` calls. */
struct names {
	char text[NAMES_TEXT];
	size_t len;
	unsigned count;
};
void names_add(struct names *names, const char *name);

/* The nearest of many names to one that is wrong: at most NEAREST_MAX, the nearest first. */
#define NEAREST_MAX 4u
struct nearest {
	const char *wrong;
	const char *names[NEAREST_MAX];
	unsigned distances[NEAREST_MAX];
	unsigned count;
};
void nearest_offer(struct nearest *nearest, const char *name);
/* "; did you mean a, b or c?", or "" when nothing is near. */
void nearest_write(const struct nearest *nearest, char *text, size_t size);

/* All that "NAME:LINE: " texts and addresses have in common: a key of none of `tables` (NULL ends them). */
int scenario_no_key(const char *key, const struct key_table *const *tables, struct respin_error *error);
int scenario_no_medium(const char *name, struct respin_error *error);

/* %XX in place; what is not two digits, or a NUL, stays as it is. */
void scenario_unescape(char *text);

#endif
