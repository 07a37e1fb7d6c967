/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of a drive beside reading: who it is, whether it is ready, which
 * medium it holds. Everything but INQUIRY and capacity may fail: targets refuse
 * half of what MMC-6 demands. Never waits (mmc_open.c does) and reads no sector.
 */
#include "mmc/source_mmc.h"

#include <assert.h>
#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "base/hash.h"
#include "core/classify.h"
#include "core/geometry.h"

#define ATTENTIONS_MAX 8 /* unit attentions queue up; so many in a row are a fault */
#define LINK_TRIES 3

#define ANSWER_MAX 1024u /* the largest answer asked for: 100 TOC tracks take 804 bytes */
#define INQUIRY_LEN 96u
#define CONFIGURATION_LEN 256u /* ends behind feature 0010h; even, and short enough for every bridge */
#define TOC_LEN 804u

int mmc_attach(struct source_mmc *mmc, struct respin_error *error)
{
	const struct respin_transport *t = &mmc->transport;
	mmc->traits = (struct respin_transport_traits){.size = sizeof mmc->traits};
	/* The buffer first: what it is decides what its poison proves (MMAP_IO). */
	mmc->buffer = t->ops->buffer(t->self, GEOMETRY_REQUEST_BYTES);
	t->ops->traits(t->self, &mmc->traits);
	if (mmc->traits.max_transfer_bytes < CDB_LOGICAL_BLOCK)
		mmc->traits.max_transfer_bytes = CDB_LOGICAL_BLOCK;
	if (!mmc->buffer)
		return error_set(error, RESPIN_E_NOMEM, 0, "%s: no memory for a buffer", mmc->traits.address);
	return 0;
}

void mmc_exec(struct source_mmc *mmc, const struct respin_command *command,
	      struct respin_command_reply *reply)
{
	assert(cdb_command_allowed(command)); /* on whatever transport, a caller's too */
	mmc->transport.ops->exec(mmc->transport.self, command, reply);
}

static enum respin_reason command_once(struct source_mmc *mmc, const struct respin_command *command,
				       struct respin_command_reply *reply, struct respin_sense *sense,
				       size_t *arrived)
{
	struct respin_command copy = *command;
	copy.data = command->data_len ? mmc->buffer : NULL;
	*reply = (struct respin_command_reply){0};
	memset(mmc->buffer, 0, ANSWER_MAX);
	mmc_exec(mmc, &copy, reply);
	uint32_t missing = reply->residual < copy.data_len ? reply->residual : copy.data_len;
	*arrived = copy.data_len - missing;
	enum respin_reason reason = classify_reply(reply, sense);
	mmc_speed_note(mmc, reason);
	return reason;
}

/* Answers that concern an earlier event and not this command. */
static bool is_attention(enum respin_reason reason)
{
	return reason == RESPIN_REASON_MEDIUM_CHANGED || reason == RESPIN_REASON_RESET ||
	       reason == RESPIN_REASON_ABORTED;
}

enum respin_reason mmc_command(struct source_mmc *mmc, const struct respin_command *command,
			       struct respin_command_reply *reply, struct respin_sense *sense,
			       size_t *arrived)
{
	enum respin_reason reason = RESPIN_REASON_ABORTED;
	unsigned links = 0;
	for (unsigned i = 0; i < ATTENTIONS_MAX; i++) {
		reason = command_once(mmc, command, reply, sense, arrived);
		if (reason == RESPIN_REASON_LINK ? ++links >= LINK_TRIES : !is_attention(reason))
			break;
	}
	return reason == RESPIN_REASON_RECOVERED ? RESPIN_REASON_GOOD : reason;
}

enum respin_reason mmc_inquire(struct source_mmc *mmc, struct cdb_inquiry *inquiry)
{
	struct respin_command command;
	struct respin_command_reply reply;
	struct respin_sense sense;
	size_t arrived;
	cdb_inquiry(&command, INQUIRY_LEN);
	enum respin_reason reason = mmc_command(mmc, &command, &reply, &sense, &arrived);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	return cdb_parse_inquiry(mmc->buffer, arrived, inquiry) ? RESPIN_REASON_GOOD : RESPIN_REASON_LINK;
}

enum respin_reason mmc_ready(struct source_mmc *mmc, struct respin_command_reply *reply,
			     struct respin_sense *sense)
{
	struct respin_command command;
	size_t arrived;
	cdb_test_unit_ready(&command);
	enum respin_reason reason = mmc_command(mmc, &command, reply, sense, &arrived);
	/* Key 5: a target without this command; READ CAPACITY will tell. */
	return reason == RESPIN_REASON_REFUSED ? RESPIN_REASON_GOOD : reason;
}

/*
 * An answer that says it is shorter than asked for must have left a residual.
 * Where it has not, the host does not count: libata never does, and usb-storage
 * does not where it was told to ignore the bridge's residue.
 */
static void judge_residual(struct source_mmc *mmc, const struct respin_command *command,
			   const struct respin_command_reply *reply)
{
	if (reply->residual == 0 && 2u + be16(mmc->buffer) < command->data_len)
		mmc->traits.resid_trusted = 0;
}

static bool has_toc(struct source_mmc *mmc, struct cdb_toc *toc)
{
	struct respin_command command;
	struct respin_command_reply reply;
	struct respin_sense sense;
	size_t arrived;
	cdb_read_toc(&command, 0, 0, TOC_LEN);
	*toc = (struct cdb_toc){0};
	if (mmc_command(mmc, &command, &reply, &sense, &arrived) != RESPIN_REASON_GOOD)
		return false;
	judge_residual(mmc, &command, &reply);
	return cdb_parse_toc(mmc->buffer, arrived, toc);
}

static void configuration_get(struct source_mmc *mmc, struct cdb_configuration *configuration)
{
	struct respin_command command;
	struct respin_command_reply reply;
	struct respin_sense sense;
	size_t arrived;
	cdb_get_configuration(&command, 0, 0, CONFIGURATION_LEN);
	*configuration = (struct cdb_configuration){0};
	if (mmc_command(mmc, &command, &reply, &sense, &arrived) == RESPIN_REASON_GOOD)
		(void)cdb_parse_configuration(mmc->buffer, arrived, configuration);
}

enum respin_reason mmc_identify(struct source_mmc *mmc, struct mmc_identity *identity,
				struct cdb_capacity *capacity, struct cdb_configuration *configuration)
{
	struct respin_command command;
	struct respin_command_reply reply;
	struct respin_sense sense;
	size_t arrived;
	*identity = (struct mmc_identity){0};
	*capacity = (struct cdb_capacity){0};
	cdb_read_capacity(&command);
	enum respin_reason reason = mmc_command(mmc, &command, &reply, &sense, &arrived);
	if (reason != RESPIN_REASON_GOOD)
		return reason;
	if (!cdb_parse_capacity(mmc->buffer, arrived, capacity))
		return RESPIN_REASON_LINK;
	configuration_get(mmc, configuration);
	identity->last_lba = capacity->last_lba;
	identity->profile = configuration->profile;
	identity->has_toc = has_toc(mmc, &identity->toc);
	return RESPIN_REASON_GOOD;
}

static uint64_t toc_hash(const struct cdb_toc *toc)
{
	uint8_t bytes[2 + CDB_TOC_TRACKS * 6];
	size_t len = 2;
	bytes[0] = toc->first;
	bytes[1] = toc->last;
	for (unsigned i = 0; i < toc->count; i++, len += 6) {
		bytes[len] = toc->tracks[i].number;
		bytes[len + 1] = toc->tracks[i].control;
		be32_put(bytes + len + 2, toc->tracks[i].lba);
	}
	return hash_bytes(bytes, len, 0);
}

bool mmc_identity_same(const struct mmc_identity *a, const struct mmc_identity *b)
{
	if (a->last_lba != b->last_lba)
		return false;
	if (a->profile && b->profile && a->profile != b->profile) /* 0: it would not say this time */
		return false;
	return !a->has_toc || !b->has_toc || toc_hash(&a->toc) == toc_hash(&b->toc);
}

uint64_t mmc_identity_hash(const struct mmc_identity *identity)
{
	uint8_t bytes[6];
	be32_put(bytes, identity->last_lba);
	be16_put(bytes + 4, identity->profile);
	uint64_t hash = hash_bytes(bytes, sizeof bytes, toc_hash(&identity->toc));
	return hash ? hash : 1; /* 0 means unknown */
}
