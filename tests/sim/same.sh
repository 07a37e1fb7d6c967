#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same seeds have the same histories in every build: this one's and that of RESPIN_OTHER, which is built
# with other options (./check sets it: the sanitizers for -O2, and -O2 for the sanitizers).
#
#   same.sh HISTORIES
set -u
mine=${1:?the program histories}
[ -n "${RESPIN_OTHER:-}" ] || { echo "skipped: no second build to compare with (RESPIN_OTHER; ./check sets it)"; exit 77; }
other=$RESPIN_OTHER/tests/sim/histories
[ -x "$other" ] || { echo "skipped: no second build to compare with ($other)"; exit 77; }
! cmp -s "$mine" "$other" || { echo "$other is this very program: nothing is compared"; exit 1; }

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 1
unset RESPIN_TIMES
"$other" >"$work/other" 2>&1 &
"$mine" >"$work/mine" 2>&1
mine_status=$?
wait $!
other_status=$?
[ $mine_status -eq 0 ] || { tail -n 30 "$work/mine"; echo "$mine: exit $mine_status"; exit 1; }
[ $other_status -eq 0 ] || { tail -n 30 "$work/other"; echo "$other: exit $other_status"; exit 1; }

cmp -s "$work/mine" "$work/other" || {
	echo "the first difference (< here, > in $RESPIN_OTHER):"
	diff "$work/mine" "$work/other" | grep -m 1 '^<'
	diff "$work/mine" "$work/other" | grep -m 1 '^>'
	exit 1
}
[ -s "$work/mine" ] || { echo "no histories at all"; exit 1; }
echo "$(wc -l <"$work/mine") histories, $(sed 's/.*history=//' "$work/mine" | sort -u | wc -l) different ones, the same in both builds"
