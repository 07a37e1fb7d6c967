/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decorator of decorate_fault.h. Below it nothing happens when a rule makes a read fail. */
#include "mmc/decorate_fault.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/ops.h"
#include "core/classify.h"
#include "mmc/decorate.h"

struct faulty {
	struct decorator base;
	uint64_t reads;
	size_t count;
	struct fault faults[];
};

static void faulty_info(void *self, struct respin_source_info *info)
{
	const struct faulty *f = self;
	f->base.inner.ops->info(f->base.inner.self, info);
}

static bool matches(const struct fault *fault, uint64_t index, struct respin_range range)
{
	if (index < fault->from || (fault->reads && index - fault->from >= fault->reads))
		return false;
	if (!fault->range.count)
		return true;
	return range.start < fault->range.start + fault->range.count &&
	       fault->range.start < range.start + range.count;
}

static const struct fault *find(const struct faulty *f, uint64_t index, struct respin_range range)
{
	for (size_t i = 0; i < f->count; i++)
		if (matches(&f->faults[i], index, range))
			return &f->faults[i];
	return NULL;
}

static void delay(struct faulty *f, uint64_t ns, struct respin_reply *reply)
{
	const struct respin_source_ops *ops = f->base.inner.ops;
	reply->elapsed_ns += ns;
	if (ns && OPS_HAS(ops, now_ns) && OPS_HAS(ops, sleep_until_ns))
		ops->sleep_until_ns(f->base.inner.self, ops->now_ns(f->base.inner.self) + ns);
}

static bool has_status(enum respin_reason reason)
{
	switch (reason) {
	case RESPIN_REASON_TIMEOUT:
	case RESPIN_REASON_LINK:
	case RESPIN_REASON_GONE:
	case RESPIN_REASON_CANCELLED:
		return false;
	default:
		return true;
	}
}

static void fail(const struct fault *fault, uint64_t asked_bytes, struct respin_reply *reply)
{
	*reply = (struct respin_reply){
		.reason = (uint8_t)fault->reason,
		.resid_trusted = 1,
		.poison_trusted = 1,
		.scsi_status = has_status(fault->reason) ? SCSI_CHECK_CONDITION : SCSI_GOOD,
		.host_status = has_status(fault->reason) ? RESPIN_HOST_OK : RESPIN_HOST_ERROR,
		.sys_errno = fault->sys_errno,
		.sense = fault->sense,
		.asked_bytes = asked_bytes,
		.residual_bytes = asked_bytes,
	};
}

/* GOOD, but the transfer ended early. What did not arrive is wiped, so that nobody can use it. */
static void cut(const struct fault *fault, uint32_t unit_bytes, void *buffer, struct respin_reply *reply)
{
	uint64_t moved = fault->moved_units * unit_bytes;
	if (moved >= reply->asked_bytes)
		return;
	memset((unsigned char *)buffer + moved, 0, reply->asked_bytes - moved);
	if (reply->filled_bytes > moved)
		reply->filled_bytes = moved;
	reply->residual_bytes = fault->residual_lies ? 0 : reply->asked_bytes - moved;
	reply->resid_trusted &= !fault->residual_lies;
}

static void faulty_read(void *self, const struct respin_request *request, void *buffer,
			struct respin_reply *reply)
{
	struct faulty *f = self;
	const struct fault *fault = find(f, f->reads++, request->range);
	struct respin_source_info info = {.size = sizeof info};
	f->base.inner.ops->info(f->base.inner.self, &info);
	if (!fault || fault->reason == RESPIN_REASON_GOOD)
		f->base.inner.ops->read(f->base.inner.self, request, buffer, reply);
	else
		fail(fault, request->range.count * info.unit_bytes, reply);
	if (!fault)
		return;
	if (fault->reason == RESPIN_REASON_GOOD && reply->reason == RESPIN_REASON_GOOD)
		cut(fault, info.unit_bytes, buffer, reply);
	delay(f, fault->delay_ns, reply);
}

static void faulty_destroy(void *self)
{
	struct faulty *f = self;
	if (!f)
		return;
	decorate_finish(&f->base);
	free(f);
}

static const struct respin_source_ops own = {
	.info = faulty_info,
	.read = faulty_read,
	.destroy = faulty_destroy,
};

int source_fault(struct respin_source *inner, const struct fault *faults, size_t count,
		 struct respin_source *source, struct respin_error *error)
{
	struct respin_source taken = *inner;
	*inner = (struct respin_source){0};
	*source = (struct respin_source){0};
	struct faulty *f = calloc(1, sizeof *f + count * sizeof *faults);
	if (!f) {
		taken.ops->destroy(taken.self);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a decorator");
	}
	decorate_init(&f->base, taken, &own);
	f->count = count;
	if (count)
		memcpy(f->faults, faults, count * sizeof *faults);
	*source = (struct respin_source){&f->base.ops, f};
	return 0;
}
