#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Wrong usage is one line and exit 2, nothing touched; help and version go to standard output, exit 0.
. "$RESPIN_SOURCE/tests/cli/common.sh"

wrong() { # wrong TEXT ARGUMENT...: the line names what is wrong
	text=$1
	shift
	must 2 "$RESPIN" "$@"
	silent out
	one_line err
	says err "$text"
}
wrong 'no command'
wrong 'no command frob' frob
wrong 'no option --frob' --frob
wrong 'there is no command frob' help frob
wrong 'one command at a time' help show info
for command in rescue sweep patch; do
	wrong 'SOURCE and IMAGE are missing' $command
	wrong 'IMAGE is missing' $command a
	wrong 'IMAGE is empty' $command a ''
	wrong 'one word too many: d' $command a b c d
	wrong 'there is no option --fast' $command --fast a b
	wrong 'there is no option -x' $command -qx a b
	wrong '--force=yes takes no value' $command --force=yes a b
	wrong '--log needs a value' $command a b --log
	wrong '--log needs a file' $command --log - a b
	wrong 'exclude each other' $command -q -v a b
done
wrong 'SOURCE is missing' info
wrong 'one word too many: b' info a b
wrong 'there is no option --long' info --long
wrong 'MAPFILE is missing' show
wrong 'one word too many: b' show a b
wrong '--domain needs a value' show --domain
must 2 "$RESPIN" rescue "$(printf 'sim:disc?frob=\033[31m')" x
one_line err
must 2 "$RESPIN" rescue nbd://localhost x.iso
one_line err
[ "$(ls | grep -cvx 'out\|err')" -eq 0 ] || fail "something was made: $(ls)"

must 0 "$RESPIN" --version
grep -qx 'respin [0-9]*\.[0-9]*\.[0-9]*' out || fail "the version reads: $(cat out)"
for call in help --help -h 'help rescue' 'rescue --help' 'sweep -h' 'patch --help' 'info --help' 'show --help' 'help map' \
	'help sim' 'sim -h' \
	'rescue --help --frob'; do
	must 0 "$RESPIN" $call # a list of words
	silent err
	[ -s out ] || fail "no help from: $call"
	awk 'length > 79 { exit 1 }' out || fail "help wider than 79 columns: $call"
done
must 4 sh -c '"$RESPIN" help >/dev/full'
one_line err
done_ok
