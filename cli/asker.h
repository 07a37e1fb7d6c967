/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads at a source for those who only want to look: one place, one answer,
 * with the patience that a drive needs and a moment at which it ends, whatever
 * the drive does. Keeps nothing, writes nothing, retries no failed place.
 */
#ifndef CLI_ASKER_H
#define CLI_ASKER_H

#include <stdbool.h>

#include <respin/source.h>

enum asker_answer {
	ASKER_GOOD,         /* the bytes are there */
	ASKER_RECOVERED,    /* there, and the drive says that it was hard */
	ASKER_FAILED,       /* the disc is not readable there, or not this time */
	ASKER_NOT_RECORDED, /* blank, or damage that looks like it */
	ASKER_LOCKED,       /* copy protection */
	ASKER_BEYOND,       /* the drive says that its own capacity is not true */
	ASKER_HUNG,         /* the host gave the command up */
	ASKER_LATE,         /* the time is over */
	ASKER_OTHER_DISC,   /* it was changed */
	ASKER_LOST,         /* the drive cannot be used any more */
};

struct asker {
	struct respin_source source;
	struct respin_source_info info;
	unsigned char *buffer;      /* of the last answer: max_request_units x unit_bytes */
	uint64_t begun_ns, ends_ns; /* on the source's clock */
	uint64_t latency_ns;        /* of the last answer: its last command */
	struct respin_reply reply;
	uint64_t serial;
	bool no_fua;  /* the drive refuses it */
	bool alarmed; /* an alarm of this process keeps the time */
};

/* Opens the source, apart. budget_ns counts from before that; 0: no end. Codes of respin_source_open_apart. */
int asker_open(struct asker *asker, const char *address, uint64_t budget_ns, struct respin_error *error);
void asker_close(struct asker *asker);

/* The source's clock. */
uint64_t asker_now_ns(const struct asker *asker);
/* Of the budget; UINT64_MAX without one. */
uint64_t asker_left_ns(const struct asker *asker);
void asker_sleep(struct asker *asker, uint64_t ns);

/* `flags`: RESPIN_READ_*. most_ns: what this one read may take; the budget's end comes first. */
enum asker_answer asker_read(struct asker *asker, struct respin_range range, unsigned flags,
			     uint64_t most_ns);

#endif
