/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events as lines of JSON, schema "respin-events-1" (docs/events.md, field by
 * field). The words here are part of the schema: they are added to, never
 * changed. Does not write anywhere.
 */
#include <respin/session.h>

#include <jansson.h>
#include <stdio.h>

#define SCHEMA "respin-events-1"

static const char *word(const char *const *words, size_t count, uint8_t value)
{
	return value < count && words[value] ? words[value] : "unknown";
}
#define WORD(words, value) word(words, sizeof(words) / sizeof *(words), value)

static const char *const kinds[] = {
	[RESPIN_EVENT_REQUEST] = "request", [RESPIN_EVENT_OUTCOME] = "outcome",
	[RESPIN_EVENT_SAMPLE] = "sample",   [RESPIN_EVENT_PHASE] = "phase",
	[RESPIN_EVENT_COMMIT] = "commit",   [RESPIN_EVENT_END] = "end",
};

static const char *const phases[] = {
	[RESPIN_PHASE_SAMPLE] = "sample",     [RESPIN_PHASE_COPYING] = "copying",
	[RESPIN_PHASE_SWEEPING] = "sweeping", [RESPIN_PHASE_TRIMMING] = "trimming",
	[RESPIN_PHASE_SCRAPING] = "scraping", [RESPIN_PHASE_RETRYING] = "retrying",
	[RESPIN_PHASE_CLOSING] = "closing",   [RESPIN_PHASE_FINISHED] = "finished",
};

static const char *const reasons[] = {
	[RESPIN_REASON_GOOD] = "good",
	[RESPIN_REASON_RECOVERED] = "recovered",
	[RESPIN_REASON_MEDIUM] = "medium",
	[RESPIN_REASON_HARDWARE] = "hardware",
	[RESPIN_REASON_BECOMING_READY] = "becoming_ready",
	[RESPIN_REASON_NEEDS_START] = "needs_start",
	[RESPIN_REASON_NOT_READY] = "not_ready",
	[RESPIN_REASON_NO_MEDIUM] = "no_medium",
	[RESPIN_REASON_REFUSED] = "refused",
	[RESPIN_REASON_OUT_OF_RANGE] = "out_of_range",
	[RESPIN_REASON_NOT_RECORDED] = "not_recorded",
	[RESPIN_REASON_LOCKED] = "locked",
	[RESPIN_REASON_MEDIUM_CHANGED] = "medium_changed",
	[RESPIN_REASON_RESET] = "reset",
	[RESPIN_REASON_ABORTED] = "aborted",
	[RESPIN_REASON_SHORT] = "short",
	[RESPIN_REASON_UNPROVED] = "unproved",
	[RESPIN_REASON_TIMEOUT] = "timeout",
	[RESPIN_REASON_LINK] = "link",
	[RESPIN_REASON_GONE] = "gone",
	[RESPIN_REASON_CANCELLED] = "cancelled",
	[RESPIN_REASON_SKIPPED] = "skipped",
	[RESPIN_REASON_GIVEN_UP] = "given_up",
};

static const char *const span_kinds[] = {
	[RESPIN_SPAN_RECOVERED] = "recovered", [RESPIN_SPAN_PROVISIONAL] = "provisional",
	[RESPIN_SPAN_RETRY] = "retry",         [RESPIN_SPAN_UNREADABLE] = "unreadable",
	[RESPIN_SPAN_RETRACT] = "retract",
};

static const char *const statuses[] = {
	[RESPIN_NON_TRIED] = "?", [RESPIN_NON_TRIMMED] = "*", [RESPIN_NON_SCRAPED] = "/",
	[RESPIN_BAD] = "-",       [RESPIN_FINISHED] = "+",
};

/* Units and nanoseconds stay below 2^63, which is as far as JSON's integers are safe with jansson. */
static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Takes both; a NULL anywhere is remembered in *whole. */
static void put(json_t *object, const char *key, json_t *value, int *whole)
{
	if (!value || json_object_set_new(object, key, value) != 0)
		*whole = 0;
}

static void put_request(json_t *line, const struct respin_request *request, int *whole)
{
	json_t *flags = json_array();
	if (flags && request->flags & RESPIN_READ_BACKWARDS)
		(void)json_array_append_new(flags, json_string("backwards"));
	if (flags && request->flags & RESPIN_READ_SAMPLE)
		(void)json_array_append_new(flags, json_string("sample"));
	if (flags && request->flags & RESPIN_READ_FUA)
		(void)json_array_append_new(flags, json_string("fua"));
	if (flags && request->flags & RESPIN_READ_AGAIN)
		(void)json_array_append_new(flags, json_string("again"));
	if (flags && request->flags & RESPIN_READ_LAST)
		(void)json_array_append_new(flags, json_string("last"));

	put(line, "seq", number(request->seq), whole);
	put(line, "lane", number(request->lane), whole);
	put(line, "start", number(request->range.start), whole);
	put(line, "count", number(request->range.count), whole);
	put(line, "status", json_string(WORD(statuses, request->status)), whole);
	put(line, "failed", json_string(WORD(statuses, request->failed)), whole);
	put(line, "ecc_block", number(request->ecc_block), whole);
	put(line, "timeout_ms", number(request->timeout_ms), whole);
	put(line, "flags", flags, whole);
}

static json_t *sense_json(const struct respin_sense *sense)
{
	if (!sense->key && !sense->asc && !sense->ascq)
		return json_null();
	return json_pack("{si, si, si, sb, so}", "key", sense->key, "asc", sense->asc, "ascq", sense->ascq,
			 "deferred", sense->deferred, "info_lba",
			 sense->has_info ? json_integer(sense->info_lba) : json_null());
}

static void put_reply(json_t *line, const struct respin_reply *reply, int *whole)
{
	put(line, "reason", json_string(WORD(reasons, reply->reason)), whole);
	put(line, "elapsed_ns", number(reply->elapsed_ns), whole);
	put(line, "scsi_status", number(reply->scsi_status), whole);
	put(line, "host_status", number(reply->host_status), whole);
	put(line, "errno", json_integer(reply->sys_errno), whole);
	put(line, "sense", sense_json(&reply->sense), whole);
	put(line, "asked_bytes", number(reply->asked_bytes), whole);
	put(line, "residual_bytes", number(reply->residual_bytes), whole);
	put(line, "filled_bytes", number(reply->filled_bytes), whole);
	put(line, "resid_trusted", json_boolean(reply->resid_trusted), whole);
	put(line, "poison_trusted", json_boolean(reply->poison_trusted), whole);
	put(line, "agrees", json_boolean(reply->agrees), whole);
}

static void put_spans(json_t *line, const struct respin_outcome *outcome, int *whole)
{
	json_t *spans = json_array();
	for (uint32_t i = 0; spans && i < outcome->span_count && i < RESPIN_SPANS_MAX; i++) {
		const struct respin_span *span = &outcome->spans[i];
		json_t *one = json_object();
		if (!one || json_array_append_new(spans, one) != 0) {
			*whole = 0;
			break;
		}
		put(one, "start", number(span->range.start), whole);
		put(one, "count", number(span->range.count), whole);
		put(one, "kind", json_string(WORD(span_kinds, span->kind)), whole);
		put(one, "status", json_string(WORD(statuses, span->status)), whole);
		put(one, "reason", json_string(WORD(reasons, span->reason)), whole);
	}
	put(line, "spans", spans, whole);
}

static void put_stats(json_t *line, const struct respin_stats *stats, int *whole)
{
	put(line, "total", number(stats->total), whole);
	put(line, "finished", number(stats->finished), whole);
	put(line, "non_tried", number(stats->non_tried), whole);
	put(line, "retryable", number(stats->retryable), whole);
	put(line, "bad", number(stats->bad), whole);
	put(line, "bad_areas", number(stats->bad_areas), whole);
}

static void put_end(json_t *line, const struct respin_event *event, int *whole)
{
	char history[17];
	(void)snprintf(history, sizeof history, "%016llx", (unsigned long long)event->history);
	put_stats(line, &event->stats, whole);
	put(line, "code", json_integer(event->code), whole);
	put(line, "history", json_string(history), whole);
}

/* A request keeps the phase in which it was asked, also when its outcome comes after the next has begun. */
static uint8_t phase_of(const struct respin_event *event)
{
	if (event->request)
		return event->request->phase;
	return event->outcome ? event->outcome->request.phase : event->phase;
}

char *respin_event_json(const struct respin_event *event)
{
	json_t *line = json_object();
	if (!line)
		return NULL;
	int whole = 1;
	put(line, "schema", json_string(SCHEMA), &whole);
	put(line, "event", json_string(WORD(kinds, event->kind)), &whole);
	put(line, "now_ns", number(event->now_ns), &whole);
	put(line, "phase", json_string(WORD(phases, phase_of(event))), &whole);
	switch ((enum respin_event_kind)event->kind) {
	case RESPIN_EVENT_REQUEST:
	case RESPIN_EVENT_SAMPLE:
		if (event->request)
			put_request(line, event->request, &whole);
		break;
	case RESPIN_EVENT_OUTCOME:
		if (event->outcome) {
			put_request(line, &event->outcome->request, &whole);
			put_reply(line, &event->outcome->reply, &whole);
			put_spans(line, event->outcome, &whole);
		}
		break;
	case RESPIN_EVENT_COMMIT:
		put_stats(line, &event->stats, &whole);
		break;
	case RESPIN_EVENT_END:
		put_end(line, event, &whole);
		break;
	case RESPIN_EVENT_PHASE:
		break;
	}
	char *text = whole ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	return text;
}
