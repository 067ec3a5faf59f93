#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sync of lists; push, pull and inspect of whole indexes and their plans.
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
tags_of() { curl -s "http://$SECOND/v2/$1/tags/list" | jq -r '.tags // [] | sort | join(" ")'; }

first
make_index a/app 1.0 one
make_image a/app 1.1 two amd64
make_image a/app 2.0-rc1 three amd64
make_image a/app latest three amd64
make_image b/tool nightly four amd64
make_signature a/app two-amd64.json .sig

cat >list.yaml <<END
sync:
- from: $FIRST/a/app
  to: $SECOND/mirror/app
  tags: ["^1", latest]
  exclude: "*-rc*"
- from: $FIRST/b/tool
  to: $SECOND/mirror/tool
  referrers: false
END
check 'sync --plan' rtbuild sync --plan --json list.yaml
is 'plan: what would be copied' "$(jq -c '[.plan, .copied, .unchanged, [.sync[].images[].references[0].tag | sub(".*:"; "")]]' "$out")" '[true,4,0,["1.0","1.1","latest","nightly"]]'
is 'plan: nothing was written' "$(tags_of mirror/app)" ''
check 'sync' rtbuild sync list.yaml
stdout_has '^copied 4 tags, .*; 0 there already; deleted 0$'
is 'sync: the tags, and the signature' "$(tags_of mirror/app)" "1.0 1.1 latest $(sha two-amd64.json | tr : -).sig"
second
is 'sync: digests stay' "$(document mirror/app 1.0 | sha256sum | cut -c 1-64)" "$(sha256sum one-index.json | cut -c 1-64)"
mark=$(requests_mark)
check 'sync again' rtbuild sync --json list.yaml
is 'again: nothing moves' "$(jq -c '[.copied, .unchanged, .blob_bytes_sent, .bytes_sent]' "$out")" '[0,4,0,0]'
is 'again: one question a tag, a signature among them' "$(requests_since "$mark" | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" ' 5 HEAD'
first
make_signature a/app two-amd64.json .att
check 'a signature that came later' rtbuild sync list.yaml
second
is 'it came along' "$(has mirror/app "$(sha two-amd64.json | tr : -).att")" 200
put_blob mirror/app .own-two.gz
put_document mirror/app old $OCI.manifest.v1+json two-amd64.json
put_document mirror/app alone $OCI.index.v1+json one-index.json
check 'without --prune others stay' rtbuild sync list.yaml
is 'old is there' "$(has mirror/app old)" 200
check 'sync --prune --dry-run' rtbuild sync --prune --dry-run --json list.yaml
is 'prune: what would go' "$(jq -c '[.pruned, .sync[0].pruned]' "$out")" '[2,["alone","old"]]'
is 'dry run: nothing went' "$(has mirror/app old)" 200
check 'sync --prune' rtbuild sync --prune list.yaml
stderr_has 'old stays: .*other tag'
is 'prune: a tag whose manifest is wanted stays where only digests go' "$(has mirror/app 1.1) $(has mirror/app 1.0)" '200 200'
sed -i 's/"^1", latest/latest/' list.yaml
check 'sync --prune of more' rtbuild sync --prune list.yaml
is 'prune: gone' "$(has mirror/app 1.1) $(has mirror/app old) $(has mirror/app alone) $(has mirror/app latest)" '404 404 404 200'
sed -i 's/tags: \[latest\]/tags: [nothing]/' list.yaml
exits 3 rtbuild sync --prune list.yaml
stderr_has 'no tag of .* is wanted'
is 'an empty choice prunes nothing' "$(has mirror/app latest)" 200
printf 'sync:\n- {from: "%s/a/app", to: "%s/p/app", tags: "1.0", platforms: [linux/arm64]}\n' "$FIRST" "$SECOND" >platforms.yaml
check 'sync of one platform' rtbuild sync platforms.yaml
is 'one platform: a plain manifest' "$(document p/app 1.0 | sha256sum | cut -c 1-64)" "$(sha256sum one-arm64.json | cut -c 1-64)"
check 'again' rtbuild sync --json - <platforms.yaml
is 'again: nothing moves' "$(jq -c '[.copied, .unchanged]' "$out")" '[0,1]'

printf 'sync:\n- {from: %s/no/such, to: %s/x/y}\n- {from: %s/b/tool, to: %s/x/z}\n' "$FIRST" "$SECOND" "$FIRST" "$SECOND" >partly.yaml
exits 6 rtbuild sync --json partly.yaml
is 'one that fails keeps no other back' "$(jq -c '[.failed, .copied]' "$out") $(has x/z nightly)" '[1,1] 200'
exits 4 sh -c "printf 'sync:\n- {from: 127.0.0.1:1/a, to: %s/x/y}\n' $SECOND | rtbuild sync -"
bad() { # WANTED TEXT
	printf '%b' "$2" >bad.yaml
	exits 3 rtbuild sync bad.yaml
	stderr_has "$1"
}
bad 'bad\.yaml' 'sync: [\n'
bad 'a list named sync' 'from: x\n'
bad 'from is missing' 'sync:\n- {to: r.example.com/a}\n'
bad 'did you mean tags' 'sync:\n- {from: r.example.com/a, to: r.example.com/b, tag: x}\n'
bad 'is an image' 'sync:\n- {from: "r.example.com/a:1", to: r.example.com/b}\n'
bad 'in quotes' 'sync:\n- {from: r.example.com/a, to: r.example.com/b, tags: [1.10]}\n'
bad 'same repository' 'sync:\n- {from: r.example.com/a, to: r.example.com/a}\n'
bad 'goes to .*, too' 'sync:\n- {from: r.example.com/a, to: r.example.com/b}\n- {from: r.example.com/c, to: r.example.com/b}\n'
bad 'no range of versions' 'sync:\n- {from: r.example.com/a, to: r.example.com/b, tags: ">=x"}\n'
bad '^rtbuild: bad\.yaml:3:14: tags: ' 'sync:\n- {from: r.example.com/a, to: r.example.com/b,\n tags: ["a", ">=x"]}\n'
bad '^rtbuild: bad\.yaml:1:1: ' 'other: 1\nsync: []\n'
bad '^rtbuild: bad\.yaml:4:3: from is missing' 'sync:\n- from: r.example.com/a\n  to: r.example.com/b\n- to: r.example.com/a\n'
bad '^rtbuild: bad\.yaml:4:3: unknown member' 'sync:\n- from: r.example.com/a\n  to: r.example.com/b\n  tag: [x]\n'
exits 6 rtbuild sync missing.yaml
exits 2 rtbuild sync

# --- push, pull, inspect of indexes ---

first
check 'pull --plan' rtbuild pull --plan --json --platform linux/arm64 "$FIRST/a/app:1.0"
is 'pull --plan: one platform' "$(jq -c '[.plan, .digest, .moved.sent.blobs]' "$out")" "[true,\"$(sha one-arm64.json)\",3]"
is 'pull --plan: nothing is kept' "$(rtbuild images --json | jq length)" 0
check 'pull --plan for this machine' rtbuild pull --plan --json "$FIRST/a/app:1.0"
cp "$out" plan.json
check 'pull for this machine' rtbuild pull --json --store planned.store "$FIRST/a/app:1.0"
is 'pull --plan: as many requests' "$(jq '.requests + .requests_to_come' plan.json)" "$(jq .requests "$out")"
rtbuild pull --plan --json --store planned.store "$FIRST/a/app:1.0" >plan.json
is 'pull --plan: what is there' "$(jq -c '[.moved.sent.blobs, .requests_to_come]' plan.json)" '[0,0]'
check 'pull --all-platforms' rtbuild pull --all-platforms "$FIRST/a/app:1.0"
stdout_is "$FIRST/a/app@$(sha one-index.json)"
is 'pull --all-platforms: the index' "$(digest_of "$FIRST/a/app:1.0")" "$(sha one-index.json)"
check 'the store is whole' rtbuild fsck
stdout_has ' 0 remote'
check 'push of an index' rtbuild push --json "$FIRST/a/app:1.0" "$SECOND/pushed/app:1" -t 2 -t 3
second
is 'push of an index: whole, under all tags' "$(for tag in 1 2 3; do document pushed/app $tag | sha256sum; done | sort -u | cut -c 1-64)" "$(sha256sum one-index.json | cut -c 1-64)"
is 'push of an index: result' "$(jq -c '[.digest, (.references | length), .["containerimage.digest"] == .digest]' "$out")" "[\"$(sha one-index.json)\",3,true]"
check 'push --plan' rtbuild push --plan "$FIRST/a/app:1.0" "$SECOND/planned/app:1"
stdout_has '^send +[0-9]+ blobs'
is 'push --plan: nothing is written' "$(has planned/app 1)" 404
check 'push --plan of layers that another repository has' rtbuild push --plan --json "$FIRST/a/app:1.0" "$SECOND/planned/app:1"
cp "$out" plan.json
check 'push as planned' rtbuild push --json "$FIRST/a/app:1.0" "$SECOND/planned/app:1"
is 'push as planned: layers are mounted' "$(jq -c '.moved | [., .mounted.blobs > 0]' plan.json)" "$(jq -c '.moved | [., true]' "$out")"
is 'push as planned: requests' "$(jq '.requests + .requests_to_come' plan.json)" "$(jq .requests "$out")"
check 'push --platform' rtbuild push --platform linux/amd64 "$FIRST/a/app:1.0" "$SECOND/pushed/app:amd"
is 'push --platform: its manifest' "$(document pushed/app amd | sha256sum | cut -c 1-64)" "$(sha256sum one-amd64.json | cut -c 1-64)"
exits 7 rtbuild push --no-clobber "$FIRST/a/app:1.0" "$SECOND/pushed/app:amd"
exits 2 rtbuild push oci:x "$SECOND/pushed/app:1"
exits 2 rtbuild pull oci:x
exits 2 rtbuild pull --all-platforms --lazy "$FIRST/a/app:1.0"
exits 4 rtbuild pull --plan 127.0.0.1:1/a:1

rm -rf "$RTBUILD_STORE"
first
mark=$(requests_mark)
check 'inspect of a plain manifest' rtbuild inspect "$FIRST/a/app:1.1"
is 'inspect: two requests' "$(requests_since "$mark" | wc -l)" 2
stdout_has '^labels +word=two$'
check 'inspect of an index' rtbuild inspect --platform linux/amd64 "$FIRST/a/app:1.0"
stdout_has '^holds +sha256:[0-9a-f]+  linux/amd64$'
stdout_has '  linux/arm64$'
stdout_has '  unknown/unknown  \(no image\)$'
stdout_has '^platform +linux/amd64$'
check 'inspect --json of an index' rtbuild inspect --json --platform linux/arm64 "$FIRST/a/app:1.0"
is 'inspect --json' "$(jq -c '[.index, .digest, (.manifests | map(.image)), .platform]' "$out")" "[\"$(sha one-index.json)\",\"$(sha one-arm64.json)\",[true,true,false],\"linux/arm64\"]"
exits 6 rtbuild inspect --platform linux/s390x "$FIRST/a/app:1.0"
exits 2 rtbuild inspect --raw --config "$FIRST/a/app:1.1"
check 'copy to a layout' rtbuild copy -q "$FIRST/a/app:1.1" oci:layout:x
printf '{}' >empty.json
printf 'a chart\n' >chart.tgz
put_blob a/artifact empty.json
put_blob a/artifact chart.tgz
printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"application/vnd.example.chart","config":%s,"layers":[%s],"annotations":{"word":"one\\u001b[31m"}}' \
	$OCI.manifest.v1+json "$(descriptor $OCI.empty.v1+json empty.json)" \
	"$(descriptor application/gzip chart.tgz ',"annotations":{"org.opencontainers.image.title":"chart.tgz"}')" >artifact.json
put_document a/artifact 1 $OCI.manifest.v1+json artifact.json
check 'inspect of an artifact' rtbuild inspect "$FIRST/a/artifact:1"
stdout_has '^artifact +application/vnd\.example\.chart$'
stdout_has '^layers +sha256:[0-9a-f]{64} +8 B  application/gzip  chart\.tgz$'
stdout_has '^annotations +word=one\\x1b\[31m$'
stdout_hasnt '^platform'
check 'inspect --json of an artifact' rtbuild inspect --json "$FIRST/a/artifact:1"
is 'inspect --json of an artifact' "$(jq -c '[.artifactType, has("platform"), .layers[0].annotations]' "$out")" \
	'["application/vnd.example.chart",false,{"org.opencontainers.image.title":"chart.tgz"}]'
check 'inspect of a layout' rtbuild inspect --json oci:layout:x
is 'inspect of a layout' "$(jq -r .digest "$out")" "$(sha two-amd64.json)"
finish
