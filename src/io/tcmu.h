/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive that lives in this process, shown to this machine as a true SCSI
 * drive (/dev/srN, /dev/sgN) through the stock kernel's target_core_user and
 * tcm_loop. Every CDB goes to the transport as it comes, one at a time; every
 * byte of sense and data goes back. Decides nothing about what is answered.
 */
#ifndef IO_TCMU_H
#define IO_TCMU_H

#include <respin/transport.h>

#include <stdbool.h>

struct tcmu_options {
	const struct respin_transport *transport; /* borrowed; nobody else uses it meanwhile */
	int stop_fd;                              /* readable: take the drive away and come back */
	void *arg;
	/* The drive is there, as "sr0" and "sg0" ("": there is no sg); NULL, NULL: its link is lost. */
	void (*changed)(void *arg, const char *block, const char *generic);
	/* The link was lost: is the drive there again? NULL: ops->reopen tells. */
	bool (*back)(const struct respin_transport *transport);
};

/*
 * Takes down what killed runs have left, attaches, serves until stop_fd or a
 * failure, takes everything down. 0; RESPIN_E_PERMISSION and _UNSUPPORTED say what
 * is missing; RESPIN_E_SOURCE, _NOMEM.
 */
int tcmu_serve(const struct tcmu_options *options, struct respin_error *error);

#endif
