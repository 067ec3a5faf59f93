#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# copy: between registries, layouts and archives; whole indexes, subsets, signatures, plans.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

start_registry plain
FIRST=$REGISTRY FIRST_LOG=$REGISTRY_LOG
start_registry plain
SECOND=$REGISTRY SECOND_LOG=$REGISTRY_LOG
first() { REGISTRY=$FIRST REGISTRY_LOG=$FIRST_LOG; }
second() { REGISTRY=$SECOND REGISTRY_LOG=$SECOND_LOG; }
# same NAME REPOSITORY TAG FILE: the registry holds exactly these bytes
same() { is "$1" "$(document "$2" "$3" | sha256sum | cut -c 1-64)" "$(sha256sum "$4" | cut -c 1-64)"; }

first
make_index a/app 1 one
make_image a/app plain two amd64
make_signature a/app one-index.json .sig
make_signature a/app one-amd64.json .att
make_referrer a/app one-index.json application/spdx+json sbom

# --- registry to registry ---

rtbuild copy -q --plan "$FIRST/a/app:1" "$SECOND/b/app:1" >page # hosts are known from now on
run rtbuild copy --plan --json "$FIRST/a/app:1" "$SECOND/b/app:1"
is 'plan: exit 0' "$status" 0
is 'plan: a page' "$(cut -d' ' -f1 page | tr '\n' ' ')" 'from to digest send mount skip documents requests '
is 'plan: what would move' "$(jq -c '[.plan, .digest, .platforms, .signatures, .referrers, .moved.mounted.blobs, .requests_to_come > 0]' "$out")" \
	"$(printf '[true,"%s",["linux/amd64","linux/arm64"],2,1,0,true]' "$(sha one-index.json)")"
cp "$out" plan.json
second
is 'plan: nothing was written' "$(has b/app 1)" 404
first
check 'copy of an index' rtbuild copy --json "$FIRST/a/app:1" "$SECOND/b/app:1"
stderr_has '2 signatures .* 1 referrers'
is 'copy: the plan was right' "$(jq -c '.moved' plan.json)" "$(jq -c '.moved' "$out")"
is 'copy: requests as planned' "$(jq '.requests + .requests_to_come' plan.json)" "$(jq .requests "$out")"
is 'copy: result' "$(jq -r '[.digest, .references[0].reference] | join(" ")' "$out")" \
	"$(sha one-index.json) $SECOND/b/app@$(sha one-index.json)"
second
same 'copy: the index, byte for byte' b/app 1 one-index.json
same 'copy: arm64' b/app "$(sha one-arm64.json)" one-arm64.json
same 'copy: the attestation inside' b/app "$(sha one-attestation.json)" one-attestation.json
same 'copy: cosign signature of the index' b/app "$(sha one-index.json | tr : -).sig" .signature.sig.json
same 'copy: cosign attestation of an image of it' b/app "$(sha one-amd64.json | tr : -).att" .signature.att.json
same 'copy: the referrer' b/app "$(sha referrer-sbom.json)" referrer-sbom.json
is 'copy: the fallback tag lists it' "$(document b/app "$(sha one-index.json | tr : -)" | jq -r '.manifests[0] | .digest + " " + .artifactType')" \
	"$(sha referrer-sbom.json) application/spdx+json"
check 'skopeo copies the copy' skopeo copy -q --all --src-tls-verify=false "docker://$SECOND/b/app:1" oci:skopeo:x
first
mark=$(requests_mark)
second
mark2=$(requests_mark)
check 'copy again' rtbuild copy "$FIRST/a/app:1" "$SECOND/b/app:1"
stdout_is "$SECOND/b/app@$(sha one-index.json)"
stderr_has 'there already'
is 'copy again: one request at the destination' "$(requests_since "$mark2")" 'HEAD /v2/b/app/manifests/1 200'
first
is 'copy again: one request at the source' "$(requests_since "$mark")" 'GET /v2/a/app/manifests/1 200'

make_signature a/app one-index.json .sbom
check 'copy again --referrers' rtbuild copy --referrers "$FIRST/a/app:1" "$SECOND/b/app:1"
second
same '--referrers: a new signature came along' b/app "$(sha one-index.json | tr : -).sbom" .signature.sbom.json

check '--no-referrers, another tag too' rtbuild copy --no-referrers -t 2 -t 3 "$FIRST/a/app:1" "$SECOND/c/app:1"
stderr_hasnt 'signatures'
is '--no-referrers: no signature' "$(has c/app "$(sha one-index.json | tr : -).sig")" 404
is 'several tags' "$(has c/app 1) $(has c/app 2) $(has c/app 3)" '200 200 200'

# --- the same registry ---

first
mark=$(requests_mark)
check 'copy within a registry' rtbuild copy --json --no-referrers "$FIRST/a/app:plain" "$FIRST/x/app:1"
is 'within a registry: blobs are mounted' "$(jq -c '[.moved.mounted.blobs, .moved.sent.blobs]' "$out")" '[3,0]'
is 'within a registry: requests' "$(requests_since "$mark" | sed -e 's/sha256:[0-9a-f]*/D/' | sort | uniq -c | tr -s ' ')" \
	"$(printf ' 1 GET /v2/a/app/manifests/plain 200\n 1 HEAD /v2/x/app/manifests/1 404\n 3 POST /v2/x/app/blobs/uploads/?mount=D&from=a%%2Fapp 201\n 1 PUT /v2/x/app/manifests/1 201' | sed 's/%2F/\//')"
mark=$(requests_mark)
check 'copy within a repository' rtbuild copy --no-referrers "$FIRST/a/app:plain" "$FIRST/a/app:other"
is 'within a repository: three requests' "$(requests_since "$mark" | wc -l)" 3

# --- platforms ---

check '--platform: one' rtbuild copy --platform linux/arm64 "$FIRST/a/app:1" "$SECOND/p/app:arm"
stderr_has 'plain manifest'
stdout_is "$SECOND/p/app@$(sha one-arm64.json)"
check '--platform: one, of a list with its attestation' rtbuild copy --platform linux/amd64,linux/arm64 "$FIRST/a/app:1" "$SECOND/p/app:both"
stdout_is "$SECOND/p/app@$(sha one-index.json)"
first
make_image a/app '' three s390x
jq -c --arg d "$(sha three-s390x.json)" --argjson s "$(size three-s390x.json)" \
	'.manifests += [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s, platform: {os: "linux", architecture: "s390x"}}]' \
	one-index.json >wide-index.json
put_document a/app wide $OCI.index.v1+json wide-index.json
check '--platform: two of three' rtbuild copy --platform linux/amd64 --platform linux/s390x "$FIRST/a/app:wide" "$SECOND/p/app:two"
stderr_has 'new index'
second
is 'a new index: its entries' "$(document p/app two | jq -c '[.manifests[].platform.architecture, .annotations.word]')" '["amd64","unknown","s390x","one"]'
exits 6 rtbuild copy --platform linux/riscv64 "$FIRST/a/app:1" "$SECOND/p/app:no"
stderr_has 'it has linux/amd64, linux/arm64'
exits 6 rtbuild copy --platform linux/arm64 "$FIRST/a/app:plain" "$SECOND/p/app:no"
is 'a plain image for another platform is not copied' "$(has p/app no)" 404

# --- --no-clobber, --all-tags ---

exits 7 rtbuild copy --no-clobber "$FIRST/a/app:plain" "$SECOND/b/app:1"
stderr_has 'exists already'
same '--no-clobber: nothing changed' b/app 1 one-index.json
check '--no-clobber: the same is fine' rtbuild copy -n "$FIRST/a/app:1" "$SECOND/b/app:1"
check '--all-tags --plan' rtbuild copy --all-tags --plan --json "$FIRST/a/app" "$SECOND/all/app"
is '--all-tags --plan: nothing was written' "$(has all/app 1)" 404
cp "$out" plan.json
check '--all-tags' rtbuild copy --all-tags --json "$FIRST/a/app" "$SECOND/all/app"
is '--all-tags: the plan was right, what tags share moves once' "$(jq -c '[.images[] | [.digest, .moved]] | sort' plan.json)" \
	"$(jq -c '[.images[] | [.digest, .moved]] | sort' "$out")"
is '--all-tags: requests as planned' "$(jq '.requests + ([.images[].requests_to_come] | add)' plan.json)" "$(jq .requests "$out")"
is '--all-tags: as many' "$(jq -c '[.copied > 0, .unchanged + .copied == .tags, .kept]' "$out")" '[true,true,0]'
is '--all-tags: the tags' "$(curl -s "http://$SECOND/v2/all/app/tags/list" | jq -c '.tags | sort')" \
	"$(curl -s "http://$FIRST/v2/a/app/tags/list" | jq -c '.tags | sort')"
check '--all-tags again' rtbuild copy --all-tags --json "$FIRST/a/app" "$SECOND/all/app"
is '--all-tags again: nothing moved' "$(jq -c '[.copied, .blob_bytes_sent]' "$out")" '[0,0]'
check '--all-tags --no-clobber' rtbuild copy --all-tags --no-clobber --json "$FIRST/a/app" "$SECOND/b/app"
exits 2 rtbuild copy --all-tags "$FIRST/a/app:1" "$SECOND/all/app"

# --- layouts and archives ---

check 'to a layout' rtbuild copy "$FIRST/a/app:1" oci:layout:one
stdout_is oci:layout:one
check 'a second image into it' rtbuild copy "$FIRST/a/app:plain" oci:layout:two
is 'layout: names' "$(jq -c '[.manifests[].annotations["org.opencontainers.image.ref.name"] // empty] | sort | map(select(startswith("sha256") | not))' layout/index.json)" '["one","two"]'
check 'skopeo reads the layout' skopeo inspect --raw oci:layout:one
is 'layout: the index, byte for byte' "$(sha "$out")" "$(sha one-index.json)"
check 'layout to registry' rtbuild copy oci:layout:one "$SECOND/l/app:1"
second
same 'layout to registry: the index' l/app 1 one-index.json
same 'layout to registry: its signature' l/app "$(sha one-index.json | tr : -).sig" .signature.sig.json
same 'layout to registry: its referrer' l/app "$(sha referrer-sbom.json)" referrer-sbom.json
check 'by digest' rtbuild copy "oci:layout@$(sha two-amd64.json)" "$SECOND/l/app:two"
exits 6 rtbuild copy oci:layout:nope "$SECOND/l/app:x"
stderr_has 'it holds .*one'
exits 2 rtbuild copy oci:layout "$SECOND/l/app:x"
stderr_has 'several images'
exits 6 rtbuild copy oci:no/such "$SECOND/l/app:x"
for form in oci docker; do
	check "to an archive: $form" rtbuild copy --platform linux/amd64 "$FIRST/a/app:1" "$form-archive:$form.tar:r.example.com/me/app:1"
	gzip -nk "$form.tar"
	for file in $form.tar $form.tar.gz; do
		check "$file to registry" rtbuild copy "$form-archive:$file:r.example.com/me/app:1" "$SECOND/ar/$form:1"
		check "$file without a name" rtbuild copy "$form-archive:$file" "$SECOND/ar/$form:2"
	done
	exits 6 rtbuild copy "$form-archive:$form.tar:r.example.com/me/app:2" "$SECOND/ar/$form:1"
	check "skopeo reads the $form archive" skopeo inspect --raw "$form-archive:$form.tar"
done
second
same 'oci archive: the manifest stays' ar/oci 1 one-amd64.json
is 'docker archive: the configuration stays' "$(document ar/docker 1 | jq -r .config.digest)" "$(jq -r .config.digest one-amd64.json)"
check 'an archive on standard input' sh -c "cat oci.tar.gz | rtbuild copy oci-archive:- $SECOND/ar/pipe:1"
check 'an archive on standard output' sh -c "rtbuild copy --no-referrers $FIRST/a/app:plain oci-archive:-:x >stream.tar"
check 'and it is one' rtbuild copy oci-archive:stream.tar:x "$SECOND/ar/stream:1"
same 'standard output: the manifest' ar/stream 1 two-amd64.json
check 'to the store' rtbuild copy "$FIRST/a/app:1" store:here/app:1
check 'the store is whole' rtbuild fsck
check 'a short name is the store'"'"'s' rtbuild copy here/app:1 "$SECOND/s/app:1"
same 'from the store: the index' s/app 1 one-index.json

# --- what goes wrong ---

exits 6 rtbuild copy "$FIRST/a/app:nope" "$SECOND/b/app:2"
stderr_has 'a/app:nope'
exits 4 rtbuild copy 127.0.0.1:1/a/b:1 "$SECOND/b/app:2"
exits 4 rtbuild copy "$FIRST/a/app:1" 127.0.0.1:1/a/b:1
exits 2 rtbuild copy "$FIRST/a/app:1"
exits 2 rtbuild copy "$FIRST/a/app:1" "$SECOND/b/app@$(sha one-index.json)"
exits 2 rtbuild copy "$FIRST/a/app:1" docker-daemon:x:1
stderr_has 'docker-daemon:'
exits 3 rtbuild copy "$FIRST/a/app:1" "$SECOND/UPPER/app:1"
exits 2 rtbuild copy --jobs 0 "$FIRST/a/app:1" "$SECOND/b/app:1"
printf 'this is no tar' >bad.tar
exits 7 rtbuild copy oci-archive:bad.tar "$SECOND/b/app:2"
head -c 3000 oci.tar >cut.tar
exits 7 rtbuild copy oci-archive:cut.tar "$SECOND/b/app:2"
cp -r layout corrupt
printf x >>"corrupt/blobs/sha256/$(jq -r '.layers[1].digest' two-amd64.json | cut -d: -f2)"
# a store that knows of no repository to mount the sound one from
exits 7 rtbuild copy --store unknowing oci:corrupt:two "$SECOND/bad/app:1"
is 'a corrupt blob: the tag does not appear' "$(has bad/app 1)" 404
exits 7 rtbuild copy oci:corrupt:two oci:begun:1
is 'a copy into a new layout that failed: no index' "$(ls begun)" blobs
check 'and is gone on with' rtbuild copy oci:layout:two oci:begun:1
is 'a layout that was begun: skopeo reads it' "$(skopeo inspect --raw oci:begun:1 | sha256sum | cut -c 1-64)" "$(sha256sum two-amd64.json | cut -c 1-64)"
finish
