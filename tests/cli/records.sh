#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# --log and --events: the shape of a log line, and that neither ever lands in what the rescue reads or writes.
. "$RESPIN_SOURCE/tests/cli/common.sh"

disc 64
healthy='sim:disc?image=disc.img'
must 0 "$RESPIN" rescue "$healthy" a.iso
mkdir dir
ln -s a.iso link.iso
for option in --log --events; do
	for target in a.iso a.iso.map ./a.iso link.iso; do
		cp a.iso before.iso
		cp a.iso.map before.map
		must 5 "$RESPIN" rescue "$healthy" a.iso $option "$target"
		one_line err
		cmp a.iso before.iso && cmp a.iso.map before.map || fail "$option $target has touched the output"
	done
	must 5 "$RESPIN" rescue disc.img b.iso $option disc.img
	one_line err
	must 5 "$RESPIN" rescue "$healthy" b.iso $option ./disc.img
	one_line err
	must 4 "$RESPIN" rescue "$healthy" b.iso $option dir
	one_line err
	must 4 "$RESPIN" rescue "$healthy" b.iso $option absent/file
	one_line err
	# One that does not exist yet must not become the image either.
	must 5 "$RESPIN" rescue "$healthy" b.iso $option b.iso
	one_line err
	[ ! -e b.iso ] && [ ! -e b.iso.map ] || fail "a refusal has made something: $(ls)"
done
[ "$(wc -c <disc.img)" -eq $((64 * 2048)) ] || fail "the source has grown"

# A map that is empty beside its image is said, in the log as a line of key=value.
cp a.iso.map a.iso.map.bak
: >a.iso.map
must 0 "$RESPIN" rescue "$healthy" a.iso --log log
says err 'a.iso.map'
grep -qE '^time=[0-9-]+T[0-9:.]+Z level=(warning|notice) phase=[a-z]+ (lba=[0-9]+ )?(errno=[A-Z]+ )?what="[^"]*"( detail="[^"]*")?$' log ||
	fail "not a log line: $(cat log)"
must 0 "$RESPIN" rescue "$healthy" a.iso --log /dev/full
done_ok
