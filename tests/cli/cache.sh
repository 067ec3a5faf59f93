#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build caches outside the store: on a registry, in a layout, in the image.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_tiny
start_registry plain

cached() { grep -c ": cached (" "$err"; }
# ran: how many commands the store's builds executed
ran() { find "$RTBUILD_STORE/logs" -name "*.log" 2>/dev/null | wc -l; }
# fresh STORE: the next commands use an empty store
fresh() {
	RTBUILD_STORE=$TMP/stores/$1
	export RTBUILD_STORE
	mkdir -p "$TMP/stores"
}
document() {
	curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"http://$REGISTRY/v2/team/cache/manifests/$1"
}

check 'the base' rtbuild build -q --push -t "$REGISTRY/base/tiny:1" "$TINY"
mkdir ctx
cat >ctx/Dockerfile <<-END
	FROM $REGISTRY/base/tiny:1 AS build
	RUN echo once >/one
	WORKDIR /src
	COPY f .
	COPY l l
	RUN cat f >/out
	FROM $REGISTRY/base/tiny:1
	RUN echo final >/final
	WORKDIR /app
	COPY --from=build /out ./
	COPY --chown=worker g ./
	RUN cat g >>/final
END
printf 'f' >ctx/f
printf 'g' >ctx/g
mkdir ctx/l
printf 'l' >ctx/l/1
ln ctx/l/1 ctx/l/2

# --- a registry, everything ---

to=type=registry,ref=$REGISTRY/team/cache:main
check 'mode=max' rtbuild build --push -t "$REGISTRY/team/app:1" --cache-to "$to,mode=max" ctx
first=$(digest_of "$REGISTRY/team/app:1")
blobs=$(find "$REGISTRY_DATA" -path '*/blobs/sha256/*/data' | wc -l)

# another machine's context: other inodes, other times
mkdir copied
(cd ctx && tar -cf - .) | (cd copied && tar -xf - && find . -exec touch {} +)
rm -r ctx
mv copied ctx
fresh second
mark=$(requests_mark)
check 'an empty store' rtbuild build -t x:1 --cache-from "$to" ctx
is 'the same image' "$(sed 's/.*@//' "$out")" "$first"
is 'rows 64, 65: every step is known' "$(cached)" 10
is 'nothing ran' "$(ran)" 0
is 'one GET tells what is known' "$(count_requests "$mark" '/v2/team/cache/manifests')" 1
is 'no layer comes' "$(count_requests "$mark" 'GET /v2/team/cache/blobs')" 0
is 'of the base, its configuration alone' "$(count_requests "$mark" 'GET /v2/base/tiny/blobs')" 1

fresh third
mark=$(requests_mark)
check 'and pushed elsewhere' rtbuild build --push -t "$REGISTRY/other/app:1" --cache-from "$to" ctx
is 'the same image there' "$(sed 's/.*@//' "$out")" "$first"
is 'its layers are mounted from the cache' \
	"$(count_requests "$mark" 'POST /v2/other/app/blobs/uploads/.*from=team(%2F|/)cache.* 201')" 5
is 'no byte of a layer comes' "$(count_requests "$mark" 'GET /v2/team/cache/blobs')" 0
is 'one blob goes: the configuration' "$(count_requests "$mark" 'PUT /v2/other/app/blobs/uploads')" 1
is 'the registry holds nothing twice' \
	"$(find "$REGISTRY_DATA" -path '*/blobs/sha256/*/data' | wc -l)" "$blobs"
check 'the image is complete' rtbuild pull -q --store "$TMP/pulled" "$REGISTRY/other/app:1"

mark=$(requests_mark)
check 'what was read is written again' rtbuild build -q -t x:1 --cache-from "$to" --cache-to "$to,mode=max" ctx
is 'and is the same document' "$(count_requests "$mark" 'PUT /v2/team/cache/manifests')" 0

# --- a change ---

fresh fourth
printf 'h' >ctx/g
mark=$(requests_mark)
check 'one file changed' rtbuild build -t x:1 --cache-from "$to" ctx
is 'known up to the change' "$(cached)" 8
is 'and run from there' "$(ran)" 1
is 'one GET still' "$(count_requests "$mark" '/v2/team/cache/manifests')" 1
is 'the layers of the stage that goes on come' "$(count_requests "$mark" 'GET /v2/team/cache/blobs')" 3
files x:1 >files.cached
rtbuild build -q --store "$TMP/alone" -t x:1 ctx >alone.out
is 'as built alone' "$(RTBUILD_STORE=$TMP/alone files x:1)" "$(cat files.cached)"
check 'with the change' rtbuild run x:1 cat /final
stdout_is "final
h"
printf 'g' >ctx/g

fresh fifth
printf 'F' >ctx/f
check 'a file of the other stage changed' rtbuild build -t x:1 --cache-from "$to" ctx
is 'known up to there, and what does not depend on it' "$(cached)" 6
printf 'f' >ctx/f

# --- mode=min ---

fresh sixth
min=type=registry,ref=$REGISTRY/team/cache:min
check 'mode=min' rtbuild build -q --no-cache --push -t "$REGISTRY/team/app:3" --cache-to "$min" ctx
sixth=$(digest_of "$REGISTRY/team/app:3")
document min >min.cache
is 'its layers are the image'\''s own' "$(jq -r '.layers[].digest' min.cache | sort)" \
	"$(manifest "$REGISTRY/team/app:3" | jq -r '.layers[1:][].digest' | sort)"
is 'an artifact by its type' "$(jq -r .artifactType min.cache)" application/vnd.rtbuild.cache.v1
fresh seventh
# RUN layers hold times: in the same second the first stage would come to the very same files.
sleep 1.1
check 'reads it' rtbuild build -t x:1 --cache-from "$min" ctx
is 'only what the image holds is known' "$(cached)" 4
is 'the other stage ran, and gave the same layer' "$(ran) $(sed 's/.*@//' "$out")" "2 $sixth"

# --- damage ---

# The file of layer N of the cache `main`.
cache_blob() {
	hex=$(jq -r ".layers[$1].digest" main.cache | cut -d: -f2)
	printf '%s/docker/registry/v2/blobs/sha256/%.2s/%s/data' "$REGISTRY_DATA" "$hex" "$hex"
}
document main >main.cache
layers=$(jq '.layers | length' main.cache)
cp -R "$REGISTRY_DATA" data.kept
i=0
while [ "$i" -lt "$layers" ]; do
	printf 'X' | dd of="$(cache_blob "$i")" bs=1 seek=20 conv=notrunc 2>/dev/null
	i=$((i + 1))
done
fresh eighth
printf 'h' >ctx/g
check 'damaged blobs are built instead' rtbuild build -t x:1 --cache-from "$to" ctx
stderr_has 'is built instead'
is 'the result is as built alone' "$(files x:1)" "$(cat files.cached)"
check 'and whole' rtbuild fsck
printf 'g' >ctx/g
i=0
while [ "$i" -lt "$layers" ]; do
	rm "$(cache_blob "$i")"
	i=$((i + 1))
done
fresh ninth
check 'absent blobs are built instead' rtbuild build -t x:1 --cache-from "$to" ctx
stderr_has 'is built instead'
is 'the same files' "$(files x:1)" "$(RTBUILD_STORE=$TMP/stores/sixth files "$REGISTRY/team/app:3")"
rm -r "$REGISTRY_DATA"
mv data.kept "$REGISTRY_DATA"

# Somebody's records that lie about diff ids are found out where the bytes are looked at.
jq -c '.layers[].annotations["io.rtbuild.cache.diff-id"] = "sha256:'"$(printf x | sha256sum | cut -c 1-64)"'"' \
	main.cache >lie
curl -s -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
	--data-binary @lie "http://$REGISTRY/v2/team/cache/manifests/lie"
fresh tenth
printf 'h' >ctx/g
check 'false diff ids' rtbuild build -t x:1 --cache-from "type=registry,ref=$REGISTRY/team/cache:lie" ctx
stderr_has 'is built instead'
is 'are found out' "$(files x:1)" "$(cat files.cached)"
printf 'g' >ctx/g

# --- a layout ---

fresh eleventh
check 'type=local' rtbuild build -q -t x:1 --cache-to "type=local,dest=$TMP/layout,mode=max" ctx
first=$(digest_of x:1)
is 'an image layout' "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' layout/index.json)" latest
fresh twelfth
check 'and read' rtbuild build -t x:1 --cache-from "type=local,src=$TMP/layout" ctx
is 'everything is known' "$(cached)" 10
is 'the same image' "$(sed 's/.*@//' "$out")" "$first"
is 'nothing ran, again' "$(ran)" 0
check 'the store is whole' rtbuild fsck

# --- inline ---

fresh thirteenth
check 'type=inline' rtbuild build -q --push -t "$REGISTRY/team/inline:1" --cache-to type=inline ctx
inline=$(digest_of "$REGISTRY/team/inline:1")
check 'everything known' rtbuild build -q -t x:1 --cache-to type=inline ctx
is 'the same digest' "$(digest_of x:1)" "$inline"
fresh fourteenth
sleep 1.1 # as above
check 'and read, by a bare reference' rtbuild build -t x:1 --cache-from "$REGISTRY/team/inline:1" \
	--cache-to type=inline ctx
is 'what the image holds is known' "$(cached)" 4
check 'others read such an image' skopeo inspect --tls-verify=false "docker://$REGISTRY/team/inline:1"

# --- what cannot be had, what cannot be written ---

fresh fifteenth
check 'an absent cache is a warning' rtbuild build -q -t x:1 \
	--cache-from "type=registry,ref=$REGISTRY/team/nothing:1" --cache-from type=local,src=nowhere ctx
stderr_has 'cache .*/team/nothing:1 is not used'
stderr_has 'cache nowhere is not used'
exits 4 rtbuild build -q -t x:1 --cache-to type=registry,ref=127.0.0.1:1/x/y:1 ctx
stderr_has 'cache to 127.0.0.1:1/x/y:1'
check 'unless it shall not matter' rtbuild build -q -t x:1 \
	--cache-to type=registry,ref=127.0.0.1:1/x/y:1,ignore-error=true ctx
stderr_has 'cache to 127.0.0.1:1/x/y:1'
for text in type=registry type=local mode=max type=inline,mode=max type=registry,ref=x,foo=1 \
	type=registry,ref=x,mode=mid; do
	exits 2 rtbuild build -q -t x:1 --cache-to "$text" ctx
done
exits 3 rtbuild build -q -t x:1 --cache-to UPPER/ ctx
exits 2 rtbuild build -q -t x:1 --cache-from type=inline ctx
stderr_has 'type=registry,ref=IMAGE'
exits 8 rtbuild build -q -t x:1 --cache-to type=gha ctx
exits 8 rtbuild build -q -t x:1 --cache-from type=s3,region=x,bucket=y ctx
stderr_has "no cache of type 's3'"
exits 8 rtbuild build -q -t x:1 --cache-to type=local,dest=d,compression=zstd ctx
stderr_has '--compression zstd'
finish
