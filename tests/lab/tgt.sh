#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A damaged disc on a real SCSI target comes home: tgtd over a FUSE file with 40 bad sectors. Then the damage is taken
# away, and the same command line brings the rest, reading nothing again but the resume sample it announces.
. "$(dirname "$0")/rig.sh"
rig_begin tgt tgtd tgtadm

rig_image "$RIG/disc.iso"
rig_bad "$RIG/disc.iso" "$RIG/bad"
cp "$RIG/bad" "$RIG/damage"
rig_fuse "$RIG/disc.iso" --bad "$RIG/damage"
rig_tgt "$DISC"

rescue() {
	rig_run "$RESPIN" rescue --quiet --events "$RIG/events" "$URL" "$RIG/out.iso" 2>"$RIG/err"
	cat "$RIG/err"
}

start=$(rig_ms)
rescue
echo "the damaged disc took $(($(rig_ms) - start)) ms and $(wc -l <"$FUSE_LOG") commands on $SECTORS sectors"
claim_is 'exit status with 40 bad sectors' "$STATUS" 1
claim 'the map misses exactly the 40 bad sectors' misses_exactly "$RIG/out.iso.map" "$RIG/bad"
claim 'every other byte is the disc'\''s' true_image "$RIG/out.iso" "$RIG/out.iso.map" "$RIG/disc.iso"
claim_is 'length of the image' "$(stat -c %s "$RIG/out.iso")" "$(stat -c %s "$RIG/disc.iso")"
claim 'ddrescuelog accepts the map' parses "$RIG/out.iso.map"
claim_most 'bytes of the longest command' "$(longest)" 65536

finished "$RIG/out.iso.map" >"$RIG/finished"
: >"$RIG/damage"
rig_fuse_reload
: >"$RIG/events" # of the second run alone
rescue
claim_is 'exit status with the damage removed' "$STATUS" 0
claim 'the image is the disc' cmp "$RIG/out.iso" "$RIG/disc.iso"
claim 'the map misses nothing' misses_exactly "$RIG/out.iso.map" /dev/null
claim_no_rereads "$RIG/finished" "$RIG/events" 16
rig_end
