/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated drive as a Linux block device (see block_node.h): two ports above one drive, one for each kind of read. */
#include "block_node.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "books.h"
#include "core/classify.h"
#include "core/sense.h"
#include "machine.h"
#include "person.h"
#include "sim/port.h"
#include "sim/port_private.h"

/* A read that the kernel refuses without asking the drive: what it costs the program. Estimate. */
#define REFUSED_NS 10000u

static struct port commands;       /* below the kernel */
static struct port direct, cached; /* above it; empty: not in use */
static struct port_info info;
static bool
	gone; /* for the open files of this program; a program that is started later may find the drive again */

/* ---- the drive, lent to both ports ---- */

static void lent_info(void *self, struct port_info *out)
{
	(void)self;
	*out = info;
}

static void lent_read(void *self, uint64_t lba, uint32_t count, uint32_t timeout_ms, struct port_reply *reply)
{
	(void)self;
	commands.ops->read(commands.self, lba, count, timeout_ms, reply);
}

static uint64_t lent_now_ns(void *self)
{
	(void)self;
	return machine_now_ns();
}

static void lent_wait_ns(void *self, uint64_t ns)
{
	(void)self;
	machine_sleep_ns(ns);
}

static void lent_return(void *self)
{
	(void)self;
}

/* Speeds and spin cycles are nothing that the kernel does. */
static const struct port_ops lent_ops = {.info = lent_info,
					 .read = lent_read,
					 .now_ns = lent_now_ns,
					 .wait_ns = lent_wait_ns,
					 .destroy = lent_return};

/* ---- opening ---- */

static int find_disc(void)
{
	struct respin_transport transport = machine_transport();
	struct respin_error error = {0};
	int code = port_transport(&transport, PORT_SG, &commands, &error);
	if (code < 0) {
		person_sees_refusal(code == RESPIN_E_NO_MEDIUM);
		return ENOMEDIUM;
	}
	commands.ops->info(commands.self, &info);
	machine_size(info.sectors);
	return 0;
}

static struct port_block *inside(const struct port *port)
{
	return port->self;
}

/* An end that the kernel has cut off stays off until the disc is changed, whoever opens the node. */
static int raise_port(struct port *port, enum port_path path)
{
	struct port below = {&lent_ops, NULL};
	if (port->ops)
		return 0;
	if (port_block(&below, path, port, NULL) < 0)
		return ENOMEM;
	inside(port)->capacity = block_node_sectors();
	return 0;
}

/* A new node of a drive that another program has lost: a kernel that knows nothing of the old one. */
static bool found_again(void)
{
	struct counts *counts = &machine_books()->counts;
	bool anew = counts->person.reason == PERSON_GONE;
	if (gone || !person_mends())
		return false;
	if (anew)
		counts->end_sectors = 0;
	return true;
}

int block_node_open(void)
{
	if (!found_again())
		return ENXIO;
	int error = commands.ops ? 0 : find_disc();
	error = error ? error : raise_port(&direct, PORT_BLOCK);
	return error ? error : raise_port(&cached, PORT_CACHED);
}

void block_node_close(void)
{
	if (cached.ops)
		cached.ops->destroy(cached.self);
	cached = (struct port){0};
}

bool block_node_ready(void)
{
	return commands.ops != NULL;
}

bool block_node_gone(void)
{
	return gone;
}

void block_node_lost(void)
{
	gone = true;
	person_sees_loss();
}

uint64_t block_node_sectors(void)
{
	uint64_t end = machine_books()->counts.end_sectors;
	return end ? end : info.sectors;
}

uint64_t block_node_full_sectors(void)
{
	return info.sectors;
}

uint32_t block_node_max_sectors(void)
{
	return info.max_sectors;
}

/* ---- reading ---- */

/* What a direct read ends with (block/blk-core.c); through the page cache every failure is EIO. */
static int error_of(const struct port_reply *reply)
{
	const struct respin_sense *s = &reply->sense;
	if (reply->transport || reply->scsi_status != SCSI_CHECK_CONDITION)
		return EIO;
	switch (s->key) {
	case SENSE_MEDIUM_ERROR:
		return s->asc == 0x11 || s->asc == 0x13 || s->asc == 0x14 ? ENODATA : EIO;
	case SENSE_ILLEGAL_REQUEST:
		return s->asc == 0x20 || s->asc == 0x21 || s->asc == 0x24 || s->asc == 0x26 ? EREMOTEIO : EIO;
	case SENSE_HARDWARE_ERROR:
	case SENSE_DATA_PROTECT:
	case SENSE_BLANK_CHECK:
		return EREMOTEIO;
	default:
		return EIO;
	}
}

/* Both ports see one device: what one of them learned of it the other one knows. */
static void share(const struct port *from)
{
	struct port_block *a = inside(from), *b = from == &direct ? inside(&cached) : inside(&direct);
	machine_books()->counts.end_sectors = a->capacity;
	b->capacity = a->capacity;
	b->attention_expected = a->attention_expected;
	b->refused_until_ns = a->refused_until_ns;
}

ssize_t block_node_read(bool is_direct, uint64_t pos_bytes, uint64_t len, void *into)
{
	const struct port *port = is_direct ? &direct : &cached;
	uint64_t lba = pos_bytes / SECTOR, count = (pos_bytes + len + SECTOR - 1) / SECTOR - lba;
	struct port_reply reply = {0};
	assert(port->ops && count <= UINT32_MAX);
	if (gone)
		return -EIO;
	port->ops->read(port->self, lba, (uint32_t)count, 0, &reply);
	gone = gone || (!reply.ok && reply.gone);
	person_sees_read(&reply, lba, count);
	share(port);
	uint64_t came = (reply.ok ? count : reply.prefix) * SECTOR;
	if (came <= pos_bytes % SECTOR) {
		if (!reply.commands && !reply.end)
			machine_sleep_ns(REFUSED_NS);
		return reply.end ? 0 : is_direct ? -error_of(&reply) : -EIO;
	}
	came -= pos_bytes % SECTOR;
	came = came < len ? came : len;
	machine_fetch(pos_bytes, came, into);
	return (ssize_t)came;
}
