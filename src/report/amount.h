/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers as people read them, on every page that the library makes; safe as
 * XML. Writes into a buffer and nowhere else; foreign text is not its business.
 */
#ifndef REPORT_AMOUNT_H
#define REPORT_AMOUNT_H

#include <stdint.h>

#include "base/buf.h"

struct amount {
	char text[40];
};

/* 4173824 as "4 173 824". */
struct amount amount_grouped(uint64_t number);
/* Bytes in three digits: "4.70 GB". */
void amount_add_bytes(struct buf *out, uint64_t bytes);
/* Never flatters: only everything is 100 %, only nothing is 0 %. */
void amount_add_percent(struct buf *out, uint64_t part, uint64_t whole);

#endif
