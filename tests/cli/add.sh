#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# ADD of URLs (facts/dockerfile.md row 21) and of archives in every compression (row 22), from here and
# from the web. Repositories are git.sh's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p ctx tree/d web
echo x >tree/d/x
chmod 750 tree/d/x
ln tree/d/x tree/d/y
tar --numeric-owner --owner=7 --group=8 --sort=name -C tree -cf ctx/plain.tar d
for kind in gzip bzip2 xz zstd; do $kind -c ctx/plain.tar >"ctx/$kind.tar"; done
head -c 60 ctx/xz.tar >ctx/cut.xz
echo text | bzip2 >ctx/text.bz2
cp ctx/* web/
printf 'tool' >web/tool.bin
printf 'tool' >'web/a name'
touch -d @1000000000 web/tool.bin web/plain.tar
start_web web

listed() { members "$(layer "$1" "$2")" | sort -k 3; }
build() { # NAME: of the Dockerfile on stdin
	cat >"$1.Dockerfile"
	check "$1" rtbuild build -t "a/$1:1" -f "$1.Dockerfile" ctx
}

# --- URLs (row 21) ---

sum=$(sha256sum <web/tool.bin | cut -d ' ' -f 1)
build url <<END
FROM scratch
ADD $WEB/tool.bin?x=1 /bin/
ADD $WEB/tool.bin /renamed
ADD $WEB/to/$WEB/tool.bin /moved/
ADD --checksum=sha256:$sum --chmod=755 --chown=3:4 $WEB/tool.bin /owned
ADD $WEB/a%20name /d/
ADD $WEB/plain.tar /kept/
ADD --unpack=true $WEB/xz.tar /unpacked/
END
is 'row 21: mode 0600, the name of the URL' "$(listed a/url:1 1)" 'drwxr-xr-x 0/0 bin/
-rw------- 0/0 bin/tool.bin'
is 'row 21: a name of its own' "$(listed a/url:1 2)" '-rw------- 0/0 renamed'
is 'row 21: the name of the URL as written' "$(listed a/url:1 3 | tail -n 1)" '-rw------- 0/0 moved/tool.bin'
is 'row 21: --chmod, --chown' "$(listed a/url:1 4)" '-rwxr-xr-x 3/4 owned'
is 'row 21: the name is decoded' "$(listed a/url:1 5 | tail -n 1)" '-rw------- 0/0 d/a name'
is 'row 21: an archive is not unpacked' "$(listed a/url:1 6 | tail -n 1)" '-rw------- 0/0 kept/plain.tar'
is 'row 21: unless asked to' "$(listed a/url:1 7 | sed 1d)" 'drwxr-xr-x 7/8 unpacked/d/
-rwxr-x--- 7/8 unpacked/d/x
hrwxr-x--- 7/8 unpacked/d/y link to unpacked/d/x'
check 'row 20: --keep-times' rtbuild build -t a/times:1 --keep-times -f url.Dockerfile ctx
is 'row 20: the time is Last-Modified' "$(TZ=UTC tar -tvzf "$(layer a/times:1 2)" --full-time | awk '{ print $4, $5 }')" '2001-09-09 01:46:40'
printf 'FROM scratch\nADD --checksum=sha256:%064d %s/tool.bin /\n' 0 "$WEB" >sum.Dockerfile
exits 7 rtbuild build -f sum.Dockerfile ctx
stderr_has "it is sha256:$sum, not"
printf 'FROM scratch\nADD %s/none /\n' "$WEB" >none.Dockerfile
exits 6 rtbuild build -f none.Dockerfile ctx
stderr_has 'none.Dockerfile:2:5: .*HTTP 404'

# --- archives of the context (row 22) ---

build archives <<'END'
FROM scratch
ADD plain.tar gzip.tar bzip2.tar xz.tar zstd.tar /all/
ADD --chown=1:2 bzip2.tar /bzip2/
ADD --unpack=false xz.tar /kept/
ADD text.bz2 cut.xz /none/
ADD --unpack xz.tar /explicit/
END
want='drwxr-xr-x 7/8 all/d/
-rwxr-x--- 7/8 all/d/x
hrwxr-x--- 7/8 all/d/y link to all/d/x'
is 'row 22: every compression is unpacked, owners are those of the tar' "$(listed a/archives:1 1 | sed 1d)" "$want"
is 'row 22: unless --chown' "$(listed a/archives:1 2 | awk '{ print $2 }' | sort -u)" 1/2
is 'row 22: --unpack=false' "$(listed a/archives:1 3 | tail -n 1 | awk '{ print $3 }')" kept/xz.tar
is 'row 22: what is no tar is a file' "$(listed a/archives:1 4 | awk '{ print $3 }' | tr '\n' ' ')" 'none/ none/cut.xz none/text.bz2 '
is 'row 22: --unpack' "$(listed a/archives:1 5 | wc -l)" 4
check 'row 22: an archive is read once' env ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=openat2 rtbuild build --no-cache -f - ctx <<'END'
FROM scratch
ADD gzip.tar /
END
is 'row 22: it is opened once' "$(grep -c '"gzip.tar"' trace)" 1
is 'nothing is left in the spool' "$(ls -A "$RTBUILD_STORE/cache/spool")" ''
# --- members over what is there (row 23) ---

# As /bin of a merged /usr is: the directory of an archive is the one the link leads to.
mkdir -p over/bin over/var/run under/usr/bin under/run under/var
ln -s usr/bin under/bin
ln -s /run under/var/run
touch over/bin/added over/var/run/pid
tar --numeric-owner --owner=2 --group=2 --sort=name -C over -cf ctx/over.tar ./bin ./var
tar --numeric-owner --owner=0 --group=0 --sort=name -C under -cf ctx/under.tar bin run usr var
for link in '' --link; do
	build "over$link" <<END
FROM scratch
ADD under.tar /
ADD $link over.tar /
COPY over.tar /bin/
END
done
is 'row 23: directories of an archive follow links' "$(listed a/over:1 2 | awk '{ print $3 }' | tr '\n' ' ')" \
	'run/ run/pid usr/ usr/bin/ usr/bin/added var/ '
is 'row 23: and the links stay' "$(listed a/over:1 3 | tail -n 1 | awk '{ print $3 }')" usr/bin/over.tar
is 'row 23: --link follows none' "$(listed a/over--link:1 2 | awk '{ print $3 }' | tr '\n' ' ')" \
	'bin/ bin/added var/ var/run/ var/run/pid '

finish
