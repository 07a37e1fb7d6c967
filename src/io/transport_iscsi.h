/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iscsi://HOST[:PORT]/IQN/LUN through libiscsi. */
#ifndef IO_TRANSPORT_ISCSI_H
#define IO_TRANSPORT_ISCSI_H

#include <respin/transport.h>

/* Connects and logs in. RESPIN_E_INVALID (address), RESPIN_E_SOURCE, RESPIN_E_PERMISSION, RESPIN_E_NOMEM. */
int transport_iscsi_open(const char *address, struct respin_transport *transport, struct respin_error *error);

#endif
