#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every backend that takes an image: its default runtime, built from wheels on the example base and
# started as its platform would, and the bundles of those that take files. aws_lambda, k8s and knative
# are in backends.sh, zips in function_zip.sh. Names Debian has no wheel of come from an index that
# makes stand-ins.
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
"$ROOT/tests/servers/internet" . sites "$WHEELS" >requests 2>internet.log &
servers="$servers $!"
INTERNET=$(wait_for internet.log 'listening on') || server_missing internet internet.log
INTERNET=${INTERNET##* }

# build BACKEND ARG...: its default runtime, under its name with slashes for colons.
name_of() { echo "all/$1" | tr : /; }
build() {
	backend=$1
	shift
	check "build $backend" env "https_proxy=http://$INTERNET" rtbuild build -b "$backend" --index-url "http://$INTERNET/simple/" --ca-file ca.crt \
		--build-arg "https_proxy=http://$INTERNET" -t "$(name_of "$backend"):1" "$@"
}
# starts BACKEND REGEX ARG...: run as the platform does, and what it says.
starts() {
	image=$(name_of "$1"):1 regex=$2
	shift 2
	check "start $image" rtbuild run "$@" "$image"
	stdout_has "$regex"
}
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# serves BACKEND VARIABLE PATH CURL-ARG...: its server, on a port of its own by VARIABLE.
serves() {
	image=$(name_of "$1"):1 port=$(free_port) variable=$2 path=$3
	shift 3
	rtbuild run -e "$variable=$port" "$image" >server.out 2>server.err &
	servers="$servers $!"
	wait_for server.err 'Listening at' >/dev/null || :
	check "$image: the server answers" curl -s --retry 20 --retry-connrefused --retry-delay 0 --max-time 20 "$@" "http://127.0.0.1:$port$path"
	is "$image: metadata" "$(jq -r .python_version "$out")" 3.11
	stop_server "${servers##* }"
}

# --- images ---

build aws_batch
starts aws_batch '^\{"lithops_version": ' -e __LITHOPS_ACTION=get_metadata -e '__LITHOPS_PAYLOAD={}'
build azure_containers
starts azure_containers '"queue": "q"' -e QueueName=q -e 'MESSAGE={"action": "get_metadata"}'
build gcp_cloudrun
serves gcp_cloudrun PORT /metadata
build code_engine
serves code_engine PORT /metadata
check 'code_engine: a job' rtbuild run -e JOB_INDEX=0 -e ACTION=get_metadata -e PAYLOAD=e30= "$(name_of code_engine):1" /usr/local/bin/python /lithops/lithopsentry.py
stdout_has '"python_version": "3\.11"'
build aliyun_fc:container
serves aliyun_fc:container CAPort /invoke -d '{"get_metadata": 1}'
build oracle_f
# fdk is a stand-in: what it would be given
is 'oracle_f: the entry point' "$(config all/oracle_f:1 | jq -c '.config.Entrypoint')" '["/usr/local/bin/fdk","handler/entry_point.py","handler"]'
check 'oracle_f: the handler' rtbuild run --entrypoint python3 all/oracle_f:1 -c \
	'import io; from handler import entry_point; print(entry_point.handler(None, io.BytesIO(b"{\"get_metadata\": 1}"))["python_version"])'
stdout_is 3.11
for backend in openwhisk ibm_cf openwhisk:slim; do
	build $backend
	starts "$backend" '^runner of actions$'
done
is 'openwhisk: no Lithops inside' "$(files all/openwhisk:1 | grep -c '/lithops/')" 0
build localhost:container
check 'localhost: what a worker imports' rtbuild run all/localhost/container:1 python3 -c 'import cloudpickle, pika, tblib, yaml, psutil, numpy'
for backend in ibm_vpc aws_ec2 azure_vms gce; do
	build $backend -o type=store
	check "$backend: what a worker imports" rtbuild run "all/$backend:1" python3 -c 'import flask, gevent, paramiko, redis, cloudpickle'
done
build code_engine:opencv
check 'code_engine:opencv: has it' rtbuild run all/code_engine/opencv:1 /usr/local/bin/python -c 'import opencv_python_headless'
for backend in aws_batch:conda gcp_cloudrun:conda code_engine:conda k8s:conda knative:conda aws_lambda:conda openwhisk:conda ibm_vpc:cuda openwhisk:gdal ibm_cf:gdal code_engine:mamba; do
	check "plan $backend" rtbuild build -b $backend --installer pip --plan
done
check 'aws_lambda:arm64' rtbuild template render aws_lambda:arm64
exits 2 rtbuild build -b aws_lambda:arm64 --platform linux/amd64 --index-url "http://$INTERNET/simple/"
stderr_has 'linux/arm64'


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
exits 2 rtbuild build -b knative -o type=bundle,dest=x -t x:1 --index-url "http://$INTERNET/simple/"
stderr_has 'virtual machines'
exits 2 rtbuild build -b vm -o type=bundle -t x:1 --index-url "http://$INTERNET/simple/"
finish
