/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the walkers put a tree together: nodes, extents, what was read and what
 * could not be, and the budgets. For src/fs alone.
 */
#ifndef FS_BUILD_H
#define FS_BUILD_H

#include "fs/tree.h"

struct fs_ranges {
	struct respin_range *list;
	size_t count, cap;
};

struct fs_build {
	const struct fs_reader *reader;
	struct fs_tree *tree;
	size_t node_cap, extent_cap;
	struct fs_ranges metadata, lacking;
	size_t memory_bytes;
	uint64_t reads; /* sectors read so far: never more than the disc has, twice over */
	/* The last sector that was read alone: a directory's continuation areas share one, and each asks for it. */
	uint64_t kept_lba; /* + 1; 0: none */
	uint8_t kept[FS_SECTOR];
	uint64_t peeks; /* those that were only looked at */
	uint64_t steps; /* what took time and read nothing */
	bool untried;   /* what the last read lacked may still come */
	bool waits;     /* so may something that the file system lives in */
	int failure;    /* RESPIN_E_*: no memory, or the reader's end; the walk is over */
	int sys_errno;
};

/* Root and FS_LOST. RESPIN_E_NOMEM. */
int fs_build_init(struct fs_build *build, const struct fs_reader *reader);
/* Sorts and joins the ranges, and hands the tree over; NULL after a failure. */
struct fs_tree *fs_build_finish(struct fs_build *build);
void fs_build_drop(struct fs_build *build);

/* No budget is used up, and nothing failed. */
bool fs_build_goes_on(const struct fs_build *build);

/* Counts work that no read limits. False: it was more than any sane disc asks for, and the tree is cut. */
bool fs_build_step(struct fs_build *build, uint64_t steps);

/* A directory that lies deeper than any that was ever made: a circle, or meant to be a burden. */
bool fs_tree_too_deep(const struct fs_tree *tree, uint32_t node);

/* A new node; its name is copied. UINT32_MAX: the walk is over. */
uint32_t fs_build_node(struct fs_build *build, uint32_t parent, enum fs_kind kind, const char *name);
/* Appends to the last node that got one: a node's extents lie together. */
void fs_build_extent(struct fs_build *build, uint32_t node, struct fs_extent extent);
void fs_build_target(struct fs_build *build, uint32_t node, const char *target);

/*
 * Reads sectors that the file system lives in, and takes note of them. False:
 * something of them is missing, or lies beyond the disc, or the walk is over.
 */
bool fs_build_read(struct fs_build *build, uint64_t lba, uint32_t count, void *data);

/*
 * Looks at a sector that the file system may live in or not: takes no note of
 * it. False: it is missing, or beyond the disc, or enough was read.
 */
bool fs_build_peek(struct fs_build *build, uint64_t lba, void *data);

/* Is what is lacking truly lost, so that a search for what else could tell it makes sense? */
bool fs_build_may_search(const struct fs_build *build);

/* UCS-2, big endian, or UTF-16 where it is that, to UTF-8 that is always valid; `cap` with the terminator. */
void fs_utf8_from_utf16be(const uint8_t *from, size_t bytes, char *to, size_t cap);
/* Bytes of an unknown 8-bit set: valid UTF-8 stays, else each byte is taken for Latin-1. */
void fs_utf8_from_bytes(const uint8_t *from, size_t bytes, char *to, size_t cap);

#endif
