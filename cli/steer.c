/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The meaning of keys, see steer.h. Decides nothing about the rescue: the session does as it sees fit. */
#include "steer.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stop.h"

#define SECOND_NS UINT64_C(1000000000)
/* As long as a sentence is read twice. */
#define SAID_NS (5 * SECOND_NS)

/* The long hint has room beside the column that stays free. */
#define HINT_COLUMNS 66

static void tell(struct steer *steer, uint64_t now_ns, const char *text)
{
	(void)snprintf(steer->said, sizeof steer->said, "%s", text);
	steer->said_until_ns = now_ns + SAID_NS;
}

static void ask(struct steer *steer, enum respin_control what, uint64_t now_ns, const char *text)
{
	if (steer->session)
		respin_session_control(steer->session, what);
	tell(steer, now_ns, text);
}

/* What became of it stands in the picture itself. */
static void pause_or_go_on(struct steer *steer, const struct respin_snapshot *snapshot)
{
	steer->said_until_ns = 0;
	if (steer->session)
		respin_session_control(steer->session,
				       snapshot->paused ? RESPIN_CONTROL_GO_ON : RESPIN_CONTROL_PAUSE);
}

static void speed(struct steer *steer, enum respin_control what, uint64_t now_ns)
{
	if (steer->no_drive)
		tell(steer, now_ns, "this is no drive: there is no speed to set");
	else
		ask(steer, what, now_ns,
		    what == RESPIN_CONTROL_SLOWER ? "the drive is asked to go slower"
						  : "the drive is asked to go faster");
}

/* A night's work should not end by one key that a cat has pressed. */
static void finish(struct steer *steer, uint64_t now_ns)
{
	if (now_ns >= steer->sure_until_ns) {
		steer->sure_until_ns = now_ns + SAID_NS;
		tell(steer, now_ns, "finish now, without further tries? f once more does it");
		return;
	}
	steer->sure_until_ns = 0;
	steer->ending = true;
	ask(steer, RESPIN_CONTROL_FINISH, now_ns, "finishing: nothing is tried any more");
}

void steer_key(struct steer *steer, char key, const struct respin_snapshot *snapshot, uint64_t now_ns)
{
	if (!key)
		return;
	if (key != 'f')
		steer->sure_until_ns = 0;
	switch (key) {
	case ' ':
	case 'p':
		pause_or_go_on(steer, snapshot);
		break;
	case '-':
	case '_':
		speed(steer, RESPIN_CONTROL_SLOWER, now_ns);
		break;
	case '+':
	case '=': /* the same key without Shift */
		speed(steer, RESPIN_CONTROL_FASTER, now_ns);
		break;
	case 's':
		ask(steer, RESPIN_CONTROL_SKIP, now_ns, "this area is left for later");
		break;
	case 'f':
		finish(steer, now_ns);
		break;
	case 'q':
		if (!stop_wanted())
			(void)raise(SIGINT); /* as Ctrl-C; a second q is no second Ctrl-C */
		break;
	case '?':
	case 'h':
		steer->help = !steer->help;
		break;
	default:
		tell(steer, now_ns, "no such key; ? shows the keys");
	}
}

const char *steer_said(const struct steer *steer, uint64_t now_ns)
{
	return now_ns < steer->said_until_ns ? steer->said : NULL;
}

const char *steer_hint(const struct steer *steer, bool paused, unsigned columns)
{
	if (!steer->keys)
		return "Ctrl-C stops and saves; the same command goes on from there";
	if (steer->help)
		return "? back to the picture   q stops and saves";
	if (paused)
		return "space goes on   q stops and saves   ? all keys";
	if (columns < HINT_COLUMNS)
		return "space pauses   q stops   ? all keys";
	return "space pauses   s skips this area   q stops and saves   ? all keys";
}

const struct steer_help *steer_list(unsigned line)
{
	static const struct steer_help list[] = {
		{"space, p", "pause; the same key goes on"},
		{"-, +", "the drive slower, faster"},
		{"s", "skip this area; it is tried again later"},
		{"f f", "finish now: what failed so far is given up"},
		{"q", "stop and save; the same command goes on later"},
		{"?, h", "takes this list away"},
	};
	return line < sizeof list / sizeof *list ? &list[line] : NULL;
}
