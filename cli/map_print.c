/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ddrescuelog's views of a map, see map_print.h. The layout is a contract with
 * scripts: tests/interop compares it with the real program's.
 */
#include "map_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* ddrescuelog turns to the next prefix when a number has more than six digits. */
#define NUMBER_MAX 999999
struct field {
	char text[40];
};

/* `unit` follows the prefix: "B", or what stands for it. */
static struct field number_field(uint64_t number, bool binary, const char *unit)
{
	static const char *const decimal[] = {"", "k", "M", "G", "T", "P", "E"};
	static const char *const powers[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	unsigned prefix = 0;
	struct field field;
	for (; number > NUMBER_MAX; prefix++)
		number /= binary ? 1024 : 1000;
	(void)snprintf(field.text, sizeof field.text, "%" PRIu64 " %s%s", number,
		       binary ? powers[prefix] : decimal[prefix], unit);
	return field;
}

static struct field size_field(uint64_t bytes, bool binary)
{
	struct field number = number_field(bytes, binary, "B"), field;
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

/* What the domain leaves of a map. Empty blocks count for nothing, as a map cannot hold them. */
struct tally {
	uint64_t bytes[RESPIN_STATUSES], areas[RESPIN_STATUSES];
	uint64_t size, stretches;
};

static struct tally count(const struct respin_map *map, const struct map_domain *domain)
{
	struct tally tally = {0};
	struct respin_extent part;
	uint64_t end = 0;
	int last = -1; /* the status of what ends at `end` */
	for (uint64_t pos = 0; map_domain_part(domain, map, pos, MAP_TYPES_ALL, &part);
	     pos = range_end(part.range)) {
		bool apart = !tally.size || part.range.start != end;
		tally.stretches += apart;
		tally.size += part.range.count;
		tally.bytes[part.status] += part.range.count;
		tally.areas[part.status] += apart || last != part.status;
		end = range_end(part.range);
		last = part.status;
	}
	return tally;
}

void map_print_status(const struct respin_map *map, const struct map_domain *domain, const char *name,
		      bool binary)
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
	struct respin_range all = respin_map_span(map), span = map_domain_span(domain, map);
	struct tally tally = count(map, domain);
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
	printf("mapfile extent:%s,  in %6" PRIu64 " area(s)\n", size_field(all.count, binary).text, areas);
	if (span.start > 0 || tally.size != all.count) {
		printf("  domain begin:%s,  domain end:%s\n", size_field(span.start, binary).text,
		       size_field(span.start + span.count, binary).text);
		printf("   domain size:%s,  in %6" PRIu64 " area(s)\n", size_field(tally.size, binary).text,
		       tally.stretches);
	}
	printf("\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		printf("%14s:%s,  in %6" PRIu64 " area(s)  (%s)\n", rows[i].label,
		       size_field(tally.bytes[rows[i].status], binary).text, tally.areas[rows[i].status],
		       percent_field(tally.bytes[rows[i].status], tally.size).text);
}

static void print_head(FILE *file, const struct respin_map *from, const char *command_line, bool annotated,
		       bool binary)
{
	struct respin_map_position position;
	struct tm tm;
	char now[32] = "";
	time_t seconds = time(NULL);
	if (localtime_r(&seconds, &tm))
		(void)strftime(now, sizeof now, "%Y-%m-%d %H:%M:%S", &tm);
	respin_map_position(from, &position);
	(void)fprintf(file, "# Mapfile. Created by respin version " RESPIN_VERSION "\n# Command line: ");
	/* One line it must stay. */
	for (const char *c = command_line; *c; c++)
		(void)fputc(*(const unsigned char *)c < ' ' || *c == 0x7f ? '?' : *c, file);
	(void)fprintf(file,
		      "\n# Start time:   %s\n# current_pos  current_status  current_pass\n0x%08" PRIX64
		      "     %c               %" PRIu32,
		      now, position.pos_bytes, position.status, position.pass);
	if (annotated)
		(void)fprintf(file, "\t#  %s", number_field(position.pos_bytes, binary, "B").text);
	(void)fprintf(file, "\n#      pos        size  status\n");
}

static void print_block(FILE *file, struct respin_extent part, bool annotated, bool binary)
{
	(void)fprintf(file, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c", part.range.start, part.range.count,
		      respin_status_char((enum respin_status)part.status));
	if (annotated) {
		/* A plain number stands apart from its missing unit. */
		const char *unit = part.range.count > NUMBER_MAX ? "B" : " ";
		(void)fprintf(file, "\t# %s %11s", size_field(part.range.start, binary).text,
			      number_field(part.range.count, binary, unit).text);
	}
	(void)fputc('\n', file);
}

void map_print_file(FILE *file, const struct respin_map *map, const struct respin_map *from,
		    const struct map_domain *annotated, const char *command_line, bool binary)
{
	struct respin_extent part;
	struct respin_range in = {0, 0};
	print_head(file, from, command_line, annotated, binary);
	for (uint64_t pos = 0; respin_map_next(map, pos, MAP_TYPES_ALL, &part) && !ferror(file);
	     pos = range_end(part.range)) {
		/* Up to the domain's next border. */
		bool inside = annotated && map_domain_next(annotated, part.range.start, &in);
		if (inside && in.start > part.range.start) {
			inside = false;
			if (in.start < range_end(part.range))
				part.range.count = in.start - part.range.start;
		} else if (inside) {
			part.range = range_common(part.range, in);
		}
		print_block(file, part, inside, binary);
	}
}
