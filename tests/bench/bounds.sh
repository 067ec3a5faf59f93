# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# What the figures of `make bench` are wanted to be, for its scripts, which read this. A bound stands behind the
# name of the peer it is about:
#
#	NAME | 0.75x    rtbuild takes at most 0.75 times as long as NAME
#	NAME | +400     at most 400 ms longer
#
#   bound_split TEXT               sets name and bound ('' when there is none)
#   bound_line OURS THEIRS NAME BOUND
#                                  the line of a peer; both in ms: its time, how many times rtbuild's that is,
#                                  its name, and what of the bound was met
#   bound_most GOT MOST UNIT WHAT  a line of its own: at most so much
#   bound_end                      how many were missed, and which
bounds_met=0 bounds_missed=0 bounds_list=''

# The variables are for the scripts.
# shellcheck disable=SC2034
bound_split() {
	name=${1%% | *} bound=''
	[ "$name" = "$1" ] || bound=${1#* | }
}

# bound_count VERDICT WHAT
bound_count() {
	case $1 in
	*missed) bounds_missed=$((bounds_missed + 1)) bounds_list="$bounds_list
    $2: $1" ;;
	*met) bounds_met=$((bounds_met + 1)) ;;
	esac
}

bound_line() {
	bound_verdict=$(awk -v o="$1" -v t="$2" -v b="$4" 'BEGIN {
		if (b ~ /^\+/)
			printf "wanted at most %s ms: %+.0f ms, %s", b, o - t, o - t <= b + 0 ? "met" : "missed"
		else if (b != "")
			printf "wanted at most %s: %.2fx, %s", b, o / t, o / t <= b + 0 ? "met" : "missed"
	}')
	awk -v o="$1" -v t="$2" -v name="$3" -v v="$bound_verdict" \
		'BEGIN { printf "%8.1f ms  %7.2fx  %s%s\n", t, o ? t / o : 0, name, v == "" ? "" : " (" v ")" }'
	bound_count "$bound_verdict" "${title-}, beside $3"
}

bound_most() {
	if [ "$1" -le "$2" ]; then bound_verdict=met; else bound_verdict=missed; fi
	bound_verdict="wanted at most $2 $3: $bound_verdict"
	printf '%11s %s %s (%s)\n' "$1" "$3" "$4" "$bound_verdict"
	bound_count "$bound_verdict" "$4, $1 $3"
}

bound_end() {
	printf '\nbounds: %s met, %s missed%s\n' "$bounds_met" "$bounds_missed" "$bounds_list"
}
