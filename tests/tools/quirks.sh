#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docs/registry-quirks.md: all 42 quirks are there in order, and each names a check of
# tests/cli/quirks.sh that stands where this quirk is played.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

doc=$ROOT/docs/registry-quirks.md
play=$ROOT/tests/cli/quirks.sh

# exists NUMBER TEXT: a check of that name between `play NUMBER` and the play of another.
exists() {
	awk -v number="$1" '
		match($0, /play [0-9]+[a-e]?/) { now = substr($0, RSTART + 5, RLENGTH - 5) }
		now == number && /^[[:space:]]*(works|same|code [0-9]+) / ' "$play" | grep -qF -- "$2"
}

sed -n 's/^| \([0-9][0-9]*[a-e]*\) |.*/\1/p' "$doc" >numbers
{
	seq 1 9
	printf '9%s\n' b c d e
	seq 10 38
} >wanted
check 'quirks 1 to 38, each once and in order' cmp numbers wanted
is 'all 42' "$(wc -l <numbers)" 42
tab=$(printf '\t')
sed -n "s/^| \([0-9][0-9]*[a-e]*\) |.* | \`\([^\`]*\)\` |\$/\1$tab\2/p" "$doc" >names
is 'each names its check' "$(wc -l <names)" 42
while IFS=$tab read -r number name; do
	check "quirk $number: $name" exists "$number" "$name"
done <names

# --- the check itself finds what is missing ---
fails 'a check that is not there' exists 1 'no such check at all'
fails 'a check of another quirk' exists 1 'a full disk there'
finish
