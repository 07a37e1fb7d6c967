#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# "respin serve" from outside, through clients that others wrote (libnbd, qemu): what is there is the disc's bytes, what is not is a
# read error, sector by sector; a client that asks what is there is told so, and none copies zeros for it; what a rescue gains while
# it is served appears; files are read through FUSE; Ctrl-C leaves nothing behind.
set -u
RESPIN=${RESPIN:?the program}
[ -e "${RESPIN_BUILD:?}/nbdkit/nbdkit-respin-plugin.so" ] || { echo "skipped: built without nbdkit-plugin-dev"; exit 77; }
for tool in nbdkit nbdinfo nbdcopy nbdsh qemu-io qemu-img xorriso; do
	command -v $tool >/dev/null || { echo "skipped: $tool is missing"; exit 77; }
done
# The system's python has the module; another one that comes first in PATH may not.
nbdsh -c 'pass' 2>/dev/null || PATH=/usr/bin:$PATH
nbdsh -c 'pass' 2>/dev/null || { echo "skipped: nbdsh has no python3-libnbd"; exit 77; }
case ${SANITIZE:-none} in
none) ;;
*address*) export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0" ;; # nbdkit itself has no sanitizer
*) echo "skipped: nbdkit cannot load a plugin with this sanitizer"; exit 77 ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/respin-serve-test.XXXXXX") || exit 1
server='' mounted=''
trap '[ -z "$server" ] || kill -TERM $server 2>/dev/null; [ -z "$mounted" ] || fusermount3 -u -z "$work/mnt" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8 XDG_RUNTIME_DIR="$work/run"
mkdir run
fail() { echo "$*"; exit 1; }

mkdir tree
awk 'BEGIN { srand(7); for (i = 0; i < 200000; i++) printf "%d %d\n", i, int(1e9 * rand()) }' >tree/hit
seq 1 40000 >tree/whole
xorriso -as mkisofs -quiet -R -V SERVED -o disc.iso tree 2>/dev/null
size=$(stat -c %s disc.iso)
lba=$(xorriso -indev disc.iso -find / -name hit -exec report_lba 2>/dev/null | awk -F, '/hit/ { print $2 + 0 }')
first=$((lba + 300)) count=40
# The gap begins and ends in mid-sector in the map: of such a sector nothing is there.
from=$(((first + 1) * 2048 - 700)) to=$(((first + count - 1) * 2048 + 900))
cp disc.iso image.iso
dd if=/dev/zero of=image.iso bs=2048 seek=$first count=$count conv=notrunc status=none
map() { printf '# served\n0 + 1\n0 %d +\n%d %d %s\n%d %d +\n' $from $from $((to - from)) "$1" $to $((size - to)); }
map '*' >image.iso.map

serve() { # serve ARGUMENT...: in the background; its address is in $uri
	"$RESPIN" serve "$@" >said 2>&1 &
	server=$!
	for i in $(seq 1 500); do
		uri=$(sed -n 's/^  \(nbd[+:][^ ]*\)$/\1/p' said | head -n 1)
		[ -z "$uri" ] || return 0
		kill -0 $server 2>/dev/null || break
		sleep 0.02
	done
	fail "it does not serve: $(cat said)"
}
stop() { # stop SIGNAL
	kill -"$1" $server
	wait $server
	status=$?
	server=''
	[ $status -eq 0 ] || fail "ended by SIG$1 it returns $status: $(cat said)"
	[ -z "$(ls run)" ] || fail "left behind: $(ls -R run)"
}

serve image.iso
# 1. Every sector for itself, and reads that touch a border by one byte.
cat >sectors.py <<'PYTHON'
import nbd, os
disc = open("disc.iso", "rb").read()
first, count = int(os.environ["FIRST"]), int(os.environ["COUNT"])
assert h.get_size() == len(disc), h.get_size()
def read(n, pos):
    try:
        return bytes(h.pread(n, pos))
    except nbd.Error as error:
        assert error.errno == "EIO", error
        return None
for sector in range(len(disc) // 2048):
    got = read(2048, sector * 2048)
    if first <= sector < first + count:
        assert got is None, sector
    else:
        assert got == disc[sector * 2048:sector * 2048 + 2048], sector
begin, end = first * 2048, (first + count) * 2048
for n, pos in (1, begin - 1), (512, begin - 512), (1, end), (100, end), (4096, begin - 4096):
    assert read(n, pos) == disc[pos:pos + n], (n, pos)
for n, pos in (1, begin), (2, begin - 1), (1, end - 1), (2, end - 1), (end - begin + 2, begin - 1), (len(disc), 0):
    assert read(n, pos) is None, (n, pos)
PYTHON
FIRST=$first COUNT=$count nbdsh --base-allocation -u "$uri" -c 'exec(open("sectors.py").read())' || fail "nbdsh: sectors"
# 2. Who asks is told; nobody makes zeros of it.
nbdinfo --map "$uri" | awk '{ print $1, $2, $3 }' >extents
printf '%d %d 0\n%d %d 1\n%d %d 0\n' 0 $((first * 2048)) $((first * 2048)) $((count * 2048)) \
	$(((first + count) * 2048)) $((size - (first + count) * 2048)) >must_be
cmp extents must_be || fail "extents: $(cat extents)"
qemu-img convert -f raw -O raw "$uri" copy 2>/dev/null && fail "qemu-img makes a whole copy of a partial image"
nbdcopy "$uri" copy 2>/dev/null && fail "nbdcopy makes a whole copy of a partial image"
qemu-io -r -f raw -c "read $((first * 2048)) 512" "$uri" 2>&1 | grep -q 'Input/output error' || fail "qemu-io reads what is missing"
qemu-io -r -f raw -c "read $(((first - 1) * 2048)) 2048" "$uri" >/dev/null || fail "qemu-io cannot read what is there"
qemu-io -f raw -c 'write 0 512' "$uri" >/dev/null 2>&1 && fail "it can be written"
cmp image.iso disc.iso | grep -q "byte $((first * 2048 + 1))," || fail "the image changed"
# 3. Files through FUSE, where this machine lets us.
fused=no
if command -v nbdfuse >/dev/null && command -v fusermount3 >/dev/null && [ -w /dev/fuse ]; then
	mkdir mnt
	nbdfuse mnt/nbd "$uri" >fuse.log 2>&1 &
	fuse=$!
	mounted=yes
	for i in $(seq 1 100); do [ -e mnt/nbd ] || sleep 0.05; done
	if [ -e mnt/nbd ]; then
		fused=yes
		xorriso -osirrox on -indev mnt/nbd -extract /whole whole >/dev/null 2>&1
		cmp whole tree/whole || fail "a whole file is not read through it"
		# The kernel reads whole pages: what shares one with a gap is not to be had this way.
		dd if=mnt/nbd of=read bs=2048 skip=$((first - 4)) count=1 2>/dev/null || fail "FUSE does not read what is there"
		dd if=mnt/nbd of=read bs=2048 skip=$first count=1 2>/dev/null && fail "FUSE reads what is missing"
	fi
	fusermount3 -u mnt 2>/dev/null || kill $fuse 2>/dev/null
	wait $fuse 2>/dev/null
	mounted=''
fi
stop INT

# 4. A rescue goes on meanwhile: what it gains appears, without a new connection.
cp image.iso live.iso
map '?' >live.iso.map
serve live.iso --socket "$work/sock"
[ "$uri" = "nbd+unix:///?socket=$work/sock" ] || fail "another socket: $uri"
"$RESPIN" serve live.iso --socket "$work/sock" >refused 2>&1
[ $? -eq 5 ] || fail "a socket that is there is taken: $(cat refused)"
cat >live.py <<'PYTHON'
import nbd, os, subprocess, time
first = int(os.environ["FIRST"])
disc = open("disc.iso", "rb").read()
def there():
    try:
        return bytes(h.pread(2048, (first + 5) * 2048)) == disc[(first + 5) * 2048:(first + 6) * 2048]
    except nbd.Error:
        return False
assert not there()
open("live.iso.map.tmp", "w").write("torn")
os.replace("live.iso.map.tmp", "live.iso.map.torn")
subprocess.run([os.environ["RESPIN"], "rescue", "--quiet", "disc.iso", "live.iso"], check=True)
for _ in range(100):
    if there():
        break
    time.sleep(0.05)
else:
    raise SystemExit("what was rescued does not appear")
open("live.iso.map", "w").write("# torn\n0x")  # a program that writes in place, caught in the act
time.sleep(0.3)
assert there(), "a torn map takes away what was there"
PYTHON
FIRST=$first nbdsh -u "$uri" -c 'exec(open("live.py").read())' || fail "live: what a rescue gains"
stop TERM
[ ! -e sock ] || fail "the socket is left behind"

# 5. Localhost's port, and refusals.
port=$(awk 'BEGIN { srand(); print 20000 + int(20000 * rand()) }')
serve image.iso --port "$port"
[ "$uri" = "nbd://localhost:$port" ] && nbdinfo --size "$uri" >bytes && [ "$(cat bytes)" -eq "$size" ] || fail "port: $(cat said)"
stop HUP
"$RESPIN" serve disc.iso >said 2>&1
[ $? -eq 5 ] && grep -q 'no map' said || fail "an image without a map: $(cat said)"
"$RESPIN" serve nothing >said 2>&1
[ $? -eq 3 ] || fail "nothing is served: $(cat said)"
"$RESPIN" serve image.iso --socket a --port 3 >said 2>&1
[ $? -eq 2 ] || fail "both are taken: $(cat said)"
[ -z "$(ls run)" ] || fail "left behind: $(ls -R run)"
echo "serve: $((size / 2048)) sectors, $count of them missing; files through FUSE: $fused"
