#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sticks as people have them, vfat and exfat, in a guest whose kernel knows them. A disc of more than 4 GiB is told at the
# start on vfat, and only there. No holes: the image grows as it is read. Killed in the middle, the run leaves the second
# copy of the map; without the map itself the next run goes on from that, makes the image the disc, and removes it.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-fat mkfs.vfat mkfs.exfat
qemu_begin

"$truth" --make "$rig_seed" 8388608 >"$RIG/disc.iso"
for type in vfat exfat; do
	truncate -s 64M "$RIG/$type"
	mkfs.$type "$RIG/$type" >"$RIG/mkfs.log" 2>&1 || rig_skip "mkfs.$type: $(tail -n 1 "$RIG/mkfs.log")"
done
cp "$RIG/disc.iso" "$PAYLOAD/lab/disc"

cat >"$PAYLOAD/lab/run" <<'GUEST'
modprobe -a vfat exfat nls_cp437 nls_iso8859-1 nls_ascii nls_utf8
source='sim:disc?image=/lab/disc&profile=dvd'
truncate -s 5G /tmp/big
saved() {
	[ "$(grep -c + /stick/a.iso.map 2>/dev/null)" -gt 0 ]
}
mkdir /stick
for type in vfat exfat; do
	for disk in /sys/block/vd*; do
		[ "$(cat "$disk/serial")" = $type ] && mount -t $type "/dev/${disk##*/}" /stick
	done
	to=/out/$type
	timeout 60 respin rescue /tmp/big /stick/big.iso >$to.big 2>&1
	echo $? >$to.big-status
	rm -f /stick/big.iso*

	respin rescue --quiet "$source&latency_us=40000&pace=1" /stick/a.iso 2>$to.killed &
	pid=$!
	tries=0
	until saved || [ $tries -gt 400 ]; do tries=$((tries + 1)); usleep 50000; done
	kill -KILL $pid
	wait $pid
	stat -c %s /stick/a.iso >$to.length
	ls /stick >$to.files
	cp /stick/a.iso.map.twin $to.twin
	rm /stick/a.iso.map
	timeout 60 respin rescue "$source" /stick/a.iso >$to.next 2>&1
	echo $? >$to.next-status
	ls /stick >$to.files-after
	cp /stick/a.iso $to.iso
	umount /stick
done
GUEST
qemu_run 120 $(for type in vfat exfat; do
	echo "-drive if=none,id=$type,file=$RIG/$type,format=raw -device virtio-blk-pci,drive=$type,serial=$type"
done)

for type in vfat exfat; do
	tail -n 3 "$OUT/$type.big"
	claim_is "$type, 5 GiB: exit status" "$(cat "$OUT/$type.big-status")" 4
	told=no
	grep -q 'a file here can have 4294967295 bytes' "$OUT/$type.big" && told=yes
	[ $type = vfat ] && wanted=yes || wanted=no
	claim_is "$type, 5 GiB: the limit of 4 GiB is told" $told $wanted
	claim_most "$type, killed: bytes of the image, which has no holes" "$(cat "$OUT/$type.length")" 8388607
	claim "$type, killed: the second copy is there" grep -qx a.iso.map.twin "$OUT/$type.files"
	claim "$type, killed: ddrescuelog accepts it" parses "$OUT/$type.twin"
	claim "$type, without its map: it says that it goes on from the copy" grep -q 'second copy' "$OUT/$type.next"
	claim_is "$type, without its map: exit status of the next run" "$(cat "$OUT/$type.next-status")" 0
	claim "$type: the image is the disc" cmp "$OUT/$type.iso" "$RIG/disc.iso"
	claim "$type: the second copy is gone" [ -z "$(grep twin "$OUT/$type.files-after")" ]
done
rig_end
