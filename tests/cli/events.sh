#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# events.sh LINES: what --events writes is what docs/events.md says (LINES is lines.c), in a first run, a resumed one,
# and one that is stopped; with '-' standard output holds nothing else.
. "$RESPIN_SOURCE/tests/cli/common.sh"
lines=$1

disc 512
scratched='sim:disc?image=disc.img&profile=dvd&bad=100,200-215'
good() { # good FILE: every line as it should be
	checks=$((checks + 1))
	"$lines" <"$1" >seen || { fail "$1: $(cat seen)"; return; }
	# Every field has its line in the page that describes them.
	tr ',{' '\n\n' <"$1" | sed -n 's/^"\([a-z_]*\)":.*/\1/p' | sort -u | while read -r field; do
		grep -q "^| \`$field\` |" "$RESPIN_SOURCE/docs/events.md" || echo "$field"
	done >missing
	[ ! -s missing ] || fail "docs/events.md does not describe: $(cat missing)"
}
must 1 "$RESPIN" rescue "$scratched" a.iso --events first --quiet
silent out
good first
grep -q '^requests [1-9]' seen || fail "no requests: $(cat seen)"
must 1 "$RESPIN" rescue "$scratched" a.iso --events second --quiet
good second
grep -q 'samples [1-9]' seen || fail "a resumed run reads samples: $(cat seen)"
# Lines are added, never overwritten.
cp first both
must 1 "$RESPIN" rescue "$scratched" b.iso --events both --quiet
[ "$(grep -c '"event":"end"' both)" -eq 2 ] || fail "the first run's lines are gone"

must 1 "$RESPIN" rescue "$scratched" c.iso --events -
cp out stream
good stream
says err 'The rescue has ended'
# A reader that goes away costs the lines, not the rescue.
must 1 sh -c '("$RESPIN" rescue "$1" d.iso --events -; echo $? >status) | head -n 1 >/dev/null; exit $(cat status)' - "$scratched"
says err 'the rescue goes on'
[ "$(sectors - d.iso.map)" -eq 17 ] || fail "the rescue did not go on"
must 0 sh -c '("$RESPIN" rescue disc.img e.iso --events -; echo $? >status) | head -n 1 >/dev/null; exit $(cat status)'
cmp disc.img e.iso || fail "the image differs"
done_ok
