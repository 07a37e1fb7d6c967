/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conversation with a drive model: one command, one answer, a clock that
 * never goes back. The first breach ends it for good; whose line and why goes
 * into the caller's error.
 */
#include "sim/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "sim/model_private.h"

#define NS_PER_MS 1000000ull
/* A model may count in doubles: so much may be missing of the time it was told to idle. */
#define IDLE_SHORT_NS 1000ull

/* Remembers the first failure; false, for the caller to return. */
static bool model_break(struct model *model, const struct respin_error *why)
{
	model->broken = true;
	if (model->failure && !model->failure->code)
		*model->failure = *why;
	return false;
}

static bool breach(struct model *model, const char *command, const char *line, const char *what)
{
	struct respin_error error = {0};
	(void)error_set(&error, RESPIN_E_SOURCE, 0, "the drive model's line %" PRIu64 ", '%.80s', to %s: %s",
			model->lines, line, command, what);
	return model_break(model, &error);
}

static bool link_failed(struct model *model, const char *command, const struct respin_error *why)
{
	struct respin_error error = {0};
	(void)error_set(&error, why->code, why->sys_errno,
			"the drive model, after %" PRIu64 " lines, at %s: %.300s", model->lines, command,
			why->text);
	return model_break(model, &error);
}

static bool converse(struct model *model, const char *command, struct model_answer *answer,
		     char line[MODEL_LINE_MAX])
{
	struct respin_error error = {0};
	if (model->broken || atomic_load(&model->interrupted))
		return false;
	int code = model->link.ops->send(model->link.self, command, &error);
	if (code == 0)
		code = model->link.ops->receive(model->link.self, line, MODEL_LINE_MAX, &error);
	if (code < 0)
		return link_failed(model, command, &error);
	model->lines++;
	const char *wrong = model_parse_answer(line, answer);
	if (!wrong && answer->now_ns < model->now_ns)
		wrong = "the clock went back";
	if (wrong)
		return breach(model, command, line, wrong);
	model->now_ns = answer->now_ns;
	return true;
}

bool model_read(struct model *model, uint64_t lba, uint32_t count, struct model_answer *answer)
{
	char command[64], line[MODEL_LINE_MAX];
	(void)snprintf(command, sizeof command, "READ %" PRIu64 " %" PRIu32, lba, count);
	if (!converse(model, command, answer, line))
		return false;
	if (!answer->ok && (answer->bad_lba < lba || answer->bad_lba - lba >= count))
		return breach(model, command, line, "that LBA was not asked for");
	return true;
}

static bool order(struct model *model, const char *command, struct model_answer *answer,
		  char line[MODEL_LINE_MAX])
{
	if (!converse(model, command, answer, line))
		return false;
	return answer->ok || breach(model, command, line, "only READ can be answered with BAD");
}

bool model_speed(struct model *model, unsigned speed)
{
	char command[64], line[MODEL_LINE_MAX];
	struct model_answer answer;
	(void)snprintf(command, sizeof command, "SPEED %u", speed);
	return order(model, command, &answer, line);
}

bool model_spin(struct model *model)
{
	char line[MODEL_LINE_MAX];
	struct model_answer answer;
	return order(model, "SPIN", &answer, line);
}

/* In whole milliseconds, rounded up: a wait that does not move the clock would have no end. */
bool model_idle(struct model *model, uint64_t ns)
{
	char command[64], line[MODEL_LINE_MAX];
	struct model_answer answer;
	uint64_t ms = (ns + NS_PER_MS - 1) / NS_PER_MS, before_ns = model->now_ns;
	if (ms == 0)
		return true;
	(void)snprintf(command, sizeof command, "IDLE %" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
	if (!order(model, command, &answer, line))
		return false;
	if (answer.now_ns - before_ns + IDLE_SHORT_NS < ms * NS_PER_MS)
		return breach(model, command, line, "its clock moved by less");
	return true;
}

int model_create(const char *address, struct model_link *link, struct respin_error *failure,
		 struct model **result, struct respin_error *error)
{
	struct model_link taken = *link;
	*link = (struct model_link){0};
	*result = NULL;
	struct model *model = calloc(1, sizeof *model);
	if (!model) {
		taken.ops->destroy(taken.self);
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a drive model");
	}
	model->link = taken;
	(void)snprintf(model->address, sizeof model->address, "%s", address);
	char line[MODEL_LINE_MAX];
	struct respin_error why = {0};
	int code = taken.ops->receive(taken.self, line, sizeof line, &why);
	const char *wrong = code == 0 ? model_parse_ready(line, &model->facts) : why.text;
	if (!wrong) {
		model->failure = failure;
		model->lines = 1;
		*result = model;
		return 0;
	}
	model_destroy(model);
	if (code < 0)
		return error_set(error, code == RESPIN_E_CANCELLED ? code : RESPIN_E_SOURCE, why.sys_errno,
				 "%.100s: %.300s before it said READY", address, wrong);
	return error_set(error, RESPIN_E_SOURCE, 0, "%.100s: its first line is '%.200s': %s", address, line,
			 wrong);
}

const struct model_facts *model_facts(const struct model *model)
{
	return &model->facts;
}

void model_destroy(struct model *model)
{
	if (!model)
		return;
	(void)model->link.ops->send(model->link.self, "QUIT", NULL);
	model->link.ops->destroy(model->link.self);
	free(model);
}
