/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The right end of a rescue: takes outcomes in order and makes them last. One
 * consumer thread makes all calls of one sink. Nothing here calls back to the
 * left; a sink can only answer that it wants to stop or that it failed.
 */
#ifndef RESPIN_SINK_H
#define RESPIN_SINK_H

#include <respin/error.h>
#include <respin/io.h>
#include <respin/source.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct respin_map;

struct respin_stats {
	uint64_t total; /* units of the domain; the five below add up to it */
	uint64_t finished;
	uint64_t non_tried;
	uint64_t retryable; /* '*' and '/' */
	uint64_t bad;       /* '-' */
	uint64_t bad_areas; /* maximal runs of '*', '/' or '-' each */
};

enum respin_put {
	RESPIN_PUT_CONTINUE = 0,
	RESPIN_PUT_STOP = 1, /* a clean end: no further put, close still runs */
	/*
	 * No room now: nothing of this outcome is recorded, its bytes are
	 * still the caller's; call again later. *error says what is full. Also
	 * an answer of flush and close. Not after a STOPPING flush.
	 */
	RESPIN_PUT_WAIT = 2,
};

/* Why a flush comes; all mean: be durable when it returns. */
enum respin_flush {
	RESPIN_FLUSH_IDLE,     /* nothing came for a while */
	RESPIN_FLUSH_PHASE,    /* a phase ended */
	RESPIN_FLUSH_RISK,     /* something risky follows */
	RESPIN_FLUSH_STOPPING, /* the user or a signal asks to stop */
};

struct respin_summary {
	size_t size;
	struct respin_stats stats;
	uint64_t commits;      /* durable maps written */
	uint64_t committed_ns; /* time spent in them */
	uint8_t sync_ignored;  /* a pipe or character device refused to sync */
	uint32_t repaired;     /* syncs that failed and whose bytes were written once more */
};

struct respin_sink_ops {
	size_t size; /* sizeof(struct respin_sink_ops) of the implementer */
	/*
	 * Write the outcome's bytes, then record its spans. `outcome->bytes`
	 * is the sink's from here: it may keep it until the next commit and
	 * frees it with respin_block_free. enum respin_put, or a negative
	 * code with *error filled; after that no call but destroy comes. An
	 * outcome without spans announces that its phase begins (FINISHED:
	 * everything was tried that was going to be).
	 */
	int (*put)(void *self, struct respin_outcome *outcome, struct respin_error *error);
	/* Optional. 0, RESPIN_PUT_WAIT or a negative code as in put. */
	int (*flush)(void *self, enum respin_flush why, struct respin_error *error);
	/*
	 * Once, at the end (again after RESPIN_PUT_WAIT); never after a
	 * failure. The caller has filled summary->stats.
	 */
	int (*close)(void *self, struct respin_summary *summary, struct respin_error *error);
	void (*destroy)(void *self);
	/* Optional: how often everything recorded so far has been made durable. */
	uint64_t (*commits)(void *self);
	/* Optional: the next sentence that the person should know; NULL: no more. Valid until the next call. */
	const char *(*notice)(void *self);
};

struct respin_sink {
	const struct respin_sink_ops *ops;
	void *self;
};

RESPIN_API void respin_block_free(unsigned char *bytes);

struct respin_output_options {
	size_t size;
	const char *image;        /* path */
	const char *map;          /* path, or NULL: image with ".map" */
	const char *domain;       /* a mapfile whose '+' is what counts, or NULL */
	const char *command_line; /* for the mapfile's head, or NULL */
	const char *source_path;  /* refused as output, also through links; or NULL */
	uint8_t force;            /* overwrite; override refusals that can be */
	uint8_t keep_bad;         /* leave '-' as it is; otherwise it becomes '/' */
	struct respin_io io;      /* empty: respin_io_real() */
	uint32_t space_wait_s;    /* a full disk: so long may somebody make room; 0: fail at once */
	const char *emergency_dir; /* where the last map goes if its own place fails; or NULL */
};

#ifdef __cplusplus
}
#endif
#endif
