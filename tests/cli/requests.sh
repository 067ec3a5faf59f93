#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How many requests each operation takes, by the registry's access log. The base has three layers,
# one small layer is added; the host is known (realm, scheme), as on every run but the first.
#
# An append is `extend`, which never fetches a layer, or a build FROM the base with one COPY. The
# least a registry allows for a new tag is 7: GET manifest and config, POST and PUT of layer and
# config, PUT manifest, and that is what a build takes: whether its blobs are there already it
# learns from the POST (registry/move.h), but on a base that is new to this machine, where the sessions
# are opened ahead (registry/standby.h). extend asks for the tag as well, since it never overwrites
# what it did not make: 8, and as many in place, where that question is the re-read.
#
# How many of them wait for another is shown by the scripted registry, which answers only when all that may be
# under way at once are.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/graph.sh
. "$ROOT/tests/graph.sh"
# shellcheck source=tests/budget.sh
. "$ROOT/tests/budget.sh"

printf 'FROM scratch\nCOPY file1 /\nCOPY file2 /\nCOPY file3 /\nENV PYTHON_VERSION=3.11.2\n' >base.Dockerfile
for i in 1 2 3; do seq "$i" 2000 >"file$i"; done
printf 'def f(x):\n    return x\n' >map.py

# A new store.
fresh() {
	RTBUILD_STORE=$TMP/store.$checks
	export RTBUILD_STORE
	rtbuild digest -q "$FIRST/me/rt:1" >/dev/null # the host is known from now on
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
count 'build FROM, new tag: 7' '2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:built" --push .
count 'the same build again: 2' '1 GET manifests,1 HEAD manifests' rtbuild build -q -t "$FIRST/me/rt:built" --push .
fresh
count 'the same build on a machine that knows nothing: what is small goes again' \
	'2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 PUT manifests' rtbuild build -q -t "$FIRST/me/rt:built" --push .
fresh
count 'build FROM, new repository of the registry: 10, three of them mounts' \
	'5 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/you/rt:1" --push .
is 'three mounts' "$(count_requests "$mark" '^POST .*mount=sha256:[0-9a-f]*&from=me/rt 201')" 3
count 'push of what is there: 1' '1 HEAD manifests' rtbuild push "$FIRST/you/rt:1"
fresh
count 'extend, new repository of the registry: 11, three of them mounts' \
	'5 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests,1 PUT manifests' \
	rtbuild extend "$FIRST/me/rt:1" --filepath map.py --function f -t "$FIRST/extended/rt:1"

# --- large layers: asked for before they are sent, unless the host is known to mount ---

head -c 1500000 /dev/urandom >large
printf 'FROM %s/me/rt:1\nCOPY large /\n' "$FIRST" >large.Dockerfile
fresh
count 'a large layer: one HEAD more' \
	'2 POST blobs/uploads,2 PUT blobs/uploads,1 HEAD blobs,1 GET blobs,1 GET manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:large" --push -f large.Dockerfile .
fresh
count 'on a machine that knows nothing: it is not sent again' \
	'2 POST blobs/uploads,1 PUT blobs/uploads,1 DELETE blobs/uploads,1 HEAD blobs,1 GET blobs,1 GET manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:large" --push -f large.Dockerfile .
echo >>large
check 'a mount that was made' rtbuild copy -q --no-referrers "$FIRST/me/rt:1" "$FIRST/mounted/rt:1"
count 'where the host mounts: no HEAD' \
	'2 POST blobs/uploads,2 PUT blobs/uploads,1 GET manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:large" --push -f large.Dockerfile .

# extend asks for its tag first when the layer is more than a round trip's worth.
mkdir -p heavy
cp map.py heavy/
head -c 1500000 /dev/urandom | base64 | sed 's/^/# /' >heavy/words.py
echo 'import words' >>heavy/map.py
check 'a heavy function' rtbuild extend "$FIRST/me/rt:1" --filepath heavy/map.py --function f
fresh
count 'extend, a large layer that is there: not sent again' \
	'2 POST blobs/uploads,2 DELETE blobs/uploads,1 GET blobs,1 GET manifests,1 HEAD manifests' \
	rtbuild extend "$FIRST/me/rt:1" --filepath heavy/map.py --function f

# --- several tags: sent once ---

# distribution takes no notice of tags in a query, which the first push finds out
fresh
count 'build, three tags: the first push of several asks for all at once' \
	'2 POST blobs/uploads,2 PUT blobs/uploads,1 GET blobs,1 GET manifests,4 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:a" -t "$FIRST/me/rt:b" -t "$FIRST/me/rt:c" --push .
is 'each of them holds it' "$(for tag in a b c; do rtbuild digest "$FIRST/me/rt:$tag"; done | sort -u | wc -l)" 1
count 'build, tags of two repositories' '7 POST blobs/uploads,1 PUT blobs/uploads,1 GET manifests,4 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:d" -t "$FIRST/third/rt:d" -t "$FIRST/me/rt:e" -t "$FIRST/third/rt:e" --push --label x=y .
count 'build, one tag more' '1 GET manifests,3 HEAD manifests,1 PUT manifests' \
	rtbuild build -q -t "$FIRST/me/rt:d" -t "$FIRST/me/rt:e" -t "$FIRST/me/rt:f" --push --label x=y .
count 'push, two tags more' '3 HEAD manifests,2 PUT manifests' rtbuild push -q "$FIRST/me/rt:d" -t g -t h
count 'tag, three tags' '6 HEAD manifests,1 GET manifests,3 PUT manifests' rtbuild tag "docker://$FIRST/me/rt:d" i j k

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

FIRST_LOG=$REGISTRY_LOG
start_registry plain
SECOND=$REGISTRY
# count_both NAME FIRST SECOND CMD...: at either registry
count_both() {
	both_name=$1 both_first=$2 both_second=$3 both_log=$REGISTRY_LOG
	shift 3
	REGISTRY_LOG=$FIRST_LOG
	both_mark=$(requests_mark)
	REGISTRY_LOG=$both_log
	count "$both_name: there" "$both_second" "$@"
	REGISTRY_LOG=$FIRST_LOG
	is "$both_name: here" "$(kinds "$both_mark")" "$(in_order "$both_first")"
	REGISTRY_LOG=$both_log
}
fresh
rtbuild digest -q "$SECOND/no/rt:1" >/dev/null 2>&1
count_both 'copy, other registry' '4 GET blobs,1 GET manifests,1 GET referrers,1 GET tags' \
	'4 POST blobs/uploads,4 PUT blobs/uploads,1 HEAD manifests,1 PUT manifests' \
	rtbuild copy "$FIRST/me/rt:1" "$SECOND/copy/rt:1"
fresh
rtbuild digest -q "$SECOND/no/rt:1" >/dev/null 2>&1
count_both 'build FROM, other registry: 5 + 11 = 16' '4 GET blobs,1 GET manifests' \
	'5 POST blobs/uploads,5 PUT blobs/uploads,1 PUT manifests' rtbuild build -q -t "$SECOND/built/rt:1" --push .
fresh
rtbuild digest -q "$SECOND/no/rt:1" >/dev/null 2>&1
count_both 'build FROM, where the base is already: its layers are not sent' '1 GET blobs,1 GET manifests' \
	'5 POST blobs/uploads,2 PUT blobs/uploads,1 PUT manifests' rtbuild build -q -t "$SECOND/copy/rt:2" --push .
fresh
rtbuild digest -q "$SECOND/no/rt:1" >/dev/null 2>&1
count_both 'extend, other registry: 5 + 12' '4 GET blobs,1 GET manifests' \
	'5 POST blobs/uploads,5 PUT blobs/uploads,1 HEAD manifests,1 PUT manifests' \
	rtbuild extend "$FIRST/me/rt:1" --filepath map.py --function f -t "$SECOND/extended/rt:1"

# --- round trips: how many requests wait for another ---

start_scripted
THIRD=$REGISTRY
check 'a base there' rtbuild copy -q "$FIRST/me/rt:1" "$THIRD/me/rt:1"
# Another function each time, so that it is never there already; with the base's configuration, or
# without.
new_function() {
	printf 'def f(x):\n    return x + %s\n' "$checks" >map.py
	rtbuild digest -q "$THIRD/me/rt:1" >/dev/null
}
new_store() {
	RTBUILD_STORE=$TMP/store.trips.$checks
	new_function
}
trips 'extend, new tag: 4 round trips' 3,1,3,1 new_store rtbuild extend "$THIRD/me/rt:1" --filepath map.py --function f
trips 'extend, the configuration cached: 3' 3,3,1 new_function rtbuild extend "$THIRD/me/rt:1" --filepath map.py --function f
trips 'extend, another repository: 4' 3,1,6,1 new_store \
	rtbuild extend "$THIRD/me/rt:1" --filepath map.py --function f -t "$THIRD/you/rt:1" --force
trips 'extend in place: 5, the last but one looks once more' 3,1,2,1,1 new_store \
	rtbuild extend "$THIRD/you/rt:1" --filepath map.py --function f -t "$THIRD/you/rt:1" --force
# Another layer each time; another base's configuration too, or the one that is known.
new_layer() {
	echo "$checks" >layer
	printf 'FROM %s/me/rt:1\nCOPY layer /\n' "$THIRD" >layer.Dockerfile
	rtbuild digest -q "$THIRD/me/rt:1" >/dev/null
}
new_store_and_layer() {
	RTBUILD_STORE=$TMP/store.trips.$checks
	new_layer
}
trips 'build FROM, new tag: 4 round trips' 1,3,2,1 new_store_and_layer \
	rtbuild build -q -t "$THIRD/me/rt:built" --push -f layer.Dockerfile .
trips 'build FROM, the configuration cached: 4' 1,2,2,1 new_layer rtbuild build -q -t "$THIRD/me/rt:built" --push -f layer.Dockerfile .
trips 'build FROM, another repository: 4' 1,3,5,1 new_store_and_layer \
	rtbuild build -q -t "$THIRD/built/rt:1" --push -f layer.Dockerfile .
printf 'FROM %s/me/rt:1\nCOPY missing /\n' "$THIRD" >layer.Dockerfile
new_store
mark=$(requests_mark)
exits 6 rtbuild build -q -t "$THIRD/me/rt:failed" --push -f layer.Dockerfile .
is 'a build that fails cancels its uploads' "$(count_requests "$mark" '^POST .*/uploads/') $(count_requests "$mark" '^DELETE .*/uploads/')" '2 2'
nothing() { :; }
trips 'copy, other repository: 3' 2,4,1 nothing rtbuild copy --no-referrers "$THIRD/me/rt:1" "$THIRD/copy/rt:1"
make_index me/many 1 word
trips 'copy of an index, its images at once: 5' 2,3,7,3,1 nothing rtbuild copy -j 8 --no-referrers "$THIRD/me/many:1" "$THIRD/copy/many:1"
trips 'copy, nothing to do: 1' 2 nothing rtbuild copy --no-referrers "$THIRD/me/rt:1" "$THIRD/copy/rt:1"
trips 'push of what is there: 1' 1 nothing rtbuild push --store base "$FIRST/me/rt:1" "$THIRD/me/rt:1"
trips 'inspect: 2' 1,1 nothing rtbuild inspect "docker://$THIRD/me/rt:1"
trips 'three tags at once: 3' 4,3,3 nothing rtbuild tag "docker://$THIRD/me/rt:1" x y z

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
