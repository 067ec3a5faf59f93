#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The resolver on worlds of real wheels: there is a choice exactly when an exhaustive search finds
# one, what is chosen holds, and it is pip's choice wherever pip does not go back.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

"$ROOT/tests/python/resolver-worlds" "$PWD/brute" "$RTBUILD" brute 500 >brute.out
is 'as the exhaustive search says' "$(sed '$d' brute.out)" ''
is 'many of either kind' "$(awk 'END { print ($3 >= 150), ($5 >= 100) }' brute.out)" '1 1'
"$ROOT/tests/python/resolver-worlds" "$PWD/pip" "$RTBUILD" pip 100 5000 >pip.out 2>noise
is 'as pip' "$(sed '$d' pip.out)" ''
is 'at least 100 worlds where pip does not go back' "$(awk 'END { print ($7 >= 100) }' pip.out)" 1
finish
