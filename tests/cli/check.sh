#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild build --check` and `--plan`: findings with their line and a caret, what they come to,
# and nothing asked of the network. Every rule is in tests/unit/builder/lint.c.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p ctx
cat >ctx/Dockerfile <<'END'
FROM nowhere.invalid/base:1 as build
ARG DIR_ASSETS=a
COPY $DIR_ASSET /
CMD run
END
echo '*.log' >ctx/.dockerignore

# --- text ---
exits 1 rtbuild build --check ctx
stdout_has '^ctx/Dockerfile:1:29: warning: .* \[FromAsCasing\]$'
stdout_has '^ *3 | COPY .DIR_ASSET /$'
stdout_has '^ *| *     \^\^\^\^\^\^\^\^\^\^$'
stdout_has 'did you mean .DIR_ASSETS?'
stdout_has '^  https://docs.docker.com/go/dockerfile/rule/undefined-var/$'
stderr_has '^rtbuild: ctx/Dockerfile: 3 findings$'

# --- JSON ---
exits 1 rtbuild build --check --json ctx
jq -r '.findings[] | [(keys | join(",")), .rule, .level, .line, .column] | join(" ")' "$out" >got
is 'each finding' "$(cat got)" 'column,detail,level,line,message,rule FromAsCasing warning 1 29
column,detail,level,line,message,rule UndefinedVar warning 3 6
column,detail,level,line,message,rule JSONArgsRecommended warning 4 1'

# --- what is found, and when not ---
printf 'FROM scratch\nCOPY a /\n' >ctx/good
exits 0 rtbuild build --check -f ctx/good ctx
stdout_empty
exits 0 rtbuild build --check --json -f ctx/good ctx
is 'an empty list' "$(tr -d ' \n' <"$out")" '{"findings":[]}'
printf 'FROM scratch\nCOPY x.log a /\n' >ctx/ignored
exits 1 rtbuild build --check -f ctx/ignored ctx
stdout_has '^ctx/ignored:2:6: .*"x.log".* \[CopyIgnoredFile\]$'
printf '# check=error=true\nFROM scratch\nENV a b\n' >ctx/strict
exits 1 rtbuild build --check -f ctx/strict ctx
stdout_has '^ctx/strict:3:1: error: '
exits 0 \
	rtbuild build --check --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=LegacyKeyValueFormat -f ctx/strict ctx
printf 'FROM scratch\nMAINTAINER me\nCOYP a /\n' >ctx/wrong
exits 3 rtbuild build --check -f ctx/wrong ctx
stdout_has 'MaintainerDeprecated'
stderr_has '^rtbuild: ctx/wrong:3:1: unknown instruction'
stderr_has 'did you mean COPY?'
exits 1 sh -c 'printf "FROM scratch\nENV a b\n" | rtbuild build --check -f - ctx'
stdout_has '^Dockerfile:2:1: warning'

# --- in a build ---
printf 'FROM scratch\nENV a b\nCMD x\n' >ctx/loose
exits 0 rtbuild build -f ctx/loose ctx
stderr_has 'ctx/loose:2:1: .*\[LegacyKeyValueFormat\]$'
is 'and once' "$(grep -c 'JSONArgsRecommended' "$err")" 1
exits 3 rtbuild build -f ctx/strict ctx
stderr_has 'ctx/strict:3:1: lint violation found for rules: LegacyKeyValueFormat$'
stderr_has '^ *3 | ENV a b$'

# --- the plan ---
mkdir -p plan
cat >plan/Dockerfile <<'END'
ARG TAG=1
FROM nowhere.invalid/first AS first
FROM nowhere.invalid/base:$TAG AS build
RUN --mount=type=cache,target=/c --mount=from=0,target=/t --network=none make
FROM nowhere.invalid/other AS unused
FROM scratch
COPY --from=build --chown=1:2 --link /out /bin/
COPY --from=nowhere.invalid/more:2 --parents --exclude=*.c a/./b /x/
COPY --from=ctx <<E f /h/
hello
E
ENV A=1 B=$NOPE
CMD ["a", "b"]
USER 5
END
exits 0 rtbuild build --plan --platform linux/amd64 --build-context ctx=docker-image://nowhere.invalid/ctx:1 plan
cp "$out" plan.json
# q FILTER: of the plan, compact.
q() {
	jq -c "$1" plan.json
}
is 'images to be had' "$(q '[.images[] | "\(.image) \(.platform)"] | sort')" \
	'["nowhere.invalid/base:1 linux/amd64","nowhere.invalid/ctx:1 linux/amd64","nowhere.invalid/first linux/amd64","nowhere.invalid/more:2 linux/amd64"]'
is 'stages that are not built' "$(q .unused)" '["unused"]'
is 'the target' "$(q .target)" 3
is 'stages and their bases' "$(q '[.stages[] | [.stage, .name, .from, .platform]]')" \
	'[[0,"first","nowhere.invalid/first","linux/amd64"],[1,"build","nowhere.invalid/base:1","linux/amd64"],[3,null,"scratch","linux/amd64"]]'
is 'a RUN' "$(q '.stages[1].steps[0] | [.line, .argv, .cwd, .network, .needsBaseFiles]')" \
	'[4,["/bin/sh","-c","make"],"/","none","RUN"]'
is 'its mounts' "$(q '.stages[1].steps[0].mounts')" \
	'[{"type":"cache","target":"/c","readOnly":false,"source":"/","id":"/c","sharing":"shared","mode":"0755","uid":0,"gid":0},{"type":"bind","target":"/t","readOnly":true,"from":"0","fromStage":0,"source":"/"}]'
is 'a COPY of a stage' "$(q '.stages[2].steps[0] | [.sources, .destination, .from, .fromStage, .chown, .link, .layer]')" \
	'[["/out"],"/bin/","build",1,"1:2",true,true]'
is 'of an image' "$(q '.stages[2].steps[1] | [.fromImage, .parents, .exclude]')" '["nowhere.invalid/more:2",true,["*.c"]]'
is 'of a context, with a here-document' "$(q '.stages[2].steps[2] | [.fromContext, .sources, .heredocs]')" \
	'["ctx",["f"],[{"name":"E","content":"hello\n"}]]'
is 'variables' "$(q '.stages[2].steps[3] | [.pairs, .unset]')" '[[{"name":"A","value":"1"},{"name":"B","value":""}],["NOPE"]]'
is 'lists and texts' "$(q '[.stages[2].steps[4:][] | .list, .value]')" '[["a","b"],null,null,"5"]'
is 'what goes into the history' "$(q '.stages[2].steps[0].createdBy')" '"COPY --chown=1:2 /out /bin/ # buildkit"'
finish
