#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "respin merge" and "image:" on discs that xorriso made: three copies damaged differently, one of them rescued by ddrescue, give
# the disc back; disagreements are listed and settled by more readings, or left open; another disc is refused, and so is one that
# nothing shows to be the same; killed at any instant and begun again it ends with the same bytes, and never claims a false one.
set -u
RESPIN=${RESPIN:?the program}
for tool in xorriso ddrescue ddrescuelog; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-merge.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8
fail() { echo "$*"; exit 1; }

seed=${SEED:-4711}
# Bytes that depend on the seed alone; gzip's output is as good as any noise.
noise() { awk -v s="$1" -v n="$2" 'BEGIN { srand(s); for (i = 0; i < n; i++) printf "%d %d\n", i, int(1e9 * rand()) }'; }
mkdir tree other
noise "$seed" 400000 | gzip -n >tree/film.avi
noise $((seed + 1)) 9000 >tree/text
noise $((seed + 2)) 400000 | gzip -n >other/film.avi
noise $((seed + 1)) 9000 >other/text
xorriso -as mkisofs -quiet -R -V DISC -o disc.iso tree 2>/dev/null
xorriso -as mkisofs -quiet -R -V DISC -o other.iso other 2>/dev/null
size=$(stat -c %s disc.iso)
sectors=$((size / 2048))
[ "$sectors" -gt 1500 ] || fail "the disc is too small: $sectors sectors"

# lacking IMAGE STATUS START COUNT ...: a rescue of the disc without these sectors, the image filled with what is no content
lacking() {
	image=$1 status=$2
	shift 2
	cp disc.iso "$image"
	echo "0 $size +" >list
	printf '0 + 1\n0 %d +\n' "$size" >"$image.map"
	at=0
	printf '# %s\n0 + 1\n' "$image" >"$image.map"
	while [ $# -gt 0 ]; do
		[ "$1" -eq "$at" ] || printf '%d %d +\n' $((at * 2048)) $((($1 - at) * 2048)) >>"$image.map"
		printf '%d %d %s\n' $(($1 * 2048)) $(($2 * 2048)) "$status" >>"$image.map"
		dd if=/dev/zero of="$image" bs=2048 seek="$1" count="$2" conv=notrunc status=none
		at=$(($1 + $2))
		shift 2
	done
	[ "$at" -eq "$sectors" ] || printf '%d %d +\n' $((at * 2048)) $(((sectors - at) * 2048)) >>"$image.map"
}
spoil() { printf 'no such bytes' | dd of="$1" bs=1 seek=$(($2 * 2048 + ${3:-0})) conv=notrunc status=none; } # IMAGE SECTOR [BYTE]
sum() { sed -n 's/.*"'"$2"'":\([0-9]*\).*/\1/p' "$1" | head -n 1; }

# 1. Three copies, one of them rescued by ddrescue (its image, its map, its name for it), with a gap that the map cuts in mid-sector.
lacking a.iso - 20 200 900 100
lacking b.iso '?' 100 500
printf '0 + 1\n0 2000000 +\n2000000 1000100 -\n3000100 %d +\n' $((size - 3000100)) >truth.log
ddrescue -q -m truth.log disc.iso c.img c.log || fail "ddrescue"
"$RESPIN" merge out.iso a.iso b.iso c.img,c.log >said 2>&1 || fail "merge: $(cat said)"
cmp out.iso disc.iso || fail "three copies do not give the disc"
ddrescuelog -D out.iso.map || fail "the map is not finished"
[ ! -e out.iso.conflicts ] || fail "there are conflicts"
rm -f out.iso*
# The same by JSON: runs that tile, sums that add up.
"$RESPIN" merge --json out.iso a.iso b.iso c.img,c.log >json || fail "merge --json"
[ "$(awk -F'[:,]' '/"run"/ { if ($4 != next_ + 0) bad = 1; next_ = $4 + $6; n++ } END { print bad + 0, next_, (n > 3) }' json)" = "0 $sectors 1" ] ||
	fail "the runs do not tile: $(cat json)"
tail -n 1 json >end
given=$(grep -o '"gave":[0-9]*' end | awk -F: '{ s += $2 } END { print s }')
[ "$given" -eq "$sectors" ] && [ "$(sum end finished)" -eq "$sectors" ] || fail "the sums: $(cat end)"
rm -f out.iso*

# 2. Disagreement: two against one settles it, one against one does not.
spoil b.iso 700           # a and c say otherwise
spoil a.iso 950           # a lacks it: nobody asks what its image holds there
spoil c.img 50 2047       # and runs over into 51; b alone says otherwise: a lacks it
spoil b.iso 60; spoil c.img 60 # a lacks it, and these agree: two wrong readings cannot be told from two right ones
spoil b.iso 601; spoil b.iso 602
"$RESPIN" merge out.iso a.iso b.iso c.img,c.log >said 2>&1
[ $? -eq 1 ] || fail "a tie is no success: $(cat said)"
grep -qx 'settled 700 1 1,3=[0-9a-f]* 2=[0-9a-f]*' out.iso.conflicts || fail "700 is not settled: $(cat out.iso.conflicts)"
grep -qx 'settled 601 2 .*' out.iso.conflicts || fail "neighbours are not one line: $(cat out.iso.conflicts)"
grep -qx 'open 50 2 2=[0-9a-f]* 3=[0-9a-f]*' out.iso.conflicts || fail "50 is not open: $(cat out.iso.conflicts)"
[ "$(grep -vc '^#' out.iso.conflicts)" -eq 3 ] || fail "not three lines: $(cat out.iso.conflicts)"
grep -q 'sector 700' said && grep -q 'sectors 50-51' said || fail "not told: $(cat said)"
[ "$(ddrescuelog -b2048 -l '?*/-' out.iso.map | tr '\n' ' ')" = "50 51 " ] || fail "the map: $(cat out.iso.map)"
cmp -s -n $((50 * 2048)) out.iso disc.iso || fail "before the dispute"
cmp -l out.iso disc.iso | awk '{ s[int(($1 - 1) / 2048)] } END { for (i in s) print i }' | sort -n | tr '\n' ' ' >wrong
[ "$(cat wrong)" = "50 51 60 " ] || fail "wrong sectors: $(cat wrong)"
# Another order: the same bytes, the same map.
"$RESPIN" merge out2.iso c.img,c.log b.iso a.iso >/dev/null 2>&1
cmp out.iso out2.iso || fail "the order matters"
grep -v '^#' out.iso.map >m1; grep -v '^#' out2.iso.map >m2; cmp m1 m2 || fail "the order matters to the map"
# What was left open does not become true because one side is no longer asked...
"$RESPIN" merge out.iso b.iso >/dev/null 2>&1
[ "$(ddrescuelog -b2048 -l '?*/-' out.iso.map | tr '\n' ' ')" = "50 51 " ] || fail "an open dispute was forgotten"
# ...but from the disc itself, and then it stays.
"$RESPIN" rescue disc.iso out.iso --quiet || fail "the rescue of what was open"
cmp -s -n $((60 * 2048)) out.iso disc.iso || fail "the rescue did not mend it"
"$RESPIN" merge out.iso a.iso c.img,c.log >said 2>&1
cmp -s -n $((50 * 2048)) out.iso disc.iso || fail "what the disc said was lost"

# 3. Refused: another disc, a disc of another size, one file twice, an image without a map, an output among the images.
refused() { # refused TEXT ARGUMENT...
	text=$1
	shift
	rm -rf no.iso*
	"$RESPIN" merge "$@" >said 2>&1
	status=$?
	[ $status -eq 5 ] && grep -q -e "$text" said || fail "exit $status: $* says $(cat said)"
	[ "$(wc -l <said)" -eq 1 ] || fail "not one line: $(cat said)"
	[ ! -e no.iso ] && [ ! -e no.iso.map ] || fail "touched: $*"
}
head -c "$size" other.iso >same-size.iso
truncate -s "$size" same-size.iso
refused 'is not of the disc' no.iso a.iso --whole same-size.iso
head -c 2048000 disc.iso >shorter.iso
refused 'another disc' no.iso a.iso --whole shorter.iso
refused 'same file' no.iso a.iso ./a.iso
ln a.iso hard.iso && cp a.iso.map hard.iso.map
refused 'same file' no.iso a.iso hard.iso
refused 'no map' no.iso a.iso disc.iso
refused 'is to be merged' a.iso a.iso b.iso
cp c.log c.map
refused 'is to be merged' c a.iso c.img,c.map
lacking left.iso '?' 0 $((sectors / 2))
lacking right.iso '?' $((sectors / 2)) $((sectors - sectors / 2))
refused 'shows that it is of the same' no.iso left.iso right.iso
"$RESPIN" merge halves.iso left.iso right.iso --whole disc.iso >/dev/null || fail "a third image links two halves"
"$RESPIN" merge --force forced.iso left.iso right.iso >/dev/null || fail "--force"
cmp forced.iso disc.iso || fail "two halves are not the whole"
# A copy of an image is no second reading.
cp b.iso copy.iso; cp b.iso.map copy.iso.map
lacking a.iso - 20 200
"$RESPIN" merge out3.iso a.iso b.iso copy.iso >said 2>&1
[ $? -eq 1 ] && grep -q 'one reading' said && grep -q '^open 700' out3.iso.conflicts || fail "a copy was counted: $(cat said)"

# 4. Killed at any instant and begun again: nothing false is ever claimed, and the end is the same. On a disc large enough for that.
cp disc.iso small.iso
for i in $(seq 1 20); do cat small.iso; done >disc.iso
size=$((size * 20)) sectors=$((sectors * 20))
lacking a.iso / 20 200 9000 10000
lacking b.iso '?' 100 5000
"$RESPIN" merge one.iso --whole disc.iso a.iso >said 2>&1 || fail "no dispute, nothing missing, and yet: $(cat said)"
spoil b.iso 6000
"$RESPIN" merge one.iso --whole disc.iso a.iso b.iso >said 2>&1
[ $? -eq 1 ] && ddrescuelog -D one.iso.map || fail "a settled dispute is worth a word: $(cat said)"
rm -f one.iso*
began=$(date +%s%N)
"$RESPIN" merge whole.iso a.iso b.iso >/dev/null 2>&1
whole_ns=$(($(date +%s%N) - began))
# Killed at some part of the time that a merge takes here; some come too late.
kills=0 turn=0
while [ $kills -lt 8 ] && [ $((turn += 1)) -le 40 ]; do
	[ $((turn % 3)) -ne 1 ] || rm -f killed.iso*
	"$RESPIN" merge killed.iso a.iso b.iso >/dev/null 2>&1 &
	pid=$!
	sleep "$(awk -v n=$(((turn * 37 + seed) % 100)) -v whole=$whole_ns 'BEGIN { print n / 125 * whole / 1e9 }')"
	kill -9 $pid 2>/dev/null && kills=$((kills + 1))
	wait $pid 2>/dev/null
	[ -e killed.iso.map ] || continue
	ddrescuelog -t killed.iso.map >/dev/null || fail "kill $turn: the map is torn"
	rm -f claimed.* true.*
	ddrescue -q -m killed.iso.map killed.iso claimed.img claimed.log && ddrescue -q -m killed.iso.map disc.iso true.img true.log
	[ ! -e claimed.img ] || cmp claimed.img true.img || fail "kill $turn: false sectors are claimed"
done
[ $kills -eq 8 ] || fail "only $kills of $turn kills hit"
"$RESPIN" merge killed.iso a.iso b.iso >/dev/null 2>&1
cmp killed.iso whole.iso || fail "after kills the image is another one"
grep -v '^#' killed.iso.map >m1; grep -v '^#' whole.iso.map >m2; cmp m1 m2 || fail "after kills the map is another one"
[ "$(grep '^open' killed.iso.conflicts | cut -d ' ' -f 1-3)" = 'open 6000 1' ] || fail "after kills: $(cat killed.iso.conflicts)"
mv small.iso disc.iso
size=$((size / 20)) sectors=$((sectors / 20))
rm -f whole.iso* killed.iso*

# Ctrl-C saves and says so; a file that may not grow ends it, and both go on.
"$RESPIN" merge stopped.iso b.iso >said 2>&1 &
pid=$!
sleep 0.1
kill -INT $pid 2>/dev/null
wait $pid
status=$?
[ $status -eq 6 ] || [ $status -eq 1 ] || fail "stopped: exit $status: $(cat said)"
(ulimit -f 40000; "$RESPIN" merge stopped.iso b.iso >said 2>&1)
[ $? -eq 4 ] || [ $status -eq 1 ] || fail "a file that may not grow: $(cat said)"
"$RESPIN" merge stopped.iso b.iso >said 2>&1
ddrescuelog -b2048 -l + stopped.iso.map | cmp -s - "$(ddrescuelog -b2048 -l + b.iso.map >have; echo have)" || fail "after both: another map"
cmp stopped.iso b.iso | grep -q . && fail "after both: another image"
rm -f stopped.iso*

# Other sectors, and a map of ddrescue's that does not know where the disc ends.
head -c 2352000 disc.iso >raw.iso
for image in r1 r2; do
	cp raw.iso $image
	printf '# Sector size:  2352\n# %s\n0 + 1\n0 1176000 %s\n1176000 1176000 +\n' $image "$([ $image = r1 ] && echo + || echo '*')" >$image.map
done
"$RESPIN" merge raw.out r2 r1 >said 2>&1 && cmp raw.out raw.iso && grep -q '^# Sector size:  2352' raw.out.map || fail "raw: $(cat said)"
head -c 2352000 disc.iso >open.img
printf '0 + 1\n0 1176000 +\n1176000 9223372036853599807 ?\n' >open.map
"$RESPIN" merge open.out open.img,open.map r1 >said 2>&1 && cmp open.out raw.iso || fail "a map without an end: $(cat said)"
for words in "" "x" "x y --what" "x y --whole"; do
	"$RESPIN" merge $words >said 2>&1 # words, to be split
	[ $? -eq 2 ] && [ "$(wc -l <said)" -eq 1 ] || fail "usage '$words': $(cat said)"
done

# 5. An image as a source: fills what is lacking, gives nothing up, and is recognised as another disc.
lacking a.iso - 20 200 900 100
lacking b.iso '*' 100 500
"$RESPIN" rescue --quiet image:a.iso fill.iso
[ $? -eq 1 ] || fail "a gap is no success"
cmp fill.iso a.iso || fail "not what the image has"
[ "$(ddrescuelog -b2048 -l '?' fill.iso.map | wc -l)" -eq 300 ] || fail "a gap of an image is not untried: $(cat fill.iso.map)"
"$RESPIN" rescue --quiet image:b.iso fill.iso
[ "$(ddrescuelog -b2048 -l '?*/-' fill.iso.map | wc -l)" -eq 120 ] || fail "not filled from the second: $(cat fill.iso.map)"
[ -z "$(ddrescuelog -b2048 -l '-' fill.iso.map)" ] || fail "given up for the sake of an image"
"$RESPIN" rescue --quiet disc.iso fill.iso || fail "the disc fills the rest"
cmp fill.iso disc.iso || fail "filled wrongly"
printf '# other\n0 + 1\n0 %d +\n' "$size" >same-size.iso.map
lacking part.iso '?' 500 400
"$RESPIN" rescue --quiet image:same-size.iso part.iso 2>said
[ $? -eq 5 ] || fail "another disc's image was taken: $(cat said)"
"$RESPIN" rescue --quiet image:part.iso part.iso 2>said
[ $? -eq 5 ] || fail "an image was filled from itself: $(cat said)"
"$RESPIN" info image:a.iso | tr -d ' ' | grep -q ":${sectors}sectors" || fail "info image: $("$RESPIN" info image:a.iso)"
echo "merge: $sectors sectors, $kills kills"
