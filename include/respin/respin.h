/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* librespin: everything at once. */
#ifndef RESPIN_RESPIN_H
#define RESPIN_RESPIN_H

#include <respin/drives.h>
#include <respin/error.h>
#include <respin/export.h>
#include <respin/files.h>
#include <respin/io.h>
#include <respin/ledger.h>
#include <respin/map.h>
#include <respin/merge.h>
#include <respin/report.h>
#include <respin/session.h>
#include <respin/sink.h>
#include <respin/source.h>
#include <respin/transport.h>
#include <respin/types.h>

#endif
