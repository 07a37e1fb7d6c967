/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stall: a wire that can go dead without being cut. Forwards TCP connections to a port of this machine until SIGUSR1;
 * from then on everything is taken and nothing is passed on, as from a target that has stopped thinking.
 *
 *   stall PORT      says on standard output which port it listens on
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS 16

static volatile sig_atomic_t stalled;

static void on_signal(int number)
{
	(void)number;
	stalled = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct sockaddr_in loopback(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

/* False: this side has closed. */
static bool forward(int from, int to)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof bytes);
	for (ssize_t done = 0; n > 0 && !stalled && done < n;) {
		ssize_t m = write(to, bytes + done, (size_t)(n - done));
		if (m <= 0)
			return false;
		done += m;
	}
	return n > 0;
}

static void join(int listener, unsigned port, struct pollfd *ends, size_t *count)
{
	struct sockaddr_in target = loopback(port);
	int near = accept(listener, NULL, NULL), far = socket(AF_INET, SOCK_STREAM, 0);
	if (near < 0 || far < 0 || *count > 2 * PAIRS - 1)
		die("accept");
	if (connect(far, (struct sockaddr *)&target, sizeof target) < 0)
		die("connect");
	ends[(*count)++] = (struct pollfd){.fd = near, .events = POLLIN};
	ends[(*count)++] = (struct pollfd){.fd = far, .events = POLLIN};
}

int main(int argc, char **argv)
{
	struct pollfd polls[1 + 2 * PAIRS];
	size_t count = 1;
	unsigned port = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	struct sockaddr_in own = loopback(0);
	socklen_t len = sizeof own;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (!port || listener < 0 || bind(listener, (struct sockaddr *)&own, len) < 0 ||
	    listen(listener, 8) < 0 || getsockname(listener, (struct sockaddr *)&own, &len) < 0)
		die("stall PORT");
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	printf("%u\n", ntohs(own.sin_port));
	fflush(stdout);
	polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (;;) {
		if (poll(polls, count, -1) <= 0)
			continue; /* the signal */
		for (size_t i = 1; i < count; i++) {
			/* The partner of an end stands beside it: 1 and 2, 3 and 4. */
			size_t partner = i % 2 ? i + 1 : i - 1;
			if (polls[i].revents && !forward(polls[i].fd, polls[partner].fd))
				polls[i].fd = -1;
		}
		if (polls[0].revents)
			join(listener, port, polls, &count);
	}
}
