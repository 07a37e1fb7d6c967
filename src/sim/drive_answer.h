/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the answers of the simulated drive share, file by file: each function
 * fills one reply as MMC-6 and SPC-3 lay it out. None of them reads a sector.
 * Only the drive_*.c files include this.
 */
#ifndef SIM_DRIVE_ANSWER_H
#define SIM_DRIVE_ANSWER_H

#include "sim/drive.h"

/* One command on its way through the answers. `data` is NULL where nothing is to be moved. */
struct answering {
	struct drive *drive;
	const struct respin_command *command;
	const uint8_t *cdb;
	unsigned char *data;
	struct drive_answer *answer;
};

/* 05/24/00: a field of the CDB; 05/26/00: of the parameters; 05/21/00: an address behind the end. */
void answer_bad_field(struct drive_answer *answer);
void answer_bad_parameter(struct drive_answer *answer);
void answer_out_of_range(struct drive_answer *answer);

/* An answer of `len` bytes, as far as the allocation length and the host's buffer reach. */
void answer_reply(struct answering *a, const void *bytes, size_t len, uint32_t allocation);

/* The profile of what is in it; 0: nothing, or nothing that it knows. */
uint16_t answer_profile(const struct drive *drive);

/* The current state as sense data, for REQUEST SENSE: key 0 when all is well. */
void answer_state(const struct drive *drive, struct respin_sense *sense);

/* SPC-3 4.5.3 (18 bytes) and 4.5.2 (8, or 20 with INFORMATION). Returns the length. */
uint8_t answer_sense_bytes(const struct respin_sense *sense, bool descriptor, uint8_t bytes[20]);

/* drive_identity.c */
const char *answer_serial(const struct drive *drive, char serial[13]);
/* drive_features.c */
void answer_configuration(struct answering *a);
/* drive_toc.c */
void answer_toc(struct answering *a);
void answer_disc_info(struct answering *a);
void answer_track_info(struct answering *a);
/* drive_structure.c */
void answer_structure(struct answering *a);
/* drive_modes.c */
void answer_mode_sense(struct answering *a);
void answer_mode_select(struct answering *a);
/* drive_performance.c */
void answer_performance(struct answering *a);
void answer_set_cd_speed(struct answering *a);
void answer_set_streaming(struct answering *a);

#endif
