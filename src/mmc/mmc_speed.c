/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A drive told to read slower or faster, because somebody asked for it: the
 * steps there are, and the one command for each. Nothing here decides that a
 * speed would be better, and a drive that refuses loses nothing.
 */
#include "mmc/source_mmc.h"

#include <errno.h>
#include <string.h>

#include "core/classify.h"
#include "core/geometry.h"

#define DESCRIPTORS 16u
#define PAGE_2A 0x2au
#define PAGE_LEN 64u
#define PAGE_2A_READ_MAX 8u /* MMC-3 5.2.3.4: maximum read speed; obsolete since, and told by all */
/* So much apart are steps that the drive rounds to different speeds: 5538 and 5540 kB/s are one. */
#define APART_PERCENT 2u

/* The speeds that drives of each family have: kB/s at 1x (MMC-6 6.39, 6.41), and the steps. */
static const struct family {
	uint32_t ecc_block; /* of the medium: tells the family where the profile does not */
	uint32_t kbps_1x_tenths;
	uint8_t steps[8];
} families[] = {
	{1, 1764, {48, 40, 32, 24, 16, 8, 4}},
	{16, 13850, {16, 12, 8, 6, 4, 2, 1}},
	{32, 44960, {12, 8, 6, 4, 2, 1}},
};

static const struct family *family_of(const struct source_mmc *mmc)
{
	uint16_t profile = mmc->info.profile;
	uint32_t ecc = geometry_is_cd(profile) ? 1 : geometry_ecc_block(profile, 0, mmc->info.units);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (families[i].ecc_block == ecc)
			return &families[i];
	return &families[0];
}

/*
 * What stands between this command and its answer is for the planner to see: a
 * disc that was changed must not hide behind a question of speed. All other
 * refusals are one.
 */
static enum respin_reason settled(enum respin_reason reason, int sys_errno)
{
	if (sys_errno == EPERM || sys_errno == EACCES) /* not to be had on a device opened for reading */
		return RESPIN_REASON_REFUSED;
	switch (reason) {
	case RESPIN_REASON_GOOD:
	case RESPIN_REASON_RECOVERED:
		return RESPIN_REASON_GOOD;
	case RESPIN_REASON_BECOMING_READY:
	case RESPIN_REASON_NEEDS_START:
	case RESPIN_REASON_NOT_READY:
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_MEDIUM_CHANGED:
	case RESPIN_REASON_RESET:
	case RESPIN_REASON_TIMEOUT:
	case RESPIN_REASON_LINK:
	case RESPIN_REASON_GONE:
	case RESPIN_REASON_CANCELLED:
		return reason;
	default:
		return RESPIN_REASON_REFUSED;
	}
}

/* Once, and no attention is swallowed. `list` goes to the drive. */
static enum respin_reason ask(struct source_mmc *mmc, const struct respin_command *command,
			      const uint8_t *list, struct respin_command_reply *reply,
			      struct respin_sense *sense)
{
	struct respin_command copy = *command;
	copy.data = command->data_len ? mmc->buffer : NULL;
	*reply = (struct respin_command_reply){0};
	memset(mmc->buffer, 0, command->data_len);
	if (list)
		memcpy(mmc->buffer, list, command->data_len);
	mmc_exec(mmc, &copy, reply);
	enum respin_reason reason = classify_reply(reply, sense);
	mmc_speed_note(mmc, reason);
	return settled(reason, reply->sys_errno);
}

static size_t arrived(const struct respin_command *command, const struct respin_command_reply *reply)
{
	return command->data_len -
	       (reply->residual < command->data_len ? reply->residual : command->data_len);
}

/* In falling order, each only once. */
static void add_step(struct mmc_speed *speed, uint32_t kbps)
{
	unsigned at = 0;
	while (at < speed->count && speed->ladder[at] > kbps)
		at++;
	uint32_t apart = kbps / 100 * APART_PERCENT;
	if (speed->count == MMC_SPEEDS_MAX || (at < speed->count && kbps - speed->ladder[at] <= apart) ||
	    (at > 0 && speed->ladder[at - 1] - kbps <= apart))
		return;
	memmove(speed->ladder + at + 1, speed->ladder + at, (speed->count - at) * sizeof *speed->ladder);
	speed->ladder[at] = kbps;
	speed->count++;
}

/* Where the drive names no steps: those that its family has, below the fastest that it names. */
static void usual_steps(struct source_mmc *mmc, uint32_t max_kbps)
{
	struct mmc_speed *speed = &mmc->speed;
	const struct family *family = family_of(mmc);
	speed->count = 0;
	if (max_kbps)
		add_step(speed, max_kbps);
	for (size_t i = 0; i < sizeof family->steps && family->steps[i]; i++) {
		uint32_t kbps = family->steps[i] * family->kbps_1x_tenths / 10;
		if (!max_kbps || kbps < max_kbps)
			add_step(speed, kbps);
	}
}

static enum respin_reason page_max(struct source_mmc *mmc, struct respin_command_reply *reply,
				   struct respin_sense *sense, uint32_t *max_kbps)
{
	struct respin_command command;
	size_t len;
	cdb_mode_sense_10(&command, 0, PAGE_2A, PAGE_LEN);
	enum respin_reason reason = ask(mmc, &command, NULL, reply, sense);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	const uint8_t *page = cdb_parse_mode_page(mmc->buffer, arrived(&command, reply), PAGE_2A, &len);
	if (page && len >= PAGE_2A_READ_MAX + 2)
		*max_kbps = (uint32_t)page[PAGE_2A_READ_MAX] << 8 | page[PAGE_2A_READ_MAX + 1];
	return reason;
}

/* Asked for once, when it is first needed: most rescues never do. */
static enum respin_reason learn_ladder(struct source_mmc *mmc, struct respin_command_reply *reply,
				       struct respin_sense *sense)
{
	struct mmc_speed *speed = &mmc->speed;
	struct respin_command command;
	uint32_t told[DESCRIPTORS], max_kbps = 0;
	if (speed->count)
		return RESPIN_REASON_GOOD;
	cdb_get_speeds(&command, DESCRIPTORS);
	enum respin_reason reason = ask(mmc, &command, NULL, reply, sense);
	if (reason != RESPIN_REASON_GOOD && reason != RESPIN_REASON_REFUSED)
		return reason;
	unsigned count = reason == RESPIN_REASON_GOOD
				 ? cdb_parse_speeds(mmc->buffer, arrived(&command, reply), told, DESCRIPTORS)
				 : 0;
	for (unsigned i = 0; i < count; i++)
		add_step(speed, told[i]);
	if (speed->count > 1)
		return RESPIN_REASON_GOOD;
	/* These are speeds of writing, by name: many drives tell the same one of reading with each. */
	if (speed->count)
		max_kbps = speed->ladder[0];
	speed->count = 0;
	if (!max_kbps)
		reason = page_max(mmc, reply, sense, &max_kbps);
	if (reason != RESPIN_REASON_GOOD && reason != RESPIN_REASON_REFUSED)
		return reason;
	usual_steps(mmc, max_kbps);
	return RESPIN_REASON_GOOD;
}

static uint32_t kbps_at(const struct mmc_speed *speed, unsigned at)
{
	return at ? speed->ladder[at] : 0;
}

/* kbps 0: its own choice again. */
static enum respin_reason set(struct source_mmc *mmc, uint32_t kbps, struct respin_command_reply *reply,
			      struct respin_sense *sense)
{
	struct respin_command command;
	uint8_t list[CDB_STREAMING_LEN];
	if (family_of(mmc)->ecc_block > 1) {
		cdb_set_streaming(&command);
		cdb_streaming_list(list, mmc->identity.last_lba, kbps);
		enum respin_reason reason = ask(mmc, &command, list, reply, sense);
		if (reason != RESPIN_REASON_REFUSED)
			return reason;
	}
	cdb_set_cd_speed(&command, kbps && kbps < CDB_SPEED_MAX ? (uint16_t)kbps : CDB_SPEED_MAX);
	return ask(mmc, &command, NULL, reply, sense);
}

enum respin_reason mmc_speed_step(struct source_mmc *mmc, bool faster, struct respin_command_reply *reply,
				  struct respin_sense *sense)
{
	struct mmc_speed *speed = &mmc->speed;
	enum respin_reason reason = learn_ladder(mmc, reply, sense);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	if (faster ? speed->at == 0 : speed->at + 1 >= speed->count)
		return RESPIN_REASON_REFUSED;
	unsigned at = faster ? speed->at - 1 : speed->at + 1;
	reason = set(mmc, kbps_at(speed, at), reply, sense);
	if (reason == RESPIN_REASON_REFUSED)
		return reason;
	/* If it was not ready for it, it is asked again when it has been identified. */
	speed->at = at;
	speed->lost = reason != RESPIN_REASON_GOOD;
	mmc->info.speed_kbps = kbps_at(speed, at);
	return reason;
}

void mmc_speed_note(struct source_mmc *mmc, enum respin_reason reason)
{
	switch (reason) {
	case RESPIN_REASON_RESET:
	case RESPIN_REASON_MEDIUM_CHANGED:
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_TIMEOUT: /* the host then resets it */
		mmc->speed.lost = true;
		break;
	default:
		break;
	}
}

void mmc_speed_again(struct source_mmc *mmc)
{
	struct mmc_speed *speed = &mmc->speed;
	struct respin_command_reply reply;
	struct respin_sense sense;
	if (!speed->lost)
		return;
	enum respin_reason reason = RESPIN_REASON_GOOD;
	if (speed->at)
		reason = set(mmc, kbps_at(speed, speed->at), &reply, &sense);
	/* Drive or bridge hangs on this, and each time costs half a minute, a reset, or the link. */
	if (reason == RESPIN_REASON_TIMEOUT || reason == RESPIN_REASON_LINK) {
		speed->at = 0;
		mmc->info.speed_kbps = 0;
		reason = RESPIN_REASON_REFUSED;
	}
	speed->lost = reason != RESPIN_REASON_GOOD && reason != RESPIN_REASON_REFUSED;
}
