#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rtbuild name, --print-config, and backends of a user's: --templates. The names themselves are in
# tests/unit/templates/naming.c.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# --- names ---

check 'the default runtime' rtbuild name -b knative --python 3.12 --lithops-version 3.7.1 --setting docker_user=bob
stdout_is docker.io/bob/lithops-knative-default-v312:3.7.1
ecr='--setting account_id=123456789012 --setting region=us-east-1 --setting user_id=AIDAXABCD --lithops-version 3.7.1'
# shellcheck disable=SC2086 # words
check 'the image of a runtime' rtbuild name $ecr -b aws_lambda myrt:1.0 --print image
stdout_is 123456789012.dkr.ecr.us-east-1.amazonaws.com/lithops_v371_abcd/myrt:1.0
# shellcheck disable=SC2086
check 'its repository' rtbuild name $ecr -b aws_lambda myrt:1.0 --print repository
stdout_is lithops_v371_abcd/myrt
# shellcheck disable=SC2086
check 'the layer' rtbuild name $ecr -b aws_lambda:layer --python 3.12 --print layer
stdout_is lithops_v371_abcd_default-runtime-v312_layer
# shellcheck disable=SC2086
check 'all of it' rtbuild name $ecr -b aws_batch myrt:v1 --json
is 'all of it: JSON' "$(jq -c '[.backend, .runtime, .image, .repository, .layer]' "$out")" \
	'["aws_batch","myrt:v1","123456789012.dkr.ecr.us-east-1.amazonaws.com/lithops_v371_abcd/myrt:v1","lithops_v371_abcd/myrt",null]'
exits 2 rtbuild name
stderr_has 'template list'
exits 2 rtbuild name -b knative --setting docker_user=bob
stderr_has '\-\-lithops-version'
exits 2 rtbuild name -b knative --lithops-version 3.7.1
stderr_has '\-\-setting docker_user='
exits 2 rtbuild name -b knative --lithops-version 3.7.1 --setting docker_usr=bob
stderr_has 'did you mean docker_user'
exits 2 rtbuild name -b knative --setting docker_user
exits 2 rtbuild name -b singularity --print layer
exits 2 rtbuild name -b singularity --print picture
# shellcheck disable=SC2086
exits 2 rtbuild name $ecr -b aws_batch my.rt
stderr_has 'no dots'
exits 2 rtbuild name -b aws_batch my.rt
stderr_has 'no dots'
check 'a name of its own needs no version' rtbuild name -b knative team/rt:1
stdout_is docker.io/team/rt:1
exits 2 rtbuild name -b knative 'bad name'
stderr_has 'letters, digits'
exits 2 rtbuild name -b gcp_functions rt@sha256:0
stderr_has 'without a digest'
exits 3 rtbuild name -b knative Team/rt
stderr_has 'upper-case'
check 'the configuration' rtbuild name -b k8s team/rt:1 --lithops-version 3.7.1 --print-config \
	--setting docker_server=reg.example.com:5000 --setting docker_user=bob
# shellcheck disable=SC2016 # python's
python3 -c '
import sys, yaml
c = yaml.safe_load(open(sys.argv[1]))
print(c["lithops"], c["k8s"])' "$out" >config.txt
is 'the configuration: as Lithops reads it' "$(cat config.txt)" \
	"{'mode': 'serverless', 'backend': 'k8s'} {'runtime': 'reg.example.com:5000/team/rt:1', 'runtime_memory': 512, 'runtime_timeout': 600, 'docker_server': 'reg.example.com:5000', 'docker_user': 'bob'}"
file_has 'the configuration: no secret is asked on the command line' "$out" '^    # docker_password: '

# --- which backend ---

exits 2 rtbuild name -b knativ x
stderr_has 'did you mean knative\?'
exits 2 rtbuild name -b k8s:fortran x
stderr_has 'there is k8s, k8s:conda$'
exits 2 rtbuild name -b nope x
stderr_has 'aliyun_fc, .* vm; their variants'
exits 2 rtbuild template render localhost
stderr_has 'nothing is built'

# --- differences ---

check 'a backend is itself' rtbuild template diff knative knative
stdout_empty
rtbuild template render k8s --installer pip | sed 's/flask/Flask/; s/^USER .*/USER 7/; s/ pika / pika==1 /' >own.Dockerfile
exits 1 rtbuild template diff k8s own.Dockerfile
stdout_is "- package pika
+ package pika==1
- user 1000:1000
+ user 7"
rtbuild template render k8s | sed 's/^USER .*/USER 7/' >own.Dockerfile
exits 1 rtbuild template diff k8s own.Dockerfile
stdout_is "- user 1000:1000
+ user 7"
stderr_has 'python-packages and are not compared'
exits 1 rtbuild template diff knative knative:conda --json
is 'a variant: JSON' "$(jq -r '.[0]' "$out")" '- base python:3.11-slim-bookworm'
exits 6 rtbuild template diff knative nowhere
exits 8 rtbuild template diff gcp_functions knative
exits 2 rtbuild template diff knativ knative

# --- a user's backends ---

mkdir -p own/mine git/tree/mine
cat >own/mine/backend.yaml <<'END'
name: mine
title: A platform of ours
artifact: image
sources: { default: us }
section: k8s
config_keys: [docker_server]
naming: { default: "mine-v{{python_flat}}", rule: plain }
base: our/base:{{python}}
pythons: ["3.11", "3.12"]
default_python: "3.12"
platforms: [linux/amd64]
packages: [numpy]
environment: { GREETING: "hello \"you\" # all" }
command: [serve]
variants:
  - name: old
    pythons: ["3.6"]
    default_python: "3.6"
END
check 'a directory: list' rtbuild template list --templates own
stdout_has '^mine +image'
stdout_has '^mine:old +image'
stdout_has '^knative +image'
check 'a directory: render' rtbuild template render mine --templates own --installer pip
stdout_has '^FROM our/base:3\.12$'
stdout_has '^ENV GREETING="hello \\"you\\" # all"$'
stdout_has '^CMD \["serve"\]$'
cp "$out" Dockerfile
check 'a directory: what was rendered parses' rtbuild build --plan .
is 'a directory: and says what was meant' "$(jq -r '.stages[0].steps[] | select(.instruction == "ENV") | .pairs[0].value' "$out")" 'hello "you" # all'
check 'a directory: name' rtbuild name -b mine --templates own
stdout_is mine-v312
printf 'FROM {{base}}\nRUN echo {{title}}\n' >own/mine/Dockerfile
check 'its own Dockerfile' rtbuild template render mine:old --templates own
stdout_has '^FROM our/base:3\.6$'
stdout_has '^RUN echo A platform of ours'
printf 'FROM {{base}}' >own/mine/Dockerfile
check 'a last line without its end' rtbuild template render mine --templates own
stdout_is 'FROM our/base:3.12'
: >own/mine/Dockerfile
check 'an empty one' rtbuild template render mine --templates own
stdout_empty
printf 'FROM {{base}}\n' >own/mine/Dockerfile
# over one of ours: the file alone
mkdir own/knative
printf 'FROM {{base}}\nRUN over {{nothing}}\n' >own/knative/Dockerfile
exits 3 rtbuild template render knative --templates own
stderr_has 'own/knative/Dockerfile:2:10'
sed -i 's/pythons: \["3.11"/pythns: ["3.11"/' own/mine/backend.yaml
exits 3 rtbuild template list --templates own
stderr_has 'own/mine/backend.yaml:9:1'
stderr_has 'did you mean pythons'
exits 6 rtbuild template list --templates nowhere
mkdir empty
exits 3 rtbuild template list --templates empty
exits 2 rtbuild build --templates own .
stderr_has 'backend'

# the one of the documentation
mkdir -p doc/mine
# shellcheck disable=SC2016 # backquotes of markdown
sed -n '/^```yaml$/,/^```$/p' "$ROOT/docs/backends.md" | grep -v '^```' >doc/mine/backend.yaml
check 'the example of docs/backends.md' rtbuild template render mine:science --templates doc --python 3.11 --installer pip
stdout_has '^        scipy$'
stdout_has '^FROM python:3\.11-slim-bookworm$'

# from git, over HTTP
sed -i 's/pythns/pythons/' own/mine/backend.yaml
cp -r own/mine/* git/tree/mine
(
	cd git/tree || exit
	git init -q -b trunk
	git add .
	git -c user.name=n -c user.email=e commit -qm one
)
mkdir -p www/git
git clone -q --bare git/tree www/git/templates.git
start_web www
check 'a repository: list' rtbuild template list --templates "$WEB/git/templates.git"
stdout_has '^mine +image'
check 'a repository: render' rtbuild template render mine --templates "$WEB/git/templates.git#trunk"
stdout_has '^FROM our/base:3\.12$'
exits 6 rtbuild template list --templates "$WEB/git/none.git"
finish
