/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing byte string. Once an allocation fails it stays failed, so that callers check once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* not terminated */
	size_t len, cap;
	bool failed;
};

void buf_finish(struct buf *buf);
void buf_clear(struct buf *buf); /* empties, keeps the memory and the failure */
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_str(struct buf *buf, const char *text);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes, to be filled by the caller and counted by buf->len. NULL: failed. */
char *buf_room(struct buf *buf, size_t len);

#endif
