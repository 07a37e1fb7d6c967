#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The programs of others, as Debian ships them, on the simulated drive: preloaded with bench/preload they live by its
# clock and see nothing of ours.
#
#   peers.sh run [OPTION]... SCENARIO...      every peer on every scenario, one JSON line each
#   peers.sh compare [OPTION]... [SCENARIO]...  the in-tree policies that stand for ddrescue beside the binary: fails when
#                                             commands, failed commands or drive time differ by more than 2 %
#
#   --seed N          the scenario's seed (1)
#   --policies A,B    some of: ddrescue-binary ddrescue-binary-manual ddrescue-binary-tuned safecopy readom xorriso
#   --limit-h H       hours of the drive's time after which a peer is interrupted, as by Ctrl-C (720: a month)
#   --timeout S       of our own time, over all its starts, after which a peer is cut off and has no line (none)
#   --with KEY=VALUE  one more key of the scenario
#   --keep DIR        leaves each peer's map, log and journal there
#
# BENCH_BIN names the folder of preload.so and rival. One line of stderr names what a peer could not do; the exit status
# is 1 where one of them could not be believed, or agreed with nothing of ours.
set -u

node=/dev/sr0 # the name that all peers know; where a true one lies there, it is not touched
seed=1 policies= limit_h=720 timeout=0 with= keep= failed=0
five='cd-speckle dvd-arc bd-rot dvd-radial dvd-fade' # CD, DVD, BD, periodic, marginal

usage() {
	sed -n '6,20s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

mode=${1:-}
[ $# -gt 0 ] && shift
case $mode in
run) policies=ddrescue-binary,ddrescue-binary-manual,ddrescue-binary-tuned,safecopy,readom,xorriso ;;
compare) policies=ddrescue-binary,ddrescue-binary-tuned ;;
*) usage ;;
esac
while [ $# -gt 0 ]; do
	case $1 in
	--seed) seed=$2 ;;
	--policies) policies=$2 ;;
	--limit-h) limit_h=$2 ;;
	--timeout) timeout=$2 ;;
	--with) with="$with&$2" ;;
	--keep) keep=$2 ;;
	-*) usage ;;
	*) break ;;
	esac
	shift 2 || usage
done
if [ "$mode" = compare ] && [ $# -eq 0 ]; then set -- $five; fi
[ $# -gt 0 ] || usage

bin=${BENCH_BIN:?the folder of preload.so and rival, or of bench}
[ -e "$bin/preload.so" ] || bin=$bin/preload
for part in preload.so rival; do
	[ -e "$bin/$part" ] || { echo "skipped: $part is not built"; exit 77; }
done
command -v ddrescue >/dev/null || { echo 'skipped: ddrescue (package gddrescue) is missing'; exit 77; }
preload=$(realpath "$bin/preload.so") rival=$(realpath "$bin/rival")
dir=$(mktemp -d "${TMPDIR:-/tmp}/respin-peers.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

program() { # program POLICY: what it is of
	case $1 in
	ddrescue-*) echo ddrescue ;;
	*) echo "$1" ;;
	esac
}

version() { # version PROGRAM
	case $1 in
	ddrescue) ddrescue -V ;;
	safecopy) safecopy 2>&1 ;;
	readom) readom -version ;;
	xorriso) xorriso -version 2>/dev/null ;;
	esac </dev/null 2>&1 | grep -o -m 1 '[0-9]\{1,\}\.[0-9][0-9.]*'
}

# What the in-tree policy calls the same way of asking; nothing: it has none.
stands_for() {
	case $1 in
	ddrescue-binary) echo ddrescue ;;
	ddrescue-binary-tuned) echo ddrescue-tuned ;;
	esac
}

# The longest read that is one ECC block: 16 sectors for CD and DVD, 32 for BD.
cluster() { # cluster SCENARIO
	case $1 in
	bd* | uhd* | *profile=bd*) echo 32 ;;
	*) echo 16 ;;
	esac
}

# on COMMAND...: runs it in the folder of this trial, on the simulated drive, with nothing of it shown. What it
# makes of a signal that its limit sent is its own business.
on() {
	echo "+ $*" >>log
	left=0
	if [ "$timeout" -gt 0 ]; then
		left=$((timeout - ($(now_ms) - from) / 1000))
		[ $left -gt 0 ] || left=1
	fi
	{ timeout -k 5 $left env LD_PRELOAD="$preload" RESPIN_PRELOAD_SCENARIO="$address" RESPIN_PRELOAD_BLOCK=$node \
		RESPIN_PRELOAD_SG=/dev/sg0 RESPIN_PRELOAD_OUTPUT=image RESPIN_PRELOAD_STATS=stats \
		RESPIN_PRELOAD_DELIVERED=delivered RESPIN_PRELOAD_JOURNAL=journal RESPIN_PRELOAD_TAKEN_BACK=back \
		RESPIN_PRELOAD_LIMIT_S=$((limit_h * 3600)) "$@" </dev/null 2>&1 >/dev/null
		echo $? >status; } | tail -c 4096 >>log # some speak for every second of a month
	read -r status <status
	! cut_off && ! grep -q '"stopped": "limit"' stats 2>/dev/null
}

# It took longer than --timeout: what it counted by then is nothing to compare.
cut_off() {
	[ "$status" -eq 124 ] || [ "$status" -eq 137 ]
}

# The person beside it stopped it, or the link broke: it is started again on the same map, as often as that happens.
# What failed only because the drive was stuck is put back in the map: it says nothing about the disc.
ddr() {
	sittings=0
	while on ddrescue "$@"; do
		case $(sed -n 's/.*"stopped": "\([^"]*\)".*/\1/p' stats) in
		'') return 0 ;;
		'given up') return 1 ;;
		esac
		sittings=$((sittings + 1))
		[ $sittings -lt 200 ] || return 1
		if [ -e map ] && grep -q ' +$' back; then
			ddrescuelog -L -m back -a '*-,?/' map >map.new 2>>log && mv map.new map
		fi
	done
	return 1
}

# As a user would type it; as its manual's example for CD-ROMs has it, with three retries; best tuned. safecopy's three
# stages without its raw reads of CD sectors (-L 0), which no DVD answers. xorriso checks the disc and writes nothing.
peer() { # peer POLICY SCENARIO
	case $1 in
	ddrescue-binary) ddr -b2048 $node image map ;;
	ddrescue-binary-manual) ddr -n -b2048 $node image map && ddr -d -r3 -b2048 $node image map ;;
	ddrescue-binary-tuned)
		ddr -d -n -b2048 -c"$(cluster "$2")" $node image map &&
			ddr -d -r3 -b2048 -c"$(cluster "$2")" $node image map
		;;
	safecopy) on safecopy --stage1 -L 0 $node image && on safecopy --stage2 -L 0 $node image &&
		on safecopy --stage3 -L 0 $node image ;;
	readom) on readom dev=$node f=image -noerror ;;
	xorriso) on xorriso -abort_on FATAL -outdev $node -check_media use=outdev what=disc -- ;;
	*) usage ;;
	esac
}

# What the program calls finished must be just what it was given, no more and no less. Says true, false, or null where
# it keeps no map.
map_agrees() {
	[ -e map ] || { echo null; return; }
	ddrescuelog -x delivered map >differences 2>/dev/null && [ -z "$(ddrescuelog -l + differences)" ] && echo true || echo false
}

now_ms() {
	date +%s%3N
}

# trial POLICY SCENARIO: leaves its JSON line in ./line
trial() {
	from=$(now_ms) status=1
	peer "$1" "$2"
	if cut_off; then
		echo "$1 on $2: cut off after $timeout s" >&2
		return 1
	fi
	if [ ! -s stats ]; then
		echo "$1 on $2 gave nothing: $(tail -n 1 log)" >&2
		return 1
	fi
	agrees=$(map_agrees)
	printf '{"scenario": "%s", "address": "%s", "seed": %s, "policy": "%s", "peer": "%s", "exit": %s, "map_agrees": %s, "wall_s": %se-3, %s\n' \
		"$2" "$address" "$seed" "$1" "$(program "$1") $(version "$(program "$1")")" "$status" "$agrees" \
		$(($(now_ms) - from)) "$(sed 's/^{//' stats)" >line
	[ "$agrees" != false ] || { echo "$1 on $2: its map is not what it was given" >&2; return 1; }
}

field() { # field FILE NAME
	sed -n "s/.*\"$2\": \([-0-9.e]*\).*/\1/p" "$1"
}

# compare POLICY SCENARIO: one JSON line; false where a figure is beyond 2 %
compare() {
	own=$(stands_for "$1")
	[ -n "$own" ] || return 0
	trial "$1" "$2" || return 1
	"$rival" "$own" "$address" $((limit_h * 3600)) >rival.json || return 1
	for name in read_commands failed_commands virtual_s finished; do
		echo "$name $(field line $name) $(field rival.json $name)"
	done | awk -v scenario="$2" -v seed="$seed" -v policy="$1" -v own="$own" '
		{ peer[$1] = $2; tree[$1] = $3 }
		function apart(name, a, b) {
			a = peer[name]; b = tree[name]
			printf ", \"%s\": [%s, %s]", name, a, b
			if ((a > b ? a - b : b - a) > 0.02 * a) far = far " " name
		}
		END {
			printf "{\"scenario\": \"%s\", \"seed\": %s, \"policy\": \"%s\", \"in_tree\": \"%s\"", scenario, seed, policy, own
			apart("read_commands"); apart("failed_commands"); apart("virtual_s"); apart("finished")
			printf ", \"agrees\": %s}\n", far ? "false" : "true"
			if (far) { print policy " on " scenario ": more than 2 % apart in" far > "/dev/stderr"; exit 1 }
		}'
}

for scenario in "$@"; do
	address="sim:$scenario"
	case $address in *'?'*) address="$address&" ;; *) address="$address?" ;; esac
	address="${address}seed=$seed&payload=0$with"
	for policy in $(echo "$policies" | tr , ' '); do
		command -v "$(program "$policy")" >/dev/null || { echo "$policy is not installed" >&2; continue; }
		place=${keep:-$dir}/$scenario-$policy
		mkdir -p "$place" && rm -f "$place"/* || exit 1
		case $mode in
		run) (cd "$place" && trial "$policy" "$scenario" && cat line) || failed=1 ;;
		compare) (cd "$place" && compare "$policy" "$scenario") || failed=1 ;;
		esac
		[ -n "$keep" ] || rm -rf "$place"
	done
done
exit $failed
