#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# respin show: the amounts, the words, the width, no colours where there is no terminal; and what it refuses.
. "$RESPIN_SOURCE/tests/cli/common.sh"

map() { # map FILE LINE...: a mapfile of these lines
	file=$1
	shift
	printf '%s\n' '# Mapfile' "$@" >"$file"
}
plain() { # nothing but text that fits into N columns
	checks=$((checks + 1))
	! grep -q "$(printf '\033')" out || fail "control sequences where there is no terminal"
	awk -v most="$1" '{ n = gsub(/[\342-\357]../, "x"); if (length > most) exit 1 }' out || fail "wider than $1 columns"
}
map disc.map '0 + 1' '0 0x10000 +' '0x10000 0x8000 -' '0x18000 0x800 *' '0x18800 0x800 /' '0x19000 0x7000 ?' '0x20000 0x10000 +'
for columns in 20 60 80 200; do
	must 0 env LC_ALL=C COLUMNS=$columns "$RESPIN" show disc.map
	plain $columns
done
must 0 "$RESPIN" show disc.map
silent err
says out '131 072 bytes  66.67 %'
says out '32 768 bytes  16.67 %'
says out 'Never tried: one area, 28 672 bytes at byte 102400.'
says out 'Failed so far: one area, 4 096 bytes at byte 98304.'
says out 'Lost: one area, 32 768 bytes at byte 65536.'
says out 'The last run came to its end.'
says out "Next: 'respin rescue'"

# The letters below the bar, and the bar itself where there is no UTF-8: one of each kind, in their places.
must 0 env LC_ALL=C COLUMNS=25 "$RESPIN" show disc.map
says out '++++++++----*???++++++++'

map whole.map '0 + 1' '0 0x30000 +'
must 0 "$RESPIN" show whole.map
says out '100 %'
says out 'Nothing is left to do.'
map almost.map '0 + 1' '0 0x1000000000 +' '0x1000000000 0x800 -'
must 0 "$RESPIN" show almost.map
says out '>99.99 %'
says out '<0.01 %'
map blank.map '0 ? 1'
must 0 "$RESPIN" show blank.map
says out 'says nothing yet'
map open.map '0x800 ? 1' '0 0x800 +' '0x800 0x7FFFFFFFFFFFF7FF ?'
must 0 "$RESPIN" show open.map
says out 'unknown size'

# A domain counts alone, whether it is given or lies beside the map.
map half.domain '0 + 1' '0 0x10000 +' '0x10000 0x20000 ?'
must 0 "$RESPIN" show --domain half.domain disc.map
says out '65 536 bytes    100 %'
cp half.domain disc.domain
must 0 "$RESPIN" show disc.map
says out '65 536 bytes    100 %'
rm disc.domain

map torn.map '0 + 1' '0 0x10000 +' '0x10000 0x8'
must 5 "$RESPIN" show torn.map
silent out
one_line err
says err 'torn.map: line 4'
must 2 "$RESPIN" show absent.map
one_line err
map odd.domain '0 + 1' 'garbage'
must 5 "$RESPIN" show --domain odd.domain disc.map
one_line err
must 4 sh -c '"$RESPIN" show disc.map >/dev/full'
one_line err
done_ok
