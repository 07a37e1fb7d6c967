#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# rescue, sweep and patch from outside: what they say, what they leave, what their exit status is, and that the same
# command goes on.
. "$RESPIN_SOURCE/tests/cli/common.sh"

disc 512
scratched='sim:disc?image=disc.img&profile=dvd&bad=100,200-215'
healthy='sim:disc?image=disc.img&profile=dvd'

# The whole job, with damage: exit 1, exactly the damage missing, the rest right.
must 1 "$RESPIN" rescue "$scratched" a.iso
silent err
says out 'rescue of sim:disc'
says out 'The rescue has ended; a.iso is not complete.'
says out '1 013 760 bytes  96.68 %'
says out 'Lost: 17 sectors in 2 areas'
says out 'Next: run the same command again'
[ "$(sectors - a.iso.map)" -eq 17 ] || fail "the map misses $(sectors - a.iso.map) sectors"
cmp -n $((100 * 2048)) disc.img a.iso && cmp -i $((216 * 2048)) disc.img a.iso || fail "wrong bytes"

# Once more without the damage: the same words, exit 0, the image is the disc.
must 0 "$RESPIN" rescue "$healthy" a.iso
says out 'Everything is saved in a.iso.'
says out '1 048 576 bytes    100 %'
cmp disc.img a.iso || fail "the image differs"
# And once more: nothing is left to do, and that is no error.
must 0 "$RESPIN" rescue "$healthy" a.iso
cmp disc.img a.iso || fail "the image differs"

# One pass each: a sweep leaves hope, patch finishes what reads.
must 1 "$RESPIN" sweep "$scratched" b.iso
says out 'Failed so far: 48 sectors in 2 areas'
says out "'respin patch'"
[ "$(sectors - b.iso.map)" -eq 0 ] || fail "a sweep has given something up"
must 1 "$RESPIN" patch "$scratched" b.iso
[ "$(sectors - b.iso.map)" -eq 0 ] || fail "patch has given something up"
[ "$(sectors / b.iso.map)" -eq 17 ] || fail "patch left $(sectors / b.iso.map) sectors"
must 0 "$RESPIN" patch "$healthy" b.iso
cmp disc.img b.iso || fail "the image differs"

# What was given up is tried again, unless it is to be kept.
must 1 "$RESPIN" rescue "$scratched" c.iso
must 1 "$RESPIN" rescue --keep-bad "$healthy" c.iso
[ "$(sectors - c.iso.map)" -eq 17 ] || fail "--keep-bad has not kept"
must 0 "$RESPIN" rescue "$healthy" c.iso

# A domain: nothing outside of it is read, counted or called lost; it is remembered.
printf '0 + 1\n0 0x40000 +\n' >first.map
must 1 "$RESPIN" rescue --domain first.map "$scratched" d.iso
says out '260 096 bytes  99.22 %'
[ -s d.iso.domain ] || fail "no d.iso.domain"
[ "$(sectors '?' d.iso.map)" -eq 384 ] || fail "something was tried outside of the domain"
must 0 "$RESPIN" rescue "$healthy" d.iso
[ "$(sectors '?' d.iso.map)" -eq 384 ] || fail "the domain was forgotten"

# A mapfile of another name; a plain source; nothing said.
must 0 "$RESPIN" rescue disc.img e.iso e.map --quiet
silent out
silent err
cmp disc.img e.iso || fail "the image differs"
[ -s e.map ] && [ ! -e e.iso.map ] || fail "the map is not where it was wanted"

# Refusals and failures are one line.
must 5 "$RESPIN" rescue "$healthy" e.iso
one_line err
says err --force
must 3 "$RESPIN" rescue absent.img f.iso
one_line err
must 5 "$RESPIN" rescue disc.img disc.img
one_line err
must 5 "$RESPIN" rescue --force 'sim:disc?profile=dvd&image=disc.img&bad=7' disc.img
one_line err
must 4 "$RESPIN" rescue "$healthy" absent/f.iso
one_line err
must 4 sh -c 'ulimit -f 256; exec "$RESPIN" rescue disc.img g.iso'
says err 'g.iso'
says out 'broke off'
grep -q '^saved' out && fail "figures that the disk may not have"
must 0 "$RESPIN" rescue disc.img g.iso
cmp disc.img g.iso || fail "the image differs"
done_ok
