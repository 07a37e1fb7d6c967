/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names and keys of faults. What a fault does is the business of the drive and of the run. */
#include "sim/faults.h"

#define SECOND 1e9

/* No rescue lasts a month: what lies beyond is a slip of the pen. */
#define LATEST_NS (31 * 86400 * SECOND)

#define KEY_AT(what)                                                                                         \
	{                                                                                                    \
		.name = "at", .kind = KEY_TIME, .offset = offsetof(struct fault, at_ns), .max = LATEST_NS,   \
		.meaning = (what), .unit_ns = SECOND                                                         \
	}
#define KEY_FOR(value, named, what)                                                                          \
	{                                                                                                    \
		.name = "for", .kind = KEY_TIME, .offset = offsetof(struct fault, span_ns),                  \
		.max = LATEST_NS, .fallback = (value), .words = (named), .meaning = (what),                  \
		.unit_ns = SECOND                                                                            \
	}
#define KEY_FLAG(key, field, what)                                                                           \
	{                                                                                                    \
		.name = (key), .kind = KEY_COUNT, .offset = offsetof(struct fault, field), .max = 1,         \
		.fallback = "0", .words = "no=0 yes=1", .meaning = (what)                                    \
	}

static const struct key unplug_keys[] = {
	KEY_AT("when the link is lost, on the drive's clock"),
	/* A bridge that crashed comes back after 5 to 15 s; a person takes longer. */
	KEY_FOR("8s", "never=0", "how long until it is back"),
	KEY_FLAG("renamed", renamed, "it comes back under another name, as /dev/sg2 after /dev/sg1"),
};
static const struct key swap_keys[] = {
	KEY_AT("when another disc lies in the tray"),
	KEY_FOR("20s", NULL, "how long the tray is open"),
	KEY_FLAG("silent", silent, "no unit attention tells of it: the host's kernel has eaten it"),
};
static const struct key open_keys[] = {
	KEY_AT("when the tray is opened"),
	KEY_FOR("20s", NULL, "how long until it is closed, with the same disc"),
};
static const struct key reset_keys[] = {
	KEY_AT("when the bus is reset: 06/29, speed and mode pages are forgotten"),
};
static const struct key wedge_keys[] = {
	KEY_AT("when the drive wedges: every read fails at once until it is cured"),
};
static const struct key clean_keys[] = {
	KEY_AT("when a person takes the disc out and wipes it"),
	KEY_FOR("60s", NULL, "how long until it is back"),
};
static const struct key cancel_keys[] = {
	KEY_AT("when the user stops the run"),
	KEY_FOR("60s", "never=0", "how long until it is taken up again"),
};
static const struct key slow_keys[] = {
	KEY_AT("when the output gets slow"),
	KEY_FOR("60s", "ever=0", "how long it stays so"),
	{.name = "delay",
	 .kind = KEY_TIME,
	 .offset = offsetof(struct fault, delay_ns),
	 .min = 1e3,
	 .max = 3600 * SECOND,
	 .fallback = "2s",
	 .unit_ns = 1e6,
	 .meaning = "what each write takes; a bare number is in ms"},
};
static const struct key full_keys[] = {
	KEY_AT("when writes begin to fail for want of space"),
	KEY_FOR("ever", "ever=0", "how long until there is space again"),
};

const char *const fault_names[FAULT_KINDS] = {
	[FAULT_UNPLUG] = "unplug",
	[FAULT_SWAP] = "swap",
	[FAULT_OPEN] = "open",
	[FAULT_RESET] = "reset",
	[FAULT_WEDGE] = "wedge",
	[FAULT_CLEAN] = "clean",
	[FAULT_CANCEL] = "cancel",
	[FAULT_OUTPUT_SLOW] = "output-slow",
	[FAULT_OUTPUT_FULL] = "output-full",
};

#define TABLE(kind, fault, list)                                                                             \
	[kind] = {                                                                                           \
		(fault),                                                                                     \
		list,                                                                                        \
		sizeof(list) / sizeof *(list),                                                               \
	}
const struct key_table fault_keys[FAULT_KINDS] = {
	TABLE(FAULT_UNPLUG, "unplug", unplug_keys),
	TABLE(FAULT_SWAP, "swap", swap_keys),
	TABLE(FAULT_OPEN, "open", open_keys),
	TABLE(FAULT_RESET, "reset", reset_keys),
	TABLE(FAULT_WEDGE, "wedge", wedge_keys),
	TABLE(FAULT_CLEAN, "clean", clean_keys),
	TABLE(FAULT_CANCEL, "cancel", cancel_keys),
	TABLE(FAULT_OUTPUT_SLOW, "output-slow", slow_keys),
	TABLE(FAULT_OUTPUT_FULL, "output-full", full_keys),
};
