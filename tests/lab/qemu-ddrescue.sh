#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# GNU ddrescue on a true /dev/sr0: Debian's kernel in a guest hands each command to tgtd on this machine, over a FUSE file
# with bad sectors that notes what is read. The in-tree policies above the in-tree image of that kernel's block device
# (O_DIRECT, and the page cache with its read-ahead) must send the same commands: same place, same length, same order.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-ddrescue tgtd tgtadm ddrescue
qemu_begin
ls /usr/lib/*/qemu/block-iscsi.so >/dev/null 2>&1 || rig_skip 'QEMU has no iSCSI driver (qemu-block-extra)'
[ -x "${LAB_BIN:-}/rival-reads" ] || rig_skip 'rival-reads is built by Meson only'
qemu_add "$(command -v ddrescue)" || rig_broken 'the guest has no files'

sectors=$((6002 - rig_seed % 2)) # whole pages and a block size of 4096, or an odd number and the sector's own 2048
awk -v seed="$rig_seed" -v sectors=$sectors 'BEGIN {
	srand(seed)
	for (i = 0; i < 4; i++) print int(500 + rand() * (sectors - 1000))
	at = int(100 + rand() * (sectors - 1000)); print at "-" at + 130
	at = int(200 + rand() * 1000) * 2; for (i = 0; i < 8; i++) print at + i * 53
}' | sort -n >"$RIG/bad"
truncate -s $((sectors * 2048)) "$RIG/disc.raw"
rig_fuse "$RIG/disc.raw" --bad "$RIG/bad"
rig_tgt "$DISC"

# Three direct reads of three sectors stand between the runs; the disc is good there, and nobody else reads it so.
cat >"$PAYLOAD/lab/run" <<GUEST
modprobe -a virtio_scsi sr_mod sg
nodes '*/virtio*/host*' || exit 1
for limit in max_sectors_kb max_hw_sectors_kb read_ahead_kb; do
	echo \$limit \$(cat /sys/block/\${sr##*/}/queue/\$limit)
done >/out/queue
mark() {
	for i in 1 2 3; do
		ddrescue -q -d -b2048 -i$((33 * 2048)) -s$((3 * 2048)) -f \$sr /dev/null /tmp/mark-\$1-\$i || exit 1
	done
}
mark 1
ddrescue -q -b2048 -f \$sr /dev/null /out/cached.map || exit 1
mark 2
ddrescue -q -d -b2048 -f \$sr /dev/null /out/direct.map || exit 1
mark 3
ddrescue -q -d -b2048 -c16 -n -f \$sr /dev/null /out/tuned.map || exit 1
ddrescue -q -d -b2048 -r3 -f \$sr /dev/null /out/tuned.map || exit 1
mark 4
GUEST
qemu_run 120 -device virtio-scsi-pci,id=scsi -device scsi-generic,bus=scsi.0,drive=cd \
	-drive "if=none,id=cd,file=$URL,format=raw,readonly=on"
cat "$OUT/queue"
most=$(awk '$1 == "max_sectors_kb" { print int($2 / 2) }' "$OUT/queue")

# The log in pieces, one between two marks.
awk -v mark=$((33 * 2048)) -v dir="$RIG" '
	$1 == mark && $2 == 3 * 2048 { if (++marks % 3 == 0) run++; next }
	marks % 3 == 0 { print $1, $2 > (dir "/run" run ".real") }' "$FUSE_LOG"

compare() { # compare RUN NAME POLICY PATH
	"$LAB_BIN/rival-reads" "$3" $sectors 16 "$RIG/bad" "$4" "$most" | awk '{ print $1, $2 }' >"$RIG/run$1.tree"
	claim "$2: the same $(wc -l <"$RIG/run$1.real") commands" same_commands "$RIG/run$1.real" "$RIG/run$1.tree"
}

# What is read ahead is under way together with what somebody waits for, and either may arrive first: a command may stand
# up to two places from where it is expected.
same_commands() {
	awk 'NR == FNR { want[++n] = $0; next }
		{
			for (i = FNR - 2; i <= FNR + 2; i++)
				if (want[i] == $0) { delete want[i]; next }
			if (++wrong <= 6) print "unexpected, at " FNR ": " $0
		}
		END {
			for (i in want) if (want[i] != "" && ++missing <= 6) print "missing, at " i ": " want[i]
			exit wrong + missing > 0
		}' "$2" "$1"
}

compare 1 'through the page cache' ddrescue cached
compare 2 'O_DIRECT' ddrescue direct
compare 3 'tuned' ddrescue-tuned direct
rig_end
