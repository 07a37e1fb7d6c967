#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals: the first one saves and ends with 6, the second does not wait; nohup is heeded; the same command goes on.
. "$RESPIN_SOURCE/tests/cli/common.sh"

disc 4096
# A drive that needs ten seconds, so that a busy machine has time to stop it: 8 MiB at 40 ms an ECC block.
slow='sim:disc?image=disc.img&profile=dvd&block_us=40000&pace=1'
# A test that was itself started by nohup or in the background must not hand that on.
begin() { # begin IMAGE SOURCE [COMMAND...]: in the background, until the image has grown some sectors
	image=$1 source=$2
	shift 2
	env --default-signal=INT,TERM,HUP "$@" "$RESPIN" rescue "$source" "$image" >out 2>err &
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

# nohup: a terminal that goes away is no reason to stop.
begin c.iso "$slow" nohup
kill -s HUP "$process"
sleep 0.3
kill -0 "$process" 2>/dev/null || fail "SIGHUP has ended what nohup began"
kill -s TERM "$process"
ended 6 2000
done_ok
