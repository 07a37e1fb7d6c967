#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The output's file system fills up in the middle of a rescue. After the write that failed, at most one more command
# reaches the target; the program ends with 4, the map claims nothing false, and the run goes on when there is room.
. "$(dirname "$0")/rig.sh"
rig_begin full tgtd strace mount umount

room=160M # more than any look at the free space before the start may ask for
full_after=260 # commands: of 375, behind the first commit, which comes after a second
rig_image "$RIG/disc.iso"
: >"$RIG/bad"
rig_fuse "$RIG/disc.iso" --bad "$RIG/bad" --delay-ms 6
rig_tgt "$DISC"
rig_tmpfs $room
image=$SMALL/out.iso

enough_commands() {
	[ "$(wc -l <"$FUSE_LOG")" -ge $full_after ]
}

# fill: the tmpfs becomes as small as what it holds. Between the two looks it may have grown: then again.
fill() {
	mount -o remount,size="$(du -sk "$SMALL" | cut -f 1)k" "$SMALL" 2>/dev/null
}

: >"$FUSE_LOG"
rig_spawn strace -D -f -qq -ttt -P "$image" -e trace=pwrite64 -e signal=none -o "$RIG/trace" \
	"$RESPIN" rescue --quiet "$URL" "$image" 2>"$RIG/err"
rig_until 20000 enough_commands || rig_broken "no $full_after commands arrived: $(cat "$RIG/err")"
rig_until 5000 fill || rig_broken 'the tmpfs does not fill'
rig_wait "$SPAWNED"
cat "$RIG/err"

# Both clocks are the system's, in microseconds. The last failing write of the image counts: until then it was tried.
failed_us=$(awk '/ENOSPC/ { t = $2 } END { printf "%.0f\n", t * 1000000 }' "$RIG/trace")
failures=$(grep -c ENOSPC "$RIG/trace")
commands=$(awk '$2 <= 65536' "$FUSE_LOG" | wc -l)
after=$(awk -v t="$failed_us" '$4 > t' "$FUSE_LOG" | wc -l)
echo "full at command $full_after or soon after; $commands commands in all, $failures writes failed"
claim 'a write failed for want of room' [ "$failures" -gt 0 ]
claim_most 'failing writes' "$failures" 2
claim_most 'commands that reached the target after the failing write' "$after" 1
claim_is 'exit status' "$STATUS" 4
claim_is 'lines on standard error' "$(wc -l <"$RIG/err")" 1
claim 'the map parses' parses "$image.map"
claim 'it claims nothing false' true_image "$image" "$image.map" "$RIG/disc.iso"
claim 'it claims what was saved before' [ -n "$(finished "$image.map")" ]
claim 'it misses something' [ -n "$(missing "$image.map")" ]

mount -o remount,size=$room "$SMALL"
rig_run "$RESPIN" rescue --quiet "$URL" "$image" 2>"$RIG/err"
cat "$RIG/err"
claim_is 'exit status when there is room again' "$STATUS" 0
claim 'the image is the disc' cmp "$image" "$RIG/disc.iso"
rig_end
