#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Logins of clouds that expire in the middle of a push or pull: Amazon's, which are refused by 403,
# Google's, and both tokens of Azure. They are renewed once, for all that goes on at the time.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ecr=123456789012.dkr.ecr.eu-west-1.amazonaws.com
gar=europe-west1-docker.pkg.dev
acr=expiring.azurecr.io
SCRIPTED_NAMES="$ecr $gar"
start_scripted tls
SCRIPTED_CA=$REGISTRY_CA SCRIPTED_ADDRESS=$REGISTRY scripted_url=$SCRIPT_URL
start_registry plain relative
mkdir certs
"$ROOT/tests/servers/make-certs" certs $acr login.microsoftonline.com
# double NAME ARG...: starts a double; sets its address
double() {
	double_name=$1
	shift
	"$ROOT/tests/servers/$double_name" "$@" >"$double_name.log" 2>"$double_name.err" &
	servers="$servers $!"
	double_address=$(wait_for "$double_name.err" 'listening on') || server_missing "the double of $double_name" "$double_name.err"
	double_address=${double_address#listening on }
}
double azure certs "$REGISTRY"
azure=${double_address% *}
start_proxy "$ecr:443=$SCRIPTED_ADDRESS" "$gar:443=$SCRIPTED_ADDRESS" "$acr:443=$azure" "login.microsoftonline.com:443=$azure"
HTTPS_PROXY=http://$PROXY
cat "$SCRIPTED_CA" certs/ca.crt >ca.crt
SSL_CERT_FILE=$TMP/ca.crt
NO_PROXY=127.0.0.1 # for the scripts
export HTTPS_PROXY SSL_CERT_FILE NO_PROXY
SCRIPT_URL=$scripted_url

mkdir ctx
for i in 1 2 3 4 5 6; do
	head -c 2000 /dev/urandom >"ctx/$i"
	echo "COPY $i /"
done >ctx/rest
printf 'FROM scratch\n' | cat - ctx/rest >ctx/Dockerfile
check 'an image of six layers' rtbuild build -q -t me/six:1 ctx
image=$(rtbuild digest store:me/six:1)

# --- Amazon ---

double aws KEY SECRET first second third
AWS_ENDPOINT_URL=http://$double_address AWS_ACCESS_KEY_ID=KEY AWS_SECRET_ACCESS_KEY=SECRET
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
script '* /v2/* * basic=AWS:first
* /v2/* 6+ basic=AWS:second expired'
check 'ECR: the token expires in mid-push' rtbuild push me/six:1 "$ecr/me/six:1"
is 'ECR: one more login, for all' "$(grep -c 'GetAuthorizationToken 200' aws.log)" 2
script '* /v2/* * basic=AWS:third
* /v2/* 4+ basic=AWS:fourth expired'
exits 5 rtbuild pull --store pulled "$ecr/me/six:1"
stderr_has 'Your authorization token has expired'
is 'ECR: the same token again is not tried for ever' "$(grep -c 'GetAuthorizationToken 200' aws.log)" 4
script '* /v2/* * basic=AWS:third
PUT /v2/*/manifests/* * status=403 code=DENIED'
exits 5 rtbuild push me/six:1 "$ecr/me/six:2"
is 'ECR: what is forbidden is no reason for another login' "$(grep -c 'GetAuthorizationToken 200' aws.log)" 5

# --- Google ---

openssl genrsa -out key.pem 2048 2>/dev/null
openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
double google public.pem first second
jq -n --rawfile pem key.pem --arg uri "http://$double_address/token" '{type: "service_account", private_key: $pem,
	private_key_id: "k1", client_email: "ci@project.iam.gserviceaccount.com", token_uri: $uri}' >key.json
GOOGLE_APPLICATION_CREDENTIALS=$TMP/key.json
export GOOGLE_APPLICATION_CREDENTIALS
script '* /v2/* * basic=oauth2accesstoken:first
* /v2/* 6+ basic=oauth2accesstoken:second'
check 'Google: the token expires in mid-push' rtbuild push me/six:1 "$gar/p/me/six:1"
is 'Google: one more token, for all' "$(grep -c 'POST jwt 200' google.log)" 2

# --- Azure: the access token, and then the refresh token that would bring another ---

AZURE_CLIENT_SECRET='s3cret/+&Mark3r' AZURE_CLIENT_ID=principal AZURE_TENANT_ID=tenant.example
export AZURE_CLIENT_SECRET AZURE_CLIENT_ID AZURE_TENANT_ID
check 'Azure: both tokens expire in mid-push' rtbuild push me/six:1 "$acr/me/six:1"
is 'Azure: one more exchange, for all' "$(grep -c 'POST /oauth2/exchange 200' azure.log)" 2
is 'Azure: the refresh token was tried first, by one' "$(grep -c 'POST /oauth2/token 401' azure.log)" 1
is 'Azure: nothing is missing' "$(rtbuild digest "$acr/me/six:1")" "$image"
check 'Azure: and it can be pulled' rtbuild pull --store azure-pulled "$acr/me/six:1"
finish
