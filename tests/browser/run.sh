#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pages of "respin report" and "respin show --html" in a headless Chromium: makes them from rescues of simulated discs and
# has look.js look. Skipped where there is no Chromium, node or xorriso, or no axe-core to be had from npm.
set -u
RESPIN=${RESPIN:?the program}
here=$(cd "$(dirname "$0")" && pwd)
for tool in chromium node npm xorriso; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-browser.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8

# axe-core is fetched once a build, pinned by the lock file's hash.
modules=${RESPIN_BUILD:-$work}/browser
if ! cmp -s "$here/package-lock.json" "$modules/package-lock.json" || [ ! -s "$modules/node_modules/axe-core/axe.min.js" ]; then
	mkdir -p "$modules" && cp "$here/package.json" "$here/package-lock.json" "$modules/" || exit 1
	(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund) >"$work/npm" 2>&1 ||
		{ rm -f "$modules/package-lock.json"; echo "skipped: npm has no axe-core: $(tail -n 1 "$work/npm")"; exit 77; }
fi

cd "$work" || exit 1
fail() { echo "FAILED: $*"; exit 1; }
file() { mkdir -p "$(dirname "$1")" && printf 'content of %s\n' "$1" >"$1" && truncate -s "$2" "$1"; } # file PATH BYTES
first() { xorriso -indev "$1" -find / -exec report_lba -- 2>/dev/null | awk -F, -v name="'$2'" 'index($0, name) { print $2 + 0; exit }'; }
rescue() { # rescue ISO BAD
	"$RESPIN" rescue --quiet --note 'disc cleaned </script>' "sim:disc?image=$1&profile=cd&bad=$2" "${1%.iso}" 2>err
	[ $? -eq 1 ] || fail "the rescue of $1: $(cat err)"
}

mkdir tree && cd tree || exit 1
for name in 'Wedding part 1' 'Wedding part 2' 'School play'; do file "Film/$name.mpg" 26000000; done
for i in $(seq 10 40); do file "Photos/IMG_$i.jpg" 400000; done
for i in 1 2 3; do file "Letters/letter $i.txt" 20000; done
cd ..
xorriso -as mkisofs -quiet -R -V FAMILY -o family.iso tree 2>/dev/null || fail "no disc"
at=$(first family.iso '/Film/School play.mpg') photo=$(first family.iso '/Photos/IMG_22.jpg')
[ -n "$at" ] && [ -n "$photo" ] || fail "nobody knows where the files lie"
rescue family.iso "$((at + 5000))-$((at + 5040)),$((at + 9000)),$photo-$((photo + 7))"
"$RESPIN" report family 2>err || fail "$(cat err)"
"$RESPIN" show --html map.html family.map >out 2>err || fail "$(cat err)"

mkdir nasty && cd nasty || exit 1
file '</script><img src=x onerror=taken()>' 3000
file '"><svg onload=taken()>' 3000
file "' onclick='taken()" 3000
file '<!--<script>{{data}}]]>' 3000
file '&lt;b&gt; &amp; &#x202e;' 3000
file "$(printf 'abc\342\200\256gpj.exe')" 3000
file "$(printf 'line\nbreak\ttab\033[31m')" 3000
file "$(printf 'broken \377\376 bytes')" 3000
file "$(printf '%0200d' 7)" 3000
file "$(printf '\327\251\327\234\327\225\327\235 1.jpg')" 3000
cd ..
xorriso -as mkisofs -quiet -R -V '<b>"V' -o hostile.iso nasty 2>/dev/null || fail "no hostile disc"
rescue hostile.iso "$(first hostile.iso '/&lt;b&gt; &amp; &#x202e;')"
"$RESPIN" report hostile 2>err || fail "$(cat err)"

# Two layers, opposite track path, every status: from a map alone.
cp "$here/two-layers.map" two.map
"$RESPIN" show --medium dvd-9 --html two.html two.map >out 2>err || fail "$(cat err)"
printf '0x0 + 1\n0x0 0x2BC00000 +\n' >whole.map
# More places than the page lists, on every layer: they are gathered.
{
	echo '0x0 ? 1'
	for i in $(seq 0 2999); do
		printf '0x%X 0x1FE0000 +\n0x%X 0x20000 %s\n' $((i * 33554432)) $((i * 33554432 + 33423360)) "$([ $((i % 2)) -eq 0 ] && echo - || echo /)"
	done
} >crowd.map
"$RESPIN" show --html crowd.html crowd.map >out 2>err || fail "$(cat err)"
"$RESPIN" show --html whole.html whole.map >out 2>err || fail "$(cat err)"

node "$here/look.js" "$(command -v chromium)" "$modules/node_modules/axe-core/axe.min.js" "$work"
