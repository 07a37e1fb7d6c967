#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pages say what the program says: every command, option and exit status of the help is in the man page, every
# reason and file in the pages that list them, and every link leads somewhere.
. "$RESPIN_SOURCE/tests/cli/common.sh"
docs=$RESPIN_SOURCE/docs man=$RESPIN_SOURCE/docs/man/respin.1

must 0 "$RESPIN" help
sed 's/\\-/-/g; s/\\f[BIRP]//g' "$man" >page
for word in $(grep -o -- '--[a-z-]*' out | sort -u); do
	says page "$word"
done
for command in $(sed -n 's/^  respin \([a-z]*\) .*/\1/p' out); do
	says page "respin $command"
done
for status in 0 1 2 3 4 5 6; do
	grep -q "^\.B $status\$\|^\.BR $status\|^\.IP $status" "$man" || fail "exit status $status is not in the man page"
done
for word in IMAGE.map IMAGE.domain NO_COLOR COLUMNS 'sim:disc' 'iscsi://'; do
	says page "$word"
done
if command -v groff >/dev/null; then
	must 0 groff -man -Tutf8 -ww -z "$man"
	silent err
fi

# The reasons of the library, as the events name them.
for reason in $(sed -n 's/.*\[RESPIN_REASON_[A-Z_]*\] = "\([a-z_]*\)".*/\1/p' "$RESPIN_SOURCE/src/report/json.c"); do
	says "$docs/events.md" "\`$reason\`"
	says "$docs/drives.md" "\`$reason\`"
done

cd "$RESPIN_SOURCE" || exit 1
for page in *.md docs/*.md docs/adr/*.md; do
	for link in $(sed -n 's/.*](\([^)#]*\)[^)]*).*/\1/p' "$page" | grep -v '://'); do
		[ -e "$(dirname "$page")/$link" ] || fail "$page points to $link, which does not exist"
	done
done
# A page that names a file names one that exists. A star stands for several.
for name in $(cat *.md docs/*.md docs/adr/*.md | grep -o '`\(src\|tests\|cli\|docs\|bench\|include\|examples\)/[^`]*`' | tr -d '`' | cut -d ' ' -f 1 | sort -u); do
	ls -d $name >/dev/null 2>&1 || fail "a page names $name, which does not exist"
done
done_ok
