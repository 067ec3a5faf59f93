#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Layers spread over several zips, and published to AWS: a double of Lambda, S3 and STS that verifies
# every signature and checksum itself says what it got.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

key=AKIDEXAMPLE secret='s3cret/+key=wJalrXUtnFEMI'
need_wheels
WHEELS_ALL=$WHEELS
make_wheel() { "$ROOT/tests/cli/make-wheel" "$@" >/dev/null; }
mkdir w
make_wheel w small 1.0
make_wheel w second 2.0 requires=small
make_wheel w noisy 1.0 noise=53
make_wheel w noise-a 1.0 noise=30
make_wheel w noise-b 1.0 noise=30
for i in 1 2 3 4 5 6; do make_wheel w "big$i" 1.0 zeros=200; done
make_wheel w large 1.0 zeros=263
cp "$WHEELS_ALL"/lithops-*.whl w
RTBUILD_FIND_LINKS=$TMP/w
export RTBUILD_FIND_LINKS
printf 'second\n' >req.txt

# --- several layers ---

# split_of NAMES TEXT...: the lines of requirements come to these zips, each with these packages.
split_of() {
	wanted=$1
	shift
	printf '%s\n' "$@" >split.txt
	rm -f part*.zip
	check "split: $*" rtbuild layer --split -r split.txt -o part.zip --json
	is "split: $*: what is where" "$(jq -r '[.packages[] | "\(.layer):\(.name)"] | sort | join(" ")' "$out")" "$wanted"
	is "split: $*: as the zips say" "$(for zip in $(jq -r '.layers[].path' "$out"); do
		unzip -Z1 "$zip" | sed -n "s,^python/\([^/]*\)-[0-9.]*dist-info/METADATA$,\1,p" | sort | tr '\n' ' '
		printf '| '
	done)" "$(jq -r '.packages as $p | .layers | to_entries | map((.key + 1) as $n | ([$p[] | select(.layer == $n) | .name | gsub("-"; "_")] | sort | join(" ")) + " | ") | join("")' "$out")"
}
split_of '1:second 1:small' second
is 'what fits into one is one, without a number' "$(find . -maxdepth 1 -name 'part*.zip')" ./part.zip
split_of '1:noise-a 1:small 2:noise-b' noise-a noise-b small
check 'each is read alike by all readers' "$ROOT/tests/cli/read-zip" part-1.zip part-2.zip
is 'numbered' "$(find . -maxdepth 1 -name 'part*.zip' | sort | tr '\n' ' ')" './part-1.zip ./part-2.zip '
is 'each is small enough for a direct upload' "$(find . -name 'part-*.zip' -size -51200k | wc -l)" 2
split_of '1:big1 2:big2 3:big3' big3 big1 big2
stderr_has 'warning: together the layers unpack to 60000[0-9]* bytes; a function takes 262144000'
cp part-2.zip two.zip
check 'the same split elsewhere' sh -c "umask 077; TZ=Asia/Tokyo taskset -c 0 rtbuild layer --store s2 --split -r split.txt -o part.zip"
stdout_is 'part-1.zip
part-2.zip
part-3.zip'
check 'the same bytes' cmp part-2.zip two.zip
printf 'big%s\n' 1 2 3 4 5 6 >split.txt
rm -f part*.zip
exits 1 rtbuild layer --split -r split.txt -o part.zip
stderr_has 'more than 5 layers'
printf 'large\nsmall\n' >split.txt
exits 1 rtbuild layer --split -r split.txt -o part.zip
stderr_has 'Largest: large 263\.0 MB'
is 'nothing is written' "$(find . -maxdepth 1 -name 'part*.zip')" ''
check 'sizes are shown' rtbuild layer -r req.txt
stderr_has '^ +[0-9.]+ k?B +second 2\.0$'
check 'one layer: --json' rtbuild layer -r req.txt --json
is 'one layer: --json: packages' "$(jq -r '[.packages[].name] | sort | join(" ")' "$out")" 'second small'
is 'one layer: --json: they are all of it' "$(jq '([.packages[].unpacked] | add) == .unpacked and .size == .layers[0].size' "$out")" true

# --- without AWS ---

exits 5 rtbuild layer -r req.txt --publish --region eu-west-1 --name x
stderr_has 'no AWS credential'
exits 2 rtbuild layer -r req.txt --publish --name x
stderr_has 'AWS_REGION'
exits 2 rtbuild layer -r req.txt --name x
stderr_has 'without --publish'

"$ROOT/tests/servers/aws" "$key" "$secret" unused >>aws.log 2>aws.err &
servers="$servers $!"
aws=$(wait_for aws.err 'listening on') || server_missing 'the double of AWS' aws.err
AWS_ENDPOINT_URL=http://${aws##* } AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_REGION=eu-west-1
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
forget() { : >aws.log; }
asked() { grep -Ec -- "$1" aws.log; }
publish() { rtbuild layer -r req.txt --publish "$@"; }

# --- a layer ---

check 'publish' publish --python 3.12 --platform linux/arm64 --name mine
stdout_is arn:aws:lambda:eu-west-1:123456789012:layer:mine:1
is 'three requests: no list, no version, the layer' "$(sed 's/ {.*//' aws.log | tr '\n' ',')" \
	'GET layer mine 404 ResourceNotFoundException,POST layer mine 201 published 1 direct,'
sed -n 's/.*published 1 direct //p' aws.log >sent.json
is 'what it is compatible with' "$(jq -rc '[.CompatibleRuntimes, .CompatibleArchitectures]' sent.json)" '[["python3.12"],["arm64"]]'
content=$(rtbuild layer -r req.txt --python 3.12 --platform linux/arm64 --json | jq -r .content_digest)
is 'described by its content' "$(jq -r .Description sent.json)" "content $content"
is 'no license unless told' "$(jq -r 'has("LicenseInfo")' sent.json)" false
forget
check 'again' publish --python 3.12 --platform linux/arm64 --name mine --json
is 'again: nothing is sent' "$(sed 's/ {.*//' aws.log | tr '\n' ',')" 'GET layer mine 200 list,GET layer mine 200 version 1,'
is 'again: --json' "$(jq -rc '[.version, .unchanged, .arn]' "$out")" \
	'[1,true,"arn:aws:lambda:eu-west-1:123456789012:layer:mine:1"]'
stderr_has 'version 1 has these bytes already'
check 'another Python, the same bytes' publish --python 3.13 --platform linux/arm64 --name mine
stdout_is arn:aws:lambda:eu-west-1:123456789012:layer:mine:2
check 'a license' publish --python 3.13 --platform linux/arm64 --name mine --license MIT --description 'my layer'
stdout_is arn:aws:lambda:eu-west-1:123456789012:layer:mine:3
is 'a license' "$(sed -n 's/.*published 3 direct //p' aws.log | jq -r '.LicenseInfo + "," + .Description')" 'MIT,my layer'
printf 'second\nnoise-a\n' >req.txt
check 'other bytes' publish --python 3.13 --platform linux/arm64 --name mine --license MIT
stdout_is arn:aws:lambda:eu-west-1:123456789012:layer:mine:4
printf 'second\n' >req.txt

# --- the name Lithops looks for ---

version=$(find w -name 'lithops-*' | sed 's,w/lithops-\([0-9.]*\).*,\1,; s,\.,,g')
check 'the default name' publish --python 3.11
stdout_is "arn:aws:lambda:eu-west-1:123456789012:layer:lithops_v${version}_wxyz_default-runtime-v311_layer:1"
check 'of another version and namespace' publish --python 3.12 --lithops-version 3.7.1.dev0 --namespace team
stdout_is arn:aws:lambda:eu-west-1:123456789012:layer:lithops_v371dev0_wxyz_team_default-runtime-v312_layer:1
exits 2 publish --name x --namespace team
stderr_has 'whole name'
exits 6 env RTBUILD_FIND_LINKS="$TMP/none" rtbuild layer -r req.txt --find-links w/nowhere --publish
mkdir none
cp w/second* w/small* none
exits 6 env RTBUILD_FIND_LINKS="$TMP/none" rtbuild layer -r req.txt --publish
stderr_has 'lithops'
stderr_has 'lithops-version'

# --- past S3 ---

printf 'noisy\n' >req.txt
forget
rm -f layer.zip
exits 2 publish --name huge
stderr_has 'direct upload takes 52428800'
stderr_has '--bucket'
is 'nothing is asked' "$(asked 'huge')" 0
check 'past S3' publish --name huge --bucket my-bucket
stdout_is arn:aws:lambda:eu-west-1:123456789012:layer:huge:1
digest=$(sha256sum layer.zip | cut -c 1-64)
is 'past S3: put, published, removed' "$(grep -v ' 404 ' aws.log | sed 's/ {.*//; s/ 53[0-9]*$/ 53 MB/' | tr '\n' ',')" \
	"PUT s3://my-bucket/rtbuild/huge/$digest.zip 200 53 MB,POST layer huge 201 published 1 S3,DELETE s3://my-bucket/rtbuild/huge/$digest.zip 204 ,"
forget
check 'past S3, unchanged' publish --name huge --bucket my-bucket
is 'past S3, unchanged: nothing is put' "$(asked 's3:')" 0
check 'a bucket with versions' publish --name huge --bucket keeps-versions --license MIT
is 'a bucket with versions: that very one is removed' "$(asked 'DELETE .* 204 versionId=v\.1%2F%2B')" 1
exits 3 publish --name huge2 --bucket elsewhere
stderr_has '--region us-west-2'
exits 6 publish --name huge2 --bucket absent
stderr_has 'NoSuchBucket'
exits 5 publish --name huge2 --bucket readonly
stderr_has 'AccessDenied'
is 'nothing was published' "$(asked 'layer huge2 201')" 0
exits 5 publish --name denied --bucket my-bucket
printf 'second\n' >req.txt

# --- several ---

printf 'noise-a\nnoise-b\n' >req.txt
check 'several' publish --split --name many
stdout_is 'arn:aws:lambda:eu-west-1:123456789012:layer:many-1:1
arn:aws:lambda:eu-west-1:123456789012:layer:many-2:1'
printf 'second\n' >req.txt

# --- refusals ---

exits 5 publish --name denied
stderr_has 'AccessDeniedException'
stderr_has 'AWS_ACCESS_KEY_ID'
forget
check 'throttled' publish --name throttled
is 'throttled: asked again' "$(asked 'POST layer throttled 429')" 2
check 'throttled by a 400' publish --name slow-down
is 'throttled by a 400: asked again' "$(asked 'POST layer slow-down 400')" 1
exits 7 publish --name garbled
stderr_has 'other bytes'
exits 5 publish --name x --region us-east-1
stderr_has 'us-east-1'
exits 5 env AWS_SECRET_ACCESS_KEY=wrong rtbuild layer -r req.txt --publish --name x
stderr_has 'SignatureDoesNotMatch'
exits 3 publish --name x --region 'eu/west'
exits 2 publish --name 'a b'
stderr_has 'letters, digits'
exits 2 publish --name x --bucket A_B
stderr_has 'no name of a bucket'
exits 2 publish --name x --description "$(printf '%0300d' 1)"
exits 2 publish --name x --license "$(printf '%0600d' 1)"
exits 4 env AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9 rtbuild layer -r req.txt --publish --name x
forget
check 'an endpoint for one service' env AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_ENDPOINT_URL_LAMBDA="$AWS_ENDPOINT_URL" rtbuild layer -r req.txt --publish --name x
is 'an endpoint for one service' "$(asked 'layer x 201')" 1

# --- the region of a profile; secrets nowhere ---

mkdir "$HOME/.aws"
printf '[profile ci]\nregion = eu-west-1\n' >"$HOME/.aws/config"
unset AWS_REGION
check 'the region of a profile' env AWS_PROFILE=ci rtbuild layer -r req.txt --publish --name profile
(AWS_REGION=eu-west-1 rtbuild layer -r req.txt --publish --name secrets --debug --json) >said 2>&1
is 'secrets are in no output' "$(grep -cF -e "$secret" said)" 0
is 'nor in the store' "$(grep -rlF -e "$secret" "$RTBUILD_STORE" 2>/dev/null)" ''
finish
