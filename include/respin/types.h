/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values that flow through a rescue: request, reply, span, outcome. They
 * hold no pointer but the byte block, so that a source can live in another
 * process. Positions are units (logical blocks), counted from 0 at the first
 * LBA of the source; bytes appear only at a file's edge.
 */
#ifndef RESPIN_TYPES_H
#define RESPIN_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <respin/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct respin_range {
	uint64_t start; /* units */
	uint64_t count; /* units */
};

/* GNU ddrescue's five, from least to most processed. */
enum respin_status {
	RESPIN_NON_TRIED,   /* '?' */
	RESPIN_NON_TRIMMED, /* '*' a block failed, its edges are not known yet */
	RESPIN_NON_SCRAPED, /* '/' failed as a block, not yet sector by sector */
	RESPIN_BAD,         /* '-' given up; written once, at the very end */
	RESPIN_FINISHED,    /* '+' the bytes are in the image */
};
#define RESPIN_STATUSES 5

/* One maximal run of one status. */
struct respin_extent {
	struct respin_range range;
	uint8_t status; /* enum respin_status */
};

RESPIN_API char respin_status_char(enum respin_status status);

enum respin_phase {
	RESPIN_PHASE_SAMPLE,   /* re-reading a few finished blocks: is it this disc? */
	RESPIN_PHASE_COPYING,  /* sweep, first pass: skips away from damage */
	RESPIN_PHASE_SWEEPING, /* sweep, second pass: what the first one skipped */
	RESPIN_PHASE_TRIMMING, /* patch: one try an ECC block */
	RESPIN_PHASE_SCRAPING, /* patch: sector by sector */
	RESPIN_PHASE_RETRYING, /* rescue: full passes while they pay */
	RESPIN_PHASE_CLOSING,  /* what is left becomes '-' */
	RESPIN_PHASE_FINISHED,
};

/*
 * What a reply, or the lack of one, means for the range that was asked for.
 * Sense data are reduced to these by classify (docs/drives.md has the table).
 */
enum respin_reason {
	RESPIN_REASON_GOOD,           /* GOOD, or a plain read that succeeded */
	RESPIN_REASON_RECOVERED,      /* sense key 1: data good but marginal */
	RESPIN_REASON_MEDIUM,         /* unreadable here; also servo and seek errors */
	RESPIN_REASON_HARDWARE,       /* key 4: damage at this place, or a wedged drive */
	RESPIN_REASON_BECOMING_READY, /* 02/04/01 and its kin: wait and ask again */
	RESPIN_REASON_NEEDS_START,    /* 02/04/02: START UNIT */
	RESPIN_REASON_NOT_READY,      /* key 2, anything else */
	RESPIN_REASON_NO_MEDIUM,      /* 3A, 30: absent, or not recognised */
	RESPIN_REASON_REFUSED,        /* 05/20, 24, 26: opcode, field or parameter */
	RESPIN_REASON_OUT_OF_RANGE,   /* 05/21: never believed on one reply */
	RESPIN_REASON_NOT_RECORDED,   /* key 8, 05/63, 05/64: blank, or damage */
	RESPIN_REASON_LOCKED,         /* 05/6F, or a transform that refused */
	RESPIN_REASON_MEDIUM_CHANGED, /* 06/28: is it still the same disc? */
	RESPIN_REASON_RESET,          /* 06/29, other unit attentions */
	RESPIN_REASON_ABORTED,        /* 0B: once more, then the block has failed */
	RESPIN_REASON_SHORT,          /* GOOD, but fewer bytes than asked arrived */
	RESPIN_REASON_UNPROVED,       /* GOOD, but nothing shows that bytes arrived */
	RESPIN_REASON_TIMEOUT,        /* the host gave the command up */
	RESPIN_REASON_LINK,           /* the way to the drive failed, not the disc */
	RESPIN_REASON_GONE,           /* the source is no longer there */
	RESPIN_REASON_CANCELLED,      /* interrupted before an answer came */
	RESPIN_REASON_SKIPPED,        /* part of the request that was never reached */
	RESPIN_REASON_GIVEN_UP,       /* left over after every pass */
};

/* A word for a reason ("medium error"); never NULL. */
RESPIN_API const char *respin_reason_name(enum respin_reason reason);

/* Sense data reduced to what is used. key 0 and asc 0: none. */
struct respin_sense {
	uint8_t key, asc, ascq;
	uint8_t deferred; /* the error belongs to an earlier command */
	uint8_t has_info; /* VALID was set */
	int64_t info_lba; /* INFORMATION, as an LBA */
};

#define RESPIN_READ_BACKWARDS 0x01u /* part of a walk towards lower LBAs */
#define RESPIN_READ_SAMPLE 0x02u    /* compare with the image, change nothing */
#define RESPIN_READ_FUA 0x04u       /* from the disc, not from the drive's cache */
#define RESPIN_READ_AGAIN 0x08u     /* the drive aborted the first try (key 0B) */
#define RESPIN_READ_LAST 0x10u      /* each try took drive or link away, and both came back */

/* One request is one command and has one outcome. */
struct respin_request {
	uint64_t seq; /* place in the rescue's one sequence, from 0 */
	struct respin_range range;
	uint32_t lane;
	uint32_t timeout_ms;
	uint32_t ecc_block; /* units; the verdict fails whole ECC blocks */
	uint8_t phase;      /* enum respin_phase */
	uint8_t status;     /* enum respin_status the range has */
	uint8_t failed;     /* enum respin_status for what fails now */
	uint8_t flags;      /* RESPIN_READ_* */
};

/* What a source says of one request, before the verdict. */
struct respin_reply {
	uint8_t reason;         /* enum respin_reason: GOOD .. CANCELLED */
	uint8_t resid_trusted;  /* this host reports a true residual */
	uint8_t poison_trusted; /* bytes that did not arrive keep the poison */
	uint8_t agrees;         /* an earlier read of the same range had these bytes */
	uint8_t scsi_status, host_status;
	int sys_errno;
	struct respin_sense sense;
	uint64_t asked_bytes;
	uint64_t residual_bytes; /* as reported, true or not */
	uint64_t filled_bytes;   /* before the first poison left standing */
	uint64_t elapsed_ns;
	uint64_t fingerprint; /* where no bytes are moved: a hash of what would have come; 0: unknown */
};

enum respin_span_kind {
	RESPIN_SPAN_RECOVERED,   /* bytes; becomes '+' */
	RESPIN_SPAN_PROVISIONAL, /* bytes kept, status stays retry-later */
	RESPIN_SPAN_RETRY,       /* no bytes; `status` says which retry-later, or as it was */
	RESPIN_SPAN_UNREADABLE,  /* no bytes; '-' */
	RESPIN_SPAN_RETRACT,     /* '+' back to '*': only with evidence */
};

struct respin_span {
	struct respin_range range;
	uint8_t kind;   /* enum respin_span_kind */
	uint8_t status; /* enum respin_status after this span */
	uint8_t reason; /* enum respin_reason */
};

#define RESPIN_SPANS_MAX 8

/* The spans tile the request's range, in order. */
struct respin_outcome {
	struct respin_request request;
	struct respin_reply reply;
	uint32_t span_count;
	struct respin_span spans[RESPIN_SPANS_MAX];
	uint64_t bytes_len;   /* length of `bytes`: keep_bytes x range.count, or less at the tail */
	unsigned char *bytes; /* for the whole range; NULL if no span has bytes */
};

/* What a source is. Text is as the device gave it: escape before showing. */
struct respin_source_info {
	size_t size;    /* sizeof(struct respin_source_info) of the caller */
	uint64_t units; /* logical blocks, a short last one included */
	int64_t first_lba;
	uint32_t unit_bytes; /* as read: 2048, 2352, ... */
	uint32_t tail_bytes; /* bytes in the last unit if it is short, else 0 */
	uint32_t ecc_block;  /* units that fail together: CD 1, DVD 16, BD 32 */
	uint32_t max_request_units;
	uint16_t profile;  /* MMC-6 5.3.1; 0 for a plain source */
	uint8_t plain;     /* carries bytes, not CDBs */
	uint64_t identity; /* hash of what tells this medium from another; 0: unknown */
	char kind[16];     /* "mmc", "block", "file" */
	char address[256]; /* as opened */
	char vendor[9], product[17], revision[5];
	char medium[32]; /* "DVD-ROM", "CD-R", ... */
	uint8_t no_payload; /* reads succeed or fail and take time, but bring no bytes: nothing to rescue from */
	uint8_t partial;    /* what it lacks may be had elsewhere: a rescue gives up nothing for its sake */
	uint32_t speed_kbps; /* the reading speed that was asked of the drive; 0: its own choice */
};

#ifdef __cplusplus
}
#endif
#endif
