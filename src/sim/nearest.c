/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of names for refusals, and which of them a mistyped name may have meant. Pure. */
#include "sim/scenario_parts.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 40u /* longer ones are compared by their beginning */

void names_add(struct names *names, const char *name)
{
	if (names->len >= sizeof names->text)
		return;
	int wrote = snprintf(names->text + names->len, sizeof names->text - names->len, "%s%s",
			     names->count++ ? ", " : "", name);
	names->len += wrote > 0 ? (size_t)wrote : 0;
}

/* How many letters must be put in, taken out or changed (Levenshtein). */
static unsigned distance(const char *a, const char *b)
{
	size_t an = strnlen(a, NAME_MAX_LEN), bn = strnlen(b, NAME_MAX_LEN);
	unsigned row[NAME_MAX_LEN + 1];
	for (unsigned j = 0; j <= bn; j++)
		row[j] = j;
	for (size_t i = 0; i < an; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < bn; j++) {
			unsigned best = corner + (a[i] != b[j]);
			corner = row[j + 1];
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[bn];
}

/* A name that contains the wrong one, or is contained in it, is nearer than any with two letters changed. */
static unsigned strangeness(const char *wrong, const char *name)
{
	unsigned d = distance(wrong, name);
	size_t n = strlen(wrong);
	return d > 1 && n > 1 && (strstr(name, wrong) || strstr(wrong, name)) ? 1 : d;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	unsigned d = strangeness(nearest->wrong, name);
	size_t n = strnlen(nearest->wrong, NAME_MAX_LEN);
	if (d > 1 + n / 3)
		return;
	unsigned at = nearest->count;
	while (at > 0 && nearest->distances[at - 1] > d)
		at--;
	if (at == NEAREST_MAX)
		return;
	if (nearest->count < NEAREST_MAX)
		nearest->count++;
	for (unsigned i = nearest->count - 1; i > at; i--) {
		nearest->names[i] = nearest->names[i - 1];
		nearest->distances[i] = nearest->distances[i - 1];
	}
	nearest->names[at] = name;
	nearest->distances[at] = d;
}

void nearest_write(const struct nearest *nearest, char *text, size_t size)
{
	struct names names = {0};
	for (unsigned i = 0; i < nearest->count; i++)
		names_add(&names, nearest->names[i]);
	*text = 0;
	if (names.count)
		(void)snprintf(text, size, "; near it %s %s", names.count > 1 ? "are" : "is", names.text);
}
