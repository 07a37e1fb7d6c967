/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A source of one's own: a disc whose sectors are made of their numbers, and of
 * which some fail. What it takes for any other device is the same: say how large
 * it is, and answer one request with one reply. Rescues it to argv[1]; the
 * further words are sectors that fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <respin/respin.h>

#define SECTOR_BYTES 2048u
#define SECTORS 1600u
#define BLOCK 16u /* sectors that share one error correction, as on a DVD */

struct toy {
	unsigned bad_count;
	uint64_t bad[64];
};

static void toy_info(void *self, struct respin_source_info *info)
{
	(void)self;
	info->units = SECTORS;
	info->unit_bytes = SECTOR_BYTES;
	info->ecc_block = BLOCK;
	info->max_request_units = 2 * BLOCK;
	info->plain = 1; /* bytes, no commands of MMC */
	(void)snprintf(info->kind, sizeof info->kind, "toy");
	(void)snprintf(info->address, sizeof info->address, "toy:");
}

/* How many sectors of the range there are before the first one that fails. */
static uint64_t good_ones(const struct toy *toy, struct respin_range range)
{
	uint64_t good = range.count;
	for (unsigned i = 0; i < toy->bad_count; i++)
		if (toy->bad[i] >= range.start && toy->bad[i] - range.start < good)
			good = toy->bad[i] - range.start;
	return good;
}

/* One attempt and no retry: whether to try again, and when, is decided elsewhere. A failure is a value. */
static void toy_read(void *self, const struct respin_request *request, void *buffer,
		     struct respin_reply *reply)
{
	char *to = buffer;
	uint64_t good = good_ones(self, request->range);
	memset(buffer, 0, request->range.count * SECTOR_BYTES);
	for (uint64_t i = 0; i < good; i++, to += SECTOR_BYTES)
		(void)snprintf(to, SECTOR_BYTES, "sector %llu\n",
			       (unsigned long long)(request->range.start + i));
	*reply = (struct respin_reply){.reason = good == request->range.count ? RESPIN_REASON_GOOD
									      : RESPIN_REASON_MEDIUM,
				       .resid_trusted = 1,
				       .asked_bytes = request->range.count * SECTOR_BYTES,
				       .residual_bytes = (request->range.count - good) * SECTOR_BYTES,
				       .filled_bytes = good * SECTOR_BYTES};
}

static void toy_destroy(void *self)
{
	free(self);
}

static const struct respin_source_ops toy_ops = {
	.size = sizeof toy_ops, .info = toy_info, .read = toy_read, .destroy = toy_destroy};

int main(int argc, char **argv)
{
	struct toy *toy = calloc(1, sizeof *toy);
	if (argc < 2 || !toy) {
		free(toy);
		return 2;
	}
	for (int i = 2; i < argc && toy->bad_count < 64; i++)
		toy->bad[toy->bad_count++] = strtoull(argv[i], NULL, 10);
	struct respin_source source = {&toy_ops, toy}; /* the session destroys it */
	struct respin_error error = {0};
	struct respin_session *session = NULL;
	const struct respin_output_options output = {.size = sizeof output, .image = argv[1]};
	const struct respin_session_options options = {.size = sizeof options,
						       .mode = RESPIN_MODE_RESCUE,
						       .sources = &source,
						       .source_count = 1,
						       .output = &output,
						       .callbacks = {.size = sizeof options.callbacks}};
	struct respin_summary summary = {.size = sizeof summary};
	int code = respin_session_create(&options, &session, &error);
	if (code == 0)
		code = respin_session_run(session, &summary, &error);
	(void)printf("%s\n", code < 0 ? error.text : code ? "sectors are missing" : "everything is saved");
	respin_session_destroy(session);
	return code < 0 ? respin_exit_status(code) : code;
}
