#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild build` of Dockerfiles without RUN: what COPY and ADD put where, what the other
# instructions put into the configuration, caching, outputs, and every refusal.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# dockerfile DIR: from stdin.
dockerfile() {
	mkdir -p "$1"
	cat >"$1/Dockerfile"
}

mkdir -p ctx/dir/sub ctx/empty
echo one >ctx/one.txt
echo two >ctx/two.txt
echo a >ctx/dir/a
echo b >ctx/dir/sub/b
ln -s ../one.txt ctx/dir/up
ln -s one.txt ctx/link
ln -s /etc/passwd ctx/dir/absolute
ln ctx/dir/a ctx/dir/hard
printf '#!/bin/sh\n' >ctx/run.sh
chmod 755 ctx/run.sh
chmod 600 ctx/two.txt
chmod 2775 ctx/empty
[ "$(id -u)" -ne 0 ] || chown 1234:1235 ctx/one.txt

# --- COPY (facts/dockerfile.md section 3, rows 1 to 18) ---

dockerfile ctx <<'END'
FROM scratch
COPY one.txt /file
COPY one.txt /into/
COPY dir /tree
COPY dir/ /tree2
COPY *.txt /globbed/
COPY no-such* /nothing/
WORKDIR /very/deep
COPY one.txt .
COPY run.sh two.txt sub/
COPY link /followed
COPY ../one.txt /cleaned
COPY empty /made
COPY --chown=10:20 --chmod=640 dir/a /owned/a
COPY --chown=5 one.txt /number
COPY --chmod=u+x,go= one.txt /symbolic
COPY ["one.txt", "/with space"]
END
check 'COPY rules' rtbuild build -t t/copy:1 ctx
stdout_has '^t/copy@sha256:[0-9a-f]{64}$'
is 'stdout is one line' "$(wc -l <"$out")" 1
files t/copy:1 >got
cat >wanted <<'END'
-rw-r--r-- 0/0 cleaned
-rw-r--r-- 0/0 file
-rw-r--r-- 0/0 followed
drwxr-xr-x 0/0 globbed/
-rw-r--r-- 0/0 globbed/one.txt
-rw------- 0/0 globbed/two.txt
drwxr-xr-x 0/0 into/
-rw-r--r-- 0/0 into/one.txt
drw-r----- 10/20 owned/
-rw-r----- 10/20 owned/a
-rw-r--r-- 5/5 number
-rwx------ 0/0 symbolic
lrwxrwxrwx 0/0 tree/absolute -> /etc/passwd
drwxr-xr-x 0/0 tree/
-rw-r--r-- 0/0 tree/a
hrw-r--r-- 0/0 tree/hard link to tree/a
drwxr-xr-x 0/0 tree/sub/
-rw-r--r-- 0/0 tree/sub/b
lrwxrwxrwx 0/0 tree/up -> ../one.txt
-rw-r--r-- 0/0 tree2/a
-rw-r--r-- 0/0 with space
drwxr-xr-x 0/0 very/
drwxr-xr-x 0/0 very/deep/
-rw-r--r-- 0/0 very/deep/one.txt
drwxr-xr-x 0/0 very/deep/sub/
-rwxr-xr-x 0/0 very/deep/sub/run.sh
-rw------- 0/0 very/deep/sub/two.txt
END
while IFS= read -r line; do
	if grep -qxF -- "$line" got; then pass "has $line"; else fail "has $line" "$(grep -F -- "${line##* }" got)"; fi
done <wanted
is 'a pattern without a match copies nothing' "$(grep -c 'nothing' got)" 0
is 'the directory itself is not in its copy' "$(grep -c 'tree/dir' got)" 0
is 'one time for all members' "$(for d in $(manifest t/copy:1 | jq -r '.layers[].digest'); do
	TZ=UTC tar -tvzf "$(blob "$d")" --full-time; done | awk '{ print $4, $5 }' | sort -u)" '1980-01-01 00:00:00'
is 'content is right' "$(tar -xOzf "$(layer t/copy:1 1)" file)" one
check 'umoci unpacks it' sh -c "umoci unpack --rootless --image '$RTBUILD_STORE:docker.io/t/copy:1' '$TMP/bundle' >&2"
is 'umoci: content' "$(cat bundle/rootfs/tree/sub/b bundle/rootfs/very/deep/one.txt)" 'b
one'
rm -rf bundle

# --- .dockerignore (rows 6, 75) ---

mkdir -p ign/keep/deep ign/drop ign/a/b
for f in top.pyc keep/x.pyc keep/deep/y.pyc keep/deep/z.py drop/x drop/keep.me a/b/c a/other secret; do
	echo "$f" >"ign/$f"
done
printf '\357\273\277# comment\r\n**/*.pyc\r\ndrop\r\n!drop/keep.me\r\n  secret  \r\na\n!a/b\n' >ign/.dockerignore
printf 'FROM scratch\nCOPY . /\n' | dockerfile ign
check '.dockerignore' rtbuild build -t t/ignore:1 ign
is '.dockerignore: what is left' "$(files t/ignore:1 | awk '{ print $3 }' | grep -v '/$' | tr '\n' ' ')" \
	'.dockerignore Dockerfile a/b/c drop/keep.me keep/deep/z.py '
printf 'keep\n' >ign/Dockerfile.dockerignore
check 'Dockerfile.dockerignore wins' rtbuild build -t t/ignore:2 ign
is 'Dockerfile.dockerignore: what is left' "$(files t/ignore:2 | grep -c ' keep/')$(files t/ignore:2 | grep -c ' secret$')" 01
rm ign/Dockerfile.dockerignore
printf 'FROM scratch\nCOPY secret /\n' | dockerfile ign
exits 6 rtbuild build -t t/ignore:3 ign
stderr_has 'Dockerfile:2:[0-9]+:.*secret'
stderr_has '\.dockerignore'

# --- stages ---

dockerfile stages <<'END'
ARG WHICH=two
FROM scratch AS One
COPY Dockerfile /one
FROM broken.invalid/never:pulled AS unused
COPY nothing-there /
FROM scratch AS two
COPY --from=one /one /from-one
COPY --from=0 /one /from-zero
LABEL stage=two
FROM scratch AS three
COPY Dockerfile /three
FROM $WHICH
COPY --from=three /three /from-three
END
check 'stages' rtbuild build -t t/stages:1 stages
is 'stages: files' "$(files t/stages:1 | awk '{ print $3 }' | tr '\n' ' ')" 'from-one from-three from-zero '
is 'stages: labels come by FROM' "$(config t/stages:1 | jq -r .config.Labels.stage)" two
check 'stages: --build-arg before FROM' rtbuild build -t t/stages:2 --build-arg WHICH=one stages
is 'stages: the other one' "$(files t/stages:2 | awk '{ print $3 }' | tr '\n' ' ')" 'from-three one '
check '--target' rtbuild build -t t/stages:3 --target two stages
is '--target: files' "$(files t/stages:3 | awk '{ print $3 }' | tr '\n' ' ')" 'from-one from-zero '
exits 6 rtbuild build --target twoo stages
stderr_has "twoo"
stderr_has 'did you mean two'
mkdir named
echo named >named/file
printf 'FROM scratch\nCOPY --from=other /file /x\n' | dockerfile named-user
check '--build-context' rtbuild build -t t/named:1 --build-context other=named named-user
is '--build-context: file' "$(tar -xOzf "$(layer t/named:1 1)" x)" named

# --- configuration ---

dockerfile config <<'END'
# a comment
ARG BASE=scratch
FROM ${BASE}
ARG VERSION=1
ARG UNSET
ENV A=1
ENV A=2 B=$A C=${A:+yes} D=${NONE:-no} E="x y" V=$VERSION
ENV LEGACY some text here
LABEL one=1 "two words"="a \"quoted\" value" v=$VERSION
WORKDIR /srv
WORKDIR app/
EXPOSE 80 443/TCP 8000-8001/udp
VOLUME ["/data"]
USER worker:extra
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/app", "--x"]
CMD run $A
END
check 'configuration' rtbuild build -t t/config:1 --label from=cli --build-arg VERSION=7 config
config t/config:1 >c.json
is 'ENV' "$(jq -c '.config.Env' c.json)" \
	'["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=2","B=1","C=yes","D=no","E=x y","V=7","LEGACY=some text here"]'
is 'LABEL' "$(jq -cS '.config.Labels' c.json)" '{"from":"cli","one":"1","two words":"a \"quoted\" value","v":"7"}'
# shellcheck disable=SC2016 # the $ is the Dockerfile's
is 'the rest' "$(jq -cS '.config | {Cmd, Entrypoint, ExposedPorts, StopSignal, User, Volumes, WorkingDir}' c.json)" \
	'{"Cmd":["/bin/sh","-c","run $A"],"Entrypoint":["/bin/app","--x"],"ExposedPorts":{"443/tcp":{},"80/tcp":{},"8000/udp":{},"8001/udp":{}},"StopSignal":"SIGINT","User":"worker:extra","Volumes":{"/data":{}},"WorkingDir":"/srv/app"}'
is 'platform' "$(jq -r '.os + "/" + .architecture' c.json)" \
	"linux/$(dpkg --print-architecture)"
is 'history fits the layers' "$(jq '[.history[] | select(.empty_layer | not)] | length' c.json)" \
	"$(jq '.rootfs.diff_ids | length' c.json)"
is 'diff ids are those of the layers' "$(jq -r '.rootfs.diff_ids[]' c.json)" \
	"$(for d in $(manifest t/config:1 | jq -r '.layers[].digest'); do
		printf 'sha256:%s\n' "$(zcat "$(blob "$d")" | sha256sum | cut -c 1-64)"; done)"
is 'media types are OCI ones' "$(manifest t/config:1 | jq -r '.mediaType, .config.mediaType, (.layers[].mediaType)' | sort -u | tr '\n' ' ')" \
	'application/vnd.oci.image.config.v1+json application/vnd.oci.image.layer.v1.tar+gzip application/vnd.oci.image.manifest.v1+json '
check 'skopeo reads it' skopeo inspect "oci:$RTBUILD_STORE:docker.io/t/config:1"
is 'skopeo: labels' "$(jq -r .Labels.from "$out")" cli
printf 'FROM t/config:1\nCMD ["other"]\n' | dockerfile child
check 'FROM a name of the store' rtbuild build -t t/child:1 child
is 'config is inherited' "$(config t/child:1 | jq -c '[.config.Entrypoint, .config.Cmd, .config.User, .config.WorkingDir, (.config.Env | length)]')" \
	'[["/bin/app","--x"],["other"],"worker:extra","/srv/app",8]'
printf 'FROM t/config:1\nENTRYPOINT ["new"]\n' | dockerfile child
check 'ENTRYPOINT resets an inherited CMD' rtbuild build -t t/child:2 child
is 'CMD is gone' "$(config t/child:2 | jq -c '[.config.Entrypoint, .config.Cmd]')" '[["new"],null]'

# --- ADD ---

mkdir add && tar -C ctx -cf add/plain.tar dir
tar -C ctx -czf add/gzip.data dir/a
printf '\037\213\010 no archive' >add/broken.tgz
dockerfile add <<'END'
FROM scratch
ADD plain.tar /plain
ADD gzip.data /gz/
ADD broken.tgz /broken/
COPY plain.tar /copied/
END
check 'ADD of archives' rtbuild build -t t/add:1 add
is 'ADD unpacks by content' "$(files t/add:1 | awk '{ print $3 }' | grep -v '/$' | tr '\n' ' ')" \
	'broken/broken.tgz copied/plain.tar gz/dir/a plain/dir/a plain/dir/absolute plain/dir/hard plain/dir/sub/b plain/dir/up '
mkdir www && echo remote >www/file
/usr/bin/python3 - www >www.log 2>&1 <<'END' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print("listening on %s:%d" % server.server_address, flush=True)
server.serve_forever()
END
servers="$servers $!"
www=$(wait_for www.log '^listening') || server_missing 'the web server' www.log
www=http://${www##* }
printf 'FROM scratch\nADD %s/file /\nADD %s/file /named\n' "$www" "$www" | dockerfile url
check 'ADD of a URL' rtbuild build -t t/url:1 url
is 'ADD of a URL: mode 0600' "$(files t/url:1)" '-rw------- 0/0 file
-rw------- 0/0 named'
is 'ADD of a URL: content' "$(tar -xOzf "$(layer t/url:1 1)" file)" remote
printf 'FROM scratch\nADD %s/absent /\n' "$www" | dockerfile url
exits 6 rtbuild build -t t/url:2 url
stderr_has '/absent.*404|404.*/absent'

# --- the same again ---

check 'build again' rtbuild build -t t/again:1 ctx
is 'same digest under another name' "$(digest_of t/again:1)" "$(digest_of t/copy:1)"
stderr_has 'cached'
touch -d '2001-01-01' ctx/one.txt
check 'build with other file times' rtbuild build -t t/again:2 ctx
is 'file times do not count' "$(digest_of t/again:2)" "$(digest_of t/copy:1)"
check 'build --no-cache' rtbuild build --no-cache -t t/again:3 ctx
is 'same digest without the cache' "$(digest_of t/again:3)" "$(digest_of t/copy:1)"
stderr_hasnt 'cached'
echo three >ctx/one.txt
check 'build with another content' rtbuild build -t t/again:4 ctx
is 'content counts' "$([ "$(digest_of t/again:4)" != "$(digest_of t/copy:1)" ] && echo differs)" differs
is 'new content is in' "$(tar -xOzf "$(layer t/again:4 1)" file)" three

# --- outputs ---

printf 'FROM scratch\nCOPY file /\n' | dockerfile out
echo x >out/file
check 'several names and files' rtbuild build -t t/out:1 -t t/out:2 --iidfile iid --digestfile dig \
	--image-refs refs --metadata-file meta.json out
digest=$(digest_of t/out:1)
is 'both names are listed' "$(digest_of t/out:2)" "$digest"
stdout_is "t/out@$digest"
is '--iidfile' "$(cat iid)" "$(manifest t/out:1 | jq -r .config.digest)"
is '--digestfile' "$(cat dig)" "$digest"
is '--image-refs' "$(sort -u refs)" "t/out@$digest"
is '--metadata-file' "$(jq -r '."containerimage.digest"' meta.json)" "$digest"
is '--metadata-file: names' "$(jq -r '."image.name"' meta.json)" 'docker.io/t/out:1,docker.io/t/out:2'
check 'a name as the first word' rtbuild build t/word:1 out
stdout_is "t/word@$digest"
check '--print tag' rtbuild build -t t/word:1 --print tag out
stdout_is t/word:1
check '--print digest' rtbuild build -t t/word:1 --print digest out
stdout_is "$digest"
check '--json' rtbuild build -t t/word:1 --json out
is '--json: reference' "$(jq -r '.references[0].reference' "$out")" "t/word@$digest"
check '-q' rtbuild build -q -t t/word:1 out
stdout_is "t/word@$digest"
stderr_empty
check '--progress=json' rtbuild build --progress=json -t t/word:1 out
is '--progress=json: every line is a document' "$(jq -r '.event' "$err" | grep -c .)" "$(wc -l <"$err")"
check '-f FILE' sh -c "printf 'FROM scratch\nLABEL other=yes\n' >Other && rtbuild build -f Other -t t/other:1 out"
check '-f -' sh -c "printf 'FROM scratch\nCOPY file /stdin\n' | rtbuild build -f - -t t/stdin:1 out"
is '-f -: file' "$(files t/stdin:1)" '-rw-r--r-- 0/0 stdin'
check 'no context: the current directory' sh -c 'cd out && rtbuild build -t t/here:1'
is 'no context: same image' "$(digest_of t/here:1)" "$digest"
check '--format docker' rtbuild build --format docker -t t/docker:1 out
is '--format docker: media types' "$(manifest t/docker:1 | jq -r '.mediaType, .config.mediaType, .layers[0].mediaType' | tr '\n' ' ')" \
	'application/vnd.docker.distribution.manifest.v2+json application/vnd.docker.container.image.v1+json application/vnd.docker.image.rootfs.diff.tar.gzip '
check '--compression zstd' rtbuild build --compression zstd -t t/zstd:1 out
is '--compression zstd: media type' "$(manifest t/zstd:1 | jq -r '.layers[0].mediaType')" \
	application/vnd.oci.image.layer.v1.tar+zstd
is '--compression zstd: bytes' "$(zstd -dqc <"$(layer t/zstd:1 1)" | tar -xOf - file)" x
is 'diff id is the same for all' "$(config t/zstd:1 | jq -r '.rootfs.diff_ids[0]')" "$(config t/out:1 | jq -r '.rootfs.diff_ids[0]')"
check 'SOURCE_DATE_EPOCH' env SOURCE_DATE_EPOCH=1000000000 rtbuild build -t t/epoch:1 out
is 'SOURCE_DATE_EPOCH: created' "$(config t/epoch:1 | jq -r .created)" 2001-09-09T01:46:40Z
is 'SOURCE_DATE_EPOCH: layer' "$(TZ=UTC tar -tvzf "$(layer t/epoch:1 1)" --full-time | awk '{ print $4, $5 }')" '2001-09-09 01:46:40'
check '--platform' rtbuild build --platform linux/arm64 -t t/arm:1 out
is '--platform: config' "$(config t/arm:1 | jq -r '.architecture')" arm64

# --- the plan ---

check '--plan' rtbuild build --plan stages
check '--plan is JSON' jq -e . "$out"
is '--plan builds nothing' "$(rtbuild build --plan -t t/plan:1 out >/dev/null; digest_of t/plan:1)" ''
check '--plan needs no network' rtbuild build --plan --target unused stages

# --- refusals: exit status, place, the line with a caret, cure ---

# refused CODE LINE:COL REGEX: with stdin as the Dockerfile of a context that has `file`.
refused() {
	printf 'x\n' >bad/file
	cat >bad/Dockerfile
	run rtbuild build -t t/bad:1 bad
	what="$(sed -n "${2%%:*}p" bad/Dockerfile): $3"
	if [ "$status" -eq "$1" ] && grep -Eq "^rtbuild: bad/Dockerfile:$2: .*" "$err" && grep -Eq -- "$3" "$err" &&
		grep -Eq "^ *${2%%:*} \| " "$err" && grep -Eq '^ *\| +\^+$' "$err" && [ ! -s "$out" ]; then
		pass "refused: $what"
	else
		fail "refused: $what" "wanted exit $1 at $2"
	fi
}
mkdir bad
refused 3 1:1 'did you mean FROM' <<'END'
FORM scratch
END
refused 3 1:1 'FROM' <<'END'
COPY file /
FROM scratch
END
refused 3 1:17 '1st' <<'END'
FROM scratch AS 1st
END
refused 6 2:6 'no-such-file' <<'END'
FROM scratch
COPY no-such-file /
END
refused 3 2:1 'COPY' <<'END'
FROM scratch
COPY file
END
refused 3 3:6 'did you mean --chown' <<'END'
FROM scratch
# a comment between
COPY --chwon=1 file /
END
refused 3 2:6 'no stage number 7' <<'END'
FROM scratch
COPY --from=7 file /
END
refused 3 2:8 '99999' <<'END'
FROM scratch
EXPOSE 99999
END
refused 3 2:5 '.' <<'END'
FROM scratch
ENV lonely
END
refused 3 2:7 'closing' <<'END'
FROM scratch
ENV a="never closed
END
refused 3 3:8 'why it must be' <<'END'
FROM scratch
LABEL x=y
ENV a="${NOT_SET:?why it must be}"
END
refused 3 2:14 'chmod' <<'END'
FROM scratch
COPY --chmod=9 file /
END
refused 3 2:6 'nobody-here' <<'END'
FROM scratch
COPY --chown=nobody-here file /
END
refused 3 2:12 '.' <<'END'
FROM scratch
STOPSIGNAL SIGNONE
END
refused 3 2:1 'source and a destination' <<'END'
FROM scratch
COPY file \
END
refused 3 2:6 'https://example.com' <<'END'
FROM scratch
COPY https://example.com/x /
END
printf '' >bad/Dockerfile
exits 3 rtbuild build bad
stderr_has 'bad/Dockerfile'
printf '# only\n\n' >bad/Dockerfile
exits 3 rtbuild build bad
rm bad/Dockerfile
exits 6 rtbuild build bad
stderr_has 'bad/Dockerfile'
stderr_has '--backend'
exits 2 rtbuild build --buidl-arg x=y out
stderr_has 'did you mean --build-arg'
exits 2 rtbuild build --progress=pretty out
exits 2 rtbuild build --compression lzma out
exits 2 rtbuild build --format=docker --compression=zstd out
exits 2 rtbuild build --label novalue out
exits 2 rtbuild build out ctx
stderr_has 'two contexts'
exits 6 rtbuild build absent/
stderr_has "no directory 'absent/'"
exits 3 rtbuild build -t 'Not/A:Name:1' out
stderr_has 'Not/A:Name:1'
exits 2 rtbuild build --backend no_such out
stderr_has 'no_such'
exits 2 rtbuild build --backend aws_lamda out
stderr_has 'did you mean aws_lambda'
exits 6 rtbuild build ./no/such/directory
mkdir -p outside && echo no >outside/x
ln -s ../outside/x bad/escape
printf 'FROM scratch\nCOPY escape /\n' >bad/Dockerfile
fails 'a link out of the context is not followed out' rtbuild build bad
is 'and nothing of it is in the store' "$(grep -rl '^no$' "$RTBUILD_STORE" 2>/dev/null)" ''
mkfifo bad/pipe
printf 'FROM scratch\nCOPY . /\n' >bad/Dockerfile
rm bad/escape
check 'a FIFO in the context does not hang' timeout 600 rtbuild build -t t/fifo:1 bad

is 'refused builds leave no name' "$(rtbuild images --json | jq -r '.[].reference' | grep -c '^t/bad')" 0
check 'the store is whole' rtbuild fsck
finish
