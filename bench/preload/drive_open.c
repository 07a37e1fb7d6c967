/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a sim: address to a transport, through the library's internal functions. It knows no peer. */
#include "drive_open.h"

#include "respin_open.h"
#include "sim/transport_sim.h"

int drive_open(const char *address, struct respin_transport *transport, struct respin_error *error)
{
	return open_sim_transport(address, transport, error);
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

uint64_t drive_wedges(const struct respin_transport *transport)
{
	struct sim_counts counts;
	transport_sim_counts(transport, &counts);
	return counts.wedges;
}
