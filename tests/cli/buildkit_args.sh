#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build arguments that speak to the builder (facts/dockerfile.md section 1.4): BuildKit's own, with the
# meaning they have there. BUILDKIT_CACHE_MOUNT_NS is in mounts.sh, BUILDKIT_CONTEXT_KEEP_GIT_DIR in git.sh,
# BUILDKIT_DOCKERFILE_CHECK in check.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
check 'the base' rtbuild build -q -t tiny:1 "$TINY"
mkdir ctx
cat >ctx/Dockerfile <<'END'
FROM tiny:1
RUN uname -n && grep -c "localhost $(uname -n)" /etc/hosts
ARG BUILDKIT_SANDBOX_HOSTNAME
RUN echo "in scope: $BUILDKIT_SANDBOX_HOSTNAME"
END
build() { rtbuild build --progress=plain "$@" ctx; }
output() { sed -n 's/^   | //p' "$err" | tr '\n' ' '; }

# --- BUILDKIT_SANDBOX_HOSTNAME ---

check 'BuildKit'"'"'s host name' build
is 'is the default' "$(output)" 'buildkitsandbox 1 in scope:  '
check 'another one' build --build-arg BUILDKIT_SANDBOX_HOSTNAME=build-1.example
is 'is in the key' "$(output)" 'build-1.example 1 in scope: build-1.example '
check 'the same again' build --build-arg BUILDKIT_SANDBOX_HOSTNAME=build-1.example
is 'is cached' "$(grep -c 'cached (' "$err")" 2
check 'an empty one' build --build-arg BUILDKIT_SANDBOX_HOSTNAME=
is 'is none' "$(sed -n '/localhost/s/.*: \(cached\) (.*/\1/p' "$err")" cached
for wrong in 'a b' 'a
127.0.0.1 b' 'a/b' "$(printf '%065d' 0)"; do
	exits 2 build --build-arg BUILDKIT_SANDBOX_HOSTNAME="$wrong"
done
stderr_has 'no host name'

# --- BUILDKIT_MULTI_PLATFORM: an index, of however many platforms ---

check 'one platform' build -t one:1
rtbuild manifest one:1 >one
check 'as an index' build -t one:2 --build-arg BUILDKIT_MULTI_PLATFORM=1 --annotation index:said=so --metadata-file metadata
rtbuild manifest one:2 >index
is 'is one of that manifest' "$(jq -r '[.mediaType, .manifests[].digest, .manifests[].platform.os, .annotations.said] | join(" ")' index)" \
	"application/vnd.oci.image.index.v1+json sha256:$(sha256sum <one | cut -d ' ' -f 1) linux so"
is 'and said so' "$(jq -r '."containerimage.digest"' metadata)" "sha256:$(sha256sum <index | cut -d ' ' -f 1)"
run rtbuild run one:2 echo ran
stdout_is ran
check 'files by platforms' build -o out --build-arg BUILDKIT_MULTI_PLATFORM=true
is 'as of several' "$(ls out)" "linux_$(dpkg --print-architecture)"
exits 2 build -o type=docker,dest=x.tar --build-arg BUILDKIT_MULTI_PLATFORM=1
stderr_has 'type=oci'
exits 2 build --platform linux/amd64,linux/arm64 --build-arg BUILDKIT_MULTI_PLATFORM=false
exits 2 build --build-arg BUILDKIT_MULTI_PLATFORM=maybe
stderr_has 'true or false'
check 'off' build -t one:3 --build-arg BUILDKIT_MULTI_PLATFORM=F
rtbuild manifest one:3 | cmp -s one -
is 'is as before' "$?" 0
exits 2 rtbuild build --no-config --backend aws_lambda --build-arg BUILDKIT_MULTI_PLATFORM=1
stderr_has 'no index'

# --- BUILDKIT_INLINE_CACHE ---

check 'an inline cache' build -t inline:1 --cache-to type=inline
check 'by an argument' build -t inline:2 --build-arg BUILDKIT_INLINE_CACHE=1
check 'by both' build -t inline:3 --build-arg BUILDKIT_INLINE_CACHE=true --cache-to type=inline
check 'by neither' build -t inline:4 --build-arg BUILDKIT_INLINE_CACHE=0
digests=$(for n in 1 2 3 4; do rtbuild manifest "inline:$n" | sha256sum; done | uniq -c | awk '{ print $1 }' | tr '\n' ' ')
is 'the first three are alike' "$digests" '3 1 '

# --- BUILDKIT_SYNTAX: another frontend is not run, and not passed over in silence ---

check 'another frontend' build --build-arg BUILDKIT_SYNTAX=example.com/front:1
stderr_has "warning: .*BUILDKIT_SYNTAX.*'example.com/front:1' is not run"
check 'the one whose language this is' build --build-arg BUILDKIT_SYNTAX=docker/dockerfile:1.20
stderr_hasnt warning

finish
