#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Addresses of simulated drives: scenarios that are built in, scenarios in files, and what is refused with which words.
. "$RESPIN_SOURCE/tests/cli/common.sh"
disc 2000

# A file, and what it names relative to the current directory.
cat >mine.sim <<'END'
# Mine.
title   Two thousand sectors, three of them gone
disc    plain size=2000 bad=100,200-201
content image=disc.img
drive   plain partial=1
END
must 1 "$RESPIN" rescue --quiet sim:mine.sim mine.iso
[ "$(sectors - mine.iso.map)" = 3 ] || fail "not three sectors were lost: $(cat mine.iso.map)"
cmp -s -n 204800 disc.img mine.iso || fail "the image is not what the disc held"
must 0 "$RESPIN" rescue --quiet 'sim:mine.sim?bad=none' healed.iso
cmp -s disc.img healed.iso || fail "overridden, the disc still has bad sectors"
mkdir 'a dir' && sed 's/$/\r/' mine.sim >'a dir/what?.sim' # CRLF, and a name that an address must escape
must 1 "$RESPIN" rescue --quiet 'sim:a dir/what%3F.sim' crlf.iso
[ "$(sectors - crlf.iso.map)" = 3 ] || fail "CRLF changed the disc: $(cat crlf.iso.map)"

# refused STATUS TEXT ADDRESS: one line, which speaks of TEXT, and nothing is made.
refused() {
	must "$1" "$RESPIN" rescue --quiet "$3" no.iso
	one_line err
	says err "$2"
	[ ! -e no.iso ] && [ ! -e no.iso.map ] || fail "something was made for $3"
}
line() { # line NUMBER TEXT: mine.sim with that line
	sed "$1c\\
$2" mine.sim >wrong.sim
}
line 3 'disc    dvd-6'
refused 2 "wrong.sim:3: no disc is called 'dvd-6'; there are plain, cd-74," sim:wrong.sim
line 3 'disc    plain size=2000 bad=5-4'
refused 2 'wrong.sim:3: bad=5-4 makes no sense; it takes sectors as 100,200-215 or none' sim:wrong.sim
line 4 'damage  radial widht=3'
refused 2 "wrong.sim:4: no option is called 'widht'; near it are width" sim:wrong.sim
line 5 'fault   unplug'
refused 2 'wrong.sim:5: a fault needs at=TIME' sim:wrong.sim
line 1 'nonsense'
refused 2 "wrong.sim:1: no line begins with 'nonsense'" sim:wrong.sim
{ cat mine.sim; printf '# \000\n'; } >wrong.sim
refused 2 'wrong.sim:6: a NUL byte' sim:wrong.sim
{ cat mine.sim; printf '\033[31m\n'; } >wrong.sim
refused 2 'wrong.sim:6: a control character (1b) in column 1' sim:wrong.sim
{ cat mine.sim; printf '#%5000s\n' x; } >wrong.sim
refused 2 'wrong.sim:6: longer than 4095 bytes' sim:wrong.sim
awk 'BEGIN { for (i = 0; i < 4000; i++) print "# sixty-four K of comments" }' >wrong.sim
refused 2 'longer than 65536 bytes' sim:wrong.sim
: >wrong.sim
refused 2 "wrong.sim:1: the text ends without a 'title' line" sim:wrong.sim
refused 3 'nowhere.sim: No such file' sim:nowhere.sim
mkdir dir.sim
refused 3 'a scenario is a file' sim:dir.sim
refused 2 'longer' "sim:$(printf '%5000s' x | tr ' ' x).sim"

# Built in, and close to it.
refused 2 'near it are dvd-radial' sim:dvd-radiall
refused 2 'near it is bd-rot' sim:bdrot
refused 2 'sim:FILE.sim' sim:gramophone
refused 2 'is not KEY=VALUE' 'sim:cd-sessions?seed'
refused 2 "near it is velocity" 'sim:cd-sessions?velocitty=1'
refused 2 'gramophone' 'sim:cd-sessions?drive=gramophone'
refused 2 'makes no sense; it takes a number from 1 to 10000' 'sim:cd-radial?scale=0'
must 0 "$RESPIN" info 'sim:cd-clean?scale=100'
says out 'CD-ROM CR-594'

# The manual's example is one.
sed -n '/^\.nf/,/^\.fi/p' "$RESPIN_SOURCE/docs/man/respin-sim.5" | sed '/^\./d; s/\\-/-/g' >example.sim
says example.sim 'fault   cancel'
must 0 "$RESPIN" info 'sim:example.sim?scale=50'
says out 'DVD-ROM'
grep -aq 'A DVD gouged across the tracks' "$RESPIN_LIB" || fail "the scenarios are not in the library"
done_ok
