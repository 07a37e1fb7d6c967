/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text form of scenarios, addresses and overrides, and every built-in
 * scenario. Broken texts by the thousand are test_scenario_mutants.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/source.h>

#include "garbage.h"
#include "sim/scenario.h"

#define HEAD "title t\ndisc dvd-5\ndrive plain\n"

static struct scenario scenario; /* too large for a stack */

static int parse(const char *text, struct respin_error *error)
{
	*error = (struct respin_error){0};
	return scenario_parse(&scenario, "test", text, error);
}

static void reads_everything(void **state)
{
	(void)state;
	static const char text[] = "# a comment\r\n"
				   "\n"
				   "title\tA disc # with a mark \t\n"
				   "disc bd-25 velocity=1.01 blank=10-20,30 # said so\r\n"
				   "  drive  slim-usb-bd   fua=ignored\n"
				   "content image=a%20file.iso\n"
				   "damage radial\n"
				   "damage arc r=30..31\n"
				   "fault reset at=50s\n"
				   "fault unplug at=2min for=never renamed=yes\n"
				   "fault cancel at=50s for=9s\n"
				   "seed 0x20"; /* no newline at the end */
	struct respin_error error;
	if (parse(text, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(scenario.name, "test");
	assert_string_equal(scenario.title, "A disc # with a mark");
	assert_string_equal(scenario.disc.medium->name, "bd-25");
	assert_true(scenario.disc.velocity == 1.01);
	assert_int_equal(scenario.disc.blank.sectors, 12);
	assert_string_equal(scenario.preset, "slim-usb-bd");
	assert_string_equal(scenario.image, "a file.iso");
	assert_int_equal(scenario.shape_count, 2);
	assert_int_equal(scenario.shapes[0].kind, SHAPE_RADIAL);
	assert_true(scenario.shapes[1].r.from == 30 && scenario.shapes[1].r.to == 31);
	assert_int_equal(scenario.fault_count, 3); /* by their times, and then as written */
	assert_int_equal(scenario.faults[0].kind, FAULT_RESET);
	assert_int_equal(scenario.faults[1].kind, FAULT_CANCEL);
	assert_int_equal(scenario.faults[1].span_ns, 9000000000ull);
	assert_int_equal(scenario.faults[2].at_ns, 120000000000ull);
	assert_int_equal(scenario.faults[2].span_ns, 0);
	assert_int_equal(scenario.faults[2].renamed, 1);
	assert_int_equal(scenario.seed, 32);
	assert_int_equal(scenario.payload, 1);
	scenario_finish(&scenario);
	assert_int_equal(scenario.shape_count, 0);
}

static void refuses_by_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *word; /* that the refusal must speak */
	} rows[] = {
		{"", 1, "'title'"},
		{"# nothing\n\n", 2, "'title'"},
		{"title t\ndrive plain\n", 2, "'disc'"},
		{"title t\ndisc dvd-5", 2, "'drive'"},
		{"titel t\n", 1, "title, disc, drive, content, damage, fault, seed"},
		{"title \n", 1, "a title has"},
		{"title t\ntitle u\n", 2, "second 'title'"},
		{"title t\ndisc\n", 2, "plain, cd-74"},
		{"title t\ndisc dvd-6\n", 2, "'dvd-6'"},
		{"title t\ndisc dvd-5 velocity\n", 2, "KEY=VALUE"},
		{"title t\ndisc dvd-5 velocity=fast\n", 2, "velocity=fast"},
		{"title t\ndisc dvd-5 velocity=1 velocity=1\n", 2, "velocity= is given twice"},
		{"title t\ndisc dvd-5 velocitty=1\n", 2, "near it is velocity"},
		{"title t\ndisc dvd-5 fua=ignored\n", 2, "'fua'"}, /* a key of the drive's */
		{"title t\ndisc dvd-5\ndisc dvd-5\n", 3, "second 'disc'"},
		{HEAD "drive plain\n", 4, "second 'drive'"},
		{"title t\ndisc dvd-5\ndrive\n", 3, "hh-sata-dvd"},
		{"title t\ndisc dvd-5\ndrive gramophone\n", 3, "gramophone"},
		{"title t\ndisc dvd-5\ndrive plain type=99\n", 3, "from 0 to 31"},
		{HEAD "content\n", 4, "image=FILE"},
		{HEAD "content image=\n", 4, "image="},
		{HEAD "content pattern of=dots\n", 4, "nothing else"},
		{HEAD "content pattern\ncontent pattern\n", 5, "second 'content'"},
		{HEAD "damage\n", 4, "radial, arc"},
		{HEAD "damage radiall\n", 4, "'radiall'"},
		{HEAD "damage radial r=40..30\n", 4, "FROM..TO"},
		{HEAD "damage radial colour=red\n", 4, "'colour'"},
		{HEAD "damage radial 5\n", 4, "'5'"},
		{HEAD "fault\n", 4, "unplug"},
		{HEAD "fault fire at=1s\n", 4, "'fire'"},
		{HEAD "fault unplug\n", 4, "at=TIME"},
		{HEAD "fault unplug at=soon\n", 4, "at=soon"},
		{HEAD "fault unplug at=1s silent=yes\n", 4, "there are at, for, renamed"},
		{HEAD "fault unplug at=1s at=2s\n", 4, "at= is given twice"},
		{HEAD "seed\n", 4, "one number"},
		{HEAD "seed 1 2\n", 4, "one number"},
		{HEAD "seed -1\n", 4, "seed=-1"},
		{HEAD "seed 1\n\n# x\nseed 1\n", 7, "second 'seed'"},
		{HEAD "seed 1\x1b[31m\n", 4, "(1b) in column 7"},
		{HEAD "seed 1\r\r\n", 4, "(0d) in column 7"},
		{HEAD "\xef\xbb\xbfseed 1\n", 4, "no line begins with"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_error error;
		char place[16];
		(void)snprintf(place, sizeof place, "test:%u: ", rows[i].line);
		assert_int_equal(parse(rows[i].text, &error), RESPIN_E_INVALID);
		scenario_finish(&scenario);
		if (strncmp(error.text, place, strlen(place)) || !strstr(error.text, rows[i].word))
			fail_msg("'%s' was refused so: %s", rows[i].text, error.text);
	}
}

static void limits(void **state)
{
	(void)state;
	static char text[SCENARIO_TEXT_MAX];
	struct respin_error error;
	size_t head = sizeof HEAD - 1;

	for (unsigned more = 0; more < 2; more++) { /* 64 are taken, 65 are not; the same for faults */
		for (unsigned what = 0; what < 2; what++) {
			size_t len = (size_t)snprintf(text, sizeof text, HEAD);
			for (unsigned i = 0; i < 64 + more; i++)
				len += (size_t)snprintf(text + len, sizeof text - len,
							what ? "damage arc\n" : "fault reset at=%u\n",
							100 - i);
			assert_int_equal(parse(text, &error), more ? RESPIN_E_INVALID : 0);
			if (more)
				assert_non_null(strstr(error.text, "test:68: more than 64"));
			for (unsigned i = 1; !more && !what && i < 64; i++)
				assert_true(scenario.faults[i - 1].at_ns < scenario.faults[i].at_ns);
			scenario_finish(&scenario);
		}
	}
	/* The longest line, and one byte more. */
	memcpy(text, HEAD, head);
	memset(text + head, ' ', SCENARIO_LINE_MAX);
	text[head + SCENARIO_LINE_MAX - 1] = '\n';
	text[head + SCENARIO_LINE_MAX] = 0;
	assert_int_equal(parse(text, &error), 0);
	scenario_finish(&scenario);
	text[head + SCENARIO_LINE_MAX - 1] = ' ';
	assert_int_equal(parse(text, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "test:4: longer than 4095 bytes"));
	scenario_finish(&scenario);

	assert_int_equal(scenario_check_bytes("test", "a\nb\n\0c", 6, &error), RESPIN_E_INVALID);
	assert_non_null(strstr(error.text, "test:3: a NUL byte"));
	assert_int_equal(scenario_check_bytes("test", NULL, 0, &error), 0);
	assert_int_equal(scenario_check_bytes("test", text, strlen(text), &error), 0);
	memset(text, 'x', sizeof text);
	assert_int_equal(scenario_check_bytes("test", text, sizeof text, &error), 0);
}

/* ---- addresses ---- */

static int address(const char *text, const char *address, struct respin_error *error)
{
	*error = (struct respin_error){0};
	return scenario_address(&scenario, address, text, error);
}

static void addresses(void **state)
{
	(void)state;
	char name[32];
	static const struct {
		const char *address, *name; /* NULL: none */
	} rows[] = {
		{"sim:disc", "disc"},
		{"sim:disc?size=9", "disc"},
		{"sim:a%20b.sim?x=1", "a b.sim"},
		{"sim:", ""},
		{"sim:?a=b", ""},
		{"sim:dir/file.sim", "dir/file.sim"},
		{"sim:a%3fb.sim", "a?b.sim"},
		{"sim:a%zz", "a%zz"},
		{"disc", NULL},
		{"sim", NULL},
		{"sim:abcdefghijklmnopqrstuvwxyz0123456", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(scenario_address_name(rows[i].address, name, sizeof name),
				 rows[i].name != NULL);
		if (rows[i].name)
			assert_string_equal(name, rows[i].name);
	}

	struct respin_error error;
	assert_int_equal(address(NULL, "sim:disc?disc=bd-50&drive=slim-usb-bd&seed=9&payload=0", &error), 0);
	assert_string_equal(scenario.disc.medium->name, "bd-50");
	assert_string_equal(scenario.preset, "slim-usb-bd");
	assert_string_equal(scenario.address, "sim:disc?disc=bd-50&drive=slim-usb-bd&seed=9&payload=0");
	assert_int_equal(scenario.seed, 9);
	assert_int_equal(scenario.payload, 0);
	scenario_finish(&scenario);

	static const char text[] =
		"title t\ndisc dvd-5\ndrive plain latency_us=7\nfault reset at=100s\nseed 4\n";
	assert_int_equal(address(text, "sim:x?latency_us=9&fail_ms=1", &error), 0);
	assert_int_equal(scenario.drive.latency_ns, 9000);
	assert_int_equal(scenario.drive.fail_ns, 1000000);
	assert_int_equal(scenario.seed, 4);
	scenario_finish(&scenario);
	assert_int_equal(address(text, "sim:x?drive=plain", &error), 0); /* takes the text's keys back */
	assert_int_equal(scenario.drive.latency_ns, 0);
	scenario_finish(&scenario);
}

static void wrong_addresses(void **state)
{
	(void)state;
	static const char text[] = HEAD;
	static const struct {
		const char *text, *address, *word;
	} rows[] = {
		{NULL, "sim:disco", "sim:disc?"},         {NULL, "dvd", "not an address"},
		{NULL, "sim:disc?", "size=SECTORS"},      {NULL, "sim:disc?seed=1", "image=FILE"},
		{NULL, "sim:disc?disc=dvd-6", "'dvd-6'"}, {NULL, "sim:disc?drive=dvd-6", "hh-sata-dvd"},
		{text, "sim:x?&seed=1", "KEY=VALUE"},     {text, "sim:x?seed=1&&pace=1", "KEY=VALUE"},
		{text, "sim:x?seed", "KEY=VALUE"},        {text, "sim:x?=1", "no option"},
		{text, "sim:x?sead=1", "near it"},        {text, "sim:x?payload=2", "from 0 to 1"},
		{text, "sim:x?title=x", "'title'"},       {"title t\n", "sim:x", "x:1: "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct respin_error error;
		assert_int_equal(address(rows[i].text, rows[i].address, &error), RESPIN_E_INVALID);
		scenario_finish(&scenario);
		if (!strstr(error.text, rows[i].word))
			fail_msg("%s was refused so: %s", rows[i].address, error.text);
	}
	/* A slip of the finger is told what it may have meant. */
	for (size_t i = 0; i < scenario_text_count; i++) {
		char wrong[64];
		struct respin_error error;
		(void)snprintf(wrong, sizeof wrong, "sim:%s", scenario_texts[i].name);
		wrong[strlen(wrong) - 1] = '_';
		assert_int_equal(address(NULL, wrong, &error), RESPIN_E_INVALID);
		scenario_finish(&scenario);
		if (!strstr(error.text, scenario_texts[i].name))
			fail_msg("%s: %s", wrong, error.text);
	}
}

/* A disc a tenth as large has a tenth of everything that counts sectors, and its faults come as early. */
static void scales(void **state)
{
	(void)state;
	static const char text[] =
		"title t\ndisc dvd-5 bad=1000-1999,5005 blank=100 last=4999\ndrive plain\n"
		"damage list list=100-299\ndamage badwrite at=2000..2999\nfault reset at=100s\n";
	struct respin_error error;
	assert_int_equal(address(text, "sim:x?scale=10", &error), 0);
	const struct disc_params *disc = &scenario.disc;
	assert_true(disc->scale == 10);
	assert_int_equal(disc->bad.count, 2);
	assert_int_equal(disc->bad.items[0].first, 100);
	assert_int_equal(disc->bad.items[0].last, 199);
	assert_int_equal(disc->bad.items[1].first, 500);
	assert_int_equal(disc->bad.items[1].last, 500);
	assert_int_equal(disc->blank.sectors, 1);
	assert_int_equal(disc->last, 499);
	assert_int_equal(scenario.shapes[0].list.sectors, 20);
	assert_true(scenario.shapes[1].at.from == 200);
	assert_int_equal(scenario.faults[0].at_ns, 10000000000ull);
	assert_int_equal(scenario_override(&scenario, "scale", "10", &error),
			 0); /* that is what it is already */
	assert_int_equal(disc->bad.items[0].first, 100);
	assert_int_equal(scenario_override(&scenario, "scale", "1", &error), 0);
	assert_int_equal(disc->bad.items[0].first, 1000);
	scenario_finish(&scenario);
	/* Numbers that a factor would carry over the edge. */
	assert_int_equal(
		address("title t\ndisc dvd-5 scale=10000 bad=5-9223372036854775807 size=2000000000\ndrive plain\n"
			"fault reset at=31d\ndamage badwrite\n",
			"sim:x?scale=1", &error),
		0);
	assert_int_equal(scenario.disc.bad.items[0].first, 50000);
	assert_true(scenario.disc.bad.items[0].last > 9000000000000000000ull);
	assert_true(scenario.faults[0].at_ns > 9000000000000000000ull);
	scenario_finish(&scenario);
	/* In a text, what it says is meant so. */
	assert_int_equal(address("title t\ndisc dvd-5 bad=1000 scale=10\ndrive plain\n", "sim:x", &error), 0);
	assert_int_equal(scenario.disc.bad.items[0].first, 1000);
	scenario_finish(&scenario);
}

/* ---- the scenarios that come with the library ---- */

static void built_in(void **state)
{
	(void)state;
	assert_true(scenario_text_count >= 26);
	unsigned full = 0;
	for (size_t i = 0; i < scenario_text_count; i++) {
		const struct scenario_text *it = &scenario_texts[i];
		struct respin_error error = {0};
		if (i)
			assert_true(strcmp(scenario_texts[i - 1].name, it->name) < 0);
		assert_ptr_equal(scenario_builtin(it->name), it->text);
		if (strspn(it->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(it->name) ||
		    strlen(it->name) > 20)
			fail_msg("%s: names are short", it->name);
		if (scenario_parse(&scenario, it->name, it->text, &error) < 0)
			fail_msg("%s", error.text);
		if (strncmp(it->text, "# ", 2))
			fail_msg("%s: begins with what it models and its evidence", it->name);
		full += scenario.disc.medium && !scenario.disc.size && scenario.disc.scale == 1;
		scenario_finish(&scenario);
	}
	assert_true(full >= 14);
	assert_null(scenario_builtin("disc")); /* that name is taken */
	assert_null(scenario_builtin(""));
}

/* Opens a disc and reads somewhere. */
static void open_one(const char *name, unsigned scale)
{
	static unsigned char bytes[2048];
	char text[96];
	struct respin_source source;
	struct respin_error error = {0};
	(void)snprintf(text, sizeof text, "sim:%s?scale=%u", name, scale);
	int code = respin_source_open(text, &source, &error);
	if (code < 0)
		fail_msg("%s: %s", text, error.text);
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(&source, &info);
	struct respin_request request = {.range = {info.units / 3, 1}, .timeout_ms = 60000};
	struct respin_reply reply;
	source.ops->read(source.self, &request, bytes, &reply);
	assert_true(info.units > 1000);
	respin_source_destroy(&source);
}

/* All of them open as a tenth, and as they are: every third of these, by the seed, or all with RESPIN_LONG. */
static void opened(void **state)
{
	(void)state;
	uint64_t third = garbage_rng().state % 3;
	for (size_t i = 0; i < scenario_text_count; i++) {
		open_one(scenario_texts[i].name, 10);
		if (i % 3 == third || getenv("RESPIN_LONG"))
			open_one(scenario_texts[i].name, 1);
	}
}

static void garbage(void **state)
{
	(void)state;
	static const char letters[] = "size=bad&weak,-0123456789%&?=seed=&info=zero&pace&scale=disc";
	struct rng rng = garbage_rng();
	for (int i = 0; i < GARBAGE_ROUNDS; i++) {
		char text[64] = "sim:disc?";
		size_t len = 9 + (size_t)rng_below(&rng, 50);
		for (size_t n = 9; n < len; n++)
			text[n] = letters[rng_below(&rng, sizeof letters - 1)];
		struct respin_error error;
		int code = address(NULL, text, &error);
		assert_true(code == 0 || (code == RESPIN_E_INVALID && error.text[0]));
		scenario_finish(&scenario);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything), cmocka_unit_test(refuses_by_line),
		cmocka_unit_test(limits),           cmocka_unit_test(addresses),
		cmocka_unit_test(wrong_addresses),  cmocka_unit_test(scales),
		cmocka_unit_test(built_in),         cmocka_unit_test(opened),
		cmocka_unit_test(garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
