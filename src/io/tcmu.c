/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two threads: one answers the ring, the other plugs and unplugs, which the
 * kernel answers with commands on that very ring. See tcmu.h.
 */
#include "io/tcmu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ops.h"
#include "io/clock_real.h"
#include "io/tcmu_configfs.h"
#include "io/tcmu_ring.h"

#define NS_PER_S 1000000000ull
/* How long a lost link is watched for its return, in the drive's time; bridges come back within seconds. */
#define AWAY_S 600u
#define LEFTOVERS_MAX 64u

struct server {
	int uio;
	void *map;
	size_t map_bytes;
	struct tcmu_ring ring; /* the serving thread's, but while `away` */
	pthread_t thread;
	bool threaded;
	struct waiter end;  /* wakes the serving thread, for good */
	struct waiter news; /* wakes the other one: the link is lost, or the server has failed */
	atomic_bool away, failed;
	struct respin_error error; /* why it failed */
};

/* ---- the serving thread ---- */

/* Everything that waits. The kernel looks for the answer to each when it is poked. */
static bool serve_ring(struct server *server)
{
	const uint32_t poke = 0;
	for (;;) {
		server->ring.away = atomic_load(&server->away);
		int r = tcmu_ring_step(&server->ring, &server->error);
		if (r == 0)
			return true;
		if (r < 0)
			return false;
		if (server->ring.away && !atomic_exchange(&server->away, true))
			waiter_wake(&server->news);
		if (write(server->uio, &poke, sizeof poke) != sizeof poke && errno != EINTR &&
		    errno != EAGAIN) {
			(void)error_set(&server->error, RESPIN_E_SOURCE, errno,
					"the kernel takes no answers: %s", strerrordesc_np(errno));
			return false;
		}
	}
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct pollfd polls[] = {{.fd = server->uio, .events = POLLIN},
				 {.fd = server->end.fd, .events = POLLIN}};
	while (serve_ring(server)) {
		uint32_t count;
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		if (polls[1].revents)
			return NULL;
		if (polls[0].revents && read(server->uio, &count, sizeof count) < 0 && errno != EAGAIN) {
			(void)error_set(&server->error, RESPIN_E_SOURCE, errno, "the uio device ended: %s",
					strerrordesc_np(errno));
			break;
		}
	}
	atomic_store(&server->failed, true);
	waiter_wake(&server->news);
	return NULL;
}

static void server_close(struct server *server)
{
	if (server->threaded) {
		waiter_wake(&server->end);
		pthread_join(server->thread, NULL);
	}
	if (server->map)
		munmap(server->map, server->map_bytes);
	if (server->uio >= 0)
		close(server->uio);
	waiter_finish(&server->end);
	waiter_finish(&server->news);
}

static int uio_failed(const char *path, struct respin_error *error)
{
	int err = errno;
	return error_set(error, err == EBUSY ? RESPIN_E_LOCKED : RESPIN_E_SOURCE, err, "%s: %s", path,
			 strerrordesc_np(err));
}

/* RESPIN_E_LOCKED: somebody serves it already. server_close in any case. */
static int server_open(struct server *server, pid_t maker, struct respin_error *error)
{
	char name[TCMU_NAME_MAX], path[TCMU_NAME_MAX + 8];
	*server = (struct server){.uio = -1, .end.fd = -1, .news.fd = -1};
	int code = tcmu_configfs_uio(maker, name, &server->map_bytes, error);
	if (code < 0)
		return code;
	(void)snprintf(path, sizeof path, "/dev/%s", name);
	server->uio = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (server->uio < 0)
		return uio_failed(path, error);
	void *map = mmap(NULL, server->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, server->uio, 0);
	if (map == MAP_FAILED)
		return uio_failed(path, error);
	server->map = map;
	if (waiter_init(&server->end) < 0 || waiter_init(&server->news) < 0)
		return uio_failed("eventfd", error);
	return tcmu_ring_init(&server->ring, map, server->map_bytes, error);
}

/* The thread takes no signal: those are for whoever called us. */
static int server_start(struct server *server, struct respin_error *error)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&server->thread, NULL, serve, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	server->threaded = err == 0;
	return err ? error_set(error, RESPIN_E_NOMEM, err, "no thread: %s", strerrordesc_np(err)) : 0;
}

/* ---- what killed runs have left ---- */

/* The kernel waits for answers while a device is taken down: somebody has to turn its commands back. */
static void clear_leftover(pid_t maker)
{
	struct server server;
	if (maker != getpid() && (kill(maker, 0) == 0 || errno != ESRCH))
		return;
	int code = server_open(&server, maker, NULL);
	if (code == 0)
		code = server_start(&server, NULL);
	if (code != RESPIN_E_LOCKED)
		tcmu_configfs_unplug(maker);
	server_close(&server);
	if (code != RESPIN_E_LOCKED)
		(void)tcmu_configfs_remove(maker);
}

static void clear_leftovers(void)
{
	pid_t makers[LEFTOVERS_MAX];
	size_t count = tcmu_configfs_makers(makers, LEFTOVERS_MAX);
	for (size_t i = 0; i < count; i++)
		clear_leftover(makers[i]);
}

/* ---- the other thread ---- */

static bool stop_wanted(const struct tcmu_options *options)
{
	struct pollfd stop = {.fd = options->stop_fd, .events = POLLIN};
	return poll(&stop, 1, 0) > 0;
}

/* Until the link is lost (1), a stop is wanted (0), or the server has failed. */
static int attend(const struct tcmu_options *options, struct server *server, struct respin_error *error)
{
	struct pollfd polls[] = {{.fd = options->stop_fd, .events = POLLIN},
				 {.fd = server->news.fd, .events = POLLIN}};
	for (;;) {
		uint64_t drained;
		if (poll(polls, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_set(error, RESPIN_E_SOURCE, errno, "poll: %s", strerrordesc_np(errno));
		}
		bool news = polls[1].revents && read(server->news.fd, &drained, sizeof drained) > 0;
		if (news && atomic_load(&server->failed)) {
			if (error)
				*error = server->error;
			return RESPIN_E_SOURCE;
		}
		if (polls[0].revents)
			return 0;
		if (news && atomic_load(&server->away))
			return 1;
	}
}

static int plug_in(const struct tcmu_options *options, struct respin_error *error)
{
	char address[TCMU_NAME_MAX], block[TCMU_NAME_MAX], generic[TCMU_NAME_MAX];
	struct respin_transport_traits traits = {.size = sizeof traits};
	int code = tcmu_configfs_plug(getpid(), error);
	if (code == 0)
		code = tcmu_configfs_address(getpid(), address, error);
	if (code == 0)
		code = tcmu_nodes(address, block, generic, error);
	if (code < 0)
		return code;
	options->transport->ops->traits(options->transport->self, &traits);
	tcmu_nodes_limit(block, traits.max_transfer_bytes >> 10);
	options->changed(options->arg, block, generic);
	return 0;
}

static bool is_back(const struct tcmu_options *options)
{
	const struct respin_transport *transport = options->transport;
	if (options->back)
		return options->back(transport);
	return !OPS_HAS(transport->ops, reopen) || transport->ops->reopen(transport->self, NULL) == 0;
}

/* The cable is out, for the kernel too. False: the drive did not come back, or a stop is wanted. */
static bool wait_for_return(const struct tcmu_options *options)
{
	const struct respin_transport_ops *ops = options->transport->ops;
	void *self = options->transport->self;
	for (unsigned i = 0; i < AWAY_S && !stop_wanted(options); i++) {
		if (is_back(options))
			return true;
		if (OPS_HAS(ops, now_ns) && OPS_HAS(ops, sleep_until_ns))
			ops->sleep_until_ns(self, ops->now_ns(self) + NS_PER_S);
		else
			(void)poll(&(struct pollfd){.fd = options->stop_fd, .events = POLLIN}, 1, 1000);
	}
	return false;
}

static int live(const struct tcmu_options *options, struct server *server, struct respin_error *error)
{
	int code = plug_in(options, error);
	while (code == 0 && (code = attend(options, server, error)) == 1) {
		tcmu_configfs_unplug(getpid());
		options->changed(options->arg, NULL, NULL);
		code = 0;
		if (wait_for_return(options)) {
			atomic_store(&server->away, false);
			code = plug_in(options, error);
		}
	}
	return code;
}

static int attach(const struct tcmu_options *options, struct respin_error *error)
{
	const struct respin_transport *transport = options->transport;
	struct respin_transport_traits traits = {.size = sizeof traits};
	struct server server;
	int code = server_open(&server, getpid(), error);
	transport->ops->traits(transport->self, &traits);
	server.ring.transport = transport;
	server.ring.buffer_bytes = traits.max_transfer_bytes;
	server.ring.buffer = transport->ops->buffer(transport->self, traits.max_transfer_bytes);
	if (code == 0 && !server.ring.buffer)
		code = error_set(error, RESPIN_E_NOMEM, 0, "no memory for a buffer");
	if (code == 0)
		code = server_start(&server, error);
	if (code == 0) {
		code = live(options, &server, error);
		/* A drive that is at work, or pretends to be, must not keep us. */
		if (OPS_HAS(transport->ops, interrupt))
			transport->ops->interrupt(transport->self);
		tcmu_configfs_unplug(getpid());
	}
	server_close(&server);
	return code;
}

int tcmu_serve(const struct tcmu_options *options, struct respin_error *error)
{
	int code = tcmu_configfs_check(error);
	if (code < 0)
		return code;
	clear_leftovers();
	code = tcmu_configfs_make(getpid(), error);
	if (code < 0)
		return code;
	code = attach(options, error);
	int r = tcmu_configfs_remove(getpid());
	if (code == 0 && r < 0)
		code = error_set(error, RESPIN_E_SOURCE, -r, "the drive cannot be taken down: %s",
				 strerrordesc_np(-r));
	return code;
}
