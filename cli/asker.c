/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Single reads with patience, see asker.h. On the host's clock an alarm takes
 * the process out of a command that does not return; a source with a clock of
 * its own (a simulated drive) ends its commands by their timeouts.
 */
#include "asker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define MS_NS 1000000ull
#define SECOND_NS (1000 * MS_NS)
/* A host that gave up a command resets bus and drive; what comes at once thereafter fails for that alone. */
#define HUNG_REST_NS (3 * SECOND_NS)
#define REOPENS 3u
#define REOPEN_REST_NS (5 * SECOND_NS)
/* Less is no time for a command: a drive that is slow but well would be aborted. */
#define LEAST_NS (500 * MS_NS)

static struct respin_source *alarmed; /* what the alarm interrupts */

static void on_alarm(int number)
{
	(void)number;
	if (alarmed && alarmed->ops && alarmed->ops->interrupt)
		alarmed->ops->interrupt(alarmed->self);
}

static uint64_t host_now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

uint64_t asker_now_ns(const struct asker *asker)
{
	const struct respin_source *source = &asker->source;
	return source->ops && source->ops->now_ns ? source->ops->now_ns(source->self) : host_now_ns();
}

uint64_t asker_left_ns(const struct asker *asker)
{
	uint64_t now = asker_now_ns(asker);
	return asker->ends_ns == UINT64_MAX ? UINT64_MAX : now < asker->ends_ns ? asker->ends_ns - now : 0;
}

void asker_sleep(struct asker *asker, uint64_t ns)
{
	const struct respin_source *source = &asker->source;
	uint64_t left = asker_left_ns(asker);
	if (ns > left)
		ns = left;
	if (source->ops->now_ns && source->ops->sleep_until_ns) {
		source->ops->sleep_until_ns(source->self, asker_now_ns(asker) + ns);
		return;
	}
	struct timespec rest = {(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};
	(void)nanosleep(&rest, NULL);
}

static void set_alarm(struct asker *asker, uint64_t ns)
{
	struct sigaction act = {.sa_handler = on_alarm};
	struct itimerval when = {
		.it_value = {(time_t)(ns / SECOND_NS), (suseconds_t)(ns % SECOND_NS / 1000)}};
	if (!ns)
		when.it_value.tv_usec = 1;
	alarmed = &asker->source;
	asker->alarmed = true;
	(void)sigaction(SIGALRM, &act, NULL);
	(void)setitimer(ITIMER_REAL, &when, NULL);
}

int asker_open(struct asker *asker, const char *address, uint64_t budget_ns, struct respin_error *error)
{
	uint64_t before = host_now_ns();
	*asker = (struct asker){.info.size = sizeof asker->info, .ends_ns = UINT64_MAX};
	int code = respin_source_open_apart(address, &asker->source, error);
	if (code < 0)
		return code;
	bool own_clock = asker->source.ops->now_ns != NULL;
	asker->begun_ns =
		own_clock ? 0 : before; /* a simulated drive's clock begins when it is switched on */
	if (budget_ns)
		asker->ends_ns = asker->begun_ns + budget_ns;
	if (budget_ns && !own_clock)
		set_alarm(asker, asker_left_ns(asker));
	respin_source_info(&asker->source, &asker->info);
	asker->buffer = malloc((size_t)asker->info.max_request_units * asker->info.unit_bytes);
	if (asker->buffer)
		return 0;
	asker_close(asker);
	*error = (struct respin_error){.code = RESPIN_E_NOMEM, .text = "no memory for a read"};
	return RESPIN_E_NOMEM;
}

void asker_close(struct asker *asker)
{
	const struct itimerval never = {0};
	if (asker->alarmed)
		(void)setitimer(ITIMER_REAL, &never, NULL);
	alarmed = NULL;
	respin_source_destroy(&asker->source);
	free(asker->buffer);
	asker->buffer = NULL;
}

/* The drive has something to say before it reads. True: ask again. */
static bool prepare(struct asker *asker, enum respin_reason reason, enum asker_answer *answer)
{
	struct respin_reply reply = {0};
	const struct respin_source *source = &asker->source;
	enum respin_drive_command command = reason == RESPIN_REASON_NEEDS_START ? RESPIN_DRIVE_START
					    : reason == RESPIN_REASON_LINK      ? RESPIN_DRIVE_REOPEN
										: RESPIN_DRIVE_IDENTIFY;
	bool waits = reason == RESPIN_REASON_BECOMING_READY || reason == RESPIN_REASON_NOT_READY ||
		     reason == RESPIN_REASON_NO_MEDIUM || reason == RESPIN_REASON_LINK;
	if (waits)
		asker_sleep(asker, SECOND_NS);
	if (asker_left_ns(asker) < LEAST_NS) {
		*answer = ASKER_LATE;
		return false;
	}
	if (!source->ops->control)
		return true;
	source->ops->control(source->self, command, &reply);
	/* A bridge that has crashed comes back after some seconds, and may need to be asked more than once. */
	for (unsigned i = 0;
	     i < REOPENS && command == RESPIN_DRIVE_REOPEN && reply.reason == RESPIN_REASON_LINK; i++) {
		asker_sleep(asker, REOPEN_REST_NS);
		source->ops->control(source->self, command, &reply);
	}
	if (command != RESPIN_DRIVE_IDENTIFY && reply.reason == RESPIN_REASON_GOOD)
		source->ops->control(source->self, RESPIN_DRIVE_IDENTIFY, &reply);
	if (reply.reason == RESPIN_REASON_MEDIUM_CHANGED) { /* said by IDENTIFY: it is another one */
		*answer = ASKER_OTHER_DISC;
		return false;
	}
	if (reply.reason == RESPIN_REASON_GONE || reply.reason == RESPIN_REASON_CANCELLED) {
		*answer = reply.reason == RESPIN_REASON_CANCELLED ? ASKER_LATE : ASKER_LOST;
		return false;
	}
	return true;
}

static bool complete(const struct respin_reply *reply)
{
	return reply->residual_bytes == 0 &&
	       (!reply->poison_trusted || reply->filled_bytes >= reply->asked_bytes);
}

/* What a reply means. False: nothing of the disc; the drive wants to be asked again. */
static bool judge(struct asker *asker, enum asker_answer *answer)
{
	const struct respin_reply *reply = &asker->reply;
	*answer = ASKER_FAILED;
	if (reply->sense.deferred) /* it speaks of an earlier command */
		return false;
	switch ((enum respin_reason)reply->reason) {
	case RESPIN_REASON_GOOD:
		*answer = complete(reply) ? ASKER_GOOD : ASKER_FAILED;
		return true;
	case RESPIN_REASON_RECOVERED:
		*answer = complete(reply) ? ASKER_RECOVERED : ASKER_FAILED;
		return true;
	case RESPIN_REASON_NOT_RECORDED:
		*answer = ASKER_NOT_RECORDED;
		return true;
	case RESPIN_REASON_OUT_OF_RANGE:
		*answer = ASKER_BEYOND;
		return true;
	case RESPIN_REASON_LOCKED:
		*answer = ASKER_LOCKED;
		return true;
	case RESPIN_REASON_TIMEOUT:
		*answer = ASKER_HUNG;
		return true;
	case RESPIN_REASON_GONE:
		*answer = ASKER_LOST;
		return true;
	case RESPIN_REASON_CANCELLED:
		*answer = ASKER_LATE;
		return true;
	case RESPIN_REASON_BECOMING_READY:
	case RESPIN_REASON_NEEDS_START:
	case RESPIN_REASON_NOT_READY:
	case RESPIN_REASON_NO_MEDIUM:
	case RESPIN_REASON_MEDIUM_CHANGED:
	case RESPIN_REASON_RESET:
	case RESPIN_REASON_LINK:
	case RESPIN_REASON_ABORTED:
		return false;
	default:
		return true;
	}
}

enum asker_answer asker_read(struct asker *asker, struct respin_range range, unsigned flags, uint64_t most_ns)
{
	/* Spin-up after hot-plug takes up to a minute, at a second a question. */
	const unsigned patience = 90;
	enum asker_answer answer = ASKER_LOST;
	bool without_fua = false;
	if (asker->no_fua)
		flags &= ~RESPIN_READ_FUA;
	for (unsigned tries = 0; tries < patience; tries++) {
		uint64_t left = asker_left_ns(asker), may = left < most_ns ? left : most_ns;
		if (left < LEAST_NS)
			return ASKER_LATE;
		if (may / MS_NS > UINT32_MAX)
			may = UINT32_MAX * MS_NS;
		const struct respin_request request = {.seq = asker->serial++,
						       .range = range,
						       .timeout_ms = (uint32_t)(may / MS_NS),
						       .ecc_block = asker->info.ecc_block,
						       .phase = RESPIN_PHASE_SAMPLE,
						       .status = RESPIN_NON_TRIED,
						       .failed = RESPIN_NON_TRIMMED,
						       .flags = (uint8_t)flags};
		uint64_t before = asker_now_ns(asker);
		asker->source.ops->read(asker->source.self, &request, asker->buffer, &asker->reply);
		asker->latency_ns = asker_now_ns(asker) - before;
		if (judge(asker, &answer)) {
			/* A drive that does not know FUA refuses it; one that is wedged refuses without it, too. */
			if (asker->reply.reason == RESPIN_REASON_REFUSED && (flags & RESPIN_READ_FUA)) {
				flags &= ~RESPIN_READ_FUA;
				without_fua = true;
				continue;
			}
			if (without_fua && (answer == ASKER_GOOD || answer == ASKER_RECOVERED))
				asker->no_fua = true;
			if (answer == ASKER_HUNG)
				asker_sleep(asker, HUNG_REST_NS);
			return answer;
		}
		enum respin_reason reason = (enum respin_reason)asker->reply.reason;
		if (reason != RESPIN_REASON_ABORTED && !asker->reply.sense.deferred &&
		    !prepare(asker, reason, &answer))
			return answer;
	}
	return ASKER_LOST;
}
