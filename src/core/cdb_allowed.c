/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of the commands that may go to a real drive. Every transport asks
 * before it sends, and source_mmc before it hands over. What is needed is added
 * here and in docs/drives.md, or it is not sent.
 */
#include "core/cdb.h"

#include "base/be.h"

static const struct cdb_rule rules[] = {
	{CDB_TEST_UNIT_READY, "TEST UNIT READY", "SPC-3 6.33"},
	{CDB_REQUEST_SENSE, "REQUEST SENSE", "SPC-3 6.27"},
	{CDB_INQUIRY, "INQUIRY", "SPC-3 6.4"},
	{CDB_START_STOP_UNIT, "START STOP UNIT",
	 "MMC-6 6.42"}, /* to spin up, and for nothing else: see below */
	{CDB_READ_CAPACITY, "READ CAPACITY", "MMC-6 6.18"},
	{CDB_READ_10, "READ (10)", "MMC-6 6.14"},
	{CDB_READ_TOC, "READ TOC/PMA/ATIP", "MMC-6 6.25"},
	{CDB_GET_CONFIGURATION, "GET CONFIGURATION", "MMC-6 6.6"},
	{CDB_GET_EVENT_STATUS, "GET EVENT STATUS NOTIFICATION", "MMC-6 6.7"},
	{CDB_READ_DISC_INFO, "READ DISC INFORMATION", "MMC-6 6.21"},
	{CDB_READ_TRACK_INFO, "READ TRACK INFORMATION", "MMC-6 6.26"},
	{CDB_MODE_SENSE_10, "MODE SENSE (10)", "SPC-3 6.10"},
	{CDB_READ_12, "READ (12)", "MMC-6 6.15"},
	{CDB_GET_PERFORMANCE, "GET PERFORMANCE", "MMC-6 6.8"},
	{CDB_READ_DISC_STRUCTURE, "READ DISC STRUCTURE", "MMC-6 6.22"},
	{CDB_SET_STREAMING, "SET STREAMING",
	 "MMC-6 6.41"}, /* how fast it reads, as SET CD SPEED: see below */
	{CDB_SET_CD_SPEED, "SET CD SPEED", "MMC-6 6.39"},
	{CDB_MECHANISM_STATUS, "MECHANISM STATUS", "MMC-6 6.10"},
	{CDB_READ_CD, "READ CD", "MMC-6 6.19"},
};

const struct cdb_rule *cdb_rule(size_t i)
{
	return i < sizeof rules / sizeof *rules ? &rules[i] : NULL;
}

#define START_STOP_FLAGS 4u
#define START_ONLY                                                                                           \
	0x01u /* no LoEj: trays are a person's; no FL, no power condition: those change the drive */

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

bool cdb_allowed(const uint8_t *cdb, size_t len)
{
	const struct cdb_rule *rule = NULL;
	for (size_t i = 0; len && !rule && (rule = cdb_rule(i)); i++)
		rule = rule->opcode == cdb[0] ? rule : NULL;
	/* The last byte, CONTROL, is zero in all we send: other values link commands or are a vendor's (SAM-5 5.2). */
	if (!rule || len != cdb_len(cdb[0]) || cdb[len - 1] != 0)
		return false;
	switch (cdb[0]) {
	case CDB_START_STOP_UNIT:
		return cdb[START_STOP_FLAGS] == START_ONLY;
	case CDB_SET_CD_SPEED: /* rotation as the drive likes; of writing nothing but "the most" */
		return !cdb[1] && be16(cdb + 4) == CDB_SPEED_MAX && all_zero(cdb + 6, 5);
	case CDB_SET_STREAMING: /* type 0, performance: other types are caches and their like */
		return all_zero(cdb + 1, 8) && be16(cdb + 9) == CDB_STREAMING_LEN;
	default:
		return true;
	}
}

/* MMC-6 6.41.3, byte 0: "restore defaults" may be set; write rotation control, Exact and RA may not. */
#define STREAMING_FLAGS 0x04u

bool cdb_command_allowed(const struct respin_command *command)
{
	if (!cdb_allowed(command->cdb, command->cdb_len))
		return false;
	if (command->cdb[0] == CDB_SET_CD_SPEED)
		return !command->data_len;
	if (command->cdb[0] != CDB_SET_STREAMING)
		return !command->data_len || command->data_in;
	const uint8_t *list = command->data;
	return !command->data_in && command->data_len == CDB_STREAMING_LEN && list &&
	       !(list[0] & ~STREAMING_FLAGS) && all_zero(list + 1, 3);
}
