#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Function zips: what each backend finds where, that its entry point answers from the unpacked zip, that the
# bytes depend on nothing of this machine, and what is refused before anything is written.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_wheels
# Debian's extension modules ask for its own C library; the platforms' are older.
libc=--libc=glibc-2.36
make_wheel() { "$ROOT/tests/cli/make-wheel" "$@" >/dev/null; }
names() { unzip -Z1 "$1" | LC_ALL=C sort; }
has() { names "$1" | grep -cxF -- "$2"; }
top() { names "$1" | sed 's,/.*,/,' | LC_ALL=C sort -u | tr '\n' ' '; }

# --- each backend's layout; the entry point answers ---

# zip_of BACKEND ROOT SYS_PATH CODE OPTION...: BACKEND's zip has ROOT at its root, and CODE, run by Python
# from the unpacked zip with SYS_PATH alone on sys.path, prints the metadata of a runtime.
zip_of() {
	file=${1%:*}.zip
	backend=$1 root=$2 path=$3 code=$4
	shift 4
	check "build $backend $*" rtbuild build --backend "$backend" $libc "$@" -o "$file"
	stdout_is "$file"
	is "$backend: at the root" "$(top "$file")" "$root "
	check "unzip, libarchive, busybox and Python read $file alike" "$ROOT/tests/cli/read-zip" "$file"
	rm -rf code
	mkdir code
	unzip -q "$file" -d code
	check "$backend answers" sh -c "cd code && exec env -i PYTHONPATH='$path' /usr/bin/python3 -B -S -c \"\$1\"" sh "$code"
	stdout_has '^\{.*lithops_version'
}
printf '\n' >none.txt
printf 'tblib\ncloudpickle\nsix\n' >pure.txt
zip_of openwhisk:action '__main__.py lithops/' . \
	'import runpy; print(runpy.run_path("__main__.py", run_name="action")["main"]({"get_metadata": 1}))'
zip_of aws_lambda:handler 'entry_point.py lithops/' . \
	'import entry_point; print(entry_point.lambda_handler({"get_metadata": 1}, None))'
zip_of aliyun_fc 'cloudpickle-2.2.0.dist-info/ cloudpickle/ entry_point.py lithops/ six-1.16.0.dist-info/ six.py tblib-1.7.0.dist-info/ tblib/' . \
	'import entry_point, six, tblib, cloudpickle; print(entry_point.main(b"{\"get_metadata\": 1}", None))' -r pure.txt
zip_of gcp_functions 'lithops/ main.py requirements.txt' . \
	'import main, base64; print(main.main({"data": base64.b64encode(b"{\"get_metadata\": 1}")}))'
is 'gcp_functions: what Cloud Build installs' "$(unzip -p gcp_functions.zip requirements.txt | tr '\n' ' ')" \
	"$(rtbuild template show gcp_functions | jq -r '.packages | join(" ")') "
printf 'six\n' >six.txt
zip_of gcp_functions 'lithops/ main.py six-1.16.0.dist-info/ six.py' . \
	'import main, six, base64; print(main.main({"data": base64.b64encode(b"{\"get_metadata\": 1}")}))' \
	-r six.txt --installer wheels

# azure: packages of the default set, every one importable from where the platform looks
azure='import lithops_handler, numpy, psutil, flask, gevent, yaml, types
assert numpy.__file__.startswith(".") or "/.python_packages/lib/site-packages/" in numpy.__file__
lithops_handler.main_queue(types.SimpleNamespace(get_body=lambda: b"{\"get_metadata\": 1}"), types.SimpleNamespace(set=print))'
zip_of azure_functions '.python_packages/ host.json lithops_handler/' .python_packages/lib/site-packages:. "$azure" \
	--setting storage_account_name=acct
is 'azure: what lies where' "$(for f in lithops_handler/__init__.py lithops_handler/function.json \
	.python_packages/lib/site-packages/lithops/__init__.py .python_packages/lib/site-packages/numpy/__init__.py \
	lithops/__init__.py; do has azure_functions.zip "$f"; done | tr '\n' ' ')" '1 1 1 1 0 '
# the name Lithops gives its queues, by its own formula
runtime=default-runtime-v311
version=$(unzip -p azure_functions.zip '.python_packages/lib/site-packages/lithops/version.py' | sed -n 's/^__version__ = "\(.*\)"/\1/p')
queue=lithops-worker-$(printf 'acct-%s-%s-pub/sub' "$runtime" "$version" | sha1sum | cut -c 1-12)
unzip -p azure_functions.zip lithops_handler/function.json >function.json
is 'azure: the queues' "$(jq -r '.bindings[].queueName' function.json | tr '\n' ' ')" "$queue-in-trigger $queue-out-result "
is 'azure: starts main_queue of __init__.py' "$(jq -r '.entryPoint + " " + .scriptFile' function.json)" 'main_queue __init__.py'
is 'azure: host.json is JSON' "$(unzip -p azure_functions.zip host.json | jq -r .version)" 2.0
check 'azure by requests, installed by the platform' rtbuild build --backend azure_functions --setting trigger=https --installer pip myruntime
stdout_is myruntime.zip
is 'azure by requests: http' "$(unzip -p myruntime.zip lithops_handler/function.json | jq -r '.entryPoint, .bindings[].type' | tr '\n' ' ')" \
	'main_http httpTrigger http '
is 'azure by requests: the packages are the platform'"'"'s' "$(has myruntime.zip requirements.txt; unzip -Z1 myruntime.zip | grep -c numpy)" '1
0'

# --- names; the user's requirement files as they are ---

check 'the name Lithops gives it' rtbuild build --backend openwhisk:action
stdout_is lithops_openwhisk.zip
check 'the name of the runtime' rtbuild build --backend aliyun_fc -t me/mine -r none.txt
stdout_is mine.zip
printf '# mine\nnumpy==1.26.4 \\\n    --hash=sha256:%064d\n' 7 >locked.txt
printf 'six' >more.txt
check 'files as they are' rtbuild build --backend gcp_functions -r locked.txt -r more.txt -o own.zip
unzip -p own.zip requirements.txt >given.txt
(cat locked.txt more.txt && echo) >wanted.txt
check 'files as they are: together' cmp given.txt wanted.txt

# --- the same bytes everywhere ---

check 'once more, elsewhere' sh -c "umask 077; mkdir far; cd far; TZ=Asia/Tokyo LC_ALL=C RTBUILD_STORE='$TMP/s2' taskset -c 0 \
	rtbuild build --backend azure_functions $libc --setting storage_account_name=acct -o '$TMP/again.zip'"
check 'the same bytes' cmp azure_functions.zip again.zip
check '--json' rtbuild build --backend azure_functions $libc --setting storage_account_name=acct -o again.zip --json
is '--json: digest' "$(jq -r .digest "$out")" "sha256:$(sha256sum again.zip | cut -c 1-64)"
is '--json: files and sizes' "$(jq -r '"\(.files) \(.size) \(.unpacked)"' "$out")" \
	"$(unzip -Z1 again.zip | wc -l) $(stat -c %s again.zip) $(unzip -l again.zip | tail -1 | awk '{print $1}')"

# --- refusals: nothing is written ---

# no_zip CODE REGEX OPTION...: refused, and no file.
no_zip() {
	code=$1 regex=$2
	shift 2
	rm -f no.zip
	exits "$code" rtbuild build "$@" -o no.zip
	stderr_has "$regex"
	is 'nothing is written' "$(find . -maxdepth 1 -name '*no.zip*')" ''
}
no_zip 2 'storage_account_name is not set' --backend azure_functions $libc
stderr_has 'trigger=https'
no_zip 2 "trigger cannot be 'cron'" --backend azure_functions $libc --setting trigger=cron
stderr_has 'pub/sub, https'
no_zip 2 "does not depend on 'region'" --backend azure_functions $libc --setting region=eu
no_zip 2 "KEY=VALUE" --backend azure_functions $libc --setting trigger
no_zip 2 "depends on no setting" --backend openwhisk:action --setting trigger=https
no_zip 2 "cannot be installed by 'pip'" --backend aliyun_fc --installer pip
no_zip 2 'runs on|does not run on' --backend aliyun_fc --platform linux/arm64
no_zip 2 'has no Python 3.11' --backend aliyun_fc --python 3.11
no_zip 2 'for one platform' --backend aws_lambda:handler --platform linux/amd64,linux/arm64
no_zip 2 'push: openwhisk:action is a zip' --backend openwhisk:action --push
no_zip 2 'label: openwhisk:action is a zip' --backend openwhisk:action --label a=b
no_zip 2 'one name' --backend openwhisk:action a b
exits 2 rtbuild build --backend openwhisk:action -o a.zip -o b.zip
stderr_has 'one file'
exits 2 rtbuild build --setting a=b .
stderr_has 'setting is for --backend'
exits 9 rtbuild build --backend openwhisk:action -o none.txt/no.zip
exits 6 rtbuild build --backend openwhisk:action -o nowhere/no.zip
printf -- '-r none.txt\n' >nested.txt
no_zip 8 'would not find the file' --backend gcp_functions -r nested.txt
stderr_has 'nested.txt:1:1'
no_zip 6 'missing.txt' --backend gcp_functions -r missing.txt
mkdir w
make_wheel w large 1.0 zeros=263
make_wheel w noisy 1.0 noise=51
cp "$WHEELS"/lithops-*.whl w
printf 'large\nnoisy\n' >large.txt
printf 'noisy\n' >noisy.txt
no_zip 1 'aws_lambda:handler takes 262144000. Largest: large 263\.0 MB, noisy 51\.0 MB' --backend aws_lambda:handler --find-links w -r large.txt
no_zip 1 'platform takes 50331648' --backend openwhisk:action --find-links w -r noisy.txt
check 'another platform takes it' rtbuild build --backend aws_lambda:handler --find-links w -r noisy.txt -o fits.zip
printf 'lithops\n' >lithops.txt
no_zip 3 'both bring lithops/__init__\.py' --backend openwhisk:action -r lithops.txt
stderr_has 'leave it out'
finish
