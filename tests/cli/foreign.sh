#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names and addresses are foreign text: whatever they hold, nothing of it reaches the terminal but letters.
. "$RESPIN_SOURCE/tests/cli/common.sh"

disc 64
# ESC, a line end, DEL, C1 (as UTF-8 and raw), right-to-left override, zero width, a broken sequence, a backslash.
evil=$(printf 'a\033[31mb\nc\177d\302\233e\233f\342\200\256g\342\200\213h\300\257i\\j\303\244')
clean='a\x1B[31mb\x0Ac\x7Fd\xC2\x9Be\x9Bf\xE2\x80\xAEg\xE2\x80\x8Bh\xC0\xAFi\\j'
harmless() { # harmless FILE...: lines of printable ASCII and of the UTF-8 that we use
	checks=$((checks + 1))
	cat "$@" | LC_ALL=C sed 's/\xe2[\xa0-\xa3][\x80-\xbf]//g; s/\xc3\xa4//g' | LC_ALL=C grep -n '[^ -~]' && fail "raw bytes in $*"
}
must 3 "$RESPIN" rescue "$evil" x.iso
one_line err
harmless err
says err "$clean"
cp disc.img "$evil"
must 0 "$RESPIN" info "./$evil"
harmless out
says out "$clean"
must 0 "$RESPIN" rescue disc.img "$evil.iso" --log log --events events
harmless out err log events
says out "$clean"
says out 'ä.iso'
must 0 "$RESPIN" show "$evil.iso.map"
harmless out
says out "$clean"
must 0 env LC_ALL=C COLUMNS=200 "$RESPIN" show "$evil.iso.map"
says out 'j\xC3\xA4.iso.map'
# The map's head holds the command line, on one line.
[ "$(grep -c '^# Command line: ' "$evil.iso.map")" -eq 1 ] || fail "the command line is not one line in the map"
must 0 "$RESPIN" map -t "$evil.iso.map"
done_ok
