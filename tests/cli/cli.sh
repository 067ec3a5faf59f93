#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The command line itself: help, usage errors, exit codes, and what goes to stdout and what to stderr.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

commands() { rtbuild --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# --- help ---

check 'rtbuild' rtbuild
cp "$out" general
check 'rtbuild --help' rtbuild --help
check 'rtbuild -h is the same' sh -c 'rtbuild -h | cmp - general'
check 'rtbuild help is the same' sh -c 'rtbuild help | cmp - general'
for word in build extend layer template run logs push pull images inspect tag rmi login logout gc fsck version; do
	is "--help names $word" "$(grep -Ec "^  $word +[a-z]" general)" 1
done
is 'help: no line over 100 columns' "$(awk 'length > 100' general)" ''
is 'help: exit statuses are said' "$(grep -c '10 a RUN' general)" 1
for command in $(commands); do
	check "$command --help" rtbuild "$command" --help
	stdout_has "^Usage: rtbuild $command"
	stderr_empty
	is "$command --help: no line over 100 columns" "$(awk 'length > 100' "$out")" ''
	sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$out" >subs
	while read -r sub; do
		check "$command $sub --help" rtbuild "$command" "$sub" --help
		stdout_has "^Usage: rtbuild $command $sub"
		is "$command $sub --help: no line over 100 columns" "$(awk 'length > 100' "$out")" ''
	done <subs
	rtbuild "$command" --help >page
	check "help $command is the same" sh -c "rtbuild help $command | cmp - page"
done

# Every option of the tables is in its command's help.
for source in "$ROOT"/cmd/*.c; do
	case $source in
	*/docker*) group='docker ' ;;
	*) group='' ;;
	esac
	sed -n 's/^\tOPT_\(FLAG\|TEXT\|LIST\)(\([^,]*\), *"\([^"]*\)".*struct \([a-z_]*\)_args, .*/\3 \4/p' "$source" | sed "s/ / $group/"
done >table
while read -r option command; do
	case $command in
	remove) command=rmi ;;
	template) command='template render' ;;
	list) command='template list' ;;
	lock | install) command="python $command" ;;
	diff) command='template diff' ;;
	shim) command='shim install' ;;
	cache) command='cache rm' ;;
	esac
	# shellcheck disable=SC2086 # a command of two words
	rtbuild $command --help | grep -Eq -- "--$option( |=|$)" || echo "$command --$option"
done <table >missing
is 'every option is in its --help' "$(cat missing)" ''
is 'and there are many' "$([ "$(wc -l <table)" -gt 40 ] && echo yes)" yes
for option in store quiet verbose json progress authfile ca-file plain-http insecure; do
	is "--$option is in every help" "$(rtbuild build --help | grep -Ec -- "--$option( |$)")" 1
done

# --- usage errors: 2, one message on stderr, the cure, nothing on stdout ---

# usage REGEX WORD...
usage() {
	regex=$1
	shift
	exits 2 rtbuild "$@"
	stderr_has "^rtbuild: .*"
	stderr_has "$regex"
	stdout_empty
}
usage 'did you mean build\?' biuld
usage "unknown command 'frobnicate'" frobnicate
usage 'unknown option --bogus' --bogus
usage '--store needs a value' --store
usage 'rtbuild --help' frobnicate
usage 'did you mean list' template lits
usage 'did you mean --backend' build --backedn=x
usage '--tag' build --tag
usage "unknown option '?-Z" build -Z
usage 'IMAGE' extend
usage 'function' extend x/y:1
usage 'IMAGE' inspect
usage 'IMAGE' run
usage 'IMAGE' push
usage 'IMAGE' pull
usage 'NAME' tag x:1
usage 'IMAGE' rmi
usage 'user name' login 127.0.0.1:1
usage 'no password' login -u me 127.0.0.1:1
usage "unexpected argument 'b'" inspect a b c
usage 'true or false' build --no-cache=maybe
usage 'auto, tty, plain' images --progress=fancy
usage 'ref or tag' extend x/y:1 --function f --print id
usage 'ref, tag or digest' build --print id .
usage 'KEY=VALUE' build --label x .
usage 'seconds' run --timeout soon x:1 true
is 'usage errors make no store' "$([ -e "$RTBUILD_STORE" ] && echo there)" ''

# --- exit statuses ---

mkdir ctx
printf 'FROM scratch\nCOPY Dockerfile /\n' >ctx/Dockerfile
exits 0 rtbuild build -t a/b:1 ctx
printf 'FORM scratch\n' >ctx/Bad
exits 3 rtbuild build -f ctx/Bad ctx
exits 4 rtbuild pull 127.0.0.1:1/a/b:1
stderr_has '127\.0\.0\.1:1'
stdout_empty
exits 6 rtbuild tag no/such:1 x:1
stderr_has 'no/such:1'
exits 6 rtbuild rmi no/such:1
exits 0 rtbuild rmi --ignore-missing no/such:1
exits 6 rtbuild logs show
exits 8 rtbuild build --call outline ctx
exits 9 sh -c 'rtbuild images >/dev/full'
exits 9 sh -c 'rtbuild --help >/dev/full'
exits 9 sh -c 'rtbuild build -q -t a/b:1 ctx >/dev/full'
stderr_has 'stdout'
# A stream that is closed is no descriptor of ours: nothing is written into a blob.
exits 9 sh -c 'rtbuild images --json >&-'
check 'without stdin and stderr' sh -c 'rtbuild build --no-cache -t a/b:1 ctx <&- 2>&-'
check 'nothing came to harm' rtbuild fsck
exits 3 sh -c 'rtbuild build -f ctx/Bad ctx <&- >&- 2>&-'
echo x >plain
exits 9 rtbuild images --store plain/store
stderr_has 'plain/store'
exits 3 rtbuild tag a/b:1 'upper/Case:1'
check 'a reader that goes away is no crash' sh -c 'rtbuild --help | head -n 1; exit 0'
stderr_hasnt 'Broken pipe|signal'

# --- stdout has results alone ---

check 'images' rtbuild images
stdout_has '^a/b:1 +sha256:[0-9a-f]{12}'
stderr_empty
for words in 'images' 'inspect a/b:1' 'fsck' 'logs list' 'template list' 'template show aws_lambda' \
	'gc' 'build -t a/b:1 ctx' 'build --plan ctx'; do
	# shellcheck disable=SC2086 # words
	check "$words --json" rtbuild $words --json
	check "$words --json: a document" jq -e 'type == "object" or type == "array"' "$out"
done
rtbuild build -t a/b:1 --json ctx >doc
is 'result document: what it cost' \
	"$(jq -r '[.requests, .retries, .bytes_sent, .bytes_received, .blobs_uploaded, .blobs_mounted, .blobs_skipped] | map(type) | unique | .[]' doc)" number
is 'result document: no request for a local build' "$(jq .requests doc)" 0
run rtbuild inspect --raw a/b:1
is 'inspect --raw: the manifest' "$(jq -c . "$out")" "$(manifest a/b:1 | jq -c .)"
run rtbuild inspect --config a/b:1
is 'inspect --config: the config' "$(jq -c . "$out")" "$(config a/b:1 | jq -c .)"
is 'inspect --raw: byte for byte' "sha256:$(rtbuild inspect --raw a/b:1 | sha256sum | cut -d' ' -f1)" \
	"$(rtbuild inspect --json a/b:1 | jq -r .digest)"
check 'tag' rtbuild tag a/b:1 c/d:2
stdout_empty
check 'rmi' rtbuild rmi a/b:1
is 'rmi: the other name stays' "$(rtbuild images --json | jq -r '.[].reference')" c/d:2
check 'options behind positionals' rtbuild inspect c/d:2 --json
check 'an option with =' rtbuild images --store="$RTBUILD_STORE"
stdout_has '^c/d:2'
check '--no-FLAG' rtbuild images --no-json
stdout_has '^c/d:2'
check '-- ends options' rtbuild inspect -- c/d:2
check '--store goes before RTBUILD_STORE' rtbuild images --store "$TMP/empty"
stdout_empty

# Control characters from outside do not reach the terminal.
printf 'FROM scratch\nLABEL x="\033[31mred\033[0m"\nCOPY \033[31m /\n' >ctx/Evil
run rtbuild build -f ctx/Evil ctx
is 'no escape in errors' "$(grep -c "$(printf '\033')" "$err")" 0
printf 'FROM scratch\nLABEL x="\033[31mred"\n' >ctx/Evil
rtbuild build -q -t evil:1 -f ctx/Evil ctx >/dev/null
run rtbuild inspect evil:1
is 'no escape in inspect' "$(grep -c "$(printf '\033')" "$out")" 0

# --- terminals ---

# on_tty CMD...: stdout and stderr of a command on a terminal.
on_tty() { command script -qec "$*" /dev/null </dev/null; }
on_tty "env TERM=xterm rtbuild build --no-cache -t a/b:1 ctx" >screen
is 'a terminal gets a live display' "$(grep -c "$(printf '\033')" screen | sed 's/^[1-9].*/some/')" some
for plain in CI=1 TERM=dumb; do
	on_tty "env TERM=xterm $plain rtbuild build --no-cache -t a/b:1 ctx" >screen
	is "with $plain it gets plain lines" "$(grep -c "$(printf '\033')" screen)" 0
done
on_tty "env TERM=xterm rtbuild build --no-cache --progress=plain -t a/b:1 ctx" >screen
is '--progress=plain on a terminal' "$(grep -c "$(printf '\033')" screen)" 0
finish
