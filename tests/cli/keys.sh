#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# keys.sh PTY: the terminal is the program's for as long as it shows its picture, and everybody else's again whatever
# ends or suspends it; in the background it touches nothing and is stopped by nothing (PTY is pty.c).
. "$RESPIN_SOURCE/tests/cli/common.sh"
pty=$1
export TERM=xterm
"$pty" 80x24 -- true >/dev/null || { echo "skipped: no pseudo-terminals here"; exit 77; }
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_abort=0:handle_segv=0:detect_leaks=0"

slow='sim:disc?profile=dvd&size=20000&block_us=60000&pace=1'
modes() { # modes: what "modes" printed, one after the other
	sed -n 's/^-- modes //p' out | tr '\n' ';'
}
# Whatever ends it, by a key, a signal that it handles, and signals that nobody handles: the shell's terminal is as it was.
end_by() { # end_by STATUS ACTION...
	status=$1
	shift
	rm -f a.iso* pid
	must 0 "$pty" 80x24 see=copying@8000 @200 modes@0 "$@" see=over@6000 modes@0 -- sh -c '
		trap : INT QUIT
		sh -c "echo \$\$ >pid; exec \"\$0\" rescue \"\$1\" a.iso 2>/dev/null" "$RESPIN" "$1"
		echo "status $? over"; sleep 0.3' - "$slow"
	says out "status $status over"
	[ "$(modes)" = '-echo -icanon isig;echo icanon isig;' ] || { fail "$*: modes $(modes)"; cat out; }
}
end_by 6 key=q@0
end_by 6 "key=$(printf '\003')@0"   # Ctrl-C
end_by 131 "key=$(printf '\034')@0" # Ctrl-\, which nobody handles
for signal in 6 11 10; do # ABRT, SEGV, USR1
	( sleep 2.5; kill -$signal "$(cat pid)" ) &
	end_by $((128 + signal)) @1
	wait
done

# Ctrl-Z, in the background, and back. The shell here is one with job control.
rm -f a.iso*
cat >jobs.sh <<-'EOF'
	sh -c 'echo $$ >pid; exec "$0" rescue "$1" a.iso' "$RESPIN" "$1"
	echo "status $? suspended"
	sleep 0.5
	bg >/dev/null
	sleep 2
	sed 's/.*) \(.\).*/\1/' /proc/$(cat pid)/stat >state
	fg >/dev/null
	echo "status $? over"
	sleep 0.5
EOF
must 0 "$pty" 80x24 see=copying@8000 @200 "key=$(printf '\032')@0" see=suspended@4000 modes@0 shotsuspended@0 \
	@2000 modes@0 @1500 modes@0 key=p@0 see=paused@3000 shotback@0 key=q@0 see=over@4000 \
	modes@0 -- sh -m jobs.sh "$slow"
checks=$((checks + 1))
grep -qx '[SR]' state || fail "in the background it is in state $(cat state)"
part() { # part SHOT: into `screen`
	awk -v want="-- $1" '/^-- / { on = $0 == want; next } on' out >screen
}
part shotsuspended
says screen 'Stopped'
grep -q 'keys.*Stopped' screen && fail "the shell writes into the picture"
says out 'status 6 over'
grep -q '^-- never seen' out && { fail 'something was not seen'; cat out; }
[ "$(modes)" = 'echo icanon isig;echo icanon isig;-echo -icanon isig;echo icanon isig;' ] || { fail "modes $(modes)"; cat out; }

# Who pipes his keys in from elsewhere, or wants to hear nothing, keeps his terminal.
for way in '</dev/null' --quiet '| cat'; do
	rm -f a.iso*
	must 0 "$pty" 80x24 modes@1500 "key=$(printf '\003')@0" see=over@4000 -- \
		sh -c "trap : INT; \"\$RESPIN\" rescue '$slow' a.iso $way; echo over; sleep 0.3"
	[ "$(modes)" = 'echo icanon isig;' ] || fail "$way: modes $(modes)"
done
done_ok
