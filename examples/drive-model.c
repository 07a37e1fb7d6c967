/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive model of one's own, for "sim:exec:COMMAND" (docs/simulator.md): a
 * DVD-5 with one straight scratch towards the edge, in a drive whose failed
 * reads take three seconds. No luck, no cache, no wear: where the track crosses
 * the scratch an ECC block is dead, and everything else reads.
 *
 *   respin sim run 'sim:exec:drive-model'      (drive-model SECTORS: a smaller disc)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTORS 2294592ull /* as many as fit; 4.7 GB */
#define ECC 16ull
#define R0_MM 24.0
#define PITCH_MM 0.00074
#define SECTOR_MM 5.158
#define FROM_MM 26.0 /* where the scratch begins and ends */
#define TO_MM 27.0

static const double sectors_per_s[] = {676.08 * 12, 676.08 * 8, 676.08 * 4}; /* SPEED 0, 1, 2 */

static double radius_mm(unsigned long long lba)
{
	return sqrt(R0_MM * R0_MM + (double)lba * SECTOR_MM * PITCH_MM / 3.14159265358979);
}

/* The scratch lies at angle 0: a block is hit if a turn ends inside it. */
static int is_dead(unsigned long long block)
{
	double begin_mm = radius_mm(block * ECC), end_mm = radius_mm((block + 1) * ECC);
	return begin_mm >= FROM_MM && end_mm <= TO_MM &&
	       floor((begin_mm - R0_MM) / PITCH_MM) != floor((end_mm - R0_MM) / PITCH_MM);
}

int main(int argc, char **argv)
{
	char line[256], *rest;
	unsigned long long sectors = argc > 1 ? strtoull(argv[1], NULL, 10) : SECTORS;
	unsigned long long now_ns = 0, head = 0; /* the sector under it */
	unsigned long speed = 0;

	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* an answer that waits in a buffer is no answer */
	(void)printf("READY medium dvd-5 sectors %llu ecc %llu nominal_r0_mm %.1f pitch_um %.2f "
		     "sector_mm %.3f layers 1 speeds 3\n",
		     sectors, ECC, R0_MM, PITCH_MM * 1000, SECTOR_MM);
	while (fgets(line, sizeof line, stdin)) {
		if (!strncmp(line, "READ ", 5)) {
			unsigned long long lba = strtoull(line + 5, &rest, 10);
			unsigned long long end = lba + strtoull(rest, NULL, 10);
			unsigned long long good = lba; /* everything before it was delivered */
			while (good < end && !is_dead(good / ECC))
				good = (good / ECC + 1) * ECC < end ? (good / ECC + 1) * ECC : end;
			now_ns += (unsigned long long)((double)(good - lba) / sectors_per_s[speed] * 1e9);
			now_ns += lba == head ? 0 : 120000000; /* a seek */
			head = good;
			if (good < end)
				(void)printf("BAD %llu ECC %llu\n", good, now_ns += 3000000000);
			else
				(void)printf("OK %llu\n", now_ns);
		} else if (!strncmp(line, "SPEED ", 6)) {
			speed = strtoul(line + 6, NULL, 10) % 3;
			(void)printf("OK %llu\n", now_ns += 1000000);
		} else if (!strncmp(line, "SPIN", 4)) {
			(void)printf("OK %llu\n", now_ns += 8000000000);
		} else if (!strncmp(line, "IDLE ", 5)) {
			(void)printf("OK %llu\n",
				     now_ns += (unsigned long long)(strtod(line + 5, NULL) * 1e9 + 0.5));
		} else {
			return 0; /* QUIT */
		}
	}
	return 0;
}
