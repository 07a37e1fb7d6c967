/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation of the library fails, once or from there on for ever: while
 * an output is opened and written, while a whole rescue runs, while drives,
 * scenarios and maps are opened. It ends with "no memory" or as if nothing had
 * happened, frees what it had, claims nothing false, and the next run ends with
 * the whole image. The program as a whole is program_sweep's.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/map.h>

#include "alloc.h"
#include "base/block.h"
#include "core/mapfile.h"
#include "respin_open.h"
#include "ride.h"
#include "sweep.h"
#include "workload.h"

static const char *const spans[] = {"once", "ever"};

/* Out of memory is told as such; by the output, also as a file that could not be written for want of it. */
static void check_told(int rc, const struct respin_error *error)
{
	if (rc >= 0)
		return;
	if (rc != RESPIN_E_NOMEM)
		sweep_wrong(SWEEP_CODE, "%s: %s", respin_code_name(rc), error->text);
	if (error->code != rc || !sweep_is_line(error->text))
		sweep_wrong(SWEEP_CODE, "answers %d, says %d: \"%s\"", rc, error->code, error->text);
}

static void check_live(int64_t before)
{
	if (alloc_live() != before)
		sweep_wrong(SWEEP_LEAK, "%lld blocks", (long long)(alloc_live() - before));
}

/* ---- the output ---- */

static uint64_t write_out(const struct workload *load, uint64_t nth, bool on)
{
	int64_t live = alloc_live();
	struct work work;
	work_init(&work, load);
	alloc_plan(nth, on);
	int rc = work_run(&work);
	uint64_t calls = alloc_calls();
	alloc_plan(0, false);
	if (rc != load->refused)
		check_told(rc, &work.error);
	if (!rc && load->refused)
		sweep_wrong(SWEEP_CODE, "want of memory became a permission");
	if (work.fault.handles)
		sweep_wrong(SWEEP_LEAK, "%d open files", (int)work.fault.handles);
	work_check(&work);
	memio_reboot(work.memio, MEMIO_LOSE_ALL, sweep_number());
	work_check(&work);
	work_resume(&work);
	work_finish(&work);
	check_live(live);
	return calls;
}

static void outputs(void)
{
	for (unsigned i = 0; i < workload_count; i++) {
		uint64_t calls = write_out(&workloads[i], 0, false);
		for (uint64_t nth = 1; nth <= calls; nth++)
			for (unsigned on = 0; on < 2; on++)
				if (sweep_case("oom/output-%s/%llu/%s", workloads[i].name,
					       (unsigned long long)nth, spans[on]))
					(void)write_out(&workloads[i], nth, on);
	}
}

/* ---- whole rescues ---- */

#define UNITS 96u
static unsigned char *truth;

static uint64_t rescue(const char *address, bool later, uint64_t nth, bool on)
{
	int64_t live = alloc_live();
	struct ride ride;
	uint64_t bad;
	if (!ride_init(&ride, address, UNITS, truth))
		sweep_stuck("%s", ride.error.text);
	if (later) {
		ride.mode = RESPIN_MODE_SWEEP;
		(void)ride_sit(&ride);
		ride.mode = RESPIN_MODE_RESCUE;
	}
	alloc_plan(nth, on);
	int rc = ride_sit(&ride);
	uint64_t calls = alloc_calls();
	alloc_plan(0, false);
	check_told(rc, &ride.error);
	(void)ride_check(&ride, &bad);
	if (ride.fault.handles)
		sweep_wrong(SWEEP_LEAK, "%d open files", (int)ride.fault.handles);
	uint64_t finished = 0;
	for (unsigned i = 0; i < 2 && finished != UNITS - 5; i++) {
		rc = ride_sit(&ride);
		finished = ride_check(&ride, &bad);
	}
	if (rc < 0 || finished != UNITS - 5)
		sweep_wrong(SWEEP_LOST, "taken up again: %llu sectors: %s", (unsigned long long)finished,
			    ride.error.text);
	ride_finish(&ride);
	check_live(live);
	return calls;
}

static void rescues(void)
{
	static const struct {
		const char *name, *keys;
		bool later;
	} rides[] = {{"dvd", "profile=dvd&bad=20,50-53", false},
		     {"cd", "profile=cd&bad=20,50-53", false},
		     {"untrusted", "profile=dvd&bad=20,50-53&resid=zero&rest=zero", false},
		     {"resumed", "profile=dvd&bad=20,50-53", true}};
	char address[128];
	(void)snprintf(address, sizeof address, "sim:disc?size=%u", UNITS);
	truth = ride_truth(address, UNITS);
	for (size_t i = 0; i < sizeof rides / sizeof *rides; i++) {
		(void)snprintf(address, sizeof address, "sim:disc?size=%u&%s", UNITS, rides[i].keys);
		uint64_t calls = rescue(address, rides[i].later, 0, false);
		for (uint64_t nth = 1; nth <= calls; nth++)
			for (unsigned on = 0; on < 2; on++)
				if (sweep_case("oom/rescue-%s/%llu/%s", rides[i].name,
					       (unsigned long long)nth, spans[on]))
					(void)rescue(address, rides[i].later, nth, on);
	}
	free(truth);
}

/* ---- with threads, through the public door ---- */

static uint64_t session(const char *address, uint64_t nth, bool on)
{
	int64_t live = alloc_live();
	struct memio *memio = memio_create();
	struct fault_io fault;
	struct respin_error error = {0};
	struct respin_source source = {0};
	struct respin_session *session = NULL;
	memio_dir(memio, "/out", 5);
	fault_io_init(&fault, memio);
	struct respin_output_options output = {
		.size = sizeof output, .image = "/out/disc.iso", .io = fault_io_table(&fault)};
	struct respin_session_options options = {
		.size = sizeof options, .sources = &source, .source_count = 1, .output = &output};
	alloc_plan(nth, on);
	int rc = respin_source_open(address, &source, &error);
	if (rc >= 0)
		rc = respin_session_create(&options, &session, &error);
	if (rc >= 0)
		rc = respin_session_run(session, NULL, &error);
	uint64_t calls = alloc_calls();
	alloc_plan(0, false);
	respin_session_destroy(session);
	respin_source_destroy(&source);
	check_told(rc, &error);
	if (fault.handles)
		sweep_wrong(SWEEP_LEAK, "%d open files", (int)fault.handles);
	memio_destroy(memio);
	block_trim();
	check_live(live);
	return calls;
}

static void sessions(void)
{
	const char *address = "sim:disc?size=64&profile=dvd&bad=20";
	uint64_t calls = session(address, 0, false);
	for (uint64_t nth = 1; nth <= calls; nth++)
		for (unsigned on = 0; on < 2; on++)
			if (sweep_case("oom/threads/%llu/%s", (unsigned long long)nth, spans[on]))
				(void)session(address, nth, on);
}

/* ---- what is opened and read ---- */

static int open_source(const char *address, struct respin_error *error)
{
	struct respin_source source = {0};
	int rc = respin_source_open(address, &source, error);
	respin_source_destroy(&source);
	return rc;
}

static const char map_text[] =
	"# Mapfile. Created by GNU ddrescue version 1.27\n"
	"# Command line: ddrescue -d /dev/sr0 disc.iso disc.map\n"
	"0x00030000     *               1\n"
	"0x00000000  0x00008000  +\n0x00008000  0x00004800  /\n0x0000C800  0x00000800  -\n"
	"0x0000D000  0x00023000  +\n0x00030000  0x00001000  *\n0x00031000  0x0000F000  ?\n";

static int read_map(const char *unused, struct respin_error *error)
{
	(void)unused;
	struct respin_map *bytes = NULL, *units = NULL, *copy = NULL;
	struct mapfile_info info;
	struct mapfile_head head = {.program = "test", .trailer = {.present = true, .keep_bytes = 2048}};
	struct buf text = {0};
	int rc = mapfile_parse(map_text, sizeof map_text - 1, "map", NULL, &bytes, &info, error);
	if (rc >= 0)
		rc = mapfile_import(bytes, 128, 2048, 0, "map", &units, error);
	if (rc >= 0) {
		mapfile_render(units, 2048, 0, &head, &text);
		copy = map_copy(units);
		if (text.failed || !copy) {
			rc = RESPIN_E_NOMEM;
			*error = (struct respin_error){.code = rc, .text = "no memory"};
		}
	}
	for (unsigned i = 0; rc >= 0 && i < 64; i++)
		if (map_set(copy, (struct respin_range){i * 2, 1}, RESPIN_BAD) < 0) {
			rc = RESPIN_E_NOMEM;
			*error = (struct respin_error){.code = rc, .text = "no memory"};
		}
	buf_finish(&text);
	map_destroy(copy);
	map_destroy(units);
	map_destroy(bytes);
	return rc;
}

static int load_map(const char *path, struct respin_error *error)
{
	struct respin_map *map = NULL;
	int rc = respin_map_load(path, NULL, &map, error);
	respin_map_destroy(map);
	return rc;
}

static int say_event(const char *unused, struct respin_error *error)
{
	(void)unused;
	struct respin_outcome outcome = {.span_count = 2};
	struct respin_event event = {.size = sizeof event,
				     .kind = RESPIN_EVENT_OUTCOME,
				     .outcome = &outcome,
				     .request = &outcome.request};
	char *line = respin_event_json(&event);
	int rc = line ? 0 : RESPIN_E_NOMEM;
	if (!line)
		*error = (struct respin_error){.code = rc, .text = "no memory"};
	free(line);
	return rc;
}

static uint64_t call(int (*fn)(const char *what, struct respin_error *error), const char *what, uint64_t nth,
		     bool on)
{
	int64_t live = alloc_live();
	struct respin_error error = {0};
	alloc_plan(nth, on);
	int rc = fn(what, &error);
	uint64_t calls = alloc_calls();
	alloc_plan(0, false);
	check_told(rc, &error);
	check_live(live);
	return calls;
}

static void opens(const char *map_path)
{
	const struct {
		const char *name;
		int (*fn)(const char *what, struct respin_error *error);
		const char *what;
	} list[] = {
		{"drive", open_source, "sim:disc?size=64&profile=cd"},
		{"scenario-dvd", open_source, "sim:dvd-radial?scale=400"},
		{"scenario-bd", open_source, "sim:bd-radial?scale=400"},
		{"scenario-rot", open_source, "sim:bd-rot?scale=400"},
		{"file", open_source, map_path},
		{"map", read_map, NULL},
		{"map-file", load_map, map_path},
		{"event", say_event, NULL},
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		uint64_t calls = call(list[i].fn, list[i].what, 0, false);
		for (uint64_t nth = 1; nth <= calls; nth++)
			for (unsigned on = 0; on < 2; on++)
				if (sweep_case("oom/%s/%llu/%s", list[i].name, (unsigned long long)nth,
					       spans[on]))
					(void)call(list[i].fn, list[i].what, nth, on);
	}
}

/* jansson allocates with what it is given. */
static void *json_take(size_t size)
{
	return malloc(size);
}

static void json_give(void *p)
{
	free(p);
}

int main(void)
{
	char path[] = "/tmp/respin-oom-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!file || fputs(map_text, file) < 0 || fclose(file))
		return 1;
	sweep_begin("oom", 1);
	json_set_alloc_funcs(json_take, json_give);
	outputs();
	rescues();
	opens(path);
	sessions();
	(void)remove(path);
	return sweep_end();
}
