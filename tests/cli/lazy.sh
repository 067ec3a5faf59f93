#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Nothing is moved that need not move: layers of a base image are fetched only by a step that needs
# its files. Proved from the registry's access log.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
start_registry plain
printf 'FROM tiny:1\nCOPY data /data\n' >Dockerfile
mkdir ctx
head -c 300000 /dev/urandom >ctx/data
echo file >ctx/file
rtbuild build -q -t tiny:1 "$TINY" >/dev/null
check 'a base in the registry' rtbuild build -t "$REGISTRY/base/image:1" --push -f Dockerfile ctx
layers=$(manifest "$REGISTRY/base/image:1" | jq -r '.layers[].digest')
is 'of two layers' "$(printf '%s\n' "$layers" | wc -l)" 2

# fetched MARK: how many layers of the base were read since.
fetched() {
	requests_since "$1" >requests
	for layer in $layers; do
		grep "^GET /v2/[^ ]*/blobs/$layer 200" requests
	done | wc -l
}

# build_from_base NAME WANTED ARG...: stdin is the Dockerfile behind FROM; a fresh store each time;
# WANTED layers of the base are read.
build_from_base() {
	name=$1 wanted=$2
	shift 2
	{ printf 'FROM %s/base/image:1\n' "$REGISTRY" && cat; } >Dockerfile
	RTBUILD_STORE=$TMP/store.$checks
	mark=$(requests_mark)
	check "$name" rtbuild build -f Dockerfile "$@" ctx
	is "$name: layers of the base fetched" "$(fetched "$mark")" "$wanted"
}

build_from_base 'COPY' 0 -t "$REGISTRY/base/image:copy" --push <<'END'
COPY file /new/file
ENV A=1
WORKDIR /new
END
for layer in $layers; do
	is 'COPY: same repository, a base layer is not even asked for' "$(grep -c "$layer" requests)" 0
done
check 'COPY: the store is whole' rtbuild fsck
is 'COPY: images says so' "$(rtbuild images | grep -c 'base not fetched')" 1
is 'COPY: no incomplete image is in index.json' "$(jq '.manifests | length' "$RTBUILD_STORE/index.json")" 0
check 'COPY: skopeo takes the image' skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/base/image:copy" oci:copied:x
rm -rf copied
mark=$(requests_mark)
run rtbuild run "$REGISTRY/base/image:copy" cat /new/file
stdout_is file
is 'run fetches the base' "$(fetched "$mark")" 2
is 'then the image is complete' "$(rtbuild images --json | jq -r '.[0].complete')" true

build_from_base 'COPY, other repository' 0 -t "$REGISTRY/other/image:1" --push <<'END'
COPY file /new/file
END
for layer in $layers; do
	is 'other repository: the base is mounted' \
		"$(grep -cE "^POST /v2/other/image/blobs/uploads/.*mount=$layer.* 201" requests)" 1
done
check 'other repository: it can be pulled' rtbuild pull --store "$TMP/pulled" "$REGISTRY/other/image:1"

build_from_base 'two names in one registry' 0 -t "$REGISTRY/other/image:2" -t "$REGISTRY/third/image:2" --push <<'END'
COPY file /newer/file
END

build_from_base 'numeric owners' 0 -t x:1 <<'END'
COPY --chown=1234:77 --chmod=600 file /new/file
END
build_from_base 'the user is a name' 2 -t x:1 <<'END'
COPY --chown=worker:extra file /new/file
END
is 'name: looked up in the base' "$(members "$(layer x:1 -1)" | grep new/file)" '-rw-r--r-- 1234/77 new/file'

# Names: from the top down to the layer that has the file, and not one further (four layers here).
cp Dockerfile Dockerfile.kept
printf 'worker:x:7:8::/:\nother:x:70:80::/:\n' >ctx/passwd
printf 'extra:x:99:\n' >ctx/group
for part in low passwd group high; do
	printf '%s\n' "$part" >"ctx/$part.txt"
done
cat >Dockerfile <<'END'
FROM scratch
COPY low.txt /
COPY passwd /etc/passwd
COPY group /etc/group
COPY high.txt /
END
RTBUILD_STORE=$TMP/names
check 'a base whose names lie in two layers' \
	rtbuild build -t "$REGISTRY/base/names:1" --push -f Dockerfile ctx
two_layers=$layers
layers=$(manifest "$REGISTRY/base/names:1" | jq -r '.layers[].digest')
# names WANTED WHO OWNER: with that base, which layers are read (1 is the lowest).
names() {
	printf 'FROM %s/base/names:1\nCOPY --chown=%s file /new/file\n' "$REGISTRY" "$2" >Dockerfile
	RTBUILD_STORE=$TMP/store.$checks
	mark=$(requests_mark)
	check "names: $2" rtbuild build -t x:1 -f Dockerfile ctx
	blob=$(sed -n 's/.*COPY .*: sha256:\([0-9a-f]*\) .*/\1/p' "$err")
	requests_since "$mark" >requests
	is "names: $2 reads these layers" "$(n=0; for layer in $layers; do
		n=$((n + 1)) && ! grep -q "^GET /v2/[^ ]*/blobs/$layer 200" requests || printf '%s ' "$n"
	done)" "$1 "
	is "names: $2 is" "$(members "$RTBUILD_STORE/blobs/sha256/$blob" | sed -n 's,^[^ ]* \([^ ]*\) new/file$,\1,p')" "$3"
}
names '3 4' '5:extra' 5/99
names '2 3 4' 'worker' 7/8
names '2 3 4' 'other:extra' 70/99

# Files of an image: from the top down to the layer that decides, and not one further.
mkdir -p ctx/low.d/sub ctx/top.d
echo low >ctx/low.d/low
echo gone >ctx/low.d/gone
echo below >ctx/low.d/sub/file
echo top >ctx/top.d/top
ln -s low ctx/top.d/link
ln -s top ctx/top.d/near
ln -s /dir/sub ctx/top.d/way
cat >Dockerfile <<'END'
FROM tiny:1
COPY low.d /dir
RUN rm /dir/gone
COPY top.d /dir
END
RTBUILD_STORE=$TMP/deep
rtbuild build -q -t tiny:1 "$TINY" >/dev/null
check 'an image of four layers' rtbuild build -t "$REGISTRY/base/deep:1" --push -f Dockerfile ctx
layers=$(manifest "$REGISTRY/base/deep:1" | jq -r '.layers[].digest')
is 'it has four' "$(printf '%s\n' "$layers" | wc -l)" 4

# copied SOURCES: the build that copies them from there, in a fresh store; sets `read`, the layers
# that were read (1 is the lowest).
copied() {
	printf 'FROM scratch\nCOPY --from=%s %s /to/\n' "$REGISTRY/base/deep:1" "$1" >Dockerfile
	RTBUILD_STORE=$TMP/store.$checks
	mark=$(requests_mark)
	run rtbuild build -t x:1 -f Dockerfile ctx
	requests_since "$mark" >requests
	read=$(n=0; for layer in $layers; do
		n=$((n + 1)) && ! grep -q "^GET /v2/[^ ]*/blobs/$layer 200" requests || printf '%s ' "$n"
	done)
}
# takes WANTED SOURCES PATTERN: the layers it reads; and the result is what comes of all layers,
# which a pattern makes it read.
takes() {
	copied "$2"
	is "COPY --from $2 is done" "$status" 0
	is "COPY --from $2 reads these layers" "$read" "$1 "
	blob=$(layer x:1 -1)
	sum=$(sha256sum <"$blob")
	copied "$3"
	is "COPY --from $3 reads them all" "$read" '1 2 3 4 '
	is "COPY --from $2 is right" "$sum" "$(sha256sum <"$(layer x:1 -1)")"
}
takes 4 /dir/top '/dir/to[p]'
takes 4 /dir/near '/dir/nea[r]'
takes '2 3 4' /dir/low '/dir/lo[w]'
takes '2 3 4' /dir/link '/dir/lin[k]'
takes '2 3 4' '/dir/top /dir/low' '/dir/to[p] /dir/lo[w]'
takes '2 3 4' /dir/way/file '/dir/sub/fil[e]'
takes '1 2 3 4' /etc/passwd '/etc/passw[d]'
takes '1 2 3 4' /dir '/di[r]'
copied /dir/gone
is 'a deleted file is not there' "$((status > 0 && status < 128))" 1
stderr_has "'/dir/gone' is not there"
is 'by the layer that deletes it' "$read" '3 4 '
copied /dir/never
is 'what nobody has is looked for everywhere' "$read" '1 2 3 4 '
layers=$two_layers
mv Dockerfile.kept Dockerfile

build_from_base 'RUN' 2 -t x:1 <<'END'
RUN echo hello >/hello
END
is 'RUN: done' "$(tar -xOzf "$(layer x:1 -1)" hello)" hello
build_from_base 'what may be a directory of the base' 0 -t x:1 <<'END'
COPY file /new
COPY file /dir/
END
build_from_base 'what lies below a usual link' 2 -t x:1 <<'END'
COPY file /bin/tool
END
build_from_base 'metadata only' 0 -t x:1 <<'END'
ENV A=1
LABEL a=b
CMD ["x"]
USER worker
END
build_from_base '--plan' 0 --plan <<'END'
RUN true
END
build_from_base 'an unused stage' 0 -t x:1 <<'END'
RUN true
FROM scratch
COPY file /
END
build_from_base 'COPY --from a stage that is the base, a file of its top layer' 1 -t x:1 <<'END'
FROM scratch
COPY --from=0 /data /
END
build_from_base 'COPY --from a stage that is the base, a directory' 2 -t x:1 <<'END'
FROM scratch
COPY --from=0 /etc /
END
build_from_base 'a wildcard and a directory' 0 -t x:1 <<'END'
COPY f* /opt/
COPY . /opt/all/
END

# The second registry gets the base by streaming, layer by layer; it is not kept here.
first=$REGISTRY
printf 'FROM %s/base/image:1\nCOPY file /new/file\n' "$first" >Dockerfile
RTBUILD_STORE=$TMP/store.stream
check 'build' rtbuild build -t x:1 -f Dockerfile ctx
start_registry plain
check 'push to another registry' rtbuild push x:1 "$REGISTRY/moved/image:1"
check 'it can be pulled there' rtbuild pull --store "$TMP/pulled2" "$REGISTRY/moved/image:1"
check 'and is whole' rtbuild fsck --store "$TMP/pulled2"
is 'same layers' "$(rtbuild inspect --store "$TMP/pulled2" --json "$REGISTRY/moved/image:1" | jq -r '.layers[].digest' | head -n 2)" "$layers"
finish
