/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a sim: address to a transport, through the library's internal functions. It knows no peer. */
#include "drive_open.h"

#include <stdlib.h>

#include "core/map.h"
#include "respin_open.h"
#include "sim/oracle.h"
#include "sim/transport_sim.h"

static const struct scenario *scenario;

int drive_open(const char *address, struct respin_transport *transport, struct respin_error *error)
{
	int code = open_sim_transport(address, transport, error);
	if (code == 0)
		scenario = transport_sim_disc(transport)->scenario;
	return code;
}

const struct fault *drive_faults(size_t *count)
{
	*count = scenario->fault_count;
	return scenario->faults;
}

bool drive_moves_bytes(const struct respin_transport *transport)
{
	struct respin_transport_traits traits = {.size = sizeof traits};
	transport->ops->traits(transport->self, &traits);
	return !traits.no_payload;
}

bool drive_rediscover(const struct respin_transport *transport)
{
	return transport_sim_rediscover(transport);
}

void drive_replug(const struct respin_transport *transport)
{
	transport_sim_replug(transport);
}

uint8_t *drive_truth(const struct respin_transport *transport, uint64_t sectors, uint64_t *readable)
{
	const struct disc *disc = transport_sim_disc(transport);
	_cleanup_map_ struct respin_map *map = map_create(disc->sectors, RESPIN_FINISHED);
	uint8_t *bits = calloc(1, (size_t)(sectors / 8 + 1));
	struct respin_extent extent;
	*readable = 0;
	if (!map || !bits || oracle_truth(disc, map) < 0) {
		free(bits);
		return NULL;
	}
	const unsigned reads = MASK(RESPIN_FINISHED) | MASK(RESPIN_NON_TRIMMED);
	for (uint64_t pos = 0; map_find(map, pos, reads, &extent);
	     pos = extent.range.start + extent.range.count)
		for (uint64_t i = extent.range.start;
		     i < extent.range.start + extent.range.count && i < sectors; i++) {
			bits[i / 8] |= (uint8_t)(1u << i % 8);
			++*readable;
		}
	return bits;
}

uint64_t drive_wedges(const struct respin_transport *transport)
{
	struct sim_counts counts;
	transport_sim_counts(transport, &counts);
	return counts.wedges;
}
