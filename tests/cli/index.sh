#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Wheels from package indexes: what is asked of them and what is not, whom credentials reach, what is
# believed, and that pip chooses the same files from the same index.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

make_wheel() { "$ROOT/tests/cli/make-wheel" "$@" >/dev/null; }
mkdir -p idx/main idx/extra idx/empty
make_wheel idx/main alpha 1.0
make_wheel idx/main alpha 2.0 'requires=beta>=1' 'requires=never-there ; python_version < "3"' 'requires=gamma ; extra == "more"'
make_wheel idx/main alpha 3.0b1
make_wheel idx/main alpha 4.0 'python=>=3.12'
make_wheel idx/main alpha 5.0
echo source >idx/main/alpha-6.0.tar.gz
make_wheel idx/main beta 1.5
make_wheel idx/main beta 2.0 tag=cp311-cp311-manylinux_2_99_x86_64
make_wheel idx/main gamma 1.0
make_wheel idx/main choosy 1.0
make_wheel idx/main choosy 2.0 'requires=beta>=99' noise=1
make_wheel idx/main big 1.0 'requires=beta' noise=1
make_wheel idx/main old-thing 1.0
make_wheel idx/main malware 1.0
make_wheel idx/main private-thing 99
make_wheel idx/extra private-thing 1.0
make_wheel idx/extra beta 1.2
cat >idx/main/about.json <<'END'
{"python": {"gamma-1.0-py3-none-any.whl": "banana"},
 "yanked": {"alpha-5.0-py3-none-any.whl": "eats \u001b[31mfiles"},
 "status": {"old-thing": ["archived", "use beta"], "malware": ["quarantined", "it steals"]}}
END
start_pypi idx

# layer ARG...: a layer of req.txt
layer() { rtbuild layer -r req.txt --python 3.11 -o out.zip "$@"; }
fresh_store() {
	stores=$((${stores-0} + 1))
	RTBUILD_STORE=$TMP/store$stores
	export RTBUILD_STORE
}
mark() { log_mark=$(wc -l <"$PYPI_LOG"); }
since() { sed "1,${log_mark}d" "$PYPI_LOG"; }
# asked REGEX: how many requests since the mark match
asked() { since | grep -Ec -- "$1"; }
distributions() { unzip -l out.zip 2>/dev/null | sed -n 's,.* python/\([^/]*\)\.dist-info/METADATA$,\1,p' | sort | tr '\n' ' '; }
# gives NAMES WAYS TEXT...: a layer of the lines from that index has just these, in a new store.
gives() {
	names=$1 ways=$2
	shift 2
	printf '%s\n' "$@" >req.txt
	fresh_store
	rm -f out.zip
	mark
	check "$ways: $*" layer -i "$PYPI/$ways/main/simple/"
	is "has $names" "$(distributions)" "$names "
}
# refused CODE REGEX WAYS TEXT...
refused() {
	code=$1 regex=$2 ways=$3
	shift 3
	printf '%s\n' "$@" >req.txt
	fresh_store
	rm -f out.zip
	mark
	run layer -i "$PYPI/$ways/main/simple"
	if [ "$status" -eq "$code" ] && grep -Eq -- "$regex" "$err" && [ ! -e out.zip ]; then
		pass "exit $code: $ways: $*: $regex"
	else
		fail "exit $code: $ways: $*: $regex"
	fi
}

# --- what is chosen, however the index speaks ---

for ways in html json html+meta json+meta json+meta+nohash json+whole json+gone html+halved json+unsaid; do
	gives 'alpha-2.0 beta-1.5' $ways alpha
	is "$ways: what cannot be taken is not fetched" "$(asked '/f/(alpha-[1345]|beta-2)')" 0
	is "$ways: each wheel once" "$(asked 'GET .*\.whl 200')" 2
done
gives 'alpha-2.0 beta-1.5 gamma-1.0' any 'alpha[more]'
is 'pages are asked for in JSON' "$(rtbuild layer -r req.txt --python 3.11 -o out.zip -i "$PYPI/any/main/simple" --offline -q && echo yes)" "$(printf 'out.zip\nyes')"
gives 'alpha-1.0' json+meta 'Alpha==1.0'
gives 'alpha-3.0b1' json 'alpha==3.0b1'
gives 'beta-1.5 choosy-1.0' json choosy beta
is 'a large wheel is looked into by ranges' "$(asked 'choosy-2.0.*\.whl 206')" 1
is 'and not fetched' "$(asked 'choosy-2.0.*\.whl 200')" 0
gives 'beta-1.5 choosy-1.0' json+meta choosy beta
is 'with METADATA beside it that is not needed' "$(asked 'choosy-2.0.*\.whl [0-9]')" 0
gives 'beta-1.5 choosy-1.0' json+whole choosy beta
is 'without ranges it is fetched, once that is seen' "$(asked 'choosy-2.0.*\.whl 200')" 2
gives 'beta-1.5 choosy-1.0' json+halved choosy beta
gives 'beta-1.5 big-1.0' json big
is 'a wheel that is taken: METADATA by range, then the whole' "$(since | sed -n 's/.*\/f\/big[^ ]* \([0-9]*\) .*/\1/p' | tr '\n' ' ')" '206 200 '

# --- what is kept ---

gives 'alpha-2.0 beta-1.5' json+meta alpha
cp out.zip first.zip
mark
check 'again' layer -i "$PYPI/json+meta/main/simple/"
is 'again: the pages are as they were' "$(since | awk '{print $4}' | sort | uniq -c | tr -s ' ')" ' 2 304'
is 'again: no file is fetched' "$(asked '/f/')" 0
check 'same bytes' cmp out.zip first.zip
mark
check '--offline' layer -i "$PYPI/json+meta/main/simple/" --offline
is '--offline: nobody is asked' "$(asked .)" 0
check 'same bytes' cmp out.zip first.zip
check '--json counts requests' layer -i "$PYPI/json+meta/main/simple/" --json
is '--json: 2 requests' "$(jq .requests "$out")" 2
kept=$(find "$RTBUILD_STORE/cache/wheels" -name 'alpha-2.0*.whl')
printf 'x' | dd of="$kept" bs=1 seek=40 conv=notrunc 2>/dev/null
mark
check 'a kept wheel that is damaged' layer -i "$PYPI/json+meta/main/simple/"
is 'is fetched again, and nothing else' "$(asked 'GET .*/f/.*alpha-2.0.*\.whl 200')$(asked '/f/')" 11
check 'same bytes' cmp out.zip first.zip
gives 'alpha-2.0 beta-1.5' json+meta+fresh alpha
mark
check 'pages that may be kept' layer -i "$PYPI/json+meta+fresh/main/simple/"
is 'are not asked for again' "$(asked .)" 0
gives 'alpha-2.0 beta-1.5' json+nostore alpha
is 'pages that must not be kept are not' "$(find "$RTBUILD_STORE/cache/pages" -type f 2>/dev/null | wc -l)" 0
gives 'alpha-2.0 beta-1.5' json+unsaid alpha
mark
check 'wheels without a hash' layer -i "$PYPI/json+unsaid/main/simple/"
is 'are asked whether they changed' "$(asked '\.whl 304')$(asked '\.whl 200')" 20
gives 'alpha-2.0 beta-1.5' json+meta+gzip alpha
is 'packed pages: they came so' "$(asked '/simple/.* 200 .* gzip$') $(asked ' gzip$')" '2 2'
mark
check 'packed pages, again' layer -i "$PYPI/json+meta+gzip/main/simple/"
is 'packed pages: are as they were' "$(asked '/simple/.* 304 ')$(asked .)" 22
gives 'alpha-2.0 beta-1.5' html+gzip alpha
refused 7 'simple/alpha/: the page' json+gzip+cut alpha
refused 8 "coding 'br', which nobody asked for" json+br alpha
fresh_store
exits 6 layer -i "$PYPI/json/main/simple" --offline
stderr_has 'run it once without'
gives 'beta-1.5' json beta
exits 6 layer -i "$PYPI/json/extra/simple" --offline

# --- what gc makes of it ---

kept_files() { find "$RTBUILD_STORE"/cache/pages "$RTBUILD_STORE"/cache/metadata "$RTBUILD_STORE"/cache/wheels -type f 2>/dev/null | wc -l; }
gives 'alpha-2.0 beta-1.5' json+meta alpha
is 'two pages, two METADATA, two wheels' "$(kept_files)" 6
check 'gc' rtbuild gc --json
is 'leaves what was used' "$(jq .downloads "$out")" 0
find "$RTBUILD_STORE" -name 'beta-1.5*.whl' -exec touch -d '3 days ago' {} +
check '--dry-run' rtbuild gc --unused 2 --dry-run --json
is 'says what would go' "$(jq -c '[.downloads, .downloadBytes > 500]' "$out") $(kept_files)" '[1,true] 6'
check '--unused' rtbuild gc --unused 2
stderr_has 'removed 1 files of package indexes'
is 'takes what nobody used' "$(kept_files) $(find "$RTBUILD_STORE/cache/wheels" -mindepth 1 -type d | wc -l)" '5 1'
mark
check 'what is gone' layer -i "$PYPI/json+meta/main/simple/"
is 'is fetched again' "$(asked '\.whl 200')" 1
check '--max-size' rtbuild gc --max-size 1kB --json
is 'makes it fit' "$(du -bc "$RTBUILD_STORE"/cache/pages/* "$RTBUILD_STORE"/cache/metadata/* "$RTBUILD_STORE"/cache/wheels/*/* 2>/dev/null | awk 'END { print $1 <= 1000 }')" 1
check 'fsck' rtbuild fsck

# --- yanked, old Pythons, states of a project ---

gives 'alpha-5.0' json 'alpha==5.0'
stderr_has 'alpha-5.0.*yanked.*eats'
is 'the reason cannot speak to the terminal' "$(grep -c "$(printf '\033\\[31m')" "$err")" 0
gives 'alpha-5.0' html 'alpha===5.0'
refused 6 'alpha-5.0-py3-none-any.whl was yanked: eats' html 'alpha>=5'
stderr_has 'alpha-4.0-py3-none-any.whl does not satisfy|alpha-4.0'
refused 6 'alpha-4.0-py3-none-any.whl needs Python >=3.12' json+meta 'alpha==4.0'
is 'Requires-Python of the page is enough' "$(asked '/f/')" 0
gives 'gamma-1.0' json gamma
gives 'gamma-1.0' html gamma
refused 6 'alpha-6.0.tar.gz is a source archive' json 'alpha>=6'
refused 6 'manylinux_2_99' json 'beta==2.0'
refused 6 'there is no wheel of nothing-here .* in http://127.*/json/main/simple' json nothing-here
gives 'old_thing-1.0' json old-thing
stderr_has 'old-thing is archived: use beta'
gives 'old_thing-1.0' html old-thing
stderr_has 'old-thing is archived: use beta'
refused 6 'quarantined: it steals' json malware
refused 6 'quarantined: it steals' html malware

# --- what is not believed ---

refused 7 'alpha-2.0.* is sha256:.*its page says sha256:' json+bad alpha
is 'nothing of it is kept' "$(find "$RTBUILD_STORE/cache/wheels" -name '*.whl' 2>/dev/null)" ''
refused 7 'another METADATA than its index gave' json+meta+lie alpha
refused 7 'metadata does not have the sha256' json+meta+badmeta alpha
hash=$(sha256sum idx/main/beta-1.5-py3-none-any.whl | cut -c 1-64)
gives 'beta-1.5' json "beta==1.5 --hash=sha256:$hash"
refused 7 "none of the hashes asked for; it is sha256:$hash" json 'beta==1.5 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000'
is 'a wrong hash is seen on the page' "$(asked '/f/')" 0
refused 5 'refused us' json+deny alpha
printf 'alpha\n' >req.txt
exits 3 layer -i "$PYPI/odd/main/simple"
stderr_has "content type is 'text/plain'"
exits 3 layer -i 'https://'
exits 8 layer -i http://index.example/simple
stderr_has 'plain http'
start_proxy "index.example:80=${PYPI#http://}"
printf -- '-i http://index.example/json/main/simple\nalpha\n' >plain.txt
exits 8 env http_proxy="http://$PROXY" rtbuild layer -r plain.txt --python 3.11 -o plain.zip
stderr_has '--trusted-host index.example'
sed -i '1i --trusted-host index.example' plain.txt
check 'a host that the requirements trust' env http_proxy="http://$PROXY" rtbuild layer -r plain.txt --python 3.11 -o plain.zip

# --- credentials ---

secret=p:w
login() { printf '%s' "$1" | sed "s,//,//u:p%3Aw@,"; }
basic=$(printf 'u:%s' "$secret" | base64)
fresh_store
exits 5 layer -i "$PYPI/json+meta+auth/main/simple"
mark
check 'user and password in the URL' layer -v -i "$(login "$PYPI")/json+meta+auth/main/simple"
is 'reach pages and files' "$(asked "Basic $basic\$")" "$(asked .)"
stderr_hasnt 'p%3Aw|p:w'
is 'are not in the store' "$(grep -rlF -e p%3Aw -e p:w -e "$basic" "$RTBUILD_STORE")" ''
printf 'nothing-here\n' >req.txt
exits 6 layer -i "$(login "$PYPI")/json+meta+auth/main/simple"
stderr_hasnt 'p%3Aw|p:w'
printf 'alpha\n' >req.txt
fresh_store
printf 'machine 127.0.0.1 login u password p:w\n' >"$HOME/.netrc"
check 'those of ~/.netrc' layer -i "$PYPI/json+meta+auth/main/simple"
rm "$HOME/.netrc"
fresh_store
exits 5 layer -i "$(printf '%s' "$PYPI" | sed 's,//,//u:wrong@,')/json+auth/main/simple"
stderr_hasnt wrong
fresh_store
mark
check 'files that are elsewhere' layer -i "$(login "$PYPI")/json+meta+auth+away/main/simple"
is 'come from the other origin' "$(asked '^2 GET .*\.whl 200')" 2
is 'which never sees the credentials' "$(asked '^2 .* Basic ')" 0
is 'the first one does' "$(asked '^1 .* Basic ')" "$(asked '^1 ')"

# --- several indexes ---

fresh_store
printf 'private-thing\nbeta\n' >req.txt
mark
check 'an extra index comes first' layer -i "$PYPI/json/main/simple" --extra-index-url "$PYPI/json/extra/simple"
is 'so nobody can outbid a private name' "$(distributions)" 'beta-1.2 private_thing-1.0 '
is 'and the other index does not hear of it' "$(asked '/main/')" 0
printf 'private-thing\ngamma\n' >req.txt
check 'what it does not have' layer -i "$PYPI/json/main/simple" --extra-index-url "$PYPI/json/extra/simple"
is 'comes from the next' "$(distributions)" 'gamma-1.0 private_thing-1.0 '
mark
check 'offline' layer -i "$PYPI/json/main/simple" --extra-index-url "$PYPI/json/extra/simple" --offline
is 'the same' "$(distributions)$(asked .)" 'gamma-1.0 private_thing-1.0 0'
printf 'delta\n' >req.txt
exits 6 layer -i "$PYPI/json/main/simple" --extra-index-url "$PYPI/json/extra/simple"
stderr_has "in http://.*/json/extra/simple, http://.*/json/main/simple"
stderr_has 'did you mean|--find-links'
printf 'private-thing\n' >req.txt
check 'the variables of pip' env PIP_INDEX_URL="$PYPI/json/main/simple" PIP_EXTRA_INDEX_URL="$PYPI/json/empty/simple $PYPI/json/extra/simple" \
	rtbuild layer -r req.txt --python 3.11 -o out.zip
is 'stand for the options' "$(distributions)" 'private_thing-1.0 '
run env PIP_NO_INDEX=1 PIP_INDEX_URL="$PYPI/json/main/simple" rtbuild layer -r req.txt --python 3.11 -o out.zip
is 'PIP_NO_INDEX' "$status" 6
run layer -i "$PYPI/json/main/simple" --no-index
is '--no-index' "$status" 6
printf -- '-i %s/json/main/simple\n--extra-index-url=%s/json/extra/simple\nprivate-thing\n' "$PYPI" "$PYPI" >req.txt
check 'lines of a file' layer -i "$PYPI/json/empty/simple"
is 'come before the options' "$(distributions)" 'private_thing-1.0 '
printf -- '-i %s/json/main/simple\n--no-index\nbeta\n' "$PYPI" >req.txt
exits 6 layer

# --- pages of links, and files by their URL ---

fresh_store
printf 'alpha\n' >req.txt
check 'a page of links' layer --find-links "$PYPI/html/main/links.html"
is 'is as good as a folder' "$(distributions)" 'alpha-2.0 beta-1.5 '
check 'without any index' layer --no-index --find-links "$PYPI/html/main/links.html"
check 'offline' layer --offline --find-links "$PYPI/html/main/links.html"
check 'from a variable' env PIP_FIND_LINKS="$PYPI/html/main/links.html" rtbuild layer -r req.txt --python 3.11 -o out.zip
exits 6 layer --find-links "$PYPI/html/main/none.html"
check 'a folder and an index' layer --find-links idx/extra -i "$PYPI/json/main/simple"
is 'both count' "$(distributions)" 'alpha-2.0 beta-1.5 '
printf 'alpha @ %s/json/main/f/alpha-1.0-py3-none-any.whl\nbeta\n' "$PYPI" >req.txt
mkdir given
check 'a wheel by its URL' layer -i "$PYPI/json/main/simple"
is 'is the one' "$(distributions)" 'alpha-1.0 beta-1.5 '
make_wheel given pointer 1.0 "requires=alpha @ $PYPI/json/main/f/alpha-1.0-py3-none-any.whl"
printf 'pointer\n' >req.txt
exits 8 layer --no-index --find-links given
stderr_has 'pointer-1.0-py3-none-any.whl needs alpha from http://.*/alpha-1.0-py3-none-any.whl, which is not fetched unless you name it'
printf 'alpha @ %s/json/main/f/alpha-1.0-py3-none-any.whl\n' "$PYPI" >>req.txt
check 'a wheel by a URL that another one asks for, and the user' layer --no-index --find-links given
is 'is taken' "$(distributions)" 'alpha-1.0 pointer-1.0 '
printf 'alpha\n' >req.txt
exits 6 layer --no-index --find-links given
stderr_has 'no package index was asked: .* --index-url https://pypi.org/simple/'
printf '%s/json/main/f/beta-1.5-py3-none-any.whl#sha256=%s\n' "$PYPI" "$hash" >req.txt
check 'with its hash' layer --no-index
printf '%s/json/main/f/beta-1.5-py3-none-any.whl#sha256=%s\n' "$PYPI" "$(printf x | sha256sum | cut -c 1-64)" >req.txt
exits 7 layer --no-index
mkdir web
printf -- '-i %s/json/main/simple\nbeta\n' "$PYPI" >web/r.txt
start_web web
check 'requirements by a URL' rtbuild layer -r "$WEB/r.txt" --python 3.11 -o out.zip
is 'mean the same' "$(distributions)" 'beta-1.5 '

# --- build takes the same options, for a backend ---

for option in "-i $PYPI/json/main/simple" '--extra-index-url https://index.example/' --no-index --offline '--find-links idx/main' '-r req.txt'; do
	# shellcheck disable=SC2086 # words
	exits 2 rtbuild build $option -t x .
done
stderr_has 'is for --backend'

# --- PyPI, where nothing else is said ---

start_proxy files.example:443=127.0.0.1:1
printf 'alpha\n' >req.txt
fresh_store
run env https_proxy="http://$PROXY" rtbuild layer -r req.txt --python 3.11 -o out.zip
is 'nothing said: PyPI is asked, exit 4' "$status" 4
file_has 'the proxy' "$PROXY_LOG" 'CONNECT pypi.org:443'
: >"$PROXY_LOG"
run env https_proxy="http://$PROXY" RTBUILD_FIND_LINKS="$TMP/idx/extra" rtbuild layer -r req.txt --python 3.11 -o out.zip
is 'a folder is named: nobody is asked' "$status$(wc -l <"$PROXY_LOG")" 60

# --- pip chooses the same files ---

need_all_wheels
ln -s "$ALL_WHEELS" idx/all
pip=$(ls /usr/share/python-wheels/pip-*.whl)
printf '%s\n' numpy requests redis pika cloudpickle tblib psutil >req.txt
for machine in x86_64 aarch64; do
	rm -rf got && mkdir got
	check "pip download for $machine" env -i HOME="$HOME" PATH=/usr/bin:/bin PYTHONPATH="$pip" /usr/bin/python3 -m pip download -q --no-cache-dir \
		--disable-pip-version-check -d got -r req.txt -i "$PYPI/json+meta/all/simple" --only-binary :all: --implementation cp --python-version 3.11 \
		--abi cp311 --abi abi3 --abi none --platform "manylinux_2_36_$machine"
	fresh_store
	check "rtbuild layer for $machine" layer -i "$PYPI/json+meta/all/simple" --libc glibc-2.36 --platform "linux/$([ $machine = x86_64 ] && echo amd64 || echo arm64)"
	cp out.zip index.zip
	check 'the same from a folder' layer --find-links "$ALL_WHEELS" --libc glibc-2.36 --platform "linux/$([ $machine = x86_64 ] && echo amd64 || echo arm64)"
	check 'same bytes' cmp out.zip index.zip
	is "$machine: the same wheels" "$(find "$RTBUILD_STORE/cache/wheels" -name '*.whl' -printf '%f %s\n' | sort)" "$(find got -name '*.whl' -printf '%f %s\n' | sort)"
done
fresh_store
mark
check 'a function zip of a backend' rtbuild build --backend gcp_functions --python 3.11 --platform linux/amd64 -i "$PYPI/json+meta/all/simple" -o one.zip
is 'comes from the index' "$(asked 'lithops.*\.whl 200')" 1
check 'the same from a folder' rtbuild build --backend gcp_functions --python 3.11 --platform linux/amd64 --find-links "$ALL_WHEELS" -o two.zip
check 'same bytes' cmp one.zip two.zip
finish
