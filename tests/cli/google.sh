#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Google's registries by our own logins: a registry under such a name behind a proxy, and a double of
# the token endpoint that verifies the service account's signature.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

host=europe-west1-docker.pkg.dev
REGISTRY_LOGIN=oauth2accesstoken
start_registry tls-htpasswd name=$host
SSL_CERT_FILE=$REGISTRY_CA
start_proxy "$host:443=$REGISTRY"
HTTPS_PROXY=http://$PROXY
export SSL_CERT_FILE HTTPS_PROXY
openssl genrsa -out key.pem 2048 2>/dev/null
openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
"$ROOT/tests/servers/google" public.pem "$REGISTRY_PASSWORD" >>google.log 2>google.err &
servers="$servers $!"
google=$(wait_for google.err 'listening on') || server_missing 'the double of Google' google.err
google=${google##* }

printf 'FROM scratch\nCOPY Dockerfile /\n' >Dockerfile
check 'an image' rtbuild build -t me/rt:1 .
push() { rtbuild push -v me/rt:1 "$host/project/me/rt:1"; }

exits 5 push
stderr_has 'GOOGLE_APPLICATION_CREDENTIALS'
jq -n --rawfile pem key.pem --arg uri "http://$google/token" '{type: "service_account", private_key: $pem,
	private_key_id: "k1", client_email: "ci@project.iam.gserviceaccount.com", token_uri: $uri}' >key.json
GOOGLE_APPLICATION_CREDENTIALS=$TMP/key.json
export GOOGLE_APPLICATION_CREDENTIALS
check 'push by a service account' push
cp "$err" said
is 'one token for all requests' "$(cat google.log)" 'POST jwt 200'
check 'explain' rtbuild auth explain "$host/project/me/rt"
stdout_has 'cloud +Google Artifact Registry'
stdout_has "credential +password of oauth2accesstoken, from Google, $TMP/key.json"
openssl genrsa -out other.pem 2048 2>/dev/null
jq --rawfile pem other.pem '.private_key = $pem' key.json >other.json
exits 5 env GOOGLE_APPLICATION_CREDENTIALS="$TMP/other.json" rtbuild push me/rt:1 "$host/project/me/rt:1"
stderr_has "other.json: no token from http://$google/token: HTTP 400: No such account"
jq '.private_key = "nonsense"' key.json >other.json
exits 3 env GOOGLE_APPLICATION_CREDENTIALS="$TMP/other.json" rtbuild push me/rt:1 "$host/project/me/rt:1"
jq '.token_uri = "http://example.com/token"' key.json >other.json
exits 3 env GOOGLE_APPLICATION_CREDENTIALS="$TMP/other.json" rtbuild push me/rt:1 "$host/project/me/rt:1"
stderr_has 'token_uri is plain HTTP'
jq '.type = "external_account"' key.json >other.json
exits 8 env GOOGLE_APPLICATION_CREDENTIALS="$TMP/other.json" rtbuild push me/rt:1 "$host/project/me/rt:1"
stderr_has 'print-access-token'
exits 6 env GOOGLE_APPLICATION_CREDENTIALS="$TMP/none" rtbuild push me/rt:1 "$host/project/me/rt:1"
unset GOOGLE_APPLICATION_CREDENTIALS

mkdir -p "$HOME/.config/gcloud"
printf '{"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "user-refresh", "token_uri": "http://%s/token"}' \
	"$google" >"$HOME/.config/gcloud/application_default_credentials.json"
check 'push by a user of gcloud' push
is 'push by a user of gcloud' "$(tail -n 1 google.log)" 'POST user 200'
rm -r "$HOME/.config/gcloud"
check 'push by the machine' env GCE_METADATA_HOST="$google" rtbuild push me/rt:1 "$host/project/me/rt:1"
is 'push by the machine' "$(tail -n 1 google.log)" 'GET metadata 200'
is 'no secret in any output' "$(grep -cF -e "$REGISTRY_PASSWORD" -e 'BEGIN PRIVATE' said)" 0
finish
