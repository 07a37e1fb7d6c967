/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "sim:exec:COMMAND": a drive model of somebody else's, its process (src/io)
 * tied to its protocol (src/sim), which know nothing of each other.
 */
#include <string.h>

#include "base/error.h"
#include "io/pipe.h"
#include "respin_open.h"
#include "sim/model.h"

#define SCHEME "sim:exec:"

static int link_send(void *self, const char *line, struct respin_error *error)
{
	return pipe_send(self, line, error);
}

static int link_receive(void *self, char *line, size_t size, struct respin_error *error)
{
	return pipe_receive(self, line, size, error);
}

static void link_interrupt(void *self)
{
	pipe_interrupt(self);
}

static void link_destroy(void *self)
{
	pipe_destroy(self);
}

static const struct model_link_ops link_ops = {link_send, link_receive, link_interrupt, link_destroy};

bool open_is_model(const char *address)
{
	return !strncmp(address, SCHEME, strlen(SCHEME));
}

int open_model(const char *address, struct respin_error *failure, struct model **model,
	       struct respin_error *error)
{
	*model = NULL;
	const char *command = open_is_model(address) ? address + strlen(SCHEME) : "";
	if (!command[strspn(command, " \t\n")])
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%.100s: the command is missing: " SCHEME "COMMAND", address);
	struct pipe *pipe;
	int code = pipe_open(command, &pipe, error);
	if (code < 0)
		return code;
	struct model_link link = {&link_ops, pipe};
	return model_create(address, &link, failure, model, error);
}

int open_model_source(const char *address, struct respin_source *source, struct respin_error *error)
{
	struct model *model;
	int code = open_model(address, NULL, &model, error);
	if (code == 0)
		model_source(model, source);
	return code;
}
