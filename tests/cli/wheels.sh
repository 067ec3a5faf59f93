#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The wheels other tests install, made from Debian's packages of both architectures: whole, true to
# their names, and importable by the Python of their architecture.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_all_wheels
count() { find "$1" -name "$2" | wc -l; }
at_least() { [ "$2" -ge "$1" ]; }

check '40 pure wheels and more' at_least 40 "$(count "$ALL_WHEELS" '*-none-any.whl')"
check '11 native wheels for arm64 and more' at_least 11 "$(count "$ALL_WHEELS" '*_aarch64.whl')"
is 'as many for amd64' "$(count "$ALL_WHEELS" '*_x86_64.whl')" "$(count "$ALL_WHEELS" '*_aarch64.whl')"
is 'every one of arm64 is among them' "$(find "$WHEELS_ARM64" -name '*.whl' -printf '%f\n' | while read -r name; do
	cmp -s "$WHEELS_ARM64/$name" "$ALL_WHEELS/$name" || echo "$name"
done)" ''

cat >check.py <<'END'
"""Every wheel: names that agree, a true RECORD, extension modules of the architecture it is tagged for."""
import base64, csv, hashlib, pathlib, sys, zipfile

MACHINES = {"x86_64": 62, "aarch64": 183}
programs = documents = modules = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.whl")):
    machine = next((name for name in MACHINES if path.stem.endswith(name)), None)
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        record = next(name for name in names if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(wheel.read(record).decode().splitlines()))
        assert {row[0] for row in rows} == names and len(rows) == len(names), path
        for name, digest, size in rows:
            if name == record:
                continue
            data = wheel.read(name)
            want = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={want}", str(len(data))), (path, name)
            programs += ".data/scripts/" in name
            documents += ".data/data/" in name
            if data[:4] == b"\x7fELF":
                modules += 1
                assert int.from_bytes(data[18:20], "little") == MACHINES[machine], (path, name)
print(programs > 10, documents > 100, modules > 300)
END
check 'every wheel is sound' /usr/bin/python3 check.py "$ALL_WHEELS"
stdout_is 'True True True'

mkdir site
for wheel in numpy PyYAML psutil MarkupSafe; do
	unzip -q -d site "$WHEELS_ARM64/$wheel"-*_aarch64.whl
done
run python_arm64 -I -B -c "import sys; sys.path.insert(0, 'site')
import numpy, yaml, psutil, markupsafe._speedups, platform
print(platform.machine(), numpy.linalg.inv(numpy.eye(2) * 2).sum(), yaml.CSafeLoader.__name__)"
stdout_is 'aarch64 1.0 CSafeLoader'
finish
