#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What `meson install` lays down is enough to build against: the example compiles and links with what pkg-config
# says, the program starts, and nothing lands outside the prefix.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

meson install -C "${RESPIN_BUILD:?}" --no-rebuild --destdir "$work/root" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cd "$work/root"
pc=$(find . -name respin.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
[ -z "$(find . -type f | grep -v "^\.$prefix/")" ]

export PKG_CONFIG_SYSROOT_DIR="$PWD" PKG_CONFIG_LIBDIR="${pc%/*}"
flags=
[ "$SANITIZE" = none ] || flags=-fsanitize=$SANITIZE
# The compiler and the flags are lists, to be split.
$CC -Wall -Werror $flags "$RESPIN_SOURCE/examples/rescue.c" -o "$work/rescue" $(pkg-config --cflags --libs respin)
LD_LIBRARY_PATH=$(dirname "$(find "$PWD" -name 'librespin.so.0')") ".$prefix/bin/respin" --version
