#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Requirements files, read as pip reads them: 400 of them made at random from pieces that meet every
# rule of its parser, but for the reasons listed in tests/python/requirements-compare.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir files
"$ROOT/tests/python/requirements-compare" "$PWD/files" "$RTBUILD" >compared 2>noise
is 'every difference has its reason' "$(sed '$d' compared)" ''
is 'at least 200 files are read alike' "$(awk 'END { print ($3 >= 200) }' compared)" 1
is 'at least 50 are refused by both' "$(awk 'END { print ($5 >= 50) }' compared)" 1
finish
