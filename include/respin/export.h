/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Marks what librespin exports; everything else is hidden. */
#ifndef RESPIN_EXPORT_H
#define RESPIN_EXPORT_H

#if defined(__GNUC__)
#define RESPIN_API __attribute__((visibility("default")))
#else
#define RESPIN_API
#endif

#endif
