/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal of a drive: a byte for what it was, and what it takes to do it again. A READ(10) takes eleven bytes. */
#include "journal.h"

#include <string.h>

#include "base/be.h"
#include "core/cdb.h"

enum entry {
	ENTRY_READ_10 = 'r',
	ENTRY_COMMAND = 'c',
	ENTRY_PASSED = 'p',
	ENTRY_SOUGHT = 's',
	ENTRY_REPLUGGED = 'g'
};

#define READ_10_BYTES 11u
#define COMMAND_BYTES 11u /* and the CDB behind */
#define PASSED_BYTES 9u
#define EVENT_BYTES 1u

void journal_command(struct journal *journal, const struct respin_command *command)
{
	uint8_t entry[COMMAND_BYTES + RESPIN_CDB_MAX] = {ENTRY_COMMAND, command->cdb_len, command->data_in};
	struct respin_command plain = {0};
	if (command->cdb[0] == CDB_READ_10)
		cdb_read_10(&plain, be32(command->cdb + 2), be16(command->cdb + 7), false);
	if (plain.cdb_len == command->cdb_len && plain.data_len == command->data_len &&
	    !memcmp(plain.cdb, command->cdb, plain.cdb_len)) {
		entry[0] = ENTRY_READ_10;
		memcpy(entry + 1, command->cdb + 2, 4);
		memcpy(entry + 5, command->cdb + 7, 2);
		be32_put(entry + 7, command->timeout_ms);
		buf_add(&journal->text, entry, READ_10_BYTES);
		return;
	}
	be32_put(entry + 3, command->data_len);
	be32_put(entry + 7, command->timeout_ms);
	memcpy(entry + COMMAND_BYTES, command->cdb, command->cdb_len);
	buf_add(&journal->text, entry, COMMAND_BYTES + command->cdb_len);
}

void journal_passed(struct journal *journal, uint64_t ns)
{
	uint8_t entry[PASSED_BYTES] = {ENTRY_PASSED};
	be32_put(entry + 1, (uint32_t)(ns >> 32));
	be32_put(entry + 5, (uint32_t)ns);
	buf_add(&journal->text, entry, sizeof entry);
}

static void event(struct journal *journal, enum entry which)
{
	const uint8_t entry = (uint8_t)which;
	buf_add(&journal->text, &entry, EVENT_BYTES);
}

void journal_sought(struct journal *journal)
{
	event(journal, ENTRY_SOUGHT);
}

void journal_replugged(struct journal *journal)
{
	event(journal, ENTRY_REPLUGGED);
}

static size_t command_again(const uint8_t *at, size_t left, const struct journal_again *again)
{
	struct respin_command command = {0};
	if (left < COMMAND_BYTES || at[1] > RESPIN_CDB_MAX || left < COMMAND_BYTES + at[1])
		return 0;
	command = (struct respin_command){
		.cdb_len = at[1], .data_in = at[2], .data_len = be32(at + 3), .timeout_ms = be32(at + 7)};
	memcpy(command.cdb, at + COMMAND_BYTES, at[1]);
	again->command(&command);
	return COMMAND_BYTES + at[1];
}

static size_t read_10_again(const uint8_t *at, size_t left, const struct journal_again *again)
{
	struct respin_command command = {0};
	if (left < READ_10_BYTES)
		return 0;
	cdb_read_10(&command, be32(at + 1), be16(at + 5), false);
	command.timeout_ms = be32(at + 7);
	again->command(&command);
	return READ_10_BYTES;
}

/* How long the entry was; 0: it is none. */
static size_t entry_again(const uint8_t *at, size_t left, const struct journal_again *again)
{
	switch (at[0]) {
	case ENTRY_READ_10:
		return read_10_again(at, left, again);
	case ENTRY_COMMAND:
		return command_again(at, left, again);
	case ENTRY_PASSED:
		if (left < PASSED_BYTES)
			return 0;
		again->passed(be64(at + 1));
		return PASSED_BYTES;
	case ENTRY_SOUGHT:
		again->sought();
		return EVENT_BYTES;
	case ENTRY_REPLUGGED:
		again->replugged();
		return EVENT_BYTES;
	default:
		return 0;
	}
}

bool journal_replay(const void *text, size_t len, const struct journal_again *again)
{
	const uint8_t *at = text;
	for (size_t done = 0; done < len;) {
		size_t size = entry_again(at + done, len - done, again);
		if (!size)
			return false;
		done += size;
	}
	return true;
}
