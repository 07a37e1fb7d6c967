/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linux SG_IO on /dev/srN and /dev/sgN. */
#ifndef IO_TRANSPORT_SGIO_H
#define IO_TRANSPORT_SGIO_H

#include <stdbool.h>
#include <sys/stat.h>

#include <respin/transport.h>

/* Is this node one that SG_IO drives: a CD-ROM block device or a SCSI generic character device? */
bool transport_sgio_takes(const struct stat *st);

/* RESPIN_E_SOURCE (in use, no drive behind it), RESPIN_E_PERMISSION, RESPIN_E_NOMEM. */
int transport_sgio_open(const char *path, struct respin_transport *transport, struct respin_error *error);

#endif
