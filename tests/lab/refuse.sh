#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What respin refuses: each with its exit status, one line on standard error, in bounded time, and with nothing touched:
# the same files with the same inodes, sizes and dates as before. The ledger is no such file: who tried it with which disc is history.
. "$(dirname "$0")/rig.sh"
rig_begin refuse tgtd losetup timeout

D=$RIG/files
mkdir "$D"
cd "$D" || exit 1 # nothing may be made where the program stands, either
rig_image "$D/disc.iso" 1
rig_seed=$((rig_seed + 1))
rig_image "$D/other.iso" 1 # as long as the first
rig_seed=$((rig_seed - 1))
rig_image "$D/larger.iso" 2
sim="sim:disc?image=$D/disc.iso&profile=dvd"

# The time of the last change of an inode, which no program can set back, tells every write.
fingerprint() {
	find "$D" ! -type d ! -name '*.ledger*' -printf '%p inode %i size %s mode %m links %n written %T@ changed %C@\n' | sort
}

one_of() { # one_of WANTED STATUS: WANTED is "5" or "2|5"
	case "|$1|" in
	*"|$2|"*) ;;
	*) return 1 ;;
	esac
}

# refused WHAT STATUS COMMAND...
refused() {
	what=$1 wanted=$2
	shift 2
	fingerprint >"$RIG/before"
	since=$(rig_ms)
	rig_run timeout 20 "$@" >"$RIG/out" 2>"$RIG/err"
	took=$(($(rig_ms) - since))
	fingerprint >"$RIG/after"
	sed 's/^/     /' "$RIG/err"
	verdict=
	one_of "$wanted" "$STATUS" || verdict="$verdict, but exit status $STATUS, not $wanted"
	[ "$(wc -l <"$RIG/err")" -eq 1 ] || verdict="$verdict, but $(wc -l <"$RIG/err") lines"
	[ ! -s "$RIG/out" ] || verdict="$verdict, but something on standard output"
	cmp -s "$RIG/before" "$RIG/after" || verdict="$verdict, but files were touched"
	claim "$what: refused in $took ms$verdict" [ -z "$verdict" ]
	[ -z "$verdict" ] || diff "$RIG/before" "$RIG/after"
}

rescue() { # rescue WHAT STATUS ARGUMENTS...
	rescue_what=$1 rescue_status=$2
	shift 2
	refused "$rescue_what" "$rescue_status" "$RESPIN" rescue --quiet "$@"
}

# A rescue that has something left to do, for what follows to be refused on.
rig_run "$RESPIN" rescue --quiet "$sim&bad=100-120" "$D/some.iso" 2>"$RIG/err"
[ "$STATUS" -eq 1 ] || rig_broken "no rescue to begin with: exit status $STATUS, $(cat "$RIG/err")"

# --- the output is the source ---
ln -s disc.iso "$D/link.iso"
ln "$D/disc.iso" "$D/hard.iso"
rig_loop "$D/disc.iso"
ln -s "$LOOP" "$D/device"
rescue 'image = source' 5 "$D/disc.iso" "$D/disc.iso"
rescue 'image = source, through a link' 5 "$D/disc.iso" "$D/link.iso"
rescue 'image = source, through a hard link' 5 "$D/disc.iso" "$D/hard.iso"
rescue 'image = source, with a map, forced' 5 --force "$D/disc.iso" "$D/link.iso" "$D/new.map"
rescue 'map = source' 5 "$D/disc.iso" "$D/new.iso" "$D/disc.iso"
rescue 'map = source, through a link' '2|5' "$D/disc.iso" "$D/new.iso" "$D/link.iso"
rescue 'image = map' '2|5' "$D/disc.iso" "$D/new.iso" "$D/new.iso"
rescue 'image = source, a device' 5 "$LOOP" "$LOOP" "$D/new.map"
rescue 'image = source, a device through a link' 5 "$LOOP" "$D/device" "$D/new.map"
rescue 'image = the file behind the device' 5 "$LOOP" "$D/disc.iso"
rig_loop_end
rm "$D/link.iso" "$D/hard.iso" "$D/device"

# --- files that do not belong together ---
cp "$D/some.iso" "$D/alone.iso"
rescue 'image without a map' 5 "$sim" "$D/alone.iso"
cp "$D/some.iso.map" "$D/gone.iso.map"
rescue 'map without its image' 5 "$sim" "$D/gone.iso"
head -c 1000000 "$D/some.iso" >"$D/short.iso"
cp "$D/some.iso.map" "$D/short.iso.map"
rescue 'image shorter than the map claims' 5 "$sim" "$D/short.iso"
rescue 'image of another disc' 5 "sim:disc?image=$D/other.iso&profile=dvd" "$D/some.iso"
rig_run "$RESPIN" rescue --quiet "sim:disc?image=$D/larger.iso&profile=dvd" "$D/larger-copy.iso"
rescue 'map of a larger disc' 5 "$sim" "$D/larger-copy.iso"
for damage in cut gap garbage; do
	cp "$D/some.iso" "$D/$damage.iso"
	case $damage in
	cut) head -c "$(($(wc -c <"$D/some.iso.map") * 2 / 3))" "$D/some.iso.map" ;;
	gap) sed 's/^0x00000000  0x/0x00000800  0x/' "$D/some.iso.map" ;;
	garbage) "$truth" --make 1 3000 ;;
	esac >"$D/$damage.iso.map"
	rescue "damaged map without a backup: $damage" 5 "$sim" "$D/$damage.iso"
done

# --- two at once: the first stands still in a command ---
: >"$RIG/bad"
rig_fuse "$D/disc.iso" --hang 512
rig_spawn "$RESPIN" rescue --quiet "$DISC" "$D/two.iso" 2>"$RIG/first.err"
first=$SPAWNED
rig_until 10000 hangs || rig_broken "nothing hangs: $(cat "$RIG/first.err")"
sleep 0.5 # until it has saved what it has
rescue 'second run on the same files' 5 "$D/disc.iso" "$D/two.iso"
rescue 'second run on the same image, with a map of its own' 5 "$D/disc.iso" "$D/two.iso" "$D/own.map"
rescue 'second run on the same files, forced' 5 --force "$D/disc.iso" "$D/two.iso"
rig_fuse_release
rig_wait "$first"
claim_is 'the first run goes on: exit status' "$STATUS" 0
claim 'the first run goes on: the image is the disc' cmp "$D/two.iso" "$D/disc.iso"
rig_fuse_end

# --- permission: root's right to everything is taken away ---
plain='setpriv --bounding-set=-dac_override,-dac_read_search'
cp "$D/disc.iso" "$D/secret.iso"
chmod 000 "$D/secret.iso"
mkdir -m 555 "$D/readonly"
refused 'no permission to read the source' 3 $plain "$RESPIN" rescue --quiet "$D/secret.iso" "$D/new.iso"
refused 'no permission to write the image' 4 $plain "$RESPIN" rescue --quiet "$sim" "$D/readonly/new.iso"
rm -r "$D/secret.iso" "$D/readonly"

# --- sources that are none ---
: >"$D/empty"
rescue 'no such source' 3 "$D/nothing" "$D/new.iso"
rescue 'no such device' 3 /dev/sr99 "$D/new.iso"
rescue 'an empty source' 3 "$D/empty" "$D/new.iso"
rescue 'a directory as the source' 3 "$D" "$RIG/new.iso"
rescue 'not an optical device: /dev/null' 3 /dev/null "$D/new.iso"
rescue 'not an optical device: a terminal' 3 /dev/ptmx "$D/new.iso"
rescue 'no such host' 3 iscsi://no-such-host.invalid/iqn.2001-02.lab.respin:disc/1 "$D/new.iso"
rig_tgt "$D/disc.iso"
rescue 'no such target' 3 "${URL%:disc/1}:other/1" "$D/new.iso"
rescue 'no such logical unit' 3 "${URL%/1}/7" "$D/new.iso"
tgt_adm --op update --mode logicalunit --tid 1 --lun 1 --params online=No || rig_broken 'no way to take the disc out'
rescue 'disc missing' 3 "$URL" "$D/new.iso"
rig_tgt_end
rescue 'nobody listens there' 3 "$URL" "$D/new.iso"
rig_tgt "$D/larger.iso" disk
rescue 'not an optical device: a SCSI disk' 3 "$URL" "$D/new.iso"
rig_tgt_end

# --- numbers and addresses ---
for address in iscsi://127.0.0.1:99999/iqn.a:b/1 iscsi://127.0.0.1:0/iqn.a:b/1 iscsi://127.0.0.1:x/iqn.a:b/1 \
	iscsi://127.0.0.1:3260/iqn.a:b/x iscsi://127.0.0.1:3260/iqn.a:b/-1 iscsi://127.0.0.1:3260/iqn.a:b iscsi:// \
	"$sim&bad=x" "$sim&bad=20-10" "$sim&bad=99999999999999999999" "$sim&latency_us=-1" "$sim&fail_ms=1e" \
	"$sim&profile=vhs" "$sim&nonsense=1" sim:nothing; do
	rescue "bad address $(echo "$address" | sed "s|$D/||")" 2 "$address" "$D/new.iso"
done
refused 'no such command' 2 "$RESPIN" reskue "$sim" "$D/new.iso"
rescue 'no such option' 2 --nonsense "$sim" "$D/new.iso"
rescue 'an image too few' 2 "$sim"
rescue 'an argument too many' 2 "$sim" "$D/new.iso" "$D/new.map" "$D/more"
rescue 'no such domain' '2|5' --domain "$D/nothing" "$sim" "$D/new.iso"
rig_end
