#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The packages of a runtime as layers that other runtimes have, too: the same wheels are the same
# blobs whatever else is in the image, made once, stored once, sent once.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_wheels
need_base

# parts FILE: what a build said of its packages' layers: `TITLE: made` or `TITLE: cached`.
parts() {
	sed -nE 's,.*COPY --from=python-packages / /: (.*): (cached|sha256:[0-9a-f]*)( .*)?$,\1: \2,p' "$1" |
		sed 's/: sha256:.*/: made/'
}
layers() { manifest "$1" | jq -r '.layers[].digest' | sort; }
shared() { layers "$1" >l1 && layers "$2" >l2 && comm -12 l1 l2; }
blobs() { find "$RTBUILD_STORE/blobs/sha256" -type f | wc -l; }

# --- a layer for each big wheel, few for the others ---

check 'a runtime' rtbuild build --backend aws_lambda -t me/lambda:1
parts "$err" >made
is 'big wheels alone' "$(grep -cE '^(botocore|numpy|pandas|scipy) [0-9.]*: made$' made)" 4
is 'small ones in at most four' "$(grep -cE '^([0-9]+ small packages|[a-z-]+ [0-9.]+): made$' <made | awk '{print $1 - 4 <= 4}')" 1
is 'what was asked for comes last' "$(tail -n 1 made)" 'which packages were asked for: made'
is 'the history says what each is' "$(config me/lambda:1 | jq -r '.history[].created_by' | grep -c '^COPY / / # buildkit: numpy ')" 1
is 'one history entry for each layer' "$(config me/lambda:1 | jq '[.history[] | select(.empty_layer != true)] | length')" \
	"$(manifest me/lambda:1 | jq '.layers | length')"
check 'the files' rtbuild build --backend aws_lambda -t me/lambda:1 -o type=local,dest=root
cat >records.py <<'END'
# Every installed file is in its RECORD and as RECORD says, REQUESTED among them where it is.
import base64, csv, hashlib, os, pathlib, sys

site = pathlib.Path(sys.argv[1])
requested, listed = set(), set()
for info in sorted(site.glob("*.dist-info")):
    if (info / "REQUESTED").exists():
        requested.add(info.name.split("-")[0].lower())
    for path, digest, size in csv.reader((info / "RECORD").open(newline="")):
        file = pathlib.Path(os.path.normpath(site / path))
        listed.add(file)
        data = file.read_bytes()
        if digest:
            want = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert digest == "sha256=" + want and int(size) == len(data), path
for file in site.rglob("*"):
    assert file.is_dir() or file in listed, file
print(" ".join(sorted(requested)))
END
check 'RECORD is true' /usr/bin/python3 records.py root/usr/local/lib/python3.11/site-packages
is 'REQUESTED marks what was asked for' "$(cat "$out")" \
	"$(rtbuild template show aws_lambda | jq -r '.packages[]' | tr 'A-Z-' 'a-z_' | sort | tr '\n' ' ' | sed 's/ $//')"
rm -rf root

# --- the same wheels again: nothing is made ---

before=$(blobs)
check 'the same packages, another image' rtbuild build --backend aws_lambda --label a=b -t me/second:1
is 'every part is cached' "$(parts "$err" | grep -cv ': cached$')" 0
is 'two new blobs: manifest and config' "$(($(blobs) - before))" 2

# --- another backend: the big wheels are the same blobs ---

check 'another backend' rtbuild build --backend knative -t me/knative:1
parts "$err" >made
is 'what it shares is cached' "$(grep -E '^(botocore|numpy) ' made | tr '\n' ' ')" 'botocore 1.29.27: cached numpy 1.24.2: cached '
is 'the same blobs' "$(shared me/lambda:1 me/knative:1 | wc -l)" \
	"$(($(manifest python:3.11-slim-bookworm | jq '.layers | length') + 2))"
check 'one whose Dockerfile runs commands' rtbuild build --backend k8s -t me/k8s:1
is 'it has them, too' "$(parts "$err" | grep -cE '^(botocore|cryptography|kubernetes|numpy) .*: cached$')" 4

# --- elsewhere and in another order: the same digests ---

mkdir s2
jq '.manifests |= map(select(.annotations["org.opencontainers.image.ref.name"] | test("python")))' "$RTBUILD_STORE/index.json" >s2/index.json
cp -R --reflink=auto "$RTBUILD_STORE/blobs" "$RTBUILD_STORE/oci-layout" s2
check 'another store, the other backend first' sh -c "umask 077; TZ=Asia/Tokyo LC_ALL=C taskset -c 0 rtbuild build --store s2 --backend knative -t me/knative:1"
is 'nothing was cached there' "$(parts "$err" | grep -c ': cached$')" 0
is 'the same image' "$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "docker.io/me/knative:1") | .digest' s2/index.json)" "$(digest_of me/knative:1)"

# --- pushed: mounted from the first repository, not sent again ---

start_registry plain
check 'push the first' rtbuild push me/lambda:1 "$REGISTRY/a/lambda:1"
mark=$(requests_mark)
check 'push the second' rtbuild push me/knative:1 "$REGISTRY/b/knative:1"
for digest in $(shared me/lambda:1 me/knative:1); do
	is "mounted: $digest" "$(count_requests "$mark" "^POST .*mount=$digest&from=a/lambda 201")" 1
done
mark=$(requests_mark)
check 'push all of the same packages' rtbuild push me/second:1 "$REGISTRY/c/second:1"
is 'only the config is sent' "$(count_requests "$mark" '^(PUT|PATCH) .*/blobs/uploads/')" 1
finish
