/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does an iSCSI address make sense? Needs no libiscsi, which takes what it cannot read for zero. */
#ifndef IO_ISCSI_ADDRESS_H
#define IO_ISCSI_ADDRESS_H

#include <respin/error.h>

/* iscsi://HOST[:PORT]/IQN/LUN, HOST possibly [IPv6]. 0 or RESPIN_E_INVALID. */
int iscsi_address_check(const char *address, struct respin_error *error);

#endif
