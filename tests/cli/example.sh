#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# example.sh PROGRAM: the example of examples/, built against the public headers alone, rescues a healthy source:
# a plain file, and that byte for byte. What damage does is shown elsewhere.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk 'BEGIN { for (i = 0; i < 40960; i++) printf "%07d of this file.......................\n", i }' | head -c 1638400 >"$work/source"
"$1" "$work/source" "$work/image"
cmp "$work/source" "$work/image"
