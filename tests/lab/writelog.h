/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log that writelog.c keeps and powercut.c reads: in order of arrival, what a disk was asked to do, and between that
 * the marks of whoever was told something. Native byte order: written and read on one machine, within one test.
 */
#ifndef LAB_WRITELOG_H
#define LAB_WRITELOG_H

#include <stdint.h>

enum writelog_kind {
	WRITELOG_WRITE = 'W', /* `size` bytes follow */
	WRITELOG_ZERO = 'Z',  /* discarded or zeroed: reads as zeros */
	WRITELOG_SYNC = 'S',  /* everything before it lasts */
	WRITELOG_MARK = 'M',  /* `size` bytes of text follow */
};

struct writelog_record {
	uint64_t kind, offset, size;
};

#endif
