/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block device or regular file as a plain source. */
#ifndef IO_SOURCE_BLOCK_H
#define IO_SOURCE_BLOCK_H

#include <stdbool.h>

#include <respin/source.h>

/* RESPIN_E_SOURCE, RESPIN_E_PERMISSION, RESPIN_E_NOMEM. */
int source_block_open(const char *path, struct respin_source *source, struct respin_error *error);

/* The reason for an errno of a read: damage, a lost link, or a source that is no longer there. */
enum respin_reason source_block_reason(int sys_errno);

#endif
