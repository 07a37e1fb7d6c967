/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One moment of a rescue in words, a line for each thing: place, rate, drive,
 * files, trouble, what is tried and why. Where the lines stand is frame.c's.
 */
#ifndef CLI_TELLING_H
#define CLI_TELLING_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

uint64_t telling_position(const struct frame_now *now);
uint64_t telling_elapsed_s(const struct respin_snapshot *snapshot);

/* The word that stands before it ("scraping", "paused"), and the clause. */
const char *telling_doing(const struct frame_now *now, char *text, size_t cap);

void telling_at(const struct frame_now *now, char *text, size_t cap); /* LBA, radius, layer */
void telling_rate(const struct frame_now *now, char *text,
		  size_t cap); /* bytes a second, as a multiple, on average */
void telling_drive(const struct frame_now *now, char *text, size_t cap); /* its mood and its speed */
void telling_files(const struct file_counts *files, char *text, size_t cap);
void telling_trouble(const struct frame_now *now, char *text, size_t cap);
void telling_time_left(const struct frame_now *now, char *text, size_t cap);
/* Place and rate in one, for where there is one line. */
void telling_where(const struct frame_now *now, char *text, size_t cap);

/* What needs the person's eye. False: nothing does. */
bool telling_warning(const struct respin_snapshot *snapshot, char *text, size_t cap);

#endif
