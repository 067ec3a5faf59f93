#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Transfers that die are gone on with by the next run: only the rest moves. By the access log of the
# scripted registry, which holds the third chunk of an upload, and the rest of a download, until the
# client is dead.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

start_scripted
head -c 3000000 /dev/urandom >big
printf 'FROM scratch\nCOPY big /\n' >Dockerfile
check 'an image' rtbuild build -t local/big:1 .
digest=$(digest_of local/big:1)
layer=$(manifest local/big:1 | jq -r '.layers[0].digest')
size=$(manifest local/big:1 | jq -r '.layers[0].size')
store=$RTBUILD_STORE

# reached NUMBER CMD...: CMD prints at least that
reached() {
	wanted=$1
	shift
	[ "$("$@")" -ge "$wanted" ]
}
chunks_taken() { grep -c '"PATCH .* 202 ' "$REGISTRY_LOG"; }
kept() { find "$RTBUILD_STORE/partial/blobs" -type f -size +0 -printf '%s\n' 2>/dev/null | tail -n 1 | grep . || echo 0; }
# kill_when NUMBER WHAT CMD...: kill -9 when WHAT prints that much
kill_when() {
	number=$1 what=$2
	shift 2
	forget
	rtbuild "$@" >"$out" 2>"$err" &
	victim=$!
	check "$1: as far as $what $number" eventually reached "$number" "$what"
	kill -9 "$victim"
	wait "$victim" 2>/dev/null
}
bytes_in() { requests_full "$mark" "$1" | sed 's/.*in=//' | awk '{ n += $1 } END { print n + 0 }'; }
bytes_out() { requests_full "$mark" "$1" | sed 's/.*" [0-9]* \([0-9]*\) in=.*/\1/' | awk '{ n += $1 } END { print n + 0 }'; }
requests_full() {
	requests_settle
	sed "1,$1d" "$REGISTRY_LOG" | grep -- "$2"
}
# locking FILE CMD...: CMD while this process has locked FILE
locking() (
	exec 8<"$1"
	shift
	flock 8 || exit
	"$@" 8<&-
	exit # not a last command that takes this process over, and its lock away
)
# What was pushed before to another repository would be mounted from there.
forget() { rm -f "$RTBUILD_STORE"/cache/hosts/*.layers; }
push() { forget; rtbuild push local/big:1 "$REGISTRY/up/$1:1" --chunk-size 500kB; }

# --- uploads ---

script 'PATCH * 3 delay=600000
PATCH * 4+ status=500'
kill_when 2 chunks_taken push local/big:1 "$REGISTRY/up/a:1" --chunk-size 500kB
is 'a journal is left' "$(find "$store/partial/uploads" -type f -size +0 | wc -l)" 1
is 'that nobody else can read' "$(find "$store/partial/uploads" -type f -printf '%m\n')" 600
is 'and that holds no header' "$(grep -rci 'authorization\|bearer\|basic' "$store/partial/uploads" | grep -cv ':0$')" 0
script 'PATCH * 2 delay=600000'
kill_when 3 chunks_taken push local/big:1 "$REGISTRY/up/a:1" --chunk-size 500kB
mark=$(requests_mark)
script ''
check 'a third run' push a
is 'no other session is opened for it' "$(requests_since "$mark" | grep -c '^POST .* 202')" 0
is 'it asks how far the session is' "$(count_requests "$mark" '^GET .*/uploads/')" 1
is 'only the rest moves' "$(bytes_in '"PATCH')" "$((size - 1500000))"
is 'the journal is gone' "$(find "$store/partial/uploads" -type f | wc -l)" 0
check 'what arrived is whole' rtbuild pull --store "$TMP/check.up" "$REGISTRY/up/a:1"

script 'PATCH * 3 delay=600000'
kill_when $(($(chunks_taken) + 2)) chunks_taken push local/big:1 "$REGISTRY/up/b:1" --chunk-size 500kB
mark=$(requests_mark)
script 'GET /v2/*/uploads/* * status=404 code=BLOB_UPLOAD_UNKNOWN'
check 'a session that the registry forgot' push b
is 'is replaced' "$(bytes_in '"PATCH')" "$size"

script 'PATCH * 3 delay=600000'
kill_when $(($(chunks_taken) + 2)) chunks_taken push local/big:1 "$REGISTRY/up/c:1" --chunk-size 500kB
mark=$(requests_mark)
script ''
: >"$TMP/journal"
find "$store/partial/uploads" -type f -exec cp {} "$TMP/journal" \;
journal=$(find "$store/partial/uploads" -type f)
check 'a journal that another process works by' locking "$journal" push c
is 'is left alone: all moves' "$(bytes_in '"PATCH')" "$size"
printf '{"repository":"%s' "$REGISTRY" >>"$journal"
mark=$(requests_mark)
touch -d '8 days ago' "$journal"
check 'gc' rtbuild gc
is 'gc takes old journals' "$(find "$store/partial/uploads" -type f | wc -l)" 0

script 'PATCH * 3 cut-request=100000 reset'
mark=$(requests_mark)
check 'a reset within a chunk' push d
is 'costs what did not arrive' "$(bytes_in '"PATCH')" "$size"
script 'PATCH * 3 cut-request=100000 fragile reset'
mark=$(requests_mark)
check 'one that kills the session' push e
is 'costs the blob' "$(bytes_in '"PATCH')" "$((size + 1100000))"
script 'PATCH * 3 lose'
mark=$(requests_mark)
check 'an answer that was lost' push f
is 'costs nothing' "$(bytes_in '"PATCH')" "$size"
script 'PUT /v2/*/blobs/* 1 lose'
mark=$(requests_mark)
check 'a lost answer to the last request' push g
is 'is found to have been a success' "$(bytes_in '"P')" "$((size + $(manifest local/big:1 | wc -c) + $(manifest local/big:1 | jq .config.size)))"

# --- downloads ---

RTBUILD_STORE=$TMP/down
script "GET /v2/*/blobs/$layer 1 cut=1000000 stall=600
GET /v2/*/blobs/$layer 2 cut=800000 stall=600"
kill_when 1000000 kept pull "$REGISTRY/up/a:1"
kill_when 1800000 kept pull "$REGISTRY/up/a:1"
is 'nothing is listed' "$(rtbuild images)" ''
run rtbuild fsck --repair # takes the dead's lock
check 'fsck has nothing against what is kept' rtbuild fsck
check 'gc' rtbuild gc --json
is 'gc counts it' "$(jq -c '[.partials, .partial_bytes]' "$out")" '[1,1800000]'
mark=$(requests_mark)
check 'a third run' rtbuild pull "$REGISTRY/up/a:1"
stdout_is "$REGISTRY/up/a@$digest"
is 'asks for the rest' "$(requests_since "$mark" | grep -c "$layer 206")" 1
is 'and gets only that' "$(bytes_out "$layer")" "$((size - 1800000))"
is 'nothing is left over' "$(find "$RTBUILD_STORE/partial" -type f | wc -l)" 0
check 'the store is whole' rtbuild fsck

partial=partial/blobs/${layer#sha256:}
RTBUILD_STORE=$TMP/wrong
mkdir -p "$RTBUILD_STORE"
rtbuild images >/dev/null
mkdir -p "$RTBUILD_STORE/partial/blobs"
head -c 900000 /dev/zero >"$RTBUILD_STORE/$partial"
script ''
mark=$(requests_mark)
check 'kept bytes that are wrong' rtbuild pull "$REGISTRY/up/a:1"
is 'the blob is fetched anew' "$(bytes_out "$layer")" "$((size - 900000 + size))"
check 'and is right' rtbuild fsck

RTBUILD_STORE=$TMP/whole
rtbuild images >/dev/null
mkdir -p "$RTBUILD_STORE/partial/blobs"
cp "$(RTBUILD_STORE=$store blob "$layer")" "$RTBUILD_STORE/$partial"
chmod 600 "$RTBUILD_STORE/$partial"
mark=$(requests_mark)
check 'all of it is kept already' rtbuild pull "$REGISTRY/up/a:1"
is 'no byte moves' "$(bytes_out "$layer")" 0

RTBUILD_STORE=$TMP/ignores
rtbuild images >/dev/null
mkdir -p "$RTBUILD_STORE/partial/blobs"
head -c 900000 "$(RTBUILD_STORE=$store blob "$layer")" >"$RTBUILD_STORE/$partial"
script 'GET * * range=ignore'
check 'a server that knows no Range' rtbuild pull "$REGISTRY/up/a:1"
check 'the blob is right all the same' rtbuild fsck
is 'remembered' "$(jq -r '.strategy.range' "$RTBUILD_STORE/cache/hosts/$REGISTRY.json")" false

RTBUILD_STORE=$TMP/busy
rtbuild images >/dev/null
mkdir -p "$RTBUILD_STORE/partial/blobs"
head -c 900000 "$(RTBUILD_STORE=$store blob "$layer")" >"$RTBUILD_STORE/$partial"
script ''
mark=$(requests_mark)
check 'another process is at it' locking "$RTBUILD_STORE/$partial" rtbuild pull "$REGISTRY/up/a:1"
is 'both fetch' "$(bytes_out "$layer")" "$size"
check 'gc' rtbuild gc
is 'gc takes what came another way' "$(find "$RTBUILD_STORE/partial" -type f | wc -l)" 0

RTBUILD_STORE=$TMP/corrupt
script "GET /v2/*/blobs/$layer * corrupt=1500000"
exits 7 rtbuild pull "$REGISTRY/up/a:1"
is 'what is corrupt is not kept' "$(find "$RTBUILD_STORE/partial" -type f | wc -l)" 0

# --- a server that gives one byte for each connection ---

RTBUILD_STORE=$TMP/drip
script "GET /v2/*/blobs/$layer * cut=1"
mark=$(requests_mark)
exits 4 rtbuild pull "$REGISTRY/up/a:1"
is 'is given up' "$([ "$(count_requests "$mark" "$layer")" -le 7 ] && echo yes)" yes
RTBUILD_STORE=$TMP/steps
script "GET /v2/*/blobs/$layer 1-8 cut=300000"
check 'one that breaks often, but moves on, is not' rtbuild pull "$REGISTRY/up/a:1"
finish
