#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The tests of run.sh as an ordinary user with subordinate ids, in a home and a store of its own.
# Run by an ordinary user it is that user, who then needs lines in /etc/subuid and /etc/subgid.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

if [ "$(id -u)" -eq 0 ]; then
	user=rtbuild-test-$$
	chmod 711 "$TMP"
	at_exit "userdel $user 2>/dev/null"
	useradd -m -d "$TMP/user" "$user" || server_missing 'the user' /dev/null
	as_user() { runuser -u "$user" -- env -u XDG_RUNTIME_DIR HOME="$TMP/user" "$@"; }
	place=$TMP/user
else
	user=$(id -un)
	as_user() { env "$@"; }
	mkdir user
	place=$TMP/user
fi
is 'the user has subordinate ids' \
	"$(grep -c "^$user:[0-9]*:[0-9]\{5,\}$" /etc/subuid)$(grep -c "^$user:[0-9]*:[0-9]\{5,\}$" /etc/subgid)" 11

# A repository of its own with what the test needs: this one may be out of its reach.
mkdir "$place/tests" "$place/tests/cli" "$place/tmp"
cp "$ROOT/tests/lib.sh" "$place/tests/"
cp "$ROOT/tests/cli/run.sh" "$place/tests/cli/"
cp "$RTBUILD" "$place/rtbuild"
chmod -R a+rX "$place/tests" "$place/rtbuild"
[ "$(id -u)" -ne 0 ] || chown -R "$user:" "$place"

# shellcheck disable=SC2016 # a script of its own
check 'it is no root' as_user sh -c '[ "$(id -u)" -ne 0 ]'
cd "$place" || exit 1
as_user FIXTURES="$place/fixtures" RTBUILD="$place/rtbuild" TMPDIR="$place/tmp" \
	sh "$place/tests/cli/run.sh"
is 'the tests of run.sh as an ordinary user' "$?" 0

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
finish
