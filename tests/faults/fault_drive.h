/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transport over another one that counts commands and answers some of them
 * wrongly: with sense data, host failures, residuals and data that lie. It also
 * is a witness: what is not on the write blocker's list must not come by.
 */
#ifndef FAULTS_FAULT_DRIVE_H
#define FAULTS_FAULT_DRIVE_H

#include <stdbool.h>

#include <respin/transport.h>

enum wrong_kind {
	WRONG_SENSE,    /* CHECK CONDITION with key, asc, ascq; the drive did not see the command */
	WRONG_DATA,     /* the same, beside data that all arrived */
	WRONG_STATUS,   /* a SCSI status without sense */
	WRONG_HOST,     /* it ended below SCSI */
	WRONG_SHORT,    /* GOOD; `percent` of the data arrive, the residual tells */
	WRONG_SILENT,   /* GOOD; `percent` of the data arrive, the residual says: all */
	WRONG_RESIDUAL, /* GOOD, all data; the residual is `number` */
	WRONG_GARBAGE,  /* CHECK CONDITION with `number` bytes of noise for sense */
	WRONG_SLOW,     /* right, but a minute late */
};

/* Where INFORMATION points; of a read only, else 0. */
enum wrong_info {
	INFO_NONE,
	INFO_FIRST,
	INFO_MIDDLE,
	INFO_LAST,
	INFO_BEFORE,
	INFO_BEHIND,
	INFO_ZERO,
	INFO_HUGE
};

struct wrong {
	const char *name;
	enum wrong_kind kind;
	uint8_t key, asc, ascq;
	bool deferred, descriptor;
	enum wrong_info info;
	uint8_t status, host, percent;
	uint32_t number;
};

#define FOR_EVER UINT32_MAX

struct fault_drive {
	struct respin_transport below; /* stays the caller's */
	const struct wrong *wrong;     /* NULL: nothing goes wrong */
	uint64_t at;                   /* the index of the first command that does, from 0 */
	uint32_t times;                /* and so many in a row */
	bool quick;                    /* it answers at once; else after a good second */
	uint64_t commands, limit;      /* limit: more of them are a hang */
	uint64_t struck;
	uint64_t seed; /* of noise */
};

/* Counts from 0. */
void fault_drive_init(struct fault_drive *fault, const struct respin_transport *below);
struct respin_transport fault_drive_transport(struct fault_drive *fault);

#endif
