#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The runtimes of aws_lambda, knative and k8s, built from wheels on the example base: every module in
# them imports, their entry points answer, and other tools take the images as they are.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_runtime

# --- templates ---

check 'template list' rtbuild template list
for backend in aws_lambda aws_lambda:layer aws_lambda:handler aws_batch gcp_functions gcp_cloudrun azure_functions \
	azure_containers aliyun_fc aliyun_fc:container k8s knative openwhisk ibm_cf code_engine oracle_f singularity \
	localhost localhost:container vm ibm_vpc aws_ec2 azure_vms gce knative:conda openwhisk:slim openwhisk:gdal ibm_cf:gdal code_engine:mamba code_engine:opencv \
	aws_lambda:arm64 ibm_vpc:cuda; do
	stdout_has "^$backend +(image|layer|zip|sif|vm|host) "
done
check 'template list --json' rtbuild template list --json
is 'template list --json: all' "$(jq -r '.[].name' "$out" | sort -u | wc -l)" 42
check 'template show' rtbuild template show knative
is 'template show: packages' "$(jq -r '.packages | index("gunicorn") != null' "$out")" true
exits 2 rtbuild template show knativ
stderr_has 'did you mean knative'
exits 2 rtbuild template show
exits 2 rtbuild template render -b knative --python 2.7
stderr_has '3\.11'
for backend in $(rtbuild template list | sed -nE 's/^([^ ]+) +(image|vm|sif) .*/\1/p'); do
	check "render $backend" rtbuild template render -b "$backend"
	stdout_has '^FROM (python:3\.11-slim-bookworm|continuumio/miniconda3:.*|nvidia/cuda:.*|ghcr\.io/osgeo/gdal:.*)$'
	is "render $backend: nothing unfilled" "$(grep -cF '{{' "$out")" 0
	cp "$out" Dockerfile
	check "render $backend: it parses" rtbuild build --plan -f Dockerfile --build-context python-packages=. --build-context lithops-handler=. .
	check "render $backend --installer pip" rtbuild template render -b "$backend" --installer pip
	stdout_has '^RUN [a-z0-9/-]*pip3? install'
	stdout_hasnt 'from=python-packages'
done
check 'render --base' rtbuild template render knative --base me/base:1
stdout_has '^FROM me/base:1$'

# --- the three images ---

# shellcheck disable=SC2016 # the $ are a Dockerfile's
entrypoints='
aws_lambda	["/usr/local/bin/python","-m","awslambdaric"]	["handler.entry_point.lambda_handler"]	/function	null
knative	null	["/bin/sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy"]	/lithops	null
k8s	null	["python3"]	/lithops	"1000:1000"
'
cat >imports.py <<'END'
import importlib, importlib.metadata, sys, warnings

# Every module of every installed wheel that is no stand-in, as RECORD names it, at the top level.
warnings.simplefilter("ignore")
skipped = {"_distutils_hack", "kubernetes_asyncio"}
count = stand_ins = 0
for distribution in sorted(importlib.metadata.distributions(), key=lambda d: d.metadata["Name"].lower()):
    if "/usr/local/" not in str(distribution.locate_file("")):
        continue
    if "+standin" in distribution.version:
        stand_ins += 1
        continue
    names = set()
    for path in distribution.files:
        first = path.parts[0]
        if len(path.parts) == 1 and first.endswith(".py"):
            names.add(first[:-3])
        elif len(path.parts) == 1 and ".so" in first:
            names.add(first.split(".")[0])
        elif len(path.parts) == 2 and path.parts[1] == "__init__.py":
            names.add(first)
    for name in sorted(names - skipped):
        importlib.import_module(name)
        count += 1
import numpy
assert numpy.linalg.inv(numpy.eye(3) * 2).sum() == 1.5
for name in sys.argv[1:]:
    importlib.import_module(name)
print(f"{count > 15} {stand_ins}")
END

for backend in aws_lambda knative k8s; do
	check "build $backend" rtbuild build --backend "$backend" --python 3.11 -t "demo/$backend:1"
	stdout_has "^demo/$backend@sha256:[0-9a-f]{64}$"
	is "$backend: nothing else on stdout" "$(wc -l <"$out")" 1
	stderr_has 'stand-in'
	stderr_has 'lithops'
	check "build $backend again" rtbuild build --backend "$backend" --python 3.11 -t "demo/$backend:2"
	is "$backend: same digest" "$(digest_of "demo/$backend:2")" "$(digest_of "demo/$backend:1")"
	IFS='	' read -r _ entrypoint cmd workdir user <<-END
		$(printf '%s\n' "$entrypoints" | grep "^$backend	")
	END
	is "$backend: entry point" "$(config "demo/$backend:1" | jq -c '.config.Entrypoint')" "$entrypoint"
	is "$backend: command" "$(config "demo/$backend:1" | jq -c '.config.Cmd')" "$cmd"
	is "$backend: directory, user" "$(config "demo/$backend:1" | jq -c '[.config.WorkingDir, .config.User]')" "[\"$workdir\",$user]"
	is "$backend: one manifest, gzip layers" "$(manifest "demo/$backend:1" | jq -r '.mediaType, .layers[].mediaType' | sort -u | tr '\n' ' ')" \
		'application/vnd.oci.image.layer.v1.tar+gzip application/vnd.oci.image.manifest.v1+json '
	case $backend in
	aws_lambda) modules='awslambdaric boto3 redis httplib2 requests scipy.linalg pandas pika kafka cloudpickle ps_mem tblib psutil handler.entry_point' ;;
	knative) modules='gunicorn.app.wsgiapp flask gevent.monkey boto3 redis requests yaml kubernetes.client numpy paramiko google.cloud.storage azure.storage.blob ibm_boto3 lithopsproxy' ;;
	k8s) modules='flask pika boto3 ibm_boto3 redis requests yaml kubernetes.client numpy cloudpickle psutil lithopsentry' ;;
	esac
	# shellcheck disable=SC2086 # words
	check "$backend: every module imports" rtbuild run -v "$TMP/imports.py:/imports.py:ro" "demo/$backend:1" \
		env PYTHONPATH="$workdir" python3 -B /imports.py $modules
	stdout_has '^True [1-9]'
	check "$backend: skopeo copies it" skopeo copy -q "oci:$RTBUILD_STORE:docker.io/demo/$backend:1" "oci:copied:$backend"
	is "$backend: skopeo: same manifest" "$(jq -r '.manifests[-1].digest' copied/index.json)" "$(digest_of "demo/$backend:1")"
	rm -rf copied
done
is 'layers are shared: packages that two have are stored once' \
	"$([ "$(find "$RTBUILD_STORE/blobs" -type f | wc -l)" -lt 60 ] && echo yes)" yes

# --- entry points ---

python=/usr/local/bin/python3
check 'aws_lambda: the handler' rtbuild run -w /function demo/aws_lambda:1 $python -c \
	'from handler.entry_point import lambda_handler; print(sorted(lambda_handler({"get_metadata": True}, None)))'
stdout_has 'lithops_version.*preinstalls.*python_version'
fails 'aws_lambda: outside Lambda it says so' rtbuild run demo/aws_lambda:1
stderr_has 'AWS_LAMBDA_RUNTIME_API'
check 'k8s: the entry point' rtbuild run demo/k8s:1 $python lithopsentry.py get_metadata "$(printf '{}' | base64)"
is 'k8s: metadata' "$(jq -r .python_version "$out")" 3.11
check 'k8s: the user' rtbuild run demo/k8s:1 sh -c 'id -u; stat -c %u:%g /lithops/lithopsentry.py; whoami'
is 'k8s: the user is there' "$(tr '\n' ' ' <"$out")" '1000 1000:1000 lithops '
# Its server on a port of its own, spoken to from here.
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
rtbuild run -e PORT="$port" -e WORKERS=1 demo/knative:1 >server.out 2>server.err &
servers="$servers $!"
wait_for server.err 'Listening at' >/dev/null || :
check 'knative: the server answers' curl -s --retry 20 --retry-connrefused --retry-delay 0 --max-time 20 "http://127.0.0.1:$port/metadata"
is 'knative: metadata' "$(jq -r .python_version "$out")" 3.11
stop_server "${servers##* }"
is 'knative: the server is gone' "$(leftovers)" ''

# --- umoci and runc ---

if [ "$(id -u)" -eq 0 ]; then
	check 'umoci unpacks it' umoci unpack --image "$RTBUILD_STORE:docker.io/demo/aws_lambda:1" bundle
else
	check 'umoci unpacks it' umoci unpack --rootless --image "$RTBUILD_STORE:docker.io/demo/aws_lambda:1" bundle
fi
is 'umoci: entry point' "$(jq -c .process.args bundle/config.json)" \
	'["/usr/local/bin/python","-m","awslambdaric","handler.entry_point.lambda_handler"]'
is 'umoci: the handler is in place' "$(ls bundle/rootfs/function/handler/)" '__init__.py
entry_point.py'
# runc needs no terminal, and of the cgroups only what every system has.
jq '.process.terminal = false | .linux.resources = {} | .process.args = ["python3", "-c",
	"import numpy, handler.entry_point, os; print(numpy.arange(4).sum(), os.getcwd())"]' bundle/config.json >config.json
mv config.json bundle/config.json
check 'runc runs it' sh -c "cd bundle && runc --root '$TMP/runc' run rtbuild-test-$$"
stdout_is '6 /function'
chmod -R u+rwX bundle && rm -rf bundle

# --- requests of the user ---

mkdir w
"$ROOT/tests/cli/make-wheel" w my-own-package 1.0 >/dev/null
echo my-own-package >req.txt
check 'more packages' rtbuild build -q --backend aws_lambda -r req.txt --find-links "$WHEELS" --find-links w -t demo/more:1
run rtbuild run demo/more:1 python3 -c 'import my_own_package, numpy; print(my_own_package.value)'
stdout_is 'my-own-package 1.0'
echo no-such-package >req.txt
exits 6 rtbuild build --backend aws_lambda -r req.txt -t demo/none:1
stderr_has 'no-such-package'
stdout_empty
exits 6 rtbuild build --backend knative --find-links w -t demo/none:1
stderr_has 'lithops in w'
is 'and there is no image' "$(digest_of demo/none:1)" ''
exits 2 rtbuild build --backend aws_lambda --compression zstd -t demo/none:1
stderr_has 'zstd'
printf 'six\n' >six.txt
check 'a layer' rtbuild build --backend aws_lambda:layer -r six.txt mine
stdout_is mine.zip
check 'a layer as rtbuild layer makes it' rtbuild layer -r six.txt -o other.zip
is 'a layer: the same bytes' "$(sha256sum <mine.zip)" "$(sha256sum <other.zip)"
exits 2 rtbuild build --backend aws_lambda:layer --push
exits 2 rtbuild build --backend aws_lambda:layer --installer pip
exits 2 rtbuild build --backend aws_lambda:layer --lithops 1.0
exits 2 rtbuild build --backend aws_lambda --python 2.7 -t demo/none:1
exits 2 rtbuild build --backend knative --platform linux/amd64,linux/arm64 -t demo/none:1
stderr_has 'rtbuild index'
exits 2 rtbuild build --backend localhost -t demo/none:1
stderr_has 'this machine'
exits 6 rtbuild build --backend aws_lambda --platform linux/arm64 -t demo/none:1
check 'without a name: the backend names it' rtbuild build -q --backend aws_lambda
stdout_has '^lithops-lambda-default-v311@sha256:'
check 'a name of Lithops, and its configuration' rtbuild build --backend knative team/rt:1 --setting docker_server=reg.example:5000 --print-config
stdout_has '^    runtime: reg\.example:5000/team/rt:1$'
stdout_hasnt '@sha256:'
is 'a name of Lithops: the reference' "$(digest_of reg.example:5000/team/rt:1 | cut -c 1-7)" 'sha256:'
check 'a name of Lithops: the configuration is a note' rtbuild build --backend knative -t again:1
stderr_has '    runtime: again:1'
exits 2 rtbuild build --backend knative --setting docker_usr=x
exits 2 rtbuild build --backend knative --print-config -o type=oci,dest=- -t x:1
check 'the store is whole' rtbuild fsck
finish
