/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image with its map as a source: what it answers at the edges of its gaps,
 * what the verdict makes of that, and rescues from one and from several of
 * them, none of which gives anything up. Whole discs are the interop test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <respin/session.h>

#include "core/classify.h"
#include "core/map.h"
#include "core/verdict.h"

#define SECTOR 2048u
#define SECTORS 40u
#define TAIL 100u /* bytes in the last one */
#define SIZE ((SECTORS - 1) * SECTOR + TAIL)

static unsigned char disc[SIZE];

static void write_file(const char *name, const void *bytes, size_t len)
{
	FILE *file = fopen(name, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* The disc, and a map of one character a sector. */
static void write_image(const char *name, const char *statuses)
{
	char map[32];
	unsigned char image[SIZE];
	assert_int_equal(strlen(statuses), SECTORS);
	memcpy(image, disc, SIZE);
	(void)snprintf(map, sizeof map, "%s.map", name);
	FILE *text = fopen(map, "w");
	assert_non_null(text);
	(void)fprintf(text, "# Sector size:  %u\n0 + 1\n", SECTOR);
	for (unsigned i = 0; i < SECTORS; i++) {
		unsigned len = i == SECTORS - 1 ? TAIL : SECTOR;
		(void)fprintf(text, "%u %u %c\n", i * SECTOR, len, statuses[i]);
		if (statuses[i] != '+')
			memset(image + (size_t)i * SECTOR, 0xee, len);
	}
	assert_int_equal(fclose(text), 0);
	write_file(name, image, SIZE);
}

/* Reads and judges; the buffer holds what came. */
static struct respin_outcome ask(const struct respin_source *source, uint64_t start, uint64_t count,
				 unsigned char *buffer)
{
	struct respin_outcome outcome = {.request = {.range = {start, count},
						     .ecc_block = 1,
						     .status = RESPIN_NON_TRIED,
						     .failed = RESPIN_NON_TRIMMED}};
	const struct verdict_unit unit = {SECTOR, 0};
	memset(buffer, 0xaa, SIZE + SECTOR);
	source->ops->read(source->self, &outcome.request, buffer, &outcome.reply);
	verdict(&outcome, &unit);
	return outcome;
}

static void answers(void **state)
{
	(void)state;
	/*                 0         1         2         3         */
	const char *map = "++++??*//-++++++++++-++++++++++++++++++?";
	static unsigned char buffer[SIZE + SECTOR];
	struct respin_source source;
	struct respin_source_info info = {.size = sizeof info};
	write_image("answers", map);
	assert_int_equal(respin_source_open("image:answers", &source, NULL), 0);
	respin_source_info(&source, &info);
	assert_int_equal(info.units, SECTORS);
	assert_int_equal(info.tail_bytes, TAIL);
	assert_true(info.partial && info.plain);
	assert_string_equal(info.kind, "image");
	/* Every request there is: finished from its beginning as far as there is anything, or failed as far as nothing is. */
	for (uint64_t start = 0; start < SECTORS; start++) {
		for (uint64_t count = 1; count <= SECTORS - start; count++) {
			struct respin_outcome outcome = ask(&source, start, count, buffer);
			bool there = map[start] == '+';
			uint64_t same = 0;
			while (same < count && (map[start + same] == '+') == there)
				same++;
			assert_int_equal(outcome.spans[0].range.start, start);
			assert_int_equal(outcome.spans[0].range.count, same);
			assert_int_equal(outcome.spans[0].status,
					 there ? RESPIN_FINISHED : RESPIN_NON_TRIMMED);
			assert_int_equal(outcome.span_count, same < count ? 2 : 1);
			if (same < count) {
				assert_int_equal(outcome.spans[1].status, RESPIN_NON_TRIED);
				assert_int_equal(outcome.spans[1].reason, RESPIN_REASON_SKIPPED);
			}
			if (there)
				assert_memory_equal(buffer, disc + start * SECTOR,
						    start + same == SECTORS ? SIZE - start * SECTOR
									    : same * SECTOR);
		}
	}
	respin_source_destroy(&source);
}

static void opens(void **state)
{
	(void)state;
	struct respin_source source;
	struct respin_source_info info = {.size = sizeof info};
	struct respin_error error = {0};
	write_image("plain", "++++++++++++++++++++++++++++++++++++++++");
	write_image("with,comma", "++++++++++++++++++++++++++++++++++++++++");
	static const char *const good[] = {"image:plain", "image:plain,plain.map",
					   "image:./plain,answers.map", "image:with,comma"};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (respin_source_open(good[i], &source, &error) < 0)
			fail_msg("%s: %s", good[i], error.text);
		respin_source_info(&source, &info);
		assert_int_equal(info.units, SECTORS);
		respin_source_destroy(&source);
	}
	static const struct {
		const char *address;
		int code;
	} bad[] = {
		{"image:", RESPIN_E_INVALID},
		{"image:plain,", RESPIN_E_INVALID},
		{"image:,plain.map", RESPIN_E_INVALID},
		{"image:nothing", RESPIN_E_SOURCE},
		{"image:plain.map", RESPIN_E_IMAGE_NO_MAP},
		{"image:plain,nothing", RESPIN_E_IMAGE_NO_MAP},
		{"image:short,plain.map", RESPIN_E_IMAGE_SHORT},
		{"image:plain,plain", RESPIN_E_MAP_DAMAGED},
		{"image:/dev/null,plain.map", RESPIN_E_SOURCE},
		{"image:.,plain.map", RESPIN_E_SOURCE},
	};
	write_file("short", disc, SIZE - 1);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int code = respin_source_open(bad[i].address, &source, &error);
		if (code != bad[i].code)
			fail_msg("%s: %d, not %d", bad[i].address, code, bad[i].code);
		assert_null(source.ops);
	}
}

/* A rescue from one to three images into `out`; what its map says, one character a sector. */
static int rescue(const char *const *addresses, unsigned count, char statuses[SECTORS + 1])
{
	struct respin_source sources[3];
	struct respin_output_options output = {.size = sizeof output, .image = "out"};
	struct respin_session_options options = {
		.size = sizeof options, .sources = sources, .source_count = count, .output = &output};
	struct respin_session *session;
	struct respin_summary summary = {.size = sizeof summary};
	struct respin_map *map;
	struct respin_extent run;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(respin_source_open_apart(addresses[i], &sources[i], NULL), 0);
	assert_int_equal(respin_session_create(&options, &session, NULL), 0);
	int code = respin_session_run(session, &summary, NULL);
	respin_session_destroy(session);
	assert_int_equal(respin_map_load("out.map", NULL, &map, NULL), 0);
	for (unsigned i = 0; i < SECTORS; i++) {
		assert_true(respin_map_next(map, (uint64_t)i * SECTOR, MASK_ALL, &run));
		statuses[i] = respin_status_char((enum respin_status)run.status);
	}
	statuses[SECTORS] = '\0';
	respin_map_destroy(map);
	return code;
}

static void check_out(const char *statuses)
{
	unsigned char image[SIZE];
	FILE *file = fopen("out", "rb");
	assert_non_null(file);
	assert_int_equal(fread(image, 1, SIZE, file), SIZE);
	assert_int_equal(fclose(file), 0);
	for (unsigned i = 0; i < SECTORS; i++)
		if (statuses[i] == '+')
			assert_memory_equal(image + (size_t)i * SECTOR, disc + (size_t)i * SECTOR,
					    i == SECTORS - 1 ? TAIL : SECTOR);
}

static void clean(void)
{
	static const char *const files[] = {"out", "out.map", "out.map.bak"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		(void)unlink(files[i]);
}

static void rescues(void **state)
{
	(void)state;
	char statuses[SECTORS + 1];
	const char *a = "image:a", *b = "image:b", *c = "image:c";
	write_image("a", "++++----++++++++++++????????++++++++++++");
	write_image("b", "++++++++++****++++++++++?"
			 "?//++++++++++++");
	write_image("c", "????????????????????????++++???????????+");
	/* What no image has was not tried at the disc: it is what it was, and never given up. */
	assert_int_equal(rescue(&a, 1, statuses), 1);
	assert_string_equal(statuses, "++++????++++++++++++????????++++++++++++");
	check_out(statuses);
	assert_int_equal(rescue(&b, 1, statuses), 1);
	assert_string_equal(statuses, "++++++++++++++++++++++++????++++++++++++");
	check_out(statuses);
	assert_int_equal(rescue(&c, 1, statuses), 0);
	check_out(statuses);
	clean();
	/* Several lanes of one image share its work. */
	const char *const lanes[] = {a, a, a};
	assert_int_equal(rescue(lanes, 3, statuses), 1);
	assert_string_equal(statuses, "++++????++++++++++++????????++++++++++++");
	check_out(statuses);
	clean();
	/* What a drive tried stays so. */
	write_image("out", "**//--++++++++++++++++++++++++++++++++++");
	write_image("c", "-?-?-?++++++++++++++++++++++++++++++++++");
	assert_int_equal(rescue(&c, 1, statuses), 1);
	assert_string_equal(statuses, "**////++++++++++++++++++++++++++++++++++");
	clean();
}

int main(void)
{
	char dir[] = "/tmp/respin-test-image.XXXXXX";
	static const char *const files[] = {"answers", "plain", "with,comma", "a", "b", "c", "short"};
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	for (unsigned i = 0; i < SIZE; i++)
		disc[i] = (unsigned char)(i * 31 + i / SECTOR * 7 + i / 997);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(opens),
		cmocka_unit_test(rescues),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char map[32];
		(void)snprintf(map, sizeof map, "%s.map", files[i]);
		(void)unlink(files[i]);
		(void)unlink(map);
	}
	if (chdir("/") == 0)
		(void)rmdir(dir);
	return rc;
}
