/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing byte string. Does not know text encodings. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_finish(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
}

char *buf_room(struct buf *buf, size_t len)
{
	if (buf->failed)
		return NULL;
	if (buf->cap - buf->len < len) {
		size_t cap = buf->cap ? buf->cap : 256;
		while (cap - buf->len < len)
			cap *= 2;
		char *data = realloc(buf->data, cap);
		if (!data) {
			buf->failed = true;
			return NULL;
		}
		buf->data = data;
		buf->cap = cap;
	}
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	char *room = buf_room(buf, len);
	if (!room || !len)
		return;
	memcpy(room, data, len);
	buf->len += len;
}

void buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	char small[512];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	size_t len = (size_t)n;
	if (len < sizeof small) {
		buf_add(buf, small, len);
		return;
	}
	char *room = buf_room(buf, len + 1);
	if (!room)
		return;
	va_start(args, format);
	(void)vsnprintf(room, len + 1, format, args);
	va_end(args);
	buf->len += len;
}
