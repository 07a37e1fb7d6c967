#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Root is given up once everything is open: the writer becomes the user who called sudo, or who owns the directory, and
# has no capabilities; where that user could not write what is there, it stays and says so. Whatever it became, it still
# replaces its map, removes its lock and brings the rescue to its end. The child at the drive holds none of its files.
. "$(dirname "$0")/rig.sh"
rig_begin privilege
[ "$(id -u)" -eq 0 ] || rig_skip 'only root can give up being root'

user=23457 other=23458 # nobody's
rig_image "$RIG/disc.iso" 2
chmod 0711 "$RIG"
# A second and a half for the disc: time to look at the process.
slow="sim:disc?image=$RIG/disc.iso&profile=dvd&block_us=20000&pace=1"
unset SUDO_UID SUDO_GID SUDO_USER

field() { # field PID KEY: of its status
	awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"
}

# begun: its threads run, and the map on disk tells of something saved
begun() {
	[ "$(field "$SPAWNED" Threads)" -ge 3 ] && grep -q '+$' "$image.map" 2>/dev/null
}

# begin DIRECTORY COMMAND...: a rescue there, with some of it saved. Sets $child.
begin() {
	image=$1/out.iso
	shift
	rig_spawn "$@" "$RESPIN" rescue --verbose "$slow" "$image" >"$RIG/out" 2>&1
	rig_until 20000 begun || rig_broken "nothing is saved: $(cat "$RIG/out")"
	child=$(tr -d ' ' <"/proc/$SPAWNED/task/$SPAWNED/children")
}

# expect NAME UID [CAPABILITIES]: who the running writer is
expect() {
	claim_is "$1: user" "$(field "$SPAWNED" Uid)" "$2"
	claim_is "$1: capabilities" "$(field "$SPAWNED" CapEff)" "${3:-0000000000000000}"
	claim_is "$1: no new privileges" "$(field "$SPAWNED" NoNewPrivs)" 1
	claim_is "$1: seccomp" "$(field "$SPAWNED" Seccomp)" 2
	claim_is "$1: all threads are alike" "$(cat /proc/$SPAWNED/task/*/status | awk '/^(Uid|CapEff|Seccomp|NoNewPrivs):/ { print $1, $2 }' | sort -u | wc -l)" 4
}

whole() { # whole NAME: it comes to its end
	rig_wait "$SPAWNED"
	claim_is "$1: exit status" "$STATUS" 0
	claim "$1: the image is the disc" cmp "$image" "$RIG/disc.iso"
	claim "$1: no lock is left" [ ! -e "$image.map.lock" ]
}

owners() {
	stat -c %u "$image" "$image.map" | sort -u | tr '\n' ' '
}

directory() { # directory NAME OWNER MODE
	mkdir "$RIG/$1" && chown "$2:$2" "$RIG/$1" && chmod "$3" "$RIG/$1"
}

# --- the user who called sudo ---
directory sudo $user 755
begin "$RIG/sudo" env SUDO_UID=$user SUDO_GID=$user
expect sudo $user
claim_is 'sudo: group' "$(field "$SPAWNED" Gid)" $user
claim_is 'sudo: other groups' "$(awk '$1 == "Groups:" { $1 = ""; print $0 }' "/proc/$SPAWNED/status" | tr -d ' ')" $user
claim_is 'sudo: the child at the drive, user' "$(field "$child" Uid)" 0
claim_is 'sudo: the child at the drive, capabilities' "$(field "$child" CapEff)" 0000000000000006
claim_is 'sudo: the child at the drive, no new privileges' "$(field "$child" NoNewPrivs)" 1
claim_is 'sudo: the child at the drive, seccomp' "$(field "$child" Seccomp)" 2
claim_is 'sudo: the files that the child holds' "$(find "/proc/$child/fd" -type l -printf '%l\n' | grep -c "$RIG/sudo")" 0
claim_is 'sudo: what the child holds beside them' "$(find "/proc/$child/fd" -type l -printf '%l\n' | grep -v -e "^$RIG/disc.iso" -e '^/dev/null' -e '^socket:' -e '^pipe:' -e 'anon_inode' -e "$RIG/out" | wc -l)" 0
whole sudo
claim_is 'sudo: the owners of image and map' "$(owners)" "$user "

# --- the owner of the directory; stopped, gone on with, in a sticky directory of everybody's ---
directory owner $user 755
begin "$RIG/owner"
expect owner $user
kill -INT "$SPAWNED"
rig_wait "$SPAWNED"
claim_is 'owner, stopped: exit status' "$STATUS" 6
claim 'owner, stopped: no lock is left' [ ! -e "$image.map.lock" ]
begin "$RIG/owner"
expect 'owner, again' $user
whole 'owner, again'
directory sticky 0 1777
begin "$RIG/sticky" env SUDO_UID=$user SUDO_GID=$user
expect sticky $user
whole sticky
claim_is 'sticky: the owners of image and map' "$(owners)" "$user "

# --- who could not write what is there is not who goes on ---
directory foreign $user 755
truncate -s 4096 "$RIG/foreign/out.iso" # root's
rig_spawn "$RESPIN" rescue --force --quiet "sim:disc?image=$RIG/disc.iso" "$RIG/foreign/out.iso"
rig_wait "$SPAWNED"
rm "$RIG/foreign/out.iso.map"
image=$RIG/foreign/out.iso
rig_spawn env SUDO_UID=$other SUDO_GID=$other "$RESPIN" rescue --force --verbose "$slow" "$image" >"$RIG/out" 2>&1
rig_until 20000 begun
expect 'an image of root' 0 000000000000000f # over other people's files
claim 'an image of root: it says that root stays' grep -q 'root is not given up' "$RIG/out"
whole 'an image of root'
directory roots 0 755
begin "$RIG/roots" env SUDO_UID=$user SUDO_GID=$user
expect 'a directory of root' 0
claim 'a directory of root: it says that root stays' grep -q 'root is not given up' "$RIG/out"
whole 'a directory of root'

# --- an ordinary user has little to give up ---
directory own $user 755
chmod 644 "$RIG/disc.iso"
begin "$RIG/own" setpriv --reuid $user --regid $user --clear-groups
expect 'an ordinary user' $user
whole 'an ordinary user'
rig_end
