/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The helpers of asking.h. Everything that does not work fails the test. */
#include "asking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sense.h"

#define NS_PER_S 1000000000ull

void asking_open_raw(struct asking *asking, const char *keys)
{
	char address[1024];
	struct respin_error error = {0};
	struct respin_source image = {0};
	struct scenario *scenario = calloc(1, sizeof *scenario);
	assert_non_null(scenario);
	memset(asking, 0, sizeof *asking);
	/* What arrives is counted by the residual: behind libata there would be none. */
	(void)snprintf(address, sizeof address, "sim:disc?%s%s", keys,
		       strstr(keys, "resid=") ? "" : "&resid=honest");
	if (scenario_address(scenario, address, NULL, &error) < 0 ||
	    transport_sim_create(scenario, &image, NULL, &asking->transport, &error) < 0)
		fail_msg("%s: %s", address, error.text);
	free(scenario);
}

void asking_wait_s(struct asking *asking, unsigned seconds)
{
	const struct respin_transport *t = &asking->transport;
	t->ops->sleep_until_ns(t->self, t->ops->now_ns(t->self) + seconds * NS_PER_S);
	uint32_t answer = 0;
	for (int i = 0; i < 6; i++) {
		answer = TELL(asking, 0, 0, 0, 0, 0, 0, 0);
		if (answer >> 16 != 6)
			return;
	}
	fail_msg("attentions without end: %05x", (unsigned)answer);
}

void asking_open(struct asking *asking, const char *keys)
{
	asking_open_raw(asking, keys);
	asking_wait_s(asking, 120);
	uint32_t answer = TELL(asking, 0, 0, 0, 0, 0, 0, 0);
	if (answer)
		fail_msg("%s: not ready: %05x", keys, (unsigned)answer);
}

void asking_close(struct asking *asking)
{
	asking->transport.ops->destroy(asking->transport.self);
}

uint32_t asking_send(struct asking *asking, const uint8_t *cdb, size_t cdb_len, bool in, uint32_t len)
{
	struct respin_command command = {
		.cdb_len = (uint8_t)cdb_len,
		.data_in = in && len,
		.data_len = len,
		.data = len ? asking->bytes : NULL,
		.timeout_ms = asking->timeout_ms,
	};
	assert_true(len <= sizeof asking->bytes && cdb_len <= sizeof command.cdb);
	memcpy(command.cdb, cdb, cdb_len);
	if (in)
		memset(asking->bytes, ASKING_FILL, sizeof asking->bytes);
	memset(&asking->reply, ASKING_FILL, sizeof asking->reply);
	asking->transport.ops->exec(asking->transport.self, &command, &asking->reply);
	assert_true(asking->reply.residual <= len);
	asking->arrived = len - asking->reply.residual;
	if (asking->reply.host)
		return NO_ANSWER(asking->reply.host);
	bool has_sense = sense_decode(asking->reply.sense, asking->reply.sense_len, &asking->sense);
	assert_int_equal(asking->reply.scsi_status, has_sense ? 2 : 0);
	return (uint32_t)asking->sense.key << 16 | (uint32_t)asking->sense.asc << 8 | asking->sense.ascq;
}
