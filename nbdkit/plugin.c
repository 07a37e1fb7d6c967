/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin for nbdkit: an image as far as it was rescued, read only. What its
 * map does not call finished is a read error, and a hole to who asks for the
 * extents, but never zeros. The map is looked at again while it serves, so that
 * what a running rescue gains appears. It decides nothing and writes nothing.
 */
#define NBDKIT_API_VERSION 2

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nbdkit-plugin.h>

#include <respin/map.h>
#include <respin/source.h>

/*
 * One request at a time on each connection; connections go in parallel. With more, nbdkit 1.32 dies of an assertion
 * (raw_send_socket) when a client that got an error hangs up with other requests under way, as nbdcopy does.
 */
#define THREAD_MODEL NBDKIT_THREAD_MODEL_SERIALIZE_REQUESTS
/* A rescue saves its map about once a second; one look at its name costs microseconds. */
#define LOOK_NS 200000000u
#define FINISHED_MASK (1u << RESPIN_FINISHED)

static char *image_path, *map_path;
static int image = -1;
static uint64_t size_bytes;
static uint32_t sector_bytes;

/* What the map said last; readers hold the lock while they use it. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct respin_map *map;
static struct stat map_seen;
static uint64_t looked_ns;

static uint64_t now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int plugin_config(const char *key, const char *value)
{
	char **to = strcmp(key, "image") == 0 ? &image_path : strcmp(key, "map") == 0 ? &map_path : NULL;
	if (!to) {
		nbdkit_error("there is no parameter '%s'", key);
		return -1;
	}
	free(*to);
	*to = nbdkit_absolute_path(value);
	return *to ? 0 : -1;
}

static int plugin_config_complete(void)
{
	if (!image_path) {
		nbdkit_error("image=IMAGE is missing");
		return -1;
	}
	if (!map_path && asprintf(&map_path, "%s.map", image_path) < 0)
		map_path = NULL;
	return map_path ? 0 : -1;
}

static bool same_map(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A map that cannot be read now, or is half written, changes nothing: what was finished stays so. */
static void look_again(void)
{
	struct stat st;
	struct respin_map *fresh = NULL;
	uint64_t now = now_ns();
	(void)pthread_rwlock_wrlock(&lock);
	bool due = now - looked_ns >= LOOK_NS && stat(map_path, &st) == 0 && !same_map(&st, &map_seen);
	if (now - looked_ns >= LOOK_NS)
		looked_ns = now;
	if (due && respin_map_load(map_path, NULL, &fresh, NULL) == 0) {
		struct respin_map *old = map;
		map = fresh;
		map_seen = st;
		respin_map_destroy(old);
	}
	(void)pthread_rwlock_unlock(&lock);
}

static void read_lock(void)
{
	(void)pthread_rwlock_rdlock(&lock);
	bool due = now_ns() - looked_ns >= LOOK_NS;
	if (!due)
		return;
	(void)pthread_rwlock_unlock(&lock);
	look_again();
	(void)pthread_rwlock_rdlock(&lock);
}

/* The library says how long the disc is and how long a sector, or why this is no image. */
static int measure(void)
{
	struct respin_error error = {0};
	struct respin_source source = {0};
	struct respin_source_info info = {.size = sizeof info};
	char *address = NULL;
	if (asprintf(&address, "image:%s,%s", image_path, map_path) < 0)
		return -1;
	int code = respin_source_open(address, &source, &error);
	free(address);
	if (code < 0) {
		nbdkit_error("%s", error.text);
		return -1;
	}
	respin_source_info(&source, &info);
	respin_source_destroy(&source);
	sector_bytes = info.unit_bytes;
	size_bytes = info.units * info.unit_bytes - (info.tail_bytes ? info.unit_bytes - info.tail_bytes : 0);
	return 0;
}

static int plugin_get_ready(void)
{
	struct respin_error error = {0};
	if (measure() < 0)
		return -1;
	image = open(image_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (image < 0) {
		nbdkit_error("%s: %m", image_path);
		return -1;
	}
	if (stat(map_path, &map_seen) < 0 || respin_map_load(map_path, NULL, &map, &error) < 0) {
		nbdkit_error("%s", error.text[0] ? error.text : map_path);
		return -1;
	}
	looked_ns = now_ns();
	return 0;
}

static void plugin_unload(void)
{
	if (image >= 0)
		(void)close(image);
	respin_map_destroy(map);
	free(image_path);
	free(map_path);
}

static void *plugin_open(int readonly)
{
	(void)readonly;
	return NBDKIT_HANDLE_NOT_NEEDED;
}

static int64_t plugin_get_size(void *handle)
{
	(void)handle;
	return (int64_t)size_bytes;
}

static int plugin_yes(void *handle)
{
	(void)handle;
	return 1;
}

static int plugin_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
	(void)handle;
	*minimum = 1;
	*preferred = sector_bytes & (sector_bytes - 1) ? 4096 : sector_bytes;
	*maximum = 0xffffffff;
	return 0;
}

static uint64_t round_up(uint64_t pos)
{
	return (pos + sector_bytes - 1) / sector_bytes * sector_bytes;
}

/*
 * Whether the sector at `pos` is there, and how far its like reaches. A sector
 * that is finished only in part is not there; the last one may be short.
 */
static bool look(uint64_t pos, uint64_t *end)
{
	struct respin_extent run;
	uint64_t from = pos / sector_bytes * sector_bytes;
	while (respin_map_next(map, from, FINISHED_MASK, &run) && run.range.start < size_bytes) {
		uint64_t stop = run.range.start + run.range.count;
		uint64_t first = round_up(run.range.start);
		uint64_t last = stop >= size_bytes ? size_bytes : stop / sector_bytes * sector_bytes;
		if (first < last) {
			*end = first > pos ? first : last;
			return first <= pos;
		}
		from = stop;
	}
	*end = size_bytes;
	return false;
}

static int read_image(void *buf, size_t count, uint64_t offset)
{
	for (size_t done = 0; done < count;) {
		ssize_t n = pread(image, (char *)buf + done, count - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* 0: somebody has cut it */
			nbdkit_set_error(EIO);
			return -1;
		}
		done += (size_t)n;
	}
	return 0;
}

static int plugin_pread(void *handle, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
	(void)handle;
	(void)flags;
	uint64_t end = 0;
	read_lock();
	bool there = look(offset, &end) && end - offset >= count;
	(void)pthread_rwlock_unlock(&lock);
	if (there)
		return read_image(buf, count, offset);
	nbdkit_debug("not rescued: %u bytes at %llu", count, (unsigned long long)offset);
	nbdkit_set_error(EIO);
	return -1;
}

static int plugin_extents(void *handle, uint32_t count, uint64_t offset, uint32_t flags,
			  struct nbdkit_extents *extents)
{
	(void)handle;
	int rc = 0;
	read_lock();
	for (uint64_t pos = offset, end; rc == 0 && pos < offset + count; pos = end) {
		bool there = look(pos, &end);
		/* A hole, but not one of zeros: who reads it gets an error. */
		rc = nbdkit_add_extent(extents, pos, end - pos, there ? 0 : NBDKIT_EXTENT_HOLE);
		if (flags & NBDKIT_FLAG_REQ_ONE)
			break;
	}
	(void)pthread_rwlock_unlock(&lock);
	return rc;
}

static const char *plugin_description(void *handle)
{
	(void)handle;
	return image_path;
}

static struct nbdkit_plugin plugin = {
	.name = "respin",
	.longname = "respin: an image as far as it was rescued",
	.version = RESPIN_VERSION,
	.description = "serves a partial image with its mapfile; what is missing is a read error",
	.config = plugin_config,
	.config_complete = plugin_config_complete,
	.config_help = "image=IMAGE (required)  the image of a rescue\n"
		       "map=MAPFILE             its map, IMAGE.map without it",
	.magic_config_key = "image",
	.get_ready = plugin_get_ready,
	.unload = plugin_unload,
	.open = plugin_open,
	.get_size = plugin_get_size,
	.can_multi_conn = plugin_yes,
	.can_extents = plugin_yes,
	.block_size = plugin_block_size,
	.pread = plugin_pread,
	.extents = plugin_extents,
	.export_description = plugin_description,
	.errno_is_preserved = 0,
};

struct nbdkit_plugin *plugin_init(void); /* what the macro below defines */
NBDKIT_REGISTER_PLUGIN(plugin)
