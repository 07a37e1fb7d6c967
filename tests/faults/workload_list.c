/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rescues of the sweeps: each way to begin, each kind of output, each kind of outcome. */
#include "workload.h"

#include <string.h>

#define UNIT 2048u

static void stale_image(struct memio *memio)
{
	unsigned char junk[16 * UNIT];
	memset(junk, 0xee, sizeof junk);
	memio_file(memio, "/out/disc.iso", junk, sizeof junk);
}

static void damaged_map(struct memio *memio)
{
	memio_text(memio, "/out/disc.iso.map", WORK_TORN_MAP);
}

/* Torn, and beside it what it was. */
static void backup_left(struct memio *memio)
{
	size_t len;
	const unsigned char *text = memio_bytes(memio, "/out/disc.iso.map", &len);
	memio_file(memio, "/out/disc.iso.map.bak", text, len);
	damaged_map(memio);
}

static void no_map(struct memio *memio)
{
	memio_remove(memio, "/out/disc.iso.map");
	memio_remove(memio, "/out/disc.iso.map.bak");
}

static void damaged_both(struct memio *memio)
{
	damaged_map(memio);
	memio_remove(memio, "/out/disc.iso.map.bak");
}

static void short_image(struct memio *memio)
{
	memio_file(memio, "/out/disc.iso", "short", 5);
}

static void other_size(struct memio *memio)
{
	memio_text(memio, "/out/disc.iso.map",
		   "# Mapfile\n0x00000000     ?               1\n0x00000000  0x00008000  ?\n"
		   "0x00008000  0x00800000  +\n");
}

static void left_behind(struct memio *memio)
{
	memio_text(memio, "/out/.disc.iso.map.tmp", "half a m");
	memio_text(memio, "/out/disc.iso.map.lock", "");
}

#define SWEEP "0:++++ 4:++p* 8:++++ 12:++++"

const struct workload workloads[] = {
	{.name = "fresh", .units = 16, .script = SWEEP " F 6:++ C"},
	{.name = "timed", .units = 16, .script = "0:++++ T 4:++p* T 8:++++ T 12:++++ E"},
	{.name = "one-commit", .units = 16, .script = SWEEP " E"},
	{.name = "damage", .units = 16, .script = "0:++** 4:***+ F 4:++/ 2:*+ F 2:- 6:- C"},
	{.name = "nothing-read", .units = 16, .script = "0:**** F 4:**** 8:******** E"},
	{.name = "provisional", .units = 16, .script = "0:pppp 4:++++ F 0:p+p+ F 0:+ 2:+ C"},
	{.name = "retraction", .units = 16, .script = SWEEP " F 1:!! 1:++ F 8:! 8:+ C"},
	{.name = "rewritten", .units = 16, .script = "0:pp 0:pp 0:++ 1:! 1:+ 4:++++ E"},
	{.name = "tail", .units = 13, .tail_bytes = 700, .script = "0:++++ 4:++++ F 8:+++++ C"},
	{.name = "tail-unread", .units = 13, .tail_bytes = 700, .script = "0:++++ 4:++++ F 8:+***- C"},
	{.name = "resume", .units = 16, .before = "0:++*+ 4:++-+ E", .script = "2:+ 6:+ F 8:++++++++ C"},
	{.name = "resume-kept-bad",
	 .units = 16,
	 .keep_bad = true,
	 .before = "0:++-+ E",
	 .script = "8:++++ E"},
	{.name = "resume-finished", .units = 16, .before = "0:++++++++ 8:++++++++ C", .script = "C"},
	{.name = "resume-untouched", .units = 16, .before = "0:++++ E", .script = "E"},
	{.name = "stale-forced",
	 .units = 16,
	 .force = true,
	 .arrange = stale_image,
	 .script = SWEEP " F 6:++ C"},
	{.name = "backup",
	 .units = 16,
	 .before = "0:++++ E",
	 .arrange = backup_left,
	 .torn = true,
	 .script = "4:++++ T 8:++++ E"},
	{.name = "left-behind", .units = 16, .arrange = left_behind, .script = "0:++++ F 4:++++ E"},
	{.name = "damaged-forced",
	 .units = 16,
	 .force = true,
	 .before = "0:++++ E",
	 .arrange = damaged_both,
	 .torn = true,
	 .script = SWEEP " E"},
	{.name = "domain", .units = 16, .domain = "++++??++++??????", .script = "0:++++ F 6:++++ C"},
	{.name = "domain-resumed",
	 .units = 16,
	 .domain = "++++??++++??????",
	 .before = "0:++++ E",
	 .script = "6:++** F 8:++ C"},
	{.name = "elsewhere", .units = 16, .elsewhere = true, .script = SWEEP " F 6:++ C"},
	{.name = "no-holes", .units = 16, .no_holes = true, .script = "0:++++ F 8:++++ E"},
	{.name = "no-holes-end", .units = 16, .no_holes = true, .script = "0:++++ F 4:++**---- C"},
	{.name = "memory", .units = 16, .in_memory = true, .script = SWEEP " F 6:++ C"},
	{.name = "reserve", .units = 16, .plenty = true, .script = SWEEP " F 6:++ C"},
	{.name = "block",
	 .units = 16,
	 .image = WORK_BLOCK,
	 .elsewhere = true,
	 .force = true,
	 .script = SWEEP " F 6:++ C"},
	{.name = "block-resumed",
	 .units = 16,
	 .image = WORK_BLOCK,
	 .elsewhere = true,
	 .before = "0:++++ E",
	 .script = "2:! 2:+ T 4:++++ E"},
	{.name = "pipe",
	 .units = 16,
	 .image = WORK_PIPE,
	 .elsewhere = true,
	 .script = "0:++++ 4:++++ F 8:++++++++ C"},
	/* Refusals: no fault may turn one into a permission. */
	{.name = "no-map",
	 .units = 16,
	 .before = "0:++++ E",
	 .arrange = no_map,
	 .script = "E",
	 .refused = RESPIN_E_IMAGE_NO_MAP},
	{.name = "damaged",
	 .units = 16,
	 .before = "0:++++ E",
	 .arrange = damaged_both,
	 .torn = true,
	 .script = "E",
	 .refused = RESPIN_E_MAP_DAMAGED},
	{.name = "short",
	 .units = 16,
	 .before = "0:++++ E",
	 .arrange = short_image,
	 .script = "E",
	 .refused = RESPIN_E_IMAGE_SHORT},
	{.name = "other-size",
	 .units = 16,
	 .before = "0:++++ E",
	 .arrange = other_size,
	 .script = "E",
	 .refused = RESPIN_E_MAP_SIZE},
	{.name = "on-source",
	 .units = 16,
	 .before = "0:++++ E",
	 .source_path = "/out/disc.iso",
	 .script = "E",
	 .refused = RESPIN_E_SAME_FILE},
};
const unsigned workload_count = sizeof workloads / sizeof *workloads;
