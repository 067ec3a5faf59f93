#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docs/semantics.md: all 79 rows are there in order, and each test a row names exists.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

doc=$ROOT/docs/semantics.md

# file_of NAME: the file of a test as the table names it, without what stands behind #.
file_of() {
	case $1 in
	differential/*) echo "$ROOT/tests/$1.Dockerfile" ;;
	cases/*) echo "$ROOT/tests/$1.case" ;;
	unit/*) echo "$ROOT/tests/$1.c" ;;
	*) echo "$ROOT/tests/$1.sh" ;;
	esac
}

# exists NAME: the test is there, and so is the text behind #.
exists() {
	text=''
	case $1 in *'#'*) text=${1#*\#} ;; esac
	file=$(file_of "${1%%\#*}")
	[ -f "$file" ] || return 1
	case $text in
	'row '*': '*)
		# a row of a table: { NUMBER, "NAME"
		number=${text#row }
		grep -qF "{ ${number%%:*}, \"${text#*: }\"" "$file"
		;;
	*) grep -qF -- "$text" "$file" ;;
	esac
}

sed -n 's/^| \([0-9][0-9]*\) |.*/\1/p' "$doc" >numbers
seq 1 79 >wanted
check 'rows 1 to 79, each once and in order' cmp numbers wanted

# the last cell of each row, one name a line behind its number
sed -n 's/^| \([0-9][0-9]*\) |.* | \([^|]*\) |$/\1 \2/p' "$doc" |
	awk '{ n = $1; sub(/^[0-9]+ /, ""); count = split($0, part, /`/)
	       for (i = 2; i <= count; i += 2) print n "\t" part[i] }' >names
check 'rows name tests' test "$(wc -l <names)" -ge 79
tab=$(printf '\t')
while IFS=$tab read -r row name; do
	check "row $row: $name" exists "$name"
done <names

# --- the check itself finds what is missing ---
fails 'a file that is not there' exists 'differential/no-such-case'
fails 'a text that is not there' exists 'unit/builder/build#no such text at all'
finish
