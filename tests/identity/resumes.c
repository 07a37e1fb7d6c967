/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and discs that do not belong together, before the first byte and in
 * mid-run: the program and whole sessions on real files; and devices on top of
 * each other, as sysfs tells of them, on a file system in memory.
 */
#include "stage.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../unit/memio.h"

#define UNITS 2000u

static const char *address(struct stage *stage, const char *file, const char *more)
{
	static char text[256];
	(void)snprintf(text, sizeof text, "sim:disc?image=%s/%s&profile=dvd%s", stage->dir, file, more);
	return text;
}

static void cli(struct stage *stage, const char *source, const char *image, const char *map, bool force)
{
	const char *plain[] = {source, image, map, NULL};
	const char *forced[] = {"--force", source, image, map, NULL};
	stage_cli(stage, force ? forced : plain);
}

/* right.img and twin.img; disc.iso with its map: all of the first but a few sectors. */
static void begin(struct stage *stage)
{
	stage_disc_file(stage, "right.img", DISC_RIGHT, UNITS);
	stage_disc_file(stage, "twin.img", DISC_TWIN, UNITS);
	cli(stage, address(stage, "right.img", "&bad=100-120"), stage->image, NULL, false);
	if (stage->status != 1)
		stage_fail(stage, "the rescue to begin with did not end as it should");
	stage_again(stage);
}

static void other_disc(struct stage *stage)
{
	begin(stage);
	cli(stage, address(stage, "twin.img", ""), stage->image, NULL, false);
}

static void other_disc_as_file(struct stage *stage)
{
	begin(stage);
	cli(stage, stage_path(stage, "twin.img"), stage->image, NULL, false);
}

/* All its blocks but a few fail now: those few tell. */
static void other_disc_scratched(struct stage *stage)
{
	begin(stage);
	cli(stage, address(stage, "twin.img", "&bad=0-799,1000-1999"), stage->image, NULL, false);
}

static void larger_disc(struct stage *stage)
{
	begin(stage);
	stage_disc_file(stage, "larger.img", DISC_RIGHT, UNITS + 16);
	cli(stage, address(stage, "larger.img", ""), stage->image, NULL, false);
}

static void smaller_disc(struct stage *stage)
{
	begin(stage);
	stage_disc_file(stage, "smaller.img", DISC_RIGHT, UNITS - 16);
	cli(stage, address(stage, "smaller.img", ""), stage->image, NULL, false);
}

/* The map is right, the image beside it is the other disc's. */
static void image_of_another(struct stage *stage)
{
	begin(stage);
	stage_copy(stage_path(stage, "twin.img"), stage_path(stage, "twin.iso"));
	stage_copy(stage->map, stage_path(stage, "twin.iso.map"));
	cli(stage, address(stage, "right.img", ""), stage_path(stage, "twin.iso"), NULL, false);
}

/* The image is right as far as it goes, but the map is one of a rescue that got further. */
static void map_of_another(struct stage *stage)
{
	begin(stage);
	const char *image = stage_path(stage, "new.iso"), *map = stage_path(stage, "new.iso.map");
	cli(stage, address(stage, "right.img", "&bad=20-1999"), image, NULL, false);
	stage_copy(stage->map, map);
	cli(stage, address(stage, "right.img", ""), image, NULL, false);
}

static void image_short(struct stage *stage)
{
	begin(stage);
	if (truncate(stage->image, 1000000) != 0)
		stage_fail(stage, "cannot cut");
	cli(stage, address(stage, "right.img", ""), stage->image, NULL, false);
	stage_text(stage->map, ""); /* what the map claimed is not ours to judge any more */
}

static void image_missing(struct stage *stage)
{
	begin(stage);
	(void)unlink(stage->image);
	cli(stage, address(stage, "right.img", ""), stage->image, NULL, false);
	stage_text(stage->map, "");
}

static void map_missing(struct stage *stage)
{
	begin(stage);
	(void)unlink(stage->map);
	cli(stage, address(stage, "right.img", ""), stage->image, NULL, false);
}

static void map_damaged(struct stage *stage)
{
	begin(stage);
	stage_text(stage->map, "0x0 ? 1\n0x0 0x800 +\n0x1000 0x800 +\n");
	cli(stage, address(stage, "right.img", ""), stage->image, NULL, false);
}

/* ---- the output on the source ---- */

static void image_is_source(struct stage *stage)
{
	begin(stage);
	cli(stage, stage_path(stage, "right.img"), stage_path(stage, "right.img"), NULL, true);
}

static void image_links_to_source(struct stage *stage)
{
	begin(stage);
	if (symlink("right.img", stage_path(stage, "soft.iso")) != 0)
		stage_fail(stage, "no link");
	cli(stage, stage_path(stage, "right.img"), stage_path(stage, "soft.iso"), NULL, true);
}

static void image_is_hard_link(struct stage *stage)
{
	begin(stage);
	if (link(stage_path(stage, "right.img"), stage_path(stage, "hard.iso")) != 0)
		stage_fail(stage, "no link");
	cli(stage, stage_path(stage, "right.img"), stage_path(stage, "hard.iso"), NULL, true);
}

static void map_is_source(struct stage *stage)
{
	begin(stage);
	cli(stage, stage_path(stage, "right.img"), stage_path(stage, "new.iso"),
	    stage_path(stage, "right.img"), true);
}

static void image_is_link(struct stage *stage)
{
	begin(stage);
	if (symlink("disc.iso", stage_path(stage, "soft.iso")) != 0)
		stage_fail(stage, "no link");
	cli(stage, address(stage, "right.img", ""), stage_path(stage, "soft.iso"), stage->map, false);
}

/* /dev/sda with partition sda1, on which /disk lies; loop0 over a file; dm0 over sda2; sg1 is sr0. */
static struct memio *devices(void)
{
	struct memio *memio = memio_create();
	static const struct {
		const char *dir, *file, *text;
	} sysfs[] = {
		{"/sys/dev/block/8:1", "/sys/dev/block/8:1/partition", "1\n"},
		{"/sys/dev/block/8:1/..", "/sys/dev/block/8:1/../dev", "8:0\n"},
		{"/sys/dev/block/8:2", "/sys/dev/block/8:2/partition", "2\n"},
		{"/sys/dev/block/8:2/..", "/sys/dev/block/8:2/../dev", "8:0\n"},
		{"/sys/dev/block/7:0/loop", "/sys/dev/block/7:0/loop/backing_file", "/elsewhere/backing\n"},
		{"/sys/dev/block/253:0/slaves/sda2", "/sys/dev/block/253:0/slaves/sda2/dev", "8:2\n"},
		{"/sys/dev/char/21:1/device/block/sr0", "/sys/dev/char/21:1/device/block/sr0/dev", "11:0\n"},
	};
	memio_dir(memio, "/out", 1);
	memio_dir(memio, "/dev", 1);
	memio_dir(memio, "/elsewhere", 9);
	memio_dir(memio, "/disk", makedev(8, 1));
	memio_dir(memio, "/mounted", makedev(11, 0));
	memio_dir(memio, "/looped", makedev(7, 0));
	memio_node(memio, "/dev/sda", RESPIN_IO_BLOCK, makedev(8, 0), 4096);
	memio_node(memio, "/dev/sda1", RESPIN_IO_BLOCK, makedev(8, 1), 4096);
	memio_node(memio, "/dev/sda2", RESPIN_IO_BLOCK, makedev(8, 2), 4096);
	memio_node(memio, "/dev/loop0", RESPIN_IO_BLOCK, makedev(7, 0), 4096);
	memio_node(memio, "/dev/dm0", RESPIN_IO_BLOCK, makedev(253, 0), 4096);
	memio_node(memio, "/dev/sr0", RESPIN_IO_BLOCK, makedev(11, 0), 4096);
	memio_node(memio, "/dev/sg1", RESPIN_IO_OTHER, makedev(21, 1), 0);
	memio_text(memio, "/elsewhere/backing", "");
	memio_dir(memio, "/sys/dev/block/253:0/slaves", 20);
	memio_dir(memio, "/sys/dev/char/21:1/device/block", 20);
	for (size_t i = 0; i < sizeof sysfs / sizeof *sysfs; i++) {
		memio_dir(memio, sysfs[i].dir, 20);
		memio_text(memio, sysfs[i].file, sysfs[i].text);
	}
	return memio;
}

static void on_top(struct stage *stage, const char *source_path, const char *image)
{
	struct memio *memio = devices();
	struct respin_transport transport = script_transport(&stage->script);
	struct respin_source source;
	size_t before, after;
	const struct respin_output_options output = {.size = sizeof output,
						     .image = image,
						     .map = "/out/map",
						     .source_path = source_path,
						     .force = 1,
						     .io = memio_io(memio)};
	(void)memio_log(memio, &before);
	if (respin_source_mmc(&transport, &source, &stage->error) == 0)
		stage_run_source(stage, &source, &output);
	(void)memio_log(memio, &after);
	if (before != after)
		stage_fail(stage, "something was touched");
	memio_destroy(memio);
}

static void on_partition(struct stage *stage)
{
	on_top(stage, "/dev/sda1", "/disk/a.iso");
}

static void on_parent(struct stage *stage)
{
	on_top(stage, "/dev/sda", "/disk/a.iso");
}

static void is_parent(struct stage *stage)
{
	on_top(stage, "/dev/sda1", "/dev/sda");
}

static void is_mapped(struct stage *stage)
{
	on_top(stage, "/dev/sda2", "/dev/dm0");
}

static void is_backing(struct stage *stage)
{
	on_top(stage, "/dev/loop0", "/elsewhere/backing");
}

static void on_loop(struct stage *stage)
{
	on_top(stage, "/elsewhere/backing", "/looped/a.iso");
}

static void is_generic(struct stage *stage)
{
	on_top(stage, "/dev/sg1", "/dev/sr0");
}

static void on_mounted_source(struct stage *stage)
{
	on_top(stage, "/dev/sr0", "/mounted/a.iso");
}

/* ---- somebody else in mid-run ---- */

static void (*trouble)(struct stage *stage);

/* From the 100th answer on; what is to be made durable after it finds out. */
static void makes_trouble(struct stage *stage, const struct respin_event *event)
{
	if (event->kind == RESPIN_EVENT_OUTCOME && ++stage->count == 100)
		trouble(stage);
}

static void with_trouble(struct stage *stage, void (*what)(struct stage *stage))
{
	trouble = what;
	stage->on_event = makes_trouble;
	stage_run(stage, false);
}

static void write_map(struct stage *stage)
{
	char temporary[160];
	(void)snprintf(temporary, sizeof temporary, "%s/foreign", stage->dir);
	stage_text(temporary, "0x0 ? 1\n0x0 0x1770000 ?\n");
	if (rename(temporary, stage->map) != 0)
		stage_fail(stage, "cannot rename");
}

static void foreign_writer(struct stage *stage)
{
	with_trouble(stage, write_map);
}

static void remove_map(struct stage *stage)
{
	(void)unlink(stage->map);
}

static void map_removed(struct stage *stage)
{
	with_trouble(stage, remove_map);
}

static void replace_image(struct stage *stage)
{
	char temporary[160];
	(void)snprintf(temporary, sizeof temporary, "%s/foreign", stage->dir);
	stage_text(temporary, "another image");
	stage_copy(stage->map,
		   stage_path(stage, "kept.map")); /* as it was: no byte of the new image is claimed */
	if (rename(temporary, stage->image) != 0)
		stage_fail(stage, "cannot rename");
}

static void image_replaced(struct stage *stage)
{
	with_trouble(stage, replace_image);
	char now[65536], kept[65536];
	FILE *a = fopen(stage->map, "r"), *b = fopen(stage_path(stage, "kept.map"), "r");
	size_t n = a ? fread(now, 1, sizeof now, a) : 0, m = b ? fread(kept, 1, sizeof kept, b) : 0;
	if (n != m || memcmp(now, kept, n) != 0)
		stage_fail(stage, "the map went on beside a foreign image");
	if (a)
		fclose(a);
	if (b)
		fclose(b);
	(void)unlink(stage->image);
	(void)unlink(stage->map);
}

/* ---- two at once ---- */

/* What the second run says is what counts; the first one ends well. */
static const char *second_map;
static bool second_forces;

static int second_status;
static unsigned second_lines;

static void note_second(struct stage *stage, const struct respin_event *event)
{
	if (event->kind != RESPIN_EVENT_OUTCOME || ++stage->count != 100)
		return;
	struct stage other = *stage;
	cli(&other, stage_path(stage, "right.img"), stage->image, second_map, second_forces);
	second_status = other.status;
	second_lines = other.lines;
}

static void second_of(struct stage *stage, const char *map, bool force)
{
	stage_disc_file(stage, "right.img", DISC_RIGHT, STAGE_UNITS);
	second_map = map;
	second_forces = force;
	second_status = -1;
	stage->on_event = note_second;
	stage_run(stage, false);
	if (stage->status != 0)
		stage_fail(stage, "the first run did not go on");
	stage->status = second_status;
	stage->lines = second_lines;
}

static void second_same(struct stage *stage)
{
	second_of(stage, NULL, false);
}

static void second_forced(struct stage *stage)
{
	second_of(stage, NULL, true);
}

static void second_own_map(struct stage *stage)
{
	second_of(stage, stage_path(stage, "own.map"), false);
}

const struct scenario resumes[] = {
	{"another disc, by the program", 5, 0, other_disc},
	{"another disc as a file", 5, 0, other_disc_as_file},
	{"another disc, scratched", 5, 0, other_disc_scratched},
	{"a larger disc", 5, 0, larger_disc},
	{"a smaller disc", 5, 0, smaller_disc},
	{"the image of another disc", 5, 0, image_of_another},
	{"the map of another rescue", 5, 0, map_of_another},
	{"an image cut short", 5, 0, image_short},
	{"an image that is gone", 5, 0, image_missing},
	{"an image without a map", 5, 0, map_missing},
	{"a damaged map", 5, 0, map_damaged},
	{"image = source, forced", 5, 0, image_is_source},
	{"image = source by a symbolic link, forced", 5, 2, image_links_to_source},
	{"image = source by a hard link, forced", 5, 0, image_is_hard_link},
	{"map = source, forced", 5, 0, map_is_source},
	{"image is a symbolic link", 2, 0, image_is_link},
	{"image on the source's partition, forced", 5, 0, on_partition},
	{"image on a partition of the source, forced", 5, 0, on_parent},
	{"image is the source's disk, forced", 5, 0, is_parent},
	{"image is mapped onto the source, forced", 5, 0, is_mapped},
	{"image is the file behind the source, forced", 5, 0, is_backing},
	{"image lies on a loop device of the source, forced", 5, 0, on_loop},
	{"image is the source's other node, forced", 5, 0, is_generic},
	{"image lies on the mounted source, forced", 5, 0, on_mounted_source},
	{"a foreign writer on the map", 5, 0, foreign_writer},
	{"the map is removed in mid-run", 5, 0, map_removed},
	{"the image is replaced in mid-run", 5, 0, image_replaced},
	{"a second run", 5, 0, second_same},
	{"a second run, forced", 5, 0, second_forced},
	{"a second run with a map of its own", 5, 0, second_own_map},
	{.name = NULL},
};
