/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decorators around a simulated drive: a transform's bytes and refusals, faults by script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/verdict.h"
#include "mmc/decorate_fault.h"

#define SECTOR 2048u
#define KEEP 16u

static struct respin_source disc(const char *address)
{
	struct respin_source source;
	assert_int_equal(respin_source_open(address, &source, NULL), 0);
	return source;
}

static unsigned char bytes[64 * SECTOR];

static void get(struct respin_source *s, uint64_t start, uint64_t count, struct respin_outcome *o)
{
	*o = (struct respin_outcome){
		.request = {.range = {start, count}, .ecc_block = 1, .failed = RESPIN_NON_TRIMMED}};
	memset(bytes, 0, sizeof bytes);
	s->ops->read(s->self, &o->request, bytes, &o->reply);
	struct respin_source_info info = {.size = sizeof info};
	respin_source_info(s, &info);
	verdict(o, &(struct verdict_unit){info.unit_bytes, info.first_lba});
}

/* Keeps the first 16 bytes of a sector, each one more; refuses sector `locked`. */
struct shrink {
	uint64_t locked;
	uint64_t calls, seen;
};

static uint64_t shrink(void *self, struct respin_range range, const void *read, void *keep)
{
	struct shrink *t = self;
	const unsigned char *from = read;
	unsigned char *to = keep;
	t->calls++;
	t->seen += range.count;
	for (uint64_t i = 0; i < range.count; i++) {
		if (range.start + i == t->locked)
			return i;
		for (unsigned b = 0; b < KEEP; b++)
			to[i * KEEP + b] = (unsigned char)(from[i * SECTOR + b] + 1);
	}
	return range.count;
}

static struct respin_source transformed(const char *address, struct shrink *self)
{
	struct respin_source inner = disc(address), source;
	struct respin_transform t = {sizeof t, self, KEEP, shrink};
	assert_int_equal(respin_source_transform(&inner, &t, &source, NULL), 0);
	assert_null(inner.ops);
	return source;
}

static void transforms(void **state)
{
	(void)state;
	struct shrink self = {.locked = UINT64_MAX};
	struct respin_source plain = disc("sim:disc?size=1000");
	struct respin_source s = transformed("sim:disc?size=1000&bad=100", &self);
	struct respin_source_info info = {.size = sizeof info};
	struct respin_outcome o;
	respin_source_info(&s, &info);
	assert_int_equal(info.unit_bytes, KEEP);
	get(&plain, 40, 20, &o);
	static unsigned char sectors[20 * SECTOR];
	memcpy(sectors, bytes, sizeof sectors);
	get(&s, 40, 20, &o);
	assert_int_equal(o.span_count, 1);
	assert_int_equal(o.spans[0].status, RESPIN_FINISHED);
	assert_int_equal(o.reply.asked_bytes, 20 * KEEP);
	for (unsigned i = 0; i < 20 * KEEP; i++)
		assert_int_equal(bytes[i], (unsigned char)(sectors[i / KEEP * SECTOR + i % KEEP] + 1));
	assert_int_equal(self.calls, 1);
	get(&s, 96, 16, &o); /* a failed read is not shown to it */
	assert_int_equal(self.calls, 1);
	assert_int_equal(o.spans[1].reason, RESPIN_REASON_MEDIUM);
	assert_int_equal(o.spans[1].range.start, 100);
	assert_non_null(s.ops->now_ns); /* passed on */
	respin_source_destroy(&s);
	respin_source_destroy(&plain);
}

static void locked_sector(void **state)
{
	(void)state;
	struct shrink self = {.locked = 45};
	struct respin_source s = transformed("sim:disc?size=1000", &self);
	struct respin_outcome o;
	get(&s, 40, 20, &o);
	assert_int_equal(o.reply.reason, RESPIN_REASON_LOCKED);
	assert_int_equal(o.span_count, 3);
	assert_int_equal(o.spans[0].range.count, 5);
	assert_int_equal(o.spans[0].status, RESPIN_FINISHED);
	assert_int_equal(o.spans[1].range.count, 1);
	assert_int_equal(o.spans[1].reason, RESPIN_REASON_LOCKED);
	assert_int_equal(o.spans[1].kind, RESPIN_SPAN_RETRY);
	assert_int_equal(o.spans[2].reason, RESPIN_REASON_SKIPPED);
	get(&s, 45, 1, &o);
	assert_int_equal(o.span_count, 1);
	assert_int_equal(o.spans[0].reason, RESPIN_REASON_LOCKED);
	respin_source_destroy(&s);
}

/* Only what is shown to have arrived is transformed; and refused bytes of a recovered error are not kept. */
static void transforms_what_arrived(void **state)
{
	(void)state;
	struct shrink self = {.locked = UINT64_MAX};
	struct respin_source s = transformed("sim:disc?size=1000&short=1&resid=zero", &self);
	struct respin_outcome o;
	get(&s, 0, 32, &o);
	assert_true(self.seen < 32);
	assert_int_equal(o.reply.filled_bytes, self.seen * KEEP);
	assert_int_equal(o.spans[0].range.count, self.seen);
	respin_source_destroy(&s);
	self = (struct shrink){.locked = 500};
	s = transformed("sim:disc?size=1000&marginal=500", &self);
	get(&s, 490, 9, &o);
	assert_int_equal(o.spans[0].kind, RESPIN_SPAN_RECOVERED);
	get(&s, 495, 10, &o);
	for (uint32_t i = 0; i < o.span_count; i++)
		assert_int_equal(o.spans[i].kind, RESPIN_SPAN_RETRY);
	self.locked = UINT64_MAX;
	get(&s, 495, 10, &o);
	assert_int_equal(o.spans[0].kind, RESPIN_SPAN_PROVISIONAL);
	respin_source_destroy(&s);
}

static void impossible_transforms(void **state)
{
	(void)state;
	struct respin_source inner = disc("sim:disc?size=1000"), source;
	struct respin_transform t = {sizeof t, NULL, 0, shrink};
	assert_int_equal(respin_source_transform(&inner, &t, &source, NULL), RESPIN_E_INVALID);
	assert_null(inner.ops); /* taken all the same */
	inner = disc("sim:disc?size=1000");
	t = (struct respin_transform){sizeof t, NULL, KEEP, NULL};
	assert_int_equal(respin_source_transform(&inner, &t, &source, NULL), RESPIN_E_INVALID);
}

static void faults(void **state)
{
	(void)state;
	const struct fault rules[] = {
		{.from = 1, .reads = 2, .reason = RESPIN_REASON_HARDWARE, .sense = {.key = 4, .asc = 0x44}},
		{.range = {100, 10}, .reason = RESPIN_REASON_GONE, .sys_errno = 19},
		{.range = {200, 1}, .reason = RESPIN_REASON_GOOD, .moved_units = 3, .delay_ns = 5000},
		{.range = {300, 1}, .reason = RESPIN_REASON_GOOD, .moved_units = 3, .residual_lies = true},
	};
	struct respin_source inner = disc("sim:disc?size=1000"), s;
	assert_int_equal(source_fault(&inner, rules, 4, &s, NULL), 0);
	struct respin_outcome o;
	get(&s, 0, 8, &o);
	assert_int_equal(o.reply.reason, RESPIN_REASON_GOOD);
	for (int i = 0; i < 2; i++) {
		get(&s, 0, 8, &o);
		assert_int_equal(o.reply.reason, RESPIN_REASON_HARDWARE);
		assert_int_equal(o.reply.sense.asc, 0x44);
	}
	get(&s, 0, 8, &o);
	assert_int_equal(o.spans[0].status, RESPIN_FINISHED);
	get(&s, 95, 8, &o);
	assert_int_equal(o.reply.reason, RESPIN_REASON_GONE);
	assert_int_equal(o.reply.sys_errno, 19);
	get(&s, 92, 8, &o);
	assert_int_equal(o.reply.reason, RESPIN_REASON_GOOD);
	uint64_t now = s.ops->now_ns(s.self);
	for (uint64_t at = 198; at <= 298; at += 100) {
		get(&s, at, 8, &o);
		assert_int_equal(o.spans[0].range.count, 3);
		assert_int_equal(o.spans[0].status, RESPIN_FINISHED);
		assert_int_equal(o.spans[1].reason, RESPIN_REASON_SKIPPED);
		assert_int_equal(o.reply.residual_bytes, at == 198 ? 5 * SECTOR : 0);
		assert_int_equal(bytes[3 * SECTOR], 0);
	}
	assert_int_equal(s.ops->now_ns(s.self) - now, 5000);
	respin_source_destroy(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transforms),
		cmocka_unit_test(locked_sector),
		cmocka_unit_test(transforms_what_arrived),
		cmocka_unit_test(impossible_transforms),
		cmocka_unit_test(faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
