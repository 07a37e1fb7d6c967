/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The books of one drive's use: counts, gains over time, journal, and what is written of them at the end. */
#include "books.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/cdb.h"

#define CURVE_POINTS 200u /* enough for a plot, little enough for a line */

/*
 * A journal is a row of chunks: the scenario, then commands and gains of each
 * program, at the end the counts and what was given, which the next program
 * overwrites.
 */
enum chunk { CHUNK_SCENARIO, CHUNK_COMMANDS, CHUNK_GAINS, CHUNK_COUNTS, CHUNK_GIVEN };

/* Room for one more element at the end of *array. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 4096;
	array = reallocarray(array, *room, size);
	assert(array);
	return array;
}

static size_t given_bytes(uint64_t sectors)
{
	return (size_t)(sectors / 8 + 1);
}

static bool is_read(uint8_t opcode)
{
	return opcode == CDB_READ_10 || opcode == CDB_READ_12 || opcode == 0xbe; /* READ CD */
}

void books_open(struct books *books, const struct settings *settings)
{
	*books = (struct books){.settings = settings, .counts.programs = 1};
	if (settings->log)
		books->log = fopen(settings->log, "ae");
}

void books_size(struct books *books, uint64_t sectors, uint8_t *truth, uint64_t readable)
{
	free(books->truth);
	books->truth = truth;
	books->readable = readable;
	if (books->counts.sectors)
		return;
	books->counts.sectors = sectors;
	books->given = calloc(1, given_bytes(sectors));
	assert(books->given);
}

/* ---- what happens ---- */

/* Is there a journal that should know of it? */
static bool journals(const struct books *books)
{
	return !books->replaying && books->settings->journal;
}

void books_command(struct books *books, const struct respin_command *command, bool good)
{
	if (books->replaying)
		return;
	if (is_read(command->cdb[0])) {
		books->counts.commands++;
		books->counts.failed += !good;
	} else {
		books->counts.others++;
	}
	if (journals(books))
		journal_command(&books->journal, command);
}

void books_sleep(struct books *books, uint64_t ns)
{
	if (journals(books))
		journal_passed(&books->journal, ns);
}

void books_sought(struct books *books)
{
	if (journals(books))
		journal_sought(&books->journal);
}

void books_replugged(struct books *books)
{
	if (journals(books))
		journal_replugged(&books->journal);
}

static bool bit(const uint8_t *bits, uint64_t i)
{
	return bits[i / 8] >> i % 8 & 1;
}

static void gain(struct books *books, struct gain gained)
{
	books->gains = grow(books->gains, books->gain_count, &books->gain_room, sizeof *books->gains);
	books->gains[books->gain_count++] = gained;
}

static void give(struct books *books, uint64_t now_ns, uint64_t first, uint64_t end)
{
	uint64_t had = books->counts.saved;
	for (uint64_t i = first; i < end && i < books->counts.sectors; i++) {
		if (bit(books->given, i))
			continue;
		books->given[i / 8] |= (uint8_t)(1u << i % 8);
		books->counts.rescued++;
		books->counts.saved += !books->truth || bit(books->truth, i);
	}
	if (books->counts.saved > had)
		gain(books, (struct gain){now_ns, books->counts.saved});
}

void books_read(struct books *books, uint64_t began_ns, uint64_t now_ns, uint64_t pos_bytes,
		uint64_t asked_bytes, int64_t result)
{
	struct counts *counts = &books->counts;
	if (!counts->begun)
		counts->first_ns = began_ns;
	counts->begun = true;
	counts->last_ns = now_ns;
	counts->reads++;
	counts->failed_reads += result < 0;
	counts->asked_bytes += asked_bytes;
	if (result > 0) {
		counts->given_bytes += (uint64_t)result;
		give(books, now_ns, (pos_bytes + SECTOR - 1) / SECTOR,
		     (pos_bytes + (uint64_t)result) / SECTOR);
	}
	if (books->log)
		(void)fprintf(books->log, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", now_ns,
			      pos_bytes, asked_bytes, result);
}

/* ---- the journal ---- */

static bool chunk_write(FILE *file, enum chunk chunk, const void *data, size_t len)
{
	const uint64_t head[2] = {chunk, len};
	return fwrite(head, sizeof head, 1, file) == 1 && (!len || fwrite(data, len, 1, file) == 1);
}

static FILE *journal_open(const struct books *books)
{
	FILE *file = fopen(books->settings->journal, books->journal_end ? "r+e" : "we");
	if (file && fseek(file, books->journal_end, SEEK_SET) < 0) {
		(void)fclose(file);
		file = NULL;
	}
	return file;
}

static bool journal_write(struct books *books)
{
	FILE *file = journal_open(books);
	if (!file)
		return false;
	bool good = books->journal_end > 0 || chunk_write(file, CHUNK_SCENARIO, books->settings->scenario,
							  strlen(books->settings->scenario));
	good = good && chunk_write(file, CHUNK_COMMANDS, books->journal.text.data, books->journal.text.len) &&
	       chunk_write(file, CHUNK_GAINS, books->gains + books->gains_written,
			   (books->gain_count - books->gains_written) * sizeof *books->gains);
	long end = ftell(file);
	good = good && chunk_write(file, CHUNK_COUNTS, &books->counts, sizeof books->counts) &&
	       chunk_write(file, CHUNK_GIVEN, books->given,
			   books->given ? given_bytes(books->counts.sectors) : 0);
	good = !fclose(file) && good;
	if (!good)
		return false;
	buf_clear(&books->journal.text);
	books->gains_written = books->gain_count;
	books->journal_end = end;
	return true;
}

/* A whole chunk in memory; NULL: the end, or not to be had. */
static void *chunk_read(FILE *file, uint64_t *chunk, size_t *len)
{
	uint64_t head[2];
	if (fread(head, sizeof head, 1, file) != 1)
		return NULL;
	*chunk = head[0];
	*len = (size_t)head[1];
	char *data = malloc(*len + 1);
	if (data && *len && fread(data, *len, 1, file) != 1) {
		free(data);
		return NULL;
	}
	return data;
}

static bool chunk_apply(struct books *books, uint64_t chunk, void *data, size_t len,
			const struct journal_again *again)
{
	_cleanup_free_ void *unused = data;
	switch (chunk) {
	case CHUNK_COMMANDS:
		return journal_replay(data, len, again);
	case CHUNK_COUNTS:
		memcpy(&books->counts, data, len < sizeof books->counts ? len : sizeof books->counts);
		return len == sizeof books->counts;
	case CHUNK_GAINS:
		for (size_t i = 0; i < len / sizeof(struct gain); i++)
			gain(books, ((const struct gain *)data)[i]);
		books->gains_written = books->gain_count;
		return true;
	case CHUNK_GIVEN:
		free(books->given);
		books->given = len ? (uint8_t *)take(unused) : NULL; /* none yet: no disc was found */
		return !len || len == given_bytes(books->counts.sectors);
	default:
		return true;
	}
}

bool books_replay(struct books *books, const struct journal_again *again)
{
	FILE *file = books->settings->journal ? fopen(books->settings->journal, "re") : NULL;
	if (!file)
		return true; /* the first program */
	uint64_t chunk;
	size_t len;
	_cleanup_free_ char *scenario = chunk_read(file, &chunk, &len);
	bool good = scenario && chunk == CHUNK_SCENARIO && len == strlen(books->settings->scenario) &&
		    !memcmp(scenario, books->settings->scenario, len);
	void *data;
	books->replaying = true;
	for (long at; at = ftell(file), good && (data = chunk_read(file, &chunk, &len));) {
		if (chunk == CHUNK_COUNTS)
			books->journal_end = at;
		good = chunk_apply(books, chunk, data, len, again);
	}
	good = good && books->journal_end > 0;
	books->replaying = false;
	books->counts.programs++;
	(void)fclose(file);
	return good;
}

/* ---- what is written ---- */

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* When so many sectors had been rescued, since power-on, as JSON; null: never. */
static void write_time(const struct books *books, FILE *file, const char *name, uint64_t sectors)
{
	size_t low = 0, high = books->gain_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (books->gains[middle].sectors < sectors)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == books->gain_count)
		(void)fprintf(file, ", \"%s\": null", name);
	else
		(void)fprintf(file, ", \"%s\": %.3f", name, seconds(books->gains[low].ns));
}

/* The shares are of the sectors that can be read, and count those alone: as the library's trials do it. */
static void write_gains(const struct books *books, FILE *file)
{
	static const struct {
		const char *name;
		unsigned per_mille;
	} shares[] = {{"t50", 500}, {"t90", 900}, {"t99", 990}, {"t999", 999}, {"t100", 1000}};
	uint64_t all = books->truth ? books->readable : books->counts.saved;
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		write_time(books, file, shares[i].name, (all * shares[i].per_mille + 999) / 1000);
	(void)fprintf(file, ", \"readable\": %" PRIu64 ", \"curve\": [", all);
	size_t step = books->gain_count / CURVE_POINTS + 1;
	for (size_t i = 0; i < books->gain_count; i += step)
		(void)fprintf(file, "%s[%.3f, %" PRIu64 "]", i ? ", " : "", seconds(books->gains[i].ns),
			      books->gains[i].sectors);
	if (books->gain_count)
		(void)fprintf(file, ", [%.3f, %" PRIu64 "]", seconds(books->counts.last_ns),
			      books->counts.saved);
	(void)fprintf(file, "]");
}

static void write_stats(const struct books *books, uint64_t now_ns, uint64_t wedges)
{
	const struct counts *c = &books->counts;
	FILE *file = fopen(books->settings->stats, "we");
	if (!file)
		return;
	(void)fprintf(file,
		      "{\"virtual_s\": %.3f, \"first_read_s\": %.3f, \"clock_s\": %.3f, \"total\": %" PRIu64
		      ", \"finished\": %" PRIu64 ", \"saved\": %" PRIu64 ", \"reads\": %" PRIu64
		      ", \"failed\": %" PRIu64,
		      seconds(c->last_ns), seconds(c->first_ns), seconds(now_ns), c->sectors, c->rescued,
		      c->saved, c->reads, c->failed_reads);
	(void)fprintf(file,
		      ", \"asked_bytes\": %" PRIu64 ", \"given_bytes\": %" PRIu64 ", \"commands\": %" PRIu64
		      ", \"read_commands\": %" PRIu64 ", \"failed_commands\": %" PRIu64
		      ", \"wedges\": %" PRIu64 ", \"programs\": %" PRIu64 ", \"stopped\": \"%s\"",
		      c->asked_bytes, c->given_bytes, c->commands + c->others, c->commands, c->failed, wedges,
		      c->programs, person_reason_name(c->person.reason));
	write_gains(books, file);
	(void)fprintf(file, "}\n");
	(void)fclose(file);
}

/* In GNU ddrescue's form, so that its own tools compare it: '+' and '-'. */
static void write_delivered(const struct books *books)
{
	FILE *file = fopen(books->settings->delivered, "we");
	if (!file)
		return;
	(void)fprintf(file, "# What the program was given.\n0x0 + 1\n");
	for (uint64_t from = 0, to; from < books->counts.sectors; from = to) {
		for (to = from + 1; to < books->counts.sectors; to++)
			if (bit(books->given, to) != bit(books->given, from))
				break;
		(void)fprintf(file, "0x%" PRIx64 " 0x%" PRIx64 " %c\n", from * SECTOR, (to - from) * SECTOR,
			      bit(books->given, from) ? '+' : '-');
	}
	(void)fclose(file);
}

void books_write(struct books *books, uint64_t now_ns, uint64_t wedges)
{
	if (books->log)
		(void)fflush(books->log);
	if (books->settings->stats)
		write_stats(books, now_ns, wedges);
	if (books->settings->delivered && books->given)
		write_delivered(books);
	if (books->settings->taken_back)
		person_write_taken_back(books->settings->taken_back);
	if (books->settings->journal && !journal_write(books))
		(void)fprintf(stderr, "preload: %s cannot be written\n", books->settings->journal);
}
