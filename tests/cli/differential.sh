#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild build` beside Debian's buildah: every case of tests/differential is built by both on the
# same base, and configuration, history and the tree their layers make must agree. What differs on
# purpose is in the table below, each line with its reason; a line nothing needs any more fails too.
# Where buildah and BuildKit differ, BuildKit is right.
#
# A case is NAME.Dockerfile; its first comments may say, one a line:
#   # options: WORDS       for both builders          # ours: WORDS     for rtbuild
#   # format: docker       buildah drops from OCI images what their configuration has no word for
#   # fails                both must refuse it        # times           file times count too
# NAME.buildah is the same said in words buildah 1.28 knows; NAME.Dockerfile.dockerignore is both's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

CASES=$ROOT/tests/differential

# CASE, a regular expression of `WHAT: OURS | THEIRS` (a dot for a space), the reason.
cat >"$TMP/deliberate" <<'END'
END

echo '{}' >"$DOCKER_CONFIG/config.json"
check 'the contexts' "$CASES/make-context" "$TMP"
mkdir base onbuild
mv base.tar base/
cat >base/Dockerfile <<'END'
FROM scratch
ADD base.tar /
ENV PATH=/bin
CMD ["sh"]
END
cat >onbuild/Dockerfile <<'END'
FROM localhost/base
LABEL of=onbuild
WORKDIR /opt/dir
ONBUILD COPY one.txt triggered
ONBUILD ARG SAID=default
ONBUILD RUN echo "$SAID" >said
ONBUILD ENV FROM_TRIGGER=yes
END
check 'the base' rtbuild build -t localhost/base base
check 'a base with triggers' rtbuild build -t localhost/onbuild --format docker onbuild

# said CASE WORD: what follows `# WORD:` in a case, or `yes`.
said() { sed -n "/^#/!q; s/^# $2: //p; s/^# $2\$/yes/p" "$CASES/$1.Dockerfile"; }

# One case, by one builder in a layout of its own, its exit status beside it. The words of a case
# are split on purpose.
# shellcheck disable=SC2046
ours() {
	rtbuild build -q -t "localhost/case/$1" -f "$CASES/$1.Dockerfile" \
		$(said "$1" options) $(said "$1" ours) . >"$TMP/$1.ours" 2>&1
	echo $? >"$TMP/$1.ours.status"
}
# shellcheck disable=SC2046
theirs() {
	file=$CASES/$1.buildah
	[ -e "$file" ] || file=$CASES/$1.Dockerfile
	format=$(said "$1" format)
	set -- "$1" --format "${format:-oci}" --isolation chroot $(said "$1" options)
	[ ! -e "$CASES/$1.Dockerfile.dockerignore" ] || set -- "$@" --ignorefile "$CASES/$1.Dockerfile.dockerignore"
	case=$1
	shift
	buildah --root "$lane/root" --runroot "$lane/run" --storage-driver vfs bud -q "$@" \
		-f "$file" -t "oci:$lane/layout:$case" . >"$TMP/$case.theirs" 2>&1
	echo $? >"$TMP/$case.theirs.status"
}

# Storage of its own for each: no waiting for the other's locks.
lane() {
	lane=$TMP/lane$1
	shift
	for name in base onbuild; do
		skopeo copy -q "oci:$RTBUILD_STORE:localhost/$name:latest" \
			"containers-storage:[vfs@$lane/root+$lane/run]localhost/$name:latest" \
			>"$lane.base" 2>&1 || return 1
	done
	cd "$TMP/ctx" || return 1
	for case; do
		ours "$case"
		theirs "$case"
	done
}

odd='' even=''
for file in "$CASES"/*"${CASE-}"*.Dockerfile; do
	case=${file##*/}
	odd="$odd ${case%.Dockerfile}"
	swap=$odd odd=$even even=$swap
done
# shellcheck disable=SC2086
lane 1 $odd &
first=$!
# shellcheck disable=SC2086
(lane 2 $even) || server_missing 'the second lane' "$TMP/lane2.base"
wait "$first" || server_missing 'the first lane' "$TMP/lane1.base"

# reason CASE: of the differences on stdin, prints those without one in the table.
unexplained() {
	while IFS= read -r difference; do
		explained=''
		while read -r name pattern _; do
			if [ "$name" = "$1" ] && printf '%s\n' "$difference" | grep -Eq "$pattern"; then
				explained=yes
				printf '%s %s\n' "$name" "$pattern" >>"$TMP/used"
			fi
		done <"$TMP/deliberate"
		[ -n "$explained" ] || printf '%s\n' "$difference"
	done
}

: >used
for case in $odd $even; do
	what=$(sed -n 's/^# \(\(rows\{0,1\}\|facts\) .*\)/\1/p' "$CASES/$case.Dockerfile")
	ours_said=$(cat "$case.ours.status")
	theirs_said=$(cat "$case.theirs.status")
	times=$(said "$case" times)
	if [ "$ours_said $theirs_said" = '0 0' ]; then
		for lane in lane1 lane2; do
			[ ! -e "$lane/layout/index.json" ] || grep -q "\"$case\"" "$lane/layout/index.json" && break
		done
		"$CASES/compare" ${times:+--times} "$RTBUILD_STORE:localhost/case/$case:latest" \
			"$lane/layout:$case" >"$case.differences" 2>"$case.error" ||
			echo "the comparison failed: $(tail -n 1 "$case.error")" >>"$case.differences"
		[ -z "$(said "$case" fails)" ] || echo 'both build it' >>"$case.differences"
	else
		echo "outcome: $ours_said | $theirs_said" >"$case.differences"
		[ "$ours_said" = 0 ] || [ "$theirs_said" = 0 ] || [ -z "$(said "$case" fails)" ] ||
			: >"$case.differences"
	fi
	unexplained "$case" <"$case.differences" >"$case.left"
	cat "$case.ours" "$case.theirs" >"$err"
	last_command="$case.Dockerfile" status="$ours_said, buildah's $theirs_said"
	if [ -s "$case.left" ]; then
		fail "$case: $what" "$(head -n 20 "$case.left")"
	else
		pass "$case: $what"
	fi
done

while read -r name pattern reason; do
	case $name in *"${CASE-}"*)
		if grep -qxF "$name $pattern" used; then
			pass "differs on purpose: $name: $reason"
		else
			fail "differs no more: $name $pattern"
		fi
		;;
	esac
done <deliberate
finish
