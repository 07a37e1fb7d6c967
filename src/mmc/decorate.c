/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passing on. Changes nothing. */
#include "mmc/decorate.h"

#include "base/ops.h"

static void pass_control(void *self, enum respin_drive_command command, struct respin_reply *reply)
{
	struct decorator *d = self;
	d->inner.ops->control(d->inner.self, command, reply);
}

static void pass_interrupt(void *self)
{
	struct decorator *d = self;
	d->inner.ops->interrupt(d->inner.self);
}

static uint64_t pass_now_ns(void *self)
{
	struct decorator *d = self;
	return d->inner.ops->now_ns(d->inner.self);
}

static void pass_sleep_until_ns(void *self, uint64_t ns)
{
	struct decorator *d = self;
	d->inner.ops->sleep_until_ns(d->inner.self, ns);
}

void decorate_init(struct decorator *decorator, struct respin_source inner,
		   const struct respin_source_ops *own)
{
	*decorator = (struct decorator){.inner = inner, .ops = *own};
	struct respin_source_ops *ops = &decorator->ops;
	ops->size = sizeof *ops;
	if (OPS_HAS(inner.ops, control))
		ops->control = pass_control;
	if (OPS_HAS(inner.ops, interrupt))
		ops->interrupt = pass_interrupt;
	if (OPS_HAS(inner.ops, now_ns) && OPS_HAS(inner.ops, sleep_until_ns)) {
		ops->now_ns = pass_now_ns;
		ops->sleep_until_ns = pass_sleep_until_ns;
	}
}

void decorate_finish(struct decorator *decorator)
{
	if (decorator->inner.ops)
		decorator->inner.ops->destroy(decorator->inner.self);
	decorator->inner = (struct respin_source){0};
}
