#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The tests of run.sh, mounts.sh, containers.sh and lithops.sh as an ordinary user in a home and a store of its own: with
# subordinate ids, and with none, where everything belongs to one id. Run by an ordinary user it is
# that user, who then needs lines in /etc/subuid and /etc/subgid; what needs another user is root's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/users.sh
. "$ROOT/tests/users.sh"

# --- with subordinate ids ---

if [ "$(id -u)" -eq 0 ]; then
	new_user "rtbuild-test-$$"
else
	no_user
fi
is 'the user has subordinate ids' "$(ids_of /etc/subuid)$(ids_of /etc/subgid)" 11
# shellcheck disable=SC2016 # a script of its own
check 'it is no root' as_user sh -c '[ "$(id -u)" -ne 0 ]'
suite 'with subordinate ids' run.sh
suite 'with subordinate ids' mounts.sh
suite 'with subordinate ids' containers.sh
suite 'with subordinate ids' lithops.sh

# Files of subordinate ids in its store do not keep anyone from removing it.
as_user RTBUILD_STORE="$place/store" "$place/rtbuild" build -q -t tiny:1 "$place"/fixtures/tiny-* >/dev/null
check 'run with its own store' as_user RTBUILD_STORE="$place/store" "$place/rtbuild" run tiny:1 chown 77:88 /etc/passwd
nobody_left() { ! pgrep -u "$user"; }
eventually nobody_left
is 'the process list is clean' "$(ps -u "$user" -o pid=,args= 2>/dev/null)" ''
check 'gc' as_user RTBUILD_STORE="$place/store" "$place/rtbuild" gc
as_user RTBUILD_STORE="$place/store" "$place/rtbuild" rmi tiny:1 >/dev/null
check 'gc of trees that belong to subordinate ids' as_user RTBUILD_STORE="$place/store" "$place/rtbuild" gc --unused 0
is 'gc: no tree is left' "$(find "$place/store/cache/trees/userns" -mindepth 1 -maxdepth 1 -type d)" ''

# --- with one id ---

if [ "$(id -u)" -eq 0 ]; then
	new_user "rtbuild-one-$$" -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0
	is 'the user has no subordinate ids' "$(ids_of /etc/subuid)$(ids_of /etc/subgid)" 00
	suite 'with one id' run.sh RUN_IDS=one
	suite 'with one id' mounts.sh RUN_IDS=one
	suite 'with one id' containers.sh RUN_IDS=one
	suite 'with one id' lithops.sh
fi
finish
