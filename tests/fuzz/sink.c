/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams without a file behind them, see sink.h. glibc lets stdout and stderr be assigned. */
#include "sink.h"

#include <stdio.h>

static FILE *out, *err, *true_out, *true_err;
static size_t left;

/* A pipe whose reader has gone: what prints for ever stops at that. */
static ssize_t take_out(void *cookie, const char *bytes, size_t len)
{
	(void)cookie;
	(void)bytes;
	if (len > left)
		return 0;
	left -= len;
	return (ssize_t)len;
}

/* Messages are lines of text, whatever they speak of. */
static ssize_t take_err(void *cookie, const char *bytes, size_t len)
{
	(void)cookie;
	bool plain = true;
	for (size_t i = 0; i < len; i++)
		plain = plain && ((uint8_t)bytes[i] >= ' ' || bytes[i] == '\n') && bytes[i] != 0x7f;
	if (!plain)
		stderr = true_err;
	MUST(plain);
	return (ssize_t)len;
}

void sink_open(size_t most)
{
	static char out_room[4096], err_room[4096];
	if (!out) {
		out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_out});
		err = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_err});
		MUST(out && err);
		(void)setvbuf(out, out_room, _IOFBF, sizeof out_room);
		(void)setvbuf(err, err_room, _IOFBF, sizeof err_room);
	}
	left = most;
	true_out = stdout;
	true_err = stderr;
	stdout = out;
	stderr = err;
}

void sink_close(void)
{
	(void)fflush(out);
	(void)fflush(err);
	clearerr(out);
	stdout = true_out;
	stderr = true_err;
}
