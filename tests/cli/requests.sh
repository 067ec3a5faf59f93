#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How many requests each operation takes, by the registry's access log. The base has three layers,
# one small layer is added; the host is known (realm, scheme), as on every run but the first.
#
# An append is `extend`, which never fetches a layer, or a build FROM the base with one COPY. The
# least a registry allows for a new tag is 7: GET manifest and config, POST and PUT of layer and
# config, PUT manifest. extend asks for the tag as well, since it never overwrites what it did not
# make: 8, and as many in place, where that question is the re-read. A build may have been pushed
# before, so it asks for its tag and its two blobs too: 10.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"

printf 'FROM scratch\nCOPY file1 /\nCOPY file2 /\nCOPY file3 /\n' >base.Dockerfile
for i in 1 2 3; do seq "$i" 2000 >"file$i"; done
printf 'def f(x):\n    return x\n' >map.py

# A new store.
fresh() {
	RTBUILD_STORE=$TMP/store.$checks
	export RTBUILD_STORE
	rtbuild digest -q "$FIRST/me/rt:1" >/dev/null # the host is known from now on
}
kinds() {
	requests_since "$1" | sed -E 's, /v2/[^ ]*/(manifests|blobs/uploads|blobs|tags|referrers)[^ ]*[?]?(mount=)?[^ ]*, \1,' |
		cut -d' ' -f1,2 | sort | uniq -c | sed 's/^ *//' | tr '\n' ',' | sed 's/,$//'
}
in_order() { printf '%s\n' "$1" | tr ',' '\n' | sort -k 2 | tr '\n' ',' | sed 's/,$//'; }
# count NAME WANTED CMD...: exactly these methods and kinds, in any order
count() {
	count_name=$1 count_wanted=$2
	shift 2
	mark=$(requests_mark)
	check "$count_name" "$@"
	is "$count_name: requests" "$(kinds "$mark")" "$(in_order "$count_wanted")"
}

start_registry plain
FIRST=$REGISTRY
check 'a base' rtbuild build -q --store base -t "$FIRST/me/rt:1" --push -f base.Dockerfile .
printf 'FROM %s/me/rt:1\nCOPY map.py /\n' "$FIRST" >Dockerfile

# --- append ---

fresh
count 'extend, new tag: 8' '2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild extend "$FIRST/me/rt:1" --filepath map.py --function f
count 'extend again: 2' '2 HEAD manifests' rtbuild extend "$FIRST/me/rt:1" --filepath map.py --function f
count 'extend with the configuration cached: 7' '2 POST blobs/uploads,2 PUT blobs/uploads,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild extend "$FIRST/me/rt:1" --filepath map.py --function f -t other
fresh
count 'extend in place: 8' '2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild extend "$FIRST/me/rt:1" --filepath map.py --function f -t 1 --force
check 'the base again' rtbuild push -q --store base "$FIRST/me/rt:1"
fresh
count 'build FROM, new tag: 10' '2 HEAD blobs,2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:built" --push .
fresh
count 'build FROM, new repository of the registry: 13, three of them mounts' \
	'5 POST blobs/uploads,2 HEAD blobs,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/you/rt:1" --push .
is 'three mounts' "$(count_requests "$mark" '^POST .*mount=sha256:[0-9a-f]*&from=me/rt 201')" 3
count 'push of what is there: 1' '1 HEAD manifests' rtbuild push "$FIRST/you/rt:1"
fresh
# --- copy ---

fresh
count 'copy, other repository of the registry: 2 + 4 mounts + 1, and a list of tags' \
	'4 POST blobs/uploads,1 GET manifests,1 GET referrers,1 GET tags,1 HEAD manifests,1 PUT manifests' rtbuild copy "$FIRST/me/rt:1" "$FIRST/copy/rt:1"
count 'copy --no-referrers' '4 POST blobs/uploads,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild copy --no-referrers "$FIRST/me/rt:1" "$FIRST/copy2/rt:1"
count 'copy, nothing to do: 2' '1 GET manifests,1 HEAD manifests' rtbuild copy "$FIRST/me/rt:1" "$FIRST/copy/rt:1"
count 'inspect: 2' '1 GET blobs,1 GET manifests' rtbuild inspect "docker://$FIRST/me/rt:1"
count 'digest: 1' '1 HEAD manifests' rtbuild digest "$FIRST/me/rt:1"
count 'tag: 4' '2 HEAD manifests,1 GET manifests,1 PUT manifests' rtbuild tag "$FIRST/me/rt:1" two
count 'tags: 1' '1 GET tags' rtbuild tags "$FIRST/me/rt"
is 'nobody pings' "$(count_requests 0 '^[A-Z]+ /v2/ ')" 0

start_registry plain
SECOND=$REGISTRY
fresh
rtbuild digest -q "$SECOND/no/rt:1" >/dev/null 2>&1
count 'copy, other registry: each blob asked for and sent once' \
	'4 HEAD blobs,4 POST blobs/uploads,4 PUT blobs/uploads,1 HEAD manifests,1 PUT manifests' \
	rtbuild copy "$FIRST/me/rt:1" "$SECOND/copy/rt:1"
count 'build FROM, other registry' \
	'5 HEAD blobs,2 POST blobs/uploads,2 PUT blobs/uploads,1 HEAD manifests,1 PUT manifests' \
	sh -c "rtbuild build -q -t $SECOND/copy/rt:2 --push . && rtbuild digest -q $FIRST/me/rt:1 >/dev/null"

# --- one token for an operation ---

start_registry token
printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
check 'an image' rtbuild push -q --store base "$FIRST/me/rt:1" "$REGISTRY/me/rt:1"
tokens() { wc -l <"$TOKEN_LOG"; }
one_token() { # NAME REQUESTS CMD...
	token_name=$1 token_wanted=$2
	shift 2
	before=$(tokens) mark=$(requests_mark)
	check "$token_name" "$@"
	is "$token_name: one token" "$(($(tokens) - before))" 1
	is "$token_name: requests" "$(requests_since "$mark" | wc -l | tr -d ' ')" "$token_wanted"
	is "$token_name: no 401" "$(count_requests "$mark" ' 401$')" 0
}
FIRST=$REGISTRY
fresh
one_token 'copy between repositories' 9 rtbuild copy "$REGISTRY/me/rt:1" "$REGISTRY/copy/rt:1"
one_token 'copy, nothing to do' 2 rtbuild copy "$REGISTRY/me/rt:1" "$REGISTRY/copy/rt:1"
one_token 'extend' 8 rtbuild extend "$REGISTRY/me/rt:1" --filepath map.py --function f
one_token 'tag' 4 rtbuild tag "docker://$REGISTRY/me/rt:1" two
one_token 'annotate' 3 rtbuild annotate "$REGISTRY/me/rt:two" a=b
rm -rf "$RTBUILD_STORE"
before=$(tokens) mark=$(requests_mark)
check 'first contact' rtbuild digest "$REGISTRY/me/rt:1"
is 'first contact: one probe and one token more' "$(requests_since "$mark" | wc -l | tr -d ' ') $(($(tokens) - before))" '2 1'
finish
