/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of a disc as its file systems tell them: names, sizes, and where
 * their bytes lie. What a walker could not read is part of the answer. Knows
 * no map and no image; reads through the caller.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <respin/error.h>
#include <respin/types.h>

#define FS_SECTOR 2048u

/*
 * A walker gets budgets, not trust: whatever the disc says, it ends, and
 * takes no more than this.
 */
#define FS_DEPTH_MAX 64u
#define FS_PATH_MAX 4096u /* of a directory, in bytes: no system that files came from has longer ones */
#define FS_NODES_MAX 1000000u
#define FS_MEMORY_MAX (64u << 20)

/*
 * No disc has more than 128 GB. A map that ends behind this does not know the
 * end, as other programs' do where nobody told them: then it is the image's.
 */
#define FS_DISC_BYTES_MAX (UINT64_C(1) << 38)

static inline uint64_t fs_disc_end(uint64_t map_end, uint64_t image_bytes)
{
	return map_end > image_bytes && map_end <= FS_DISC_BYTES_MAX ? map_end : image_bytes;
}

/* How a walker reads. Data are whole sectors. */
struct fs_reader {
	void *self;
	uint64_t sectors; /* of the disc; nothing is asked beyond */
	/*
	 * 0; -ENODATA: something of it is not there yet; -EBADMSG: it was tried, and
	 * cannot be had; another negative errno ends the walk.
	 */
	int (*read)(void *self, uint64_t lba, uint32_t count, void *data);
	/* The same for sectors that only may be of use: what was lost is searched for. NULL: no searches. */
	int (*peek)(void *self, uint64_t lba, uint32_t count, void *data);
};

enum fs_kind { FS_FILE, FS_DIRECTORY, FS_SYMLINK, FS_OTHER };

/* Bytes of a file on the disc. In order they make the file. */
struct fs_extent {
	uint64_t disc_bytes; /* from the disc's first byte; of a hole: 0 */
	uint64_t len_bytes;
	uint8_t hole; /* 1: not recorded, zeros */
};

#define FS_ROOT 0u /* the root's own number, and its parent's */
#define FS_LOST 1u /* the directory of what hangs nowhere */

struct fs_node {
	uint32_t parent;
	char *name; /* without "/"; UTF-8 as far as the disc's is; escape before showing, never a path as it is. "" for the root */
	uint64_t size_bytes; /* as the file system says; the extents may have less, or more */
	int64_t modified_s;  /* since the epoch; INT64_MIN: unknown */
	size_t first_extent, extent_count;
	uint8_t kind; /* enum fs_kind */
	/* Of a directory: something in it, or all of it, could not be read; of a file: so was where more of it lies. */
	uint8_t incomplete;
	uint8_t broken; /* what the disc says of it contradicts itself: what could be used was used */
	char *target;   /* of a symbolic link, as the disc has it */
};

/* Why a tree may tell of another disc than the one that was last written. */
enum fs_doubt {
	FS_SURE,
	FS_OLDER,   /* what was written last cannot be read: this is how the disc was before */
	FS_UNMOVED, /* the table of packets that were moved cannot be read: old bytes may pass for new ones */
};

struct fs_tree {
	char format[24];          /* "ISO 9660", "Joliet", "Rock Ridge", "UDF 2.50", ... */
	char volume[128];         /* UTF-8 */
	uint64_t claimed_sectors; /* how long the file system says that it is; 0: it does not */
	struct fs_node *nodes;    /* [0] is the root, [1] FS_LOST; a parent comes before its children */
	size_t node_count;
	struct fs_extent *extents;
	size_t extent_count;
	/* Sectors that the file systems itself lives in: descriptors, tables, directories. Sorted, disjoint. */
	struct respin_range *metadata;
	size_t metadata_count;
	/* Those of them that could not be read. */
	struct respin_range *lacking;
	size_t lacking_count;
	bool cut; /* a budget ended the walk: there is more */
	enum fs_doubt doubt;
	uint64_t
		session_lba; /* where the session begins that was looked at; of a virtual partition its VAT's ICB */
};

void fs_tree_destroy(struct fs_tree *tree);

/* The node's path below the root, "/" between names; NULL: no memory. free() it. */
char *fs_tree_path(const struct fs_tree *tree, uint32_t node);

struct fs_options {
	uint64_t session_lba; /* where the session to be looked at begins; 0: fs_read takes the newest one */
	bool first;           /* the one that begins at 0, whatever there is behind it */
	bool plain;           /* ISO 9660's own names, even where there are better ones */
};

/*
 * RESPIN_E_UNSUPPORTED: no such file system there, so far as it can be read.
 * RESPIN_E_NOMEM. A file system that can be read only in part is no failure.
 */
int fs_iso9660(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	       struct respin_error *error);
int fs_udf(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	   struct respin_error *error);

/* A state of the disc that was once finished: a session, or what a VAT tells. */
struct fs_session {
	uint64_t lba;
	uint64_t root; /* of ISO 9660: where its root directory lies */
	bool udf;
};

/* Those that can still be found, in their order: `most` of them at most. How many. Reads the whole disc. */
size_t fs_sessions(const struct fs_reader *reader, struct fs_session *list, size_t most);

/* The better of what is there: UDF where it is whole, else ISO 9660; or the only one. */
int fs_read(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	    struct respin_error *error);

#endif
