/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source turns a request into a reply and bytes: one request, one command,
 * one reply, no hidden retry. A drive behind any transport, or a plain block
 * device or file. Decorators wrap a source and are sources themselves.
 */
#ifndef RESPIN_SOURCE_H
#define RESPIN_SOURCE_H

#include <respin/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Things asked of a drive beside reading. */
enum respin_drive_command {
	RESPIN_DRIVE_START,    /* START STOP UNIT, Start=1, tray untouched */
	RESPIN_DRIVE_IDENTIFY, /* read identity again; compare with info.identity */
	RESPIN_DRIVE_REOPEN,   /* the link failed: open the same device anew */
	RESPIN_DRIVE_SLOWER,   /* its next lower reading speed; REFUSED: there is none, or it will not */
	RESPIN_DRIVE_FASTER,   /* the next higher one; what is asked for stands in info.speed_kbps */
};

struct respin_source_ops {
	size_t size; /* sizeof(struct respin_source_ops) of the implementer */
	/* Cheap, no command: what was learned at open or at the last IDENTIFY. */
	void (*info)(void *self, struct respin_source_info *info);
	/*
	 * Read request->range as one command into `buffer` (range.count x
	 * unit_bytes). Always fills the reply. Bytes beyond what the verdict
	 * accepts are meaningless.
	 */
	void (*read)(void *self, const struct respin_request *request, void *buffer,
		     struct respin_reply *reply);
	/* Optional. Fills reply.reason; GOOD: done. */
	void (*control)(void *self, enum respin_drive_command command, struct respin_reply *reply);
	/* Optional: make a read in another thread return CANCELLED soon. Async-signal-safe. */
	void (*interrupt)(void *self);
	/* Optional: the clock that this source lives by; without it the host's. */
	uint64_t (*now_ns)(void *self);
	/* Optional, with now_ns: let that clock run until `ns`. */
	void (*sleep_until_ns)(void *self, uint64_t ns);
	void (*destroy)(void *self);
};

struct respin_source {
	const struct respin_source_ops *ops;
	void *self;
};

/*
 * Opens /dev/srN, /dev/sgN, a block device or file, iscsi://HOST[:PORT]/IQN/LUN
 * or sim:NAME?key=value&... On success *source is owned by the caller, who
 * gives it to a session or to respin_source_destroy.
 * RESPIN_E_INVALID (address), _SOURCE, _PERMISSION, _NOT_OPTICAL, _NO_MEDIUM,
 * _UNSUPPORTED (not in this build), _NOMEM.
 */
RESPIN_API int respin_source_open(const char *address, struct respin_source *source,
				  struct respin_error *error);

/*
 * The same, opened in a child process, which alone speaks to the drive. A
 * command that never returns then holds up neither cancel nor destroy, and what
 * parses the bytes of a strange disc can write to no file: as far as the kernel
 * allows, the child may write nothing but its device and start no program.
 * Call it before starting threads, from a thread that lives as long as the
 * source does; a SIGCHLD may come. Codes of respin_source_open, among them
 * RESPIN_E_SOURCE (also: the child has died) and RESPIN_E_NOMEM (also: no
 * process can be started). A child that dies later is RESPIN_REASON_GONE.
 */
RESPIN_API int respin_source_open_apart(const char *address, struct respin_source *source,
					struct respin_error *error);

/* An MMC source over a transport of the caller's; takes the transport in any case. */
RESPIN_API int respin_source_mmc(struct respin_transport *transport, struct respin_source *source,
				 struct respin_error *error);

RESPIN_API void respin_source_info(const struct respin_source *source, struct respin_source_info *info);

/* Accepts NULL and an empty source; leaves it empty. */
RESPIN_API void respin_source_destroy(struct respin_source *source);

/*
 * A transform turns sectors as read into the bytes to keep, on the lane,
 * before the verdict. `keep` has range.count x keep_bytes. Returns the units,
 * from the first, that it turned; the next one is reported as locked.
 * It runs once a successful read, never concurrently.
 */
struct respin_transform {
	size_t size;
	void *self;
	uint32_t keep_bytes; /* a unit, fixed for the whole rescue */
	uint64_t (*apply)(void *self, struct respin_range range, const void *read, void *keep);
};

/* Wraps `inner` (taken in any case); the new unit is transform->keep_bytes. */
RESPIN_API int respin_source_transform(struct respin_source *inner, const struct respin_transform *transform,
				       struct respin_source *source, struct respin_error *error);

#ifdef __cplusplus
}
#endif
#endif
