# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced after rig.sh by the tests that need a real Linux SCSI stack: boots Debian's own kernel under QEMU's emulation
# with a script and a few programs in an initial file system, and brings back the files that the script left in /out. It
# makes no optical drive (the tests hand the options for one to qemu_run) and judges no rescue.
#
# The kernel is downloaded once, unpacked, and kept in $RESPIN_LAB_CACHE, by default $XDG_CACHE_HOME/respin-lab.

qemu_cache=${RESPIN_LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/respin-lab}
qemu_base_version=4 # raised when qemu_base_build puts other things into the base
qemu_modules='virtio_pci virtio_blk virtio_scsi sr_mod sg ahci xhci_pci usb_storage target_core_user tcm_loop isofs udf vfat exfat nls_cp437 nls_iso8859-1 nls_ascii nls_utf8'

# qemu_begin: the guest's own files in $PAYLOAD, and respin with them; skips the test where a part of the rig is missing.
qemu_begin() {
	for qemu_tool in qemu-system-x86_64 cpio modprobe depmod dpkg-deb apt-get apt-cache xz flock timeout; do
		command -v "$qemu_tool" >/dev/null || rig_skip "$qemu_tool is missing"
	done
	qemu_cached 2>"$RIG/base.log" || rig_skip "no kernel for the guest: $(tail -n 1 "$RIG/base.log")"
	PAYLOAD=$RIG/payload
	mkdir -p "$PAYLOAD/lab" && qemu_add "$(command -v setpriv)" "$RESPIN" && cp "$rig_here/qemu-init" "$PAYLOAD/init" &&
		chmod 755 "$PAYLOAD/init" || rig_broken 'the guest has no files'
}

# qemu_cached: sets qemu_base to the cached kernel and base archive, making them at the first call (one download of 70 MB).
# The lock is held while building, so that two tests at once build it once; the rename makes it whole or absent.
qemu_cached() {
	qemu_base=$qemu_cache/base-$qemu_base_version
	[ -d "$qemu_base" ] && return 0
	mkdir -p "$qemu_cache" || return 1
	(
		flock 9 || exit 1
		[ -d "$qemu_base" ] && exit 0
		rm -rf "$qemu_base".part
		mkdir "$qemu_base".part && qemu_base_build "$qemu_base".part && mv "$qemu_base".part "$qemu_base"
	) 9>"$qemu_cache/lock"
}

# qemu_fetch DIR: puts the packages of the kernel and of busybox into DIR without installing either. A machine whose
# package lists are empty or old gets one apt-get update, which only root may do.
qemu_fetch() {
	for qemu_try in 1 2; do
		qemu_package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
		[ -n "$qemu_package" ] && (cd "$1" && apt-get -q download "$qemu_package" busybox-static) >&2 && return 0
		[ $qemu_try = 1 ] && apt-get -q update >&2
	done
	echo "apt-get cannot download linux-image-amd64 and busybox-static" >&2
	return 1
}

# qemu_base_build DIR: leaves DIR/vmlinux and DIR/base.cpio.
qemu_base_build() {
	mkdir "$1/deb" "$1/kernel" "$1/root" && qemu_fetch "$1/deb" || return 1
	dpkg-deb --fsys-tarfile "$1"/deb/linux-image-*.deb | tar -x -C "$1/kernel" ./boot ./lib/modules || return 1
	dpkg-deb --fsys-tarfile "$1"/deb/busybox-static_*.deb | tar -x -C "$1/root" ./bin/busybox || return 1
	qemu_release=$(ls "$1/kernel/lib/modules")
	qemu_unpack_kernel "$1/kernel/boot/vmlinuz-$qemu_release" "$1/vmlinux" || return 1
	depmod -b "$1/kernel" "$qemu_release" || return 1
	for qemu_module in $qemu_modules; do
		modprobe -S "$qemu_release" -d "$1/kernel" --show-depends "$qemu_module" >"$1/depends" || return 1
		while read -r qemu_verb qemu_file qemu_options; do
			[ "$qemu_verb" = insmod ] || continue # the others are built in
			qemu_to=$1/root/${qemu_file#"$1/kernel/"}
			mkdir -p "${qemu_to%/*}" && cp "$qemu_file" "$qemu_to" || return 1
		done <"$1/depends"
	done
	cp "$1/kernel/lib/modules/$qemu_release"/modules.order "$1/kernel/lib/modules/$qemu_release"/modules.builtin* \
		"$1/root/lib/modules/$qemu_release/" && depmod -b "$1/root" "$qemu_release" || return 1
	qemu_pack "$1/root" "$1/base.cpio" || return 1
	echo "$qemu_release" >"$1/release"
	rm -rf "$1/deb" "$1/kernel" "$1/root" "$1/depends"
}

# qemu_unpack_kernel BZIMAGE VMLINUX: the payload's place stands in the boot protocol's header (payload_offset 0x248 and
# payload_length 0x24c, counted from the end of the setup sectors). Booted so, the guest saves unpacking itself under
# emulation. The last four bytes are the unpacked size, which proves the result.
qemu_unpack_kernel() {
	qemu_setup=$(od -An -tu1 -j497 -N1 "$1") || return 1
	qemu_offset=$(od -An -tu4 -j584 -N4 "$1")
	qemu_length=$(od -An -tu4 -j588 -N4 "$1")
	qemu_offset=$((qemu_offset + (qemu_setup + 1) * 512))
	qemu_size=$(od -An -tu4 -j$((qemu_offset + qemu_length - 4)) -N4 "$1")
	tail -c +$((qemu_offset + 1)) "$1" | head -c $((qemu_length - 4)) | xz -dc >"$2" || return 1
	if [ "$(stat -c %s "$2")" -ne "$qemu_size" ]; then
		echo "$1: unpacks to another size than it says" >&2
		return 1
	fi
}

# qemu_pack DIR ARCHIVE: what the kernel takes as an initial file system, uncompressed; it accepts several in a row.
qemu_pack() {
	(cd "$1" && find . | cpio --quiet -o -H newc -R 0:0) >"$2"
}

# qemu_part FILE [CFLAGS...]: puts a helper of the guest's into it; builds it, for the time of the test, when Meson did not.
qemu_part() {
	qemu_made=${LAB_BIN:-}/$1
	if [ ! -e "$qemu_made" ]; then
		qemu_made=$RIG/$1 qemu_source=$rig_here/${1%.so}.c
		shift
		${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O1 "$qemu_source" -o "$qemu_made" "$@" 2>"$RIG/cc.log" ||
			rig_skip "$qemu_source cannot be built"
	fi
	qemu_add "$qemu_made" || rig_broken 'the guest has no files'
}

# qemu_add FILE...: puts programs and shared objects, with every library that they load, into the guest.
qemu_add() {
	mkdir -p "$PAYLOAD/lab/bin" "$PAYLOAD/lab/lib" "$PAYLOAD/lib64" || return 1
	for qemu_file in "$@"; do
		cp -L "$qemu_file" "$PAYLOAD/lab/bin/" || return 1
		ldd "$qemu_file" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p' >"$RIG/libraries"
		while read -r qemu_library; do
			case $qemu_library in
			*/ld-linux*) cp -L "$qemu_library" "$PAYLOAD/lib64/" || return 1 ;;
			*) cp -L "$qemu_library" "$PAYLOAD/lab/lib/" || return 1 ;;
			esac
		done <"$RIG/libraries"
	done
}

# qemu_run SECONDS OPTION...: boots the guest, whose script is $PAYLOAD/lab/run, with the given QEMU options, and leaves in
# $OUT what it put into its /out. After SECONDS the guest is ended and the rig is broken. QEMU does not outlive timeout,
# nor timeout this shell.
qemu_run() {
	qemu_seconds=$1 OUT=$RIG/out
	shift
	qemu_pack "$PAYLOAD" "$RIG/test.cpio" && cat "$qemu_base/base.cpio" "$RIG/test.cpio" >"$RIG/initrd" &&
		mkdir "$OUT" && truncate -s 256M "$RIG/out.disk" || rig_broken 'no room for the guest'
	rig_run timeout -k 5 "$qemu_seconds" setpriv --pdeathsig KILL qemu-system-x86_64 \
		-M q35 -accel tcg,thread=multi -cpu qemu64 -m 1024 -nodefaults -display none -no-reboot \
		-serial "file:$RIG/serial" -kernel "$qemu_base/vmlinux" -initrd "$RIG/initrd" \
		-append 'console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off nokaslr' \
		-drive "if=none,id=out,file=$RIG/out.disk,format=raw" -device virtio-blk-pci,drive=out,serial=out \
		"$@" </dev/null >"$RIG/qemu.log" 2>&1
	if [ "$STATUS" -ne 0 ] || ! grep -q 'lab: handed over' "$RIG/serial"; then
		tail -n 20 "$RIG/qemu.log" "$RIG/serial"
		rig_broken "the guest gave nothing back; QEMU ended with $STATUS, $qemu_seconds s were allowed"
	fi
	tar -x -m -C "$OUT" -f "$RIG/out.disk" || rig_broken 'the guest gave back no archive'
	read -r qemu_up qemu_down <"$OUT/uptime"
	echo "the guest, Linux $(cat "$qemu_base/release"), was up after $qemu_up s and done after $qemu_down s"
	if [ "$(cat "$OUT/status")" -ne 0 ]; then
		tail -n 20 "$OUT/stdout" "$OUT/stderr" "$OUT/dmesg"
		rig_broken "the guest's script ended with $(cat "$OUT/status")"
	fi
}

# rescued NAME: the exit status of the guest's "rescue NAME".
rescued() {
	sed -n "s/^$1 \([0-9]*\) .*/\1/p" "$OUT/rescues"
}

# qemu_tell NAME: what a rescue had to say, for the reader of a failure.
qemu_tell() {
	sed -n "s/^$1 \([0-9]*\) \(.*\)/$1: exit status \1 after \2 s/p" "$OUT/rescues"
	tail -q -n 3 "$OUT/$1.stdout" "$OUT/$1.stderr"
}

# none_of MAP LIST: does the map leave every sector in the list unfinished?
none_of() {
	finished "$1" >"$RIG/finished" && ! grep -xFf "$2" "$RIG/finished"
}
