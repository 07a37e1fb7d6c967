#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "respin report" and "respin show --html": what they find beside an image, what they refuse and spare, and that the page's
# policy allows its own style and script and nothing else. What the page says is tests/unit/test_html.c's business, how it
# behaves tests/browser's.
. "$(dirname "$0")/common.sh"

disc 400
must 1 "$RESPIN" rescue --quiet 'sim:disc?image=disc.img&profile=cd&bad=100,200-215' image
must 0 "$RESPIN" report image
one_line err
silent out
[ -s image.html ] || fail 'no page beside the image'
says image.html 'class="pick place"'
says image.html 'no file system'
[ ! -e image.ledger ] || says image.html 'sim:disc'

# Nothing is overwritten unasked, and what belongs to the rescue never.
cp image.html before
must 5 "$RESPIN" report image
one_line err
cmp -s image.html before || fail 'a refused page was written all the same'
must 0 "$RESPIN" report --force image
cp image image.kept
cp image.map map.kept
for victim in image image.map; do
	must 5 "$RESPIN" report --force -o $victim image
	says err 'belongs to the rescue'
done
must 5 "$RESPIN" show --force --html image.map image.map
cmp -s image image.kept && cmp -s image.map map.kept || fail 'the rescue was destroyed'

# To standard output comes the page and nothing else; a given map counts; without one an image is whole.
must 0 "$RESPIN" report -o - image image.map
silent err
[ "$(head -c 15 out)" = '<!doctype html>' ] && [ "$(tail -n 1 out)" = '</html>' ] || fail 'no page on standard output'
cp disc.img plain
must 0 "$RESPIN" report plain -o whole.html
says whole.html 'Everything is in the image.'
must 0 "$RESPIN" show --html - image.map
[ "$(head -c 15 out)" = '<!doctype html>' ] || fail 'show: no page on standard output'
must 0 "$RESPIN" show --html map.html --svg map.svg image.map
[ -s map.html ] && [ -s map.svg ] || fail 'one of two pages is missing'

# What lies beside the image is found by itself, and a broken ledger harms nothing.
printf '0x0 + 1\n0x0 0x10000 +\n0x10000 0xB8000 ?\n' >image.domain
must 0 "$RESPIN" report --force image
says image.html '<dt>Domain</dt>'
rm image.domain
echo 'no ledger' >image.ledger
must 0 "$RESPIN" report --force image
says err 'without its history'
rm image.ledger

# The policy names the hashes of the page's own style and script.
hash_of() { # hash_of TAG: of what stands between the last <TAG> and </TAG>
	awk -v open="<$1>" -v close_="</$1>" 'BEGIN { RS = "\001" } {
		at = 0
		while ((i = index(substr($0, at + 1), open)) > 0) at += i
		text = substr($0, at + length(open))
		printf "%s", substr(text, 1, index(text, close_) - 1)
	}' image.html | sha256sum | cut -c 1-64
}
policy_of() { # policy_of WHAT: the hash that the policy names, in hexadecimal
	sed -n "s/.*Content-Security-Policy.*$1-src 'sha256-\([^']*\)'.*/\1/p" image.html | base64 -d | od -An -v -tx1 | tr -d ' \n'
}
for what in style script; do
	checks=$((checks + 1))
	[ -n "$(policy_of $what)" ] && [ "$(policy_of $what)" = "$(hash_of $what)" ] || fail "the policy knows another $what"
done
says image.html "default-src 'none'"
checks=$((checks + 1))
! grep -oE '(src|href|action)="[^"#]' image.html | grep -v 'href="d' | grep . || fail 'the page points somewhere'

# Wrong words.
must 2 "$RESPIN" report
says err 'IMAGE is missing'
must 2 "$RESPIN" report a b c
must 2 "$RESPIN" report --medium cd-99 -o x.html image
says err 'there is no medium cd-99'
must 2 "$RESPIN" report nothing-there
one_line err
must 2 "$RESPIN" show --svg - --html - image.map
must 5 "$RESPIN" report -o x.html image disc.img
must 4 "$RESPIN" report -o no/such/place.html image
[ ! -e x.html ] || fail 'a page in spite of all'
must 0 "$RESPIN" report --help
done_ok
