/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source in a process of its own: whatever the drive does, a command that
 * never returns included, this process can save and end, and the parsers of
 * what a disc and a drive say can open nothing for writing but the drive's one
 * node, as root and as anybody (where the kernel has Landlock). The child is
 * not trusted: every field that comes from it is checked. Knows nothing of
 * drives.
 */
#ifndef IO_SOURCE_PROC_H
#define IO_SOURCE_PROC_H

#include <respin/source.h>

#include <stdbool.h>
#include <sys/types.h>

/* What the child runs: as respin_source_open. */
struct source_proc_opener {
	int (*open)(const char *address, struct respin_source *source, struct respin_error *error);
	bool runs_programs; /* opening starts a program: the child is confined only after that */
};

/*
 * Forks, opens `address` in the child, and gives a source whose every call is
 * served there. Codes of the opener; RESPIN_E_NOMEM (no process, no memory),
 * RESPIN_E_SOURCE (the child died, or says what makes no sense). Call it before
 * any thread is started, and from a thread that lives as long as the source:
 * the child ends with that one. A child that dies later is a source that is
 * gone: RESPIN_REASON_GONE, sys_errno EOWNERDEAD (it ended) or EPROTO (it said
 * what makes no sense, and was ended).
 */
int source_proc_open(const char *address, const struct source_proc_opener *opener,
		     struct respin_source *source, struct respin_error *error);

/* --- what both sides know; for them and the tests --- */

/* The largest request: four times what any source of ours asks for. */
#define PROC_SHARED_BYTES (4u << 20)
/* A source's own clock tells no more than this: 146 years. */
#define PROC_NOW_MAX_NS ((uint64_t)INT64_MAX / 2)

enum proc_verb { PROC_READ = 1, PROC_CONTROL, PROC_SLEEP };

struct proc_question {
	uint64_t serial;
	uint64_t until_ns; /* SLEEP */
	uint32_t verb;     /* enum proc_verb */
	uint32_t command;  /* CONTROL: enum respin_drive_command */
	struct respin_request request;
};

struct proc_answer {
	uint64_t serial;
	uint64_t now_ns; /* of the source's own clock, so that nobody need ask */
	struct respin_reply reply;
	struct respin_source_info info; /* only behind CONTROL; the others are sent without it */
};

/* The first words, once the source is open or could not be opened. */
struct proc_greeting {
	uint64_t now_ns;
	int32_t code;
	uint8_t own_clock;
	struct respin_source_info info;
	struct respin_error error;
};

/* The child's ends; it owns nothing else. */
struct proc_child {
	const char *address;
	const struct source_proc_opener *opener;
	void *shared;
	int socket;
	int lifeline; /* hangs up when the parent wants no more, and when it is no more */
	pid_t parent;
};

/* source_proc_child.c: serves until the parent hangs up. */
_Noreturn void source_proc_serve(const struct proc_child *child);

/* source_proc_check.c: is this something that an honest child can say? Mends texts without an end. */
bool source_proc_check_info(struct respin_source_info *info);
bool source_proc_check_reply(struct respin_reply *reply, uint64_t asked_bytes);
bool source_proc_check_greeting(struct proc_greeting *greeting);

#endif
