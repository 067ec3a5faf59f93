#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Git repositories as contexts, named contexts and sources of ADD: over HTTP, ssh, git's own protocol
# and from this machine; refs, subdirectories, submodules, the mirror, secrets, hostile repositories.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com GIT_AUTHOR_DATE='1700000000 +0000' \
	GIT_COMMITTER_DATE='1700000000 +0000'
git config --global init.defaultBranch main
git config --global protocol.file.allow always
git config --global safe.directory '*'

# --- the repositories ---

mkdir -p web/git
git init -q --bare web/git/lib.git
git init -q lib
echo library >lib/lib.txt
git -C lib add . && git -C lib commit -qm lib && git -C lib push -q "$TMP/web/git/lib.git" main
git init -q --bare web/git/main.git
git -C web/git/main.git config uploadpack.allowFilter true
git init -q main
mkdir -p main/sub/deep main/other
printf 'FROM scratch\nCOPY . /\n' >main/Dockerfile
printf 'FROM scratch\nCOPY deep /deep\n' >main/sub/Dockerfile
echo '*.log' >main/.dockerignore
echo ignored >main/x.log
echo one >main/one.txt
echo deep >main/sub/deep/file
echo spaced >'main/other/with space'
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n' >main/large.bin
echo '*.bin filter=lfs' >main/.gitattributes
printf '#!/bin/sh\n' >main/run.sh
chmod 755 main/run.sh
ln -s one.txt main/link
ln -s sub main/sublink
git -C main add . && git -C main commit -qm first
first=$(git -C main rev-parse HEAD)
git -C main tag light
git -C main tag -a annotated -m 'an annotated tag'
echo two >main/one.txt
git -C main commit -qam second
second=$(git -C main rev-parse HEAD)
git -C main branch topic/x
git -C main push -q "$TMP/web/git/main.git" main topic/x light annotated
git -C web/git/main.git symbolic-ref HEAD refs/heads/main
start_web web
main=$WEB/git/main.git

# What git would check out, as the layer should list it: MODE 0/0 PATH[ -> LINK].
expected() {
	git -C main archive "$1" | tar -tv --numeric-owner --quoting-style=escape |
		sed -E 's,^(.)([^ ]+) +[^ ]+ +[^ ]+ [^ ]+ [^ ]+ ,\1 \2 ,' | awk '{
			mode = $1 == "d" ? "drwxr-xr-x" : $1 == "l" ? "lrwxrwxrwx" : $2 ~ /x/ ? "-rwxr-xr-x" : "-rw-r--r--"
			sub(/^. [^ ]+ /, ""); print mode, "0/0", $0 }' | grep -v 'x\.log$' | sort -k 3
}

# --- HTTP ---

check 'a context by http' rtbuild build -t g/http:1 "$main"
is 'its files are what git would check out' "$(files g/http:1)" "$(expected "$second")"
is 'its content' "$(tar -xOzf "$(layer g/http:1 1)" one.txt)" two
is 'an LFS pointer stays one' "$(tar -xOzf "$(layer g/http:1 1)" large.bin | head -n 1)" 'version https://git-lfs.github.com/spec/v1'
requests() { wc -l <"$WEB_LOG"; }
is 'three requests: greeting, refs, objects' "$(grep -c . "$WEB_LOG")" 3
before=$(requests)
check 'the same again' rtbuild build -t g/http:2 "$main"
is 'the same image' "$(digest_of g/http:2)" "$(digest_of g/http:1)"
is 'an unchanged commit costs one look-up' "$(sed "1,${before}d" "$WEB_LOG" | cut -d ' ' -f 1,2)" \
	'GET /git/main.git/info/refs?service=git-upload-pack
POST /git/main.git/git-upload-pack'
before=$(requests)
check 'by its whole id' rtbuild build -t g/http:3 "$main#$second"
is 'a commit that is here costs nothing' "$(requests)" "$before"
is 'the same image by its id' "$(digest_of g/http:3)" "$(digest_of g/http:1)"
mirror=$(ls -d "$RTBUILD_STORE"/cache/git/*)
check 'the mirror is a repository git finds whole' git -C "$mirror" fsck --full
is 'only the commit was fetched' "$(git -C "$mirror" rev-list --all | wc -l)" 1

check 'another commit by its id' rtbuild build -t g/ref:1 "$main#$first"
is 'its files' "$(tar -xOzf "$(layer g/ref:1 1)" one.txt)" one
now=$(git -C "$mirror" count-objects -v | sed -n 's/^in-pack: //p')
both=$(git -C main rev-list --objects "$first" "$second" | wc -l)
# a thin pack is made whole by repeating what it leans on: the other root tree, the other one.txt
is 'only what is new was fetched' "$([ "$now" -le $((both + 2)) ] || echo "$now objects, $both altogether")" ''
check 'the mirror is still whole' git -C "$mirror" fsck --full
for ref in light annotated refs/tags/annotated; do
	check "the tag $ref" rtbuild build -t g/ref:2 "$main#$ref"
	is "the tag $ref: its image" "$(digest_of g/ref:2)" "$(digest_of g/ref:1)"
done
for url in "$main#topic/x" "$main?branch=topic/x" "$main#refs/heads/main" "$main?ref=main" "$main?commit=$(printf %.9s "$second")" \
	"$main?branch=main&checksum=$second&fetch-by-commit=1"; do
	check "$url" rtbuild build -t g/ref:3 "$url"
	is "$url: its image" "$(digest_of g/ref:3)" "$(digest_of g/http:1)"
done
check 'tag= with checksum of the tag itself' rtbuild build -t g/ref:4 "$main?tag=annotated&checksum=$(git -C main rev-parse annotated)"
exits 7 rtbuild build "$main?checksum=$first"
stderr_has "the commit is $second, not $first"
exits 6 rtbuild build "$main#nowhere"
stderr_has "no branch or tag 'nowhere'"
exits 6 rtbuild build "$main#$(printf %.9s "$second")"
stderr_has 'give its whole id'
exits 6 rtbuild build "$main#0123456789012345678901234567890123456789"
exits 3 rtbuild build "$main?brunch=x"
stderr_has 'did you mean branch'
exits 3 rtbuild build "$main?branch=a&tag=b"
exits 3 rtbuild build "$WEB/git/main.git#-x"
exits 6 rtbuild build "$WEB/git/none.git"

# --- subdirectories ---

check 'a subdirectory' rtbuild build -t g/sub:1 "$main#main:sub"
is 'a subdirectory: files' "$(files g/sub:1 | awk '{ print $3 }' | tr '\n' ' ')" 'deep/ deep/file '
check 'subdir=' rtbuild build -t g/sub:2 "$main?subdir=sub"
is 'subdir=: the same image' "$(digest_of g/sub:2)" "$(digest_of g/sub:1)"
check 'a subdirectory does not leave the repository' rtbuild build -t g/sub:3 "$main#:../../sub"
is 'it is looked up inside' "$(digest_of g/sub:3)" "$(digest_of g/sub:1)"
exits 3 rtbuild build "$main#:sublink"
stderr_has 'sublink is a link'
exits 3 rtbuild build "$main#:one.txt"
stderr_has 'one.txt is a file'
exits 6 rtbuild build "$main#:none"
stderr_has "no directory 'none'"

# --- secrets ---

private=$WEB/private/main.git
exits 5 rtbuild build "$private"
stderr_has 'GIT_AUTH_TOKEN'
printf 't0ken\n' >token
check 'a token' rtbuild build -t g/private:1 --secret id=GIT_AUTH_TOKEN,src=token "$private"
is 'a token: the same image' "$(digest_of g/private:1)" "$(digest_of g/http:1)"
printf 'basic %s' "$(printf 'x-access-token:t0ken' | base64)" >header
rm -rf "$RTBUILD_STORE/cache/git"
check 'a header for the host' rtbuild build --secret "id=GIT_AUTH_HEADER.${WEB#http://},src=header" "$private"
exits 5 rtbuild build --secret id=GIT_AUTH_TOKEN.example.com,src=token "$private"
echo wrong >wrong
exits 5 rtbuild build --secret id=GIT_AUTH_TOKEN,src=wrong "$private"
stderr_has 'does not take the secret'
exits 3 rtbuild build "http://user:t0ken@${WEB#http://}/private/main.git"
stderr_hasnt t0ken
first_web=$WEB first_log=$WEB_LOG
start_web web
check 'a redirect to another host' rtbuild build -t g/moved:1 --secret id=GIT_AUTH_TOKEN,src=token "$WEB/to/$first_web/git/main.git"
is 'a redirect: the same image' "$(digest_of g/moved:1)" "$(digest_of g/http:1)"
is 'the secret went to the first host' "$(grep -c '/to/.* basic ' "$WEB_LOG")" 1
is 'and not to the other' "$(tail -n 3 "$first_log" | grep -c ' -$')" 3
exits 5 rtbuild build --secret id=GIT_AUTH_TOKEN,src=token "$WEB/to/$first_web/private/main.git"
is 'no secret is kept in the store' "$(grep -rlE "t0ken|$(printf 'x-access-token:t0ken' | base64)" "$RTBUILD_STORE" | wc -l)" 0
stop_server "$WEB_PID"
WEB=$first_web WEB_LOG=$first_log

# --- git's own protocol, ssh, this machine ---

git_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(git_port)
git daemon --reuseaddr --listen=127.0.0.1 --port="$port" --base-path="$TMP/web/git" --export-all \
	--informative-errors --verbose "$TMP/web/git" 2>daemon.log &
servers="$servers $!"
wait_for daemon.log 'Ready to rumble' >/dev/null || server_missing 'git daemon' daemon.log
check 'git://' rtbuild build -t g/tcp:1 "git://127.0.0.1:$port/main.git"
is 'git://: the same image' "$(digest_of g/tcp:1)" "$(digest_of g/http:1)"
check 'git:// by a commit id' rtbuild build -t g/tcp:2 "git://127.0.0.1:$port/main.git#$first"
exits 4 rtbuild build "git://127.0.0.1:$port/none.git"
stderr_has 'git server says: .*no such repository'
exits 4 rtbuild build git://127.0.0.1:1/x.git

# A server that knows version 0 only, and gives no commit that is not a ref.
mkdir old
cat >old/git-upload-pack <<'END'
#!/bin/sh
unset GIT_PROTOCOL
exec /usr/bin/git-upload-pack "$@"
END
chmod 755 old/git-upload-pack

ssh-keygen -q -t ed25519 -N '' -f key
ssh-keygen -q -t ed25519 -N '' -f host
cp key.pub authorized
port=$(git_port)
cat >sshd_config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $TMP/host
AuthorizedKeysFile $TMP/authorized
PidFile none
StrictModes no
UsePAM no
AcceptEnv GIT_PROTOCOL
PasswordAuthentication no
END
mkdir -p /run/sshd
/usr/sbin/sshd -D -e -f sshd_config 2>sshd.log &
servers="$servers $!"
wait_for sshd.log 'listening on 127' >/dev/null || server_missing 'sshd' sshd.log
printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d ' ' -f 1,2 host.pub)" >known
cat >.bin/ssh <<END
#!/bin/sh
echo "\$*" >>"$TMP/ssh.args"
exec /usr/bin/ssh -F none -o UserKnownHostsFile=$TMP/known -o GlobalKnownHostsFile=none \$(cat "$TMP/ssh.more" 2>/dev/null) "\$@"
END
chmod 755 .bin/ssh
url=ssh://$(id -un)@127.0.0.1:$port$TMP/web/git/main.git
exits 5 env -u SSH_AUTH_SOCK rtbuild build "$url"
stderr_has 'ssh: .*Permission denied'
check 'ssh with a key' rtbuild build -t g/ssh:1 --ssh "default=$TMP/key" "$url"
is 'ssh: the same image' "$(digest_of g/ssh:1)" "$(digest_of g/http:1)"
is 'the path is one word at the other end' "$(tail -n 1 ssh.args | grep -c "git-upload-pack '/")" 1
echo "-o SetEnv=X=1" >ssh.more
check 'ssh, a commit by its id' rtbuild build -t g/ssh:2 --ssh "default=$TMP/key" "$url#$first"
is 'ssh, a commit: the same image' "$(digest_of g/ssh:2)" "$(digest_of g/ref:1)"
exits 4 rtbuild build --ssh "default=$TMP/key" "ssh://$(id -un)@127.0.0.1:$port$TMP/none.git"
stderr_has 'none.git'
exits 3 rtbuild build 'ssh://-oProxyCommand=x@127.0.0.1/y'
exits 3 rtbuild build 'ssh://-oProxyCommand=x/y'

# version 0: ssh does not pass the variable on
printf 'command="%s/old/git-upload-pack %s/web/git/main.git" %s\n' "$TMP" "$TMP" "$(cat key.pub)" >authorized
rm -rf "$RTBUILD_STORE/cache/git"
check 'version 0 of the protocol' rtbuild build -t g/old:1 --ssh "default=$TMP/key" "$url#annotated"
is 'version 0: the same image' "$(digest_of g/old:1)" "$(digest_of g/ref:1)"
check 'version 0, with what is here' rtbuild build -t g/old:2 --ssh "default=$TMP/key" "$url"
is 'version 0, with what is here: the same image' "$(digest_of g/old:2)" "$(digest_of g/http:1)"
git -C web/git/main.git update-ref -d refs/tags/light
git -C web/git/main.git update-ref -d refs/tags/annotated
rm -rf "$RTBUILD_STORE/cache/git"
check 'version 0, a commit that is no ref' rtbuild build -t g/old:3 --ssh "default=$TMP/key" "$url#$first"
is 'version 0, a commit: the same image' "$(digest_of g/old:3)" "$(digest_of g/ref:1)"

file=file://$TMP/web/git/main.git
exits 3 rtbuild build "$file"
stderr_has 'not read unless allowed'
stderr_has '\-\-git-allow'
check 'file:// when allowed' rtbuild build -t g/file:1 --git-allow "file://$TMP/web" "$file"
is 'file://: the same image' "$(digest_of g/file:1)" "$(digest_of g/http:1)"
check 'file://, a work tree and a commit' rtbuild build -t g/file:2 --git-allow "file://$TMP/" "file://$TMP/main#$first"
is 'file://, a commit: the same image' "$(digest_of g/file:2)" "$(digest_of g/ref:1)"
exits 3 rtbuild build --git-allow "file://$TMP/web/git/main" "$file"
exits 6 rtbuild build --git-allow "file://$TMP/" "file://$TMP/web/git/none.git"

# --- submodules ---

git init -q --bare web/git/outer.git
git init -q outer
git -C outer submodule add -q "$WEB/git/lib.git" vendor/lib
git -C outer config -f .gitmodules submodule.vendor/lib.url ../lib.git
printf 'FROM scratch\nCOPY . /\n' >outer/Dockerfile
git -C outer add . && git -C outer commit -qm outer && git -C outer push -q "$TMP/web/git/outer.git" main
check 'a submodule beside its parent' rtbuild build -t g/outer:1 "$WEB/git/outer.git"
is 'a submodule: files' "$(files g/outer:1 | awk '{ print $3 }' | tr '\n' ' ')" '.gitmodules Dockerfile vendor/ vendor/lib/ vendor/lib/lib.txt '
# As `git submodule update --init --recursive` would have it: .git/modules, and files that lead there.
git init -q --bare web/git/nest.git
git init -q nest
echo nest >nest/file
git -C nest submodule add -q --name 'a "name"' "$WEB/git/outer.git" out
git -C nest config -f .gitmodules 'submodule.a "name".url' ../outer.git
git -C nest add . && git -C nest commit -qm nest && git -C nest push -q "$TMP/web/git/nest.git" main
printf 'FROM scratch\nADD --keep-git-dir=true %s#main /code/\n' "$WEB/git/nest.git" >keep.Dockerfile
check 'submodules of a repository with its .git' rtbuild build -t g/nest:1 -f keep.Dockerfile .
mkdir nested
tar -xzf "$(layer g/nest:1 1)" -C nested
is 'git finds them, at their commits' "$(git -C nested/code submodule status --recursive | sed 's/ (.*//')" \
	" $(git -C outer rev-parse HEAD) out
 $(git -C lib rev-parse HEAD) out/vendor/lib"
is 'and nothing changed in them' "$(git -C nested/code status --porcelain; git -C nested/code submodule foreach -q --recursive 'git status --porcelain; git fsck --full --strict 2>&1 | grep -v ^notice')" ''
is 'their origins' "$(git -C nested/code submodule foreach -q --recursive 'git remote get-url origin')" "$WEB/git/outer.git
$WEB/git/lib.git"
is 'git itself puts its files in the same places' "$(cat nested/code/out/.git nested/code/out/vendor/lib/.git)" 'gitdir: ../.git/modules/a "name"
gitdir: ../../../.git/modules/a "name"/modules/vendor/lib'
rm -rf "$RTBUILD_STORE/cache"
check 'again, from nothing' rtbuild build -t g/nest:2 -f keep.Dockerfile .
is 'the same image' "$(digest_of g/nest:2)" "$(digest_of g/nest:1)"
for name in ../../hooks a/../../x 'a "name"/objects' /abs; do
	cp nest/.gitmodules modules.before
	mkdir -p nest/zz
	printf '[submodule "%s"]\n\tpath = zz\n\turl = ../lib.git\n' "$(printf '%s' "$name" | sed 's/"/\\"/g')" >>nest/.gitmodules
	git -C nest update-index --add --cacheinfo "160000,$(git -C lib rev-parse HEAD),zz"
	git -C nest add .gitmodules && git -C nest commit -qm "$name" && git -C nest push -qf "$TMP/web/git/nest.git" main
	exits 7 rtbuild build -f keep.Dockerfile .
	stderr_has 'a submodule cannot have the name'
	mv modules.before nest/.gitmodules
done

check 'submodules=false' rtbuild build -t g/outer:2 "$WEB/git/outer.git?submodules=false"
is 'submodules=false: files' "$(files g/outer:2 | awk '{ print $3 }' | tr '\n' ' ')" '.gitmodules Dockerfile vendor/ vendor/lib/ '
check 'the subdirectory is inside a submodule' rtbuild build -t g/outer:3 -f - "$WEB/git/outer.git#:vendor/lib" <<'END'
FROM scratch
COPY lib.txt /
END
git -C outer config -f .gitmodules submodule.vendor/lib.url "file://$TMP/web/git/lib.git"
git -C outer commit -qam elsewhere && git -C outer push -q "$TMP/web/git/outer.git" main
exits 3 rtbuild build "$WEB/git/outer.git"
stderr_has 'vendor/lib is at file://.*another host'
check 'a submodule elsewhere, when allowed' rtbuild build -t g/outer:4 --git-allow "file://$TMP/web/git/lib.git" "$WEB/git/outer.git"
git -C outer config -f .gitmodules submodule.vendor/lib.url '--upload-pack=touch x'
git -C outer commit -qam option && git -C outer push -q "$TMP/web/git/outer.git" main
exits 3 rtbuild build "$WEB/git/outer.git"
git -C outer rm -q --cached .gitmodules
git -C outer commit -qm 'no url' && git -C outer push -q "$TMP/web/git/outer.git" main
exits 3 rtbuild build "$WEB/git/outer.git"
stderr_has 'has no URL'

# --- hostile repositories ---

hostile() { # NAME: a commit of the tree on stdin (as raw entries: mode name id)
	git init -q --bare "web/git/$1.git"
	tree=$(python3 -c 'import sys
for line in sys.stdin:
    mode, name, oid = line.rstrip("\n").split("|")
    sys.stdout.buffer.write(mode.encode() + b" " + name.encode() + b"\0" + bytes.fromhex(oid))' |
		git -C "web/git/$1.git" hash-object -t tree --literally -w --stdin)
	git -C "web/git/$1.git" update-ref refs/heads/main "$(echo x | git -C "web/git/$1.git" commit-tree "$tree")"
}
put() { printf '%s' "$2" | git -C "web/git/$1.git" hash-object -w --stdin; }
for name in dot up slash modules mode missing; do git init -q --bare "web/git/$name.git"; done
dockerfile='FROM scratch
COPY . /
'
df=$(put dot "$dockerfile")
inner=$(git -C web/git/dot.git mktree </dev/null)
printf '100644|Dockerfile|%s\n40000|.Git|%s\n' "$df" "$inner" | hostile dot
exits 7 rtbuild build "$WEB/git/dot.git"
stderr_has "a file called '\.Git'"
df=$(put up "$dockerfile")
printf '100644|..|%s\n100644|Dockerfile|%s\n' "$df" "$df" | hostile up
exits 7 rtbuild build "$WEB/git/up.git"
df=$(put slash "$dockerfile")
printf '100644|Dockerfile|%s\n100644|a/../../b|%s\n' "$df" "$df" | hostile slash
exits 7 rtbuild build "$WEB/git/slash.git"
df=$(put mode "$dockerfile")
printf '100644|Dockerfile|%s\n60000|disk|%s\n' "$df" "$df" | hostile mode
exits 7 rtbuild build "$WEB/git/mode.git"
df=$(put modules /etc/passwd)
printf '120000|.gitmodules|%s\n100644|Dockerfile|%s\n160000|sub|%s\n' "$df" "$df" "$first" | hostile modules
exits 3 rtbuild build "$WEB/git/modules.git"
stderr_has 'the submodule sub has no URL'
is 'nothing was written beside the store' "$(ls -d "$TMP"/b "$TMP"/../b x 2>/dev/null)" ''

# Bombs: each one clear error, and no more memory than for a small repository.
limit=65536
! sanitized || limit=1000000
bomb() { # KIND STATUS REGEX
	"$ROOT/tests/servers/packs" "$1" 2>"packs.$1" &
	packs=$!
	servers="$servers $packs"
	packs_url=$(wait_for "packs.$1" 'listening on') || server_missing 'the server of packs' "packs.$1"
	exits "$2" /usr/bin/time -f '%M' -o rss rtbuild build "${packs_url##* }/x.git"
	stderr_has "$3"
	is "$1: one error" "$(grep -c '^rtbuild: ' "$err")" 1
	is "$1: in little memory" "$(awk 'END { if ($1 >= '$limit') print $1 }' rss)" ''
	is "$1: nothing half written stays" "$(find "$RTBUILD_STORE/cache/git" -name 'pack_git2_*' -o -name '*.pack' -size +2M)" ''
	kill "$packs"
}
bomb zeros 3 'file: 629145600 bytes are more than'
bomb delta 7 'overly large object'
bomb cut 7 "the server's objects"
bomb lies 7 'too many objects'

# --- named contexts, ADD ---

cat >use.Dockerfile <<END
FROM scratch
COPY --from=code one.txt sub/ /code/
ADD $main#main:other /other/
ADD --checksum=$(printf %.12s "$first") $main#$first /old/
ADD --chmod=600 --exclude=*.txt --exclude=**/*.sh $main /filtered/
END
check 'a named context and ADD' rtbuild build -t g/use:1 -f use.Dockerfile --build-context "code=$main#main" .
is 'a named context: files' "$(members "$(layer g/use:1 1)" | awk '{ print $3 }' | tr '\n' ' ')" 'code/ code/Dockerfile code/deep/ code/deep/file code/one.txt '
is 'ADD of a subdirectory' "$(members "$(layer g/use:1 2)" | sort -k 3)" 'drwxr-xr-x 0/0 other/
-rw-r--r-- 0/0 other/with space'
is 'ADD of a commit' "$(tar -xOzf "$(layer g/use:1 3)" old/one.txt)" one
is 'ADD ignores nothing' "$(members "$(layer g/use:1 3)" | grep -c 'old/x.log$')" 1
is 'ADD --exclude' "$(members "$(layer g/use:1 4)" | grep -cE '/(one.txt|run.sh)$')" 0
before=$(requests)
check 'ADD again' rtbuild build -t g/use:2 -f use.Dockerfile --build-context "code=$main#main" .
is 'ADD again: the same image' "$(digest_of g/use:2)" "$(digest_of g/use:1)"
printf 'FROM scratch\nADD --checksum=%s %s /\n' "$first" "$main" >pin.Dockerfile
exits 7 rtbuild build -f pin.Dockerfile .
stderr_has 'pin.Dockerfile:2:[0-9]+: .*the commit is'
printf 'FROM scratch\nCOPY %s /\n' "$main" >copy.Dockerfile
exits 3 rtbuild build -f copy.Dockerfile .
stderr_has 'COPY cannot take'
check 'SOURCE_DATE_EPOCH=context is the time of the commit' rtbuild build -t g/epoch:1 --build-arg SOURCE_DATE_EPOCH=context "$main"
is 'created then' "$(config g/epoch:1 | jq -r .created)" 2023-11-14T22:13:20Z
is 'its files too' "$(TZ=UTC tar -tvzf "$(layer g/epoch:1 1)" --full-time | awk '{ print $4, $5 }' | sort -u)" '2023-11-14 22:13:20'
check 'mtime=commit' rtbuild build -t g/mtime:1 "$main?mtime=commit"
is 'mtime=commit: files' "$(TZ=UTC tar -tvzf "$(layer g/mtime:1 1)" --full-time | awk '{ print $4, $5 }' | sort -u)" '2023-11-14 22:13:20'

# --- mirrors as a cache ---

mirrors() { rtbuild cache list --json | jq -r '.[] | select(.kind == "git") | .name' | sort; }
check 'the mirrors are listed' rtbuild cache list
stdout_has "git    $main\$"
is 'with their sizes' "$(rtbuild cache list --json | jq --arg m "$main" '.[] | select(.name == $m) | .bytes > 500')" true
count=$(mirrors | wc -l)
check 'cache rm' rtbuild cache rm "$main"
is 'removes one' "$(mirrors | grep -cxF "$main") $(mirrors | wc -l)" "0 $((count - 1))"
check 'which comes again' rtbuild build -q -t g/http:4 "$main"
exits 6 rtbuild cache rm http://127.0.0.1:1/none.git
check 'gc --dry-run' rtbuild gc --dry-run --max-size 1
stderr_has "would remove $count mirrors"
is 'removes none' "$(mirrors | wc -l)" "$count"
touch -d '-3 days' "$RTBUILD_STORE"/cache/git/*/use
check 'used just now' rtbuild build -q -t g/http:4 "$main"
check 'gc --unused' rtbuild gc --unused 2
is 'keeps what was used' "$(mirrors)" "$main"
check 'gc that leaves room' rtbuild gc --max-size 10GB
is 'keeps it too' "$(mirrors)" "$main"
check 'gc --max-size' rtbuild gc --max-size 1 --json
is 'counts mirrors' "$(jq -c '[.gitMirrors, .gitMirrorBytes > 500]' "$out") $(mirrors)" '[1,true] '

# --- keep-git-dir ---

cat >keep.Dockerfile <<END
FROM scratch
ADD --keep-git-dir=true $main#main /code/
ADD --keep-git-dir $main#main:sub /sub/
END
check 'ADD --keep-git-dir' rtbuild build -t g/keep:1 -f keep.Dockerfile .
mkdir unpacked
tar -xzf "$(layer g/keep:1 1)" -C unpacked
check 'git finds the repository whole' git -C unpacked/code fsck --full --strict
is 'git finds nothing changed' "$(git -C unpacked/code status --porcelain)" ''
is 'at the commit' "$(git -C unpacked/code rev-parse HEAD refs/heads/main | sort -u)" "$second"
is 'its origin' "$(git -C unpacked/code remote get-url origin)" "$main"
is 'a subdirectory has none' "$(members "$(layer g/keep:1 2)" | grep -c '\.git')" 0
rm -rf "$RTBUILD_STORE/cache"
check 'again, from nothing' rtbuild build -t g/keep:2 -f keep.Dockerfile .
is 'the same image' "$(digest_of g/keep:2)" "$(digest_of g/keep:1)"
printf 'FROM scratch\nADD --keep-git-dir=false %s?keep-git-dir=1 /\n' "$main" >keep.Dockerfile
exits 3 rtbuild build -f keep.Dockerfile .
stderr_has 'contradict'
check 'a context with its .git' rtbuild build -t g/keep:3 --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 "$main"
is 'a context with its .git: HEAD' "$(tar -xOzf "$(layer g/keep:3 1)" .git/HEAD)" "$second"
finish
