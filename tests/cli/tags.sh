#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# digest, manifest, tags, tag, annotate and delete, in a registry and in the store.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

start_registry plain
make_index a/app 1 one
make_image a/app plain two amd64
index=$(sha one-index.json) plain=$(sha two-amd64.json)

# --- digest, manifest ---

mark=$(requests_mark)
check 'digest' rtbuild digest "$REGISTRY/a/app:1"
stdout_is "$index"
is 'digest: one request' "$(requests_since "$mark")" 'HEAD /v2/a/app/manifests/1 200'
check 'digest of a digest' rtbuild digest "$REGISTRY/a/app:none@$plain"
stdout_is "$plain"
exits 6 rtbuild digest "$REGISTRY/a/app@sha256:$(printf %064d 0)"
check 'digest --full-ref' rtbuild digest --full-ref "$REGISTRY/a/app:1"
stdout_is "$REGISTRY/a/app@$index"
check 'digest --platform' rtbuild digest --platform linux/arm64 "$REGISTRY/a/app:1"
stdout_is "$(sha one-arm64.json)"
check 'digest --json' rtbuild digest --json "$REGISTRY/a/app:1"
is 'digest --json' "$(jq -r '[.digest, .reference, (.requests | type)] | join(" ")' "$out")" "$index $REGISTRY/a/app@$index number"
exits 6 rtbuild digest "$REGISTRY/a/app:none"
exits 4 rtbuild digest 127.0.0.1:1/a/app:1
exits 3 rtbuild digest "$REGISTRY/a//app:1"
exits 2 rtbuild digest
check 'manifest' rtbuild manifest "$REGISTRY/a/app:1"
is 'manifest: byte for byte' "$(sha "$out")" "$index"
check 'manifest by digest' rtbuild manifest "$REGISTRY/a/app@$plain"
is 'manifest by digest: byte for byte' "$(sha "$out")" "$plain"
check 'manifest --platform' rtbuild manifest --platform linux/amd64 "$REGISTRY/a/app:1"
is 'manifest --platform' "$(sha "$out")" "$(sha one-amd64.json)"
check 'manifest --json' rtbuild manifest --json "$REGISTRY/a/app:1"
is 'manifest --json' "$(jq -c '[.digest, (.document.manifests | length)]' "$out")" "[\"$index\",3]"
exits 6 rtbuild manifest "$REGISTRY/a/none:1"
exits 6 rtbuild manifest --platform linux/s390x "$REGISTRY/a/app:1"
stderr_has 'it has linux/amd64'
exits 4 rtbuild manifest 127.0.0.1:1/a/app:1

# --- tags ---

for tag in 1.10 1.9 1.2.0-rc1 v1.2.0 2.0.0 latest; do put_document a/app "$tag" $OCI.manifest.v1+json two-amd64.json; done
make_signature a/app one-index.json .sig
check 'tags' rtbuild tags --omit-digest-tags "$REGISTRY/a/app"
stdout_is '1
1.2.0-rc1
1.9
1.10
2.0.0
latest
plain
v1.2.0'
check 'tags: signatures too' rtbuild tags "$REGISTRY/a/app"
stdout_has '^sha256-[0-9a-f]{64}\.sig$'
check 'tags --filter: versions' rtbuild tags -f '>=1.2 <2' "$REGISTRY/a/app"
stdout_is '1.9
1.10
v1.2.0'
check 'tags --filter: pre-releases' rtbuild tags -f '>=1.2.0-rc <1.2.0' "$REGISTRY/a/app"
stdout_is 1.2.0-rc1
check 'tags --filter: glob and regex add up' rtbuild tags -f 'l*' -f '/^v[0-9]/' "$REGISTRY/a/app"
stdout_is 'latest
v1.2.0'
check 'tags --limit' rtbuild tags -f '1.*' -n 1 --full-ref "$REGISTRY/a/app"
stdout_is "$REGISTRY/a/app:1.10"
check 'tags --json' rtbuild tags -f '2.*' --json "$REGISTRY/a/app"
is 'tags --json' "$(jq -c '[.repository, .tags]' "$out")" "[\"$REGISTRY/a/app\",[\"2.0.0\"]]"
exits 6 rtbuild tags "$REGISTRY/a/none"
stderr_hasnt 'created first'
exits 6 rtbuild digest "$REGISTRY/a/app:none"
stderr_has 'a/app:none: HTTP 404: not found$'
stderr_has "rtbuild tags $REGISTRY/a/app"
exits 2 rtbuild tags "$REGISTRY/a/app:1"
exits 2 rtbuild tags -n x "$REGISTRY/a/app"
exits 3 rtbuild tags -f '/[/' "$REGISTRY/a/app"
exits 3 rtbuild tags -f '>=one' "$REGISTRY/a/app"
exits 4 rtbuild tags 127.0.0.1:1/a/app

# --- tag, in the registry ---

mark=$(requests_mark)
check 'tag' rtbuild tag "$REGISTRY/a/app:1" stable
stdout_is "$REGISTRY/a/app@$index"
is 'tag: the bytes' "$(document a/app stable | sha256sum | cut -c 1-64)" "${index#sha256:}"
is 'tag: requests' "$(requests_since "$mark" | head -n 4 | sort | tr '\n' ';')" \
	'GET /v2/a/app/manifests/1 200;HEAD /v2/a/app/manifests/stable 404;HEAD /v2/a/app/manifests/stable 404;PUT /v2/a/app/manifests/stable 201;'
mark=$(requests_mark)
check 'tag again' rtbuild tag "$REGISTRY/a/app:1" stable
is 'tag again: nothing is written' "$(count_requests "$mark" '^PUT')" 0
check 'several names' rtbuild tag --json "$REGISTRY/a/app@$plain" "$REGISTRY/a/app:x" y stable
is 'several names: written' "$(jq -c '[.written, (.tags | length)]' "$out")" '[3,3]'
is 'several names: there' "$(has a/app x) $(has a/app y)" '200 200'
exits 7 rtbuild tag --no-clobber "$REGISTRY/a/app:1" stable
stderr_has 'exists already'
mark=$(requests_mark)
check 'tag --plan' rtbuild tag --plan "$REGISTRY/a/app:1" stable x planned
stdout_has "^image +$REGISTRY/a/app@$index$"
stdout_has "^write +$REGISTRY/a/app:stable  instead of $plain$"
stdout_has "^write +$REGISTRY/a/app:planned  new$"
check 'tag --plan --json' rtbuild tag --plan --json "$REGISTRY/a/app@$plain" stable planned
is 'tag --plan --json: what would be' "$(jq -c '[.plan, .written, [.names[] | [.before != null, .written]]]' "$out")" \
	'[true,1,[[true,false],[false,true]]]'
is 'tag --plan: nothing is written' "$(count_requests "$mark" '^PUT') $(has a/app planned)" '0 404'
exits 7 rtbuild tag --plan --no-clobber "$REGISTRY/a/app:1" stable
exits 2 rtbuild tag "$REGISTRY/a/app:1" "$REGISTRY/b/app:1"
stderr_has 'rtbuild copy'
exits 2 rtbuild tag "$REGISTRY/a/app:1"
exits 6 rtbuild tag "$REGISTRY/a/app:none" z
exits 4 rtbuild tag 127.0.0.1:1/a/app:1 z
exits 3 rtbuild tag "$REGISTRY/a/app:1" 'bad tag'

# --- tag, in the store ---

printf 'FROM scratch\nLABEL a=b\n' >Dockerfile
check 'a local image' rtbuild build -q -t "$REGISTRY/a/app:1" -t short/name:1 -f Dockerfile .
check 'tag in the store' rtbuild tag short/name:1 other/name:2 third
is 'tag in the store: listed' "$(rtbuild images --json | jq -r '.[].reference' | grep -c 'other/name:2\|third:latest')" 2
local=$(rtbuild digest store:short/name:1)
check 'tag --plan in the store' rtbuild tag --plan --json short/name:1 other/name:2 planned/name:1
is 'tag --plan in the store: says' "$(jq -c '[.digest, [.names[].written]]' "$out")" "[\"$local\",[false,true]]"
exits 6 rtbuild manifest store:planned/name:1
exits 2 rtbuild tag "$REGISTRY/a/app:1" ambiguous
stderr_has 'store:.* or docker://'
check 'store: says which' rtbuild tag "store:$REGISTRY/a/app:1" ambiguous
is 'the registry is untouched' "$(has a/app ambiguous)" 404
check 'docker:// says which' rtbuild tag "docker://$REGISTRY/a/app:1" ambiguous
is 'the registry has it' "$(has a/app ambiguous)" 200
exits 6 rtbuild tag no/such:1 x:1
printf 'FROM scratch\nLABEL c=d\n' >Dockerfile
check 'another local image' rtbuild build -q -t short/name:2 -f Dockerfile .
exits 7 rtbuild tag -n short/name:2 unwritten:1 other/name:2
exits 6 rtbuild manifest store:unwritten:1

# --- annotate ---

check 'annotate' rtbuild annotate --json "$REGISTRY/a/app:stable" org.example.a=1 org.example.b='two words'
is 'annotate: result' "$(jq -c '[.changed, .before]' "$out")" "[true,\"$plain\"]"
is 'annotate: the digest it says' "$(jq -r .digest "$out")" "sha256:$(document a/app stable | sha256sum | cut -c 1-64)"
is 'annotate: the manifest' "$(document a/app stable | jq -c '.annotations')" '{"org.example.a":"1","org.example.b":"two words"}'
is 'annotate: all else stays' "$(document a/app stable | jq -c 'del(.annotations)')" "$(jq -c . two-amd64.json)"
is 'annotate: other tags stay' "$(document a/app plain | sha256sum | cut -c 1-64)" "${plain#sha256:}"
mark=$(requests_mark)
check 'annotate --plan' rtbuild annotate --plan "$REGISTRY/a/app:stable" org.example.a=2
stdout_has '^before +sha256:'
stdout_has "^write +$REGISTRY/a/app:stable$"
check 'annotate --plan --json' rtbuild annotate --plan --json short/name:1 k=v
is 'annotate --plan --json: says' "$(jq -c '[.plan, .changed]' "$out")" '[true,true]'
is 'annotate --plan: nothing is written' "$(count_requests "$mark" '^PUT') $(rtbuild digest store:short/name:1)" "0 $local"
check 'annotate again' rtbuild annotate "$REGISTRY/a/app:stable" org.example.a=1
is 'annotate again: nothing is written' "$(count_requests "$mark" '^PUT')" 0
check 'annotate an index, under another tag' rtbuild annotate -t noted "$REGISTRY/a/app:1" word=other
is 'annotate an index: its members' "$(document a/app noted | jq -c '[.annotations.word, (.manifests | length)]')" '["other",3]'
is 'annotate -t: the old one stays' "$(document a/app 1 | sha256sum | cut -c 1-64)" "${index#sha256:}"
check 'annotate --remove' rtbuild annotate "$REGISTRY/a/app:stable" --remove org.example.a --remove org.example.b
is 'annotate --remove: as before' "$(document a/app stable | jq -cS .)" "$(jq -cS . two-amd64.json)"
check 'annotate in the store' rtbuild annotate short/name:1 k=v
is 'annotate in the store' "$(rtbuild manifest store:short/name:1 | jq -r .annotations.k)" v
check 'the store is whole' rtbuild fsck
exits 2 rtbuild annotate "$REGISTRY/a/app:stable"
exits 2 rtbuild annotate "$REGISTRY/a/app:stable" novalue
exits 2 rtbuild annotate "$REGISTRY/a/app@$plain" k=v
exits 6 rtbuild annotate "$REGISTRY/a/app:none" k=v
exits 4 rtbuild annotate 127.0.0.1:1/a/app:1 k=v
jq -c '.mediaType = "application/vnd.docker.distribution.manifest.v2+json" | .config.mediaType = "application/vnd.docker.container.image.v1+json" | .layers[].mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"' \
	two-amd64.json >docker.json
put_document a/app docker application/vnd.docker.distribution.manifest.v2+json docker.json
exits 8 rtbuild annotate "$REGISTRY/a/app:docker" k=v

# --- delete: distribution deletes by digest alone ---

exits 1 rtbuild delete "$REGISTRY/a/app:x"
stderr_has 'other tags along: .*1\.10.*plain.* y'
stderr_has '\-\-force'
is 'delete refused: nothing went' "$(has a/app x)" 200
exits 1 rtbuild delete "$REGISTRY/a/app@$plain"
check 'delete --plan' rtbuild delete --plan "$REGISTRY/a/app:noted"
stdout_has '^would delete .*a/app:noted$'
is 'delete --plan: nothing went' "$(has a/app noted)" 200
check 'delete' rtbuild delete "$REGISTRY/a/app:noted"
is 'delete: it went' "$(has a/app noted)" 404
is 'delete: others stay' "$(has a/app 1)" 200
check 'delete --force' rtbuild delete --force --json "$REGISTRY/a/app:x"
is 'delete --force: names them' "$(jq -r '.images[0].other_tags | index("y") != null' "$out")" true
is 'delete --force: all went' "$(has a/app x) $(has a/app y) $(has a/app 1)" '404 404 200'
exits 6 rtbuild delete "$REGISTRY/a/app:x"
jq -c '.annotations = {all: "three"}' two-amd64.json >all.json
for tag in all1 all2 all3; do put_document a/app "$tag" $OCI.manifest.v1+json all.json; done
exits 1 rtbuild delete "$REGISTRY/a/app:all1" "$REGISTRY/a/app:all2"
check 'delete: all of its tags are named' rtbuild delete --json "$REGISTRY/a/app:all1" "$REGISTRY/a/app:all2" "$REGISTRY/a/app:all3"
is 'delete: each is said' "$(jq -c '[.images[] | .deleted, (.other_tags | length)]' "$out")" '["manifest",0,"tag",0,"tag",0]'
is 'delete: all went' "$(has a/app all1) $(has a/app all3)" '404 404'
check 'delete --plan, all of them named' rtbuild delete --plan "$REGISTRY/a/app:1" "$REGISTRY/a/app:1" "$REGISTRY/a/app:ambiguous"
put_document a/app all1 $OCI.manifest.v1+json all.json
exits 6 rtbuild delete "$REGISTRY/a/app:all1" "$REGISTRY/a/app:gone" "$REGISTRY/a/app:1"
stdout_is "$REGISTRY/a/app:all1"
is 'delete: what comes after a failure stays' "$(has a/app all1) $(has a/app 1)" '404 200'
check 'delete --ignore-missing' rtbuild delete --ignore-missing "$REGISTRY/a/app:x" "$REGISTRY/a/none:1"
exits 2 rtbuild delete "$REGISTRY/a/app"
stderr_has ':TAG'
exits 2 rtbuild delete
exits 4 rtbuild delete --ignore-missing 127.0.0.1:1/a/app:1
arm=$(sha one-arm64.json)
printf '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s","digest":"%s","size":%d}]}' \
	$OCI.index.v1+json $OCI.index.v1+json "$index" "$(wc -c <one-index.json)" >nested.json
put_document a/app nested $OCI.index.v1+json nested.json
put_document a/app arm $OCI.manifest.v1+json one-arm64.json
exits 1 rtbuild delete "$REGISTRY/a/app@$arm"
stderr_has "would take 1 other tag along: arm, and break 3 tags whose indexes list it: 1, ambiguous, nested\$"
exits 1 rtbuild delete "$REGISTRY/a/app:arm"
stderr_has "would break 3 tags whose indexes list it: 1, ambiguous, nested\$"
is 'in an index: nothing went' "$(has a/app arm)" 200
mark=$(requests_mark)
check 'in an index: --force' rtbuild delete --force --json "$REGISTRY/a/app:arm"
is 'in an index: which' "$(jq -c '[.images[0].other_tags, .images[0].broken_tags]' "$out")" '[[],["1","ambiguous","nested"]]'
is 'in an index: it went' "$(has a/app arm) $(has a/app 1)" '404 200'
check 'what no index lists: an index' rtbuild delete "$REGISTRY/a/app:nested"
check 'delete from the store' rtbuild delete store:third:latest
exits 6 rtbuild delete store:third:latest
start_registry plain nodelete
make_image a/app 1 four amd64
exits 8 rtbuild delete "$REGISTRY/a/app:1"
stderr_has 'storage\.delete\.enabled'
start_registry token
printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
check 'with a token: an image' rtbuild push -q short/name:1 "$REGISTRY/a/app:1"
check 'with a token: delete' rtbuild delete "$REGISTRY/a/app:1"
exits 6 rtbuild digest "$REGISTRY/a/app:1"

# --- registries that do more, and tags that move ---

start_scripted '* * * tag-delete referrers page=2'
make_image a/app 1 five amd64
for tag in 2 3 4 5; do put_document a/app "$tag" $OCI.manifest.v1+json five-amd64.json; done
check 'tags by pages' rtbuild tags "$REGISTRY/a/app"
is 'all pages' "$(tr '\n' ' ' <"$out")" '1 2 3 4 5 '
check 'a tag alone' rtbuild delete "$REGISTRY/a/app:2"
is 'a tag alone: the others stay' "$(has a/app 2) $(has a/app 3)" '404 200'
script 'HEAD /v2/*/manifests/3 2+ drop=Docker-Content-Digest header=Docker-Content-Digest:%20sha256:0000000000000000000000000000000000000000000000000000000000000000'
exits 0 rtbuild tag "$REGISTRY/a/app:1" 6
jq -c '.annotations = {x: "y"}' five-amd64.json >noted.json
put_document a/app other $OCI.manifest.v1+json noted.json
exits 7 rtbuild tag "$REGISTRY/a/app:other" 3
stderr_has 'moved'
is 'a tag that moved is not overwritten' "$(document a/app 3 | sha256sum | cut -c 1-64)" "$(sha256sum five-amd64.json | cut -c 1-64)"
script 'HEAD /v2/*/manifests/3 1+ drop=Docker-Content-Digest header=Docker-Content-Digest:%20sha256:0000000000000000000000000000000000000000000000000000000000000000'
exits 7 rtbuild annotate "$REGISTRY/a/app:3" k=v
stderr_has 'moved'
finish
