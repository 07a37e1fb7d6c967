/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin sim attach: a simulated drive as a true one of this machine, until
 * somebody stops it. Says which device it became; serves nothing itself.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <respin/sim.h>

#include "commands.h"
#include "escape.h"
#include "options.h"
#include "say.h"
#include "sim.h"

static int stop_fd = -1;
static volatile sig_atomic_t stops;

/* The first signal takes the drive away, the second ends at once; the next attach then tidies up. */
static void on_stop(int number)
{
	const uint64_t one = 1;
	int saved = errno;
	(void)number;
	if (stops++ || write(stop_fd, &one, sizeof one) < 0)
		_exit(STATUS_STOPPED);
	errno = saved;
}

static void catch_stops(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART}, before;
	(void)sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		/* nohup's wish: a terminal that goes away is no reason to stop. */
		if (signals[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 &&
		    before.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(signals[i], &action, NULL);
	}
}

static void print_device(void *arg, const char *block, const char *generic)
{
	const char *address = arg;
	char clean[ESCAPE_ROOM(512)];
	if (!block)
		(void)printf("the drive was unplugged\n");
	else
		(void)printf("%s%s%s: %s; Ctrl-C takes it away\n", block, generic ? ", " : "",
			     generic ? generic : "", escape_text(clean, sizeof clean, address));
	(void)fflush(stdout);
}

int sim_attach(int argc, char **argv)
{
	static const struct option known[] = {{"help", no_argument, NULL, 'h'}, {0}};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'h')
			return help_print("sim") ? STATUS_WHOLE : STATUS_USAGE;
		return options_refuse("sim", found, argv);
	}
	if (argc == optind)
		return say_usage("sim", "attach: NAME is missing");
	if (argc > optind + 1)
		return say_usage("sim", "attach: one word too many: %s", argv[optind + 1]);
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0) {
		say("eventfd: %s", strerror(errno));
		return STATUS_SOURCE;
	}
	char *address = sim_address(argv[optind]);
	if (!address)
		return STATUS_OUTPUT;
	catch_stops();
	struct respin_error error = {0};
	const struct respin_sim_attach_options options = {
		.size = sizeof options, .stop_fd = stop_fd, .arg = address, .changed = print_device};
	int code = respin_sim_attach(address, &options, &error);
	free(address);
	return code < 0 ? say_failure(code, &error) : STATUS_WHOLE;
}
