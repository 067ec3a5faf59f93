#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every backend of Lithops: its default runtime is built from local base and wheels, keeps every rule
# of `rtbuild check`, and is started and called as its platform would; zips are unpacked and imported.
# Then the bundles of those that take files. Names Debian has no wheel of come from an index that
# makes stand-ins, whose fdk and action proxy speak as the platforms' own (servers/stand-ins).
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
need_wheels

"$ROOT/tests/servers/make-certs" . raw.githubusercontent.com
openwhisk=sites/raw.githubusercontent.com/apache
mkdir -p "$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy" \
	"$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction"
cp "$ROOT/tests/servers/stand-ins/actionproxy.py" "$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/"
cp "$ROOT/tests/servers/stand-ins/pythonrunner.py" "$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction/"
"$ROOT/tests/servers/internet" . sites "$WHEELS" >requests 2>internet.log &
servers="$servers $!"
INTERNET=$(wait_for internet.log 'listening on') || server_missing internet internet.log
INTERNET=${INTERNET##* }

# build BACKEND ARG...: its default runtime, under its name with slashes for colons, or into a file.
name_of() { echo "all/$1" | tr : /; }
build() {
	backend=$1
	shift
	check "build $backend" env "https_proxy=http://$INTERNET" rtbuild build -b "$backend" --index-url "http://$INTERNET/simple/" --ca-file ca.crt \
		--build-arg "https_proxy=http://$INTERNET" -t "$(name_of "$backend"):1" "$@"
}
# kept BACKEND ARTIFACT ARG...: no rule is broken, none was left out, and each for the backend was kept.
kept() {
	check "$1 keeps its rules" rtbuild check --json -b "$@"
	is "$1: every rule, and none says anything" \
		"$(jq -r '.findings, .left_out | length' "$out" | tr '\n' ' ')$(jq -r '.passed[]' "$out" | sort | tr '\n' ' ')" \
		"0 0 $(rtbuild check --list --json -b "$1" | jq -r '.[].id' | sort | tr '\n' ' ')"
}
# image BACKEND ARG...: built, and checked with its Python started.
image() {
	build "$@"
	kept "$1" "$(name_of "$1"):1" --python 3.11 --run
	is "$1: its Python ran" "$(jq -r .verified "$out")" executed
}
# zip BACKEND FILE ARG...: built, checked and unpacked to ./unpacked.
zip() {
	backend=$1 file=$2
	shift 2
	check "build $backend" rtbuild build -b "$backend" --libc glibc-2.36 --index-url "http://$INTERNET/simple/" -o "$file" "$@"
	kept "$backend" "$file"
	is "$backend: nothing ran" "$(jq -r .verified "$out")" static
	rm -rf unpacked
	check "$backend: unzip" unzip -q "$file" -d unpacked
}
# imports WHAT SYS.PATH CODE: Python's output from ./unpacked with these alone on sys.path.
imports() { check "$1" sh -c "cd unpacked && exec env -i PYTHONPATH='$2' /usr/bin/python3 -B -S -c \"\$1\"" sh "$3"; }
# starts BACKEND REGEX ARG...: run as the platform does, and what it says.
starts() {
	image=$(name_of "$1"):1 regex=$2
	shift 2
	check "start $image" rtbuild run "$@" "$image"
	stdout_has "$regex"
}
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# run_beside BACKEND ARG...: it runs until end_server.
run_beside() {
	served=$(name_of "$1"):1
	shift
	rtbuild run "$@" "$served" >server.out 2>&1 &
	servers="$servers $!"
}
# serve BACKEND REGEX ARG...: its server runs and has said so by a line of REGEX; end_server ends it.
serve() {
	runs=$1 regex=$2
	shift 2
	run_beside "$runs" "$@"
	wait_for server.out "$regex" >server.line || server_missing "$served" server.out
}
ask() { check "$served: the server answers" curl -s --retry 20 --retry-connrefused --retry-delay 0 --max-time 60 --retry-max-time 120 "$@"; }
end_server() { stop_server "${servers##* }"; }
# serves BACKEND VARIABLE PATH CURL-ARG...: a gunicorn, on a port of its own by VARIABLE.
serves() {
	port=$(free_port) path=$3
	serve "$1" 'Listening at' -e "$2=$port"
	shift 3
	ask "$@" "http://127.0.0.1:$port$path"
	is "$served: metadata" "$(jq -r .python_version "$out")" 3.11
	end_server
}

# --- images ---

image aws_lambda
echo '{"get_metadata": 1}' >event.json
"$ROOT/tests/servers/lambda-runtime" event.json >lambda.out 2>lambda.err &
platform=$!
LAMBDA=$(wait_for lambda.err 'listening on') || server_missing lambda-runtime lambda.err
run_beside aws_lambda -e "AWS_LAMBDA_RUNTIME_API=${LAMBDA##* }"
wait $platform
is 'aws_lambda: an invocation is answered' "$? $(jq -r .python_version lambda.out)" '0 3.11'
end_server
image aws_batch
starts aws_batch '^\{"lithops_version": ' -e __LITHOPS_ACTION=get_metadata -e '__LITHOPS_PAYLOAD={}'
image azure_containers
starts azure_containers '"queue": "q"' -e QueueName=q -e 'MESSAGE={"action": "get_metadata"}'
image gcp_cloudrun
serves gcp_cloudrun PORT /metadata
image knative
serves knative PORT /metadata
image code_engine
serves code_engine PORT /metadata
check 'code_engine: a job' rtbuild run -e JOB_INDEX=0 -e ACTION=get_metadata -e PAYLOAD=e30= "$(name_of code_engine):1" /usr/local/bin/python /lithops/lithopsentry.py
stdout_has '"python_version": "3\.11"'
image k8s
check 'k8s: a job' rtbuild run all/k8s:1 python3 /lithops/lithopsentry.py get_metadata e30=
is 'k8s: metadata' "$(jq -r .python_version "$out")" 3.11
image aliyun_fc:container
serves aliyun_fc:container CAPort /invoke -d '{"get_metadata": 1}'
image oracle_f
is 'oracle_f: the entry point' "$(config all/oracle_f:1 | jq -c '.config.Entrypoint')" '["/usr/local/bin/fdk","handler/entry_point.py","handler"]'
mkdir -m 777 fn
run_beside oracle_f -v "$TMP/fn:/fn" -e FN_LISTENER=unix:/fn/fn.sock
tries=0
until [ -S fn/fn.sock ] || [ $tries -eq 600 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
ask --unix-socket fn/fn.sock -H 'Fn-Call-Id: one' -d @event.json http://localhost/call
is 'oracle_f: metadata' "$(jq -r .python_version "$out")" 3.11
end_server
for runtime in openwhisk ibm_cf openwhisk:slim ibm_cf:slim; do
	image $runtime
	zip "${runtime%:*}:action" action.zip
	imports "$runtime: its action" . 'import runpy; print(runpy.run_path("__main__.py", run_name="action")["main"]({"get_metadata": 1}))'
	jq -n --rawfile code /dev/stdin '{value: {binary: true, main: "main", code: $code}}' >init.json <<-END
		$(base64 -w 0 action.zip)
	END
	port=$(free_port)
	serve $runtime 'Listening at' -e "FLASK_PROXY_PORT=$port"
	ask -d @init.json "http://127.0.0.1:$port/init"
	stdout_is '{"ok": true}'
	ask -d '{"value": {"get_metadata": 1}}' "http://127.0.0.1:$port/run"
	is "$runtime: the action answers in the image" "$(jq -r .python_version "$out")" 3.11
	end_server
done
is 'openwhisk: no Lithops inside' "$(files all/openwhisk:1 | grep -c '/lithops/')" 0
image localhost:container
check 'localhost: what a worker imports' rtbuild run all/localhost/container:1 python3 -c 'import cloudpickle, pika, tblib, yaml, psutil, numpy'
for machine in vm ibm_vpc aws_ec2 azure_vms gce; do
	image $machine -o type=store
	check "$machine: what a worker imports" rtbuild run "all/$machine:1" python3 -c 'import flask, gevent, paramiko, redis, cloudpickle'
done
image code_engine:opencv
check 'code_engine:opencv: has it' rtbuild run all/code_engine/opencv:1 /usr/local/bin/python -c 'import opencv_python_headless'
for backend in aws_batch:conda gcp_cloudrun:conda code_engine:conda k8s:conda knative:conda aws_lambda:conda openwhisk:conda ibm_cf:conda ibm_vpc:cuda \
	openwhisk:gdal ibm_cf:gdal code_engine:mamba; do
	check "plan $backend" rtbuild build -b $backend --installer pip --plan
done
check 'aws_lambda:arm64' rtbuild template render aws_lambda:arm64
exits 2 rtbuild build -b aws_lambda:arm64 --platform linux/amd64 --index-url "http://$INTERNET/simple/"
stderr_has 'linux/arm64'

# --- what only a start tells ---

# broken NAME LINE...: the k8s runtime with further lines.
broken() {
	broken_name=$1
	shift
	printf '%s\n' 'FROM all/k8s:1' 'USER 0' "$@" 'USER 1000:1000' >Dockerfile
	check "$broken_name" rtbuild build -q -t broken:1 .
}
broken 'a Lithops that does not import' "RUN echo 'raise ValueError(\"not today\")' >>/lithops/lithops/__init__.py"
check 'its files are as they should' rtbuild check -b k8s broken:1
stdout_has '\(static\)$'
exits 1 rtbuild check -b k8s broken:1 --run
stderr_has 'broken:1: its python3 fails: ValueError: not today'
broken 'an entry point that does not compile' "RUN echo 'def' >>/lithops/lithopsentry.py"
exits 1 rtbuild check -b k8s broken:1 --run
stderr_has SyntaxError
broken 'a Python of another name' 'RUN cd /usr/local/bin && cp -L python3.11 python3.12 && ln -sf python3.12 python3'
exits 1 rtbuild check -b k8s broken:1 --rule python-version --run
stderr_has 'is Python 3\.11, and by its files 3\.12'
is 'nothing of it is left' "$(leftovers)" ''

# --- zips ---

zip aws_lambda:layer layer.zip
imports 'aws_lambda:layer: every package' python 'import numpy, requests, redis, pika, cloudpickle, ps_mem, tblib, urllib3, psutil'
exits 2 rtbuild check -b aws_lambda:layer layer.zip --run
stderr_has 'no Python of its own'
mv unpacked layer
zip aws_lambda:handler handler.zip
imports 'aws_lambda:handler: with the layer' "$PWD/layer/python:." 'import entry_point; print(entry_point.lambda_handler({"get_metadata": 1}, None))'
stdout_has python_version
zip gcp_functions gcp.zip
imports 'gcp_functions: the handler' . 'import main, base64; print(main.main({"data": base64.b64encode(b"{\"get_metadata\": 1}")}))'
stdout_has python_version
zip azure_functions azure.zip --setting trigger=https
imports 'azure_functions: the handler and its packages' .python_packages/lib/site-packages:. 'import lithops_handler, numpy, psutil, flask, gevent, yaml
assert "/.python_packages/lib/site-packages/" in numpy.__file__'
# of Python 3.11 it has none: its packages that have no extension modules are imported by ours
printf 'six\npika\ntblib\ncloudpickle\nps-mem\n' >pure.txt
zip aliyun_fc aliyun.zip -r pure.txt
imports 'aliyun_fc: the handler and its packages' . 'import entry_point, six, pika, tblib, cloudpickle, ps_mem; print(entry_point.main(b"{\"get_metadata\": 1}", None))'
stdout_has python_version

# --- another builder ---

# What is rendered is a standard Dockerfile: buildah takes it, with directories for the contexts.
if [ "$(id -u)" -eq 0 ]; then
	check 'the contexts as directories' rtbuild build -q -b aws_batch --base scratch -o type=local,dest=laid --index-url "http://$INTERNET/simple/"
	mkdir -p packages handler
	mv laid/usr packages/
	mv laid/lithops/* handler/
	rtbuild template render aws_batch --base scratch >Dockerfile.batch
	check 'buildah builds it' buildah --root "$TMP/b/root" --runroot "$TMP/b/run" --storage-driver vfs bud -q \
		--build-context "python-packages=$TMP/packages" --build-context "lithops-handler=$TMP/handler" \
		-f Dockerfile.batch -t "oci-archive:$TMP/theirs.tar" .
	check 'its image' rtbuild import -t theirs:1 theirs.tar
	rtbuild build -q -b aws_batch --base scratch -t ours:1 --index-url "http://$INTERNET/simple/" >/dev/null 2>&1
	is 'is configured as ours' "$(config theirs:1 | jq -cS '.config | [.Entrypoint, .Cmd, .WorkingDir, (.Env | sort)]')" \
		"$(config ours:1 | jq -cS '.config | [.Entrypoint, .Cmd, .WorkingDir, (.Env | sort)]')"
	is 'has the files of ours' "$(files theirs:1 | sed 's,/$,,' | grep -c 'site-packages/boto3/')" "$(files ours:1 | sed 's,/$,,' | grep -c 'site-packages/boto3/')"
fi

# --- Singularity ---

image singularity
build singularity
stderr_hasnt 'JSONArgsRecommended'
is 'singularity: beside the store, by its name' "$(ls -d singularity*)" singularity-1
is 'singularity: its files' "$(find singularity-1 -type f | sort | tr '\n' ' ')" 'singularity-1/singularity-1.def singularity-1/singularity-1.oci.tar '
stderr_has 'apptainer build'
file_has 'singularity: the definition' singularity-1/*.def '^From: singularity-1\.oci\.tar$'
# shellcheck disable=SC2016 # the $ is the definition's
file_has 'singularity: the definition' singularity-1/*.def '^    python3 /lithops/lithopsentry\.py \$AMQP_URL$'
check 'singularity: skopeo reads the archive' skopeo inspect --raw oci-archive:singularity-1/singularity-1.oci.tar
is 'singularity: it is the image' "$(sha256sum <"$out" | cut -c 1-64)" "$(digest_of all/singularity:1 | cut -c 8-)"
starts singularity '"url": "amqp://x"' -e AMQP_URL=amqp://x
# a stand-in for apptainer, which Debian has not: it is called as apptainer is
mkdir bin
cat >bin/apptainer <<'END'
#!/bin/sh
echo "$@" >>called
[ ! -e fail ] || exit 7
cp "$4" "$3"
END
chmod +x bin/apptainer
check 'with apptainer: the SIF' env PATH="$TMP/bin:$PATH" rtbuild build -b singularity -t sing:2 -o type=bundle,dest=sif --index-url "http://$INTERNET/simple/"
is 'with apptainer: how it is called' "$(cat sif/called)" 'build --force sing-2.sif sing-2.def'
is 'with apptainer: no archive' "$(find sif -type f | sort | tr '\n' ' ')" 'sif/called sif/sing-2.def sif/sing-2.sif '
is 'with a bundle alone: not in the store' "$(digest_of sing:2)" ''
touch sif/fail
exits 10 env PATH="$TMP/bin:$PATH" rtbuild build -b singularity -t sing:2 -o type=bundle,dest=sif --index-url "http://$INTERNET/simple/"
stderr_has 'exit status 7'

# --- virtual machines ---

build vm -o type=bundle,dest=machine -o type=store
is 'vm: its files' "$(cd machine && find . -type f | sort | tr '\n' ' ')" './install.sh ./lithops-worker.service ./rootfs.tar '
cp -r machine again
check 'vm: again' rtbuild build -q -b vm -t all/vm:1 -o type=bundle,dest=machine --index-url "http://$INTERNET/simple/"
is 'vm: gives the same bytes' "$(cd machine && sha256sum ./*)" "$(cd again && sha256sum ./*)"
file_has 'vm: the unit' machine/lithops-worker.service '^RootDirectory=/var/lib/lithops/runtimes/vm-1$'
file_has 'vm: the unit' machine/lithops-worker.service '^Environment="PATH=/usr/local/bin:'
file_has 'vm: the unit' machine/lithops-worker.service '^ExecStart=/usr/bin/env "python3" "/opt/lithops/worker.py"$'
check 'vm: shellcheck' shellcheck -s sh machine/install.sh
check 'vm: systemd reads the unit' systemd-analyze verify "$PWD/machine/lithops-worker.service"
is 'vm: and knows every line of it' "$(grep -F lithops-worker "$out" "$err")" ''
if [ "$(id -u)" -eq 0 ]; then
	check 'vm: installs' sh machine/install.sh root
	check 'vm: installs again' sh machine/install.sh "$TMP/root"
	is 'vm: one tree' "$(ls root/var/lib/lithops/runtimes)" vm-1
	echo 'import flask, sys; print("worker", sys.version_info[:2])' >root/var/lib/lithops/runtimes/vm-1/opt/lithops/worker.py
	# as the unit says it
	check 'vm: the worker starts' env -i PATH=/usr/local/bin:/usr/bin:/bin /usr/sbin/chroot root/var/lib/lithops/runtimes/vm-1 /usr/bin/env python3 /opt/lithops/worker.py
	stdout_is 'worker (3, 11)'
	is 'vm: the unit lies where systemd looks' "$(cmp root/etc/systemd/system/lithops-worker.service machine/lithops-worker.service && echo same)" same
fi
# on a Debian of its own, as its user would, and the worker's Python there
check 'vm: installs on a machine' rtbuild run -v "$TMP/again:/machine:ro" python:3.11-slim-bookworm sh -c '
	sh /machine/install.sh && test -f /etc/systemd/system/lithops-worker.service &&
	exec chroot /var/lib/lithops/runtimes/vm-1 /usr/bin/env python3 -c "import flask, paramiko; print(\"the worker\")"'
stdout_has '^the worker$'
exits 2 rtbuild build -b knative -o type=bundle,dest=x -t x:1 --index-url "http://$INTERNET/simple/"
stderr_has 'virtual machines'
exits 2 rtbuild build -b vm -o type=bundle -t x:1 --index-url "http://$INTERNET/simple/"
finish
