/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builders for the commands that are sent and parsers for what comes back. A
 * builder fills everything of the command but `data`; a parser takes the bytes
 * that arrived and believes no length field in them. Neither sends anything.
 */
#ifndef CORE_CDB_H
#define CORE_CDB_H

#include <stdbool.h>
#include <stddef.h>

#include <respin/transport.h>

/* Operation codes (SPC-3 annex D, MMC-6 clause 6). */
enum cdb_opcode {
	CDB_TEST_UNIT_READY = 0x00,
	CDB_REQUEST_SENSE = 0x03,
	CDB_INQUIRY = 0x12,
	CDB_START_STOP_UNIT = 0x1b,
	CDB_READ_CAPACITY = 0x25,
	CDB_READ_10 = 0x28,
	CDB_READ_TOC = 0x43,
	CDB_GET_CONFIGURATION = 0x46,
	CDB_GET_EVENT_STATUS = 0x4a,
	CDB_READ_DISC_INFO = 0x51,
	CDB_READ_TRACK_INFO = 0x52,
	CDB_MODE_SENSE_10 = 0x5a,
	CDB_READ_12 = 0xa8,
	CDB_GET_PERFORMANCE = 0xac,
	CDB_READ_DISC_STRUCTURE = 0xad,
	CDB_SET_STREAMING = 0xb6,
	CDB_SET_CD_SPEED = 0xbb,
	CDB_MECHANISM_STATUS = 0xbd,
	CDB_READ_CD = 0xbe,
};

#define CDB_LOGICAL_BLOCK 2048u   /* MMC-6 4.2.3.7: user data of every sector that READ can deliver */
#define CDB_DEVICE_TYPE_MMC 0x05u /* SPC-3 6.4.2, table 83 */

/* Bits 7..5 of an operation code are its group, which fixes the length (SPC-3 4.3.4.1); 0: any length. */
uint8_t cdb_len(uint8_t opcode);

/* How long a command may take; 0 for an unknown one. Reads: the bare minimum, see cdb_read_timeout_ms. */
uint32_t cdb_timeout_ms(uint8_t opcode);

/* 60 s, and 10 s for every ECC block: a slow success must not become a bus reset. */
uint32_t cdb_read_timeout_ms(uint64_t units, uint32_t ecc_block);

/*
 * The write blocker: may this command go to a drive at all? Only what is on a short list, every one of which
 * only reads or asks; no length, flag or control byte makes another one of it. What writes, formats, closes,
 * blanks, sends, loads firmware, opens a tray or negotiates keys is not on it, nor is anything of a vendor's.
 */
bool cdb_allowed(const uint8_t *cdb, size_t len);
/* With its data: nothing goes to a drive but the one parameter list that SET STREAMING has. */
bool cdb_command_allowed(const struct respin_command *command);
/* The list itself, row by row; NULL after the last one. docs/drives.md has it in words. */
struct cdb_rule {
	uint8_t opcode;
	const char *name, *clause;
};
const struct cdb_rule *cdb_rule(size_t i);

void cdb_test_unit_ready(struct respin_command *command);            /* SPC-3 6.33 */
void cdb_request_sense(struct respin_command *command, uint8_t len); /* SPC-3 6.27, fixed format */
void cdb_inquiry(struct respin_command *command, uint16_t len);      /* SPC-3 6.4 */
/* START STOP UNIT as MMC-6 has it: waits for the end (Immed = 0). The tray moves only with load_eject. */
void cdb_start_stop(struct respin_command *command, bool start, bool load_eject);
void cdb_read_capacity(struct respin_command *command);                                    /* MMC-6 6.18 */
void cdb_read_10(struct respin_command *command, uint32_t lba, uint16_t blocks, bool fua); /* 6.14 */
void cdb_read_12(struct respin_command *command, uint32_t lba, uint32_t blocks, bool fua); /* 6.15 */
/* MMC-6 6.25, addresses as LBA. Format 0: TOC, 1: sessions, 2: full TOC (needs MSF: set by itself). */
void cdb_read_toc(struct respin_command *command, uint8_t format, uint8_t track, uint16_t len);
/* MMC-6 6.6. Requested type 0: all features, 1: current ones, 2: the one that is named. */
void cdb_get_configuration(struct respin_command *command, uint8_t type, uint16_t feature, uint16_t len);
void cdb_read_disc_info(struct respin_command *command, uint16_t len); /* MMC-6 6.21, data type 0 */
/* MMC-6 6.26. Address type 0: LBA, 1: track, 2: session. */
void cdb_read_track_info(struct respin_command *command, uint8_t type, uint32_t number, uint16_t len);
/* MMC-6 6.22. Media type 0: DVD and HD DVD, 1: BD. */
void cdb_read_disc_structure(struct respin_command *command, uint8_t media, uint8_t layer, uint8_t format,
			     uint16_t len);
/* SPC-3 6.10 and MMC-6 6.12; no block descriptors. Control 0: current, 1: changeable, 2: defaults. */
void cdb_mode_sense_10(struct respin_command *command, uint8_t control, uint8_t page, uint16_t len);

/* MMC-6 6.8, type 3: one descriptor a speed. */
void cdb_get_speeds(struct respin_command *command, uint16_t descriptors);
#define CDB_SPEED_MAX 0xffffu /* SET CD SPEED: as fast as the drive can */
/* MMC-6 6.39; kB/s for reading, rotation as the drive likes. Of writing it says what means nothing: the most. */
void cdb_set_cd_speed(struct respin_command *command, uint16_t read_kbps);
#define CDB_STREAMING_LEN 28u
/* MMC-6 6.41; the list goes to the drive. kB/s (1000 bytes) from LBA 0 to the last; 0: its own defaults. */
void cdb_set_streaming(struct respin_command *command);
void cdb_streaming_list(uint8_t list[CDB_STREAMING_LEN], uint32_t last_lba, uint32_t read_kbps);

/* ---- what comes back; false: too short or contradictory, *out is then empty ---- */

struct cdb_inquiry {
	uint8_t qualifier; /* 0: a unit is connected */
	uint8_t type;      /* CDB_DEVICE_TYPE_MMC, ... */
	bool removable;
	char vendor[9], product[17], revision[5]; /* as the device gave it, without trailing blanks */
};
bool cdb_parse_inquiry(const uint8_t *bytes, size_t len, struct cdb_inquiry *out);

struct cdb_capacity {
	uint32_t last_lba;
	uint32_t block_bytes;
};
bool cdb_parse_capacity(const uint8_t *bytes, size_t len, struct cdb_capacity *out);

#define CDB_TOC_TRACKS 100 /* 99 and the lead-out */
#define CDB_TRACK_LEAD_OUT 0xaau
#define CDB_TRACK_DATA 0x04u /* MMC-6 4.2.3.3: CONTROL bit 2 */
struct cdb_toc {
	uint8_t first, last;
	uint8_t count;
	struct cdb_toc_track {
		uint8_t number;
		uint8_t control;
		uint32_t lba;
	} tracks[CDB_TOC_TRACKS];
};
bool cdb_parse_toc(const uint8_t *bytes, size_t len, struct cdb_toc *out);

struct cdb_configuration {
	uint16_t profile;
	uint16_t blocking; /* feature 0010h; 0: not told */
	bool can_load;     /* feature 0003h: the drive can pull its tray in */
};
bool cdb_parse_configuration(const uint8_t *bytes, size_t len, struct cdb_configuration *out);

struct cdb_disc_info {
	uint8_t status; /* 0 empty, 1 incomplete, 2 finalised, 3 other */
	uint8_t last_session_status;
	bool erasable;
	uint16_t sessions;
	uint16_t first_track, last_track;
};
bool cdb_parse_disc_info(const uint8_t *bytes, size_t len, struct cdb_disc_info *out);

struct cdb_track_info {
	uint16_t track, session;
	bool blank, packet, fixed_packet;
	bool has_next_writable, has_last_recorded; /* NWA_V, LRA_V */
	uint32_t start, next_writable, size, last_recorded, packet_units;
};
bool cdb_parse_track_info(const uint8_t *bytes, size_t len, struct cdb_track_info *out);

/* Physical format information of a DVD (MMC-6 6.22.3.2.1). */
struct cdb_dvd_physical {
	uint8_t book, layers;
	bool opposite_path;
	uint32_t start_psn, end_psn, end_psn_layer0;
};
bool cdb_parse_dvd_physical(const uint8_t *bytes, size_t len, struct cdb_dvd_physical *out);

/* The reading speeds in an answer to cdb_get_speeds, as they come, at most `max`; how many. */
unsigned cdb_parse_speeds(const uint8_t *bytes, size_t len, uint32_t *kbps, unsigned max);

/* The page `code` inside a MODE SENSE(10) answer, its two header bytes included; NULL: not there. */
const uint8_t *cdb_parse_mode_page(const uint8_t *bytes, size_t len, uint8_t code, size_t *page_len);

#endif
