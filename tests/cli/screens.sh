#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# screens.sh PTY: what stands on the screen in the states that a person meets, against tests/cli/screens/NAME.txt, while
# the keys are pressed (PTY is pty.c); and that nothing scrolls, wraps or is left behind. What differs from run to run is
# masked, below. To renew them: RESPIN_RENEW_SCREENS=1 tests/cli/screens.sh PTY, with RESPIN and RESPIN_SOURCE set;
# then look at what git diff says.
. "$RESPIN_SOURCE/tests/cli/common.sh"
pty=$1 golden=$RESPIN_SOURCE/tests/cli/screens
export TERM=xterm
"$pty" 80x24 -- true >/dev/null || { echo "skipped: no pseudo-terminals here"; exit 77; }

# The mask: the clock; digits of amounts and places, one by one, so that columns stay; rates, durations and guesses whole.
mask() {
	sed -E -e '1s/[0-9]+:[0-9]{2}:[0-9]{2}$/#:##:##/' \
		-e '/^.*(saved|hoped for|lost) .* bytes/ s/[0-9]/#/g' \
		-e 's/(LBA|sector) [0-9]+/\1 #/g' \
		-e 's/[0-9.]+ ([kMG]B|bytes)\/s/#\/s/g; s/\([0-9.]+x\)/(#x)/' \
		-e 's/for [0-9]+ s/for # s/; s/takes [0-9.]+ s/takes # s/' \
		-e '/time left  unknown: depends/! s/(time left  ).*/\1#/; s/depends on [0-9 ]+ /depends on # /'
}
# expect SHOT NAME: one screen out of `out` is that of NAME.txt.
expect() {
	checks=$((checks + 1))
	awk -v want="-- $1" '/^-- / { on = $0 == want; next } /^bytes [0-9]+, most/ { on = 0 } on' out | mask >"$2"
	[ -s "$2" ] || fail "no screen called $1"
	if [ -n "${RESPIN_RENEW_SCREENS:-}" ]; then
		cp "$2" "$golden/$2.txt"
	elif ! diff -u "$golden/$2.txt" "$2" >difference; then
		fail "the screen is not $2.txt"
		cat difference
	fi
}
# calm LINES: nothing scrolled or wrapped, every key was answered, and no more than LINES stand there at the end.
calm() {
	checks=$((checks + 1))
	grep -q 'scrolled 0 wrapped 0 unknown 0' out || { fail "not calm: $(tail -n 1 out)"; cat out; }
	grep -q '^-- never seen' out && { fail 'something was not seen'; cat out; }
	[ "$(awk '/most in a second/ { print $NF }' out)" -le 30000 ] || fail "too much: $(tail -n 2 out)"
}

# A DVD half of which was saved before: so slow that neither bar nor disc changes while it is looked at. Everything on it
# is zero, as in the image, which a hole of a file is enough for.
half=1147552 whole=2295104
truncate -s $((whole * 2048)) disc.img
begun() { # begun IMAGE
	rm -f "$1"*
	truncate -s $((half * 2048)) "$1"
	printf '0x%x ? 1\n0 0x%x +\n0x%x 0x%x ?\n' $((half * 2048)) $((half * 2048)) $((half * 2048)) \
		$(((whole - half) * 2048)) >"$1.map"
}
slow='sim:disc?profile=dvd&image=disc.img&block_us=60000&pace=1'
for size in 80x24 120x40 60x10; do
	begun a.iso
	must 0 "$pty" $size see=copying@8000 @2300 shotcopying@0 key=p@0 see=paused@3000 see=given@3000 @300 shotpaused@0 \
		key=p@0 see=copying@3000 key=?@0 see=slower,@3000 @300 shothelp@0 key=h@0 see=copying@3000 key=f@0 \
		see=finish@3000 @300 shotsure@0 key=q@0 -- "$RESPIN" rescue "$slow" a.iso
	calm
	says out 'status 6 '
	for shot in copying paused help; do
		expect shot$shot $size-$shot
	done
done
expect shotsure 60x10-sure
expect end 60x10-stopped

# Damage: three blocks that fail as a whole, then sector by sector, each try slow enough to be looked at; then the end,
# asked for by a key that wants to be pressed twice. Nothing of the picture is left beside the last words.
for size in 80x24 120x40; do
	rm -f b.iso*
	must 0 "$pty" $size see=scraping@20000 see=twice@3000 @600 shotscraping@0 key=f@0 see=finish@3000 key=f@0 \
		see=ended@9000 -- "$RESPIN" rescue \
		'sim:disc?profile=dvd&size=20000&block_us=300&fail_ms=400&pace=1&bad=9605-9640' b.iso
	calm
	says out 'status 1 '
	expect shotscraping $size-scraping
	expect end $size-ended
done
# A drive that does not answer: the person sees for how long.
rm -f c.iso*
must 0 "$pty" 80x24 see=command@12000 @300 shotwaiting@0 key=q@0 -- "$RESPIN" rescue \
	'sim:disc?profile=dvd&size=20000&block_us=500&pace=1&hang=9605' c.iso
calm
says out 'status 6 '
expect shotwaiting 80x24-waiting

# Files: five of a megabyte each, and a scratch in the middle one.
if command -v xorriso >/dev/null; then
	mkdir files
	disc 512
	for name in anna boat cake dog eve; do
		cp disc.img files/$name.jpg
	done
	xorriso -as mkisofs -quiet -R -o files.iso files 2>/dev/null
	rm -f d.iso*
	must 0 "$pty" 80x24 see=scraping@20000 'see=4 whole, 1 hit@9000' @300 shotfiles@0 key=q@0 see=Stopped@4000 -- \
		"$RESPIN" rescue 'sim:disc?image=files.iso&profile=dvd&block_us=300&fail_ms=400&pace=1&bad=1480-1490' d.iso
	calm
	expect shotfiles 80x24-files
else
	echo "xorriso is missing: not looked at: the files"
fi
done_ok
