# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# Commands beside each other, by hyperfine, for the scripts of `make bench`, which read this behind bounds.sh.
# RUNS is how often each is done, WARMUP how often before that.

RUNS=${RUNS:-10}
command -v hyperfine >/dev/null || {
	echo 'tests/bench: hyperfine is not installed: run ./setup deps bench' >&2
	exit 1
}

# compare TITLE PREPARE NAME COMMAND [NAME COMMAND...]: the first is rtbuild's, the others' names may have a
# bound. PREPARE comes before each run.
compare() {
	title=$1
	printf '\n%s\n' "$title"
	prepare=$2
	shift 2
	ours=''
	while [ $# -ge 2 ]; do
		program=${2%% *}
		name='' bound=''
		bound_split "$1"
		if [ "$program" != sh ] && ! command -v "$program" >/dev/null; then
			printf '%10s  %8s  %s (not on PATH)\n' - - "$name"
		elif hyperfine -N --style none --runs "$RUNS" --warmup "${WARMUP:-1}" ${prepare:+--prepare "$prepare"} \
			--export-json "$TMP/result.json" "$2" >"$TMP/hyperfine.out" 2>&1; then
			median=$(jq '.results[0].median * 1000' "$TMP/result.json")
			ours=${ours:-$median}
			bound_line "$ours" "$median" "$name" "$bound"
		else
			printf '%10s  %8s  %s: failed: %s\n' - - "$name" "$(eval "$2" 2>&1 | tail -n 1)"
		fi
		shift 2
	done
}
