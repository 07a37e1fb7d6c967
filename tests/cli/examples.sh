#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# examples.sh PROGRESS SOURCE POLICY: the worked examples of examples/, built against the public headers alone, do what
# they say: one tells how far it is and stops when it is asked to, one is a source of its own, and one says what is read
# first.
progress=$(realpath "$1") source=$(realpath "$2") policy=$(realpath "$3")
. "$RESPIN_SOURCE/tests/cli/common.sh"
disc 1024

must 0 "$progress" 'sim:disc?image=disc.img&profile=cd' whole.iso
says out '100 %, 0 bad areas'
says out 'everything is saved'
cmp disc.img whole.iso || fail 'the image is not the disc'
must 1 "$progress" 'sim:disc?image=disc.img&profile=cd&bad=100,200-215' hit.iso
says out '- sectors 100 to 100'
says out '- sectors 200 to 215'
must 6 "$progress" 'sim:disc?image=disc.img&profile=cd&bad=100&fail_ms=2000&pace=1' stopped.iso 1
says out 'stopped'
must 0 "$progress" 'sim:disc?image=disc.img&profile=cd' stopped.iso
cmp disc.img stopped.iso || fail 'it did not go on from there'

must 0 "$source" toy.iso
[ "$(wc -c <toy.iso)" -eq $((1600 * 2048)) ] || fail 'the image has another size'
[ "$(tail -c +$((77 * 2048 + 1)) toy.iso | head -c 9)" = 'sector 77' ] || fail 'the sectors are not where they belong'
must 1 "$source" bad.iso 30 700
for sector in 30 700; do
	must 0 "$RESPIN" map -b 2048 -l - bad.iso.map
	grep -qx $sector out || fail "sector $sector is not lost"
done
[ "$(sectors - bad.iso.map)" -eq 2 ] || fail 'other sectors are lost as well'

must 1 "$policy" 'sim:disc?image=disc.img&profile=cd&bad=100,900' rim.iso
[ "$(head -n 3 out | tr '\n' ' ')" = 'outer third inner third middle third ' ] || fail "the order was: $(cat out)"
[ "$(sectors - rim.iso.map)" -eq 2 ] || fail 'not two sectors are lost'
must 0 "$policy" 'sim:disc?image=disc.img&profile=cd' rim.iso
cmp disc.img rim.iso || fail 'the image is not the disc'
done_ok
