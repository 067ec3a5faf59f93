#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rtbuild check: every rule finds the one artifact that breaks it alone, and none in the one that
# keeps it; and what is read for that.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_wheels

# --- every rule ---

# artifact RULE passes|fails: its options in $options
artifact() {
	spec=$ROOT/tests/checks/$1.json
	backend=$(jq -r .backend "$spec")
	rtbuild template show "$backend" >row.json
	rm -rf "$1.$2" "$1.$2.rows"
	options=$("$ROOT/tests/tools/make-artifact" "$spec" "$2" row.json "$1.$2")
}
check 'the list' rtbuild check --list --json
jq -r '.[] | "\(.id) \(.severity)"' "$out" >rules
is 'every rule has a cure, a source and a backend' \
	"$(jq '[.[] | select((.cure | length) > 9 and (.source | length) > 9 and (.backends | length) > 0)] | length' "$out")" "$(wc -l <rules)"
is 'no fixture is left over' "$(find "$ROOT/tests/checks" -name '*.json' | wc -l)" "$(wc -l <rules)"
while read -r rule severity; do
	artifact "$rule" passes
	# shellcheck disable=SC2086 # words
	check "$rule: kept" rtbuild check $options -b "$backend" --json
	is "$rule: kept, no finding" "$(jq -c '[.findings[].message]' "$out")" '[]'
	is "$rule: kept, and looked at" "$(jq --arg r "$rule" '.passed | index($r) != null' "$out")" true
	artifact "$rule" fails
	# shellcheck disable=SC2086 # words
	run rtbuild check $options -b "$backend" --json
	is "$rule: broken, and no other" "$(jq -r '[.findings[].rule] | unique | join(" ")' "$out")" "$rule"
	case $severity in error) want=1 ;; *) want=0 ;; esac
	is "$rule: broken, exit status" "$status" "$want"
done <rules

# --- what is read, and said ---

start_registry plain
artifact baked-function passes
check 'an image to the registry' rtbuild copy "${options%% *}" "$REGISTRY/check/rt:1"
RTBUILD_STORE=$TMP/other
mark=$(requests_mark)
check 'documents alone' rtbuild check "$REGISTRY/check/rt:1" -b k8s --documents --json
is 'documents alone: no layer' "$(jq -c .layers_read "$out")" '[]'
is 'documents alone: what was left out is said' "$(jq '.left_out | index("python-found") != null' "$out")" true
is 'documents alone: manifest and configuration' "$(count_requests "$mark" '^GET .*/blobs/')" 1
check 'a file list' rtbuild check "$REGISTRY/check/rt:1" -b k8s --rule python-version --json
is 'a file list: one layer was read, and is named' "$(jq '.layers_read | length' "$out")" 1
is 'a file list: the Python that is in it' "$(jq -r .python "$out")" 3.11
mark=$(requests_mark)
check 'a file list again' rtbuild check "$REGISTRY/check/rt:1" -b k8s --rule python-version --json
is 'a file list again: kept, only the configuration is read' \
	"$(jq -c .layers_read "$out") $(count_requests "$mark" '^GET .*/blobs/')" '[] 1'
check 'everything' rtbuild check "$REGISTRY/check/rt:1" -b k8s
stdout_has 'rules of k8s kept, 0 broken; Python 3\.11; Lithops 3\.7\.1 \(static\)$'
stderr_has 'read layer sha256:'

artifact shadows-stdlib fails
exits 1 rtbuild check shadows-stdlib.fails.zip -b gcp_functions
stdout_has "^error: 'json' in / hides Python's own \[shadows-stdlib\]$"
stdout_has '^  cure: rename it'
stderr_has 'shadows-stdlib.fails.zip: 1 error by the rules of gcp_functions'
check 'a rule is ignored' rtbuild check shadows-stdlib.fails.zip -b gcp_functions --ignore shadows-stdlib

# --- a build asks before it pushes ---

mkdir own
printf 'FROM scratch\nCOPY lithopsentry.py /lithops/\nUSER %s\n' 0 >own/Dockerfile
: >own/lithopsentry.py
exits 1 rtbuild build -b k8s -f own/Dockerfile own -t "$REGISTRY/check/own:1" --push
stderr_has 'python-found'
stderr_has '--force pushes it nevertheless'
fails 'nothing was pushed' rtbuild digest "docker://$REGISTRY/check/own:1"
check 'pushed by force' rtbuild build -b k8s -f own/Dockerfile own -t "$REGISTRY/check/own:1" --push --force
stderr_has '\[user\]'
check 'it is there' rtbuild digest "docker://$REGISTRY/check/own:1"

# --- refused ---

exits 2 rtbuild check shadows-stdlib.fails.zip
stderr_has 'which backend'
exits 6 rtbuild check an/image:1 -b gcp_functions
stderr_has 'of gcp_functions is a zip'
exits 2 rtbuild check -b k8s
exits 2 rtbuild check x -b localhost
exits 2 rtbuild check shadows-stdlib.fails.zip -b k8s
stderr_has 'takes an image'
exits 2 rtbuild check shadows-stdlib.fails.zip -b gcp_functions --rule shadow-stdlib
stderr_has 'did you mean shadows-stdlib'
exits 2 rtbuild check shadows-stdlib.fails.zip -b gcp_functions --rule user
exits 2 rtbuild check shadows-stdlib.fails.zip -b gcp_functions --python 2.7
echo no zip >no.zip
exits 7 rtbuild check no.zip -b gcp_functions
exits 6 rtbuild check missing.zip -b gcp_functions
check 'the list of a backend' rtbuild check --list -b aws_lambda
stdout_has '^manifest-single +error '
stdout_hasnt '^zip-files'

finish
