#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build --installer pip: what the RUN is, and which files of the user's it finds. The base has a
# stand-in for pip that writes down what it was called with and can read; pip itself installs in
# runtimes.sh.
# The $ in single quotes are of names and lines.
# shellcheck disable=SC2016
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
cat >pip <<'END'
#!/bin/sh
echo "pip $*" >>/pip.calls
seen=
for word; do
	[ "$seen" != -r ] || cat "$word" >>/pip.read || exit 1
	seen=$word
done
END
chmod +x pip
cp "$TINY/rootfs.tar" .
printf 'FROM scratch\nADD rootfs.tar /\nENV PATH=/usr/bin\nCOPY pip /usr/bin/\nCOPY pip /usr/local/bin/python3.11\n' >Dockerfile
check 'a base with a stand-in for pip' rtbuild build -q -t pip:1 .

build() { rtbuild build -q -b localhost:container --base pip:1 --installer pip --no-cache "$@" -t made:1; }
inside() { rtbuild run made:1 "$@" 2>>"$err"; }
# The backend's own packages as words.
own=$(rtbuild template show localhost:container | jq -r '.packages | join(" ")')
files=/tmp/python-requirements

# --- what pip is called with ---

check 'without files' build
is 'without files: one call' "$(inside cat /pip.calls)" "pip install --no-cache-dir $own"
is 'without files: no context' "$(inside ls /tmp)" ''
mkdir -p req/sub
printf 'pandas==2.0  # why\n-r sub/more.txt\n' >req/all.txt
printf -- '-c ../bounds.txt\nscipy; python_version >= "3.8"\n' >req/sub/more.txt
printf 'scipy<2\n' >req/bounds.txt
printf 'extra' >other.txt
check 'with files' build -r req/all.txt -r other.txt
is 'with files: one call, the backend'\''s packages too' "$(inside cat /pip.calls)" \
	"pip install --no-cache-dir -r $files/1/all.txt -r $files/2/other.txt $own"
is 'with files: and what they name, in place' "$(inside find $files -type f | sort | tr '\n' ' ')" \
	"$files/1/all.txt $files/1/bounds.txt $files/1/sub/more.txt $files/2/other.txt "
is 'with files: byte for byte' "$(inside cat $files/1/all.txt $files/1/sub/more.txt $files/1/bounds.txt $files/2/other.txt | sha256sum)" \
	"$(cat req/all.txt req/sub/more.txt req/bounds.txt other.txt | sha256sum)"
first=$(digest_of made:1)
check 'from elsewhere' sh -c 'mkdir -p far && cp -r req other.txt far/'
(cd far && touch -d 2001-02-03 req/* other.txt)
check 'the same files' build -r far/req/all.txt -r "$TMP/far/other.txt"
is 'the same files: the same requirements layer' "$(manifest made:1 | jq -r '.layers[-2].digest')" \
	"$(jq -r '.layers[-2].digest' "$(blob "$first")")"
cached() { rtbuild build -b localhost:container --base pip:1 --installer pip -r req/all.txt -t made:1; }
check 'into the cache' cached
check 'nothing changed' cached
file_has 'nothing changed: the step is known' "$err" 'CACHED|cached'
printf 'scipy<3\n' >req/bounds.txt
check 'a file that another one names changed' cached
is 'it changed: pip is called again' "$(inside cat $files/1/bounds.txt)" 'scipy<3'

# --- hashes ---

hash=$(printf '%064d' 1)
printf 'six==1.16 --hash=sha256:%s\n' "$hash" >hashed.txt
check 'hashes' build -r hashed.txt
is 'hashes: of those files alone, then the rest, and nothing was replaced' "$(inside cat /pip.calls)" \
	"pip install --no-cache-dir -r $files/1/hashed.txt
pip install --no-cache-dir $own
pip install --no-deps --no-index -r $files/1/hashed.txt"
is 'hashes: they are kept' "$(inside cat $files/1/hashed.txt)" "$(cat hashed.txt)"

# --- where it looks ---

mkdir wheels
check 'indexes' build --index-url 'https://h/a/simple?x=1&y' --extra-index-url https://e/simple/ --find-links wheels \
	--find-links https://h/page.html -r hashed.txt
is 'indexes: each call that looks' "$(inside cat /pip.calls)" \
	"pip install --no-cache-dir --index-url https://h/a/simple?x=1&y --extra-index-url https://e/simple/ --find-links https://h/page.html -r $files/1/hashed.txt
pip install --no-cache-dir --index-url https://h/a/simple?x=1&y --extra-index-url https://e/simple/ --find-links https://h/page.html $own
pip install --no-deps --no-index -r $files/1/hashed.txt"
check 'none' build --no-index
is 'none: said to pip' "$(inside cat /pip.calls)" "pip install --no-cache-dir --no-index $own"
check 'a variable of this shell is not of the RUN' env PIP_INDEX_URL=https://v/simple/ \
	rtbuild build -q -b localhost:container --base pip:1 --installer pip --no-cache -t made:1
is 'a variable: not there' "$(inside cat /pip.calls)" "pip install --no-cache-dir $own"
exits 8 build --index-url https://me:s3cret@h/simple/
stderr_has 'stay in the image'
stderr_hasnt s3cret
exits 8 build --extra-index-url https://t0ken@h/simple/
stderr_hasnt t0ken
exits 2 build --index-url "https://h/'
RUN evil"
exits 2 build --index-url simple
stderr_has 'is no URL'

# --- names of every kind ---

mkdir 'a dir'
echo six >'a dir/ünï $HOME `x` "q".txt'
check 'a name no shell may read into' build -r 'a dir/ünï $HOME `x` "q".txt'
is 'a name no shell may read into: read' "$(inside cat /pip.read)" six
echo six >"it's.txt"
exits 8 build -r "it's.txt"
stderr_has 'rename it'

# --- what pip in an image could not follow ---

# refused STATUS PLACE TEXT LINE
refused() {
	printf '# first\n%s\n' "$4" >sub.txt
	run build -r sub.txt
	is "refused: $4" "$status" "$1"
	stderr_has "$2"
	stderr_has "$3"
}
mkdir deep
echo six >deep/in.txt
refused 8 'sub\.txt:2:4' 'not below the folder' '-r ../up.txt'
refused 8 'sub\.txt:2:4' 'not below the folder' '-c /etc/hostname'
refused 8 'sub\.txt:2:1' 'not below the folder' '--constraint=file:///etc/hostname'
refused 8 'sub\.txt:2:1' 'of this machine' './six-1-py3-none-any.whl'
refused 8 'sub\.txt:2:1' 'of this machine' 'six-1-py3-none-any.whl'
refused 8 'sub\.txt:2:1' 'of this machine' 'six @ file:///six-1-py3-none-any.whl'
refused 8 'sub\.txt:2:4' 'place of this machine' '-e .'
refused 8 'sub\.txt:2:4' 'place of this machine' '-f wheels'
refused 8 'sub\.txt:2:1' 'password' '--index-url https://me:s3cret@h/simple/'
stderr_hasnt s3cret
refused 8 'sub\.txt:2:1' 'password' 'x @ git+https://t0ken@h/x.git'
stderr_hasnt t0ken
refused 8 'sub\.txt:2:1' 'no variables' '--index-url https://h/${TOKEN}/'
refused 3 'sub\.txt:2:1' 'unknown option' '--bogus'
refused 6 'none\.txt' 'No such file' '-r none.txt'
printf '# -r ../up.txt ${NOT} https://a:b@c\n-r deep/in.txt\nx @ git+ssh://git@h/x.git@v1\ny @ https://h/y.whl\n' >fine.txt
check 'what pip can follow' build -r fine.txt
echo 'lock-version = "1.0"' >pylock.toml
exits 8 build -r pylock.toml
stderr_has 'installer wheels'
exits 8 build -r https://example.invalid/req.txt
exits 2 build --precompile python3.11
stderr_has 'installer wheels'

# --- a Dockerfile of the user's ---

printf 'FROM scratch\nCOPY other.txt /\n' >Dockerfile
exits 2 rtbuild build -b openwhisk -f Dockerfile -r other.txt -t none:1 .
stderr_has 'takes nothing of it'
printf 'FROM pip:1\nCOPY --from=python-requirements / /req/\n' >Dockerfile
check 'one that copies the files' rtbuild build -q -b openwhisk -f Dockerfile -r other.txt -t made:1 .
is 'one that copies the files: has them' "$(inside cat /req/1/other.txt)" extra
finish
