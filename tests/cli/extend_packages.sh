#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild extend -r`: packages as wheels into a layer of their own, for the image's own Python and platform.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_base
start_registry plain
python=python:3.11-slim-bookworm
base=$REGISTRY/me/rt:1
check 'a base in the registry' rtbuild push "$python" "$base"

make_wheel() { "$ROOT/tests/cli/make-wheel" "$@" >/dev/null; }
mkdir src wheels
make_wheel wheels helper 1.0 'requires=deeper>=1'
make_wheel wheels deeper 1.2
make_wheel wheels deeper 0.9
make_wheel wheels native-part 1.0 tag=cp311-cp311-manylinux_2_17_x86_64 'file=arch.txt=amd64'
make_wheel wheels native-part 1.0 tag=cp311-cp311-manylinux_2_17_aarch64 'file=arch.txt=arm64'
make_wheel wheels typing 3.7
make_wheel wheels lithops 9.0
echo helper >requirements.txt
cat >src/jobs.py <<'END'
def f(x):
    import deeper, helper
    return [helper.value, deeper.value, x]
END
cat >worker.py <<'END'
import json, pickle, sys
with open("/opt/lithops/func.pickle", "rb") as file:
    baked = pickle.loads(file.read())
function = pickle.loads(baked["func"])
print(json.dumps([function(value) for value in json.loads(sys.argv[1])]))
END
extend() { rtbuild extend "$@" --filepath src/jobs.py --function f --find-links wheels --no-index; }
layers() { jq '.layers | length'; }

check 'extend -r' extend "$base" -r requirements.txt --json
first=$(jq -r .reference "$out")
first=${first%@*}
is 'what was chosen' "$(jq -c .packages "$out")" '["deeper 1.2","helper 1.0"]'
rtbuild pull -q "$first" >/dev/null
is 'two layers more' "$(manifest "$first" | layers)" "$(($(manifest "$python" | layers) + 2))"
is 'the packages are the lower one' "$(members "$(layer "$first" -2)" | grep -c 'opt/lithops/packages/helper.py$')" 1
is 'the function is the upper one' "$(members "$(layer "$first" -1)" | grep -v '/$' | sed 's/.* //' | tr '\n' ' ')" \
	'opt/lithops/func.pickle opt/lithops/modules/jobs.py '
is 'PYTHONPATH: modules, then packages' "$(config "$first" | jq -r '.config.Env[]' | grep ^PYTHONPATH)" \
	PYTHONPATH=/opt/lithops/modules:/opt/lithops/packages
is 'history fits the layers' "$(config "$first" | jq '([.history[] | select(.empty_layer | not)] | length) == (.rootfs.diff_ids | length)')" true
check 'it works' rtbuild run -v "$TMP/worker.py:/worker.py:ro" "$first" python3 /worker.py '[1]'
stdout_is '[["helper 1.0", "deeper 1.2", 1]]'

# The packages' layer is the same for another function, and goes up once.
echo '# changed' >>src/jobs.py
mark=$(requests_mark)
check 'another function' extend "$base" -r requirements.txt --print tag
second=$(cat "$out")
is 'another tag' "$([ "$first" != "$second" ] && echo differ)" differ
rtbuild pull -q "$second" >/dev/null
is 'the same layer of packages' "$(manifest "$second" | jq -r '.layers[-2].digest')" "$(manifest "$first" | jq -r '.layers[-2].digest')"
is 'it is not sent again: the function and the configuration are' "$(requests_since "$mark" | grep -cE '^(PUT|PATCH) /v2/me/rt/blobs')" 2
mark=$(requests_mark)
check 'the same again' extend "$base" -r requirements.txt --json
is 'the same again: the same image' "$(jq -r '.reference, .existed' "$out" | sed 's/@.*//' | tr '\n' ' ')" "$second true "
is 'the same again: its packages are told' "$(jq -c .packages "$out")" '["deeper 1.2","helper 1.0"]'
is 'the same again: two requests, of the base and of the target' "$(requests_since "$mark" | sed 's, .*/, ,' | sort | tr '\n' ' ')" \
	"$(printf 'HEAD %s 200\n' 1 "${second##*:}" | sort | tr '\n' ' ')"
# What an index has may change: packages are chosen anew each time.
make_wheel wheels deeper 1.3
mark=$(requests_mark)
check 'another version of one' extend "$base" -r requirements.txt --json
third=$(jq -r .reference "$out" | sed 's/@.*//')
is 'another version: another tag' "$([ "$third" != "$second" ] && echo differ)" differ
is 'another version: told once' "$(jq -c .packages "$out")" '["deeper 1.3","helper 1.0"]'
is 'another version: it is there' "$(requests_since "$mark" | grep -c "^PUT /v2/me/rt/manifests/${third##*:} 201")" 1
echo 'deeper<1.3' >>requirements.txt
check 'a requirement more' extend "$base" -r requirements.txt --no-push --print tag
is 'a requirement more: what was chosen before' "$([ "$(cat "$out")" != "$third" ] && echo differ)" differ
check 'a requirement more, pushed' extend "$base" -r requirements.txt --print tag
is 'a requirement more: not what is remembered' "$([ "$(cat "$out")" != "$third" ] && echo differ)" differ
echo helper >requirements.txt
check 'as before' extend "$base" -r requirements.txt --print tag
stdout_is "$third"

# Taken back whole, packages too.
check 'extended again, without packages' rtbuild extend "$second" --filepath src/jobs.py --function f --no-push --print tag
again=$(cat "$out")
stderr_has 'starting again from'
is 'the packages are gone' "$(config "$again" | jq -r '.config.Env[]' | grep ^PYTHONPATH)" PYTHONPATH=/opt/lithops/modules
check 'directly' rtbuild extend "$base" --filepath src/jobs.py --function f --no-push --print tag
stdout_is "$again"

# Each platform of an index gets its own.
printf 'FROM scratch\nCOPY jobs.py /base\nENV PYTHON_VERSION=3.11.2\n' >Dockerfile
rtbuild build -q --platform linux/amd64,linux/arm64 -t local/multi:1 -f Dockerfile src >/dev/null
echo native-part >native.txt
check 'two platforms' extend local/multi:1 -r native.txt --no-push --print tag
extended=$(cat "$out")
for n in 0 1; do
	part=$(blob "$(manifest "$extended" | jq -r ".manifests[$n].digest")")
	is "platform $n: its own wheel" "$(tar -xOzf "$(blob "$(jq -r '.layers[1].digest' "$part")")" opt/lithops/packages/arch.txt)" \
		"$(manifest "$extended" | jq -r ".manifests[$n].platform.architecture")"
done

# --- refusals, before anything is sent ---

mark=$(requests_mark)
for name in typing lithops; do
	echo "$name" >hides.txt
	exits 3 extend "$base" -r hides.txt
	stderr_has "bring a module '$name', which would hide"
done
echo nowhere >absent.txt
exits 6 extend "$base" -r absent.txt
stderr_has nowhere
exits 6 extend "$base" -r no-such-file.txt
printf 'FROM scratch\nCOPY jobs.py /base\n' >Dockerfile
rtbuild build -q -t local/mute:1 -f Dockerfile src >/dev/null
exits 3 extend local/mute:1 -r requirements.txt --no-push
stdout_empty
stderr_has 'does not say which Python it has'
check 'the user says which' extend local/mute:1 -r requirements.txt --no-push --python 3.11
is 'refusals: nothing is sent' "$(requests_since "$mark" | grep -cE '^(PUT|PATCH) ')" 0
check 'the store is whole' rtbuild fsck

finish
