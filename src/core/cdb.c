/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CDB builders and the table of timeouts. What comes back is parsed in cdb_parse.c. */
#include "core/cdb.h"

#include <assert.h>
#include <string.h>

#include "base/be.h"

#define READ_TIMEOUT_MS 60000u
#define READ_TIMEOUT_PER_BLOCK_MS 10000u /* recovered reads of 0.2-2.6 s a block are ordinary */

/*
 * Generous on purpose: a command that is cut off is followed by the host's
 * abort, device reset and bus reset, each of which harms more than waiting.
 */
static const struct {
	uint8_t opcode;
	uint32_t timeout_ms;
} timeouts[] = {
	{CDB_TEST_UNIT_READY, 10000},
	{CDB_REQUEST_SENSE, 10000},
	{CDB_INQUIRY, 10000},
	{CDB_START_STOP_UNIT, 60000}, /* spins up; a scratched lead-in takes its time */
	{CDB_READ_CAPACITY, 30000},   /* these read the lead-in when they come first */
	{CDB_READ_TOC, 30000},
	{CDB_READ_DISC_INFO, 30000},
	{CDB_READ_TRACK_INFO, 30000},
	{CDB_READ_DISC_STRUCTURE, 30000},
	{CDB_GET_CONFIGURATION, 10000},
	{CDB_GET_PERFORMANCE, 10000},
	{CDB_SET_STREAMING, 30000}, /* some answer when the disc turns as it should */
	{CDB_SET_CD_SPEED, 30000},
	{CDB_MODE_SENSE_10, 10000},
	{CDB_READ_10, READ_TIMEOUT_MS},
	{CDB_READ_12, READ_TIMEOUT_MS},
};

uint32_t cdb_timeout_ms(uint8_t opcode)
{
	for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
		if (timeouts[i].opcode == opcode)
			return timeouts[i].timeout_ms;
	return 0;
}

uint32_t cdb_read_timeout_ms(uint64_t units, uint32_t ecc_block)
{
	assert(ecc_block > 0);
	uint64_t blocks = units / ecc_block + (units % ecc_block != 0);
	if (blocks > (UINT32_MAX - READ_TIMEOUT_MS) / READ_TIMEOUT_PER_BLOCK_MS)
		return UINT32_MAX;
	return READ_TIMEOUT_MS + (uint32_t)blocks * READ_TIMEOUT_PER_BLOCK_MS;
}

uint8_t cdb_len(uint8_t opcode)
{
	static const uint8_t by_group[8] = {6, 10, 10, 0, 16, 12, 0, 0};
	return by_group[opcode >> 5];
}

static uint8_t *begin(struct respin_command *command, uint8_t opcode, uint32_t data_len)
{
	*command = (struct respin_command){
		.cdb[0] = opcode,
		.cdb_len = cdb_len(opcode),
		.data_in = data_len > 0,
		.data_len = data_len,
		.timeout_ms = cdb_timeout_ms(opcode),
	};
	return command->cdb;
}

void cdb_test_unit_ready(struct respin_command *command)
{
	begin(command, CDB_TEST_UNIT_READY, 0);
}

void cdb_request_sense(struct respin_command *command, uint8_t len)
{
	begin(command, CDB_REQUEST_SENSE, len)[4] = len;
}

void cdb_inquiry(struct respin_command *command, uint16_t len)
{
	be16_put(begin(command, CDB_INQUIRY, len) + 3, len);
}

void cdb_start_stop(struct respin_command *command, bool start, bool load_eject)
{
	begin(command, CDB_START_STOP_UNIT, 0)[4] = (uint8_t)((load_eject ? 2 : 0) | (start ? 1 : 0));
}

void cdb_read_capacity(struct respin_command *command)
{
	begin(command, CDB_READ_CAPACITY, 8);
}

#define FUA 0x08u

void cdb_read_10(struct respin_command *command, uint32_t lba, uint16_t blocks, bool fua)
{
	uint8_t *cdb = begin(command, CDB_READ_10, blocks * CDB_LOGICAL_BLOCK);
	cdb[1] = fua ? FUA : 0;
	be32_put(cdb + 2, lba);
	be16_put(cdb + 7, blocks);
}

void cdb_read_12(struct respin_command *command, uint32_t lba, uint32_t blocks, bool fua)
{
	assert(blocks <= UINT32_MAX / CDB_LOGICAL_BLOCK);
	uint8_t *cdb = begin(command, CDB_READ_12, blocks * CDB_LOGICAL_BLOCK);
	cdb[1] = fua ? FUA : 0;
	be32_put(cdb + 2, lba);
	be32_put(cdb + 6, blocks);
}

void cdb_read_toc(struct respin_command *command, uint8_t format, uint8_t track, uint16_t len)
{
	uint8_t *cdb = begin(command, CDB_READ_TOC, len);
	cdb[1] = format == 2 ? 2 : 0; /* Time: the full TOC knows minutes, seconds and frames only */
	cdb[2] = format & 0x0f;
	cdb[6] = track;
	be16_put(cdb + 7, len);
}

void cdb_get_configuration(struct respin_command *command, uint8_t type, uint16_t feature, uint16_t len)
{
	uint8_t *cdb = begin(command, CDB_GET_CONFIGURATION, len);
	cdb[1] = type & 3;
	be16_put(cdb + 2, feature);
	be16_put(cdb + 7, len);
}

void cdb_read_disc_info(struct respin_command *command, uint16_t len)
{
	be16_put(begin(command, CDB_READ_DISC_INFO, len) + 7, len);
}

void cdb_read_track_info(struct respin_command *command, uint8_t type, uint32_t number, uint16_t len)
{
	uint8_t *cdb = begin(command, CDB_READ_TRACK_INFO, len);
	cdb[1] = type & 3;
	be32_put(cdb + 2, number);
	be16_put(cdb + 7, len);
}

void cdb_read_disc_structure(struct respin_command *command, uint8_t media, uint8_t layer, uint8_t format,
			     uint16_t len)
{
	uint8_t *cdb = begin(command, CDB_READ_DISC_STRUCTURE, len);
	cdb[1] = media & 0x0f;
	cdb[6] = layer;
	cdb[7] = format;
	be16_put(cdb + 8, len);
}

#define DISABLE_BLOCK_DESCRIPTORS 0x08u

void cdb_mode_sense_10(struct respin_command *command, uint8_t control, uint8_t page, uint16_t len)
{
	uint8_t *cdb = begin(command, CDB_MODE_SENSE_10, len);
	cdb[1] = DISABLE_BLOCK_DESCRIPTORS;
	cdb[2] = (uint8_t)(control << 6 | (page & 0x3f));
	be16_put(cdb + 7, len);
}

#define PERFORMANCE_HEADER 8u
#define PERFORMANCE_DESCRIPTOR 16u
#define PERFORMANCE_SPEEDS 0x03u

void cdb_get_speeds(struct respin_command *command, uint16_t descriptors)
{
	uint8_t *cdb = begin(command, CDB_GET_PERFORMANCE,
			     PERFORMANCE_HEADER + descriptors * PERFORMANCE_DESCRIPTOR);
	be16_put(cdb + 8, descriptors);
	cdb[10] = PERFORMANCE_SPEEDS;
}

void cdb_set_cd_speed(struct respin_command *command, uint16_t read_kbps)
{
	uint8_t *cdb = begin(command, CDB_SET_CD_SPEED, 0);
	be16_put(cdb + 2, read_kbps);
	be16_put(cdb + 4, CDB_SPEED_MAX);
}

void cdb_set_streaming(struct respin_command *command)
{
	be16_put(begin(command, CDB_SET_STREAMING, CDB_STREAMING_LEN) + 9, CDB_STREAMING_LEN);
	command->data_in = 0;
}

#define STREAMING_RDD 0x04u /* restore logical unit defaults: what follows is not looked at */
#define STREAMING_MS 1000u

void cdb_streaming_list(uint8_t list[CDB_STREAMING_LEN], uint32_t last_lba, uint32_t read_kbps)
{
	uint32_t kb = read_kbps ? read_kbps : CDB_SPEED_MAX;
	memset(list, 0, CDB_STREAMING_LEN);
	list[0] = read_kbps ? 0 : STREAMING_RDD;
	be32_put(list + 8, last_lba);
	be32_put(list + 12, kb);
	be32_put(list + 16, STREAMING_MS);
	/* Writing is nobody's business here: the same, so that no drive finds fault with it. */
	be32_put(list + 20, kb);
	be32_put(list + 24, STREAMING_MS);
}
