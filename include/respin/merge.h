/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several images of one disc made into one: of other drives, other copies,
 * other programs. Where they differ the version that more of them have counts,
 * and a tie is nobody's: it stays unfinished. Reads no drive.
 */
#ifndef RESPIN_MERGE_H
#define RESPIN_MERGE_H

#include <respin/error.h>
#include <respin/sink.h>
#include <respin/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RESPIN_MERGE_IMAGES_MAX 32u

struct respin_merge_image {
	const char *address; /* "IMAGE" (with IMAGE.map beside it) or "IMAGE,MAPFILE" */
	uint8_t whole;       /* there is no map: all that is in IMAGE counts */
};

enum respin_merge_kind {
	RESPIN_MERGE_MISSING, /* no image has it */
	RESPIN_MERGE_AGREED,  /* all that have it have the same */
	RESPIN_MERGE_SETTLED, /* they differ, and one version has more readings */
	RESPIN_MERGE_OPEN,    /* they differ, and nothing decides: unfinished */
};

/* A version of a range in which the images differ. */
struct respin_merge_version {
	uint64_t members; /* bit i: options.images[i] has it; bit image_count: the output had it before */
	uint32_t votes;   /* independent readings */
	uint64_t hash;    /* XXH3-64 of its bytes */
};

/* One run of units with one answer. */
struct respin_merge_run {
	size_t size;
	struct respin_range range;
	uint8_t kind;    /* enum respin_merge_kind */
	uint8_t status;  /* enum respin_status in the output's map after it */
	int32_t giver;   /* index of the image whose bytes are taken; image_count: it was there; -1: nobody */
	uint64_t having; /* bits as in members: who has it at all */
	uint32_t version_count; /* of SETTLED and OPEN, else 0 */
	struct respin_merge_version versions[RESPIN_MERGE_IMAGES_MAX + 1];
};

/* What one image brought; in units. */
struct respin_merge_share {
	uint64_t having;    /* finished in it */
	uint64_t gave;      /* taken from it: each unit is counted for one image alone */
	uint64_t alone;     /* that no other one has */
	uint64_t overruled; /* where more readings say otherwise */
};

struct respin_merge_report {
	size_t size;
	uint32_t unit_bytes;
	struct respin_stats stats; /* of the output, in its domain */
	uint64_t kept;             /* units that the output had and keeps */
	uint64_t settled, open;    /* units in which images differ */
	uint64_t retracted;        /* units taken back from the output */
	uint32_t share_count;
	struct respin_merge_share shares[RESPIN_MERGE_IMAGES_MAX]; /* as options.images */
};

struct respin_merge_callbacks {
	size_t size;
	void *arg;
	/* About 4 times a second; units done and to do. Non-zero: stop, all saved. */
	int (*progress)(void *arg, uint64_t done, uint64_t total);
	/* Every run, in order, after it was given to the output. */
	void (*run)(void *arg, const struct respin_merge_run *run);
	/* A sentence that the person should know. */
	void (*notice)(void *arg, const char *text);
};

struct respin_merge_options {
	size_t size;
	const struct respin_merge_image *images;
	uint32_t image_count; /* 1 .. RESPIN_MERGE_IMAGES_MAX */
	/*
	 * As for a rescue: what is there is gone on from. source_path is not
	 * looked at. force: merge what cannot be shown to be of one disc, too.
	 */
	const struct respin_output_options *output;
	struct respin_merge_callbacks callbacks;
};

/*
 * Merges into output->image and its map; what is disagreed about is listed in
 * output->image with ".conflicts", which is there whenever units were settled or
 * left open, now or by an earlier merge (docs/merge.md). 0: everything is there,
 * and no images differ; 1: units are missing, or images differ, settled or not.
 * Memory is bounded whatever the size; killed and started again it goes on.
 * A reading counts once: one file named twice is refused, images whose maps are
 * copies of one another are one reading where they agree, and what the output
 * holds already adds none to what an image has.
 * RESPIN_E_OTHER_DISC (also: nothing shows that it is the same one),
 * _SAME_FILE, _MAP_SIZE, _IMAGE_NO_MAP, _IMAGE_SHORT, _MAP_DAMAGED, _SOURCE,
 * _PERMISSION, _INVALID, _CANCELLED (all saved), and those of an output.
 */
RESPIN_API int respin_merge(const struct respin_merge_options *options, struct respin_merge_report *report,
			    struct respin_error *error);

#ifdef __cplusplus
}
#endif
#endif
