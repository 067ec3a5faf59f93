#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Azure's registries by our own logins: a double of Entra, of the identity servers and of registries
# with their token exchange, behind a proxy that knows them by name.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

host=contoso.azurecr.io
start_registry plain relative
mkdir certs
"$ROOT/tests/servers/make-certs" certs $host contoso.azurecr.us stranger.azurecr.io moved.azurecr.io \
	hollow.azurecr.io login.microsoftonline.com login.microsoftonline.us
"$ROOT/tests/servers/azure" certs "$REGISTRY" >>azure.log 2>azure.err &
servers="$servers $!"
azure=$(wait_for azure.err 'listening on') || server_missing 'the double of Azure' azure.err
identity=${azure##* }
azure=${azure#listening on }
azure=${azure% *}
start_proxy "$host:443=$azure" "contoso.azurecr.us:443=$azure" "stranger.azurecr.io:443=$azure" \
	"moved.azurecr.io:443=$azure" "hollow.azurecr.io:443=$azure" "login.microsoftonline.com:443=$azure" \
	"login.microsoftonline.us:443=$azure"
SSL_CERT_FILE=$TMP/certs/ca.crt
HTTPS_PROXY=http://$PROXY
export SSL_CERT_FILE HTTPS_PROXY

printf 'FROM scratch\nCOPY Dockerfile /\n' >Dockerfile
check 'an image' rtbuild build -t me/rt:1 .
# All that was ever printed is searched for secrets in the end.
said() { cat "$out" "$err" >>said; }
forget() { : >azure.log; }
asked() { grep -Ec -- "$1" azure.log; }
push() { rtbuild --debug push me/rt:1 "${1-$host}/me/rt:1"; }
explain() { rtbuild -v auth explain "${1-$host}/me/rt"; }

# --- without any ---

exits 5 push
stderr_has "no token from https://$host/oauth2/token without a credential: HTTP 401"
stderr_has 'AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET'
is 'nobody was asked' "$(asked 'login|127|exchange')" 0

# --- an application with a secret ---

AZURE_CLIENT_SECRET='s3cret/+&Mark3r'
export AZURE_CLIENT_SECRET
exits 3 push
stderr_has '[$]AZURE_CLIENT_SECRET is set, [$]AZURE_CLIENT_ID is not'
AZURE_CLIENT_ID=principal
export AZURE_CLIENT_ID
exits 3 push
stderr_has '[$]AZURE_TENANT_ID is not'
AZURE_TENANT_ID=../common
export AZURE_TENANT_ID
exits 3 push
stderr_has 'AZURE_TENANT_ID is neither an ID nor a domain'
AZURE_TENANT_ID=tenant.example
forget
check 'push by an application with a secret' push
said
is 'one token of Entra' "$(asked 'login.microsoftonline.com POST /tenant.example/oauth2/v2.0/token 200 principal')" 1
is 'one exchange, for the tenant' "$(asked "$host POST /oauth2/exchange 200 tenant.example")" 1
is 'one token of the registry' "$(asked "$host POST /oauth2/token 200")" 1
check 'pull' rtbuild pull "$host/me/rt:1"
forget
check 'two repositories' rtbuild copy "$host/me/rt:1" "$host/other/rt:1"
is 'two repositories, one exchange' "$(asked 'POST /oauth2/exchange 200')" 1
check 'explain' explain
said
stdout_has 'cloud +Azure Container Registry'
stdout_has "credential +identity token of 0{8}-.*, from Azure, the application 'principal' \(\\\$AZURE_CLIENT_SECRET\)"
check 'explain --json' rtbuild auth explain --json "$host/me/rt"
said
forget
check 'another cloud has another Entra' push contoso.azurecr.us
is 'another cloud has another Entra' "$(asked 'login.microsoftonline.us POST .* 200')" 1
forget
check 'an authority of its own' env AZURE_AUTHORITY_HOST="http://$identity/" rtbuild push me/rt:1 "$host/me/rt:1"
is 'an authority of its own' "$(asked "^$identity POST /tenant.example/oauth2/v2.0/token 200")" 1
check 'an authority without scheme' env AZURE_AUTHORITY_HOST=login.microsoftonline.us rtbuild push me/rt:1 "$host/me/rt:1"
AZURE_AUTHORITY_HOST=http://login.example exits 3 push
stderr_has 'AZURE_AUTHORITY_HOST is plain HTTP'

AZURE_CLIENT_SECRET=wrong-Mark3r exits 5 push
said
stderr_has "the application 'principal' \(\\\$AZURE_CLIENT_SECRET\): no token from https://login.microsoftonline.com/.*: HTTP 401: AADSTS7000215"
stderr_has 'check [$]AZURE_TENANT_ID, [$]AZURE_CLIENT_ID and [$]AZURE_CLIENT_SECRET'
AZURE_CLIENT_SECRET=wrong-Mark3r check 'explain names the problem' explain
said
stdout_has 'problem +login to .*AADSTS7000215'

# --- the exchange ---

exits 5 push stranger.azurecr.io
said
stderr_has "login to stranger.azurecr.io by the application 'principal'.*: no token from https://stranger.azurecr.io/oauth2/exchange: HTTP 401: authentication required"
stderr_has 'AcrPull or AcrPush'
forget
exits 4 push moved.azurecr.io
said
stderr_has 'oauth2/exchange: HTTP 307'
is 'a redirect is not followed' "$(asked 'login.microsoftonline.com POST /oauth2')" 0
exits 4 push hollow.azurecr.io
said
stderr_has 'holds no token'

# --- a credential that is there wins ---

forget
printf '{"auths": {"%s": {"identitytoken": "refresh/Mark3r"}}}' "$host" >"$DOCKER_CONFIG/config.json"
check 'what az acr login stored comes first' push
is 'Entra was not asked' "$(asked 'login|exchange')" 0
rm "$DOCKER_CONFIG/config.json"
printf '{}' >none.json
exits 5 rtbuild push --authfile none.json me/rt:1 "$host/me/rt:1"
is '--authfile means that file alone' "$(asked 'login|exchange')" 0

# --- workload identity ---

unset AZURE_CLIENT_SECRET
AZURE_CLIENT_ID=workload AZURE_FEDERATED_TOKEN_FILE=$TMP/federated
export AZURE_FEDERATED_TOKEN_FILE
exits 6 push
stderr_has 'AZURE_FEDERATED_TOKEN_FILE'
echo head.Mark3r.sign >federated
forget
check 'push by workload identity' push
said
is 'push by workload identity' "$(asked 'login.microsoftonline.com POST .* 200 workload')" 1
check 'explain' explain
said
stdout_has "from Azure, the application 'workload' \(\\\$AZURE_FEDERATED_TOKEN_FILE\)"
echo head.Mark3r.other >federated
exits 5 push
said
stderr_has 'AZURE_FEDERATED_TOKEN_FILE\): no token from https://login.microsoftonline.com'
AZURE_TENANT_ID='' exits 3 push
stderr_has '[$]AZURE_FEDERATED_TOKEN_FILE is set, [$]AZURE_TENANT_ID is not'
unset AZURE_FEDERATED_TOKEN_FILE AZURE_TENANT_ID

AZURE_CLIENT_CERTIFICATE_PATH=/none exits 8 push
stderr_has 'AZURE_CLIENT_CERTIFICATE_PATH'

# --- managed identities ---

AZURE_CLIENT_ID=mine IDENTITY_ENDPOINT=http://$identity/msi/token IDENTITY_HEADER=idh-Mark3r
export IDENTITY_ENDPOINT IDENTITY_HEADER
forget
check 'push by an app' push
said
is 'push by an app' "$(asked "^$identity GET /msi/token 200")" 1
is 'push by an app, tenant unknown' "$(asked 'POST /oauth2/exchange 200 none')" 1
check 'explain' explain
said
stdout_has "from Azure, the managed identity 'mine' of \\\$IDENTITY_ENDPOINT"
IDENTITY_HEADER=wrong-Mark3r exits 5 push
said
stderr_has "the managed identity of \\\$IDENTITY_ENDPOINT: no token from http://$identity/msi/token: HTTP 400: Identity not found"
stderr_has 'AZURE_CLIENT_ID'
IDENTITY_ENDPOINT=http://login.microsoftonline.com/msi/token exits 3 push
stderr_has 'IDENTITY_ENDPOINT is plain HTTP'
unset IDENTITY_HEADER # now it is Azure Arc's
exits 5 push
stderr_has 'without a credential: HTTP 401'
unset IDENTITY_ENDPOINT

AZURE_POD_IDENTITY_AUTHORITY_HOST=http://$identity
export AZURE_POD_IDENTITY_AUTHORITY_HOST
forget
check 'push by a machine' push
said
is 'push by a machine' "$(asked "^$identity GET /metadata/identity/oauth2/token 200")" 1
check 'explain' explain
said
stdout_has "from Azure, the managed identity 'mine' of this machine"
unset AZURE_CLIENT_ID
exits 5 push
stderr_has 'the managed identity of this machine: .*Identity not found'
stderr_has 'without a credential: HTTP 401'
AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential exits 5 push
stderr_has 'assign it an identity'

# --- one of them alone ---

AZURE_CLIENT_ID=mine AZURE_CLIENT_SECRET=wrong-Mark3r AZURE_TENANT_ID=tenant.example
AZURE_TOKEN_CREDENTIALS=managedidentitycredential
export AZURE_CLIENT_ID AZURE_CLIENT_SECRET AZURE_TENANT_ID AZURE_TOKEN_CREDENTIALS
check 'the one that was asked for' push
said
AZURE_TOKEN_CREDENTIALS=prod exits 5 push
stderr_has 'AADSTS7000215'
AZURE_TOKEN_CREDENTIALS=WorkloadIdentityCredential exits 5 push
stderr_has "AZURE_TOKEN_CREDENTIALS wants 'WorkloadIdentityCredential' only"

is 'no secret in any output' "$(grep -c Mark3r said)" 0
is 'enough was searched' "$(grep -Ec '^(detail: )?> POST|POST .*oauth2|> GET' said | sed 's/^[1-9][0-9]*$/some/')" some
grep -r Mark3r "$RTBUILD_STORE" "$HOME" "$DOCKER_CONFIG" >kept
is 'nor kept anywhere' "$(cat kept)" ''
is 'nor at any host it is not for' "$(grep -c LEAK azure.log)" 0
is 'nobody else was asked' "$(grep -Evc "azurecr\.(io|us):443 200|login\.microsoftonline\.(com|us):443 200" "$PROXY_LOG")" 0
finish
