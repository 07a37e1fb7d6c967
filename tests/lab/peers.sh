#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The simulated drive under programs that know nothing of it (bench/preload): what they find is what the scenario drew,
# by block device and by SG_IO; the drive's time passes and ours does not; a second program finds the drive as the first
# one left it. Nothing of respin is tested here but what the bench measures with.
. "$(dirname "$0")/rig.sh"
rig_begin peers ddrescue
preload=${BENCH_BIN:-}/preload.so
[ -e "$preload" ] || rig_skip 'preload.so is built by Meson only'

rig_image "$RIG/disc.iso" 12
rig_bad "$RIG/disc.iso" "$RIG/drawn"
# Linux takes damage among the last 75 sectors for the end of the disc (sr_done), and ddrescue ends there.
awk -v end="$SECTORS" '$1 < end - 75' "$RIG/drawn" >"$RIG/bad"
bad=$(paste -s -d, "$RIG/bad") fail_ms=2000
disc="sim:disc?image=$RIG/disc.iso&profile=dvd&fail_ms=$fail_ms&block_us=5000&bad=$bad"

# on NAME COMMAND...: on the drive of $disc, with the environment in $with; its stats in NAME.stats, $STATUS, $WALL in ms
on() {
	name=$1 from=$(rig_ms)
	shift
	rig_run env LD_PRELOAD="$preload" RESPIN_PRELOAD_SCENARIO="$disc" RESPIN_PRELOAD_BLOCK=/dev/sr0 \
		RESPIN_PRELOAD_SG=/dev/sg0 RESPIN_PRELOAD_STATS="$RIG/$name.stats" \
		RESPIN_PRELOAD_DELIVERED="$RIG/$name.given" ${with:-} "$@" </dev/null >"$RIG/$name.out" 2>&1
	WALL=$(($(rig_ms) - from))
}

stat_of() { # stat_of NAME FIELD: a number without its fraction, or a word
	sed -n "s/.*\"$2\": \"*\([0-9a-z]*\).*/\1/p" "$RIG/$1.stats"
}

# Both maps finished in the same places: what a program was given is what it says that it has.
given_is() { # given_is NAME MAP
	ddrescuelog -x "$RIG/$1.given" "$2" >"$RIG/differences" && [ -z "$(ddrescuelog -l + "$RIG/differences")" ]
}

lasts() { # lasts NAME: at least the time of its failing commands, and no more of ours than a test may
	claim "$1: $(stat_of "$1" virtual_s) s of the drive's time in $WALL ms" \
		[ "$(stat_of "$1" virtual_s)" -ge $(($(stat_of "$1" failed_commands) * fail_ms / 1000)) -a "$WALL" -lt 20000 ]
}

# --- the block device, with bytes ---

on direct ddrescue -d -b2048 /dev/sr0 "$RIG/direct.iso" "$RIG/direct.map"
claim_is 'O_DIRECT: exit status' $STATUS 0
claim 'O_DIRECT: what is missing is what was drawn' misses_exactly "$RIG/direct.map" "$RIG/bad"
claim 'O_DIRECT: every other byte is the disc'\''s' true_image "$RIG/direct.iso" "$RIG/direct.map" "$RIG/disc.iso"
claim 'O_DIRECT: the map is what the program was given' given_is direct "$RIG/direct.map"
claim 'O_DIRECT: as many commands fail as sectors, or more' [ "$(stat_of direct failed_commands)" -ge "$(wc -l <"$RIG/bad")" ]
claim 'the program'\''s clock began with the century' grep -q 'Start time:   2001-01-01 00:00:' "$RIG/direct.map"
lasts direct

# Through the page cache a bad sector takes its page with it.
awk '{ at = $1 - $1 % 2; print at; print at + 1 }' "$RIG/bad" | sort -nu >"$RIG/bad.pages"
on cached ddrescue -b2048 /dev/sr0 "$RIG/cached.iso" "$RIG/cached.map"
claim_is 'page cache: exit status' $STATUS 0
claim 'page cache: the pages of the bad sectors are missing' misses_exactly "$RIG/cached.map" "$RIG/bad.pages"
claim 'page cache: every other byte is the disc'\''s' true_image "$RIG/cached.iso" "$RIG/cached.map" "$RIG/disc.iso"
claim 'page cache: more commands than reads' [ "$(stat_of cached read_commands)" -gt "$(stat_of cached reads)" ]
lasts cached

# --- the output that keeps no bytes; two programs on one drive ---

plain=$disc
disc="$plain&weak=1000,2000&tries=5"
with="RESPIN_PRELOAD_OUTPUT=$RIG/none.iso RESPIN_PRELOAD_JOURNAL=$RIG/journal"
on first ddrescue -d -n -b2048 -c16 /dev/sr0 "$RIG/none.iso" "$RIG/two.map"
on second ddrescue -d -r3 -b2048 -c16 /dev/sr0 "$RIG/none.iso" "$RIG/two.map"
claim_is 'swallowed output: its length' "$(stat -c %s "$RIG/none.iso")" $((SECTORS * 2048))
claim_is 'swallowed output: its blocks on the disk' "$(stat -c %b "$RIG/none.iso")" 0
claim 'two programs: what needs five tries reads in the end' misses_exactly "$RIG/two.map" "$RIG/bad"
claim 'two programs: the first could not' [ "$(missing "$RIG/first.given" | wc -l)" -gt "$(wc -l <"$RIG/bad")" ]
claim 'two programs: one clock' [ "$(stat_of second clock_s)" -gt "$(stat_of first clock_s)" ]
claim_is 'two programs: counted' "$(stat_of second programs)" 2
disc=$plain

# --- the link breaks, and a person starts the program again ---

cat >"$RIG/loose.sim" <<SCENARIO
title   A loose cable
disc    plain size=20000 profile=10 bad=7000
drive   plain fail_ms=$fail_ms block_us=5000 latency_us=0
fault   unplug at=4s for=20s
SCENARIO
disc="sim:$RIG/loose.sim?payload=0"
with="RESPIN_PRELOAD_OUTPUT=$RIG/loose.iso RESPIN_PRELOAD_JOURNAL=$RIG/loose.journal"
on lost ddrescue -d -b2048 /dev/sr0 "$RIG/loose.iso" "$RIG/loose.map"
claim 'unplugged: ddrescue ends, and says why' grep -q 'Input file disappeared' "$RIG/lost.out"
claim_is 'unplugged: noted as' "$(stat_of lost stopped)" gone
on found ddrescue -d -r1 -b2048 /dev/sr0 "$RIG/loose.iso" "$RIG/loose.map"
echo 7000 >"$RIG/loose.bad"
claim_is 'found again: exit status' $STATUS 0
claim 'found again: it had gone on for more than 20 s' [ "$(stat_of found clock_s)" -ge $(($(stat_of lost clock_s) + 20)) ]
claim 'found again: what is missing is what was drawn' misses_exactly "$RIG/loose.map" "$RIG/loose.bad"
disc=$plain with=

# --- SG_IO ---

on list xorriso -indev /dev/sr0 -find / -exec report_lba --
xorriso -indev "$RIG/disc.iso" -find / -exec report_lba -- 2>/dev/null | grep '^File data' >"$RIG/files"
grep '^File data' "$RIG/list.out" >"$RIG/files.sim"
claim "xorriso: finds the same $(wc -l <"$RIG/files") files" cmp "$RIG/files.sim" "$RIG/files"
on check xorriso -outdev /dev/sr0 -check_media use=outdev what=disc --
sed -n 's/^Media region : *\([0-9]*\) , *\([0-9]*\) , - unreadable.*/\1 \2/p' "$RIG/check.out" |
	awk '{ for (i = 0; i < $2; i += 32) print $1 + i }' >"$RIG/unreadable"
awk '{ print $1 - $1 % 32 }' "$RIG/bad" | sort -nu >"$RIG/chunks"
claim "xorriso: the $(wc -l <"$RIG/chunks") stretches of 32 sectors with damage are unreadable" cmp "$RIG/unreadable" "$RIG/chunks"
lasts check
if command -v readom >/dev/null; then
	with="RESPIN_PRELOAD_OUTPUT=$RIG/readom.iso" on readom readom dev=/dev/sr0 "f=$RIG/readom.iso" -noerror -nocorr retries=1
	with=
	claim 'readom: was not given what was drawn' misses_exactly "$RIG/readom.given" "$RIG/bad"
	lasts readom
else
	echo 'left out: readom (package wodim) is missing'
fi
if command -v safecopy >/dev/null; then
	with="RESPIN_PRELOAD_OUTPUT=$RIG/safecopy.iso" on safecopy safecopy -L 0 -b 2048 -f 1* -r 1* -R 1 /dev/sr0 "$RIG/safecopy.iso"
	with=
	claim 'safecopy: was not given the pages of what was drawn' misses_exactly "$RIG/safecopy.given" "$RIG/bad.pages"
	lasts safecopy
else
	echo 'left out: safecopy is missing'
fi

# --- the clock, the limit, and nothing else ---

on sleep sleep 100000
claim "a day's sleep takes $WALL ms" [ $WALL -lt 5000 ]
with="RESPIN_PRELOAD_LIMIT_S=10" on stopped ddrescue -d -b2048 /dev/sr0 "$RIG/stopped.iso" "$RIG/stopped.map"
claim_is 'limit: ddrescue ends by SIGINT' $STATUS 130
claim_is 'limit: noted as' "$(stat_of stopped stopped)" limit
claim 'limit: the map is what it was given' given_is stopped "$RIG/stopped.map"
with=
before=$(date +%s)
inside=$(env LD_PRELOAD="$preload" date +%s)
claim 'without a scenario nothing is changed' [ "$inside" -ge "$before" -a "$inside" -le $((before + 20)) ]
rig_end
