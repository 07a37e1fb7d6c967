/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image and its map as a source, for filling the gaps of another image. A
 * gap of this image says nothing about the disc: the source calls itself
 * partial, so that nothing is given up for its sake, and a failed reply covers
 * the gap alone. The map is read once, when the source is opened.
 */
#include "io/source_image.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "core/classify.h"
#include "core/geometry.h"
#include "io/clock_real.h"
#include "io/partial.h"
#include "io/source_block.h"

struct source_image {
	struct partial partial;
	struct respin_source_info info;
};

static void image_info(void *self, struct respin_source_info *info)
{
	const struct source_image *image = self;
	*info = image->info;
}

/* The image's own storage failed: this is no gap, but the bytes are as lacking. */
static void broken(struct respin_reply *reply, int sys_errno)
{
	/* An image that somebody has cut is not a damaged disc. */
	reply->reason = (uint8_t)(sys_errno == ENODATA ? RESPIN_REASON_GONE : source_block_reason(sys_errno));
	reply->sys_errno = sys_errno;
	reply->scsi_status = SCSI_CHECK_CONDITION;
	reply->residual_bytes = reply->asked_bytes;
	reply->filled_bytes = 0;
}

static void image_read(void *self, const struct respin_request *request, void *buffer,
		       struct respin_reply *reply)
{
	struct source_image *image = self;
	const struct partial *partial = &image->partial;
	struct respin_range range = request->range;
	assert(range.count > 0 && range.count <= image->info.max_request_units);
	assert(range.start < image->info.units && range.count <= image->info.units - range.start);

	uint64_t began = clock_real_now_ns();
	struct respin_extent run;
	(void)map_find(partial->map, range.start, MASK_ALL, &run);
	bool there = run.status == RESPIN_FINISHED;
	for (struct respin_extent more; !there && run.range.count < range.count;
	     run.range.count += more.range.count)
		if (!map_find(partial->map, run.range.start + run.range.count, MASK_ALL, &more) ||
		    more.status == RESPIN_FINISHED)
			break; /* a gap goes on through other kinds of lacking */
	if (run.range.count > range.count)
		run.range.count = range.count;
	/* Of a gap no more is asked for than the gap: what lies behind it was not tried. */
	size_t whole = partial_bytes(&partial->layout, range);
	size_t len = partial_bytes(&partial->layout, run.range);
	*reply = (struct respin_reply){
		.reason = (uint8_t)(!there         ? RESPIN_REASON_MEDIUM
				    : len == whole ? RESPIN_REASON_GOOD
						   : RESPIN_REASON_SHORT),
		.resid_trusted = 1,
		.poison_trusted = 1,
		.scsi_status = there ? SCSI_GOOD : SCSI_CHECK_CONDITION,
		.asked_bytes = there ? whole : len,
		.residual_bytes = there ? whole - len : len,
		.filled_bytes = there ? len : 0,
	};
	int rc = there ? partial_read(partial, run.range, buffer) : 0;
	if (rc < 0)
		broken(reply, -rc);
	reply->elapsed_ns = clock_real_now_ns() - began;
}

static void image_control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	(void)self;
	bool turns = command == RESPIN_DRIVE_START; /* nothing does */
	*reply = (struct respin_reply){.reason = turns ? RESPIN_REASON_REFUSED : RESPIN_REASON_GOOD};
}

static void image_destroy(void *self)
{
	struct source_image *image = self;
	partial_close(&image->partial);
	free(image);
}

static const struct respin_source_ops ops = {
	.size = sizeof(struct respin_source_ops),
	.info = image_info,
	.read = image_read,
	.control = image_control,
	.destroy = image_destroy,
};

static void info_fill(struct source_image *image)
{
	const struct partial *partial = &image->partial;
	uint64_t size_bytes = layout_pos(&partial->layout, partial->layout.units);
	struct respin_source_info *info = &image->info;
	info->size = sizeof *info;
	info->units = partial->layout.units;
	info->unit_bytes = partial->layout.unit_bytes;
	info->tail_bytes = partial->layout.tail_bytes;
	info->ecc_block = 1;
	info->max_request_units = GEOMETRY_PLAIN_REQUEST_BYTES / info->unit_bytes;
	info->plain = 1;
	info->partial = 1;
	info->identity = hash_bytes(&size_bytes, sizeof size_bytes, 0) | 1;
	(void)snprintf(info->kind, sizeof info->kind, "image");
	/* The image's own path: nothing may be written there. */
	(void)snprintf(info->address, sizeof info->address, "%s", partial->image_path);
}

int source_image_open(const char *address, struct respin_source *source, struct respin_error *error)
{
	*source = (struct respin_source){0};
	struct source_image *image = calloc(1, sizeof *image);
	if (!image)
		return error_set(error, RESPIN_E_NOMEM, ENOMEM, "no memory for a source");
	int code = partial_open(address, false, &image->partial, error);
	if (code < 0) {
		free(image);
		return code;
	}
	info_fill(image);
	*source = (struct respin_source){&ops, image};
	return 0;
}
