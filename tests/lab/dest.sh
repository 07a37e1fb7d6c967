#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an image may be, and what a failing sync means there: expected and ignored on a character device, an error on a
# regular file and on a block device. After it the map claims no more than the last good sync covered.
. "$(dirname "$0")/rig.sh"
rig_begin dest strace timeout

rig_image "$RIG/disc.iso" 12
hang=2048 # behind which the first sync has long happened when the rescue goes on
rig_fuse "$RIG/disc.iso" --hang $hang
rig_fuse_release

# --- neither a regular file nor a block device ---

rig_run timeout 20 "$RESPIN" rescue --quiet "$DISC" /dev/null "$RIG/null.map" 2>"$RIG/err"
cat "$RIG/err"
claim_is '/dev/null with a map: exit status' "$STATUS" 0
claim '/dev/null with a map: the map misses nothing' misses_exactly "$RIG/null.map" /dev/null
claim_is '/dev/null with a map: lines on standard error' "$(wc -l <"$RIG/err")" 0

mkfifo "$RIG/fifo"
ln -s /dev/null "$RIG/link"
for image in "$RIG/fifo" "$RIG/link"; do
	rig_run timeout 5 "$RESPIN" rescue --quiet "$DISC" "$image" 2>"$RIG/err"
	case $STATUS in
	2 | 5) refused=yes ;;
	*) refused="no, exit status $STATUS" ;;
	esac
	claim_is "${image##*/} without a map is refused" "$refused" yes
	claim_is "${image##*/} without a map: lines on standard error" "$(wc -l <"$RIG/err")" 1
	claim "${image##*/} without a map: no map is made" [ ! -e "$image.map" ]
done

# --- a sync that fails ---

# hanging NAME IMAGE OPTION...: a rescue that stands still behind a few good syncs, and what it has saved by then
hanging() {
	name=$1 image=$2 map=$RIG/$(echo "$1" | tr ' ,' '__').map
	shift 2
	rig_fuse_reload
	rig_spawn "$RESPIN" rescue --quiet "$@" "$DISC" "$image" "$map" 2>"$RIG/err"
	rig_until 10000 hangs || rig_broken "nothing hangs at sector $hang: $(cat "$RIG/err")"
	sleep 0.5
	finished "$map" | sort >"$RIG/saved"
}

traced() { # is every thread of the rescue being traced?
	! grep -q '^TracerPid:.0$' /proc/"$SPAWNED"/task/*/status
}

# failing FAULT: the rescue goes on, with strace making the image's syncs fail from now on
failing() {
	rescue_pid=$SPAWNED
	setpriv --pdeathsig TERM strace -f -qq -p "$SPAWNED" -P "$image" -e trace=pwrite64,fdatasync,fsync -e signal=none \
		-e "inject=$1" -o "$RIG/trace" &
	strace_pid=$!
	rig_until 5000 traced || rig_broken 'strace does not attach'
	rig_fuse_release
	rig_wait "$rescue_pid"
	wait "$strace_pid"
	cat "$RIG/err"
	echo "$name: $(grep -c INJECTED "$RIG/trace") syncs failed, $(grep -c 'sync([0-9]*) *= 0' "$RIG/trace") did not"
}

# covered: the sectors that were saved at the start, or written before the last sync that did not fail
covered() {
	cat "$RIG/saved"
	awk '/pwrite64\(/ && $NF > 0 {
		match($0, /, [0-9]+, [0-9]+\) *=/)
		split(substr($0, RSTART + 2, RLENGTH - 2), part, /[,)]/)
		for (s = part[2] / 2048; s < (part[2] + $NF) / 2048; s++) open[s]
	}
	/sync\([0-9]*\) *= 0/ { for (s in open) { print s; delete open[s] } }' "$RIG/trace"
}

claims_only_the_covered() {
	finished "$map" | sort >"$RIG/claimed" && covered | sort -u >"$RIG/covered" &&
		[ -z "$(comm -23 "$RIG/claimed" "$RIG/covered")" ]
}

broken_output() { # after failing: an error, and nothing claimed that is not safe
	claim_is "$name: exit status" "$STATUS" 4
	claim_is "$name: lines on standard error" "$(wc -l <"$RIG/err")" 1
	claim "$name: the map claims no more than good syncs covered" claims_only_the_covered
	claim "$name: the map claims nothing false" true_image "$image" "$map" "$RIG/disc.iso"
}

rig_run strace -D -f -qq -P "$RIG/every.iso" -e trace=pwrite64,fdatasync,fsync -e signal=none \
	-e inject=fdatasync,fsync:error=EIO -o "$RIG/trace" \
	"$RESPIN" rescue --quiet "$RIG/disc.iso" "$RIG/every.iso" 2>"$RIG/err"
cat "$RIG/err"
claim_is 'no sync works: exit status' "$STATUS" 4
claim_is 'no sync works: lines on standard error' "$(wc -l <"$RIG/err")" 1
claim_is 'no sync works: finished sectors in the map' "$(finished "$RIG/every.iso.map" | wc -l)" 0

hanging 'later syncs fail' "$RIG/later.iso"
failing fdatasync,fsync:error=EIO
broken_output
claim "$name: what was saved before is still claimed" [ -s "$RIG/saved" -a -z "$(comm -13 "$RIG/claimed" "$RIG/saved")" ]

hanging 'one sync fails' "$RIG/one.iso"
failing fdatasync:error=EIO:when=1
claim_is "$name: exit status, because it was all written again" "$STATUS" 0
claim "$name: the map claims no more than good syncs covered" claims_only_the_covered
claim "$name: the image is the disc" cmp "$RIG/one.iso" "$RIG/disc.iso"

truncate -s "$(stat -c %s "$RIG/disc.iso")" "$RIG/store"
rig_loop "$RIG/store" rw
rig_run "$RESPIN" rescue --quiet --force "$DISC" "$LOOP" "$RIG/block.map" 2>"$RIG/err"
cat "$RIG/err"
claim_is 'block device: exit status' "$STATUS" 0
claim 'block device: it holds the disc' cmp "$RIG/store" "$RIG/disc.iso"
hanging 'block device, later syncs fail' "$LOOP" --force
failing fdatasync,fsync:error=EIO
broken_output
rig_end
