#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild python target`, and the targets where packages are chosen: their tags and markers are what
# the Pythons themselves say, documents come back as they went, what a runtime brings can be left out.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_all_wheels

# --- list and show ---

check 'list' rtbuild python target list
stdout_has '^lambda-python3\.12-arm64 +Python 3\.12 on linux/arm64 with glibc 2\.34$'
stdout_has '^alpine-python3\.13-x86_64 +Python 3\.13 on linux/amd64 with musl 1\.2$'
stdout_has '^lambda-python3\.8-x86_64 .* \(ended 2024-10-07\)$'
for backend in gcp_functions azure_functions aliyun_fc openwhisk; do
	stdout_has "^$backend-python3\\.[0-9]+-x86_64 "
done
names=$(sed 's/ .*//' "$out")
check 'list --json' rtbuild python target list --json
is 'the same names' "$(jq -r '.[].name' "$out")" "$names"
check 'show' rtbuild python target show lambda-python3.12-arm64
stdout_has '^interpreter +/var/lang/bin/python3\.12$'
stdout_has '^tags +555, best first: cp312-cp312-manylinux_2_34_aarch64 '
stdout_has '^preinstalled .*boto3 botocore'
exits 2 rtbuild python target show lambda-python3.12-arm46
stderr_has 'did you mean lambda-python3\.12-arm64'
exits 2 rtbuild python target show
exits 2 rtbuild python target shwo
stderr_has 'did you mean show'
exits 6 rtbuild python target show ./nowhere.json

# --- what the Pythons say themselves ---

cat >say.py <<'END'
import json, sys
sys.path.insert(0, sys.argv[1])
from packaging import markers, tags
print(json.dumps({"compatible_tags": [str(tag) for tag in tags.sys_tags()],
                  "marker_environment": markers.default_environment()}))
END
unzip -q -d packaging "$ALL_WHEELS"/packaging-*.whl
for arch in x86_64 arm64; do
	if [ $arch = arm64 ]; then python=python_arm64; else python=/usr/bin/python3; fi
	check "$arch: packaging's own answers" $python -B say.py packaging
	# The kernel is the machine's, and this Python is older than the newest one.
	strip='del(.marker_environment | .platform_release, .platform_version, .python_full_version,
		.implementation_version) | {compatible_tags, marker_environment}'
	jq -S "$strip" "$out" >asked
	check "$arch: target" rtbuild python target show bookworm-python3.11-$arch --json
	jq -S "$strip" "$out" >known
	check "$arch: tags in their order and markers are equal" cmp asked known
done

# --- documents ---

check 'a document' rtbuild python target show alpine-python3.13-arm64 --json
cp "$out" document.json
check 'and back' rtbuild python target show ./document.json --json
is 'as it was, but the name' "$(jq 'del(.rtbuild.name)' "$out")" "$(jq 'del(.rtbuild.name)' document.json)"
jq '.marker_environment.sys_platform = "win32"' document.json >windows.json
exits 3 rtbuild python target show windows.json
stderr_has 'windows\.json: .*win32'
echo '{' >half.json
exits 3 rtbuild python target show half.json

# --- choosing by it ---

names_in() { unzip -l "$1" | sed -n 's,.* python/\([^/]*\)\.dist-info/METADATA$,\1,p' | sort | tr '\n' ' '; }
printf 'numpy\nPyYAML\n' >native.txt
check 'layer --target' rtbuild layer -q -r native.txt --find-links "$ALL_WHEELS" \
	--target bookworm-python3.11-arm64 -o arm64.zip
is 'its packages' "$(names_in arm64.zip)" 'PyYAML-6.0 numpy-1.24.2 '
mkdir opt
unzip -q -d opt arm64.zip
run python_arm64 -B -S -c "import sys; sys.path.insert(0, 'opt/python')
import numpy, yaml; print(numpy.ones(3).sum(), yaml.__version__)"
stdout_is '3.0 6.0'
check 'the same, said one by one' rtbuild layer -q -r native.txt --find-links "$ALL_WHEELS" \
	--python 3.11 --platform linux/arm64 --libc glibc-2.36 -o single.zip
check 'is the same' cmp arm64.zip single.zip
rtbuild python target show bookworm-python3.11-arm64 --json >bookworm.json
check 'the same, as a document' rtbuild layer -q -r native.txt --find-links "$ALL_WHEELS" \
	--target bookworm.json -o document.zip
check 'is the same, too' cmp arm64.zip document.zip
# A document's tags are all there are: without native ones nothing native fits.
jq '.compatible_tags |= map(select(endswith("-any")))' bookworm.json >pure.json
exits 6 rtbuild layer -q -r native.txt --find-links "$ALL_WHEELS" --target pure.json -o no.zip
stderr_has 'PyYAML.* is built for other targets'
# And its markers are what requirements are asked by.
printf 'six ; platform_release == "mine"\ncloudpickle\n' >marked.txt
jq '.marker_environment.platform_release = "mine"' bookworm.json >mine.json
check 'markers of a document' rtbuild layer -q -r marked.txt --find-links "$ALL_WHEELS" --target mine.json -o mine.zip
is 'take six in' "$(names_in mine.zip)" 'cloudpickle-2.2.0 six-1.16.0 '
check 'and without' rtbuild layer -q -r marked.txt --find-links "$ALL_WHEELS" --target bookworm.json -o mine.zip
is 'leave it out' "$(names_in mine.zip)" 'cloudpickle-2.2.0 '

for option in --python=3.11 --libc=glibc-2.36 --platform=linux/amd64; do
	exits 2 rtbuild layer -r native.txt --find-links "$ALL_WHEELS" --target bookworm-python3.11-arm64 $option -o no.zip
done
exits 2 rtbuild layer -r native.txt --find-links "$ALL_WHEELS" --target lambda-python3.13 -o no.zip
is 'nothing was written' "$(ls no.zip 2>/dev/null)" ''

# --- what the runtime brings ---

printf 'boto3\ntblib\nrequests\n' >aws.txt
check 'layer with all of it' rtbuild layer -q -r aws.txt --find-links "$ALL_WHEELS" --target lambda-python3.12-arm64 -o all.zip
is 'has boto3' "$(names_in all.zip | grep -c boto3)" 1
check 'layer --exclude-preinstalled' rtbuild layer -r aws.txt --find-links "$ALL_WHEELS" \
	--python 3.12 --platform linux/arm64 --exclude-preinstalled -o some.zip
is 'only what the runtime does not have' "$(names_in some.zip | sed 's/-[0-9][^ ]*//g')" \
	'certifi chardet charset_normalizer idna requests setuptools tblib '
for name in boto3 botocore jmespath python-dateutil s3transfer six urllib3; do
	stderr_has "$name [0-9].* is left out"
done
exits 2 rtbuild layer -r aws.txt --find-links "$ALL_WHEELS" --target bookworm-python3.11-arm64 \
	--exclude-preinstalled -o no.zip
stderr_has 'not known what'
# Another list may be said in a document.
rtbuild python target show bookworm-python3.11-arm64 --json | jq '.rtbuild.preinstalled = ["tblib"]' >own.json
check 'a document with its own list' rtbuild layer -q -r aws.txt --find-links "$ALL_WHEELS" --target own.json \
	--exclude-preinstalled -o own.zip
is 'is obeyed' "$(names_in own.zip | grep -c -e tblib)$(names_in own.zip | grep -c boto3)" 01

# --- a Python that has ended ---

printf 'six\n' >six.txt
jq '.marker_environment |= (.python_version = "3.9" | .python_full_version = "3.9.25") |
	.rtbuild.python = "3.9.25"' bookworm.json >old.json
exits 2 rtbuild layer -r six.txt --find-links "$ALL_WHEELS" --target old.json -o no.zip
stderr_has '3\.9'
exits 2 rtbuild build --backend knative --find-links "$ALL_WHEELS" --platform linux/amd64 \
	--python-target bookworm-python3.11-arm64
stderr_has 'is for linux/arm64'
exits 2 rtbuild build --backend knative --find-links "$ALL_WHEELS" --python 3.11 --platform linux/arm64 \
	--python-target bookworm-python3.11-arm64
stderr_has 'says the Python already'
finish
