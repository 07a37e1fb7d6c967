/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows a file or device downwards through sysfs. File systems over several
 * devices, whose st_dev names none of them (btrfs), end the way.
 */
#include "io/lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "io/files.h"

#define SYSFS_TEXT_MAX 4096u /* one attribute is at most a page */

static bool same_node(const struct lineage_node *a, const struct lineage_node *b)
{
	return a->kind == b->kind && a->dev == b->dev && a->ino == b->ino;
}

static void add(struct lineage *lineage, enum lineage_kind kind, uint64_t dev, uint64_t ino)
{
	const struct lineage_node node = {.kind = (uint8_t)kind, .dev = dev, .ino = ino};
	for (size_t i = 0; i < lineage->count; i++)
		if (same_node(&lineage->nodes[i], &node))
			return;
	if (lineage->count < LINEAGE_MAX)
		lineage->nodes[lineage->count++] = node;
}

/* The text of DIR/NAME without its line end; false: there is none. */
static bool read_attribute(const struct respin_io *io, const char *dir, const char *name, char *text,
			   size_t cap)
{
	int handle = io->ops->open_dir(io->self, dir);
	if (handle < 0)
		return false;
	struct buf buf = {0};
	int rc = files_load(io, handle, name, 0, SYSFS_TEXT_MAX, &buf, NULL);
	(void)io->ops->close(io->self, handle);
	bool ok = !rc && buf.len && buf.len < cap;
	if (ok) {
		memcpy(text, buf.data, buf.len);
		text[buf.len] = '\0';
		text[strcspn(text, "\n")] = '\0';
	}
	buf_finish(&buf);
	return ok;
}

/* "8:1" in DIR/dev. */
static bool read_device(const struct respin_io *io, const char *dir, uint64_t *dev)
{
	char text[32];
	if (!read_attribute(io, dir, "dev", text, sizeof text))
		return false;
	char *end = NULL;
	unsigned long major_number = strtoul(text, &end, 10);
	if (*end != ':')
		return false;
	unsigned long minor_number = strtoul(end + 1, &end, 10);
	*dev = makedev((unsigned)major_number, (unsigned)minor_number);
	return !*end;
}

struct listing {
	const struct respin_io *io;
	struct lineage *lineage;
	const char *dir;
};

static void add_listed(void *arg, const char *name)
{
	struct listing *listing = arg;
	char dir[160 + 256];
	uint64_t dev;
	(void)snprintf(dir, sizeof dir, "%s/%s", listing->dir, name);
	if (read_device(listing->io, dir, &dev))
		add(listing->lineage, LINEAGE_BLOCK, dev, 0);
}

/* Every device that has a folder in `dir`. */
static void add_devices_in(const struct respin_io *io, const char *dir, struct lineage *lineage)
{
	int handle = io->ops->open_dir(io->self, dir);
	if (handle < 0)
		return;
	struct listing listing = {io, lineage, dir};
	(void)io->ops->list(io->self, handle, add_listed, &listing);
	(void)io->ops->close(io->self, handle);
}

static void expand_block(const struct respin_io *io, uint64_t dev, struct lineage *lineage)
{
	char base[64], dir[80], text[SYSFS_TEXT_MAX];
	(void)snprintf(base, sizeof base, "/sys/dev/block/%u:%u", major(dev), minor(dev));

	uint64_t whole;
	(void)snprintf(dir, sizeof dir, "%s/..", base);
	if (read_attribute(io, base, "partition", text, sizeof text) && read_device(io, dir, &whole))
		add(lineage, LINEAGE_BLOCK, whole, 0);

	(void)snprintf(dir, sizeof dir, "%s/slaves", base);
	add_devices_in(io, dir, lineage);

	struct respin_io_stat backing;
	(void)snprintf(dir, sizeof dir, "%s/loop", base);
	if (read_attribute(io, dir, "backing_file", text, sizeof text) &&
	    !io->ops->stat_path(io->self, text, &backing)) {
		if (backing.kind == RESPIN_IO_BLOCK) {
			add(lineage, LINEAGE_BLOCK, backing.rdev, 0);
			return;
		}
		add(lineage, LINEAGE_FILE, backing.dev, backing.ino);
	}
}

void lineage_of(const struct respin_io *io, const struct respin_io_stat *stat, struct lineage *lineage)
{
	*lineage = (struct lineage){0};
	if (stat->kind == RESPIN_IO_BLOCK) {
		add(lineage, LINEAGE_BLOCK, stat->rdev, 0);
	} else if (stat->kind == RESPIN_IO_OTHER && stat->rdev) {
		/* A generic SCSI node and its block device are the same drive. */
		char dir[80];
		add(lineage, LINEAGE_CHARACTER, stat->rdev, 0);
		(void)snprintf(dir, sizeof dir, "/sys/dev/char/%u:%u/device/block", major(stat->rdev),
			       minor(stat->rdev));
		add_devices_in(io, dir, lineage);
	} else {
		add(lineage, LINEAGE_FILE, stat->dev, stat->ino);
	}
	lineage->own = lineage->count;

	for (size_t i = 0; i < lineage->count; i++) {
		struct lineage_node node = lineage->nodes[i];
		if (node.kind == LINEAGE_FILE)
			add(lineage, LINEAGE_BLOCK, node.dev, 0);
		else if (node.kind == LINEAGE_BLOCK)
			expand_block(io, node.dev, lineage);
	}
}

static bool stands_on(const struct lineage *upper, const struct lineage *lower)
{
	for (size_t i = 0; i < upper->count; i++)
		for (size_t k = 0; k < lower->own; k++)
			if (same_node(&upper->nodes[i], &lower->nodes[k]))
				return true;
	return false;
}

bool lineage_meet(const struct lineage *a, const struct lineage *b)
{
	return stands_on(a, b) || stands_on(b, a);
}

bool lineage_parse_host(const char *name, unsigned *host)
{
	unsigned parts = 0;
	for (const char *at = name; *at >= '0' && *at <= '9'; at++) {
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		if (parts++ == 0)
			*host = (unsigned)number;
		if (!*end)
			return parts == 4;
		if (*end != ':')
			return false;
		at = end;
	}
	return false;
}

struct hosts {
	unsigned numbers[LINEAGE_MAX];
	size_t count;
};

static void add_host(void *arg, const char *name)
{
	struct hosts *hosts = arg;
	unsigned host;
	if (lineage_parse_host(name, &host) && hosts->count < LINEAGE_MAX)
		hosts->numbers[hosts->count++] = host;
}

/* A device that is a SCSI device has one folder there, with its address for a name. */
static void hosts_of(const struct respin_io *io, const struct lineage *lineage, struct hosts *hosts)
{
	*hosts = (struct hosts){.count = 0};
	for (size_t i = 0; i < lineage->count; i++) {
		const struct lineage_node *node = &lineage->nodes[i];
		char dir[96];
		if (node->kind == LINEAGE_FILE)
			continue;
		(void)snprintf(dir, sizeof dir, "/sys/dev/%s/%u:%u/device/scsi_device",
			       node->kind == LINEAGE_BLOCK ? "block" : "char", major(node->dev),
			       minor(node->dev));
		int handle = io->ops->open_dir(io->self, dir);
		if (handle < 0)
			continue;
		(void)io->ops->list(io->self, handle, add_host, hosts);
		(void)io->ops->close(io->self, handle);
	}
}

bool lineage_share_host(const struct respin_io *io, const struct lineage *a, const struct lineage *b,
			unsigned *host)
{
	struct hosts ours, theirs;
	hosts_of(io, a, &ours);
	hosts_of(io, b, &theirs);
	for (size_t i = 0; i < ours.count; i++)
		for (size_t k = 0; k < theirs.count; k++)
			if (ours.numbers[i] == theirs.numbers[k]) {
				*host = ours.numbers[i];
				return true;
			}
	return false;
}
