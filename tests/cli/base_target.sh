#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The target that a base image tells: which Python it has, where, with which C library; and which of
# its layers are fetched for that.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

start_registry plain
make_wheel() { "$ROOT/tests/cli/make-wheel" wheels "$@" >/dev/null; }

# --- a backend of one package, whose wheels say what they are for ---

mkdir -p own/mine wheels
cat >own/mine/backend.yaml <<END
name: mine
title: a platform of ours
artifact: image
sources: { default: none }
section: mine
config_keys: []
naming:
  default: mine-v{{python_flat}}
  rule: plain
base: $REGISTRY/own:{{python}}
pythons: ["3.9", "3.11", "3.12", "3.13"]
default_python: "3.13"
platforms: [linux/amd64, linux/arm64]
formats: [oci, docker]
compressions: [gzip, zstd]
packages: [tagged]
END
for tag in cp311-cp311-manylinux_2_31_x86_64 cp311-cp311-manylinux_2_36_x86_64 cp311-cp311-manylinux_2_36_aarch64 \
	cp312-cp312-musllinux_1_2_x86_64 cp312-cp312-musllinux_1_2_aarch64 cp312-cp312-manylinux_2_34_x86_64 \
	cp39-cp39-manylinux_2_36_x86_64 cp313-cp313-manylinux_2_36_x86_64; do
	make_wheel tagged 1.0 "tag=$tag" "file=for/$tag=yes"
done
make_wheel patched 1.0 'requires=tagged ; python_full_version >= "3.11.4"'

# --- bases ---

libc=/lib/x86_64-linux-gnu/libc.so.6
python() { printf 'text\0003.%s\000more' "$2" >"$1"; } # FILE 11.4, as the interpreter has it in itself
mkdir ctx
cp "$libc" ctx/libc.so.6
python ctx/p9 9.2
python ctx/p11 11.4
python ctx/p12 12.7
# As an arm64 system has it, and as musl has it: the version is a text of its own.
printf '\177ELFx\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n\0' >ctx/libc.arm64
printf '\177ELFx\0\0musl libc (aarch64)\nVersion %%s\nDynamic Program Loader\0001.2.4_git20230717\0' >ctx/musl.arm64
cp -L /lib/ld-musl-x86_64.so.1 ctx/musl # Debian's package
printf '\177ELFx\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_PRIVATE\0' >ctx/libc.unnamed
head -c 3000000 /dev/urandom >ctx/large
base() { # NAME [OPTION...], Dockerfile on stdin
	base_name=$1
	shift
	cat >Dockerfile.base
	rtbuild build -q --push -f Dockerfile.base -t "$REGISTRY/$base_name" "$@" ctx >/dev/null
}
digests() { curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/${1%:*}/manifests/${1##*:}" | jq -r '.layers[].digest'; }
fetched() { # MARK NAME: the numbers of its layers that were asked for
	digests "$2" >listed
	requests_since "$1" | sed -n 's,^GET .*/blobs/\(sha256:[0-9a-f]*\) .*,\1,p' | sort -u >got
	grep -n -F -f got listed | sed 's/:.*//' | tr '\n' ' '
}
# Each look-up begins with an empty store, as another machine does.
look() { rm -rf "$RTBUILD_STORE" && again "$@"; }
again() { rtbuild build -v -b mine --templates own --find-links wheels --no-index -o type=oci,dest=laid.tar -t r:1 "$@"; }
packages() { # the wheel that was chosen, and where it went
	rm -rf laid && mkdir laid && tar -xf laid.tar -C laid
	for blob in laid/blobs/sha256/*; do
		tar -tf "$blob" 2>/dev/null
	done | sed -n 's,^\(.*packages\)/for/\(.*[^/]\)$,\1 \2,p' | sort -u
}

base slim:1 <<'END'
FROM scratch
COPY libc.so.6 /usr/lib/x86_64-linux-gnu/libc.so.6
COPY large /large
ENV PYTHON_VERSION=3.11.9
COPY p11 /usr/local/bin/python3.11
COPY p9 /usr/local/lib/other
END
mark=$(requests_mark)
check 'the official kind' look --base "$REGISTRY/slim:1"
stderr_has "slim:1 has Python 3\\.11\\.9 at /usr/local/bin/python3\\.11; packages go to /usr/local/lib/python3\\.11/site-packages"
stderr_has 'slim:1 has glibc-2\.36 at /usr/lib/x86_64-linux-gnu/libc\.so\.6'
is 'its wheel, where its Python looks' "$(packages)" 'usr/local/lib/python3.11/site-packages cp311-cp311-manylinux_2_36_x86_64'
rm -rf "$RTBUILD_STORE"
mark=$(requests_mark)
check 'a plan needs it, too' rtbuild build --plan -b mine --templates own --find-links wheels --no-index --base "$REGISTRY/slim:1"
is 'the layers that tell are fetched, no others' "$(fetched "$mark" slim:1)" '1 3 4 '
mark=$(requests_mark)
check 'again' rtbuild build -v --plan -b mine --templates own --find-links wheels --no-index --base "$REGISTRY/slim:1"
is 'then none is' "$(fetched "$mark" slim:1)" ''
stderr_has 'slim:1 has Python 3\.11\.9'
stderr_has 'slim:1 has glibc-2\.36'
for memo in "$RTBUILD_STORE"/cache/bases/*; do
	printf 'rtbuild base 1\n99999\n' >"$memo"
done
check 'a damaged memory is made anew' rtbuild build -v --plan -b mine --templates own --find-links wheels --no-index --base "$REGISTRY/slim:1"
stderr_has 'slim:1 has glibc-2\.36'
is 'and is whole' "$(cat "$RTBUILD_STORE"/cache/bases/* | wc -l)" 6
check 'fsck knows it' rtbuild fsck
check 'gc, too' rtbuild gc
stderr_hasnt '[Uu]nknown'

# --- what the user says as well ---

exits 2 look --base "$REGISTRY/slim:1" --python 3.12
stderr_has '--python 3\.12, but .*slim:1 has Python 3\.11\.9 \(its PYTHON_VERSION\)'
check 'the same Python said' look --base "$REGISTRY/slim:1" --python 3.11
check '--libc goes before' look --base "$REGISTRY/slim:1" --libc glibc-2.31
stderr_hasnt 'needs'
is '--libc: the older wheel' "$(packages)" 'usr/local/lib/python3.11/site-packages cp311-cp311-manylinux_2_31_x86_64'
check 'a target said is not looked for' look --base "$REGISTRY/slim:1" --python-target bookworm-python3.13-x86_64
stderr_hasnt 'slim:1 has'
echo patched >patched.txt
check 'the patch level counts in markers' look --base "$REGISTRY/slim:1" -r patched.txt

# --- other systems ---

base debian:1 <<'END'
FROM scratch
COPY libc.so.6 /usr/lib/x86_64-linux-gnu/libc.so.6
COPY large /large
COPY p11 /usr/bin/python3.11
END
check "Debian's own Python" look --base "$REGISTRY/debian:1"
stderr_has 'Python 3\.11\.4 at /usr/bin/python3\.11; packages go to /usr/local/lib/python3\.11/dist-packages'
base fat:1 <<'END'
FROM scratch
COPY libc.so.6 /lib64/libc.so.6
COPY p12 /var/lang/bin/python3.12
END
check "AWS Lambda's" look --base "$REGISTRY/fat:1"
stderr_has 'Python 3\.12\.7 at /var/lang/bin/python3\.12'
is "AWS Lambda's: its wheel" "$(packages)" 'var/lang/lib/python3.12/site-packages cp312-cp312-manylinux_2_34_x86_64'
base alpine:1 <<'END'
FROM scratch
COPY musl /lib/ld-musl-x86_64.so.1
COPY p12 /usr/bin/python3.12
END
check 'musl' look --base "$REGISTRY/alpine:1"
stderr_has 'alpine:1 has musl-1\.2 at /lib/ld-musl-x86_64\.so\.1'
is 'musl: its wheel' "$(packages)" 'usr/lib/python3.12/site-packages cp312-cp312-musllinux_1_2_x86_64'
base conda:1 <<'END'
FROM scratch
COPY libc.unnamed /lib/libc.so.6
COPY p12 /opt/conda/bin/python3.12
END
check 'conda, and a C library that does not say its version' look --base "$REGISTRY/conda:1"
stderr_has 'conda:1 has glibc-2\.34 at /lib/libc\.so\.6'
is "conda's: its wheel" "$(packages)" 'opt/conda/lib/python3.12/site-packages cp312-cp312-manylinux_2_34_x86_64'
base arm:1 --platform linux/arm64 <<'END'
FROM scratch
COPY libc.arm64 /lib/aarch64-linux-gnu/libc.so.6
COPY p11 /usr/local/bin/python3.11
END
check 'arm64' look --base "$REGISTRY/arm:1" --platform linux/arm64
is 'arm64: its wheel' "$(packages)" 'usr/local/lib/python3.11/site-packages cp311-cp311-manylinux_2_36_aarch64'
base armusl:1 --platform linux/arm64 <<'END'
FROM scratch
COPY musl.arm64 /lib/ld-musl-aarch64.so.1
COPY p12 /usr/local/bin/python3.12
END
check 'arm64 with musl' look --base "$REGISTRY/armusl:1" --platform linux/arm64
is 'arm64 with musl: its wheel' "$(packages)" 'usr/local/lib/python3.12/site-packages cp312-cp312-musllinux_1_2_aarch64'
# --- the backend's own base, as no target is named for it ---

rtbuild copy -q "$REGISTRY/fat:1" "$REGISTRY/own:3.12" >/dev/null
check "the backend's own base" look --python 3.12
stderr_has 'own:3\.12 has Python 3\.12\.7 at /var/lang/bin/python3\.12'
exits 6 look --python 3.11
rtbuild copy -q "$REGISTRY/fat:1" "$REGISTRY/own:3.11" >/dev/null
exits 2 look --python 3.11
stderr_has 'own:3\.11 has no Python 3\.11, but /var/lang/bin/python3\.12'

# --- errors ---

base none:1 <<'END'
FROM scratch
COPY libc.so.6 /lib/libc.so.6
COPY p11 /usr/local/bin/python3.11-config
END
exits 3 look --base "$REGISTRY/none:1"
stderr_has 'none:1 has no Python'
stderr_has '--python-target'
mkdir -p ctx/bins
cp ctx/p9 ctx/bins/python3.9
cp ctx/p11 ctx/bins/python3.11
base two:1 <<'END'
FROM scratch
COPY libc.so.6 /lib/libc.so.6
COPY bins /usr/bin/
END
exits 3 look --base "$REGISTRY/two:1"
stderr_has 'two:1 has two Pythons, /usr/bin/python3\.1?[19] and /usr/bin/python3\.1?[19]'
stderr_has '--python 3\.'
check 'one of two' look --base "$REGISTRY/two:1" --python 3.9
is 'one of two: its wheel' "$(packages)" 'usr/lib/python3.9/site-packages cp39-cp39-manylinux_2_36_x86_64'
base libcless:1 <<'END'
FROM scratch
COPY p11 /usr/bin/python3.11
END
exits 3 look --base "$REGISTRY/libcless:1"
stderr_has 'libcless:1 has no C library'
check 'unless it is said' look --base "$REGISTRY/libcless:1" --libc glibc-2.36
mkdir ctx/libs
cp ctx/libc.so.6 ctx/libs/
cp ctx/musl ctx/libs/ld-musl-x86_64.so.1
base double:1 <<'END'
FROM scratch
COPY libs /lib/
COPY p11 /usr/bin/python3.11
END
exits 3 look --base "$REGISTRY/double:1"
stderr_has 'two C libraries, /lib/libc\.so\.6 and /lib/ld-musl-x86_64\.so\.1'
stderr_has '--libc glibc-2\.36, or musl-1\.2'
cp -L /usr/bin/python3.11 ctx/real
base double:2 <<'END'
FROM scratch
COPY musl /lib/ld-musl-x86_64.so.1
COPY libc.so.6 /lib/libc.so.6
COPY real /usr/bin/python3.11
END
check "the interpreter's own of two" look --base "$REGISTRY/double:2"
stderr_has 'double:2 has glibc-2\.36'
exits 6 look --base "$REGISTRY/nowhere:1"
check 'scratch says nothing' look --base scratch --python 3.11

finish
