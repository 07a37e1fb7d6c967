/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plot RESULTS.jsonl SCENARIO: the share of the readable sectors saved over
 * drive time, all policies on one seed in one picture (SVG), told apart
 * by dashes and marks so that it reads in black and white. Draws, judges not.
 */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 860.0
#define HEIGHT 480.0
#define LEFT 62.0
#define RIGHT 190.0
#define TOP 54.0
#define BOTTOM 50.0
#define SEED 1          /* the one that the unmodified programs ran on, too */
#define MARK_EVERY 40.0 /* between two marks on one line */

struct style {
	const char *policy, *title, *colour, *dash, *mark;
};

/* Okabe and Ito's colours, which colour-blind people can tell apart. */
static const struct style styles[] = {
	{"oracle", "oracle (LB1)", "#000000", "", "M-5,0h10m-5,-5v10"},
	{"respin", "respin", "#0072b2", "", "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z"},
	{"ddrescue", "ddrescue", "#d55e00", "9 4", "M-4,-4h8v8h-8z"},
	{"ddrescue-tuned", "ddrescue, tuned", "#e69f00", "2 2 8 2", "M0,5l-5,-9h10z"},
	{"linear", "linear", "#777777", "3 3", "M0,-5l5,9h-10z"},
	{"bisection", "bisection", "#009e73", "9 3 2 3", "M0,-5l5,5l-5,5l-5,-5z"},
	{"predecessor", "predecessor", "#cc79a7", "14 4 2 4 2 4", "M-4,-4l8,8m0,-8l-8,8"},
};
#define STYLES (sizeof styles / sizeof *styles)

struct axes {
	double from_log, to_log; /* of seconds, base 10 */
};

static double x_of(const struct axes *axes, double s)
{
	double l = s > 0 ? log10(s) : axes->from_log;
	if (l < axes->from_log)
		l = axes->from_log;
	return LEFT + (WIDTH - LEFT - RIGHT) * (l - axes->from_log) / (axes->to_log - axes->from_log);
}

static double y_of(double share)
{
	return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (share > 1 ? 1 : share));
}

/* One seed for everybody: each seed is another disc. */
static const json_t *line_of(const struct results_entry *entry, json_int_t seed)
{
	for (unsigned i = 0; entry && i < entry->count; i++)
		if (json_integer_value(json_object_get(entry->lines[i], "seed")) == seed)
			return entry->lines[i];
	return NULL;
}

/* A policy's curve, or the oracle's five points. */
static size_t points_of(const json_t *line, double s[], double share[], size_t max)
{
	static const struct {
		const char *field;
		double share;
	} bounds[] = {{"lb1_50", .5}, {"lb1_90", .9}, {"lb1_99", .99}, {"lb1_999", .999}, {"lb1_100", 1}};
	const json_t *curve = json_object_get(line, "curve");
	double readable = json_number_value(json_object_get(line, "readable"));
	size_t n = 0;
	for (size_t i = 0; i < json_array_size(curve) && n < max; i++, n++) {
		s[n] = json_number_value(json_array_get(json_array_get(curve, i), 0));
		share[n] = readable > 0
				   ? json_number_value(json_array_get(json_array_get(curve, i), 1)) / readable
				   : 1;
	}
	for (size_t i = 0; !curve && i < sizeof bounds / sizeof *bounds && n < max; i++, n++) {
		s[n] = json_number_value(json_object_get(line, bounds[i].field));
		share[n] = bounds[i].share;
	}
	return n;
}

static void draw_grid(const struct axes *axes, const char *scenario)
{
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" "
	       "font-size=\"12\">\n<title>%s: saved over drive time</title>\n"
	       "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
	       "<text x=\"%.0f\" y=\"28\" font-size=\"17\" font-weight=\"bold\">%s, seed %d: saved of what is readable</text>\n",
	       WIDTH, HEIGHT, scenario, LEFT, scenario, SEED);
	for (int i = 0; i <= 10; i += 2) {
		double y = y_of(i / 10.0);
		printf("<path d=\"M%.1f,%.1fH%.1f\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%.1f\" "
		       "text-anchor=\"end\">%d %%</text>\n",
		       LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4, i * 10);
	}
	static const struct {
		double s;
		const char *name;
	} ticks[] = {{10, "10 s"},    {60, "1 min"},      {600, "10 min"},  {3600, "1 h"},
		     {36000, "10 h"}, {86400 * 2, "2 d"}, {864000, "10 d"}, {8640000, "100 d"}};
	for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++)
		if (log10(ticks[i].s) >= axes->from_log && log10(ticks[i].s) <= axes->to_log)
			printf("<path d=\"M%.1f,%.1fV%.1f\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%.1f\" "
			       "text-anchor=\"middle\">%s</text>\n",
			       x_of(axes, ticks[i].s), TOP, HEIGHT - BOTTOM, x_of(axes, ticks[i].s),
			       HEIGHT - BOTTOM + 18, ticks[i].name);
	printf("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">drive time</text>\n",
	       (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
}

static void draw_line(const struct axes *axes, const struct style *style, const json_t *line)
{
	double s[512], share[512], marked = -MARK_EVERY;
	size_t n = points_of(line, s, share, 512);
	bool points = !json_object_get(line, "curve"); /* the oracle's five: nothing is known between them */
	if (!points) {
		printf("<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" d=\"",
		       style->colour, style->dash);
		for (size_t i = 0; i < n; i++)
			printf("%c%.1f,%.1f", i ? 'L' : 'M', x_of(axes, s[i]), y_of(share[i]));
		printf("\"/>\n");
	}
	for (size_t i = 0; i < n; i++) {
		double x = x_of(axes, s[i]);
		if (!points && x - marked < MARK_EVERY && i + 1 < n)
			continue;
		marked = x;
		printf("<path transform=\"translate(%.1f,%.1f)\" d=\"%s\" fill=\"#fff\" stroke=\"%s\" "
		       "stroke-width=\"1.5\"/>\n",
		       x, y_of(share[i]), style->mark, style->colour);
	}
}

static void draw_key(size_t row, const struct style *style)
{
	double x = WIDTH - RIGHT + 16, y = TOP + 14 + 24 * (double)row;
	if (strcmp(style->policy, "oracle") != 0)
		printf("<path d=\"M%.1f,%.1fh40\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>",
		       x, y, style->colour, style->dash);
	printf("<path transform=\"translate(%.1f,%.1f)\" d=\"%s\" fill=\"#fff\" stroke=\"%s\" "
	       "stroke-width=\"1.5\"/>",
	       x + 20, y, style->mark, style->colour);
	printf("<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 48, y + 4, style->title);
}

int main(int argc, char **argv)
{
	struct results results;
	if (argc != 3 || !results_load(&results, argv[1])) {
		fprintf(stderr, "usage: plot RESULTS.jsonl SCENARIO\n");
		return 2;
	}
	struct axes axes = {1, 2};
	const json_t *lines[STYLES];
	for (size_t i = 0; i < STYLES; i++) {
		lines[i] = line_of(results_find(&results, argv[2], styles[i].policy), SEED);
		double s[512], share[512];
		size_t n = lines[i] ? points_of(lines[i], s, share, 512) : 0;
		for (size_t k = 0; k < n; k++)
			if (s[k] > 0 && log10(s[k]) > axes.to_log)
				axes.to_log = log10(s[k]);
	}
	draw_grid(&axes, argv[2]);
	size_t row = 0;
	for (size_t i = 0; i < STYLES; i++)
		if (lines[i]) {
			draw_line(&axes, &styles[i], lines[i]);
			draw_key(row++, &styles[i]);
		}
	printf("</svg>\n");
	results_finish(&results);
	return row ? 0 : 1;
}
