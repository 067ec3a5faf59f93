#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The shapes of Lithops' runtimes that are like another one's: see runtimes.sh.
PART=alike
# shellcheck source=tests/cli/runtimes.sh
. "$(dirname "$0")/runtimes.sh"
