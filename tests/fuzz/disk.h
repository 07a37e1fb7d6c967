/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk for fuzzing behind respin_io_ops: one folder, a few small files, a log
 * of what is not synced yet. It fails where it is told to and loses power; what
 * was not synced is then there or not, write by write, as a seed has it. Made
 * for speed: it allocates nothing after its first run. No permissions, no links.
 */
#ifndef TESTS_FUZZ_DISK_H
#define TESTS_FUZZ_DISK_H

#include <respin/io.h>

#include "fuzz.h"

#define DISK_FOLDER "/d"
#define DISK_FAULTS_MAX 8u

/* The nth call (from 1) that changes something, and `times` - 1 after it, fail. */
struct disk_fault {
	uint16_t nth, times;
	int error; /* negative errno; 0: a write stops half-way, a sync lies not but keeps silent */
	bool reverts; /* of a sync: the cache goes back to what is on the disk (btrfs), else it keeps what is new */
};

void disk_reset(void);
struct respin_io disk_io(void);
void disk_fail(struct disk_fault fault);
void disk_no_faults(void);
/* Changes so far; faults count them. */
uint64_t disk_changes(void);
/* The power goes before the nth change from now on; 0: it stays. */
void disk_cut_before(uint64_t changes);
/* Back again: of each file a part of what was not synced, of the folder the first changes. No handle is left. */
void disk_reboot(uint64_t seed);
/* The process died, the system did not. */
void disk_kill(void);

/* As a reader would see it now; NULL: no such file. */
const uint8_t *disk_bytes(const char *name, size_t *len);
/* Somebody else writes a file, and it is durable. */
void disk_put(const char *name, const void *data, size_t len);
void disk_remove(const char *name);

#endif
