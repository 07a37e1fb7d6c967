/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The person beside the program, the same one that the library's trials have
 * beside their policies: who stops it as the scenario says, when the drive is
 * stuck or the disc is out, or when patience ends; and who mends what is to be
 * mended before the same program is started again. Knows no program.
 */
#ifndef PRELOAD_PERSON_H
#define PRELOAD_PERSON_H

#include "machine.h"
#include "sim/patience.h"
#include "sim/port.h"

enum person_reason {
	PERSON_CONTENT,  /* nothing happened */
	PERSON_PATIENCE, /* the limit passed: it is the end */
	PERSON_GONE,     /* the link is lost */
	PERSON_STUCK,    /* the drive answers fast, and nothing about the disc */
	PERSON_NO_DISC,
	PERSON_CANCELS, /* says the scenario */
	PERSON_FULL,    /* the output, says the scenario */
	PERSON_GIVES_UP,
};

/* Of one rescue, over all its programs: part of the books. */
struct person {
	uint8_t reason; /* enum person_reason: why the last program was stopped */
	uint8_t fault;  /* of PERSON_CANCELS: which one */
	struct patience patience;
	uint64_t cancelled; /* a bit for each fault of the scenario: it strikes once */
	uint64_t moved;     /* reads that brought something, or that took the drive its time */
};

/* After a read of the block device: what is to be said of it? Interrupts the program where it is time to. */
void person_sees_read(const struct port_reply *reply, uint64_t lba, uint64_t count);
void person_sees_time(void);
/* Before something is written: an errno where the scenario's disk does not take it. */
int person_sees_write(void);
void person_sees_loss(void);            /* the link is lost */
void person_sees_refusal(bool no_disc); /* the node could not be opened */

/* Before a program opens the drive that another one was stopped on. False: nobody goes on. */
bool person_mends(void);

/* A mapfile of what failed only because the drive was stuck: GNU ddrescue's record of it is worth nothing. */
void person_write_taken_back(const char *path);

const char *person_reason_name(uint8_t reason);

#endif
