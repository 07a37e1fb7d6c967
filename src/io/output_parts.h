/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files output*.c share: the output itself and the steps of its
 * opening, in their order. Not for others.
 */
#ifndef IO_OUTPUT_PARTS_H
#define IO_OUTPUT_PARTS_H

#include "io/output.h"
#include "io/sink_file.h"

#define OUTPUT_NOTICES_MAX 16u

/* What was found, and what follows from it. */
struct findings {
	bool image_there, image_is_link; /* a link to a device, which is followed */
	struct respin_io_stat image;
	bool map_there;
	struct respin_io_stat map;
	struct buf map_text;  /* as it lies on disk */
	bool keep_as_backup;  /* it was good: it becomes the .bak of this run */
	bool keep_as_damaged; /* it was not: it is put aside */
	bool twin_there;      /* a second copy of it, left by a run that was cut off */
	bool save_first;      /* the map on disk must be replaced before the image is written */
	bool domain_there;    /* saved by an earlier run */
	bool save_domain;
	struct respin_io_stat domain; /* as this run saved it */
	struct respin_io_space space; /* of the image's file system */
	bool loose_names;             /* of the map's: a rename may lose both names */
};

struct output {
	struct respin_io io;
	const struct respin_output_options *options; /* NULL once it is open */
	struct layout layout;
	uint32_t ecc_block;

	struct place image_at, map_at;
	struct place domain_at;    /* IMAGE.domain; beside the map where IMAGE is no regular file */
	struct place emergency_at; /* a directory, without a name in it */
	char *backup_name, *damaged_name, *twin_name, *lock_name;
	int lock_file; /* -1: none yet */
	bool begun;    /* from here on there are traces, and the lock is ours to remove */

	struct findings found;
	struct respin_map *map, *domain;
	struct mapfile_resume resume;
	uint64_t generation; /* of the map found */
	char *command_line;

	struct store store;
	struct sink_file sink;
	struct output_sample samples[OUTPUT_SAMPLES_MAX];
	size_t sample_count;
	bool told_host;
	char *notices[OUTPUT_NOTICES_MAX];
	size_t notice_count;
};

/* 1. Who is who: kinds, links, the source, the locks that can be had without making a file. */
int output_check(struct output *output, struct respin_error *error);
/* 2. What counts: --domain, or what an earlier run saved. */
int output_load_domain(struct output *output, struct respin_error *error);
/* 3. The map to go on from, or the refusal. */
int output_load_map(struct output *output, struct respin_error *error);
/* 4. The first changes: lock, backup, domain, first map, image. */
int output_begin(struct output *output, struct respin_error *error);
/* 5. What to compare with the disc. */
int output_choose_samples(struct output *output, uint64_t seed, struct respin_error *error);

/* A mapfile as found: text, map of bytes, and what it says beside its blocks. */
struct loaded {
	struct buf text;
	struct respin_io_stat stat;
	struct respin_map *bytes;
	struct mapfile_info info;
};

void loaded_finish(struct loaded *loaded);
/*
 * `flags` as in files_load. RESPIN_E_OUTPUT (cannot be read), RESPIN_E_INVALID (is no regular file),
 * RESPIN_E_MAP_DAMAGED, RESPIN_E_NOMEM.
 */
int output_load_file(const struct output *output, const struct place *at, unsigned flags,
		     const struct respin_map_options *how, struct loaded *loaded, struct respin_error *error);
/* RESPIN_E_MAP_SIZE: it counts another kind of unit than this source has. */
int output_check_units(const struct output *output, const struct loaded *loaded, const char *path,
		       struct respin_error *error);

/* Takes the lock of an open file; -EAGAIN: RESPIN_E_LOCKED. Where there are no locks, says so once. */
int output_lock(struct output *output, int file, const char *path, struct respin_error *error);

/* The head that all our mapfiles have. */
struct mapfile_head output_head(const struct output *output);

void output_say(struct output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
