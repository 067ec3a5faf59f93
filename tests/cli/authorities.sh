#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The system's authorities: looked up in their directory, and in the bundle when they are not there.
# Both are this test's own, mounted over the machine's in a mount namespace.
[ -n "${PRIVATE_CERTS-}" ] || PRIVATE_CERTS=yes exec unshare -m "$0"
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

certs=/etc/ssl/certs
mkdir real
cp -L $certs/ca-certificates.crt real/bundle
mount -t tmpfs rtbuild-test $certs
start_registry tls
ca=$REGISTRY_CA
printf 'FROM scratch\nCOPY Dockerfile /\n' >Dockerfile
run rtbuild build -q --ca-file "$ca" -t "$REGISTRY/b:1" --push .

# authorities DIRECTORY BUNDLE: "ours", "others" or "none" is in each
authorities() {
	rm -f $certs/*
	case $1 in ours) cp "$ca" "$certs/$(openssl x509 -noout -hash -in "$ca").0" ;; esac
	case $2 in
	ours) cat real/bundle "$ca" >$certs/ca-certificates.crt ;;
	others) cp real/bundle $certs/ca-certificates.crt ;;
	esac
}

authorities ours none
check 'an authority of the directory, and no bundle to read' rtbuild tags "$REGISTRY/b"
authorities ours others
check 'an authority of the directory' rtbuild tags "$REGISTRY/b"
authorities none ours
check 'an authority of the bundle alone' rtbuild tags "$REGISTRY/b"
check '... and a push there' rtbuild push -q "$REGISTRY/b:1" "$REGISTRY/c:1"
authorities none others
exits 4 rtbuild tags "$REGISTRY/b"
stderr_has 'is not signed by a known authority'
check '... but with --ca-file' rtbuild tags --ca-file "$ca" "$REGISTRY/b"
authorities ours ours
run env SSL_CERT_FILE="$TMP/real/bundle" SSL_CERT_DIR="$TMP/real" rtbuild tags "$REGISTRY/b"
is 'SSL_CERT_FILE and SSL_CERT_DIR take the place of both' "$status" 4
finish
