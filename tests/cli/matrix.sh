#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build --matrix: all fifteen serverless backends and the rest of what takes an artifact, in one process, each
# layer uploaded once; which combinations there are, and what fails alone.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
need_wheels

"$ROOT/tests/servers/make-certs" . raw.githubusercontent.com
openwhisk=sites/raw.githubusercontent.com/apache
mkdir -p "$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy" \
	"$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction"
echo 'proxy = 1' >"$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py"
echo 'print("runner of actions")' >"$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py"
"$ROOT/tests/servers/internet" . sites "$WHEELS" >internet.requests 2>internet.log &
servers="$servers $!"
INTERNET=$(wait_for internet.log 'listening on') || server_missing internet internet.log
INTERNET=${INTERNET##* }
start_registry plain
# Debian's extension modules ask for its own C library; some platforms' are older.
matrix() {
	env "https_proxy=http://$INTERNET" rtbuild build --matrix "$@" --libc glibc-2.36 \
		--index-url "http://$INTERNET/simple/" --ca-file ca.crt --build-arg "https_proxy=http://$INTERNET"
}

# --- all of them ---

cat >all.yaml <<END
backends: [aws_lambda, "aws_lambda:layer", aws_batch, gcp_functions, gcp_cloudrun, azure_functions, azure_containers, aliyun_fc,
  "aliyun_fc:container", k8s, knative, openwhisk, ibm_cf, code_engine, oracle_f, singularity]
pythons: ["3.11"]
platforms: [linux/amd64]
name: $REGISTRY/rt/{{backend}}:py{{python_flat}}-{{arch}}
output: dist/{{backend}}-py{{python_flat}}
push: true
settings:
  - { backend: azure_functions, key: storage_account_name, value: acct }
include:
  - { backend: "aws_lambda:handler", python: "3.11" }
END
mkdir dist
mark=$(requests_mark)
check 'all backends' matrix all.yaml --json
cp "$out" all.json
is 'all: built' "$(jq -r '[.built, .skipped, .failed] | join(" ")' all.json)" '16 1 0'
is 'all: a Python that a backend has not is skipped, and said' "$(jq -r '.cells[] | select(.state == "skipped") | .backend + ": " + .reason' all.json)" \
	'aliyun_fc: aliyun_fc has no Python 3.11'
is 'all: in the order of the file' "$(jq -r '.cells[].backend' all.json | head -n 3 | tr '\n' ' ')" 'aws_lambda aws_lambda:layer aws_batch '
for cell in $(jq -r '.cells[] | select(.references and .backend != "singularity") | .references[0].tag' all.json); do
	check "pushed: ${cell#*/}" rtbuild digest "docker://$cell"
	stdout_is "$(jq -r --arg t "$cell" '.cells[] | select(.references[0].tag == $t) | ."containerimage.digest"' all.json)"
done
for file in dist/aws_lambda-layer-py311.zip dist/gcp_functions-py311.zip dist/azure_functions-py311.zip dist/aws_lambda-handler-py311.zip; do
	check "$file" unzip -tq "$file"
done
is 'singularity: its files' "$(find dist/singularity-py311 -type f | wc -l)" 2
# Every blob, configurations too, is sent to the registry once: other repositories mount it.
requests_since "$mark" >pushed
grep -E '^(PUT|POST) .*/blobs/uploads/.*digest=sha256' pushed | grep -oE '[?&]digest=sha256(:|%3A)[0-9a-f]{64}' |
	sed 's/.*\(:\|%3A\)//' | sort >uploads
is 'each blob is uploaded once' "$(uniq -d uploads)" ''
# (a SIF's image stays here)
for image in $(jq -r '.cells[] | select(.references and .backend != "singularity") | .references[0].tag' all.json); do
	manifest "$image" | jq -r '.config.digest, .layers[].digest'
done | cut -d : -f 2 | sort >blobs
is 'what is uploaded is what the images have' "$(uniq uploads)" "$(uniq blobs)"
is 'and every other use of it is a mount' "$(jq '[.cells[] | (.blobs_mounted // 0) + (.blobs_skipped // 0)] | add' all.json)" \
	"$(($(wc -l <blobs) - $(uniq blobs | wc -l)))"
is 'the cells count them' "$(jq '[.cells[].blobs_uploaded // 0] | add' all.json)" "$(wc -l <uploads)"
is 'the whole is their sum' "$(jq '([.cells[].requests // 0] | add) == .requests and ([.cells[].bytes_sent // 0] | add) == .bytes_sent' all.json)" true

mark=$(requests_mark)
check 'all backends again' matrix all.yaml --json
is 'again: nothing is uploaded' "$(requests_since "$mark" | grep -cE '^(PUT|PATCH|POST) .*/blobs/')" 0
is 'again: the same digests' "$(jq -c '[.cells[]."containerimage.digest"]' "$out")" "$(jq -c '[.cells[]."containerimage.digest"]' all.json)"

# --- a base of the registry ---

# Its documents are asked for once and its layers come once, whichever runtime is first; of each its own part
# is told, also of one that failed.
check 'the base' rtbuild push -q python:3.11-slim-bookworm "$REGISTRY/base/py:3.11"
cat >based.yaml <<END
backends: [k8s, knative, openwhisk, azure_containers]
pythons: ["3.11"]
name: $REGISTRY/based/{{backend}}:1
push: true
END
mark=$(requests_mark)
run env RTBUILD_STORE="$TMP/based" rtbuild build --matrix based.yaml --base "$REGISTRY/base/py:3.11" --no-index --jobs 4 --json
cp "$out" based.json
is 'on a base: one has no source of its own' "$(jq -r '.cells[] | select(.state == "failed") | .backend' based.json)" openwhisk
requests_since "$mark" >asked
is 'on a base: asked for once' "$(grep -c '^[A-Z]* /v2/base/py/manifests/' asked)" 1
is 'on a base: nothing comes twice' "$(grep '^GET /v2/base/py/' asked | sort | uniq -d)" ''
is 'on a base: each has its part of the requests' "$(jq '[.cells[].requests] | add' based.json)" "$(jq .requests based.json)"
is 'on a base: no blob goes there twice' \
	"$(grep -E '^(PUT|POST) .*/blobs/uploads/.*digest=sha256' asked | grep -oE 'sha256(:|%3A)[0-9a-f]{64}' | sort | uniq -d)" ''
# (k8s has a RUN, whose layer keeps the times of its files)
is 'on a base: the same as one by one' "$(for i in knative azure_containers; do
	RTBUILD_STORE=$TMP/alone rtbuild build -q -b $i --base "$REGISTRY/base/py:3.11" --no-index -t x:1 --print digest 2>/dev/null
done)" "$(jq -r '.cells[] | select(.backend != "k8s") | ."containerimage.digest" // empty' based.json)"

# --- what fails, and what is refused ---

cat >some.yaml <<'END'
backends: [openwhisk, k8s]
pythons: ["3.11"]
END
run rtbuild build --matrix some.yaml --base nowhere.invalid/base:1 --offline --json
is 'all fail: both were tried' "$(jq .failed "$out")" 2
is 'all fail: the exit status is the worst' "$(jq '[.cells[].exit_status] | max' "$out")" "$status"
cat >two.yaml <<'END'
backends: [gcp_functions, "aws_lambda:handler"]
pythons: ["3.11"]
output: two/{{backend}}
END
mkdir two two/gcp_functions.zip
run rtbuild build --matrix two.yaml --libc glibc-2.36 --index-url "http://$INTERNET/simple/"
is 'one fails: the command does' "$([ "$status" -ne 0 ] && echo yes)" yes
stdout_has '^failed	gcp_functions	3\.11	linux/amd64	'
stdout_has '^built	aws_lambda:handler	3\.11	linux/amd64	two/aws_lambda-handler\.zip$'
stderr_has '1 of 2 runtimes failed'

# refused WANTED TEXT: the file is wrong there
refused() {
	printf '%b' "$2" >wrong.yaml
	run rtbuild build --matrix wrong.yaml
	is "refused: $1" "$status" "$3"
	stderr_has "$1"
}
refused 'did you mean knative' 'backends: [knativ]\n' 2
refused "no backend has '2\\.7'" 'backends: [k8s]\npythons: ["2.7"]\n' 3
refused 'wrong\.yaml:2:13' 'backends: [k8s]\nplatforms: [linux/sparc]\n' 3
refused 'did you mean .?backends' 'backend: [k8s]\n' 3
refused 'more than once, under one name' 'backends: [k8s]\npythons: ["3.11", "3.12"]\n' 3
refused "two runtimes would be 'x:1'" 'backends: [k8s]\npythons: ["3.11", "3.12"]\nname: x:1\n' 3
refused 'oracle_f has no Python 3\.14' 'include: [{ backend: oracle_f, python: "3.14" }]\n' 2
refused 'no runtime is of knative' 'backends: [k8s]\nsettings: [{ backend: knative, key: a, value: b }]\n' 3
refused 'nothing is built' 'backends: [localhost]\n' 2
refused 'no runtime is left' 'backends: [k8s]\nexclude: [{ backend: k8s }]\n' 3
exits 2 rtbuild build --matrix some.yaml -b k8s
stderr_has 'the file says that of each'
exits 2 rtbuild build --matrix some.yaml .
exits 2 rtbuild build --matrix some.yaml --jobs 0
exits 2 rtbuild build -b k8s --jobs 2
stderr_has 'jobs is for --matrix'
exits 6 rtbuild build --matrix missing.yaml

finish
