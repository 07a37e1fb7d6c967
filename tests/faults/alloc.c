/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The allocator between the objects under test and the C library's. Starts no thread, may be called by any. */
#include "alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t calls, failures, fail_at;
static atomic_int_fast64_t live;
static atomic_bool goes_on;
static _Thread_local int held;

void alloc_hold(int by)
{
	held += by;
}

void alloc_plan(uint64_t nth, bool on)
{
	atomic_store(&calls, 0);
	atomic_store(&failures, 0);
	atomic_store(&goes_on, on);
	atomic_store(&fail_at, nth);
}

uint64_t alloc_calls(void)
{
	return atomic_load(&calls);
}

uint64_t alloc_failures(void)
{
	return atomic_load(&failures);
}

int64_t alloc_live(void)
{
	return atomic_load(&live);
}

static bool refused(void)
{
	if (held > 0)
		return false;
	uint64_t nth = atomic_load_explicit(&fail_at, memory_order_relaxed);
	uint64_t now = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) + 1;
	if (!nth || now < nth || (now > nth && !atomic_load_explicit(&goes_on, memory_order_relaxed)))
		return false;
	atomic_fetch_add(&failures, 1);
	errno = ENOMEM;
	return true;
}

static void *born(void *p)
{
	if (p)
		atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return p;
}

/* The names that the linker makes of --wrap=malloc and its kin. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *p);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);
int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_asprintf(char **text, const char *format, ...);
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...);

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : born(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refused() ? NULL : born(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (refused())
		return NULL;
	void *p = __real_realloc(old, size);
	return old ? p : born(p);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	if (refused())
		return NULL;
	void *p = __real_reallocarray(old, count, size);
	return old ? p : born(p);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return refused() ? NULL : born(__real_aligned_alloc(align, size));
}

void __wrap_free(void *p)
{
	if (p)
		atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	__real_free(p);
}

char *__wrap_strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy = __wrap_malloc(len + 1);
	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*text = len < 0 ? NULL : __wrap_malloc((size_t)len + 1);
	return *text ? vsnprintf(*text, (size_t)len + 1, format, args) : -1;
}

__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = __wrap_vasprintf(text, format, args);
	va_end(args);
	return len;
}

/* What a hardened build calls. */
__attribute__((format(printf, 3, 0))) int __wrap___vasprintf_chk(char **text, int flag, const char *format,
								 va_list args)
{
	(void)flag;
	return __wrap_vasprintf(text, format, args);
}

__attribute__((format(printf, 3, 4))) int __wrap___asprintf_chk(char **text, int flag, const char *format,
								...)
{
	(void)flag;
	va_list args;
	va_start(args, format);
	int len = __wrap_vasprintf(text, format, args);
	va_end(args);
	return len;
}
