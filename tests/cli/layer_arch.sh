#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The packages Lithops needs on AWS Lambda as a layer for both architectures: everything imports and
# works from where Lambda unpacks it, and two machines' settings give the same bytes.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_all_wheels
cat >use.py <<'END'
# Run with the layer's python/ as the only addition to the standard library, as Lambda runs it.
import importlib.metadata, platform, sys

layer = sys.argv[1]
sys.path.insert(0, layer)
import certifi, cloudpickle, idna, numpy, pika, ps_mem, psutil, redis, requests, tblib.pickling_support, urllib3

for module in (certifi, cloudpickle, idna, numpy, pika, ps_mem, psutil, redis, requests, tblib, urllib3):
    assert module.__file__.startswith(layer), module
assert numpy.linalg.inv(numpy.eye(3) * 2).sum() == 1.5
assert numpy.random.default_rng(1).integers(10, size=3).shape == (3,)
assert psutil.cpu_count() >= 1
assert cloudpickle.loads(cloudpickle.dumps(lambda x: x + 1))(1) == 2
assert importlib.metadata.version("numpy") == numpy.__version__
natives = [name for name in sys.modules if getattr(sys.modules[name], "__file__", None) and
           sys.modules[name].__file__.startswith(layer) and sys.modules[name].__file__.endswith(".so")]
print(platform.machine(), "works" if len(natives) > 5 else natives)
END

for arch in amd64 arm64; do
	if [ $arch = arm64 ]; then machine=aarch64 python=python_arm64; else machine=x86_64 python=/usr/bin/python3; fi
	# the wheels ask for Debian 12's own C library
	options="--python 3.11 --platform linux/$arch --libc glibc-2.36 --no-index"
	# shellcheck disable=SC2086
	check "$arch: a layer" rtbuild layer $options --find-links "$ALL_WHEELS" -o $arch.zip
	rm -rf opt
	mkdir opt
	unzip -q $arch.zip -d opt
	is "$arch: every extension is for it" "$(find opt -name '*.so*' -type f -exec readelf -h {} + | sed -n 's/ *Machine: *//p' | sort -u)" \
		"$([ $arch = arm64 ] && echo AArch64 || echo 'Advanced Micro Devices X86-64')"
	check "$arch: it imports and works" $python -I -B -S use.py "$TMP/opt/python"
	stdout_is "$machine works"
	cp -R "$ALL_WHEELS" "copy-$arch"
	touch "copy-$arch"/*
	check "$arch: another machine" sh -c "umask 077; mkdir far-$arch; cd far-$arch; LANG=ja_JP.UTF-8 LC_ALL=C TZ=Pacific/Kiritimati HOME=/nonexistent \
		taskset -c 0 rtbuild layer $options --store '$TMP/s-$arch' --find-links '$TMP/copy-$arch' -o again.zip"
	check "$arch: the same bytes" cmp $arch.zip far-$arch/again.zip
	rm -rf "copy-$arch" "far-$arch"
done
finish
