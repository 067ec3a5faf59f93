#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The base image and the wheels of examples/, before rtbuild has anything to do with them: the
# same bytes each time, readable by other tools, and every module importable where they will run.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

examples=$ROOT/examples

# --- base image ---

check 'make-base' "$examples/base/make-base" "$TMP/base"
stderr_empty
check 'make-base, elsewhere' sh -c "umask 077; cd /; TZ=Asia/Tokyo LC_ALL=POSIX '$examples/base/make-base' '$TMP/base2'"
is 'make-base: same bytes' "$(sha256sum <base/rootfs.tar)" "$(sha256sum <base2/rootfs.tar)"
rm -rf base2
exits 2 "$examples/base/make-base"
fails 'make-base: unknown package' "$examples/base/make-base" "$TMP/none" no-such-package
stderr_has 'package no-such-package is not installed'
is 'make-base leaves nothing behind' "$(find none -mindepth 1)" ''

tar -tvf base/rootfs.tar >listing
is 'no name twice' "$(tar -tf base/rootfs.tar | sed 's,/$,,' | sort | uniq -d)" ''
is 'owners are fixed ones' "$(awk '$2 !~ /^0\/(0|42|50)$/ && $2 !~ /^(root|0)\/(root|shadow|staff)$/' listing)" ''
is 'one time for all' "$(TZ=UTC tar -tv --full-time -f base/rootfs.tar | awk '{ print $4, $5 }' | sort -u)" \
	'1980-01-01 00:00:00'
mkdir root
tar -C root -xf base/rootfs.tar --no-same-owner 2>/dev/null
is 'no dangling link but those of a running system' \
	"$(find root -type l -printf '%P %l\n' | while read -r link target; do
		case $target in
		/*) found=root$target ;;
		*) found=root/$(dirname "$link")/$target ;;
		esac
		[ -e "$found" ] || [ -L "$found" ] || echo "$link"
	done | sort | tr '\n' ' ')" 'etc/mtab var/lock '

# Runs a command with root/ as its root; as an ordinary user in a user namespace.
inside() {
	if [ "$(id -u)" -eq 0 ]; then
		env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin chroot root "$@"
	else
		env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin unshare -r chroot root "$@"
	fi
}
check 'base: Python with its extension modules' inside python3 -c \
	'import ssl, sqlite3, ctypes, hashlib, zlib, bz2, lzma, readline, curses, uuid, decimal'
check 'base: python and python3.11 are there too' inside sh -c 'python --version && python3.11 --version'
run inside python3 -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()) > 50)'
stdout_is True
run inside python3 -c 'import sys; print([p for p in sys.path if p.startswith("/usr/local")][0])'
stdout_is /usr/local/lib/python3.11/dist-packages

# --- wheels ---

check 'make-wheels' "$examples/wheels/make-wheels" "$TMP/wheels"
stderr_empty
cp "$out" made
is 'a line for each wheel' "$(wc -l <made)" "$(find wheels -name '*.whl' | wc -l)"
is 'stand-ins are named so' "$(grep -c '+standin-py3-none-any.whl  stand-in$' made)" "$(grep -c stand-in made)"
check 'make-wheels, elsewhere' sh -c \
	"umask 077; cd /; TZ=Asia/Tokyo PYTHONHASHSEED=7 '$examples/wheels/make-wheels' '$TMP/wheels2'"
is 'make-wheels: same bytes' "$(cat wheels/all-hashed.txt)" "$(cat wheels2/all-hashed.txt)"
rm -rf wheels2
exits 2 "$examples/wheels/make-wheels"
echo 'no-such-distribution' >bad.txt
fails 'make-wheels: unknown requirement' "$examples/wheels/make-wheels" "$TMP/wheels" bad.txt
stderr_has 'no-such-distribution .* is in no wheel'

cat >verify.py <<'END'
import base64, csv, hashlib, io, pathlib, sys, zipfile

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.whl")):
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        assert len(names) == len(set(names)), f"{path}: a name twice"
        record = [name for name in names if name.endswith(".dist-info/RECORD")]
        assert record == names[-1:], f"{path}: RECORD is not the last"
        rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(wheel.read(record[0]).decode()))}
        assert set(rows) == set(names), f"{path}: RECORD lists other files"
        for name in names[:-1]:
            data = wheel.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert rows[name] == [f"sha256={digest}", str(len(data))], f"{path}: {name}"
        info = wheel.read(record[0].replace("RECORD", "METADATA")).decode()
        stand_in = "+standin" in path.name
        assert ("Summary: stand-in for" in info) == stand_in, f"{path}: its Summary"
    sys.stdout.write(".")
END
check 'RECORD of every wheel' /usr/bin/python3 verify.py wheels
is 'layer requirements: all pinned and hashed' \
	"$(grep -cvE '^[a-z0-9-]+==[^ ]+ --hash=sha256:[0-9a-f]{64}$' wheels/requirements-hashed.txt)" 0

site=root/usr/local/lib/python3.11/site-packages
for wheel in wheels/*.whl; do
	unzip -q -o -d "$site" "$wheel"
done
cat >root/tmp/imports.py <<'END'
import importlib, importlib.metadata, re, sys, warnings

warnings.simplefilter("ignore")
modules = """
boto3 redis httplib2 requests numpy scipy.linalg scipy.optimize scipy.special scipy.stats pandas pika
kafka cloudpickle tblib psutil flask gevent.monkey gunicorn.app.wsgiapp paramiko kubernetes.client
yaml._yaml six wheel setuptools pkg_resources botocore.session jmespath s3transfer urllib3 idna
certifi chardet charset_normalizer dateutil pytz werkzeug jinja2 markupsafe itsdangerous click
greenlet zope.event zope.interface cryptography.hazmat.primitives.ciphers.aead cffi pycparser bcrypt
nacl.public rsa pyasn1 google.auth oauthlib requests_oauthlib websocket cachetools async_timeout
deprecated wrapt packaging awslambdaric ps_mem lithops.standin_worker
lithops.serverless.backends.aws_lambda.entry_point lithops.serverless.backends.knative.entry_point
lithops.serverless.backends.k8s.entry_point ibm_boto3 ibm_botocore ibm_s3transfer ibm_cloud_sdk_core
google.cloud.storage google.cloud.pubsub azure.storage.blob azure.storage.queue
""".split()
for module in modules:
    importlib.import_module(module)
# Every mandatory requirement of every distribution is there.
from packaging.requirements import Requirement
installed = {re.sub("[-_.]+", "-", d.metadata["Name"]).lower(): d
             for d in importlib.metadata.distributions()}
for name, distribution in installed.items():
    for text in distribution.requires or []:
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            found = installed[re.sub("[-_.]+", "-", need.name).lower()]
            assert need.specifier.contains(found.version, prereleases=True), (name, text)
import numpy, scipy.linalg, pandas, yaml, pytz, os, certifi
assert numpy.linalg.inv(numpy.eye(3) * 2).sum() == 1.5
assert abs(scipy.linalg.svdvals(numpy.ones((2, 2)))[0] - 2) < 1e-9
assert pandas.Series([1, 2]).sum() == 3 and yaml.__with_libyaml__ and pytz.timezone("Asia/Tokyo")
assert os.path.exists(certifi.where())
print(len(installed))
END
check 'every module inside the base image' inside python3 -B /tmp/imports.py
stdout_is "$(wc -l <made)"

# --- the stand-in worker, on a hand-made func.pickle (protocol 0 GLOBAL inside a dict) ---

mkdir -p root/opt/lithops/modules
cp "$examples/map/"*.py root/opt/lithops/modules/
/usr/bin/python3 -c 'import pickle, sys
sys.stdout.buffer.write(pickle.dumps({"func": b"cmap\nf\n."}, 3))' >root/opt/lithops/func.pickle
check 'stand-in worker' inside env PYTHONPATH=/opt/lithops/modules \
	python3 -B -m lithops.standin_worker '["to be or not", {"text": "x"}, ["y z"]]'
stdout_is '[{"words": 4, "mean": 2.25, "longest": "not"}, {"words": 1, "mean": 1.0, "longest": "x"}, {"words": 2, "mean": 1.0, "longest": "y"}]'
finish
