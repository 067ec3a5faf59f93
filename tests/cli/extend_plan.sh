#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# extend --plan: what a push would move, and nothing is written anywhere but in the store.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

start_registry plain
printf 'def f(x):\n    return x\n' >map.py
printf 'FROM scratch\nCOPY file1 /\nCOPY file2 /\nENV PYTHON_VERSION=3.11.2\n' >Dockerfile
for i in 1 2; do seq "$i" 2000 >"file$i"; done
base=$REGISTRY/me/rt:1
check 'a base' rtbuild build -q --store base -t "$base" --push .
writes() { count_requests "$1" '^(POST|PUT|PATCH|DELETE) '; }
extend() { rtbuild extend "$base" --filepath map.py --function f "$@"; }

mark=$(requests_mark)
check 'plan' extend --plan
stdout_has "^base +$base$"
stdout_has "^to +$REGISTRY/me/rt:[0-9a-f]{32}@sha256:"
stdout_has '^send +2 blobs, '
stdout_has '^mount +0 blobs, '
stdout_has '^skip +2 blobs, '
stdout_has '^documents +1$'
stdout_has '^requests +[0-9]+$'
is 'plan: nothing is written' "$(writes "$mark")" 0
planned=$(sed -n 's/^to *//p' "$out")
check 'plan --json' extend --plan --json -t "$REGISTRY/other/rt:2"
is 'plan --json: says' "$(jq -c '[.plan, .existed, .moved.sent.blobs, .moved.mounted.blobs, .moved.skipped.blobs, .requests_to_come]' "$out")" \
	'[true,false,2,2,0,7]'
exits 2 extend --plan --watch
exits 7 extend --plan -t 1
stderr_has 'holds something else'
check 'plan --force in place' extend --plan --force -t 1
check 'plan --no-push' extend --plan --no-push
stdout_has '^move +nothing: it is kept in the store'
mark=$(requests_mark)
check 'then it is done' extend
stdout_is "$planned"
is 'and is what was planned' "$(count_requests "$mark" '^PUT .*/blobs/uploads/') $(count_requests "$mark" '^PUT .*/manifests/')" '2 1'
mark=$(requests_mark)
check 'plan of what is there' extend --plan
stdout_has '^move +nothing: it is there already'
is 'plan of what is there: nothing is written' "$(writes "$mark")" 0
finish
