#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# condition.sh: what "respin info --condition" says of every scenario, against the truth (condition.py); that it writes nothing;
# and what it says where there is no disc to speak of.
. "$RESPIN_SOURCE/tests/cli/common.sh"
for python in /usr/bin/python3 python3 none; do
	"$python" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null && break
done
[ "$python" != none ] || { echo "skipped: python3-jsonschema is missing"; exit 77; }

must 0 "$RESPIN" info --condition sim:cd-clean
silent err
says out 'Sound: nothing failed.'
says out 'Start now'
must 1 "$RESPIN" info --condition sim:dvd-radial
says out 'Damaged.'
says out 'A failure takes'
awk '{ n = gsub(/[\342-\357]../, "x"); if (length > 79) { print; bad = 1 } } END { exit bad }' out || fail "wider than 79 columns"
must 1 "$RESPIN" info --condition sim:dvd9-l1
says out 'layer 1, 44 to 38 mm'
must 1 "$RESPIN" info --condition sim:bd-short
says out 'behind the disc'
must 0 "$RESPIN" info --condition sim:dvd-protected
says out 'locked by a copy protection'
# A drive that is wedged fails everything; that is not counted as damage.
must 1 "$RESPIN" info --condition 'sim:dvd-runs?wedge_at=3&wedge_p=1&wedge_cure=power&wedge_as=hardware&bucket_leak_s=1000'
says out 'The drive stopped reading even what it had read before.'
says out 'Damaged.'
must 2 "$RESPIN" info --json sim:cd-clean
one_line err
must 3 "$RESPIN" info --condition absent.iso
one_line err
# The drive hangs for ever at whatever it is asked for: the report ends in time, and says so.
must 1 "$RESPIN" info --condition 'sim:disc?profile=dvd&size=200000&bad=0-199999&fail_ms=3600000'
says out 'The drive hung'
seconds=$(sed -n 's/.* rings, \(.*\) of drive time$/\1/p' out)
echo "a drive that hangs: $seconds"
disc 20
must 1 "$RESPIN" info --condition disc.img # fewer sectors than rings
says out 'Unknown: too little'
must 0 ls
[ "$(cat out)" = "$(printf 'disc.img\nerr\nout')" ] || fail "something was written: $(cat out)"

"$python" "$RESPIN_SOURCE/tests/interop/condition.py" "$RESPIN_SOURCE/docs/condition.schema.json" >table || bad=1
cat table
checks=$((checks + 57))
done_ok
