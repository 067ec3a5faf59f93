#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The store: many processes on it at once, killed ones, damage, what other tools read, gc.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny

# context DIR WORD: a Dockerfile and files of its own.
context() {
	mkdir -p "$1"
	printf 'FROM tiny:1\nCOPY a /%s/a\nCOPY b /%s/b\nLABEL word=%s\n' "$2" "$2" "$2" >"$1/Dockerfile"
	seq 1 20000 | sed "s/$/ $2/" >"$1/a"
	head -c 2000000 /dev/zero | tr '\0' "${2%"${2#?}"}" >"$1/b"
}
check 'the base' rtbuild build -t tiny:1 "$TINY"
check 'a fresh store is whole' rtbuild fsck

# --- it is an OCI layout ---

is 'oci-layout' "$(jq -r .imageLayoutVersion "$RTBUILD_STORE/oci-layout")" 1.0.0
check 'skopeo copies from it' skopeo copy -q "oci:$RTBUILD_STORE:docker.io/library/tiny:1" oci:copied:x
is 'skopeo: same manifest' "$(jq -r '.manifests[0].digest' copied/index.json)" "$(digest_of tiny:1)"
rm -rf copied
check 'umoci lists it' umoci ls --layout "$RTBUILD_STORE"
stdout_has '^docker.io/library/tiny:1$'
is 'blobs are readable by others, as in any layout' "$(find "$RTBUILD_STORE/blobs" -type f ! -perm -444)" ''

# --- many at once ---

for i in 1 2 3 4 5 6 7 8; do
	context "many/$i" "word$((i % 4))"
	rtbuild build -q -t "many/app:$i" -t "many/shared:1" "many/$i" >"many.$i.out" 2>"many.$i.err" &
	pids="${pids-} $!"
done
for i in 1 2 3 4 5 6; do
	rtbuild images >/dev/null 2>>many.images || echo "images failed" >>many.images
done
for pid in $pids; do
	wait "$pid" || echo "a build failed" >>many.failed
done
is 'eight builds at once: all went well' "$(cat many.failed many.*.err many.images 2>/dev/null)" ''
is 'eight builds at once: all are listed' "$(rtbuild images --json | jq -r '.[].reference' | grep -c '^many/')" 9
is 'the same input gave the same image' "$(rtbuild images --json | jq -r '.[] | select(.reference | test("many/app:[15]$")) | .digest' | sort -u | wc -l)" 1
is 'a name that all of them set is one of theirs' \
	"$(rtbuild images --json | jq -r '.[] | select(.reference | startswith("many/app")) | .digest' | grep -c "$(digest_of many/shared:1)" | sed 's/^[1-9]$/yes/')" yes
check 'eight builds at once: the store is whole' rtbuild fsck

# --- killed at any moment ---

context killed k
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	seq 1 $((i * 1000)) >killed/a
	rtbuild build -q -t "killed/app:$i" killed >/dev/null 2>&1 &
	victim=$!
	# From before it began to after it ended; a build takes some 100 ms.
	sleep "0.$(printf '%02d' $((i % 20)))"
	kill -9 "$victim" 2>/dev/null
	wait "$victim" 2>/dev/null
	run rtbuild fsck --json
	jq -c 'select(.corrupt + .missing + .["bad document"] + .["bad name"] > 0)' "$out" >>killed.bad 2>/dev/null ||
		jq -e . "$out" >/dev/null || echo "fsck: $(cat "$err")" >>killed.bad
	rtbuild images >/dev/null 2>>killed.bad
done
is 'killed 20 times: never more than left-overs' "$(cat killed.bad)" ''
run rtbuild fsck --repair
check 'killed 20 times: whole after repair' rtbuild fsck
is 'no temporary file is left' "$(cd "$RTBUILD_STORE" && find . -name '*.tmp*' -o -path './tmp/*' | head)" ''
check 'and it works' rtbuild build -q -t killed/app:end killed

# --- what a killed one leaves is no damage ---

start_scripted
head -c 200000 /dev/urandom >killed/large
printf 'FROM scratch\nCOPY large /\n' >killed/Dockerfile
check 'an image to pull' rtbuild build -q --store pushed -t "$REGISTRY/killed/app:1" --push killed
script 'GET /v2/*/blobs/* * cut=1000 stall=600'
rtbuild pull --store victim "$REGISTRY/killed/app:1" >/dev/null 2>&1 &
victim=$!
left() { find victim/tmp victim/locks/users -type f 2>/dev/null | sort; }
some_left() { left | grep -q users/; }
mid_pull() { grep -q '"GET .*/blobs/' "$REGISTRY_LOG" && some_left; } # not in mid-making of its store
eventually mid_pull
kill -9 "$victim"
wait "$victim" 2>/dev/null
is 'killed in mid-pull: it leaves files' "$([ -n "$(left)" ] && echo yes)" yes
check 'which fsck names, and finds nothing wrong with' rtbuild fsck --store victim
stdout_has '^leftover: (tmp|locks/users)/.*its owner is dead'
stdout_has '^clean: .* [1-9][0-9]* left over'
check 'as JSON' rtbuild fsck --store victim --json
is 'clean, and counted' "$(jq -c '[.clean, .leftover > 0]' "$out")" '[true,true]'
check 'repair takes them' rtbuild fsck --store victim --repair
is 'all' "$(left)" ''
rtbuild images --json | jq -r '.[].reference' | while read -r name; do
	rtbuild inspect "$name" >/dev/null || echo "$name"
done >unreadable 2>&1
is 'every image that is listed is there' "$(cat unreadable)" ''

# --- damage ---

name=many/app:1
blob=$(layer "$name" -1)
cp "$blob" saved
chmod u+w "$blob"
printf 'X' | dd of="$blob" bs=1 seek=100 conv=notrunc 2>/dev/null
exits 1 rtbuild fsck
stdout_has "corrupt.*$(basename "$blob")"
exits 7 rtbuild run "$name" true
stderr_has "$(basename "$blob" | cut -c 1-12)"
start_registry plain
exits 7 rtbuild push "$name" "$REGISTRY/x/y:1"
is 'a corrupt blob does not reach a registry' "$(find "$REGISTRY_DATA" -path "*$(basename "$blob")*" -name data | wc -l)" 0
is 'nor does its manifest' "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/x/y/manifests/1")" 404
run rtbuild fsck --repair
exits 1 rtbuild fsck
stdout_has "missing.*$(basename "$blob")"
cp saved "$blob"
check 'put back: whole again' rtbuild fsck
: >"$blob"
exits 1 rtbuild fsck
cp saved "$blob"
echo x >"$RTBUILD_STORE/blobs/sha256/not-a-digest"
exits 1 rtbuild fsck
stdout_has 'not-a-digest'
rm "$RTBUILD_STORE/blobs/sha256/not-a-digest"
cp "$RTBUILD_STORE/index.json" index.saved
echo '{"schemaVersion": 2, "manifests": [' >"$RTBUILD_STORE/index.json"
exits 7 rtbuild images || :
stderr_has 'index\.json'
fails 'fsck: a broken index.json' rtbuild fsck
cp index.saved "$RTBUILD_STORE/index.json"
check 'whole again' rtbuild fsck
mkdir full
is 'a full disk leaves nothing' "$(
	(
		ulimit -f 200
		RTBUILD_STORE=$TMP/full/store rtbuild build -q -t tiny:1 "$TINY" >full.out 2>full.err
		echo "$?"
	)
) $(find full/store/blobs full/store/tmp -type f -size +0 2>/dev/null | wc -l)" '9 0'

# --- gc ---

du -s "$RTBUILD_STORE/blobs" | cut -f 1 >before
rtbuild images --json | jq -r '.[].reference' | grep -E '^(killed|many)/' | xargs rtbuild rmi
check 'gc' rtbuild gc
check 'gc: the store is whole' rtbuild fsck
check 'gc: what is named stays' rtbuild run tiny:1 echo stays
stdout_is stays
context later l
check 'gc: building goes on' rtbuild build -q -t later:1 later
for i in 1 2 3 4; do
	rtbuild build -q -t "later:$i" "many/$i" >/dev/null 2>>gc.err &
	gc_pids="${gc_pids-} $!"
	rtbuild gc >/dev/null 2>>gc.err || echo 'gc failed' >>gc.err
done
for pid in $gc_pids; do
	wait "$pid" || echo 'a build failed' >>gc.err
done
is 'gc beside builds' "$(cat gc.err)" ''
check 'gc beside builds: the store is whole' rtbuild fsck
for i in 1 2 3 4; do
	is "gc beside builds: image $i is there" "$(tar -tzf "$(layer "later:$i" -1)" | grep -c '/b$')" 1
done
finish
