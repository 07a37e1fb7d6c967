#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# verify.sh: "respin verify" beside sha256sum and its kin, on discs of xorriso's and of our own: hashes, manifests, what differs
# from an earlier one, truncation, exports (verify.py puts the files together from their runs), and the disc read back.
. "$RESPIN_SOURCE/tests/cli/common.sh"
here=$RESPIN_SOURCE/tests/interop
for tool in xorriso xmllint sha256sum cksum; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
for python in /usr/bin/python3 python3 none; do
	"$python" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null && break
done
[ "$python" != none ] || { echo "skipped: python3-jsonschema is missing"; exit 77; }
same() { # same FILE FILE
	checks=$((checks + 1))
	cmp -s "$1" "$2" || fail "$1 and $2 differ: $(diff "$1" "$2" | head -n 4)"
}
true_exports() { # true_exports IMAGE [ARGUMENT...]: both exports of it are well-formed and true
	image=$1
	shift
	"$RESPIN" verify -q "$image" "$@" --force --json v.json --dfxml v.xml >out 2>err
	[ $? -le 1 ] || fail "$image: $(cat err)"
	must 0 xmllint --noout v.xml
	must 0 "$python" "$here/verify.py" "$RESPIN_SOURCE/docs/verify.schema.json" "$image" v.json v.xml
	cat out
}

# ---- names of every kind, hard links, an empty file ----
newline='two
lines'
mkdir -p 'tree/pictures of 1999/ünïcode'
seq 1 30000 >tree/big.txt
seq 7 7 300000 >'tree/pictures of 1999/film.avi'
: >tree/nothing
printf 1 >'tree/back\slash'
printf 2 >"tree/$newline"
printf 3 >"tree/return$(printf '\r')"
printf 4 >'tree/a <b> & "c".txt'
printf 5 >'tree/pictures of 1999/ünïcode/grüße'
ln tree/big.txt tree/hard
ln -s '../../etc/passwd' tree/link
xorriso -as mkisofs -quiet -R -V ROCK -o a.iso tree 2>/dev/null || { echo "xorriso makes no disc"; exit 1; }

must 0 "$RESPIN" verify a.iso --manifest m --image-manifest im
silent err
says out "$(sha256sum a.iso | cut -c -64)"
says out '9 files with a hash, 0 not whole'
says out 'the image has them'
(cd tree && find . -type f -exec sha256sum {} + | sed 's|^\(\\*[0-9a-f]*  \)\./|\1|') | LC_ALL=C sort >theirs
LC_ALL=C sort m >ours
same ours theirs
sha256sum a.iso >theirs
same im theirs
must 0 sha256sum --strict --check im
(cd tree && sha256sum --strict --quiet --check ../m) || fail "sha256sum refuses the manifest"
# As extracted: control characters in names become '_', so two of them are not found there, and all others are.
must 0 "$RESPIN" files a.iso --extract taken
(cd taken && sha256sum --check ../m >../checked 2>/dev/null)
checks=$((checks + 1))
[ "$(grep -c ': OK$' checked)" -eq 7 ] || fail "not seven files check: $(cat checked)"
must 0 "$RESPIN" verify -q a.iso --hash md5,sha1,blake2b --manifest several
silent out
(cd tree && cksum --quiet --strict --check ../several) || fail "cksum refuses the manifest with tags"
for hash in md5 sha1 sha224 sha256 sha384 sha512; do
	must 0 "$RESPIN" verify -q a.iso --hash $hash --manifest one.$hash
	(cd tree && ${hash}sum --strict --quiet --check ../one.$hash) || fail "${hash}sum refuses its manifest"
done
must 0 "$RESPIN" verify -q a.iso --hash blake2b --manifest one.blake2b
(cd tree && b2sum --strict --quiet --check ../one.blake2b) || fail "b2sum refuses its manifest"

# ---- an earlier manifest ----
(cd tree && find . -type f -exec md5sum {} +) >earlier
for manifest in m several one.blake2b earlier im; do
	must 0 "$RESPIN" verify a.iso --check $manifest
	says out ' 0 differing, 0 gone, 0 not whole, 0 new'
done
cp a.iso changed.iso
lba=$(xorriso -indev a.iso -find / -name film.avi -exec report_lba 2>/dev/null | awk -F, '/film/ { print $2 + 0 }')
printf X | dd of=changed.iso bs=1 seek=$((lba * 2048 + 5000)) conv=notrunc 2>/dev/null
must 1 "$RESPIN" verify changed.iso --check m
says out 'differs    pictures of 1999/film.avi'
says out '8 sums the same, 1 differing'
must 1 "$RESPIN" verify changed.iso --check im
says out 'gone       a.iso' # of another name
cp changed.iso other && mkdir -p kept && mv other kept/a.iso
must 1 "$RESPIN" verify kept/a.iso --check im
says out 'differs    a.iso'
grep -v big.txt m >short
printf '%064d  never there\n' 0 >>short
must 1 "$RESPIN" verify a.iso --check short
says out 'new        big.txt'
says out 'gone       never there'

# ---- damage: no hash of a hole ----
sectors=$(($(stat -c %s a.iso) / 2048))
printf '0 + 1\n0 %d +\n%d 2048 -\n%d %d +\n' $(((lba + 3) * 2048)) $(((lba + 3) * 2048)) $(((lba + 4) * 2048)) \
	$(((sectors - lba - 4) * 2048)) >a.map
must 1 "$RESPIN" verify a.iso a.map --manifest holes
says out 'hit        pictures of 1999/film.avi  (2 048 bytes missing)'
says out '(of the file as it is)'
says out '8 files with a hash, 1 not whole'
says holes '# not whole, 2048 bytes missing: pictures of 1999/film.avi'
grep -q '^[0-9a-f].*film' holes && fail "a file with a hole has a hash"
(cd tree && sha256sum --strict --quiet --check ../holes) || fail "sha256sum refuses a manifest with remarks"
must 1 "$RESPIN" verify a.iso a.map --check m
says out 'not whole  pictures of 1999/film.avi'
must 0 "$RESPIN" verify a.iso --check holes # what was not whole then may be so now
says out '8 sums the same, 0 differing, 0 gone, 0 not whole, 0 new'
true_exports a.iso a.map --hash sha256,md5

# ---- truncation ----
head -c $(((sectors - 9) * 2048)) a.iso >cut.iso
must 1 "$RESPIN" verify cut.iso
says out 'TRUNCATED'
says out "$(printf '%d' $((9 * 2048)) | sed 's/\(.*\)\(...\)$/\1 \2/') of them are behind the image's end"
printf '0 + 1\n0 %d +\n' $((sectors * 2048)) >cut.map
must 1 "$RESPIN" verify cut.iso cut.map
says out '18 432 bytes that the map calls finished lie behind'

# ---- other file systems, none at all, extents that lie backwards ----
true_exports a.iso
xorriso -as mkisofs -quiet -J -joliet-long -V JOLIET -o joliet.iso tree 2>/dev/null && true_exports joliet.iso
"$python" "$here/verify.py" --twisted twisted.iso
true_exports twisted.iso
rm tree/link
"$python" "$RESPIN_SOURCE/tests/fs/udf_write.py" sparable spared.iso tree >/dev/null || fail 'no disc with spares'
true_exports spared.iso
head -c 100000 /dev/urandom >noise
must 0 "$RESPIN" verify noise
says out 'no file system that is known'
true_exports noise
: >empty
must 0 "$RESPIN" verify empty
says out e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
# Files that claim more bytes than any such disc holds: some get their hash, the others are said to have none.
"$python" "$here/verify.py" --crowded crowded.iso
must 1 "$RESPIN" verify crowded.iso --manifest crowded.m
says out 'the files claim more bytes than such a disc holds'
checks=$((checks + 1))
[ "$(grep -c '^no hash' out)" -lt 49 ] && [ "$(grep -c '^[0-9a-f]' crowded.m)" -eq $((49 - $(grep -c '^no hash' out))) ] ||
	fail "not every file has a hash or a word: $(grep -c '^no hash' out)"

# ---- where it comes from, and the disc itself ----
good='sim:disc?image=a.iso&profile=dvd'
must 1 "$RESPIN" rescue -q "$good&bad=300-310" r.iso --note 'as it came <&>'
must 1 "$RESPIN" rescue -q "$good&bad=300-310" r.iso --note 'disc cleaned'
true_exports r.iso
says out ', 2 runs, 2 notes'
says v.xml '<respin:note run="1"'
says v.json '"firmware":"0.1"'
must 1 "$RESPIN" verify r.iso --reread 40 --source "$good" --seed 9
says out 'seed 9'
grep -q ' the same, 0 differing, 0 wavering, 0 unreadable$' out || fail "the same disc differs: $(tail -n 1 out)"
must 0 "$RESPIN" verify a.iso --reread 100000 --source "$good"
says out ", seed 1: $(((sectors + 15) / 16)) the same, 0 differing"
must 0 "$RESPIN" verify a.iso --reread 100000 --source "$good&bad=40-41"
says out 'LBA 32 to 47: cannot be read now: nothing is known'
says out ' 0 differing, 0 wavering, 1 unreadable'
must 1 "$RESPIN" verify changed.iso --reread 100000 --source "$good" --json found.json
at=$((lba + 2)) # the byte was changed in its third sector
says out "LBA $((at - at % 16)) to $((at - at % 16 + 15)): differs from the disc, which said the same twice"
says out ' 1 differing, 0 wavering, 0 unreadable'
says found.json "\"lba\":$((at - at % 16)),\"sectors\":16,\"what\":\"differs\""
must 1 "$RESPIN" verify noise --reread 10 --source "$good"
says out 'this is probably another disc'
# A drive that lies at random says something else the next time: not believed.
must 0 "$RESPIN" verify a.iso --reread 100000 --source "$good&lie_neighbour=0.05&seed=4"
grep -q ' 0 differing, [1-9][0-9]* wavering' out || fail "a lie was believed, or none was told: $(tail -n 2 out)"

# ---- refusals: nothing is overwritten, one line, before an hour of hashing ----
cp m kept.m
must 5 "$RESPIN" verify a.iso --manifest m
one_line err
silent out
same m kept.m
must 5 "$RESPIN" verify a.iso --manifest a.iso --force
must 5 "$RESPIN" verify a.iso a.map --json a.map --force
must 5 "$RESPIN" verify a.iso --check m --manifest m --force
same m kept.m
must 5 "$RESPIN" verify a.iso --reread 3 --source a.iso
says err 'the image itself'
must 2 "$RESPIN" verify a.iso --reread 3
must 2 "$RESPIN" verify a.iso --hash sha3000
says err 'sha256'
must 2 "$RESPIN" verify
must 2 "$RESPIN" verify a.iso --json - --dfxml -
must 2 "$RESPIN" verify absent.iso
one_line err
must 2 "$RESPIN" verify a.iso --check absent
must 5 "$RESPIN" verify a.iso --check a.iso
one_line err
must 4 "$RESPIN" verify a.iso --manifest no/such/place
must 4 "$RESPIN" verify a.iso --json /dev/full --force
must 0 "$RESPIN" verify a.iso --manifest -
LC_ALL=C sort out >ours
LC_ALL=C sort m >theirs
same ours theirs
must 3 "$RESPIN" verify a.iso --reread 3 --source /dev/null
done_ok
