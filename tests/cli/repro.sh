#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Same input, same digest: build, layer and extend in two places that differ in everything that must
# not count: directory, umask, locale, time zone, user, order of files in directories, their times,
# store, host name.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
other=''
if [ "$(id -u)" -eq 0 ]; then
	other=nobody
	chmod 711 "$TMP"
fi

# The input: names that sort differently by locale, all kinds of files, modes a umask would change.
make_context() {
	mkdir -p "$1/tree/sub" "$1/tree/Sub" "$1/tree/empty"
	for name in $2; do
		echo "$name" >"$1/tree/$name"
	done
	echo deep >"$1/tree/sub/deep"
	ln -s sub/deep "$1/tree/link"
	ln "$1/tree/sub/deep" "$1/tree/Sub/hard"
	chmod 755 "$1/tree" "$1/tree/sub" "$1/tree/Sub" "$1/tree/empty"
	chmod 644 "$1"/tree/[A-Za-z]*.txt "$1/tree/sub/deep"
	chmod 751 "$1/tree/z.txt"
	printf 'def f(x):\n    return x + 1\n' >"$1/func.py"
	cp "$TINY/rootfs.tar" "$1/"
	"$ROOT/tests/cli/make-wheel" "$1" beta 1.0 file=pkg/data.txt=x >/dev/null
	"$ROOT/tests/cli/make-wheel" "$1" alpha 2.0 requires=beta >/dev/null
	cat >"$1/Dockerfile" <<-'END'
		FROM scratch AS base
		ADD rootfs.tar /
		FROM base
		ARG V=1
		ENV V=$V
		WORKDIR /srv
		COPY tree /srv/tree/
		COPY --chown=12:34 tree/*.txt /srv/flat/
		COPY --from=base /etc/passwd /srv/passwd
		LABEL a=1 b=2
	END
}
umask 022
make_context one 'a.txt B.txt b.txt A.txt Zz.txt z.txt'
umask 077
make_context two 'z.txt Zz.txt A.txt b.txt B.txt a.txt'
umask 022
find two -exec touch -h -d '2011-11-11 11:11:11' {} +
chmod 700 two
cp "$RTBUILD" program
chmod 755 program

# make DIR: everything made from a context; prints what must be the same.
cat >make.sh <<'END'
set -eu
cd "$1"
rtbuild=$2
"$rtbuild" build -q -t img:1 . >/dev/null
"$rtbuild" inspect --json img:1 | jq -r '.digest, (.layers[] | .digest, .diffId), .created'
"$rtbuild" build -q -t img:2 --format docker --platform linux/arm64 --label x=y . >/dev/null
"$rtbuild" inspect --platform linux/arm64 --json img:2 | jq -r .digest
"$rtbuild" build -q -t img:3 --compression zstd . >/dev/null
"$rtbuild" inspect --json img:3 | jq -r .digest
"$rtbuild" layer -q -r req.txt --find-links . -o layer.zip >/dev/null
sha256sum layer.zip
"$rtbuild" extend --no-push img:1 --python 3.11 --filepath func.py --function f
END
for place in one two; do
	printf 'alpha\n' >$place/req.txt
	chmod 644 $place/req.txt $place/*.whl $place/func.py $place/Dockerfile $place/rootfs.tar
done
is 'the program says something' "$(env RTBUILD_STORE="$TMP/store one" sh make.sh one "$TMP/program" >one.said 2>one.err; wc -l <one.said)" 16
# Far away: another user, path, umask, locale, zone, host name and number of processors.
mkdir -p "$TMP/far/away/deeper" && mv two "$TMP/far/away/deeper/"
place=$TMP/far/away/deeper
[ -z "$other" ] || chown -R "$other:" "$place"
chmod 755 "$TMP/far" "$TMP/far/away"
elsewhere() {
	if [ -n "$other" ]; then
		setpriv --reuid="$other" --regid=nogroup --clear-groups "$@"
	else
		"$@"
	fi
}
(
	umask 077
	elsewhere taskset -c 0 unshare -Ur --uts sh -c 'hostname elsewhere 2>/dev/null; exec "$@"' sh \
		env HOME="$place" RTBUILD_STORE="$place/s" TZ=Asia/Tokyo LC_ALL=C LANG=tr_TR.UTF-8 MALLOC_PERTURB_=7 \
		sh "$TMP/make.sh" "$place/two" "$TMP/program" >two.said 2>two.err
)
is 'the same, elsewhere' "$(cat two.said)" "$(cat one.said)"
[ "$failures" -eq 0 ] || sed 's/^/# /' one.err two.err
# Nothing below can pass by accident: another input does give something else.
echo changed >one/tree/a.txt
env RTBUILD_STORE="$TMP/store three" sh make.sh one "$TMP/program" >three.said 2>three.err
is 'another content: another digest' "$([ "$(head -n 1 three.said)" != "$(head -n 1 one.said)" ] && echo differs)" differs
is 'but the same base layer and zip' "$(grep -xF -f one.said three.said | grep -c 'layer.zip')" 1
is 'no time of today in it' "$(grep -c "$(date -u +%Y-%m)" one.said)" 0

# Directory order: the same files made in another order are read in another order by some systems.
check 'a store may be anywhere' env RTBUILD_STORE="$TMP/with space/and ünïcode" "$TMP/program" build -q -t img:1 one
finish
