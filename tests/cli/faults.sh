#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a network and strangers do: answers that are late, short or wrong, and places that must not get
# to see a credential. Against servers/scripted.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

start_scripted
head -c 400000 /dev/urandom >data
printf 'FROM scratch\nCOPY data /\n' >Dockerfile
check 'an image' rtbuild build -t local/image:1 .
digest=$(digest_of local/image:1)
layer=$(manifest local/image:1 | jq -r '.layers[0].digest')
image=$REGISTRY/a/b:1
check 'push' rtbuild push local/image:1 "$image"
play() {
	script "$1"
	mark=$(requests_mark)
}
pull() { rtbuild pull --store "$TMP/pulled.$checks" "$image" "$@"; }
arrives() {
	check "$1" pull
	stdout_is "${image%:1}@$digest"
}
tries() { is "$1" "$(count_requests "$mark" "$2")" "$3"; }

# --- repeated, and how often ---

for code in 408 429 500 502 503 504; do
	play "GET /v2/*/manifests/* 1 status=$code"
	arrives "one HTTP $code"
	tries "HTTP $code: asked twice" '^GET .*manifests' 2
done
for code in 400 403 404 405 501; do
	play "GET /v2/*/manifests/* * status=$code"
	fails "HTTP $code" pull
	tries "HTTP $code: asked once" '^GET .*manifests' 1
done
# docker-registry, killed while it wrote: the record of a blob is broken until it is written anew.
rm "$RTBUILD_STORE"/cache/hosts/*.layers # what was pushed before would be mounted
play 'HEAD /v2/broken/*/blobs/* * status=500'
check 'a blob whose HEAD stays 500' rtbuild push local/image:1 "$REGISTRY/broken/record:1"
tries 'is uploaded' '^PUT .*broken/record.* 201' 3
# docker-registry, while another push of the same image writes there
play 'PUT /v2/*/manifests/* 1-2 status=400 code=DIGEST_INVALID'
check 'a manifest that another push disturbs' rtbuild push local/image:1 "$REGISTRY/disturbed/app:1"
tries 'is put again' '^PUT .*disturbed/app/manifests/1 ' 3
play 'PUT /v2/*/manifests/* * status=400 code=DIGEST_INVALID'
exits 7 rtbuild push local/image:1 "$REGISTRY/disturbed/app:2"
tries 'and not for ever' '^PUT .*disturbed/app/manifests/2 ' 4
play 'PUT /v2/*/manifests/* * status=400 code=MANIFEST_INVALID'
fails 'what is wrong is wrong' rtbuild push local/image:1 "$REGISTRY/disturbed/app:3"
tries 'and put once' '^PUT .*disturbed/app/manifests/3 ' 1
play 'GET /v2/*/manifests/* 1 status=503 header=Retry-After:%202'
began=$(date +%s)
arrives 'Retry-After in seconds'
is 'is waited for' "$([ $(($(date +%s) - began)) -ge 2 ] && echo yes)" yes
until=$(($(date +%s) + 4))
date=$(date -u -d "@$until" '+%a, %d %b %Y %H:%M:%S GMT' | sed 's/ /%20/g')
play "GET /v2/*/manifests/* 1 status=429 header=Retry-After:%20$date"
arrives 'Retry-After as a date'
is 'is waited for, too' "$([ "$(date +%s)" -ge "$until" ] && echo yes)" yes
play 'GET /v2/*/manifests/* 1 status=429 header=Retry-After:%206'
arrives 'a longer pause'
stderr_has 'asks for a pause'

# --- what one request is told counts for all ---

for i in $(seq 16); do
	head -c 3000 /dev/urandom >"many$i"
	echo "COPY many$i /"
done >many.rest
printf 'FROM scratch\n' | cat - many.rest >many.Dockerfile
many=$REGISTRY/many/layers:1
check 'an image of sixteen layers' rtbuild build -t "$many" --push -f many.Dockerfile .
# came_between REGEX: requests that came after the one with that answer, within the 3 s it asks for
came_between() {
	requests_settle
	sed "1,${mark}d" "$REGISTRY_LOG" | awk -v refusal="$1" '
		{ for (i = 1; i <= NF; i++) { split($i, part, "="); value[part[1]] = part[2] } }
		$0 ~ refusal { from = value["until"]; next }
		from && value["at"] > from && value["at"] < from + 2900 { n++ }
		END { print from ? n + 0 : "no refusal" }'
}
play 'GET /v2/many/*/blobs/* 3 status=429 header=Retry-After:%203'
check '429 for one of many' rtbuild pull --store many.store --jobs 2 "$many"
# the other worker sends on until the refusal is read, which a busy machine may do late
is 'the others wait as well, but for what is on its way' "$([ "$(came_between '" 429 ')" -le 5 ] && echo yes)" yes
tries 'each is asked for once, and the refused again' '^GET .*/blobs/' 18
play 'GET /v2/many/*/blobs/* 3 status=503 header=Retry-After:%203'
check '503 with Retry-After for one of many' rtbuild pull --store many.store2 --jobs 2 "$many"
is 'they wait, too' "$([ "$(came_between '" 503 ')" -le 5 ] && echo yes)" yes
play 'GET /v2/many/*/blobs/* 3 status=503'
check '503 without: it alone waits' rtbuild pull --store many.store3 --jobs 2 "$many"
is 'the others go on' "$([ "$(came_between '" 503 ')" -ge 6 ] && echo yes)" yes
play "GET /v2/*/blobs/$layer 1 close reset"
arrives 'a reset before the answer'
play "GET /v2/*/blobs/$layer 1 cut=100000 reset"
arrives 'a reset in the answer'
tries 'is gone on with' "$layer 206" 1
play "GET /v2/*/blobs/$layer 1 cut=100000 stall=120"
arrives 'a server that stops sending'
tries 'is left after half a minute' "$layer" 2

# --- a POST that may have been taken ---

play 'POST * 1 lose'
check 'an upload that was opened, but not said so' rtbuild push local/image:1 "${image%:1}/again:1"
play 'PUT /v2/*/manifests/* 1 lose'
check 'a manifest that was taken, but not said so' rtbuild push local/image:1 "${image%:1}/more:1"
rm "$RTBUILD_STORE"/cache/hosts/*.layers # what was pushed before would be mounted
play 'PUT /v2/*/blobs/* * lose'
check 'blobs that were taken, but not said so' rtbuild push local/image:1 "${image%:1}/yet:1"
tries 'are not sent twice' '^PUT .*/blobs/' 2

# --- bytes that are wrong ---

play "GET /v2/*/blobs/$layer * short=1"
exits 7 pull
play "GET /v2/*/blobs/$layer * long=1"
exits 7 pull
play "GET /v2/*/blobs/$layer * long=1 chunked"
exits 7 pull
play "GET /v2/*/blobs/$layer * corrupt=399999"
exits 7 pull
play 'GET /v2/*/manifests/* * corrupt=20'
exits 7 pull
play 'GET /v2/*/manifests/* * long=5000000 drop=Docker-Content-Digest'
exits 7 pull
stderr_has 'larger than the limit'
play "GET /v2/*/blobs/$layer 1 cut=100000
GET /v2/*/blobs/$layer 2 range=wrong"
exits 4 pull
stderr_has 'another range'
play 'PUT /v2/*/blobs/* * store-as=sha256:0000000000000000000000000000000000000000000000000000000000000000'
exits 7 rtbuild push local/image:1 "${image%:1}/stored:1"

# --- credentials stay where they belong ---

marker=Mark3r-of-the-secret
mkdir -p docker
printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf 'u:%s' "$marker" | base64)" >docker/config.json
coded=$(printf 'u:%s' "$marker" | base64)
secrets="$marker|$coded|token-[0-9]*-of-scripted"
other_saw() {
	awk '/^(main|other) [A-Z]+ / { on = $1 == "other" } on && tolower($0) ~ /^authorization/' "$REGISTRY_HEADERS" | wc -l
}
for login in "basic=u:$marker" "bearer=u:$marker"; do
	kind=${login%%=*}
	rm -rf "$RTBUILD_STORE/cache/hosts"
	play "* /v2/* * $login
* /token* * $login
GET /v2/*/blobs/* * redirect={other}/cdn/{digest}?sig=a%2Fb"
	check "$kind: blobs from another server" pull --debug
	cat "$out" "$err" >>said
	is "$kind: they came from there" "$([ "$(grep -c '\[other\].* 200 ' "$REGISTRY_LOG")" -ge 2 ] && echo yes)" yes
	is "$kind: it saw no credential" "$(other_saw)" 0
	play "* /v2/* * $login
* /token* * $login
POST * * location={other}..."
	fails "$kind: an upload sent to another server" rtbuild push --debug local/image:1 "${image%:1}/$kind:1"
	cat "$out" "$err" >>said
	is "$kind: it saw none, either" "$(other_saw)" 0
	play "* /v2/* * $login
* /token* * $login"
	check "$kind: a push" rtbuild push --debug local/image:1 "${image%:1}/$kind:1" --chunk-size 100kB
	cat "$out" "$err" >>said
done
is 'the registry itself did' "$([ "$(grep -ci '^authorization' "$REGISTRY_HEADERS")" -ge 6 ] && echo yes)" yes
is 'no output has a credential' "$(grep -Ec "$secrets" said)" 0
is 'nor a signature' "$(grep -c 'sig=' said)" 0
is 'the store has none' "$(grep -rlE "$secrets" "$RTBUILD_STORE/cache" "$RTBUILD_STORE/partial" "$RTBUILD_STORE/logs" 2>/dev/null)" ''
finish
