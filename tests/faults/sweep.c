/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names, counts, the watchdog and the replay line of sweep.h. */
#include "sweep.h"

#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/num.h"

/* Not one case takes a tenth of it, not even under a sanitizer on a busy machine. */
#define STUCK_S 60u
#define WRONG_MAX 8u /* more of them say nothing new; RESPIN_WRONGS: so many */

static struct {
	const char *name, *only;
	bool whole;
	unsigned share; /* one case in so many */
	uint64_t seed, number;
	uint64_t offered, taken, watched;
	unsigned wrong[SWEEP_WRONGS], wrongs;
	struct timespec began;
	char at[192];
} sweep;

/* Only what a signal handler may do. */
static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void replay(void)
{
	say("REPLAY: RESPIN_CASE=");
	say(sweep.at);
	say(" ./check faults_");
	say(sweep.name);
	say("\n");
}

static void died(int number)
{
	say("died of a signal\n");
	replay();
	signal(number, SIG_DFL);
	raise(number);
}

static void look(int number)
{
	(void)number;
	if (sweep.watched == sweep.taken && *sweep.at) {
		say("hangs\n");
		replay();
		_exit(1);
	}
	sweep.watched = sweep.taken;
	alarm(STUCK_S);
}

void sweep_begin(const char *name, unsigned share)
{
	const char *thin = getenv("RESPIN_THIN");
	const char *seed = getenv("RESPIN_SEED");
	sweep.name = name;
	sweep.only = getenv("RESPIN_CASE");
	sweep.share = share * (thin ? (unsigned)strtoul(thin, NULL, 10) : 1);
	sweep.whole = getenv("RESPIN_LONG") || sweep.only || sweep.share < 2;
	sweep.seed = seed ? strtoull(seed, NULL, 0) : 1;
	clock_gettime(CLOCK_MONOTONIC, &sweep.began);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!sweep.whole)
		printf("faults: %s: one case in %u, seed %llu\n", name, sweep.share,
		       (unsigned long long)sweep.seed);
	const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
		signal(deadly[i], died);
	signal(SIGALRM, look);
	alarm(STUCK_S);
}

bool sweep_case(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(sweep.at, sizeof sweep.at, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof sweep.at)
		sweep_stuck("a case has too long a name");
	sweep.offered++;
	sweep.number = hash_bytes(sweep.at, (size_t)len, 0);
	bool mine = sweep.only
			    ? !strcmp(sweep.only, sweep.at)
			    : sweep.whole || hash_bytes(sweep.at, (size_t)len, sweep.seed) % sweep.share == 0;
	sweep.taken += mine;
	return mine;
}

bool sweep_replays(void)
{
	return sweep.only && !strcmp(sweep.only, sweep.at);
}

unsigned long long sweep_number(void)
{
	return sweep.number;
}

static const char *const words[SWEEP_WRONGS] = {"false finished", "lost", "hangs", "leaks", "wrong codes"};

void sweep_wrong(enum sweep_wrong wrong, const char *format, ...)
{
	va_list args;
	sweep.wrong[wrong]++;
	printf("%s: %s: ", sweep.at, words[wrong]);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	replay();
	const char *max = getenv("RESPIN_WRONGS");
	if (++sweep.wrongs >= (max ? strtoul(max, NULL, 10) : WRONG_MAX))
		exit(sweep_end());
}

void sweep_stuck(const char *format, ...)
{
	va_list args;
	printf("%s: ", sweep.at);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	replay();
	exit(1);
}

int sweep_end(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double s =
		(double)(now.tv_sec - sweep.began.tv_sec) + (double)(now.tv_nsec - sweep.began.tv_nsec) / 1e9;
	alarm(0);
	printf("faults: %s: %llu cases of %llu", sweep.name, (unsigned long long)sweep.taken,
	       (unsigned long long)sweep.offered);
	for (unsigned i = 0; i < SWEEP_WRONGS; i++)
		printf(", %u %s", sweep.wrong[i], words[i]);
	printf("; %.1f s, %.0f cases/s\n", s, s > 0 ? (double)sweep.taken / s : 0.0);
	if (!sweep.taken)
		printf("faults: %s: there is no such case\n", sweep.name);
	return sweep.wrongs || !sweep.taken;
}

bool sweep_is_line(const char *text)
{
	if (!*text)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c == 0x7f)
			return false;
	return true;
}
