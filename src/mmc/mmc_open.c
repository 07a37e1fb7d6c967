/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way from a transport to a known medium: is it an optical drive, is there
 * a disc, how large is it. Patient, because a scratched disc is recognised
 * slowly or at the second try; never opens or closes a tray. Reads no sector.
 */
#include "mmc/source_mmc.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/ops.h"
#include "core/geometry.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

#define READY_WAIT_NS (60 * NS_PER_S) /* spin-up after hot-plug, scratched lead-ins: up to a minute */
#define READY_STEP_MIN_NS (500 * NS_PER_MS)
#define READY_STEP_MAX_NS (3 * NS_PER_S) /* some drives hang when they are asked too often */
#define LOAD_TRIES 3 /* "no medium" often is "not recognised": it may be at the next spin-up */
#define LOAD_PAUSE_NS (2 * NS_PER_S)

/* SPC-3 annex D: 3Ah/02h, medium not present - tray open. */
static bool tray_open(const struct respin_sense *sense)
{
	return sense->asc == 0x3a && sense->ascq == 0x02;
}

static uint64_t clock_now(struct source_mmc *mmc)
{
	const struct respin_transport *t = &mmc->transport;
	return OPS_HAS(t->ops, now_ns) ? t->ops->now_ns(t->self) : mmc->host->now_ns();
}

static void clock_pause(struct source_mmc *mmc, uint64_t ns)
{
	const struct respin_transport *t = &mmc->transport;
	if (OPS_HAS(t->ops, now_ns) && OPS_HAS(t->ops, sleep_until_ns))
		t->ops->sleep_until_ns(t->self, t->ops->now_ns(t->self) + ns);
	else
		mmc->host->sleep_until_ns(mmc->host->now_ns() + ns);
}

/* What the program says when a drive cannot be used and no better word fits. */
static int refuse(struct source_mmc *mmc, enum respin_reason reason, const struct respin_sense *sense,
		  const char *what, struct respin_error *error)
{
	const char *address = mmc->traits.address;
	if (reason == RESPIN_REASON_GONE)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: the drive is gone", address);
	if (reason == RESPIN_REASON_CANCELLED)
		return error_set(error, RESPIN_E_CANCELLED, 0, "%s: stopped while opening", address);
	if (!sense || !(sense->key | sense->asc))
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: %s: %s", address, what,
				 respin_reason_name(reason));
	return error_set(error, RESPIN_E_SOURCE, 0, "%s: %s: %s (sense %X/%02X/%02X)", address, what,
			 respin_reason_name(reason), (unsigned)sense->key, (unsigned)sense->asc,
			 (unsigned)sense->ascq);
}

static const char *device_type_name(uint8_t type)
{
	static const char *const names[] = {"a disk",      "a tape drive", "a printer",
					    "a processor", "a WORM drive", "an optical drive"};
	if (type < sizeof names / sizeof *names)
		return names[type];
	switch (type) {
	case 0x07:
		return "a magneto-optical drive";
	case 0x08:
		return "a medium changer";
	case 0x0c:
		return "a storage array controller";
	default:
		return "another kind of SCSI device";
	}
}

static int open_inquiry(struct source_mmc *mmc, struct respin_error *error)
{
	struct cdb_inquiry inquiry;
	enum respin_reason reason = mmc_inquire(mmc, &inquiry);
	if (reason != RESPIN_REASON_GOOD)
		return refuse(mmc, reason, NULL, "no answer to INQUIRY", error);
	if (inquiry.qualifier != 0)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: no such logical unit", mmc->traits.address);
	if (inquiry.type != CDB_DEVICE_TYPE_MMC)
		return error_set(error, RESPIN_E_NOT_OPTICAL, 0, "%s: not an optical drive but %s",
				 mmc->traits.address, device_type_name(inquiry.type));
	memcpy(mmc->info.vendor, inquiry.vendor, sizeof mmc->info.vendor);
	memcpy(mmc->info.product, inquiry.product, sizeof mmc->info.product);
	memcpy(mmc->info.revision, inquiry.revision, sizeof mmc->info.revision);
	return 0;
}

static int no_medium(struct source_mmc *mmc, const struct respin_sense *sense, struct respin_error *error)
{
	if (tray_open(sense))
		return error_set(error, RESPIN_E_NO_MEDIUM, 0, "%s: the tray is open", mmc->traits.address);
	return error_set(error, RESPIN_E_NO_MEDIUM, 0,
			 "%s: no disc, or none that the drive recognises (sense %X/%02X/%02X)",
			 mmc->traits.address, (unsigned)sense->key, (unsigned)sense->asc,
			 (unsigned)sense->ascq);
}

/* Spins the disc up; whether that helped, the next TEST UNIT READY tells. */
static void start(struct source_mmc *mmc)
{
	struct respin_command command;
	struct respin_command_reply reply;
	struct respin_sense sense;
	size_t arrived;
	cdb_start_stop(&command, true, false);
	(void)mmc_command(mmc, &command, &reply, &sense, &arrived);
}

/* Until the disc can be read, or it is clear that it cannot. */
static int open_wait(struct source_mmc *mmc, struct respin_error *error)
{
	uint64_t end = clock_now(mmc) + READY_WAIT_NS;
	uint64_t step = READY_STEP_MIN_NS;
	unsigned loads = 0, starts = 0;
	for (;;) {
		struct respin_command_reply reply;
		struct respin_sense sense;
		enum respin_reason reason = mmc_ready(mmc, &reply, &sense);
		switch (reason) {
		case RESPIN_REASON_GOOD:
			return 0;
		case RESPIN_REASON_NO_MEDIUM:
			if (++loads > LOAD_TRIES || tray_open(&sense))
				return no_medium(mmc, &sense, error);
			start(mmc);
			clock_pause(mmc, LOAD_PAUSE_NS);
			continue;
		case RESPIN_REASON_NEEDS_START:
			if (starts++ == 0)
				start(mmc);
			break;
		case RESPIN_REASON_GONE:
		case RESPIN_REASON_LINK:
		case RESPIN_REASON_CANCELLED:
			return refuse(mmc, reason, NULL, "no answer", error);
		case RESPIN_REASON_BECOMING_READY:
		case RESPIN_REASON_NOT_READY:
		case RESPIN_REASON_TIMEOUT:
			break;
		default: /* damage already here: READ CAPACITY decides whether it can be worked with */
			return 0;
		}
		if (clock_now(mmc) + step > end)
			return error_set(error, RESPIN_E_NO_MEDIUM, 0,
					 "%s: the drive did not get ready within %u s (sense %X/%02X/%02X)",
					 mmc->traits.address, (unsigned)(READY_WAIT_NS / NS_PER_S),
					 (unsigned)sense.key, (unsigned)sense.asc, (unsigned)sense.ascq);
		clock_pause(mmc, step);
		step = step * 2 < READY_STEP_MAX_NS ? step * 2 : READY_STEP_MAX_NS;
	}
}

static bool audio_only(const struct cdb_toc *toc)
{
	bool audio = false;
	for (unsigned i = 0; i < toc->count; i++) {
		if (toc->tracks[i].number == CDB_TRACK_LEAD_OUT)
			continue;
		if (toc->tracks[i].control & CDB_TRACK_DATA)
			return false;
		audio = true;
	}
	return audio;
}

/* A capacity that makes no sense is said so: guessing would cut or invent sectors. */
static int check_capacity(struct source_mmc *mmc, const struct cdb_capacity *capacity,
			  struct respin_error *error)
{
	const char *address = mmc->traits.address;
	if (capacity->last_lba == 0)
		return error_set(
			error, RESPIN_E_SOURCE, 0,
			"%s: the drive reports no readable sectors: a blank or never finalised disc; "
			"another drive may read it",
			address);
	if (capacity->last_lba == UINT32_MAX)
		return error_set(error, RESPIN_E_SOURCE, 0,
				 "%s: the drive reports a capacity of FFFFFFFFh, which no disc has", address);
	if (geometry_is_cd(mmc->identity.profile) && audio_only(&mmc->identity.toc))
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: an audio CD: it has no data sectors to read",
				 address);
	if (capacity->block_bytes != CDB_LOGICAL_BLOCK)
		return error_set(error, RESPIN_E_SOURCE, 0,
				 "%s: the drive reports sectors of %u bytes; only %u can be read", address,
				 (unsigned)capacity->block_bytes, CDB_LOGICAL_BLOCK);
	return 0;
}

static void info_fill(struct source_mmc *mmc, const struct cdb_capacity *capacity,
		      const struct cdb_configuration *configuration)
{
	struct respin_source_info *info = &mmc->info;
	info->size = sizeof *info;
	info->units = (uint64_t)capacity->last_lba + 1;
	info->first_lba = 0;
	info->unit_bytes = CDB_LOGICAL_BLOCK;
	info->profile = configuration->profile;
	info->ecc_block = geometry_ecc_block(info->profile, configuration->blocking, info->units);
	info->max_request_units =
		geometry_request_units(info->ecc_block, CDB_LOGICAL_BLOCK, mmc->traits.max_transfer_bytes);
	/* A host that moves less than an ECC block at once: what is asked for is then what fails. */
	if (info->ecc_block > info->max_request_units)
		info->ecc_block = info->max_request_units;
	info->identity = mmc_identity_hash(&mmc->identity);
	(void)snprintf(info->kind, sizeof info->kind, "mmc");
	info->no_payload = mmc->traits.no_payload;
	(void)snprintf(info->address, sizeof info->address, "%s", mmc->traits.address);
	(void)snprintf(info->medium, sizeof info->medium, "%s", geometry_name(info->profile));
}

int mmc_open(struct source_mmc *mmc, struct respin_error *error)
{
	int code = open_inquiry(mmc, error);
	if (code == 0)
		code = open_wait(mmc, error);
	if (code < 0)
		return code;

	struct cdb_capacity capacity;
	struct cdb_configuration configuration;
	enum respin_reason reason = mmc_identify(mmc, &mmc->identity, &capacity, &configuration);
	if (reason == RESPIN_REASON_NO_MEDIUM || reason == RESPIN_REASON_NOT_READY ||
	    reason == RESPIN_REASON_BECOMING_READY || reason == RESPIN_REASON_NEEDS_START)
		return error_set(error, RESPIN_E_NO_MEDIUM, 0,
				 "%s: the disc was lost again while its capacity was read",
				 mmc->traits.address);
	if (reason != RESPIN_REASON_GOOD)
		return refuse(mmc, reason, NULL, "no answer to READ CAPACITY", error);
	code = check_capacity(mmc, &capacity, error);
	if (code < 0)
		return code;
	info_fill(mmc, &capacity, &configuration);
	return 0;
}
