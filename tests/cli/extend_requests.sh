#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The request budget of `rtbuild extend`, clause by clause, by the registry's access log: one
# repository, the configuration cached, remembered, there already, overwritten, of several
# platforms, from the store, from another registry, of an extension. The host is known (realm,
# scheme), as on every run but the first. No layer of a base is ever read.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/budget.sh
. "$ROOT/tests/budget.sh"

for i in 1 2 3; do seq "$i" 2000 >"file$i"; done
printf 'FROM scratch\nCOPY file1 /\nCOPY file2 /\nCOPY file3 /\nENV PYTHON_VERSION=3.11.2\n' >base.Dockerfile
printf 'def f(x):\n    return x\ndef g(x):\n    return -x\n' >map.py
extend() { rtbuild extend -q "$@" --filepath map.py; }

# A new store: nothing is known but the host.
fresh() {
	RTBUILD_STORE=$TMP/store.$checks
	export RTBUILD_STORE
	rtbuild digest -q "$BASE_HOST/me/rt:1" >/dev/null
}
# no_layer NAME: since the last count, configurations of images are all that was read.
no_layer() {
	is "$1: no layer of the base is read" "$(requests_since "$mark" | sed -n 's,^GET /v2/.*/blobs/\(sha256:[0-9a-f]*\) .*,\1,p' |
		grep -cF -f layers)" 0
}

start_registry plain
BASE_HOST=$REGISTRY
base=$REGISTRY/me/rt:1 first=$REGISTRY/me/rt:1
check 'a base' rtbuild build -q --store base -t "$base" --push -f base.Dockerfile .
rtbuild inspect --store base --raw "$base" | jq -r '.layers[].digest' >layers
is 'of three layers' "$(wc -l <layers)" 3

# --- one repository ---

new='2 POST blobs/uploads,2 PUT blobs/uploads,1 GET manifests,1 HEAD manifests,1 PUT manifests'
fresh
count '8 in the same repository' "$new,1 GET blobs" extend "$base" --function f
no_layer '8 in the same repository'
count '7 with the configuration cached' "$new" extend "$base" --function g
count '2 when the store remembers' '2 HEAD manifests' extend "$base" --function f
fresh
count 'there already, on a machine that knows nothing: 7' '2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests' \
	extend "$base" --function f
no_layer 'there already'
fresh
count 'over another image, --force: 8' "$new,1 GET blobs" extend "$base" --function f -t taken
count 'over another image, --force, the configuration cached: 7' "$new" extend "$base" --function g -t taken --force
fresh
count 'over the base itself: 8, its tag is read again' "$new,1 GET blobs" extend "$base" --function f -t 1 --force
is 'over the base itself: again just before it is written' \
	"$(requests_since "$mark" | sed -n 's,/v2/me/rt/manifests/1,TAG,p' | tail -n 2 | tr '\n' ' ')" 'HEAD TAG 200 PUT TAG 201 '
check 'the base again' rtbuild push -q --store base "$base"

# What is more than a round trip's worth is not sent before the answer: the sessions are given up.
mkdir heavy
head -c 1500000 /dev/urandom | base64 | sed 's/^/# /' >heavy/words.py
printf 'import words\ndef f(x):\n    return x\n' >heavy/map.py
heavy() { rtbuild extend -q "$base" --filepath heavy/map.py --function f; }
check 'a heavy function' heavy
fresh
count 'a heavy one is there already: 7, opened uploads deleted' \
	'2 POST blobs/uploads,2 DELETE blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests' heavy
is 'a heavy one: as many as were opened' "$(count_requests "$mark" '^DELETE .*/uploads/.* 204$')" \
	"$(count_requests "$mark" '^POST .*/uploads/ 202$')"
fresh
mark=$(requests_mark)
exits 7 rtbuild extend -q "$base" --filepath heavy/map.py --function f -t taken
is 'refused: nothing is sent' "$(count_requests "$mark" '^(PUT|PATCH) ')" 0
is 'refused: opened uploads deleted' "$(count_requests "$mark" '^DELETE .*/uploads/.* 204$')" \
	"$(count_requests "$mark" '^POST .*/uploads/ 202$')"

# --- an extension: from where that began ---

fresh
check 'an extension' extend "$base" --function f -t chain
fresh
count 'of an extension: 8' "$new,1 GET blobs" rtbuild extend "$REGISTRY/me/rt:chain" --filepath map.py --function g -t chained
no_layer 'of an extension'
is 'of an extension: from the original base' "$(grep -c "starting again from $REGISTRY/me/rt@$(rtbuild digest --store base "$base")" "$err")" 1
rtbuild inspect --raw "docker://$REGISTRY/me/rt:chained" | jq -r '.layers[].digest' >chained
is 'of an extension: one layer more than the base' "$(cat layers && tail -n 1 chained)" "$(cat chained)"

# --- p platforms: at most 7p + 3 ---

for p in 2 3; do
	platforms=linux/amd64,linux/arm64
	[ "$p" -eq 2 ] || platforms=$platforms,linux/ppc64le
	multi=$REGISTRY/multi/rt:$p
	rtbuild build -q --store "multi.$p" --platform "$platforms" -t "$multi" --push -f base.Dockerfile . >/dev/null
	fresh
	# the functions' layer is one for all of them
	count "$p platforms: 5p + 5" "$((p + 1)) POST blobs/uploads,$((p + 1)) PUT blobs/uploads,$p GET blobs,$((p + 1)) GET manifests,1 HEAD manifests,$((p + 1)) PUT manifests" \
		extend "$multi" --function f
	is "$p platforms: within 7p + 3" "$([ "$(requests_since "$mark" | wc -l)" -le $((7 * p + 3)) ] && echo yes)" yes
	no_layer "$p platforms"
	count "$p platforms, when the store remembers: 2" '2 HEAD manifests' extend "$multi" --function f
done

# --- a base in the store ---

RTBUILD_STORE=base
count 'a base in the store, pushed before: its layers are mounted' \
	'1 HEAD manifests,5 POST blobs/uploads,2 PUT blobs/uploads,1 PUT manifests' extend "$base" --function g -t stored
is 'a base in the store: three mounts' "$(count_requests "$mark" '^POST .*mount=sha256:[0-9a-f]*&from=me/rt 201')" 3

# --- a base in another registry ---

FIRST_LOG=$REGISTRY_LOG
start_registry plain
fresh
rtbuild digest -q "$REGISTRY/no/rt:1" >/dev/null 2>&1
first_mark=$(wc -l <"$FIRST_LOG")
there='5 POST blobs/uploads,5 PUT blobs/uploads,1 HEAD manifests,1 PUT manifests'
count 'a base in another registry: 12 here' "$there" extend "$base" --function g -t "$REGISTRY/me/rt:2"
SECOND_LOG=$REGISTRY_LOG REGISTRY_LOG=$FIRST_LOG
is 'a base in another registry: 5 there, each layer once' "$(kinds "$first_mark")" '4 GET blobs,1 GET manifests'
REGISTRY_LOG=$SECOND_LOG
check 'it is whole there' skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/me/rt:2" oci:copied:x
RTBUILD_STORE=base
first_mark=$(wc -l <"$FIRST_LOG")
count 'a base in the store, to another registry' "$there" extend "$base" --function g -t "$REGISTRY/you/rt:2"
is 'a base in the store: the one it came from is not asked' "$(wc -l <"$FIRST_LOG")" "$first_mark"

# --- round trips ---

start_scripted
BASE_HOST=$REGISTRY
base=$REGISTRY/me/rt:1
check 'the base there' rtbuild push -q --store "$TMP/base" "$first" "$base"
another() { printf 'def f(x):\n    return x + %s\n' "$checks" >map.py; }
another_store() {
	fresh
	another
}
same() { :; }
trips 'in the same repository: 4 serial phases' 3,1,3,1 another_store extend "$base" --function f
trips 'with the configuration cached: 3' 3,3,1 another extend "$base" --function f
trips 'when the store remembers: 1' 2 same extend "$base" --function f
finish
