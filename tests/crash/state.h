/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a power cut at one moment may leave: which directory changes survive, and
 * what becomes of each unsynced change of each file that still has a name. A
 * surviving subset is listed, drawn, written as text and made into bytes here;
 * whether it is as it must be is check.c's business.
 */
#ifndef TESTS_CRASH_STATE_H
#define TESTS_CRASH_STATE_H

#include "scene.h"

#include "../unit/memio_disk.h"

#define STATE_CHANGES_MAX 128u
#define STATE_FILES_MAX 16u
#define STATE_TEXT_MAX 1024u

/* A name that survives, and the file that it names. */
struct state_name {
	const char *name;
	unsigned dir, file;
};

struct state_file {
	const struct inode *inode;
	size_t first;       /* its changes among all */
	struct content own; /* the disk with the fates applied; unused where nothing is unsynced */
};

/* A subset that survives. The world must not move while it is in use. */
struct state {
	const struct world *world;
	uint32_t kept[CRASH_DIRS]; /* of each directory's changes */
	struct state_name names[STATE_FILES_MAX];
	size_t name_count;
	struct state_file files[STATE_FILES_MAX];
	size_t file_count;
	const struct change *changes[STATE_CHANGES_MAX];
	struct fate fates[STATE_CHANGES_MAX];
	size_t change_count;
};

void state_finish(struct state *state);

/* Chooses which directory changes survive; all files' changes are lost, to begin with. */
void state_choose_names(struct state *state, const struct world *world, const uint32_t kept[CRASH_DIRS]);
/* The subsets of directory changes to look at; how many. */
size_t state_name_choices(const struct world *world, bool loose, uint32_t (*choices)[CRASH_DIRS], size_t max);

/* Calls fn for: nothing, all, each one missing or alone or otherwise, each tear of the last one. */
void state_each(struct state *state, void (*fn)(void *arg), void *arg);
/* Any subset whatever. */
void state_draw(struct state *state, const struct world *world, bool loose, struct rng *rng);

/* What a file holds; valid until the state is changed. */
const unsigned char *state_bytes(struct state *state, unsigned file, size_t *len);
/* The file with this name; -1: none. */
int state_find(const struct state *state, unsigned dir, const char *name);
uint64_t state_hash(const struct state *state);

/* "KEPT.KEPT:FATES"; state_parse: false: not such a text, or not one of this moment. */
void state_print(const struct state *state, char text[STATE_TEXT_MAX]);
bool state_parse(struct state *state, const struct world *world, const char *text);
const char *state_fate_name(struct fate fate);

#endif
