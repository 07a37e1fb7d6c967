#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 at COUNT seeded instants over the measured length of a rescue, each of a rescue of its own. At every kill the
# map parses and claims nothing false; taken up again, every image becomes the disc's.
#
# The source is the simulated drive, slow in real time, with damage that costs it time: what is tried here is the output.
# Several workers go through the instants at once, because a rescue is mostly waiting.
. "$(dirname "$0")/rig.sh"
rig_begin kill9 timeout

[ -n "${RESPIN_LONG:-}" ] && usual=1000 || usual=100
count=${1:-${COUNT:-$usual}}
workers=4
rig_image "$RIG/disc.iso" 12

# A failed read takes longer than the idle time after which what is new is saved, so a rescue has several commits and
# the first of them comes early. The drive that takes a rescue up again is the same one, healed and quick.
healed="sim:disc?image=$RIG/disc.iso&profile=dvd"
damaged="$healed&pace=1&latency_us=1000&fail_ms=220&bad=100,1500,3000,4500"

# killed_after SECONDS NAME: 137 if the kill came in time, else the rescue's own exit status.
killed_after() {
	setpriv --pdeathsig TERM timeout --foreground -s KILL "$1" \
		"$RESPIN" rescue --quiet "$damaged" "$RIG/$2.iso" >"$RIG/$2.err" 2>&1
}

# measure WORKER: one undisturbed rescue, with as much company as the killed ones have
measure() {
	since=$(rig_ms)
	killed_after 60 "length$1"
	status=$?
	echo "$(($(rig_ms) - since)) $status" >"$RIG/length$1"
}

# instants: as fractions of a rescue's length, by Park and Miller's generator: the same for a seed on every machine. More
# than are needed: where a rescue had ended before its instant came, nothing was killed and the next one counts.
instants() {
	awk -v seed="$rig_seed" -v n="$count" 'BEGIN {
		x = seed % 2147483646 + 1
		for (i = 0; i < 8; i++) x = x * 16807 % 2147483647
		for (i = 1; i <= 2 * n; i++) {
			x = x * 16807 % 2147483647
			printf "%d %d\n", i, x / 2147483647 * 10000
		}
	}'
}

say() { # say N WORDS...: one line of the common record
	echo "$*" >>"$RIG/record"
}

# once N FRACTION: one kill, what it left behind, and the way home. The shortest rescue ever seen is the length.
once() {
	image=$RIG/$1.iso map=$RIG/$1.iso.map
	read -r length_ms <"$RIG/length"
	instant_ms=$(($2 * length_ms / 10000)) since=$(rig_ms)
	killed_after "$(printf %d.%03d $((instant_ms / 1000)) $((instant_ms % 1000)))" "$1" 2>/dev/null
	status=$? took=$(($(rig_ms) - since))
	[ $status -eq 137 ] || [ $took -ge "$length_ms" ] || echo $took >"$RIG/length"
	if [ -e "$map" ]; then
		parses "$map" || say "$1" unparsed by ddrescuelog
		"$RESPIN" map -t "$map" >"$RIG/$1.err" 2>&1 || say "$1" unparsed by respin: "$(tail -n 1 "$RIG/$1.err")"
		claimed=$(true_image "$image" "$map" "$RIG/disc.iso" 2>&1)
		case $? in
		0) ;;
		1) say "$1" false: "$claimed" ;;
		*) say "$1" unparsed: "$claimed" ;;
		esac
	else
		claimed='finished 0 unfinished 0'
		[ ! -e "$image" ] || say "$1" mapless image
	fi
	say "$1" killed $instant_ms $status $claimed
	"$RESPIN" rescue --quiet "$healed" "$image" >"$RIG/$1.err" 2>&1
	status=$?
	[ $status -eq 0 ] || say "$1" resumed "$status": "$(tail -n 1 "$RIG/$1.err")"
	cmp "$image" "$RIG/disc.iso" >"$RIG/$1.cmp" 2>&1 || say "$1" differs: "$(cat "$RIG/$1.cmp")"
	rm -f "$RIG/$1".*
}

all_workers() { # all_workers FUNCTION: runs it once per worker, with the worker's number
	rig_pids=
	for worker in $(seq $workers); do
		"$1" "$worker" </dev/null &
		rig_pids="$rig_pids $!"
	done
	for pid in $rig_pids; do wait "$pid"; done
	rig_pids=
}

killed() { # how many rescues were, until now
	grep -c ' killed .* 137 ' "$RIG/record"
}

work() { # every so many-th instant
	awk -v first="$1" -v step=$workers 'NR % step == first % step' "$RIG/instants" >"$RIG/work$1"
	while read -r n fraction; do
		[ "$(killed)" -lt "$count" ] || break
		once "$n" "$fraction"
	done <"$RIG/work$1"
}

recorded() { # recorded WORDS: how often, and which were the first
	grep " $1" "$RIG/record" | sort -n | head -n 5 >&2
	grep -c " $1" "$RIG/record"
}

all_workers measure
cat "$RIG"/length[0-9] | sort -n >"$RIG/lengths"
head -n 1 "$RIG/lengths" | cut -d ' ' -f 1 >"$RIG/length"
claim_is 'undisturbed rescues that end with exit status 1' "$(grep -c ' 1$' "$RIG/lengths")" $workers
echo "an undisturbed rescue takes $(cat "$RIG/length") ms"
instants >"$RIG/instants"
: >"$RIG/record"
all_workers work

awk '$2 == "killed" { n++; hit += $4 == 137; none += $6 + $8 == 0; both += $4 == 137 && $6 && $8 }
	END { print n + 0, hit + 0, none + 0, both + 0 }' "$RIG/record" >"$RIG/counts"
read -r tried hit none both <"$RIG/counts"
echo "$tried instants over $(cat "$RIG/length") ms: at $((tried - hit)) the rescue had ended, at $none there was no map yet"
claim "rescues killed: $hit, at least $count" [ "$hit" -ge "$count" ]
claim "killed with finished and unfinished ranges in the map: $both, at least two thirds" [ $((both * 3)) -ge $((hit * 2)) ]
claim_is 'maps that do not parse' "$(recorded unparsed)" 0
claim_is 'maps that claim something false' "$(recorded false)" 0
claim_is 'images without a map' "$(recorded mapless)" 0
claim_is 'resumes that do not end with exit status 0' "$(recorded resumed)" 0
claim_is 'final images that are not the disc' "$(recorded differs)" 0
rig_end
