#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The defaults among the shapes of Lithops' runtimes: see runtimes.sh.
PART=default
# shellcheck source=tests/cli/runtimes.sh
. "$(dirname "$0")/runtimes.sh"
