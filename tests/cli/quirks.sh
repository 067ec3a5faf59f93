#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What real registries do that breaks naive clients, played by servers/scripted. Each check begins with
# the quirk's number.
# All 42 of them; distribution 2.8 where no other is named.
#
#   1   Location: absolute, relative, opaque query   21  Artifactory: 403 for what is missing
#   2   Location http behind TLS                     22  Nexus: 401 without a challenge; long commits
#   3   a broken PATCH ends the session              23  GitLab: HEAD of a blob is redirected
#   4   wrong offset: 500                            24  Harbor: a mount is refused
#   5   schema 1 for those who do not say Accept     25  no Docker-Content-Digest, or another algorithm
#   6   tags unsorted, n ignored                     26  no Content-Length, gzip
#   7   DELETE of a tag refused                      27  schema 1
#   8   no referrers: the fallback tag               28  indexes: no platform, unknown, nested, twice
#   9   bodies read as forms                         29  layers: foreign, zstd, empty, inline data
#   9b  the empty JSON blob must exist               30  Warning headers
#   9c  ?tag=a&tag=b ignored                         31  200, 201, 202, 204 mixed
#   9d  corrupt blob, right header                   32  411 without Content-Length
#   9e  ambiguous documents                          33  pull-through caches
#   10  Docker Hub: quota of hours                   34  read-only: 405 in plain text
#   11  Docker Hub: mount from elsewhere             35  full disk: 500
#   12  ECR: the repository must exist               36  names of many parts
#   13  ECR: mounts not done, or only said           37  sessions that idle
#   14  ECR: PATCH 201, Range stands still           38  416 at the exact end
#   15  ECR: n limited, HEAD 400 without words
#   16  GAR: no chunks
#   17  GHCR: chunks of 4 MiB
#   18  ACR: bodies limited, 429 on manifests
#   19  fronts: 413 in HTML
#   20  Quay: mount wants from; one family of media types
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

start_scripted
main=$REGISTRY
head -c 300000 /dev/urandom >one
head -c 50000 /dev/urandom >two
printf 'FROM scratch\nCOPY one /\nCOPY two /\nCMD ["/two"]\n' >Dockerfile
check 'an image to push' rtbuild build -t local/image:1 -t "$main/base/image:1" .
check 'the same, to mount from' rtbuild push "$main/base/image:1"
digest=$(digest_of local/image:1)
layer_digest=$(manifest local/image:1 | jq -r '.layers[0].digest')
layer_size=$(manifest local/image:1 | jq -r '.layers[0].size')
config_digest=$(manifest local/image:1 | jq -r .config.digest)

# play NUMBER [SCRIPT]: what follows is this quirk, in the repository q/NUMBER.
play() {
	quirk=$1
	target=$REGISTRY/q/$quirk
	script "${2-}"
	rm -f "$RTBUILD_STORE"/cache/hosts/*.layers # nothing is mounted from the quirk before
	mark=$(requests_mark)
	headers=$(wc -c <"$REGISTRY_HEADERS")
}
# The checks that belong to it.
works() {
	works_name=$1
	shift
	check "quirk $quirk: $works_name" "$@"
}
same() { is "quirk $quirk: $1" "$2" "$3"; }
code() {
	code_wanted=$1 code_name=$2
	shift 2
	run "$@"
	same "$code_name: exit $code_wanted" "$status" "$code_wanted"
}
sent() { count_requests "$mark" "$1"; }
headers_since() { tail -c "+$((headers + 1))" "$REGISTRY_HEADERS"; }
push() { rtbuild push local/image:1 "$target:1" "$@"; }
quietly() { "$@" >"$TMP/.quiet" 2>&1 || fail "quirk $quirk: preparation" "$(cat "$TMP/.quiet")"; }
pull() { rtbuild pull --store "$TMP/pulled.$checks" "$target:1" "$@"; }
# The registry has the image under its tag, byte by byte.
arrived() {
	same "$1" "$(curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"http://$REGISTRY/v2/${target#*/}/manifests/1" | sha256sum | cut -c 1-64)" "${digest#sha256:}"
}
# put_manifest TYPE FILE [REF]: by hand, whatever it is.
put_manifest() {
	curl -sf -X PUT -H "Content-Type: $1" --data-binary "@$2" \
		"http://$REGISTRY/v2/q/$quirk/manifests/${3-1}" >/dev/null
}
play 1
works 'a relative Location with an opaque query' push
play 1 'POST|PATCH|PUT * * location=absolute'
works 'an absolute one' rtbuild push local/image:1 "$target/absolute:1"
play 1 'POST * * location=none'
code 4 'no Location' rtbuild push local/image:1 "$target/none:1"
stderr_has 'without a Location'
play 1 'POST * * location=gopher://x/y'
code 4 'a Location of another scheme' rtbuild push local/image:1 "$target/gopher:1"

play 2
start_scripted tls
play 2 'POST|PATCH|PUT * * location=http'
works 'http in a Location of a registry behind TLS' rtbuild push --ca-file "$REGISTRY_CA" local/image:1 "$target:1"
same 'is said once' "$(grep -c 'http.*https is meant' "$err")" 1
start_scripted tls --other-plain
play 2 "POST * * location=http://localhost:${OTHER#*:}..."
code 4 'but not to another server' rtbuild push --ca-file "$REGISTRY_CA" local/image:1 "$target:1"
stderr_has 'plain http'
same 'which hears nothing' "$(grep -c '\[other\]' "$REGISTRY_LOG")" 0
start_scripted
main=$REGISTRY
quietly rtbuild push local/image:1 "$main/base/image:1"
quietly rtbuild build -t "$main/base/image:1" .

play 3 'PUT /v2/*/blobs/* 1-2 cut-request=1000 fragile'
works 'a session that died with the connection' push
arrived 'all bytes'

play 4 'PATCH * 2 status=500 code=UNKNOWN
PATCH * * strict-offset=500'
works 'a chunk that failed with 500' push --chunk-size 100kB
arrived 'all bytes, each once'
same 'the session was asked how far it is' "$(sent '^GET .*uploads/')" 1

play 5
quietly push
works 'every manifest request names the types it takes' pull
same 'so none is converted' "$(headers_since | grep -ci '^accept: .*oci.image.manifest')" \
	"$(sent '^(GET|HEAD) .*/manifests/')"

play 6
for tag in 1 2 3 4 5; do quietly rtbuild push local/image:1 "$target:$tag"; done
works 'tags of a server that ignores n' rtbuild tags "$target"
same 'all, sorted' "$(tr '\n' ' ' <"$out")" '1 2 3 4 5 '
for link in relative absolute; do
	script "GET *tags* * page=2 link=$link"
	works "pages by $link links" rtbuild tags "$target"
	same "$link: all" "$(tr '\n' ' ' <"$out")" '1 2 3 4 5 '
done
script 'GET *tags* * page=2 link=loop'
mark=$(requests_mark)
run rtbuild tags "$target"
same 'links that turn in a circle end' "$([ "$(sent 'tags/list')" -le 3 ] && echo yes)" yes

play 7
quietly push
works 'a tag where only digests can be deleted' rtbuild delete "$target:1"
same 'goes by its digest' "$(requests_since "$mark" | grep -c '^DELETE .*sha256:.* 202')" 1
play 7 'DELETE * * status=405 code=UNSUPPORTED'
quietly push
code 8 'a registry that deletes nothing' rtbuild delete "$target:1"

play 8
make_image q/8/from 1 eight amd64
make_referrer q/8/from eight-amd64.json application/spdx+json one
fallback=$(sha eight-amd64.json | tr : -)
listed() { document "$1" "$fallback" | jq -r '[.manifests[].digest] | sort | join(" ")'; }
works 'an image with a referrer' rtbuild copy "$target/from:1" "$target/to:1"
same 'the referrer came along' "$(has q/8/to "$(sha referrer-one.json)")" 200
same 'the fallback tag lists it' "$(listed q/8/to)" "$(sha referrer-one.json)"
make_referrer q/8/from eight-amd64.json application/spdx+json two
works 'another referrer' rtbuild copy --referrers "$target/from:1" "$target/to:1"
same 'the fallback tag keeps what it listed' "$(listed q/8/to)" \
	"$(printf '%s\n' "$(sha referrer-one.json)" "$(sha referrer-two.json)" | sort | paste -sd ' ')"
script '* /v2/q/8/service/* * referrers'
works 'to a registry that lists by itself' rtbuild copy "$target/from:1" "$target/service:1"
same 'no fallback tag is made' "$(has q/8/service "$fallback")" 404
script 'GET /v2/*/referrers/* * status=200 body=<html>welcome</html>'
works 'a page of a proxy in place of the list' rtbuild copy "$target/from:1" "$target/proxy:1"
same 'counts as none' "$(listed q/8/proxy)" "$(sha referrer-two.json)"

play 9
works 'a registry that reads forms' push
same 'no body is sent as a form' "$(headers_since | grep -ci 'content-type: application/x-www-form-urlencoded')" 0

empty=$(printf '{}' | sha256sum | cut -c 1-64)
play 9b
make_image q/9b 1 nine amd64
make_referrer q/9b nine-amd64.json application/spdx+json empty
source=$target
start_scripted
play 9b
works 'an artifact with the empty configuration' rtbuild copy "$source:1" "$target:1"
same 'whose blob is sent like any other' "$(sent "^PUT .*digest=sha256(:|%3A)$empty")" 1
same 'so the manifest is taken' "$(has q/9b "$(sha referrer-empty.json)")" 200

many() { rtbuild copy --no-referrers -t b -t c "$source:1" "$1:a"; }
held() { for tag in a b c; do document "$1" "$tag" | sha256sum; done | sort | uniq -c | awk '{ print $1 }'; }
play 9c
works 'several tags where that is ignored' many "$target"
same 'each has its own PUT' "$(sent '^PUT .*manifests/[abc] 201')" 3
same 'and holds the image' "$(held q/9c) $(document q/9c b | sha256sum | cut -c 1-64)" "3 $(sha256sum <nine-amd64.json | cut -c 1-64)"
mark=$(requests_mark)
works 'another image there' many "$target/again"
same 'remembers that' "$(sent '^PUT .*manifests')" 3
start_scripted '* * * many-tags'
play 9c '* * * many-tags'
works 'several tags where that is known' many "$target"
same 'go in one request' "$(sent '^PUT .*manifests')" 1
same 'all of them' "$(held q/9c)" 3
play 9c 'PUT /v2/*/manifests/sha256* * header=OCI-Tag:%20b
PUT /v2/*/manifests/b * status=500'
works 'a part of them confirmed' many "$target/part"
same 'the others follow' "$(sent '^PUT .*manifests/[ac] 201')" 2
play 9c 'PUT /v2/*/manifests/sha256* * status=414'
works 'a request line that is too long' many "$target/long"
same 'one by one then' "$(held q/9c/long)" 3
start_scripted
main=$REGISTRY
quietly rtbuild push local/image:1 "$main/base/image:1"
quietly rtbuild build -t "$main/base/image:1" .

play 9d 'GET /v2/*/blobs/sha256* * corrupt=1000'
quietly push
code 7 'a corrupt blob under the right header' pull
stderr_has "$layer_digest"

play 9e '* * * lenient'
jq -n --arg c "$config_digest" --arg m "$digest" '{schemaVersion: 2, config: {mediaType: "application/vnd.oci.image.config.v1+json",
	digest: $c, size: 2}, layers: [], manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $m, size: 3}]}' >ambiguous
put_manifest application/vnd.oci.image.manifest.v1+json ambiguous
code 7 'a document that is both index and manifest' pull
same 'and nothing else is asked for' "$(sent 'GET')" 1

play 10 'GET /v2/*/manifests/* * status=429 code=TOOMANYREQUESTS header=ratelimit-remaining:%200;w=21600 header=Retry-After:%2021600'
code 4 'a quota of hours that is used up' pull
stderr_has 'limits requests'
same 'is not asked again' "$(sent 'GET .*manifests')" 1
play 10 'GET /v2/*/manifests/* 1-2 status=429 header=Retry-After:%200'
quietly push
works '429 without a quota is temporary' pull

play 11
other_main=$REGISTRY
start_scripted
play 11 'POST *from=base/* * status=400 code=NAME_INVALID'
works 'a push to another registry' rtbuild push "$other_main/base/image:1" "$target:1"
same 'mounts nothing from the first' "$(sent 'from=base/')" 0
main=$REGISTRY
quietly rtbuild push local/image:1 "$main/base/image:1"
quietly rtbuild build -t "$main/base/image:1" .

play 12 'POST * * status=404 code=NAME_UNKNOWN'
code 6 'a repository that must be made first' push
stderr_has 'created first'
play 12 'POST * * close'
code 4 'or the connection ends' push
stderr_has 'repository'

play 13 'POST *mount=* * mount=never'
works 'a mount that is not done gives a session' rtbuild push "$main/base/image:1" "$target:1"
same 'which is used' "$(sent '^POST')" 3
mark=$(requests_mark)
works 'a copy within it' rtbuild copy "$main/base/image:1" "$target/copy:1"
same 'sends every blob' "$(sent '^PUT .*blobs')" 3
mark=$(requests_mark)
works 'another one' rtbuild copy "$main/base/image:1" "$target/copy:2"
same 'asks first what is there' "$(sent '^(PUT|POST) .*blobs')" 0
mark=$(requests_mark)
works 'a push' rtbuild push local/image:1 "$target/copy:3"
same 'tries no mount on a guess' "$(sent 'mount=')" 0
start_scripted
main=$REGISTRY
quietly rtbuild push local/image:1 "$main/base/image:1"
quietly rtbuild build -t "$main/base/image:1" .
play 13 'POST *mount=* * mount=lie'
works 'a mount that never happened' rtbuild push "$main/base/image:1" "$target/lie:1"
same 'is found out by the manifest' "$(sent '^PUT .*manifests')" 2

play 14 'PATCH * * as=201 sticky-range chunk-min=90000'
works 'a chunk answered by 201, a Range that stands still' push --chunk-size 100kB
arrived 'all bytes, each once'
same 'nothing was asked or sent twice' "$(sent '^(GET .*uploads|PATCH)')" 4
play 14 'POST|PATCH * * chunk-min=120000'
works 'the least chunk' rtbuild push local/image:1 "$target/min:1" --chunk-size 50kB
same 'is heeded' "$(requests_since "$mark" | grep -c '^PATCH')" 3

play 15 'HEAD /v2/*/manifests/* * status=400
GET /v2/*/manifests/* * status=400 code=TAG_INVALID body=no%20plus'
code 3 'HEAD 400 has no words: GET brings them' rtbuild inspect "$target:1"
stderr_has 'no plus'
play 15
quietly push
script 'GET *n=1000 * status=400 code=PAGINATION_NUMBER_INVALID'
works 'a registry that lists fewer at a time' rtbuild tags "$target"
stdout_is 1
mark=$(requests_mark)
quietly rtbuild tags "$target"
same 'remembers that' "$(sent 'tags/list')" 1

play 16 'PATCH * * status=405'
works 'a registry without chunks' push --chunk-size 100kB
arrived 'gets it by PUT'
same 'and was asked once for each transfer that had begun' "$([ "$(sent '^PATCH')" -le 2 ] && echo yes)" yes
works 'another push' rtbuild push local/image:1 "$target/again:1" --chunk-size 100kB
same 'remembers that' "$(sent '^PATCH')" "$(sent '^PATCH .*/q/16/blobs')"

start_scripted
play 17 'PATCH * * chunk-max=40000'
works 'chunks that are too large, PUT that is not' push --chunk-size 100kB
arrived 'goes by PUT'
play 17 'PATCH * * accept=40000'
rm -f "$RTBUILD_STORE"/cache/hosts/*
works 'a chunk of which only a part is taken' rtbuild push local/image:1 "$target/part:1" --chunk-size 100kB
target=$target/part
arrived 'all bytes, each once'

start_scripted
play 18 'PUT|PATCH /v2/*/blobs/* * body-max=100000
PUT /v2/*/manifests/* 1 status=429 header=Retry-After:%201'
works 'a front that takes 100 kB at most' push
arrived 'gets chunks'
same 'each of them small enough' "$(sed -n 's/.*"PATCH .* 202 .*in=//p' "$REGISTRY_LOG" | sort -n | tail -n 1 | awk '{ print ($1 <= 100000) }')" 1
works 'another push' rtbuild push local/image:1 "$target/again:1"
same 'remembers that' "$(requests_since "$mark" | grep -c ' 413$')" \
	"$(requests_since "$mark" | grep '/q/18/blobs' | grep -c ' 413$')"

play 19 'PUT|PATCH /v2/*/blobs/* * status=413 body=<html>nginx</html>'
code 8 'a front that takes nothing' push
stderr_has 'limits the size'
stderr_hasnt 'html|nginx'

start_scripted
main=$REGISTRY
quietly rtbuild push local/image:1 "$main/base/image:1"
quietly rtbuild build -t "$main/base/image:1" .
play 20 'POST *mount=* * status=400
POST *from=* * as=201
* * * one-family'
docker=application/vnd.docker
make_image q/20/base '' twenty amd64
sed -e "s,$OCI.manifest.v1,$docker.distribution.manifest.v2,; s,$OCI.config.v1,$docker.container.image.v1," \
	-e "s,$OCI.layer.v1.tar+gzip,$docker.image.rootfs.diff.tar.gzip,g" twenty-amd64.json >docker.json
quietly put_document q/20/base 1 "$docker.distribution.manifest.v2+json" docker.json
sed "s,$docker.image.rootfs.diff.tar.gzip,$OCI.layer.v1.tar+gzip," docker.json >mixed.json
run put_document q/20/base mixed "$docker.distribution.manifest.v2+json" mixed.json
same 'the registry is strict' "$status" 22
printf 'FROM %s\nCOPY two /\n' "$target/base:1" >child.Dockerfile
works 'an image on a base of Docker'"'"'s types' rtbuild build --pull -f child.Dockerfile -t "$target:1" --push .
same 'has one family' "$(curl -s -H "Accept: $docker.distribution.manifest.v2+json" "http://$REGISTRY/v2/q/20/manifests/1" |
	jq -r '[.. | .mediaType? // empty | contains("docker")] | unique | tostring')" '[true]'
works 'a mount' rtbuild push "$main/base/image:1" "$target/mount:1"
same 'names where from' "$(sent 'mount=')" "$(sent 'mount=.*from=')"
script 'GET /v2/*/referrers/* * status=400 code=INVALID'
works 'referrers refused by 400' rtbuild copy "$target/base:1" "$target/copy:1"

play 21 'HEAD * * status=403'
works '403 for what is missing' push

play 22 '* /v2/* * status=401'
code 5 '401 without a challenge' pull
same 'is not asked again' "$(sent .)" 1
play 22 'PUT /v2/*/blobs/* * delay=3000'
works 'a long commit' push

play 23
quietly push
quietly rtbuild copy local/image:1 oci:redirected.layout:1
mark=$(requests_mark)
# One small blob that were mounted first would tell that the large one can be as well.
script 'HEAD /v2/*/blobs/* * status=307 header=Location:%20{other}/cdn/x
POST *mount=* * mount=never'
quietly rtbuild copy --store "$TMP/redirected" oci:redirected.layout:1 "$target:0"
same 'a large blob is asked for' "$(sent '^HEAD .*/blobs/')" 1
same 'a redirected HEAD of a blob means it is there: the small ones alone are sent' "$(sent '^PUT .*/blobs/')" 2
same 'and is not followed' "$(sent '/cdn/')" 0

for how in 401 403 404 405 500; do
	play 24 "POST *mount=* * status=$how"
	works "a mount refused by $how" rtbuild push "$main/base/image:1" "$target/$how:1"
done

play 25 'HEAD /v2/*/manifests/* * drop=Docker-Content-Digest'
quietly push
works 'no digest in the answer to HEAD' push
same 'GET and hash instead' "$(sent '^POST')" 3
mark=$(requests_mark)
quietly push
same 'HEAD is not asked again' "$(sent '^HEAD .*manifests') $(sent '^GET .*manifests')" '0 1'
play 25 'HEAD|GET /v2/*/manifests/* * drop=Docker-Content-Digest header=Docker-Content-Digest:%20sha512:abcd'
works 'one of another algorithm' push
works 'or in the answer to GET' pull

start_scripted
play 26 'HEAD /v2/*/manifests/* * drop=Content-Length
* * * gzip'
quietly push
works 'HEAD without a length' push
works 'pull from a server that compresses' pull
same 'is not invited to' "$(headers_since | grep -ci '^accept-encoding')" 0

play 27 '* * * lenient'
printf '{"schemaVersion":1,"name":"x","tag":"1","fsLayers":[{"blobSum":"%s"}],"history":[{"v1Compatibility":"{}"}],"signatures":[]}' \
	"$layer_digest" >schema1
printf 'GET /v2/*/manifests/* * header=Content-Type:%%20application/vnd.docker.distribution.manifest.v1+prettyjws drop=Content-Type' >play
put_manifest application/vnd.oci.image.manifest.v1+json schema1
script "$(cat play)"
run pull
same 'schema 1 is refused' "$status" 8
stderr_has 'schema'

play 28
make_index q/28 flat leaf
inner=$(descriptor $OCI.index.v1+json leaf-index.json)
jq -c --argjson inner "$inner" '.manifests |= [.[0], .[2], (.[1] | del(.platform.variant)), .[0], $inner, (.[1] | del(.platform))]' leaf-index.json >odd.json
quietly put_document q/28 1 $OCI.index.v1+json odd.json
for arch in amd64 arm64; do
	works "an image of it for $arch" rtbuild pull --store "$TMP/chosen" --platform "linux/$arch" "$target:1"
done
code 6 'the unknown is no platform' rtbuild pull --store "$TMP/chosen" --platform linux/s390x "$target:1"
stderr_hasnt 'unknown'
works 'a copy' rtbuild copy "$target:1" "$target/copy:1"
same 'is the same, byte by byte' "$(document q/28/copy 1 | sha256sum)" "$(sha256sum <odd.json)"
same 'with its attestation' "$(has q/28/copy "$(sha leaf-attestation.json)")" 200
same 'and the index inside' "$(has q/28/copy "$(sha leaf-index.json)")" 200
works 'all of it to the store' rtbuild pull --store "$TMP/whole" --all-platforms "$target:1"
cp leaf-index.json nested.json
for depth in 1 2 3; do
	printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' "$OCI" "$(descriptor $OCI.index.v1+json nested.json)" >deeper.json
	mv deeper.json nested.json
	quietly put_document q/28 "deep$depth" $OCI.index.v1+json nested.json
done
code 7 'indexes without end' rtbuild copy "$target:deep3" "$target/copy:deep"
stderr_has 'nested deeper'
code 7 'nor to choose from' rtbuild pull --store "$TMP/chosen" "$target:deep3"

play 29
make_image q/29 '' layers amd64
zstd -q -c one >.one.zst
: >.nothing
printf 'inline' >.inline
printf 'far away' >.far
for part in .one.zst .nothing .inline; do quietly put_blob q/29 "$part"; done
jq -c --argjson zstd "$(descriptor $OCI.layer.v1.tar+zstd .one.zst)" --argjson nothing "$(descriptor $OCI.layer.v1.tar .nothing)" \
	--argjson inline "$(descriptor $OCI.layer.v1.tar .inline ",\"data\":\"$(base64 -w 0 .inline)\"")" \
	--argjson far "$(descriptor $docker.image.rootfs.foreign.diff.tar.gzip .far ",\"urls\":[\"http://$OTHER/far\"]")" \
	'.layers += [$zstd, $nothing, $inline, $far]' layers-amd64.json >odd.json
quietly put_document q/29 1 $OCI.manifest.v1+json odd.json
mark=$(requests_mark)
works 'odd layers' rtbuild copy "$target:1" "$REGISTRY/q/29/copy:1"
same 'the manifest stays' "$(document q/29/copy 1 | sha256sum)" "$(sha256sum <odd.json)"
for part in .one.zst .nothing .inline; do
	same "$part came along" "$(curl -s -o "$TMP/.has" -I -w '%{http_code}' "http://$REGISTRY/v2/q/29/copy/blobs/$(sha "$part")")" 200
done
same 'the one that is not for distribution did not' "$(sent "$(sha .far)")" 0
same 'nor was its address asked' "$(grep -c '/far' "$REGISTRY_LOG")" 0
same 'which is said once, with its address' "$(grep -c "not for distribution: left at http://$OTHER/far" "$err")" 1
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' "$(sha .far)" >.far.config
quietly put_blob q/29 .far.config
jq -c --argjson config "$(descriptor $OCI.config.v1+json .far.config)" '.config = $config | .layers = .layers[-1:]' odd.json >base.json
quietly put_document q/29 base $OCI.manifest.v1+json base.json
code 6 'pull: nobody here has it' rtbuild pull --store far.store "$target:base"
stderr_has "a layer that is not for distribution"
stderr_has "it can be had from http://$OTHER/far"
works 'a layout, without it' rtbuild copy "$target:1" oci:far.layout:1
same 'lists it' "$(jq -r '.layers[-1].digest' "far.layout/blobs/sha256/$(sha256sum <odd.json | cut -c 1-64)")" "$(sha .far)"
same 'holds the others' "$(find far.layout/blobs/sha256 -name "$(sha .far | cut -d: -f2)" -o -name "$(sha .inline | cut -d: -f2)" | wc -l)" 1
works 'from the layout to another repository' rtbuild copy oci:far.layout:1 "$REGISTRY/q/29/layout:1"
same 'the same manifest' "$(document q/29/layout 1 | sha256sum)" "$(sha256sum <odd.json)"
quietly put_blob q/29 .far
works 'sent when that is asked for' rtbuild copy --allow-nondistributable-artifacts "$target:1" "$REGISTRY/q/29/sent:1"
has_far() { curl -s -o "$TMP/.has" -I -w '%{http_code}' "http://$REGISTRY/v2/$1/blobs/$(sha .far)"; }
same 'there it is' "$(has_far q/29/sent)" 200
jq -c 'del(.layers[-1].urls)' odd.json >nowhere.json
quietly put_document q/29 nowhere $OCI.manifest.v1+json nowhere.json
works 'one that names no address is a layer like any other' rtbuild copy "$target:nowhere" "$REGISTRY/q/29/nowhere:1"
same 'and comes along' "$(has_far q/29/nowhere)" 200
printf 'FROM %s:base\nLABEL far=away\n' "$target" >far.Dockerfile
works 'a build on it' rtbuild build -t "$REGISTRY/q/29/built:1" --push -f far.Dockerfile .
same 'leaves it where it is' "$(has_far q/29/built) $(document q/29/built 1 | jq -r '.layers[0].urls[0]')" "404 http://$OTHER/far"
same 'and says so' "$(grep -c 'not for distribution' "$err")" 1

play 30 '* * * header=Warning:%20299%20-%20"old%20and%20tired"'
quietly push
run push
same 'a Warning is shown once' "$(grep -c 'old and tired' "$err")" 1

for statuses in '200 200' '202 204' '201 202'; do
	play 31 "PUT /v2/*/manifests/* * as=${statuses% *}
PUT /v2/*/blobs/* * as=${statuses#* }"
	works "manifests by ${statuses% *}, blobs by ${statuses#* }" rtbuild push local/image:1 "$target/${statuses% *}:1"
done

play 32
works 'a proxy that insists on Content-Length' push
same 'every POST has it' "$(headers_since | grep -A 12 ' POST ' | grep -ci '^content-length: 0')" "$(sent '^POST')"

play 33 'POST|PUT|PATCH * * status=405 code=UNSUPPORTED'
code 8 'push into a pull-through cache' push
stderr_has 'pull-through cache'

play 34 'POST|PUT|PATCH * * status=405 body=Method%20not%20allowed%0Amore'
code 8 'a read-only registry' push
stderr_has 'Method not allowed'
stderr_hasnt 'more'

play 35 'PUT /v2/*/blobs/* * status=500 code=UNKNOWN body=no%20space%20left'
code 4 'a full disk there' push
stderr_has 'no space left'
same 'is not tried for ever' "$([ "$(sent '^PUT')" -le 18 ] && echo yes)" yes

play 36
target=$REGISTRY/q/36/much/deeper/than_usual/re-po
works 'a name of many parts' push
works 'and back' pull

play 37
quietly push
quietly rtbuild pull --lazy --store "$TMP/lazy" "$target:1"
source=$target
script 'GET /v2/*/blobs/* * status=404 code=BLOB_UNKNOWN'
start_scripted
play 37
code 6 'bytes that do not come' rtbuild push --store "$TMP/lazy" "$source:1" "$target:1"
same 'open no session' "$(sent "^POST .*$layer_digest")" 0
same 'and what was opened with the question is closed' "$(sent '^DELETE .*uploads')" \
	"$(($(sent '^POST .* 202') - $(sent '^PUT .*/blobs/uploads/.* 201')))"

play 38
quietly push
script "GET /v2/*/blobs/$layer_digest 1 chunked cut=$layer_size
GET /v2/*/blobs/$layer_digest 2+ range=416"
works 'a connection that breaks behind the last byte' pull
finish
