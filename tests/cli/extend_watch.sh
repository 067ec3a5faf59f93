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

touch refs said # before anybody looks
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

# next NAME: the newest reference is that of the files.
next() { check "$1" eventually newest "$(now)"; }
code() { printf 'import helper\ndef f(x):\n    return x + %s\n' "$1"; }

# Editors: vim (backup aside, a new file), emacs and others (a new file renamed over), nano (in place).
mv src/jobs.py src/jobs.py~ && code 10 >src/jobs.py && rm src/jobs.py~
next 'the old file aside'
code 11 >src/4913 && mv src/4913 src/jobs.py
next 'renamed over'
code 12 >src/jobs.py
next 'in place'
# Version control: files are removed and made.
git -C src init -q -b main
git -C src -c user.name=n -c user.email=e add . && git -C src -c user.name=n -c user.email=e commit -qm one
git -C src checkout -q -b other
code 13 >src/jobs.py
next 'on a branch'
git -C src -c user.name=n -c user.email=e commit -qam two
git -C src checkout -q main
next 'git checkout'
# A deployment: the directory is replaced.
cp -R src newer && code 14 >newer/jobs.py
mv src older && mv newer src
next 'another directory in its place'
code 15 >src/jobs.py
next 'changed there'
failed=$(grep -c 'warning: .*jobs.py' said)
said_again() { [ "$(grep -c 'warning: .*jobs.py' said)" -gt "$failed" ]; }
rm -r src
check 'removed: that is said' eventually said_again
mkdir src
sleep 0.5
code 16 >src/jobs.py
echo 'a = 3' >src/helper.py
next 'made again'
# A package that comes to be in steps.
printf 'import helper\nimport soon.part\ndef f(x):\n    return x\n' >src/jobs.py
next 'what it imports is not there'
mkdir src/soon
sleep 0.5
echo 'd = 1' >src/soon/part.py
next 'the package came'
# Many files: one reference.
mkdir -p many/pkg && i=0
while [ $((i += 1)) -le 300 ]; do echo "x = $i" >"many/pkg/m$i.py"; done
: >many/pkg/__init__.py
mv many/pkg src/
printf 'import helper\nimport pkg\ndef f(x):\n    return x\n' >src/jobs.py
next 'a package of many files'
have=$(wc -l <refs)
for i in 1 2 3 4 5 6 7 8 9; do echo "x = -$i" >"src/pkg/m$i.py"; done
next 'nine files saved at once'
is 'nine files saved at once: not one each' "$([ $(($(wc -l <refs) - have)) -le 3 ] && echo yes)" yes
is 'references differ from the one before' "$(uniq -d refs)" ''
kill -INT "$watcher"
wait "$watcher"
is 'interrupted: 130' "$?" 130
check 'the store is whole' rtbuild fsck
exits 2 rtbuild extend "$python" --filepath src/jobs.py --function nowhere --no-push --watch

finish
