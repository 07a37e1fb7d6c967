/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Standard output and error of a program's command while a target runs it:
 * counted, looked at for what must not reach a terminal, and thrown away.
 */
#ifndef TESTS_FUZZ_SINK_H
#define TESTS_FUZZ_SINK_H

#include "fuzz.h"

/* From here to sink_close stdout and stderr go nowhere; stdout breaks after `most` bytes. */
void sink_open(size_t most);
void sink_close(void);

#endif
