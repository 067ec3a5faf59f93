# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# For black-box tests of the rtbuild program, read by `. "$(dirname "$0")/../lib.sh"`. Prints TAP.
#
#   check NAME CMD...       one check: CMD succeeds           fails NAME CMD...   CMD fails (any way)
#   exits CODE CMD...       one check: CMD exits with CODE
#   stdout_is TEXT          the last command printed exactly TEXT (and a newline)
#   stdout_has REGEX        ... a line that matches           stdout_empty        ... nothing
#   stderr_has REGEX, stderr_hasnt REGEX, stderr_empty
#   is NAME GOT WANTED      two texts are equal
#   run CMD...              no check; status in $status
#   eventually CMD...       no check: waits until CMD succeeds; wait_for FILE REGEX until a line matches, and prints it.
#       Nothing else of a test may depend on how fast the machine is
#   finish                  must be the last line: prints the plan and exits
#
# The last command's output is in the files $out and $err. Each test program has a directory of its
# own, $TMP (current at start, removed at the end), and in it HOME, RTBUILD_STORE, DOCKER_CONFIG.
# $ROOT is the repository, $RTBUILD the program under test, also found on PATH as rtbuild.
#
#   start_registry MODE [OPTION...]   MODE: plain htpasswd tls tls-htpasswd token
#       sets REGISTRY (127.0.0.1:PORT), REGISTRY_LOG, REGISTRY_DATA, REGISTRY_CA, REGISTRY_USER,
#       REGISTRY_PASSWORD, TOKEN_LOG, REGISTRY_PID; options: see servers/registry. Several may run.
#       Its user is $REGISTRY_LOGIN, or u; $TOKEN_OPTIONS are the token server's.
#   start_proxy ARG...                servers/proxy: sets PROXY (127.0.0.1:PORT), PROXY_LOG, PROXY_PID
#   start_scripted [tls] [SCRIPT]     servers/scripted: a registry of ours that plays faults by SCRIPT, lines of
#       `METHODS PATTERN WHEN ACTION[=VALUE]...` (its script.c lists them); sets REGISTRY, OTHER (its second
#       port), REGISTRY_LOG, REGISTRY_CA, REGISTRY_PID, REGISTRY_HEADERS (headers of every request);
#       its certificate is for $SCRIPTED_NAMES too
#   script SCRIPT                     another script from now on, for the last one started
#   mark=$(requests_mark)             where the access log of the last registry ends now
#   requests_since MARK               its requests since then, as lines `METHOD PATH STATUS`
#   count_requests MARK REGEX         how many of these match
#   start_delay MS HOST:PORT          servers/delay: that server a round trip of MS farther away, at $DELAYED
#   start_gate BYTES HOST:PORT        servers/gate: that server at $GATE, until its clients have sent BYTES; then
#       nothing of theirs gets through (a line `closed` in $GATE_LOG) until `kill -USR1 $GATE_PID` opens it for
#       good (a line `open`); the file $GATE_TARGET may name another HOST:PORT
#   stop_server PID                   ended before the test's end
#   start_web DIR [CERTIFICATE KEY]   files of DIR, git repositories of DIR/git: servers/web;
#       sets WEB (its URL), WEB_LOG (lines `METHOD TARGET STATUS AUTHORIZATION`), WEB_PID
#   start_pypi DIR                    a package index over the folders of DIR: servers/pypi; sets PYPI, PYPI_OTHER
#       (URLs of its two origins), PYPI_LOG, PYPI_PID
#   at_exit CMD                       run (by eval) when the test ends, before $TMP is removed
#
#   need_tiny                         $TINY: a context (rootfs.tar, Dockerfile) of a shell and its tools
#   need_wheels                       $WHEELS: the wheels of examples/, also in RTBUILD_FIND_LINKS
#   need_wheels_arm64                 $WHEELS_ARM64: about 100 wheels of Debian's packages for arm64, 28 of them
#       native, with the stand-ins; and python_arm64 ARG... runs Debian's arm64 Python, under qemu
#   need_all_wheels                   $ALL_WHEELS: these and the same for amd64 in one directory
#   need_base                         python:3.11-slim-bookworm of examples/base is in the store
#   need_runtime                      that, and aws_lambda's runtime as fixture/aws_lambda:1
#       made once for all tests that ask (below build/fixtures) and again when what they are made of
#       changes; must be asked for before the store has anything of its own
#
#   manifest NAME, config NAME        documents of an image of the store, as JSON, read without rtbuild
#   layer NAME N                      the file of its layer N (1 is the lowest, -1 the top)
#   members FILE                      of a layer: lines `MODE UID/GID PATH[ -> LINK]` in order
#   files NAME                        of all its layers, sorted, each line once
#   sanitized                         the program is built with AddressSanitizer: sizes mean nothing
#   leftovers                         mounts, processes and work files of $TMP's stores; nothing is right
#   only_work_left                    after SIGKILL: nothing runs or is mounted
set -u
export LC_ALL=C.UTF-8
umask 022

test_dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
ROOT=${test_dir%/tests*}
RTBUILD=${RTBUILD:-$ROOT/build/release/rtbuild}
SCRIPTED=${SCRIPTED:-$ROOT/build/release/tests/servers/scripted/scripted}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/rtbuild-test.XXXXXX")
servers='' exit_commands='' checks=0 failures=0 status=0 finished='' last_command=''
out=$TMP/.out err=$TMP/.err
HOME=$TMP/home
RTBUILD_STORE=$TMP/store
DOCKER_CONFIG=$TMP/docker
export RTBUILD HOME RTBUILD_STORE DOCKER_CONFIG
mkdir "$HOME" "$DOCKER_CONFIG" "$TMP/.bin"
ln -s "$RTBUILD" "$TMP/.bin/rtbuild"
PATH=$TMP/.bin:$PATH
# Nothing of the caller's may change what is tested.
unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_CACHE_HOME REGISTRY_AUTH_FILE \
	SOURCE_DATE_EPOCH RTBUILD_FIND_LINKS LITHOPS_CONFIG LITHOPS_CONFIG_FILE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY \
	all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE \
	CONTAINERS_REGISTRIES_CONF GOOGLE_APPLICATION_CREDENTIALS CLOUDSDK_CONFIG GCE_METADATA_HOST \
	PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX NETRC \
	DOCKER_AUTH_CONFIG IDENTITY_ENDPOINT IDENTITY_HEADER CI NO_COLOR COLUMNS
for variable in $(env | sed -n 's/^\(\(AWS\|AZURE\)_[A-Z0-9_]*\)=.*/\1/p'); do
	unset "$variable"
done
: >"$out"
: >"$err"

test_cleanup() {
	eval "$exit_commands"
	for pid in $servers; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	cd / || :
	# Unpacked trees may hold directories without write permission.
	chmod -R u+rwX "$TMP" 2>/dev/null
	rm -rf "$TMP"
	[ -n "$finished" ] || echo "Bail out! the test ended before its last line"
}
at_exit() { exit_commands="$*
$exit_commands"; }
trap test_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$TMP" || exit 1

# --- checks -----------------------------------------------------------------------------------

pass() {
	checks=$((checks + 1))
	printf 'ok %d - %s\n' "$checks" "$1"
}

# fail NAME [WHY...]: each further argument is one line of explanation.
fail() {
	checks=$((checks + 1)) failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$checks" "$1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
	printf '#   command: %s\n#   status:  %s\n' "$last_command" "$status"
	tail -n 15 "$out" | sed 's/^/#   stdout: /'
	tail -n 15 "$err" | sed 's/^/#   stderr: /'
}

# The command in a name of a check, without what differs from run to run.
spoken() {
	printf '%s\n' "$*" | sed -e "s,$TMP/,,g" -e "s,$TMP,.,g" \
		-e 's,127\.0\.0\.1:[0-9]*,REGISTRY,g' | tr '\n' ' ' | sed 's/ $//'
}

run() {
	last_command=$(spoken "$@")
	status=0
	"$@" >"$out" 2>"$err" || status=$?
}

check() {
	check_name=$1
	shift
	run "$@"
	if [ "$status" -eq 0 ]; then pass "$check_name"; else fail "$check_name"; fi
}

fails() {
	check_name=$1
	shift
	run "$@"
	# Death by a signal is no answer.
	if [ "$status" -gt 0 ] && [ "$status" -lt 128 ]; then pass "$check_name"; else fail "$check_name"; fi
}

exits() {
	check_code=$1
	shift
	run "$@"
	if [ "$status" -eq "$check_code" ]; then
		pass "exit $check_code: $last_command"
	else
		fail "exit $check_code: $last_command" "exited with $status"
	fi
}

is() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi
}

stdout_is() {
	if [ "$(cat "$out")" = "$1" ]; then
		pass "prints: $(spoken "$1")"
	else
		fail "prints: $(spoken "$1")" "wanted on stdout: $1"
	fi
}

# file_has WHERE FILE REGEX
file_has() {
	if grep -Eq -- "$3" "$2"; then pass "$1 has: $(spoken "$3")"; else fail "$1 has: $(spoken "$3")"; fi
}

file_hasnt() {
	if grep -Eq -- "$3" "$2"; then fail "$1 has no: $(spoken "$3")"; else pass "$1 has no: $(spoken "$3")"; fi
}

file_empty() {
	if [ -s "$2" ]; then fail "$1 is empty"; else pass "$1 is empty"; fi
}

stdout_has() { file_has stdout "$out" "$1"; }
stdout_hasnt() { file_hasnt stdout "$out" "$1"; }
stdout_empty() { file_empty stdout "$out"; }
stderr_has() { file_has stderr "$err" "$1"; }
stderr_hasnt() { file_hasnt stderr "$err" "$1"; }
stderr_empty() { file_empty stderr "$err"; }

finish() {
	echo "1..$checks"
	finished=yes
	[ "$failures" -eq 0 ]
	exit
}

# --- servers ----------------------------------------------------------------------------------

# A server the test cannot do without did not start: say why and stop.
server_missing() {
	echo "# $1 did not start:"
	sed 's/^/#   /' "$2" | tail -n 10
	exit 1
}

# eventually CMD...: until CMD succeeds; false after five minutes and more. What is waited for comes, however slow the
# machine: only a test that fails anyway gets to the end.
eventually() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		[ "$tries" -lt 3000 ] || return 1
		sleep 0.1
		tries=$((tries + 1))
	done
}

# wait_for FILE REGEX [PID]: until a line of FILE matches; prints the first one that does. False when
# the process that should write it is gone.
wait_for() {
	tries=0
	until grep -Es -m 1 -- "$2" "$1"; do
		[ "$tries" -lt 3000 ] || return 1
		if [ -n "${3-}" ] && ! kill -0 "$3" 2>/dev/null; then
			grep -Es -m 1 -- "$2" "$1"
			return
		fi
		sleep 0.1
		tries=$((tries + 1))
	done
}

start_token_server() {
	token_dir=$1
	mkdir -p "$token_dir"
	"$ROOT/tests/servers/make-certs" "$token_dir"
	# shellcheck disable=SC2086 # options are words
	"$ROOT/tests/servers/token-server" "$token_dir" "$REGISTRY_USER" "$REGISTRY_PASSWORD" ${TOKEN_OPTIONS-} \
		>>"$token_dir/access.log" 2>"$token_dir/error.log" &
	servers="$servers $!"
	TOKEN_LOG=$token_dir/access.log
	TOKEN_SERVER=$(wait_for "$token_dir/error.log" 'listening on' $!) ||
		server_missing 'the token server' "$token_dir/error.log"
	TOKEN_SERVER=http://${TOKEN_SERVER##* }
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_delay() {
	delay_log=$(mktemp "$TMP/delay.XXXXXX")
	"$ROOT/tests/servers/delay" "$1" "$2" 2>"$delay_log" &
	servers="$servers $!"
	DELAYED=$(wait_for "$delay_log" 'listening on' $!) || server_missing 'the delay proxy' "$delay_log"
	DELAYED=${DELAYED##* }
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_gate() {
	GATE_LOG=$(mktemp "$TMP/gate.XXXXXX")
	GATE_TARGET=$GATE_LOG.target
	echo "$2" >"$GATE_TARGET"
	"$ROOT/tests/servers/gate" "$1" "$GATE_TARGET" 2>"$GATE_LOG" &
	GATE_PID=$!
	servers="$servers $GATE_PID"
	GATE=$(wait_for "$GATE_LOG" 'listening on' $!) || server_missing 'the gate' "$GATE_LOG"
	GATE=${GATE##* }
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_registry() {
	registry_mode=$1
	shift
	REGISTRY_USER=${REGISTRY_LOGIN:-u}
	REGISTRY_PASSWORD="p\$ss w:rd"
	TOKEN_SERVER='' TOKEN_LOG=''
	registry_dir=$(mktemp -d "$TMP/registry.XXXXXX")
	if [ "$registry_mode" = token ]; then
		start_token_server "$registry_dir/token"
	fi
	REGISTRY_USER=$REGISTRY_USER REGISTRY_PASSWORD=$REGISTRY_PASSWORD TOKEN_SERVER=$TOKEN_SERVER \
		"$ROOT/tests/servers/registry" "$registry_dir" "$registry_mode" "$@" \
		>>"$registry_dir/access.log" 2>"$registry_dir/error.log" &
	REGISTRY_PID=$!
	servers="$servers $REGISTRY_PID"
	REGISTRY_LOG=$registry_dir/access.log
	REGISTRY_DATA=$registry_dir/data
	REGISTRY_CA=$registry_dir/ca.crt
	listening=$(wait_for "$registry_dir/error.log" 'listening on 127' $!) ||
		server_missing 'the registry' "$registry_dir/error.log"
	REGISTRY=$(printf '%s\n' "$listening" | sed 's/.*listening on \(127[0-9.]*:[0-9]*\).*/\1/')
	echo "$REGISTRY_PID $(sockets_of "$REGISTRY_PID")" >"$registry_dir/idle"
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_scripted() {
	registry_dir=$(mktemp -d "$TMP/scripted.XXXXXX")
	REGISTRY_LOG=$registry_dir/access.log
	REGISTRY_HEADERS=$registry_dir/headers.log
	REGISTRY_CA=$registry_dir/ca.crt
	SCRIPT_URL=http
	: >"$REGISTRY_HEADERS"
	if [ "${1-}" = tls ]; then
		shift
		# shellcheck disable=SC2086 # names are words
		"$ROOT/tests/servers/make-certs" "$registry_dir" ${SCRIPTED_NAMES-}
		SCRIPT_URL=https
		set -- --tls "$registry_dir" "$@"
	fi
	"$SCRIPTED" --headers "$REGISTRY_HEADERS" "$@" >>"$REGISTRY_LOG" 2>"$registry_dir/error.log" &
	REGISTRY_PID=$!
	servers="$servers $REGISTRY_PID"
	listening=$(wait_for "$registry_dir/error.log" 'listening on' $!) ||
		server_missing 'the scripted registry' "$registry_dir/error.log"
	REGISTRY=$(printf '%s\n' "$listening" | cut -d ' ' -f 3)
	OTHER=$(printf '%s\n' "$listening" | cut -d ' ' -f 5)
	SCRIPT_URL=$SCRIPT_URL://$REGISTRY/script
	echo "$REGISTRY_PID $(sockets_of "$REGISTRY_PID")" >"$registry_dir/idle"
}

script() {
	curl -sfk -X PUT --data-binary "$1" "$SCRIPT_URL" >"$TMP/.script" ||
		server_missing 'the new script' "$TMP/.script"
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_web() {
	WEB_LOG=$(mktemp "$TMP/web.XXXXXX")
	"$ROOT/tests/servers/web" "$@" >>"$WEB_LOG" 2>"$WEB_LOG.error" &
	WEB_PID=$!
	servers="$servers $WEB_PID"
	WEB=$(wait_for "$WEB_LOG.error" 'listening on' $!) || server_missing 'the web server' "$WEB_LOG.error"
	WEB=${WEB##* }
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_pypi() {
	PYPI_LOG=$(mktemp "$TMP/pypi.XXXXXX")
	"$ROOT/tests/servers/pypi" "$@" >>"$PYPI_LOG" 2>"$PYPI_LOG.error" &
	PYPI_PID=$!
	servers="$servers $PYPI_PID"
	PYPI=$(wait_for "$PYPI_LOG.error" 'listening on' $!) || server_missing 'the package index' "$PYPI_LOG.error"
	PYPI_OTHER=${PYPI##* }
	PYPI=${PYPI#listening on }
	PYPI=${PYPI%% *}
}

# The variables are for the tests.
# shellcheck disable=SC2034
start_proxy() {
	proxy_dir=$(mktemp -d "$TMP/proxy.XXXXXX")
	"$ROOT/tests/servers/proxy" "$@" >>"$proxy_dir/access.log" 2>"$proxy_dir/error.log" &
	PROXY_PID=$!
	servers="$servers $PROXY_PID"
	PROXY_LOG=$proxy_dir/access.log
	PROXY=$(wait_for "$proxy_dir/error.log" 'listening on' $!) ||
		server_missing 'the proxy' "$proxy_dir/error.log"
	PROXY=${PROXY##* }
}

stop_server() {
	kill "$1" && wait "$1" 2>/dev/null
	servers=$(printf '%s\n' "$servers" | sed "s/ $1\$//; s/ $1 / /")
}

# sockets_of PID: how many it has open
sockets_of() { find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | wc -l; }

# A reply may reach its client before its line reaches the log. But a server closes a connection only when it is
# done with it, and rtbuild's end with it: wait until the registry has no more sockets than at its start. A
# connection that somebody keeps open is not waited for when the log rests.
requests_settle() {
	read -r settle_pid settle_idle <"${REGISTRY_LOG%/*}/idle" || return
	settle_size=-1 tries=0
	while [ "$(sockets_of "$settle_pid")" -gt "$settle_idle" ] && [ "$tries" -lt 20 ]; do
		sleep 0.05
		tries=$((tries + 1))
		[ "$(wc -c <"$REGISTRY_LOG")" = "$settle_size" ] || tries=0
		settle_size=$(wc -c <"$REGISTRY_LOG")
	done
}

requests_mark() {
	requests_settle
	wc -l <"$REGISTRY_LOG"
}

# 127.0.0.1 - - [date zone] "GET /v2/ HTTP/1.1" 200 2 "" "agent"
requests_since() {
	requests_settle
	sed "1,$1d" "$REGISTRY_LOG" | sed -n 's/^[^"]*"\([A-Z]* [^ ]*\) [^"]*" \([0-9]*\) .*/\1 \2/p'
}

count_requests() { requests_since "$1" | grep -Ec -- "$2"; }

# --- fixtures ---------------------------------------------------------------------------------

FIXTURES=${FIXTURES:-$ROOT/build/fixtures}

# fixture NAME KEY MAKER...: sets $fixture to a directory that MAKER filled, its last argument. It is
# made once for each KEY; other tests wait. What nobody used for an hour under another key goes.
fixture() {
	fixture=$FIXTURES/$1-$(printf '%s' "$2" | sha256sum | cut -c 1-16)
	fixture_name=$1
	shift 2
	mkdir -p "$FIXTURES"
	(
		flock 9
		if [ ! -e "$fixture" ]; then
			find "$FIXTURES" -maxdepth 1 -name "$fixture_name-*" -mmin +60 -exec rm -rf {} +
			rm -rf "$fixture.new"
			mkdir "$fixture.new"
			"$@" "$fixture.new" >"$TMP/.fixture" 2>&1 || exit 1
			mv "$fixture.new" "$fixture"
		fi
		touch "$fixture"
	) 9>"$FIXTURES/.$fixture_name.lock" || server_missing "the fixture $fixture_name" "$TMP/.fixture"
}

# The programs and the libraries these need, users to look up, and nothing else: 6 MB.
make_tiny() {
	mkdir -p "$1/root/usr/bin" "$1/root/usr/lib" "$1/root/usr/lib64" "$1/root/etc" \
		"$1/root/root" "$1/root/home/worker" "$1/root/tmp" "$1/root/var/tmp" || return
	ln -s usr/bin "$1/root/bin"
	ln -s usr/lib "$1/root/lib"
	ln -s usr/lib64 "$1/root/lib64"
	for program in dash cat chgrp chmod chown cp cut dd echo env expr false find grep head id ln ls \
		mkdir mkfifo mktemp mv nproc pwd readlink realpath rm rmdir sed seq sha256sum sleep sort \
		stat tail tee touch tr true uname wc; do
		cp "/usr/bin/$program" "$1/root/usr/bin/" || return
		ldd "/usr/bin/$program" | sed -n 's,.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p'
	done | sort -u | while read -r library; do
		mkdir -p "$1/root$(dirname "$library")"
		cp -L "$library" "$1/root$library"
	done
	ln -s dash "$1/root/usr/bin/sh"
	cat >"$1/root/etc/passwd" <<-'END'
		root:x:0:0:root:/root:/bin/sh
		bin:x:2:3:bin:/bin:/bin/sh
		worker:x:1234:1235:a worker:/home/worker:/bin/sh
	END
	printf '%s\n' 'root:x:0:' 'sys:x:3:' 'worker:x:1235:' 'extra:x:77:root,worker' >"$1/root/etc/group"
	chmod 1777 "$1/root/tmp" "$1/root/var/tmp"
	chmod 700 "$1/root/root"
	tar --sort=name --mtime=@315532800 --numeric-owner --owner=0 --group=0 --format=gnu \
		-C "$1/root" -cf "$1/rootfs.tar" . || return
	rm -r "$1/root"
	printf 'FROM scratch\nADD rootfs.tar /\nENV PATH=/usr/bin\n' >"$1/Dockerfile"
}

# The variables are for the tests.
# shellcheck disable=SC2034
need_tiny() {
	fixture tiny "$(dpkg-query -W dash coreutils findutils grep sed libc6) $(sha256sum "$ROOT/tests/lib.sh")" \
		make_tiny
	TINY=$fixture
}

# What wheels and base image are made of.
examples_key() {
	dpkg-query -W 2>/dev/null
	find "$ROOT/examples" -type f ! -name '*.pyc' -exec sha256sum {} + | sort
}

need_wheels() {
	fixture wheels "$(examples_key)" "$ROOT/examples/wheels/make-wheels"
	WHEELS=$fixture
	RTBUILD_FIND_LINKS=$WHEELS
	export RTBUILD_FIND_LINKS
}

# Debian's packages of another architecture come from the mirror: 75 MB, once.
make_debian() {
	"$ROOT/tests/wheels/make-debian" "$1" "$2/root" &&
		"$ROOT/examples/wheels/make-wheels" --root "$2/root" "$2/wheels" || return
	# The interpreter stays, with nothing beside its standard library.
	rm -r "$2/root/usr/lib/python3/dist-packages" "$2/root/usr/share" "$2/root/var"
}

need_debian() {
	fixture "debian-$1" "$(find "$ROOT/examples" "$ROOT/tests/wheels" -type f ! -name '*.pyc' -exec sha256sum {} + |
		sort)" make_debian "$1"
}

# The variables are for the tests.
# shellcheck disable=SC2034
need_wheels_arm64() {
	need_debian arm64
	WHEELS_ARM64=$fixture/wheels
	PYTHON_ARM64=$fixture/root
}

python_arm64() { qemu-aarch64-static -L "$PYTHON_ARM64" "$PYTHON_ARM64/usr/bin/python3.11" "$@"; }

make_all_wheels() { ln "$1"/wheels/*.whl "$2"/wheels/*_x86_64.whl "$3/"; }

# The variables are for the tests.
# shellcheck disable=SC2034
need_all_wheels() {
	need_wheels_arm64
	arm64_wheels=$fixture
	need_debian amd64
	fixture all-wheels "$arm64_wheels $fixture" make_all_wheels "$arm64_wheels" "$fixture"
	ALL_WHEELS=$fixture
}

make_base_store() {
	"$RTBUILD" build --store "$2/store" -t python:3.11-slim-bookworm "$1"
}

need_base() {
	fixture base "$(examples_key)" "$ROOT/examples/base/make-base"
	BASE=$fixture
	fixture base-store "$BASE $(sha256sum <"$RTBUILD")" make_base_store "$BASE"
	mkdir -p "$RTBUILD_STORE"
	cp -R --reflink=auto "$fixture/store/." "$RTBUILD_STORE/"
}

make_runtime_store() {
	cp -R --reflink=auto "$1/store" "$3/store" &&
		"$RTBUILD" build --store "$3/store" --backend aws_lambda --find-links "$2" -t fixture/aws_lambda:1
}

need_runtime() {
	need_wheels
	fixture base "$(examples_key)" "$ROOT/examples/base/make-base"
	BASE=$fixture
	fixture base-store "$BASE $(sha256sum <"$RTBUILD")" make_base_store "$BASE"
	fixture runtime-store "$fixture $WHEELS" make_runtime_store "$fixture" "$WHEELS"
	mkdir -p "$RTBUILD_STORE"
	cp -R --reflink=auto "$fixture/store/." "$RTBUILD_STORE/"
}

# --- what is in the store, read without rtbuild -------------------------------------------------

blob() { printf '%s/blobs/%s' "$RTBUILD_STORE" "$(printf '%s' "$1" | tr : /)"; }

# The name as index.json has it.
full_name() {
	case $1 in
	*[.:]*/* | localhost/*) printf '%s\n' "$1" ;;
	*/*) printf 'docker.io/%s\n' "$1" ;;
	*) printf 'docker.io/library/%s\n' "$1" ;;
	esac
}

# shellcheck disable=SC2016 # the program is jq's
digest_of() {
	jq -r --arg name "$(full_name "$1")" '.manifests[] |
		select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest' \
		"$RTBUILD_STORE/index.json"
}

manifest() { cat "$(blob "$(digest_of "$1")")"; }
config() { cat "$(blob "$(manifest "$1" | jq -r .config.digest)")"; }

layer() {
	layer_index=$2
	[ "$2" -lt 0 ] || layer_index=$(($2 - 1))
	blob "$(manifest "$1" | jq -r ".layers[$layer_index].digest")"
}

members() {
	TZ=UTC tar --numeric-owner --quoting-style=escape -tvf "$1" |
		sed -E 's,^([^ ]+) +([0-9]+/[0-9]+) +[^ ]+ [^ ]+ [^ ]+ (\./)?,\1 \2 ,'
}

# shellcheck disable=SC2094
files() {
	for digest in $(manifest "$1" | jq -r '.layers[].digest'); do
		members "$(blob "$digest")"
	done | sort -u -k 3
}

sanitized() { grep -qaF __asan_init "$RTBUILD"; }

leftovers() {
	grep -F "$TMP" /proc/self/mountinfo
	grep -lsF "$TMP" /proc/[0-9]*/mountinfo
	find "$TMP" -path '*/cache/work' -prune -exec find {} -mindepth 1 -maxdepth 1 \;
}

# Nothing of $TMP's stores runs or is mounted; work of the dead is swept by the next command.
only_work_left() { ! leftovers | grep -qv /cache/work; }
