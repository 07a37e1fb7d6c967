/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LD_PRELOAD: memory runs out in a program as it is shipped, in whatever library
 * asks. RESPIN_OOM_AT=N: the nth allocation after main() has begun fails;
 * RESPIN_OOM_ON: and every later one. RESPIN_OOM_COUNT: a file that gets their
 * number at the end. A forked child counts on from what its parent had.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_ulong calls;
static unsigned long at;
static bool on, armed;

/* glibc's own names for its allocator. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static bool refused(void)
{
	if (!armed)
		return false;
	unsigned long now = atomic_fetch_add(&calls, 1) + 1;
	if (!at || now < at || (now > at && !on))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return refused() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

void *aligned_alloc(size_t align, size_t size)
{
	return refused() ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **place, size_t align, size_t size)
{
	*place = refused() ? NULL : __libc_memalign(align, size);
	return *place ? 0 : ENOMEM;
}

static void report(void)
{
	const char *path = getenv("RESPIN_OOM_COUNT");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	unsigned long n = calls;
	char digits[24], *p = digits + sizeof digits;
	if (fd < 0)
		return;
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	if (write(fd, p, (size_t)(digits + sizeof digits - p)) < 0)
		_exit(99);
	close(fd);
}

static int (*real_main)(int argc, char **argv, char **env);

static int armed_main(int argc, char **argv, char **env)
{
	const char *text = getenv("RESPIN_OOM_AT");
	at = text ? strtoul(text, NULL, 10) : 0;
	on = getenv("RESPIN_OOM_ON") != NULL;
	(void)atexit(report);
	armed = true;
	return real_main(argc, argv, env);
}

typedef int start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
		       void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

/* What the C library's own start calls is not the program's. */
start_main __libc_start_main;
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_main *next;
	void *symbol = dlsym(RTLD_NEXT, "__libc_start_main");
	memcpy(&next, &symbol, sizeof next);
	real_main = main;
	return next(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}
