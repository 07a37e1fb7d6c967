/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one machine of this process: environment, drive, clock, lock. What stands
 * between the program and its commands is the business of block_node.c;
 * what is noted of them that of books.c.
 */
#include "machine.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/be.h"
#include "books.h"
#include "core/cdb.h"
#include "core/sense.h"
#include "devices.h"
#include "drive_open.h"

static struct settings settings;
static struct respin_transport transport;
static struct respin_transport_traits traits;
static struct books books;
static void *buffer;
static bool payload;
static pid_t owner; /* a child must not write the books a second time */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* Opening a scenario may read files: those calls are the machine's own and go their usual way. */
static _Thread_local bool inside;
static bool interrupt; /* something in this call makes a person stop the program */

static _Noreturn void unusable(const char *what, const char *why)
{
	owner = 0; /* nothing happened: nothing to write */
	(void)fprintf(stderr, "preload: %s: %s\n", what, why);
	_Exit(127);
}

static uint64_t number(const char *name)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : 0;
}

static void command_again(struct respin_command *command)
{
	struct respin_command_reply reply;
	machine_exec(command, &reply);
}

static void sought_again(void)
{
	(void)drive_rediscover(&transport);
}

static void replugged_again(void)
{
	drive_replug(&transport);
}

static void open_machine(void)
{
	settings = (struct settings){
		.scenario = getenv("RESPIN_PRELOAD_SCENARIO"),
		.block = getenv("RESPIN_PRELOAD_BLOCK"),
		.sg = getenv("RESPIN_PRELOAD_SG"),
		.output = getenv("RESPIN_PRELOAD_OUTPUT"),
		.stats = getenv("RESPIN_PRELOAD_STATS"),
		.delivered = getenv("RESPIN_PRELOAD_DELIVERED"),
		.log = getenv("RESPIN_PRELOAD_LOG"),
		.journal = getenv("RESPIN_PRELOAD_JOURNAL"),
		.taken_back = getenv("RESPIN_PRELOAD_TAKEN_BACK"),
		.limit_ns = number("RESPIN_PRELOAD_LIMIT_S") * NS_PER_S,
	};
	if (!settings.scenario)
		return;

	struct respin_error error = {0};
	inside = true;
	owner = getpid();
	if (drive_open(settings.scenario, &transport, &error) < 0)
		unusable(settings.scenario, error.text);
	traits.size = sizeof traits;
	transport.ops->traits(transport.self, &traits);
	payload = drive_moves_bytes(&transport);
	buffer = transport.ops->buffer(transport.self, traits.max_transfer_bytes);
	if (!buffer)
		unusable(settings.scenario, "no memory");
	const struct journal_again again = {command_again, machine_sleep_ns, sought_again, replugged_again};
	books_open(&books, &settings);
	if (!books_replay(&books, &again))
		unusable(settings.journal, "not a journal of this scenario");
	inside = false;
}

const struct settings *machine_settings(void)
{
	if (inside)
		return NULL;
	(void)pthread_once(&once, open_machine);
	return settings.scenario ? &settings : NULL;
}

const struct settings *machine_settings_inside(void)
{
	return &settings;
}

void machine_lock(void)
{
	(void)pthread_mutex_lock(&mutex);
	inside = true;
}

void machine_unlock(void)
{
	bool now = interrupt;
	interrupt = inside = false;
	(void)pthread_mutex_unlock(&mutex);
	if (!now)
		return;
	machine_finish(); /* who has no handler does not come back */
	(void)kill(getpid(), SIGINT);
}

void machine_interrupt(void)
{
	interrupt = true;
}

uint64_t machine_now_ns(void)
{
	return transport.ops->now_ns(transport.self);
}

void machine_sleep_ns(uint64_t ns)
{
	books_sleep(&books, ns);
	transport.ops->sleep_until_ns(transport.self, machine_now_ns() + ns);
}

bool machine_rediscover(void)
{
	books_sought(&books);
	return drive_rediscover(&transport);
}

void machine_replug(void)
{
	books_replugged(&books);
	drive_replug(&transport);
}

const struct respin_transport_traits *machine_traits(void)
{
	return &traits;
}

void *machine_buffer(void)
{
	return buffer;
}

bool machine_payload(void)
{
	return payload;
}

struct books *machine_books(void)
{
	return &books;
}

/* ---- bytes ---- */

static struct {
	unsigned char
		*bytes; /* the whole disc, of which only what arrives takes memory; NULL: nothing is kept */
	uint64_t sectors;
} store;

void machine_size(uint64_t sectors)
{
	uint64_t readable;
	if (store.sectors || !sectors)
		return;
	store.sectors = sectors;
	uint8_t *truth = drive_truth(&transport, sectors, &readable);
	books_size(&books, sectors, truth, readable);
	if (!payload)
		return;
	void *at = mmap(NULL, sectors * SECTOR, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		unusable(settings.scenario, "no memory for its bytes; payload=0 moves none");
	store.bytes = at;
}

static void keep(const struct respin_command *command, const struct respin_command_reply *reply)
{
	const uint8_t *cdb = command->cdb;
	if (!store.bytes || (cdb[0] != CDB_READ_10 && cdb[0] != CDB_READ_12) ||
	    reply->residual > command->data_len)
		return;
	uint64_t lba = be32(cdb + 2), len = command->data_len - reply->residual;
	if (lba < store.sectors && len <= (store.sectors - lba) * SECTOR)
		memcpy(store.bytes + lba * SECTOR, buffer, len);
}

void machine_fetch(uint64_t pos_bytes, uint64_t len, void *into)
{
	if (store.bytes && pos_bytes + len <= store.sectors * SECTOR)
		memcpy(into, store.bytes + pos_bytes, len);
}

/* ---- commands ---- */

static void send(const struct respin_command *command, struct respin_command_reply *reply)
{
	struct respin_sense sense;
	transport.ops->exec(transport.self, command, reply);
	bool good = reply->host == RESPIN_HOST_OK &&
		    (reply->scsi_status == 0 ||
		     (sense_decode(reply->sense, reply->sense_len, &sense) && sense.key == SENSE_RECOVERED));
	books_command(&books, command, good);
	if (good)
		keep(command, reply);
}

void machine_exec(struct respin_command *command, struct respin_command_reply *reply)
{
	command->data = command->data_len ? buffer : NULL;
	send(command, reply);
}

static void lent_traits(void *self, struct respin_transport_traits *out)
{
	(void)self;
	transport.ops->traits(transport.self, out);
}

static void *lent_buffer(void *self, size_t len)
{
	(void)self;
	return len <= traits.max_transfer_bytes ? buffer : NULL;
}

static void lent_exec(void *self, const struct respin_command *command, struct respin_command_reply *reply)
{
	(void)self;
	send(command, reply);
}

static uint64_t lent_now_ns(void *self)
{
	(void)self;
	return machine_now_ns();
}

static void lent_sleep_until_ns(void *self, uint64_t ns)
{
	(void)self;
	uint64_t now = machine_now_ns();
	if (ns > now)
		machine_sleep_ns(ns - now);
}

static void lent_return(void *self)
{
	(void)self;
}

struct respin_transport machine_transport(void)
{
	static const struct respin_transport_ops ops = {
		.size = sizeof(struct respin_transport_ops),
		.traits = lent_traits,
		.buffer = lent_buffer,
		.exec = lent_exec,
		.now_ns = lent_now_ns,
		.sleep_until_ns = lent_sleep_until_ns,
		.destroy = lent_return,
	};
	return (struct respin_transport){&ops, NULL};
}

void machine_finish(void)
{
	if (!settings.scenario || !owner || getpid() != owner)
		return;
	machine_lock();
	devices_finish();
	books_write(&books, machine_now_ns(), drive_wedges(&transport));
	machine_unlock();
}

__attribute__((destructor)) static void leave(void)
{
	machine_finish();
}
