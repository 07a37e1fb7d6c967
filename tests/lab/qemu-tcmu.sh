#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The simulated drive as a true one: in a guest, `respin sim attach` makes /dev/sr0 and /dev/sg0 of it with the stock
# kernel's target_core_user and tcm_loop. Programs that nobody here wrote look at it, mount it and read it; ddrescue and
# respin rescue it by both nodes, and miss exactly what the scenario drew: a list, and a scratch across the disc. It is
# unplugged in the middle of a rescue and comes back. However an attach ends, nothing of it outlives the next one.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-tcmu sg_inq readom ddrescue ddrescuelog
qemu_begin
for tool in sg_inq xorriso readom ddrescue; do
	qemu_add "$(command -v $tool)" || rig_broken 'the guest has no files'
done

[ -n "${LAB_BIN:-}" ] || [ -n "${RESPIN_LIB:-}" ] || rig_skip 'RESPIN_LIB does not name the library'
rig_helper drawn "-I$rig_here/../../include" "${RESPIN_LIB:-}" "-Wl,-rpath,$(dirname "${RESPIN_LIB:-.}")"

rig_image "$RIG/disc.iso" 6
rig_bad "$RIG/disc.iso" "$RIG/bad"
cp "$RIG/disc.iso" "$PAYLOAD/lab/disc.iso"
list=$(paste -s -d, "$RIG/bad")
# The sr driver takes damage among the last 75 sectors for the end of the disc, and ends short what it reads for others
# there (sr_done): ddrescue gives up. It gets a disc that is whole at its end.
awk -v end="$SECTORS" '$1 < end - 75' "$RIG/bad" >"$RIG/head"
head=$(paste -s -d, "$RIG/head")
# A scratch of which no ECC block lies just on the edge of what its code corrects: those would be a matter of luck.
for angle in 0.10 0.17 0.24 0.31 0.38 0.45 0.52 0.59; do
	cat >"$RIG/scratch.sim" <<SCENARIO
title   A DVD, shrunk, with a scratch that knows no luck
disc    dvd-5 drawn=0 drift=0 scale=$((2295104 / SECTORS)) sigma_block=0 sigma_region=0 sigma_global=0 tau=0.001 u_sigma=0
content image=disc.iso
drive   plain sense=0 latency_us=1000
damage  radial r=30..44 slope=0.02 width=20 rough=0 angle=$angle
seed    $rig_seed
SCENARIO
	"$drawn" sim:scratch.sim >"$RIG/scratch" && break
done || rig_broken 'the scratch cannot be known'
cp "$RIG/scratch.sim" "$PAYLOAD/lab/scratch.sim"
file=$(xorriso -indev "$RIG/disc.iso" -find /pictures/picture5.jpg -exec report_lba -- 2>/dev/null | tr -d ",'" |
	awk '$NF == "/pictures/picture5.jpg" { print $(NF - 3) }')

cat >"$PAYLOAD/lab/run" <<GUEST
respin sim attach 'sim:disc?size=1000' 2>/out/refused.modules
echo \$? >>/out/refused.modules
as_plain respin sim attach 'sim:disc?size=1000' 2>/out/refused.plain
echo \$? >>/out/refused.plain
modprobe -a target_core_user tcm_loop sr_mod sg isofs
mount -t configfs configfs /sys/kernel/config

targets() { # what is left of attached drives, anywhere
	ls -d /sys/kernel/config/target/core/user_* /sys/kernel/config/target/loopback/naa.* /sys/class/uio/uio* \\
		/dev/sr* /dev/sg* 2>/dev/null || :
}
attach() { # attach NAME ADDRESS: comes back when the nodes are there
	respin sim attach "\$2" >/out/\$1.attach 2>&1 &
	attached=\$!
	tries=0
	until grep -q ^/dev/ /out/\$1.attach; do
		tries=\$((tries + 1))
		[ \$tries -le 400 ] && kill -0 \$attached || { echo "lab: no drive"; cat /out/\$1.attach; return 1; }
		usleep 50000
	done
}
detach() { # detach NAME: its exit status, and what is left
	kill -INT \$attached
	wait \$attached
	echo \$? >/out/\$1.status
	targets >/out/\$1.left
}

targets >/out/before.left
attach whole 'sim:disc?image=/lab/disc.iso&profile=dvd' || exit 1
sg_inq /dev/sg0 >/out/inquiry
respin drives >/out/drives
echo \$? >>/out/drives
xorriso -indev /dev/sr0 -toc -find / -type f -exec report_lba >/out/toc 2>&1
mkdir /tmp/disc
mount -t iso9660 -o ro /dev/sr0 /tmp/disc && cp /tmp/disc/pictures/picture5.jpg /out/mounted && umount /tmp/disc
respin sim attach 'sim:disc?size=1000' >/out/beside.attach 2>&1 & # it must not take the first one for a leftover
beside=\$!
until grep -q ^/dev/ /out/beside.attach || ! kill -0 \$beside; do usleep 50000; done
blockdev --getsize64 /dev/sr1 >/out/beside
kill -TERM \$beside
wait \$beside
echo \$? >>/out/beside
readom dev=/dev/sg0 f=/out/readom >/out/readom.log 2>&1
echo \$? >/out/readom.status
dd if=/dev/sr0 of=/out/dd bs=1M iflag=direct 2>/out/dd.log
cat /sys/block/sr0/queue/max_sectors_kb >/out/max_kb
detach whole

attach list 'sim:disc?image=/lab/disc.iso&profile=dvd&bad=$list' || exit 1
rescue sr /dev/sr0
rescue sg /dev/sg0
detach list

cd /lab
attach scratch scratch.sim || exit 1
rescue scratch-sr /dev/sr0
rescue scratch-sg /dev/sg0
detach scratch

# After half a second of the drive's time, which passes only with its commands, the link is lost for three.
(cat scratch.sim; echo 'fault unplug at=500ms for=3s') >unplug.sim
attach unplug sim:unplug.sim || exit 1
respin rescue /dev/sr0 /out/unplug.iso >/out/unplug.stdout 2>/out/unplug.stderr &
waits=\$!
tries=0
until [ "\$(grep -c ^/dev/ /out/unplug.attach)" -eq 2 ] || [ \$tries -ge 400 ]; do
	tries=\$((tries + 1))
	usleep 50000
done
kill -INT \$waits # it waits for the drive that it knew
wait \$waits
echo \$? >/out/unplug.first
node=\$(tail -n 1 /out/unplug.attach | cut -d, -f1)
respin rescue \$node /out/unplug.iso >>/out/unplug.stdout 2>>/out/unplug.stderr
echo \$node \$? >/out/unplug.again
detach unplug

attach head 'sim:disc?image=/lab/disc.iso&profile=dvd&bad=$head' || exit 1
ddrescue -d -b2048 -r0 /dev/sr0 /out/ddrescue.iso /out/ddrescue.iso.map >/out/ddrescue.log 2>&1
detach head

# Killed while a reader waits for it: the next one finds what is left, turns the reader back and takes it down.
attach killed 'sim:disc?image=/lab/disc.iso&profile=dvd&bad=1000&fail_ms=20000&pace=1' || exit 1
dd if=/dev/sr0 of=/dev/null bs=2048 skip=1000 count=1 iflag=direct 2>/out/waiting.log &
reader=\$!
sleep 1
kill -KILL \$attached
wait \$attached
kill -0 \$reader && echo yes >/out/waiting
targets >/out/killed.left
attach again 'sim:disc?image=/lab/disc.iso&profile=dvd' || exit 1
targets >/out/again.there
wait \$reader
echo \$? >/out/waiting.status
dd if=/dev/sr0 of=/out/again bs=64k count=16 iflag=direct 2>>/out/dd.log
detach again
GUEST
qemu_run 120

left() { # left NAME: how much is left of attached drives
	wc -l <"$OUT/$1.left"
}
says() { # says TEXT FILE
	grep -qF "$1" "$OUT/$2"
}
cat "$OUT"/*.attach
claim 'without the modules: what to do' says 'modprobe -a target_core_user tcm_loop' refused.modules
claim_is 'without the modules: exit status' "$(tail -n 1 "$OUT/refused.modules")" 2
claim 'without the right: what to do' says 'run this as root' refused.plain
claim_is 'without the right: exit status' "$(tail -n 1 "$OUT/refused.plain")" 3
claim_is 'before the first one: devices of the kind' "$(left before)" 0
claim 'sg_inq knows it for an optical drive' says 'cd/dvd' inquiry
claim 'respin drives finds it by both nodes, with a disc in it' grep -q '^/dev/sr0 .*/dev/sg0 .*a disc is in it' "$OUT/drives"
claim 'respin drives says what is next' says 'respin info /dev/sr0' drives
claim_is 'respin drives: exit status' "$(tail -n 1 "$OUT/drives")" 0
claim 'xorriso finds the files' says "'/video/film.mpg'" toc
claim 'a file of the mounted disc is right' eval \
	'tail -c +$((file * 2048 + 1)) "$RIG/disc.iso" | cmp -n "$(stat -c %s "$OUT/mounted")" - "$OUT/mounted"'
claim_is 'one beside it: bytes, exit status' "$(paste -s -d ' ' "$OUT/beside")" '2048000 0'
claim_is 'readom' "$(cat "$OUT/readom.status")" 0
claim 'readom read the disc' cmp "$OUT/readom" "$RIG/disc.iso"
claim 'dd read the disc' cmp "$OUT/dd" "$RIG/disc.iso"
rescued_like() { # rescued_like NAME LIST: did it miss these, and nothing else?
	map=$OUT/$1.iso.map
	claim "$1: the map misses exactly the $(wc -l <"$2") sectors" misses_exactly "$map" "$2"
	claim "$1: every other byte is the disc's" true_image "$OUT/$1.iso" "$map" "$RIG/disc.iso"
}
for name in sr sg scratch-sr scratch-sg; do
	qemu_tell $name
	claim_is "$name: exit status" "$(rescued $name)" 1
done
rescued_like sr "$RIG/bad"
rescued_like sg "$RIG/bad"
rescued_like scratch-sr "$RIG/scratch"
rescued_like scratch-sg "$RIG/scratch"
rescued_like unplug "$RIG/scratch"
rescued_like ddrescue "$RIG/head"
claim 'the scratch is none of a few' [ "$(wc -l <"$RIG/scratch")" -gt 100 ]
# A name that somebody holds open is not given twice: the drive is another one when it comes back, as behind a bridge.
tail -n 3 "$OUT/unplug.stderr"
claim_is 'unplug: exit status when told to stop waiting' "$(cat "$OUT/unplug.first")" 6
claim_is 'unplug: the drive came back, and the rescue was taken up there' "$(cat "$OUT/unplug.again")" '/dev/sr1 1'
claim 'after SIGKILL something is left' [ "$(left killed)" -gt 0 ]
claim_is 'and a reader waits' "$(cat "$OUT/waiting")" yes
claim 'the next attach lets it go, with an error' [ "$(cat "$OUT/waiting.status")" -ne 0 ]
claim 'and reads the disc' cmp -n 1048576 "$OUT/again" "$RIG/disc.iso"
claim_is 'and has one device, one host, one uio, one sr, one sg' "$(wc -l <"$OUT/again.there")" 5
for name in whole list scratch unplug head again; do
	claim_is "$name: exit status after Ctrl-C" "$(cat "$OUT/$name.status")" 0
	claim_is "$name: left behind" "$(left $name)" 0
done
rig_end
