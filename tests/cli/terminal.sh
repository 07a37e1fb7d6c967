#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# terminal.sh PTY: the live view on a terminal (PTY is pty.c): all there, in place, nothing scrolls or wraps, whatever
# the window does; and the last words.
. "$RESPIN_SOURCE/tests/cli/common.sh"
pty=$1
export TERM=xterm

disc 4096
source='sim:disc?image=disc.img&profile=dvd&block_us=5000&pace=1&bad=300-330'
[ -x "$pty" ] || { echo "no such program: $pty"; exit 1; }
"$pty" 80x24 -- true >/dev/null || { echo "skipped: no pseudo-terminals here"; exit 77; }
calm() { # nothing scrolled, wrapped or was not understood
	checks=$((checks + 1))
	grep -q 'scrolled 0 wrapped 0 unknown 0' out || { fail "not calm: $(tail -n 1 out)"; cat out; }
}
part() { # part NAME: one screen out of `out`, in `screen`
	awk -v want="-- $1" '/^-- / { on = $0 == want; next } on' out >screen
}

must 0 "$pty" 80x24 shot@800 2@100 -- "$RESPIN" rescue "$source" a.iso
calm
says out 'status 6'
part shot
for text in "respin rescue  sim:disc" '→ a.iso' '⣿' '▲' saved 'hoped for' 'lost                     0 bytes      0 %' \
	'copying    ' 'LBA ' ' mm from the middle of the disc' 'MB/s' \
	'well; at its own speed' '; LBA 320: the disc is unreadable there (03/11/00)' 'time left' \
	'space pauses   s skips this area   q stops and saves   ? all keys'; do
	says screen "$text"
done
[ "$(wc -l <screen)" -eq 18 ] || fail "the picture has $(wc -l <screen) lines"
grep -q 'inks [1-9]' out || fail "no colours on a terminal"
part end
says screen 'Stopped. Everything read so far is saved in a.iso.'
grep -q 'space pauses' screen && fail "the picture stands beside the last words"

# The window changes, to and fro, down to where one line has room; and no colours where none are wanted. What is
# just being drawn while the window changes may wrap: no program can help that, so one calm run of three will do.
for try in 1 2 3; do
	rm -f b.iso*
	must 0 "$pty" 80x24 50x20@300 120x10@200 30x5@200 shotlow@300 80x24@50 shot@300 15@50 -- \
		env NO_COLOR=1 "$RESPIN" rescue "$source" b.iso
	grep -q 'scrolled 0 wrapped 0 unknown 0' out && break
done
calm
says out 'status 6 '
says out 'inks 0'
part shotlow
[ "$(wc -l <screen)" -eq 1 ] || fail "$(wc -l <screen) lines on a screen of five"
part shot
says screen 'time left'
[ "$(wc -l <screen)" -eq 18 ] || fail "the picture has $(wc -l <screen) lines"

# Without UTF-8, and on a terminal that can do nothing.
must 0 "$pty" 80x24 shot@500 2@100 -- env LC_ALL=C "$RESPIN" rescue "$source" c.iso
LC_ALL=C grep -q '[^ -~]' out && fail "bytes that are no ASCII"
must 0 "$pty" 80x24 2@500 -- env TERM=dumb "$RESPIN" rescue "$source" d.iso
says out 'inks 0'
says out 'rescue of sim:disc'

# respin show: the round disc stands beside the words and fits.
must 0 "$pty" 80x24 -- "$RESPIN" show a.iso.map
calm
says out '▀▀▀'
says out '■ saved   ■ never tried   ■ failed so far   ■ lost'
must 0 "$pty" 80x24 -- env NO_COLOR=1 "$RESPIN" show a.iso.map
calm
says out 'inks 0'
must 0 "$pty" 60x24 -- "$RESPIN" show a.iso.map
calm
grep -q '▀' out && fail "a round disc where there is no room"
done_ok
