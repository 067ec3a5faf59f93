#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Lithops' configuration, read and never written: the backend, names, platform, settings and
# credentials a command was not told. How files are found and read is in
# tests/unit/templates/lithops_config.c.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
need_wheels
need_base

mkdir "$HOME/.lithops" empty plain
cat >"$HOME/.lithops/config" <<'END'
lithops:
  mode: serverless
  backend: k8s
k8s:
  docker_server: reg.example.com:5000
  docker_user: bob
  docker_password: "s3cr3t-password "
  namespace: jobs
  runtime_memory: 1024
  runtime_arch: arm64
aws:
  region: us-east-1
aws_lambda:
  execution_role: arn:aws:iam::123456789012:role/l
  account_id: 123456789012
  user_id: AIDAXABCD
  architecture: arm64
aliyun_fc:
  deploy_mode: custom-container
knative:
  runtime: team/rt:7
END
sum=$(sha256sum <"$HOME/.lithops/config")

# --- names ---

check 'the backend and its registry' rtbuild name --lithops-version 3.7.1
stdout_is reg.example.com:5000/lithops-kubernetes-default-v311:3.7.1
stderr_has "backend k8s, as .*\.lithops/config says"
check 'said on the command line: before it' rtbuild name --lithops-version 3.7.1 --setting docker_server=other.example.com
stdout_is other.example.com/lithops-kubernetes-default-v311:3.7.1
check 'its runtime' rtbuild name -b knative --lithops-version 3.7.1 --setting docker_server=reg.example.com
stdout_is reg.example.com/team/rt:7
check 'a name before it' rtbuild name -b knative --lithops-version 3.7.1 mine:1
stdout_is mine:1
check 'what its cloud says' rtbuild name -b aws_lambda rt:1 --print image --lithops-version 3.7.1
stdout_is 123456789012.dkr.ecr.us-east-1.amazonaws.com/lithops_v371_abcd/rt:1
check '-v says which file' rtbuild -v name --lithops-version 3.7.1
stderr_has 'configuration of Lithops is .*/\.lithops/config'
exits 2 rtbuild --no-config name
stderr_has 'which backend'
exits 2 rtbuild --no-config name -b k8s --lithops-version 3.7.1
stderr_has 'docker_user'
cat >other.yaml <<'END'
lithops: {backend: aliyun_fc}
aliyun_fc: {deploy_mode: custom-container, docker_user: bob}
END
check '--config' rtbuild --config other.yaml name --lithops-version 3.7.1 --json
is '--config: the row its deploy_mode says' "$(jq -r .backend "$out")" aliyun_fc:container
check 'LITHOPS_CONFIG_FILE' env LITHOPS_CONFIG_FILE=other.yaml rtbuild name --lithops-version 3.7.1 --json
is 'the same' "$(jq -r .backend "$out")" aliyun_fc:container
exits 2 rtbuild --config other.yaml --no-config name
exits 6 rtbuild --config absent.yaml name
printf 'lithops: {backend: moon}\n' >moon.yaml
exits 3 rtbuild --config moon.yaml name
stderr_has "moon.yaml: there is no backend 'moon'"
printf 'lithops:\n  backend: [k8s\n' >broken.yaml
exits 3 rtbuild --config broken.yaml name
stderr_has 'broken.yaml:'
exits 3 env LITHOPS_CONFIG_FILE=broken.yaml rtbuild name -b k8s
stderr_has '\-\-no-config'
printf 'lithops: {backend: k8s}\nk8s: {runtime_arch: s390}\n' >arch.yaml
exits 3 rtbuild --config arch.yaml build empty-name
stderr_has 's390'
printf 'serverless:\n  backend: k8s\n  customized_runtime: true\nlithops: {mode: serverless}\nk8s: {docker_server: reg.example.com}\n' >old.yaml
check 'keys of before' rtbuild --config old.yaml name --lithops-version 3.7.1
stderr_has 'customized_runtime is a key of before'

# --- descriptors ---

echo one >plain/file
printf 'FROM scratch\nCOPY file /file\n' >plain/Dockerfile
check 'a Dockerfile in the context stays one' rtbuild build -q --platform linux/amd64 -t plain:1 plain
cd plain || exit 1
check 'also in the working directory' rtbuild build -q --platform linux/amd64 -t plain:2
is 'also in the working directory: the same' "$(rtbuild digest store:plain:2)" "$(rtbuild digest store:plain:1)"
cd ..
check 'a descriptor' rtbuild descriptor plain:1
stdout_has 'namespace: "jobs"'
stdout_has 'memory: "1024Mi"'
check 'a descriptor: before it' rtbuild descriptor plain:1 --memory 256 --setting namespace=mine
stdout_has 'namespace: "mine"'
stdout_has 'memory: "256Mi"'
check 'a descriptor: a role' rtbuild descriptor -b aws_lambda plain:1
stdout_has '"Role": "arn:aws:iam::123456789012:role/l"'

# --- builds ---

cd empty || exit 1
exits 2 rtbuild build -f Dockerfile --python 3.11
stderr_has 'is for --backend'
cat >../knative.yaml <<'END'
lithops: {backend: knative}
knative: {docker_server: reg.example.com, runtime: "team/rt:7"}
END
check 'no Dockerfile: the runtime of the configuration' rtbuild --config ../knative.yaml build --platform linux/amd64 --print tag
stdout_is reg.example.com/team/rt:7
stderr_has 'backend knative, as '
printf 'lithops: {backend: aws_lambda}\naws_lambda: {region: us-east-1, architecture: x86_64}\n' >../short.yaml
check 'what Lithops would ask its cloud' rtbuild --config ../short.yaml build rt:1 --print tag
stdout_is rt:1
stderr_has 'named without Lithops. rule: .*user_id'
fails 'no Dockerfile and no configuration' rtbuild --no-config build
stderr_hasnt 'backend k8s'
stderr_has 'Dockerfile'
cd ..

# --- credentials ---

REGISTRY_LOGIN=bob start_registry htpasswd
cat >push.yaml <<END
lithops: {backend: k8s}
k8s:
  docker_server: http://$REGISTRY/
  docker_user: bob
  docker_password: " $REGISTRY_PASSWORD "
END
exits 5 rtbuild --no-config push plain:1 "$REGISTRY/me/rt:1"
check 'docker_user and docker_password' rtbuild --config push.yaml -v push plain:1 "$REGISTRY/me/rt:1"
check 'auth explain' rtbuild --config push.yaml auth explain "$REGISTRY/me/rt"
stdout_has 'password of bob, from docker_user of k8s in Lithops. configuration, push.yaml'
for stream in "$out" "$err"; do
	is 'auth explain: no secret' "$(grep -cF "$REGISTRY_PASSWORD" "$stream")" 0
done
check 'another host gets none' rtbuild --config push.yaml auth explain localhost:1/me/rt
stdout_has 'anonymous'
sed "s/docker_user: bob/docker_user: eve/" push.yaml >wrong.yaml
printf '%s' "$REGISTRY_PASSWORD" >password
check 'a login' sh -c "rtbuild --no-config login -u bob --password-stdin $REGISTRY <password"
check 'what docker knows goes first' rtbuild --config wrong.yaml push plain:1 "$REGISTRY/me/rt:2"
check 'what docker knows goes first: explained' rtbuild --config wrong.yaml auth explain "$REGISTRY/me/rt"
stdout_has 'password of bob, from .*config.json'
rm "$DOCKER_CONFIG/config.json"
exits 5 rtbuild --config wrong.yaml push plain:1 "$REGISTRY/me/rt:3"
check 'a broken one does not stop a push nobody asked it for' env LITHOPS_CONFIG_FILE=broken.yaml rtbuild auth explain "$REGISTRY/me/rt"
stderr_has 'no credentials of Lithops'
is 'nothing was written' "$(sha256sum <"$HOME/.lithops/config")" "$sum"

finish
