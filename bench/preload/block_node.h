/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The drive as the block device that Linux makes of it: reads in bytes above
 * the library's image of the kernel (sim/port.h: splitting, retries, page
 * cache), and what a failure is called there. It knows no descriptors.
 */
#ifndef PRELOAD_BLOCK_NODE_H
#define PRELOAD_BLOCK_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A program opens the node: waits for the disc, as a person does. 0 or an errno (ENOMEDIUM, ENXIO). */
int block_node_open(void);
/* The last one closed it: the kernel forgets its pages. */
void block_node_close(void);

bool block_node_ready(void); /* opened once, with a disc in the drive */
bool block_node_gone(void);  /* the link is lost, and with it the node */
void block_node_lost(void);

uint64_t block_node_sectors(void);      /* the end that reads see; errors near it may have moved it */
uint64_t block_node_full_sectors(void); /* as the drive claims it */
uint32_t block_node_max_sectors(void);  /* of one command */

/* Bytes, 0 at the end, or -errno. */
ssize_t block_node_read(bool direct, uint64_t pos_bytes, uint64_t len, void *into);

#endif
