/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Codes, their names and their exit statuses. Does not print. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct respin_error *error, int code, int sys_errno, const char *format, ...)
{
	if (!error)
		return code;
	error->code = code;
	error->sys_errno = sys_errno;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return code;
}

static const struct {
	int code;
	int exit_status;
	const char *name;
} codes[] = {
	{RESPIN_OK, 0, "ok"},
	{RESPIN_E_INVALID, 2, "invalid argument"},
	{RESPIN_E_UNSUPPORTED, 2, "not supported"},
	{RESPIN_E_SOURCE, 3, "source cannot be used"},
	{RESPIN_E_PERMISSION, 3, "source not permitted"},
	{RESPIN_E_NOT_OPTICAL, 3, "not an optical drive"},
	{RESPIN_E_NO_MEDIUM, 3, "no disc"},
	{RESPIN_E_GONE, 3, "source gone"},
	{RESPIN_E_OUTPUT, 4, "output cannot be written"},
	{RESPIN_E_FULL, 4, "output full"},
	{RESPIN_E_NOMEM, 4, "no memory"},
	{RESPIN_E_LOCKED, 5, "locked by another run"},
	{RESPIN_E_MAP_DAMAGED, 5, "damaged map"},
	{RESPIN_E_MAP_SIZE, 5, "map of another size"},
	{RESPIN_E_IMAGE_SHORT, 5, "image shorter than its map"},
	{RESPIN_E_IMAGE_NO_MAP, 5, "image without map"},
	{RESPIN_E_SAME_FILE, 5, "output on the source"},
	{RESPIN_E_OTHER_DISC, 5, "another disc"},
	{RESPIN_E_OTHER_FILE, 5, "file replaced"},
	{RESPIN_E_CANCELLED, 6, "stopped by the user"},
};

const char *respin_code_name(int code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == code)
			return codes[i].name;
	return "unknown";
}

int respin_exit_status(int code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == code)
			return codes[i].exit_status;
	return 2;
}
