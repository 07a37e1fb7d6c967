/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of keys: how "key=value" gets into a struct, with the default, the
 * range and the meaning of each key in one place. The manual's list and the
 * refusals come from these tables. Knows no drive and no disc.
 */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include <respin/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_kind {
	KEY_COUNT, /* uint64_t: decimal or 0x.. */
	KEY_HEX,   /* uint64_t, hex without 0x */
	KEY_REAL,  /* double: "0.7", "-2", "1e-4"; at most 15 digits */
	KEY_TIME,  /* uint64_t ns: "20ms", "1.5s", "250us", "3min", "2h"; a bare number is in key.unit_ns */
	KEY_WORD,  /* uint64_t: place of the word in key.words; a bare number is refused */
	KEY_SPAN,  /* struct key_span: "25..58"; one number is both ends */
	KEY_LIST,  /* struct ranges: "100,200-215"; "none" empties it */
	KEY_STEPS, /* struct key_steps: "2,4,6", rising */
	KEY_TEXT,  /* char *, owned */
};

struct key_span {
	double from, to;
};

#define KEY_STEPS_MAX 8u
struct key_steps {
	unsigned count;
	double at[KEY_STEPS_MAX];
};

struct key {
	const char *name;
	enum key_kind kind;
	size_t offset; /* in the struct that the table describes */
	double min,
		max; /* of numbers, each end and each step; of times in ns; of a list's sectors where max > 0 */
	const char *fallback; /* the default, as one would write it; NULL: nothing (zero, empty) */
	const char *meaning;  /* one line, for the manual; units named */
	/*
	 * KEY_WORD: "honest chunk zero". COUNT, HEX, REAL and TIME (in ns) may
	 * give some numbers a name, which need not lie in the range: "cd=0x8 dvd=0x10".
	 */
	const char *words;
	double unit_ns; /* KEY_TIME: what a bare number counts */
};

struct key_table {
	const char *name; /* "drive", "disc", a damage's or a fault's kind */
	const struct key *keys;
	size_t count;
};

/*
 * Sets every default; what stood in `into` is not freed. A default that does not parse is our mistake: asserts.
 * False: no memory for one of them; what there is may be used and finished.
 */
bool keys_defaults(const struct key_table *table, void *into);
const struct key *keys_find(const struct key_table *table, const char *name);
/* Takes a value as text. RESPIN_E_NOMEM, or RESPIN_E_INVALID and what is allowed; the old value then stays. */
int keys_set(const struct key *key, void *into, const char *value, struct respin_error *error);
/* Frees what keys of kind TEXT and LIST hold. */
void keys_finish(const struct key_table *table, void *into);

/* What may stand behind "key=", in words: "a number from 0 to 60". */
void keys_allowed(const struct key *key, char *text, size_t size);

#endif
