#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pages say what the program says: every command, option and exit status of the help is in the man page, every
# reason and file in the pages that list them, and every link leads somewhere.
. "$RESPIN_SOURCE/tests/cli/common.sh"
docs=$RESPIN_SOURCE/docs man=$RESPIN_SOURCE/docs/man/respin.1

roff() { # roff FILE: its words without the fonts and escapes
	sed 's/\\f[BIRP]//g; s/\\-/-/g; s/\\&//g' "$1"
}
must 0 "$RESPIN" help
[ "$(wc -l <out)" -le 24 ] || fail "the help does not fit a screen: $(wc -l <out) lines"
commands=$(sed -n 's/^  respin \([a-z]*\) .*/\1/p' out)
roff "$man" >page
for command in $commands; do
	says page "respin $command"
done
for status in 0 1 2 3 4 5 6; do
	grep -q "^\.B $status\$\|^\.BR $status\|^\.IP $status" "$man" || fail "exit status $status is not in the man page"
done
for word in IMAGE.map IMAGE.domain IMAGE.ledger NO_COLOR COLUMNS 'sim:disc' 'iscsi://' 'image:'; do
	says page "$word"
done

# Every command has a page, which has the options of its help, all of them and no other.
for command in $commands; do
	must 0 "$RESPIN" help "$command"
	[ "$(wc -l <out)" -le 40 ] || fail "the help of $command is longer than 40 lines"
	[ "$command" != help ] || continue
	page=$docs/man/respin-$command.1
	[ -f "$page" ] || { fail "$command has no page"; continue; }
	! grep -q '^\.so ' "$page" || page=$docs/man/$(sed -n 's/^\.so man1.//p' "$page")
	sed -n 's/^  \(-[^ ,]*\(, -[^ ,]*\)*\).*/\1/p' out | tr -d ' ' | tr , '\n' | sed 's/\[.*//' | sort -u >wanted
	roff "$page" | sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' | grep --no-group-separator -A 1 '^\.TP' | grep -o '^-.*' | sed 's/ [A-Z].*//; s/\[.*//' | tr -d ' ' | tr , '\n' | sort -u >found
	checks=$((checks + 1))
	diff wanted found >differ || { fail "$page and the help of $command differ:"; cat differ; }
done
for page in "$docs"/man/*.[1-9]; do
	name=$(basename "$page")
	says "$docs/man/meson.build" "'$name'"
	if grep -q '^\.so ' "$page"; then
		[ -f "$docs/man/$(sed -n 's/^\.so man1.//p' "$page")" ] || fail "$name stands for a page that does not exist"
		continue
	fi
	for other in $(sed -n 's/^\.BR \(respin[a-z\\-]*\) (\([1-9]\)).*/\1.\2/p' "$page" | tr -d '\\'); do
		[ -f "$docs/man/$other" ] || fail "$name points to $other, which does not exist"
	done
	if command -v groff >/dev/null; then
		must 0 groff -man -Tutf8 -ww -z "$page"
		silent err
	fi
	if command -v mandoc >/dev/null; then
		must 0 mandoc -Tlint -W warning "$page"
		silent out
	fi
done

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
