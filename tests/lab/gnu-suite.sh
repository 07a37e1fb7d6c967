#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# GNU's own test suite for ddrescuelog, unchanged from Debian's source package, against "respin map" through a wrapper of
# three lines. The suite's other half tests ddrescue, and gets Debian's.
set -u
. "$(dirname "$0")/rig.sh"
rig_begin gnu-suite ddrescue apt-get
fail() { echo "$*"; exit 1; }

# The source package, found through Debian's index of sources and kept nowhere.
fetch() {
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	. /etc/os-release
	echo "deb-src [signed-by=$keys] http://deb.debian.org/debian ${VERSION_CODENAME:-stable} main" >sources.list
	mkdir -p lists/partial
	set -- -qq -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$PWD/lists"
	apt-get "$@" update && apt-get "$@" source --download-only gddrescue && tar -xf gddrescue_*.orig.tar.* --wildcards '*/testsuite/*'
}

fetch >fetch.log 2>&1 || rig_skip "Debian's source package gddrescue cannot be had"
suite=$(echo "$PWD"/*/testsuite)

mkdir run
cat >run/ddrescuelog <<EOT
#!/bin/sh
# GNU ddrescuelog's name for respin's map algebra
exec "$RESPIN" map "\$@"
EOT
chmod +x run/ddrescuelog
ln -s "$(command -v ddrescue)" run/ddrescue

# What a failure in its second half looks like: the line's number. There must be a second half.
count=$(awk '/^printf .*testing ddrescuelog/ { on = 1 } /^printf .*testing combined/ { on = 0 } on && /test_failed \$LINENO/ { n++ } END { print n + 0 }' "$suite/check.sh")
[ "$count" -gt 100 ] || fail "the suite has $count assertions about ddrescuelog: is it still the same suite?"
(cd run && sh "$suite/check.sh" "$suite" respin) >out 2>&1 || { cat out; fail "GNU's suite is not content"; }
grep -q 'tests completed successfully' out || { cat out; fail "GNU's suite did not end"; }

# It can fail: a program that says yes to everything is found out.
printf '#!/bin/sh\nexit 0\n' >run/ddrescuelog
(cd run && sh "$suite/check.sh" "$suite" nobody) >/dev/null 2>&1 && fail "GNU's suite takes anything"
echo "GNU's suite: $count of $count assertions about ddrescuelog"
