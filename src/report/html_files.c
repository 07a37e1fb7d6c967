/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of the disc on the page: those that lack something first, as many
 * of the others as there is room for, a word about the rest; and where each lies.
 * Names are foreign: they stand in the page once, as text, and nowhere in data.
 */
#include "report/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/amount.h"
#include "report/xml.h"

/* The list's share of the page, and what nobody scrolls through any more. */
#define ROWS_MOST 1500u
#define ROWS_BYTES 700000u
#define RUNS_BYTES 300000u
#define NAME_MOST 240u /* characters */
/* Pieces of one file, and of all, that are looked at: a bound on time, for lists made to take forever. */
#define PIECES_FILE 20000u
#define PIECES_ALL 2000000u
#define RUNS_FILE 60u

enum concern { LOSSY, HOPEFUL, CALM, CONCERNS }; /* in the order of the list */

struct listing {
	struct html *html;
	uint64_t *index[CONCERNS]; /* the first ROWS_MOST of each class */
	uint64_t count[CONCERNS];
	uint64_t pieces; /* still to be looked at */
	struct respin_file file;
	uint64_t row;
};

static enum concern concern_of(const struct respin_file *file)
{
	if (file->lost_bytes)
		return LOSSY;
	return file->state == RESPIN_FILE_WHOLE ? CALM : HOPEFUL;
}

static bool sort_files(struct listing *listing)
{
	struct html_files *files = &listing->html->files;
	struct respin_file file = {.size = sizeof file};
	int more = 0;
	for (uint64_t i = 0; (more = respin_files_at(listing->html->options.files, i, &file)) > 0; i++) {
		if (file.kind != RESPIN_FILE_REGULAR)
			continue;
		enum concern concern = concern_of(&file);
		files->regular++;
		files->whole += concern == CALM;
		files->lossy += concern == LOSSY;
		files->unknown += file.state == RESPIN_FILE_UNKNOWN;
		files->hopeful += concern == HOPEFUL && file.state != RESPIN_FILE_UNKNOWN;
		files->lost_bytes += file.lost_bytes;
		files->hoped_bytes += file.hoped_bytes;
		if (listing->count[concern] < ROWS_MOST)
			listing->index[concern][listing->count[concern]] = i;
		listing->count[concern]++;
	}
	return more == 0;
}

static void count_in_place(struct listing *listing, uint64_t sector)
{
	struct html_place *place = html_places_find(&listing->html->places, sector);
	if (!place || place->last_file == listing->row + 1)
		return;
	place->last_file = listing->row + 1;
	if (place->file_count < PLACE_FILES)
		place->rows[place->file_count] = (uint32_t)listing->row;
	place->file_count++;
}

/* Every place between two sectors; what is missing of a file may reach over several. */
static void count_in_places(struct listing *listing, uint64_t first, uint64_t end)
{
	struct html_places *places = &listing->html->places;
	count_in_place(listing, first);
	struct html_place *place = html_places_find(places, end ? end - 1 : 0);
	for (; place && place >= places->at && place->end > first; place--)
		count_in_place(listing, place->first);
}

static void add_run(struct buf *out, const struct listing *listing, uint64_t from, uint64_t to,
		    unsigned *runs)
{
	uint64_t sector = listing->html->sector_bytes;
	if (to <= from || *runs >= RUNS_FILE || out->len > RUNS_BYTES)
		return;
	uint64_t first = from / sector;
	buf_addf(out, ",%" PRIu64 ",%" PRIu64, first, (to + sector - 1) / sector - first);
	++*runs;
}

/* Where the file lies, as state, first sector, sectors, first sector, sectors ...; what is missing is told to its place. */
static void add_runs(struct listing *listing, uint64_t index)
{
	struct buf *out = &listing->html->files.runs;
	const struct respin_files *files = listing->html->options.files;
	struct respin_file_run run = {.size = sizeof run};
	uint64_t from = 0, to = 0, at = 0;
	unsigned runs = 0;
	buf_addf(out, "%s[%u", out->len ? ",\n" : "", (unsigned)concern_of(&listing->file));
	for (unsigned i = 0; i < PIECES_FILE && listing->pieces; i++, listing->pieces--) {
		if (respin_files_run(files, index, at, &run) <= 0 || !run.len_bytes)
			break;
		at = run.file_bytes + run.len_bytes;
		if (run.hole || !run.placed)
			continue;
		uint64_t sector = listing->html->sector_bytes;
		if (run.status != RESPIN_FINISHED)
			count_in_places(listing, run.disc_bytes / sector,
					(run.disc_bytes + run.len_bytes + sector - 1) / sector);
		if (run.disc_bytes != to) {
			add_run(out, listing, from, to, &runs);
			from = run.disc_bytes;
		}
		to = run.disc_bytes + run.len_bytes;
	}
	add_run(out, listing, from, to, &runs);
	buf_add_str(out, "]");
}

static void add_missing(struct buf *out, const struct respin_file *file)
{
	if (file->state == RESPIN_FILE_UNKNOWN) {
		buf_add_str(out, "where it lies cannot be read");
		return;
	}
	if (file->lost_bytes) {
		amount_add_bytes(out, file->lost_bytes);
		buf_add_str(out, " lost");
	}
	if (file->hoped_bytes) {
		buf_add_str(out, file->lost_bytes ? ", " : "");
		amount_add_bytes(out, file->hoped_bytes);
		buf_add_str(out, " hoped for");
	}
	if (file->state == RESPIN_FILE_HIT && !file->lost_bytes && !file->hoped_bytes)
		buf_add_str(out, "where the rest of it lies cannot be read");
	if (file->broken)
		buf_add_str(out, " (contradicts itself)");
}

static void add_row(struct buf *out, const struct respin_file *file)
{
	static const char *const states[] = {"whole", "hit", "untouched", "unknown"};
	static const char *const classes[] = {"lossy", "hopeful", "calm"};
	buf_addf(out, "<tr class=\"%s\"><th scope=\"row\"><button type=\"button\" class=\"pick file\">",
		 classes[concern_of(file)]);
	html_add_text(out, file->path, NAME_MOST);
	buf_addf(out, "</button></th><td><span class=\"state\">%s</span></td><td class=\"n\">",
		 states[file->state <= RESPIN_FILE_UNKNOWN ? file->state : RESPIN_FILE_UNKNOWN]);
	amount_add_bytes(out, file->size_bytes);
	buf_add_str(out, "</td><td>");
	add_missing(out, file);
	buf_add_str(out, "</td></tr>\n");
}

static bool list_files(struct listing *listing)
{
	struct html_files *files = &listing->html->files;
	struct respin_file *file = &listing->file;
	for (unsigned concern = 0; concern < CONCERNS; concern++)
		for (uint64_t i = 0; i < listing->count[concern] && i < ROWS_MOST; i++) {
			if (files->shown == ROWS_MOST || files->rows.len > ROWS_BYTES)
				break;
			int found = respin_files_at(listing->html->options.files, listing->index[concern][i],
						    file);
			if (found <= 0)
				return found == 0;
			listing->row = files->shown++;
			add_row(&files->rows, file);
			add_runs(listing, listing->index[concern][i]);
		}
	files->left_out = files->regular - files->shown;
	return !files->rows.failed && !files->runs.failed;
}

bool html_files_gather(struct html *html)
{
	struct listing listing = {.html = html, .file = {.size = sizeof listing.file}, .pieces = PIECES_ALL};
	bool whole = true;
	if (!html->options.files)
		return true;
	html->files.given = true;
	html->files.info.size = sizeof html->files.info;
	respin_files_info(html->options.files, &html->files.info);
	for (unsigned concern = 0; concern < CONCERNS; concern++) {
		listing.index[concern] = calloc(ROWS_MOST, sizeof *listing.index[concern]);
		whole = whole && listing.index[concern];
	}
	whole = whole && sort_files(&listing) && list_files(&listing) && html_playing_gather(html);
	for (unsigned concern = 0; concern < CONCERNS; concern++)
		free(listing.index[concern]);
	return whole;
}

void html_files_finish(struct html_files *files)
{
	buf_finish(&files->rows);
	buf_finish(&files->runs);
	buf_finish(&files->playing);
}

static void add_rest(struct buf *out, const struct html_files *files)
{
	if (!files->left_out && !files->info.cut)
		return;
	buf_add_str(out, "<p class=\"faint\">");
	if (files->left_out)
		buf_addf(out, "%s more are not listed here, %s; <code>respin files</code> lists all.",
			 amount_grouped(files->left_out).text,
			 files->lossy + files->hopeful + files->unknown > files->shown ? "some of them hit"
										       : "all of them whole");
	if (files->info.cut)
		buf_add_str(out, " The disc claims more entries than anybody can want: some are left out.");
	buf_add_str(out, "</p>\n");
}

static void add_filter(struct buf *out)
{
	buf_add_str(
		out,
		"<div class=\"filter needs-script\"><label for=\"find\">Find a file</label>"
		"<input id=\"find\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\">"
		"<label class=\"check\"><input id=\"only-hit\" type=\"checkbox\"> only what is not whole</label>"
		"<span id=\"found\" role=\"status\" class=\"faint\"></span></div>\n");
}

static void add_counts(struct buf *out, const struct html_files *files)
{
	const struct {
		uint64_t count;
		const char *words;
	} parts[] = {
		{files->whole, "whole"},
		{files->lossy, "with losses"},
		{files->hopeful, "still hoped for"},
		{files->unknown, "whose place cannot be read"},
	};
	html_add_count(out, files->regular, "file");
	if (files->info.volume[0]) {
		buf_add_str(out, " on ");
		html_add_text(out, files->info.volume, 128);
	}
	buf_add_str(out, " (");
	xml_add_text(out, files->info.format, 40);
	buf_add_str(out, ")");
	const char *comma = ": ";
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].count) {
			buf_addf(out, "%s%s %s", comma, amount_grouped(parts[i].count).text, parts[i].words);
			comma = ", ";
		}
	buf_add_str(out, ".");
}

static void add_doubt(struct buf *out, const struct html_files *files)
{
	if (files->info.doubt == RESPIN_FILES_OLDER)
		buf_add_str(out, " What was written last cannot be read: this is how the disc was before.");
	if (files->info.doubt == RESPIN_FILES_UNMOVED)
		buf_add_str(out, " The table of blocks that were moved cannot be read: whole files may hold "
				 "old bytes.");
}

void html_files_add(struct buf *out, const struct html *html)
{
	const struct html_files *files = &html->files;
	if (!files->given) {
		buf_add_str(out, "<p>");
		if (html->options.no_files)
			xml_add_text(out, html->options.no_files, 400);
		else
			buf_add_str(out,
				    "This page was made from the map alone. <code>respin report IMAGE</code> "
				    "makes one that knows the files, too.");
		buf_add_str(out, "</p>\n");
		return;
	}
	buf_add_str(out, "<p>");
	add_counts(out, files);
	if (files->info.incomplete_directories) {
		buf_add_str(out, " ");
		html_add_count(out, files->info.incomplete_directories, "directory");
		buf_add_str(out, " cannot be read in full: there may be files that this list does not know.");
	}
	add_doubt(out, files);
	buf_add_str(out, "</p>\n");
	if (!files->shown)
		return;
	add_filter(out);
	buf_add_str(
		out,
		"<div class=\"list\" tabindex=\"0\" role=\"region\" aria-label=\"List of files\">"
		"<table id=\"file-table\"><thead><tr><th scope=\"col\">File</th><th scope=\"col\">State</th>"
		"<th scope=\"col\" class=\"n\">Size</th><th scope=\"col\">Missing</th></tr></thead><tbody>\n");
	buf_add(out, files->rows.data, files->rows.len);
	buf_add_str(out, "</tbody></table></div>\n");
	add_rest(out, files);
	html_playing_add(out, html);
}
