/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * truth: does the image hold what the map claims? Compares every finished byte with the disc, through a mapfile parser
 * of its own, so that a mistake in respin's cannot hide itself. It judges finished ranges only, and repairs nothing.
 *
 *   truth IMAGE MAP DISC       prints "finished N unfinished N wrong N" in bytes; exit 0 true, 1 false, 2 no such map
 *   truth --make SEED BYTES    writes that many bytes of the pattern to standard output
 */
#include "judge.h"

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

/* A map, and what it is held against. */
struct trial {
	int image, disc;
	struct claim claim;
};

static void weigh(void *arg, uint64_t position, uint64_t size, char status)
{
	struct trial *trial = arg;
	if (status == '+') {
		trial->claim.finished += size;
		trial->claim.wrong += wrong_bytes(trial->image, trial->disc, position, size);
	} else {
		trial->claim.unfinished += size;
	}
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
	struct trial trial = {.image = image, .disc = disc};
	size_t len;
	char *map = judge_load(argv[2], &len);
	if (disc < 0 || !map || !judge_map(map, len, weigh, &trial)) {
		fprintf(stderr, "truth: %s: no map, or no such disc\n", argv[2]);
		return 2;
	}
	free(map);
	struct claim claim = trial.claim;
	printf("finished %" PRIu64 " unfinished %" PRIu64 " wrong %" PRIu64 "\n", claim.finished,
	       claim.unfinished, claim.wrong);
	return claim.wrong > 0;
}
