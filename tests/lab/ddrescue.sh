#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The policies "ddrescue" and "ddrescue-tuned", by which GNU ddrescue is measured where it cannot run itself, against the
# real program on a file with bad sectors: every read at the same place, of the same length, in the same order. Once
# nothing comes of a read that fails (O_DIRECT), once what lies before the bad sector does (the page cache).
. "$(dirname "$0")/rig.sh"
rig_begin ddrescue ddrescue
[ -x "${LAB_BIN:-}/rival-reads" ] || rig_skip 'rival-reads is built by Meson only'

sectors=20011
# Sectors, ECC blocks, a long hole, a gouge that comes back each turn, a field of chance; the seed moves them.
awk -v seed="$rig_seed" -v sectors=$sectors 'BEGIN {
	srand(seed)
	for (i = 0; i < 12; i++) print int(rand() * sectors)
	for (i = 0; i < 6; i++) { at = int(rand() * sectors / 16) * 16; print at "-" at + 15 }
	at = int(rand() * sectors * 0.8); print at "-" at + 700
	at = int(rand() * 3000); for (i = 0; i < 60; i++) print at + int(i * 43.7)
	at = int(rand() * sectors * 0.9); for (i = 0; i < 600; i++) if (rand() < 0.3) print at + i
	print sectors - 3
}' >"$RIG/bad"
truncate -s $((sectors * 2048)) "$RIG/disc.raw"

# compare NAME POLICY HOW: the log of what was read since it began, beside the policy
compare() {
	awk '{ print $1, $2, $3 }' "$FUSE_LOG" >"$RIG/$1.real"
	"$LAB_BIN/rival-reads" "$2" $sectors "${4:-16}" "$RIG/bad" "$3" | awk '{ print $1, $2, $3 }' >"$RIG/$1.tree"
	if ! cmp "$RIG/$1.real" "$RIG/$1.tree"; then
		diff "$RIG/$1.real" "$RIG/$1.tree" | head -n 8
		claim "$1: the same reads" false
	else
		claim "$1: the same $(wc -l <"$RIG/$1.real") reads" [ -s "$RIG/$1.real" ]
	fi
}

real() { # real OPTION...
	ddrescue -q -b2048 "$@" -f "$DISC" /dev/null "$RIG/map" || rig_broken "ddrescue ended with $?"
}

rig_fuse "$RIG/disc.raw" --bad "$RIG/bad"
real -d
compare whole-fails ddrescue reads
for cluster in 16 32; do
	rig_fuse_reload
	rm -f "$RIG/map"
	real -d -c$cluster -n
	real -d -r3
	compare tuned-c$cluster ddrescue-tuned reads $cluster
done
rig_fuse_end

rig_fuse "$RIG/disc.raw" --bad "$RIG/bad" --prefix
rm -f "$RIG/map"
real
compare prefix-comes ddrescue prefix
rig_end
