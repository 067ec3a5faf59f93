#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Logins in all their forms, client certificates, proxies, auth explain; and that no credential is seen
# anywhere but where it belongs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Every command's output is kept, to be searched in the end; so is what helpers are given.
said=$TMP/said
check_output() { cat "$out" "$err" >>"$said"; }
run() {
	last_command=$(spoken "$@")
	status=0
	"$@" >"$out" 2>"$err" || status=$?
	check_output
}

printf 'FROM scratch\nCOPY file /\n' >Dockerfile
seq 1 1000 >file
check 'an image' rtbuild build -t me/rt:1 .
login() { printf '%s\n' "$REGISTRY_PASSWORD" | rtbuild login -v -u "$REGISTRY_USER" --password-stdin "$@"; }
forget() { rm -rf docker/config.json "$RTBUILD_STORE/cache/hosts"; }
push() { rtbuild push -v "$@" me/rt:1 "$REGISTRY/me/rt:1"; }
stored() { jq -r --arg host "$REGISTRY" ".auths[\$host].$1" docker/config.json; }

# --- tokens ---

REGISTRY_LOGIN="robot\$my-project+ci"
TOKEN_OPTIONS=
start_registry token
check 'login: a name with $ and +' login "$REGISTRY"
is 'login: kept with its $ and +' "$(stored auth | base64 -d)" "$REGISTRY_USER:$REGISTRY_PASSWORD"
is 'login: for its owner alone' "$(stat -c %a docker/config.json)" 600
: >"$TOKEN_LOG"
check 'push' push
is 'one token, for pull and push at once' "$(cat "$TOKEN_LOG")" "GET $REGISTRY_USER 200 repository:me/rt:pull,push"
: >"$TOKEN_LOG"
check 'a name of the registry in the store' rtbuild tag me/rt:1 "$REGISTRY/me/rt:1"
: >"$TOKEN_LOG"
check 'to a second repository' rtbuild push "$REGISTRY/me/rt:1" "$REGISTRY/second/rt:1"
is 'both scopes in one token, push first' "$(sed 's/.* 200 //' "$TOKEN_LOG")" 'repository:second/rt:pull,push repository:me/rt:pull'
check 'anonymous pull' env DOCKER_CONFIG="$TMP/none" rtbuild pull --store "$TMP/anonymous" "$REGISTRY/me/rt:1"
exits 5 env DOCKER_CONFIG="$TMP/none" rtbuild push --store "$TMP/anonymous" "$REGISTRY/me/rt:1" "$REGISTRY/me/rt:2"
stderr_has 'rtbuild login'

forget
TOKEN_OPTIONS='offline oauth'
start_registry token
check 'login: a refresh token is offered' login "$REGISTRY"
is 'login: it is kept' "$(stored identitytoken)" "$REGISTRY_PASSWORD-refresh"
is 'login: the password is not' "$(stored auth | base64 -d)" "$REGISTRY_USER:"
: >"$TOKEN_LOG"
check 'push by the refresh token' push
is 'push by the refresh token: one POST' "$(cat "$TOKEN_LOG")" "POST $REGISTRY_USER 200 repository:me/rt:pull,push"

forget
TOKEN_OPTIONS='noget oauth'
start_registry token
check 'login: a token server without GET' login "$REGISTRY"
check 'push: a token server without GET' push
is 'push: the password grant' "$(tail -n 1 "$TOKEN_LOG")" "POST $REGISTRY_USER 200 repository:me/rt:pull,push"
REGISTRY_PASSWORD=Mark3r-that-is-wrong
cp docker/config.json before
exits 5 login "$REGISTRY"
stderr_has "gets no token from http://127"
is 'a refused login changes nothing' "$(cat docker/config.json)" "$(cat before)"

# --- where settings come from ---

forget
TOKEN_OPTIONS=
REGISTRY_LOGIN=u
start_registry htpasswd
secret=$REGISTRY_PASSWORD
auth=$(printf 'u:%s' "$secret" | base64)
check 'login' login "$REGISTRY"
jq '. + {"unknown": {"kept": 1}, "HttpHeaders": {"X": "y"}}' docker/config.json >new && mv new docker/config.json
check 'login again' login "$REGISTRY"
is 'login: unknown members stay' "$(jq -c '[.unknown.kept, .HttpHeaders.X]' docker/config.json)" '[1,"y"]'
check 'logout' rtbuild logout "$REGISTRY"
is 'logout: unknown members stay' "$(jq -c '[.unknown.kept, .auths]' docker/config.json)" '[1,{}]'
mkdir -p "$HOME/.config/containers"
printf '{"auths":{"%s/me":{"auth":"%s"},"%s":{"auth":"%s"}}}' "$REGISTRY" "$auth" "$REGISTRY" \
	"$(printf 'u:Mark3r-wrong' | base64)" >"$HOME/.config/containers/auth.json"
chmod 600 "$HOME/.config/containers/auth.json"
check 'the longest key wins' push
exits 5 rtbuild push me/rt:1 "$REGISTRY/mean/rt:1"
stderr_has 'auth.json'
printf '{"auths":{"https://%s/v1/":{"auth":"%s"}}}' "$REGISTRY" "$auth" >docker/config.json
chmod 600 docker/config.json
exits 5 rtbuild push me/rt:1 "$REGISTRY/mean/rt:1"
rm "$HOME/.config/containers/auth.json"
check 'a key of old docker' rtbuild push me/rt:1 "$REGISTRY/mean/rt:1"
check 'DOCKER_AUTH_CONFIG' env DOCKER_CONFIG="$TMP/none" DOCKER_AUTH_CONFIG="$(cat docker/config.json)" rtbuild push me/rt:1 "$REGISTRY/mean/rt:1"

# A helper that writes down how it was called.
cat >"$TMP/.bin/docker-credential-noting" <<END
#!/bin/sh
{ printf 'argv: %s\n' "\$*"; env; } >>"$TMP/helper.log"
case \$1 in
get)
	[ -e "$TMP/kept" ] || { echo 'credentials not found in native keychain'; exit 1; }
	sed 's/"ServerURL":"[^"]*",//' "$TMP/kept" ;;
store) cat >"$TMP/kept" ;;
erase) cat >/dev/null; rm "$TMP/kept" ;;
esac
END
chmod +x "$TMP/.bin/docker-credential-noting"
printf '{"credHelpers":{"%s":"noting"}}' "$REGISTRY" >docker/config.json
CI_JOB_TOKEN=Mark3r-of-CI AWS_PROFILE=shown
export CI_JOB_TOKEN AWS_PROFILE
check 'login into a helper' login "$REGISTRY"
stderr_has 'docker-credential-noting'
is 'login into a helper: not in the file' "$(jq -c .auths docker/config.json)" "{\"$REGISTRY\":{}}"
check 'push by a helper' push
check 'explain a helper' rtbuild auth explain "$REGISTRY/me/rt"
stdout_has 'credential +password of u, from .*config.json, docker-credential-noting'
check 'logout from a helper' rtbuild logout "$REGISTRY"
fails 'logout from a helper: forgotten' test -e kept
is 'a helper sees its verb alone' "$(grep argv: helper.log | sort -u | tr '\n' ' ')" 'argv: erase argv: get argv: store '
is 'a helper sees what it needs' "$(grep -c '^AWS_PROFILE=shown' helper.log)" "$(grep -c '^argv: ' helper.log)"
is 'a helper sees nothing else of ours' "$(grep -c 'Mark3r\|CI_JOB' helper.log)" 0
unset CI_JOB_TOKEN AWS_PROFILE

# --- a person at a terminal; logout from everywhere ---

# typed COMMAND: the answers as a person types them, each after its question
typed() {
	mkfifo answers
	command script -qefc "$1" /dev/null <answers >typed.out 2>&1 &
	typed_pid=$!
	exec 3>answers
	rm answers
	wait_for typed.out 'Username: ' >"$TMP/.typed" && echo "$REGISTRY_USER" >&3
	wait_for typed.out 'Password: ' >"$TMP/.typed" && printf '%s\n' "$REGISTRY_PASSWORD" >&3
	wait "$typed_pid"
	typed_status=$?
	exec 3>&-
	return "$typed_status"
}
rm -f docker/config.json
check 'login asks at a terminal' typed "rtbuild login $REGISTRY; stty -a"
is 'login asks: what was typed is kept' "$(stored auth | base64 -d)" "$REGISTRY_USER:$REGISTRY_PASSWORD"
is 'login asks: the password is not shown' "$(grep -cF "$REGISTRY_PASSWORD" typed.out)" 0
is 'login asks: the terminal is as before' "$(grep -cE '(^| )echo( |$)' typed.out)" 1
exits 2 rtbuild login "$REGISTRY" </dev/null
jq --arg host "$REGISTRY" '.auths["other.example/me/rt"] = .auths[$host] | .unknown = 1 | .credHelpers["helped.example"] = "noting"' \
	docker/config.json >new && mv new docker/config.json
printf '{"ServerURL":"helped.example","Username":"u","Secret":"x"}' >kept
exits 2 rtbuild logout --all "$REGISTRY"
check 'logout --all' rtbuild logout --all
stderr_has "logged out of $REGISTRY"
stderr_has 'logged out of other.example/me/rt'
stderr_has 'logged out of helped.example'
is 'logout --all: nothing is left' "$(jq -c '[.auths, .unknown]' docker/config.json) $(test -e kept || echo forgotten)" '[{},1] forgotten'
check 'logout --all again' rtbuild logout --all
stderr_has 'not logged in anywhere'

# --- explain ---

mkdir -p "$HOME/.config/containers"
printf '{"auths":{"%s/me":{"auth":"%s"},"%s/you":{}}}' "$REGISTRY" "$auth" "$REGISTRY" >"$HOME/.config/containers/auth.json"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$auth" >docker/config.json
chmod 600 docker/config.json "$HOME/.config/containers/auth.json"
check 'explain' rtbuild auth explain "$REGISTRY/me/rt:1"
stdout_has "api +http://$REGISTRY/v2/ \(learnt by an earlier run\)"
stdout_has 'login +basic'
stdout_has "credential +password of u, from .*auth.json, \"$REGISTRY/me\""
stdout_has "auth.json, \"$REGISTRY/me\": used"
stdout_has "config.json, \"$REGISTRY\": not asked: \"$REGISTRY/me\" is longer"
stdout_has "auth.json, \"$REGISTRY/you\": for another repository"
check 'explain --json' rtbuild auth explain --json "$REGISTRY/me/rt:1"
is 'explain --json' "$(jq -c '.places[0] | [.login, .credential.kind, .credential.user, (.candidates | length)]' "$out")" '["basic","password","u",3]'
check 'explain: nothing' env DOCKER_CONFIG="$TMP/none" rtbuild auth explain "$REGISTRY/nobody/rt:1"
stdout_has 'credential +anonymous'
printf '{"auths":{"%s":{"auth":"not base64"}}}' "$REGISTRY" >docker/config.json
check 'explain: a broken entry' rtbuild auth explain "$REGISTRY/nobody/rt:1"
stdout_has 'problem +.*config.json: .*base64 of user:password'
printf '[[registry]]\nlocation = "%s/me"\nmirror = [{location = "127.0.0.1:1/dead"}]\n' "$REGISTRY" >"$HOME/.config/containers/registries.conf"
check 'explain: mirrors' rtbuild auth explain "$REGISTRY/me/rt:1"
stdout_has '^127\.0\.0\.1:1/dead/rt \(mirror\)'
stdout_has 'not reached: cannot connect'
stdout_has "registries +$HOME/.config/containers/registries.conf, prefix \"$REGISTRY/me\""
check 'explain: a host' rtbuild auth explain "$REGISTRY"
stdout_has "^$REGISTRY\$"
stdout_has "problem +.*config.json: .*base64"
stdout_hasnt 'docker\.io|mirror'
check 'explain: docker.io' rtbuild auth explain --json docker.io
is 'explain: a host by itself' "$(jq -c '[.reference, .places[].name, .places[].url]' "$out")" '["docker.io","docker.io","https://registry-1.docker.io/v2/"]'
is 'explain: an image with a version' "$(rtbuild auth explain --json python:3.11 | jq -r .reference)" docker.io/library/python:3.11
is 'explain: docker://' "$(rtbuild auth explain --json "docker://$REGISTRY/me/rt:1" | jq -r .reference)" "$REGISTRY/me/rt:1"
rm -r "$HOME/.config/containers"
forget
start_registry token
check 'explain: met for the first time' rtbuild auth explain "$REGISTRY/me/rt:1"
stdout_has 'learnt now'
stdout_has 'login +bearer'
stdout_has 'realm +http://127\.0\.0\.1:[0-9]+/token, service rtbuild-tests \(may be given the password\)'
is 'explain: no token is fetched' "$(cat "$TOKEN_LOG")" ''

# --- client certificates ---

start_registry tls clients
SSL_CERT_FILE=$REGISTRY_CA
export SSL_CERT_FILE
exits 4 push
stderr_has 'wants a client certificate'
stderr_has "certs.d/$REGISTRY"
for tree in "$HOME/.config/containers/certs.d" "$DOCKER_CONFIG/certs.d"; do
	mkdir -p "$tree/$REGISTRY"
	cp "${REGISTRY_CA%/*}/client.cert" "${REGISTRY_CA%/*}/client.key" "$tree/$REGISTRY/"
	chmod 600 "$tree/$REGISTRY/client.key"
	check 'push with a client certificate' push
	stderr_hasnt 'warning'
	check 'explain: certificates' rtbuild auth explain "$REGISTRY/me/rt:1"
	stdout_has "client +$tree/$REGISTRY/client.cert"
	chmod 644 "$tree/$REGISTRY/client.key"
	check 'a key that others may read' push
	stderr_has 'warning: .*client.key may be read by others'
	rm "$tree/$REGISTRY/client.key"
	exits 3 push
	stderr_has 'client.cert has no client.key beside it'
	rm -r "$tree"
done
SSL_CERT_FILE=

# --- proxies ---

REGISTRY_LOGIN=u
start_registry tls-htpasswd name=registry.example.com
behind=$REGISTRY
SSL_CERT_FILE=$REGISTRY_CA
start_proxy --login 'me:Mark3r-proxy' "registry.example.com:443=$behind" "registry.example.com:5000=127.0.0.1:1"
HTTPS_PROXY=http://me:Mark3r-proxy@$PROXY
export HTTPS_PROXY
REGISTRY=registry.example.com
check 'login through a proxy' login "$REGISTRY"
check 'push through a proxy' push
is 'the proxy saw tunnels alone' "$(sort -u "$PROXY_LOG")" 'CONNECT registry.example.com:443 200'
check 'explain: the proxy without its password' rtbuild auth explain "$REGISTRY/me/rt"
stdout_has "proxy +$PROXY\$"
exits 4 env HTTPS_PROXY="http://me:Mark3r-wrong@$PROXY" rtbuild inspect "$REGISTRY/me/rt:1"
stderr_has 'the proxy for registry.example.com failed .*407'
exits 4 env HTTPS_PROXY="http://$PROXY" rtbuild inspect "$REGISTRY/me/rt:1"
for none in registry.example.com .example.com example.com '*.example.com' '*' 'x.org, registry.example.com:443'; do
	exits 4 env NO_PROXY="$none" rtbuild inspect "$REGISTRY/me/rt:1"
	stderr_has 'there is no host called registry.example.com'
done
for none in ample.com registry.example.org registry.example.com:444 10.0.0.0/8; do
	check "NO_PROXY=$none is another" env NO_PROXY="$none" rtbuild inspect "$REGISTRY/me/rt:1"
done
check 'loopback has no proxy' env HTTPS_PROXY=http://127.0.0.1:1 rtbuild auth explain "$behind/me/rt"
stdout_hasnt '^ +proxy'
unset HTTPS_PROXY

# --- plain HTTP beyond loopback ---

SSL_CERT_FILE=
start_registry htpasswd
start_proxy "plain.example.com:80=$REGISTRY" "plain.example.com:443=$REGISTRY"
http_proxy=http://$PROXY https_proxy=http://$PROXY
export http_proxy https_proxy
behind=$REGISTRY REGISTRY=plain.example.com
exits 4 push
stderr_has '--plain-http'
exits 5 login --plain-http "$REGISTRY"
stderr_has 'in the clear'
is 'no login crossed in the clear' "$(grep -c login "$PROXY_LOG")" 0
check '--plain-http --insecure' login --plain-http --insecure "$REGISTRY"
check '--plain-http --insecure' push --plain-http --insecure
is 'now it did' "$(grep -c login "$PROXY_LOG" | sed 's/[1-9][0-9]*/some/')" some
: >"$PROXY_LOG"
exits 5 push --plain-http
stderr_has 'in the clear'
mkdir -p "$HOME/.config/containers"
printf '[[registry]]\nlocation = "plain.example.com"\ninsecure = true\n' >"$HOME/.config/containers/registries.conf"
exits 5 push
stderr_has 'in the clear'
is 'no login crossed in the clear' "$(grep -c login "$PROXY_LOG")" 0
check 'registries.conf: plain HTTP' push --insecure
rm "$HOME/.config/containers/registries.conf"
exits 4 push
unset http_proxy https_proxy
REGISTRY=$behind

# --- no credential but where it belongs ---

forget
# A registry that redirects its blobs to another port, and a mirror: both write all headers down.
start_scripted '* */token* * bearer=u:Mark3r-own'
script 'GET|HEAD|POST|PUT|PATCH * * bearer=u:Mark3r-own
GET */blobs/* 1+ redirect={other}/elsewhere/{digest}
GET /elsewhere/* * status=404'
REGISTRY_USER=u REGISTRY_PASSWORD=Mark3r-own
check 'login to the scripted registry' login "$REGISTRY"
run push
run rtbuild pull -v --store "$TMP/redirected" "$REGISTRY/me/rt:1"
own=$(printf 'u:Mark3r-own' | base64)
is 'the own registry got the login' "$(grep -cF "$own" "$REGISTRY_HEADERS" | sed 's/[1-9][0-9]*/some/')" some
is 'the other port got requests' "$(grep -c '/elsewhere/' "$REGISTRY_HEADERS" | sed 's/[1-9][0-9]*/some/')" some
owner=$REGISTRY
start_scripted
printf '[[registry]]\nlocation = "%s/me"\nmirror = [{location = "%s/me"}]\n' "$owner" "$REGISTRY" >"$TMP/mirrored.conf"
run env CONTAINERS_REGISTRIES_CONF="$TMP/mirrored.conf" rtbuild pull -v --store "$TMP/mirrored" "$owner/me/rt:1"
is 'the mirror was asked' "$(grep -c 'v2/me/rt/manifests' "$REGISTRY_HEADERS" | sed 's/[1-9][0-9]*/some/')" some
is 'no login reaches a mirror' "$(grep -ci '^authorization' "$REGISTRY_HEADERS")" 0

secrets() { printf '%s\n' "$secret" Mark3r "$auth" "$own" "$(printf 'me:Mark3r-proxy' | base64)"; }
secrets >patterns
is 'not in any output' "$(grep -cF -f patterns "$said")" 0
is 'not in the stores' "$(grep -rlF -f patterns "$RTBUILD_STORE" "$TMP/redirected" "$TMP/mirrored" "$TMP/anonymous" 2>/dev/null)" ''
rm docker/config.json
is 'not below HOME' "$(grep -rlF -f patterns "$HOME" docker 2>/dev/null)" ''
# --- a helper that hangs, and one whose credentials expire ---

HELPERS=$TMP/helpers
mkdir -p "$HELPERS" expiring
PATH=$HELPERS:$PATH
helper() { # NAME, the program on stdin
	cat >"$HELPERS/docker-credential-$1"
	chmod +x "$HELPERS/docker-credential-$1"
}
helper hangs <<'END'
#!/bin/sh
cat >/dev/null
exec sleep 100000
END
start_scripted
script '* /v2/* * basic=u:first'
printf '{"credHelpers":{"%s":"hangs"}}' "$REGISTRY" >expiring/config.json
# Given up, since else it would hang for more than this whole program may.
exits 9 env DOCKER_CONFIG="$TMP/expiring" RTBUILD_HELPER_TIMEOUT=2 rtbuild digest "$REGISTRY/a/b:1"
stderr_has 'docker-credential-hangs get'
stderr_has 'RTBUILD_HELPER_TIMEOUT gives it more than 2 seconds'

helper expires <<END
#!/bin/sh
cat >/dev/null
echo . >>$TMP/expires.calls
[ "\$(wc -l <$TMP/expires.calls)" -eq 1 ] && secret=first || secret=second
printf '{"Username":"u","Secret":"%s"}' "\$secret"
END
printf '{"credHelpers":{"%s":"expires"}}' "$REGISTRY" >expiring/config.json
for i in 1 2 3 4 5 6; do
	head -c 2000 /dev/urandom >"expiring/$i"
	echo "COPY $i /"
done >expiring/rest
printf 'FROM scratch\n' | cat - expiring/rest >expiring/Dockerfile
script ''
many=$REGISTRY/many/layers:1
check 'an image of six layers' rtbuild build -q -t "$many" --push expiring
# What happens in the middle: the password is another, or the token is over and its password too.
expiry() {
	case $1 in
	basic) echo '* /v2/* 5+ basic=u:second' ;;
	bearer) printf '%s\n' '* /v2/* 5 status=401 header=WWW-Authenticate:%20Bearer%20realm="{self}/token",service="scripted"' \
		'* /token* 2+ bearer=u:second' ;;
	esac
}
for how in basic bearer; do
	script "* /v2/* * $how=u:first
* /token* * $how=u:first"
	: >expires.calls
	check "$how: the first is good" env DOCKER_CONFIG="$TMP/expiring" rtbuild digest "$many"
	: >expires.calls
	script "* /v2/* * $how=u:first
* /token* * $how=u:first
$(expiry "$how")"
	check "$how: a login that expires in mid-pull" env DOCKER_CONFIG="$TMP/expiring" \
		rtbuild pull -q --store "$TMP/expired.$how" "$many"
	is "$how: it was renewed once, for all" "$(wc -l <expires.calls)" 2
done
: >expires.calls
script '* /v2/* * basic=u:wrong'
exits 5 env DOCKER_CONFIG="$TMP/expiring" rtbuild digest "$many"
is 'one that was never good is not asked for again' "$(wc -l <expires.calls)" 1

finish
