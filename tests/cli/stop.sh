#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals: the first one saves and ends with 6, the second does not wait; nohup is heeded; the same command goes on.
. "$RESPIN_SOURCE/tests/cli/common.sh"

disc 4096
# A drive that needs ten seconds, so that a busy machine has time to stop it: 8 MiB at 40 ms an ECC block.
slow='sim:disc?image=disc.img&profile=dvd&block_us=40000&pace=1'
out=out err=err
# A test that was itself started by nohup or in the background must not hand that on.
begin() { # begin IMAGE SOURCE [COMMAND...]: in the background, until the image has grown some sectors
	image=$1 source=$2
	shift 2
	env --default-signal=INT,TERM,HUP "$@" "$RESPIN" rescue "$source" "$image" >"$out" 2>"$err" &
	process=$!
	for try in $(seq 80); do
		sleep 0.1
		[ -e "$image" ] && [ "$(stat -c %b "$image")" -gt 0 ] && return
	done
	fail "the rescue does not begin"
}
ended() { # ended STATUS MS: it ends within so many milliseconds
	since=$(date +%s%3N)
	wait "$process"
	got=$? took=$(($(date +%s%3N) - since))
	checks=$((checks + 1))
	[ "$got" -eq "$1" ] || { fail "exit $got, not $1"; cat out err; }
	[ "$took" -le "$2" ] || fail "took $took ms"
}
for name in INT TERM HUP; do
	rm -f a.iso*
	begin a.iso "$slow"
	kill -s $name "$process"
	ended 6 2000
	says out 'Stopped. Everything read so far is saved in a.iso.'
	says out 'the same command goes on'
	silent err
	must 0 "$RESPIN" map -t a.iso.map
	[ "$(sectors + a.iso.map)" -gt 0 ] || fail "nothing was saved at SIG$name"
	[ "$(sectors - a.iso.map)" -eq 0 ] || fail "a stop has given something up"
done
must 0 "$RESPIN" rescue 'sim:disc?image=disc.img' a.iso
cmp disc.img a.iso || fail "the image differs"

# A command that never returns: the second signal waits for nothing, not even for threads that have ended.
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}report_thread_leaks=0"
begin b.iso "$slow&hang=64"
kill -s INT "$process"
kill -s INT "$process"
ended 6 2000
must 0 "$RESPIN" map -t b.iso.map
must 0 "$RESPIN" rescue 'sim:disc?image=disc.img' b.iso
cmp disc.img b.iso || fail "the image differs"

# Nobody reads: the last words cannot be said, and that holds nothing up.
mkfifo unread
exec 7<>unread # open at both ends: it never breaks
timeout 0.5 dd if=/dev/zero of=unread bs=4096 2>/dev/null
for deaf in out err; do
	rm -f e.iso*
	eval "$deaf=unread"
	begin e.iso "$slow"
	kill -s INT "$process"
	ended 6 1000
	out=out err=err
	checks=$((checks + 1))
	[ ! -e e.iso.map.lock ] || fail "nobody reads std$deaf: the lock is left"
	must 0 "$RESPIN" map -t e.iso.map
	[ "$(sectors + e.iso.map)" -gt 0 ] || fail "nobody reads std$deaf: nothing was saved"
	[ "$(sectors - e.iso.map)" -eq 0 ] || fail "a stop has given something up"
done
# A run that came to its end waits for its reader, but with nothing in its hands; a signal does not change how it ended.
out=unread
begin e.iso 'sim:disc?image=disc.img'
for try in $(seq 100); do
	[ -e e.iso.map.lock ] || break
	sleep 0.05
done
out=out
[ ! -e e.iso.map.lock ] || fail "who waits for a reader keeps the lock"
cmp disc.img e.iso || fail "the image differs"
kill -0 "$process" 2>/dev/null || fail "the last words were not waited for"
# ThreadSanitizer keeps a signal back until the thread comes out of a write that it does not know.
if [ "${SANITIZE:-none}" = thread ]; then
	kill -s KILL "$process"
	wait "$process" 2>/dev/null
else
	kill -s INT "$process"
	ended 0 1000
fi
exec 7>&-

# nohup: a terminal that goes away is no reason to stop.
begin c.iso "$slow" nohup
kill -s HUP "$process"
sleep 0.3
kill -0 "$process" 2>/dev/null || fail "SIGHUP has ended what nohup began"
kill -s TERM "$process"
ended 6 2000

# Ctrl-Z: what was read is durable before the program stands still; then it goes on to its end.
pgrp=$1
fast='sim:disc?image=disc.img&profile=dvd&block_us=10000&pace=1'
state() {
	sed -n 's/^State:.\(.\).*/\1/p' "/proc/$process/status"
}
: >pid
: >d.events
env --default-signal=INT,TERM,HUP,TSTP "$pgrp" pid "$RESPIN" rescue --events d.events "$fast" d.iso >out 2>err &
waiter=$!
told() {
	grep -c '"event":"outcome"' d.events || true
}
for try in $(seq 200); do
	sleep 0.05
	[ "$(told)" -lt 20 ] || break # 0.4 s of reading: no commit was due
done
process=$(cat pid)
kill -s TSTP "$process"
for try in $(seq 40); do
	[ "$(state)" != T ] || break
	sleep 0.05
done
checks=$((checks + 2))
[ "$(state)" = T ] || fail "Ctrl-Z does not stop it"
kept=$(($(sectors + d.iso.map) / 32)) # but for what the drive brought while it was saved
[ "$(told)" -ge 20 ] && [ "$kept" -ge $(($(told) - 3)) ] || fail "of $(told) requests, $kept are in the map of a stopped program"
kill -s CONT "$process"
process=$waiter
ended 0 20000
cmp disc.img d.iso || fail "the image differs"
done_ok
