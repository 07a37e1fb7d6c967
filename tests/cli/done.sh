#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who does not look is told: --on-done runs a command once everything is closed and knows how it ended, --notify asks
# for a notice, --bell rings where there is a terminal. None of it changes how the rescue ends. `drives` says what to do
# when there is none.
. "$RESPIN_SOURCE/tests/cli/common.sh"
disc 256

tell='ls *.lock >locks 2>/dev/null; for name in HOPED IMAGE LOST MAP SAVED STATUS; do env | grep "^RESPIN_$name="; done >telling; mv telling told'
told() { # told TEXT: what the command was told, in one line; it may come a moment after the program has gone
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ ! -s told ] || break
		sleep 0.1
	done
	checks=$((checks + 1))
	got=$(tr '\n' ' ' <told)
	[ "$got" = "$1 " ] || fail "told: '$got', not '$1'"
	rm -f told
}
must 0 "$RESPIN" rescue -q --on-done "$tell" 'sim:disc?image=disc.img&profile=cd' out.iso
told 'RESPIN_HOPED=0 RESPIN_IMAGE=out.iso RESPIN_LOST=0 RESPIN_MAP=out.iso.map RESPIN_SAVED=524288 RESPIN_STATUS=0'
silent locks
must 1 "$RESPIN" rescue -q --on-done "$tell" 'sim:disc?image=disc.img&profile=cd&bad=10-11' bad.iso its.map
told 'RESPIN_HOPED=0 RESPIN_IMAGE=bad.iso RESPIN_LOST=4096 RESPIN_MAP=its.map RESPIN_SAVED=520192 RESPIN_STATUS=1'
must 0 "$RESPIN" rescue -q --on-done 'exit 7' 'sim:disc?image=disc.img&profile=cd' again.iso # its status is its own
must 3 "$RESPIN" rescue -q --on-done 'touch ran' ./nothing never.iso
[ ! -e ran ] || fail 'a rescue that never began has ended'

# Stopped: the program goes at once, and the command is told all the same.
timeout -s INT 0.5 "$RESPIN" rescue -q --on-done "sleep 0.2; $tell" 'sim:disc?image=disc.img&profile=cd&block_us=50000&pace=1' slow.iso
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -s told ] && break
	sleep 0.1
done
says told 'RESPIN_STATUS=6'
silent locks

# Who runs it under nohup means the command as well.
(trap '' HUP && exec "$RESPIN" rescue -q --on-done 'kill -HUP $$; touch lives' 'sim:disc?image=disc.img&profile=cd' hup.iso) || fail 'deaf to SIGHUP it ends otherwise'
[ -e lives ] || fail 'the command does not ignore what the program was to ignore'

# A kill tells nobody anything.
rm -f told
"$RESPIN" rescue -q --on-done "$tell" 'sim:disc?image=disc.img&profile=cd&block_us=50000&pace=1' killed.iso &
sleep 0.3
kill -KILL $!
wait $! 2>/dev/null
sleep 0.2
[ ! -e told ] || fail 'told of an end that was none'

# A notice: notify-send is the desktop's.
mkdir bin
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s/notice\n' "$work" >bin/notify-send
chmod +x bin/notify-send
PATH=$work/bin:$PATH must 1 "$RESPIN" rescue -q --notify 'sim:disc?image=disc.img&profile=cd&bad=10' notice.iso
says notice 'missing'
PATH=/usr/bin:/bin must 0 "$RESPIN" rescue -q --notify 'sim:disc?image=disc.img&profile=cd' nobody.iso

# The bell is the terminal's.
must 0 "$RESPIN" rescue -q --bell 'sim:disc?image=disc.img&profile=cd' bell.iso
silent err
must 0 script -qec "$RESPIN rescue -q --bell 'sim:disc?image=disc.img&profile=cd' bell2.iso" /dev/null
checks=$((checks + 1))
[ "$(tr -cd '\a' <out | wc -c)" -eq 1 ] || fail 'it did not ring once'

# What is attached depends on the machine; what is said then does not.
"$RESPIN" drives >out 2>err
case $? in
0) grep -q 'Next:\|To read it' out || fail 'drives does not say what is next' ;;
3) one_line err && says err 'sim list' ;;
*) fail "drives ends with another status: $(cat err)" ;;
esac
must 2 "$RESPIN" drives /dev/sr0
must 2 "$RESPIN" drives --all
done_ok
