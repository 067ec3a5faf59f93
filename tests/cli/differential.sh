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

TMPDIR=$TMP # where buildah keeps its cache mounts
export TMPDIR
CASES=$ROOT/tests/differential
CASE=${CASE-} # only those with this in their name

# Files of many owners, and buildah to keep them: there is nothing to compare without root.
[ "$(id -u)" -eq 0 ] || finish

# CASE (* for all), a regular expression of `WHAT: OURS | THEIRS` (a dot for a space), the reason.
cat >"$TMP/deliberate" <<'END'
* ^/(dev|proc|sys|etc/hosts|etc/hostname|etc/resolv.conf): buildah leaves what it mounts over behind (rows 55, 58)
add-archive-chown owner:.1000:3 buildah leaves an archive its owners though --chown is given (row 22)
add-archive-odd ^/(odd|run)/(hard-link|link|twice) buildah follows the link that a hard link names, BuildKit links the link itself
arg-stage ^/inherited.content buildah forgets the ARGs of the stage FROM names (facts 1.4)
configuration ExposedPorts buildah keeps EXPOSE as written: no ranges, no lower case (row 45)
copy-chmod-directories mode buildah changes no directory's mode (row 18), nor the bits above 777
copy-dest-file-link ^/opt/(file|hard|link) buildah puts the file in the link's place, BuildKit at its end (row 12)
copy-no-match ^outcome:.0 buildah wants a match (row 6)
copy-through-links ^/b/(a|hard).names names of one inode among the sources of one COPY: kept here (row 25)
copy-tree-over-links ^outcome:.3 buildah copies into what the link names; BuildKit refuses, as here (row 13)
env config.Env buildah puts a variable that is set again at the end (row 34)
exclude /s[ug]id.mode buildah loses set-id bits (row 19)
from-arguments config.Labels.again buildah forgets the ARGs of the stage FROM names (facts 1.4)
from-image WorkingDir BuildKit starts from nothing with / (row 35)
hard-links ^/both/ names of one inode among the sources of one COPY: kept here (row 25)
hard-links ^/tree/ a new name of an earlier layer's file copies it (overlay), as with BuildKit; buildah has one layer
ignore mode: buildah makes the directories above what is taken back 0755, not as they are (row 75); set-id bits
ignore ^/all/tree/secret buildah neither trims lines nor drops a leading slash (facts 1.6)
ignore-all-but mode: as in ignore (row 75)
ignore-exceptions mode: as in ignore (row 75)
ignore-exceptions ^/(all/)?tree/drop buildah finds nothing below a directory that is left out (facts 1.6)
modes /s[ug]id.mode buildah loses set-id bits (row 19)
run-moves names: a new name of an earlier layer's file copies it (overlay), as with BuildKit; buildah has one layer
run-mounts ^/(mnt|var/cache):.- buildah leaves the directories it made to mount on (row 55)
scratch WorkingDir BuildKit starts from nothing with / (row 35)
times time:.315532800 directories made on the way have a fixed time, buildah's the hour
shell config.(Cmd|Entrypoint) buildah's shell forms do not know SHELL (row 41)
syntax config.Env buildah's variables know no escape but the backslash
ignore-deep ^/all/tree buildah finds nothing below a directory that ** leaves out (facts 1.6)
unread-base ^/(home/worker|opt/dir) ADR 0006: nothing of the base was read
whiteouts-stages ^/all/(dev|proc|sys|etc) what buildah leaves behind is copied on (rows 55, 58)
whiteouts-stages names: as in run-moves
workdir-links WorkingDir buildah keeps it as it is joined (row 32)
volume ^/data/after buildah discards what is written to a volume later (row 46)
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
	buildah --root "$lane/root" --runroot "$lane/run" --storage-driver overlay bud -q "$@" \
		-f "$file" -t "dir:$TMP/$case.image" . >"$TMP/$case.theirs" 2>&1
	echo $? >"$TMP/$case.theirs.status"
}

# Storage of its own for each: no waiting for the other's locks. Overlay, as rtbuild's RUN has it: vfs
# takes three times as long.
at_exit "umount '$TMP/lane1/root/overlay' '$TMP/lane2/root/overlay' 2>/dev/null"
lane() {
	lane=$TMP/lane$1
	shift
	for name in base onbuild; do
		skopeo copy -q "oci:$RTBUILD_STORE:localhost/$name:latest" \
			"containers-storage:[overlay@$lane/root+$lane/run]localhost/$name:latest" \
			>"$lane.base" 2>&1 || return 1
	done
	cd "$TMP/ctx" || return 1
	for case; do
		ours "$case"
		theirs "$case"
	done
}

odd='' even=''
for file in "$CASES"/*"$CASE"*.Dockerfile; do
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

# outcome CASE: ok when there are two images to compare.
outcome() {
	ours_said=$(cat "$1.ours.status")
	theirs_said=$(cat "$1.theirs.status")
	case "$ours_said $theirs_said $(said "$1" fails)" in
	'0 0 ') echo ok ;;
	'0 0 yes') echo 'both build it' ;;
	'0 '* | *' 0 '* | *' ') echo "outcome: $ours_said | $theirs_said" ;;
	*) echo 'both refuse' ;;
	esac
}

for case in $odd $even; do
	what=$(outcome "$case")
	case $what in
	ok) printf '%s %s %s %s\n' "$case" "$([ "$(said "$case" times)" ] && echo yes || echo no)" \
		"$RTBUILD_STORE:localhost/case/$case:latest" "$case.image" >&3 ;;
	'both refuse') ;;
	*) printf '%s %s\n' "$case" "$what" ;;
	esac
done >differences 3>to-compare
"$CASES/compare" <to-compare >>differences || fail 'the comparison'

# Those without a reason are left; which lines of the table gave one is kept.
awk -v used=used '
NR == FNR { name[NR] = $1; pattern[NR] = $2; next }
{
	difference = substr($0, length($1) + 2)
	explained = 0
	for (i in name)
		if ((name[i] == "*" || name[i] == $1) && difference ~ pattern[i]) {
			explained = 1
			print name[i], pattern[i] >used
		}
	if (!explained)
		print
}' deliberate differences >left
touch used

for case in $odd $even; do
	what=$(sed -n 's/^# \(\(rows\{0,1\}\|facts\) .*\)/\1/p' "$CASES/$case.Dockerfile")
	cat "$case.ours" "$case.theirs" >"$err"
	last_command="$case.Dockerfile"
	status="$(cat "$case.ours.status"), buildah's $(cat "$case.theirs.status")"
	if grep "^$case " left >"$out"; then
		fail "$case: $what"
	else
		pass "$case: $what"
	fi
done

while read -r name pattern reason; do
	# One case alone need not show what goes for all.
	[ "$name$CASE" = '*' ] || [ "$name" != '*' ] || continue
	case $name in \* | *"$CASE"*)
		if grep -qxF "$name $pattern" used; then
			pass "differs on purpose: $name: $reason"
		else
			fail "differs no more: $name $pattern: $reason"
		fi
		;;
	esac
done <deliberate
finish
