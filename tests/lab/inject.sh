#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The shipped program where syncs fail: strace answers the N-th fsync or fdatasync of each thread with an errno, for each N
# until none is hit any more; from N on for ever, and once. Where it goes on for ever the program may never end with 0. A
# single failure may be made good (everything is written once more and read back): then the image is the disc's, and the
# program says that a sync failed. Nothing may ever be called finished that is not. GNU ddrescue stands beside it.
. "$(dirname "$0")/rig.sh"
rig_begin inject strace ddrescue

"$truth" --make "$rig_seed" 1048576 >"$RIG/disc.iso"
source="sim:disc?image=$RIG/disc.iso&profile=dvd"

# injected ERRNO WHEN PROGRAM...: runs it so; sets $STATUS and $hits, how many calls were answered with the errno
injected() {
	how=$1:when=$2
	shift 2
	rig_run strace -f -qq --seccomp-bpf -e signal=none -e trace=fsync,fdatasync \
		-e "inject=fsync,fdatasync:error=$how" -o "$RIG/trace" "$@" >"$RIG/out" 2>&1
	hits=$(grep -c INJECTED "$RIG/trace")
}

# judged: none (no map), false (the map claims what is not), part, or whole: the image is the disc
judged() {
	[ -e "$RIG/out.iso.map" ] || { echo none; return; }
	true_image "$RIG/out.iso" "$RIG/out.iso.map" "$RIG/disc.iso" >"$RIG/claim" 2>&1 || { echo false; return; }
	cmp -s "$RIG/out.iso" "$RIG/disc.iso" && echo whole || echo part
}

# sweep ERRNO SUFFIX: every N; counts into $RIG/tally, one line a case: status, judgement, said or silent: a failure names the errno, a run that ends well the sync that was made good
sweep() {
	: >"$RIG/tally"
	n=0
	while :; do
		n=$((n + 1))
		rm -f "$RIG"/out.iso*
		injected "$1" "$n$2" "$RESPIN" rescue "$source" "$RIG/out.iso"
		[ "$hits" -gt 0 ] || break
		if [ "$STATUS" -eq 0 ]; then words='sync'; else words='respin: .*: \(Input/output error\|No space left\)'; fi
		grep -q "$words" "$RIG/out" && said=said || said=silent
		echo "$STATUS $(judged) $said $n" >>"$RIG/tally"
		[ $n -lt 200 ] || rig_broken 'there is no end to the syncs'
	done
	claim "$1, $2: so many N were hit: $((n - 1)), at least 4" [ $n -gt 4 ]
	awk '{ count[$1 " " $2 " " $3]++ } END { for (c in count) { split(c, w, " ")
		printf "     %d times: exit status %s, the image is %s, it is %s\n", count[c], w[1], w[2], w[3] } }' \
		"$RIG/tally"
}

count() { # count AWK-CONDITION
	awk "$1 { n++ } END { print n + 0 }" "$RIG/tally"
}

for errno in EIO ENOSPC; do
	sweep $errno +
	claim_is "$errno for ever: runs that end with 0" "$(count '$1 == 0')" 0
	claim_is "$errno for ever: maps that claim something false" "$(count '$2 == "false"')" 0
	claim_is "$errno for ever: runs that say nothing of it" "$(count '$3 == "silent"')" 0
	sweep $errno ''
	claim_is "$errno once: runs that end with 0, and the image is not the disc's" "$(count '$1 == 0 && $2 != "whole"')" 0
	# A disk that was full for a moment is not a dying one: the map was written anew, from its first byte, and synced.
	[ $errno = ENOSPC ] || claim_is "$errno once: runs that end with 0 and say nothing of it" "$(count '$1 == 0 && $3 == "silent"')" 0
	claim_is "$errno once: maps that claim something false" "$(count '$2 == "false"')" 0
done

rm -f "$RIG"/out.iso*
injected EIO 1+ ddrescue -q "$RIG/disc.iso" "$RIG/out.iso" "$RIG/out.iso.map"
echo "beside it, GNU ddrescue with EIO at every sync ($hits of them): exit status $STATUS, its map says $(sed -n 's/^# \(Finished\)/\1/p' "$RIG/out.iso.map")"
rig_end
