#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Commands in images: RUN steps and `rtbuild run`, as whoever runs this test (rootless.sh runs it
# again as an ordinary user). What they see, what becomes a layer, what is kept of their output, and
# that nothing stays behind however they end.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# RUN_IDS=one: who runs this has a single id, so that there is nobody but root in a sandbox.
[ "${RUN_IDS-many}" = one ] || owners=yes
# RUN_MOUNTS=no: nothing can be mounted, so that the root is a copy, /proc is empty, and what takes
# namespaces cannot be had.
mounts=${RUN_MOUNTS-yes}

need_tiny
check 'the base' rtbuild build -t tiny:1 "$TINY"

# dockerfile: from stdin, in the directory d.
dockerfile() {
	mkdir -p d
	cat >d/Dockerfile
}

# Of a line that is too long to show the beginning is shown.
dockerfile <<'END'
FROM tiny:1
RUN printf 'begin%03000dend\n' 0
END
check 'a RUN with a long line' rtbuild build --progress=plain -t long:1 d
stderr_has '^   \| begin0{1900}'

# content NAME N PATH: of a file of a layer.
content() { tar -xOzf "$(layer "$1" "$2")" "$3"; }

# --- RUN: what it sees and what it leaves ---

dockerfile <<'END'
FROM tiny:1
ARG WHO=world
ENV GREETING=hello
WORKDIR /srv
RUN echo "$GREETING $WHO" >out && pwd >cwd && id -u >uid && umask >mask && echo "$HOME" >home && env | sort >env
RUN ["touch", "exec form"]
USER worker
RUN id -u >/tmp/u; id -G >/tmp/g; echo "$HOME" >/tmp/h
USER root
RUN rm /usr/bin/expr && chown 1234:77 out && chmod 4711 cwd
RUN mkdir /new && ln -s /srv/out /new/link && touch /new/a && ln /new/a /new/b
RUN rm -r /home && mkdir /home && touch /home/fresh
RUN true
USER 4321
RUN id -u >/tmp/number
END
[ "${owners-}" ] || sed -i 's/^USER .*/USER root/; s/chown 1234:77/chown 0:0/' d/Dockerfile
check 'RUN steps' rtbuild build -t r/run:1 --build-arg WHO=you d
stdout_has '^r/run@sha256:[0-9a-f]{64}$'
is 'stdout is one line' "$(wc -l <"$out")" 1
is 'a layer for each RUN and WORKDIR' "$(manifest r/run:1 | jq '.layers | length')" 10
is 'environment and arguments' "$(content r/run:1 3 srv/out)" 'hello you'
is 'working directory' "$(content r/run:1 3 srv/cwd)" /srv
is 'root by default' "$(content r/run:1 3 srv/uid)" 0
is 'umask' "$(content r/run:1 3 srv/mask)" 0022
is 'HOME' "$(content r/run:1 3 srv/home)" /root
is 'nothing of our environment' "$(content r/run:1 3 srv/env | cut -d = -f 1 | grep -vx 'GREETING\|HOME\|PATH\|PWD\|WHO\|HOSTNAME' | tr '\n' ' ')" ''
is 'exec form' "$(members "$(layer r/run:1 4)" | grep -c 'srv/exec form$')" 1
if [ "${owners-}" ]; then
	is 'USER by name: uid, groups, home' "$(content r/run:1 5 tmp/u; content r/run:1 5 tmp/g; content r/run:1 5 tmp/h)" '1234
1235 77
/home/worker'
	is 'USER owns its files' "$(members "$(layer r/run:1 5)" | grep tmp/u)" '-rw-r--r-- 1234/1235 tmp/u'
	is 'USER by number' "$(content r/run:1 10 tmp/number)" 4321
	is 'row 72: an owner of the container' "$(members "$(layer r/run:1 6)" | grep srv/out)" '-rw-r--r-- 1234/77 srv/out'
fi
is 'the sticky bit of /tmp survives' "$(members "$(layer r/run:1 5)" | grep 'tmp/$')" 'drwxrwxrwt 0/0 tmp/'
is 'a deleted file is a whiteout' "$(members "$(layer r/run:1 6)" | grep -v '/$\|srv/out')" \
	'-rws--x--x 0/0 srv/cwd
-rw-r--r-- 0/0 usr/bin/.wh.expr'
is 'links' "$(members "$(layer r/run:1 7)" | grep new/)" 'drwxr-xr-x 0/0 new/
-rw-r--r-- 0/0 new/a
hrw-r--r-- 0/0 new/b link to new/a
lrwxrwxrwx 0/0 new/link -> /srv/out'
is 'a directory made anew hides the old one' "$(members "$(layer r/run:1 8)" | grep 'home/' | awk '{ print $3 }' | tr '\n' ' ')" \
	'home/ home/.wh..wh..opq home/fresh '
is 'RUN true changes nothing: no stubs, no touched directories' "$(members "$(layer r/run:1 9)")" ''
# shellcheck disable=SC2016 # the $ is the Dockerfile's
is 'history says RUN and its arguments' "$(config r/run:1 | jq -r '.history[].created_by' | grep -c 'WHO=you.*echo "\$GREETING')" 1
check 'umoci applies the layers' sh -c "umoci unpack --rootless --image '$RTBUILD_STORE:docker.io/r/run:1' '$TMP/bundle' >&2"
is 'umoci: the whiteout worked' "$(ls bundle/rootfs/usr/bin/expr 2>/dev/null)$(ls bundle/rootfs/home)" fresh
chmod -R u+rwX bundle && rm -rf bundle

rtbuild logs list --json | jq length >before
check 'RUN steps again' rtbuild build -t r/run:2 --build-arg WHO=you d
is 'again: same digest' "$(digest_of r/run:2)" "$(digest_of r/run:1)"
is 'again: nothing was run' "$(rtbuild logs list --json | jq length)" "$(cat before)"
check 'another argument' rtbuild build -t r/run:3 --build-arg WHO=me d
is 'another argument: run again' "$(content r/run:3 3 srv/out)" 'hello me'
printf 'FROM tiny:1\nRUN mktemp /tmp/XXXXXX >/id\n' | dockerfile
rtbuild build -q -t r/u:1 d >/dev/null
rtbuild build -q -t r/u:2 d >/dev/null
rtbuild build -q --no-cache -t r/u:3 d >/dev/null
is 'a cached step is not run again' "$(digest_of r/u:2)" "$(digest_of r/u:1)"
is '--no-cache runs it again' "$([ "$(digest_of r/u:3)" != "$(digest_of r/u:1)" ] && echo differs)" differs

# --- a RUN that fails ---

printf 'FROM tiny:1\nRUN true\nRUN echo first; seq 1 30; echo to stderr >&2; exit 7\n' | dockerfile
exits 10 rtbuild build -t r/failed:1 d
stdout_empty
stderr_has 'd/Dockerfile:3:[0-9]+: .*(status|exit).* 7'
stderr_has '^ *3 \| RUN echo first'
stderr_has '30'
stderr_has 'to stderr'
stderr_has "$RTBUILD_STORE/logs/.*\.log|rtbuild logs show"
is 'no image of it' "$(digest_of r/failed:1)" ''
check 'its log' rtbuild logs show
is 'its log is whole' "$(sort "$out" | md5sum)" "$({ echo first; seq 1 30; echo to stderr; } | sort | md5sum)"
is 'its log is listed with the status' "$(rtbuild logs list --json | jq -r '.[-1] | [.kind, (.status | tostring)] | join(" ")')" 'build 7'
exits 10 rtbuild build -q -t r/failed:1 d
stderr_has 'to stderr'
printf 'FROM tiny:1\nRUN no-such-program\n' | dockerfile
exits 10 rtbuild build d
stderr_has '127'
printf 'FROM tiny:1\nUSER nobody-here\nRUN true\n' | dockerfile
fails 'USER that does not exist' rtbuild build d
stderr_has 'd/Dockerfile:[23]:[0-9]+: .*nobody-here'
printf 'FROM scratch\nRUN true\n' | dockerfile
fails 'RUN in an empty image' rtbuild build d
stderr_has 'd/Dockerfile:2:1: '

# --- rtbuild run: status, streams, options ---

check 'run' rtbuild run tiny:1 echo hello
stdout_is hello
exits 7 rtbuild run tiny:1 sh -c 'echo out; echo err >&2; exit 7'
stdout_is out
stderr_has '^err$'
exits 143 rtbuild run tiny:1 sh -c 'sh -c "kill -TERM \$\$; sleep 5"; exit $?'
exits 127 rtbuild run tiny:1 no-such-program
stderr_has 'no-such-program'
exits 126 rtbuild run tiny:1 /etc/passwd
exits 6 rtbuild run --user nobody-here tiny:1 true
stderr_has 'nobody-here'
exits 2 rtbuild run tiny:1
stderr_has 'no command'
# As with docker, all behind IMAGE is the command's.
run rtbuild run --entrypoint echo tiny:1 -n --user x
is 'options behind IMAGE are the command'"'"'s' "$status $(cat "$out")" '0 --user x'
# shellcheck disable=SC2016 # a script of its own, here and below
run rtbuild run -e A=1 -e FROM_HERE -e NOT_SET tiny:1 sh -c 'echo "$A-$FROM_HERE-${NOT_SET-unset}"'
stdout_is '1--unset'
# shellcheck disable=SC2016
run env FROM_HERE=x rtbuild run -e FROM_HERE tiny:1 sh -c 'echo "$FROM_HERE"'
stdout_is x
run rtbuild run -w /usr/bin tiny:1 pwd
stdout_is /usr/bin
run rtbuild run -w /made/for/this tiny:1 pwd
stdout_is /made/for/this
if [ "${owners-}" ]; then
	run rtbuild run -u worker tiny:1 id
	stdout_has '^uid=1234\(worker\) gid=1235\(worker\) groups=1235\(worker\),77\(extra\)$'
	run rtbuild run -u 5:6 tiny:1 id -u
	stdout_is 5
else
	exits 8 rtbuild run -u worker tiny:1 id
	stderr_has 'give this user a range'
fi
mkdir shared && echo mine >shared/file
if [ "$mounts" = no ]; then
	exits 8 rtbuild run -v "$TMP/shared:/mnt/in" tiny:1 true
	stderr_has 'read-only'
	run rtbuild run -v "$TMP/shared:/mnt/in:ro" tiny:1 sh -c 'cat /mnt/in/file; echo lost >/mnt/in/file'
	stdout_is mine
	is 'a read-only volume is a copy' "$(cat shared/file)" mine
	run rtbuild run -v shared/file:/etc/one-file:ro tiny:1 cat /etc/one-file
	stdout_is mine
else
	run rtbuild run -v "$TMP/shared:/mnt/in" tiny:1 sh -c 'cat /mnt/in/file; echo new >/mnt/in/made'
	stdout_is mine
	is 'a volume is written to' "$(cat shared/made)" new
	fails 'a read-only volume is not' rtbuild run -v "$TMP/shared:/mnt/in:ro" tiny:1 touch /mnt/in/no
	is 'nothing was written' "$(find shared -type f | sort | tr '\n' ' ')" 'shared/file shared/made '
	run rtbuild run -v shared/file:/etc/one-file tiny:1 cat /etc/one-file
	stdout_is mine
fi
exits 2 rtbuild run -v /no/such/place:/x tiny:1 true
run sh -c 'echo from stdin | rtbuild run -i tiny:1 cat'
stdout_is 'from stdin'
run sh -c 'echo from stdin | rtbuild run tiny:1 cat'
stdout_empty
run rtbuild run --entrypoint echo tiny:1 with entrypoint
stdout_is 'with entrypoint'
run rtbuild run tiny:1 sh -c 'echo "$@"' sh -v --user x
stdout_is '-v --user x'
exits 137 rtbuild run --timeout 1 tiny:1 sleep 60
stderr_has 'killed after 1 s'

# What the command line gives every RUN.
dockerfile <<'END'
FROM tiny:1
RUN tail -n +3 /etc/hosts | tr '\n\t' '; '
RUN ulimit -n && ulimit -H -n && ulimit -c
END
given() { rtbuild build --progress=plain -t given:1 "$@" d; }
check 'hosts and limits' given --add-host db:10.0.0.5 --add-host 'six=[0:0::1]' --add-host old:::ffff:1.2.3.4 --ulimit nofile=100:200 --ulimit core=0
is 'a RUN sees them' "$(sed -n 's/^   | //p' "$err" | tr '\n' ' ')" '10.0.0.5 db;::1 six;1.2.3.4 old; 100 200 0 '
is 'and no layer holds them' "$(members "$(layer given:1 -1)")$(members "$(layer given:1 -2)")" ''
check 'an address is none of the key' given --add-host db:10.0.0.6 --add-host six=::2 --add-host old:1.1.1.1 --ulimit nofile=100:200 --ulimit core=0
is 'as with BuildKit' "$(grep -c cached "$err")" 2
check 'a name is' given --add-host other:10.0.0.6 --ulimit nofile=100:200 --ulimit core=0
is 'both ran' "$(grep -c cached "$err")" 0
check 'a limit is' given --add-host other:10.0.0.6 --ulimit nofile=100:100 --ulimit core=0
is 'both ran again' "$(grep -c cached "$err")" 0
check 'nothing given' given
stderr_hasnt ' 10.0.0'
if [ "$(id -u)" -eq 0 ] && [ "$mounts" = yes ]; then
	for isolation in oci builtin; do
		check "limits without an end: $isolation" given --no-cache --isolation "$isolation" --ulimit core=-1 --ulimit nofile=100
		is "none is none: $isolation" "$(sed -n 's/^   | //p' "$err" | tail -n 3 | tr '\n' ' ')" '100 100 unlimited '
	done
fi
dockerfile <<'END'
FROM tiny:1
RUN seq 200000 2>/dev/null >/dev/shm/x || stat -c %s /dev/shm/x
END
if [ "$mounts" = yes ]; then
	check '--shm-size' given --shm-size 64k
	stderr_has '   \| 65536'
	check 'docker gives 64 MiB' given
	stderr_hasnt '   \| '
else
	exits 8 given --shm-size 64k
	stderr_has 'leave --shm-size out'
fi
# A RUN's own network decides, but none takes what the command line withheld.
dockerfile <<'END'
FROM never.invalid/unused
RUN --network=host true
FROM tiny:1 AS wants
RUN --network=default true
RUN --network=host true
FROM tiny:1 AS content
RUN --network=none true
END
exits 3 given --network none --target wants
stderr_has 'Dockerfile:5:5.*given no network'
stderr_has '--allow network.host'
check 'allowed' given --network none --target wants --allow network.host
check 'not needed under the host'"'"'s' given --target wants
check 'nor by a stage that is not built' given --network none
printf 'FROM tiny:1\nONBUILD RUN --network=host true\n' >Trigger
check 'a trigger' rtbuild build -q -t trigger:1 -f Trigger d
printf 'FROM trigger:1\n' >Trigger
exits 3 rtbuild build --network none -f Trigger d
stderr_has 'given no network'
for wrong in 'add-host db' 'add-host db:' 'add-host :1.2.3.4' 'add-host db:1.2.3' 'add-host d#b:1.2.3.4' 'ulimit nofile' 'ulimit nofile=x' \
	'ulimit nofile=2:1' 'ulimit nofiles=1' 'shm-size 1x' 'shm-size 0' 'allow network.hots'; do
	exits 2 rtbuild build "--${wrong%% *}" "${wrong#* }" d
done
stderr_has 'did you mean network.host'
exits 8 rtbuild build --add-host db:host-gateway d
stderr_has '127.0.0.1'
exits 8 rtbuild build --allow device=nvidia.com/gpu d
stderr_has '--security=insecure'

# RUN --security=insecure: all rights of who builds, when the command line allows it. As whom the command runs does not matter.
dockerfile <<'END'
FROM never.invalid/unused
RUN --security=insecure true
FROM tiny:1 AS wants
USER 1
RUN --security=sandbox sed -n 's/^CapEff:.*[1-9a-f]/sandboxed with rights/p; s/^Seccomp:.*2/filtered/p' /proc/self/status
RUN --security=insecure sed -n 's/^CapEff://p; s/^CapBnd://p; s/^Seccomp:.*0/unfiltered/p' /proc/self/status
USER root
RUN --security=insecure [ "$(grep -c ' /proc/sys ' /proc/self/mounts)" = protected ] || ! grep ' /proc/sys ' /proc/self/mounts
FROM tiny:1 AS content
END
[ "${owners-}" ] || sed -i 's/^USER 1/USER root/; s/sandboxed with rights//' d/Dockerfile
# As many as this machine itself has: in a container /proc/sys may be one already.
sed -i "s/= protected/= $(grep -c ' /proc/sys ' /proc/self/mounts)/" d/Dockerfile
exits 3 given --target wants
stderr_has 'Dockerfile:6:5.*--security=insecure.*does not allow it'
stderr_has '--allow security.insecure'
check 'not needed by a stage that is not built' given
# The command's effective set, its bounding set, if they differ, and whether there is a filter.
rights() { sed -n '/ > .*insecure sed/,/ + .*insecure sed/s/^   | //p' "$err" | tr -d ' \t' | uniq | tr '\n' ' '; }
if [ "$mounts" = yes ]; then
	isolations=builtin
	# A machine that withholds devices from us has a runtime that cannot give them all.
	[ "$(id -u)" -ne 0 ] || grep -qsv '^a' /sys/fs/cgroup/devices/devices.list || isolations='builtin oci'
	for isolation in $isolations; do
		check "allowed: $isolation" given --no-cache --isolation "$isolation" --target wants --allow security.insecure
		is "all rights and no filter: $isolation" "$(rights | sed 's/^[0-9a-f]*[1-9a-f][0-9a-f]* //')" 'unfiltered '
		stderr_has '   \| filtered'
		stderr_hasnt '   \| sandboxed'
	done
	check 'the same again' given --target wants --allow security.insecure
	is 'is cached' "$(grep -c 'cached (' "$err")" 3
	sed -i 's/--security=insecure/--security=sandbox/' d/Dockerfile
	exits 10 given --target wants
	stderr_has '   \| proc /proc/sys proc ro'
fi
if [ "$mounts" = yes ] && [ "$(id -u)" -eq 0 ]; then
	# Beside the base's own C library.
	with_libraries() {
		mkdir -p d/bin
		cp "$1" d/bin/
		ldd "$1" | grep -o '/[^ ]*' | grep -v '/ld-\|/libc\.so' | xargs -r cp -L -t d/bin
	}
	# A device of the image's own, as debootstrap makes and uses them.
	with_libraries /bin/mknod
	printf 'FROM tiny:1\nCOPY bin /usr/lib/x\nENV LD_LIBRARY_PATH=/usr/lib/x\nRUN --security=insecure /usr/lib/x/mknod /null c 1 3 && echo >/null && [ -c /null ] && rm /null && ls /dev && { (: </dev/kmsg) && echo opened || :; }\n' | dockerfile
	for isolation in $isolations; do
		check "a device: $isolation" given --no-cache --isolation "$isolation" --allow security.insecure
		for node in fuse kvm loop-control loop0 net; do
			[ ! -e "/dev/$node" ] || stderr_has "   \\| $node\$"
		done
		# shellcheck disable=SC2188 # to see whether it opens
		! (: </dev/kmsg) 2>/dev/null || stderr_has '   \| opened'
	done
	# What it mounts ends with it, also where nothing but a changed root isolates it.
	with_libraries /bin/mount
	printf 'FROM tiny:1\nCOPY bin /usr/lib/x\nENV LD_LIBRARY_PATH=/usr/lib/x\nRUN --security=insecure mkdir /m && /usr/lib/x/mount -t tmpfs none /m && touch /m/x\n' | dockerfile
	for isolation in $isolations chroot; do
		check "a mount: $isolation" given --no-cache --isolation "$isolation" --allow security.insecure
		is "is not in the layer: $isolation" "$(members "$(layer given:1 -1)" | awk '{ print $3 }')" m/
		is "and is gone: $isolation" "$(leftovers)" ''
	done
fi

if [ "$mounts" = no ]; then
	run rtbuild run --verbose --network none tiny:1 echo ran
	stdout_is ran
	stderr_has '--network none is a system call filter'
	mkdir -p net/lib && cp /bin/bash net/ && cp -L "$(ldd /bin/bash | awk '/libtinfo/ { print $3 }')" net/lib/
	printf 'FROM tiny:1\nCOPY bash /usr/bin/\nCOPY lib /usr/lib/\nENV LD_LIBRARY_PATH=/usr/lib\n' >net/Dockerfile
	check 'a shell that makes sockets' rtbuild build -q -t net:1 net
	run rtbuild run net:1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9'
	stderr_has 'Connection refused'
	run rtbuild run --network none net:1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9'
	stderr_has 'Address family not supported'
else
	run rtbuild run --network none tiny:1 sh -c 'tail -n +3 /proc/net/dev | tr -d " " | cut -d : -f 1'
	stdout_is lo
fi
printf 'FROM tiny:1\nENTRYPOINT ["echo", "from"]\nCMD ["the", "image"]\n' | dockerfile
rtbuild build -q -t r/own:1 d >/dev/null
run rtbuild run r/own:1
stdout_is 'from the image'
run rtbuild run r/own:1 echo mine alone
stdout_is 'mine alone'
run rtbuild run tiny:1 sh -c 'touch /changed && ls /changed'
stdout_is /changed
fails 'changes are thrown away' rtbuild run tiny:1 ls /changed
run rtbuild run tiny:1 sh -c 'cat /usr/bin/* | head -c 3000000'
is 'binary output, whole' "$(wc -c <"$out")" 3000000

# --- isolation ---

if [ "$mounts" = no ]; then
	check 'chroot is picked, and why' rtbuild run --verbose tiny:1 true
	stderr_has 'nothing can be mounted'
	stderr_has 'chroot: probe ok'
	exits 8 rtbuild run --isolation builtin tiny:1 true
	exits 8 rtbuild run --isolation oci tiny:1 true
	run rtbuild run --isolation chroot tiny:1 sh -c 'echo x >/dev/null && ls /dev/null'
	stdout_is /dev/null
else
	run rtbuild run tiny:1 sh -c 'echo /proc/[0-9]*'
	is 'it sees its own processes alone' "$(wc -w <"$out")" 1
	run rtbuild run tiny:1 sh -c 'ls -d /proc/self /dev/null /dev/urandom /dev/shm /sys'
	is 'proc, dev and sys are there' "$(wc -l <"$out")" 5
	run rtbuild run tiny:1 grep CapEff /proc/self/status
	is 'capabilities: the usual ones' "$(awk '{ print $2 }' "$out")" 00000000a80425fb
	if [ "${owners-}" ]; then
		run rtbuild run -u worker tiny:1 grep CapEff /proc/self/status
		is 'capabilities: none for a user' "$(awk '{ print $2 }' "$out")" 0000000000000000
	fi
	run rtbuild run tiny:1 grep -E 'NoNewPrivs|Seccomp:' /proc/self/status
	is 'a system call filter' "$(awk '/Seccomp/ { print $2 }' "$out")" 2
	fails 'kernel settings are not writable' rtbuild run tiny:1 sh -c 'echo 1 >/proc/sys/vm/drop_caches'
fi
fails 'the host is out of reach' rtbuild run tiny:1 ls "$TMP"
[ "$mounts" = no ] || for how in builtin auto; do
	run rtbuild run --isolation "$how" tiny:1 id -u
	stdout_is 0
done
run rtbuild run -v --isolation auto tiny:1 true
exits 2 rtbuild run --isolation vm tiny:1 true
check 'verbose says what was chosen' rtbuild run --verbose tiny:1 true
stderr_has 'crun|runc|built-in|builtin'
run rtbuild run tiny:1 sh -c 'sleep 300 & echo left'
stdout_is left
is 'what a command leaves running dies with it' "$(leftovers)" ''

# --- logs ---

rtbuild run tiny:1 sh -c 'echo one; echo two >&2; exit 3' >/dev/null 2>&1
check 'logs list' rtbuild logs list
is 'the newest is last' "$(tail -n 1 "$out" | grep -c 'exit 3 .*run .*sh -c echo one')" 1
run rtbuild logs show
is 'logs show: both streams' "$(sort "$out" | tr '\n' ' ')" 'one two '
stderr_has 'exit status 3'
id=$(rtbuild logs list --json | jq -r '.[-1].id')
check 'logs show ID' rtbuild logs show "$id"
is 'a log is not readable by others' "$(stat -c %a "$RTBUILD_STORE/logs/$id.log" | tail -c 2)" 0
exits 6 rtbuild logs show no-such-id
rtbuild run tiny:1 sh -c 'echo begin; while [ ! -e /mnt/go ]; do sleep 0.1; done; echo end' >run.out 2>run.err &
runner=$!
wait_for run.out begin >/dev/null || :
kill "$runner"
wait "$runner" && code=0 || code=$?
is 'SIGTERM ends a run' "$code" 130
is 'and all it did' "$(leftovers)" ''
is 'its log says so' "$(rtbuild logs list | tail -n 1 | grep -c interrupted)" 1
rm run.out run.err
if [ "$mounts" = yes ]; then
	rtbuild run -v "$TMP/shared:/mnt" tiny:1 sh -c 'echo begin; while [ ! -e /mnt/go ]; do sleep 0.1; done; echo end' >run.out 2>run.err &
	runner=$!
	wait_for run.out begin >/dev/null || :
	is 'a running command is listed so' "$(rtbuild logs list | tail -n 1 | grep -c running)" 1
	rtbuild logs poll >poll.out 2>poll.err &
	poller=$!
	wait_for poll.out begin >/dev/null || :
	touch shared/go
	wait "$runner" && code=0 || code=$?
	is 'the run ends' "$code" 0
	wait "$poller" && code=0 || code=$?
	is 'logs poll ends with it' "$code $(tr '\n' ' ' <poll.out)" '0 begin end '
fi

# --- interruption ---

# interrupted NAME SIGNAL WANTED: a build in the middle of a RUN is sent a signal.
interrupted() {
	printf 'FROM tiny:1\nRUN echo "it runs"; echo half >/half; sleep 300\n' | dockerfile
	before=$(find "$RTBUILD_STORE/blobs" -type f | sort | md5sum)
	rm -f build.out build.err
	rtbuild build --progress=plain -t r/int:1 d >build.out 2>build.err &
	builder=$!
	wait_for build.err 'it runs$' >/dev/null || :
	kill "-$2" "$builder"
	wait "$builder" && code=0 || code=$?
	is "$1: exit status" "$code" "$3"
	eventually only_work_left
	is "$1: no mount, no process" "$(leftovers | grep -v cache/work)" ''
	is "$1: no image" "$(digest_of r/int:1)" ''
	is "$1: no blob" "$(find "$RTBUILD_STORE/blobs" -type f | sort | md5sum)" "$before"
}
interrupted 'SIGINT' INT 130
is 'SIGINT: it says so' "$(grep -c 'rtbuild: .*interrupted' build.err)" 1
is 'SIGINT: no work left' "$(leftovers)" ''
check 'SIGINT: the store is whole' rtbuild fsck
interrupted 'SIGTERM' TERM 130
is 'SIGTERM: no work left' "$(leftovers)" ''
interrupted 'SIGKILL' KILL 137
check 'SIGKILL: the next command works' rtbuild run tiny:1 true
is 'SIGKILL: and has swept' "$(leftovers)" ''
check 'SIGKILL: the store is whole' rtbuild fsck

# all_of PID: it and everything it started.
all_of() {
	echo "$1"
	for child in $(pgrep -P "$1"); do all_of "$child"; done
}
if [ "$mounts" = yes ] && [ "$(id -u)" -eq 0 ]; then
	# An OCI runtime makes cgroups; when all of us are killed at once nobody removes them.
	rtbuild run --isolation oci tiny:1 sh -c 'echo begin; sleep 300' >oci.out 2>oci.err &
	runner=$!
	wait_for oci.out begin >/dev/null || :
	id=$(ls "$RTBUILD_STORE/cache/work")
	cgroups() { find /sys/fs/cgroup -maxdepth 2 -name "rtbuild-$id" 2>/dev/null; }
	is 'OCI: of this run' "$([ -n "$(cgroups)" ] && echo yes)" yes
	# shellcheck disable=SC2046 # a list
	kill -9 $(all_of $runner)
	wait $runner 2>/dev/null
	eventually only_work_left
	is 'OCI: all killed, nothing runs' "$(leftovers | grep -v cache/work)" ''
	check 'OCI: the next command' rtbuild run --isolation oci tiny:1 true
	is 'OCI: has swept the work' "$(leftovers)" ''
	is 'OCI: and the cgroups' "$(cgroups)" ''
fi
finish
