/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page, see svg.h. Each ring is drawn as an engraver would: one line for a
 * kind, the wider the more of that place is of that kind, the graver kind on
 * top. A circle's dash pattern carries the angles, at a few bytes a run, and
 * width instead of shade keeps the picture readable on any paper.
 *
 * The page is measured in tenths of a pixel, so that all numbers are whole and
 * no locale can spoil them.
 */
#include "report/svg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "report/amount.h"
#include "report/xml.h"

/* Widths of a line, as parts of a ring: finer steps than these are not seen. */
#define LEVELS 4
#define OVERLAP 6 /* tenths: full lines overlap a little, or seams would shine through */

/* A disc of 120 mm; its hole; where the lead-in begins (IEC 60908 clause 8). */
#define DISC_MM 60.0
#define HOLE_MM 7.5
#define CLAMP_MM 22.0

/*
 * By the number of layers: the page's width, the discs' radius, rings and angles.
 * Rings are 2 to 3 pixels wide. At worst a cell costs 40 bytes (four kinds, a
 * dash and a gap each), and layers * rings * cells stay below 11,000.
 */
static const struct size {
	int page, radius;
	unsigned rings, cells;
} sizes[SPIRAL_LAYERS_MAX] = {
	{7200, 2640, 60, 180},
	{9600, 2160, 45, 120},
	{10800, 1650, 36, 100},
	{10800, 1230, 30, 90},
};

#define TOP 1250 /* above the discs: title and medium */
#define GAP 300
#define CAPTION 750
#define LEGEND_ROW 800
#define MARGIN 480

/* In the order of their gravity; `name` is what people read, `class` what the style says. */
static const struct {
	const char *class, *name;
} kinds[RINGS_KINDS] = {
	[RINGS_SAVED] = {"s", "saved"},
	[RINGS_UNTRIED] = {"u", "not tried yet"},
	[RINGS_HOPE] = {"h", "failed so far"},
	[RINGS_LOST] = {"l", "lost"},
};

/*
 * Light and dark, and apart from each other in brightness alone: saved, hope
 * and lost have 82, 50 and 13 in a hundred on white, 33, 80 and 47 on black;
 * what was not tried is hatched.
 */
static const char style[] =
	"<style>"
	"text{font-family:system-ui,'Helvetica Neue','DejaVu Sans',Arial,sans-serif;fill:#1c2327}"
	".p{fill:#fff}.b{fill:#f1efe9;stroke:#b9b4a8;stroke-width:10}.o{fill:#fff;stroke:#b9b4a8;stroke-width:10}"
	".r{fill:none;stroke:#d5d1c7;stroke-width:8}.m{fill:#5b656c}"
	"g.s,g.u,g.h,g.l{fill:none}"
	"g.s{stroke:#b4dccd}g.u{stroke:url(#hatch)}g.h{stroke:#d87400}g.l{stroke:#6f0a20}"
	"rect.s{fill:#b4dccd}rect.u{fill:url(#hatch)}rect.h{fill:#d87400}rect.l{fill:#6f0a20}"
	".w{fill:#fff}.x{fill:#7d888f}"
	"@media screen and (prefers-color-scheme:dark){"
	"text{fill:#e6e9ea}.p{fill:#14181b}.b{fill:#1d2327;stroke:#48525a}.o{fill:#14181b;stroke:#48525a}"
	".r{stroke:#39434a}.m{fill:#9aa5ac}"
	"g.s{stroke:#2c6154}g.h{stroke:#ffc95c}g.l{stroke:#ff5266}"
	"rect.s{fill:#2c6154}rect.h{fill:#ffc95c}rect.l{fill:#ff5266}"
	".w{fill:#14181b}.x{fill:#6d7981}}"
	"</style>\n"
	"<defs><pattern id=\"hatch\" width=\"50\" height=\"50\" patternUnits=\"userSpaceOnUse\""
	" patternTransform=\"rotate(45)\"><rect class=\"w\" width=\"50\" height=\"50\"/>"
	"<rect class=\"x\" width=\"14\" height=\"50\"/></pattern></defs>\n";

static const struct size *size_of(const struct spiral *spiral)
{
	return &sizes[spiral->layer_count - 1];
}

bool svg_rings_init(struct rings *rings, const struct spiral *spiral)
{
	return rings_init(rings, spiral, size_of(spiral)->rings, size_of(spiral)->cells);
}

static int rounded(double x)
{
	return (int)num_floor(x + 0.5);
}

/* How wide the line of `kind` is in a cell, in steps: as much as that kind and all graver ones have of it. */
static unsigned level_of(const struct rings_cell *cell, enum rings_kind kind)
{
	double all = 0, part = 0;
	for (unsigned i = 0; i < RINGS_KINDS; i++) {
		all += cell->turns[i];
		part += i >= kind ? cell->turns[i] : 0;
	}
	if (!(part > 0))
		return 0;
	unsigned level = (unsigned)(part / all * LEVELS + 0.5);
	return level ? level : 1; /* a single sector is seen, too */
}

/* What is to be drawn: it does not matter where a graver kind's line is as wide. */
#define COVERED UINT8_MAX
static uint8_t line_of(const struct rings_cell *cell, enum rings_kind kind)
{
	unsigned level = level_of(cell, kind);
	bool covered = level && kind < RINGS_LOST && level_of(cell, (enum rings_kind)(kind + 1)) == level;
	return covered ? COVERED : (uint8_t)level;
}

/*
 * The runs of one level around a ring, as dashes; `levels` has one of each
 * cell. A pattern begins with a dash, so it is pulled back to the first run; it
 * is longer than the circle, or it would begin anew.
 */
static void add_dashes(struct buf *out, int radius, const uint8_t *levels, unsigned count, unsigned level)
{
	double around = 2 * NUM_PI * radius;
	int length = rounded(around) + 99, first = -1, drawn = 0; /* where the last dash ended */
	for (unsigned i = 0; i < count; i++) {
		if (levels[i] != level)
			continue;
		unsigned end = i + 1;
		while (end < count && levels[end] == level)
			end++;
		int from = rounded(around * i / count), to = rounded(around * end / count);
		to += end == count ? OVERLAP : 0;
		if (first >= 0)
			buf_addf(out, "%d ", from - drawn);
		else if ((first = from) > 0)
			buf_addf(out, " stroke-dashoffset=\"%d\" stroke-dasharray=\"", length - from);
		else
			buf_add_str(out, " stroke-dasharray=\"");
		buf_addf(out, "%d ", to - from);
		drawn = to;
		i = end;
	}
	buf_addf(out, "%d\"", length - (drawn - first));
}

static void add_ring(struct buf *out, int radius, const uint8_t *levels, unsigned count, unsigned level)
{
	unsigned same = 0, covered = 0;
	for (unsigned i = 0; i < count; i++) {
		same += levels[i] == level;
		covered += levels[i] == COVERED;
	}
	if (same == 0)
		return;
	buf_addf(out, "<circle r=\"%d\"", radius);
	if (same + covered < count)
		add_dashes(out, radius, levels, count, level);
	buf_add_str(out, "/>");
}

static void add_kind(struct buf *out, const struct rings *rings, unsigned layer, enum rings_kind kind,
		     double unit)
{
	uint8_t levels[256];
	unsigned cells = rings->cell_count < sizeof levels ? rings->cell_count : sizeof levels;
	buf_addf(out, "<g class=\"%s\">", kinds[kind].class);
	for (unsigned level = 1; level <= LEVELS; level++) {
		int width = rounded(rings->ring_mm * unit * level / LEVELS) + (level == LEVELS ? OVERLAP : 0);
		size_t start = out->len;
		buf_addf(out, "<g stroke-width=\"%d\">", width);
		size_t empty = out->len;
		for (unsigned ring = 0; ring < rings->ring_count; ring++) {
			const struct rings_cell *row = rings_cells(rings, layer, ring);
			for (unsigned i = 0; i < cells; i++)
				levels[i] = line_of(&row[i], kind);
			double r_mm = rings->r_mm + (ring + 0.5) * rings->ring_mm;
			add_ring(out, rounded(r_mm * unit), levels, cells, level);
		}
		if (out->len == empty)
			out->len = start;
		else
			buf_add_str(out, "</g>");
	}
	buf_add_str(out, "</g>\n");
}

/* The layer around its centre. Its track begins at the top and runs clockwise, as seen from the side that is read. */
static void add_disc(struct buf *out, const struct rings *rings, unsigned layer, int radius)
{
	double unit = radius / DISC_MM;
	int turned = rounded(rings->spiral->layers[layer].angle * 360) % 360 - 90;
	int mark = radius + 40;
	buf_addf(out, "<circle class=\"b\" r=\"%d\"/><circle class=\"r\" r=\"%d\"/>\n", radius,
		 rounded(CLAMP_MM * unit));
	buf_addf(out, "<g transform=\"rotate(%d)\">\n", turned);
	for (unsigned kind = RINGS_SAVED; kind < RINGS_KINDS; kind++)
		add_kind(out, rings, layer, (enum rings_kind)kind, unit);
	buf_addf(out, "</g><circle class=\"o\" r=\"%d\"/><path class=\"m\" d=\"M0 %dl-45 -80h90z\"/>",
		 rounded(HOLE_MM * unit), -mark);
}

static void begin_text(struct buf *out, int x, int y, int height, const char *more)
{
	buf_addf(out, "<text x=\"%d\" y=\"%d\" font-size=\"%d\"%s>", x, y, height, more);
}

#define MIDDLE " text-anchor=\"middle\""
#define FAINT " class=\"m\""

static void add_caption(struct buf *out, const struct spiral *spiral, unsigned layer, int x, int y)
{
	const struct spiral_layer *at = &spiral->layers[layer];
	const char *way = at->inward ? "from the outside in" : "from the inside out";
	begin_text(out, x, y, 150, MIDDLE);
	if (spiral->layer_count > 1)
		buf_addf(out, "Layer %u, %s</text>\n", layer, way);
	else
		buf_addf(out, "One layer, %s</text>\n", way);
	begin_text(out, x, y + 210, 130, MIDDLE FAINT);
	if (at->count)
		buf_addf(out, "sectors %s to %s</text>\n", amount_grouped(at->first).text,
			 amount_grouped(at->first + at->count - 1).text);
	else
		buf_add_str(out, "not recorded</text>\n");
}

static const char *name_of(const struct svg_page *page, unsigned kind)
{
	return page->names ? page->names[kind] : kinds[kind].name;
}

static uint64_t counted(const struct svg_page *page)
{
	uint64_t sum = 0;
	for (unsigned kind = RINGS_SAVED; kind < RINGS_KINDS; kind++)
		sum += page->bytes[kind];
	return sum;
}

static void add_legend(struct buf *out, const struct svg_page *page, int x, int y, int width)
{
	for (unsigned kind = RINGS_SAVED; kind < RINGS_KINDS; kind++, x += width) {
		buf_addf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"300\" height=\"300\" rx=\"40\"/>",
			 kinds[kind].class, x, y);
		begin_text(out, x + 390, y + 110, 145, " font-weight=\"600\"");
		buf_addf(out, "%s</text>", name_of(page, kind));
		begin_text(out, x + 390, y + 300, 135, "");
		amount_add_percent(out, page->bytes[kind], counted(page));
		buf_add_str(out, "</text>");
		begin_text(out, x + 390, y + 480, 130, FAINT);
		amount_add_bytes(out, page->bytes[kind]);
		buf_add_str(out, "</text>\n");
	}
}

static void add_notes(struct buf *out, const struct svg_page *page, int y)
{
	begin_text(out, MARGIN, y, 120, FAINT);
	buf_add_str(out, "The wider a line, the more of that place it stands for. Radii are true.");
	if (page->bytes[RINGS_SKIPPED])
		buf_add_str(out, " Blank: not asked for.");
	buf_add_str(out, "</text>\n");
	begin_text(out, MARGIN, y + 190, 120, FAINT);
	xml_add_text(out, page->angles, 200);
	buf_add_str(out, "</text>\n");
}

/* For those who hear the page instead of seeing it. */
static void add_description(struct buf *out, const struct svg_page *page)
{
	buf_add_str(out, "<title>");
	xml_add_text(out, page->title ? page->title : page->medium, 200);
	buf_add_str(out, "</title><desc>");
	for (unsigned kind = RINGS_SAVED; kind < RINGS_KINDS; kind++) {
		buf_addf(out, "%s%s: ", kind > RINGS_SAVED ? ", " : "", name_of(page, kind));
		amount_add_percent(out, page->bytes[kind], counted(page));
	}
	buf_add_str(out, "</desc>\n");
}

static void add_head(struct buf *out, const struct svg_page *page, const struct size *size)
{
	const struct spiral *spiral = page->rings->spiral;
	begin_text(out, MARGIN, 560, 240, " font-weight=\"600\"");
	xml_add_text(out, page->title ? page->title : "A disc", (size_t)(size->page - 2 * MARGIN) / 150);
	buf_add_str(out, "</text>\n");
	begin_text(out, MARGIN, 820, 140, FAINT);
	xml_add_text(out, page->medium, 100);
	buf_addf(out, ": %s sectors, ", amount_grouped(spiral->sectors).text);
	amount_add_bytes(out, spiral->sectors * page->sector_bytes);
	buf_add_str(out, "</text>\n");
}

void svg_page_add(struct buf *out, const struct svg_page *page)
{
	const struct spiral *spiral = page->rings->spiral;
	const struct size *size = size_of(spiral);
	unsigned layers = spiral->layer_count;
	int centre = TOP + size->radius, caption = centre + size->radius + GAP;
	int legend = caption + CAPTION - 200, notes = legend + 900, height = notes + 190 + MARGIN;
	buf_addf(
		out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
		size->page / 10, height / 10, size->page, height);
	add_description(out, page);
	buf_add_str(out, style);
	buf_addf(out, "<rect class=\"p\" width=\"%d\" height=\"%d\"/>\n", size->page, height);
	add_head(out, page, size);
	for (unsigned layer = 0; layer < layers; layer++) {
		int x = (int)((2 * layer + 1) * (unsigned)(size->page - MARGIN) / (2 * layers)) + MARGIN / 2;
		buf_addf(out, "<g transform=\"translate(%d %d)\">", x, centre);
		add_disc(out, page->rings, layer, size->radius);
		buf_add_str(out, "</g>\n");
		add_caption(out, spiral, layer, x, caption);
	}
	add_legend(out, page, MARGIN, legend, (size->page - 2 * MARGIN) / 4);
	add_notes(out, page, notes);
	buf_add_str(out, "</svg>\n");
}
