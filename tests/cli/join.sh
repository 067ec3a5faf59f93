#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rtbuild index: images of several platforms under one name.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

start_registry plain
make_image a/app amd64 one amd64
make_image a/app arm64 two arm64
make_index a/many 1 many
amd64=$(sha one-amd64.json) arm64=$(sha two-arm64.json)
listed() { rtbuild manifest "$1" | jq -c '[.manifests[] | .platform.architecture]'; }

# --- in one repository: documents alone ---

mark=$(requests_mark)
check 'plan' rtbuild index --plan "$REGISTRY/a/app:1" "$REGISTRY/a/app:amd64" "$REGISTRY/a/app:arm64"
stdout_has '^platforms +linux/amd64$'
stdout_has '^requests +6$'
is 'plan: nothing is written' "$(count_requests "$mark" '^(POST|PUT)')" 0
mark=$(requests_mark)
check 'index' rtbuild index "$REGISTRY/a/app:1" "$REGISTRY/a/app:amd64" "$REGISTRY/a/app:arm64"
is 'index: requests' "$(requests_since "$mark" | sed 's, /v2/a/app/\([a-z]*\)/[^ ]*, \1,' | cut -d' ' -f1,2 | sort | uniq -c | sed 's/^ *//' | tr '\n' ',')" \
	'2 GET blobs,2 GET manifests,1 HEAD manifests,1 PUT manifests,'
stdout_is "$REGISTRY/a/app@sha256:$(document a/app 1 | sha256sum | cut -d' ' -f1)"
is 'index: what it lists' "$(document a/app 1 | jq -c '[.mediaType, (.manifests[] | .digest, .size, .platform)]')" \
	"[\"$OCI.index.v1+json\",\"$amd64\",$(size one-amd64.json),{\"architecture\":\"amd64\",\"os\":\"linux\"},\"$arm64\",$(size two-arm64.json),{\"architecture\":\"arm64\",\"os\":\"linux\"}]"
mark=$(requests_mark)
check 'again' rtbuild index "$REGISTRY/a/app:1" "$REGISTRY/a/app:amd64" "$REGISTRY/a/app:arm64"
is 'again: nothing is written' "$(count_requests "$mark" '^(POST|PUT)')" 0
check 'an image of it' rtbuild pull -q --platform linux/arm64 "$REGISTRY/a/app:1"
check 'skopeo reads it' skopeo inspect --tls-verify=false --override-arch arm64 "docker://$REGISTRY/a/app:1"

# --- from elsewhere, to elsewhere ---

make_signature a/app one-amd64.json .sig
check 'another repository, annotations, two tags' rtbuild index --json -t also --annotation org.example.a=1 "$REGISTRY/b/app:1" "$REGISTRY/a/app:1"
is 'mounted, with its signature' "$(jq -c '[.moved.mounted.blobs > 0, .moved.sent.blobs, .signatures]' "$out")" '[true,0,1]'
is 'annotations' "$(document b/app also | jq -r '.annotations["org.example.a"]')" 1
is 'the signature is there' "$(has b/app "$(echo "$amd64" | tr : -).sig")" 200
check 'of an index and an image' rtbuild index "$REGISTRY/b/app:2" "$REGISTRY/a/many:1"
is 'of an index: all its entries' "$(listed "$REGISTRY/b/app:2")" '["amd64","arm64","unknown"]'
printf 'FROM scratch\nLABEL a=b\n' >Dockerfile
check 'one of the store' rtbuild build -q -t local/app:1 --platform linux/riscv64 .
check 'registry and store, to a layout' rtbuild index oci:layout:x "$REGISTRY/a/app:arm64" store:local/app:1
is 'to a layout' "$(listed oci:layout:x)" '["arm64","riscv64"]'
check 'from the layout, to the store' rtbuild index store:joined/app:1 oci:layout:x "$REGISTRY/a/app:amd64"
check 'the store is whole' rtbuild fsck
check 'and back' rtbuild push -q joined/app:1 "$REGISTRY/joined/app:1"
is 'and back: all' "$(listed "$REGISTRY/joined/app:1")" '["arm64","riscv64","amd64"]'
start_registry plain
other=$REGISTRY
check 'to another registry' rtbuild index "$other/c/app:1" store:joined/app:1
is 'to another registry: all' "$(listed "$other/c/app:1")" '["arm64","riscv64","amd64"]'

# --- what is refused ---

make_image a/app one one amd64
make_image a/app two two amd64
exits 3 rtbuild index "$REGISTRY/a/app:x" "$REGISTRY/a/app:one" "$REGISTRY/a/app:two"
stderr_has 'app:one and .*app:two are both for linux/amd64'
check 'the same image twice counts once' rtbuild index "$REGISTRY/a/app:x" "$REGISTRY/a/app:one" "$REGISTRY/a/app@$(sha one-amd64.json)"
is 'counts once' "$(listed "$REGISTRY/a/app:x")" '["amd64"]'
exits 7 rtbuild index --no-clobber "$REGISTRY/a/app:one" "$REGISTRY/a/app:two"
make_referrer a/app one-amd64.json application/vnd.example.sbom word
put_document a/app sbom $OCI.manifest.v1+json referrer-word.json
exits 3 rtbuild index "$REGISTRY/a/app:y" "$REGISTRY/a/app:sbom"
stderr_has 'no image'
exits 6 rtbuild index "$REGISTRY/a/app:y" "$REGISTRY/a/app:none"
exits 2 rtbuild index "$REGISTRY/a/app:y"
exits 2 rtbuild index --annotation nokey "$REGISTRY/a/app:y" "$REGISTRY/a/app:one"
exits 2 rtbuild index docker-archive:x.tar "$REGISTRY/a/app:one"
is 'nothing is there of what was refused' "$(has a/app y)" 404
finish
