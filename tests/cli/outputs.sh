#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What becomes of a build: -o of every type, the files for scripts, annotations. Archives are read
# back by skopeo, podman and buildah; trees are compared file by file.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

start_registry plain
mkdir -p ctx/dir/sub
echo one >ctx/one
ln ctx/one ctx/hard
ln -s sub/deep ctx/dir/link
echo deep >ctx/dir/sub/deep
chmod 4755 ctx/dir/sub/deep
cat >base.Dockerfile <<'END'
FROM scratch
COPY dir /gone
COPY dir /kept
COPY one /kept/replaced
END
# A layer with whiteouts, as a RUN that removed files would leave it.
mkdir -p wh
printf '' >wh/.wh.gone
tar -C wh --owner=0 --group=0 -cf wh.tar .wh.gone
cat >ctx/Dockerfile <<END
FROM $REGISTRY/o/base:1
COPY --chown=12:34 one hard /files/
COPY dir/sub/deep /kept/replaced
LABEL a=b
ENTRYPOINT ["/files/one"]
END
rtbuild build -q -t "$REGISTRY/o/base:1" --push -f base.Dockerfile ctx >/dev/null
rtbuild rmi "$REGISTRY/o/base:1" && rtbuild gc >/dev/null
name=registry.example/me/app:1
digest=$(rtbuild build -q --print digest -t "$name" ctx)

# --- archives: the same digest, whole, deterministic ---

check 'oci' rtbuild build -q -t "$name" -o type=oci,dest=oci.tar ctx
stdout_is "${name%:1}@$digest"
check 'oci: again' rtbuild build -q -t "$name" -o type=oci,dest=again.tar ctx
check 'oci: the same bytes' cmp oci.tar again.tar
rtbuild build -q -t "$name" -o type=oci ctx >streamed.tar
check 'oci: without dest on standard output, and nothing else there' cmp oci.tar streamed.tar
check 'docker' rtbuild build -q -t "$name" -o type=docker,dest=docker.tar ctx
check 'layout' rtbuild build -q -t "$name" -o type=oci,tar=false,dest=layout ctx
is 'layout: nothing but the layout' "$(cd layout && echo *)" 'blobs index.json oci-layout'
check 'layout: a second name is added' rtbuild build -q -t me/other:2 --label x=y -o type=oci,tar=false,dest=layout ctx
is 'layout: both are listed' "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | join(" ")' layout/index.json)" '1 2'
is 'layout: no base layer was left out' "$(rtbuild fsck --store layout | grep -c missing)" 0

is 'skopeo: oci archive' "$(skopeo inspect --format '{{.Digest}}' oci-archive:oci.tar)" "$digest"
is 'skopeo: layout' "$(skopeo inspect --format '{{.Digest}}' oci:layout:1)" "$digest"
check 'skopeo: docker archive' skopeo copy --insecure-policy docker-archive:docker.tar:"$name" oci:from-docker:1
is 'skopeo: its files are the same' \
	"$(skopeo inspect --config oci:from-docker:1 | jq -c .rootfs.diff_ids)" \
	"$(config "$name" | jq -c .rootfs.diff_ids)"
echo '{}' >"$DOCKER_CONFIG/config.json" # podman and buildah insist on the file
for tool in podman buildah; do
	for archive in oci docker; do
		check "$tool: $archive archive" "$tool" --root "$TMP/c/$tool" --runroot "$TMP/c/run" \
			--storage-driver vfs pull -q "$archive-archive:$archive.tar"
	done
done
check 'podman load' sh -c "podman --root '$TMP/c/load' --runroot '$TMP/c/run' --storage-driver vfs load -q <docker.tar"
stdout_has "$name"
check 'rtbuild copies from it' rtbuild copy oci-archive:oci.tar store:read/back:1
stdout_is "read/back@$digest"

# --- registry ---

check 'registry' rtbuild build -q -o "type=registry,\"name=$REGISTRY/o/x:1,$REGISTRY/o/y:2\"" ctx
is 'registry: both names' "$(curl -sfI "http://$REGISTRY/v2/o/y/manifests/2" -H 'Accept: application/vnd.oci.image.manifest.v1+json' | tr -d '\r' | sed -n 's/^Docker-Content-Digest: //ip')" "$digest"
is 'registry: nothing in the store' "$(rtbuild images | grep -c o/x)" 0
check 'image with push, beside an archive' rtbuild build -q -o "type=image,name=$REGISTRY/o/z:1,push=true" -o type=oci,dest=z.tar ctx
is 'image: in the store too' "$(rtbuild images | grep -c o/z:1)" 1
check 'cacheonly' rtbuild build -q -t nowhere:1 -o type=cacheonly ctx
is 'cacheonly: no image' "$(rtbuild images | grep -c nowhere)" 0

# --- files ---

wanted='drwxr-xr-x 12/34 files/
hrw-r--r-- 12/34 files/one
-rw-r--r-- 12/34 files/hard
drwxr-xr-x 0/0 gone/
drwxr-xr-x 0/0 gone/sub/
-rwsr-xr-x 0/0 gone/sub/deep
lrwxrwxrwx 0/0 gone/link
drwxr-xr-x 0/0 kept/
lrwxrwxrwx 0/0 kept/link
-rwsr-xr-x 0/0 kept/replaced
drwxr-xr-x 0/0 kept/sub/
-rwsr-xr-x 0/0 kept/sub/deep'
check 'tar' rtbuild build -q -t "$name" -o type=tar,dest=root.tar ctx
is 'tar: merged, upper files over lower ones' \
	"$(tar -tvf root.tar | awk '{ print $1, $2, $6 }' | sort)" "$(printf '%s\n' "$wanted" | sort)"
is 'tar: content' "$(tar -xOf root.tar kept/replaced)" deep
check '-' sh -c 'rtbuild build -q -o - ctx >stream.tar'
check 'tar: the same on standard output' cmp root.tar stream.tar
mkdir out
echo mine >out/mine
check 'local' rtbuild build -q -o out ctx
is 'local: the files' "$(cd out && find . -mindepth 1 | sort | tr '\n' ' ')" \
	'./files ./files/hard ./files/one ./gone ./gone/link ./gone/sub ./gone/sub/deep ./kept ./kept/link ./kept/replaced ./kept/sub ./kept/sub/deep ./mine '
is 'local: hard links' "$(stat -c %h out/files/one)" 2
is 'local: modes and owners' "$(stat -c '%a %u:%g' out/files/one out/kept/sub/deep | tr '\n' ' ')" '644 12:34 4755 0:0 '
is 'local: what was there stays' "$(cat out/mine)" mine

if [ "$(id -u)" -eq 0 ]; then
	# The same by somebody who may not give files away, nor reach this repository.
	install -d -o 65534 -g 65534 user user/store
	cp -R ctx user/ctx && cp "$RTBUILD" user/rtbuild && chmod -R a+rX user "$TMP" && chmod a+x "$TMP"
	check 'local: as an ordinary user' setpriv --reuid 65534 --regid 65534 --clear-groups \
		env HOME="$TMP/user" "$TMP/user/rtbuild" build --store "$TMP/user/store" -q -o "$TMP/user/out" user/ctx
	is 'local: files are theirs' "$(stat -c %u user/out/files/one)" 65534
fi

# A deleted file is in neither.
cp "$(layer "$name" -1)" unused.gz
cat >whiteout.Dockerfile <<'END'
FROM scratch
COPY dir /gone
END
rtbuild build -q -t w:1 -o type=oci,tar=false,dest=wlayout -f whiteout.Dockerfile ctx >/dev/null
config=$(jq -r '.manifests[0].digest' wlayout/index.json | cut -d: -f2)
gz=$(gzip -nc wh.tar | tee wh.gz | sha256sum | cut -d' ' -f1)
plain=$(sha256sum <wh.tar | cut -d' ' -f1)
manifest=wlayout/blobs/sha256/$config
jq -c ".rootfs.diff_ids += [\"sha256:$plain\"] | del(.history)" \
	"wlayout/blobs/sha256/$(jq -r .config.digest "$manifest" | cut -d: -f2)" >newconfig
c=$(sha256sum <newconfig | cut -d' ' -f1)
jq -c ".config.digest = \"sha256:$c\" | .config.size = $(wc -c <newconfig) | .layers += [{mediaType: .layers[0].mediaType, digest: \"sha256:$gz\", size: $(wc -c <wh.gz)}]" "$manifest" >newmanifest
m=$(sha256sum <newmanifest | cut -d' ' -f1)
cp newconfig "wlayout/blobs/sha256/$c" && cp newmanifest "wlayout/blobs/sha256/$m" && cp wh.gz "wlayout/blobs/sha256/$gz"
jq -c ".manifests[0].digest = \"sha256:$m\" | .manifests[0].size = $(wc -c <newmanifest)" wlayout/index.json >i && mv i wlayout/index.json
rtbuild copy -q oci:wlayout store:whiteout:1 >/dev/null
printf 'FROM whiteout:1\nCOPY one /one\n' >w.Dockerfile
mkdir wout wout/gone
echo precious >wout/gone/precious
check 'whiteouts' rtbuild build -q -f w.Dockerfile -o wout ctx
is 'whiteouts: what they remove is not written, and only that' "$(cd wout && find . -type f | sort | tr '\n' ' ')" './gone/precious ./one '
is 'whiteouts: tar' "$(rtbuild build -q -f w.Dockerfile -o - ctx | tar -t)" one

# --- files for scripts ---

check 'files' rtbuild build -q -t "$name" -t me/b:2 --iidfile iid --digestfile dig --image-refs refs --metadata-file meta.json ctx
is 'iidfile: the configuration' "$(cat iid)" "sha256:$(config "$name" | sha256sum | cut -d' ' -f1)"
is 'digestfile' "$(cat dig)" "$digest"
is 'image-refs' "$(tr '\n' ' ' <refs)" "${name%:1}@$digest me/b@$digest "
is 'metadata: keys' "$(jq -r 'keys | join(" ")' meta.json)" \
	'buildx.build.ref containerimage.config.digest containerimage.descriptor containerimage.digest image.name'
is 'metadata: values' "$(jq -c '[."containerimage.digest", ."containerimage.config.digest", ."image.name", ."containerimage.descriptor".platform.architecture, ."containerimage.descriptor".annotations["config.digest"]]' meta.json)" \
	"[\"$digest\",\"$(cat iid)\",\"$name,docker.io/me/b:2\",\"$(config "$name" | jq -r .architecture)\",\"$(cat iid)\"]"
is 'print: digest' "$(rtbuild build -q --print digest ctx)" "$digest"
is 'print: tag' "$(rtbuild build -q --print tag -t me/b:2 ctx)" me/b:2
mkfifo pipe
cat pipe >piped &
check 'a FIFO for a file of ours' rtbuild build -q -t "$name" --digestfile pipe ctx
wait $!
is 'it is written to' "$(cat piped)" "$digest"
is 'and stays a FIFO' "$(stat -c %F pipe)" fifo
check 'a link for a file of ours is followed' sh -c 'ln -s iid-real iid-link; : >iid-real; rtbuild build -q -t '"$name"' --iidfile iid-link ctx'
is 'to the file behind it' "$(readlink iid-link) $(cat iid-real)" "iid-real $(cat iid)"
check 'annotations' rtbuild build -q -t a:1 --annotation one=1 --annotation manifest:two=2=3 --annotation one=last ctx
is 'annotations: of the manifest, the last of one key' "$(manifest a:1 2>/dev/null | jq -cS .annotations || rtbuild inspect --raw a:1 | jq -cS .annotations)" '{"one":"last","two":"2=3"}'

# --- refusals, before anything is built ---

# refused CODE TEXT ARG...
refused() {
	refused_code=$1 refused_text=$2
	shift 2
	exits "$refused_code" rtbuild build "$@" ctx
	stderr_has "$refused_text"
	stderr_hasnt '\] COPY'
}
refused 2 "did you mean type=local" -o type=locl,dest=x
refused 6 '--iidfile: nowhere/iid: No such file' --iidfile nowhere/iid
refused 2 "--metadata-file: 'ctx' is a directory" --metadata-file ctx
refused 2 'dest=FILE is missing' -o type=docker
refused 2 'dest=DIR is missing' -o type=oci,tar=false
refused 2 'this type has no dest' -o type=registry,dest=x
refused 2 'needs a name' -o type=registry
refused 2 'needs a name' --push -o type=oci,dest=x.tar
refused 2 'two outputs for standard output' -o - -o type=oci,dest=-
refused 2 'KEY=VALUE' -o type=oci,dest
refused 2 'tar=false is for type=oci' -o type=tar,tar=false,dest=x
refused 2 '--compression says that' -o type=oci,dest=x,compression=zstd
refused 2 'rtbuild index' -o type=image,name=a/b,push-by-digest=true
refused 2 '--annotation says that' -o type=image,annotation.one=1
refused 2 'did you mean dest=' -o type=oci,dst=x
refused 6 'no/such/x.tar' -o type=oci,dest=no/such/x.tar
refused 2 'there is no index' --annotation index:a=b
refused 2 'the types are' --annotation nonsense:a=b
refused 2 "'=' is missing" --annotation a
refused 2 'no annotations' --format docker --annotation a=b
exits 3 rtbuild build -q -o type=oci,tar=false,dest=out ctx
stderr_has 'no image layout'
exits 3 rtbuild build -q -o "type=oci,tar=false,dest=$RTBUILD_STORE" ctx
stderr_has 'a store of rtbuild'
is 'nothing is left of what failed' "$(find . -name '.rtbuild*' -o -name '.tmp*' | grep -v store)" ''
check 'the store is whole' rtbuild fsck

# --- --no-cache-filter ---

cat >filter.Dockerfile <<'END'
FROM scratch AS a
COPY one /a
FROM scratch AS b
COPY one /b
FROM scratch
COPY --from=a /a /
COPY --from=b /b /
END
rtbuild build -q -f filter.Dockerfile ctx >/dev/null
check '--no-cache-filter' rtbuild build --progress=plain --no-cache-filter B,2 -f filter.Dockerfile ctx
is 'only these stages are done again' "$(grep -c ': cached\|CACHED' "$err")" 1
stderr_has '\[a 1/1\] COPY one /a.*cached'
check 'a stage that is none' rtbuild build --no-cache-filter nosuch,b,3 -f filter.Dockerfile ctx
is 'is said' "$(grep -c "no-cache-filter: there is no stage '\(nosuch\|3\)'" "$err")" 2

finish
