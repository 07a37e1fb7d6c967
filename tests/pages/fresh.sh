#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pages about the simulator say what its tables say: the lists of keys in respin-sim(5), between lines that
# begin with .\" BEGIN and .\" END, and all of bench/scenarios/README.md.
#
#   fresh.sh SIMDOC [--write]    compares, or writes them anew
set -u
simdoc=$1 write=${2:-}
cd "${RESPIN_SOURCE:-$(dirname "$0")/../..}" || exit 1
[ -x "$simdoc" ] || { echo "there is no program '$simdoc': is it built?"; exit 1; }
page=docs/man/respin-sim.5 table=bench/scenarios/README.md
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

for part in $(sed -n 's/^\.\\" BEGIN //p' $page); do
	"$simdoc" keys "$part" >"$work/$part" || { echo "$page: nobody knows what '$part' is"; bad=1; }
done
for part in scenario media disc presets drive damage faults; do
	[ -s "$work/$part" ] || { echo "$page: it has no list '$part'"; bad=1; }
done
awk -v work="$work" '
	/^\.\\" END / { inside = 0 }
	!inside { print }
	/^\.\\" BEGIN / { inside = 1; while ((getline line < (work "/" $3)) > 0) print line }
	END { exit inside }' $page >"$work/page" || { echo "$page: a list does not end"; bad=1; }
"$simdoc" coverage >"$work/table" || bad=1
for file in bench/scenarios/*.sim; do
	name=$(basename "$file" .sim)
	grep -q "^| \[$name\]($name\.sim) " "$work/table" || { echo "$file is not built in: bench/scenarios/meson.build"; bad=1; }
done

for pair in "page $page" "table $table"; do
	made=$work/${pair%% *} file=${pair#* }
	if [ "$write" = --write ]; then
		[ "$bad" -ne 0 ] || cat "$made" >"$file"
	elif ! diff -u "$file" "$made" >"$work/diff"; then
		echo "$file is stale: tests/pages/fresh.sh --write makes it anew"
		sed 20q "$work/diff"
		bad=1
	fi
done
if command -v groff >/dev/null; then
	groff -man -Tutf8 -ww -z "$work/page" >"$work/errors" 2>&1
	[ ! -s "$work/errors" ] || { cat "$work/errors"; bad=1; }
fi
exit $bad
