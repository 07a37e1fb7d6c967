/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How people name simulated drives, see sim.h. Opens nothing; whether there is such a one, the library knows. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

#define PREFIX "sim:"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define MODEL PREFIX "exec:"

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static char *checked(char *text)
{
	if (!text)
		say("no memory for an address");
	return text;
}

char *sim_address(const char *word)
{
	if (strncmp(word, PREFIX, PREFIX_LEN) == 0)
		return checked(strdup(word));
	bool file = ends_in(word, ".sim") && access(word, F_OK) == 0;
	char *address = checked(malloc(PREFIX_LEN + 3 * strlen(word) + 1)), *to = address;
	if (!address)
		return NULL;
	memcpy(to, PREFIX, PREFIX_LEN);
	to += PREFIX_LEN;
	for (; *word; word++)
		if (file && strchr("?%", *word))
			to += snprintf(to, sizeof "%XX", "%%%02X", (unsigned)*word);
		else
			*to++ = *word;
	*to = '\0';
	return address;
}

char *sim_address_with(const char *address, const char *pair, bool first)
{
	char *whole = NULL;
	const char *query = strchr(address, '?');
	int head = query ? (int)(query - address) : (int)strlen(address);
	const char *rest = query ? query + 1 : "", *between = *rest ? "&" : "";
	int n = first ? asprintf(&whole, "%.*s?%s%s%s", head, address, pair, between, rest)
		      : asprintf(&whole, "%.*s?%s%s%s", head, address, rest, between, pair);
	return checked(n < 0 ? NULL : whole);
}

bool sim_address_is_model(const char *address)
{
	return strncmp(address, MODEL, sizeof MODEL - 1) == 0;
}
