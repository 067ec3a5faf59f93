#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Layers that go up while they are still being made (registry/stream.h): in chunks behind the file, where
# they cannot be there yet, and whole as before wherever that does not work. By the access logs of
# docker-registry and of the scripted registry.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

# 50 MB that do not become less, so two chunks at least.
head -c 50000000 /dev/urandom >big
printf 'FROM scratch\nCOPY big /\n' >Dockerfile
# another beginning
change() {
	changes=$((${changes:-0} + 1))
	printf '%05d' "$changes" | dd of=big conv=notrunc status=none
}
build() { rtbuild build -v --push "$@" .; }

# fresh NAME: a store that knows nothing
fresh() { RTBUILD_STORE=$TMP/store.$1; }
# since PATTERN: how many requests since the mark
since() { count_requests "$mark" "$1"; }
ahead='bytes of a layer went up while it was made'
whole='a layer is sent when it is whole'
# arrived NAME: what is there is the image of the store, and whole
arrived() {
	rm -rf "$TMP/pulled"
	check "$1: it arrived" rtbuild pull -q --store "$TMP/pulled" "$target"
	is "$1: as it was built" "$(tail -n 1 "$out" | sed 's/.*@//')" "$(digest_of "$target")"
}
sessions_left() { find "$REGISTRY_DATA" -path '*/_uploads/*' -name startedat | wc -l; }

# --- docker-registry ---

start_registry plain
rtbuild digest "$REGISTRY/no/data:1" >/dev/null 2>&1 # the log has a line to count from
target=$REGISTRY/new/data:1
mark=$(requests_mark)
fresh a
check 'a new repository' build -t "$target"
stderr_has "$ahead"
is 'it was asked whether it is new' "$(since '^(HEAD .*/manifests/1|GET .*/tags/list.*) 404')" 2
is 'one session for the layer' "$(since '^POST .* 202')" 2
is 'several chunks' "$([ "$(since '^PATCH .* 202')" -ge 2 ] && echo yes)" yes
is 'no question whether it is there' "$(since '^HEAD .*/blobs/')" 0
arrived 'a new repository'
is 'no session is left' "$(sessions_left)" 0

change # in its beginning
mark=$(requests_mark)
check 'a file that changed' build -t "$target"
stderr_has "$ahead"
is 'the tag was asked for' "$(since '^HEAD .*/manifests/1 200')" 1
is 'and the list was not' "$(since '^GET .*/tags/')" 0
arrived 'a file that changed'
mark=$(requests_mark)
check 'nothing changed, perhaps' build -t "$target"
stderr_hasnt "$ahead"
is 'nothing is sent' "$(since '^(POST|PATCH|PUT)')" 0
sleep 0.1
touch big # as a fresh checkout does
mark=$(requests_mark)
check 'nothing changed but times' build -t "$target"
stderr_hasnt "$ahead"
is 'nothing is sent' "$(since '^(POST|PATCH|PUT)')" 0

mark=$(requests_mark)
check 'nothing changed, and the cache is not asked' build --no-cache -t "$target"
stderr_hasnt "$ahead"
is 'the layer is not sent again' "$(since '^PATCH|^PUT .*/blobs/')" 0

# Another machine may have pushed the very layer, so what is there is not sent again.
fresh b
mark=$(requests_mark)
check 'a machine that knows nothing' build -t "$target"
stderr_hasnt "$ahead"
is 'sends nothing again' "$(since '^PATCH')" 0
is 'but asks' "$(since '^HEAD .*/blobs/.* 200')" 1
fresh a
mark=$(requests_mark)
check 'another tag of a known repository' build -t "${target%:1}:2" --label x=y --no-cache
is 'the same' "$(since '^PATCH')" 0
check 'somebody else pushes under the tag' rtbuild tag "docker://${target%:1}:2" 1
change
mark=$(requests_mark)
check 'a tag that moved' build -t "$target"
stderr_hasnt "$ahead"
arrived 'a tag that moved'

printf 'FROM scratch AS made\nCOPY big /\nFROM scratch\nCOPY Dockerfile /\n' >stages.Dockerfile
printf 'FROM scratch AS below\nCOPY big /\nFROM below\nCOPY Dockerfile /\n' >below.Dockerfile
target=$REGISTRY/stages/data:1
mark=$(requests_mark)
check 'a stage that the image is not made of' build --no-cache -t "$target" -f stages.Dockerfile
is 'stays here' "$(since '^PATCH')" 0
target=$REGISTRY/below/data:1
check 'a stage that it is made of' build --no-cache -t "$target" -f below.Dockerfile
stderr_has "$ahead"
arrived 'a stage that it is made of'

need_tiny
check 'a base with a shell' rtbuild build -q -t base/tiny:1 "$TINY"
printf 'FROM base/tiny:1\nRUN head -c 40000000 /dev/urandom >/big\n' >run.Dockerfile
target=$REGISTRY/run/data:1
check 'what a RUN made' build -t "$target" -f run.Dockerfile
stderr_has "$ahead"
arrived 'what a RUN made'
for kind in zstd none; do
	target=$REGISTRY/$kind/data:1
	check "--compression $kind" build --no-cache --compression "$kind" -t "$target"
	stderr_has "$ahead"
	arrived "--compression $kind"
done
target=$REGISTRY/names/data:1
mark=$(requests_mark)
check 'several names' build --no-cache -t "$target" -t "$REGISTRY/names/data:2" -t "$REGISTRY/names/other:1"
stderr_has "$ahead"
is 'are one upload, and mounts of layer and configuration' "$(since '^PATCH .*/names/other/') $(since '^POST .*/names/other/.*mount=.* 201')" '0 2'
for name in data:1 data:2 other:1; do
	target=$REGISTRY/names/$name
	arrived "$name"
done
target=$REGISTRY/only/data:1
check 'type=registry' rtbuild build -v --no-cache -o type=registry -t "$target" .
stderr_has "$ahead"
check 'it is there' rtbuild pull -q --store "$TMP/pulled" "$target"

# --- a login ---

start_registry token
printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
target=$REGISTRY/me/data:1
check 'with a token' build --no-cache -t "$target"
stderr_has "$ahead"
arrived 'with a token'

# --- faults ---

repository=0
# play SCRIPT [OPTION...]: build and push a new layer to a new repository of a host of which nothing is
# known
play() {
	script "$1"
	shift
	rm -f "$RTBUILD_STORE"/cache/hosts/*
	change
	repository=$((repository + 1))
	target=$REGISTRY/play/$repository:1
	mark=$(requests_mark)
	run build -t "$target" "$@"
}
# plays NAME SCRIPT WAY [OPTION...]: works in the end, by that way
plays() {
	plays_name=$1 plays_way=$3
	plays_script=$2
	shift 3
	play "$plays_script" "$@"
	is "$plays_name: works" "$status $(grep '^error' "$err")" '0 '
	stderr_has "$plays_way"
	script ''
	arrived "$plays_name"
}
sent() { sed "1,${mark}d" "$REGISTRY_LOG" | grep "$1" | sed 's/.*in=//' | awk '{ n += $1 } END { print n + 0 }'; }
size() { manifest "$target" | jq '.layers[0].size'; }
# more NAME: more than the layer's size was sent
more() { is "$1" "$([ "$(sent '"P[AU]')" -gt "$(size)" ] && echo yes)" yes; }

start_scripted
fresh faults
plays 'the scripted registry' '' "$ahead"
is 'each byte once' "$(sent '"PATCH')" "$(size)"
plays 'a chunk that is cut' 'PATCH * 2 cut-request=100000 reset' "$ahead"
is 'what arrived is not sent again' "$(sent '"PATCH')" "$(size)"
plays 'an answer that is lost' 'PATCH * 2 lose' "$ahead"
is 'costs nothing' "$(sent '"PATCH')" "$(size)"
plays 'a chunk of which only a part is taken' 'PATCH * 1 accept=40000' "$ahead"
plays 'ECR: a Range that stands still, 201' 'PATCH * * sticky-range as=201' "$ahead"
plays 'a minimum' 'POST|PATCH * * chunk-min=10000000' "$ahead"
plays 'a minimum past what is waited for' 'POST|PATCH * * chunk-min=30000000' "$whole"
plays 'a cut that kills the session' 'PATCH * 2 cut-request=100000 fragile reset' "$whole"
more 'it is sent anew'
plays 'no chunks' 'PATCH * * status=405' "$whole"
is 'one was enough to know' "$(since '^PATCH')" 1
change
mark=$(requests_mark)
check 'the next build' build -t "$target"
is 'does not try' "$(since '^PATCH')" 0
plays 'GHCR: small chunks only' 'PATCH * * chunk-max=4194304' "$whole"
is 'one was enough' "$(since '^PATCH .* 416')" 1
plays 'a front that takes less than a chunk' 'PUT|PATCH /v2/*/blobs/* * body-max=20000000' "$ahead|$whole"
plays 'small chunks, as the user wants them' '' "$ahead" --chunk-size 5MB
is 'none is larger' "$(sed "1,${mark}d" "$REGISTRY_LOG" | sed -n 's/.*"PATCH .* 202 .*in=\([0-9]*\).*/\1/p' | sort -n | tail -n 1)" 5000000
plays 'chunks that are taken and lost, so that the digest is another' 'PATCH * * status=202' "$ahead"
is 'is no end: it is sent again, whole and verified' "$(since '^PUT .* 400') $([ "$(sent '"PUT')" -gt "$(size)" ] && echo yes)" '1 yes'
plays 'a session that idled away' 'PUT /v2/*/blobs/* 1 status=404 code=BLOB_UPLOAD_UNKNOWN' "$ahead"
plays 'a stumble at the beginning' 'POST * 1 status=500' "$whole"
plays 'a list of tags that is denied' 'GET /v2/*/tags/* * status=403 code=DENIED' 'push [0-9a-f]'
is 'is no reason to send ahead' "$(since '^PATCH')" 0
play 'POST * * status=403 code=DENIED'
is 'a registry that refuses' "$status" 5
stderr_has 'blob sha256:'
play 'PUT /v2/*/blobs/* * store-as=sha256:0000000000000000000000000000000000000000000000000000000000000000'
is 'a registry that stores something else' "$status" 7

# --- builds that come to nothing ---

# What is built and not pushed leaves nothing there.
printf 'FROM scratch\nCOPY big /\nCOPY missing /\n' >broken.Dockerfile
script ''
mark=$(requests_mark)
exits 6 build --no-cache -t "$REGISTRY/broken/data:1" -f broken.Dockerfile
is 'nothing is committed' "$(since '^PUT')" 0
is 'the session is cancelled' "$(since '^POST .* 202')" "$(since '^DELETE .*/uploads/.* 204')"


until_log() {
	tries=0
	while [ "$(grep -c "$1" "$REGISTRY_LOG")" -lt "$2" ] && [ "$tries" -lt 600 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	[ "$tries" -lt 600 ]
}
# held REPOSITORY: a build whose second chunk is held, in the background: $victim
held() {
	change
	chunks=$(grep -c '"PATCH .* 202 ' "$REGISTRY_LOG")
	script 'PATCH * 2 delay=600000'
	rtbuild build -q --push -t "$REGISTRY/$1:1" . >"$out" 2>"$err" &
	victim=$!
	check "$1: a chunk was taken" until_log '"PATCH .* 202 ' $((chunks + 1))
}
mark=$(requests_mark)
held play/interrupted
kill -INT "$victim"
status=0
wait "$victim" || status=$?
is 'Ctrl-C' "$status" 130
is 'nothing is pushed' "$(since '^PUT .*/manifests/')" 0 # a configuration may be there already
is 'nothing is left' "$(leftovers)" ''
script ''
check 'the next run' build -t "$REGISTRY/play/interrupted:1"
check 'the store is whole' rtbuild fsck

start_scripted
held play/gone
stop_server "$REGISTRY_PID"
status=0
wait "$victim" || status=$?
is 'a registry that died' "$status" 4
stderr_has "$REGISTRY"
check 'what was built is here' rtbuild inspect "$REGISTRY/play/gone:1"
finish
