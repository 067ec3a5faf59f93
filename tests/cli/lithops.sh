#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every call of docker that an unmodified Lithops makes (tests/lithops/argv), replayed in the order of its
# runs with what a run leaves for the next: names of images, logins, containers.
# shellcheck disable=SC2016 # inner shells expand
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
rtbuild shim install bin >/dev/null 2>&1
PATH=$TMP/bin:$PATH
# The client's files are in /tmp/lithops-USER, which containers see as /tmp: that cannot be elsewhere.
USER=rtbuild$$
work=/tmp/lithops-$USER
export PATH USER
mkdir "$work" ctx
at_exit "rm -rf '$work'"
at_exit 'docker ps -q | while read -r id; do docker rm -f "$id"; done >/dev/null 2>&1'
start_registry htpasswd
printf '%s' "$REGISTRY_PASSWORD" >pw

# A runtime whose python3 is a shell, and the client's runner, which says where it ran and as whom.
cp "$TINY"/* .
cat >>Dockerfile <<'END'
RUN ln -s sh /bin/bash
COPY --chmod=755 <<'EOF' /bin/python3
#!/bin/sh
[ "$1" != -m ] || exec echo python3 "$@"
exec /bin/sh "$@"
EOF
END
check 'a runtime' docker build -t runtime:1 .
cat >"$work/localhost-runner.py" <<'END'
case $1 in
get_metadata) echo '{"preinstalls": [], "python_version": "3.11", "lithops_version": "3.7.1"}' ;;
run_job) echo "$(id -u) $2" >>"/tmp/lithops-$USER/ran" ;;
esac
END
printf 'FROM scratch\nARG A=0\nLABEL a=$A\nCOPY f /\n' >ctx/Dockerfile
cp ctx/Dockerfile ctx/Dockerfile.plain
echo f >ctx/f

# call WORDS: in the shell's quoting, with placeholders.
call() {
	eval "set -- $(printf '%s' "$1" | sed -e "s,@REGISTRY@,$REGISTRY,g" -e "s,@USER@,$REGISTRY_USER,g" \
		-e 's,@PASSWORD@,"$REGISTRY_PASSWORD",g' -e "s,@CTX@,$TMP/ctx,g" -e "s,@ME@,$USER,g" -e 's,@VERSION@,371dev0,g' \
		-e 's,@RUNTIME@,runtime:1,g' -e "s,@UID@,$(id -u),g" -e "s,@GID@,$(id -g),g" -e 's,@HEX@,0a1b2c,g')"
	(cd ctx && exec docker "$@" <"$TMP/pw")
}

rows=0
while IFS= read -r line; do
	case $line in '#'* | '') continue ;; esac
	name=${line%%|*} calls=${line#*|} jobs=0
	rows=$((rows + 1))
	: >"$work/ran"
	while [ -n "$calls" ]; do
		words=${calls%%|*}
		[ "$words" = "$calls" ] && calls='' || calls=${calls#*|}
		check "$name: docker $words" call "$words"
		case $words in
		*get_metadata*) is "$name: one JSON document and nothing else" "$(jq -s -c 'map(.python_version)' "$out")" '["3.11"]' ;;
		*' run_job '*) jobs=$((jobs + 1)) ;;
		*' -m pip '*) stdout_is 'python3 -m pip install -U -t . -r requirements.txt' ;;
		info) is "$name: it is not the other engine" "$(grep -ci podman "$out" "$err")" "$out:0
$err:0" ;;
		push\ *) stdout_has 'digest: sha256:[0-9a-f]{64}' ;;
		*) ;;
		esac
	done
	is "$name: each job ran as the caller" "$(grep -c "^$(id -u) [a-z/]" "$work/ran")" "$jobs"
	is "$name: no container stays" "$(docker ps -qa)" ''
done <"$ROOT/tests/lithops/argv"
is 'every run is there' "$rows" "$(grep -c '^[a-z]' "$ROOT/tests/lithops/argv")"

# What the runs were to bring about.
check 'an argument of the build' docker pull "$REGISTRY/team/knative:1.0"
is 'is in the image' "$(config "$REGISTRY/team/knative:1.0" | jq -r .config.Labels.a)" 1
is 'the last platform counts' "$(config "$REGISTRY/ns/myrt:3.0" | jq -r .architecture)" arm64
for name in team/k8s team/openwhisk lithops_v371dev0_abcd/myrt bob/lithops-aliyunfc-myrt ns/myrt; do
	check "$name is in the registry" curl -sf -u "$REGISTRY_USER:$REGISTRY_PASSWORD" "http://$REGISTRY/v2/$name/tags/list"
done
is 'no process, mount or file' "$(leftovers)" ''
finish
