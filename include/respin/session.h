/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session is one rescue: sources on the left, one output on the right, a
 * planner in between. Create, run, look at it from any thread, cancel it from
 * any thread or signal handler, destroy.
 */
#ifndef RESPIN_SESSION_H
#define RESPIN_SESSION_H

#include <respin/error.h>
#include <respin/map.h>
#include <respin/sink.h>
#include <respin/source.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum respin_mode {
	RESPIN_MODE_RESCUE, /* sweep, patch, retry while it pays, close */
	RESPIN_MODE_SWEEP,  /* read what was never tried */
	RESPIN_MODE_PATCH,  /* one pass over '*' and '/' */
};

/* What the drive is like at the moment, as far as its answers tell. */
enum respin_mood {
	RESPIN_MOOD_WELL,
	RESPIN_MOOD_SLOW,    /* answers, but far below what it did before */
	RESPIN_MOOD_COOLING, /* let alone for a while, so that it recovers */
	RESPIN_MOOD_WAITING, /* not ready: spinning up, or asked to */
	RESPIN_MOOD_WEDGED,  /* in one command for longer than any read takes */
	RESPIN_MOOD_AWAY,    /* gone, or its link: asked for until it comes back */
};

/* What a person may ask of a running rescue. */
enum respin_control {
	RESPIN_CONTROL_PAUSE,  /* no further command until GO_ON; the disc may spin down */
	RESPIN_CONTROL_GO_ON,
	RESPIN_CONTROL_SLOWER, /* the drive's next lower reading speed */
	RESPIN_CONTROL_FASTER,
	RESPIN_CONTROL_SKIP,   /* leaves the range being read for later, as its watchdog would */
	RESPIN_CONTROL_FINISH, /* begins no other try: what failed is closed now, and the run ends */
};

/* What a rescue knows at one moment: one coherent picture, one version. */
struct respin_snapshot {
	size_t size;
	uint64_t version; /* grows with every recorded item */
	struct respin_stats stats;
	struct respin_extent *ranges; /* everything that is not finished, in order */
	uint64_t range_count;
	uint8_t phase;   /* enum respin_phase */
	uint64_t pos;    /* first unit of what was recorded last */
	uint64_t now_ns; /* the host's monotonic clock, as started_ns */
	uint64_t started_ns;
	uint64_t gained; /* units finished since run() */
	uint64_t reads, failed_reads;
	uint64_t output_stuck_ms;   /* the output records nothing; 0 unless 10 s or more */
	struct respin_outcome last; /* the last one recorded, without bytes */
	uint8_t mood;               /* enum respin_mood, of the lane that is worst off */
	uint8_t paused;             /* RESPIN_CONTROL_PAUSE, and not GO_ON since */
	uint32_t speed_kbps;        /* asked of the drive; 0: its own choice */
	uint64_t mood_since_ns;     /* the host's clock */
	uint32_t stage;             /* answers that callbacks.focus has given */
	uint64_t stage_units, stage_left; /* of the present one; 0: no focus */
};

enum respin_event_kind {
	RESPIN_EVENT_REQUEST,
	RESPIN_EVENT_OUTCOME,
	RESPIN_EVENT_SAMPLE, /* a finished range is about to be read again, to compare */
	RESPIN_EVENT_PHASE,
	RESPIN_EVENT_COMMIT, /* everything up to here is durable */
	RESPIN_EVENT_END,
};

struct respin_event {
	size_t size;
	uint8_t kind;  /* enum respin_event_kind */
	uint8_t phase; /* enum respin_phase */
	uint64_t now_ns;
	const struct respin_request *request; /* REQUEST, SAMPLE */
	const struct respin_outcome *outcome; /* OUTCOME */
	struct respin_stats stats;            /* COMMIT, END */
	int code;                             /* END */
	uint64_t history;                     /* END: hash of all requests and outcomes */
};

/* A structured log record; the program makes the sentence. */
struct respin_log {
	size_t size;
	uint8_t level; /* 0 error, 1 warning, 2 notice, 3 debug */
	uint8_t phase;
	int sys_errno;
	int64_t lba;        /* or -1 */
	const char *what;   /* a fixed English phrase */
	const char *detail; /* or NULL */
};

enum respin_focus { RESPIN_FOCUS_REST, RESPIN_FOCUS_ON, RESPIN_FOCUS_ENOUGH };

struct respin_callbacks {
	size_t size;
	void *arg;
	/* From the thread in run(), about 4 times a second. Non-zero: stop. */
	int (*progress)(void *arg, const struct respin_snapshot *snapshot);
	/* From the lanes and the consumer, one at a time, in order. Must be quick. */
	void (*event)(void *arg, const struct respin_event *event);
	void (*log)(void *arg, const struct respin_log *log);
	/*
	 * Optional: what comes first. Called from a lane, before the first read of
	 * what is not there yet (stage 0) and whenever everything in the last answer
	 * was tried as often as pays; what was read until then is durable.
	 * RESPIN_FOCUS_ON: *map (taken; bytes; what is finished in it) is read before
	 * all else, in whole ECC blocks and with small gaps in between; what earlier
	 * answers named is not tried again for this one, and answers that name
	 * nothing else end the questions. _REST: what is left of the domain, and no
	 * more questions. _ENOUGH: nothing else is wanted, the run closes what was
	 * named. May take its time, but run() waits for it also after a cancel; not
	 * called when the run is cancelled.
	 */
	enum respin_focus (*focus)(void *arg, unsigned stage, struct respin_map **map);
};

struct respin_session_options {
	size_t size;
	enum respin_mode mode;
	struct respin_source *sources; /* taken: emptied here, also on failure */
	unsigned source_count;         /* at least 1; all of the same medium */
	/* Either files, with everything that makes them safe... */
	const struct respin_output_options *output;
	/* ...or a sink of the caller's (taken), starting from nothing. */
	struct respin_sink sink;
	struct respin_callbacks callbacks;
	uint64_t seed; /* for the choice of samples; 0: from the medium's identity */
};

struct respin_session;

/*
 * Opens and checks the output; nothing is touched if it refuses. Codes of all
 * three families (error.h).
 */
RESPIN_API int respin_session_create(const struct respin_session_options *options,
				     struct respin_session **session, struct respin_error *error);

/*
 * Runs to the end. 0: everything in the domain is finished, or once
 * callbacks.focus said that it is enough, everything that its answers named. 1:
 * ended, sectors are missing. Negative: the first failure, RESPIN_E_CANCELLED after cancel.
 * The summary is filled in every case but an output failure. Call once.
 */
RESPIN_API int respin_session_run(struct respin_session *session, struct respin_summary *summary,
				  struct respin_error *error);

/*
 * Of the whole process, for good; between create and run, before any thread is
 * started: gives up what a rescue into files needs no more. Root becomes user
 * `uid`, group `gid` (-1: nobody is known), else the owner of the image's
 * directory, if that one can write what is there; else it gives up its
 * capabilities. Files are then made and written below the directories of the
 * image, the map and emergency_dir alone; programs, sockets and other processes
 * are out of reach. Best effort: callbacks.log hears what was done and what
 * this kernel cannot do. With a sink of the caller's it does nothing. Open the
 * source apart, or it is confined as well and cannot open its device again.
 */
RESPIN_API void respin_session_confine(struct respin_session *session, int64_t uid, int64_t gid);

/* From any thread or signal handler; run() returns within 1 s, all saved. */
RESPIN_API void respin_session_cancel(struct respin_session *session);

/*
 * From any thread or signal handler: what is recorded becomes durable now. The
 * next call of callbacks.progress comes when it is, or after a second in which
 * the output did not answer.
 */
RESPIN_API void respin_session_save(struct respin_session *session);

/*
 * From any thread or signal handler; acts before the next command, and ends
 * pauses of ours between commands. In a pause cancel, save and FINISH act at
 * once; after one of some seconds it is looked first whether it is still this
 * disc. FINISH gives up nothing in a sweep or patch, and nothing while the
 * drive does not answer. A drive may refuse another speed: callbacks.log says
 * so, once; snapshot.speed_kbps shows what was asked.
 */
RESPIN_API void respin_session_control(struct respin_session *session, enum respin_control what);

/* From any thread, while run() works and after. Free with respin_snapshot_finish. */
RESPIN_API int respin_session_snapshot(struct respin_session *session, struct respin_snapshot *snapshot);
RESPIN_API void respin_snapshot_finish(struct respin_snapshot *snapshot);

/* Does not wait for a command that never returns. NULL is accepted. */
RESPIN_API void respin_session_destroy(struct respin_session *session);

/* One event as one line of JSON without newline (docs/events.md); free() it. NULL: no memory. */
RESPIN_API char *respin_event_json(const struct respin_event *event);

#ifdef __cplusplus
}
#endif
#endif
