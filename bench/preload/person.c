/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The person beside the program (see person.h). What it takes for stuck is the library's own rule for its rivals. */
#include "person.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "books.h"
#include "core/sense.h"
#include "drive_open.h"
#include "sim/patience.h"
#include "sim/rival_run.h"

static struct respin_range stuck[RIVAL_STUCK_FAILURES]; /* the failures in a row so far */
static unsigned stuck_count;
static bool take_back;

static struct person *person(void)
{
	return &machine_books()->counts.person;
}

const char *person_reason_name(uint8_t reason)
{
	static const char *const names[] = {"",        "limit",     "gone", "stuck",
					    "no disc", "cancelled", "full", "given up"};
	return names[reason];
}

static void stop(enum person_reason reason)
{
	if (person()->reason == reason)
		return;
	person()->reason = (uint8_t)reason;
	machine_interrupt();
}

/* ---- watching ---- */

static const struct fault *fault_now(enum fault_kind kind)
{
	size_t count;
	const struct fault *faults = drive_faults(&count);
	return patience_fault(faults, count, kind, machine_now_ns());
}

void person_sees_time(void)
{
	const struct settings *settings = machine_settings_inside();
	size_t count;
	const struct fault *faults = drive_faults(&count);
	uint64_t now = machine_now_ns();
	if (settings->limit_ns && now > settings->limit_ns)
		stop(PERSON_PATIENCE);
	for (size_t i = 0; i < count; i++) {
		if (faults[i].kind != FAULT_CANCEL || now < faults[i].at_ns || person()->cancelled >> i & 1)
			continue;
		person()->cancelled |= 1ull << i;
		person()->fault = (uint8_t)i;
		stop(PERSON_CANCELS);
	}
}

static bool is_stuck(const struct port_reply *reply)
{
	const struct respin_sense *s = &reply->sense;
	bool refused = s->key == SENSE_ILLEGAL_REQUEST && s->asc == 0x24 && s->ascq == 0;
	return reply->elapsed_ns < RIVAL_STUCK_NS &&
	       (reply->transport || s->key == SENSE_NOT_READY || s->key == SENSE_HARDWARE_ERROR || refused);
}

static void note_stuck(uint64_t lba, uint64_t count, enum person_reason reason, unsigned enough)
{
	if (stuck_count < RIVAL_STUCK_FAILURES)
		stuck[stuck_count++] = (struct respin_range){lba, count};
	if (stuck_count < enough)
		return;
	take_back = true;
	stop(reason);
}

void person_sees_read(const struct port_reply *reply, uint64_t lba, uint64_t count)
{
	const struct respin_sense *s = &reply->sense;
	if (!reply->ok && reply->gone)
		person_sees_loss();
	else if (!reply->ok && !reply->commands && !reply->prefix)
		; /* the kernel itself refused: neither here nor there */
	else if (!reply->ok && !reply->prefix && !reply->transport && s->key == SENSE_NOT_READY &&
		 s->asc == 0x3a)
		note_stuck(lba, count, PERSON_NO_DISC, 1);
	else if (!reply->ok && !reply->prefix && is_stuck(reply))
		note_stuck(lba, count, PERSON_STUCK, RIVAL_STUCK_FAILURES);
	else if (!take_back)
		stuck_count = 0;
	person()->moved += reply->ok || reply->elapsed_ns >= RIVAL_STUCK_NS;
	person_sees_time();
}

void person_sees_loss(void)
{
	person()->reason = PERSON_GONE; /* the program finds out by itself */
}

void person_sees_refusal(bool no_disc)
{
	person()->reason = no_disc ? PERSON_NO_DISC : PERSON_STUCK;
}

int person_sees_write(void)
{
	const struct fault *slow = fault_now(FAULT_OUTPUT_SLOW);
	if (fault_now(FAULT_OUTPUT_FULL)) {
		person()->reason = PERSON_FULL;
		return ENOSPC;
	}
	if (slow)
		machine_sleep_ns(slow->delay_ns);
	return 0;
}

/* ---- mending ---- */

static uint64_t hands_now_ns(void *self)
{
	(void)self;
	return machine_now_ns();
}

static void hands_pass_ns(void *self, uint64_t ns)
{
	(void)self;
	machine_sleep_ns(ns);
}

static void hands_replug(void *self)
{
	(void)self;
	machine_replug();
}

static bool hands_rediscover(void *self)
{
	(void)self;
	return machine_rediscover();
}

static bool mended(void)
{
	static const struct hands hands = {NULL, hands_now_ns, hands_pass_ns, hands_replug, hands_rediscover};
	size_t count;
	const struct fault *faults = drive_faults(&count), *full = fault_now(FAULT_OUTPUT_FULL);
	const struct counts *counts = &machine_books()->counts;
	switch (person()->reason) {
	case PERSON_CONTENT:
		return true;
	case PERSON_CANCELS:
		if (!faults[person()->fault].span_ns)
			return false;
		machine_sleep_ns(faults[person()->fault].span_ns);
		return true;
	case PERSON_FULL:
		return !full || patience_outlasts(&hands, full);
	case PERSON_GONE:
	case PERSON_STUCK:
	case PERSON_NO_DISC:
		return patience_disc_back(&hands, faults, count) ||
		       patience_drive_back(&person()->patience, &hands, counts->rescued, person()->moved);
	default:
		return false;
	}
}

bool person_mends(void)
{
	bool good = mended();
	person()->reason = good ? PERSON_CONTENT : PERSON_GIVES_UP;
	return good;
}

void person_write_taken_back(const char *path)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return;
	/* Runs may lie in any order and overlap: GNU ddrescue's loose form takes that where the status is the same. */
	(void)fprintf(file, "# What failed only because the drive was stuck.\n0x0 + 1\n");
	for (unsigned i = 0; take_back && i < stuck_count; i++)
		(void)fprintf(file, "0x%" PRIx64 " 0x%" PRIx64 " +\n", stuck[i].start * SECTOR,
			      stuck[i].count * SECTOR);
	(void)fclose(file);
}
