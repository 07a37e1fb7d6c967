#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# respin show: the amounts, the words, the width, no colours where there is no terminal; the page of SVG; and what it
# refuses.
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
says out '⣿ saved   ? never tried   * failed so far   - lost'
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

# The page. A DVD-9 with a ring lost on each layer, at the same radius, and the end of the second one untried.
map 'a <b> & "c".map' '0 + 1' '0x0 0x7A120000 +' '0x7A120000 0x1000000 -' '0x7B120000 0x1075C0000 +' \
	'0x1826E0000 0x1000000 -' '0x1836E0000 0x61A80000 +' '0x1E5160000 0x186A0000 ?'
page='a <b> & "c".map'
must 0 "$RESPIN" show --svg page.svg "$page"
silent err
says out 'Never tried'
says page.svg '<title>a &lt;b&gt; &amp; &quot;c&quot;</title>'
says page.svg 'DVD-9, opposite track path (a guess): 4 173 824 sectors, 8.55 GB'
says page.svg 'Layer 0, from the inside out'
says page.svg 'sectors 2 086 912 to 4 173 823'
says page.svg 'not tried yet: 4.79 %'
says page.svg 'lost: 0.39 %'
checks=$((checks + 1))
[ "$(grep '^<g class="l"><g .*<circle' page.svg | uniq -c | awk '{ print $1 }')" = 2 ] || fail "the lost rings do not lie over each other"
checks=$((checks + 1))
[ "$(grep -c '^<g class="u"><g .*<circle' page.svg)" -eq 1 ] || fail "untried on more than one layer"
command -v xmllint >/dev/null && must 0 xmllint --noout page.svg

# Not over what is there, unless forced; over the map never; and no half of a page.
cp page.svg kept
must 5 "$RESPIN" show --svg page.svg disc.map
one_line err
says err 'page.svg: there is such a file already'
silent out
cmp -s page.svg kept || fail "a refused picture changed the file"
must 0 "$RESPIN" show --svg page.svg --force disc.map
cmp -s page.svg kept && fail "--force did not overwrite"
[ "$(wc -c <page.svg)" -lt "$(wc -c <kept)" ] || fail "the simpler disc came out larger: is it the old page's tail?"
says page.svg '<title>disc</title>'
cp disc.map kept
must 5 "$RESPIN" show --svg disc.map --force disc.map
one_line err
ln -s disc.map alias
must 5 "$RESPIN" show --svg alias --force disc.map
cmp -s disc.map kept || fail "a picture destroyed the map"
for own in disc disc.domain; do
	cp half.domain $own
	must 5 "$RESPIN" show --svg $own --force disc.map
	cmp -s $own half.domain || fail "a picture destroyed $own"
	rm $own
done
cp half.domain kept
must 5 "$RESPIN" show --domain half.domain --svg half.domain --force disc.map
cmp -s half.domain kept || fail "a picture destroyed the domain"
must 4 "$RESPIN" show --svg /dev/full --force disc.map
one_line err
[ -e /dev/full ] || fail "/dev/full is gone"
must 4 "$RESPIN" show --svg no/such/place.svg disc.map
one_line err

must 0 "$RESPIN" show --svg - disc.map
head -n 1 out | grep -q '^<svg ' || fail "not an SVG first"
tail -n 1 out | grep -q '^</svg>$' || fail "something follows the SVG"
must 0 "$RESPIN" show --svg - --medium dvd-9-ptp disc.map
says out 'DVD-9, parallel track path: 96 sectors'
must 0 "$RESPIN" show --svg - --domain half.domain disc.map
says out 'saved: 100 %'
says out 'Blank: not asked for.'
must 2 "$RESPIN" show --svg x.svg --medium dvd-6 disc.map
says err 'there is no medium dvd-6; there are cd-74'
must 2 "$RESPIN" show --svg x.svg --medium cd-80 "$page"
says err '4173824 sectors'
must 2 "$RESPIN" show --svg x.svg blank.map
one_line err
[ ! -e x.svg ] || fail "a page without a picture"
must 2 "$RESPIN" show --medium dvd-5 disc.map
says err '--medium goes with --svg'
must 2 "$RESPIN" show --force disc.map
done_ok
