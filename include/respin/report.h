/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page that says it all: one rescue as one file of HTML. The disc as it
 * lies in the hand, the damage, the files, the history, what would help next.
 * Text from values; reads no file but through the handles it is given.
 */
#ifndef RESPIN_REPORT_H
#define RESPIN_REPORT_H

#include <respin/error.h>
#include <respin/files.h>
#include <respin/ledger.h>
#include <respin/map.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything but the map may be missing; text is UTF-8 and foreign: it is escaped by the callee. */
struct respin_report_options {
	size_t size;                     /* sizeof(struct respin_report_options) of the caller */
	const struct respin_map *map;    /* of bytes, as respin_map_load gives it */
	const struct respin_map *domain; /* only what is finished in it counts; NULL: everything does */
	struct respin_files *files;      /* NULL: no list of files */
	const char *no_files;            /* why there are none; NULL: they were not asked for */
	struct respin_ledger *ledger;    /* NULL: no history */
	const char *title;               /* what the page is called */
	const char *image;               /* path, for the commands that the page proposes */
	const char *medium;              /* the kind of disc, as respin_svg_options.medium */
	const char *version;             /* of the program that asks for the page */
	const char *sha256;              /* of the whole image, if somebody knows it */
	int64_t made_s;                  /* since the epoch; 0: the page does not say when it was made */
	uint64_t end_bytes;              /* where the disc ends; 0: where the map ends */
	uint32_t sector_bytes;           /* in the image; 0: as the ledger says, else 2048 */
	uint16_t profile;                /* MMC-6 5.3.1; 0: as the ledger says, else unknown */
};

/*
 * Makes the page: HTML 5, below 2 MB whatever map, list and ledger, complete in
 * itself: it asks for nothing and may ask for nothing (its content security
 * policy says so). *html is terminated; free() it. RESPIN_E_INVALID: no map, no
 * such medium, larger than the medium, or a map that says nothing.
 * RESPIN_E_NOMEM. A damaged ledger is told on the page and fails nothing.
 */
RESPIN_API int respin_report_html(const struct respin_report_options *options, char **html,
				  struct respin_error *error);

#ifdef __cplusplus
}
#endif
#endif
