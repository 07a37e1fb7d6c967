#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Rescues through the Linux kernel's own libata and usb-storage: emulated drives on AHCI and on xhci, and of each both
# nodes, /dev/sr and /dev/sg. One disc has read errors, injected below the drive, whose sense is the emulator's invention:
# whatever it says, no sector that is called finished may hold a wrong byte. The other disc has none, but qemu-short makes
# the drive end short with GOOD: exactly those sectors must be missing, although libata's residual says nothing.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-host ddrescuelog
qemu_begin
qemu_part qemu-probe
qemu_part qemu-short.so -shared -fPIC

sectors=2048 # 4 MiB a disc; eight rescues of that
seed=1       # the disc that qemu-probe knows by heart
bad='300 301 302 303 700 1008 1500 1501 1502 1503 1504 1505 1506 1507 1900'
short='64 333 1000 1001 1600'

"$truth" --make $seed $((sectors * 2048)) >"$RIG/disc"
printf '%s\n' $bad >"$RIG/bad"
printf '%s\n' $short >"$RIG/short"
for sector in $bad; do
	printf '[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "%d"\nonce = "off"\n\n' $((sector * 4))
done >"$RIG/blkdebug"

cat >"$PAYLOAD/lab/run" <<GUEST
modprobe -a ahci xhci_pci usb_storage sr_mod sg
both() { # both HOST DAMAGED WHOLE: a kind of host, and the places of its two drives in /sys
	nodes "\$2" || exit 1
	qemu-probe \$1-sr \$sr 1008 >>/out/probe
	qemu-probe \$1-sg \$sg 1008 >>/out/probe
	rescue \$1-sr \$sr
	rescue \$1-sg \$sg
	nodes "\$3" || exit 1
	rescue \$1-sr-short \$sr env LD_PRELOAD=/lab/bin/qemu-short.so QEMU_SHORT='$short'
	rescue \$1-sg-short \$sg env LD_PRELOAD=/lab/bin/qemu-short.so QEMU_SHORT='$short'
}
both ahci '*/ata1/*' '*/ata2/*'
both usb '*/usb?/*-1/*' '*/usb?/*-2/*'
GUEST

damaged=if=none,file=blkdebug:$RIG/blkdebug:$RIG/disc,format=raw,media=cdrom,readonly=on
whole=if=none,file=$RIG/disc,format=raw,media=cdrom,readonly=on
qemu_run 120 -device nec-usb-xhci,id=xhci \
	-drive "$damaged,id=ahci1" -device ide-cd,drive=ahci1,bus=ide.0 \
	-drive "$whole,id=ahci2" -device ide-cd,drive=ahci2,bus=ide.1 \
	-drive "$damaged,id=usb1" -device usb-bot,id=bot1,bus=xhci.0,port=1 -device scsi-cd,drive=usb1,bus=bot1.0 \
	-drive "$whole,id=usb2" -device usb-bot,id=bot2,bus=xhci.0,port=2 -device scsi-cd,drive=usb2,bus=bot2.0

# What the transport's trust in its hosts rests on, as this kernel does it.
grep -E 'driver|profile|(sr aligned|sg mapped) (failing|short|inquiry)' "$OUT/probe"
shown() {
	grep -qxF "$1" "$OUT/probe"
}
for finding in \
	'ahci-sr aligned short: status 00 resid 0 data DDDDPPPPPPPPPPPP' \
	'ahci-sg aligned short: status 00 resid 0 data DDDDSSSSSSSSSSSS' \
	'ahci-sg mapped short: status 00 resid 0 data DDDDPPPPPPPPPPPP' \
	'usb-sr aligned short: status 00 resid 24576 data DDDD000000000000' \
	'usb-sg mapped short: status 00 resid 24576 data DDDD000000000000'; do
	claim "this kernel: $finding" shown "$finding"
done

for name in ahci-sr ahci-sg usb-sr usb-sg; do
	map=$OUT/$name.iso.map
	qemu_tell $name
	claim_is "$name: exit status" "$(rescued $name)" 1
	claim "$name: no wrong byte is finished" true_image "$OUT/$name.iso" "$map" "$RIG/disc"
	claim "$name: no bad sector is finished" none_of "$map" "$RIG/bad"
	claim_most "$name: sectors missing, of $sectors with $(wc -l <"$RIG/bad") bad" "$(missing "$map" | wc -l)" $((sectors / 2))
	name=$name-short
	map=$OUT/$name.iso.map
	qemu_tell $name
	claim_is "$name: exit status" "$(rescued $name)" 1
	claim "$name: no wrong byte is finished" true_image "$OUT/$name.iso" "$map" "$RIG/disc"
	claim "$name: just the sectors that never arrived are missing" misses_exactly "$map" "$RIG/short"
done
rig_end
