#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# import and export; skopeo, buildah and podman read what rtbuild wrote, and the other way round.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

# Storage of podman and buildah of the test's own, without a runtime of containers.
containers="--root $TMP/containers --runroot $TMP/containers.run --storage-driver vfs"
# The options are several words.
# shellcheck disable=SC2086
podman_() { podman $containers "$@"; }
# shellcheck disable=SC2086
buildah_() { buildah $containers "$@"; }

echo '{}' >docker/config.json # podman and buildah want the file to be there
start_registry plain
make_index a/app 1 one
make_image a/app plain two amd64
printf 'FROM scratch\nCOPY Dockerfile /\nLABEL made=by-us\n' >Dockerfile
check 'an image of the store' rtbuild build -q -t me/rt:1 -f Dockerfile .
ours=$(digest_of me/rt:1) id=$(manifest me/rt:1 | jq -r .config.digest)

# --- export ---

check 'export' rtbuild export me/rt:1 rt.oci.tar
stdout_is rt.oci.tar
check 'export again' rtbuild export me/rt:1 again.oci.tar
check 'the same bytes' cmp rt.oci.tar again.oci.tar
check 'export to docker' rtbuild export --format docker me/rt:1 rt.docker.tar
check 'export to a pipe' sh -c 'rtbuild export me/rt:1 - | cmp - rt.oci.tar'
check 'export from a registry, whole' rtbuild export -o whole.tar "$REGISTRY/a/app:1"
check 'export of several' rtbuild export --json "$REGISTRY/a/app:plain" me/rt:1 several.tar
is 'several: result' "$(jq -c '[.file, (.images | length)]' "$out")" '["several.tar",2]'
check 'export --plan' rtbuild export --plan me/rt:1 planned.tar
stdout_has '^planned\.tar would hold 1 images'
is '--plan: no file' "$(ls planned.tar 2>/dev/null)" ''
exits 8 rtbuild export --format docker "$REGISTRY/a/app:1" x.tar
stderr_has '\-\-platform'
is 'a failed export leaves no file' "$(ls x.tar 2>/dev/null)" ''
exits 6 rtbuild export store:no/such:1 x.tar
exits 6 rtbuild export "$REGISTRY/a/app:none" x.tar
exits 4 rtbuild export 127.0.0.1:1/a:1 x.tar
exits 2 rtbuild export me/rt:1
exits 2 rtbuild export --format zip me/rt:1 x.tar
exits 2 rtbuild export me/rt:1 "$TMP"

# --- import ---

imported() { RTBUILD_STORE=$TMP/imported.$checks && export RTBUILD_STORE; }
store=$RTBUILD_STORE
imported
check 'import' rtbuild import rt.oci.tar
stdout_is "me/rt@$ours"
is 'import: digest' "$(digest_of me/rt:1)" "$ours"
check 'import: the store is whole' rtbuild fsck
imported
check 'import of docker' rtbuild import rt.docker.tar
is 'import of docker and OCI in one: digests stay' "$(digest_of me/rt:1)" "$ours"
imported
check 'import from a pipe, gzipped' sh -c 'gzip -c several.tar | rtbuild import --json -'
is 'import: all of them' "$(jq -c '[.images[].digest] | sort' "$out")" "$(printf '%s\n%s\n' "$ours" "$(sha two-amd64.json)" | jq -Rcs 'split("\n")[:-1] | sort')"
is 'import: both are listed' "$(rtbuild images --json | jq length)" 2
check 'import: whole' rtbuild fsck
imported
check 'import of an index' rtbuild import whole.tar
is 'import of an index: it stays one' "$(digest_of "$REGISTRY/a/app:1")" "$(sha one-index.json)"
check 'import --tag' rtbuild import -t other/name:2 rt.oci.tar
is 'import --tag: that name alone' "$(rtbuild images --json | jq -r '.[].reference' | grep -c 'other/name:2\|me/rt')" 1
check 'import --plan' rtbuild import --plan --json several.tar
is 'import --plan: nothing new' "$(rtbuild images --json | jq length)" 2
exits 2 rtbuild import -t one/name:1 several.tar
exits 6 rtbuild import missing.tar
printf 'no archive' >bad.tar
exits 7 rtbuild import bad.tar
tar -cf plain.tar Dockerfile
exits 3 rtbuild import plain.tar
stderr_has 'neither oci-layout nor manifest.json'
head -c 2048 rt.oci.tar >cut.tar
exits 7 rtbuild import cut.tar
exits 7 sh -c 'head -c 5000 several.tar | rtbuild import -'
exits 2 rtbuild import

# What docker saved before 25: LAYER/layer.tar, links between equal layers, no digests.
mkdir -p saved/aaa saved/bbb
tar -C "$TMP" --mtime=@1 --owner=0 --group=0 -cf saved/aaa/layer.tar Dockerfile
ln -s ../aaa/layer.tar saved/bbb/layer.tar
diffid=$(sha saved/aaa/layer.tar)
printf '{"os":"linux","architecture":"amd64","config":{"Env":["A=<b>"]},"rootfs":{"type":"layers","diff_ids":["%s","%s"]},"history":[{},{}]}' "$diffid" "$diffid" >saved/config.json
printf '[{"Config":"config.json","RepoTags":["old/one:1","old/one:2"],"Layers":["aaa/layer.tar","bbb/layer.tar"]},{"Config":"config.json","RepoTags":null,"Layers":["aaa/layer.tar","bbb/layer.tar"]}]' >saved/manifest.json
tar -C saved -cf saved.tar manifest.json config.json aaa bbb
imported
check 'import of an old docker archive' rtbuild import saved.tar
is 'old docker archive: names' "$(rtbuild images --json | jq -r '.[].reference' | tr '\n' ' ')" 'old/one:1 old/one:2 '
is 'old docker archive: the image id stays' "$(manifest old/one:1 | jq -r .config.digest)" "$(sha saved/config.json)"
is 'old docker archive: layers are compressed' "$(manifest old/one:1 | jq -r '.layers[0].mediaType')" $OCI.layer.v1.tar+gzip
is 'old docker archive: the bytes' "sha256:$(zcat "$(layer old/one:1 2)" | sha256sum | cut -c 1-64)" "$diffid"
one=$(digest_of old/one:1)
imported
rtbuild import -q saved.tar >/dev/null
is 'the same archive gives the same digest' "$(digest_of old/one:1)" "$one"
sed -i "s/$diffid\"\\]/sha256:0000000000000000000000000000000000000000000000000000000000000000\"]/" saved/config.json
tar -C saved -cf wrong.tar manifest.json config.json aaa bbb
exits 7 rtbuild import wrong.tar
stderr_has 'diff id'
RTBUILD_STORE=$store

# --- they read ours ---

check 'skopeo: OCI archive' skopeo inspect --raw oci-archive:rt.oci.tar
is 'skopeo: OCI archive: manifest' "$(sha "$out")" "$ours"
check 'skopeo: docker archive' skopeo inspect --config --raw docker-archive:rt.docker.tar
is 'skopeo: docker archive: configuration' "$(sha "$out")" "$id"
check 'skopeo: the whole index' skopeo copy -q --all oci-archive:whole.tar oci:whole:x
is 'skopeo: the whole index: digest' "$(jq -r '.manifests[0].digest' whole/index.json)" "$(sha one-index.json)"
check 'push' rtbuild push -q me/rt:1 "$REGISTRY/me/rt:1"
check 'skopeo: registry' skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/me/rt:1"
is 'skopeo: registry: manifest' "$(sha "$out")" "$ours"
check 'podman loads the OCI archive' podman_ load -q -i rt.oci.tar
check 'podman: label' podman_ image inspect --format '{{.Id}} {{.Labels.made}}' docker.io/me/rt:1
stdout_is "${id#sha256:} by-us"
podman_ rmi -a -f >/dev/null 2>&1
check 'podman loads the docker archive' podman_ load -q -i rt.docker.tar
check 'podman: its id' podman_ image inspect --format '{{.Id}}' docker.io/me/rt:1
stdout_is "${id#sha256:}"
podman_ rmi -a -f >/dev/null 2>&1
check 'podman pulls' podman_ pull -q --tls-verify=false "$REGISTRY/me/rt:1"
stdout_is "${id#sha256:}"
check 'buildah pulls' buildah_ pull -q --tls-verify=false "$REGISTRY/me/rt:1"
check 'buildah reads the layout' sh -c "rtbuild copy -q me/rt:1 oci:layout:x && buildah $containers pull -q oci:layout:x"

# --- we read theirs ---

check 'buildah makes one' sh -c "
	c=\$(buildah $containers from scratch) &&
	buildah $containers add \$c Dockerfile /Dockerfile &&
	buildah $containers config --label made=by-buildah \$c &&
	buildah $containers commit -q --format oci \$c theirs/app:1"
check 'buildah pushes' buildah_ push -q --tls-verify=false theirs/app:1 "docker://$REGISTRY/theirs/app:1"
pushed=$(rtbuild digest "$REGISTRY/theirs/app:1")
check 'pull of theirs' rtbuild pull "$REGISTRY/theirs/app:1"
is 'pull: digest' "$(digest_of "$REGISTRY/theirs/app:1")" "$pushed"
check 'podman saves OCI' podman_ save -q --format oci-archive -o theirs.oci.tar localhost/theirs/app:1
check 'podman saves docker' podman_ save -q --format docker-archive -o theirs.docker.tar localhost/theirs/app:1
check 'import of podman OCI' rtbuild import -t from/oci:1 theirs.oci.tar
check 'import of podman docker' rtbuild import theirs.docker.tar
is 'import of podman docker: its name and label' "$(config localhost/theirs/app:1 | jq -r .config.Labels.made)" by-buildah
check 'skopeo writes a layout' skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/theirs/app:1" oci:sk:v1
check 'copy of it' rtbuild copy oci:sk:v1 "$REGISTRY/sk/app:1"
stdout_is "$REGISTRY/sk/app@$pushed"
check 'skopeo writes an archive' skopeo copy -q oci:sk:v1 oci-archive:sk.tar:v1
check 'copy of that' rtbuild copy oci-archive:sk.tar "$REGISTRY/sk/app:2"
stdout_is "$REGISTRY/sk/app@$pushed"
exits 2 rtbuild import sk.tar
stderr_has '\-\-tag NAME:v1'
check 'skopeo converts to schema 2' skopeo copy -q --format v2s2 --dest-tls-verify=false oci:sk:v1 "docker://$REGISTRY/v2s2/app:1"
check 'schema 2 stays' rtbuild copy "$REGISTRY/v2s2/app:1" "$REGISTRY/v2s2/copy:1"
is 'schema 2: digest' "$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/v2s2/copy:1" | sha256sum | cut -c 1-64)" \
	"$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/v2s2/app:1" | sha256sum | cut -c 1-64)"
finish
