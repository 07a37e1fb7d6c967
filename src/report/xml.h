/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Foreign text as the content of an XML element or attribute. Whatever comes
 * in, what goes out is well-formed and cannot turn the text around it.
 */
#ifndef REPORT_XML_H
#define REPORT_XML_H

#include "base/buf.h"

/*
 * Adds `text`, escaped. What XML or a reader cannot take (control and bidi
 * characters, bytes that are no UTF-8) becomes U+FFFD. After `most` characters
 * it is cut, with an ellipsis.
 */
void xml_add_text(struct buf *out, const char *text, size_t most);

#endif
