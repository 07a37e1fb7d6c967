/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A moment in words, see telling.h. Everything it knows comes in with the moment; it remembers nothing. */
#include "telling.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "quantity.h"
#include "stop.h"
#include "words.h"

#define SECOND_NS 1000000000u
/* A drive may take its time; after this the person wants to know what is being waited for. */
#define WAITING_NS (3ull * SECOND_NS)
/* Before this, now and the average are the same. */
#define SOON_NS (2ull * SECOND_NS)

uint64_t telling_elapsed_s(const struct respin_snapshot *snapshot)
{
	return (snapshot->now_ns - snapshot->started_ns) / SECOND_NS;
}

/* The sector being read; between commands, the last one. */
uint64_t telling_position(const struct frame_now *now)
{
	return now->drive.asked ? now->drive.request.range.start : now->snapshot->pos;
}

static int64_t lba_of(const struct frame_now *now, uint64_t unit)
{
	return now->view->info.first_lba + (int64_t)unit;
}

static const char *sector_word(const struct frame_now *now)
{
	return now->view->info.plain ? "sector" : "LBA";
}

static enum respin_phase phase_of(const struct frame_now *now)
{
	return (enum respin_phase)(now->drive.asked ? now->drive.request.phase : now->snapshot->phase);
}

static bool place_of(const struct frame_now *now, struct respin_place *place)
{
	*place = (struct respin_place){.size = sizeof *place};
	return respin_disc_place(&now->view->info, telling_position(now), place) == 1;
}

const char *telling_doing(const struct frame_now *now, char *text, size_t cap)
{
	enum respin_phase phase = phase_of(now);
	if (now->snapshot->paused) {
		(void)snprintf(text, cap, "%s",
			       now->drive.busy ? "as soon as the command under way ends"
					       : "no command is given; what was read is kept");
		return "paused";
	}
	if (!now->drive.asked) {
		(void)snprintf(text, cap, "nothing was read yet");
		return "starting";
	}
	if (now->snapshot->phase >= RESPIN_PHASE_CLOSING) {
		phase = (enum respin_phase)now->snapshot->phase;
		(void)snprintf(text, cap, "%s", words_doing(phase));
	} else {
		why_words(&now->why, &now->drive.request, &now->view->info, text, cap);
	}
	return words_phase(phase);
}

void telling_at(const struct frame_now *now, char *text, size_t cap)
{
	struct respin_place place;
	char layer[48] = "";
	int64_t lba = lba_of(now, telling_position(now));
	if (!place_of(now, &place)) {
		(void)snprintf(text, cap, "%s %" PRId64, sector_word(now), lba);
		return;
	}
	if (place.layers > 1)
		(void)snprintf(layer, sizeof layer, ", layer %" PRIu32 " of %" PRIu32, place.layer + 1,
			       place.layers);
	(void)snprintf(text, cap, "%s %" PRId64 ", %.1f mm from the middle of the disc%s", sector_word(now),
		       lba, place.radius_um / 1000.0, layer);
}

static struct quantity bytes_a_second(const struct frame_now *now, double units)
{
	return quantity_bytes((uint64_t)(units * now->view->info.unit_bytes));
}

/* Now, and as a multiple; false: nothing was measured yet, or nothing is read. */
static bool rate_words(const struct frame_now *now, char *text, size_t cap)
{
	struct respin_place place;
	double units = rate_now(&now->view->rate, now->snapshot);
	if (now->snapshot->paused || now->view->rate.active_ns < SOON_NS)
		return false;
	int used = snprintf(text, cap, "%s/s", bytes_a_second(now, units).text);
	if (used > 0 && place_of(now, &place) && place.sectors_1x > 0)
		(void)snprintf(text + used, cap - (size_t)used, " (%.1fx)", units / place.sectors_1x);
	return true;
}

void telling_rate(const struct frame_now *now, char *text, size_t cap)
{
	char rate[64];
	struct quantity average = bytes_a_second(now, rate_average(&now->view->rate, now->snapshot));
	if (rate_words(now, rate, sizeof rate))
		(void)snprintf(text, cap, "%s, on average %s/s", rate, average.text);
	else if (now->snapshot->paused)
		(void)snprintf(text, cap, "none, on average %s/s", average.text);
	else
		(void)snprintf(text, cap, "%s/s so far", average.text);
}

static struct quantity mood_time(const struct frame_now *now)
{
	const struct respin_snapshot *snapshot = now->snapshot;
	uint64_t ns = snapshot->mood_since_ns && snapshot->now_ns > snapshot->mood_since_ns
			      ? snapshot->now_ns - snapshot->mood_since_ns
			      : 0;
	return quantity_duration(ns / SECOND_NS);
}

static void mood_words(const struct frame_now *now, char *text, size_t cap)
{
	const struct quantity time = mood_time(now);
	const char *since = time.text;
	switch ((enum respin_mood)now->snapshot->mood) {
	case RESPIN_MOOD_SLOW:
		(void)snprintf(text, cap, "slow for %s, far below its best", since);
		return;
	case RESPIN_MOOD_COOLING:
		(void)snprintf(text, cap, "cooling for %s, so that it recovers", since);
		return;
	case RESPIN_MOOD_WAITING:
		(void)snprintf(text, cap, "getting ready for %s", since);
		return;
	case RESPIN_MOOD_WEDGED:
		(void)snprintf(text, cap, "stuck in one command for %s", since);
		return;
	case RESPIN_MOOD_AWAY:
		(void)snprintf(text, cap, "gone for %s, asked for until it is back", since);
		return;
	case RESPIN_MOOD_WELL:
		break;
	}
	if (now->busy_ns >= WAITING_NS)
		(void)snprintf(text, cap, "in one command for %s",
			       quantity_duration(now->busy_ns / SECOND_NS).text);
	else
		(void)snprintf(text, cap, "%s", now->snapshot->paused ? "resting" : "well");
}

/* "4x"; drives round their kB/s up and down, so nearly whole is whole. */
static struct quantity multiple(double times)
{
	struct quantity words;
	double whole = (double)(uint64_t)(times + 0.5), off = times > whole ? times - whole : whole - times;
	(void)snprintf(words.text, sizeof words.text, "%.*fx", off > times / 50, times);
	return words;
}

void telling_drive(const struct frame_now *now, char *text, size_t cap)
{
	struct respin_place place;
	char mood[128];
	uint32_t kbps = now->snapshot->speed_kbps;
	mood_words(now, mood, sizeof mood);
	if (now->view->info.plain)
		(void)snprintf(text, cap, "%s", mood);
	else if (!kbps)
		(void)snprintf(text, cap, "%s; at its own speed", mood);
	else if (place_of(now, &place) && place.kbps_1x > 0)
		(void)snprintf(text, cap, "%s; held to %s (%" PRIu32 " kB/s)", mood,
			       multiple(kbps / place.kbps_1x).text, kbps);
	else
		(void)snprintf(text, cap, "%s; held to %" PRIu32 " kB/s", mood, kbps);
}

static void add(char *text, size_t cap, uint64_t count, const char *what)
{
	size_t used = strlen(text);
	(void)snprintf(text + used, cap - used, "%s%s %s", used ? ", " : "", quantity_grouped(count).text,
		       what);
}

void telling_files(const struct file_counts *files, char *text, size_t cap)
{
	if (!files->known) {
		(void)snprintf(text, cap, "not known: no file system was found so far");
		return;
	}
	*text = '\0';
	add(text, cap, files->whole, "whole");
	add(text, cap, files->hit, "hit");
	add(text, cap, files->untouched, "still to be read");
	if (files->unknown)
		add(text, cap, files->unknown, "not found yet");
}

void telling_trouble(const struct frame_now *now, char *text, size_t cap)
{
	const struct view_drive *drive = &now->drive;
	const struct respin_reply *reply = &drive->trouble.reply;
	const struct respin_sense *sense = &reply->sense;
	uint64_t areas = now->snapshot->stats.bad_areas;
	if (!drive->in_trouble) {
		(void)snprintf(text, cap, "%s%s", areas ? quantity_count(areas, "damaged area").text : "",
			       areas ? " of an earlier run" : "none so far");
		return;
	}
	char codes[32] = "", damage[64] = "";
	if (sense->key || sense->asc)
		(void)snprintf(codes, sizeof codes, " (%02X/%02X/%02X)", sense->key, sense->asc, sense->ascq);
	if (areas)
		(void)snprintf(damage, sizeof damage, "%s; ", quantity_count(areas, "area").text);
	(void)snprintf(text, cap, "%s%s %" PRId64 ": %s%s", damage, sector_word(now),
		       lba_of(now, drive->trouble.request.range.start),
		       words_reason((enum respin_reason)reply->reason), codes);
}

void telling_time_left(const struct frame_now *now, char *text, size_t cap)
{
	rate_time_left(&now->view->rate, now->snapshot, now->view->info.ecc_block, text, cap);
}

void telling_where(const struct frame_now *now, char *text, size_t cap)
{
	char rate[128];
	int64_t lba = lba_of(now, telling_position(now));
	int used = snprintf(text, cap, "%s %" PRId64, sector_word(now), lba);
	const char *between = ", ";
	if (now->snapshot->mood != RESPIN_MOOD_WELL || now->busy_ns >= WAITING_NS) {
		between = ", the drive is ";
		mood_words(now, rate, sizeof rate);
	} else if (!rate_words(now, rate, sizeof rate)) {
		return;
	}
	if (used > 0 && (size_t)used < cap)
		(void)snprintf(text + used, cap - (size_t)used, "%s%s", between, rate);
}

bool telling_warning(const struct respin_snapshot *snapshot, char *text, size_t cap)
{
	if (snapshot->output_stuck_ms)
		(void)snprintf(text, cap,
			       "the output has taken nothing for %s: is its disk busy, full or gone?",
			       quantity_duration(snapshot->output_stuck_ms / 1000).text);
	else if (stop_wanted())
		(void)snprintf(text, cap, "stopping; everything is being saved; once more to leave at once");
	else
		return false;
	return true;
}
