#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# ledger.sh: IMAGE.ledger has a row for every command of --events, for every run and every note; without it, or with one
# that cannot be used, a rescue does the same; killed and resumed it is whole; the questions of docs/ledger.md have answers.
. "$RESPIN_SOURCE/tests/cli/common.sh"
command -v sqlite3 >/dev/null || { echo "skipped: no sqlite3"; exit 77; }

disc 2048
scratched='sim:disc?image=disc.img&profile=dvd&bad=100,200-215'
ask() { # ask LEDGER QUERY
	sqlite3 -readonly "$1" "$2" || fail "sqlite3 cannot: $2"
}
same() { # same NAME GOT WANTED
	checks=$((checks + 1))
	[ "$2" = "$3" ] || fail "$1: $2, not $3"
}

must 1 "$RESPIN" rescue "$scratched" a.iso --events first --quiet --note 'as it came'
must 1 "$RESPIN" rescue "$scratched" a.iso --events second --quiet --note "disc's other side; cleaned"
same runs "$(ask a.iso.ledger 'SELECT count(*) FROM run WHERE ended IS NOT NULL AND code = 1')" 2
for run in 1 2; do
	events=$([ $run = 1 ] && echo first || echo second)
	# Closing is no command: its outcomes follow no request.
	same "attempts of run $run" "$(ask a.iso.ledger "SELECT count(*) FROM attempt WHERE run = $run")" \
		"$(grep -c -e '"event":"request"' -e '"event":"sample"' $events)"
	same "failures of run $run" "$(ask a.iso.ledger "SELECT count(*) FROM attempt WHERE run = $run AND reason = 2")" \
		"$(grep '"event":"outcome"' $events | grep -v '"phase":"closing"' | grep -c '"reason":"medium","elapsed_ns"')"
done
same gained "$(ask a.iso.ledger 'SELECT sum(gained) FROM run')" "$(sectors + a.iso.map)"
same 'gained, by attempts' "$(ask a.iso.ledger 'SELECT sum(gained) FROM attempt')" "$(sectors + a.iso.map)"
same notes "$(ask a.iso.ledger 'SELECT run, text FROM note')" "1|as it came
2|disc's other side; cleaned"
same command "$(ask a.iso.ledger 'SELECT command FROM run WHERE number = 1')" \
	"respin rescue $scratched a.iso --events first --quiet --note as it came"
grep '^sqlite3 ' "$RESPIN_SOURCE/docs/ledger.md" | sed 's/disc\.iso\.ledger/-readonly a.iso.ledger/' >questions
same questions "$(wc -l <questions)" 3
while read -r line; do
	must 0 sh -c "$line"
	[ -s out ] || fail "no answer: $line"
done <questions

# It costs nothing to do without.
must 1 "$RESPIN" rescue "$scratched" b.iso --quiet --no-ledger
[ ! -e b.iso.ledger ] || fail "--no-ledger makes one"
cmp a.iso b.iso || fail "the image depends on the ledger"
same 'the map' "$(sectors + b.iso.map)" "$(sectors + a.iso.map)"
rm a.iso.ledger
must 1 "$RESPIN" rescue "$scratched" a.iso --quiet
must 2 "$RESPIN" rescue "$scratched" a.iso --no-ledger --note x

# A file of that name that is something else is not touched, and said once.
echo 'not a ledger' >c.iso.ledger
must 1 "$RESPIN" rescue "$scratched" c.iso
says err 'no ledger beside the image'
same 'lines about it' "$(grep -c ledger err)" 1
same 'the file' "$(cat c.iso.ledger)" 'not a ledger'
mkdir d.iso.ledger
must 1 "$RESPIN" rescue "$scratched" d.iso --quiet
cmp a.iso d.iso || fail "the image depends on the ledger"

# Cut into pieces, it is no ledger or a whole one, and never stops a rescue.
for size in 1 100 512 4096 5000 9000; do
	cp a.iso e.iso && cp a.iso.map e.iso.map
	head -c $size a.iso.ledger >e.iso.ledger
	must 1 "$RESPIN" rescue "$scratched" e.iso --quiet
done

# Killed again and again: each run has its row, and the file is whole.
for try in 1 2 3 4; do
	"$RESPIN" rescue "$scratched&latency_us=100000&pace=1" f.iso --quiet & pid=$!
	until [ "$(sqlite3 -readonly f.iso.ledger 'SELECT count(*) FROM run' 2>/dev/null || echo 0)" -ge $try ]; do sleep 0.05; done
	sleep 0.$try
	kill -9 $pid
	wait $pid 2>/dev/null
done
must 1 "$RESPIN" rescue "$scratched" f.iso --quiet
same 'integrity' "$(ask f.iso.ledger 'PRAGMA integrity_check')" ok
same 'killed runs' "$(ask f.iso.ledger 'SELECT count(*) FROM run WHERE ended IS NULL AND number < 5')" 4
done_ok
