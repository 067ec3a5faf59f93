#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild layer`: the zip of an AWS Lambda layer from wheels, without Python. Its bytes, what other
# tools and Python make of it, and what is refused before anything is written.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_wheels
# Debian's extension modules ask for its own C library; Lambda's is older, so they are named for it.
libc=--libc=glibc-2.36
pins=$WHEELS/requirements-hashed.txt
make_wheel() { "$ROOT/tests/cli/make-wheel" "$@" >/dev/null; }

# --- the zip ---

check 'layer' rtbuild layer -r "$pins" --python 3.11 $libc -o layer.zip
stdout_is layer.zip
check 'layer, elsewhere' sh -c "umask 077; mkdir far; cd far; TZ=Asia/Tokyo LC_ALL=C RTBUILD_STORE='$TMP/s2' \
	RTBUILD_FIND_LINKS= rtbuild layer -o '$TMP/two.zip' --requirements='$pins' --find-links '$WHEELS' --python=3.11 $libc"
check 'same bytes' cmp layer.zip two.zip
cp -R "$WHEELS" copy && touch copy/*
check 'layer from a copy of the wheels' rtbuild layer -r copy/requirements-hashed.txt --find-links copy --python 3.11 $libc -o two.zip
check 'same bytes again' cmp layer.zip two.zip
rm -rf copy two.zip far
check 'unzip, libarchive, busybox and Python read it alike' "$ROOT/tests/cli/read-zip" layer.zip
is 'it is python/ and nothing else' "$(unzip -Z1 layer.zip | cut -d/ -f1 | sort -u)" python
is 'with its distributions' "$(unzip -Z1 layer.zip | grep -c '\.dist-info/METADATA$' | awk '{ print ($1 >= 9) }')" 1
unpacked=$(unzip -Zt layer.zip | sed -n 's/.* \([0-9]*\) bytes uncompressed.*/\1/p')
is 'it is a deflated zip' "$(unzip -v layer.zip | awk '$2 ~ /^Defl/' | wc -l | sed 's/^[1-9].*/yes/')" yes
mkdir opt && unzip -q layer.zip -d opt
cat >use.py <<'END'
import importlib.metadata, os, sys
import numpy, requests, redis, pika, cloudpickle, ps_mem, tblib, urllib3, psutil, certifi
for module in (numpy, requests, redis, pika, cloudpickle, ps_mem, tblib, urllib3, psutil):
    assert module.__file__.startswith(os.environ["PYTHONPATH"]), module
assert numpy.linalg.inv(numpy.eye(3) * 2).sum() == 1.5
assert psutil.Process().memory_info().rss > 0
assert importlib.metadata.version("numpy") == numpy.__version__
print("works")
END
check 'its modules work' env -i PYTHONPATH="$TMP/opt/python" /usr/bin/python3 -B -S use.py
stdout_is works
rm -rf opt
check '--json' rtbuild layer -r "$pins" --python 3.11 $libc -o layer.zip --json
is '--json: size' "$(jq .size "$out")" "$(stat -c %s layer.zip)"
is '--json: digest' "$(jq -r .digest "$out")" "sha256:$(sha256sum layer.zip | cut -c 1-64)"
is '--json: unpacked size' "$(jq .unpacked "$out")" "$unpacked"
is '--json: content digest' "$(jq -r .content_digest "$out" | grep -cE '^sha256:[0-9a-f]{64}$')" 1
rm layer.zip
check 'default packages, default name' rtbuild layer $libc
is 'default: layer.zip' "$(unzip -l layer.zip | grep -c ' python/numpy/__init__.py$')" 1
stderr_has 'stand-in.*ps.mem|ps.mem.*stand-in'

# --- where it goes: what is no file stays what it is ---

printf 'tblib\n' >one.txt
one() { rtbuild layer -q -r one.txt "$@"; }
check 'to a file' one -o one.zip
mkfifo pipe
ln -s pipe to-pipe
for place in pipe to-pipe; do
	cat $place >got.zip &
	check "to a FIFO: $place" one -o $place
	wait $!
	check 'has the same bytes' cmp one.zip got.zip
	check 'is a FIFO still' test -p $place
done
check 'to standard output' sh -c 'rtbuild layer -q -r one.txt -o - >got.zip'
check 'has the same bytes, and nothing behind' cmp one.zip got.zip
for option in --json --split '--publish --name x'; do
	# shellcheck disable=SC2086 # words
	exits 2 one -o - $option
	stdout_empty
done
mv one.zip real.zip
ln -s real.zip one.zip
check 'through a link' one -o one.zip
check 'which stays' test -L one.zip -a -s real.zip
exits 2 one -o .
check 'a function zip to a FIFO' sh -c "cat pipe >action.zip & rtbuild build -q --backend openwhisk:action -o pipe && wait"
check 'is one' unzip -tq action.zip
check 'and the FIFO is there' test -p pipe

# --- which wheel, with a small set of them ---

mkdir w
make_wheel w alpha 1.0
make_wheel w alpha 2.0 'requires=beta>=1' 'requires=never-there ; python_version < "3"' 'requires=gamma ; extra == "more"'
make_wheel w alpha 3.0b1
make_wheel w alpha 4.0 'python=>=3.12'
make_wheel w beta 1.5
make_wheel w beta 2.0 tag=cp311-cp311-manylinux_2_99_x86_64
make_wheel w Gamma_Ray 1.0 'requires=Alpha'
make_wheel w gamma 1.0
RTBUILD_FIND_LINKS=$TMP/w
export RTBUILD_FIND_LINKS

# layer_has NAMES TEXT...: the lines of requirements give a layer of just these distributions.
layer_has() {
	names=$1
	shift
	printf '%s\n' "$@" >req.txt
	check "layer of: $*" rtbuild layer -q -r req.txt --python 3.11 -o small.zip
	is "has $names" "$(unzip -l small.zip 2>/dev/null | sed -n 's,.* python/\([^/]*\)\.dist-info/METADATA$,\1,p' | sort | tr '\n' ' ')" "$names "
}
layer_has 'alpha-2.0 beta-1.5' 'alpha'
layer_has 'alpha-1.0' 'alpha==1.0'
layer_has 'alpha-1.0' '# comment' '' "ALPHA \\" '  < 2 # another'
layer_has 'alpha-3.0b1' 'alpha==3.0b1'
layer_has 'alpha-2.0 beta-1.5 gamma-1.0' 'alpha[more]'
layer_has 'beta-1.5' 'beta ; python_version >= "3.8"' 'alpha ; sys_platform == "win32"'
layer_has 'Gamma_Ray-1.0 alpha-1.0' 'gamma.ray' 'alpha<2'
printf 'beta\n' >more.txt
layer_has 'alpha-1.0 beta-1.5' '-r more.txt' 'alpha<2'
hash=$(sha256sum w/beta-1.5-py3-none-any.whl | cut -c 1-64)
layer_has 'beta-1.5' "beta==1.5 --hash=sha256:$hash"

# --- refusals ---

# refused CODE REGEX TEXT...: the lines of requirements are refused, and no file is written.
refused() {
	code=$1 regex=$2
	shift 2
	printf '%s\n' "$@" >req.txt
	rm -f no.zip
	run rtbuild layer -r req.txt --python 3.11 -o no.zip
	if [ "$status" -eq "$code" ] && grep -Eq -- "$regex" "$err" && [ ! -e no.zip ] && [ ! -s "$out" ]; then
		pass "exit $code: $*: $regex"
	else
		fail "exit $code: $*: $regex" "$(ls no.zip 2>&1)"
	fi
}
zero=0000000000000000000000000000000000000000000000000000000000000000
refused 7 'beta' "beta==1.5 --hash=sha256:$zero"
stderr_has "$zero"
stderr_has "$hash"
refused 3 'req.txt:2:.*' "beta==1.5 --hash=sha256:$hash" 'alpha==1.0'
stderr_has 'hash'
refused 6 'no-such-package' 'alpha' 'no-such-package>=1'
stderr_has 'w'
refused 6 'alpha.*>= ?9|>= ?9.*alpha' 'alpha>=9'
refused 6 'Requires-Python|3\.12' 'alpha==4.0'
refused 6 'manylinux_2_99' 'beta==2.0'
stderr_has 'glibc|2\.26'
refused 3 '^rtbuild: req.txt:2:[0-9]+: ' 'alpha' 'beta=>1'
stderr_has '^ *2 \| beta=>1$'
stderr_has '^ *\| +\^'
refused 3 'req.txt:1:[0-9]+: ' 'alpha ; python_version >'
refused 3 'req.txt:1:1: .*' '--frobnicate'
refused 8 'req.txt:1:[0-9]+: .*wheel' 'alpha @ git+https://example.com/x.git'
refused 8 'req.txt:1:[0-9]+: .*wheel' '-e .'
refused 6 'no-such-file.txt' '-r no-such-file.txt'
refused 3 'req.txt' '-r req.txt' 'alpha'
refused 3 'alpha.*' 'alpha==1.0' 'alpha==2.0'
exits 6 rtbuild layer -r no-such-file.txt
exits 6 rtbuild layer -r more.txt --find-links no-such-directory -o no.zip
stderr_has 'no-such-directory'
exits 2 rtbuild layer -r more.txt --python 2.7 -o no.zip
exits 2 rtbuild layer -r more.txt --libc msvc-14 -o no.zip
exits 9 rtbuild layer -r more.txt -o more.txt/no.zip
stderr_has 'more\.txt/no\.zip'
exits 6 rtbuild layer -r more.txt -o no-directory/no.zip
stderr_has 'no-directory/no\.zip'
echo precious >keep.zip
# Packages in words, alone and beside a file; a wheel by its path; constraints and pre-releases.
has() {
	is "$*" "$(unzip -l words.zip | sed -n 's,.* python/\([^/]*\)\.dist-info/METADATA$,\1,p' | sort | tr '\n' ' ')" "$* "
}
check 'words' rtbuild layer 'alpha<3' Gamma_Ray --python 3.11 -o words.zip
has Gamma_Ray-1.0 alpha-2.0 beta-1.5
printf 'gamma\n' >words.txt
printf 'alpha==1.0\n' >words-limits.txt
check 'words and a file, within limits' rtbuild layer alpha -r words.txt -c words-limits.txt -o words.zip
has alpha-1.0 gamma-1.0
check 'a wheel by its path' rtbuild layer ./w/alpha-2.0-py3-none-any.whl --no-deps -o words.zip
has alpha-2.0
check 'pre-releases' rtbuild layer alpha --pre -o words.zip
has alpha-3.0b1
exits 6 rtbuild layer alpah -o words.zip
stderr_has 'did you mean alpha'
for file in words.txt pylock.toml pylock.dev.toml; do
	exits 6 rtbuild layer $file -o words.zip
	stderr_has "to read that file, write -r $file"
done
exits 3 rtbuild layer 'alpha=>1' -o words.zip
printf 'beta\n./nosuch-1.0-py3-none-any.whl\n' >words.txt
exits 6 rtbuild layer -r words.txt -o words.zip
stderr_has '^rtbuild: words\.txt:2:1: .*nosuch-1\.0-py3-none-any\.whl: No such file'
stderr_has '^ *2 \| \./nosuch-1\.0-py3-none-any\.whl$'
printf './nosuch-1.0-py3-none-any.whl ; sys_platform == "win32"\nbeta\n' >words.txt
check 'a wheel that is not there, for elsewhere' rtbuild layer -r words.txt -o words.zip
has beta-1.5
check 'as it was' rtbuild layer alpha --pre -o words.zip
exits 8 rtbuild layer git+https://example.com/x.git -o words.zip
has alpha-3.0b1
printf 'no-such-package\n' >req.txt
exits 6 rtbuild layer -r req.txt -o keep.zip
is 'a file that was there stays' "$(cat keep.zip)" precious
RTBUILD_FIND_LINKS=$WHEELS rtbuild layer -r "$pins" -o no.zip >"$out" 2>"$err"
is 'without --libc: Lambda has an older C library' "$?" 6
stderr_has 'manylinux_2_36_'
RTBUILD_FIND_LINKS=$WHEELS rtbuild layer -r "$pins" $libc --platform linux/arm64 -o no.zip >"$out" 2>"$err"
is 'for arm64: nothing of this machine fits' "$?" 6
stderr_has '_x86_64|arm64|aarch64'

for how in content extra missing escape zip; do
	make_wheel w "broken-$how" 1.0 "break=$how"
	printf 'broken-%s\n' "$how" >req.txt
	rm -f no.zip
	run rtbuild layer -r req.txt -o no.zip
	is "a wheel whose $how is wrong: exit 7, nothing written" "$status$(ls no.zip evil ../evil 2>/dev/null)" 7
	stderr_has "broken_$how-1.0"
done

# --- the size Lambda takes: 262144000 bytes, unpacked ---

make_wheel w huge 1.0 zeros=262
make_wheel w large 1.0 zeros=263
printf 'huge\n' >req.txt
check '262 MB are fine' rtbuild layer -r req.txt -o huge.zip
is 'and pack well' "$([ "$(stat -c %s huge.zip)" -lt 1000000 ] && echo small)" small
printf 'large\nalpha<2\n' >req.txt
rm -f no.zip
exits 1 rtbuild layer -r req.txt -o no.zip
stderr_has 'large'
stderr_has '262144000|250 MiB|262\.1 MB'
is 'nothing is written, not even a part' "$(find . -maxdepth 1 -name '*no.zip*')" ''
finish
