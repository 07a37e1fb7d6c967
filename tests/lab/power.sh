#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while respin writes onto a real ext4, xfs and btrfs. Each lies on a loop device over a FUSE file that
# logs every write, discard and flush; the program's own events go into the same log, so it is known at each instant what
# had been said to be saved. Then, for cuts just before and after the flushes and at random places: the disk as it may be
# (all that was flushed, and a seeded part of the rest, torn), mounted, judged, and the rescue taken up to its end.
#
# The recorded story: a rescue of a damaged disc that is stopped half way, and another one that goes on, while somebody
# else syncs the file system now and then. That the judge can see is shown by a story in which no sync is done.
#
#   FS=ext4 STATE=N   one state of one file system alone        POINTS=N STEP=N   how many random cuts, every which flush
#   RECORD=FOLDER     no new story, but one that was kept because it failed
. "$(dirname "$0")/rig.sh"
rig_begin power losetup strace mkfs.ext4 mkfs.xfs mkfs.btrfs
[ "$(id -u)" -eq 0 ] || rig_skip 'mounting takes root'
[ -c /dev/fuse ] && [ -c /dev/loop-control ] || rig_skip '/dev/fuse or /dev/loop-control is missing'
rig_helper writelog -I/usr/include/fuse3 -lfuse3
rig_helper powercut

if [ -n "${RESPIN_LONG:-}" ]; then
	points=${POINTS:-10000} step=${STEP:-1}
else
	points=${POINTS:-60} step=${STEP:-6}
fi
memory=$(mktemp -d "/dev/shm/respin-power.XXXXXX" 2>/dev/null) || memory=$RIG/memory
mkdir -p "$memory"
trap 'end_power; rig_cleanup' EXIT

end_power() { # returns what it found in $?, which is the test's exit status
	found=$?
	for mounted in "$memory"/*/*.mnt "$RIG"/*/mnt "$RIG"/*/fuse; do umount -l "$mounted" 2>/dev/null; done
	rm -rf "$memory"
	return $found
}

bytes=6291456
"$truth" --make "$rig_seed" $bytes >"$RIG/disc.iso"
damaged="sim:disc?image=$RIG/disc.iso&profile=dvd&pace=2&latency_us=12000&fail_ms=220&bad=100,700,701,1500,1999,2000,2001,2900"

make_fs() { # make_fs FS FILE: the smallest that its maker makes
	case $1 in
	ext4) truncate -s 64M "$2" && mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$2" ;;
	xfs) truncate -s 300M "$2" && mkfs.xfs -q "$2" ;;
	btrfs) truncate -s 112M "$2" && mkfs.btrfs -q -m single "$2" ;;
	esac
}

# story FILES WRAPPER...: both rescues; FILES/fuse/marks hears what they say
story() {
	at=$1
	shift
	timeout --foreground -s INT 1.7 setpriv --pdeathsig KILL env --default-signal=INT \
		"$@" "$RESPIN" rescue --quiet --events "$at/fuse/marks" "$damaged" "$at/mnt/disc.iso"
	[ $? -eq 124 ] || return 1
	: >"$at/syncs"
	somebody_syncs "$at" &
	somebody=$!
	"$@" "$RESPIN" rescue --quiet --events "$at/fuse/marks" "$damaged" "$at/mnt/disc.iso"
	ended=$?
	rm "$at/syncs"
	wait $somebody
	[ $ended -eq 1 ]
}

somebody_syncs() {
	while sleep 0.13 && [ -e "$1/syncs" ]; do
		sync -f "$1/mnt"
	done
}

# record FS FOLDER WRAPPER...: leaves FOLDER/log, and the disk as it was in FOLDER/before
record() {
	kind=$1 at=$2
	shift 2
	mkdir -p "$at/fuse" "$at/mnt"
	make_fs "$kind" "$at/before" >"$at/mkfs" 2>&1 || rig_broken "mkfs.$kind: $(tail -n 1 "$at/mkfs")"
	cp --sparse=always "$at/before" "$at/disk"
	setpriv --pdeathsig TERM "$writelog" "$at/disk" "$at/log" "$at/fuse" &
	server=$!
	rig_until 5000 [ -f "$at/fuse/disk" ] || rig_skip 'FUSE does not serve'
	loop=$(losetup --show -f "$at/fuse/disk") || rig_skip 'no loop device'
	mount -t "$kind" -o noatime "$loop" "$at/mnt" || rig_skip "no $kind here"
	story "$at" "$@" 2>"$at/err" && told=0 || told=1
	rig_until 5000 umount "$at/mnt" 2>>"$at/err" || { kill -KILL $server; rig_broken "$kind: cannot be unmounted"; }
	losetup -d "$loop"
	rig_until 5000 unused "$loop"
	fusermount3 -u "$at/fuse" 2>/dev/null || umount "$at/fuse"
	wait $server
	rm -f "$at/disk"
	[ $told -eq 0 ] || rig_broken "$kind: the rescues to record went wrong: $(tail -n 1 "$at/err")"
}

unused() {
	! losetup "$1" >/dev/null 2>&1
}

# cut NAME FS RECORD POINTS STEP: what it says goes to $RIG/NAME.out
cut() {
	RECORD=$3 "$powercut" "$2" "$3/before" "$3/log" "$RIG/disc.iso" "$RESPIN" "$memory/$1" "$rig_seed" "$4" "$5" ${STATE:-}
}

one() { # one FS: the whole of it
	exec >"$RIG/$1.out" 2>&1
	since=$(rig_ms)
	kept=${RECORD:-$RIG/$1}
	[ -n "${RECORD:-}" ] || record "$1" "$kept"
	echo "$1: recorded in $(($(rig_ms) - since)) ms, $(stat -c %s "$kept/log") bytes of log"
	cut "$1" "$1" "$kept" "$points" "$step"
	status=$?
	if [ $status -ne 0 ] && [ -z "${RECORD:-}" ]; then
		away=${TMPDIR:-/tmp}/respin-power-$1-$rig_seed
		rm -rf "$away" && mkdir "$away" && cp --sparse=always "$kept/before" "$kept/log" "$away"
		sed -i "s|RECORD=$kept |RECORD=$away |" "$RIG/$1.out"
	fi
	exit $status
}

# The same story where each sync says that it was done, and nothing was.
blind() {
	exec >"$RIG/blind.out" 2>&1
	record xfs "$RIG/blind" strace -f -qq -e signal=none -o /dev/null -e trace=fsync,fdatasync \
		-e inject=fsync,fdatasync:retval=0
	cut blind xfs "$RIG/blind" 40 100
}

names=${FS:-ext4 xfs btrfs} jobs=
[ -z "${FS:-}" ] && also=blind || also=
for job in $names $also; do
	mkdir "$memory/$job"
	if [ $job = blind ]; then blind & else one $job & fi
	jobs="$jobs $!"
done
rig_pids=$jobs
for pid in $jobs; do
	wait "$pid"
	eval "status_$pid=\$?"
done
rig_pids=
lacking=0
set -- $jobs
for job in $names $also; do
	eval "status=\$status_$1"
	shift
	[ "$status" -ne 77 ] || { cat "$RIG/$job.out"; lacking=1; continue; }
	if [ $job = blind ]; then
		claim_is 'exit status of the judge where nothing is ever synced (xfs)' "$status" 1
		grep -c '^FAIL' "$RIG/blind.out" | sed 's/$/ violations seen there, such as:/'
		sed -n 's/^FAIL //p' "$RIG/blind.out" | sed 's/.*: //; s/^[0-9]* //' | sort | uniq -c | sort -rn | head -n 3
	else
		cat "$RIG/$job.out"
		claim_is "$job: exit status of the judge" "$status" 0
	fi
done
[ $lacking -eq 0 ] || [ "$rig_failed" -gt 0 ] || exit 77 # what ran was good; what could not run is said above
rig_end
