#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild extend --watch`: one reference a change, errors on the way survived, ended by an interruption.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
python=python:3.11-slim-bookworm
mkdir -p src/pkg/sub
printf 'import helper\nfrom pkg.sub import deep\ndef f(x):\n    return x\n' >src/jobs.py
echo 'a = 1' >src/helper.py
: >src/pkg/__init__.py
: >src/pkg/sub/__init__.py
echo 'b = 1' >src/pkg/sub/deep.py

rtbuild extend "$python" --filepath src/jobs.py --function f --no-push --print tag --watch >refs 2>said &
watcher=$!
servers="$servers $watcher"
# lines N: wait until so many references were printed.
lines() {
	tries=0
	while [ "$(wc -l <refs)" -lt "$1" ] && [ $((tries += 1)) -lt 600 ]; do sleep 0.1; done
	wc -l <refs
}
now() { rtbuild extend -q "$python" --filepath src/jobs.py --function f --no-push --print tag; }
# settled N: it waits for the Nth time.
settled() {
	tries=0
	while [ "$(grep -c 'watching' said)" -lt "$1" ] && [ $((tries += 1)) -lt 600 ]; do sleep 0.1; done
	grep -c 'watching' said
}

is 'at once: a reference' "$(lines 1)" 1
is 'it waits' "$(settled 1)" 1
is 'it is that of the files' "$(sed -n 1p refs)" "$(now)"
echo 'a = 2' >src/helper.py
is 'an import was changed: another' "$(lines 2)" 2
is 'it is that of the files' "$(sed -n 2p refs)" "$(now)"
is 'it waits again' "$(settled 2)" 2
echo 'b = 2' >src/pkg/sub/new && mv src/pkg/sub/new src/pkg/sub/deep.py
is 'a file deep in a package was replaced: another' "$(lines 3)" 3
is 'it waits again' "$(settled 3)" 3
echo 'def f(x:' >src/jobs.py
is 'a file that cannot be read: none' "$(settled 4) $(wc -l <refs)" '4 3'
is 'but why' "$(grep -c 'warning: src/jobs.py:[0-9]' said)" 1
printf 'import helper\nimport late\nfrom pkg.sub import deep\ndef f(x):\n    return -x\n' >src/jobs.py
echo 'c = 1' >src/late.py
is 'mended: another' "$([ "$(lines 4)" -ge 4 ] && echo yes)" yes
is 'it waits again' "$([ "$(settled 5)" -ge 5 ] && echo yes)" yes
sleep 1
have=$(wc -l <refs)
is 'it is that of the files' "$(tail -n 1 refs)" "$(now)"
echo nothing >src/.jobs.py.swp
mkdir -p src/__pycache__
sleep 2
is 'what editors leave is no change' "$(wc -l <refs)" "$have"
is 'references differ' "$(sort refs | uniq -d)" ''
kill -INT "$watcher"
wait "$watcher"
is 'interrupted: 130' "$?" 130
check 'the store is whole' rtbuild fsck
exits 2 rtbuild extend "$python" --filepath src/jobs.py --function nowhere --no-push --watch

finish
