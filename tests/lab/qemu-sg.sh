#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tgt test by another road: in a guest, /dev/sr0 and /dev/sg0 hand every CDB to tgtd on this machine, over a FUSE file
# with 40 bad sectors. As root and as a plain user in group cdrom, exactly those 40 are missing and every other byte is
# right; a user without that group is refused. What only a true host driver does to a command is qemu-host's business.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-sg tgtd tgtadm
qemu_begin
ls /usr/lib/*/qemu/block-iscsi.so >/dev/null 2>&1 || rig_skip 'QEMU has no iSCSI driver (qemu-block-extra)'

rig_image "$RIG/disc.iso" 6
rig_bad "$RIG/disc.iso" "$RIG/bad"
rig_fuse "$RIG/disc.iso" --bad "$RIG/bad"
rig_tgt "$DISC"

cat >"$PAYLOAD/lab/run" <<'GUEST'
modprobe -a virtio_scsi sr_mod sg
nodes '*/virtio*/host*' || exit 1
rescue sr-root $sr
rescue sg-root $sg
rescue sr-plain $sr as_plain
rescue sg-plain $sg as_plain
rescue sr-stranger $sr as_stranger
rescue sg-stranger $sg as_stranger
GUEST
qemu_run 120 -device virtio-scsi-pci,id=scsi -device scsi-generic,bus=scsi.0,drive=cd \
	-drive "if=none,id=cd,file=$URL,format=raw,readonly=on"

for name in sr-root sg-root sr-plain sg-plain; do
	map=$OUT/$name.iso.map
	qemu_tell $name
	claim_is "$name: exit status" "$(rescued $name)" 1
	claim "$name: the map misses exactly the 40 bad sectors" misses_exactly "$map" "$RIG/bad"
	claim "$name: every other byte is the disc's" true_image "$OUT/$name.iso" "$map" "$RIG/disc.iso"
	claim_is "$name: length of the image" "$(stat -c %s "$OUT/$name.iso")" "$(stat -c %s "$RIG/disc.iso")"
	claim "$name: ddrescuelog accepts the map" parses "$map"
done
for name in sr-stranger sg-stranger; do
	claim_is "$name: exit status without the group" "$(rescued $name)" 3
	claim "$name: nothing was made" [ ! -e "$OUT/$name.iso" ]
done
# A transport that trusts neither residual nor poison has every sector read twice: right, but twice as long.
median=$(reads | sort -n | uniq -c | awk '{ print $1 }' | sort -n | sed -n "$((SECTORS / 2))p")
claim_is 'times that the middlemost sector was read by the four rescues' "$median" 4
claim_most 'bytes of the longest command' "$(longest)" 65536
rig_end
