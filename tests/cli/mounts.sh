#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount: every type and option, what a command sees of it, what stays of it (caches) and what
# must not (everything else), as whoever runs this test (rootless.sh runs it again as others). Rows
# are those of facts/dockerfile.md, section 3.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
check 'the base' rtbuild build -t tiny:1 "$TINY"
# What other owners need: with a single id nobody but root exists.
[ "${RUN_IDS-many}" = one ] || owners=yes
# Where nothing can be mounted there are copies: what is read-only can be written to (and it is
# thrown away), a tmpfs with a size is refused, and a secret as a file.
mounts=${RUN_MOUNTS-yes}
[ "$mounts" = yes ] && refused='refused ' || refused=

# dockerfile: from stdin, in the directory d, on tiny:1.
mkdir -p d/sub/deep
dockerfile() { { echo 'FROM tiny:1'; cat; } >d/Dockerfile; }
echo context >d/file
echo deep >d/sub/deep/file
echo 'ignored*' >d/.dockerignore
echo hidden >d/ignored

# build [OPTION...]: its output as the steps printed it, in $out.
build() {
	rtbuild build --progress=plain -t m:1 "$@" d >build.out 2>build.err
	build_status=$?
	sed -n 's/^   | //p' build.err >said
	grep -v '^   | ' build.err >unsaid
	return $build_status
}
said() { tr '\n' ' ' <said; }
ran() { rtbuild logs list --json | jq length; }

# --- bind ---

dockerfile <<'END'
RUN --mount=target=/src cd /src && find . | sort | tr '\n' ' ' && stat -c '%u:%g %a' file
END
check 'bind: the context' build
is 'bind: the admitted files, as root owns them' "$(said)" \
	'. ./.dockerignore ./Dockerfile ./file ./sub ./sub/deep ./sub/deep/file 0:0 644 '
is 'row 55: no stub of it in the layer' "$(members "$(layer m:1 -1)")" ''
is 'bind: nothing stays' "$(leftovers)" ''

dockerfile <<'END'
WORKDIR /w
RUN --mount=type=bind,source=file,dst=/a/b/c cat /a/b/c && ls -d /a/b
RUN --mount=source=/sub/deep,target=rel cat rel/file && pwd
RUN --mount=type=bind,src=sub,destination=/s touch /s/x 2>/dev/null || echo refused
RUN --mount=source=sub,target=/s,rw echo new >/s/x && cat /s/x /s/deep/file && rm -r /s/deep && ls /s
RUN --mount=source=sub,target=/s,readwrite ls /s
RUN --mount=source=file,target=/etc/passwd cat /etc/passwd
RUN --mount=source=file,target=/s --mount=source=sub/deep/file,target=/s cat /s
RUN --mount=source=sub,target=/s --mount=source=file,target=/s/here cat /s/here
RUN --mount=source=../../file,target=/s cat /s
RUN touch /w/mine
END
check 'bind: sources and targets' build
is 'bind: file, directory, read-only, writes thrown away, over a file, the later one, in another' \
	"$(said)" "context /a/b deep /w ${refused}new deep x deep context deep context context "
for n in -2 -3 -4 -5 -6 -7 -8; do
	is "row 55: layer $n is empty" "$(members "$(layer m:1 "$n")")" ''
done
is 'bind: passwd is what it was' "$(rtbuild run m:1 head -n 1 /etc/passwd)" 'root:x:0:0:root:/root:/bin/sh'
is 'bind: the context is untouched' "$(find d/sub | sort | tr '\n' ' ')" 'd/sub d/sub/deep d/sub/deep/file '

printf 'FROM tiny:1 AS Maker\nRUN mkdir -p /o/p && echo made >/o/p/f && ln -s /o/p /link && chown 2:3 /o/p/f\n' >d/Dockerfile
[ "${owners-}" ] || sed -i 's/ && chown.*//' d/Dockerfile
cat >>d/Dockerfile <<'END'
FROM tiny:1
RUN --mount=from=maker,source=/link/f,target=/f cat /f
RUN --mount=from=maker,target=/m stat -c %u /m/o/p/f && readlink /m/link
RUN --mount=from=0,source=o,target=/m,rw rm -r /m/p && ls /m && touch /m/x && ls /m
RUN --mount=from=named,target=/m cat /m/n
RUN --mount=from=other,source=etc/group,target=/m head -n 1 /m
RUN --mount=from=tiny:1,source=/usr/bin/cat,target=/cat /cat /etc/group | head -n 1
END
mkdir n && echo named >n/n
check 'bind: from stage, number, named context, image' \
	build --build-context named=n --build-context other=docker-image://tiny:1
is 'bind: what they see' "$(said)" "made $([ "${owners-}" ] && echo 2 || echo 0) /o/p x named root:x:0: root:x:0: "

# refused NAME CODE REGEX [OPTION...]: with the Dockerfile on stdin.
refused() {
	dockerfile
	refused_name=$1 refused_code=$2 refused_regex=$3
	shift 3
	build "$@" && code=0 || code=$?
	is "$refused_name: exit status" "$code" "$refused_code"
	file_has "$refused_name: stderr" build.err "$refused_regex"
	is "$refused_name: nothing stays" "$(leftovers)" ''
}
refused 'no such source' 6 'd/Dockerfile:3:5: .*no .no/such' <<'END'
RUN true
RUN --mount=source=no/such,target=/x true
END
refused 'a source .dockerignore leaves out' 6 'ignored' <<'END'
RUN --mount=source=ignored,target=/x true
END
file_has 'the cure' build.err '\.dockerignore'
refused 'no such source in a stage' 6 "mount source .*gone" <<'END'
RUN --mount=from=tiny:1,source=/gone,target=/x true
END
refused 'a file over a directory' 3 'd/Dockerfile:2:.*directory' <<'END'
RUN --mount=source=file,target=/tmp true
END
refused 'the root' 3 'd/Dockerfile:2:' <<'END'
RUN --mount=target=/ true
END

# Row 64, 65: what a mount adds to the key of its step.
dockerfile <<'END'
RUN --mount=source=sub,target=/s cat /s/deep/file
END
build
before=$(ran)
touch d/sub/deep/file
echo changed >>d/file
check 'row 65: again' build
is 'row 65: neither times nor other files matter' "$(ran)" "$before"
echo other >d/sub/deep/file
build
is 'row 65: content does' "$(ran) $(said)" "$((before + 1)) other "
chmod 600 d/sub/deep/file
build
is 'row 65: and modes' "$(ran)" "$((before + 2))"
chmod 644 d/sub/deep/file

# Of a stage and an image it is what is shown that counts, not what else they hold.
stage_dockerfile() {
	printf 'FROM tiny:1 AS maker\nRUN mkdir -p /o/p && echo %s >/o/p/f && echo %s >/aside && ln -s o/p /way\n' "$1" "$2" >d/Dockerfile
	printf 'FROM tiny:1\nRUN --mount=from=maker,source=%s,target=/m cat /m/f\n' "$3" >>d/Dockerfile
}
stage_dockerfile one first o/p
check 'row 65: a stage' build
before=$(ran)
stage_dockerfile one second o/p
check 'row 65: another file of the stage changes' build
is 'row 65: its maker runs, the command does not' "$(ran) $(said)" "$((before + 1)) "
build
is 'row 65: and then nothing does' "$(ran)" "$((before + 1))"
stage_dockerfile one second way
build
is 'row 65: the same files through a link' "$(ran)" "$((before + 1))"
stage_dockerfile two second o/p
build
is 'row 65: what is shown changes' "$(ran) $(said)" "$((before + 3)) two "
for aside in 1 2; do
	printf 'FROM scratch\nCOPY file /f\nCOPY sub/deep/file /aside%s\n' "$aside" >Image
	rtbuild build -q -t shown:1 -f Image d >/dev/null
	echo 'RUN --mount=from=shown:1,source=f,target=/f cat /f' | dockerfile
	build
	said >image.$aside
done
is 'row 65: of an image' "$(cat image.1)-$(cat image.2)" 'context changed -'
rtbuild build -q -t shown:1 "$TINY" >/dev/null

# --- cache ---

dockerfile <<'END'
RUN --mount=type=cache,target=/root/.cache echo more >>/root/.cache/log; wc -l </root/.cache/log; stat -c '%a %u' /root/.cache
END
check 'cache' build
is 'cache: new' "$(said)" '1 755 0 '
is 'cache: not in the layer' "$(members "$(layer m:1 -1)")" ''
check 'cache: again' build --no-cache
is 'cache: it was kept' "$(said)" '2 755 0 '
dockerfile <<'END'
RUN --mount=type=cache,target=/c,id=/root/.cache cat /c/log 2>/dev/null; echo x >/c/log
RUN --mount=type=cache,target=/c,id=other find /c -mindepth 1 | sort; echo y >/c/log
RUN --mount=type=cache,target=/c,id=other,ro cat /c/log; touch /c/x 2>/dev/null || echo refused
RUN --mount=type=cache,target=/c,id=other --mount=type=cache,target=/b,id=other echo z >/b/z && cat /c/z
RUN --mount=type=cache,target=/c,id=other --mount=type=tmpfs,target=/c/t touch /c/t/x && ls /c/t
END
check 'cache: ids' build
is 'cache: the id decides, not the target' "$(said)" "more more y ${refused}z x "
check 'cache: ids again' build --no-cache
is 'cache: of the same ids' "$(said)" "x /c/log $([ "$mounts" = no ] || echo '/c/t ')/c/z y ${refused}z x "
check 'cache: another namespace' build --no-cache --build-arg BUILDKIT_CACHE_MOUNT_NS=mine
is 'cache: its own' "$(said)" "y ${refused}z x "

dockerfile <<'END'
RUN --mount=type=cache,target=/c,id=one,sharing=locked echo $((1+1))
END
build
before=$(ran)
sed -i 's/id=one,sharing=locked/id=two,sharing=private/' d/Dockerfile
build
is 'row 64: id and sharing of a cache are in no key' "$(ran)" "$before"
sed -i 's,target=/c,target=/e,' d/Dockerfile
build
is 'row 64: its target is' "$(ran)" "$((before + 1))"

cat >d/Dockerfile <<'END'
FROM tiny:1 AS seed
RUN mkdir -p /s/in && echo seed >/s/in/f && ln /s/in/f /s/in/g && ln -s f /s/in/l && chmod 700 /s/in
FROM tiny:1
RUN --mount=type=cache,id=seeded,target=/c,from=seed,source=/s/in cat /c/f /c/l; stat -c '%a %h' /c /c/g; echo mine >/c/f
RUN --mount=type=cache,id=seeded,target=/c,from=seed,source=/s/in cat /c/g
END
check 'cache: begins as a copy' build
is 'cache: of a directory of a stage, and is its own then' "$(said)" 'seed seed 700 2 644 2 mine '
check 'cache: begins as a copy, again' build --no-cache
if [ "${owners-}" ]; then
	dockerfile <<-'END'
		USER worker
		RUN --mount=type=cache,target=/home/worker/c,uid=1234,gid=77,mode=0700 stat -c '%u:%g %a' c 2>/dev/null || stat -c '%u:%g %a' /home/worker/c; touch /home/worker/c/x && echo written
	END
	check 'cache: owner and mode' build
	is 'cache: for a user' "$(said)" '1234:77 700 written '
fi

# sharing NAME ID HOW WANTED: two builds at once add to a counter, slowly.
sharing() {
	for i in 1 2; do
		mkdir -p "p$i"
		cat >"p$i/Dockerfile" <<-END
			FROM tiny:1
			RUN --mount=type=cache,target=/c,id=$2,sharing=$3 touch /c/in-$i; n=\$(cat /c/n 2>/dev/null); sleep 1; echo \$((n + 1)) >/c/n; ls /c | grep -c in-; cat /c/n
		END
	done
	rtbuild build --no-cache --progress=plain p1 >p1.out 2>&1 &
	first=$!
	rtbuild build --no-cache --progress=plain p2 >p2.out 2>&1
	wait $first
	is "$1" "$(sed -n 's/^   | //p' p1.out p2.out | sort | tr '\n' ' ')" "$4"
}
sharing 'cache: locked, one after the other' lock locked '1 1 2 2 '
sharing 'cache: private, each its own' priv private '1 1 1 1 '
dockerfile <<'END'
RUN --mount=type=cache,target=/c,id=priv,sharing=private cat /c/n
END
build
is 'cache: private, alone, takes one that is there' "$(said)" '1 '

# --- caches by name ---

# cache_names: what `cache list` shows.
cache_names() { rtbuild cache list --json | jq -r '.[].name' | sort | tr '\n' ' '; }
is 'cache list' "$(cache_names | tr ' ' '\n' | sed 's/from=[0-9a-f]*/from/' | sort -u | tr '\n' ' ' | sed 's/^ //')" \
	"$(printf '%s\n' two /root/.cache,ns=mine /root/.cache lock one other,ns=mine other priv seeded,from "${owners:+/home/worker/c,uid=1234,gid=77,mode=0700}" | sed '/^$/d' | sort | tr '\n' ' ')"
check 'cache list: for people' rtbuild cache list
stdout_has '^20[-0-9]*T[:0-9]*Z .*B  mount  lock$'
is 'cache list: private ones at once' "$(rtbuild cache list --json | jq '.[] | select(.name == "priv").directories')" 2
dockerfile <<'END'
RUN --mount=type=cache,id=carried,target=/c mkdir /c/d && echo carried >/c/d/f && ln -s d/f /c/l && ln /c/d/f /c/h && chmod 6750 /c/d
END
[ ! "${owners-}" ] || sed -i '2s/$/ \&\& chown 12:34 \/c\/d\/f/' d/Dockerfile
build --no-cache
for file in carried.tar carried.tar.gz carried.tar.zst; do
	check "cache export $file" rtbuild cache export carried $file
	stdout_is $file
done
is 'cache export: as a file of one owner' "$(stat -c '%a %u' carried.tar)" "600 $(id -u)"
is 'cache export: compressed' "$(gzip -dc carried.tar.gz | cmp - carried.tar && zstd -qdc carried.tar.zst | cmp - carried.tar && echo same)" same
rtbuild cache export carried - >stdout.tar
is 'cache export: stdout' "$(cmp stdout.tar carried.tar && echo same)" same
is 'cache export: what tar sees' "$(tar --numeric-owner -tvf carried.tar | awk '{ print $1, $2, $6, $7, $8 $9 }' | sed 's/ *$//')" \
	"drwsr-s--- 0/0 d/
-rw-r--r-- $([ "${owners-}" ] && echo 12/34 || echo 0/0) d/f
hrw-r--r-- $([ "${owners-}" ] && echo 12/34 || echo 0/0) h link tod/f
lrwxrwxrwx 0/0 l -> d/f"
check 'cache rm' rtbuild cache rm carried
is 'cache rm: gone' "$(cache_names | grep -c carried)" 0
exits 6 rtbuild cache rm carried
stderr_has "no cache 'carried'"
exits 6 rtbuild cache export carried x.tar
is 'cache export: no half file' "$(ls x.tar 2>/dev/null)" ''
check 'cache import' rtbuild cache import carried carried.tar.zst
sed -i 's/RUN .*/RUN --mount=type=cache,id=carried,target=\/c cat \/c\/l; stat -c "%a %u %h" \/c\/d \/c\/h/' d/Dockerfile
build --no-cache
is 'cache import: the same files' "$(said)" "carried 6750 0 2 644 $([ "${owners-}" ] && echo 12 || echo 0) 2 "
head -c 3000 carried.tar >cut.tar
exits 7 rtbuild cache import carried cut.tar
exits 6 rtbuild cache import carried no-such-file
sed -i 's/RUN/RUN true;/; s/true; --mount\([^ ]*\)/--mount\1 true;/' d/Dockerfile
build --no-cache
is 'cache import: a bad tar replaces nothing' "$(said)" "carried 6750 0 2 644 $([ "${owners-}" ] && echo 12 || echo 0) 2 "
run sh -c 'gzip -dc carried.tar.gz | rtbuild cache import other-name -'
is 'cache import: from stdin' "$status $(rtbuild cache export other-name - | cmp - carried.tar && echo same)" '0 same'
dockerfile <<'END'
RUN --mount=type=cache,id=carried,target=/c echo begin; sleep 300
END
rtbuild build --no-cache --progress=plain d >busy.out 2>&1 &
busy=$!
wait_for busy.out '   \| begin' >/dev/null || :
exits 9 rtbuild cache rm carried
stderr_has 'in use'
exits 9 rtbuild cache import carried carried.tar
check 'gc beside a command' rtbuild gc
stderr_has 'a command runs on this store'
kill $busy
wait $busy 2>/dev/null
is 'cache: whole after SIGTERM' "$(rtbuild cache export carried - | cmp - carried.tar && echo same)" same
rtbuild build --no-cache --progress=plain d >busy.out 2>&1 &
busy=$!
wait_for busy.out '   \| begin' >/dev/null || :
kill -9 $busy
wait $busy 2>/dev/null
eventually only_work_left
is 'cache: whole after SIGKILL' "$(rtbuild cache export carried - | cmp - carried.tar && echo same)" same

# --- gc ---

trees() { find "$RTBUILD_STORE"/cache/trees/*/ -mindepth 1 -maxdepth 1 -type d | wc -l; }
check 'gc keeps what builds will want' rtbuild gc
before=$(trees)
is 'gc: trees are there' "$([ "$before" -gt 5 ] && echo many)" many
rtbuild images --json >/dev/null
check 'gc of steps nobody used' rtbuild gc --unused 0
is 'gc: trees of images stay' "$(trees)" "$(config m:1 | jq '.rootfs.diff_ids | unique | length')"
is 'gc: caches stay unless asked' "$(cache_names | grep -c carried)" 1
names=$(cache_names | wc -w)
check 'gc --cache-mounts --dry-run' rtbuild gc --cache-mounts --dry-run --json
is 'gc: it says so' "$(jq .cacheMounts "$out")" "$names"
check 'gc --cache-mounts' rtbuild gc --cache-mounts
is 'gc: and removes them' "$(cache_names)" ''
check 'gc: the store is whole' rtbuild fsck
echo 'RUN true' | dockerfile
check 'gc: and builds go on' build --no-cache

# --- tmpfs ---

dockerfile <<'END'
RUN --mount=type=tmpfs,target=/t,size=64k seq 20000 2>/dev/null >/t/x || stat -c %s /t/x
RUN --mount=type=tmpfs,target=/t find /t -mindepth 1; touch /t/x; stat -c %a /t
RUN ls -d /t 2>/dev/null || echo gone
END
[ "$mounts" = yes ] || sed -i /size=64k/d d/Dockerfile
check 'tmpfs' build
if [ "$mounts" = yes ]; then
	is 'tmpfs: limited, empty, gone' "$(said)" '65536 1777 gone '
else
	is 'tmpfs: empty, gone' "$(said)" '1777 gone '
	echo 'RUN --mount=type=tmpfs,target=/t,size=64k true' | dockerfile
	fails 'tmpfs: no limit that would not hold' build
	is 'tmpfs: says what to do' "$(grep -c 'leave size= out' unsaid)" 1
fi

# --- secrets ---

marker=MARKER-$$-of-the-secret
printf '%s\n' "$marker" >token
dockerfile <<'END'
RUN --mount=type=secret,id=tok stat -c '%a %u:%g %s' /run/secrets/tok && sha256sum </run/secrets/tok >/sum
RUN --mount=type=secret,id=tok,target=/etc/tok,mode=0444 test -s /etc/tok && stat -c %a /etc/tok
RUN --mount=type=secret,id=tok,env=TOK test -n "$TOK" && ls /run/secrets 2>/dev/null || echo "only ${#TOK}"
RUN --mount=type=secret,id=tok,env=TOK,target=/s test "$TOK" = "$(cat /s)
" && echo both
RUN --mount=type=secret,id=gone ls /run/secrets 2>/dev/null || echo none
RUN --mount=type=secret,target=/x/tok cat /x/tok | wc -c
RUN --mount=type=secret,id=from-env cat /run/secrets/from-env | wc -c
RUN ! ls -d /run 2>/dev/null && env | grep -c TOK || :
END
sed -i '/env=TOK,target/{N;d}' d/Dockerfile
if [ "$mounts" = yes ]; then
	FROM_ENV=$marker
	export FROM_ENV
	check 'secrets' build --secret id=tok,src=token --secret id=from-env,env=FROM_ENV
	is 'secret: file, mode, variable, absent, by target, from the environment' "$(said)" \
		"400 0:0 $((${#marker} + 1)) 444 only $((${#marker} + 1)) none $((${#marker} + 1)) ${#marker} 0 "
	unset FROM_ENV
	is 'row 63: the command had its value' "$(rtbuild run m:1 cat /sum)" "$(sha256sum <token)"
	is 'row 63: not in store, logs, layers, work' "$(grep -rlF "$marker" "$RTBUILD_STORE")" ''
	for n in $(seq 1 8); do tar -xOzf "$(layer m:1 "$((n + 1))")" 2>/dev/null; done >all-layers
	is 'row 63: not in a layer, compressed' "$(grep -cF "$marker" all-layers)" 0
	is 'row 63: not in the image' "$(config m:1 | grep -cF "$marker")" 0
	before=$(ran)
	echo "another $marker" >token
	build --secret id=tok,src=token --secret id=from-env,src=token
	is 'row 63: another value does not run it again' "$(ran)" "$before"

	# As `--secret id=tok,src=<(command)` gives it: a pipe, which can be read once only.
	dockerfile <<-'END'
		RUN --mount=type=secret,id=tok cat /run/secrets/tok | wc -c
		RUN --mount=type=secret,id=tok,env=TOK echo "${#TOK}"
	END
	mkfifo pipe
	printf 'through a pipe' >pipe &
	check 'secret: from a pipe' build --secret id=tok,src=pipe
	is 'secret: from a pipe, for every RUN' "$(said)" '14 14 '
	printf 'by descriptor' | {
		exec 9<&0 </dev/null
		build --no-cache --secret id=tok,src=/dev/fd/9
	}
	is 'secret: by descriptor' "$(said)" '13 13 '
	head -c 600000 /dev/zero | {
		exec 9<&0 </dev/null
		build --secret id=tok,src=/dev/fd/9
		echo $? >too.large
	}
	is 'secret: a pipe with more than 500 KiB' "$(cat too.large) $(grep -c '/dev/fd/9: larger than the limit' unsaid)" '3 1'

	# While it runs: nothing on disk, in an argv or in the helper's environment.
	dockerfile <<-'END'
		RUN --mount=type=secret,id=tok --mount=type=secret,id=tok,env=TOK test -s /run/secrets/tok && echo begin && sleep 300
	END
	rtbuild build --progress=plain --secret id=tok,src=token d >sec.out 2>sec.err &
	builder=$!
	wait_for sec.err '   \| begin' >/dev/null || :
	is 'row 63: not in any argv' "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -cFf token)" 0
	is 'row 63: not on the disk while it runs' "$(grep -rlF "$marker" "$RTBUILD_STORE" 2>/dev/null)" ''
	kill -9 $builder
	wait $builder 2>/dev/null
	eventually only_work_left
	is 'row 63: nor after SIGKILL' "$(grep -rlF "$marker" "$RTBUILD_STORE" 2>/dev/null)" ''
	is 'SIGKILL: nothing mounted, nothing running' "$(leftovers | grep -v cache/work)" ''
	if [ "${owners-}" ]; then
		dockerfile <<-'END'
			USER worker
			RUN --mount=type=secret,id=tok,uid=1234,gid=77 stat -c '%a %u:%g' /run/secrets/tok && test -s /run/secrets/tok && cat /run/secrets/tok | wc -l
			RUN --mount=type=secret,id=tok ! cat /run/secrets/tok 2>/dev/null && echo refused
		END
		build --secret id=tok,src=token
		is 'secret: an owner' "$(said)" '400 1234:77 1 refused '
	fi
fi
if [ "$mounts" = no ]; then
	disk=$RTBUILD_STORE
	if [ "$(stat -f -c %T .)" = tmpfs ]; then
		disk=$(mktemp -d /var/tmp/rtbuild-test.XXXXXX)
		at_exit "chmod -R u+rwX $disk; rm -rf $disk"
		cp -R "$RTBUILD_STORE/." "$disk/"
	fi
	refused 'a secret as a file' 8 'd/Dockerfile:2:.*secret as a file' --store "$disk" --secret id=tok,src=token <<-'END'
		RUN --mount=type=secret,id=tok true
	END
	file_has 'the cure' build.err 'env=NAME'
	is 'row 63: it never came to the disk' "$(grep -rlF "$marker" "$disk")" ''
	dockerfile <<-'END'
		RUN --mount=type=secret,id=tok,env=TOK echo "${#TOK}"
	END
	build --secret id=tok,src=token
	is 'secret: as a variable' "$(said)" "$((${#marker} + 1)) "
	# A store in memory may hold one.
	memory=$(mktemp -d /dev/shm/rtbuild-test.XXXXXX)
	at_exit "chmod -R u+rwX $memory; rm -rf $memory"
	cp -R "$RTBUILD_STORE/." "$memory/"
	dockerfile <<-'END'
		RUN --mount=type=secret,id=tok,mode=0440 stat -c %a /run/secrets/tok && cat /run/secrets/tok | wc -c
	END
	build --store "$memory" --secret id=tok,src=token
	is 'secret: as a file in a store in memory' "$(said)" "440 $((${#marker} + 1)) "
	is 'row 63: and it is gone' "$(grep -rlF "$marker" "$memory")" ''
fi
refused 'a required secret' 6 'd/Dockerfile:2:5: .*secret .need' <<'END'
RUN --mount=type=secret,id=need,required true
END
file_has 'the cure' build.err '--secret id=need'
refused 'a secret without a file' 6 'no-such-file' --secret id=x,src=no-such-file <<'END'
RUN true
END
refused 'a secret without a variable' 6 'NOT_SET' --secret id=x,env=NOT_SET <<'END'
RUN true
END
head -c 600000 /dev/zero >large
refused 'a secret too large' 3 'secret .x' --secret id=x,src=large <<'END'
RUN true
END
for bad in src=token id= id=x,what=1 id=x,type=vm id=x,src=a,env=B '"id=x'; do
	exits 2 rtbuild build --secret "$bad" d
	stderr_has 'id=NAME,src=FILE'
done

# --- ssh ---

# ssh-add and what it needs, in the image.
mkdir -p d/ssh
cp /usr/bin/ssh-add d/ssh/
ldd /usr/bin/ssh-add | sed -n 's,.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p' | while read -r library; do
	mkdir -p "d/ssh/lib$(dirname "$library")"
	cp -L "$library" "d/ssh/lib$library"
done
rm -rf d/ssh/lib/lib64 d/ssh/lib/lib/x86_64-linux-gnu/libc.so.6
ssh-keygen -q -t ed25519 -N '' -C "a key" -f key
print=$(ssh-keygen -lf key.pub | cut -d ' ' -f 2)
dockerfile <<'END'
COPY ssh/lib/lib /usr/lib
COPY ssh/ssh-add /usr/bin/
RUN --mount=type=ssh,mode=0640 ssh-add -l | cut -d ' ' -f 2; stat -c '%a %u' "$SSH_AUTH_SOCK"; echo "$SSH_AUTH_SOCK"
RUN --mount=type=ssh,id=second,target=/sock --mount=type=ssh echo "$SSH_AUTH_SOCK"; SSH_AUTH_SOCK=/sock ssh-add -l >/dev/null && echo yes
RUN --mount=type=ssh,id=gone echo "${SSH_AUTH_SOCK-none}"; ls /run/buildkit 2>/dev/null || echo gone
END
check 'ssh: keys' build --ssh default=key --ssh second=key
is 'ssh: an agent of ours has it' "$(said)" \
	"$print 640 0 /run/buildkit/ssh_agent.0 /sock yes none gone "
is 'ssh: no socket in the layer' "$(members "$(layer m:1 -2)$(members "$(layer m:1 -3)")")" '' 2>/dev/null
is 'ssh: our agent is gone' "$(pgrep -f "ssh-agent -D -a $TMP")" ''
eval "$(ssh-agent -a "$TMP/agent.sock")" >/dev/null
at_exit "kill $SSH_AGENT_PID"
ssh-add -q key
check 'ssh: the running agent' build --no-cache --ssh default --ssh "second=$TMP/agent.sock"
is 'ssh: the same key' "$(head -n 1 said)" "$print"
if [ "${owners-}" ]; then
	sed -i '$a USER worker\nRUN --mount=type=ssh,uid=1234 ssh-add -l | cut -d " " -f 2' d/Dockerfile
	check 'ssh: for a user' build --ssh default
	is 'ssh: a user may talk to it' "$(tail -n 1 said)" "$print"
fi
unset SSH_AUTH_SOCK
refused 'a required agent' 6 'd/Dockerfile:2:5: .*agent' <<'END'
RUN --mount=type=ssh,required true
END
refused 'no agent runs' 6 'SSH_AUTH_SOCK' --ssh default <<'END'
RUN true
END
ssh-keygen -q -t ed25519 -N secret-words -f locked
refused 'a key with a passphrase' 3 'ssh-add' --ssh default=locked <<'END'
RUN true
END
refused 'no such key' 6 'no-key' --ssh default=no-key <<'END'
RUN true
END

# --- together ---

dockerfile <<'END'
RUN --mount=type=cache,target=/tmp/made/c --mount=type=tmpfs,target=/var/x/y --mount=source=file,target=/opt/a/b true
RUN --mount=type=cache,target=/tmp/made/c --mount=source=file,target=/opt/a/b touch /opt/mine
END
check 'stubs' build
is 'row 55: a command that does nothing leaves nothing' "$(members "$(layer m:1 -2)")" ''
is 'row 55: one that does leaves its own' "$(members "$(layer m:1 -1)")" 'drwxr-xr-x 0/0 opt/
-rw-r--r-- 0/0 opt/mine'
check 'the store is whole' rtbuild fsck
is 'and nothing stays' "$(leftovers)" ''
finish
