/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a reply means: host status, SCSI status and sense data -> one reason.
 * It judges one reply alone; what follows from it is the verdict's and the
 * policy's business.
 */
#ifndef CORE_CLASSIFY_H
#define CORE_CLASSIFY_H

#include <stdbool.h>

#include <respin/transport.h>
#include <respin/types.h>

/* SCSI status codes (SAM-5 5.3.1). */
enum scsi_status {
	SCSI_GOOD = 0x00,
	SCSI_CHECK_CONDITION = 0x02,
	SCSI_CONDITION_MET = 0x04,
	SCSI_BUSY = 0x08,
	SCSI_RESERVATION_CONFLICT = 0x18,
	SCSI_TASK_SET_FULL = 0x28,
	SCSI_ACA_ACTIVE = 0x30,
	SCSI_TASK_ABORTED = 0x40,
};

/* What decoded sense data mean. Where the ASCQ is not known, the ASC decides; where that is not, the key. */
enum respin_reason classify_sense(const struct respin_sense *sense);

/* What the whole reply means; decodes its sense data into *sense. */
enum respin_reason classify_reply(const struct respin_command_reply *reply, struct respin_sense *sense);

/*
 * Linux' host_status and driver_status (scsi_status.h) -> host status. With
 * valid sense the statuses that only repeat what the sense says are OK.
 */
enum respin_host_status classify_linux_host(unsigned host_status, unsigned driver_status, bool has_sense);

#endif
