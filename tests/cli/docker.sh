#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The docker personality: verbs about images and logins, with docker's options, output and exit
# statuses, called by a link of that name as a client would.
# shellcheck disable=SC2016 # inner shells expand
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny

# --- shim ---

check 'shim install' rtbuild shim install bin
stdout_is "$TMP/bin/docker"
is 'it is a link to this program' "$(readlink bin/docker)" "$(readlink -f "$RTBUILD")"
check 'once more is fine' rtbuild shim install bin
ln -sf /bin/true bin/docker
exits 2 rtbuild shim install bin
stderr_has 'is there already'
check 'but by force' rtbuild shim install --force bin
mkdir other && : >other/docker
exits 2 rtbuild shim install other
PATH=$TMP/bin:$PATH
export PATH

# --- what it is ---

check 'info' docker info
stdout_has '^ OSType: linux$'
run docker info
is 'never names the other engine' "$(grep -ci podman "$out" "$err")" "$out:0
$err:0"
RTBUILD_STORE=$TMP/podman/store check 'nor from a path of the user' docker info
is 'in what it prints' "$(grep -ci podman "$out")" 0
rm -rf podman
check 'version' docker --version
stdout_has '^Docker version 24\.[0-9.]+, build rtbuild-'
check 'version, the short option' docker -v
stdout_has '^Docker version 24'
check 'version, the verb' docker version
stdout_has '^Client:$'
stdout_has '^Server:$'
stdout_has '^ Version: +24'
check 'version --format' docker version --format '{{.Server.Version}} {{.Client.Os}}'
stdout_has '^24\.[0-9.]+ linux$'
check 'info -f' docker info -f '{{.OSType}}'
stdout_is linux
exits 1 docker swarm
stderr_has "unknown command 'swarm'"
exits 125 docker build --nope .
exits 1 docker --config x build .
check 'help' docker --help
stdout_has '^  build '
check 'help, the verb' docker help
stdout_has '^  build '
check 'help of a verb' docker help image ls
stdout_has '^Usage: rtbuild docker image ls'

# --- build, tag, images, rmi ---

mkdir ctx
printf 'FROM scratch\nARG A=0\nCOPY a /\nLABEL a=$A\n' >ctx/Dockerfile
cp ctx/Dockerfile ctx/Dockerfile.x
echo text >ctx/a
cd ctx || exit 1
check 'build' docker build -t myrt:1.0 .
is 'nothing on stdout' "$(cat "$out")" ''
check 'build as Lithops does, its options behind the context' \
	docker build --platform=linux/amd64 -t myrt:1.0 -f Dockerfile.x . --no-cache --build-arg A=1
is 'the argument is in force' "$(config myrt:1.0 | jq -r .config.Labels.a)" 1
check 'the last platform counts' docker build --platform=linux/amd64 -t other:1 . --platform linux/arm64
is 'that is the one built' "$(config other:1 | jq -r .architecture)" arm64
check 'build -q prints the image ID' docker build -q -t myrt:1.0 . --build-arg A=1
stdout_is "$(manifest myrt:1.0 | jq -r .config.digest)"
check 'the file of the ID' docker build -t myrt:1.0 --iidfile ../iid .
is 'is the same as with docker' "$(cat ../iid)" "$(manifest myrt:1.0 | jq -r .config.digest)"
check 'options that mean nothing here' docker build --rm --force-rm -m 1g --ulimit nofile=5 --provenance=false -t myrt:1.0 .
exits 1 docker build -t x nowhere
stderr_has 'path "nowhere" not found'
exits 125 docker build -t x
exits 125 docker build -t x . .
exits 1 docker build -t x -f a .
exits 1 docker build -t x -f nope .
cd .. || exit 1

check 'tag' docker tag myrt:1.0 localhost:5/team/myrt:2
check 'images' docker images
stdout_has '^REPOSITORY +TAG +IMAGE ID'
stdout_has '^localhost:5/team/myrt +2 +[0-9a-f]{12} '
check 'images -q' docker images -q
is 'are IDs' "$(sort -u "$out" | grep -c '^[0-9a-f]\{12\}$')" 2
check 'images of one repository' docker images myrt --format '{{.Repository}}:{{.Tag}}'
stdout_is myrt:1.0
check 'images of one name' docker images -q myrt:1.0
is 'images of one name: it' "$(cat "$out")" "$(manifest myrt:1.0 | jq -r '.config.digest[7:19]')"
check 'images of none' docker images -q myrt:2
stdout_empty
exits 1 docker images --format '{{.Nope}}'
stderr_has "no field 'Nope'"
exits 1 docker images --format '{{range .}}'
stderr_has 'not understood'
exits 1 docker images --format '{{.Tag'
check 'inspect' docker inspect myrt:1.0
is 'inspect: the document' "$(jq -c '.[0] | [.Id, .Architecture, .Os, .Config.Labels.a, .RootFS]' "$out")" \
	"[\"$(manifest myrt:1.0 | jq -r .config.digest)\",\"amd64\",\"linux\",\"0\",{\"Type\":\"layers\",\"Layers\":$(config myrt:1.0 | jq -c .rootfs.diff_ids)}]"
check 'inspect -f' docker image inspect -f '{{.RepoTags}}\t{{json .RepoTags}} {{json .Config.Labels.a}}' myrt:1.0
stdout_is '[myrt:1.0 localhost:5/team/myrt:2]	["myrt:1.0","localhost:5/team/myrt:2"] "0"'
check 'inspect: its digest' docker inspect -f '{{.RepoDigests}}' myrt:1.0
stdout_has "^\[myrt@$(digest_of myrt:1.0) localhost:5/team/myrt@"
id=$(docker images -q myrt:1.0)
is 'inspect: by its ID' "$(docker inspect -f '{{.Id}}' "$id" "sha256:$id")" "$(docker inspect -f '{{.Id}}' myrt:1.0 myrt:1.0)"
check 'tag: by its ID' docker tag "$id" byid:1
is 'tag: by its ID: it is' "$(digest_of byid:1)" "$(digest_of myrt:1.0)"
check 'save: by its ID' sh -c 'docker save "$1" | tar -tf - >saved' sh "$id"
exits 1 docker rmi "$id"
stderr_has 'has 3 names'
docker build -q --no-cache --label only=here -t lone:1 ctx >lone
check 'rmi: by what build -q prints' docker rmi "$(cat lone)"
stdout_is 'Untagged: lone:1'
docker rmi byid:1 >/dev/null
docker build -q --label of=nobody ctx >lone
check 'run, without a name' sh -c 'docker inspect -f "{{.Config.Labels.of}}" "$(cat lone)"'
stdout_is nobody
check 'rmi -f: all its names' docker rmi -f "$(cat lone)"
exits 1 docker rmi 0123456789ab
exits 1 docker inspect myrt:1.0 nope
stderr_has 'No such object: nope'
exits 1 docker inspect 'UP:x y'
exits 1 docker inspect --type container myrt:1.0
exits 125 docker inspect --type volume x
exits 125 docker inspect
exits 1 docker tag nope:1 x:1
check 'rmi' docker rmi localhost:5/team/myrt:2
stdout_is 'Untagged: localhost:5/team/myrt:2'
exits 1 docker rmi localhost:5/team/myrt:2
check 'rmi -f of it' docker rmi -f localhost:5/team/myrt:2

# --- login, push, pull ---

start_registry htpasswd
printf '%s' "$REGISTRY_PASSWORD" >pw
check 'login' sh -c 'docker login -u "$1" --password-stdin "$2" <pw' sh "$REGISTRY_USER" "$REGISTRY"
stdout_is 'Login Succeeded'
check 'login, the server first' sh -c 'docker login "$2" -u "$1" --password-stdin <pw' sh "$REGISTRY_USER" "$REGISTRY"
exits 1 sh -c 'echo no | docker login -u "$1" --password-stdin "$2"' sh "$REGISTRY_USER" "$REGISTRY"
check 'tag for the registry' docker tag myrt:1.0 "$REGISTRY/team/myrt:1.0"
check 'push' docker push "$REGISTRY/team/myrt:1.0"
stdout_has "^The push refers to repository \[$REGISTRY/team/myrt\]\$"
stdout_has '^1\.0: digest: sha256:[0-9a-f]{64} size: [0-9]+$'
pushed=$(grep -o 'sha256:[0-9a-f]*' "$out")
is 'the digest of the manifest' "$pushed" "sha256:$(manifest myrt:1.0 | sha256sum | cut -d' ' -f1)"
check "push with podman's options" docker push "$REGISTRY/team/myrt:1.0" --format docker --remove-signatures
check 'push -q' docker push -q "$REGISTRY/team/myrt:1.0"
stdout_is "$REGISTRY/team/myrt:1.0"
exits 1 docker push "$REGISTRY/team/none:1"
docker tag myrt:1.0 "$REGISTRY/team/myrt:2.0"
check 'push -a' docker push -a "$REGISTRY/team/myrt"
is 'every tag' "$(grep -c ': digest: ' "$out")" 2
exits 125 docker push -a "$REGISTRY/team/myrt:1.0"

check 'FROM takes the name that is here' sh -c "printf 'FROM $REGISTRY/team/myrt:1.0\nLABEL b=1\n' | docker build -q -t child -"
docker rmi "$REGISTRY/team/myrt:1.0" >/dev/null
check 'pull' docker pull "$REGISTRY/team/myrt:1.0"
stdout_has '^1\.0: Pulling from team/myrt$'
stdout_has "^Digest: $pushed\$"
stdout_has "^Status: Downloaded newer image for $REGISTRY/team/myrt:1.0\$"
check 'pull again' docker pull "$REGISTRY/team/myrt:1.0"
stdout_has '^Status: Image is up to date for '
check 'logout' docker logout "$REGISTRY"
stdout_is "Removing login credentials for $REGISTRY"
exits 1 docker pull "$REGISTRY/team/myrt:2.0"
# --- archives, and verbs by their nouns ---

check 'save' docker save -o saved.tar myrt:1.0 other:1
is 'as docker writes it' "$(tar -xOf saved.tar manifest.json | jq -r '.[].RepoTags[]' | tr '\n' ' ')" 'myrt:1.0 other:1 '
check 'skopeo reads it' skopeo inspect --raw "docker-archive:saved.tar:docker.io/library/myrt:1.0"
check 'save to standard output' sh -c 'docker save myrt:1.0 >piped.tar'
check 'load' docker load -i saved.tar
stdout_is 'Loaded image: myrt:1.0
Loaded image: other:1'
check 'load from standard input' sh -c 'docker image load <piped.tar'
stdout_is 'Loaded image: myrt:1.0'
exits 125 docker save
exits 1 docker save nope:1 -o nope.tar
is 'nothing half written' "$(ls nope.tar* 2>/dev/null)" ''
exits 1 docker load -i nope.tar
check 'buildx build' docker buildx build --load -t nouns:1 ctx
check 'image tag' docker image tag nouns:1 nouns:2
check 'image ls' docker image ls -q
check 'image rm' docker image rm nouns:2
stdout_is 'Untagged: nouns:2'
check 'container ls' docker container ls
stdout_has '^CONTAINER ID'
check 'help of a noun' docker image --help
stdout_has '^  ls +list the images'
exits 1 docker image nope
stderr_has 'rtbuild docker image --help lists the commands'
printf 'FROM tiny:1\nRUN grep -q "1.2.3.4.*there" /etc/hosts && [ "$(ulimit -n)" = 77 ]\n' >ctx/Dockerfile.run
check 'a base' docker build -q -t tiny:1 "$TINY"
check 'a host and a limit of the build' docker build --add-host there:1.2.3.4 --ulimit nofile=77:77 --shm-size 1m -f ctx/Dockerfile.run ctx
finish
