#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Several platforms in one command: one index, work in common done once, and what the other commands
# make of such a name. RUN for a processor that is not this machine's.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

start_registry plain
case $(uname -m) in
x86_64) host=amd64 other=arm64 ;;
*) host=arm64 other=amd64 ;;
esac
mkdir ctx
echo file >ctx/file
echo tool >ctx/tool
cat >Dockerfile <<'END'
FROM --platform=$BUILDPLATFORM scratch AS tools
COPY tool /tool
FROM scratch
ARG TARGETPLATFORM BUILDPLATFORM
LABEL for=$TARGETPLATFORM on=$BUILDPLATFORM
COPY --from=tools /tool /tool
COPY file /$TARGETPLATFORM/
END

# --- building ---

both=linux/$other,linux/$host
check 'two platforms' rtbuild build --progress=plain -t p/x:1 --platform "$both" -f Dockerfile ctx
stderr_has "\[linux/$other tools 1/1\] COPY"
stderr_has "\[linux/$host stage-1 4/4\] COPY"
is 'the stage in common is done once' "$(grep -c 'tools 1/1.*sha256' "$err")" 1
is '... and cached once' "$(grep -c 'tools 1/1.*cached' "$err")" 1
index=$(sed 's/.*@//' "$out")
file=$RTBUILD_STORE/blobs/sha256/${index#*:}
is 'an OCI index' "$(jq -r .mediaType "$file")" application/vnd.oci.image.index.v1+json
is 'in the order asked for' "$(jq -r '[.manifests[].platform | .os + "/" + .architecture] | join(",")' "$file")" "$both"
is 'row 79: nothing but the two images' "$(jq '.manifests | length' "$file")" 2
is 'the same again' "$(rtbuild build -q --print digest --platform "linux/$other" --platform "linux/$host" -f Dockerfile ctx)" "$index"
is 'the same with an empty store' "$(rtbuild build -q --store "$TMP/s2" --print digest --platform "$both" -f Dockerfile ctx)" "$index"
is 'a platform given twice counts once' "$(rtbuild build -q --print digest --platform "$both,linux/$host" -f Dockerfile ctx)" "$index"
one=$(rtbuild build -q --print digest --platform "linux/$other" -f Dockerfile ctx)
is 'each image is what it is alone' "$(jq -r '.manifests[0].digest' "$file")" "$one"
is 'row 79: one platform is a plain manifest' "$(jq -r .mediaType "$RTBUILD_STORE/blobs/sha256/${one#*:}")" application/vnd.oci.image.manifest.v1+json
list=$(rtbuild build -q --print digest --format docker --platform "$both" -f Dockerfile ctx)
is 'docker: a manifest list' "$(jq -r '.mediaType, .manifests[0].mediaType' "$RTBUILD_STORE/blobs/sha256/${list#*:}" | tr '\n' ' ')" \
	'application/vnd.docker.distribution.manifest.list.v2+json application/vnd.docker.distribution.manifest.v2+json '
check 'annotations' rtbuild build -q -t p/a:1 --platform "$both" --annotation "index,manifest:a=b" \
	--annotation "manifest[linux/$other]:only=it" --annotation "manifest-descriptor:d=e" -f Dockerfile ctx
annotated=$RTBUILD_STORE/blobs/sha256/$(sed 's/.*@sha256://' "$out")
is 'annotations: index' "$(jq -cS .annotations "$annotated")" '{"a":"b"}'
is 'annotations: entries' "$(jq -cS '[.manifests[].annotations]' "$annotated")" '[{"d":"e"},{"d":"e"}]'
is 'annotations: manifests' "$(for d in $(jq -r '.manifests[].digest' "$annotated"); do
	jq -cS .annotations "$RTBUILD_STORE/blobs/sha256/${d#*:}"; done | tr '\n' ' ')" '{"a":"b","only":"it"} {"a":"b"} '
check 'files for scripts' rtbuild build -q -t p/x:1 --platform "$both" --iidfile iid --metadata-file meta -f Dockerfile ctx
is 'iidfile: the index' "$(cat iid)" "$index"
is 'metadata' "$(jq -c '[."containerimage.digest", ."containerimage.descriptor".mediaType, has("containerimage.config.digest")]' meta)" \
	"[\"$index\",\"application/vnd.oci.image.index.v1+json\",false]"

# --- the name in other commands ---

is 'images: one name' "$(rtbuild images --json | jq -c '[.[] | select(.reference == "p/x:1") | .mediaType]')" '["application/vnd.oci.image.index.v1+json"]'
is 'inspect: the host, or what is asked for' "$(for p in '' "--platform=linux/$other"; do
	# shellcheck disable=SC2086
	rtbuild inspect --json $p p/x:1 | jq -r .config.Labels.for; done | tr '\n' ' ')" "linux/$host linux/$other "
check 'FROM it: the image of the stage'"'"'s platform' rtbuild build -q -t p/child:1 --platform "$both" -f /dev/stdin ctx <<'END'
FROM p/x:1
ARG TARGETARCH
LABEL arch=$TARGETARCH
END
is 'FROM it: labels' "$(for p in $host $other; do
	rtbuild inspect --json --platform "linux/$p" p/child:1 | jq -r '.config.Labels | .for + "-" + .arch'; done | tr '\n' ' ')" \
	"linux/$host-$host linux/$other-$other "
check 'push: all of it' rtbuild push p/x:1 "$REGISTRY/p/x:1"
stdout_is "$REGISTRY/p/x@$index"
is 'push: skopeo sees both' "$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/p/x:1" | jq -c '[.manifests[].platform.architecture]')" "[\"$other\",\"$host\"]"
for p in $host $other; do
	is "push: $p is whole" "$(skopeo inspect --tls-verify=false --override-arch "$p" --config "docker://$REGISTRY/p/x:1" | jq -r .config.Labels.for)" "linux/$p"
done
check 'push: one of it' rtbuild push --platform "linux/$other" p/x:1 "$REGISTRY/p/one:1"
stdout_is "$REGISTRY/p/one@$one"
check 'tag: the index' rtbuild tag p/x:1 p/tagged:1
is 'tag: is it' "$(rtbuild images --json | jq -r '.[] | select(.reference == "p/tagged:1") | .digest')" "$index"
check 'pull: the host'"'"'s' rtbuild pull --store "$TMP/pulled" "$REGISTRY/p/x:1"
is 'pull: is the host' "$(rtbuild inspect --store "$TMP/pulled" --json "$REGISTRY/p/x:1" | jq -r .config.Labels.for)" "linux/$host"
check '--push: index and images' rtbuild build -q -t "$REGISTRY/q/x:1" -t "$REGISTRY/q/y:2" --push --platform "$both" -f Dockerfile ctx
is '--push: under both names' "$(for n in x:1 y:2; do skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/q/$n" | sha256sum | cut -d' ' -f1; done | sort -u)" "${index#*:}"
mark=$(requests_mark)
check '--push: again' rtbuild build -q -t "$REGISTRY/q/x:1" --push --platform "$both" -f Dockerfile ctx
is '--push: again costs one question' "$(requests_since "$mark" | grep -c .)" 1
check 'an archive of both' rtbuild build -q -t p/x:1 -o type=oci,dest=both.tar --platform "$both" -f Dockerfile ctx
is 'skopeo reads it' "$(skopeo inspect --override-arch "$other" --config oci-archive:both.tar | jq -r .config.Labels.for)" "linux/$other"
exits 2 rtbuild build -o type=docker,dest=x.tar --platform "$both" -f Dockerfile ctx
stderr_has 'holds one platform'
check 'files of both' rtbuild build -q -o out --platform "$both" -f Dockerfile ctx
is 'files of both: a directory each' "$(cd out && find . -type f | sort | tr '\n' ' ')" \
	"$(for p in amd64 arm64; do printf './linux_%s/linux/%s/file ./linux_%s/tool ' $p $p $p; done)"
exits 2 rtbuild build --backend aws_lambda --platform "$both"
stderr_has 'for one platform'
exits 3 rtbuild build --platform linux/amd65 -f Dockerfile ctx
stderr_has 'amd64'
check 'the store is whole' rtbuild fsck

# --- RUN for another processor ---

foreign=loong64
[ ! -e /proc/sys/fs/binfmt_misc/qemu-loongarch64 ] || foreign=mips64
printf 'FROM %s/nobody/base:1\nLABEL a=b\nRUN true\n' "$REGISTRY" >run.Dockerfile
mark=$(requests_mark)
exits 8 rtbuild build --platform "linux/$foreign" -f run.Dockerfile ctx
stderr_has "run.Dockerfile:3:1: RUN for linux/$foreign: this machine cannot run its programs"
stderr_has 'FROM --platform=.BUILDPLATFORM'
exits 8 rtbuild build --platform "linux/$host,linux/$foreign" -f run.Dockerfile ctx
is 'refused before anything is asked of the registry' "$(requests_since "$mark" | grep -c .)" 0

# A handler of the kernel's, registered where nobody else sees it (user namespaces have their own
# binfmt_misc since Linux 6.7). It stands for qemu: busybox, told the name of the foreign program.
cat >handler.sh <<'END'
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 99
x='\xff\xff\xff\xff'
printf '%s' ":rt:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x02\\x01:$x\\xff\\xff\\xff\\x00$x$x\\xfe\\xff\\xff\\xff:$1:$2" \
	>/proc/sys/fs/binfmt_misc/register || exit 98
shift 2
exec "$@"
END
private() { unshare -Um --map-root-user sh handler.sh "$@"; }
mkdir handled
{ printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\2\1' && head -c 200 /dev/zero; } >handled/mkdir
chmod 755 handled/mkdir
cat >handled/Dockerfile <<'END'
FROM scratch
COPY mkdir /bin/mkdir
RUN ["/bin/mkdir", "/made"]
END
busybox=$(command -v busybox)
if [ "$foreign" = loong64 ] && private "$busybox" F true 2>/dev/null; then
	check 'a registered handler runs it' private "$busybox" F \
		"$RTBUILD" build --store "$TMP/handled.store" -q --platform linux/loong64 -o made handled
	is 'by the kernel, in the image' "$(cd made && find . -type d | sort | tr '\n' ' ')" '. ./bin ./made '
	# Without the flag F the handler must be in the image.
	exits 8 private /handler '' "$RTBUILD" build --store "$TMP/handled.store2" --platform linux/loong64 handled
	stderr_has 'handler /handler is not in the image'
fi

need_tiny
rtbuild build -q -t tiny:1 "$TINY" >/dev/null
cat >cross.Dockerfile <<'END'
FROM --platform=$BUILDPLATFORM tiny:1 AS build
ARG TARGETARCH
RUN echo "for $TARGETARCH" >/made
FROM scratch
COPY --from=build /made /
END
check 'with the build platform it is built here' rtbuild build -q -t cross:1 --platform "linux/$host,linux/$foreign" -f cross.Dockerfile ctx
rtbuild build -q -o cross --platform "linux/$host,linux/$foreign" -f cross.Dockerfile ctx >/dev/null
is 'each for its own' "$(cat "cross/linux_$host/made" "cross/linux_$foreign/made" | tr '\n' ' ')" "for $host for $foreign "

printf 'FROM 127.0.0.1:1/gone:1\nENV a=b\n' >Gone
fails 'a base that cannot be had' rtbuild build -f Gone ctx
stderr_hasnt 'InvalidBaseImagePlatform'

finish
