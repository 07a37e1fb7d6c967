/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runs IMAGE MAPFILE: do the pieces of each file tile it, is what is missing of
 * them just what respin_files_missing says, and do their bytes lie where they
 * are said to lie? Through the public functions alone; prints what it counted.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <respin/files.h>

#define MUST(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);        \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

static void compare(int image, struct respin_files *files, uint64_t index, const struct respin_file_run *run)
{
	char theirs[4096], ours[4096];
	size_t len = run->len_bytes < sizeof ours ? (size_t)run->len_bytes : sizeof ours;
	memset(theirs, 0, sizeof theirs);
	if (!run->hole && run->status == RESPIN_FINISHED)
		MUST(pread(image, theirs, len, (off_t)run->disc_bytes) == (ssize_t)len);
	MUST(respin_files_read(files, index, ours, len, run->file_bytes) == (int64_t)len);
	MUST(!memcmp(ours, theirs, len));
}

/* Where missing() sees a stretch, the pieces have its status, and nowhere else one that is not finished. */
static void check_status(const struct respin_files *files, uint64_t index, const struct respin_file_run *run)
{
	struct respin_extent stretch;
	bool missing = respin_files_missing(files, index, run->file_bytes, &stretch);
	uint64_t end = run->file_bytes + run->len_bytes;
	if (run->status == RESPIN_FINISHED) {
		MUST(!missing || stretch.range.start >= end);
		return;
	}
	MUST(!run->hole && missing && stretch.range.start == run->file_bytes);
	MUST(stretch.status == run->status && stretch.range.count >= run->len_bytes);
}

int main(int argc, char **argv)
{
	struct respin_error error = {0};
	struct respin_files *files;
	struct respin_file file = {.size = sizeof file};
	struct respin_file_run run = {.size = sizeof run};
	uint64_t pieces = 0, holes = 0, lacking = 0, i = 0;
	MUST(argc == 3);
	int image = open(argv[1], O_RDONLY | O_CLOEXEC);
	MUST(image >= 0);
	if (respin_files_open(argv[1], *argv[2] ? argv[2] : NULL, NULL, &files, &error) < 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	for (; respin_files_at(files, i, &file) > 0; i++) {
		uint64_t pos = 0, have = 0;
		while (respin_files_run(files, i, pos, &run)) {
			MUST(run.file_bytes == pos && run.len_bytes > 0);
			MUST(run.len_bytes <= file.size_bytes - pos);
			MUST(run.placed || run.status == RESPIN_BAD);
			check_status(files, i, &run);
			compare(image, files, i, &run);
			have += run.status == RESPIN_FINISHED ? run.len_bytes : 0;
			pos += run.len_bytes;
			pieces++;
			holes += run.hole;
			lacking += run.status != RESPIN_FINISHED;
		}
		MUST(file.kind == RESPIN_FILE_REGULAR ? pos == file.size_bytes && have == file.have_bytes
						      : pos == 0);
	}
	(void)printf("%" PRIu64 " entries, %" PRIu64 " pieces, %" PRIu64 " holes, %" PRIu64 " missing\n", i,
		     pieces, holes, lacking);
	respin_files_destroy(files);
	return close(image) < 0;
}
