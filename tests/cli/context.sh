#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Contexts that are no directory (facts/dockerfile.md row 74 and section 1.7): tars and Dockerfiles on
# stdin and by URL, named contexts of every kind, what is ignored in them, and every refusal.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p ctx/sub/deep ctx/docker
echo one >ctx/one.txt
echo two >ctx/sub/two.txt
echo drop >ctx/sub/deep/drop.log
ln ctx/one.txt ctx/hard
ln -s one.txt ctx/link
printf '#!/bin/sh\n' >ctx/run.sh
chmod 755 ctx/run.sh
printf 'FROM scratch\nCOPY . /\n' >ctx/Dockerfile
printf 'FROM scratch\nCOPY sub /sub\n' >ctx/docker/other
printf '**/*.log\nDockerfile\n' >ctx/.dockerignore
printf 'one.txt\nhard\nlink\n' >ctx/docker/other.dockerignore
printf 'FROM scratch\nENV a=b\nWORKDIR /w\n' >lone

# --- stdin (row 74) ---

check 'row 74: a directory' rtbuild build -t c/dir:1 ctx
for kind in plain gzip zstd bzip2 xz; do
	filter=$kind
	[ "$kind" != plain ] || filter='cat'
	tar --owner=77 --group=78 -C ctx -c . | $filter >"$kind.tar"
	check "row 74: a $kind tar on stdin" sh -c "rtbuild build -t c/$kind:1 - <$kind.tar"
	is "row 74: a $kind tar gives the same image as the directory" "$(digest_of c/$kind:1)" "$(digest_of c/dir:1)"
done
check 'row 74: through a pipe' sh -c 'cat plain.tar | rtbuild build -t c/pipe:1 -'
is 'row 74: the same image' "$(digest_of c/pipe:1)" "$(digest_of c/dir:1)"
is 'what is ignored is ignored in a tar too' "$(files c/plain:1 | grep -Ec 'drop.log|Dockerfile')" 0
is 'names of one file stay one file' "$(files c/plain:1 | grep -c '^h.* link to ')" 1
check '-f inside a tar, with its own .dockerignore' sh -c 'rtbuild build -t c/other:1 -f docker/other - <plain.tar'
is '-f inside a tar: files' "$(files c/other:1 | awk '{ print $3 }' | tr '\n' ' ')" 'sub/ sub/deep/ sub/deep/drop.log sub/two.txt '
check 'row 74: a lone Dockerfile on stdin' sh -c 'rtbuild build -t c/lone:1 - <lone'
is 'a lone Dockerfile' "$(config c/lone:1 | jq -r '.config.Env[]' | grep -c '^a=b$')" 1
exits 3 sh -c "printf 'FROM scratch\nCOPY one.txt /\n' | rtbuild build -t c/none:1 -"
stderr_has 'Dockerfile:2:1:.*COPY: there is no build context'
stderr_has 'a Dockerfile alone comes without files'
check '-f - with a directory' sh -c "printf 'FROM scratch\nCOPY one.txt /\n' | rtbuild build -t c/dash:1 -f - ctx"
is '-f - with a directory: files' "$(files c/dash:1 | awk '{ print $3 }')" one.txt
exits 2 sh -c 'rtbuild build -f - - <plain.tar'
stderr_has 'stdin cannot be both'
exits 2 sh -c 'rtbuild build -f docker/other - <lone'
stderr_has 'two Dockerfiles'
exits 6 sh -c 'rtbuild build -f docker/none - <plain.tar'
stderr_has "no 'docker/none'"
exits 3 sh -c ': | rtbuild build -'
stderr_has 'it is empty'
exits 3 sh -c 'head -c 4096 /dev/zero | rtbuild build -'
stderr_has 'neither a tar nor the text'
exits 3 sh -c 'gzip <lone | rtbuild build -'
stderr_has 'compressed, and no tar'
exits 3 sh -c "yes '# comment' | head -c 5000000 | rtbuild build -"
stderr_has 'LIMIT_DOCKERFILE'
exits 7 sh -c 'head -c 3000 plain.tar | rtbuild build -'

# --- hostile tars ---

cat >hostile.py <<'END'
import io, sys, tarfile
out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT)
def add(name, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    out.addfile(info, io.BytesIO(data))
add("Dockerfile", b"FROM scratch\nCOPY a /\n")
if sys.argv[1] == "up":
    add("../outside", b"x")
elif sys.argv[1] == "hard":
    add("a", type=tarfile.LNKTYPE, linkname="etc/passwd")
elif sys.argv[1] == "links":
    add("a", type=tarfile.SYMTYPE, linkname="/../../../../../../etc/passwd")
elif sys.argv[1] == "through":
    add("etc", type=tarfile.SYMTYPE, linkname="/etc")
    add("etc/a", b"in a directory that is a link")
out.close()
END
for kind in up hard links through; do python3 hostile.py $kind >hostile-$kind.tar; done
exits 7 sh -c 'rtbuild build - <hostile-up.tar'
stderr_has '\.\./outside'
exits 3 sh -c 'rtbuild build - <hostile-hard.tar'
stderr_has 'hard link a leads to etc/passwd'
exits 6 sh -c 'rtbuild build - <hostile-links.tar'
stderr_has "'a' is not there"
fails 'a file below a link' sh -c 'rtbuild build - <hostile-through.tar'

# --- URLs ---

mkdir -p web
cp plain.tar gzip.tar web/
cp lone web/Lone.txt
echo '<html>' >web/page.html
touch -d @1000000000 web/plain.tar
start_web web
check 'a tar by URL' rtbuild build -t c/url:1 "$WEB/plain.tar"
is 'a tar by URL gives the same image' "$(digest_of c/url:1)" "$(digest_of c/dir:1)"
check 'through a redirect, compressed' rtbuild build -t c/url:2 "$WEB/to/$WEB/gzip.tar"
is 'through a redirect: the same image' "$(digest_of c/url:2)" "$(digest_of c/dir:1)"
check '-f inside a tar by URL' rtbuild build -t c/url:3 -f docker/other "$WEB/plain.tar"
is '-f inside a tar by URL: the same as on stdin' "$(digest_of c/url:3)" "$(digest_of c/other:1)"
check 'a Dockerfile by URL' rtbuild build -t c/url:4 "$WEB/Lone.txt"
is 'a Dockerfile by URL: as on stdin' "$(digest_of c/url:4)" "$(digest_of c/lone:1)"
check '-f URL with a directory' rtbuild build -t c/url:5 -f "$WEB/Lone.txt" ctx
exits 3 rtbuild build "$WEB/page.html"
stderr_has 'a web page \(text/html\)'
exits 6 rtbuild build "$WEB/nothing.tar"
stderr_has 'HTTP 404'
exits 5 rtbuild build "$WEB/status/403"
exits 8 rtbuild build "ftp://127.0.0.1/x"
stderr_has 'a build context of this kind'
exits 2 rtbuild build --backend aws_lambda - </dev/null
stderr_has 'takes no context'

mkdir tls
"$ROOT/tests/servers/make-certs" tls >/dev/null 2>&1
start_web web tls/server.crt tls/server.key
exits 4 rtbuild build -t c/tls:1 "$WEB/plain.tar"
check 'https with --ca-file' rtbuild --ca-file tls/ca.crt build -t c/tls:1 "$WEB/plain.tar"
is 'https: the same image' "$(digest_of c/tls:1)" "$(digest_of c/dir:1)"
stop_server "$WEB_PID"

# --- named contexts (section 1.7) ---

start_web web
mkdir -p named
echo named >named/file
echo skipped >named/skipped
echo skipped >named/.dockerignore
printf 'FROM scratch\nCOPY one.txt /base\nENV from=layout\n' >base.Dockerfile
check 'a base' rtbuild build -t c/base:1 -f base.Dockerfile ctx
check 'a layout' sh -c "skopeo copy -q 'oci:$RTBUILD_STORE:docker.io/c/base:1' oci:layout:v1 && skopeo copy -q 'oci:$RTBUILD_STORE:docker.io/c/base:1' oci:single:v9"
cat >named.Dockerfile <<'END'
FROM from-layout
COPY --from=directory . /directory/
COPY --from=Tar sub /tar/
COPY --from=one /base /image
COPY --from=text context /text
END
check 'named contexts' rtbuild build -t c/named:1 -f named.Dockerfile --build-context directory=named \
	--build-context "tar=$WEB/gzip.tar" --build-context one=docker-image://c/base:1 \
	--build-context text="$WEB/Lone.txt" --build-context from-layout=oci-layout://layout:v1 ctx
is 'named contexts: files' "$(files c/named:1 | grep -v '/$' | awk '{ print $3 }' | tr '\n' ' ')" \
	'base directory/.dockerignore directory/file image tar/two.txt text '
is 'FROM a layout: its configuration' "$(config c/named:1 | jq -r '.config.Env[]' | grep -c '^from=layout$')" 1
is 'FROM a layout: its layer is first' "$(manifest c/named:1 | jq -r '.layers[0].digest')" "$(manifest c/base:1 | jq -r '.layers[0].digest')"
check 'a layout by digest' rtbuild build -t c/named:2 -f - --build-context "b=oci-layout://layout@$(jq -r '.manifests[0].digest' layout/index.json)" ctx <<'END'
FROM b
END
check 'a layout with one image' rtbuild build -t c/named:3 -f - --build-context b=oci-layout://single ctx <<'END'
FROM b
END
exits 6 rtbuild build -f - --build-context b=oci-layout://layout:v2 ctx <<'END'
FROM b
END
stderr_has 'no image named v2'
stderr_has 'there is v1'
exits 6 rtbuild build -f - --build-context b=oci-layout://nowhere ctx <<'END'
FROM b
END
cat >override.Dockerfile <<'END'
FROM broken.invalid/never:pulled AS base
FROM base
COPY --from=base /base /copied
END
check 'a named context stands for an image and a stage' rtbuild build -t c/over:1 -f override.Dockerfile \
	--build-context broken.invalid/never:pulled=docker-image://c/base:1 ctx
is 'it stands for the image' "$(files c/over:1 | awk '{ print $3 }' | tr '\n' ' ')" 'base copied '
check 'and for the stage' rtbuild build -t c/over:2 -f override.Dockerfile --build-context base=oci-layout://layout:v1 ctx
is 'it stands for the stage' "$(files c/over:2 | awk '{ print $3 }' | tr '\n' ' ')" 'base copied '
check 'one that nobody uses is not opened' rtbuild build -t c/unused:1 --build-context x=http://127.0.0.1:1/none ctx
exits 2 rtbuild build --build-context nothing ctx
exits 2 rtbuild build --build-context x=- ctx
is 'nothing is left in the spool' "$(ls -A "$RTBUILD_STORE/cache/spool")" ''
finish
