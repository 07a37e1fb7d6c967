/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small rescue on memio through the shipped output: a workload is a script of
 * outcomes, flushes and faults; a scene runs it and keeps count of what was
 * recorded, committed and promised. Looks at no crash state.
 */
#ifndef TESTS_CRASH_SCENE_H
#define TESTS_CRASH_SCENE_H

#include "io/output.h"

#include "../unit/memio.h"

#define CRASH_UNITS_MAX 64u /* sets of units are 64 bits */
#define CRASH_DIRS 2u
#define CRASH_IMAGE "disc.iso"
#define CRASH_MAP "disc.iso.map"

/* A kind of file system. */
struct mode {
	const char *name;
	enum memio_report report;
	bool reverts, loose; /* loose: FAT's ways: names in any subset, no holes */
	bool for_faults;     /* differs from another one only when a sync fails */
};

enum { MODE_EXT4, MODE_LATE, MODE_ONCE, MODE_BTRFS, MODE_BTRFS_LATE, MODE_BTRFS_ONCE, MODE_EXFAT, MODES };
extern const struct mode crash_modes[MODES];

/*
 * The script's words: "N:LETTERS" an outcome from unit N on ('p' provisional,
 * '!' taken back, else a status); F flush; T two seconds pass; P the next phase;
 * B backwards from here on; W the system's own write-back of the image fails;
 * E the end, all is done; e the end, stopped.
 */
struct workload {
	const char *name;
	const char *before; /* an earlier run, undisturbed; NULL: none */
	const char *script;
	const char *goal;  /* a letter a unit: what the disc gives in the end */
	const char *zeros; /* '0' where a unit is all zeros; NULL: nowhere */
	uint32_t unit_bytes, tail_bytes;
	uint32_t stale_bytes;            /* an image of somebody else's is in the way */
	const char *domain;              /* '+' counts; NULL: all */
	const char *foreign;             /* a map by GNU ddrescue and its image are there; NULL: not */
	bool force, keep_bad, elsewhere; /* elsewhere: the map lies on another file system */
};

/* The nth call (from 1) of the script's run that changes the world, and `times` - 1 after it. */
struct crash_fault {
	unsigned nth, times; /* nth 0: none */
	int64_t result;
	uint64_t partial_seed;
	bool lies; /* after a sync that failed, the next one of that file writes nothing and says nothing */
};

struct scene {
	const struct workload *workload;
	const struct mode *mode;
	uint64_t units;
	unsigned char *truth; /* what the disc holds */
	size_t image_bytes;

	struct memio *memio;
	struct respin_output_options options;
	struct respin_source_info info;
	struct output *output;
	struct respin_sink sink;
	struct respin_error error;
	uint64_t seq, commits;
	uint8_t phase, flags;
	uint64_t recorded, committed, promised; /* '+', as sets of units */
	uint64_t excused;                       /* promised, and then the disk said that it lost them */
	bool unsynced;                          /* planted: the image is never synced */
};

uint64_t scene_pos(const struct scene *scene, uint64_t unit);

/* An empty place; the caller fills it or lets scene_prepare do so. */
void scene_init(struct scene *scene, const struct workload *workload, const struct mode *mode);
void scene_finish(struct scene *scene);

/* What is there before the script: stale files, an earlier run. All of it durable. */
void scene_prepare(struct scene *scene);
/* The fault counts the calls from here on. */
void scene_set_fault(struct scene *scene, const struct crash_fault *fault);
/* Runs the words up to the end or the first failure, and closes the output. 0 or RESPIN_E_*. */
int scene_run(struct scene *scene, const char *script);
/* Takes up what is there and reads everything that is missing: all is done in the end. 0 or RESPIN_E_*. */
int scene_resume(struct scene *scene);

/* A path in the scene's first or second directory. */
const char *scene_dir(unsigned dir);
unsigned scene_map_dir(const struct scene *scene);

extern const struct workload crash_workloads[];
extern const size_t crash_workload_count;

#endif
