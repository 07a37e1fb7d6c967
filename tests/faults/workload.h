/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small rescues without a source: what lies there before, which outcomes come,
 * and how it ends, as a script. One is run on a file system in memory through
 * fault_io; then the disk is held against what was acknowledged, and the rescue
 * is taken up again without any fault.
 */
#ifndef FAULTS_WORKLOAD_H
#define FAULTS_WORKLOAD_H

#include "fault_io.h"
#include "io/output.h"

#define WORK_UNITS_MAX 64u

#define WORK_TORN_MAP "# Mapfile\n0x0 ? 1\n0x0 0x80"

enum work_image { WORK_FILE, WORK_BLOCK, WORK_PIPE };

struct workload {
	const char *name;
	unsigned units, tail_bytes;
#define WORK_TORN_MAP "# Mapfile\n0x0 ? 1\n0x0 0x80"

	enum work_image image;
	bool force, keep_bad;
	bool no_holes, in_memory, plenty; /* plenty: room enough for a reserve */
	bool elsewhere;                   /* the map in another directory */
	const char *domain;               /* --domain, one letter a unit */
	const char *source_path;
	/* Before: run without faults as a rescue of its own; NULL: nothing was there. */
	const char *before;
	void (*arrange)(struct memio *memio); /* then this */
	bool torn;                            /* which left WORK_TORN_MAP in the map's place */
	/*
	 * The rescue: "at:letters" is an outcome of one letter a unit (+ * / - p !),
	 * F a flush, T two seconds that pass, C the complete end, E an end before that.
	 */
	const char *script;
	int refused; /* the code with which opening must end, fault or not; 0: it goes on */
};

extern const struct workload workloads[];
extern const unsigned workload_count;

struct work {
	const struct workload *load;
	struct memio *memio;
	struct fault_io fault;
	struct respin_output_options options;
	struct respin_source_info info;
	struct output *output;
	struct respin_sink sink;
	struct respin_error error;
	char recorded[WORK_UNITS_MAX + 1], acknowledged[WORK_UNITS_MAX + 1];
	uint64_t commits;
	bool late; /* a failed sync is told by the next one: what was acknowledged may be taken back, openly */
};

void work_init(struct work *work, const struct workload *load);
void work_finish(struct work *work);
/* The script with the plans that stand in work->fault. The code of what failed first, or 0. */
int work_run(struct work *work);
/* False finished, lost acknowledgements: what the disk says now. */
void work_check(struct work *work);
/* Without faults to the end; the image must be whole. */
void work_resume(struct work *work);

#endif
