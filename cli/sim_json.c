/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trials and bounds as lines of JSON, see sim_trial.h. Times are seconds,
 * exact to the nanosecond; null is what nobody knows, or what never came.
 */
#include <inttypes.h>
#include <stdio.h>

#include "escape.h"
#include "sim_trial.h"

#define NS_PER_S 1000000000u

/* For names of fields; the same ones as in bench/. */
static const char *const share_fields[RESPIN_SIM_SHARES] = {"50", "90", "99", "999", "100"};

/* What is no UTF-8 becomes U+FFFD, the sign for that. */
static void put_string(const char *name, const char *text)
{
	(void)printf(",\"%s\":\"", name);
	while (*text) {
		size_t len = escape_char(text);
		unsigned char c = (unsigned char)*text;
		if (len == 0)
			(void)fputs("\\ufffd", stdout);
		else if (c == '"' || c == '\\')
			(void)printf("\\%c", c);
		else if (c < ' ' || c == 0x7f)
			(void)printf("\\u%04x", c);
		else
			(void)printf("%.*s", (int)len, text);
		text += len ? len : 1;
	}
	(void)fputc('"', stdout);
}

static void put_number(const char *name, uint64_t number)
{
	(void)printf(",\"%s\":%" PRIu64, name, number);
}

static void put_null(const char *name)
{
	(void)printf(",\"%s\":null", name);
}

static void put_seconds(const char *name, uint64_t ns)
{
	if (ns == UINT64_MAX)
		put_null(name);
	else
		(void)printf(",\"%s\":%" PRIu64 ".%09" PRIu64, name, ns / NS_PER_S, ns % NS_PER_S);
}

/* prefix50, prefix90, ... */
static void put_times(const char *prefix, const uint64_t ns[RESPIN_SIM_SHARES])
{
	for (unsigned i = 0; i < RESPIN_SIM_SHARES; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%s%s", prefix, share_fields[i]);
		put_seconds(name, ns[i]);
	}
}

static void put_bounds(const struct respin_sim_oracle *oracle)
{
	put_number("readable", oracle->readable);
	put_number("dead", oracle->dead);
	put_times("lb0_", oracle->lb0_ns);
	put_times("lb1_", oracle->lb1_ns);
}

/* What the simulator alone can know: nothing of it is known of a model. */
static void put_known(const struct sim_trial *trial)
{
	const struct respin_sim_result *result = &trial->result;
	put_string("medium", trial->scenario.medium);
	put_string("drive", trial->scenario.drive);
	put_number("seed", trial->scenario.seed);
	put_number("commands", result->commands);
	put_number("wedges", result->wedges);
	put_number("sessions", result->sessions);
	put_bounds(&result->oracle);
	put_number("readable_saved", result->readable_saved);
	put_times("t", result->reached_ns);
}

void sim_trial_print_json(const struct sim_trial *trial)
{
	const struct respin_sim_result *result = &trial->result;
	(void)printf("{\"code\":%d", result->code);
	put_string("scenario", trial->is_model ? trial->word : trial->scenario.name);
	put_string("address", trial->address);
	put_string("policy", trial->policy);
	if (result->code < 0)
		put_string("error", trial->error.text);
	put_seconds("virtual_s", result->virtual_ns);
	(void)printf(",\"wall_s\":%.3f", trial->wall_s);
	put_number("sittings", result->sittings);
	put_number("reads", result->reads);
	put_number("failed", result->failed_reads);
	put_number("finished", result->stats.finished);
	put_number("total", result->stats.total);
	put_number("missing", sim_trial_missing(trial));
	if (!trial->is_model)
		put_known(trial);
	(void)printf(",\"history\":\"%016" PRIx64 "\"}\n", result->history);
}

void sim_oracle_print_json(const char *address, const struct respin_sim_oracle *oracle)
{
	(void)fputs("{\"policy\":\"oracle\"", stdout);
	put_string("address", address);
	put_bounds(oracle);
	(void)fputs("}\n", stdout);
}
