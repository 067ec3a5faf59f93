#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The Pythons that do not run here: every backend for each of 3.10 to 3.14 it has, in one matrix. What
# is made is verified by its files and reported as `static`: wheels by rank of their tags, paths,
# shebangs, ELF headers, environment markers. Bases have an interpreter by name alone; packages are
# stand-ins, one of them native. 3.11 runs in backends_all.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
need_wheels
unset RTBUILD_FIND_LINKS

# --- bases, and an index with wheels of every Python ---

cp "$TINY/rootfs.tar" .
printf '#!/bin/sh\n' >stub
chmod +x stub
cp /usr/bin/true interpreter
for minor in 6 7 8 9 10 11 12 13 14; do
	release=bookworm
	[ $minor != 6 ] || release=bullseye
	cat >Dockerfile <<-END
		FROM scratch
		ADD rootfs.tar /
		COPY interpreter /usr/local/bin/python3.$minor
		COPY stub /usr/bin/bash
		COPY stub /usr/bin/redis-server
		COPY stub /usr/bin/curl
		RUN ln -s python3.$minor /usr/local/bin/python3; ln -s python3 /usr/local/bin/python; mkdir -p /etc/ssl/certs; : >/etc/ssl/certs/ca-certificates.crt
		ENV PATH=/usr/local/bin:/usr/bin PYTHON_VERSION=3.$minor.1
	END
	check "a base of 3.$minor" rtbuild build -q -t "python:3.$minor-slim-$release" .
done
# A shared object for x86-64 that needs no library.
echo 'int PyInit_native(void) { return 0; }' >native.c
check 'an extension module' gcc -shared -nostdlib -o native.so native.c
mkdir wheels sites
cp "$WHEELS"/lithops-*.whl wheels/
"$ROOT/tests/servers/make-certs" . raw.githubusercontent.com
openwhisk=sites/raw.githubusercontent.com/apache
mkdir -p "$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy" \
	"$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction"
: >"$openwhisk/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py"
: >"$openwhisk/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py"
# numpy: for each Python three builds of rising rank, one of another machine, one of another libc.
# six: what it requires depends on the Python.
/usr/bin/python3 - native.so wheels <<'END'
import base64, hashlib, pathlib, sys, zipfile

def wheel(name, tag, files, requires=(), scripts=""):
    info = f"{name}-1.0.dist-info"
    files = dict(files)
    files[f"{info}/METADATA"] = "Metadata-Version: 2.1\n" + f"Name: {name}\nVersion: 1.0\n" + "".join(
        f"Requires-Dist: {line}\n" for line in requires)
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n"
    if scripts:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
    rows = "".join("%s,sha256=%s,%d\n" % (
        path, base64.urlsafe_b64encode(hashlib.sha256(data if isinstance(data, bytes) else data.encode()).digest()).rstrip(b"=").decode(), len(data))
        for path, data in files.items())
    with zipfile.ZipFile(pathlib.Path(sys.argv[2]) / f"{name}-1.0-{tag}.whl", "w") as out:
        for path, data in [*files.items(), (f"{info}/RECORD", rows + f"{info}/RECORD,,\n")]:
            out.writestr(zipfile.ZipInfo(path), data)

native = pathlib.Path(sys.argv[1]).read_bytes()
for minor in range(6, 15):
    abi = f"cp3{minor}m" if minor < 8 else f"cp3{minor}"
    module = f"numpy/native.cpython-3{minor}{'m' if minor < 8 else ''}-x86_64-linux-gnu.so"
    for platform in ("manylinux1_x86_64", "manylinux_2_12_x86_64", "manylinux_2_17_x86_64",
                     "manylinux_2_99_x86_64", "manylinux_2_17_aarch64", "musllinux_1_1_x86_64"):
        wheel("numpy", f"cp3{minor}-{abi}-{platform}",
              {"numpy/__init__.py": "", "numpy/built.txt": platform, module: native})
wheel("gunicorn", "py3-none-any", {"gunicorn.py": ""}, scripts="gunicorn = gunicorn:main")
wheel("six", "py3-none-any", {"six.py": ""},
      ['before; python_version < "3.12"', 'since; python_version >= "3.12"',
       'elsewhere; sys_platform == "win32" or platform_machine == "aarch64"'])
END
"$ROOT/tests/servers/internet" . sites wheels >requests 2>internet.log &
servers="$servers $!"
INTERNET=$(wait_for internet.log 'listening on') || server_missing internet internet.log
INTERNET=${INTERNET##* }
with_index() {
	env "https_proxy=http://$INTERNET" rtbuild "$@" --index-url "http://$INTERNET/simple/" --ca-file ca.crt \
		--build-arg "https_proxy=http://$INTERNET"
}

# --- the matrix ---

cat >all.yaml <<'END'
backends: [aws_lambda, aws_batch, gcp_cloudrun, azure_containers, "aliyun_fc:container", k8s, knative, openwhisk, ibm_cf,
  code_engine, oracle_f, singularity, "localhost:container", vm]
pythons: ["3.10", "3.12", "3.13", "3.14"]
platforms: [linux/amd64]
name: "static/{{backend}}:{{python_flat}}"
output: type=store
END
sed -i '/^output/d' all.yaml
check 'every backend for every Python' with_index build --matrix all.yaml --json
cp "$out" all.json
is 'what has no such Python is skipped, nothing fails' "$(jq -r '[.built, .skipped, .failed] | join(" ")' all.json)" '53 3 0'
is 'which is Oracle' "$(jq -r '.cells[] | select(.state == "skipped") | .backend + " " + .python' all.json | tr '\n' ' ')" \
	'oracle_f 3.10 oracle_f 3.13 oracle_f 3.14 '
is 'each is reported as static' "$(jq -r '[.cells[] | select(.state == "built") | .verified] | unique | join(" ")' all.json)" static
jq -r '.cells[] | select(.state == "built") | .backend + " " + .python + " " + .references[0].tag' all.json >built
while read -r backend python tag; do
	what="$backend, Python $python" flat=$(echo "$python" | tr -d .)
	check "$what: keeps its rules" rtbuild check -b "$backend" "$tag" --python "$python" --json
	is "$what: by its files" "$(jq -r '.verified + " " + .python + " " + (.left_out | length | tostring)' "$out")" "static $python 0"
	files "${tag#docker.io/}" | sed 's/^[^ ]* [^ ]* //' >listing
	site=usr/local/lib/python$python/site-packages
	grep -q "$site/numpy/" listing && is "$what: the module is that Python's, in its place" "$(grep -E '/numpy/native|/numpy/built' listing | tr '\n' ' ')" \
		"$site/numpy/built.txt $site/numpy/native.cpython-$flat-x86_64-linux-gnu.so "
	wanted="before"
	[ "$flat" -lt 312 ] || wanted=since
	grep -q "$site/six.py" listing && is "$what: markers" "$(grep -oE '/(before|since|elsewhere)\.py$' listing | tr -d '\n')" "/$wanted.py"
done <built
for flat in 310 312 313 314; do
	check "the best tag, Python $flat" rtbuild run "static/knative:$flat" cat "/usr/local/lib/python3.${flat#3}/site-packages/numpy/built.txt"
	stdout_is manylinux_2_17_x86_64
done
for program in static/oracle_f:312=fdk static/aliyun_fc-container:314=gunicorn; do
	check "a shebang of ${program#*=}" rtbuild run "${program%=*}" sed -n 1p "/usr/local/bin/${program#*=}"
	stdout_is "#!/usr/local/bin/python3.$(echo "${program%=*}" | tail -c 3)"
done

# --- zips ---

cat >zips.yaml <<'END'
backends: ["aws_lambda:layer", "aws_lambda:handler", azure_functions, gcp_functions, aliyun_fc]
pythons: ["3.10", "3.12", "3.13"]
output: "{{backend}}-{{python_flat}}"
settings:
  - { backend: azure_functions, key: trigger, value: https }
END
check 'every zip for every Python' with_index build --matrix zips.yaml --json
cp "$out" zips.json
is 'each zip is reported as static' "$(jq -r '[.cells[] | select(.state == "built") | .verified] | unique | join(" ")' zips.json)" static
jq -r '.cells[] | select(.state == "built") | .backend + " " + .python + " " + .path' zips.json >built
is 'the zips' "$(wc -l <built)" 14
while read -r backend python path; do
	check "$backend, Python $python: keeps its rules" rtbuild check -b "$backend" "$path" --python "$python" --json
	is "$backend, Python $python: static" "$(jq -r .verified "$out")" static
done <built
is 'a layer: the module is that Python'\''s' "$(unzip -Z1 aws_lambda-layer-313.zip | grep 'numpy/native')" python/numpy/native.cpython-313-x86_64-linux-gnu.so

# --- the Pythons of the seed ---

for python in 3.6 3.7 3.8 3.9; do
	check "knative, Python $python" with_index build -b knative --python $python -t "old/knative:$python" --json
	is "Python $python: static" "$(jq -r .verified "$out")" static
	stderr_has "Python $python .*end of life"
	check "Python $python: keeps its rules" rtbuild check -b knative "old/knative:$python" --python $python
	stdout_has "Python ${python}; Lithops .* \(static\)$"
done
finish
