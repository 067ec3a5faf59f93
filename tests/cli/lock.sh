#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# rtbuild python lock: what it writes, in both formats, and that it is input again.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

make_wheel() {
	"$ROOT/tests/cli/make-wheel" "$@" >>made
}
lock() {
	rtbuild -q python lock --no-index --python 3.11 --platform linux/amd64 "$@"
}
hash_of() {
	sha256sum "$1" | cut -c1-64
}

mkdir wheels other lw
make_wheel lw lithops 3.7.1 file=lithops/version.py=x
make_wheel wheels App.le 1.0 'requires=pear>=1'
make_wheel wheels App.le 2.0 'requires=pear>=2' "requires=fig; platform_machine == 'aarch64'" 'python=>=3.8'
make_wheel wheels pear 1
make_wheel wheels pear 2
make_wheel wheels pear 2 tag=cp311-cp311-manylinux_2_17_x86_64
make_wheel wheels pear 2 tag=cp311-cp311-manylinux_2_17_aarch64
make_wheel wheels pear 3rc1
make_wheel wheels fig 1
printf 'app.le>=1 # the usual\n' >req.txt

# --- requirements with hashes ---

exits 0 lock -r req.txt pear --find-links wheels -o lock.txt
stdout_is lock.txt
cat >expected <<-END
	# rtbuild python lock: Python 3.11 on linux/amd64 with glibc 2.36
	app-le==2.0 \\
	    --hash=sha256:$(hash_of wheels/App.le-2.0-py3-none-any.whl)
	    # via -r req.txt
	pear==2 \\
	    --hash=sha256:$(hash_of wheels/pear-2-cp311-cp311-manylinux_2_17_aarch64.whl) \\
	    --hash=sha256:$(hash_of wheels/pear-2-cp311-cp311-manylinux_2_17_x86_64.whl) \\
	    --hash=sha256:$(hash_of wheels/pear-2-py3-none-any.whl)
	    # via
	    #   app-le
	    #   the command line
END
check 'the lock' diff expected lock.txt
exits 0 lock -r req.txt pear --find-links wheels
is 'the same on stdout' "$(cat "$out")" "$(cat expected)"
exits 0 lock -r req.txt pear --find-links wheels -o -
is 'and as -' "$(cat "$out")" "$(cat expected)"
mkfifo pipe
cat pipe >piped &
exits 0 lock -r req.txt pear --find-links wheels -o pipe
wait $!
check 'and through a FIFO, which stays one' sh -c 'test -p pipe && cmp piped expected'
exits 0 lock -r lock.txt --find-links wheels -o again.txt
is 'a lock locks itself' "$(grep -v '#' again.txt)" "$(grep -v '#' lock.txt)"

# Markers are the target's, and other targets of the family install from the same lock.
exits 0 lock -r req.txt --find-links wheels --platform linux/arm64 -o arm.txt
is 'fig is for arm64 alone' "$(grep -c '^fig==1' arm.txt) $(grep -c '^fig' lock.txt)" '1 0'
exits 0 rtbuild -q layer -r lock.txt --no-index --find-links wheels --python 3.11 --platform linux/amd64 -o locked.zip
check 'the best wheel of it' sh -c 'unzip -p locked.zip python/pear-2.dist-info/WHEEL | grep -q manylinux_2_17_x86_64'
printf 'pear==2\n' >pear.txt
exits 0 lock -r pear.txt --find-links wheels -o pear.lock.txt
exits 0 rtbuild -q layer -r pear.lock.txt --no-index --find-links wheels --python 3.11 --platform linux/arm64 -o arm.zip
check 'the best wheel for arm64' sh -c 'unzip -p arm.zip python/pear-2.dist-info/WHEEL | grep -q manylinux_2_17_aarch64'
exits 0 rtbuild -q layer -r pear.lock.txt --no-index --find-links wheels --python 3.12 --platform linux/arm64 -o twelve.zip
check 'the only wheel for 3.12' sh -c 'unzip -p twelve.zip python/pear-2.dist-info/WHEEL | grep -q py3-none-any'

# A wheel that is none of the lock's is refused.
cp -r wheels changed
make_wheel changed App.le 2.0 'requires=pear>=2' 'file=more.py=x=1'
exits 7 rtbuild -q layer -r lock.txt --no-index --find-links changed --python 3.11 --platform linux/amd64 -o no.zip
stderr_has 'lock.txt:2'
stderr_has 'has none of the hashes asked for'
check 'nothing is written' test ! -e no.zip

# --- pylock.toml ---

exits 0 lock -r req.txt --find-links wheels -o pylock.toml
is 'it is what the specification says' "$("$ROOT/tests/python/pylock-check" pylock.toml)" 'app-le 2.0 1
pear 2 3'
exits 0 lock -r req.txt --find-links wheels -o pylock.twin.toml
check 'the same bytes' cmp pylock.toml pylock.twin.toml
exits 0 rtbuild -q layer -r pylock.toml --no-index --python 3.11 --platform linux/amd64 -o py.zip
is 'it needs no other place' "$(unzip -l py.zip | grep -c 'dist-info/WHEEL')" 2
exits 0 rtbuild -q layer -r req.txt --no-index --find-links wheels --python 3.11 --platform linux/amd64 -o plain.zip
is 'the same files as without it' "$(unzip -l py.zip | sed 1d | grep -v REQUESTED | grep -c 'python/')" \
	"$(unzip -l plain.zip | sed 1d | grep -v REQUESTED | grep -c 'python/')"
mkdir elsewhere
exits 0 sh -c 'cd elsewhere && rtbuild -q layer -r ../pylock.toml --no-index --python 3.11 --platform linux/amd64 -o py.zip'
check 'its paths are its own' cmp py.zip elsewhere/py.zip
exits 8 rtbuild -q layer -r pylock.toml --no-index --python 3.12 --platform linux/amd64 -o no.zip
stderr_has 'it is not for Python 3.12'
exits 8 rtbuild -q layer -r pylock.toml --no-index --python 3.11 --platform linux/arm64 -o no.zip
stderr_has 'none of its environments holds'
exits 0 lock pear --find-links wheels -o pylock.pear.toml
exits 0 rtbuild -q layer -r pylock.pear.toml --no-index --python 3.11 --platform linux/arm64 -o pear.zip
check 'without a marker for the machine it is for both' sh -c 'unzip -p pear.zip python/pear-2.dist-info/WHEEL | grep -q aarch64'
cp pylock.toml lock-in-requirements.toml
sed 's/sha256 = "[0-9a-f]\{8\}/sha256 = "00000000/' pylock.toml >pylock.bad.toml
exits 7 rtbuild -q layer -r pylock.bad.toml --no-index --python 3.11 --platform linux/amd64 -o no.zip
stderr_has 'has none of the hashes asked for'
sed 's/size = [0-9]*/size = 7/' pylock.toml >pylock.bad.toml
exits 7 rtbuild -q layer -r pylock.bad.toml --no-index --python 3.11 --platform linux/amd64 -o no.zip
stderr_has 'has [0-9]+ bytes, its lock says 7'
sed "s/hashes = {/&sha512 = \"$(printf %0128d 0)\", /" pylock.toml >pylock.bad.toml
exits 7 rtbuild -q layer -r pylock.bad.toml --no-index --python 3.11 --platform linux/amd64 -o no.zip
stderr_has 'has none of the hashes asked for'
# Each file has its own hashes: that of another in the list will not do.
one=$(hash_of wheels/pear-2-py3-none-any.whl) two=$(hash_of wheels/pear-2-cp311-cp311-manylinux_2_17_x86_64.whl)
sed "s/$one/XX/; s/$two/$one/; s/XX/$two/" pylock.toml >pylock.bad.toml
exits 7 rtbuild -q layer -r pylock.bad.toml --no-index --python 3.11 --platform linux/amd64 -o no.zip
stderr_has 'pear-2-.* has none of the hashes asked for'
make_wheel other malformed 1 'python=>=3.6.*'
exits 0 lock malformed --find-links other -o pylock.malformed.toml
is 'what is no specifier is not in a lock' "$("$ROOT/tests/python/pylock-check" pylock.malformed.toml)" 'malformed 1 1'
exits 0 lock ./wheels/pear-2-py3-none-any.whl -o pylock.file.toml
is 'a wheel by its path is an archive' "$("$ROOT/tests/python/pylock-check" pylock.file.toml)" 'pear 2 0'
exits 0 rtbuild -q layer -r pylock.file.toml --no-index --python 3.11 --platform linux/amd64 -o file.zip
exits 0 lock ./wheels/pear-2-py3-none-any.whl
stdout_has "^pear @ file://.*/wheels/pear-2-py3-none-any.whl"
cp "$out" file.txt
exits 0 rtbuild -q layer -r file.txt --no-index --python 3.11 --platform linux/amd64 -o file2.zip
check 'the same layer by both' cmp file.zip file2.zip

# Extras and dependency groups of one that another tool wrote.
{
	sed -n '1,/^environments/p' pylock.pear.toml | sed '$d'
	printf 'extras = ["more"]\ndependency-groups = ["dev"]\ndefault-groups = ["main"]\ncreated-by = "hand"\n'
	for name in fig pear; do
		printf '[[packages]]\nname = "%s"\nmarker = "%s"\nwheels = [{path = "wheels/%s-1-py3-none-any.whl", hashes = {sha256 = "%s"}}]\n' \
			$name "$([ $name = fig ] && echo "'more' in extras or 'dev' in dependency_groups" || echo "'main' in dependency_groups")" \
			$name "$(hash_of wheels/$name-1-py3-none-any.whl)"
	done
} >pylock.choice.toml
# chosen NAMES OPTION...
chosen() {
	names=$1
	shift
	exits 0 rtbuild -q layer -r pylock.choice.toml --no-index --python 3.11 --platform linux/amd64 -o chosen.zip "$@"
	is "of a lock: $* gives $names" "$(unzip -Z1 chosen.zip | sed -n 's,^python/\([^/]*\)-1.dist-info/METADATA$,\1,p' | tr '\n' ' ')" "$names "
}
chosen pear
chosen 'fig pear' --extra More
chosen fig --no-default-groups --group dev
exits 3 rtbuild -q layer -r pylock.choice.toml --no-index --extra nope -o no.zip
stderr_has "pylock.choice.toml: it has no extra 'nope'"
stderr_has 'it has more'
exits 2 rtbuild -q layer -r req.txt --no-index --find-links wheels --group dev -o no.zip
stderr_has 'choose from a pylock.toml, and there is none'
exits 2 rtbuild -q layer --no-index --extra more -o no.zip
exits 2 rtbuild -q build --extra more .
stderr_has -- '--extra is for --backend'
exits 2 rtbuild -q build --backend knative --installer pip -r req.txt --extra more --no-index --find-links lw
stderr_has 'installed by the Dockerfile.s pip'

# --- what was locked before is kept ---

exits 0 lock 'app.le<2' --find-links wheels -o old.txt
sed 's/^pear==2/pear==1/' old.txt >kept.txt
for format in kept.txt pylock.kept.toml; do
	[ -e "$format" ] || sed 's/pear-2/pear-1/; s/^version = "2"/version = "1"/' pylock.pear.toml >"$format"
	cp "$format" before
	exits 0 lock 'app.le<2' --find-links wheels -o "$format"
	check "$format: pear stays" grep -Eq '^pear==1|pear-1-py3' "$format"
	exits 0 lock 'app.le<2' --find-links wheels -o "$format" -P App.Le
	check "$format: app.le alone is upgraded" grep -Eq '^pear==1|pear-1-py3' "$format"
	exits 0 lock 'app.le<2' --find-links wheels -o "$format" --upgrade-package Pear
	check "$format: pear is upgraded" grep -Eq '^pear==2|pear-2-py3' "$format"
	cp before "$format"
	exits 0 lock 'app.le<2' --find-links wheels -o "$format" -U
	check "$format: all is upgraded" grep -Eq '^pear==2|pear-2-py3' "$format"
	cp before "$format"
	exits 0 lock 'app.le>=2' --find-links wheels -o "$format"
	check "$format: not against the requirements" grep -Eq '^pear==2|pear-2-py3' "$format"
done
printf 'pear==\n' >broken.txt
exits 3 lock pear --find-links wheels -o broken.txt
stderr_has 'the lock that is there'
stderr_has 'upgrade'
is 'nothing was lost' "$(cat broken.txt)" 'pear=='
exits 0 lock pear --find-links wheels -o broken.txt --upgrade

# --- options ---

exits 0 lock pear --pre --find-links wheels
stdout_has '^pear==3rc1'
exits 0 lock app.le --no-deps --find-links wheels
stdout_has '^app-le==2.0'
is 'no dependencies' "$(grep -c pear "$out")" 0
printf 'pear<2\nfig==1\n' >limits.txt
exits 0 lock 'app.le' -c limits.txt --find-links wheels
stdout_has '^app-le==1.0'
is 'a constraint asks for nothing' "$(grep -c fig "$out")" 0
exits 0 rtbuild -q python lock pear --no-index --find-links wheels --target lambda-python3.11-arm64
stdout_has 'Python 3.11.* on linux/arm64 with glibc 2.26'
exits 0 rtbuild -q --json python lock pear --no-index --find-links wheels -o json.txt
is 'json names the file' "$(jq -r .path "$out")" json.txt
exits 2 lock
stderr_has 'what to lock'
exits 2 lock pear --find-links wheels -o kept.txt -P 'pear==2'
stderr_has 'takes a name'
exits 6 lock req.txt --find-links wheels
stderr_has 'write -r req.txt'
exits 6 lock nowhere --find-links wheels
stderr_has 'there is no wheel of nowhere'
touch wheels/plum-1.0.tar.gz
exits 6 lock plum --find-links wheels
stderr_has 'plum-1.0.tar.gz is a source archive'
stderr_has 'find-links'
stderr_has 'installer pip'

# --- other places in a file ---

printf -- '--no-binary pear\napp.le\n' >nobinary.txt
exits 8 lock -r nobinary.txt --find-links wheels
stderr_has 'nobinary.txt:1:13'
stderr_has 'asks for a build of pear'
printf -- '--no-binary nobody\napp.le\n' >nobinary.txt
exits 0 lock -r nobinary.txt --find-links wheels

# --- package indexes: what is asked of them ---

mkdir idx idx/main
cp wheels/*.whl wheels/*.tar.gz idx/main
start_pypi idx
asked() { # REGEX: how many requests since the mark match
	sed "1,${log_mark}d" "$PYPI_LOG" | grep -Ec -- "$1"
}
# anew ARG...: rtbuild with a new store, its requests counted from here
anew() {
	rm -rf "$RTBUILD_STORE"
	log_mark=$(wc -l <"$PYPI_LOG")
	rtbuild -q "$@"
}
json=$PYPI/json+meta/main/simple/
exits 0 anew python lock app.le -i "$json" --python 3.11 --platform linux/amd64 -o index.txt
is 'no wheel is fetched for a lock' "$(asked '\.whl 20')" 0
exits 0 lock app.le --find-links wheels -o local.txt
check 'the lock of an index is that of a directory' cmp index.txt local.txt
exits 0 anew python lock app.le -i "$PYPI/html+unsaid/main/simple" --python 3.11 --platform linux/amd64 -o unsaid.txt
check 'hashes an index does not say are made' cmp index.txt unsaid.txt
exits 0 anew python lock app.le -i "$json" --python 3.11 --platform linux/amd64 -o pylock.index.toml
is 'it is what the specification says' "$("$ROOT/tests/python/pylock-check" pylock.index.toml)" 'app-le 2.0 1
pear 2 3'
check 'the index is named' grep -q "^index = \"$json\"" pylock.index.toml
check 'and the place of each wheel' grep -q "url = \"$PYPI/.*/pear-2-py3-none-any.whl\"" pylock.index.toml

exits 0 anew layer -r pylock.index.toml --python 3.11 --platform linux/amd64 -o index.zip
is 'a pylock.toml asks for two wheels, and nothing else' "$(asked '\.whl 200') $(asked .)" '2 2'
exits 0 anew layer -r index.txt -i "$json" --python 3.11 --platform linux/amd64 -o hashed.zip
is 'hashed requirements ask for no metadata' "$(asked '\.whl 200') $(asked '/simple/') $(asked .)" '2 2 4'
check 'the same layer' cmp index.zip hashed.zip
exits 0 anew layer -r index.txt -i "$json" --find-links wheels --python 3.11 --platform linux/amd64 -o local.zip
is 'what is at hand by its hash is not asked for' "$(asked .)" 0
check 'the same layer' cmp index.zip local.zip
printf 'pear==2 --hash=sha256:%064d\n' 0 >wrong.txt
exits 7 anew layer -r wrong.txt -i "$json" --python 3.11 --platform linux/amd64 -o no.zip
stderr_has 'wrong.txt:1'
is 'a file with another hash is not fetched' "$(asked '\.whl')" 0
exits 6 anew layer -r pylock.index.toml --python 3.11 --platform linux/amd64 -o no.zip --offline

# A wheel by its URL; credentials reach the server and no lock.
secret=$(echo "$PYPI" | sed 's,//,//u:p%3Aw@,')
url=$(sed -n 's/.*url = "\([^"]*pear-2-py3[^"]*\)".*/\1/p' pylock.index.toml)
exits 0 anew python lock "pear @ $url" --no-index --python 3.11 -o pylock.url.toml
is 'a wheel by its URL is an archive' "$("$ROOT/tests/python/pylock-check" pylock.url.toml)" 'pear 2 0'
exits 0 anew layer -r pylock.url.toml --python 3.11 -o url.zip
exits 0 anew python lock "pear @ $url" --no-index --python 3.11 -o url.txt
check 'and stays one' grep -q "^pear @ $url" url.txt
for file in auth.txt pylock.auth.toml; do
	exits 0 anew python lock pear -i "$secret/json+auth/main/simple/" --python 3.11 -o "$file"
	is "$file: no credentials" "$(grep -c 'p%3Aw\|p:w\|u:' "$file")" 0
done
exits 0 anew layer -r pylock.auth.toml -i "$secret/json+auth/main/simple/" --python 3.11 -o auth.zip

# pip takes the lock, hashes and all.
pip=$(echo /usr/share/python-wheels/pip-*.whl)
check 'pip installs the lock' env PIP_CONFIG_FILE=/dev/null /usr/bin/python3 "$pip/pip" install --quiet --no-compile \
	--no-index --find-links wheels --require-hashes --target piptree -r local.txt
check 'the same packages' test -e piptree/pear.py -a -e piptree/App.le.py
finish
