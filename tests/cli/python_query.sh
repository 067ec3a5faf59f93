#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `rtbuild python query`: its answers are those of Debian's python3-packaging, but for the reasons
# listed in tests/python/packaging-compare.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# ask QUESTION: its answer in $out.
ask() {
	printf '%s\n' "$1" >question
	run sh -c 'rtbuild python query <question'
}
# answers QUESTION ANSWER
answers() {
	ask "$1"
	is "$1" "$status $(cat "$out")" "0 $2"
}

check 'questions' "$ROOT/tests/python/packaging-queries" .
check 'answers' sh -c 'rtbuild python query <questions >ours'
"$ROOT/tests/python/packaging-compare" . >compared
is 'every difference has its reason' "$(sed '$d' compared)" ''
is 'at least 5000 answers are equal' "$(awk 'END { print ($1 >= 5000) }' compared)" 1

answers '{"op":"wheel_rank","python":"3.11","platform":"linux/arm64","glibc":"2.26","wheels":["a-1.0-py3-none-any.whl","a-1.0-cp311-cp311-manylinux_2_17_aarch64.whl","a-1.0-cp311-cp311-manylinux_2_28_aarch64.whl","a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl","a-1.0-2-py3-none-any.whl","a-0.9-cp311-cp311-linux_aarch64.whl"]}' \
	'{"order":["a-1.0-cp311-cp311-manylinux_2_17_aarch64.whl","a-1.0-2-py3-none-any.whl","a-1.0-py3-none-any.whl","a-0.9-cp311-cp311-linux_aarch64.whl"]}'
answers '{"op":"wheel_rank","python":"3.12","platform":"linux/amd64","libc":"musl-1.2","wheels":["a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl","a-1.0-cp311-abi3-musllinux_1_1_x86_64.whl","a-1.0-cp312-cp312-musllinux_1_2_x86_64.whl","a-1.0-cp312-cp312-musllinux_1_3_x86_64.whl"]}' \
	'{"order":["a-1.0-cp312-cp312-musllinux_1_2_x86_64.whl","a-1.0-cp311-abi3-musllinux_1_1_x86_64.whl"]}'
answers '{"op":"marker","marker":"python_full_version >= \"3.11\" and platform_machine == \"x86_64\""}' '{"value":true}'
answers '{"op":"marker","marker":"os_name == \"posix\" and extra == \"\"","env":{"extra":null,"os_name":null}}' '{"value":true}'
answers '{"op":"marker","marker":"extra == \"A.b\"","env":{"extra":"a-B"}}' '{"value":true}'

# Answers come in the order of the questions; what is none has its own in its place, and the rest goes on.
printf '%s\n' '{"op":"name","name":"A.b"}' '{"op":"nam"}' '' '{"op":"name","name":"C"}' >question
exits 3 sh -c 'rtbuild python query <question'
stdout_is '{"normalized":"a-b"}
{"error":"unknown op '"'nam'"'; did you mean name?"}
{"normalized":"c"}'
stderr_has "^rtbuild: stdin:2: unknown op 'nam'$"
stderr_has 'did you mean name'
for bad in 'x' '[]' '{"op":3}' '{"op":"name"}' '{"op":"filter","spec":"","versions":[1]}' \
	'{"op":"filter","spec":"","versions":"1"}' '{"op":"specifier","spec":"","version":"1","prereleases":1}' \
	'{"op":"marker","marker":"os_name==\"x\"","env":[]}' '{"op":"marker","marker":"os_name==\"x\"","env":{"os_name":1}}' \
	'{"op":"wheel_rank","python":"3.11","platform":"linux/amd64","wheels":[]}' '{"op":"name","name":"a","name":"b"}'; do
	printf '%s\n' "$bad" '{"op":"name","name":"C"}' >question
	exits 3 sh -c 'rtbuild python query <question'
	is "refused, and the next one answered: $bad" "$(jq -rs '(.[0].error | length > 0), .[1].normalized' "$out" | tr '\n' ' ')" 'true c '
	stderr_has '^rtbuild: stdin:1'
done
{
	head -c 1048577 /dev/zero | tr '\0' ' '
	printf '\n\0{}\n\377\n{"op":"name","name":"C"}'
} >question
exits 3 sh -c 'rtbuild python query <question'
is 'a long line, a byte of zero, no UTF-8: one error each' "$(jq -r '.error // .normalized' "$out" | cut -c 1-25 | tr '\n' ',')" \
	'a question of more than 1,question: not valid JSON:,question: not valid JSON:,c,'
stderr_has '^rtbuild: 3 of 4 questions have no answer, the first: stdin:1: .*1048576 bytes'
finish
