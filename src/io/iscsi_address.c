/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shape of an iSCSI address. Resolves no name and connects to nothing. */
#include "io/iscsi_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"

#define LUN_MAX 16383 /* SAM-5 4.6.6: flat space addressing */

static bool is_number(const char *text, size_t len, unsigned long min, unsigned long max)
{
	unsigned long value = 0;
	if (len == 0 || len > 9)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned long)(text[i] - '0');
	}
	return value >= min && value <= max;
}

/* HOST, HOST:PORT, [IPv6] or [IPv6]:PORT */
static bool is_authority(const char *text, size_t len)
{
	const char *end = text + len;
	const char *host_end = memchr(text, ':', len);
	if (len && *text == '[') {
		host_end = memchr(text, ']', len);
		if (!host_end || ++host_end == text + 2)
			return false;
		if (host_end == end)
			return true;
		if (*host_end != ':')
			return false;
	}
	if (!host_end)
		return len > 0;
	return host_end > text && is_number(host_end + 1, (size_t)(end - host_end - 1), 1, 65535);
}

int iscsi_address_check(const char *address, struct respin_error *error)
{
	static const char scheme[] = "iscsi://";
	size_t scheme_len = sizeof scheme - 1;
	if (!strncmp(address, scheme, scheme_len)) {
		const char *authority = address + scheme_len;
		size_t len = strcspn(authority, "/");
		const char *target = authority + len + (authority[len] == '/');
		const char *lun = strchr(target, '/');
		if (memchr(authority, '@', len))
			return error_set(
				error, RESPIN_E_INVALID, 0,
				"a password does not belong into an address: set LIBISCSI_CHAP_USERNAME "
				"and LIBISCSI_CHAP_PASSWORD");
		if (is_authority(authority, len) && lun && lun > target &&
		    is_number(lun + 1, strcspn(lun + 1, "?"), 0, LUN_MAX))
			return 0;
	}
	return error_set(error, RESPIN_E_INVALID, 0, "%s: want iscsi://HOST[:PORT]/IQN/LUN", address);
}
