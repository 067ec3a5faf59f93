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
build_from_base 'COPY --from a stage that is the base' 2 -t x:1 <<'END'
FROM scratch
COPY --from=0 /data /
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
