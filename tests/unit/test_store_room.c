/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disk that is full for a while: what waits, what is kept, what goes on when
 * there is room, and how it ends when there is none. The consumer's side of the
 * waiting is test_pause's.
 */
#include "desk.h"
#include "io/output_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/block.h"

#define TMP ".disc.iso.map.tmp"
#define SECOND_NS 1000000000ull
#define WAIT_S 10u

static void begin(struct desk *desk, uint64_t units)
{
	desk_init(desk, units);
	desk->options.space_wait_s = WAIT_S;
	assert_int_equal(desk_open(desk), 0);
}

/* As desk_recover, but the outcome stays with the caller when it has to wait. */
static struct respin_outcome outcome_of(struct desk *desk, uint64_t unit)
{
	struct respin_outcome outcome = {
		.request = {.seq = desk->seq++, .range = {unit, 1}, .phase = RESPIN_PHASE_COPYING},
		.span_count = 1,
		.spans = {{.range = {unit, 1}, .kind = RESPIN_SPAN_RECOVERED, .status = RESPIN_FINISHED}},
		.bytes_len = 2048,
		.bytes = block_alloc(2048)};
	desk_bytes(unit, outcome.bytes, 2048);
	return outcome;
}

static int put(struct desk *desk, struct respin_outcome *outcome)
{
	desk->error = (struct respin_error){0};
	return desk->sink.ops->put(desk->sink.self, outcome, &desk->error);
}

static int stop(struct desk *desk)
{
	return desk->sink.ops->flush(desk->sink.self, RESPIN_FLUSH_STOPPING, &desk->error);
}

static void pass(struct desk *desk, uint64_t ns)
{
	memio_knobs(desk->memio)->now_ns += ns;
}

/* A write that finds no room: nothing of it is recorded, its bytes stay, what came before it is saved. */
static void waits_for_room(void **state)
{
	(void)state;
	static const int64_t full[] = {-ENOSPC, -EDQUOT, 0};
	for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
		struct desk desk;
		begin(&desk, 8);
		assert_int_equal(desk_recover(&desk, 0, 2), 0);
		memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 3, full[i]});
		struct respin_outcome outcome = outcome_of(&desk, 2);
		for (unsigned try = 0; try < 3; try++) {
			assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
			assert_int_equal(desk.error.sys_errno, full[i] == -EDQUOT ? EDQUOT : ENOSPC);
			assert_non_null(strstr(desk.error.text, DESK_IMAGE));
			assert_non_null(outcome.bytes);
			desk_assert_map(&desk, "++??????");
			pass(&desk, SECOND_NS);
		}
		assert_int_equal(put(&desk, &outcome), 0);
		assert_null(outcome.bytes);
		assert_int_equal(desk_recover(&desk, 3, 5), 0);
		assert_int_equal(desk_close(&desk, true, NULL), 0);
		assert_int_equal(desk_assert_truth(&desk), 8);
		desk_finish(&desk);
	}
}

/* The time counts from the first failure; a new trouble has a time of its own. */
static void waits_no_longer_than_told(void **state)
{
	(void)state;
	struct desk desk;
	begin(&desk, 8);
	for (unsigned trouble = 0; trouble < 2; trouble++) {
		memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 2, -ENOSPC});
		struct respin_outcome outcome = outcome_of(&desk, trouble);
		assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
		pass(&desk, WAIT_S * SECOND_NS - SECOND_NS);
		assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
		assert_int_equal(put(&desk, &outcome), 0);
	}
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1000, -ENOSPC});
	struct respin_outcome outcome = outcome_of(&desk, 4);
	assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
	pass(&desk, WAIT_S * SECOND_NS);
	assert_int_equal(put(&desk, &outcome), RESPIN_E_FULL);
	assert_null(outcome.bytes);
	desk_drop(&desk);
	desk_assert_map(&desk, "++??????");
	assert_int_equal(desk_assert_truth(&desk), 2);
	desk_finish(&desk);
}

/* Not every E_FULL passes: a file that may not be longer stays so. And a pipe takes nothing twice. */
static void what_is_not_waited_for(void **state)
{
	(void)state;
	struct desk desk;
	begin(&desk, 8);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -EFBIG});
	assert_int_equal(desk_recover(&desk, 0, 1), RESPIN_E_FULL);
	desk_finish(&desk);

	desk_init(&desk, 8);
	desk.options.space_wait_s = WAIT_S;
	desk.options.map = DESK_MAP;
	memio_node(desk.memio, DESK_IMAGE, RESPIN_IO_OTHER, 0, 0);
	assert_int_equal(desk_open(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_WRITE, "disc.iso", 1, 1, -ENOSPC});
	assert_int_equal(desk_recover(&desk, 0, 1), RESPIN_E_FULL);
	desk_finish(&desk);
}

/*
 * No room at the sync: pages are lost and taken for clean. The group is kept and
 * written once more before each further sync; a sync alone would mean nothing.
 */
static void no_room_at_the_sync(void **state)
{
	(void)state;
	struct desk desk;
	begin(&desk, 8);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 4, -ENOSPC});
	assert_int_equal(desk_flush(&desk), RESPIN_PUT_WAIT); /* the sync, and the one of its repair */
	struct respin_outcome outcome = outcome_of(&desk, 4);
	assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
	assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
	desk_assert_map(&desk, "????????");
	long last = desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 4);
	assert_true(last > 0);
	assert_int_equal(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 5), -1);
	for (unsigned nth = 2; nth <= 4; nth++) {
		size_t count;
		const struct memio_call *log = memio_log(desk.memio, &count);
		long at = desk_find(&desk, MEMIO_DATASYNC, "disc.iso", nth);
		assert_int_equal(log[at - 1].op, MEMIO_PWRITE);
		assert_string_equal(log[at - 1].name, "disc.iso");
	}
	assert_int_equal(put(&desk, &outcome), 0); /* now there is room */
	desk_assert_map(&desk, "++++????");
	assert_true(desk.output->store.repaired > 0);
	assert_int_equal(desk_close(&desk, false, NULL), 0);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	desk_assert_map(&desk, "+++++???");
	assert_int_equal(desk_assert_truth(&desk), 5);
	desk_finish(&desk);
}

/* The image is safe, the map finds no room: it is saved as soon as there is some. */
static void no_room_for_the_map(void **state)
{
	(void)state;
	struct desk desk;
	begin(&desk, 8);
	assert_int_equal(desk_recover(&desk, 0, 4), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, TMP, 1, 4, -ENOSPC});
	assert_int_equal(desk_flush(&desk), RESPIN_PUT_WAIT);
	assert_non_null(strstr(desk.error.text, DESK_MAP));
	assert_int_equal(desk_flush(&desk), RESPIN_PUT_WAIT);
	desk_assert_map(&desk, "????????");
	assert_int_equal(desk_flush(&desk), 0);
	desk_assert_map(&desk, "++++????");
	assert_int_equal(desk_find(&desk, MEMIO_DATASYNC, "disc.iso", 2), -1);
	desk_finish(&desk);
}

/* At the end as well: the last commit waits like any other. */
static void no_room_at_the_end(void **state)
{
	(void)state;
	struct desk desk;
	begin(&desk, 8);
	assert_int_equal(desk_recover(&desk, 0, 8), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, TMP, 1, 2, -ENOSPC});
	struct respin_summary summary = {.size = sizeof summary};
	assert_int_equal(desk.sink.ops->close(desk.sink.self, &summary, &desk.error), RESPIN_PUT_WAIT);
	assert_int_equal(desk.sink.ops->close(desk.sink.self, &summary, &desk.error), 0);
	assert_int_equal(summary.stats.finished, 8);
	desk_drop(&desk);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	assert_int_equal(desk_assert_truth(&desk), 8);
	desk_finish(&desk);
}

/* Who stops does not wait: what is durable is saved, the rest is not claimed. */
static void a_stop_ends_the_waiting(void **state)
{
	(void)state;
	struct desk desk;
	begin(&desk, 8);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	assert_int_equal(desk_flush(&desk), 0);
	assert_int_equal(desk_recover(&desk, 2, 2), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_DATASYNC, "disc.iso", 1, 1000, -ENOSPC});
	assert_int_equal(desk_flush(&desk), RESPIN_PUT_WAIT);
	assert_int_equal(stop(&desk), RESPIN_E_FULL);
	desk_drop(&desk);
	memio_reboot(desk.memio, MEMIO_LOSE_ALL, 0);
	desk_assert_map(&desk, "++??????");
	assert_int_equal(desk_assert_truth(&desk), 2);

	assert_int_equal(desk_open(&desk), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1000, -ENOSPC});
	struct respin_outcome outcome = outcome_of(&desk, 2);
	assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
	assert_int_equal(stop(&desk), 0);
	assert_int_equal(put(&desk, &outcome), RESPIN_E_FULL);
	assert_null(outcome.bytes);
	desk_finish(&desk);
}

/* The room held back goes to the map; before the image grows again it is held anew. */
static void the_reserve_comes_before_the_image(void **state)
{
	(void)state;
	struct desk desk;
	desk_init(&desk, 8);
	memio_knobs(desk.memio)->space.free_bytes = 1u << 30;
	desk.options.space_wait_s = WAIT_S;
	assert_int_equal(desk_open(&desk), 0);
	assert_true(desk.output->store.reserve >= 0);
	assert_int_equal(desk_recover(&desk, 0, 2), 0);
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, TMP, 1, 1, -ENOSPC});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, "disc.iso", 1, 1, -ENOSPC});
	memio_fail(desk.memio, (struct memio_fault){MEMIO_PWRITE, ".disc.iso.map.reserve", 1, 2, -ENOSPC});
	struct respin_outcome outcome = outcome_of(&desk, 2);
	assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT);
	desk_assert_map(&desk, "++??????"); /* with the reserve's room */
	assert_true(desk.output->store.reserve < 0);
	for (unsigned try = 0; try < 2; try++)
		assert_int_equal(put(&desk, &outcome), RESPIN_PUT_WAIT); /* the image would have room */
	assert_int_equal(put(&desk, &outcome), 0);
	assert_true(desk.output->store.reserve >= 0);
	desk_finish(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_room),
		cmocka_unit_test(waits_no_longer_than_told),
		cmocka_unit_test(what_is_not_waited_for),
		cmocka_unit_test(no_room_at_the_sync),
		cmocka_unit_test(no_room_for_the_map),
		cmocka_unit_test(no_room_at_the_end),
		cmocka_unit_test(a_stop_ends_the_waiting),
		cmocka_unit_test(the_reserve_comes_before_the_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
