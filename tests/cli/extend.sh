#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild extend`: a map function into an image of a registry. The tag, what is in the image, how few
# requests it takes, and that the function gives right answers when loaded as a Lithops worker does
# (facts/lithops.md section 2).
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
start_registry plain
python=python:3.11-slim-bookworm
check 'a base in the registry' rtbuild push "$python" "$REGISTRY/me/rt:1"
base_digest=$(digest_of "$python")
store=$RTBUILD_STORE

# As a machine that has nothing of the base.
fresh() {
	RTBUILD_STORE=$TMP/fresh.$checks
	export RTBUILD_STORE
}

mkdir src
cp "$ROOT"/examples/map/*.py src/
cat >>src/map.py <<'END'


def g(text):
    return text.upper()


class Tools:
    @staticmethod
    def twice(x):
        return 2 * x
END

# in_store CMD...: in the store that has the base.
in_store() {
	(
		RTBUILD_STORE=$store
		"$@"
	)
}

# What a worker of Lithops does with the file, without any of its code.
cat >worker.py <<'END'
import json, pickle, sys
with open("/opt/lithops/func.pickle", "rb") as file:
    baked = pickle.loads(file.read())
function = pickle.loads(baked["func"])
print(json.dumps([function(value) for value in json.loads(sys.argv[1])]))
END

# work IMAGE JSON: the results of the baked function for each input.
work() { rtbuild run -v "$TMP/worker.py:/worker.py:ro" "$1" python3 /worker.py "$2"; }

# nothing_sent NAME MARK: sessions may have been opened ahead, but then were given up.
nothing_sent() {
	requests_since "$2" >requests
	is "$1: nothing is sent" "$(grep -cE '^(PUT|PATCH) ' requests)" 0
	is "$1: no upload is left open" "$(grep -c '^POST .* 202$' requests)" "$(grep -c '^DELETE .*/uploads/.* 204$' requests)"
}

# --- a function of a file ---

fresh
mark=$(requests_mark)
check 'extend' rtbuild extend "$REGISTRY/me/rt:1" --filepath src/map.py --function f
stdout_has "^$REGISTRY/me/rt:[0-9a-f]{32}@sha256:[0-9a-f]{64}$"
is 'and nothing else on stdout' "$(wc -l <"$out")" 1
first=$(cat "$out")
tag=${first%@*}
requests_since "$mark" >requests
is 'at most 10 requests' "$(sed -n '11,$p' requests)" ''
config_digest=$(in_store manifest "$python" | jq -r .config.digest)
is 'no blob of the base is read but its configuration' "$(grep -E '^(GET|HEAD) /v2/me/rt/blobs/' requests | grep -vc "$config_digest")" 0
is 'two blobs are sent' "$(grep -cE '^(PUT|PATCH) /v2/me/rt/blobs' requests)" 2
mark=$(requests_mark)
check 'extend again' rtbuild extend "$REGISTRY/me/rt:1" --filepath src/map.py --function f
stdout_is "$first"
nothing_sent 'again' "$mark"
is 'again: two requests, of the base and of the target' \
	"$(requests_since "$mark" | sed 's/[0-9a-f]\{32\}/TAG/' | sort | tr '\n' ' ')" \
	'HEAD /v2/me/rt/manifests/1 200 HEAD /v2/me/rt/manifests/TAG 200 '
# What is remembered is a hint: another base under the same name, and the whole way is gone.
run skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$tag" "docker://$REGISTRY/me/moved:1"
check 'a base that will move' rtbuild extend -q "$REGISTRY/me/moved:1" --filepath src/map.py --function f -t out
moved=$(cat "$out")
run skopeo copy -q --src-tls-verify=false --dest-tls-verify=false --format v2s2 "docker://$REGISTRY/me/rt:1" "docker://$REGISTRY/me/moved:1"
exits 7 rtbuild extend -q "$REGISTRY/me/moved:1" --filepath src/map.py --function f -t out
check 'a base that moved' rtbuild extend -q "$REGISTRY/me/moved:1" --filepath src/map.py --function f -t out --force
is 'a base that moved: another image' "$([ "$(cat "$out")" = "$moved" ] || echo yes)" yes
fresh
check 'extend again on another machine' rtbuild extend "$REGISTRY/me/rt:1" --filepath src/map.py --function f --json
is 'another machine: same reference' "$(jq -r '.reference' "$out" | sed "s,@.*,,")@$(jq -r .digest "$out")" "$first"
is 'another machine: it was there' "$(jq .existed "$out")" true
is '--json: what was baked' "$(jq -c .baked "$out")" '["/opt/lithops/func.pickle","/opt/lithops/modules/map.py","/opt/lithops/modules/words.py"]'
is '--json: the tag is the hash' "$(jq -r '.hash[:32]' "$out")" "${tag##*:}"
check '--print tag' rtbuild extend "$REGISTRY/me/rt:1" --filepath src/map.py --function f --print tag
stdout_is "$tag"

# --- what is in the image ---

fresh
check 'pull' rtbuild pull "$tag"
is 'one layer more' "$(manifest "$tag" | jq '.layers | length')" \
	"$(($(in_store manifest "$python" | jq '.layers | length') + 1))"
is 'the base layers are the base layers' "$(manifest "$tag" | jq -c '.layers[:-1]')" \
	"$(in_store manifest "$python" | jq -c .layers)"
members "$(layer "$tag" -1)" >got
is 'the layer' "$(grep -v '/$' got)" '-rw-r--r-- 0/0 opt/lithops/func.pickle
-rw-r--r-- 0/0 opt/lithops/modules/map.py
-rw-r--r-- 0/0 opt/lithops/modules/words.py'
is 'its directories' "$(grep '/$' got)" 'drwxr-xr-x 0/0 opt/
drwxr-xr-x 0/0 opt/lithops/
drwxr-xr-x 0/0 opt/lithops/modules/'
is 'times are fixed' "$(TZ=UTC tar -tvzf "$(layer "$tag" -1)" --full-time | awk '{ print $4, $5 }' | sort -u)" '1980-01-01 00:00:00'
is 'the pickle: by reference' "$(tar -xOzf "$(layer "$tag" -1)" opt/lithops/func.pickle | od -An -tx1 | tr -d ' \n')" \
	"$(/usr/bin/python3 -c 'import struct; i = b"cmap\nf\n."; print((b"\x80\x03}X" + struct.pack("<I", 4) + b"func" + b"C" + bytes([len(i)]) + i + b"s.").hex())')"
config "$tag" >c.json
is 'PYTHONPATH in front, nothing empty behind it' "$(jq -r '.config.Env[]' c.json | grep ^PYTHONPATH)" PYTHONPATH=/opt/lithops/modules
in_store config "$python" >base.json
is 'the rest of the environment stays' "$(jq -c '.config.Env - ["PYTHONPATH=/opt/lithops/modules"]' c.json)" "$(jq -c .config.Env base.json)"
is 'labels: the function' "$(jq -r '.config.Labels | ."io.rtbuild.extend.module" + ":" + ."io.rtbuild.extend.function"' c.json)" map:f
is 'labels: the base' "$(jq -r '.config.Labels | to_entries | map(.value) | join(" ")' c.json | grep -c "$base_digest")" 1
is 'labels: the whole hash' "$(jq -r '.config.Labels | to_entries[].value' c.json | grep -c "^${tag##*:}[0-9a-f]\{32\}$")" 1
is 'history: one more, the old ones untouched' "$(jq -c '.history[:-1]' c.json)" "$(jq -c .history base.json)"
is 'history fits the layers' "$(jq '[.history[] | select(.empty_layer | not)] | length' c.json)" "$(jq '.rootfs.diff_ids | length' c.json)"
is 'all else of the configuration' "$(jq -cS 'del(.config.Env, .config.Labels, .history, .rootfs, .created)' c.json)" \
	"$(jq -cS 'del(.config.Env, .config.Labels, .history, .rootfs, .created)' base.json)"
check 'it works as a worker loads it' work "$first" '["to be or not", ""]'
stdout_is '[{"words": 4, "mean": 2.25, "longest": "not"}, {"words": 0, "mean": 0, "longest": ""}]'
check 'skopeo copies it' skopeo copy -q --src-tls-verify=false "docker://$tag" oci:copied:x
is 'skopeo: same manifest' "$(jq -r '.manifests[0].digest' copied/index.json)" "${first##*@}"
rm -rf copied

# --- the tag says what is in it ---

# tag_of WORD...: the tag of an extension, in the store only.
tag_of() { rtbuild extend -q --no-push --print tag "$@" 2>>said | sed 's/.*://'; }
RTBUILD_STORE=$store
base=$REGISTRY/me/rt:1
f=$(tag_of "$base" --filepath src/map.py --function f)
is '--no-push: same tag' "$f" "${tag##*:}"
is 'two functions of a file: two tags' "$([ "$(tag_of "$base" --filepath src/map.py --function g)" != "$f" ] && echo differ)" differ
cp -R src moved && touch -d 2001-01-01 moved/*
is 'the place and times of the files do not count' "$(tag_of "$base" --filepath moved/map.py --function f)" "$f"
echo '# changed' >>moved/words.py
is 'a changed import does' "$([ "$(tag_of "$base" --filepath moved/map.py --function f)" != "$f" ] && echo differ)" differ
check 'a class method' rtbuild extend -q --no-push "$base" --filepath src/map.py --function map:Tools.twice
twice=$(cat "$out")
check 'it works too' work "$twice" '[1, 21]'
stdout_is '[2, 42]'
mkdir extra && echo 'x = 1' >extra/__init__.py && mkdir extra/sub && echo 'y = 2' >extra/sub/__init__.py
check '--module' rtbuild extend -q --no-push "$base" --filepath src/map.py --function f --module extra --json
is '--module: a package is baked' "$(jq -r '.baked[]' "$out" | grep extra | tr '\n' ' ')" \
	'/opt/lithops/modules/extra/__init__.py /opt/lithops/modules/extra/sub/__init__.py '
check '--tag' rtbuild extend "$base" --filepath src/map.py --function g -t mine
stdout_has "^$REGISTRY/me/rt:mine@sha256:"
exits 7 rtbuild extend "$base" --filepath src/map.py --function f -t mine
stderr_has 'mine'
stderr_has '--force'
check '--force' rtbuild extend "$base" --filepath src/map.py --function f -t mine --force
mark=$(requests_mark)
check '--no-push' rtbuild extend --no-push "$base" --filepath src/map.py --function g
is '--no-push: pushes nothing' "$(count_requests "$mark" '^(POST|PUT|PATCH)')" 0
is '--no-push: it is in the store' "$(rtbuild images --json | jq -r '.[].reference' | grep -c "$(sed 's/@.*//' "$out")")" 1
check 'extend an image of the store' rtbuild extend --no-push "$python" --filepath src/map.py --function f
stdout_has '^python:[0-9a-f]{32}@sha256:'
check 'extend an extension' rtbuild extend --no-push -q "$tag" --filepath src/map.py --function g
check 'it works as well' work "$(cat "$out")" '["up"]'
stdout_is '["UP"]'
is 'PYTHONPATH is not doubled' "$(rtbuild inspect --config "$(sed 's/@.*//' "$out")" 2>/dev/null | jq -r '.config.Env[]?' | grep -c 'modules:.*modules')" 0
is 'SOURCE_DATE_EPOCH and the clock do not count' "$(tag_of "$base" --filepath src/map.py --function f)" "$f"

# --- --function alone: looked up here ---

cd src || exit 1
check '--function alone' rtbuild extend -q --no-push --print tag "$base" --function g
is 'same tag as with --filepath' "$(sed 's/.*://' "$out")" "$(tag_of "$base" --filepath map.py --function g)"
run rtbuild extend --no-push "$base" --function g
stderr_has 'map\.py'
exits 2 rtbuild extend "$base" --function nowhere
stderr_has 'nowhere'
stdout_empty
printf 'def f(x):\n    return x\n' >second.py
exits 2 rtbuild extend "$base" --function f
stderr_has 'map\.py:[0-9]+'
stderr_has 'second\.py:1'
check 'MODULE:F chooses' rtbuild extend -q --no-push "$base" --function second:f
cd .. || exit 1

# --- refusals: before anything is sent ---

mark=$(requests_mark)
exits 2 rtbuild extend "$base" --filepath src/map.py
stderr_has '--function'
# shellcheck disable=SC2016
exits 2 rtbuild extend "$base" --filepath src/map.py --function nope
stderr_has 'map\.py'
exits 6 rtbuild extend "$base" --filepath src/none.py --function f
stderr_has 'src/none\.py'
exits 3 rtbuild extend "$base" --filepath src/map.py --function 'a b'
cat >bad.py <<'END'
import os

def outer():
    def inner(x):
        return x
    return inner

name = lambda x: x
END
exits 2 rtbuild extend "$base" --filepath bad.py --function inner
printf 'def f(x):\n    return x\n' >json.py
exits 3 rtbuild extend "$base" --filepath json.py --function f
stderr_has 'json'
printf 'def f(x):\n    return x\n' >with-dash.py
exits 3 rtbuild extend "$base" --filepath with-dash.py --function f
stderr_has 'with-dash'
exits 6 rtbuild extend "$REGISTRY/no/such:1" --filepath src/map.py --function f
nothing_sent 'refusals' "$mark"

# --- other registries and bases ---

printf 'FROM %s\nENV PYTHONPATH=/app:/lib MORE=1\nENTRYPOINT ["x"]\nUSER 1000\n' "$python" >Dockerfile
rtbuild build -q -t "$REGISTRY/me/path:1" --push -f Dockerfile src >/dev/null
check 'a base with PYTHONPATH' rtbuild extend "$REGISTRY/me/path:1" --filepath src/map.py --function f --print tag
is 'PYTHONPATH: ours first' "$(rtbuild inspect --config "$(cat "$out")" | jq -r '.config.Env[]' | grep ^PYTHONPATH)" \
	PYTHONPATH=/opt/lithops/modules:/app:/lib

# An index of two platforms: both are extended, the tag is an index again.
printf 'FROM scratch\nCOPY map.py /\nENV PYTHON_VERSION=3.11.2\n' >Dockerfile
rtbuild build -q --platform linux/arm64 -t "$REGISTRY/me/multi:arm" --push -f Dockerfile src >/dev/null
rtbuild push -q "$python" "$REGISTRY/me/multi:amd" >/dev/null
entry() {
	rtbuild inspect --store "$TMP/entries" --platform "$2" --json "$REGISTRY/me/multi:$1" >entry.json
	rtbuild inspect --store "$TMP/entries" --platform "$2" --raw "$REGISTRY/me/multi:$1" >entry.raw
	jq -c --argjson size "$(wc -c <entry.raw)" '{mediaType, digest, size: $size, platform: (.platform | split("/") | {os: .[0], architecture: .[1]})}' entry.json
}
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s,%s]}' \
	"$(entry amd linux/amd64)" "$(entry arm linux/arm64)" >index.json
is 'an index is put' "$(curl -s -o /dev/null -w '%{http_code}' -X PUT --data-binary @index.json \
	-H 'Content-Type: application/vnd.oci.image.index.v1+json' "http://$REGISTRY/v2/me/multi/manifests/all")" 201
check 'extend an index' rtbuild extend "$REGISTRY/me/multi:all" --filepath src/map.py --function f --print tag
curl -s -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$REGISTRY/v2/me/multi/manifests/$(sed 's/.*://' "$out")" >extended.json
is 'both platforms are there' "$(jq -r '.manifests[].platform.architecture' extended.json | tr '\n' ' ')" 'amd64 arm64 '
is 'each of them is new' "$(jq -rs '.[0].manifests[].digest as $d | .[1].manifests[] | select(.digest == $d) | .digest' extended.json index.json)" ''
# The same of a name that is in the store alone.
printf 'FROM scratch\nCOPY map.py /base\nENV PYTHON_VERSION=3.11.2\n' >Local
check 'an image of two platforms in the store' rtbuild build -q --platform linux/amd64,linux/arm64 -t local/multi:1 -f Local src
check 'extend it' rtbuild extend local/multi:1 --filepath src/map.py --function f --no-push --print tag
extended=$(cat "$out")
is 'the index is kept' "$(manifest "$extended" | jq -c '[.mediaType, (.manifests[].platform | .os + "/" + .architecture)]')" \
	'["application/vnd.oci.image.index.v1+json","linux/amd64","linux/arm64"]'
for n in 0 1; do
	part=$(blob "$(manifest "$extended" | jq -r ".manifests[$n].digest")")
	is "platform $n: the base's layer, then the function's" \
		"$(jq -r '.layers[0].digest' "$part") $(members "$(blob "$(jq -r '.layers[1].digest' "$part")")" | grep -c 'opt/lithops/modules/map.py')" \
		"$(jq -r '.layers[0].digest' "$(blob "$(manifest local/multi:1 | jq -r ".manifests[$n].digest")")") 1"
	is "platform $n: says what was baked" "$(jq -r '.config.Labels | length > 0' "$(blob "$(jq -r .config.digest "$part")")")" true
done
check 'again' rtbuild extend local/multi:1 --filepath src/map.py --function f --no-push --print tag
is 'again: the same tag' "$(cat "$out")" "$extended"
check 'the store is whole' rtbuild fsck
check 'one platform of it' rtbuild extend local/multi:1 --platform linux/arm64 --filepath src/map.py --function f --no-push --print tag
is 'one platform of it: a manifest' "$(manifest "$(cat "$out")" | jq -r .mediaType)" application/vnd.oci.image.manifest.v1+json
check 'one platform of an index' rtbuild extend "$REGISTRY/me/multi:all" --platform linux/amd64 --filepath src/map.py --function f --print tag
is 'one platform: a manifest' "$(rtbuild inspect --raw "$(cat "$out")" | jq -r .mediaType)" application/vnd.oci.image.manifest.v1+json

for mode in token tls-htpasswd; do
	start_registry "$mode"
	SSL_CERT_FILE=
	[ "$mode" = token ] || SSL_CERT_FILE=$REGISTRY_CA
	export SSL_CERT_FILE
	printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
	rtbuild push -q "$python" "$REGISTRY/deep/er/rt:1" >/dev/null
	fresh
	mark=$(requests_mark)
	tokens=$(wc -l <"${TOKEN_LOG:-/dev/null}")
	check "$mode: extend" rtbuild extend "$REGISTRY/deep/er/rt:1" --filepath src/map.py --function f
	stdout_has "^$REGISTRY/deep/er/rt:[0-9a-f]{32}@sha256:[0-9a-f]{64}$"
	requests_since "$mark" >requests
	is "$mode: at most 10 requests" "$(sed -n '11,$p' requests)" ''
	[ "$mode" != token ] ||
		is 'token: one is enough' "$(sed "1,${tokens}d" "$TOKEN_LOG" | wc -l)" 1
	RTBUILD_STORE=$store
done
check 'the store is whole' rtbuild fsck
# --- in place: the tag is read once more just before it is written ---

start_scripted
check 'a base' rtbuild copy -q "$base" "$REGISTRY/in/place:1"
check 'and another image' rtbuild annotate -q "$REGISTRY/in/place:1" a=b -t 2
other=$(rtbuild digest "$REGISTRY/in/place:2")
in_place() { rtbuild extend -q "$REGISTRY/in/place:1" --filepath src/map.py --function f -t 1 "$@"; }
exits 7 in_place
stderr_has 'is there and holds something else'
script 'PUT /v2/in/place/blobs/* * hold'
in_place --force >"$out" 2>"$err" &
extension=$!
check 'meanwhile' wait_for "$REGISTRY_LOG" 'POST /v2/in/place/blobs/uploads/.* 202'
check 'somebody else takes the tag' rtbuild tag -q "docker://$REGISTRY/in/place:2" 1
script ''
wait "$extension"
is 'it moved: exit 7' "$?" 7
is 'and is left to the other' "$(rtbuild digest "$REGISTRY/in/place:1")" "$other"
check 'tried again' in_place --force
is 'it is written' "$([ "$(rtbuild digest "$REGISTRY/in/place:1")" != "$other" ] && echo yes)" yes

finish
