/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller's transform around a source: what enters the queue is already the
 * bytes to keep. It sees only bytes that are shown to have arrived, and what it
 * refuses is reported as locked; it cannot make a failed read good.
 */
#include "mmc/decorate.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/ops.h"
#include "core/verdict.h"

#define PAGE_BYTES 4096u

struct transformer {
	struct decorator base;
	struct respin_transform transform;
	uint32_t unit_bytes; /* as the inner source reads them */
	unsigned char *read; /* one request of the inner source */
};

static void transformer_info(void *self, struct respin_source_info *info)
{
	const struct transformer *t = self;
	t->base.inner.ops->info(t->base.inner.self, info);
	info->unit_bytes = t->transform.keep_bytes;
}

/* Everything that is counted in bytes, now in the bytes that are kept. */
static void recount(const struct transformer *t, uint64_t units, uint64_t turned, struct respin_reply *reply)
{
	uint64_t keep = t->transform.keep_bytes;
	reply->asked_bytes = units * keep;
	reply->filled_bytes = turned * keep;
	reply->residual_bytes = (units - turned) * keep;
}

static bool has_bytes(const struct respin_reply *reply)
{
	return !reply->sense.deferred &&
	       (reply->reason == RESPIN_REASON_GOOD || reply->reason == RESPIN_REASON_RECOVERED ||
		reply->reason == RESPIN_REASON_SHORT);
}

static void transformer_read(void *self, const struct respin_request *request, void *buffer,
			     struct respin_reply *reply)
{
	struct transformer *t = self;
	struct respin_range range = request->range;
	t->base.inner.ops->read(t->base.inner.self, request, t->read, reply);
	uint64_t arrived = has_bytes(reply) ? verdict_arrived(request, reply, t->unit_bytes) : 0;
	uint64_t turned = 0;
	if (arrived)
		turned = t->transform.apply(t->transform.self, (struct respin_range){range.start, arrived},
					    t->read, buffer);
	assert(turned <= arrived);
	if (turned < arrived)
		reply->reason = RESPIN_REASON_LOCKED;
	recount(t, range.count, turned, reply);
}

static void transformer_destroy(void *self)
{
	struct transformer *t = self;
	if (!t)
		return;
	decorate_finish(&t->base);
	free(t->read);
	free(t);
}

static const struct respin_source_ops own = {
	.info = transformer_info,
	.read = transformer_read,
	.destroy = transformer_destroy,
};

int respin_source_transform(struct respin_source *inner, const struct respin_transform *transform,
			    struct respin_source *source, struct respin_error *error)
{
	struct respin_source taken = *inner;
	*inner = (struct respin_source){0};
	*source = (struct respin_source){0};
	struct respin_source_info info = {.size = sizeof info};
	taken.ops->info(taken.self, &info);
	int code = 0;
	if (!OPS_HAS(transform, apply) || transform->keep_bytes == 0)
		code = error_set(error, RESPIN_E_INVALID, 0, "a transform needs apply and keep_bytes");
	else if (info.tail_bytes)
		code = error_set(error, RESPIN_E_UNSUPPORTED, 0,
				 "%s: it ends in a short sector, which cannot be transformed", info.address);
	struct transformer *t = code ? NULL : calloc(1, sizeof *t);
	size_t bytes = (size_t)info.max_request_units * info.unit_bytes;
	if (t)
		t->read = aligned_alloc(PAGE_BYTES, (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
	if (!t || !t->read) {
		if (code == 0)
			code = error_set(error, RESPIN_E_NOMEM, 0, "no memory for a transform");
		free(t);
		taken.ops->destroy(taken.self);
		return code;
	}
	decorate_init(&t->base, taken, &own);
	t->transform = *transform;
	t->unit_bytes = info.unit_bytes;
	*source = (struct respin_source){&t->base.ops, t};
	return 0;
}
