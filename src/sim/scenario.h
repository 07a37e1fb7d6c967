/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario: one disc, its damage, one drive, what happens and when, a seed.
 * Read from a small text, line by line, or from an address "sim:NAME?key=value&...".
 * It describes; it opens no file and simulates nothing.
 *
 *   # a comment
 *   title   A DVD-5 with one radial scratch
 *   disc    dvd-5 velocity=1.01 ...        a medium's name, then keys of disc_keys
 *   content image=FILE                     or pattern (the default)
 *   drive   hh-sata-dvd fua=ignored ...    a preset's name, then keys of drive_keys
 *   damage  radial r=30..44 width=8 ...    a shape's name, then its keys; any number of lines
 *   fault   unplug at=120s for=8s          a fault's name, then its keys; any number of lines
 *   seed    7
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/disc_params.h"
#include "sim/drive_params.h"
#include "sim/faults.h"
#include "sim/shape.h"

#define SCENARIO_SHAPES_MAX 64u
#define SCENARIO_FAULTS_MAX 64u
#define SCENARIO_TEXT_MAX 65536u /* bytes of a file: ten times what the longest of ours has */
#define SCENARIO_LINE_MAX 4096u  /* bytes of a line: a list of some 500 sectors */
#define SCENARIO_PLAIN "plain"   /* a disc without geometry, on sim:disc */

struct scenario {
	char address[256]; /* as asked for */
	char name[48];
	char title[128];
	uint64_t seed;
	uint64_t pace;    /* seconds of the drive's time in a real one; 0: none at all */
	uint64_t payload; /* 0: no bytes are made or moved, only time and outcomes; 1 */
	char *image;      /* path or NULL: a pattern of (seed, LBA) */
	struct disc_params disc;
	struct drive_params drive;
	char preset[24]; /* the drive's name */
	struct shape shapes[SCENARIO_SHAPES_MAX];
	unsigned shape_count;
	struct fault faults[SCENARIO_FAULTS_MAX]; /* in the order of their times */
	unsigned fault_count;
};

/* An ideal drive, a disc without geometry or size, nothing wrong. 0 or RESPIN_E_NOMEM; finish it in any case. */
int scenario_init(struct scenario *scenario, const char *name);

/* RESPIN_E_INVALID: error.text is "NAME:LINE: what, and what is allowed". Finish it in any case. */
int scenario_parse(struct scenario *scenario, const char *name, const char *text, struct respin_error *error);

/* A file's bytes, before they are a text: too long, or with a NUL in them, they are none. RESPIN_E_INVALID. */
int scenario_check_bytes(const char *name, const char *bytes, size_t len, struct respin_error *error);

/*
 * One more key=value after the text: any key of disc and drive, disc=MEDIUM, drive=PRESET (which takes back
 * the text's own keys of the drive), seed=, pace=, payload=, image=. scale=N makes the disc N times smaller and
 * with it whatever the text says in sectors and the times of its faults. RESPIN_E_INVALID.
 */
int scenario_override(struct scenario *scenario, const char *key, const char *value,
		      struct respin_error *error);

/*
 * "sim:NAME?key=value&key=value", values may hold %XX. `text` is what the
 * caller found for NAME (scenario_builtin, or a file's content); for the bare
 * "sim:disc" give NULL: an ideal drive, a disc of size= sectors or image=FILE.
 * RESPIN_E_INVALID. Finish it in any case.
 */
int scenario_address(struct scenario *scenario, const char *address, const char *text,
		     struct respin_error *error);
/* NAME of such an address, %XX resolved, into `name`; false: too long or no such address. */
bool scenario_address_name(const char *address, char *name, size_t size);
/* A name that is neither built in nor a file's: says which ones are near. Always RESPIN_E_INVALID. */
int scenario_unknown(const char *name, struct respin_error *error);

void scenario_finish(struct scenario *scenario);

/* The scenarios that come with the library: bench/scenarios, built in, sorted by name. */
struct scenario_text {
	const char *name, *text;
};
extern const struct scenario_text scenario_texts[];
extern const size_t scenario_text_count;
const char *scenario_builtin(const char *name); /* the text, or NULL */

#endif
