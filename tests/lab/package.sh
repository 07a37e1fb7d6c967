#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The Debian packages: they build, lintian finds nothing, apt installs them with all that they need into a clean
# system, and there a rescue, the manual pages, the completions of three shells and the library's examples work.
#
# The clean system is made by debootstrap once, with the shells and the manual's reader in it and nothing of what respin
# needs, and kept in $RESPIN_LAB_CACHE beside the packages that apt fetched, so that a second run needs no network.
. "$(dirname "$0")/rig.sh"
rig_begin package dpkg-buildpackage dh lintian debootstrap apt-get flock
[ "$(id -u)" -eq 0 ] || rig_skip 'only root can make a Debian system'
release=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || rig_skip 'this is no Debian'

root_cache=${RESPIN_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/respin-lab}
root_version=1 # raised when root_build puts other things into the clean system
root_tar=$root_cache/root-$release-$root_version.tar
root_debs=$root_cache/debs-$release
root_shells=man-db,zsh,fish,bash-completion
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}

# root_build DIR: the clean system, which knows the packages of this machine's Debian, and how apt gets at them here
root_build() {
	debootstrap --variant=minbase --include=$root_shells "$release" "$1" "$mirror" || return 1
	rm -f "$1/etc/apt/sources.list" "$1"/var/cache/apt/archives/*.deb
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/resolv.conf /etc/hosts; do
		[ ! -f $file ] || cp $file "$1$file" || return 1
	done
	grep -ls '^Acquire' /etc/apt/apt.conf.d/* | while read -r file; do cp "$file" "$1$file"; done
	chroot "$1" apt-get -q update
}

# root_cached: one maker at a time; the rename makes it whole or absent.
root_cached() {
	[ -f "$root_tar" ] && return 0
	mkdir -p "$root_cache" || return 1
	(
		flock 9 || exit 1
		[ -f "$root_tar" ] && exit 0
		root_build "$RIG/base" && tar -C "$RIG/base" -cf "$root_tar.part" . && mv "$root_tar.part" "$root_tar"
	) 9>"$root_cache/lock"
}
inside() { # inside COMMAND...: in the clean system
	rig_run env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		AUTOPKGTEST_TMP=/scratch $(env | grep -iE '^(https?|no)_proxy=') chroot "$RIG/clean" "$@"
	return "$STATUS"
}
shown() { # shown LOG: its end, when a step failed
	echo "--- the end of $1:" && tail -n 15 "$1"
}

# --- the packages ---
mkdir "$RIG/build" && tar -C "$RESPIN_SOURCE" --exclude=./build --exclude=./.git --exclude=./demo-out -cf - . |
	(mkdir "$RIG/build/respin" && tar -C "$RIG/build/respin" -xf -) || rig_broken 'the tree cannot be copied'
cd "$RIG/build/respin" || exit 1
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" rig_run dpkg-buildpackage --build=full -us -uc -d >"$RIG/build.log" 2>&1
claim_is 'dpkg-buildpackage: exit status' "$STATUS" 0
[ "$STATUS" -eq 0 ] || { shown "$RIG/build.log"; rig_end; }
cd "$RIG/build" || exit 1
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' respin/debian/changelog)
for package in respin librespin0 librespin-dev respin-dbgsym librespin0-dbgsym; do
	claim "package $package" ls ${package}_"$version"_*.deb
done
lintian --no-cfg --allow-root --display-info --pedantic --fail-on error,warning respin_"$version"_*.changes >"$RIG/lintian.log" 2>&1
claim_is 'lintian: exit status' $? 0
claim_is 'lintian: tags' "$(grep -c '^[A-Z]: ' "$RIG/lintian.log")" 0
cat "$RIG/lintian.log"

# --- installed ---
root_cached >"$RIG/clean.log" 2>&1 || { tail -n 2 "$RIG/clean.log"; rig_skip 'there is no clean Debian, and none can be had'; }
mkdir "$RIG/clean" && tar -C "$RIG/clean" -xf "$root_tar" || rig_broken 'the clean system is damaged'
mount -t proc proc "$RIG/clean/proc" 2>/dev/null || rig_skip 'no right to mount'
rig_mounts="$rig_mounts $RIG/clean/proc"
mkdir "$RIG/clean/scratch" "$RIG/clean/packages"
cp respin_"$version"_*.deb librespin0_"$version"_*.deb librespin-dev_"$version"_*.deb "$RIG/clean/packages"
rm -f "$RIG"/clean/packages/*dbgsym*
[ ! -d "$root_debs" ] || cp "$root_debs"/*.deb "$RIG/clean/var/cache/apt/archives/"
inside sh -c 'cd /packages && apt-get -q -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true install \
	./respin_*.deb ./librespin0_*.deb' >"$RIG/apt.log" 2>&1
claim_is 'apt install: exit status' "$STATUS" 0
[ "$STATUS" -eq 0 ] || { shown "$RIG/apt.log"; rig_end; }
mkdir -p "$root_debs" && cp -u "$RIG"/clean/var/cache/apt/archives/*.deb "$root_debs/" 2>/dev/null
inside dpkg -V respin librespin0
claim_is 'every file is as it was packed' "$STATUS" 0

cp -r "$RESPIN_SOURCE/debian/tests" "$RIG/clean/tests"
inside /tests/rescue >"$RIG/rescue.log" 2>&1
claim_is 'a rescue as installed: exit status' "$STATUS" 0
[ "$STATUS" -eq 0 ] || shown "$RIG/rescue.log"
for page in "$RESPIN_SOURCE"/docs/man/*.[1-9]; do
	page=$(basename "$page")
	inside man "${page##*.}" "${page%.*}" >"$RIG/man.out" 2>"$RIG/man.err"
	claim "man ${page##*.} ${page%.*}" grep -qi '^NAME' "$RIG/man.out"
done
inside bash -ic '. /usr/share/bash-completion/bash_completion; _completion_loader respin; complete -p respin' >"$RIG/bash.out" 2>&1
claim 'bash finds its completion' grep -q '_respin respin' "$RIG/bash.out"
inside zsh -c 'autoload -U compinit; compinit -D; print $_comps[respin]' >"$RIG/zsh.out" 2>&1
claim 'zsh finds its completion' grep -qx _respin "$RIG/zsh.out"
inside fish -c "complete -C 'respin res'" >"$RIG/fish.out" 2>&1
claim 'fish completes a command' grep -q '^rescue' "$RIG/fish.out"

# --- and gone again ---
inside apt-get -q -y purge respin >"$RIG/purge.log" 2>&1
claim_is 'apt purge: exit status' "$STATUS" 0
claim 'the program is gone' [ ! -e "$RIG/clean/usr/bin/respin" ]
rig_end
