/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outcomes by hand and the checks that every test of the output needs. Starts no thread. */
#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/block.h"
#include "base/rng.h"

void desk_init(struct desk *desk, uint64_t units)
{
	*desk = (struct desk){.memio = memio_create(), .phase = RESPIN_PHASE_COPYING};
	memio_dir(desk->memio, "/out", 5);
	desk->options = (struct respin_output_options){
		.size = sizeof desk->options, .image = DESK_IMAGE, .io = memio_io(desk->memio)};
	desk->info = (struct respin_source_info){
		.size = sizeof desk->info, .units = units, .unit_bytes = 2048, .ecc_block = 16};
}

void desk_finish(struct desk *desk)
{
	desk_drop(desk);
	memio_destroy(desk->memio);
}

int desk_open(struct desk *desk)
{
	assert_null(desk->output);
	desk->error = (struct respin_error){0};
	int rc = output_open(&desk->options, &desk->info, 1, &desk->output, &desk->error);
	assert_int_equal(rc, desk->error.code);
	assert_true(!rc == !!desk->output);
	if (!rc)
		desk->sink = output_sink(desk->output);
	return rc;
}

int desk_close(struct desk *desk, bool complete, struct respin_summary *summary)
{
	struct respin_summary unused = {.size = sizeof unused};
	struct respin_outcome end = {.request = {.phase = RESPIN_PHASE_FINISHED}};
	int rc = complete ? desk->sink.ops->put(desk->sink.self, &end, &desk->error) : 0;
	if (rc >= 0)
		rc = desk->sink.ops->close(desk->sink.self, summary ? summary : &unused,
					   &desk->error);
	desk_drop(desk);
	return rc;
}

void desk_drop(struct desk *desk)
{
	if (desk->sink.ops)
		desk->sink.ops->destroy(desk->sink.self);
	desk->sink = (struct respin_sink){0};
	output_destroy(desk->output);
	desk->output = NULL;
}

void desk_bytes(uint64_t unit, unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] =
			(unsigned char)rng_mix(unit * 65536 + i / 8 + 1) | 1; /* never the zero of a hole */
}

static size_t unit_len(const struct desk *desk, uint64_t unit)
{
	bool tail = unit + 1 == desk->info.units && desk->info.tail_bytes;
	return tail ? desk->info.tail_bytes : desk->info.unit_bytes;
}

static struct respin_span span_of(char letter, uint64_t unit)
{
	struct respin_span span = {.range = {unit, 1}};
	switch (letter) {
	case '+':
		span.kind = RESPIN_SPAN_RECOVERED;
		span.status = RESPIN_FINISHED;
		break;
	case 'p':
		span.kind = RESPIN_SPAN_PROVISIONAL;
		span.status = RESPIN_NON_SCRAPED;
		break;
	case '!':
		span.kind = RESPIN_SPAN_RETRACT;
		span.status = RESPIN_NON_TRIMMED;
		break;
	case '-':
		span.kind = RESPIN_SPAN_UNREADABLE;
		span.status = RESPIN_BAD;
		break;
	default:
		span.kind = RESPIN_SPAN_RETRY;
		span.status = letter == '/' ? RESPIN_NON_SCRAPED : RESPIN_NON_TRIMMED;
		break;
	}
	return span;
}

int desk_put(struct desk *desk, uint64_t start, const char *units)
{
	uint64_t count = strlen(units);
	struct respin_outcome outcome = {.request = {.seq = desk->seq++,
						     .range = {start, count},
						     .phase = (uint8_t)desk->phase,
						     .flags = desk->flags}};
	for (uint64_t i = 0; i < count; i++) {
		struct respin_span span = span_of(units[i], start + i);
		struct respin_span *last = i ? &outcome.spans[outcome.span_count - 1] : NULL;
		if (last && last->kind == span.kind && last->status == span.status) {
			last->range.count++;
			continue;
		}
		assert_true(outcome.span_count < RESPIN_SPANS_MAX);
		outcome.spans[outcome.span_count++] = span;
	}
	if (strpbrk(units, "+p")) {
		outcome.bytes = block_alloc(count * desk->info.unit_bytes);
		for (uint64_t i = 0; i < count; i++) {
			size_t len = unit_len(desk, start + i);
			desk_bytes(start + i, outcome.bytes + outcome.bytes_len, len);
			outcome.bytes_len += len;
		}
	}
	int rc = desk->sink.ops->put(desk->sink.self, &outcome, &desk->error);
	assert_null(outcome.bytes);
	return rc;
}

static int put_all(struct desk *desk, uint64_t start, uint64_t count, char letter)
{
	char *units = calloc(1, count + 1);
	assert_non_null(units);
	memset(units, letter, count);
	int rc = desk_put(desk, start, units);
	free(units);
	return rc;
}

int desk_recover(struct desk *desk, uint64_t start, uint64_t count)
{
	return put_all(desk, start, count, '+');
}

int desk_miss(struct desk *desk, uint64_t start, uint64_t count, enum respin_status status)
{
	return put_all(desk, start, count, respin_status_char(status));
}

int desk_flush(struct desk *desk)
{
	return desk->sink.ops->flush(desk->sink.self, RESPIN_FLUSH_RISK, &desk->error);
}

char *desk_map(struct desk *desk, const char *path)
{
	size_t len;
	const unsigned char *text = memio_bytes(desk->memio, path, &len);
	struct respin_map *bytes = NULL, *map = NULL;
	struct mapfile_info info;
	if (!text || mapfile_parse((const char *)text, len, path, NULL, &bytes, &info, NULL))
		return NULL;
	int rc = mapfile_import(bytes, desk->info.units, desk->info.unit_bytes, desk->info.tail_bytes, path,
				&map, NULL);
	map_destroy(bytes);
	if (rc)
		return NULL;
	char *letters = calloc(1, desk->info.units + 1);
	assert_non_null(letters);
	for (uint64_t i = 0; i < desk->info.units; i++)
		letters[i] = respin_status_char(map_at(map, i));
	map_destroy(map);
	return letters;
}

void desk_assert_map(struct desk *desk, const char *expected)
{
	char *letters = desk_map(desk, DESK_MAP);
	assert_non_null(letters);
	assert_string_equal(letters, expected);
	free(letters);
}

uint64_t desk_assert_truth(struct desk *desk)
{
	char *letters = desk_map(desk, DESK_MAP);
	size_t size = 0;
	const unsigned char *image = memio_bytes(desk->memio, DESK_IMAGE, &size);
	uint64_t finished = 0;
	unsigned char expected[4096];
	for (uint64_t unit = 0; letters && letters[unit]; unit++) {
		if (letters[unit] != '+')
			continue;
		finished++;
		size_t len = unit_len(desk, unit);
		desk_bytes(unit, expected, len);
		assert_true(image && unit * desk->info.unit_bytes + len <= size);
		assert_memory_equal(image + unit * desk->info.unit_bytes, expected, len);
	}
	free(letters);
	return finished;
}

long desk_find(struct desk *desk, enum memio_op op, const char *name, unsigned nth)
{
	size_t count;
	const struct memio_call *log = memio_log(desk->memio, &count);
	for (size_t i = 0; i < count; i++)
		if (log[i].op == op && !strcmp(log[i].name, name) && !--nth)
			return (long)i;
	return -1;
}

/* Opening answers `code`, says something about `named`, and changes nothing. */
void desk_assert_refused(struct desk *desk, int code, const char *named)
{
	size_t before, after;
	(void)memio_log(desk->memio, &before);
	int rc = desk_open(desk);
	if (rc != code)
		print_error("%s\n", desk->error.text);
	assert_int_equal(rc, code);
	assert_non_null(strstr(desk->error.text, named));
	assert_null(strchr(desk->error.text, '\n'));
	(void)memio_log(desk->memio, &after);
	assert_int_equal(after, before);
}

bool desk_was_told(const struct desk *desk, const char *words)
{
	const char *notice;
	for (size_t i = 0; (notice = output_notice(desk->output, i)); i++)
		if (strstr(notice, words))
			return true;
	return false;
}

void desk_put_image(struct desk *desk, uint64_t units)
{
	unsigned char *bytes = malloc(units * 2048 + 1);
	assert_non_null(bytes);
	for (uint64_t unit = 0; unit < units; unit++)
		desk_bytes(unit, bytes + unit * 2048, 2048);
	memio_file(desk->memio, DESK_IMAGE, bytes, units * 2048);
	free(bytes);
}

/* A map as GNU ddrescue writes it; `units` letters of 2048 bytes each. */
void desk_put_map(struct desk *desk, const char *path, const char *units)
{
	char text[4096];
	int len = snprintf(text, sizeof text,
			   "# Mapfile. Created by GNU ddrescue version 1.27\n"
			   "0x00000000     ?               1\n");
	for (size_t i = 0; units[i]; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, "0x%08zX  0x%08X  %c\n", i * 2048,
				2048, units[i]);
	memio_text(desk->memio, path, text);
}
