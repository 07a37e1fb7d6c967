/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The condition of a disc, from a few hundred single reads spread over all of
 * it: which block comes next, and what the answers mean. Pure: no reads, no
 * clock; condition_run.c has those, condition_words.c the sentences.
 */
#ifndef CLI_CONDITION_H
#define CLI_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asker.h"

/*
 * The disc in rings of the same number of blocks. 48 is a multiple of 2, 3 and 4, so
 * that no ring lies on two layers, and narrow enough to see a damaged rim.
 */
#define CONDITION_RINGS 48u
/* Rounds from the inside out and back again; more would say the same, a little more exactly. */
#define CONDITION_ROUNDS 30u
#define CONDITION_PROBES_MAX (CONDITION_RINGS * CONDITION_ROUNDS)
#define CONDITION_RATES 5u     /* places where the speed of reading is measured */
#define CONDITION_AGAIN_MAX 8u /* failed blocks that are asked for once more */

struct condition_ring {
	unsigned probes, good, recovered, slow, failed, blank, locked, beyond; /* slow ones are good, too */
	uint64_t latency_ns, worst_ns; /* sum and largest, of those that read */
};

/* Measured where a block was read before: failures cost time, and would say nothing of the speed. */
struct condition_rate {
	uint64_t unit;
	double bytes_s; /* 0: could not be measured */
};

struct condition {
	uint64_t units, blocks; /* a block: an ECC block, as much as fails together */
	uint32_t ecc_block, unit_bytes;
	uint64_t seed;
	unsigned count; /* probes so far, and the number of the next one */
	struct condition_ring rings[CONDITION_RINGS], all;
	struct condition_rate rates[CONDITION_RATES];
	uint64_t known[CONDITION_RINGS];             /* a block of the ring that was read, and 1; 0: none */
	uint64_t latencies_ns[CONDITION_PROBES_MAX]; /* of what was read, in the order of the reads */
	unsigned latency_count;
	uint64_t failed_blocks[CONDITION_PROBES_MAX];
	uint64_t failed_ns, failed_worst_ns; /* what failures cost */
	unsigned failed_count, again, again_good, hung;
	uint64_t spent_ns; /* of the drive's time */
	bool wedged, other_disc, lost;
	bool stuck; /* in a read when the time was over */
};

void condition_init(struct condition *condition, const struct respin_source_info *info, uint64_t seed);
/* The next block; its ring. False: enough. */
bool condition_next(const struct condition *condition, uint64_t *block, unsigned *ring);
void condition_fold(struct condition *condition, unsigned ring, uint64_t block, enum asker_answer answer,
		    uint64_t latency_ns);
/* Takes the last failure of the ring back: it was the drive, not the disc. */
void condition_unfold(struct condition *condition, unsigned ring);
struct respin_range condition_block(const struct condition *condition, uint64_t block);

enum condition_grade {
	CONDITION_UNKNOWN, /* too little could be asked */
	CONDITION_SOUND,   /* nothing failed */
	CONDITION_WEAK,    /* nothing failed, but it was hard */
	CONDITION_DAMAGED,
	CONDITION_RUINED, /* a tenth or more */
};

struct condition_verdict {
	enum condition_grade grade;
	double share, least, most; /* of the disc's blocks that fail at a first read, and its 99 % interval */
	/* Of all blocks that the disc has, those that do not come, for whatever reason: damaged, not recorded, locked. */
	double absent, absent_least, absent_most;
	double hard;                      /* of what was read: slow, or recovered by the drive */
	uint64_t typical_ns, failure_ns;  /* median of a read; mean of a failure */
	double bytes_s;                   /* mean rate over the disc; 0: unknown */
	double clean_s;                   /* reading all of it once, without damage; 0: unknown */
	double bulk_least_s, bulk_most_s; /* until nine tenths of what can be read are there */
	double whole_least_s, whole_most_s;
	int first_damaged, last_damaged; /* rings; -1: none */
};

void condition_judge(const struct condition *condition, struct condition_verdict *verdict);

/* Asks the source. 0 or a negative code; what was seen until then counts in any case. */
int condition_run(struct condition *condition, const char *address, struct respin_source_info *info,
		  struct respin_error *error);

/* Both return the exit status. */
int condition_print(const struct condition *condition, const struct respin_source_info *info);
int condition_json(const struct condition *condition, const struct respin_source_info *info);

#endif
