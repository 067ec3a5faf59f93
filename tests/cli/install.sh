#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild python install`: packages in a directory. For every wheel there is the tree is that of
# pip install --target; for another architecture, too. Wheels that are not what they say are refused.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_all_wheels
make_wheel() { "$ROOT/tests/cli/make-wheel" "$@" >/dev/null; }
# Debian's pip by Debian's Python, whatever else this machine has.
pip() {
	env -i PATH="$PATH" HOME="$HOME" PYTHONPATH="$(echo /usr/share/python-wheels/pip-*.whl)" \
		/usr/bin/python3 -m pip --disable-pip-version-check "$@"
}
install() { rtbuild python install --no-index "$@"; }

# --- the trees of pip ---

set -- "$ALL_WHEELS"/*-none-any.whl
for arch in x86_64 aarch64; do
	case $arch in
	x86_64) platform=linux/amd64 ;;
	*) platform=linux/arm64 ;;
	esac
	check "$arch: rtbuild python install" install --no-deps --platform $platform -o ours-$arch "$@" "$ALL_WHEELS"/*_$arch.whl
	stdout_is "ours-$arch"
	check "$arch: pip install --target" pip install -q --no-index --no-deps --no-compile --target pips-$arch \
		--platform manylinux_2_36_$arch --python-version 3.11 --implementation cp --only-binary :all: \
		"$@" "$ALL_WHEELS"/*_$arch.whl
	check "$arch: the same tree" "$ROOT/tests/python/tree-compare" ours-$arch pips-$arch
	stdout_is "$(printf '%s\n' "$@" "$ALL_WHEELS"/*_$arch.whl | wc -l) wheels, 0 differences"
done
check 'it works' env -i PYTHONPATH="$TMP/ours-x86_64" /usr/bin/python3 -B -S -c \
	'import numpy, yaml, flask, aiohttp; print(numpy.linalg.det(numpy.eye(3)))'
stdout_is 1.0
run python_arm64 -B -S -c "import sys; sys.path.insert(0, 'ours-aarch64')
import numpy, yaml, msgpack, psutil; print(msgpack.unpackb(msgpack.packb([1, 2])))"
stdout_is '[1, 2]'
is 'its programs are for its Python' "$(head -n 1 ours-aarch64/bin/flask)" '#!/usr/bin/env python3.11'

# The comparison can fail.
cp -R ours-x86_64 spoilt
echo >>spoilt/six.py
chmod 600 spoilt/pytz/__init__.py
rm spoilt/roman.py
fails 'tree-compare finds what differs' "$ROOT/tests/python/tree-compare" spoilt pips-x86_64
stdout_has '^roman\.py: only pip'
stdout_has '^six\.py: other bytes'
stdout_has '^pytz/__init__\.py: mode 0o600'
stdout_has ' 3 differences$'
rm -rf spoilt pips-x86_64 pips-aarch64 ours-aarch64

# --- every time the same ---

check 'elsewhere, otherwise' sh -c "umask 077; mkdir far; cd far; TZ=Asia/Tokyo LC_ALL=C exec \"$RTBUILD\" python install \
	--no-index --no-deps -o there $ALL_WHEELS/numpy-*_x86_64.whl $ALL_WHEELS/six-*.whl"
check 'here' install --no-deps -o here "$ALL_WHEELS"/six-*.whl "$ALL_WHEELS"/numpy-*_x86_64.whl
snapshot() { (cd "$1" && find . -printf '%m %T@ %y %p\n' | sort -k 4 && find . -type f -exec sha256sum {} + | sort -k 2); }
is 'the same tree' "$(snapshot far/there | sha256sum)" "$(snapshot here | sha256sum)"

# --- bytecode ---

check '--precompile' install --no-deps -o compiled "$ALL_WHEELS"/six-*.whl "$ALL_WHEELS"/Markdown-*.whl --precompile /usr/bin/python3
stderr_has '[0-9]+ modules precompiled: .* of bytecode beside .* of source'
python_arm64 -c 1 # fails here, not below
printf '#!/bin/sh\nexec qemu-aarch64-static -L %s %s/usr/bin/python3.11 "$@"\n' "$PYTHON_ARM64" "$PYTHON_ARM64" >arm64-python
chmod +x arm64-python
check '--precompile by arm64 Python' install --no-deps -o compiled-arm64 "$ALL_WHEELS"/Markdown-*.whl "$ALL_WHEELS"/six-*.whl --precompile ./arm64-python
is 'bytecode knows no architecture, and no order' "$(snapshot compiled | sha256sum)" "$(snapshot compiled-arm64 | sha256sum)"
cat >bytecode.py <<'END'
import base64, csv, hashlib, importlib.util, pathlib, sys
site = pathlib.Path("compiled")
sources = {path for path in site.rglob("*.py") if "bin" not in path.parts}
for path in sources:
    code = pathlib.Path(importlib.util.cache_from_source(str(path))).read_bytes()
    assert code[:4] == importlib.util.MAGIC_NUMBER and code[4:8] == b"\1\0\0\0", path
    assert code[8:16] == importlib.util.source_hash(path.read_bytes()), path
assert len(list(site.rglob("*.pyc"))) == len(sources)
rows = {row[0]: row for record in site.glob("*.dist-info/RECORD") for row in csv.reader(record.open())}
for path in site.rglob("*.pyc"):
    _, digest, size = rows[str(path.relative_to(site))]
    want = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
    assert (digest, int(size)) == ("sha256=" + want, path.stat().st_size)
(site / "six.py").write_text("this is no Python\n")  # unchecked: the bytecode alone counts
sys.path.insert(0, str(site))
import six, markdown
print(six.__version__, markdown.markdown("*x*"))
END
check 'it is what the import system takes' /usr/bin/python3 -B -S -I bytecode.py
make_wheel . old 1.0 'file=old_syntax.py=print "two"'
check 'what does not compile has none' install --no-deps -o old-syntax ./old-1.0-py3-none-any.whl --precompile python3.11
stderr_has '1 files named \.py are no Python 3'
is 'the others have' "$(find old-syntax -name '*.pyc')" old-syntax/__pycache__/old.cpython-311.pyc
exits 3 rtbuild python install --no-index -o none "$ALL_WHEELS"/six-*.whl --python 3.12 --precompile /usr/bin/python3
stderr_has 'the packages are for CPython 3\.12'
exits 8 rtbuild python install --no-index -o none "$ALL_WHEELS"/six-*.whl --precompile /bin/true
exits 6 rtbuild python install --no-index -o none "$ALL_WHEELS"/six-*.whl --precompile /bin/no-such
exits 8 rtbuild python install --no-index -o none "$ALL_WHEELS"/six-*.whl --precompile /bin/echo
printf 'six\n' >six.txt
check 'layer --precompile' rtbuild layer -r six.txt --find-links "$ALL_WHEELS" --precompile /usr/bin/python3 -o six.zip
is 'has it' "$(unzip -Z1 six.zip | grep pyc)" python/__pycache__/six.cpython-311.pyc
check 'read alike by all readers' "$ROOT/tests/cli/read-zip" --bytecode six.zip

# --- where it goes ---

mkdir empty full
echo precious >full/file
echo precious >file
check 'an empty directory is fine' install -o empty "$ALL_WHEELS"/six-*.whl
is 'and filled' "$(find empty -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')" 'share six-1.16.0.dist-info six.py '
exits 3 rtbuild python install -o full "$ALL_WHEELS"/six-*.whl
stderr_has 'full: .*not empty'
exits 3 rtbuild python install -o file "$ALL_WHEELS"/six-*.whl
is 'what was there stays' "$(cat full/file file)" "$(printf 'precious\nprecious')"
exits 6 rtbuild python install -o no/where "$ALL_WHEELS"/six-*.whl
exits 2 rtbuild python install "$ALL_WHEELS"/six-*.whl
exits 2 rtbuild python install -o none
check '--json' install --json -o json six tblib --find-links "$ALL_WHEELS"
is '--json: packages' "$(jq -r '.packages[] | "\(.name) \(.version)"' "$out" | tr '\n' ' ')" 'six 1.16.0 tblib 1.7.0 '

# --- what is not what it says ---

mkdir w
# is_refused CODE REGEX WHEEL...: nothing is written, not even in part.
is_refused() {
	code=$1 regex=$2
	shift 2
	run rtbuild python install --no-index --no-deps -o refused "$@"
	if [ "$status" -eq "$code" ] && grep -Eq -- "$regex" "$err" && [ -z "$(find . -maxdepth 1 -name 'refused' -o -maxdepth 1 -name '.rtbuild-*')" ]; then
		pass "exit $code: $regex"
	else
		fail "exit $code: $regex" "$(ls -a)"
	fi
}
for how in content extra missing escape zip; do
	make_wheel w "broken-$how" 1.0 "break=$how"
	is_refused 7 "broken_$how-1\.0" "w/broken_$how-1.0-py3-none-any.whl"
done
# A real one with a byte changed inside.
cat >spoil.py <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile(sys.argv[2], "w") as new:
    for info in old.infolist():
        data = old.read(info)
        new.writestr(info, data.replace(b"n", b"m", 1) if info.filename == sys.argv[3] else data)
END
/usr/bin/python3 spoil.py "$ALL_WHEELS"/six-1.16.0-py3-none-any.whl w/six-1.16.0-py3-none-any.whl six.py
is_refused 7 'six.*six\.py does not have the sha256 hash' w/six-1.16.0-py3-none-any.whl
# Native ones for another machine, under this one's tag, and the other way round.
for name in MarkupSafe-2.1.2 numpy-1.24.2; do
	cp "$ALL_WHEELS/$name-cp311-cp311-manylinux_2_36_aarch64.whl" "w/$name-cp311-cp311-manylinux_2_36_x86_64.whl"
	is_refused 7 "$name-cp311-cp311-manylinux_2_36_x86_64\.whl: .*\.so.* is for aarch64, 64 bits" \
		"w/$name-cp311-cp311-manylinux_2_36_x86_64.whl" --platform linux/amd64
	stderr_has 'another version or build of (markupsafe|numpy)'
done
cp "$ALL_WHEELS"/psutil-*_x86_64.whl "w/psutil-5.9.4-cp311-cp311-manylinux_2_36_aarch64.whl"
is_refused 7 'is for x86_64, 64 bits' w/psutil-5.9.4-cp311-cp311-manylinux_2_36_aarch64.whl --platform linux/arm64
# One that needs a newer glibc than its tag says: Debian 12's, tagged for an older system.
cp "$ALL_WHEELS"/numpy-*_x86_64.whl "w/numpy-1.24.2-cp311-cp311-manylinux_2_17_x86_64.whl"
is_refused 7 'needs glibc 2\.[23][0-9]' w/numpy-1.24.2-cp311-cp311-manylinux_2_17_x86_64.whl --target lambda-python3.11-x86_64
cp "$ALL_WHEELS"/PyYAML-*_x86_64.whl "w/PyYAML-6.0-cp311-cp311-musllinux_1_2_x86_64.whl"
is_refused 7 'is built for glibc' w/PyYAML-6.0-cp311-cp311-musllinux_1_2_x86_64.whl --target alpine-python3.11-x86_64
is_refused 2 'says the Python' --target bookworm-python3.11-x86_64 --python 3.11 w/six-1.16.0-py3-none-any.whl
finish
