#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The first five commands of README.md do what it shows: they are run as they stand there, in an empty directory with a
# folder of 42 photos, and their output is compared with the page's, word for word. Installing is tests/lab/package's.
#
#   path.sh [PAGE] [--write]    compares, or prints the section as it ought to be
set -u
: "${RESPIN:?the program}" "${RESPIN_SOURCE:?the tree}"
page=$RESPIN_SOURCE/README.md
[ $# -eq 0 ] || [ "$1" = --write ] || { page=$1; shift; }
command -v xorriso >/dev/null || { echo 'skipped: xorriso is missing'; exit 77; }
export LC_ALL=C.UTF-8
unset COLUMNS NO_COLOR
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/bin" "$work/here/photos"
ln -s "$(realpath "$RESPIN")" "$work/bin/respin"
PATH=$work/bin:$PATH
awk -v dir="$work/here/photos" 'BEGIN {
	for (i = 1; i <= 42; i++)
		for (j = 0; j < 3000 + i * 7919 % 4000; j++)
			printf "photo %02d, line %06d.\n", i, j >(dir "/IMG_20" sprintf("%02d", i) ".jpg")
}'

# The section: from its heading to the next one. What is typed begins with "$ ".
sed -n '/^## Five commands/,/^## [^F]/p' "$page" >"$work/section"
grep -q '^\$ respin rescue ' "$work/section" || { echo "$page has no section 'Five commands' with a rescue in it"; exit 1; }
[ "$(grep -c '^\$ ' "$work/section")" -eq 5 ] || { echo "$page: there are not five commands"; exit 1; }
cd "$work/here" || exit 1
fence= first=
while IFS= read -r line; do
	case $fence$line in
	'```'*) fence=yes first=yes && printf '%s\n' "$line" ;;
	'yes```'*) fence= && printf '%s\n' "$line" ;;
	'yes$ '*)
		[ -n "$first" ] || echo
		first=
		printf '%s\n' "$line"
		case $line in
		'$ sudo apt'*) ;;
		'$ xorriso'*) sh -c "${line#'$ '}" </dev/null 2>/dev/null ;; # says which version it is
		*) sh -c "${line#'$ '}" </dev/null 2>&1 ;;
		esac
		;;
	yes*) ;; # what was shown
	*) printf '%s\n' "$line" ;;
	esac
done <"$work/section" >"$work/made"
[ "${1:-}" != --write ] || { cat "$work/made"; exit 0; }
[ "$(find saved -name 'IMG_*.jpg' | wc -l)" -eq 41 ] || { echo 'not 41 files came home'; exit 1; }
for file in saved/*.jpg; do
	cmp "$file" "photos/${file#saved/}" || exit 1
done
diff -u "$work/section" "$work/made" || { echo "$page does not show what happens"; exit 1; }

# Files, show and report tell one story of it.
respin show photos.iso.map >shown && respin report photos.iso 2>/dev/null || { echo 'show or report failed'; exit 1; }
saved=$(sed -n 's/^saved *\([0-9 ]*\) bytes.*/\1/p' shown)
[ -n "$saved" ] && grep -qF "$saved bytes" "$work/made" && grep -qF "$saved bytes" photos.iso.html ||
	{ echo "saved: $saved bytes, and elsewhere another figure"; exit 1; }
grep -q 'Of 42 files, 41 are whole' photos.iso.html || { echo 'the page counts other files'; exit 1; }
