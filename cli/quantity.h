/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers as people read them. Never flatters: nothing less than everything is
 * "100 %", nothing more than nothing is "0 %". Does not round bytes where they
 * are asked for exactly.
 */
#ifndef CLI_QUANTITY_H
#define CLI_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* A short text returned by value, so that several fit into one printf. */
struct quantity {
	char text[64];
};

struct quantity quantity_grouped(uint64_t number);                 /* "4 700 372 992" */
struct quantity quantity_bytes(uint64_t bytes);                    /* "4.70 GB", powers of 1000 */
struct quantity quantity_percent(uint64_t part, uint64_t whole);   /* "99.98 %" */
struct quantity quantity_duration(uint64_t seconds);               /* "3 min 20 s" */
struct quantity quantity_clock(uint64_t seconds);                  /* "1:03:20" */
struct quantity quantity_count(uint64_t number, const char *noun); /* "1 area", "5 areas" */

/* Decimal digits only, within the bounds. */
bool quantity_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number);

#endif
