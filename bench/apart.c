/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it costs to have the drive in a child process: the same reads of a simulated drive that needs no time, here and
 * apart. A drive brings 72 MB/s at the very most and a command takes it a millisecond: what counts is that neither is in
 * sight.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <respin/source.h>

/* Other people's work on the machine only adds: the least of some batches is the figure. */
#define BATCHES 8u
#define READS 2500u
#define UNIT 2048u
/* A command of a drive takes a millisecond or more: a tenth of that would be seen. */
#define BAR_US 100.0
/* The fastest Blu-ray drive, 16x. */
#define BAR_MB_S 72.0

static double now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double us_a_batch(struct respin_source *source, uint64_t count, unsigned char *bytes)
{
	struct respin_request request = {.range = {0, count}, .ecc_block = 16};
	struct respin_reply reply;
	double begun = now_us();
	for (unsigned i = 0; i < READS; i++) {
		request.range.start = i * count;
		source->ops->read(source->self, &request, bytes, &reply);
		if (reply.reason != RESPIN_REASON_GOOD)
			exit(1);
	}
	return (now_us() - begun) / READS;
}

static double us_a_read(struct respin_source *source, uint64_t count, unsigned char *bytes)
{
	double least = us_a_batch(source, count, bytes);
	for (unsigned i = 1; i < BATCHES; i++) {
		double us = us_a_batch(source, count, bytes);
		least = us < least ? us : least;
	}
	return least;
}

int main(void)
{
	static const char address[] = "sim:disc?size=2295104&profile=dvd";
	static unsigned char bytes[32 * UNIT];
	const char *slack = getenv("RESPIN_BENCH_SLACK");
	double times = slack ? strtod(slack, NULL) : 1;
	struct respin_source here = {0}, apart = {0};
	bool good = true;
	if (respin_source_open_apart(address, &apart, NULL) < 0 ||
	    respin_source_open(address, &here, NULL) < 0)
		return 1;
	for (uint64_t count = 1; count <= 32; count *= 32) {
		double in = us_a_read(&here, count, bytes), out = us_a_read(&apart, count, bytes);
		double rate = (double)count * UNIT / out;
		printf("%2" PRIu64 " sectors: %6.1f us here, %6.1f us apart: %7.0f commands/s, %6.0f MB/s; "
		       "the child costs %.1f us\n",
		       count, in, out, 1e6 / out, rate, out - in);
		good = good && out - in <= BAR_US * times && (count == 1 || rate * times >= BAR_MB_S);
	}
	respin_source_destroy(&apart);
	respin_source_destroy(&here);
	if (!good)
		printf("more than %.0f us a command, or less than %.0f MB/s\n", BAR_US, BAR_MB_S);
	return !good;
}
