#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# schema.sh: docs/events.schema.json allows every line that rescues of all kinds write, no line with a planted fault, and
# names the same fields and words as docs/events.md.
. "$RESPIN_SOURCE/tests/cli/common.sh"
schema=$RESPIN_SOURCE/docs/events.schema.json page=$RESPIN_SOURCE/docs/events.md judge=$RESPIN_SOURCE/tests/cli/schema.py
for python in /usr/bin/python3 python3 none; do
	"$python" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null && break
done
[ "$python" != none ] || { echo "skipped: python3-jsonschema is missing"; exit 77; }

disc 512
healthy='sim:disc?image=disc.img&profile=dvd'
scratched="$healthy&bad=100,200-215"
stream() { # stream NAME STATUS COMMAND SOURCE: its events, in NAME.jsonl
	must "$2" "$RESPIN" "$3" "$4" "${5:-$1.iso}" --quiet --events "$1.jsonl"
	checks=$((checks + 1))
	"$python" "$judge" "$schema" "$1.jsonl" >>seen || fail "$1: $(tail -n 1 seen)"
}
stream healthy 0 rescue "$healthy"
stream damaged 1 rescue "$scratched"
stream again 1 rescue "$scratched" damaged.iso # samples
stream swept 1 sweep "$scratched"
stream patched 1 patch "$scratched" swept.iso
stream plain 0 rescue disc.img
# Every sector has its own answer here, in either format; the drive forgets, stumbles and lies.
stream drawn 1 rescue "$scratched&sense=0&format=descriptor"
stream recovered 0 rescue "$healthy&marginal=50-60"
stream weak 0 rescue "$healthy&weak=300-305&tries=2&info=none"
stream short 0 rescue "$healthy&short=5"
stream cd 1 rescue 'sim:disc?profile=cd&size=2000&bad=7,900-905&fail_ms=1'
# A stop in the middle: the last line is an end all the same.
must 6 timeout --preserve-status -s INT 1 "$RESPIN" rescue "$healthy&block_us=100000&pace=1" stopped.iso --quiet --events stopped.jsonl
"$python" "$judge" "$schema" stopped.jsonl >>seen || fail "stopped: $(tail -n 1 seen)"
grep -q '"code":-40' stopped.jsonl || fail "nothing was stopped"
for event in request sample outcome phase commit end; do
	grep -q "$event [1-9]" seen || fail "no line of '$event' was looked at"
done
grep -hq '"sense":{' ./*.jsonl || fail "no sense data were looked at"

planted() { # planted EVENT SED-SCRIPT: a line that was allowed above, with this fault in it
	cat ./*.jsonl | grep -m 1 "\"event\":\"$1\"" >good.line
	sed "$2" good.line >bad.line
	cmp -s good.line bad.line && fail "nothing was planted: $2"
	cat bad.line >>faulty
}
planted request 's/"count":[0-9]*/"count":-1/'
planted request 's/"lane":[0-9]*/"lane":"0"/'
planted request 's/"seq":[0-9]*,//'
planted request 's/"start"/"begin"/'
planted request 's/"flags":\[\]/"flags":["sideways"]/'
planted request 's/respin-events-1/respin-events-2/'
planted request 's/}$/,"surplus":1}/'
planted request 's/"seq":/"seq":0,"seq":/'
planted outcome 's/"spans":\[.*\]/"spans":[]/'
planted outcome 's/"reason":"[a-z]*"/"reason":"bad luck"/'
planted outcome 's/"agrees":[a-z]*/"agrees":0/'
planted outcome 's/"kind":"recovered"/"kind":"found"/'
planted phase 's/"phase":"[a-z]*"/"phase":"dreaming"/'
planted phase 's/}$/,"total":1}/'
planted commit 's/"bad_areas":[0-9]*/"bad_areas":0.5/'
planted end 's/"history":"[0-9a-f]*"/"history":"CAFE"/'
planted end 's/}$//'
checks=$((checks + $(wc -l <faulty)))
"$python" "$judge" --faulty "$schema" faulty >refused || fail "$(cat refused)"
says refused 'faulty 17'

# The page and the schema speak of the same: every field has its row, every word of the schema stands in the page.
"$python" - "$schema" >names <<-'EOF'
	import json, sys

	def walk(node):
	    if isinstance(node, dict):
	        for key, value in node.items():
	            if key == "properties":
	                for name in value:
	                    print("field", name)
	            if key == "enum":
	                for word in value:
	                    print("word", word)
	            walk(value)
	    elif isinstance(node, list):
	        for value in node:
	            walk(value)

	walk(json.load(open(sys.argv[1], encoding="utf-8")))
EOF
sort -u names | while read -r kind name; do
	case $kind in
	field) grep -qF "| \`$name\` |" "$page" ;;
	word) grep -qF "\`$name\`" "$page" ;;
	esac || echo "$kind $name"
done >missing
checks=$((checks + 1))
[ ! -s missing ] || fail "docs/events.md does not know: $(tr '\n' ' ' <missing)"
sed -n 's/^| `\([a-z_]*\)` |.*/\1/p' "$page" | sort -u | while read -r name; do
	grep -q "\"$name\"" "$schema" || echo "$name"
done >missing
[ ! -s missing ] || fail "the schema does not know: $(tr '\n' ' ' <missing)"
done_ok
