#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# replay.sh CRASH: a planted bug is found, and the line that it prints shows it again, 100 of 100 times.
set -u
crash=$1
line=$(RESPIN_PLANT=image-unsynced RESPIN_CRASH=first "$crash" | sed -n 's/^REPLAY: //p') || exit 1
case $line in RESPIN_CASE=*RESPIN_PLANT=*) ;; *) echo "no REPLAY line: '$line'"; exit 1 ;; esac
found=$(printf '%s\n' "$line" | sed "s/^RESPIN_CASE='\([^']*\)'.*/\1/")
export RESPIN_CASE="$found" RESPIN_PLANT=image-unsynced

first=$("$crash")
[ $? -eq 1 ] || { echo "the replay finds nothing wrong"; exit 1; }
for words in 'offset .* length' 'persisted' '^S[126]:'; do
	printf '%s\n' "$first" | grep -q -e "$words" || { echo "the replay does not show '$words'"; exit 1; }
done
same=0
while [ $same -lt 100 ]; do
	again=$("$crash")
	[ $? -eq 1 ] && [ "$again" = "$first" ] || { echo "replay $same differs"; exit 1; }
	same=$((same + 1))
done
unset RESPIN_PLANT
"$crash" >/dev/null # 0, or 2: with the sync there is no such moment
[ $? -ne 1 ] || { echo "without the planted bug the case is wrong, too"; exit 1; }
printf '%s\n' "$first" | tail -n 3
echo "replayed $same of 100 times"
