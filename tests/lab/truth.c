/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * truth: does the image hold what the map claims? Compares every finished byte with the disc, through a mapfile parser
 * of its own, so that a mistake in respin's cannot hide itself. It judges finished ranges only, and repairs nothing.
 *
 *   truth IMAGE MAP DISC       prints "finished N unfinished N wrong N" in bytes; exit 0 true, 1 false, 2 no such map
 *   truth --make SEED BYTES    writes that many bytes of the pattern to standard output
 */
#include "pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PART 65536

struct claim {
	uint64_t finished;
	uint64_t unfinished;
	uint64_t wrong;
};

static uint64_t number(const char *text)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-') {
		fprintf(stderr, "truth: '%s' is not a number\n", text);
		exit(2);
	}
	return value;
}

static int make(uint64_t seed, uint64_t bytes)
{
	unsigned char sector[SECTOR];
	for (uint64_t lba = 0; bytes > 0; lba++) {
		size_t part = bytes < SECTOR ? (size_t)bytes : SECTOR;
		pattern_sector(seed, lba, sector);
		if (fwrite(sector, 1, part, stdout) != part)
			return 2;
		bytes -= part;
	}
	return fflush(stdout) ? 2 : 0;
}

/* What lies beyond the end of either file is wrong: a map may not claim it. */
static uint64_t wrong_bytes(int image, int disc, uint64_t position, uint64_t size)
{
	static unsigned char have[PART], want[PART];
	uint64_t wrong = 0;
	while (size > 0) {
		size_t part = size < PART ? (size_t)size : PART;
		ssize_t got = pread(image, have, part, (off_t)position);
		ssize_t due = pread(disc, want, part, (off_t)position);
		ssize_t both = got < due ? got : due;
		if (both <= 0)
			return wrong + size;
		for (ssize_t i = 0; i < both; i++)
			wrong += have[i] != want[i];
		position += (uint64_t)both;
		size -= (uint64_t)both;
	}
	return wrong;
}

/* The layout that GNU ddrescue writes: remarks, one status line, then blocks without a gap. */
static bool judge(FILE *map, int image, int disc, struct claim *claim)
{
	char line[256], status, more;
	uint64_t position, size, end = 0;
	bool begun = false, blocks = false;
	while (fgets(line, sizeof line, map)) {
		if (line[0] == '#')
			continue;
		if (!strchr(line, '\n'))
			return false;
		if (!begun) {
			begun = true;
			if (sscanf(line, "0x%" SCNx64 " %c", &position, &status) != 2 ||
			    !strchr("?*/-FG+", status))
				return false;
			continue;
		}
		if (sscanf(line, "0x%" SCNx64 " 0x%" SCNx64 " %c %c", &position, &size, &status, &more) !=
			    3 ||
		    !strchr("?*/-+", status) || (blocks && position != end) || (size == 0 && position != 0))
			return false;
		blocks = true;
		end = position + size;
		if (status == '+') {
			claim->finished += size;
			claim->wrong += wrong_bytes(image, disc, position, size);
		} else {
			claim->unfinished += size;
		}
	}
	return begun && blocks;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--make") == 0)
		return make(number(argv[2]), number(argv[3]));
	if (argc != 4) {
		fprintf(stderr, "truth: want IMAGE MAP DISC, or --make SEED BYTES\n");
		return 2;
	}
	int image = open(argv[1], O_RDONLY | O_CLOEXEC); /* may be absent: then every claim is wrong */
	int disc = open(argv[3], O_RDONLY | O_CLOEXEC);
	FILE *map = fopen(argv[2], "re");
	struct claim claim = {0};
	if (disc < 0 || !map || !judge(map, image, disc, &claim)) {
		fprintf(stderr, "truth: %s: no map, or no such disc\n", argv[2]);
		return 2;
	}
	fclose(map);
	printf("finished %" PRIu64 " unfinished %" PRIu64 " wrong %" PRIu64 "\n", claim.finished,
	       claim.unfinished, claim.wrong);
	return claim.wrong > 0;
}
