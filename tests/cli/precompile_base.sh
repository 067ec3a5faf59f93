#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# --precompile base: bytecode by the Python of the base image, run in its own files.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
need_wheels
printf 'six\n' >six.txt
build() { rtbuild build -q -b localhost:container "$@"; }

check 'by this machine' build --base python:3.11-slim-bookworm --precompile /usr/bin/python3.11 -t by:path
check "by the base's" build --base python:3.11-slim-bookworm --precompile base -t by:base
is 'there is bytecode' "$(files by:base | grep -c '/six\.cpython-311\.pyc')" 1
is 'it is the same image' "$(digest_of by:base)" "$(digest_of by:path)"
check "a backend's own base" build --precompile base -t by:own
is 'is the same, too' "$(files by:own | grep -c '/six\.cpython-311\.pyc')" 1
is 'nothing stays' "$(leftovers)" ''

# --- what cannot be ---

exits 2 rtbuild layer -r six.txt --find-links "$WHEELS" --precompile base -o six.zip
stderr_has 'no base image'
stderr_has 'by its path'
exits 2 rtbuild python install six --find-links "$WHEELS" --precompile base -o none
stderr_has 'no base image'
mkdir ctx
printf 'no program' >ctx/python3.11
cp -L /lib/x86_64-linux-gnu/libc.so.6 ctx/
cat >Dockerfile <<'END'
FROM scratch
COPY libc.so.6 /lib/x86_64-linux-gnu/
COPY --chmod=755 python3.11 /usr/local/bin/
END
rtbuild build -q -f Dockerfile -t broken:1 ctx >/dev/null
fails 'a Python that does not run' build --base broken:1 --precompile base -t none:1
stderr_has '/usr/local/bin/python3\.11 of broken:1'

# Of another architecture: refused for that, or, where a handler would run it, as it does not run.
mkdir -p own/mine
cat >own/mine/backend.yaml <<'END'
name: mine
title: a platform of ours
artifact: image
sources: { default: none }
section: mine
config_keys: []
naming: { default: mine, rule: plain }
base: python:{{python}}-slim-bookworm
pythons: ["3.11"]
default_python: "3.11"
platforms: [linux/arm64]
compressions: [gzip]
packages: [six]
END
sed 's/x86_64/aarch64/' Dockerfile >Dockerfile.arm64
rtbuild build -q -f Dockerfile.arm64 --platform linux/arm64 -t far:1 ctx >/dev/null
exits 8 rtbuild build -q -b mine --templates own --platform linux/arm64 --base far:1 --precompile base -t none:1
stderr_has 'far:1'
stderr_has '--precompile PATH'
is 'nothing stays of that' "$(leftovers)" ''

finish
