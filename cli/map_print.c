/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ddrescuelog's two views of a map, see map_print.h. The layout is a contract
 * with scripts: tests/interop compares it with the real program's.
 */
#include "map_print.h"

#include <inttypes.h>
#include <stdio.h>

/* ddrescuelog turns to the next prefix when a number has more than six digits. */
#define NUMBER_MAX 999999
struct field {
	char text[40];
};

static struct field size_field(uint64_t bytes, bool binary)
{
	static const char *const decimal[] = {"", "k", "M", "G", "T", "P", "E"};
	static const char *const powers[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	unsigned prefix = 0;
	struct field number, field;
	for (; bytes > NUMBER_MAX; prefix++)
		bytes /= binary ? 1024 : 1000;
	(void)snprintf(number.text, sizeof number.text, "%" PRIu64 " %sB", bytes,
		       binary ? powers[prefix] : decimal[prefix]);
	(void)snprintf(field.text, sizeof field.text, "%11s", number.text);
	return field;
}

/*
 * Rounded to two digits; without them where they are nought and the number is
 * exact. ddrescuelog counts in 63 bits: where the factor 100 does not fit into
 * the part, it is taken out of the whole, and "exact" means exact after that.
 */
static struct field percent_field(uint64_t part, uint64_t whole)
{
	struct field field;
	unsigned __int128 hundredths;
	unsigned factor = 100;
	for (; factor > 1 && part <= INT64_MAX / 10; factor /= 10)
		part *= 10;
	/* Only a whole below 100 would become nought here, and then the part is small, too. */
	whole /= factor;
	hundredths = (unsigned __int128)part * 100;
	uint64_t rest = (uint64_t)(hundredths % whole);
	unsigned value = (unsigned)(hundredths / whole) + (rest >= whole - rest);
	unsigned digits = value % 100;
	if (rest || digits % 10)
		(void)snprintf(field.text, sizeof field.text, "%3u.%02u%%", value / 100, digits);
	else if (digits)
		(void)snprintf(field.text, sizeof field.text, "%3u.%u%%", value / 100, digits / 10);
	else
		(void)snprintf(field.text, sizeof field.text, "%3u%%", value / 100);
	return field;
}

static const char *status_name(char status)
{
	switch (status) {
	case '?':
		return "copying";
	case '*':
		return "trimming";
	case '/':
		return "scraping";
	case '-':
		return "retrying";
	case 'F':
		return "filling";
	case 'G':
		return "generating";
	case '+':
		return "finished";
	default:
		return "unknown"; /* of another program: ddrescuelog would refuse the map */
	}
}

void map_print_status(const struct respin_map *map, const char *name, bool binary)
{
	/* In ddrescuelog's order. */
	static const struct {
		enum respin_status status;
		const char *label;
	} rows[] = {
		{RESPIN_NON_TRIED, "non-tried"},     {RESPIN_FINISHED, "rescued"},
		{RESPIN_NON_TRIMMED, "non-trimmed"}, {RESPIN_NON_SCRAPED, "non-scraped"},
		{RESPIN_BAD, "bad-sector"},
	};
	struct respin_range span = respin_map_span(map);
	struct respin_map_position position;
	uint64_t areas = 0;

	respin_map_position(map, &position);
	for (int status = 0; status < RESPIN_STATUSES; status++)
		areas += respin_map_areas(map, (enum respin_status)status);
	printf("\n");
	if (name)
		printf("%s\n", name);
	printf("   current pos:%s,  current status: %s\n", size_field(position.pos_bytes, binary).text,
	       status_name(position.status));
	printf("mapfile extent:%s,  in %6" PRIu64 " area(s)\n", size_field(span.count, binary).text, areas);
	if (span.start > 0) {
		printf("  domain begin:%s,  domain end:%s\n", size_field(span.start, binary).text,
		       size_field(span.start + span.count, binary).text);
		printf("   domain size:%s,  in %6d area(s)\n", size_field(span.count, binary).text, 1);
	}
	printf("\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t total = respin_map_total(map, rows[i].status);
		printf("%14s:%s,  in %6" PRIu64 " area(s)  (%s)\n", rows[i].label,
		       size_field(total, binary).text, respin_map_areas(map, rows[i].status),
		       percent_field(total, span.count).text);
	}
}

void map_print_blocks(const struct respin_map *map, unsigned mask, uint64_t block_bytes)
{
	struct respin_extent extent;
	uint64_t next = 0; /* a block on a border is named once */
	for (uint64_t pos = 0; respin_map_next(map, pos, mask, &extent);
	     pos = extent.range.start + extent.range.count) {
		uint64_t block = extent.range.start / block_bytes;
		uint64_t last = (extent.range.start + extent.range.count - 1) / block_bytes;
		for (block = block < next ? next : block; block <= last && !ferror(stdout); block++)
			printf("%" PRIu64 "\n", block);
		next = last + 1;
	}
}
