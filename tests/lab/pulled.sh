#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The output goes away in the middle of a rescue: a stick is pulled (a loop device whose backing file answers EIO or
# ENODEV) under ext4, xfs and btrfs; a share is gone (a FUSE directory that answers EIO, ENODEV or ESTALE); a file system
# is found damaged and becomes read-only; only the map's directory fails. It ends with 4 within five seconds, claims
# nothing false, and the next run makes the image whole.
. "$(dirname "$0")/trouble.rig"
tr_begin pulled losetup mount umount
[ -c /dev/fuse ] || rig_skip '/dev/fuse is missing'
rig_helper baddir -I/usr/include/fuse3 -lfuse3 -pthread

# share ERRNO [TEXT]: a directory that can fail, as $SHARE
share() {
	SHARE=$(mktemp -d "$RIG/share.XXXXXX") share_files=$(mktemp -d "$RIG/files.XXXXXX")
	rig_mounts="$rig_mounts $SHARE"
	setpriv --pdeathsig TERM "$baddir" --errno "$1" ${2:+--only "$2"} "$share_files" "$SHARE" 2>"$RIG/baddir.log" &
	share_pid=$!
	rig_pids="$rig_pids $share_pid"
	rig_until 5000 served || rig_skip "FUSE does not serve: $(cat "$RIG/baddir.log")"
}

served() {
	grep -qF " $SHARE " /proc/self/mounts
}

share_fails() {
	kill -USR1 "$share_pid"
}

share_well() {
	kill -HUP "$share_pid"
	sleep 0.02
}

share_end() {
	kill -TERM "$share_pid"
	rig_wait "$share_pid"
	umount -l "$SHARE" 2>/dev/null
}

# --- a stick is pulled, and put in again ---

for pair in ext4:EIO xfs:ENODEV btrfs:EIO; do
	type=${pair%:*} name="stick with ${pair%:*}, ${pair#*:}"
	share "${pair#*:}"
	tr_fs "$type" "$SHARE/stick.img"
	tr_start
	share_fails
	tr_ends "$name"
	umount "$FS" || rig_broken "$name: it cannot be unmounted"
	share_well
	tr_mount
	tr_true "$name"
	tr_resume "$name"
	umount "$FS"
	share_end
done

# --- a share is gone, and comes back ---

for errno in EIO ENODEV ESTALE; do
	name="share, $errno"
	share $errno
	IMAGE=$SHARE/out.iso
	tr_start
	share_fails
	tr_ends "$name"
	share_well
	tr_true "$name"
	tr_resume "$name"
	share_end
done

# --- only the map's place fails ---

share EROFS out.iso.map
IMAGE=$SHARE/out.iso
mkdir "$RIG/safe"
tr_start --emergency-dir "$RIG/safe"
share_fails
tr_ends 'map, EROFS'
claim 'map, EROFS: the line says where the map is' grep -q "$RIG/safe/out.iso.map" "$RIG/err"
share_well
cp "$RIG/safe/out.iso.map" "$IMAGE.map"
tr_true 'map, EROFS'
tr_resume 'map, EROFS'
share_end

# --- read-only from now on ---

tr_fs ext4 "$RIG/ro.img"
device=$(awk -v at="$FS" '$2 == at { sub(".*/", "", $1); print $1 }' /proc/self/mounts)
if [ -w "/sys/fs/ext4/$device/trigger_fs_error" ]; then
	tr_start
	echo lab >"/sys/fs/ext4/$device/trigger_fs_error"
	tr_ends 'read-only'
	umount "$FS"
	fsck.ext4 -fy "$RIG/ro.img" >"$RIG/fsck.log" 2>&1
	tr_mount
	tr_true 'read-only'
	tr_resume 'read-only'
else
	echo 'this kernel cannot make an ext4 read-only at will: left out'
fi
umount "$FS"
rig_end
