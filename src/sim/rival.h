/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policies that are not ours, to be measured against: what a plain linear
 * copy, a bisection, libfreemkv's sweep and patch, and GNU ddrescue's copying,
 * trimming, scraping and retrying ask of a drive, in which order. They keep a
 * map and no bytes. Written from descriptions of behaviour, not from code.
 */
#ifndef SIM_RIVAL_H
#define SIM_RIVAL_H

#include "core/map.h"
#include "sim/port.h"

struct rival_result {
	uint64_t virtual_ns;       /* from the first read to the end */
	uint64_t reads;            /* asked of the port */
	uint64_t failed_reads;     /* of these */
	uint64_t commands, failed; /* that reached the drive */
	uint64_t history;          /* hash over every read and its outcome */
	bool ended;                /* false: `limit_ns` passed, or the device is gone */
	const char *quit;          /* why it ended with an error of its own; NULL: it did not */
	/*
	 * The device went away, has no disc, or answered nothing but that it is
	 * stuck until a person stopped the program; or the output was full. Run
	 * it again when that is mended: it goes on from map and place.
	 */
	bool gone;
};

/* Where a policy was when the device went away. Zero: at the very beginning. */
struct rival_place {
	unsigned stage; /* the policy's own */
	uint64_t pos;   /* sector */
};

struct rival_config {
	uint64_t limit_ns;         /* of the drive's time; 0: none */
	struct respin_map *map;    /* filled; made by the caller, all non-tried at first */
	struct rival_place *place; /* in and out; NULL: it is never taken up again */
	/* Before what came is finished in the map: it is written. False: it cannot be, and the program ends. */
	bool (*put)(void *arg, uint64_t lba, uint32_t count);
	/* After every read; true: a person stops the program here. Each of these may be NULL. */
	bool (*stop)(void *arg);
	/* After every read that gained something. */
	void (*gained)(void *arg, uint64_t now_ns, uint64_t finished_sectors);
	/* Every read as it was asked and answered. */
	void (*read)(void *arg, uint64_t lba, uint32_t count, const struct port_reply *reply);
	void *arg;
};

struct rival {
	const char *name;  /* "linear" "bisection" "predecessor" "ddrescue" "ddrescue-tuned" */
	const char *title; /* how it is set, in a line */
	enum port_path path;
	void (*run)(struct port *port, const struct rival_config *config, struct rival_result *result);
};

extern const struct rival rivals[];
extern const size_t rival_count;
const struct rival *rival_find(const char *name);

#endif
