#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A damaged disc behind a real block device, with GNU ddrescue beside us on the same device: both recover the same
# sectors, and each takes over the other's map in the middle of a rescue.
. "$(dirname "$0")/rig.sh"
rig_begin loop ddrescue losetup

rig_image "$RIG/disc.iso"
rig_bad "$RIG/disc.iso" "$RIG/bad"

# The command that is outstanding when a program is stopped hangs at this sector, behind three of the five places.
middle=$(($(sed -n 19p "$RIG/bad") / 512 * 512 + 1024))
rig_fuse "$RIG/disc.iso" --bad "$RIG/bad" --hang $middle
rig_fuse_release
rig_loop "$DISC"

respin_on() { # respin_on NAME
	echo "$RESPIN" rescue --quiet --events "$RIG/$1.events" "$LOOP" "$RIG/$1.iso" "$RIG/$1.map"
}

ddrescue_on() {
	echo ddrescue -q -d -b2048 "$LOOP" "$RIG/$1.iso" "$RIG/$1.map"
}

# stop COMMAND...: runs it until it hangs, interrupts it, and lets the kernel have its answer.
stop() {
	rig_fuse_reload
	rig_spawn "$@"
	rig_until 20000 hangs || rig_broken "nothing hangs at sector $middle"
	kill -INT "$SPAWNED"
	sleep 0.3
	rig_fuse_release
	rig_wait "$SPAWNED"
}

# stopped_in_the_middle NAME: neither untouched nor ended
stopped_in_the_middle() {
	parses "$RIG/$1.map" && [ -n "$(finished "$RIG/$1.map")" ] &&
		[ "$(ddrescuelog -b 2048 -l '?' "$RIG/$1.map" | wc -l)" -gt $((SECTORS / 4)) ]
}

came_home() { # came_home WHO NAME
	claim "$1: the map misses exactly the 40 bad sectors" misses_exactly "$RIG/$2.map" "$RIG/bad"
	claim "$1: every other byte is the disc's" true_image "$RIG/$2.iso" "$RIG/$2.map" "$RIG/disc.iso"
	claim "$1: ddrescuelog accepts the map" parses "$RIG/$2.map"
}

rig_run $(respin_on respin)
claim_is 'respin alone: exit status' "$STATUS" 1
came_home 'respin alone' respin
rig_run $(ddrescue_on ddrescue)
came_home 'ddrescue alone' ddrescue
finished "$RIG/respin.map" >"$RIG/one"
finished "$RIG/ddrescue.map" >"$RIG/other"
claim "equal recovered sets: $(wc -l <"$RIG/one") sectors" cmp "$RIG/one" "$RIG/other"

stop $(ddrescue_on taken)
claim 'ddrescue was stopped in the middle' stopped_in_the_middle taken
finished "$RIG/taken.map" >"$RIG/finished"
: >"$FUSE_LOG"
rig_run $(respin_on taken)
claim_is 'respin takes over: exit status' "$STATUS" 1
came_home 'respin takes over' taken
claim_no_rereads "$RIG/finished" "$RIG/taken.events" 16

stop $(respin_on given)
claim_is 'respin was stopped: exit status' "$STATUS" 6
claim 'respin was stopped in the middle' stopped_in_the_middle given
finished "$RIG/given.map" >"$RIG/finished"
: >"$FUSE_LOG"
rig_run $(ddrescue_on given)
claim_is 'ddrescue takes over: exit status' "$STATUS" 0
came_home 'ddrescue takes over' given
claim_no_rereads "$RIG/finished" /dev/null 0
rig_end
