#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docker run, exec, rm: what Lithops' localhost backend calls. Containers have names, outlive the
# command that started them, take further commands, and leave nothing behind.
# shellcheck disable=SC2016 # inner shells expand
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
rtbuild shim install bin >/dev/null 2>&1
PATH=$TMP/bin:$PATH
export PATH
# Where there is but one id, everybody is root: RUN_IDS=one (rootless.sh).
other=7 group=5
[ "${RUN_IDS-}" != one ] || other=0 group=0
at_exit 'docker ps -q | while read -r id; do docker rm -f "$id"; done >/dev/null 2>&1'
check 'the base' docker build -t tiny:1 "$TINY"
# keeper NAME: the process that keeps a container of this test's, by the lock it holds.
keeper() { awk -v inode=":$(stat -c %i "$RTBUILD_STORE/containers/$1/lock")\$" '$6 ~ inode { print $5; exit }' /proc/locks; }

# --- run ---

check 'run' docker run --rm tiny:1 echo hello
stdout_is hello
stderr_empty
exits 3 docker run --rm --entrypoint /bin/sh tiny:1 -c 'exit 3'
exits 127 docker run --rm tiny:1 nosuch
exits 126 docker run --rm tiny:1 /etc
exits 125 docker run --rm --pull=never nosuch:1 true
exits 125 docker run --nope tiny:1 true
exits 125 docker run
exits 125 docker run --gpus all tiny:1 true
stderr_has 'could not select device driver'
exits 125 docker run --privileged tiny:1 true
exits 125 docker run --network mine tiny:1 true
exits 125 docker run --name -x tiny:1 true

mkdir share
printf 'FROM tiny:1\nENTRYPOINT ["/bin/echo", "entry"]\nCMD ["cmd"]\nENV A=image\nWORKDIR /srv\nUSER %s\n' "$other" >Dockerfile.e
docker build -q -t e:1 -f Dockerfile.e . >/dev/null 2>&1
check "the image's command" docker run --rm e:1
stdout_is 'entry cmd'
check "a command behind the image's entry point" docker run --rm e:1 other words
stdout_is 'entry other words'
check '--entrypoint replaces both' docker run --rm --entrypoint=/bin/pwd e:1
stdout_is /srv
check 'user, directory, variables' docker run --rm -u "0:$group" -w /tmp -e A=mine -e B=2 --entrypoint /bin/sh e:1 -c 'id -u; id -g; pwd; echo $A $B'
stdout_is "0
$group
/tmp
mine 2"
printf '# comment\nC=file\n\nD=with blanks\n' >variables
check '--env-file' docker run --rm --env-file variables --entrypoint /bin/sh e:1 -c 'echo $C:$D'
stdout_is 'file:with blanks'
check 'an image by its ID' docker run --rm "$(docker images -q tiny:1)" echo hello
stdout_is hello
check 'what build -q prints' sh -c 'docker run --rm "$(docker build -q "$1")" echo hello' sh "$TINY"
stdout_is hello
check 'a directory of the host' docker run --rm -v "$TMP/share:/data" tiny:1 sh -c 'echo x >/data/made'
is 'is written to' "$(cat share/made)" x
exits 2 docker run --rm -v "$TMP/share:/data:ro" tiny:1 sh -c 'echo x >/data/other'
# --user as the caller: the files are the caller's, whoever that is, and so is what is made.
chmod 700 share
check 'as the caller' docker run --rm -u "$(id -u):$(id -g)" -v "$TMP/share:/data" tiny:1 sh -c 'id -u; id -g; echo mine >/data/mine; cat /data/mine; [ "$(id -u)" = 0 ] || sed -n "s/^CapEff:[[:space:]]*//p" /proc/self/status'
stdout_has "^$(id -u)\$"
is 'what it makes is the caller'"'s" "$(stat -c %u:%g share/mine)" "$(id -u):$(id -g)"
[ "$(id -u)" -eq 0 ] || stdout_has '^0000000000000000$'
check 'stdin with -i' sh -c 'echo piped | docker run --rm -i tiny:1 cat'
stdout_is piped
check 'none without' sh -c 'echo piped | docker run --rm tiny:1 cat'
stdout_empty
check 'no network' docker run --rm --network none tiny:1 sh -c 'grep -c : /proc/net/dev'
stdout_is 1
check 'as Lithops asks for metadata' docker run --name lithops_metadata --user 0:0 --env USER=x --rm \
	-v "$TMP/share:/tmp" --entrypoint sh tiny:1 -c 'echo "{\"python_version\": \"3.11\"}"'
stdout_is '{"python_version": "3.11"}'
check 'nothing is left' docker ps -a
is 'no container' "$(sed 1d "$out")" ''

# --- detached ---

check 'run -d' docker run --name c1 --rm -v "$TMP/share:/data" -e A=its -it --detach --entrypoint=/bin/sh tiny:1
stdout_has '^[0-9a-f]{64}$'
id=$(cat "$out")
check 'it is listed' docker ps
stdout_has "^$(printf %.12s "$id") +tiny:1 .* Up +c1\$"
check 'ps -q' docker ps -q --no-trunc
stdout_is "$id"
check 'exec' docker exec c1 sh -c 'echo in; echo err >&2; echo $A; id -u'
stdout_is 'in
its
0'
stderr_has '^err$'
check 'exec by the beginning of the ID' docker exec "$(printf %.6s "$id")" true
exits 7 docker exec c1 sh -c 'exit 7'
exits 127 docker exec c1 nosuch
check 'options of exec' docker exec -e B=2 -w /tmp -u "$other:$group" c1 sh -c 'pwd; echo $A $B; id -u; id -g'
stdout_is "/tmp
its 2
$other
$group"
[ "${RUN_IDS-}" != one ] || exits 1 docker exec -u 5 c1 true
[ "${RUN_IDS-}" != one ] || stderr_has 'has no id here'
check 'exec -i' sh -c 'echo piped | docker exec -i c1 cat'
stdout_is piped
check 'one root for all' docker exec c1 sh -c 'echo kept >/kept'
check 'seen by the next' docker exec c1 cat /kept
stdout_is kept
check 'its processes are seen' docker exec c1 sh -c 'tr "\0" " " </proc/1/cmdline'
stdout_has '^/bin/sh '
check 'four at once' sh -c 'for i in 1 2 3 4; do docker exec c1 sh -c "echo $i >>/tmp/all" & done; wait'
check 'all have run' docker exec c1 sh -c 'sort /tmp/all | tr -d "\n"'
is 'each once' "$(cat "$out")" 1234
keeper=$(keeper c1)
mapped() { sed -n 's/^VmSize:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$keeper/status"; }
for _ in 1 2 3; do docker exec c1 true; done
before=$(mapped)
for _ in $(seq 25); do docker exec c1 true; done
sanitized || check 'what was served is not kept: 25 stacks would be 200 MB' [ "$(($(mapped) - before))" -lt 100000 ]
exits 125 docker run --name c1 tiny:1 true
stderr_has 'is already in use by container'
exits 1 docker rm c1
stderr_has 'is running'
check 'rm -f' docker rm -f c1
stdout_is c1
check 'once more is fine' docker rm -f c1
stderr_has 'No such container'
exits 1 docker rm c1
exits 1 docker exec c1 true
is 'the name is free, and nothing is left' "$(ls "$RTBUILD_STORE/containers")" ''

# --- ends ---

check 'one that ends by itself' docker run -d --name ended tiny:1 sh -c 'exit 4'
check 'is listed with its status' eventually sh -c 'docker ps -a | grep "Exited (4)"'
exits 1 docker exec ended true
exits 125 docker run --name ended tiny:1 true
check 'until it is removed' docker rm ended
exits 127 docker run -d tiny:1 nosuch
check 'nobody is left' docker ps -a
is 'no container, though' "$(sed 1d "$out")" ''

forever=$((100000 + $$)) # no other test's
check 'one whose keeper is killed' docker run -d --name k1 tiny:1 sleep "$forever"
keeper=$(keeper k1)
kill -9 "$keeper"
check 'is gone' eventually sh -c '[ -z "$(docker ps -qa)" ]'
check 'its processes as well' eventually sh -c "! pgrep -f '^sleep $forever\$'"
check 'and its name is free' docker run --name k1 --rm tiny:1 true

check 'stop' docker run -d --name s1 tiny:1 sleep 1000
check 'ends it' docker stop -t 1 s1
stdout_is s1
check 'and keeps its name' docker ps -a
stdout_has 'Exited \(137\) +s1$'
docker rm s1 >/dev/null
check 'kill' docker run -d --name s1 --rm tiny:1 sleep 1000
check 'ends it too' docker kill s1
is 'with --rm nothing stays' "$(docker ps -qa)" ''

# --- logs, wait, inspect ---

check 'one whose caller reads both streams to their end' \
	timeout 300 sh -c 'docker run -d --name w1 tiny:1 sh -c "echo out; echo err >&2; sleep 1000" 2>&1 | cat >said'
is 'hears its ID alone' "$(grep -cv '^[0-9a-f]\{64\}$' said)" 0
check 'its log' eventually sh -c '[ "$(docker logs w1 | sort | tr "\n" " ")" = "err out " ]'
check 'inspect' docker inspect w1
is 'inspect: the document' "$(jq -c '.[0] | [.Name, .Image, .State]' "$out")" \
	'["/w1","tiny:1",{"Status":"running","Running":true,"ExitCode":0}]'
check 'inspect -f' docker inspect -f '{{.State.Running}} {{.Name}}' w1
stdout_is 'true /w1'
docker wait w1 >waited &
waiting=$!
docker stop w1 >/dev/null
wait "$waiting"
is 'wait: the status' "$(cat waited)" 137
check 'wait: of one that has ended' docker wait w1
stdout_is 137
check 'logs -f ends with it' docker logs -f w1
stdout_has '^err$'
check 'inspect: ended' docker container inspect w1 --format '{{.State.Status}} {{.State.ExitCode}}'
stdout_is 'exited 137'
check 'ps --format, --filter' docker ps -f status=exited -f name=w --format '{{.Names}} {{.Status}}'
stdout_is 'w1 Exited (137)'
check 'ps: of another name' docker ps -aq -f name=nope
stdout_empty
exits 125 docker ps -f colour=red
docker rm w1 >/dev/null
exits 1 docker logs w1
exits 1 docker wait w1
exits 1 docker inspect w1
stderr_has 'No such object: w1'
exits 127 docker run -d tiny:1 nosuch
stderr_has 'executable file not found'
exits 127 docker run -dt tiny:1 nosuch
stderr_has 'executable file not found'
exits 125 docker run -d -u nobody-of-that-name tiny:1 true
stderr_has 'not in the image'

check 'an exec that outlives its caller' docker run -d --name o1 --rm tiny:1 sleep 1000
docker exec o1 sh -c 'echo >/began; until [ -e /go ]; do sleep 0.1; done; echo done >/late' &
caller=$!
check 'begins' eventually docker exec o1 ls /began
kill -TERM "$caller"
wait "$caller"
is 'its caller is gone' "$?" 130
check 'what it waits for' docker exec o1 touch /go
check 'comes to its end' eventually docker exec o1 ls /late
docker rm -f o1 >/dev/null

docker run --rm --name f1 tiny:1 sleep 1000 &
caller=$!
check 'one in the foreground is listed' eventually sh -c '[ -n "$(docker ps -q)" ]'
kill -INT "$caller"
wait "$caller"
is 'an interruption ends it' "$?" 130
is 'nothing of it is left' "$(docker ps -qa)" ''
is 'no process, mount or file' "$(leftovers)" ''
check 'the store is clean' rtbuild fsck
finish
