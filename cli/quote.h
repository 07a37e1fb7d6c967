/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Foreign text into documents for machines: whatever the bytes, what comes out
 * is well-formed. Not for the terminal (escape.h).
 */
#ifndef CLI_QUOTE_H
#define CLI_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* With its quotation marks. Bytes that are no UTF-8 become U+FFFD. */
void quote_json(FILE *out, const char *text);
/* For content and attributes. What XML 1.0 cannot say at all becomes U+FFFD as well. */
void quote_xml(FILE *out, const char *text);
/* Whether these say the text exactly. */
bool quote_json_exact(const char *text);
bool quote_xml_exact(const char *text);
/* The bytes, two digits each. */
void quote_hex(FILE *out, const char *text);

#endif
