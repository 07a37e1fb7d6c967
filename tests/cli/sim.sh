#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# sim.sh FIELDS PTY: respin sim list, show, run and oracle. Their figures are held against each other, against the
# scenarios' own texts and against the mapfile; and what they refuse. (FIELDS is fields.c, PTY is pty.c.)
. "$RESPIN_SOURCE/tests/cli/common.sh"
fields=$1 pty=$2 scenarios=$RESPIN_SOURCE/bench/scenarios

# same WHAT LEFT RIGHT
same() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] || fail "$1: '$2' is not '$3'"
}
# holds WHAT EXPRESSION: of awk; numbers may be larger than the shell's
holds() {
	checks=$((checks + 1))
	awk "BEGIN { exit !($2) }" || fail "$1: $2"
}
# amount LABEL FILE: the number that a line of words begins with, without its blanks
amount() {
	sed -n "s/^$1  *\([0-9 ]*[0-9]\) sector.*/\1/p" "$2" | tr -d ' '
}

# The list: every scenario in its place, 79 columns, the words that the files say.
must 0 env COLUMNS=80 "$RESPIN" sim list
silent err
same 'the list' "$(awk '{ print $1 }' out)" "$(ls "$scenarios" | sed -n 's/\.sim$//p' | LC_ALL=C sort)"
awk '{ gsub(/…/, "x"); if (length > 79) exit 1 }' out || fail "a line of the list is wider than 79 columns"
grep -q '…$' out || fail "no title was cut: is the table still one?"
same 'media' "$(awk '{ print $1, $2 }' out)" "$(cd "$scenarios" && awk '/^disc / { sub(/\.sim/, "", FILENAME); print FILENAME, $2 }' *.sim | LC_ALL=C sort)"
same 'drives' "$(awk '{ print $1, $3 }' out)" "$(cd "$scenarios" && awk '/^drive / { sub(/\.sim/, "", FILENAME); print FILENAME, $2 }' *.sim | LC_ALL=C sort)"
awk '$4 !~ /^[0-9.]+$/ || $5 !~ /^[kMG]B$/ { exit 1 }' out || fail "a size is not two words"
must 0 "$RESPIN" sim list --long
same 'titles' "$(cut -c 57- out)" "$(cd "$scenarios" && for file in $(awk '{ print $1 }' "$work/out"); do sed -n 's/^title *//p' "$file.sim"; done)"
same 'sectors of a CD-80' "$(awk '$1 == "cd-clean" { print $6 }' out)" 359849
must 0 env LC_ALL=C "$RESPIN" sim list
LC_ALL=C grep -q '[^ -~]' out && fail "not ASCII in the C locale"
if "$pty" 80x24 -- true >/dev/null 2>&1; then
	must 0 env TERM=xterm "$pty" 80x70 -- "$RESPIN" sim list
	says out 'name           medium    drive          size  title'
fi

# The truth about discs that are known sector by sector.
must 0 "$RESPIN" sim show 'disc?size=1000&bad=5,7-9'
same 'readable' "$(amount readable out)" 996
same 'dead' "$(amount dead out)" 4
says out '2 areas, the largest 3 sectors at sector 7.'
says out '⣿ readable   ? not recorded   * marginal   - dead'
must 0 "$RESPIN" sim show 'disc?size=1000&weak=20-22'
same 'marginal' "$(amount readable out) $(amount marginal out)" '997 3'
must 0 "$RESPIN" sim show 'dvd-unfinished?scale=4'
same 'not recorded' "$(amount 'not recorded' out)" $(((8000 + 8192 + 1095104) / 4))
for columns in 20 200; do
	must 0 env LC_ALL=C COLUMNS=$columns "$RESPIN" sim show 'cd-radial?scale=20'
	awk -v most=$columns 'length > most { exit 1 }' out || fail "show is wider than $columns columns"
	! grep -q "$(printf '\033')" out || fail "control sequences where there is no terminal"
done

# Damage of shapes: the same amounts by every name, in the words, from the oracle, on the page; the seed changes them.
must 0 "$RESPIN" sim show 'cd-radial?scale=20'
cp out truth
readable=$(amount readable out) marginal=$(amount marginal out) dead=$(amount dead out)
same 'the sum of sectors' $((readable + marginal + dead)) 16650
holds 'a scratched CD has dead sectors' "$dead > 0 && $marginal > 0 && $readable > 10000"
must 0 "$RESPIN" sim show 'sim:cd-radial?scale=20'
same 'with sim:' "$(sed 1d out)" "$(sed 1d truth)"
must 0 "$RESPIN" sim show --text cd-radial
cmp -s out "$scenarios/cd-radial.sim" || fail "--text is not the scenario's file"
mkdir 'a dir' && sed 's/^disc.*/& scale=20/' out >'a dir/what?%41.sim'
must 0 "$RESPIN" sim show 'a dir/what?%41.sim'
same 'a file of any name' "$(sed 1d out)" "$(sed 1d truth)"
must 0 "$RESPIN" sim show 'cd-radial?scale=20&seed=2'
[ "$(amount dead out)" != "$dead" ] || fail "another seed, the same damage"
must 0 "$RESPIN" sim oracle --json 'cd-radial?scale=20'
same 'the oracle and the truth' "$("$fields" readable dead <out)" "$((readable + marginal)) $dead"
must 0 "$RESPIN" sim show --svg page.svg 'cd-radial?scale=20'
says out 'This is the truth.'
says page.svg '<title>A CD scratched across the tracks</title>'
says page.svg '>dead</text>'
says page.svg '>not recorded</text>'
says page.svg ': 16 650 sectors, 34.1 MB'
says page.svg "$(awk '$1 == "dead" { print $(NF - 1) " %" }' truth)"
! grep -q '>lost<' page.svg || fail "the page speaks of a rescue"
command -v xmllint >/dev/null && must 0 xmllint --noout page.svg
must 5 "$RESPIN" sim show --svg page.svg cd-clean
one_line err
must 0 "$RESPIN" sim show --svg page.svg --force cd-clean
says page.svg 'A healthy CD'
must 5 "$RESPIN" sim show --svg 'a dir/what?%41.sim' --force 'a dir/what?%41.sim'
grep -q '^damage' 'a dir/what?%41.sim' || fail "a picture destroyed the scenario"
must 0 "$RESPIN" sim show --svg - 'cd-radial?scale=20'
head -n 1 out | grep -q '^<svg ' && tail -n 1 out | grep -qx '</svg>' || fail "something stands beside the SVG"

# A rescue: what the line of JSON, the words and the mapfile say is the same.
times='t50 t90 t99 t999 t100'
run() { # run ARGUMENT...: one line of JSON in `line`, and the exit status that belongs to it
	checks=$((checks + 1))
	"$RESPIN" sim run --json "$@" >line 2>err </dev/null
	got=$?
	silent err
	same "lines of JSON from $*" "$(wc -l <line)" 1
	[ "$(get missing)" = 0 ] && want=0 || want=1
	same "the exit status of $*" "$got" "$want"
}
get() { # get FIELD...: from `line`
	"$fields" "$@" <line || fail "no good line: $(cat line)"
}
run 'disc?size=2000&bad=100,200-201'
same 'three bad sectors' "$(get code readable dead finished total missing readable_saved)" '1 1997 3 1997 2000 0 1997'
run 'disc?size=2000&bad=100&weak=7-9&tries=2'
same 'weak sectors count as readable' "$(get readable missing)" '1999 0'
run --map clean.map 'cd-clean?scale=50'
same 'a healthy CD' "$(get code failed missing wedges sittings)" '0 0 0 0 1'
must 0 "$RESPIN" show clean.map
says out 'Nothing is left to do.'
run --map disc.map 'cd-radial?scale=20'
get readable dead finished missing readable_saved reads failed virtual_s >figures
read -r r_readable r_dead finished missing saved reads failed virtual_s <figures
same 'the truth' "$r_readable $r_dead" "$((readable + marginal)) $dead"
same 'readable = saved + missing' $((saved + missing)) "$r_readable"
same 'the map' "$(sectors + disc.map)" "$finished"
holds 'what is saved is finished' "$saved <= $finished && $finished - $saved <= $dead"
holds 'reads' "$failed > 0 && $failed < $reads && $virtual_s > 60"
get $times lb0_50 lb0_90 lb0_99 lb0_999 lb0_100 lb1_50 lb1_90 lb1_99 lb1_999 lb1_100 | tr ' ' '\n' >times
awk '$1 == "null" { $1 = 1e15 } { t[NR] = $1 }
	END { for (i = 1; i <= 5; i++) if (t[i] < t[i - 1] || !(t[i + 5] <= t[i + 10] && t[i + 10] <= t[i])) exit 1 }' times ||
	fail "times do not grow, or one is below the oracle's: $(tr '\n' ' ' <times)"
holds 'luck costs time' "$(get lb0_100) < $(get lb1_100)"
history=$(get history)
"$RESPIN" sim run 'cd-radial?scale=20' >out 2>err
silent err
same 'saved, in words' "$(amount saved out)" "$saved"
says out "of which luck saved $((finished - saved))"
same 'reads, in words' "$(sed -n 's/^reads *\([0-9 ]*\), of which \([0-9 ]*\) failed; 0 wedges/\1:\2/p' out | tr -d ' ')" "$reads:$failed"
says out 'cd-74, 34.1 MB, in hh-sata-dvd; seed 1; policy respin.'
awk '{ gsub(/[\342-\357]../, "x"); if (length > 79) exit 1 }' out || fail "the words are wider than 79 columns"
run 'cd-radial?scale=20&payload=1'
same 'with bytes' "$(get history address)" "$history sim:cd-radial?payload=0&scale=20&payload=1"
must 0 "$RESPIN" show disc.map
says out 'The last run came to its end.'
must 0 "$RESPIN" map -t disc.map

# What happens from outside, and the end of patience.
run --limit 0.25 --policy linear 'cd-radial?scale=20'
holds 'a quarter of an hour' "$(get virtual_s) >= 900 && $(get virtual_s) < 1100"
must 1 "$RESPIN" sim run --limit 0.001 --map cut.map 'cd-radial?scale=20' # one command, until the drive is ready
says out 'The limit was reached before the rescue ended.'
[ "$(sectors + cut.map)" -le 64 ] && [ "$(sectors '?' cut.map)" -gt 0 ] || fail "the limit cut nothing off: $(cat cut.map)"
run 'dvd-cancel?scale=50'
holds 'the user stopped' "$(get sittings) > 1"

# Seeds: each as if it had been asked for alone.
"$RESPIN" sim run --json --seeds 2-4 'cd-radial?scale=20' >many 2>err
silent err
same 'seeds' "$("$fields" seed <many | tr '\n' ' ')" '2 3 4 '
run 'cd-radial?scale=20&seed=3'
history=$(get history)
run --seeds 3 'cd-radial?seed=9&scale=20'
same 'a seed over that of the address' "$(get seed history)" "3 $history"
same 'seed 3' "$("$fields" history missing <many | sed -n 2p)" "$(get history missing)"
"$RESPIN" sim run --seeds 2-4 'cd-radial?scale=20' >out
same 'the table' "$(awk '$1 ~ /^[234]$/ { print $1, $3, $4, $6 }' out)" "$("$fields" seed reads failed missing <many)"
same 'the worst' "$(awk '$1 == "worst" { print $3, $6 }' out)" \
	"$("$fields" reads <many | sort -n | tail -n 1) $("$fields" missing <many | sort -n | tail -n 1)"
same 'the median' "$(awk '$1 == "median" { print $3 }' out)" "$("$fields" reads <many | sort -n | sed -n 2p)"

# The others, all on the same disc, and each in a way of its own.
: >histories
for policy in respin linear bisection predecessor ddrescue ddrescue-tuned; do
	run --policy $policy --limit 2000 'cd-radial?scale=50'
	get policy readable dead >>others
	get history >>histories
done
same 'policies' "$(cut -d ' ' -f 1 others | wc -l) $(cut -d ' ' -f 2- others | sort -u | wc -l)" '6 1'
same 'histories' "$(sort -u histories | wc -l)" 6

# The mapfile goes nowhere unasked.
must 5 "$RESPIN" sim run --map disc.map 'cd-clean?scale=50'
says err 'there is such a file already'
must 0 "$RESPIN" sim run --force --map disc.map 'cd-clean?scale=50'
cmp -s disc.map clean.map || fail "--force did not overwrite the map"
must 0 "$RESPIN" sim run --map - 'cd-clean?scale=50'
cmp -s out clean.map || fail "something stands beside the map"
must 4 "$RESPIN" sim run --map no/such/place.map 'cd-clean?scale=50'

# The oracle as a table: a row for each bound, which can be picked out.
must 0 "$RESPIN" sim oracle 'cd-radial?scale=20' cd-clean
same 'rows' "$(awk '{ print $1, $2 }' out | sed 1d | tr '\n' ' ')" \
	'cd-radial?scale=20 LB0 cd-radial?scale=20 LB1 cd-clean LB0 cd-clean LB1 '
same 'a healthy CD' "$(awk '$1 == "cd-clean" { print $3 }' out | sort -u)" 100

# Wrong: one line that says what, and nothing else.
wrong() { # wrong STATUS TEXT ARGUMENT...
	want=$1 text=$2
	shift 2
	must "$want" "$RESPIN" sim "$@"
	silent out
	one_line err
	says err "$text"
}
wrong 2 'list, show, run, oracle or attach is missing'
wrong 2 'there is no command frob' frob
wrong 2 'one word too many: x' list x
wrong 2 'there is no option --short' list --short
for command in show run oracle; do
	wrong 2 'the name of a scenario is missing' $command
	wrong 2 'near it are dvd-radial' $command dvd-radiall
done
wrong 2 'near it is velocity' show 'cd-radial?velocitty=1'
wrong 3 'nowhere.sim: No such file' run nowhere.sim
echo nonsense >wrong.sim
wrong 2 "wrong.sim:1: no line begins with 'nonsense'" oracle wrong.sim
wrong 2 'one word too many: b' show a b
wrong 2 '--svg needs a value' show cd-clean --svg
wrong 2 'exclude each other' show --svg x.svg --text cd-clean
wrong 2 '--force goes with --svg' show --force cd-clean
wrong 2 'the name of a scenario alone' show --text 'cd-clean?seed=2'
wrong 2 'the name of a scenario alone' show --text 'disc?size=1000'
wrong 2 'no places that could be drawn' show --svg x.svg 'disc?size=1000'
wrong 2 'nobody can look into' show exec:true
wrong 2 'one word too many: b' run a b
wrong 2 "no policy is called 'gnu'; there are respin, linear, bisection, predecessor, ddrescue" run --policy gnu cd-clean
for hours in 0 -1 1x '' 2000000; do
	wrong 2 '--limit takes hours' run --limit "$hours" cd-clean
done
for seeds in 2-1 -1 1- 0-100000; do
	wrong 2 '--seeds takes numbers as 1-5' run --seeds "$seeds" cd-clean
done
wrong 2 '--map goes with one seed' run --map x.map --seeds 1-2 cd-clean
wrong 2 'cannot both go to standard output' run --map - --json cd-clean
wrong 2 '--force goes with --map' run --force cd-clean
wrong 2 'a model of somebody else' run --seeds 1-2 exec:true
wrong 3 'before it said READY' run exec:true
wrong 2 'the command is missing' run exec:
[ ! -e x.svg ] && [ ! -e x.map ] || fail "something was made"
must 4 sh -c '"$RESPIN" sim list >/dev/full'
one_line err

# The help says everything that there is, and the man page what the help says.
must 0 "$RESPIN" sim --help
cp out help
awk 'length > 79 { exit 1 }' help || fail "help wider than 79 columns"
for command in list show run oracle attach; do
	must 0 "$RESPIN" sim $command --help
	cmp -s out help || fail "another help from sim $command"
done
same 'commands' "$(sed -n 's/^respin sim \([a-z]*\).*/\1/p' help | tr '\n' ' ')" 'list show run oracle attach '
sed 's/\\-/-/g; s/\\f[BIRP]//g' "$RESPIN_SOURCE/docs/man/respin-sim.1" >page
for word in $(grep -o -- '--[a-z-]*' help | sort -u); do
	says page "$word"
done
done_ok
