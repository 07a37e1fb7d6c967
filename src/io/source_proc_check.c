/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a child that speaks to a drive may say. It has parsed hostile bytes, so
 * nothing of it is believed: numbers that this process computes with must lie
 * where no sum of them can overflow, enums must exist, texts must end.
 */
#include "io/source_proc.h"

#include <string.h>

#include "core/geometry.h"

#define UNIT_BYTES_MAX 4096u /* a raw CD sector has 2352, with subchannels 2448 */
/* A command that took longer than a month did not. */
#define ELAPSED_MAX_NS (31ull * 86400 * 1000000000)

#define END_TEXT(text) ((text)[sizeof(text) - 1] = '\0')

bool source_proc_check_info(struct respin_source_info *info)
{
	END_TEXT(info->kind);
	END_TEXT(info->address);
	END_TEXT(info->vendor);
	END_TEXT(info->product);
	END_TEXT(info->revision);
	END_TEXT(info->medium);
	return info->size == sizeof *info && info->unit_bytes >= 1 && info->unit_bytes <= UNIT_BYTES_MAX &&
	       info->units >= 1 && info->units <= INT64_MAX / UNIT_BYTES_MAX &&
	       info->first_lba >= INT32_MIN && info->first_lba <= INT32_MAX &&
	       info->tail_bytes < info->unit_bytes && info->ecc_block >= 1 &&
	       info->ecc_block <= GEOMETRY_ECC_BLOCK_MAX && info->max_request_units >= info->ecc_block &&
	       info->max_request_units <= PROC_SHARED_BYTES / info->unit_bytes && info->plain <= 1 &&
	       info->no_payload <= 1 && info->partial <= 1;
}

/* The residual may be any: devices lie about it, and the verdict knows. */
bool source_proc_check_reply(struct respin_reply *reply, uint64_t asked_bytes)
{
	return reply->reason <= RESPIN_REASON_CANCELLED && reply->resid_trusted <= 1 &&
	       reply->poison_trusted <= 1 && reply->agrees == 0 && reply->sense.deferred <= 1 &&
	       reply->sense.has_info <= 1 && reply->host_status <= RESPIN_HOST_CANCELLED &&
	       reply->asked_bytes <= asked_bytes && reply->filled_bytes <= reply->asked_bytes &&
	       reply->elapsed_ns <= ELAPSED_MAX_NS && reply->sys_errno >= 0;
}

bool source_proc_check_greeting(struct proc_greeting *greeting)
{
	END_TEXT(greeting->error.text);
	if (greeting->code != 0)
		return greeting->code >= RESPIN_E_CANCELLED && greeting->code < 0 && greeting->error.text[0];
	return greeting->own_clock <= 1 && greeting->now_ns <= PROC_NOW_MAX_NS &&
	       source_proc_check_info(&greeting->info);
}
