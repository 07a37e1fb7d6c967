/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What counts: the '+' of a mapfile, as with GNU ddrescue's -m. A sector that it
 * covers in part counts as a whole. Does not read the rescue's own map.
 */
#include "io/output_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"

static int to_units(const struct layout *layout, const struct respin_map *bytes, struct respin_map **domain,
		    struct respin_error *error)
{
	uint64_t full = layout_pos(layout, layout->units);
	_cleanup_map_ struct respin_map *units = map_create(layout->units, RESPIN_NON_TRIED);
	int rc = units ? 0 : RESPIN_E_NOMEM;
	struct respin_extent part;
	for (uint64_t pos = 0; !rc && map_find(bytes, pos, MASK(RESPIN_FINISHED), &part);) {
		pos = part.range.start + part.range.count;
		if (part.range.start >= full)
			break;
		uint64_t end = pos < full ? pos : full;
		uint64_t first = part.range.start / layout->unit_bytes;
		uint64_t past = (end - 1) / layout->unit_bytes + 1;
		rc = map_set(units, (struct respin_range){first, past - first}, RESPIN_FINISHED);
	}
	if (rc)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for the domain");
	*domain = take(units);
	return 0;
}

/* *domain is NULL where the whole disc counts. */
static int load(struct output *output, const struct place *at, unsigned flags, struct respin_map **domain,
		struct respin_error *error)
{
	static const struct respin_map_options loose = {
		.size = sizeof loose, .loose = 1, .gap_status = RESPIN_NON_TRIED};
	const struct layout *layout = &output->layout;
	const char *path = at->path;
	_cleanup_(loaded_finish) struct loaded loaded = {0};
	_cleanup_map_ struct respin_map *units = NULL;
	int rc = output_load_file(output, at, flags, &loose, &loaded, error);
	if (!rc && loaded.info.torn)
		rc = error_set(error, RESPIN_E_MAP_DAMAGED, 0,
			       "%s: was cut short: what counts is not known; give it anew with --domain",
			       path);
	if (!rc)
		rc = output_check_units(output, &loaded, path, error);
	if (!rc)
		rc = to_units(layout, loaded.bytes, &units, error);
	if (rc)
		return rc;
	uint64_t counts = map_count(units, RESPIN_FINISHED);
	if (!counts)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%s: nothing of it is '+' on this disc: nothing would be read", path);
	if (counts < layout->units)
		*domain = take(units);
	return 0;
}

static int load_saved(struct output *output, struct respin_error *error)
{
	const struct place *saved = &output->domain_at;
	int rc = output->found.domain_there ? load(output, saved, RESPIN_IO_NOFOLLOW, &output->domain, error)
					    : 0;
	if (!rc && output->domain)
		output_say(output, "%s: only %llu of %llu sectors count", saved->path,
			   (unsigned long long)map_count(output->domain, RESPIN_FINISHED),
			   (unsigned long long)output->layout.units);
	return rc;
}

/* The person's own file, which may be a link to another. */
static int load_given(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	struct place given = {.dir = -1};
	int rc = place_open(io, output->options->domain, &given, error);
	if (!rc)
		rc = load(output, &given, 0, &output->domain, error);
	place_close(io, &given);
	if (rc == RESPIN_E_OUTPUT) { /* it is no output: whoever named it named it wrong */
		if (error)
			error->code = RESPIN_E_INVALID;
		return RESPIN_E_INVALID;
	}
	return rc;
}

/* NULL: the whole disc. */
static bool same_domain(const struct respin_map *a, const struct respin_map *b)
{
	struct respin_extent ours, theirs;
	if (!a || !b || map_count(a, RESPIN_FINISHED) != map_count(b, RESPIN_FINISHED))
		return !a && !b;
	/* As many units in both: one that has every run of the other is the other. */
	for (uint64_t pos = 0; map_find(a, pos, MASK(RESPIN_FINISHED), &ours);
	     pos = ours.range.start + ours.range.count)
		if (!map_find(b, ours.range.start, MASK(RESPIN_FINISHED), &theirs) ||
		    theirs.range.start != ours.range.start || theirs.range.count != ours.range.count)
			return false;
	return true;
}

/* One that cannot be read is replaced, as one that says something else is. */
static int compare_saved(struct output *output, bool *same, struct respin_error *error)
{
	_cleanup_map_ struct respin_map *saved = NULL;
	struct respin_error why = {0};
	int rc = load(output, &output->domain_at, RESPIN_IO_NOFOLLOW, &saved, &why);
	*same = !rc && same_domain(saved, output->domain);
	if (rc == RESPIN_E_NOMEM && error)
		*error = why;
	return rc == RESPIN_E_NOMEM ? rc : 0;
}

int output_load_domain(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct place *saved = &output->domain_at;
	struct findings *found = &output->found;
	struct respin_io_stat stat;
	int rc = io->ops->stat_at(io->self, saved->dir, saved->name, &stat);
	if (rc && rc != -ENOENT)
		return files_error(error, rc, saved->path, "cannot be looked at");
	found->domain_there = !rc;
	if (!output->options->domain)
		return load_saved(output, error);
	rc = load_given(output, error);
	/*
	 * Where both say the same the old one stays: on FAT even a good rename can lose the name. Also the whole disc
	 * is saved over another: a smaller one of an earlier run would come back.
	 */
	bool same = !output->domain;
	if (!rc && found->domain_there)
		rc = compare_saved(output, &same, error);
	found->save_domain = !same;
	return rc;
}
