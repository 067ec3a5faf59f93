#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Push, pull and login against docker-registry with htpasswd over TLS and a CA of its own.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_runtime
start_registry tls-htpasswd
password=$REGISTRY_PASSWORD
SSL_CERT_FILE=$REGISTRY_CA
export SSL_CERT_FILE
store=$RTBUILD_STORE

# As a fresh machine that has only the login.
fresh() {
	RTBUILD_STORE=$TMP/fresh.$checks
	export RTBUILD_STORE
}

# --- login ---

exits 5 sh -c "echo wrong | rtbuild login -u u --password-stdin $REGISTRY"
stderr_has '127\.0\.0\.1'
stdout_empty
is 'a wrong password is not kept' "$(grep -s auth docker/config.json)" ''
exits 5 rtbuild inspect "$REGISTRY/me/rt:1"
stderr_has 'login'
printf '%s\n' "$password" >password
check 'login' sh -c "rtbuild login --username u --password-stdin $REGISTRY <password"
stdout_empty
stderr_has 'config\.json'
is 'config.json: mode' "$(stat -c %a docker/config.json)" 600
is 'config.json: what docker writes' "$(jq -r --arg h "$REGISTRY" '.auths[$h].auth' docker/config.json | base64 -d)" "u:$password"
printf '{"HttpHeaders": {"X": "y"}, "auths": {"other.example.com": {"auth": "eDp5"}}, "future": [1]}' >docker/config.json
check 'login into a file with more in it' rtbuild login --username u --password-file password "$REGISTRY"
is 'unknown members stay' "$(jq -cS '[.HttpHeaders, .future, .auths["other.example.com"]]' docker/config.json)" \
	'[{"X":"y"},[1],{"auth":"eDp5"}]'
check 'login with -p warns' rtbuild login -u u -p "$password" "$REGISTRY"
stderr_has '--password-stdin'
exits 2 sh -c "printf '' | rtbuild login -u u --password-stdin $REGISTRY"
exits 4 sh -c "echo x | rtbuild login -u u --password-stdin 127.0.0.1:1"

# --- build --push ---

mark=$(requests_mark)
check 'build --push' rtbuild build --backend aws_lambda -t "$REGISTRY/me/rt:1" --push
stdout_has "^$REGISTRY/me/rt@sha256:[0-9a-f]{64}$"
is 'and nothing else on stdout' "$(wc -l <"$out")" 1
pinned=$(cat "$out")
digest=${pinned##*@}
is 'the registry has it' \
	"$(curl -s --cacert "$REGISTRY_CA" -u "u:$password" -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"https://$REGISTRY/v2/me/rt/manifests/1" | sha256sum | cut -c 1-64)" "${digest#sha256:}"
is 'it is one manifest, no index' "$(manifest "$REGISTRY/me/rt:1" | jq -r .mediaType)" \
	application/vnd.oci.image.manifest.v1+json
is 'the manifest came last' "$(requests_since "$mark" | grep -E '^(PUT|POST|PATCH)' | tail -n 1)" \
	"PUT /v2/me/rt/manifests/1 201"
is 'each blob was uploaded once' "$(count_requests "$mark" '^PUT /v2/me/rt/blobs')" \
	"$(manifest "$REGISTRY/me/rt:1" | jq '[.layers[].digest, .config.digest] | unique | length')"

mark=$(requests_mark)
check 'push again' rtbuild push "$REGISTRY/me/rt:1" --json
is 'push again: nothing uploaded' "$(jq -c '[.blobs_uploaded, .bytes_sent < 100000]' "$out")" '[0,true]'
is 'push again: no upload was begun' "$(count_requests "$mark" '^(POST|PATCH|PUT) /v2/me/rt/blobs')" 0
mark=$(requests_mark)
check 'push under another tag' rtbuild push "$REGISTRY/me/rt:1" -t 2 -t latest
is 'other tags: no upload' "$(count_requests "$mark" '^(POST|PATCH)')" 0
is 'other tags are there' "$(curl -s --cacert "$REGISTRY_CA" -u "u:$password" "https://$REGISTRY/v2/me/rt/tags/list" | jq -c '.tags | sort')" \
	'["1","2","latest"]'
mark=$(requests_mark)
check 'push to another repository' rtbuild push "$REGISTRY/me/rt:1" "$REGISTRY/you/rt:1" --json
is 'other repository: layers are mounted' "$(jq .blobs_mounted "$out")" \
	"$(count_requests "$mark" '^POST /v2/you/rt/blobs/uploads/\?.*mount=.* 201')"
is 'other repository: nothing is sent but the manifest' "$(count_requests "$mark" '^(PATCH|PUT) /v2/you/rt/blobs')" 0
exits 2 rtbuild push "$REGISTRY/me/rt:1" "$REGISTRY/you/rt@$digest"
exits 6 rtbuild push "$REGISTRY/no/such:1"

# --- inspect, pull ---

mkdir certs && cp "$REGISTRY_CA" certs/
check 'skopeo inspects it' skopeo inspect --cert-dir certs --creds "u:$password" "docker://$REGISTRY/me/rt:1"
is 'skopeo sees the digest' "$(jq -r .Digest "$out")" "$digest"
check 'skopeo copies it' skopeo copy -q --src-cert-dir certs --src-creds "u:$password" "docker://$REGISTRY/me/rt:1" oci:copied:rt
is 'skopeo: same manifest' "$(jq -r '.manifests[0].digest' copied/index.json)" "$digest"
rm -rf copied
fresh
mark=$(requests_mark)
check 'inspect of a registry' rtbuild inspect "$REGISTRY/me/rt:1" --json
is 'inspect: digest' "$(jq -r .digest "$out")" "$digest"
is 'inspect: no layer is read' "$(requests_since "$mark" | grep -c 'GET /v2/me/rt/blobs')" 1
is 'inspect: by digest' "$(rtbuild inspect "$REGISTRY/me/rt@$digest" --json | jq -r .config.Cmd[0])" handler.entry_point.lambda_handler
exits 6 rtbuild inspect "$REGISTRY/me/rt:nope"
stderr_has 'me/rt:nope'
fresh
check 'pull' rtbuild pull "$REGISTRY/me/rt:1"
stdout_is "$pinned"
is 'pull: same digest' "$(digest_of "$REGISTRY/me/rt:1")" "$digest"
check 'pull: the store is whole' rtbuild fsck
is 'pull: all blobs are here' "$(rtbuild images --json | jq -r '.[0].complete')" true
check 'images' rtbuild images
stdout_has "^$REGISTRY/me/rt:1 +sha256:"
mark=$(requests_mark)
check 'pull again' rtbuild pull "$REGISTRY/me/rt:1"
is 'pull again: no blob' "$(count_requests "$mark" 'GET /v2/me/rt/blobs')" 0
check 'what was pulled runs' rtbuild run "$REGISTRY/me/rt:1" python3 -c 'import numpy, awslambdaric; print("runs")'
stdout_is runs
fresh
check 'pull --lazy' rtbuild pull --lazy "$REGISTRY/me/rt@$digest"
stdout_is "$pinned"
is '--lazy: incomplete' "$(rtbuild images --json | jq -r '.[0].complete')" false
check '--lazy: the store is whole' rtbuild fsck
stdout_has '[1-9][0-9]* remote'
mark=$(requests_mark)
check '--lazy: push to another repository' rtbuild push "$(rtbuild images --json | jq -r '.[0].reference')" "$REGISTRY/lazy/rt:1"
is '--lazy: mounted, not fetched' "$(count_requests "$mark" 'GET /v2/me/rt/blobs')" 0
RTBUILD_STORE=$store

# --- what goes wrong ---

victim=$(find "$REGISTRY_DATA" -path '*blobs/sha256/*/data' -size +100k | head -n 1)
cp "$victim" saved
printf 'X' | dd of="$victim" bs=1 seek=5000 conv=notrunc 2>/dev/null
fresh
exits 7 rtbuild pull "$REGISTRY/me/rt:1"
stderr_has 'sha256:'
is 'a corrupt blob: nothing is listed' "$(rtbuild images)" ''
check 'a corrupt blob: the store is whole' rtbuild fsck
cp saved "$victim"
RTBUILD_STORE=$store
unset SSL_CERT_FILE
exits 4 rtbuild inspect --store "$TMP/untrusting" "$REGISTRY/me/rt:1"
stderr_has '--ca-file'
check '--ca-file' rtbuild inspect --store "$TMP/untrusting" --ca-file "$REGISTRY_CA" "$REGISTRY/me/rt:1"
check '--insecure' rtbuild inspect --store "$TMP/untrusting" --insecure "$REGISTRY/me/rt:1"
mkdir -p "$HOME/.config/containers/certs.d/$REGISTRY" && cp "$REGISTRY_CA" "$HOME/.config/containers/certs.d/$REGISTRY/"
check 'certs.d' rtbuild inspect --store "$TMP/untrusting" "$REGISTRY/me/rt:1"
SSL_CERT_FILE=$REGISTRY_CA
export SSL_CERT_FILE

# --- the password is nowhere but in config.json ---

marker='Mark3r-of-the-secret'
rm docker/config.json
(
	printf '%s' "$marker" | rtbuild login -v -u u --password-stdin "$REGISTRY"
	echo "{\"auths\":{\"$REGISTRY\":{\"auth\":\"$(printf 'u:%s' "$marker" | base64)\"}}}" >docker/config.json
	rtbuild pull -v "$REGISTRY/me/rt:1"
	rtbuild pull --progress=json -v "$REGISTRY/me/rt:1"
	rtbuild pull --json "$REGISTRY/me/rt:1"
) >said 2>&1
is 'not in any output' "$(grep -c "$marker\|$(printf 'u:%s' "$marker" | base64)" said)" 0
is 'not in the store or below HOME' "$(grep -rlF "$marker" "$RTBUILD_STORE"/index.json "$RTBUILD_STORE"/cache "$RTBUILD_STORE"/logs "$HOME" 2>/dev/null)" ''
mkfifo pipe
rtbuild login -u u --password-stdin "$REGISTRY" <pipe >"$out" 2>"$err" &
login=$!
exec 8>pipe
printf '%s' "$marker" >&8
is 'not in argv or environment' "$(tr '\0' '\n' <"/proc/$login/cmdline" | grep -c "$marker")" 0
exec 8>&-
wait "$login"
is 'a refused login leaves the old one' "$(jq -r --arg h "$REGISTRY" '.auths[$h].auth' docker/config.json | base64 -d)" "u:$marker"

printf '%s' "$password" | rtbuild login -q -u u --password-stdin "$REGISTRY"
check 'logout' rtbuild logout "$REGISTRY"
stdout_empty
is 'logout: forgotten' "$(jq -r '.auths | length' docker/config.json)" 0
check 'logout again' rtbuild logout "$REGISTRY"
stderr_has 'was not logged in'
fresh
exits 5 rtbuild pull "$REGISTRY/me/rt:1"
RTBUILD_STORE=$store

# --- other registries ---

stop_server "$REGISTRY_PID"
exits 4 rtbuild inspect --store "$TMP/dead" "$REGISTRY/me/rt:1"
stderr_has "$REGISTRY"

printf 'FROM scratch\nCOPY small /\n' >Dockerfile
seq 1 1000 >small
for mode in plain htpasswd token tls; do
	start_registry "$mode"
	SSL_CERT_FILE=$REGISTRY_CA
	[ "$mode" = tls ] || SSL_CERT_FILE=
	case $mode in
	htpasswd | token) printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u "$REGISTRY_USER" --password-stdin "$REGISTRY" ;;
	esac
	check "$mode: push" rtbuild build -t "$REGISTRY/a/b/c:1" --push -f Dockerfile .
	check "$mode: pull" rtbuild pull --store "$TMP/other.$mode" "$REGISTRY/a/b/c:1"
	is "$mode: same" "$(rtbuild images --store "$TMP/other.$mode" --digests --json | jq -r '.[0].digest')" \
		"$(digest_of "$REGISTRY/a/b/c:1")"
done
start_registry plain readonly
fails 'a read-only registry' rtbuild push "$(rtbuild images --json | jq -r '.[].reference' | grep /a/b/c | head -n 1)" "$REGISTRY/a/b:1"
stderr_has '405|read-only|UNSUPPORTED'
# localhost without a port is https at 443, where nothing listens, or http at 80: on a network of its own
cat >at80.py <<'END'
import fcntl, functools, http.server, socket, struct, subprocess, sys, threading
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 1))
serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 80), serve)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[2:]).returncode)
END
mkdir -p at80/v2/a/b/manifests
echo '{}' >at80/v2/a/b/manifests/1
check 'localhost without a port' unshare -n python3 at80.py at80 rtbuild digest localhost/a/b:1
stdout_is "sha256:$(sha256sum <at80/v2/a/b/manifests/1 | cut -c 1-64)"
exits 4 unshare -n python3 at80.py at80 rtbuild digest localhost:443/a/b:1
start_registry plain relative
check 'relative upload locations' rtbuild build -t "$REGISTRY/a/b:1" --push -f Dockerfile .
finish
