/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What went wrong on the host: one negative code, the errno behind it, and one
 * line of text. A damaged disc is no error (it is an outcome, see types.h); a
 * mistake of ours is an assert.
 */
#ifndef RESPIN_ERROR_H
#define RESPIN_ERROR_H

#include <respin/export.h>

#ifdef __cplusplus
extern "C" {
#endif

enum respin_code {
	RESPIN_OK = 0,

	/* The caller's own: exit status 2. */
	RESPIN_E_INVALID = -1,     /* a number, address or option makes no sense */
	RESPIN_E_UNSUPPORTED = -2, /* this build or this source cannot do that */

	/* The source: exit status 3. */
	RESPIN_E_SOURCE = -10,      /* cannot be opened or used */
	RESPIN_E_PERMISSION = -11,  /* the node is there, the right is not */
	RESPIN_E_NOT_OPTICAL = -12, /* a SCSI device, but of another kind */
	RESPIN_E_NO_MEDIUM = -13,   /* no disc, or none that the drive recognises */
	RESPIN_E_GONE = -14,        /* the source vanished in mid-rescue */

	/* The output: exit status 4. */
	RESPIN_E_OUTPUT = -20, /* cannot be created, written or synced */
	RESPIN_E_FULL = -21,   /* no space, quota or size limit */
	RESPIN_E_NOMEM = -22,  /* no memory */

	/* Refused, nothing touched: exit status 5. */
	RESPIN_E_LOCKED = -30,       /* another run works on the same files */
	RESPIN_E_MAP_DAMAGED = -31,  /* neither the map nor its backup parses */
	RESPIN_E_MAP_SIZE = -32,     /* the map describes a source of another size */
	RESPIN_E_IMAGE_SHORT = -33,  /* the image is shorter than its map claims */
	RESPIN_E_IMAGE_NO_MAP = -34, /* there is an image but no map */
	RESPIN_E_SAME_FILE = -35,    /* the output lies on the source */
	RESPIN_E_OTHER_DISC = -36,   /* not the disc that the image came from */
	RESPIN_E_OTHER_FILE = -37,   /* map or image was replaced under us */

	/* Stopped by the user, everything saved: exit status 6. */
	RESPIN_E_CANCELLED = -40,
};

/* Caller-owned. Zero it before the call; it is filled only on failure. */
struct respin_error {
	int code;       /* enum respin_code */
	int sys_errno;  /* the errno behind it, or 0 */
	char text[496]; /* one line of English: what, why, what to do */
};

/* A short name for a code ("source gone"); never NULL. */
RESPIN_API const char *respin_code_name(int code);

/* The program's exit status for a code (0, 2..6). */
RESPIN_API int respin_exit_status(int code);

#ifdef __cplusplus
}
#endif
#endif
