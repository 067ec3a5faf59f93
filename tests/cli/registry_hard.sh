#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Debian's docker-registry in bad shape: read-only, full, corrupt, killed; as a pull-through cache; over
# HTTP/2; with logins by token.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

head -c 12000000 /dev/urandom >big
head -c 300000 /dev/urandom >small
printf 'FROM scratch\nCOPY big /\nCOPY small /\n' >Dockerfile
check 'an image' rtbuild build -t local/image:1 .
digest=$(digest_of local/image:1)
big=$(manifest local/image:1 | jq -r '.layers[0].digest')
small=$(manifest local/image:1 | jq -r '.layers[1].digest')
blob_file() { printf '%s/docker/registry/v2/blobs/sha256/%.2s/%s/data' "$REGISTRY_DATA" "${1#sha256:}" "${1#sha256:}"; }

# --- HTTP/2 over TLS, one connection pool ---

start_registry tls
SSL_CERT_FILE=$REGISTRY_CA
export SSL_CERT_FILE
mark=$(requests_mark)
check 'push over TLS' rtbuild push local/image:1 "$REGISTRY/a/b:1"
requests_settle
is 'every request is HTTP/2' "$(grep '"[A-Z]* /v2/' "$REGISTRY_LOG" | grep -vc 'HTTP/2.0"')" 0
is 'there were some' "$([ "$(grep -c 'HTTP/2.0"' "$REGISTRY_LOG")" -ge 8 ] && echo yes)" yes
start_registry tls http1
SSL_CERT_FILE=$REGISTRY_CA
check 'a server without HTTP/2' rtbuild push local/image:1 "$REGISTRY/a/b:1"
requests_settle
is 'gets HTTP/1.1' "$(grep '"[A-Z]* /v2/' "$REGISTRY_LOG" | grep -vc 'HTTP/1.1"')" 0
unset SSL_CERT_FILE

# --- read-only ---

start_registry plain readonly
exits 8 rtbuild push local/image:1 "$REGISTRY/a/b:1"
stderr_has 'read-only'

# --- corrupt on its disk ---

start_registry plain
origin=$REGISTRY
check 'push' rtbuild push local/image:1 "$REGISTRY/a/b:1"
victim=$(blob_file "$small")
cp "$victim" saved
printf 'X' | dd of="$victim" bs=1 seek=5000 conv=notrunc 2>/dev/null
exits 7 rtbuild pull --store "$TMP/corrupt" "$REGISTRY/a/b:1"
stderr_has "$small"
is 'nothing is listed' "$(rtbuild images --store "$TMP/corrupt")" ''
check 'the store is whole' rtbuild fsck --store "$TMP/corrupt"
cp saved "$victim"
check 'the right bytes again' rtbuild pull --store "$TMP/corrupt" "$REGISTRY/a/b:1"

# --- pull-through ---

start_registry plain "proxy=http://$origin"
check 'pull through a cache' rtbuild pull --store "$TMP/through" "$REGISTRY/a/b:1"
is 'the same image' "$(rtbuild images --store "$TMP/through" --json | jq -r '.[0].digest')" "$digest"
exits 8 rtbuild push local/image:1 "$REGISTRY/c/d:1"
stderr_has 'pull-through cache'

# --- a full disk ---

start_registry plain
mkdir -p "$REGISTRY_DATA"
mount -t tmpfs -o size=2m rtbuild-test "$REGISTRY_DATA"
at_exit "umount -l '$REGISTRY_DATA'"
mark=$(requests_mark)
exits 4 rtbuild push local/image:1 "$REGISTRY/a/b:1"
stderr_has 'HTTP 5'
is 'it is not tried for ever' "$([ "$(count_requests "$mark" '^PUT')" -le 30 ] && echo yes)" yes
is 'no manifest went there' "$(count_requests "$mark" 'manifests/1 201')" 0
mount -o remount,size=100m "$REGISTRY_DATA"
check 'with space again' rtbuild push local/image:1 "$REGISTRY/a/b:1"
check 'all is there' rtbuild pull --store "$TMP/full" "$REGISTRY/a/b:1"

# --- killed in the middle of an upload, and started again ---

start_registry plain
start_gate 3000000 "$REGISTRY"
dir=${REGISTRY_DATA%/data}
rtbuild push local/image:1 "$GATE/a/b:1" --chunk-size 500kB >"$out" 2>"$err" &
client=$!
wait_for "$GATE_LOG" closed >/dev/null
kill -9 "$REGISTRY_PID"
wait "$REGISTRY_PID" 2>/dev/null
wait "$client"
status=$?
is 'the client says so' "$status" 4
is 'and keeps its journal' "$([ "$(find "$RTBUILD_STORE/partial/uploads" -type f | wc -l)" -ge 1 ] && echo yes)" yes
is 'it had sent chunks' "$([ "$(count_requests 0 '^PATCH .* 202')" -ge 1 ] && echo yes)" yes
docker-registry serve "$dir/config.yml" >>"$REGISTRY_LOG" 2>"$dir/again.log" &
REGISTRY_PID=$!
servers="$servers $REGISTRY_PID"
listening=$(wait_for "$dir/again.log" 'listening on 127' $!) || server_missing 'the registry again' "$dir/again.log"
REGISTRY=$(printf '%s\n' "$listening" | sed 's/.*listening on \(127[0-9.]*:[0-9]*\).*/\1/')
echo "$REGISTRY_PID $(sockets_of "$REGISTRY_PID")" >"$dir/idle"
echo "$REGISTRY" >"$GATE_TARGET"
kill -USR1 "$GATE_PID"
wait_for "$GATE_LOG" open >/dev/null
mark=$(requests_mark)
check 'the same again when it is back' rtbuild push local/image:1 "$GATE/a/b:1" --chunk-size 500kB
is 'the session is asked for' "$([ "$(count_requests "$mark" '^GET .*/uploads/')" -ge 1 ] && echo yes)" yes
is 'no journal stays' "$(find "$RTBUILD_STORE/partial/uploads" -type f | wc -l)" 0
check 'all is there' rtbuild pull --store "$TMP/killed" "$REGISTRY/a/b:1"
is 'the same image' "$(rtbuild images --store "$TMP/killed" --json | jq -r '.[0].digest')" "$digest"
is 'the bytes of the large layer' "$(sha256sum <"$(blob_file "$big")" | cut -c 1-64)" "${big#sha256:}"

# --- resumed chunk by chunk: the client dies (nothing is mounted from a/b) ---

rm "$RTBUILD_STORE"/cache/hosts/*.layers
start_gate 3000000 "$REGISTRY"
rtbuild push local/image:1 "$GATE/c/d:1" --chunk-size 500kB >"$out" 2>"$err" &
client=$!
wait_for "$GATE_LOG" closed >/dev/null
kill -9 "$client"
wait "$client" 2>/dev/null
is 'the client dies before its end' "$?" 137
kill -USR1 "$GATE_PID"
wait_for "$GATE_LOG" open >/dev/null
check 'a client that died' rtbuild push local/image:1 "$GATE/c/d:1" --chunk-size 1MB
check 'all is there' rtbuild pull --store "$TMP/died" "$REGISTRY/c/d:1"

# --- token logins ---

start_registry token
printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
: >"$TOKEN_LOG"
check 'chunks with tokens' rtbuild push local/image:1 "$REGISTRY/a/b:1" --chunk-size 1MB
is 'one token for all' "$(wc -l <"$TOKEN_LOG")" 1
finish
