#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A drive that takes a command and never answers it, as the kernel's own drivers see it: the simulated drive behind
# target_core_user hangs, and SG_IO on sr waits where no signal reaches, and on sg where SIGKILL alone does. SIGINT still ends the rescue within a
# second with everything saved; who waits for the drive goes when the drive does.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-hung
qemu_begin
end_bar_ms=1000
rig_image "$RIG/disc.iso" 6
cp "$RIG/disc.iso" "$PAYLOAD/lab/disc.iso"
hang=1024

cat >"$PAYLOAD/lab/run" <<GUEST
modprobe -a target_core_user tcm_loop sr_mod sg
mount -t configfs configfs /sys/kernel/config
now_ms() {
	read -r up idle </proc/uptime
	echo \$((\${up%.*} * 1000 + 10 * 1\${up#*.} - 1000))
}
for name in sr sg; do
	respin sim attach 'sim:disc?image=/lab/disc.iso&profile=dvd&latency_us=1000&pace=1&hang=$hang' >/out/\$name.attach 2>&1 &
	attached=\$!
	tries=0
	until grep -q ^/dev/ /out/\$name.attach; do
		tries=\$((tries + 1))
		[ \$tries -le 400 ] && kill -0 \$attached || { echo "lab: no drive"; cat /out/\$name.attach; exit 1; }
		usleep 50000
	done
	respin rescue --quiet /dev/\${name}0 /out/\$name.iso 2>/out/\$name.err &
	rescue=\$!
	tries=0
	# All that came before the hanging command is in the image: 2 MiB.
	until grep -q '^0x00000000  *0x00200000  *+' /out/\$name.iso.map 2>/dev/null || [ \$tries -ge 600 ]; do
		tries=\$((tries + 1))
		usleep 50000
	done
	child=\$(cat /proc/\$rescue/task/\$rescue/children | tr -d ' ')
	begun=\$(now_ms)
	kill -INT \$rescue
	wait \$rescue
	echo \$? >/out/\$name.status
	echo \$((\$(now_ms) - begun)) >/out/\$name.ms
	ls /out/\$name.iso.map.lock >/out/\$name.lock 2>/dev/null
	sed -n 's/^State:.\\(.\\).*/\\1/p' /proc/\$child/status >/out/\$name.waits
	kill -INT \$attached
	wait \$attached
	tries=0
	while [ -d /proc/\$child ] && [ \$tries -lt 200 ]; do
		tries=\$((tries + 1))
		usleep 50000
	done
	[ -d /proc/\$child ] && echo stays >/out/\$name.gone || echo gone >/out/\$name.gone
done
GUEST
qemu_run 120

for name in sr sg; do
	cat "$OUT/$name.err"
	claim_is "$name: exit status" "$(cat "$OUT/$name.status")" 6
	claim_most "$name: ms from SIGINT to the end" "$(cat "$OUT/$name.ms")" $end_bar_ms
	claim_is "$name: sectors that are saved" "$(finished "$OUT/$name.iso.map" | wc -l)" $hang
	claim "$name: the map claims nothing false" true_image "$OUT/$name.iso" "$OUT/$name.iso.map" "$RIG/disc.iso"
	claim "$name: no lock is left" [ ! -s "$OUT/$name.lock" ]
	claim_is "$name: its child, when the drive is taken away" "$(cat "$OUT/$name.gone")" gone
done
claim_is 'sr: its child, which nothing can end' "$(cat "$OUT/sr.waits")" D # sg lets go at SIGKILL
rig_end
