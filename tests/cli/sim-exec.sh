#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sim-exec.sh MODEL: respin sim run with drive models of others: the example of examples/, and broken ones.
. "$RESPIN_SOURCE/tests/cli/common.sh"
model=$1
[ -x "$model" ] || { echo "no such program: $model"; exit 1; }
field() { # field NAME: a number from the line of JSON in `out`
	sed -n "s/.*\"$1\":\"\{0,1\}\([0-9a-f.-]*\).*/\1/p" out
}

# Its scratch lies beyond sector 82000: before it everything reads.
must 0 "$RESPIN" sim run --json "exec:$model 20000"
[ "$(field finished) $(field total) $(field missing) $(field failed)" = '20000 20000 0 0' ] || fail "not all of a healthy disc: $(cat out)"
must 1 "$RESPIN" sim run --json --map scratched.map "sim:exec:$model 100000"
missing=$(field missing) history=$(field history)
[ "$missing" -gt 1000 ] && [ $((missing + $(field finished))) -eq 100000 ] || fail "odd figures: $(cat out)"
[ "$(sectors - scratched.map)" = "$missing" ] && [ "$(sectors + scratched.map)" = $((100000 - missing)) ] ||
	fail "the map has other figures: $(cat scratched.map)"
[ $((missing % 16)) -eq 0 ] || fail "not whole blocks: $missing"
awk '/^0x/ && $3 == "-" { print $1; exit }' scratched.map | grep -qi '^0x0[A-F]' || fail "damage where the model has none: $(cat scratched.map)"
must 1 "$RESPIN" sim run --json "exec:$model 100000"
[ "$(field history)" = "$history" ] || fail "the same model, another history"
must 1 "$RESPIN" sim run --policy linear "exec:$model 100000"
says out "A drive model of somebody else's; policy linear."
says out "$(echo "$missing" | sed 's/\(...\)$/ \1/') sectors are missing."
grep -q LB0 out && fail "an oracle of what nobody can look into"

# One that dies in the middle.
cat >dying <<'END'
echo 'READY medium dvd-5 sectors 1600 ecc 16 nominal_r0_mm 24 pitch_um 0.74 sector_mm 5.158 layers 1 speeds 1'
n=0
while read -r line && [ $((n = n + 1)) -lt 5 ]; do echo "OK $((n * 1000000))"; done
END
for policy in respin linear; do
	must 3 "$RESPIN" sim run --policy $policy 'exec:sh dying'
	one_line err
	says err 'the drive model, after 5 lines'
	silent out
done
must 3 "$RESPIN" sim run 'exec:echo nonsense'
one_line err
silent out
done_ok
