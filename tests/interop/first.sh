#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What comes first: --files-first, --only and --used-only on a half-empty disc whose free space is damaged
# (bench/scenarios/dvd-halfempty.sim), on the simulated drive's own clock. How long until every file is whole, against the
# plain order; what is read and what is not; a directory that cannot be read; the program killed in the middle; the
# watcher's process killed; file systems that are not to be trusted.
set -u
RESPIN=${RESPIN:?the program}
SOURCE=${RESPIN_SOURCE:-$(dirname "$0")/../..}
judge=${1:?the judge}
for tool in xorriso; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-first.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8
fail() { echo "$*"; exit 1; }
most=60 # percent of the plain order's time

# ---- the disc: 32 files of 2 MiB, and as many deleted ones in between; a directory that is longer than an ECC block ----

sectors=66560
scenario=$SOURCE/bench/scenarios/dvd-halfempty.sim
mkdir -p tree/keep tree/gone tree/more
weight=1000
for i in $(seq 0 31); do
	name=$(printf %02d "$i")
	seq $((i * 1000000)) $((i * 1000000 + 400000)) | head -c 2097152 >"tree/keep/f$name.bin"
	head -c 2097152 "tree/keep/f$name.bin" | tr 0-9 9a-i >"tree/gone/g$name.bin"
	printf '%d /keep/f%s.bin\n%d /gone/g%s.bin\n' "$weight" "$name" $((weight - 1)) "$name"
	weight=$((weight - 2))
done >weights
for i in $(seq 100 399); do echo "$i" >"tree/more/a small file with a name of some length, number $i"; done
xorriso -as mkisofs -quiet -R -V HALF --sort-weight-list weights -o disc.iso tree 2>/dev/null
xorriso -dev disc.iso -rm_r /gone -- -commit 2>/dev/null >/dev/null
truncate -s $((sectors * 2048)) disc.iso

places() { # places PATH...: "start count" of files, as xorriso tells
	xorriso -indev disc.iso -find "$@" -type f -exec report_lba 2>/dev/null | awk -F, '/^File data/ { print $2 + 0, $3 + 0 }'
}
places / >files
[ "$(wc -l <files)" -eq 332 ] || fail "xorriso made another disc: $(wc -l <files) files"
awk '{ for (i = $1; i < $1 + $2; i++) print i }' files >used
awk -F= '/^damage/ { n = split($NF, part, ","); for (k = 1; k <= n; k++) { split(part[k], ends, "-");
	for (i = ends[1]; i <= ends[2]; i++) print i } }' "$scenario" >bad
[ "$(sort used | uniq -d | wc -l)" -eq 0 ] && [ "$(wc -l <bad)" -gt 1000 ] || fail "the list of sectors is none"
[ "$(sort used bad | uniq -d | wc -l)" -eq 0 ] ||
	{ echo "skipped: this xorriso lays files out in another way than the scenario's damage expects"; exit 77; }

# ---- the time until every file is whole ----

rescue() { # rescue NAME ADDRESS OPTION...: its exit status
	run=$1 of=$2
	shift 2
	rm -f "$run".*
	"$RESPIN" rescue "$@" --events "$run.events" "$of" "$run.iso" >"$run.out" 2>"$run.err"
}
for seed in 1 2 3; do
	address="sim:$scenario?image=$work/disc.iso&seed=$seed"
	rescue plain "$address"
	[ $? -eq 1 ] || fail "the plain rescue: $(cat plain.err)"
	rescue first "$address" --files-first
	[ $? -eq 1 ] || fail "--files-first: the free space is damaged, and the exit status another one: $(cat first.err)"
	plain=$("$judge" whole plain.events files) && first=$("$judge" whole first.events files) || fail "files are not whole"
	echo "seed $seed: all files whole after $((first / 1000)) s of drive time, in the plain order after $((plain / 1000)) s:" \
		"$((first * 100 / plain)) %"
	[ $((first * 100)) -le $((plain * most)) ] || fail "more than $most % of the plain order's time"
	grep -q 'all 332 files that were asked for are whole; now the rest' first.err || fail "it is not said: $(cat first.err)"
	cmp -s plain.iso first.iso || fail "the two images differ"
	"$RESPIN" map -p plain.iso.map first.iso.map || fail "the two maps differ"
done
"$RESPIN" files first.iso --extract out >/dev/null || fail "the files cannot be extracted"
rm -rf tree/gone
diff -r tree out >diff || fail "$(head -n 3 diff)"

# ---- no more than what was asked for ----

# Where a file system would begin, and the second session with its directories: whole ECC blocks.
structure() {
	printf '0 64\n256 16\n512 16\n%d %d\n' $(((sectors - 272) / 16 * 16)) $((sectors - (sectors - 272) / 16 * 16))
	awk -v all=$sectors '$1 + $2 > end { end = $1 + $2 } END { end -= end % 16; print end, all - end }' files
}
blocks() { # whole ECC blocks of a list
	awk '{ start = $1 - $1 % 16; end = $1 + $2 + 15; end -= end % 16; print start, end - start }'
}
{ structure; places /keep -name f20.bin | blocks; } >allowed
rescue only "$address" --only 'f20*' || fail "--only: $(cat only.err only.out)"
[ "$("$judge" outside only.events allowed)" -eq 0 ] || fail "--only: other sectors were read"
grep -q 'The one file that was asked for is whole' only.out || fail "--only: $(cat only.out)"
"$RESPIN" files only.iso --extract out-only 'f20*' >/dev/null || fail "--only: it is not whole"
cmp tree/keep/f20.bin out-only/keep/f20.bin || fail "--only: other bytes"
{ structure; blocks <files; } >allowed
rescue used "$address" --used-only || fail "--used-only: $(cat used.err used.out)"
[ "$("$judge" outside used.events allowed)" -eq 0 ] || fail "--used-only: other sectors were read"
"$RESPIN" files used.iso >/dev/null || fail "--used-only: not all files are whole"
# The same IMAGE again, without: the rest, and nothing twice.
"$RESPIN" map -l '?*/-' -b 2048 used.iso.map | sed 's/$/ 1/' >allowed
"$RESPIN" rescue --events more.events "$address" used.iso >/dev/null 2>&1
[ "$("$judge" outside more.events allowed)" -eq 0 ] || fail "what was there is read again"
cmp -s plain.iso used.iso || fail "--used-only and then the rest: another image"
rescue none "$address" --only 'nothing*'
[ $? -eq 1 ] || fail "--only of nothing: another exit status"
grep -q "no file matches nothing" none.err || fail "--only of nothing is not said: $(cat none.err)"

# Other kinds of file systems lead from one table to the next in ways of their own.
kinds='plain metadata vat150 vat201 sparable'
command -v python3 >/dev/null || { echo "left out: UDF, for python3 is missing"; kinds=; }
mkdir -p udf/a/b
for i in 1 2 3 4; do seq "$i" $((i * 9000)) >"udf/a/f$i"; done
seq 40000 >udf/a/b/deep
for kind in $kinds; do
	python3 "$SOURCE/tests/fs/udf_write.py" "$kind" udf.iso udf >udf.layout || fail "UDF $kind cannot be made"
	rescue used "sim:disc?image=$work/udf.iso&profile=dvd" --used-only || fail "UDF $kind: $(cat used.err used.out)"
	grep -q '^All 5 files' used.out || fail "UDF $kind: $(cat used.out)"
	"$RESPIN" files used.iso >/dev/null || fail "UDF $kind: not all files are whole"
	[ "$("$RESPIN" map -l '?' -b 2048 used.iso.map | wc -l)" -gt 100 ] || fail "UDF $kind: what no file uses was read"
done

# ---- a file that is hit, and a directory ----

lba=$(places /keep -name f20.bin | cut -d' ' -f1)
{ cat "$scenario"; echo "damage list list=$((lba + 100))-$((lba + 103))"; } >damage-file.sim
rescue hit "sim:$work/damage-file.sim?image=$work/disc.iso" --only 'f2[01]*'
[ $? -eq 1 ] || fail "a file is hit, and the exit status another one"
grep -q '^1 of 2 files that were asked for are whole' hit.out || fail "a file is hit: $(cat hit.out)"

dir=$(LC_ALL=C grep -obUa 'some length, number 399' disc.iso | tail -n 1 | cut -d: -f1) # the newer directory's last record
{ cat "$scenario"; echo "damage list list=$((dir / 2048))-$((dir / 2048))"; } >damage-dir.sim
rescue plain "sim:$work/damage-dir.sim?image=$work/disc.iso"
rescue dir "sim:$work/damage-dir.sim?image=$work/disc.iso" --files-first
"$RESPIN" files dir.iso >list
grep -q 'more/  (its list is not complete)' list || fail "a directory is damaged, and nobody says so: $(tail -n 3 list)"
known=$(grep -c '^whole ' list)
[ "$known" -gt 32 ] && [ "$known" -lt 332 ] || fail "a directory is damaged: $known files are known"
places /keep >known
plain=$("$judge" whole plain.events known) && first=$("$judge" whole dir.events known) || fail "files are not whole"
echo "a damaged directory: $known files are known, those beside it whole after $((first / 1000)) s of drive time, else after $((plain / 1000)) s"
[ $((first * 100)) -le $((plain * most)) ] || fail "more than $most % of the plain order's time"
cmp -s plain.iso dir.iso || fail "a damaged directory: the two images differ"

# ---- killed in the middle, and taken up again ----

await() { # await IMAGE: a part of the files is there, and known to be
	for _ in $(seq 600); do
		[ "$("$RESPIN" map -l + -b 2048 "$1.map" 2>/dev/null | wc -l)" -lt 1000 ] || return 0
		sleep 0.05
	done
	fail "$1 does not grow"
}
rescue first "$address" --files-first
"$RESPIN" rescue --files-first "$address&pace=8" killed.iso >/dev/null 2>&1 &
process=$!
await killed.iso
kill -KILL $process || fail "it was over before it could be killed"
wait $process 2>/dev/null
"$RESPIN" map -l '?*/-' -b 2048 killed.iso.map | sed 's/$/ 1/' >allowed
left=$(wc -l <allowed)
[ "$left" -gt 35000 ] && [ "$left" -le $((sectors - 1000)) ] || fail "killed at another moment: $left sectors left"
"$RESPIN" rescue --files-first --events killed.events "$address" killed.iso >killed.out 2>&1
[ $? -eq 1 ] || fail "taken up again: $(cat killed.out)"
[ "$("$judge" outside killed.events allowed)" -eq 0 ] || fail "what was there is read again"
cmp -s first.iso killed.iso || fail "killed and taken up again: another image"

# ---- the watcher is no part of the rescue ----

"$RESPIN" rescue --files-first "$address&pace=8" lone.iso >lone.out 2>lone.err &
process=$!
await lone.iso
watcher=
for place in /proc/[0-9]*; do # it has our command line, and is neither the rescue nor its child
	pid=${place#/proc/}
	{ tr '\0' ' ' <"$place/cmdline"; } 2>/dev/null | grep -q "$work.*lone.iso" || continue
	[ "$pid" -ne $process ] && [ "$(awk '/^PPid:/ { print $2 }' "$place/status")" -ne $process ] && watcher=$pid
done
[ -n "$watcher" ] || fail "there is no watcher"
grep -q '^NoNewPrivs:.1' "/proc/$watcher/status" || fail "the watcher has kept its rights"
[ "$(find "/proc/$watcher/fd" -type l -printf '%l\n' | grep -c -e '^socket:' -e '^/dev/null' -e '/lone\.iso')" -eq \
	"$(find "/proc/$watcher/fd" -type l | wc -l)" ] || fail "the watcher holds what it should not"
kill -KILL "$watcher"
sleep 1
kill -INT $process
wait $process
[ $? -eq 6 ] || fail "without its watcher: $(cat lone.err)"
[ "$(grep -c 'the process that looks at the files is gone' lone.err)" -eq 1 ] || fail "not said once: $(cat lone.err)"
"$RESPIN" rescue "$address" lone.iso >/dev/null 2>&1
cmp -s first.iso lone.iso || fail "without a watcher: another image"

# File systems that tell nonsense: the rescue reads every byte, and ends.
mkdir -p odd/a/b/c odd/d
for i in $(seq 40); do echo "$i" >"odd/a/b/c/$i"; echo "$i" >"odd/d/$i"; done
xorriso -as mkisofs -quiet -R -J -V ODD -o odd.iso odd 2>/dev/null
for seed in 1 2 3 4 5 6; do
	cp odd.iso broken.iso
	awk -v seed="$seed" 'BEGIN { srand(seed); for (i = 0; i < 25; i++) print 32768 + int(rand() * 60000), int(rand() * 256) }' |
		while read -r at byte; do
			# shellcheck disable=SC2059 # the byte, in octal
			printf "\\$(printf %03o "$byte")" | dd of=broken.iso bs=1 seek="$at" conv=notrunc 2>/dev/null
		done
	rm -f mended.iso*
	timeout 60 "$RESPIN" rescue --files-first broken.iso mended.iso >/dev/null 2>mended.err || fail "seed $seed: exit status $?: $(cat mended.err)"
	cmp broken.iso mended.iso || fail "seed $seed: not the same bytes"
	grep -q 'the process that looks' mended.err && fail "seed $seed: $(cat mended.err)"
done

# ---- where it cannot be ----

"$RESPIN" rescue --files-first "$address" /dev/null null.map >/dev/null 2>err
[ $? -eq 5 ] && [ ! -e null.map ] || fail "an image that nobody can read again is not refused: $(cat err)"
[ "$(wc -l <err)" -eq 1 ] || fail "no refusal in one line: $(cat err)"
for words in '--files-first --only x' '--only' '--used-only --used-only'; do
	# shellcheck disable=SC2086 # words
	"$RESPIN" rescue $words "$address" usage.iso >/dev/null 2>&1
	[ $? -eq 2 ] || fail "$words: not refused"
done
"$RESPIN" patch --files-first "$address" usage.iso >/dev/null 2>&1
[ $? -eq 2 ] || fail "patch --files-first: not refused"
"$RESPIN" sweep --used-only "$address" swept.iso >/dev/null 2>&1 || fail "sweep --used-only"
"$RESPIN" files swept.iso >/dev/null || fail "sweep --used-only: not all files are whole"
echo ok
