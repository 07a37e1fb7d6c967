/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image with its map as a plain source: what the map does not call finished is unreadable here. */
#ifndef IO_SOURCE_IMAGE_H
#define IO_SOURCE_IMAGE_H

#include <respin/source.h>

/* `address` as partial_open has it ("IMAGE[,MAPFILE]"), and its codes. */
int source_image_open(const char *address, struct respin_source *source, struct respin_error *error);

#endif
