/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scenario's drive as a device of this machine: opens the one, hands it to the other. */
#include <respin/sim.h>

#include <stdio.h>

#include "base/error.h"
#include "io/tcmu.h"
#include "respin_open.h"
#include "sim/transport_sim.h"

static void changed(void *arg, const char *block, const char *generic)
{
	const struct respin_sim_attach_options *options = arg;
	char block_path[64], generic_path[64];
	if (!options->changed)
		return;
	if (block)
		(void)snprintf(block_path, sizeof block_path, "/dev/%s", block);
	if (generic)
		(void)snprintf(generic_path, sizeof generic_path, "/dev/%s", generic);
	options->changed(options->arg, block ? block_path : NULL, generic && *generic ? generic_path : NULL);
}

int respin_sim_attach(const char *address, const struct respin_sim_attach_options *options,
		      struct respin_error *error)
{
	struct respin_transport transport;
	if (open_is_model(address))
		return error_set(
			error, RESPIN_E_UNSUPPORTED, 0,
			"%.100s: a foreign model has no bytes, and cannot be a drive of this machine",
			address);
	int code = open_sim_transport(address, &transport, error);
	if (code < 0)
		return code;
	struct respin_transport_traits traits = {.size = sizeof traits};
	transport.ops->traits(transport.self, &traits);
	const struct tcmu_options how = {.transport = &transport,
					 .stop_fd = options->stop_fd,
					 .arg = (void *)options,
					 .changed = changed,
					 .back = transport_sim_rediscover};
	code = traits.no_payload
		       ? error_set(error, RESPIN_E_UNSUPPORTED, 0,
				   "%.100s: without payload there is nothing to read: say payload=1", address)
		       : tcmu_serve(&how, error);
	transport.ops->destroy(transport.self);
	return code;
}
