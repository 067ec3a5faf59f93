#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Options of `docker build`, `docker buildx build` and `buildah build`: each is one of ours, or answered
# with the reason why it is not. None is taken and then ignored.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir ctx
printf 'FROM scratch\nCOPY Dockerfile /\n' >ctx/Dockerfile

# answered OPTION: it is known; a value that says nothing may be wrong.
answered() {
	run rtbuild build "$1=x" /no/such/directory
	[ "$status" -gt 0 ] && [ "$status" -lt 10 ] && ! grep -q 'unknown option' "$err"
}

# The stable ones of buildx 0.19 and of docker build 27, those of old included.
for option in add-host allow annotation attest build-arg build-context builder cache-from cache-to call \
	cgroup-parent check compress cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems debug \
	disable-content-trust file force-rm iidfile isolation label load memory memory-swap metadata-file network \
	no-cache no-cache-filter output platform progress provenance pull push quiet rm sbom secret security-opt \
	shm-size squash ssh tag target ulimit; do
	answered "--$option" || fail "docker's --$option"
done
pass "docker's options are answered"

buildah build --help >buildah.txt
sed -n 's/^  *\(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' buildah.txt >options
is "buildah's options are read" "$(grep -c . options | sed 's/^[6-9].$/many/')" many
while read -r option; do
	answered "$option" || [ "$option" = --help ] || fail "buildah's $option"
done <options
pass "buildah's options are answered"

exits 8 rtbuild build -m 2g ctx
stderr_has '^rtbuild: --memory: rtbuild makes no cgroups'
stderr_has '^  run it in a limited one: systemd-run'
exits 8 rtbuild build --creds me:hunter2 ctx
stderr_hasnt hunter2
stderr_has 'rtbuild login'
for option in --squash --provenance=mode=max --sbom=true --rm=false --layers=false --tls-verify=false; do
	exits 8 rtbuild build "$option" ctx
done
plain=$(rtbuild build -q --print digest ctx)
for option in --rm --force-rm --compress --layers --provenance=false --sbom=false --jobs=0 --squash=false \
	--attest=type=provenance,disabled=true --tls-verify --call=build; do
	is "$option asks for what is so" "$(rtbuild build -q --print digest "$option" ctx)" "$plain"
done
run rtbuild build --help
stdout_hasnt cgroup

printf 'FROM scratch\nCMD x\n' >ctx/Dockerfile
exits 1 rtbuild build --call=check ctx
stdout_has JSONArgsRecommended
exits 8 rtbuild build --call=outline ctx
stderr_has 'plan'
finish
