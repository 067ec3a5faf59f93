# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# For tests of request budgets, read after lib.sh: how many requests a command takes, by the access log
# of the current registry, and how many of them wait for another.
#
#   count NAME WANTED CMD...    exactly these methods and kinds, in any order:
#                               '2 POST blobs/uploads,1 GET manifests'
#   trips NAME ROUNDS PREPARE CMD...   so many round trips, at the scripted registry; PREPARE runs before

kinds() {
	requests_since "$1" | sed -E 's, /v2/[^ ]*/(manifests|blobs/uploads|blobs|tags|referrers)[^ ]*[?]?(mount=)?[^ ]*, \1,' |
		cut -d' ' -f1,2 | sort | uniq -c | sed 's/^ *//' | tr '\n' ',' | sed 's/,$//'
}
in_order() { printf '%s\n' "$1" | tr ',' '\n' | sort -k 2 | tr '\n' ',' | sed 's/,$//'; }
count() {
	count_name=$1 count_wanted=$2
	shift 2
	mark=$(requests_mark)
	check "$count_name" "$@"
	is "$count_name: requests" "$(kinds "$mark")" "$(in_order "$count_wanted")"
}

# trips NAME ROUNDS PREPARE CMD...: CMD does with as many round trips as ROUNDS has numbers, N,N,...: how many requests
# are under way at once in each. The registry answers none before the last of its round is there, so that a client
# which waits for one of them waits in vain.
trips() {
	trips_name=$1 trips_wanted=$2
	$3
	shift 3
	script "* * * rounds=$trips_wanted"
	mark=$(requests_mark)
	check "$trips_name" "$@"
	is "$trips_name: requests" "$(requests_since "$mark" | wc -l)" "$((0$(printf '+%s' "$trips_wanted" | tr , +)))"
	script ''
}
