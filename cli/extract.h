/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files out of an image into a directory. Whatever a disc calls its files,
 * nothing leaves that directory, follows a link in it, or overwrites what is
 * there. Chooses no files.
 */
#ifndef CLI_EXTRACT_H
#define CLI_EXTRACT_H

#include <stdbool.h>

#include <respin/files.h>

struct extract {
	int dir;          /* where to */
	const char *name; /* as the person called it, for messages */
	bool partial;     /* also files that lack bytes: zeros there, and a list of them beside the file */
	unsigned long long written, skipped, failed;
	/* Inodes of what was made here, in the order of a hash: of two files with one name both are wanted. */
	uint64_t *made;
	size_t made_count, made_cap;
};

/* Makes the directory if it is not there. The exit status, 0: go on. */
int extract_open(struct extract *extract, const char *dir, bool partial);
void extract_close(struct extract *extract);

/* One entry; counts it, and says what went wrong. */
void extract_file(struct extract *extract, struct respin_files *files, uint64_t index,
		  const struct respin_file *file);

/*
 * A component of a disc's path as a name that means nothing to the system: no
 * slash, no control character, no "." or "..", at most 255 bytes, never empty.
 */
void extract_safe_name(const char *name, size_t len, char out[256]);

#endif
