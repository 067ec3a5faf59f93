#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# registries.conf against real registries: mirrors, locations, what is blocked, what may be insecure.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

seq 1 5000 >file
printf 'FROM scratch\nCOPY file /\n' >Dockerfile
conf=$HOME/.config/containers/registries.conf
mkdir -p "$HOME/.config/containers"

# Each pull is a new machine's, so that nothing comes from its store.
pull() {
	rm -rf "$TMP/machine"
	rtbuild pull --store "$TMP/machine" "$@"
}

start_registry plain
mirror=$REGISTRY mirror_log=$REGISTRY_LOG mirror_pid=$REGISTRY_PID
start_registry plain
origin=$REGISTRY
check 'push to the mirror' rtbuild build -t "$mirror/cache/rt:1" --push .
check 'push to the origin' rtbuild push "$mirror/cache/rt:1" "$origin/me/rt:1"
digest=$(sed -n 's/.*@//p' "$out")
printf 'more\n' >>file
check 'only at the origin' rtbuild build -t "$origin/me/rt:2" --push .
mirror_gets() { REGISTRY_LOG=$mirror_log count_requests "$1" 'GET /v2/cache/rt/(manifests|blobs)'; }
mirror_mark() { REGISTRY_LOG=$mirror_log requests_mark; }

# --- mirrors ---

cat >"$conf" <<END
unqualified-search-registries = ["quay.io"]
[[registry]]
prefix = "$origin/me"
location = "$origin/me"
[[registry.mirror]]
location = "127.0.0.1:1/dead"
[[registry.mirror]]
location = "$mirror/cache"
END
mark=$(requests_mark) mirror_mark=$(mirror_mark)
check 'a mirror serves a tag' pull "$origin/me/rt:1"
stdout_is "$origin/me/rt@$digest"
stderr_has 'without the mirror 127\.0\.0\.1:1/dead/rt: '
is 'a dead mirror is tried once' "$(grep -c 'without the mirror' "$err")" 1
is 'all of it comes from the mirror' "$(mirror_gets "$mirror_mark")" 3
is 'nothing comes from the origin' "$(count_requests "$mark" 'v2/me')" 0
check 'by digest' pull "$origin/me/rt@$digest"
is 'nothing comes from the origin' "$(count_requests "$mark" 'v2/me')" 0
check 'what the mirror lacks comes from the origin' pull "$origin/me/rt:2"
is 'the origin gave the manifest' "$(count_requests "$mark" 'GET /v2/me/rt/manifests/2 200')" 1
mirror_mark=$(mirror_mark)
check 'a push' rtbuild push "$mirror/cache/rt:1" "$origin/me/rt:3"
is 'a push asks no mirror' "$(REGISTRY_LOG=$mirror_log count_requests "$mirror_mark" 'manifests/3')" 0
check 'what is pushed is at the origin' test -e "$REGISTRY_DATA/docker/registry/v2/repositories/me/rt/_manifests/tags/3"
check 'unqualified-search-registries: said with -v' pull -v "$origin/me/rt:1"
stderr_has 'unqualified-search-registries is not used'

sed -i 's,^\(location = ".*cache"\),\1\npull-from-mirror = "digest-only",' "$conf"
mark=$(requests_mark) mirror_mark=$(mirror_mark)
check 'digest-only' pull "$origin/me/rt:1"
is 'digest-only: the tag is resolved at the origin' "$(requests_since "$mark" | grep -c v2/me)" 1
is 'digest-only: the blobs come from the mirror' "$(mirror_gets "$mirror_mark")" 2
sed -i 's/digest-only/tag-only/' "$conf"
mark=$(requests_mark)
check 'tag-only' pull "$origin/me/rt:1"
is 'tag-only: the blobs come from the origin' "$(count_requests "$mark" 'v2/me/rt/blobs')" 2
sed -i -e '/pull-from-mirror/d' -e 's,^prefix,mirror-by-digest-only = true\nprefix,' "$conf"
mark=$(requests_mark)
check 'mirror-by-digest-only' pull "$origin/me/rt:1"
is 'mirror-by-digest-only: one request to the origin' "$(requests_since "$mark" | grep -c v2/me)" 1

# A mirror's bytes count for nothing but their digest.
blob=$(find "${mirror_log%/*}/data" -path '*blobs/sha256/*/data' -size +8k | head -n 1)
cp "$blob" saved
printf X | dd of="$blob" bs=1 seek=3000 conv=notrunc 2>/dev/null
exits 7 pull "$origin/me/rt@$digest"
cp saved "$blob"
stop_server "$mirror_pid"
check 'a stopped mirror' pull "$origin/me/rt:1"
stderr_has "without the mirror $mirror/cache/rt"

# --- credentials ---

start_registry htpasswd
mirror=$REGISTRY
printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u u --password-stdin "$mirror"
check 'fill a mirror with a login' rtbuild push "$origin/me/rt:2" "$mirror/cache/rt:2"
rm docker/config.json
cat >"$conf" <<END
[[registry]]
location = "$origin/me"
mirror = [{location = "$mirror/cache"}]
END
echo "{\"auths\":{\"$origin\":{\"auth\":\"$(printf 'origin:s3cret' | base64)\"}}}" >docker/config.json
chmod 600 docker/config.json
check 'the login of the origin is not shown to a mirror' pull -v "$origin/me/rt:2"
stderr_has 'without the mirror .*wants a login'

# --- location, blocked, insecure ---

cat >"$conf" <<END
[[registry]]
prefix = "images.example.com/team"
location = "$origin/me"
[[registry]]
prefix = "images.example.com/team/secret"
location = "$origin/me"
blocked = true
[[registry]]
prefix = "*.example.org"
blocked = true
END
check 'a location stands for its prefix' pull images.example.com/team/rt:1
stdout_is "images.example.com/team/rt@$digest"
exits 5 pull images.example.com/team/secret:1
stderr_has "images.example.com/team/secret is blocked by $conf"
exits 5 pull a.b.example.org/x:1
exits 5 rtbuild push "$origin/me/rt:2" a.example.org/x:1
stderr_has 'is blocked by'

mkdir -p "$conf.d"
printf '[[registry]]\nprefix = "images.example.com/team/secret"\nlocation = "%s/me/rt"\n' "$origin" >"$conf.d/50-open.conf"
check 'a drop-in replaces the entry' pull images.example.com/team/secret:1
printf '[[registry]]\nprefix = "images.example.com/team/secret"\nlocation = \n' >"$conf.d/50-open.conf"
exits 3 pull "$origin/me/rt:1"
stderr_has '50-open.conf:3:12'
rm "$conf.d/50-open.conf"
CONTAINERS_REGISTRIES_CONF=$TMP/other.conf
export CONTAINERS_REGISTRIES_CONF
exits 6 pull "$origin/me/rt:1"
stderr_has 'CONTAINERS_REGISTRIES_CONF'
: >other.conf
exits 4 pull images.example.com/team/rt:1
unset CONTAINERS_REGISTRIES_CONF

start_registry tls
printf '[[registry]]\nlocation = "%s"\n' "$REGISTRY" >"$conf"
exits 4 pull "$REGISTRY/me/rt:1"
stderr_has 'not signed by a known authority'
printf 'insecure = true\n' >>"$conf"
check 'insecure: any certificate' rtbuild push "$origin/me/rt:2" "$REGISTRY/me/rt:1"
check 'insecure: pull' pull "$REGISTRY/me/rt:1"
printf '[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s/me"\ninsecure = true\n' \
	"$origin/me" "$REGISTRY" >"$conf"
mark=$(requests_mark)
check 'an insecure mirror' pull "$origin/me/rt:1"
is 'an insecure mirror serves' "$(count_requests "$mark" 'GET /v2/me/rt/manifests/1 200')" 1
exits 4 pull "$REGISTRY/me/rt:1"
finish
