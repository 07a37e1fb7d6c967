/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ledger of a rescue: every attempt, run and note, in an SQLite database
 * beside the image (IMAGE.ledger; docs/ledger.md has its tables). History for
 * people and pictures, nothing more: no rescue ever asks it what is finished,
 * and deleting it costs only the history.
 */
#ifndef RESPIN_LEDGER_H
#define RESPIN_LEDGER_H

#include <respin/error.h>
#include <respin/session.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct respin_ledger;

/* One sitting at one drive. Text is as it was given: escape before showing. */
struct respin_ledger_run {
	size_t size;
	uint64_t number;   /* from 1, in the order of their beginnings */
	int64_t started_s; /* since the epoch */
	int64_t ended_s;   /* 0: it was killed, or still runs */
	int32_t code;      /* what respin_session_run returned */
	const char *command_line, *version;
	const struct respin_source_info
		*source; /* address, kind, medium, vendor, product, revision, units, ... */
	uint64_t gained; /* units that it saved */
};

/* One command that was given, and what came of it. */
struct respin_attempt {
	size_t size;
	uint64_t run; /* respin_ledger_run.number */
	struct respin_range range;
	uint64_t gained;     /* units of it that became finished */
	uint64_t time_ns;    /* since its run began, on the source's clock */
	uint64_t elapsed_ns; /* how long the command took */
	uint32_t lane;
	uint32_t spin;       /* how often the drive had been started, reset or reopened in this run */
	uint32_t speed_kbps; /* asked for; 0: the drive's own choice */
	uint8_t phase;       /* enum respin_phase */
	uint8_t reason;      /* enum respin_reason */
	uint8_t flags;       /* RESPIN_READ_* */
	uint8_t status;      /* enum respin_status of the range's worst part, after it */
	struct respin_sense sense;
};

struct respin_ledger_note {
	size_t size;
	uint64_t run;   /* the last one before it; 0: none */
	int64_t time_s; /* since the epoch */
	const char *text;
};

/* Opens PATH to read it: RESPIN_E_INVALID (cannot be read, or no ledger of this version), _NOMEM. */
RESPIN_API int respin_ledger_open(const char *path, struct respin_ledger **ledger,
				  struct respin_error *error);

/*
 * Opens PATH to add to it, made if it is not there. Never fails for want of a
 * place: then the result is 1, the ledger is kept in memory, and *error says
 * why. A file that is no ledger is left alone. RESPIN_E_NOMEM.
 */
RESPIN_API int respin_ledger_create(const char *path, struct respin_ledger **ledger,
				    struct respin_error *error);

/* Writes what is held, if that is done within a second. NULL is accepted, here and below. */
RESPIN_API void respin_ledger_destroy(struct respin_ledger *ledger);

/* A run begins: of `run` the command line, the version and the source are used. From one thread, as destroy. */
RESPIN_API void respin_ledger_begin(struct respin_ledger *ledger, const struct respin_ledger_run *run);
/* For callbacks.event: from any thread, keeps what happened in memory. */
RESPIN_API void respin_ledger_event(struct respin_ledger *ledger, const struct respin_event *event);
/*
 * For callbacks.progress: what is held is written soon, by a thread that the
 * first call starts. 1, once: the file cannot be written any more, *error says
 * why, and the rest is kept in memory.
 */
RESPIN_API int respin_ledger_progress(struct respin_ledger *ledger, const struct respin_snapshot *snapshot,
				      struct respin_error *error);
/* `code` is what respin_session_run returned. */
RESPIN_API void respin_ledger_end(struct respin_ledger *ledger, int code);
/* A person's words, with the run that has begun or, between two, the last one. UTF-8, 4,096 bytes at most. */
RESPIN_API void respin_ledger_note(struct respin_ledger *ledger, const char *text);

/* Each calls back in order, until non-zero is returned, which it then returns. RESPIN_E_INVALID: damaged. */
RESPIN_API int respin_ledger_runs(struct respin_ledger *ledger,
				  int (*each)(void *arg, const struct respin_ledger_run *run), void *arg);
RESPIN_API int respin_ledger_attempts(struct respin_ledger *ledger,
				      int (*each)(void *arg, const struct respin_attempt *attempt),
				      void *arg);
RESPIN_API int respin_ledger_notes(struct respin_ledger *ledger,
				   int (*each)(void *arg, const struct respin_ledger_note *note), void *arg);

#ifdef __cplusplus
}
#endif
#endif
