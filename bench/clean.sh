#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A clean source: 2 GiB in memory into an existing file in memory, beside dd and GNU ddrescue, interleaved,
# medians. Bars: at least 0.9 of dd's speed, at most twice ddrescue's CPU time, peak memory under 96 MiB
# here and with 100 000 bad areas.
set -u
respin=${RESPIN:?the program} bin=${BENCH_BIN:?the folder of measure} slack=${RESPIN_BENCH_SLACK:-1}
rounds=${ROUNDS:-7} mib=${MIB:-2048}
shm=/dev/shm
[ -d $shm ] && [ "$(df -Pk $shm | awk 'NR == 2 { print int($4 / 1024) }')" -gt $((mib * 2 + 512)) ] || {
	echo "skipped: no $((mib * 2 + 512)) MiB in $shm"
	exit 77
}
command -v ddrescue >/dev/null || { echo "skipped: ddrescue (package gddrescue) is missing"; exit 77; }
dir=$(mktemp -d "$shm/respin-clean.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

head -c ${mib}M /dev/urandom >"$dir/source"
cp "$dir/source" "$dir/image"
round=0
while [ $round -lt "$rounds" ]; do
	rm -f "$dir"/image.map* "$dir"/map
	"$bin/measure" dd if="$dir/source" of="$dir/image" bs=1M conv=notrunc >>"$dir/dd" || exit 1
	"$bin/measure" ddrescue -f -b2048 -c512 "$dir/source" "$dir/image" "$dir/map" >>"$dir/ddrescue" || exit 1
	"$bin/measure" "$respin" rescue --quiet --force "$dir/source" "$dir/image" >>"$dir/respin" || exit 1
	round=$((round + 1))
done
cmp "$dir/source" "$dir/image" || { echo "the image differs from the source"; exit 1; }

# One bad sector in 64: a hundred thousand areas, on a source that costs no storage. A sweep finds them all.
areas=100000
"$bin/measure" "$respin" sweep --quiet "sim:disc?profile=bd&size=$((areas * 64))&every=64" "$dir/trap" >"$dir/many"
[ $? -le 1 ] || { echo "the rescue with $areas bad areas failed"; exit 1; }

median() { # median FILE FIELD
	awk -v f="$2" '{ print $f }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
awk -v slack="$slack" -v dd="$(median "$dir/dd" 1)" -v cpu="$(median "$dir/ddrescue" 2)" -v dr="$(median "$dir/ddrescue" 1)" \
	-v wall="$(median "$dir/respin" 1)" -v own="$(median "$dir/respin" 2)" -v rss="$(median "$dir/respin" 3)" \
	-v many="$(median "$dir/many" 3)" -v areas="$areas" -v mib="$mib" -v rounds="$rounds" '
	function bar(good) { if (!good) bad = 1; return good ? "" : "  BEYOND THE BAR" }
	BEGIN {
		printf "%d MiB in memory, %d rounds, medians\n", mib, rounds
		printf "speed against dd          %.2f (bar 0.90)%s\n", dd / wall, bar(dd / wall >= 0.9 / slack)
		printf "speed against ddrescue    %.2f\n", dr / wall
		printf "CPU against ddrescue      %.2f (bar 2.00)%s\n", own / cpu, bar(own / cpu <= 2 * slack)
		printf "peak memory               %.1f MiB (bar 96)%s\n", rss / 1024, bar(rss / 1024 < 96)
		printf "peak memory, %d areas %.1f MiB (bar 96)%s\n", areas, many / 1024, bar(many / 1024 < 96)
		exit bad
	}'
