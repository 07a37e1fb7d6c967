#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal while a command is outstanding that does not come back. Within 250 ms the map on disk tells everything that
# was delivered; the process ends with 6 within a second, also where the kernel lets nobody go who waits for the command
# (a loop device). A second signal waits for nothing.
. "$(dirname "$0")/rig.sh"
rig_begin signals tgtd losetup strace

durable_bar_ms=250
end_bar_ms=1000
at_once_bar_ms=500 # far below what it would wait for, and no race on a busy machine
rig_image "$RIG/disc.iso"
hang=6144 # begins a command on any source: a multiple of 512 sectors, 1 MiB
all_before="0x00000000 $(printf '0x%08X' $((hang * 2048))) +"
rig_fuse "$RIG/disc.iso" --hang $hang

# until_it_hangs SOURCE NAME WRAPPER...: a rescue with a command outstanding, to which everything before it was given
until_it_hangs() {
	source=$1 image=$RIG/out.iso
	shift 2
	rm -f "$image"*
	rig_fuse_reload
	rig_spawn "$@" "$RESPIN" rescue --quiet "$source" "$image" 2>"$RIG/err"
	rig_until 20000 hangs || rig_broken "nothing hangs at sector $hang: $(cat "$RIG/err")"
}

# saved: the map calls everything before the hanging command finished. Asked often, so without another process.
saved() {
	while read -r position size status; do
		[ "$position $size $status" != "$all_before" ] || return 0
	done 2>/dev/null <"$image.map"
	return 1
}

# attempt SIGNAL SOURCE NAME: one rescue that is stopped. Sets $durable_ms and $ended_ms, the times from the signal until
# everything was saved and until the process had ended.
attempt() {
	until_it_hangs "$2" "$3"
	sent=$(rig_ms)
	kill "-$1" "$SPAWNED"
	rig_until 5000 saved
	durable_ms=$TOOK
	rig_until 5000 gone "$SPAWNED"
	ended_ms=$(($(rig_ms) - sent))
	rig_fuse_release
	rig_wait "$SPAWNED"
	claim_is "SIG$1, $3: exit status" "$STATUS" 6
	claim "SIG$1, $3: the map claims nothing false" true_image "$image" "$image.map" "$RIG/disc.iso"
}

less() {
	[ "$1" -lt "$2" ] && echo "$1" || echo "$2"
}

# stopped SOURCE NAME: by each signal. The times are those of the machine's best mood, in three tries.
stopped() {
	for signal in INT TERM HUP; do
		best_durable=99999 best_end=99999
		for try in 1 2 3; do
			attempt $signal "$1" "$2"
			best_durable=$(less $durable_ms $best_durable)
			best_end=$(less $ended_ms $best_end)
			[ "$best_durable" -gt $durable_bar_ms ] || [ "$best_end" -gt $end_bar_ms ] || break
		done
		claim_most "SIG$signal, $2: ms until everything was durable, try $try" "$best_durable" $durable_bar_ms
		claim_most "SIG$signal, $2: ms until the process had ended" "$best_end" $end_bar_ms
	done
}

# With every sync of the image lasting three seconds, the first signal cannot be done with at once. The second can.
impatient() { # impatient SOURCE NAME
	until_it_hangs "$1" "$2" strace -D -f -qq -e trace=fdatasync -e signal=none \
		-e inject=fdatasync:delay_enter=3000000 -o "$RIG/trace"
	kill -INT "$SPAWNED"
	sleep 0.3
	claim "$2: a slow save is under way" alive "$SPAWNED"
	kill -INT "$SPAWNED"
	rig_until 5000 gone "$SPAWNED"
	claim_most "$2: ms from the second signal until the process had ended" $TOOK $at_once_bar_ms
	rig_fuse_release
	rig_wait "$SPAWNED"
	echo "$2: exit status $STATUS after the second signal"
	claim "$2: the map claims nothing false" true_image "$image" "$image.map" "$RIG/disc.iso"
}

rig_tgt "$DISC"
stopped "$URL" iscsi
impatient "$URL" 'iscsi, twice'
rig_tgt_end
rig_loop "$DISC"
stopped "$LOOP" loop
rig_end
