#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk that is really full, on ext4, xfs and btrfs. Without --space-wait the run ends with 4 and the last map is saved;
# with it the run pauses, the drive rests, and goes on when there is room. Stopped in the pause it ends within a second.
. "$(dirname "$0")/trouble.rig"
tr_begin room losetup mount umount fallocate

# fill: takes all the room there is, down to the last blocks, while the run stands still.
fill() {
	fill_n=0
	kill -STOP "$tr_pid"
	for size in 256M 64M 16M 4M 1M 256K 64K 16K 4K; do
		while fallocate -l $size "$FS/filler.$fill_n" 2>/dev/null; do fill_n=$((fill_n + 1)); done
		rm -f "$FS/filler.$fill_n"
	done
	kill -CONT "$tr_pid"
}

paused() {
	tr_said 'paused until there is room'
}

for type in ext4 xfs btrfs; do
	tr_fs $type "$RIG/$type.img"

	tr_start
	fill
	tr_ends "$type, full"
	tr_true "$type, full"
	rm -f "$FS"/filler.*
	tr_resume "$type, room again"

	rm -f "$FS"/out.iso*
	tr_start --space-wait 60
	fill
	rig_until 8000 paused || rig_broken "$type: it does not pause: $(cat "$RIG/log")"
	sleep 0.3
	claim "$type, waiting: it is still there" alive "$tr_pid"
	tr_true "$type, waiting"
	if [ $type = btrfs ]; then # the other two go on
		asked=$(rig_ms)
		kill -TERM "$tr_pid"
		rig_wait "$tr_pid"
		claim_most "$type, stopped while waiting: ends after ms" $(($(rig_ms) - asked)) 1000
		claim_is "$type, stopped while waiting: exit status" "$STATUS" 4
		tr_true "$type, stopped while waiting"
		rm -f "$FS"/filler.*
		tr_resume "$type, stopped while waiting"
	else
		rm -f "$FS"/filler.*
		rig_wait "$tr_pid"
		cat "$RIG/err"
		claim_is "$type, room made: exit status" "$STATUS" 0
		claim "$type, room made: it said that it goes on" tr_said 'there is room again'
		claim "$type, room made: the image is the disc" cmp "$IMAGE" "$RIG/disc.iso"
	fi
	umount "$FS"
done
rig_end
