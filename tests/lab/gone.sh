#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A bad sector is not a vanished source. EIO and ENODATA cost sectors; ENXIO, ENODEV, ENOMEDIUM, a dead server and a lost
# link end the run with 3, condemn nothing, and the same rescue is brought to its end when the source is back.
. "$(dirname "$0")/rig.sh"
rig_begin gone tgtd

rig_image "$RIG/disc.iso" 12
rig_bad "$RIG/disc.iso" "$RIG/bad"
sed -n 10p "$RIG/bad" >"$RIG/one" # where the source vanishes
hang=2048

rescue() { # rescue SOURCE NAME
	rig_spawn "$RESPIN" rescue --quiet "$1" "$RIG/$2.iso" 2>"$RIG/err"
}

# vanished WHAT NAME: what the run has left behind
vanished() {
	rig_wait "$SPAWNED"
	cat "$RIG/err"
	claim_is "$1: exit status" "$STATUS" 3
	claim_is "$1: lines on standard error" "$(wc -l <"$RIG/err")" 1
	claim_is "$1: sectors called bad" "$(ddrescuelog -b 2048 -l - "$RIG/$2.iso.map" | wc -l)" 0
	claim "$1: something was saved" [ -n "$(finished "$RIG/$2.iso.map")" ]
	claim "$1: the map claims nothing false" true_image "$RIG/$2.iso" "$RIG/$2.iso.map" "$RIG/disc.iso"
}

back() { # back WHAT SOURCE NAME
	rescue "$2" "$3"
	rig_wait "$SPAWNED"
	cat "$RIG/err"
	claim_is "$1, and back: exit status" "$STATUS" 0
	claim "$1, and back: the image is the disc" cmp "$RIG/$3.iso" "$RIG/disc.iso"
}

for name in EIO ENODATA; do
	rig_fuse "$RIG/disc.iso" --bad "$RIG/bad" --errno $name
	rescue "$DISC" $name
	rig_wait "$SPAWNED"
	claim_is "$name: exit status" "$STATUS" 1
	claim "$name: the map misses exactly the bad sectors" misses_exactly "$RIG/$name.iso.map" "$RIG/bad"
	rig_fuse_end
done

for name in ENXIO ENODEV ENOMEDIUM; do
	rig_fuse "$RIG/disc.iso" --bad "$RIG/one" --errno $name
	rescue "$DISC" $name
	vanished $name $name
	rig_fuse_end
	back $name "$RIG/disc.iso" $name
done

rig_fuse "$RIG/disc.iso" --hang $hang
rescue "$DISC" dead
rig_until 10000 hangs || rig_broken "nothing hangs: $(cat "$RIG/err")"
kill -KILL "$FUSE_PID"
vanished 'the server dies' dead
rig_fuse_end
back 'the server dies' "$RIG/disc.iso" dead

rig_fuse "$RIG/disc.iso" --hang $hang
rig_tgt "$DISC"
rescue "$URL" link
rig_until 10000 hangs || rig_broken "nothing hangs: $(cat "$RIG/err")"
kill -KILL "$TGT_PID"
rig_fuse_release
vanished 'the link is lost' link
rig_tgt_end
rig_tgt "$DISC"
back 'the link is lost' "$URL" link
rig_end
