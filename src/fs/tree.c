/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees: put together within their budgets, and taken apart. Knows no file system. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fs/build.h"

void fs_tree_destroy(struct fs_tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->node_count; i++) {
		free(tree->nodes[i].name);
		free(tree->nodes[i].target);
	}
	free(tree->nodes);
	free(tree->extents);
	free(tree->metadata);
	free(tree->lacking);
	free(tree);
}

char *fs_tree_path(const struct fs_tree *tree, uint32_t node)
{
	size_t len = 0;
	unsigned depth = 0;
	for (uint32_t at = node; at != FS_ROOT && depth++ <= FS_DEPTH_MAX; at = tree->nodes[at].parent)
		len += strlen(tree->nodes[at].name) + 1;
	char *path = malloc(len + 1);
	if (!path)
		return NULL;
	char *end = path + (len ? len - 1 : 0);
	*end = '\0';
	depth = 0;
	for (uint32_t at = node; at != FS_ROOT && depth++ <= FS_DEPTH_MAX; at = tree->nodes[at].parent) {
		size_t n = strlen(tree->nodes[at].name);
		end -= n;
		memcpy(end, tree->nodes[at].name, n);
		if (end > path)
			*--end = '/';
	}
	return path;
}

bool fs_tree_too_deep(const struct fs_tree *tree, uint32_t node)
{
	size_t len = 0;
	unsigned depth = 0;
	for (uint32_t at = node; at != FS_ROOT; at = tree->nodes[at].parent, depth++)
		len += strlen(tree->nodes[at].name) + 1;
	return depth > FS_DEPTH_MAX || len > FS_PATH_MAX;
}

/* Room for one more; false: the walk is over. */
static bool grow(struct fs_build *build, void **list, size_t count, size_t *cap, size_t each)
{
	if (count < *cap)
		return true;
	size_t wanted = *cap ? 2 * *cap : 64;
	if (build->memory_bytes + (wanted - *cap) * each > FS_MEMORY_MAX) {
		build->tree->cut = true;
		return false;
	}
	void *larger = reallocarray(*list, wanted, each);
	if (!larger) {
		build->failure = RESPIN_E_NOMEM;
		return false;
	}
	build->memory_bytes += (wanted - *cap) * each;
	*list = larger;
	*cap = wanted;
	return true;
}

static char *keep_text(struct fs_build *build, const char *text)
{
	size_t len = strlen(text) + 1;
	if (build->memory_bytes + len > FS_MEMORY_MAX) {
		build->tree->cut = true;
		return NULL;
	}
	char *kept = malloc(len);
	if (!kept) {
		build->failure = RESPIN_E_NOMEM;
		return NULL;
	}
	build->memory_bytes += len;
	return memcpy(kept, text, len);
}

bool fs_build_goes_on(const struct fs_build *build)
{
	return !build->failure && !build->tree->cut;
}

/* A disc of a million files needs some tens of steps for each: 2^24, and more where there is more. */
#define STEPS_MAX (UINT64_C(1) << 24)

bool fs_build_step(struct fs_build *build, uint64_t steps)
{
	build->steps += steps;
	if (build->steps > STEPS_MAX + 4 * build->reader->sectors)
		build->tree->cut = true;
	return fs_build_goes_on(build);
}

uint32_t fs_build_node(struct fs_build *build, uint32_t parent, enum fs_kind kind, const char *name)
{
	struct fs_tree *tree = build->tree;
	if (!fs_build_goes_on(build))
		return UINT32_MAX;
	if (tree->node_count >= FS_NODES_MAX) {
		tree->cut = true;
		return UINT32_MAX;
	}
	if (!grow(build, (void **)&tree->nodes, tree->node_count, &build->node_cap, sizeof *tree->nodes))
		return UINT32_MAX;
	char *kept = keep_text(build, name);
	if (!kept)
		return UINT32_MAX;
	/* Some systems allow it in a name, and Unix does not: it would be two names. */
	for (char *at = kept; (at = strchr(at, '/'));)
		*at = '_';
	tree->nodes[tree->node_count] = (struct fs_node){
		.parent = parent, .name = kept, .kind = (uint8_t)kind, .modified_s = INT64_MIN};
	return (uint32_t)tree->node_count++;
}

void fs_build_extent(struct fs_build *build, uint32_t node, struct fs_extent extent)
{
	struct fs_tree *tree = build->tree;
	struct fs_node *file = &tree->nodes[node];
	if (!fs_build_goes_on(build) || !extent.len_bytes ||
	    !grow(build, (void **)&tree->extents, tree->extent_count, &build->extent_cap,
		  sizeof *tree->extents))
		return;
	if (!file->extent_count)
		file->first_extent = tree->extent_count;
	tree->extents[tree->extent_count++] = extent;
	file->extent_count++;
}

void fs_build_target(struct fs_build *build, uint32_t node, const char *target)
{
	free(build->tree->nodes[node].target);
	build->tree->nodes[node].target = keep_text(build, target);
}

int fs_build_init(struct fs_build *build, const struct fs_reader *reader)
{
	*build = (struct fs_build){.reader = reader, .tree = calloc(1, sizeof *build->tree)};
	if (!build->tree)
		return RESPIN_E_NOMEM;
	(void)fs_build_node(build, FS_ROOT, FS_DIRECTORY, "");
	(void)fs_build_node(build, FS_ROOT, FS_DIRECTORY, "lost");
	if (!build->failure)
		return 0;
	fs_build_drop(build);
	return RESPIN_E_NOMEM;
}

void fs_build_drop(struct fs_build *build)
{
	fs_tree_destroy(build->tree);
	free(build->metadata.list);
	free(build->lacking.list);
	*build = (struct fs_build){0};
}

static void note(struct fs_build *build, struct fs_ranges *ranges, struct respin_range range)
{
	struct respin_range *last = ranges->count ? &ranges->list[ranges->count - 1] : NULL;
	if (last && last->start + last->count == range.start) {
		last->count += range.count;
		return;
	}
	if (grow(build, (void **)&ranges->list, ranges->count, &ranges->cap, sizeof *ranges->list))
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what grow has made room in is there */
		ranges->list[ranges->count++] = range;
}

static bool read_once(struct fs_build *build,
		      int (*read)(void *self, uint64_t lba, uint32_t count, void *data), uint64_t lba,
		      uint32_t count, void *data)
{
	int rc = read(build->reader->self, lba, count, data);
	build->untried = rc == -ENODATA;
	if (rc && rc != -ENODATA && rc != -EBADMSG) {
		build->failure = RESPIN_E_SOURCE;
		build->sys_errno = -rc;
	}
	return rc == 0;
}

bool fs_build_read(struct fs_build *build, uint64_t lba, uint32_t count, void *data)
{
	uint64_t sectors = build->reader->sectors;
	if (!fs_build_goes_on(build) || !count || lba >= sectors || count > sectors - lba)
		return false;
	if (count == 1 && build->kept_lba == lba + 1) {
		build->untried = false;
		memcpy(data, build->kept, FS_SECTOR);
		return fs_build_step(build, 1);
	}
	if (build->reads + count > 2 * sectors) {
		build->tree->cut = true;
		return false;
	}
	build->reads += count;
	note(build, &build->metadata, (struct respin_range){lba, count});
	if (read_once(build, build->reader->read, lba, count, data)) {
		if (count == 1) {
			build->kept_lba = lba + 1;
			memcpy(build->kept, data, FS_SECTOR);
		}
		return true;
	}
	build->waits |= build->untried;
	/* Which of them is it? */
	for (uint32_t i = 0; i < count && fs_build_goes_on(build); i++)
		if (count == 1 || !read_once(build, build->reader->read, lba + i, 1,
					     (uint8_t *)data + (size_t)i * FS_SECTOR)) {
			memset((uint8_t *)data + (size_t)i * FS_SECTOR, 0, FS_SECTOR);
			note(build, &build->lacking, (struct respin_range){lba + i, 1});
		}
	return false;
}

#define PEEKS_MAX 4u /* each sector of the disc so often: for descriptors, VATs, and lost files */

bool fs_build_peek(struct fs_build *build, uint64_t lba, void *data)
{
	const struct fs_reader *reader = build->reader;
	if (!reader->peek || !fs_build_goes_on(build) || lba >= reader->sectors ||
	    build->peeks++ >= PEEKS_MAX * reader->sectors)
		return false;
	return read_once(build, reader->peek, lba, 1, data);
}

bool fs_build_may_search(const struct fs_build *build)
{
	return build->reader->peek && !build->waits && fs_build_goes_on(build);
}

static int by_start(const void *a, const void *b)
{
	const struct respin_range *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static void join(struct fs_ranges *ranges)
{
	size_t kept = 0;
	if (ranges->count)
		qsort(ranges->list, ranges->count, sizeof *ranges->list, by_start);
	for (size_t i = 0; i < ranges->count; i++) {
		struct respin_range *last = kept ? &ranges->list[kept - 1] : NULL, next = ranges->list[i];
		if (!last || next.start > last->start + last->count)
			ranges->list[kept++] = next;
		else if (next.start + next.count > last->start + last->count)
			last->count = next.start + next.count - last->start;
	}
	ranges->count = kept;
}

struct fs_tree *fs_build_finish(struct fs_build *build)
{
	struct fs_tree *tree = build->tree;
	if (build->failure) {
		fs_build_drop(build);
		return NULL;
	}
	join(&build->metadata);
	join(&build->lacking);
	tree->metadata = build->metadata.list;
	tree->metadata_count = build->metadata.count;
	tree->lacking = build->lacking.list;
	tree->lacking_count = build->lacking.count;
	return tree;
}
