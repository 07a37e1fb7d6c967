# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by the lab tests: makes a real ISO 9660 image of real files, 40 bad sectors in five places, and the real parts
# that serve it (a FUSE file that fails, tgt or a loop device over it); ends them all, however the test ends.
# It judges nothing about respin; it only lends the tests three words to judge with (claim, claim_is, claim_most).
#
# Tests run beside each other: every directory, port, socket and loop device is found free, and private. A process is
# ended by the id it was started under, and is told by the kernel to end should this shell be killed.
set -u

RIG= FUSE_PID= TGT_PID= LOOP= rig_pids= rig_mounts= rig_failed=0
rig_here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
rig_seed=${RESPIN_SEED:-1}

# rig_begin NAME PROGRAM...: a private directory, and the programs that the test cannot do without.
rig_begin() {
	rig_name=$1
	shift
	for rig_tool in setpriv xorriso ddrescuelog "$@"; do
		command -v "$rig_tool" >/dev/null || rig_skip "$rig_tool is missing"
	done
	RESPIN=$(realpath -e "${RESPIN:-}" 2>/dev/null) || { echo 'RESPIN does not name the program to test'; exit 1; }
	[ -z "${LAB_BIN:-}" ] || LAB_BIN=$(realpath "$LAB_BIN")
	RIG=$(mktemp -d "${TMPDIR:-/tmp}/respin-$rig_name.XXXXXX") || exit 1
	rig_started=$(rig_ms)
	trap rig_cleanup EXIT
	trap 'exit 143' TERM
	trap 'exit 130' INT
	trap 'exit 129' HUP
	rig_helper truth
	cd "$RIG" || exit 1 # what a program leaves where it stands goes with the rest
}

rig_skip() {
	echo "skipped: $rig_name: $*"
	exit 77
}

rig_broken() {
	echo "the rig is broken: $*"
	exit 1
}

rig_ms() {
	date +%s%3N
}

# rig_helper NAME [CFLAGS...]: puts the path of a C helper into $NAME; builds it when Meson did not.
rig_helper() {
	eval "$1=\${LAB_BIN:-}/$1"
	eval "[ -x \"\$$1\" ]" && return
	eval "$1=\$RIG/$1"
	rig_c=$1
	shift
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O1 "$rig_here/$rig_c.c" -o "$RIG/$rig_c" "$@" \
		2>"$RIG/cc.log" || rig_skip "$rig_c cannot be built"
}

# rig_end: the last line of a test.
rig_end() {
	echo "$rig_name: $(($(rig_ms) - rig_started)) ms, seed $rig_seed"
	exit $rig_failed
}

# The FUSE server goes first: that answers every read that still hangs, and lets the others be ended.
rig_cleanup() {
	rig_status=$?
	trap - EXIT
	trap '' TERM INT HUP
	rig_fuse_end
	for rig_pid in $rig_pids; do kill -KILL "$rig_pid" 2>/dev/null; done
	rig_tgt_end
	rig_loop_end
	for rig_mount in $rig_mounts; do umount -l "$rig_mount" 2>/dev/null; done
	wait
	if grep -F " $RIG/" /proc/self/mounts; then
		echo "FAIL something is still mounted"
		rig_status=1
	else
		cd / && rm -rf "$RIG"
	fi
	exit $rig_status
}

# --- what a test says ---

claim() { # claim TEXT COMMAND...
	rig_text=$1
	shift
	if "$@"; then
		echo "ok   $rig_text"
	else
		echo "FAIL $rig_text"
		rig_failed=1
	fi
}

claim_is() { # claim_is TEXT GOT WANTED
	claim "$1: $2$([ "$2" = "$3" ] || echo ", not $3")" [ "$2" = "$3" ]
}

claim_most() { # claim_most TEXT GOT LIMIT
	claim "$1: $2, at most $3" [ "$2" -le "$3" ]
}

# claim_no_rereads FINISHED EVENTS BLOCKS: what was read since the log began holds none of the sectors in the list but
# those announced in the events as samples, and those announced are no more than so many ECC blocks of 16 sectors.
claim_no_rereads() {
	announced "$2" >"$RIG/announced"
	reads | sort -nu >"$RIG/reads"
	awk 'FILENAME ~ /announced$/ { told[$1]; next } FILENAME ~ /reads$/ { read[$1]; next }
		$1 in read { again++; if (!($1 in told)) { secret++; if (secret < 5) print "read again: " $1 > "/dev/stderr" } }
		END { print again + 0, secret + 0 }' "$RIG/announced" "$RIG/reads" "$1" >"$RIG/again"
	read -r rig_again rig_secret <"$RIG/again"
	claim_is "finished sectors read again without a word, of $rig_again read again" "$rig_secret" 0
	claim_most 'sectors announced as samples' "$(wc -l <"$RIG/announced")" $(($3 * 16))
}

# announced EVENTS: the sectors that the program said it would read again to compare, one a line
announced() {
	awk 'function value(key) {
			match($0, "\"" key "\": ?[0-9]+")
			return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0
		}
		/"event": ?"sample"/ { for (i = 0; i < value("count"); i++) print value("start") + i }' "$1" | sort -nu
}

# --- processes ---

# rig_spawn COMMAND...: starts it in the background as $SPAWNED, with the signals that sh takes from such a process.
rig_spawn() {
	setpriv --pdeathsig KILL env --default-signal=INT,QUIT "$@" &
	SPAWNED=$!
	rig_pids="$rig_pids $SPAWNED"
}

rig_wait() { # rig_wait PID: sets $STATUS
	wait "$1"
	STATUS=$?
	rig_others=
	for rig_pid in $rig_pids; do
		[ "$rig_pid" = "$1" ] || rig_others="$rig_others $rig_pid"
	done
	rig_pids=$rig_others
}

# rig_run COMMAND...: waits for it, so that a signal to the test is not kept waiting. Sets $STATUS.
rig_run() {
	rig_spawn "$@"
	rig_wait "$SPAWNED"
}

# rig_until MILLISECONDS COMMAND...: asks again and again; sets $TOOK, fails when the time is over.
rig_until() {
	rig_limit=$1 rig_since=$(rig_ms)
	shift
	while :; do
		"$@" && rig_yes=0 || rig_yes=1
		TOOK=$(($(rig_ms) - rig_since))
		[ $rig_yes -ne 0 ] || return 0
		[ $TOOK -lt "$rig_limit" ] || return 1
		sleep 0.005
	done
}

alive() {
	kill -0 "$1" 2>/dev/null
}

gone() {
	! alive "$1" || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# --- the disc ---

# rig_image FILE [MEBIBYTES]: an ISO 9660 image with Rock Ridge and Joliet; the same bytes for the same seed.
rig_image() {
	rig_tree=$RIG/tree rig_mib=${2:-24}
	mkdir -p "$rig_tree/pictures" "$rig_tree/video"
	echo "A disc for the lab, seed $rig_seed." >"$rig_tree/README.TXT"
	for rig_i in 1 2 3 4 5 6 7 8; do
		"$truth" --make $((rig_seed * 16 + rig_i)) $((rig_mib * 12345 + rig_i * 54321)) \
			>"$rig_tree/pictures/picture$rig_i.jpg"
	done
	"$truth" --make "$rig_seed" $((rig_mib * 840000)) >"$rig_tree/video/film.mpg"
	find "$rig_tree" -exec touch -h -d 2001-02-03T04:05:06Z {} +
	SOURCE_DATE_EPOCH=981173106 xorriso -as mkisofs -quiet -R -J -no-pad -V RESPIN_LAB -o "$1" "$rig_tree" \
		2>"$RIG/xorriso.log" || rig_broken "xorriso: $(tail -n 1 "$RIG/xorriso.log")"
	rm -rf "$rig_tree"
	SECTORS=$(($(stat -c %s "$1") / 2048))
}

# rig_bad IMAGE LIST: 40 sectors: the end of a file (8), one alone (1), both sides of the border of an ECC block (10),
# every third of a stretch (13), the end of the disc (8). The seed moves those in the film.
rig_bad() {
	xorriso -indev "$1" -find / -type f -exec report_lba -- 2>/dev/null | tr -d "'," |
		awk -v seed="$rig_seed" -v end="$SECTORS" '
		$NF == "/pictures/picture3.jpg" { for (i = 8; i > 0; i--) print $(NF - 3) + $(NF - 2) - i }
		$NF == "/video/film.mpg" {
			start = $(NF - 3) + seed * 37 % 97
			count = $(NF - 2)
			print int(start + count / 4)
			border = int((start + count / 2) / 16) * 16
			for (i = -5; i < 5; i++) print border + i
			for (i = 0; i < 13; i++) print int(start + count * 3 / 4) + 3 * i
		}
		END { for (i = 8; i > 0; i--) print end - i }' | sort -n >"$2"
	[ "$(sort -u "$2" | wc -l)" -eq 40 ] || rig_broken "there are not 40 bad sectors"
}

missing() { # missing MAP: the sectors that are not finished, one a line
	ddrescuelog -b 2048 -l '?*/-' "$1"
}

finished() {
	ddrescuelog -b 2048 -l + "$1"
}

parses() { # parses MAP: does ddrescuelog accept it?
	ddrescuelog -t "$1" >/dev/null
}

misses_exactly() { # misses_exactly MAP LIST
	missing "$1" >"$RIG/missing" && cmp "$RIG/missing" "$2"
}

# true_image IMAGE MAP DISC: every byte that the map calls finished is the disc's; prints how many there are.
true_image() {
	"$truth" "$1" "$2" "$3"
}

# --- the FUSE file ---

# rig_fuse BACKING OPTION...: serves it as $DISC, logs the reads in $FUSE_LOG.
rig_fuse() {
	[ -c /dev/fuse ] || rig_skip '/dev/fuse is missing'
	command -v fusermount3 >/dev/null || rig_skip 'fusermount3 is missing'
	[ -n "${badfile:-}" ] || rig_helper badfile -I/usr/include/fuse3 -lfuse3 -pthread
	FUSE_DIR=$(mktemp -d "$RIG/fuse.XXXXXX")
	FUSE_LOG=$FUSE_DIR.log DISC=$FUSE_DIR/disc rig_backing=$1
	shift
	: >"$FUSE_LOG"
	setpriv --pdeathsig TERM "$badfile" --image "$rig_backing" --log "$FUSE_LOG" "$@" "$FUSE_DIR" 2>"$FUSE_DIR.err" &
	FUSE_PID=$!
	rig_until 5000 [ -f "$DISC" ] || rig_skip "FUSE does not serve: $(cat "$FUSE_DIR.err")"
}

rig_fuse_end() {
	[ -n "$FUSE_PID" ] || return 0
	kill -TERM "$FUSE_PID" 2>/dev/null
	rig_until 2000 gone "$FUSE_PID" || kill -KILL "$FUSE_PID"
	wait "$FUSE_PID" 2>/dev/null
	umount -l "$FUSE_DIR" 2>/dev/null
	FUSE_PID=
}

# rig_fuse_reload: the list of bad sectors is read again, the hang is armed again, the log begins anew.
rig_fuse_reload() {
	: >"$FUSE_LOG"
	kill -HUP "$FUSE_PID"
	sleep 0.02
}

# rig_fuse_release: lets the hanging read go, and comes back when it has been answered; disarms the hang.
rig_fuse_release() {
	kill -USR1 "$FUSE_PID"
	rig_until 5000 answered
}

answered() {
	! tail -n 1 "$FUSE_LOG" | grep -q hang
}

hangs() {
	grep -q hang "$FUSE_LOG"
}

# reads [LOG]: the sectors touched by reads, one a line.
reads() {
	awk '$3 != "hang" { for (s = int($1 / 2048); s * 2048 < $1 + $2; s++) print s }' "${1:-$FUSE_LOG}"
}

longest() {
	awk '$2 > most { most = $2 } END { print most + 0 }' "$FUSE_LOG"
}

# delivered: the sectors read well, before any hang.
delivered() {
	awk '$3 == "hang" { exit } $3 == $2 { for (s = $1 / 2048; s < ($1 + $2) / 2048; s++) print s }' "$FUSE_LOG" | sort -nu
}

# --- tgt ---

rig_port_used() { # is there a TCP socket on this port?
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$(printf %04X "$1")\$" '$2 ~ port { found = 1 } END { exit !found }'
}

tgt_adm() {
	TGT_IPC_SOCKET=$TGT_DIR/socket tgtadm --lld iscsi "$@" 2>>"$TGT_DIR/adm.log"
}

tgt_up() {
	[ -S "$TGT_DIR/socket.0" ] && tgt_adm --op show --mode portal >"$TGT_DIR/portal"
}

# rig_tgt FILE [cd|disk]: serves it as $URL. A tgtd that finds its port taken falls back to every address and port
# 3260, so the portal it really has is looked at before it is told of any disc.
rig_tgt() {
	command -v tgtd >/dev/null && command -v tgtadm >/dev/null || rig_skip 'tgtd is missing'
	TGT_DIR=$(mktemp -d "$RIG/tgt.XXXXXX")
	rig_port=$((20000 + $$ * 7 % 10000))
	for rig_try in 1 2 3 4 5 6 7 8 9; do
		while rig_port_used $rig_port; do rig_port=$((rig_port + 1)); done
		TGT_IPC_SOCKET=$TGT_DIR/socket setpriv --pdeathsig KILL \
			tgtd -f --iscsi portal=127.0.0.1:$rig_port >"$TGT_DIR/log" 2>&1 &
		TGT_PID=$!
		rig_until 5000 tgt_up || rig_skip "tgtd does not start: $(tail -n 1 "$TGT_DIR/log")"
		grep -q "127.0.0.1:$rig_port," "$TGT_DIR/portal" && break
		rig_tgt_end
		rig_port=$((rig_port + 1))
	done
	[ -n "$TGT_PID" ] || rig_broken 'tgtd finds no free port'
	tgt_adm --op new --mode target --tid 1 -T iqn.2001-02.lab.respin:disc &&
		tgt_adm --op new --mode logicalunit --tid 1 --lun 1 --device-type "${2:-cd}" -b "$1" &&
		tgt_adm --op bind --mode target --tid 1 -I ALL || rig_broken "tgtadm: $(cat "$TGT_DIR/adm.log")"
	URL=iscsi://127.0.0.1:$rig_port/iqn.2001-02.lab.respin:disc/1
}

# It heeds no SIGTERM while it has targets, and has nothing to save.
rig_tgt_end() {
	[ -n "$TGT_PID" ] || return 0
	kill -KILL "$TGT_PID" 2>/dev/null
	wait "$TGT_PID" 2>/dev/null
	TGT_PID=
}

# --- loop device ---

# rig_loop FILE [rw]: a block device of 2048-byte sectors as $LOOP. It is detached at once and lives on only because
# descriptor 9 is open, so it is gone with this shell whatever happens.
rig_loop() {
	command -v losetup >/dev/null || rig_skip 'losetup is missing'
	[ "${2:-}" = rw ] && rig_ro= || rig_ro=-r
	LOOP=$(losetup $rig_ro --direct-io=on --sector-size 2048 --show -f "$1" 2>"$RIG/losetup.log") ||
		rig_skip "losetup: $(cat "$RIG/losetup.log")"
	exec 9<"$LOOP"
	losetup -d "$LOOP"
}

rig_loop_end() {
	[ -n "$LOOP" ] || return 0
	exec 9<&-
	LOOP=
}

# --- tmpfs ---

# rig_tmpfs SIZE: a small one, as $SMALL.
rig_tmpfs() {
	SMALL=$(mktemp -d "$RIG/small.XXXXXX")
	mount -t tmpfs -o "size=$1" respin-lab "$SMALL" 2>/dev/null || rig_skip 'no right to mount a tmpfs'
	rig_mounts="$rig_mounts $SMALL"
}
