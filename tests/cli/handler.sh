#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The handler zip as a file of the context, and --lithops: from a version, a wheel, a source tree, an
# installed package. That Lithops' own Dockerfiles find it is shown by runtimes_default.sh.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_wheels

mkdir -p src/lithops/serverless/backends/knative src/lithops/__pycache__ src/lithops/tests src/tests ctx
echo '__version__ = "3.9.9.dev1"' >src/lithops/version.py
echo 'from lithops.version import __version__' >src/lithops/__init__.py
: >src/lithops/serverless/__init__.py
: >src/lithops/serverless/backends/__init__.py
: >src/lithops/serverless/backends/knative/__init__.py
echo 'import lithops; proxy = lithops.__version__' >src/lithops/serverless/backends/knative/entry_point.py
echo 'data: 1' >src/lithops/tests/data.yaml
echo old >src/lithops/__pycache__/version.cpython-311.pyc
echo old >src/lithops/version.pyc
echo 'FROM scratch
COPY lithops_knative.zip /' >ctx/Dockerfile

# --- a source tree ---

check 'from a source tree' rtbuild build -b knative -f ctx/Dockerfile --lithops src -t h:tree -o out ctx
stdout_has '^h@sha256:'
is 'the zip: the entry point first, then the package, no bytecode' "$(unzip -Z1 out/lithops_knative.zip | tr '\n' ' ')" \
	'lithopsproxy.py lithops/__init__.py lithops/serverless/__init__.py lithops/serverless/backends/__init__.py lithops/serverless/backends/knative/__init__.py lithops/serverless/backends/knative/entry_point.py lithops/tests/data.yaml lithops/version.py '
check 'unzip, libarchive, busybox and Python read it alike' "$ROOT/tests/cli/read-zip" --unsorted out/lithops_knative.zip
check 'what it starts' env PYTHONPATH=out/lithops_knative.zip python3 -c 'import lithopsproxy; print(lithopsproxy.proxy)'
stdout_is 3.9.9.dev1
check 'into the store' rtbuild build -q -b knative -f ctx/Dockerfile --lithops src -t h:tree ctx
tree=$(digest_of h:tree)
cp -r src moved
find moved -exec touch -d '2001-02-03' {} +
check 'elsewhere, at other times, the package itself' rtbuild build -q -b knative -f ctx/Dockerfile --lithops moved/lithops --no-cache -t h:moved ctx
is 'is the same image' "$(digest_of h:moved)" "$tree"
check 'the default name has its version' rtbuild build -q -b knative -f ctx/Dockerfile --lithops src ctx
stdout_has '^lithops-knative-default-v311@sha256:'
is 'the default name: its tag' "$(digest_of lithops-knative-default-v311:3.9.9.dev1)" "$tree"
echo '# more' >>src/lithops/tests/data.yaml
check 'another byte' rtbuild build -q -b knative -f ctx/Dockerfile --lithops src -t h:changed ctx
is 'is another image' "$([ "$(digest_of h:changed)" != "$tree" ] && echo yes)" yes

# --- over what the context has ---

echo '*.zip' >ctx/.dockerignore
echo wrong >ctx/lithops_knative.zip
check 'a file of that name, and one ignored' rtbuild build -b knative -f ctx/Dockerfile --lithops moved -t h:over ctx
is 'the made one goes before it' "$(digest_of h:over)" "$tree"
stderr_hasnt CopyIgnoredFile
mkdir checkout
cp ctx/Dockerfile checkout/
(
	cd checkout || exit
	git init -q -b trunk
	git add .
	git -c user.name=n -c user.email=e commit -qm one
)
check 'a repository as context' rtbuild build -q -b knative -f Dockerfile --lithops moved -t h:git --git-allow "file://$TMP" "file://$TMP/checkout/.git"
is 'has it too' "$(digest_of h:git)" "$tree"
tar -cf ctx.tar -C checkout Dockerfile
check 'a tar as context' sh -c 'rtbuild build -q -b knative -f Dockerfile --lithops moved -t h:tar - <ctx.tar'
is 'has it as well' "$(digest_of h:tar)" "$tree"

# --- a Dockerfile that was rendered, and changed ---

rtbuild template render knative | sed 's/^FROM .*/FROM scratch/' >ctx/Dockerfile.own
check 'a rendered Dockerfile' rtbuild build -q -b knative -f ctx/Dockerfile.own -t h:own ctx
rtbuild build -q -b knative -f ctx/Dockerfile.own -o type=tar,dest=own.tar ctx
is 'has the packages and the handler' "$(tar -tf own.tar | grep -cE '(^|/)(lithops/lithopsproxy\.py|site-packages/boto3/__init__\.py)$')" 2

# --- wheels and versions ---

wheel=$(ls "$WHEELS"/lithops-*.whl)
check 'a wheel' rtbuild build -q -b knative -f ctx/Dockerfile --lithops "$wheel" -t h:wheel ctx
check 'the best there is' rtbuild build -q -b knative -f ctx/Dockerfile -t h:best ctx
is 'they are the same' "$(digest_of h:best)" "$(digest_of h:wheel)"
version=${wheel##*/lithops-}
version=${version%%-py3*}
check 'a version' rtbuild build -q -b knative -f ctx/Dockerfile --lithops "$version" -t h:version ctx
is 'is the same' "$(digest_of h:version)" "$(digest_of h:wheel)"
check 'a zip of a wheel' rtbuild build -b openwhisk:action --lithops "$wheel" -o action.zip
is 'a zip of a wheel: its handler' "$(unzip -Z1 action.zip | grep -cx __main__.py)" 1
mkdir -p src2/lithops/serverless/backends/openwhisk
cp src/lithops/*.py src2/lithops/
echo 'print("mine")' >src2/lithops/serverless/backends/openwhisk/entry_point.py
check 'a zip of another tree' rtbuild build -b openwhisk:action --lithops src2 -o action.zip
is 'a zip of another tree: its handler' "$(unzip -p action.zip __main__.py)" 'print("mine")'

# --- what cannot be ---

no() {
	code=$1 text=$2
	shift 2
	exits "$code" rtbuild build -b knative -f ctx/Dockerfile "$@" -t h:none ctx
	stderr_has "$text"
	stdout_empty
}
no 6 'lithops==9\.9' --lithops 9.9
no 2 'no version, wheel or directory' --lithops nine
no 6 'none-any.*whl' --lithops lithops-1.0-py3-none-any.whl
no 3 'this is not Lithops' --lithops ctx
no 2 'this is six' --lithops "$(ls "$WHEELS"/six-*.whl)"
exits 6 rtbuild build -b k8s -f ctx/Dockerfile --lithops moved ctx
stderr_has 'does not know the backend k8s'
echo 'nothing' >moved/lithops/version.py
no 3 'no __version__' --lithops moved
rm moved/lithops/version.py
ln -s /etc/passwd moved/lithops/version.py
no 3 . --lithops moved/lithops
ln -s /etc/passwd src/lithops/tests/leads-out
no 3 leads-out --lithops src
no 2 'the Dockerfile decides' --base x
no 2 'the Dockerfile decides' --installer pip
exits 2 rtbuild build -b knative --lithops src "file://$TMP/checkout/.git"
stderr_has '\-f FILE'
exits 2 rtbuild build --lithops src ctx
stderr_has 'backend'
finish
