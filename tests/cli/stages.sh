#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Stages side by side: that they are, what is not begun, what a failure or an interruption of one
# means for the others, and that the result does not tell. Whether things overlap is shown by a
# server that answers only when enough of them have asked, never by a clock.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

"$ROOT/tests/servers/barrier" >>barrier.log 2>barrier.err &
barrier=$!
servers="$servers $barrier"
meet=http://$(wait_for barrier.err 'listening on' | sed 's/.*listening on //')

need_tiny
start_registry plain
rtbuild build -q -t tiny:1 "$TINY" >/dev/null
mkdir ctx
echo file >ctx/file
echo other >ctx/other

# --- they overlap ---

cat >Dockerfile <<END
FROM scratch AS a
ADD $meet/meet/2/a /
FROM scratch AS b
ADD $meet/meet/2/b /
FROM scratch
COPY --from=a / /a/
COPY --from=b / /b/
END
check 'two stages are under way at once' rtbuild build -t s:1 -f Dockerfile ctx
is 'both reached the image' "$(files s:1 | grep -c '[ab]/[ab]$')" 2

cat >Dockerfile <<'END'
FROM tiny:1 AS a
RUN --network=host echo a >/a
FROM tiny:1 AS b
RUN --network=host echo b >/b
FROM scratch
COPY --from=a /a /
COPY --from=b /b /
END
check 'RUNs of two stages' rtbuild build -q -t s:2 -f Dockerfile ctx
is 'RUNs: the same again' "$(cat "$out")" "$(rtbuild build -q --no-cache -t s:2 -f Dockerfile ctx)"
is 'RUNs: and with one processor' "$(cat "$out")" \
	"$(taskset -c 0 rtbuild build -q --no-cache -t s:2 -f Dockerfile ctx)"
check 'labels name the stages' rtbuild build --progress=plain --no-cache -t s:2 -f Dockerfile ctx
stderr_has '\[a 1/1\] RUN'
stderr_has '\[b 1/1\] RUN'
stderr_has '\[stage-2 2/2\] COPY'

# --- documents of all bases are asked for at once; of unused stages none ---

for n in 1 2 3 4; do
	printf 'FROM scratch\nCOPY file /from%s\n' "$n" >Dockerfile
	rtbuild build -q -t "$REGISTRY/base/n$n:1" --push -f Dockerfile ctx >/dev/null
done
cat >Dockerfile <<END
FROM $REGISTRY/base/n1:1 AS one
FROM $REGISTRY/base/n2:1 AS unused
COPY missing /
FROM $REGISTRY/base/n3:1 AS three
COPY file /x
FROM one
COPY --from=three /x /x
COPY --from=$REGISTRY/base/n4:1 /from4 /
FROM $REGISTRY/base/n2:1 AS behind
END
RTBUILD_STORE=$TMP/fresh
mark=$(requests_mark)
check 'a graph with stages nobody needs' rtbuild build --target 3 -t g:1 -f Dockerfile ctx
requests_since "$mark" >requests
is 'row 50: of bases of unused stages nothing is asked' "$(grep -c '/base/n2/' requests)" 0
is 'their manifests once each' "$(grep -c 'GET /v2/base/n[134]/manifests/1 200' requests)" 3
is 'no layer of a base nobody reads' "$(grep -cE 'GET /v2/base/n1/blobs/' requests)" 1
RTBUILD_STORE=$TMP/store

# --- one failure ends the others, and is the one that is shown ---

cat >Dockerfile <<END
FROM scratch AS slow
ADD $meet/never /
FROM scratch AS bad
COPY no-such-file /
FROM scratch
COPY --from=slow / /
COPY --from=bad / /
END
exits 6 rtbuild build -t s:3 -f Dockerfile ctx
stderr_has "Dockerfile:4:.*'no-such-file' is not there"
stderr_hasnt 'interrupted'
check 'after a failure the store is whole' rtbuild fsck
is 'nothing is half written' "$(find store/tmp store/cache/spool -mindepth 1 2>/dev/null)" ''

cat >Dockerfile <<END
FROM tiny:1 AS slow
RUN sleep 1000
FROM tiny:1 AS bad
RUN exit 7
FROM scratch
COPY --from=slow / /
COPY --from=bad / /
END
if [ "$(nproc)" -gt 1 ]; then
	exits 10 rtbuild build -t s:3 -f Dockerfile ctx
	stderr_has 'exit status 7'
else # one RUN at a time: the first would run to its end
	exits 10 rtbuild build --target bad -t s:3 -f Dockerfile ctx
	stderr_has 'exit status 7'
fi
is 'the other RUN is gone' "$(leftovers)" ''
check 'and the store is whole' rtbuild fsck

# --- Ctrl-C with several stages under way ---

cat >Dockerfile <<END
FROM tiny:1 AS a
RUN echo begun >/a; sleep 1000
FROM scratch AS b
ADD $meet/never/b /
FROM scratch AS c
ADD $meet/never/c /
FROM tiny:1 AS d
COPY file other /d/
RUN echo begun; sleep 1000
FROM scratch
COPY --from=a / /
COPY --from=b / /
COPY --from=c / /
COPY --from=d / /
END
for signal in INT TERM; do
	: >barrier.log
	rtbuild build --progress=plain -t s:4 -f Dockerfile ctx >build.out 2>build.err &
	builder=$!
	wait_for barrier.log 'never/b' >/dev/null
	wait_for barrier.log 'never/c' >/dev/null
	wait_for build.err 'RUN echo begun' >/dev/null
	kill -"$signal" "$builder"
	status=0
	wait "$builder" || status=$?
	is "SIG$signal: exit status" "$status" 130
	is "SIG$signal: it says so once" "$(grep -c 'rtbuild: .*interrupted' build.err)" 1
	is "SIG$signal: nothing runs or is mounted" "$(leftovers)" ''
	is "SIG$signal: nothing is half written" \
		"$(find store/tmp store/cache/spool -mindepth 1 2>/dev/null)" ''
	check "SIG$signal: the store is whole" rtbuild fsck
	is "SIG$signal: no image" "$(rtbuild images --json | jq '[.[] | select(.reference | test("s:4"))] | length')" 0
done

finish
