#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Amazon ECR by our own logins: a registry under an ECR name behind a proxy, and a double of AWS that
# verifies every signature itself.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

key=AKIDEXAMPLE secret='s3cret/+key=wJalrXUtnFEMI'
ecr=123456789012.dkr.ecr.eu-west-1.amazonaws.com
REGISTRY_LOGIN=AWS
start_registry tls-htpasswd name=$ecr name=public.ecr.aws
SSL_CERT_FILE=$REGISTRY_CA
start_proxy "$ecr:443=$REGISTRY" "public.ecr.aws:443=$REGISTRY"
HTTPS_PROXY=http://$PROXY
export SSL_CERT_FILE HTTPS_PROXY
"$ROOT/tests/servers/aws" "$key" "$secret" "$REGISTRY_PASSWORD" >>aws.log 2>aws.err &
servers="$servers $!"
aws=$(wait_for aws.err 'listening on') || server_missing 'the double of AWS' aws.err
aws=http://${aws##* }

printf 'FROM scratch\nCOPY file /\n' >Dockerfile
seq 1 1000 >file
check 'an image' rtbuild build -t me/rt:1 .

# asked PATTERN: lines of AWS's log since the last `forget`.
forget() { : >aws.log; }
asked() { grep -Ec -- "$1" aws.log; }
push() { rtbuild push "$@" me/rt:1 "$ecr/me/rt:1"; }

# --- without any ---

exits 5 push
stderr_has 'there is no credential for it'
stderr_has 'AWS_PROFILE'
check 'explain without any' rtbuild auth explain "$ecr/me/rt"
stdout_has 'credential +anonymous'
stdout_has "cure +set AWS_ACCESS_KEY_ID .*; or rtbuild login $ecr"
is 'AWS was not asked' "$(asked .)" 0

# --- the environment; repositories ---

AWS_ENDPOINT_URL=$aws AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
check 'push --create-repository' push --create-repository
stderr_has "created the repository $ecr/me/rt"
is 'it is asked for once' "$(asked 'POST CreateRepository 200 me/rt')" 1
is 'one login for all requests' "$(asked 'POST GetAuthorizationToken 200')" 1
is 'nothing else' "$(asked .)" 2
forget
check 'mounting within the registry: still one login' rtbuild push "me/rt:1" "$ecr/other/rt:1"
is 'one login for both repositories' "$(asked .)" 1
forget
printf 'more\n' >>file
check 'the repository may exist' rtbuild build --create-repository --push -t "$ecr/me/rt:2" .
stderr_hasnt 'created'
is 'the repository may exist' "$(asked 'POST CreateRepository 400')" 1
check 'a refusal is a warning' rtbuild push --create-repository me/rt:1 "$ecr/forbidden/rt:1"
stderr_has 'warning: create .*forbidden/rt: AWS ecr in eu-west-1: HTTP 400 AccessDeniedException'
check 'build --push --create-repository' rtbuild build --create-repository --push -t "$ecr/built/rt:1" .
stderr_has "created the repository $ecr/built/rt"
forget
check 'ECR Public' rtbuild push --create-repository me/rt:1 public.ecr.aws/me/pub:1
is 'ECR Public: its own service' "$(asked '200 *(session)?$|CreateRepository 200 me/pub')" 2

AWS_SECRET_ACCESS_KEY=wrong
forget
exits 5 push
stderr_has 'AWS ecr in eu-west-1: HTTP 400 SignatureDoesNotMatch: The security token is wrong'
stderr_has 'AWS_ACCESS_KEY_ID'
stderr_hasnt 'wrong$'
unset AWS_SECRET_ACCESS_KEY
exits 3 push
stderr_has 'AWS_SECRET_ACCESS_KEY is not'
unset AWS_ACCESS_KEY_ID

# --- a credential that is there wins ---

forget
printf '%s' "$REGISTRY_PASSWORD" | rtbuild login -q -u AWS --password-stdin "$ecr"
AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y check 'what docker login stored comes first' push
is 'AWS was not asked' "$(asked .)" 0
rtbuild logout -q "$ecr"

# --- shared files ---

mkdir "$HOME/.aws"
cat >"$HOME/.aws/credentials" <<END
# a comment
[default]
aws_access_key_id = $key
aws_secret_access_key=$secret   # of mine
[ci]
AWS_ACCESS_KEY_ID = $key
aws_secret_access_key = wrong
END
cat >"$HOME/.aws/config" <<END
[default]
region = nowhere
s3 =
  max_concurrent_requests = 20
[profile role]
role_arn = arn:aws:iam::123456789012:role/pusher
source_profile = default
[profile chain]
role_arn = arn:aws:iam::123456789012:role/second
source_profile = role
[profile circle]
role_arn = arn:aws:iam::123456789012:role/circle
source_profile = circle2
[profile circle2]
role_arn = arn:aws:iam::123456789012:role/circle
source_profile = circle
[profile web]
role_arn = arn:aws:iam::123456789012:role/web
web_identity_token_file = $TMP/web-token
[profile process]
credential_process = "$TMP/give credential" good
$(for how in fails text version keyless old flood hangs; do
	printf '[profile process-%s]\ncredential_process = "%s/give credential" %s\n' "$how" "$TMP" "$how"
done)
[profile sso]
sso_session = mine
[profile empty]
region = eu-west-1
END
echo web-token >web-token
cat >'give credential' <<END
#!/bin/sh
version=1 key=$key expiration=2999-01-01T00:00:00Z
case \$1 in
fails) exit 3 ;;
text) echo '$secret'; exit ;;
version) version=2 ;;
keyless) key= ;;
old) expiration=2020-01-01T00:00:00Z ;;
flood) exec cat /dev/zero ;;
hangs) exec tail -f --pid="\$PPID" /dev/null ;; # until who asks is gone
esac
printf '{"Version":%s,"AccessKeyId":"%s","SecretAccessKey":"%s","SessionToken":"session/+=token","Expiration":"%s"}' \
	"\$version" "\$key" "$secret" "\$expiration"
END
chmod +x 'give credential'
profile() {
	forget
	AWS_PROFILE=$1 push
}
forget
check 'the default profile' push
is 'the default profile' "$(asked 'GetAuthorizationToken 200')" 1
exits 5 profile ci
stderr_has '\[ci\]'
check 'a role' profile role
is 'a role: assumed with a signature' "$(asked 'AssumeRole 200 .*role/pusher')" 1
is 'a role: its session' "$(asked 'GetAuthorizationToken 200 session')" 1
check 'a role by a role' profile chain
is 'a role by a role' "$(asked 'AssumeRole 200')" 2
exits 3 profile circle
stderr_has 'assume each other'
check 'web identity in a profile' profile web
is 'web identity in a profile' "$(asked 'AssumeRoleWithWebIdentity 200 .*role/web')" 1
check 'a profile with a program' profile process
is 'a profile with a program: its session' "$(asked 'GetAuthorizationToken 200 session')" 1
for case in 'fails 5 failed.with.status.3' 'text 3 no.JSON.document' 'version 3 Version.is.not.1' \
	'keyless 3 no.AccessKeyId' 'old 5 has.expired' 'flood 3 more.than.the.limit' 'hangs 9 RTBUILD_HELPER_TIMEOUT'; do
	name=${case%% *} case=${case#* }
	[ "$name" != hangs ] || export RTBUILD_HELPER_TIMEOUT=3
	exits "${case%% *}" profile "process-$name"
	stderr_has "${case#* }"
	stderr_hasnt "$secret"
done
unset RTBUILD_HELPER_TIMEOUT
exits 8 profile sso
stderr_has 'aws configure export-credentials'
exits 5 profile empty
exits 5 profile nobody
stderr_has "'nobody' is in none of the files"
printf '[default]\naws_access_key_id\n' >broken
exits 3 env AWS_SHARED_CREDENTIALS_FILE="$TMP/broken" rtbuild push me/rt:1 "$ecr/me/rt:1"
stderr_has 'broken:2'
rm -r "$HOME/.aws"

# --- other sources ---

forget
check 'web identity' env AWS_WEB_IDENTITY_TOKEN_FILE="$TMP/web-token" AWS_ROLE_ARN=arn:aws:iam::1:role/w rtbuild push me/rt:1 "$ecr/me/rt:1"
is 'web identity' "$(asked 'AssumeRoleWithWebIdentity 200 arn:aws:iam::1:role/w')" 1
echo other >web-token
exits 5 env AWS_WEB_IDENTITY_TOKEN_FILE="$TMP/web-token" AWS_ROLE_ARN=x rtbuild push me/rt:1 "$ecr/me/rt:1"
stderr_has 'InvalidIdentityToken'
echo container-token >container-token
check 'a container' env AWS_CONTAINER_CREDENTIALS_FULL_URI="$aws/container" AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token rtbuild push me/rt:1 "$ecr/me/rt:1"
exits 4 env AWS_CONTAINER_CREDENTIALS_FULL_URI="$aws/container" AWS_CONTAINER_AUTHORIZATION_TOKEN=nope rtbuild push me/rt:1 "$ecr/me/rt:1"
exits 3 env AWS_CONTAINER_CREDENTIALS_FULL_URI="http://example.com/container" rtbuild push me/rt:1 "$ecr/me/rt:1"
forget
check 'an instance' env AWS_EC2_METADATA_SERVICE_ENDPOINT="$aws/" rtbuild push me/rt:1 "$ecr/me/rt:1"
is 'an instance: version 2 only' "$(sed 's/ 200.*//' aws.log | tr '\n' ',')" \
	'PUT /latest/api/token,GET /latest/meta-data/iam/security-credentials/,GET /latest/meta-data/iam/security-credentials/the-role,POST GetAuthorizationToken,'
forget
exits 5 env AWS_EC2_METADATA_DISABLED=true AWS_EC2_METADATA_SERVICE_ENDPOINT="$aws/" rtbuild push me/rt:1 "$ecr/me/rt:1"
is 'metadata that is disabled is not asked' "$(asked .)" 0

# --- the secrets are nowhere ---

AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
(push -v && push --json -v && push --progress=json -v) >said 2>&1
basic=$(printf 'AWS:%s' "$REGISTRY_PASSWORD" | base64)
is 'not in any output' "$(grep -cF -e "$secret" -e "$REGISTRY_PASSWORD" -e "$basic" said)" 0
is 'not in the store or below HOME' "$(grep -rlF -e "$secret" -e "$REGISTRY_PASSWORD" -e "$basic" "$RTBUILD_STORE/cache" "$RTBUILD_STORE/index.json" "$HOME" docker 2>/dev/null)" ''
finish
