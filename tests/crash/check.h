/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must hold of any state that a power cut leaves: S1 no finished byte differs
 * from the disc, S2 what was promised is still finished, S3 the map is valid, S6
 * at most one commit's work is lost, S7 the map found is kept once it was replaced. Also tells states apart by what a resume
 * could notice. Resumes nothing.
 */
#ifndef TESTS_CRASH_CHECK_H
#define TESTS_CRASH_CHECK_H

#include "scene.h"
#include "state.h"

/* A mapfile's text, read by the shipped parser. */
struct reading {
	uint64_t key; /* hash of the text; 0: this slot is free */
	bool valid, torn;
	uint64_t finished;
	uint64_t meaning; /* hash of all that a resume takes from it */
	char letters[CRASH_UNITS_MAX + 1];
};

#define READINGS 4096u

struct checker {
	const struct scene *scene;
	struct reading *readings; /* by hash; each text is parsed once */
	size_t reading_count;
	/* Called with each text that was not seen before. May be NULL. */
	void (*on_text)(void *arg, const char *text, size_t len);
	void *arg;
	uint64_t found;    /* key of the map that the run found; 0: none */
	uint64_t finished; /* of the last state: what its map calls finished */
	char reason[200];  /* why the last state is not as it must be */
};

void checker_init(struct checker *checker);
/* For another workload: what was read before means nothing here. */
void checker_reset(struct checker *checker, const struct scene *scene);
void checker_finish(struct checker *checker);

const struct reading *checker_read(struct checker *checker, const void *text, size_t len);

/* The scene's promises hold in this state; false: checker->reason. */
bool checker_judge(struct checker *checker, struct state *state);

/*
 * Equal for states from which the same rescue goes on in the same way: the same
 * names, maps of the same meaning, an image of the same length with non-zero
 * bytes in the same unfinished units that the disc has zeros in. Other bytes of
 * unfinished units are written before they are read.
 */
uint64_t checker_class(struct checker *checker, struct state *state);

#endif
