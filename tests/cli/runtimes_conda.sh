#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The Dockerfiles with conda among the shapes of Lithops' runtimes: see runtimes.sh.
PART=conda
# shellcheck source=tests/cli/runtimes.sh
. "$(dirname "$0")/runtimes.sh"
