#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the pictures of docs/pictures: a simulated DVD of 40 files, scratched, halfway and at the end of its rescue, as the
# pages of respin report show it. Takes two minutes, 10 GB beside $TMPDIR for a while, chromium, node, xorriso and pngquant.
#
#   RESPIN=PROGRAM tests/browser/pictures.sh FOLDER
set -eu
RESPIN=$(realpath "${RESPIN:?the program}")
here=$(cd "$(dirname "$0")" && pwd)
to=$(realpath "${1:?the folder for the pictures}")
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-pictures.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
export LC_ALL=C.UTF-8

file() { mkdir -p "$(dirname "tree/$2")" && printf '%s\n' "$2" >"tree/$2" && truncate -s "$1" "tree/$2"; } # file BYTES PATH
film() { # film FOLDER NAME,NAME...: 60 to 230 MB each, the same every time
	echo "$2" | tr , '\n' | while read -r name; do
		size=$((60000000 + $(printf '%s' "$1$name" | cksum | cut -d ' ' -f 1) % 170000000))
		file $size "$1/$name.mpg"
	done
}
film 2003 'New year,Skiing,Carnival,Easter,Anna walks,Lake,Birthday,Garden party,Autumn leaves,Advent'
film 2004 'Sledging,Piano,Zoo,School play,Italy 1 - Drive,Italy 2 - Beach,Italy 3 - Rome,Wedding part 1,Wedding part 2,First steps'
film 2005 'Snow,Moving house,New kitchen,Football,Holidays 1,Holidays 2,First school day,Pumpkins'
for name in 'To Anna.doc' 'To the bank.doc' 'Recipes.pdf' 'Family tree.pdf' 'Diary 2003.txt' 'Diary 2004.txt' 'Letters.pdf'; do
	file $((20000 + $(printf '%s' "$name" | cksum | cut -d ' ' -f 1) % 800000)) "Letters/$name"
done
file 150000000 'Photos 2005.zip'
file 1200 README.TXT
file 90000000 Music.zip
file 120000000 'Backup 2005-11.tar'
file 60000000 'Slides.tar'
xorriso -as mkisofs -quiet -R -V 'FAMILY 2005' -o disc.iso tree
fallocate -d disc.iso

cat >family.sim <<-'EOF'
	title   A family's DVD, scratched and fingered
	disc    dvd-5
	content image=disc.iso
	drive   hh-sata-dvd
	damage  radial r=31..34 length=2.5 width=1.3
	damage  arc r=44 length=7 width=0.6
	damage  arc r=49 length=11 width=0.5
	damage  radial r=50..53 length=3 width=1.6
	damage  pinholes count=20
EOF
go() { "$RESPIN" "$@" sim:family.sim family-2005.iso || [ $? -eq 1 ]; }
go sweep --quiet
go patch --quiet --note 'cleaned with water and a soft cloth'
"$RESPIN" report -o half.html family-2005.iso
go rescue --quiet
"$RESPIN" report -o end.html family-2005.iso
rm -f disc.iso family-2005.iso
cp "$here/two-layers.map" holiday-film.map
"$RESPIN" show --medium dvd-9 --html two.html holiday-film.map >/dev/null
node "$here/shots.js" "$(command -v chromium)" "$work"
for picture in report-*.png; do
	pngquant --quality 40-90 --speed 1 --strip --force --output "$to/$picture" "$picture"
done
