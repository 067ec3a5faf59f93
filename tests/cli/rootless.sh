#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The tests of run.sh and mounts.sh as an ordinary user in a home and a store of its own: with
# subordinate ids, and with none, where everything belongs to one id. Run by an ordinary user it is
# that user, who then needs lines in /etc/subuid and /etc/subgid; what needs another user is root's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# A repository of its own with what the tests need: this one may be out of the user's reach.
fill_place() {
	mkdir -p "$place/tests/cli" "$place/tmp"
	cp "$ROOT/tests/lib.sh" "$place/tests/"
	cp "$ROOT/tests/cli/run.sh" "$ROOT/tests/cli/mounts.sh" "$place/tests/cli/"
	cp "$RTBUILD" "$place/rtbuild"
	chmod -R a+rX "$place/tests" "$place/rtbuild"
	[ "$(id -u)" -ne 0 ] || chown -R "$user:" "$place"
}

# new_user NAME [USERADD-OPTION...]: sets $user, $place and as_user.
new_user() {
	user=$1
	place=$TMP/$1
	shift
	chmod 711 "$TMP"
	at_exit "userdel $user 2>/dev/null"
	useradd "$@" -m -d "$place" "$user" || server_missing 'the user' /dev/null
	as_user() { runuser -u "$user" -- env -u XDG_RUNTIME_DIR HOME="$place" "$@"; }
}

# suite NAME SCRIPT [VARIABLE=VALUE...]
suite() {
	suite_name=$1 suite_script=$2
	shift 2
	as_user "$@" FIXTURES="$place/fixtures" RTBUILD="$place/rtbuild" TMPDIR="$place/tmp" \
		sh "$place/tests/cli/$suite_script"
	is "$suite_name: $suite_script" "$?" 0
}

ids_of() { grep -c "^$user:[0-9]*:[0-9]\{5,\}$" "$1"; }

# --- with subordinate ids ---

if [ "$(id -u)" -eq 0 ]; then
	new_user "rtbuild-test-$$"
else
	user=$(id -un)
	place=$TMP/user
	as_user() { env "$@"; }
fi
fill_place
cd "$place" || exit 1
is 'the user has subordinate ids' "$(ids_of /etc/subuid)$(ids_of /etc/subgid)" 11
# shellcheck disable=SC2016 # a script of its own
check 'it is no root' as_user sh -c '[ "$(id -u)" -ne 0 ]'
suite 'with subordinate ids' run.sh
suite 'with subordinate ids' mounts.sh

# Files of subordinate ids in its store do not keep anyone from removing it.
as_user RTBUILD_STORE="$place/store" "$place/rtbuild" build -q -t tiny:1 "$place"/fixtures/tiny-* >/dev/null
check 'run with its own store' as_user RTBUILD_STORE="$place/store" "$place/rtbuild" run tiny:1 chown 77:88 /etc/passwd
tries=0
while [ $tries -lt 20 ] && pgrep -u "$user" >/dev/null; do
	sleep 0.1
	tries=$((tries + 1))
done
is 'the process list is clean' "$(ps -u "$user" -o pid=,args= 2>/dev/null)" ''
check 'gc' as_user RTBUILD_STORE="$place/store" "$place/rtbuild" gc

# --- with one id ---

if [ "$(id -u)" -eq 0 ]; then
	new_user "rtbuild-one-$$" -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0
	fill_place
	cd "$place" || exit 1
	is 'the user has no subordinate ids' "$(ids_of /etc/subuid)$(ids_of /etc/subgid)" 00
	suite 'with one id' run.sh RUN_IDS=one
	suite 'with one id' mounts.sh RUN_IDS=one
fi
finish
