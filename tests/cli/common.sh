# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of the program share: a working directory, a disc of patterned sectors, and short words for
# "this must be so". A test sources it and calls `done_ok` last.
set -u
export LC_ALL=C.UTF-8
unset COLUMNS NO_COLOR
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0 checks=0

fail() {
	echo "FAILED: $*"
	bad=1
}

# must STATUS COMMAND...: runs it with its output in `out` and `err`.
must() {
	want=$1
	shift
	checks=$((checks + 1))
	"$@" >out 2>err </dev/null
	got=$?
	[ "$got" -eq "$want" ] || { fail "exit $got, not $want: $*"; sed 's/^/  /' out err; }
}

# says FILE TEXT: a fixed text stands in the file.
says() {
	checks=$((checks + 1))
	grep -qF -e "$2" "$1" || { fail "'$2' is not in $1:"; sed 's/^/  /; 30q' "$1"; }
}

# silent FILE: nothing was written there.
silent() {
	checks=$((checks + 1))
	[ ! -s "$1" ] || { fail "$1 is not empty"; sed 's/^/  /' "$1"; }
}

# one_line FILE: one line, which begins with "respin: ".
one_line() {
	checks=$((checks + 1))
	[ "$(wc -l <"$1")" -eq 1 ] && grep -q '^respin: ' "$1" || { fail "not one line of respin's: $1"; sed 's/^/  /' "$1"; }
}

# disc SECTORS: `disc.img`, every sector of its own content.
disc() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) for (j = 0; j < 64; j++) printf "sector %09d part %02d ......\n", i, j }' >disc.img
	[ "$(wc -c <disc.img)" -eq $(($1 * 2048)) ] || fail "the disc came out wrong"
}

# sectors STATUS MAP: how many sectors a map gives that status.
sectors() {
	awk -v want="$1" '
		function number(hex,  i, n) {
			for (i = 3; i <= length(hex); i++) n = 16 * n + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
			return n
		}
		/^#/ || !seen++ { next }
		$3 == want { sum += number($2) }
		END { print sum / 2048 }' "$2"
}

done_ok() {
	[ "$checks" -gt 0 ] || fail "nothing was looked at"
	[ "$bad" -eq 0 ] && echo "$checks things looked at"
	exit "$bad"
}
