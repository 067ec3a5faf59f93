# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# For tests of the registry commands, read after lib.sh: images put into a registry document by
# document, without rtbuild.
#
#   put_blob REPOSITORY FILE              prints its descriptor's digest
#   put_document REPOSITORY NAME TYPE FILE   a manifest or index under a tag or digest
#   sha FILE, size FILE                   "sha256:..." and the number of bytes
#   make_image REPOSITORY NAME WORD ARCH  a plain image: two layers, one shared by all images, one of
#                                         WORD; its manifest stays in the file WORD-ARCH.json
#   make_index REPOSITORY TAG WORD        an index of amd64, arm64 and an attestation of the first
#   make_signature REPOSITORY FILE SUFFIX cosign's tag for the document in FILE
#   make_referrer REPOSITORY FILE TYPE WORD  a referrer of it, recorded under the fallback tag;
#                                         its manifest stays in referrer-WORD.json
#   has REPOSITORY NAME                   status of a HEAD of a manifest
#   document REPOSITORY NAME              the manifest's bytes
# $REGISTRY_URL (default http://$REGISTRY) is where.

OCI=application/vnd.oci.image

sha() { printf 'sha256:%s' "$(sha256sum "$1" | cut -d' ' -f1)"; }
size() { wc -c <"$1" | tr -d ' '; }
v2() { printf '%s/v2/%s' "${REGISTRY_URL:-http://$REGISTRY}" "$1"; }

put_blob() {
	put_location=$(curl -sS -o "$TMP/.put" -D - -X POST --data-binary '' "$(v2 "$1")/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	case $put_location in /*) put_location=${REGISTRY_URL:-http://$REGISTRY}$put_location ;; esac
	case $put_location in *\?*) put_location="$put_location&" ;; *) put_location="$put_location?" ;; esac
	curl -sSf -o "$TMP/.put" -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" \
		"${put_location}digest=$(sha "$2")"
}

put_document() {
	curl -sSf -o "$TMP/.put" -X PUT -H "Content-Type: $3" --data-binary "@$4" "$(v2 "$1")/manifests/$2"
}

descriptor() { # TYPE FILE [MORE]
	printf '{"mediaType":"%s","digest":"%s","size":%s%s}' "$1" "$(sha "$2")" "$(size "$2")" "${3-}"
}

# FILE TEXT...: a tar.gz with one file
make_layer() {
	mkdir -p .layer && printf '%s\n' "$2" >.layer/file &&
		tar --sort=name --mtime=@315532800 --owner=0 --group=0 --numeric-owner -C .layer -cf ".layer.tar" file &&
		gzip -nc .layer.tar >"$1" && sha .layer.tar >"$1.diffid" && rm -r .layer .layer.tar
}

make_image() {
	make_layer .shared.gz shared
	make_layer ".own-$3.gz" "of $3 for $4"
	printf '{"architecture":"%s","os":"linux","config":{"Labels":{"word":"%s"}},"rootfs":{"type":"layers","diff_ids":["%s","%s"]},"history":[{"created_by":"shared"},{"created_by":"%s"}]}' \
		"$4" "$3" "$(cat .shared.gz.diffid)" "$(cat ".own-$3.gz.diffid")" "$3" >".config"
	for image_blob in .shared.gz ".own-$3.gz" .config; do put_blob "$1" "$image_blob"; done
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s,%s]}' "$OCI" \
		"$(descriptor $OCI.config.v1+json .config)" \
		"$(descriptor $OCI.layer.v1.tar+gzip .shared.gz)" "$(descriptor $OCI.layer.v1.tar+gzip ".own-$3.gz")" >"$3-$4.json"
	put_document "$1" "${2:-$(sha "$3-$4.json")}" $OCI.manifest.v1+json "$3-$4.json"
}

make_index() {
	make_image "$1" '' "$3" amd64
	make_image "$1" '' "$3" arm64
	printf '{"_type":"https://in-toto.io/Statement/v0.1"}' >.statement
	printf '{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["%s"]}}' "$(sha .statement)" >.statement.config
	put_blob "$1" .statement && put_blob "$1" .statement.config
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' "$OCI" \
		"$(descriptor $OCI.config.v1+json .statement.config)" "$(descriptor application/vnd.in-toto+json .statement)" >"$3-attestation.json"
	put_document "$1" "$(sha "$3-attestation.json")" $OCI.manifest.v1+json "$3-attestation.json"
	printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s,%s,%s],"annotations":{"word":"%s"}}' "$OCI" \
		"$(descriptor $OCI.manifest.v1+json "$3-amd64.json" ',"platform":{"architecture":"amd64","os":"linux"}')" \
		"$(descriptor $OCI.manifest.v1+json "$3-arm64.json" ',"platform":{"architecture":"arm64","os":"linux","variant":"v8"}')" \
		"$(descriptor $OCI.manifest.v1+json "$3-attestation.json" ',"annotations":{"vnd.docker.reference.digest":"'"$(sha "$3-amd64.json")"'","vnd.docker.reference.type":"attestation-manifest"},"platform":{"architecture":"unknown","os":"unknown"}')" \
		"$3" >"$3-index.json"
	put_document "$1" "$2" $OCI.index.v1+json "$3-index.json"
}

make_signature() {
	printf '{"critical":"%s%s"}' "$(sha "$2")" "$3" >.payload
	printf '{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":["%s"]}}' "$(sha .payload)" >.payload.config
	put_blob "$1" .payload && put_blob "$1" .payload.config
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' "$OCI" \
		"$(descriptor $OCI.config.v1+json .payload.config)" "$(descriptor application/vnd.dev.cosign.simplesigning.v1+json .payload)" >".signature$3.json"
	put_document "$1" "$(sha "$2" | tr : -)$3" $OCI.manifest.v1+json ".signature$3.json"
}

make_referrer() {
	printf '{}' >.empty
	printf '{"sbom":"%s"}' "$4" >.sbom
	put_blob "$1" .empty && put_blob "$1" .sbom
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","artifactType":"%s","config":%s,"layers":[%s],"subject":%s}' "$OCI" "$3" \
		"$(descriptor application/vnd.oci.empty.v1+json .empty)" "$(descriptor "$3" .sbom)" \
		"$(descriptor $OCI.manifest.v1+json "$2")" >"referrer-$4.json"
	put_document "$1" "$(sha "referrer-$4.json")" $OCI.manifest.v1+json "referrer-$4.json"
	printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' "$OCI" \
		"$(descriptor $OCI.manifest.v1+json "referrer-$4.json" ",\"artifactType\":\"$3\"")" >.fallback
	put_document "$1" "$(sha "$2" | tr : -)" $OCI.index.v1+json .fallback
}

accept="Accept: $OCI.manifest.v1+json, $OCI.index.v1+json"
has() { curl -s -o "$TMP/.has" -w '%{http_code}' -I -H "$accept" "$(v2 "$1")/manifests/$2"; }
document() { curl -s -H "$accept" "$(v2 "$1")/manifests/$2"; }
