#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Named contexts where other tests use directories and images: FROM a directory, an archive of the
# web, a git repository; RUN --mount from them; what their times mean.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com GIT_AUTHOR_DATE='1700000000 +0000' \
	GIT_COMMITTER_DATE='1700000000 +0000'
git config --global init.defaultBranch main
git config --global safe.directory '*'
mkdir -p web/git files/sub
echo one >files/one
echo two >files/sub/two
echo three >files/skipped
printf 'skipped\n.dockerignore\n' >files/.dockerignore
git init -q repository
cp -R files/. repository/
git -C repository add -f . && git -C repository commit -qm first
git clone -q --bare repository web/git/r.git
tar -C files -czf web/files.tgz .
touch -d @1600000000 web/files.tgz
echo alone >web/alone.txt
start_web web
git_url=$WEB/git/r.git tar_url=$WEB/files.tgz
paths() { files "$1" | awk '{ print $1, $2, $3 }' | tr '\n' ' '; }
history() { config "$1" | jq -r '.history[] | .created_by + (if .empty_layer then " -" else "" end)'; }

# --- FROM ---

cat >Dockerfile <<'END'
FROM base AS child
COPY --from=base one /copied
ENV a=b
END
from() {
	name=$1
	shift
	rtbuild build -t "$name" -f Dockerfile "$@" files
}
check 'FROM a directory' from n/dir:1 --build-context base=files
is 'a directory: its admitted files, root'"'"'s' "$(paths n/dir:1)" \
	'-rw-r--r-- 0/0 copied -rw-r--r-- 0/0 one drwxr-xr-x 0/0 sub/ -rw-r--r-- 0/0 sub/two '
is 'a directory: one layer, then those of the steps' "$(members "$(layer n/dir:1 1)" | awk '{ print $3 }' | tr '\n' ' ')" 'one sub/ sub/two '
is 'a directory: its history goes first, as BuildKit names it' "$(history n/dir:1)" '[context base] load from client
COPY one /copied # buildkit
ENV a=b -'
is 'a directory: BuildKit says who wrote that' "$(config n/dir:1 | jq -r '.history[0].comment')" buildkit.exporter.image.v0
check 'the same without files' sh -c "printf 'FROM scratch\nENV a=b\n' | rtbuild build -q -t n/scratch:1 -"
is 'a directory: the config of FROM scratch' "$(config n/dir:1 | jq -c .config)" "$(config n/scratch:1 | jq -c .config)"
check 'again' from n/dir:2 --build-context base=files
is 'again: the same image' "$(digest_of n/dir:2)" "$(digest_of n/dir:1)"
stderr_has 'load from client: cached'
check 'FROM an archive of the web' from n/tar:1 --build-context "base=$tar_url"
is 'an archive: the same layers' "$(manifest n/tar:1 | jq -c '[.layers[].digest]')" "$(manifest n/dir:1 | jq -c '[.layers[].digest]')"
is 'an archive: where it came from' "$(history n/tar:1 | head -n 1)" "[context base] $tar_url"
check 'FROM a git repository' from n/git:1 --build-context "base=$git_url"
is 'git: the same layers' "$(manifest n/git:1 | jq -c '[.layers[].digest]')" "$(manifest n/dir:1 | jq -c '[.layers[].digest]')"
is 'git: where it came from' "$(history n/git:1 | head -n 1)" "[internal] load git source $git_url"
printf 'FROM text\n' >Text
check 'FROM one file of the web' rtbuild build -t n/text:1 -f Text --build-context "text=$WEB/alone.txt" files
is 'one file: it is called context' "$(paths n/text:1)" '-rw------- 0/0 context '
mkdir nothing
check 'FROM an empty directory' rtbuild build -t n/empty:1 -f Text --build-context text=nothing files
is 'nothing: no layer' "$(manifest n/empty:1 | jq '.layers | length')" 0
check 'FROM docker-image://scratch' rtbuild build -t n/empty:2 -f Text --build-context text=docker-image://scratch files
is 'scratch: the same' "$(digest_of n/empty:2)" "$(digest_of n/empty:1)"
exits 6 rtbuild build -t n/x:1 -f Text --build-context "text=$WEB/none.tar" files
stderr_has 'Text:1:6'
exits 6 rtbuild build -t n/x:1 -f Text --build-context text=absent files
stderr_has "no directory 'absent'"

# What the build needs of it: a command, and a link in its way.
need_tiny
mkdir root
tar -C root -xf "$TINY/rootfs.tar"
cat >Run <<'END'
FROM root
ENV PATH=/usr/bin
RUN cat /etc/group | head -n 1 && echo made >/made
COPY one /bin/one
END
check 'RUN on a directory' rtbuild build --progress=plain -t n/run:1 -f Run --build-context root=root files
stderr_has 'root:x:0:'
is 'RUN: its change alone, and the link is followed' "$(members "$(layer n/run:1 2)" | awk '{ print $3 }') $(members "$(layer n/run:1 3)" | awk '{ print $3 }' | tr '\n' ' ')" 'made usr/ usr/bin/ usr/bin/one '

# A context with the name of a stage takes its place: its steps are not run, it may be the target.
cat >Replaced <<'END'
FROM never.invalid/x AS tools
RUN false
FROM tools AS more
LABEL kept=yes
FROM more
COPY --from=tools one /copied
END
check 'a stage is replaced' rtbuild build -t n/stage:1 -f Replaced --build-context tools=files files
is 'what goes on from it goes on from the files' "$(config n/stage:1 | jq -r .config.Labels.kept) $(paths n/stage:1 | wc -w)" 'yes 12'
check 'as the target' rtbuild build -t n/stage:2 -f Replaced --target tools --build-context TOOLS=files files
is 'its files alone' "$(manifest n/stage:2 | jq -c '[.layers[].digest]')" "$(manifest n/dir:1 | jq -c '[.layers[0].digest]')"

# Names mean what an image's name means; one of this platform goes first.
printf 'FROM docker.io/library/busy:latest\n' >Long
printf 'FROM busy\n' >Short
check 'a short name stands for the long one' rtbuild build -t n/long:1 -f Long --build-context busy=files files
check 'a long name stands for the short one' rtbuild build -t n/long:2 -f Short --build-context docker.io/library/busy:latest=files files
is 'both are it' "$(digest_of n/long:2 | wc -c) $(manifest n/long:1 | jq -c '[.layers[].digest]')" "72 $(manifest n/stage:2 | jq -c '[.layers[].digest]')"
check 'by platform' rtbuild build -t n/platforms:1 --platform linux/amd64,linux/arm64 -f Short --build-context busy=files \
	--build-context busy::linux/arm64=nothing files
is 'each its own' "$(manifest n/platforms:1 | jq -r '.manifests[].digest' | while read -r d; do jq '.layers | length' "$(blob "$d")"; done | tr '\n' ' ')" '1 0 '
check '--plan' rtbuild build --plan -f Run --build-context root=root files
is 'the plan needs no image' "$(jq -c '[.images, .stages[0].fromContext, (.stages[0].steps[] | select(.needsBaseFiles))]' "$out")" '[[],"root"]'

# --- RUN --mount ---

cat >Mount <<'END'
FROM n/run:1
RUN --mount=target=/m cat /m/one /m/sub/two && ls -A /m
RUN --mount=from=Named,source=sub,target=/m cat /m/two
RUN --mount=from=named,source=/one,target=/f cat /f
RUN --mount=type=cache,from=named,source=sub,target=/c cat /c/two
END
said() { sed -n 's/^   | //p' "$err" | tr '\n' ' '; }
mounted() {
	name=$1
	shift
	rtbuild build --progress=plain --no-cache -t "$name" -f - "$@" <Mount
}
wanted='one two one sub two one two '
check 'mounts: directories' mounted n/m:1 --build-context named=files files
is 'directories' "$(said)" "$wanted"
check 'mounts: git' mounted n/m:2 --build-context "named=$git_url" "$git_url"
is 'git' "$(said)" "$wanted"
check 'mounts: archives of the web' mounted n/m:3 --build-context "named=$tar_url" "$tar_url"
is 'archives' "$(said)" "$wanted"
tar -C files -cf stdin.tar --exclude=Dockerfile .
cp Mount with && tar -rf stdin.tar --transform=s,with,Dockerfile, with
check 'mounts: a tar on stdin' sh -c "rtbuild build --progress=plain --no-cache -t n/m:4 --build-context named=$tar_url - <stdin.tar"
is 'a tar on stdin' "$(said | sed 's/Dockerfile //')" "$wanted"
stderr_hasnt 'cached'
check 'mounts: files that are the same are the same to the cache' rtbuild build -t n/m:5 -f - --build-context "named=$tar_url" "$git_url" <Mount
is 'all four' "$(grep -c 'RUN.*cached' "$err")" 4

# --- SOURCE_DATE_EPOCH=context ---

epoch() { rtbuild build -q -t "$@" --build-arg SOURCE_DATE_EPOCH=context; }
mkdir times
printf 'FROM scratch\nCOPY . /\n' >times/Dockerfile
echo x >times/x
touch -d @1500000000 times/x times/Dockerfile
touch -d @1400000000 times
tar -C times -cf web/times.tar .
touch -d @1600000000 web/times.tar
check 'epoch: of an archive of the web' epoch n/e:1 "$WEB/times.tar"
is 'Last-Modified' "$(config n/e:1 | jq -r '.created, .history[0].created' | uniq)" 2020-09-13T12:26:40Z
is 'Last-Modified: files' "$(tar -tvzf "$(layer n/e:1 1)" --full-time --utc | awk '{ print $4, $5 }' | uniq)" '2020-09-13 12:26:40'
check 'epoch: of a tar on stdin' sh -c 'rtbuild build -q -t n/e:2 --build-arg SOURCE_DATE_EPOCH=context - <web/times.tar'
is 'its newest file' "$(config n/e:2 | jq -r .created)" 2017-07-14T02:40:00Z
cp times/Dockerfile repository/ && git -C repository add . && git -C repository commit -qm second &&
	git -C repository push -q "$TMP/web/git/r.git" main
check 'epoch: of a commit' epoch n/e:3 "$git_url"
is 'the commit' "$(config n/e:3 | jq -r .created)" 2023-11-14T22:13:20Z
check 'epoch: of a directory' epoch n/e:4 times
is 'a directory has none' "$(config n/e:4 | jq -r .created)" 1980-01-01T00:00:00Z
is 'nothing is left in the spool' "$(ls -A "$RTBUILD_STORE/cache/spool")" ''
finish
