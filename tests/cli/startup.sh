#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What starting costs: libraries are loaded by the command that needs them, and the little commands
# touch nothing. Times are for `make bench`.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# loaded CMD...: the shared libraries a command opened, by the dynamic linker's own account.
loaded() {
	rm -f ld.*
	env LD_DEBUG=libs LD_DEBUG_OUTPUT="$TMP/ld" "$@" >"$out" 2>"$err"
	cat ld.* | sed -n 's,.*calling init: .*/\([^/]*\)$,\1,p' | sort -u
}

run ldd "$RTBUILD"
for library in libcurl libarchive libgit2; do
	stdout_hasnt "$library"
done
for words in --version --help 'build --help' 'images' 'template list' 'fsck'; do
	# shellcheck disable=SC2086 # words
	loaded rtbuild $words >libs
	is "rtbuild $words: no library but those it is linked to" "$(grep -E 'libcurl|libarchive|libgit2' libs)" ''
done
# The check above can fail: a command that speaks to a registry loads it.
is 'a network command loads libcurl' "$(loaded rtbuild inspect 127.0.0.1:1/x:1 | grep -c '^libcurl')" 1
is 'and neither libgit2' "$(loaded rtbuild inspect 127.0.0.1:1/x:1 | grep -c libgit2)" 0

check '--version' rtbuild --version
stdout_has '^rtbuild [0-9]+\.[0-9]+'
env ASAN_OPTIONS=detect_leaks=0 strace -f -o trace rtbuild --version >"$out" 2>"$err"
is '--version: no thread, no child' "$(grep -Ec '(clone|clone3|fork|vfork)\(' trace)" 0
is '--version: nothing is written but stdout' \
	"$(grep -E 'O_CREAT|O_WRONLY|O_RDWR|mkdir|rename' trace | grep -vc '/dev/null')" 0
is '--version: no socket' "$(grep -c 'socket(' trace)" 0
/usr/bin/time -f %M -o rss rtbuild --version >/dev/null
sanitized || is '--version: under 16 MiB resident' "$([ "$(cat rss)" -lt 16384 ] && echo small)" small
sanitized || is 'the program: under 4 MiB' "$(strip -o stripped "$RTBUILD" && [ "$(stat -c %s stripped)" -lt 4194304 ] && echo small)" small
finish
