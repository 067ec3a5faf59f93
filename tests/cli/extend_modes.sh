#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild extend`: the ways a function gets into an image (plans A to D of facts/lithops.md 2d), the tag an
# unmodified client looks for, what is shown to paste, and the defects of Lithops' own way (2c), none of which
# is here.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
start_registry plain
python=python:3.11-slim-bookworm
base=$REGISTRY/me/rt:1
check 'a base in the registry' rtbuild push "$python" "$base"

mkdir src src/pkg
cat >src/jobs.py <<'END'
import words


def f_add(x):
    return words.one + x


def f_neg(x):
    return -x


def f_sub(x):
    return x - words.one


def times(n):
    def inner(x):
        return n * x + words.one
    return inner


triple = times(3)
text = "no function"


if __name__ == "__main__":
    raise SystemExit("the guard was passed")
END
echo 'one = 1' >src/words.py
printf 'def h(x):\n    return x * 10\n' >src/other.py

# What a worker does with func.pickle (lithops/worker/utils.py get_function_and_modules, then jobrunner).
cat >worker.py <<'END'
import base64, json, os, pickle, sys
with open("/opt/lithops/func.pickle", "rb") as file:
    baked = pickle.loads(file.read())
if baked.get("module_data"):
    os.makedirs("/tmp/modules")
    sys.path.append("/tmp/modules")
    for name, data in baked["module_data"].items():
        path = os.path.join("/tmp/modules", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
function = pickle.loads(baked["func"])
print(json.dumps([function(value) for value in json.loads(sys.argv[1])]))
END
# What it does with a reference that a client sent.
cat >reference.py <<'END'
import json, pickle, sys
function = pickle.loads(("c%s\n%s\n." % tuple(sys.argv[1].split(":"))).encode())
print(json.dumps([function(value) for value in json.loads(sys.argv[2])]))
END

work() { rtbuild run -v "$TMP/worker.py:/worker.py:ro" "$@"; }
refer() { rtbuild run -v "$TMP/reference.py:/reference.py:ro" "$1" python3 /reference.py "$2" "$3"; }
extend() { rtbuild extend "$base" --filepath src/jobs.py "$@"; }
# Of an image with or without its digest.
plain() { config "${1%@*}"; }
names() { members "$(layer "${1%@*}" -1)" | grep -v '/$' | sed 's/.* //' | tr '\n' ' '; }

# --- several functions in one image: by reference alone ---

check 'three functions' extend --function f_add --function f_neg --function other:h --module src/other.py -b knative
three=$(cat "$out")
stdout_has "^$REGISTRY/me/rt:[0-9a-f]{32}@sha256:[0-9a-f]{64}$"
is 'three: the reference alone on stdout' "$(wc -l <"$out")" 1
is 'three: what is shown to paste' "$(sed -n '/configuration of Lithops/,/runtime_include_function/s/^   //p' "$err")" "configuration of Lithops:
lithops:
    backend: knative
knative:
    runtime: ${three%@*}
    runtime_include_function: false"
rtbuild pull -q "$three" >/dev/null
is 'three: modules, and no pickle' "$(names "$three")" \
	'opt/lithops/modules/jobs.py opt/lithops/modules/other.py opt/lithops/modules/words.py '
is 'three: labels' "$(plain "$three" | jq -r '.config.Labels | ."io.rtbuild.extend.mode", ."io.rtbuild.extend.module", ."io.rtbuild.extend.function"' | tr '\n' ' ')" \
	'modules jobs,jobs,other f_add,f_neg,h '
check 'three: the first' refer "$three" jobs:f_add '[1, 2]'
stdout_is '[2, 3]'
check 'three: the second' refer "$three" jobs:f_neg '[1, 2]'
stdout_is '[-1, -2]'
check 'three: the third' refer "$three" other:h '[1, 2]'
stdout_is '[10, 20]'
exits 2 extend --function f_add --function f_neg --mode native
stderr_has '2 functions, but func.pickle of --mode native holds one'
stderr_has -- '--mode modules'
exits 2 extend --function f_add --mode whole
stderr_has 'native, modules, single-file or by-value'

# --- one file ---

check 'single-file' extend --function f_add --mode single-file --json --no-push
is 'single-file: one file' "$(jq -c '[.mode, .baked]' "$out")" '["single-file",["/opt/lithops/func.pickle"]]'
single=$(jq -r .reference "$out")
is 'single-file: it is so' "$(names "$single")" 'opt/lithops/func.pickle '
is 'single-file: PYTHONPATH stays' "$(plain "$single" | jq -c '.config.Env')" "$(plain "$python" | jq -c '.config.Env')"
check 'single-file: it works' work "$single" python3 /worker.py '[1, 2]'
stdout_is '[2, 3]'
mkdir -p src/pkg/deep && echo 'x = 5' >src/pkg/deep/mod.py && : >src/pkg/__init__.py && : >src/pkg/deep/__init__.py
cat >src/deep.py <<'END'
from pkg.deep.mod import x
def f(y):
    import os, pkg
    with open(os.path.join(os.path.dirname(pkg.__file__), "data.bin"), "rb") as file:
        return [x + y, file.read() == bytes(range(256))]
END
/usr/bin/python3 -c 'open("src/pkg/data.bin", "wb").write(bytes(range(256)))'
check 'single-file: packages and data' rtbuild extend "$base" --filepath src/deep.py --function f --mode single-file --no-push -q
check 'single-file: they are unpacked' work "$(cat "$out")" python3 /worker.py '[1]'
stdout_is '[[6, true]]'

mkdir -p src/my-data/more && echo one >src/my-data/a.txt && echo two >src/my-data/more/b.txt
check '--module: a directory of data, of any name' extend --function f_add --module src/my-data --no-push --json
is '--module: data is beside the modules' "$(jq -r '.baked[]' "$out" | grep my-data | tr '\n' ' ')" \
	'/opt/lithops/modules/my-data/a.txt /opt/lithops/modules/my-data/more/b.txt '
echo 'x = 1' >src/my-data/mod.py
exits 3 extend --function f_add --module src/my-data --no-push
stderr_has "module name 'my-data' is not a Python identifier"

# --- by value ---

python_minor=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cloudpickle=$(/usr/bin/python3 -c 'import cloudpickle, os; print(os.path.dirname(cloudpickle.__file__))')
by_value() { extend --by-value --interpreter /usr/bin/python3 --no-push "$@"; }
is 'this machine and the base have one Python' "$python_minor" 3.11
exits 3 extend --function triple --no-push
stderr_has "'triple' is assigned here, not a top-level function"
check 'a closure by value' by_value --function triple --json
value=$(jq -r .reference "$out")
is 'by value: the module it imports, not its own file' "$(names "$value")" 'opt/lithops/func.pickle opt/lithops/modules/words.py '
check 'by value: it works' work -v "$cloudpickle:/usr/local/lib/python3.11/site-packages/cloudpickle:ro" "$value" python3 /worker.py '[1, 2]'
stdout_is '[4, 7]'
mkdir elsewhere && cp src/jobs.py src/words.py elsewhere/
check 'by value: from another directory' rtbuild extend "$base" --filepath elsewhere/jobs.py --by-value --interpreter /usr/bin/python3 --no-push --function triple --json
is 'by value: the same tag' "$(jq -r .reference "$out")" "$value"
cp src/jobs.py 'src/a-script.py'
check 'by value: a script of any name' rtbuild extend "$base" --filepath src/a-script.py --by-value --interpreter /usr/bin/python3 --no-push --function triple
exits 3 by_value --function text
stderr_has "'text' of src/jobs.py cannot be called: it is of type str"
exits 2 by_value --function nothing
printf 'raise ValueError("on\\033[31mpurpose")\nf = lambda x: x\n' >src/broken.py
exits 3 rtbuild extend "$base" --filepath src/broken.py --by-value --interpreter /usr/bin/python3 --no-push --function f
stderr_has 'ValueError: on.*purpose'
printf 'import threading\nlock = threading.Lock()\nf = lambda x: lock\n' >src/lock.py
exits 3 rtbuild extend "$base" --filepath src/lock.py --by-value --interpreter /usr/bin/python3 --no-push --function f
stderr_has 'cannot be pickled: TypeError'
exits 8 extend --by-value --interpreter "$TMP/no-python" --no-push --function triple
stderr_has 'there is no .*no-python on this machine'
printf '#!/bin/sh\nexec /usr/bin/python3 -I -S "$@"\n' >bare && chmod +x bare
exits 8 extend --by-value --interpreter "$TMP/bare" --no-push --function triple
stderr_has 'cloudpickle is not installed'
stderr_has 'pip install cloudpickle'
printf 'FROM %s\nENV PYTHON_VERSION=3.12.1\n' "$python" >Dockerfile
rtbuild build -q -t local/other:1 -f Dockerfile src >/dev/null
exits 3 rtbuild extend local/other:1 --filepath src/jobs.py --by-value --interpreter /usr/bin/python3 --no-push --function triple
stderr_has 'has Python 3.12.1, but the function was written by Python 3.11'
printf 'FROM scratch\nCOPY words.py /\n' >Dockerfile
rtbuild build -q -t local/mute:1 -f Dockerfile src >/dev/null
exits 3 rtbuild extend local/mute:1 --filepath src/jobs.py --by-value --interpreter /usr/bin/python3 --no-push --function triple
stderr_has 'does not say which Python it has'
stderr_has -- '--python'
exits 3 rtbuild extend local/mute:1 --filepath src/other.py --function h --no-push
stderr_has 'does not say which Python it has'
stderr_has 'if it has one, say which: --python X.Y'
check 'the user says which' rtbuild extend local/mute:1 --filepath src/other.py --function h --no-push --python 3.11
exits 2 rtbuild extend local/other:1 --filepath src/other.py --function h --no-push --python 3.11
stderr_has -- '--python 3.11, but the base .* has Python 3.12.1'
exits 2 rtbuild extend local/mute:1 --filepath src/other.py --function h --no-push --python three
check 'by value: the user says which' rtbuild extend local/mute:1 --filepath src/jobs.py --by-value --interpreter /usr/bin/python3 --no-push --function triple --python 3.11

# --- the tag of an unmodified client ---

# upstream FILE MODULE...: lithops/job/job.py, runtime_include_function.
upstream() {
	/usr/bin/python3 -c 'import hashlib, os, sys
print(hashlib.md5(open(sys.argv[1], "rb").read()).hexdigest()[:16] + hashlib.md5(repr(sorted(map(os.path.realpath, sys.argv[2:]))).encode()).hexdigest()[:16])' "$@"
}
check '--tag-scheme lithops' extend --function f_add --tag-scheme lithops --print tag -b k8s
stdout_is "$REGISTRY/me/rt:$(upstream src/jobs.py src/words.py)"
stderr_has 'runtime_include_function: true'
stderr_has "^   *runtime: $base\$"
stderr_has "lithops runtime deploy $REGISTRY/me/rt:[0-9a-f]{32} -b k8s -s <storage>"
stderr_has 'cuts .* at the port'
check 'a function that needs none of what its script imports' extend --function f_neg --tag-scheme lithops --print tag
stdout_is "$REGISTRY/me/rt:$(upstream src/jobs.py)"
check 'no module of its own' rtbuild extend "$base" --filepath src/other.py --function h --tag-scheme lithops --print tag
stdout_is "$REGISTRY/me/rt:$(upstream src/other.py)"
stdout_has ':[0-9a-f]{16}d751713988987e93$'
check 'a function of an imported module: that is sent too' rtbuild extend "$base" --filepath src/other.py --function other:h --tag-scheme lithops --print tag
stdout_is "$REGISTRY/me/rt:$(upstream src/other.py src/other.py)"
exits 2 extend --function f_add --function f_neg --tag-scheme lithops
exits 2 extend --function f_add --tag-scheme mine
exits 2 extend --function f_add --tag-scheme lithops -t 1
mark=$(requests_mark)
check 'again' extend --function f_add --tag-scheme lithops --print tag
is 'again: two requests' "$(requests_since "$mark" | wc -l)" 2

# --- what is shown, in the words of 2021 ---

check '--config-style 2021' extend --function f_add --config-style 2021
is 'the keys of then' "$(sed -n '/configuration of Lithops/,/map_func:/s/^   //p' "$err")" "configuration of Lithops:
lithops:
    storageless: true
    rabbitmq_monitor: true
serverless:
    backend: <backend>
    runtime: $(sed 's/@.*//' "$out")
    customized_runtime: true
    map_func_mod: jobs
    map_func: f_add"
exits 2 extend --function f_add --config-style 1999
check '-q shows none of it' extend -q --function f_add
is '-q: silence' "$(cat "$err")" ''

# --- Docker Hub is for everybody's eyes ---

for image in docker.io/someone/rt:1 someone/rt:1; do
	exits 2 rtbuild extend "$image" --filepath src/jobs.py --function f_add
	stderr_has 'Docker Hub, where anyone may read'
	stderr_has -- '--public'
done
exits 2 extend --function f_add -t someone/rt:2
stderr_has 'docker.io/someone/rt is on Docker Hub'

# --- 2c: what Lithops' own way gets wrong ---

# Two functions of one file share a tag there, and the second gets the first one's results.
check '2c: f_add' extend -q --function f_add --print tag
add=$(cat "$out")
check '2c: f_neg' extend -q --function f_neg --print tag
neg=$(cat "$out")
is '2c: two functions of one file, two tags' "$([ "$add" != "$neg" ] && echo differ)" differ
check '2c: the first gives its own results' work "$add" python3 /worker.py '[1, 2]'
stdout_is '[2, 3]'
check '2c: and so does the second' work "$neg" python3 /worker.py '[1, 2]'
stdout_is '[-1, -2]'
# And where the tag has to be that one, the second is refused.
exits 7 extend --function f_sub --tag-scheme lithops
stderr_has 'is there and holds something else'
stderr_has -- '--force'
check '2c: the first is still there' work "$REGISTRY/me/rt:$(upstream src/jobs.py src/words.py)" python3 /worker.py '[1]'
stdout_is '[2]'
# A registry's port is no tag.
is '2c: the port stays' "${add%:*}" "$REGISTRY/me/rt"
# The next job would be built on the last one's image.
layers=$(plain "$add" | jq '.rootfs.diff_ids | length')
check '2c: extended from an extension' rtbuild extend "$add" --filepath src/jobs.py --function f_neg --print tag
stdout_is "$neg"
stderr_has "this image was extended before: starting again from $REGISTRY/me/rt@sha256:"
is '2c: layers do not pile up' "$(plain "$neg" | jq '.rootfs.diff_ids | length')" "$layers"
# The same paths with other content are the same tag there.
echo 'one = 100' >src/words.py
check '2c: a changed module' extend -q --function f_add --print tag
is '2c: is another tag' "$([ "$(cat "$out")" != "$add" ] && echo differ)" differ
check '2c: and another result' work "$(cat "$out")" python3 /worker.py '[1]'
stdout_is '[101]'
exits 7 extend --function f_add --tag-scheme lithops
# The image that is extended is the one that was named, not a longer or shorter name.
check '2c: a short name of the store' rtbuild extend -q "$python" --filepath src/jobs.py --function f_neg --no-push
is '2c: its base is that image' "$(plain "$(cat "$out")" | jq -r '.config.Labels."io.rtbuild.extend.base.digest"')" "$(digest_of "$python")"
# Callables without a file of their own fail there on __code__.
printf 'import functools\nimport operator\nadd_two = functools.partial(operator.add, 2)\nclass Callable:\n    def __call__(self, x):\n        return x * 5\nfive = Callable()\nlam = lambda x: x + 9\n' >src/callables.py
for call in 'add_two [3]' 'five [5]' 'lam [10]'; do
	check "2c: ${call% *}" rtbuild extend -q "$base" --filepath src/callables.py --by-value --interpreter /usr/bin/python3 --no-push --function "${call% *}"
	check "2c: ${call% *} works" work -v "$cloudpickle:/usr/local/lib/python3.11/site-packages/cloudpickle:ro" "$(cat "$out")" python3 /worker.py '[1]'
	stdout_is "${call#* }"
done
check 'the store is whole' rtbuild fsck

finish
