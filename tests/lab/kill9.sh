#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of the shipped program at seeded instants over the whole length of a rescue, a fourth of them aimed at the
# moments in which a map is being saved; up to three kills to a rescue. At every kill the map parses, claims nothing false
# and has lost nothing; taken up to the end, every image is the disc's. What kills and judges is killer.c.
#
#   COUNT=N   so many kills (1,000; with RESPIN_LONG 10,000)      CASE=N   one case alone
. "$(dirname "$0")/rig.sh"
rig_begin kill9
rig_helper killer

[ -n "${RESPIN_LONG:-}" ] && usual=10000 || usual=1000
"$truth" --make "$rig_seed" 1048576 >"$RIG/disc.iso"
mkdir "$RIG/files"
rig_run "$killer" "$RESPIN" "$RIG/files" "$RIG/disc.iso" "${COUNT:-$usual}" 4 "$rig_seed" ${CASE:-}
claim_is 'exit status of the killer' "$STATUS" 0
rig_end
