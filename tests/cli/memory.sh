#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Memory does not grow with a layer: one of 1 GiB is built, pushed, pulled and unpacked under 64 MiB
# resident. And each file of a context is read once.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# 1 GiB that neither is all zeros nor costs a minute to compress: 16 MiB of random bytes here and
# there, text, and zeros between them.
mkdir big
/usr/bin/python3 - big/file <<'END'
import os, sys

with open(sys.argv[1], "wb") as file:
    text = b"".join(b"%09d line of text that compresses well\n" % n for n in range(20000))
    for part in range(16):
        file.seek(part << 26)
        file.write(os.urandom(1 << 20))
        file.write(text)
    file.truncate(1 << 30)
END
printf 'FROM scratch\nCOPY file /\n' >big/Dockerfile

limit=65536
! sanitized || limit=1000000
# small NAME CMD...: succeeds, with no process of it over 64 MiB resident.
small() {
	name=$1
	shift
	check "$name" /usr/bin/time -f '%M' -o rss "$@"
	is "$name: under 64 MiB resident" "$(awk 'END { if ($1 >= '$limit') print $1 }' rss)" ''
}
start_registry plain
small 'build' rtbuild build -q -t "$REGISTRY/big/layer:1" big
is 'it is 1 GiB' "$(rtbuild inspect --config "$REGISTRY/big/layer:1" | jq -r '.rootfs.diff_ids | length') $(zcat "$(layer "$REGISTRY/big/layer:1" 1)" | wc -c | cut -c 1-4)" '1 1073'
small 'push' rtbuild push -q "$REGISTRY/big/layer:1"
small 'pull' rtbuild pull -q --store "$TMP/pulled" "$REGISTRY/big/layer:1"
small 'fsck' rtbuild fsck --store "$TMP/pulled"
rm -rf "$TMP/pulled"
printf 'FROM scratch\nCOPY --from=%s/big/layer:1 /file /copy\n' "$REGISTRY" >Dockerfile
mkdir none
small 'COPY --from' rtbuild build -q -t copy:1 -f Dockerfile none
is 'COPY --from: the same bytes' "$(tar -xOzf "$(layer copy:1 1)" copy | sha256sum)" "$(sha256sum <big/file)"

# --- each file is read once ---

mkdir -p ctx/tree
for i in 1 2 3 4 5 6 7 8; do
	head -c 100000 /dev/urandom >"ctx/tree/$i"
done
printf 'FROM scratch\nCOPY tree /t\n' >ctx/Dockerfile

# How many bytes of files below ctx/tree the traced command read, by descriptors' paths.
bytes_read() {
	cat trace.* | sed -n 's,.*\(read\|pread64\|readv\|preadv\|copy_file_range\|sendfile\)([0-9]*<[^>]*/ctx/tree/[0-9]*>.* = \([0-9]*\)$,\2,p' |
		awk '{ n += $1 } END { print n + 0 }'
}
# Leaks cannot be looked for under strace.
export ASAN_OPTIONS=detect_leaks=0
check 'strace' strace -ff -y -o trace -e trace=read,pread64,readv,preadv,mmap,copy_file_range,sendfile \
	rtbuild build -q -t ctx:1 ctx
is 'a build reads each file once' "$(bytes_read)" 800000
is 'and maps none' "$(cat trace.* | grep -c 'mmap(.*/ctx/tree/')" 0
rm trace.*
strace -ff -y -o trace -e trace=read,pread64,readv,preadv,mmap,copy_file_range,sendfile \
	rtbuild build -q -t ctx:2 ctx >"$out" 2>"$err"
is 'the second build reads none' "$(bytes_read)" 0
is 'and gives the same' "$(digest_of ctx:2)" "$(digest_of ctx:1)"
rm trace.*
# one stat by name a file, and nothing else: no open, no look for attributes
strace -ff -o trace -e trace=%file \
	rtbuild build -q -t ctx:2 ctx >"$out" 2>"$err"
is 'an unchanged file costs a stat' "$(cat trace.* | grep -Ec '"([^"]*/)?[1-8]"')" 8
is 'which is one' "$(cat trace.* | grep -E '"([^"]*/)?[1-8]"' | sed 's/(.*//' | sort -u)" newfstatat
# Unchanged size and time must not hide a change.
head -c 100000 /dev/urandom >new && touch -r ctx/tree/3 new && cp -p new ctx/tree/3
rtbuild build -q -t ctx:3 ctx >"$out" 2>"$err"
is 'a change under the same size and time is seen' "$([ "$(digest_of ctx:3)" != "$(digest_of ctx:1)" ] && echo seen)" seen
finish
