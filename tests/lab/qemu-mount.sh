#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "respin files" beside the Linux kernel's own isofs and udf, in a guest: what each mounts, respin lists and takes out, path
# for path and byte for byte. The discs are xorriso's and genisoimage's, the UDF writer's of tests/fs (which so is shown to
# write what others can read), and mkudffs's, filled by the kernel itself. 7z says what it finds on the latter.
. "$(dirname "$0")/rig.sh"
. "$rig_here/qemu.sh"
rig_begin qemu-mount xorriso genisoimage mkudffs python3 7z
qemu_begin
export LC_ALL=C.UTF-8

tree=$RIG/tree
mkdir -p "$tree/photos of 1999/ünïcode" "$tree/a/b/c/d" "$tree/many"
for i in $(seq 1 60); do echo "$i" >"$tree/many/a file with a rather long name, number $i.txt"; done
seq 1 9000 >"$tree/big.txt"
head -c 500000 /dev/urandom >"$tree/photos of 1999/film.avi"
head -c 70000 /dev/urandom >"$tree/three.pieces"
printf 'grüße\n' >"$tree/photos of 1999/ünïcode/grüße.txt"
printf deep >"$tree/a/b/c/d/deep"
: >"$tree/nothing"
cp -r "$tree" "$RIG/later" && echo new >"$RIG/later/new" && rm "$RIG/later/big.txt" && echo changed >"$RIG/later/nothing"

cd "$RIG" || exit 1
{
	xorriso -as mkisofs -quiet -R -o rock.iso tree
	xorriso -as mkisofs -quiet -J -joliet-long -o joliet.iso tree
	genisoimage -quiet -iso-level 3 -o level3.iso tree
	xorriso -outdev sessions.iso -map tree / -commit -map later/new /new -rm_r /big.txt -- -commit
	genisoimage -quiet -R -J -joliet-long -udf -o bridge.udf tree
} 2>xorriso.log || rig_broken "no discs: $(tail -n 3 xorriso.log)"
for style in plain metadata sparable; do
	python3 "$rig_here/../fs/udf_write.py" $style $style.udf tree >$style.places || rig_broken "no $style.udf"
done
for style in vat150 vat201; do
	python3 "$rig_here/../fs/udf_write.py" $style $style.udf tree later >$style.places || rig_broken "no $style.udf"
done
blank() { # blank NAME OPTION...: a disc for the kernel to write
	blank_name=$1
	shift
	truncate -s 8M "$blank_name.udf" && mkudffs --blocksize=2048 --label="$blank_name" "$@" "$blank_name.udf" >mkudffs.log 2>&1 ||
		rig_broken "mkudffs $*: $(tail -n 1 mkudffs.log)"
}
blank kernel102 --media-type=hd --udfrev=0x0102
blank kernel150 --media-type=hd --udfrev=0x0150
blank kernel201 --media-type=dvdram --udfrev=0x0201
blank kernelrw --media-type=cdrw --udfrev=0x0150

read_only='rock.iso joliet.iso level3.iso sessions.iso bridge.udf plain.udf metadata.udf sparable.udf vat150.udf vat201.udf'
written='kernel102.udf kernel150.udf kernel201.udf kernelrw.udf'
(cd tree && tar -c .) >"$PAYLOAD/lab/tree.tar"
cat >"$PAYLOAD/lab/run" <<GUEST
modprobe -a loop isofs udf nls_utf8
mkdir /disc /mnt
for disk in /sys/block/vd*; do
	serial=\$(cat \$disk/serial)
	[ -n "\$serial" ] && ln -s /dev/\${disk##*/} /disc/\$serial
done
look() { # look NAME: what the kernel sees
	(cd /mnt && find . -type f | sort | while IFS= read -r path; do sha256sum "\$path"; done) >/out/\$1.sums
	umount /mnt
}
for name in $read_only; do
	options=ro
	case \$name in *.iso) options=ro,map=off,iocharset=utf8; type=iso9660;; *) options=ro,bs=2048,iocharset=utf8; type=udf;; esac
	mount -t \$type -o \$options /disc/\$name /mnt && look \$name || echo "cannot mount \$name" >>/out/failed
done
for name in $written; do
	mount -t udf -o rw,bs=2048,iocharset=utf8 /disc/\$name /mnt && tar -x -C /mnt -f /lab/tree.tar && rm /mnt/many/*1.txt &&
		umount /mnt && mount -t udf -o ro,bs=2048,iocharset=utf8 /disc/\$name /mnt && look \$name || echo "cannot write \$name" >>/out/failed
done
sync
GUEST
set --
for name in $read_only $written; do
	only=on
	case $written in *$name*) only=off ;; esac
	set -- "$@" -drive "if=none,id=${name%.*},file=$RIG/$name,format=raw,readonly=$only" -device "virtio-blk-pci,drive=${name%.*},serial=$name"
done
qemu_run 180 "$@"
cat "$OUT/failed" 2>/dev/null
claim 'the kernel could mount all of them' [ ! -e "$OUT/failed" ]
for name in $read_only $written; do
	rm -rf taken
	"$RESPIN" files "$name" --extract taken >taken.log 2>&1
	(cd taken && find . -type f | sort | while IFS= read -r path; do sha256sum "$path"; done) >ours
	sed -i 's/;1$//; s/\.$//' "$OUT/$name.sums" # which the kernel leaves to a plain name
	claim "$name: the kernel sees files there" [ -s "$OUT/$name.sums" ]
	claim "$name: the same $(wc -l <ours) files, the same bytes" diff "$OUT/$name.sums" ours
done
for name in kernel102.udf kernel150.udf kernel201.udf bridge.udf; do # 7z knows no sparing tables
	7z l -ba -slt -tudf "$name" | awk '/^Path = / { path = substr($0, 8) } /^Folder = -/ { print path }' | sort >theirs
	sed 's/^[0-9a-f]*  \.\///' "$OUT/$name.sums" | sort | diff theirs - >diff
	claim "$name: 7z lists the same files" [ ! -s diff ]
done
rig_end
