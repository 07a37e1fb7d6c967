/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "respin verify" was asked and what it found, for those who write it
 * down. Owns nothing that a page may change.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include <stdbool.h>
#include <stdio.h>

#include "inventory.h"
#include "manifest.h"
#include "reread.h"

/* More would be another rescue. */
#define VERIFY_REREAD_MAX 1000000u

enum verify_page { VERIFY_MANIFEST, VERIFY_IMAGE_MANIFEST, VERIFY_DFXML, VERIFY_JSON, VERIFY_PAGES };
enum verify_neighbour { VERIFY_MAP, VERIFY_DOMAIN, VERIFY_LEDGER, VERIFY_NEIGHBOURS };

struct verify {
	const char *image, *map; /* map NULL: none */
	const char *check;       /* an earlier manifest, or NULL */
	const char *pages[VERIFY_PAGES];
	char beside[VERIFY_NEIGHBOURS][4096];
	bool has_domain, force, quiet;
	bool alone; /* a page goes to standard output: nothing else does */
	struct respin_files_options options;
	struct inventory inventory;
	struct manifest manifest;
	struct manifest_result checked;
	struct reread reread;
	int argc; /* as it was called, for the documents */
	char **argv;
};

/* Each writes one page. They return the exit status, after a message. */
int verify_manifest(FILE *out, const struct verify *verify);
int verify_image_manifest(FILE *out, const struct verify *verify);
int verify_dfxml(FILE *out, const struct verify *verify); /* dfxml.c */
int verify_json(FILE *out, const struct verify *verify);  /* verify_json.c */

extern const char *const verify_state_names[4]; /* by enum respin_file_state */

#endif
