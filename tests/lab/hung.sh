#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hung drive cannot hold the data hostage: with a command that never returns, SIGINT makes everything durable within
# 250 ms and the program has ended within a second, leaving no lock and nobody at the drive but who sits in the kernel.
# A file whose FUSE server does not answer (nothing can end that read, not even SIGKILL), an iSCSI target that takes
# commands and does not answer. Then the ends of the child itself: it is killed, its parent is killed.
. "$(dirname "$0")/rig.sh"
rig_begin hung tgtd
[ -r "/proc/$$/task/$$/children" ] || rig_skip 'this kernel does not tell of children'

durable_bar_ms=250
end_bar_ms=1000
tries=${RESPIN_LONG:+100}
tries=${tries:-10} # of each kind
rig_image "$RIG/disc.iso" 12
hang=3072 # begins a command of 1 MiB on a file, of 64 KiB on iSCSI
all_before="0x00000000 $(printf '0x%08X' $((hang * 2048))) +"
image=$RIG/out.iso
rig_fuse "$RIG/disc.iso" --hang $hang

begin() { # begin SOURCE OPTION...
	rm -f "$image"*
	rig_source=$1
	shift
	rig_spawn "$RESPIN" rescue --quiet "$@" "$rig_source" "$image" 2>"$RIG/err"
}

# drives PID: the process that speaks to the drive for this one
drives() {
	tr -d ' ' <"/proc/$1/task/$1/children"
}

saved() {
	while read -r position size status; do
		[ "$position $size $status" != "$all_before" ] || return 0
	done 2>/dev/null <"$image.map"
	return 1
}

has_read() {
	[ "$(stat -c %b "$image" 2>/dev/null || echo 0)" -gt 0 ]
}

# stop NAME: SIGINT to a rescue whose command hangs. Adds a line "durable end" in milliseconds to $RIG/times.
stop() {
	child=$(drives "$SPAWNED")
	sent=$(rig_ms)
	kill -INT "$SPAWNED"
	rig_until 5000 saved || { echo "FAIL $1: not saved in 5 s"; rig_failed=1; }
	durable_ms=$TOOK
	rig_until 5000 gone "$SPAWNED" || { echo "FAIL $1: does not end in 5 s"; rig_failed=1; }
	echo "$durable_ms $(($(rig_ms) - sent))" >>"$RIG/times"
	rig_wait "$SPAWNED"
	[ "$STATUS" -eq 6 ] || { echo "FAIL $1: exit status $STATUS, not 6"; rig_failed=1; }
	[ ! -e "$image.map.lock" ] || { echo "FAIL $1: the lock stayed behind"; rig_failed=1; }
	[ -n "$child" ] || { echo "FAIL $1: there was no child"; rig_failed=1; }
}

nth() { # nth COLUMN PER-CENT: of the times
	cut -d ' ' -f "$1" "$RIG/times" | sort -n | awk -v p="$2" '{ v[NR] = $1 } END { i = int((NR * p + 99) / 100); print v[i] }'
}

judge() { # judge NAME
	claim_is "$1: rescues that were stopped" "$(wc -l <"$RIG/times")" "$tries"
	echo "$1: ms until durable: p50 $(nth 1 50), p99 $(nth 1 99); until the end: p50 $(nth 2 50), p99 $(nth 2 99)"
	claim_most "$1: ms until durable, the slowest but one in a hundred" "$(nth 1 99)" $durable_bar_ms
	claim_most "$1: ms until the end, the slowest but one in a hundred" "$(nth 2 99)" $end_bar_ms
	claim "$1: the map claims nothing false" true_image "$image" "$image.map" "$RIG/disc.iso"
	rm -f "$RIG/times"
}

# --- a FUSE file: the kernel lets nobody go ---
left_behind=0
for try in $(seq "$tries"); do
	rig_fuse_reload
	begin "$DISC"
	rig_until 20000 hangs || rig_broken "nothing hangs: $(cat "$RIG/err")"
	stop file
	gone "$child" || left_behind=$((left_behind + 1))
	rig_fuse_release
	rig_until 2000 gone "$child" || { echo "FAIL file: the child stays after the read was answered"; rig_failed=1; }
done
claim 'file: the read was one that nothing can end' [ "$left_behind" -gt 0 ]
judge file

# --- an iSCSI target that takes commands and does not answer ---
rig_fuse_end
rig_fuse "$RIG/disc.iso" --delay-ms 2
rig_tgt "$DISC"
rig_helper stall

# told: where the outcomes in the events end; all began at the beginning
told() {
	awk 'function value(key) {
			match($0, "\"" key "\": ?[0-9]+")
			return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0
		}
		/"event": ?"outcome"/ && value("start") + value("count") > end { end = value("start") + value("count") }
		END { print end + 0 }' "$RIG/events"
}

for try in $(seq "$tries"); do
	: >"$RIG/port"
	rm -f "$RIG/events"
	setpriv --pdeathsig KILL "$stall" "$rig_port" >"$RIG/port" 2>"$RIG/stall.err" &
	wire=$!
	rig_pids="$rig_pids $wire"
	rig_until 5000 [ -s "$RIG/port" ] || rig_broken "the wire: $(cat "$RIG/stall.err")"
	begin "$(echo "$URL" | sed "s/:$rig_port/:$(cat "$RIG/port")/")" --events "$RIG/events"
	rig_until 20000 has_read || rig_broken "nothing is read: $(cat "$RIG/err")"
	kill -USR1 "$wire"
	sleep 0.05 # what was on its way arrives
	all_before="0x00000000 $(printf '0x%08X' $(($(told) * 2048))) +"
	stop iscsi
	rig_until 1000 gone "$child" || { echo 'FAIL iscsi: the child stayed behind'; rig_failed=1; }
	kill -KILL "$wire"
	rig_wait "$wire" 2>/dev/null
done
judge iscsi

# --- the ends of the child ---
begin "$DISC"
rig_until 20000 has_read || rig_broken "nothing is read: $(cat "$RIG/err")"
kill -KILL "$(drives "$SPAWNED")"
rig_wait "$SPAWNED"
cat "$RIG/err"
claim_is 'the child is killed: exit status' "$STATUS" 3
claim_is 'the child is killed: sectors called bad' "$(ddrescuelog -b 2048 -l - "$image.map" | wc -l)" 0
claim 'the child is killed: something was saved' [ -n "$(finished "$image.map")" ]
claim 'the child is killed: the map claims nothing false' true_image "$image" "$image.map" "$RIG/disc.iso"

begin "$DISC"
rig_until 20000 has_read || rig_broken "nothing is read: $(cat "$RIG/err")"
child=$(drives "$SPAWNED")
kill -KILL "$SPAWNED"
rig_wait "$SPAWNED" 2>/dev/null
claim 'the parent is killed: nobody is left at the drive' rig_until 1000 gone "$child"

begin "$DISC"
rig_until 20000 has_read || rig_broken "nothing is read: $(cat "$RIG/err")"
kill -INT "$(drives "$SPAWNED")"
kill -TERM "$(drives "$SPAWNED")"
kill -HUP "$(drives "$SPAWNED")"
rig_wait "$SPAWNED"
claim_is 'the child is told to end, by a terminal or a service manager: exit status of the rescue' "$STATUS" 0
claim 'and the image is the disc' cmp "$image" "$RIG/disc.iso"
rig_end
