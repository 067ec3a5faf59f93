# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# For tests that run others of tests/cli as somebody else, read behind lib.sh.
#
#   new_user NAME [USERADD-OPTION...]   an ordinary user with a home of its own, gone at the end
#   no_user                             whoever runs this, in a directory of its own
#       both set $user, $place (with tests/ and rtbuild in it, since this repository may be out of
#       the user's reach), as_user, and change there
#   suite NAME SCRIPT [VARIABLE=VALUE...]               one check: the tests of SCRIPT pass as the user
#   suite_without_mounts NAME SCRIPT [VARIABLE=VALUE...] ... where nothing can be mounted

fill_place() {
	mkdir -p "$place/tests/cli" "$place/tests/servers" "$place/tests/lithops" "$place/tmp"
	cp "$ROOT/tests/lib.sh" "$place/tests/"
	for script in run mounts containers lithops; do
		cp "$ROOT/tests/cli/$script.sh" "$place/tests/cli/"
	done
	cp "$ROOT/tests/lithops/argv" "$place/tests/lithops/"
	cp "$ROOT/tests/servers/registry" "$ROOT/tests/servers/make-certs" "$place/tests/servers/"
	cp "$RTBUILD" "$place/rtbuild"
	cp "$ROOT/tests/servers/without-mounts" "$place/"
	chmod -R a+rX "$place/tests" "$place/rtbuild" "$place/without-mounts"
	[ "$(id -u)" -ne 0 ] || chown -R "$user:" "$place"
	cd "$place" || exit 1
}

new_user() {
	user=$1
	place=$TMP/$1
	shift
	chmod 711 "$TMP"
	at_exit "userdel $user 2>/dev/null"
	useradd "$@" -m -d "$place" "$user" || server_missing 'the user' /dev/null
	as_user() { runuser -u "$user" -- env -u XDG_RUNTIME_DIR HOME="$place" "$@"; }
	fill_place
}

no_user() {
	user=$(id -un)
	place=$TMP/user
	as_user() { env "$@"; }
	fill_place
}

suite() {
	suite_name=$1 suite_script=$2
	shift 2
	as_user "$@" FIXTURES="$place/fixtures" RTBUILD="$place/rtbuild" TMPDIR="$place/tmp" \
		sh "$place/tests/cli/$suite_script"
	is "$suite_name: $suite_script" "$?" 0
}

suite_without_mounts() {
	suite_name=$1 suite_script=$2
	shift 2
	as_user "$@" RUN_MOUNTS=no FIXTURES="$place/fixtures" RTBUILD="$place/rtbuild" \
		TMPDIR="$place/tmp" "$place/without-mounts" sh "$place/tests/cli/$suite_script"
	is "$suite_name, nothing can be mounted: $suite_script" "$?" 0
}

ids_of() { grep -c "^$user:[0-9]*:[0-9]\{5,\}$" "$1"; }
