/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where an image comes from, out of its ledger: every run with its drive,
 * firmware, command line, begin and end; and what people noted. In the two
 * languages of the exports. Without a ledger nothing is known, and that is said.
 */
#ifndef CLI_PROVENANCE_H
#define CLI_PROVENANCE_H

#include <stdio.h>

/* "null", or an object. A ledger that cannot be read is told to the person, once each. */
void provenance_json(FILE *out, const char *ledger);
/* An element of the extension's namespace, or nothing. */
void provenance_xml(FILE *out, const char *ledger);

/* "2026-11-23T04:05:06Z"; "" for what is no time. */
struct provenance_time {
	char text[40];
};
struct provenance_time provenance_time(long long seconds);

#endif
