#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild build` where Lithops' configuration wants the map function inside the image: it extends, too.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_runtime
start_registry plain
mkdir context
cat >jobs.py <<'END'
def f(x):
    return x + 1
def g(x):
    return -x
END
cat >worker.py <<'END'
import json, pickle, sys
with open("/opt/lithops/func.pickle", "rb") as file:
    baked = pickle.loads(file.read())
function = pickle.loads(baked["func"])
print(json.dumps([function(value) for value in json.loads(sys.argv[1])]))
END
# configured FUNCTION: as of 2021.
configured() {
	printf 'serverless:\n  backend: knative\n  customized_runtime: true\n  map_func_mod: jobs\n  map_func: %s\n' "$1" >.lithops_config
}
build() { rtbuild build --backend knative --python 3.11 -t "$REGISTRY/me/rt:1" --print tag "$@"; }
uuid() { /usr/bin/python3 -c 'import hashlib; print(hashlib.md5(open("jobs.py", "rb").read()).hexdigest()[:16] + hashlib.md5(repr([__import__("os").path.realpath("jobs.py")]).encode()).hexdigest()[:16])'; }

check 'no configuration' build
stdout_is "$REGISTRY/me/rt:1"
is 'no configuration: one image' "$(rtbuild images --json | jq -r '.[].reference' | grep -c "$REGISTRY/me/rt")" 1
configured f
check 'it names the function' build --push
stdout_is "$REGISTRY/me/rt:1"
stderr_has "extended by jobs:f, as Lithops' configuration has it: $REGISTRY/me/rt:[0-9a-f]{32}@sha256:"
extended=$REGISTRY/me/rt:$(uuid)
is 'it is the tag that the client looks for' "$(grep -c "configuration has it: $extended@" "$err")" 1
check 'it is in the registry' rtbuild digest "$extended"
check 'it works' rtbuild run -v "$TMP/worker.py:/worker.py:ro" "$extended" python3 /worker.py '[1]'
stdout_is '[2]'
before=$(rtbuild digest "$extended")
check 'built again with something else: replaced, as the image was' build --push --label changed=1
is 'it is another one' "$([ "$(rtbuild digest "$extended")" != "$before" ] && echo yes)" yes
before=$(rtbuild digest "$extended")
configured g
exits 7 build --push
stderr_has 'holds something else'
is 'another function is not put in its place' "$(rtbuild digest "$extended")" "$before"
configured h
mark=$(requests_mark)
exits 2 build --push
stderr_has "map_func_mod and map_func of Lithops' configuration"
stderr_has "no top-level function 'h'"
is 'that is said before anything is built' "$(requests_since "$mark" | wc -l)" 0
printf 'lithops:\n  backend: knative\nknative:\n  runtime_include_function: true\n' >.lithops_config
check "today's configuration names no function" build
stderr_has 'rtbuild extend .* --tag-scheme lithops'
stderr_hasnt 'extended by'
# Then the command line does.
mkdir late && printf 'def h(x):\n    return x * 10\n' >late/more.py
late=$REGISTRY/me/rt:$(/usr/bin/python3 -c 'import hashlib; print(hashlib.md5(open("late/more.py", "rb").read()).hexdigest()[:16] + "d751713988987e93")')
check '--function of build' build --push --function h --filepath late/more.py --json
is '--function: of the image, and of its extension' "$(jq -r '.references[0].tag, .extension.reference, .extension.function' "$out" | sed 's/@.*//' | tr '\n' ' ')" \
	"$REGISTRY/me/rt:1 $late more:h "
stderr_has "extended by more:h, as Lithops' configuration has it: $late@sha256:"
stderr_has '    runtime_include_function: true'
stderr_has "lithops runtime deploy $late -b knative -s <storage>"
check '--function: it works' rtbuild run -v "$TMP/worker.py:/worker.py:ro" "$late" python3 /worker.py '[1, 2]'
stdout_is '[10, 20]'
configured f
cp jobs.py tasks.py
echo '# other' >>tasks.py
check '--function goes before what the configuration names' build --function tasks:g
stderr_has 'extended by tasks:g,'
mark=$(requests_mark)
exits 2 build --push --function nowhere --filepath late/more.py
stderr_has "no top-level function 'nowhere'"
exits 2 build --push --filepath late/more.py
stderr_has -- '--filepath is for --function'
exits 2 build -o type=oci,dest=x.tar --function g
stderr_has 'nothing with a name is built to bake it into'
exits 2 rtbuild build --backend knative --python 3.11 -t someone/rt:1 --push --function jobs:g
stderr_has 'someone/rt:1 is on Docker Hub'
exits 2 rtbuild build --backend gcp_functions --function jobs:g -t x
stderr_has -- '--function: gcp_functions is a zip, not an image'
exits 2 rtbuild build --matrix m.yaml --function jobs:g
stderr_has 'rtbuild extend. each of its images'
is 'refusals: nothing is built or sent' "$(requests_since "$mark" | wc -l)" 0
rm .lithops_config
check 'without the switch: a tag by content' build --function jobs:g --json
is 'without the switch: it is the hash' "$(jq -r '.extension | .hash[:32] == (.reference | split("@")[0] | split(":")[-1])' "$out")" true
stderr_has '    runtime_include_function: false'
printf 'FROM python:3.11-slim-bookworm\nCOPY jobs.py /base\n' >Dockerfile
check "a Dockerfile of the user's" rtbuild build -q -t local/own:1 --function jobs:f --json .
check 'it works' rtbuild run -v "$TMP/worker.py:/worker.py:ro" "$(jq -r '.extension.reference | split("@")[0]' "$out")" python3 /worker.py '[1]'
stdout_is '[2]'
rm Dockerfile
printf 'lithops: [\n' >.lithops_config
exits 3 build
stderr_has '\.lithops_config:[0-9]+'
rm .lithops_config
printf 'FROM scratch\nCOPY jobs.py /\n' >Dockerfile
printf 'lithops: [\n' >.lithops_config
check 'a Dockerfile without a backend is none of its business' rtbuild build -q -t local/x:1 .

finish
