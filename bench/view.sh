#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the live view costs: bytes to the terminal in the worst second, and the CPU time of the thread that draws (with the
# snapshots that it is given) against the time that passes. A healthy disc on a usual terminal, damage being scraped on a
# wide one, and the worst that is promised: a map of 100 000 areas on 200 by 60. Bars: 30 kB/s, 1 %.
set -u
respin=${RESPIN:?the program} bin=${BENCH_BIN:?the folder of bench-pty} slack=${RESPIN_BENCH_SLACK:-1}
seconds=${SECONDS_EACH:-10} areas=100000
export TERM=xterm LC_ALL=C.UTF-8
unset NO_COLOR COLUMNS
[ -r /proc/self/schedstat ] || { echo "skipped: no /proc/PID/schedstat here"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
cd "$dir" || exit 1
"$bin/bench-pty" 80x24 -- true >/dev/null || { echo "skipped: no pseudo-terminals here"; exit 77; }

# Every 64th sector of a disc of zeros failed before; disc and image are one hole each.
mkdir many
truncate -s $((areas * 64 * 2048)) many/iso many/disc
awk -v n=$areas 'BEGIN {
	print "0 / 1"
	for (i = 0; i < n; i++) {
		printf "%.0f %d +\n", i * 131072, 31 * 2048
		printf "%.0f %d /\n", i * 131072 + 31 * 2048, 2048
		printf "%.0f %d +\n", i * 131072 + 32 * 2048, 32 * 2048
	}
}' >many/map

bad=0
look() { # look NAME SIZE IMAGE MAP SOURCE [OPTION]
	"$bin/bench-pty" "$2" see=/s@60000 @3000 cpu@0 @$((seconds * 1000)) cpu@0 2@0 see=Stopped@10000 -- \
		"$respin" rescue --no-ledger ${6:-} "$5" "$3" "$4" >out
	awk -v name="$1" -v size="$2" -v slack="$slack" '
		/^-- cpu/ { cpu[n + 0] = $3; at[n + 0] = $6; n++ }
		/most in a second/ { peak = $NF; bytes = $2 + 0 }
		/^status/ { status = $0 }
		function bar(good) { if (!good) bad = 1; return good ? "" : "  BEYOND THE BAR" }
		END {
			if (n != 2 || at[1] <= at[0] || cpu[0] == 0) { print name ": nothing was measured"; exit 1 }
			share = (cpu[1] - cpu[0]) / (at[1] - at[0]) / 1e4
			printf "%-34s %7s  most in a second %6d bytes (bar 30000)%s\n", name, size, peak, bar(peak <= 30000)
			printf "%-34s %7s  CPU of the view     %.2f %% (bar 1)%s\n", name, size, share, bar(share <= slack)
			if (status !~ /scrolled 0 wrapped 0 unknown 0/) { print status; bad = 1 }
			exit bad
		}' out || { bad=1; tail -n 40 out; }
}
look 'healthy, 8x' 80x24 a.iso a.map 'sim:disc?profile=dvd&size=2295104&block_us=1500&pace=1'
look 'damage, a wide terminal' 120x40 b.iso b.map 'sim:disc?profile=dvd&size=400000&every=640&block_us=100&fail_ms=2&pace=1'
look "$areas areas" 200x60 many/iso many/map "sim:disc?profile=bd&image=many/disc&every=64&latency_us=1000&fail_ms=2&pace=1"
exit $bad
