#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "respin files" on discs that other programs made: the list is theirs (xorriso's for ISO 9660, 7z's for UDF), damage aimed at
# a file hits just that file, down to the byte, damage to directories loses no more than it must, and what is extracted is what
# went in. Names that want to get out of the directory stay in it.
set -u
RESPIN=${RESPIN:?the program}
for tool in xorriso genisoimage 7z ddrescuelog; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-files.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8
fail() { echo "$*"; exit 1; }

mkdir -p "tree/photos of 1999/ünïcode" tree/a/b/c/d/e/f/g/h/i tree/empty
for i in $(seq 1 300); do printf '%s\n' "$i" >"tree/photos of 1999/a picture with a rather long name, number $i.jpg"; done
seq 1 30000 >tree/big.txt
head -c 3000000 /dev/urandom >"tree/photos of 1999/film.avi"
printf deep >tree/a/b/c/d/e/f/g/h/i/deep
printf 'grüße\n' >"tree/photos of 1999/ünïcode/grüße.txt"
: >tree/nothing

xorriso -as mkisofs -quiet -R -V ROCK -o rock.iso tree 2>/dev/null
xorriso -as mkisofs -quiet -J -joliet-long -V JOLIET -o joliet.iso tree 2>/dev/null
genisoimage -quiet -R -J -joliet-long -udf -V BRIDGE -o bridge.iso tree 2>/dev/null
genisoimage -quiet -R -V MOVED -o moved.iso tree 2>/dev/null # directories too deep for ISO 9660 are moved
genisoimage -quiet -iso-level 1 -V LEVEL1 -o level1.iso tree/a tree/big.txt 2>/dev/null
genisoimage -quiet -iso-level 3 -V LEVEL3 -o level3.iso tree/a tree/big.txt 2>/dev/null

ours() { # ours ARGUMENT...: the paths of all files
	"$RESPIN" files "$@" | sed -n 's/^whole *[0-9.]* [a-zA-Z]*  //p' | sort
}

there() { # there IMAGE: as xorriso lists the files
	xorriso -indev "$1" -find / -type f -exec lsdl 2>/dev/null | sed -n "s/^.*'\/\(.*\)'\$/\1/p" | sort
}

(cd tree && find . -type f | sed 's|^\./||' | sort) >truth
for image in rock bridge moved; do
	ours $image.iso >list
	cmp list truth || fail "$image.iso: $(diff list truth | head -n 5)"
done
for image in rock joliet level1 level3; do
	ours $image.iso >list
	there $image.iso >theirs
	# xorriso shows Joliet's names only where there is no other: compare how many there are.
	[ $image = joliet ] && { [ "$(wc -l <list)" -eq "$(wc -l <theirs)" ] || fail "joliet.iso: another number of files"; continue; }
	cmp list theirs || fail "$image.iso: $(diff list theirs | head -n 5)"
done
ours joliet.iso >list
cmp list truth || fail "joliet.iso: $(diff list truth | head -n 5)"
"$RESPIN" files bridge.iso | grep -q '^UDF 1.02 "BRIDGE"' || fail "the bridge disc is not taken for UDF"
7z l -ba -slt -tudf bridge.iso | awk '/^Path = / { path = substr($0, 8) } /^Folder = -/ { print path }' | sort >theirs
cmp truth theirs || fail "7z lists other files: the oracle is not one"

# Every byte comes back.
for image in rock joliet bridge moved; do
	"$RESPIN" files $image.iso --extract out-$image >/dev/null || fail "$image.iso: cannot be extracted"
	rm -rf tree/empty
	diff -r tree out-$image >diff || fail "$image.iso: $(head -n 3 diff)"
done

# Damage aimed at a file: where it lies, xorriso tells.
lba=$(xorriso -indev rock.iso -find / -name film.avi -exec report_lba 2>/dev/null | awk -F, '/film/ { print $2 + 0 }')
sectors=$(($(stat -c %s rock.iso) / 2048))
damage() { # damage LBA COUNT: a map with so many bad sectors
	printf '0 + 1\n0 %d +\n%d %d -\n' $(($1 * 2048)) $(($1 * 2048)) $(($2 * 2048))
	[ $(($1 + $2)) -ge $sectors ] || printf '%d %d +\n' $((($1 + $2) * 2048)) $(((sectors - $1 - $2) * 2048))
}
damage $((lba + 100)) 7 >map
"$RESPIN" files rock.iso map --missing >list
[ $? -eq 1 ] || fail "a hit file, and another exit status"
grep -q '^hit .*film.avi  (14.3 kB missing)$' list || fail "the hit file is not said: $(cat list)"
grep -q -- '-  14336 bytes at 204800$' list || fail "not down to the byte: $(cat list)"
[ "$(grep -c '^hit' list)" -eq 1 ] || fail "more was hit than one file"
"$RESPIN" files rock.iso map 'film*' --extract part --partial >/dev/null
cmp -n 204800 "part/photos of 1999/film.avi" "tree/photos of 1999/film.avi" || fail "the bytes before the damage differ"
cmp -i 219136 "part/photos of 1999/film.avi" "tree/photos of 1999/film.avi" || fail "the bytes behind the damage differ"
grep -q '^204800 14336 -$' "part/photos of 1999/film.avi.missing" || fail "the list of what is missing is wrong"
"$RESPIN" files rock.iso map 'film*' --extract whole >/dev/null
[ ! -e "whole/photos of 1999/film.avi" ] || fail "a hit file was extracted without being asked for"

# Damage in each sector of descriptors, path tables and directories: never a crash, and what does not hang below it stays.
for image in rock joliet bridge; do
	sectors=$(($(stat -c %s $image.iso) / 2048))
	first=$("$RESPIN" files $image.iso | grep -c '^whole')
	[ "$first" -gt 300 ] || fail "$image.iso lists too little"
	for sector in $(seq 16 2 90) $(seq 256 1 280) $((sectors - 1)); do
		damage "$sector" 1 >map
		"$RESPIN" files $image.iso map >list 2>&1
		status=$?
		[ $status -le 2 ] || fail "$image.iso without sector $sector: exit $status: $(tail -n 1 list)"
		if [ $status -eq 2 ]; then
			grep -q 'no file system' list || fail "$image.iso without sector $sector: $(cat list)"
		elif [ $status -eq 0 ]; then
			[ "$(grep -c '^whole' list)" -eq "$first" ] || fail "$image.iso without sector $sector: fewer files, and not a word"
		fi
	done
done

# Names of another kind of hostility: patched into the disc, since no program makes them.
mkdir evil && printf one >evil/AAAAAAAAAA && printf two >evil/BB && printf three >evil/CCCCC
genisoimage -quiet -R -V EVIL -o evil.iso evil 2>/dev/null
LC_ALL=C sed -i 's|AAAAAAAAAA|aa/../oops|g; s|NM\x07\x01\x00BB|NM\x07\x01\x00..|g; s|CCCCC|/e\x1b[m|g' evil.iso
mkdir cage && "$RESPIN" files evil.iso --extract cage/in >/dev/null
[ -z "$(find . -maxdepth 1 -name 'oops*')" ] && [ "$(ls cage)" = in ] || fail "something got out: $(ls . cage)"
[ "$(find cage/in -type f | wc -l)" -eq 3 ] || fail "not three files: $(find cage)"
"$RESPIN" files evil.iso | LC_ALL=C grep -q "$(printf '\033')" && fail "an escape sequence reached the terminal"
ln -s "$work" cage/link && mkdir -p cage/there && ln -s "$work" "cage/there/photos of 1999"
"$RESPIN" files rock.iso 'grüße.txt' --extract cage/there >/dev/null 2>&1 && fail "a link in the directory was followed"
[ ! -e "ünïcode" ] || fail "a link led out"
echo "files: $(wc -l <truth) files on six discs"
