/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake source. Its answers follow from its tables alone. */
#include "fake_source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define MS_NS 1000000ull

void fake_fill(uint64_t unit, unsigned char bytes[FAKE_UNIT])
{
	struct rng rng = {unit};
	for (unsigned i = 0; i < FAKE_UNIT; i += 8) {
		uint64_t word = rng_next(&rng);
		memcpy(bytes + i, &word, 8);
	}
}

void fake_source_init(struct fake_source *fake, uint64_t units, uint32_t ecc_block, uint32_t request_max)
{
	memset(fake, 0, sizeof *fake);
	fake->units = units;
	fake->ecc_block = ecc_block;
	fake->request_max = request_max;
	fake->unit = calloc(units ? units : 1, 1);
	fake->log = calloc(FAKE_LOG, sizeof *fake->log);
	assert(fake->unit && fake->log);
	for (size_t i = 0; i < 8; i++)
		fake->script[i].used = true;
	sem_init(&fake->release, 0, 0);
	sem_init(&fake->entered, 0, 0);
}

void fake_source_finish(struct fake_source *fake)
{
	sem_destroy(&fake->release);
	sem_destroy(&fake->entered);
	free(fake->unit);
	free(fake->log);
}

static void fake_info(void *self, struct respin_source_info *info)
{
	struct fake_source *fake = self;
	*info = (struct respin_source_info){.size = sizeof *info,
					    .units = fake->units,
					    .unit_bytes = FAKE_UNIT,
					    .ecc_block = fake->ecc_block,
					    .max_request_units = fake->request_max,
					    .kind = "fake",
					    .speed_kbps = fake->speed_kbps};
}

static bool unit_fails(const struct fake_source *fake, uint64_t unit, bool *slow)
{
	uint64_t begin = unit, end = unit + 1;
	if (fake->ecc_fails_whole) {
		begin = unit - unit % fake->ecc_block;
		end = begin + fake->ecc_block;
	}
	for (uint64_t i = begin; i < end && i < fake->units; i++)
		if (fake->unit[i] == FAKE_BAD || fake->unit[i] == FAKE_SLOW_BAD) {
			*slow = fake->unit[i] == FAKE_SLOW_BAD;
			return true;
		}
	return false;
}

static void answer(struct fake_source *fake, const struct respin_request *request, unsigned char *bytes,
		   struct respin_reply *reply)
{
	bool slow = false;
	for (uint64_t i = 0; i < request->range.count; i++) {
		uint64_t unit = request->range.start + i;
		if (fake->unit[unit] == FAKE_MARGINAL || fake->unit[unit] == FAKE_FICKLE)
			reply->reason = RESPIN_REASON_RECOVERED;
		if (fake->unit[unit] == FAKE_DEADLY) {
			reply->reason = RESPIN_REASON_LINK;
			return;
		}
		if (!unit_fails(fake, unit, &slow))
			continue;
		reply->reason = RESPIN_REASON_MEDIUM;
		reply->scsi_status = 2;
		reply->sense = (struct respin_sense){
			.key = 3, .asc = 0x11, .has_info = fake->info, .info_lba = (int64_t)unit};
		reply->elapsed_ns = slow ? 10000 * MS_NS : 100 * MS_NS;
		/* The buffer now holds something: it must not be believed. */
		if (bytes)
			memset(bytes, 0xEE, request->range.count * FAKE_UNIT);
		return;
	}
	if (reply->reason == RESPIN_REASON_RECOVERED && fake->recovery_ns)
		reply->elapsed_ns = fake->recovery_ns;
	uint64_t arrive = request->range.count;
	if (fake->short_units && fake->short_units < arrive) {
		arrive = fake->short_units;
		reply->filled_bytes = arrive * FAKE_UNIT;
		if (fake->short_tells)
			reply->residual_bytes = (request->range.count - arrive) * FAKE_UNIT;
	}
	for (uint64_t i = 0; bytes && i < arrive; i++) {
		unsigned char *at = bytes + i * FAKE_UNIT;
		fake_fill(request->range.start + i, at);
		if (fake->unit[request->range.start + i] == FAKE_FICKLE)
			at[0] = (unsigned char)(at[0] ^ (fake->reads * 2 + 1));
		if (fake->swapped_at && fake->reads >= fake->swapped_at)
			at[1] ^= 0xff;
	}
}

static void fake_read(void *self, const struct respin_request *request, void *buffer,
		      struct respin_reply *reply)
{
	struct fake_source *fake = self;
	bool was_inside = atomic_exchange(&fake->inside, true);
	assert(!was_inside); /* one command in flight */
	assert(request->range.count > 0 && request->range.start + request->range.count <= fake->units);
	uint64_t nth = atomic_fetch_add(&fake->reads, 1);
	*reply = (struct respin_reply){.reason = RESPIN_REASON_GOOD,
				       .resid_trusted = !fake->untrusted,
				       .poison_trusted = !fake->untrusted,
				       .asked_bytes = request->range.count * FAKE_UNIT,
				       .filled_bytes = request->range.count * FAKE_UNIT,
				       .elapsed_ns = MS_NS};
	bool scripted = false;
	for (size_t i = 0; i < 8; i++)
		if (!fake->script[i].used && fake->script[i].nth == nth) {
			fake->script[i].used = true;
			reply->reason = fake->script[i].reason;
			reply->scsi_status = 2;
			scripted = true;
		}
	if (fake->deaf_from && nth + 1 >= fake->deaf_from) {
		reply->reason = fake->deaf_reason;
		reply->scsi_status = 2;
	} else if (!scripted)
		answer(fake, request, buffer, reply);
	if (nth < FAKE_LOG)
		fake->log[nth] = (struct fake_read){*request, reply->reason};
	atomic_fetch_add(&fake->clock_ns, reply->elapsed_ns);
	sem_post(&fake->entered);
	if (fake->hang)
		sem_wait(&fake->release);
	if (fake->after_read)
		fake->after_read(fake->arg, nth + 1);
	atomic_store(&fake->inside, false);
}

static void fake_control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	struct fake_source *fake = self;
	atomic_fetch_add(&fake->controls, 1);
	*reply = (struct respin_reply){.reason = (uint8_t)fake->control_answer};
	if (command != RESPIN_DRIVE_SLOWER && command != RESPIN_DRIVE_FASTER)
		return;
	reply->reason = fake->speed_answer;
	atomic_fetch_add(command == RESPIN_DRIVE_SLOWER ? &fake->slower : &fake->faster, 1);
	if (fake->speed_answer == RESPIN_REASON_GOOD)
		atomic_store(&fake->speed_kbps, FAKE_TOP_KBPS - 100 * (fake->slower - fake->faster));
}

static uint64_t fake_now(void *self)
{
	struct fake_source *fake = self;
	return atomic_load(&fake->clock_ns);
}

static void fake_sleep(void *self, uint64_t ns)
{
	struct fake_source *fake = self;
	if (ns > atomic_load(&fake->clock_ns))
		atomic_store(&fake->clock_ns, ns);
	if (fake->after_sleep)
		fake->after_sleep(fake->arg, ns);
}

static void fake_interrupt(void *self)
{
	struct fake_source *fake = self;
	atomic_fetch_add(&fake->interrupts, 1);
}

static void fake_destroy(void *self)
{
	struct fake_source *fake = self;
	atomic_store(&fake->destroyed, true);
}

static const struct respin_source_ops fake_ops = {
	.size = sizeof fake_ops,
	.info = fake_info,
	.read = fake_read,
	.control = fake_control,
	.now_ns = fake_now,
	.sleep_until_ns = fake_sleep,
	.interrupt = fake_interrupt,
	.destroy = fake_destroy,
};

struct respin_source fake_source(struct fake_source *fake)
{
	return (struct respin_source){&fake_ops, fake};
}
