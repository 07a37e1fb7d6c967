/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a broken promise ends a run, and what the sanitizers are told where the
 * environment says nothing: little memory held back, or a target of small
 * inputs would look as if it needed hundreds of megabytes.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

/* Called by the sanitizers; an ASAN_OPTIONS in the environment goes before it. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=2:"
	       "detect_stack_use_after_return=0:allocator_may_return_null=1:detect_leaks=1:handle_abort=1";
}

const char *__ubsan_default_options(void)
{
	return "halt_on_error=1:print_stacktrace=1";
}

void fuzz_broken(const char *promise, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, promise);
	abort();
}
