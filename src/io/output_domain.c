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

static int load(struct output *output, int dir, const char *name, const char *path,
		struct respin_error *error)
{
	static const struct respin_map_options loose = {
		.size = sizeof loose, .loose = 1, .gap_status = RESPIN_NON_TRIED};
	const struct layout *layout = &output->layout;
	_cleanup_(loaded_finish) struct loaded loaded = {0};
	int rc = output_load_file(output, dir, name, path, &loose, &loaded, error);
	if (!rc && loaded.info.torn)
		rc = error_set(error, RESPIN_E_MAP_DAMAGED, 0,
			       "%s: was cut short: what counts is not known; give it anew with --domain",
			       path);
	if (!rc)
		rc = output_check_units(output, &loaded, path, error);
	if (!rc)
		rc = to_units(layout, loaded.bytes, &output->domain, error);
	if (rc)
		return rc;
	uint64_t counts = map_count(output->domain, RESPIN_FINISHED);
	if (!counts)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%s: nothing of it is '+' on this disc: nothing would be read", path);
	if (counts == layout->units) {
		map_destroy(output->domain);
		output->domain = NULL;
	}
	return 0;
}

int output_load_domain(struct output *output, struct respin_error *error)
{
	const struct respin_io *io = &output->io;
	const struct place *saved = &output->domain_at;
	struct respin_io_stat stat;
	bool there = !io->ops->stat_at(io->self, saved->dir, saved->name, &stat);
	if (!output->options->domain) {
		int rc = there ? load(output, saved->dir, saved->name, saved->path, error) : 0;
		if (!rc && output->domain)
			output_say(output, "%s: only %llu of %llu sectors count", saved->path,
				   (unsigned long long)map_count(output->domain, RESPIN_FINISHED),
				   (unsigned long long)output->layout.units);
		return rc;
	}
	struct place given = {.dir = -1};
	int rc = place_open(io, output->options->domain, &given, error);
	if (!rc)
		rc = load(output, given.dir, given.name, given.path, error);
	place_close(io, &given);
	if (rc == RESPIN_E_OUTPUT) { /* it is no output: whoever named it named it wrong */
		if (error)
			error->code = RESPIN_E_INVALID;
		return RESPIN_E_INVALID;
	}
	/* Also where it is the whole disc: a smaller one of an earlier run would come back. */
	output->found.save_domain = output->domain || there;
	return rc;
}
