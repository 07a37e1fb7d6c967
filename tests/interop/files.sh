#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "respin files" on discs that other programs made: the list is theirs (xorriso's for ISO 9660, 7z's for UDF), damage aimed at
# a file hits just that file, down to the byte, damage to directories loses no more than it must, and what is extracted is what
# went in. Names that want to get out of the directory stay in it.
set -u
RESPIN=${RESPIN:?the program}
for tool in xorriso genisoimage 7z ddrescuelog python3; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-files.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
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

# Sessions: as xorriso writes them into a file, and as a drive writes them to a CD, with a gap between.
mkdir later && echo new >later/new
xorriso -outdev sessions.iso -map tree / -commit -map later /later -commit -rm /big.txt -- -commit 2>/dev/null
xorriso -indev sessions.iso -toc 2>/dev/null | sed -n 's/^ISO session *: *[0-9]* , *\([0-9]*\) .*/\1/p' >theirs
"$RESPIN" files sessions.iso --sessions | sed -n 's/^ *\([0-9]*\)  ISO 9660$/\1/p' >list
[ "$(wc -l <theirs)" -eq 3 ] && cmp list theirs || fail "sessions.iso has others: $(cat list)"
"$RESPIN" files sessions.iso --session "$(head -n 1 list)" --extract out-first >/dev/null || fail "the first session is not whole"
diff -r tree out-first >diff || fail "the first session: $(head -n 3 diff)"
ours sessions.iso >newest
{ grep -v '^big.txt$' truth; echo later/new; } | sort | cmp - newest || fail "not the newest session: $(diff truth newest)"
gap=$((($(stat -c %s rock.iso) / 2048 + 6902 + 31) / 32 * 32))
genisoimage -quiet -R -C 0,$gap -M rock.iso -o second.iso -graft-points later=later 2>/dev/null
cp rock.iso cd.iso && truncate -s $((gap * 2048)) cd.iso && cat second.iso >>cd.iso
"$RESPIN" files cd.iso --sessions | sed -n 's/^ *\([0-9]*\)  ISO 9660$/\1/p' >list
printf '0\n%d\n' $gap | cmp - list || fail "cd.iso has other sessions: $(cat list)"
ours cd.iso >newest
{ cat truth; echo later/new; } | sort | cmp - newest || fail "not the newest session of the CD: $(diff truth newest)"
ours cd.iso --session 0 | cmp - truth || fail "not the first session of the CD"

# More than 4 GiB, in two extents.
second=$(python3 "$here/../fs/iso_write.py" huge.iso) || fail "no huge.iso"
xorriso -indev huge.iso -find / -name HUGE.BIN -exec lsdl 2>/dev/null | grep -q ' 4299965249 ' || fail "xorriso sees another huge file"
printf '0 + 1\n0 %d +\n%d 2048 /\n%d %d +\n' $((second * 2048 + 4096)) $((second * 2048 + 4096)) $((second * 2048 + 6144)) \
	$(($(stat -c %s huge.iso) - second * 2048 - 6144)) >map
"$RESPIN" files huge.iso map --missing >list
grep -q -- '/  2048 bytes at 4294969344$' list || fail "not beyond 4 GiB: $(cat list)"
grep -q '^1 file is whole, 1 lacks 2.05 kB.$' list || fail "the last line does not sum up: $(cat list)"

# A directory whose second sector cannot be read, where a file's second extent stands: what is known of the file is not all.
python3 "$here/../fs/iso_write.py" split.iso split >/dev/null || fail "no split.iso"
printf '0 + 1\n0 %d +\n%d 2048 -\n%d %d +\n' $((21 * 2048)) $((21 * 2048)) $((22 * 2048)) $(($(stat -c %s split.iso) - 22 * 2048)) >map
"$RESPIN" files split.iso map >list
grep -q '^hit .*HUGE.BIN  (where the rest' list || fail "a file without its second extent: $(tail -n 4 list)"
"$RESPIN" files split.iso | grep -q '^whole .*HUGE.BIN$' || fail "split.iso is not whole"

# A map whose writer did not know how long the disc is: it goes on to the end of all numbers.
size=$(stat -c %s rock.iso)
printf '0 ? 1\n0 %d +\n%d %d ?\n' "$size" "$size" $((9223372036854775807 - size)) >map
timeout 60 "$RESPIN" files rock.iso map >list || fail "a map without an end: exit $?"
timeout 60 "$RESPIN" files rock.iso map --sessions >/dev/null || fail "a map without an end, and sessions: exit $?"

# Many files, each as long as the disc, and a map in many pieces: that is not the one times the other.
python3 - many.iso many.map "$here/../fs" <<'END' || fail "no many.iso"
import sys
sys.path.insert(0, sys.argv[3])
from iso_write import SECTOR, record, volume
SECTORS, FILES, DATA = 800000, 20000, 1000
root = lambda size: record(b"\0", 20, size, 2)
def listing(size):
    out = root(size) + record(b"\1", 20, size, 2)
    for i in range(FILES):
        one = record(b"F%06d.;1" % i, DATA, (SECTORS - DATA) * SECTOR, 0)
        out += bytes(-len(out) % SECTOR if -len(out) % SECTOR < len(one) else 0) + one
    return out + bytes(-len(out) % SECTOR)
with open(sys.argv[1], "wb") as out:
    out.seek(16 * SECTOR)
    size = len(listing(0))
    out.write(volume(root(size), SECTORS) + b"\xffCD001\1" + bytes(SECTOR - 7) + bytes(2 * SECTOR) + listing(size))
    out.truncate(SECTORS * SECTOR)
with open(sys.argv[2], "w") as out:
    out.write("0 + 1\n0 %d +\n" % (DATA * SECTOR))
    for at in range(DATA * SECTOR, SECTORS * SECTOR, 2 * SECTOR):
        out.write("%d 2048 +\n%d 2048 -\n" % (at, at + SECTOR))
END
timeout 60 "$RESPIN" files many.iso many.map >list
[ $? -eq 1 ] && [ "$(grep -c '^hit .*(818 MB missing)$' list)" -eq 20000 ] || fail "many long files: $(tail -n 3 list)"

# Zeros where a directory was, as other programs leave them, and no map that says so: the list is not called complete.
python3 - rock.iso zeros.iso <<'END' || fail "no directory in rock.iso"
import sys
disc = bytearray(open(sys.argv[1], "rb").read())
root = int.from_bytes(disc[16 * 2048 + 158:16 * 2048 + 162], "little")
at = root * 2048
while disc[at + 32] == 1 or not disc[at + 25] & 2: # the first directory in the root
    at += disc[at]
lba = int.from_bytes(disc[at + 2:at + 6], "little")
disc[lba * 2048:(lba + 1) * 2048] = bytes(2048)
open(sys.argv[2], "wb").write(disc)
END
"$RESPIN" files zeros.iso >list && fail "zeros for a directory, and exit 0: $(tail -n 2 list)"
grep -q 'is not complete' list || fail "zeros for a directory, and not a word: $(tail -n 2 list)"

# The newest session's descriptors are lost, or the first one's: an older state of the disc is not passed off as the last.
lost() { # lost IMAGE LBA: a map with one bad sector
	printf '0 + 1\n0 %d +\n%d 2048 -\n%d %d +\n' $(($2 * 2048)) $(($2 * 2048)) $((($2 + 1) * 2048)) $(($(stat -c %s "$1") - ($2 + 1) * 2048)) >map
}
lost cd.iso $((gap + 16))
"$RESPIN" files cd.iso map >list && fail "the newest session is lost, and exit 0"
grep -q '^What was written last cannot be read' list || fail "the newest session is lost, and not a word: $(tail -n 2 list)"
lost cd.iso 16
"$RESPIN" files cd.iso map | sed -n 's/^whole *[0-9.]* [a-zA-Z]*  //p' | sort | cmp - newest || fail "not the newest session without the first one's descriptor"

# Names and links so long that they go on elsewhere, and hardly anything else on the disc: that many reads are no burden.
python3 -c 'import os
os.mkdir("long")
for i in range(2000): os.symlink("/there/" + "t" * 150, "long/" + "n" * 180 + "%05d" % i)'
xorriso -as mkisofs -quiet -R -o long.iso long 2>/dev/null
"$RESPIN" files long.iso >list || fail "long names: $(tail -n 3 list)"
[ "$(grep -c '^whole' list)" -eq 2000 ] || fail "not all of the long names: $(tail -n 3 list)"

# Links are no files, and a pattern that nothing is called is not "whole".
mkdir -p links && echo x >links/x && ln -s x links/y
xorriso -as mkisofs -quiet -R -o links.iso links 2>/dev/null
"$RESPIN" files links.iso | grep -q '^1 file, and it is whole' || fail "a link counts as a file: $("$RESPIN" files links.iso)"
"$RESPIN" files links.iso nosuch.map >list 2>&1
[ $? -eq 1 ] || fail "a MAPFILE that is not there: $(cat list)"

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
		[ $status -le 1 ] || fail "$image.iso without sector $sector: exit $status: $(tail -n 1 list)"
		[ $status -eq 1 ] || [ "$(grep -c '^whole' list)" -eq "$first" ] ||
			fail "$image.iso without sector $sector: fewer files, and not a word"
		# One descriptor is never all: the other volume's, or the root itself, is found.
		[ "$sector" -gt 17 ] || [ "$(grep -c '^whole' list)" -eq "$first" ] || fail "$image.iso without descriptor $sector: $(tail -n 3 list)"
	done
done

# Names of another kind of hostility: patched into the disc, since no program makes them.
mkdir evil && printf one >evil/AAAAAAAAAA && printf two >evil/BB && printf three >evil/CCCCC
genisoimage -quiet -R -V EVIL -o evil.iso evil 2>/dev/null
LC_ALL=C sed -i 's|AAAAAAAAAA|aa/../oops|g; s|NM\x07\x01\x00BB|NM\x07\x01\x00..|g; s|CCCCC|/e\x1b[m|g' evil.iso
mkdir cage && "$RESPIN" files evil.iso --extract cage/in >/dev/null
[ -z "$(find . -maxdepth 1 -name '*oops*')" ] && [ "$(ls cage)" = in ] || fail "something got out: $(ls . cage)"
[ "$(find cage/in -type f | wc -l)" -eq 3 ] || fail "not three files: $(find cage)"
"$RESPIN" files evil.iso | LC_ALL=C grep -q "$(printf '\033')" && fail "an escape sequence reached the terminal"
ln -s "$work" cage/link && mkdir -p cage/there && ln -s "$work" "cage/there/photos of 1999"
"$RESPIN" files rock.iso 'grüße.txt' --extract cage/there >/dev/null 2>&1 && fail "a link in the directory was followed"
[ ! -e "ünïcode" ] || fail "a link led out"
echo "files: $(wc -l <truth) files on six discs"
