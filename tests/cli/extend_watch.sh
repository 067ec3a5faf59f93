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
# printed N: so many references were; settled N: it waits for the Nth time.
printed() { [ "$(wc -l <refs)" -ge "$1" ]; }
settled() { [ "$(grep -c 'watching' said)" -ge "$1" ]; }
now() { rtbuild extend -q "$python" --filepath src/jobs.py --function f --no-push --print tag; }
# change FILE: its new content from stdin, at once, as editors do it.
change() { cat >.new && mv .new "$1"; }

check 'at once: a reference' eventually printed 1
check 'it waits' eventually settled 1
is 'it is that of the files' "$(sed -n 1p refs)" "$(now)"
echo 'a = 2' | change src/helper.py
check 'an import was changed: another' eventually printed 2
is 'it is that of the files' "$(sed -n 2p refs)" "$(now)"
check 'it waits again' eventually settled 2
echo 'b = 2' | change src/pkg/sub/deep.py
check 'a file deep in a package was replaced: another' eventually printed 3
check 'it waits again' eventually settled 3
echo 'def f(x:' | change src/jobs.py
check 'a file that cannot be read: it goes on' eventually settled 4
is 'without another' "$(wc -l <refs)" 3
is 'but why' "$(grep -c 'warning: src/jobs.py:[0-9]' said)" 1
echo 'c = 1' | change src/late.py
printf 'import helper\nimport late\nfrom pkg.sub import deep\ndef f(x):\n    return -x\n' | change src/jobs.py
newest() { [ "$(tail -n 1 refs)" = "$1" ]; }
check 'mended: that of the files' eventually newest "$(now)"
have=$(wc -l <refs)
echo nothing >src/.jobs.py.swp
mkdir -p src/__pycache__
echo 'a = 3' | change src/helper.py
check 'another change' eventually newest "$(now)"
is 'what editors leave is none' "$(wc -l <refs)" "$((have + 1))"
is 'references differ' "$(sort refs | uniq -d)" ''
kill -INT "$watcher"
wait "$watcher"
is 'interrupted: 130' "$?" 130
check 'the store is whole' rtbuild fsck
exits 2 rtbuild extend "$python" --filepath src/jobs.py --function nowhere --no-push --watch

finish
