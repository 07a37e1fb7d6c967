/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* respin drives: what is attached, and what to type next. Reads no disc. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <respin/drives.h>

#include "commands.h"
#include "escape.h"
#include "options.h"
#include "say.h"

#define SHOWN_MAX 32

static const char *tray_words(const struct respin_drive *drive)
{
	if (!drive->permitted)
		return "not permitted";
	switch (drive->tray) {
	case RESPIN_TRAY_DISC:
		return "a disc is in it";
	case RESPIN_TRAY_EMPTY:
		return "no disc";
	case RESPIN_TRAY_OPEN:
		return "open";
	case RESPIN_TRAY_BUSY:
		return "busy";
	default:
		return "unknown";
	}
}

static const char *node_of(const struct respin_drive *drive)
{
	return drive->block[0] ? drive->block : drive->generic;
}

static void print(const struct respin_drive *drive)
{
	char raw[128], name[ESCAPE_ROOM(sizeof raw)];
	(void)snprintf(raw, sizeof raw, "%s %s %s", drive->vendor, drive->product, drive->revision);
	(void)printf("%-10s  %-10s  %-15s  %s\n", node_of(drive), drive->block[0] ? drive->generic : "",
		     tray_words(drive), escape_text(name, sizeof name, raw));
}

/* What to do with the first drive that can be used, or to make one usable. */
static void advise(const struct respin_drive *drives, unsigned count)
{
	const struct respin_drive *best = &drives[0];
	for (unsigned i = 0; i < count; i++)
		if (drives[i].permitted && (!best->permitted || drives[i].tray == RESPIN_TRAY_DISC)) {
			best = &drives[i];
			if (best->tray == RESPIN_TRAY_DISC)
				break;
		}
	if (!best->permitted)
		(void)printf("\nTo read it, join the group cdrom: sudo adduser $USER cdrom; then log in "
			     "again.\n");
	else if (best->tray == RESPIN_TRAY_DISC || best->tray == RESPIN_TRAY_UNKNOWN)
		(void)printf("\nNext: respin info %s\n", node_of(best));
	else
		(void)printf("\nNext: put the disc into %s, and wait until it has spun up.\n", node_of(best));
}

int cmd_drives(int argc, char **argv)
{
	static const struct option known[] = {{"help", no_argument, NULL, 'h'}, {0}};
	opterr = 0;
	optind = 0;
	for (int found; (found = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
		if (found == 'h')
			return help_print("drives") ? STATUS_WHOLE : STATUS_USAGE;
		return options_refuse("drives", found, argv);
	}
	if (optind < argc)
		return say_usage("drives", "one word too many: %s", argv[optind]);
	static struct respin_drive drives[SHOWN_MAX] = {{.size = sizeof *drives}};
	unsigned count = respin_drives_list(NULL, drives, SHOWN_MAX);
	if (!count) {
		say("no optical drive is attached: look at its cable and its power, and at the last lines of dmesg; "
		    "'respin sim list' has drives that need neither");
		return STATUS_SOURCE;
	}
	if (count > SHOWN_MAX)
		count = SHOWN_MAX;
	for (unsigned i = 0; i < count; i++)
		print(&drives[i]);
	advise(drives, count);
	return STATUS_WHOLE;
}
