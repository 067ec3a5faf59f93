#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The tests of run.sh and mounts.sh where nothing can be mounted and no namespace be made
# (servers/without-mounts), as in an ordinary container: by root, and by users with and without
# subordinate ids. What another user is needed for is root's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/users.sh
. "$ROOT/tests/users.sh"

# shellcheck disable=SC2016 # a script of its own
fails 'mounting is refused there' "$ROOT/tests/servers/without-mounts" mount -t tmpfs none /mnt
fails 'a user namespace is' "$ROOT/tests/servers/without-mounts" unshare --user true
fails 'a mount namespace is' "$ROOT/tests/servers/without-mounts" unshare --mount true

# A container that may mount but masks part of /proc is given no /proc of its own: the one there is
# bound, and since it shows other processes the command has no process namespace either.
if [ "$(id -u)" -eq 0 ]; then
	need_tiny
	rtbuild build -q -t tiny:1 "$TINY" >/dev/null
	# shellcheck disable=SC2016 # a script of its own
	run unshare --mount sh -c 'mount -t tmpfs none /proc/fs && mount -t tmpfs none /proc/bus &&
		exec unshare --user --mount --map-root-user "$@"' - rtbuild run --verbose tiny:1 \
		sh -c 'ls -d /proc/$$ | grep -c "^/proc/$$\$"; sleep 301.'"$$"' & echo 1 >/proc/sys/vm/drop_caches || echo protected'
	is 'a masked /proc: the one there' "$(tr '\n' ' ' <"$out")" '1 protected '
	stderr_has 'no /proc of its own can be mounted'
	stderr_has 'built-in: probe ok'
	is 'a masked /proc: what is left running dies all the same' "$(pgrep -x -f "sleep 301.$$")$(leftovers)" ''
fi
no_user
suite_without_mounts "$user" run.sh
suite_without_mounts "$user" mounts.sh
if [ "$(id -u)" -eq 0 ]; then
	new_user "rtbuild-copy-$$"
	suite_without_mounts 'with subordinate ids' run.sh
	suite_without_mounts 'with subordinate ids' mounts.sh
	new_user "rtbuild-bare-$$" -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0
	suite_without_mounts 'with one id' run.sh RUN_IDS=one
	suite_without_mounts 'with one id' mounts.sh RUN_IDS=one
fi
finish
