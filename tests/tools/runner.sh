#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Tests the test tools themselves: what tests/run counts, and the servers of tests/lib.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# program NAME: a test program from stdin.
program() {
	{ echo '#!/bin/sh' && cat; } >"$1"
	chmod +x "$1"
}

# The summary of tests/run over some of them; T and JOBS of the caller do not count.
tests_run() { env -u T -u JOBS LOGS="$TMP/logs" "$ROOT/tests/run" "$@"; }

program good <<'END'
printf '1..2\nok 1 - a\nok 2 - b\n'
END
program bad <<'END'
printf '1..2\nok 1 - a\nnot ok 2 - b\n# because\n'; exit 1
END
program skips <<'END'
printf '1..2\nok 1 - a\nok 2 # SKIP no server\n'
END
program dies <<'END'
printf '1..1\nok 1 - a\n'; kill -SEGV $$
END
program early <<'END'
printf 'ok 1 - a\n'
END
program short <<'END'
printf '1..3\nok 1 - a\nok 2 - b\n'
END
program slow <<'END'
printf '1..1\n'; sleep 20
END
program leaves <<'END'
touch "$TMPDIR/file"; sleep 100000 & printf '1..1\nok 1 - a\n'
END

check 'all good' tests_run "$TMP/good"
is 'last line, all good' "$(tail -n 1 "$out")" '2 passed, 0 failed'
exits 1 tests_run "$TMP/good" "$TMP/bad"
is 'last line, one bad' "$(tail -n 1 "$out")" '3 passed, 1 failed'
stdout_has '^not ok 2 - b'
stdout_has '^# because'
exits 1 tests_run "$TMP/skips"
is 'a skip is a failure' "$(tail -n 1 "$out")" '1 passed, 1 failed'
exits 1 tests_run "$TMP/dies"
is 'a crash is a failure' "$(tail -n 1 "$out")" '1 passed, 1 failed'
stdout_has 'ended with status'
exits 1 tests_run "$TMP/early"
is 'no plan is a failure' "$(tail -n 1 "$out")" '1 passed, 1 failed'
exits 1 tests_run "$TMP/short"
is 'a missing check is a failure' "$(tail -n 1 "$out")" '2 passed, 1 failed'
exits 1 tests_run "$TMP/leaves"
is 'what is left behind is a failure' "$(tail -n 1 "$out")" '1 passed, 2 failed'
stdout_has '^left behind: process [0-9]+ sleep 100000 $'
stdout_has '^left behind: file$'
exits 1 env TEST_TIMEOUT=1 LOGS="$TMP/logs" "$ROOT/tests/run" "$TMP/slow"
stdout_has 'ran out of time'
exits 1 env LOGS="$TMP/logs" T=nosuch "$ROOT/tests/run" "$TMP/good"
exits 1 tests_run

# --- checks of lib.sh, in tests of their own ---

cat >lib-test.sh <<END
#!/bin/sh
. "$ROOT/tests/lib.sh"
check 'true' true
exits 3 sh -c 'echo out; echo err >&2; exit 3'
stdout_is out
stderr_has '^err\$'
END
sed 's/^check .*/check false false/; $a finish' lib-test.sh >lib-fails.sh
cp lib-test.sh lib-unfinished.sh
echo finish >>lib-test.sh
chmod +x lib-test.sh lib-fails.sh lib-unfinished.sh
check 'lib.sh: a test that passes' ./lib-test.sh
stdout_has '^1\.\.4$'
exits 1 ./lib-fails.sh
stdout_has '^not ok 1 - false'
run tests_run "$TMP/lib-unfinished.sh"
is 'lib.sh: a test that stops early' "$(tail -n 1 "$out")" '4 passed, 1 failed'
stdout_has 'ended early'

# --- servers ---

# Status of a GET of the last registry, with curl options.
get() {
	path=$1
	shift
	curl -s -o body -w '%{http_code} %{http_version}' "$@" "$path"
}

start_registry plain
is 'plain registry' "$(get "http://$REGISTRY/v2/")" '200 1.1'
mark=$(requests_mark)
get "http://$REGISTRY/v2/" >/dev/null
get "http://$REGISTRY/v2/me/rt/manifests/1" >/dev/null
is 'requests since a mark' "$(requests_since "$mark")" 'GET /v2/ 200
GET /v2/me/rt/manifests/1 404'
is 'requests counted' "$(count_requests "$mark" ' 404$')" 1
first=$REGISTRY_PID

start_registry htpasswd nodelete
is 'htpasswd registry refuses' "$(get "http://$REGISTRY/v2/")" '401 1.1'
is 'htpasswd registry accepts' \
	"$(get "http://$REGISTRY/v2/" -u "$REGISTRY_USER:$REGISTRY_PASSWORD")" '200 1.1'

start_registry tls-htpasswd
is 'TLS registry accepts' \
	"$(get "https://$REGISTRY/v2/" -u "$REGISTRY_USER:$REGISTRY_PASSWORD" --cacert "$REGISTRY_CA")" '200 2'
is 'TLS registry has a certificate of its own CA' "$(get "https://$REGISTRY/v2/")" '000 0'
is 'TLS registry as localhost' \
	"$(get "https://localhost:${REGISTRY##*:}/v2/" --cacert "$REGISTRY_CA")" '401 2'
start_registry tls http1
is 'TLS registry with HTTP/1.1' "$(get "https://$REGISTRY/v2/" --cacert "$REGISTRY_CA")" '200 1.1'

start_registry token
run curl -s -i "http://$REGISTRY/v2/"
stdout_has 'Bearer realm="http://127.0.0.1:[0-9]*/token",service="rtbuild-tests"'
token() {
	curl -s "$TOKEN_SERVER/token?service=rtbuild-tests&account=$REGISTRY_USER&scope=repository:me/rt:pull,push" "$@" | jq -r .token
}
post() { get "http://$REGISTRY/v2/me/rt/blobs/uploads/" -X POST "$@"; }
is 'token with credentials may push' \
	"$(post -H "Authorization: Bearer $(token -u "$REGISTRY_USER:$REGISTRY_PASSWORD")")" '202 1.1'
is 'anonymous token may not' "$(post -H "Authorization: Bearer $(token)")" '401 1.1'
is 'wrong password gets no token' "$(token -u u:wrong)" null
is 'token log' "$(cat "$TOKEN_LOG")" 'GET u 200 repository:me/rt:pull,push
GET - 200 repository:me/rt:pull,push
GET u 401 repository:me/rt:pull,push'

# A gate lets 20 bytes of requests through, which is less than one.
start_registry plain
start_gate 20 "$REGISTRY"
curl -s "http://$GATE/v2/" >held 2>&1 &
held=$!
check 'a gate closes' wait_for "$GATE_LOG" closed
check 'who asks waits' kill -0 "$held"
kill -USR1 "$GATE_PID"
wait "$held"
is 'it opens: what was held is dropped' "$(cat held)" ''
is 'others pass' "$(get "http://$GATE/v2/")" '200 1.1'

start_scripted
script '* * * rounds=2,1'
curl -s -o body.1 "http://$REGISTRY/v2/" &
one=$!
check 'one alone waits' kill -0 "$one"
curl -s -o body.2 "http://$REGISTRY/v2/"
wait "$one"
is 'two are' "$(cat body.1 body.2)" '{}{}'
is 'the next round is one' "$(get "http://$REGISTRY/v2/")" '200 1.1'

stop_server "$first"
fails 'a stopped server is gone' kill -0 "$first"
finish
