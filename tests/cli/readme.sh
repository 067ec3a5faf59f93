#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The README's own commands: each ```console block is typed as it stands, in order, in one directory
# that holds a copy of examples/, against a registry that stands in for 127.0.0.1:5000. A line that
# begins with `$ ` is a command (a `\` at its end continues it); the lines below it are what it prints,
# in which `...` stands for anything, a whole line of `...` for any number of lines.
#
# Not typed: ./setup (it installs), git clone, and a block behind a line `<!-- not tested: WHY -->`.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cat >blocks.py <<'END'
"""README -> one line `COMMAND<TAB>EXPECTED` for each command, newlines as \\n. Its line is first."""
import sys

commands, inside, skip, current = [], False, False, None
for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    line = line.rstrip("\n")
    if not inside:
        if line.startswith("```console"):
            inside, current = True, None
        elif line.strip():
            skip = line.startswith("<!-- not tested:")
        continue
    if line.startswith("```"):
        inside = skip = False
    elif skip:
        pass
    elif line.startswith("$ "):
        current = [number, line[2:], []]
        commands.append(current)
    elif current is not None and current[1].endswith("\\"):
        current[1] += "\n" + line.removeprefix("> ")
    elif current is not None:
        current[2].append(line)
for number, command, expected in commands:
    if command.startswith(("./setup", "git clone", "cd rtbuild", "sudo ")):
        continue
    print(number, repr(command), repr("\n".join(expected)), sep="\t")
END

# The same as a test of one: matches EXPECTED, with ... as anything.
cat >match.py <<'END'
import re, sys

wanted = sys.argv[1]
got = open(sys.argv[2], encoding="utf-8", errors="replace").read().rstrip("\n")
pattern = ""
for line in wanted.split("\n"):
    if line.strip() == "...":
        pattern += r"(?:.*\n)*"
    else:
        pattern += r"[ \t]*" + ".*".join(re.escape(" ".join(part.split())).replace(r"\ ", r"\s+")
                             if part.strip() else r"\s*" for part in line.split("...")) + r"\n"
sys.exit(re.fullmatch(pattern, got + "\n" if got else "") is None)
END

# --- the reader of blocks itself ---

cat >sample.md <<'END'
```sh
$ not this
```
```console
$ echo one; \
> echo two
one
t...
$ true
```
<!-- not tested: because -->
```console
$ false
```
text
```console
$ ./setup demo
$ printf 'a\nb\nc\n'
a
...
```
END
/usr/bin/python3 blocks.py sample.md >sample
is 'blocks: commands' "$(cut -f 2 sample | tr '\n' ' ')" "'echo one; \\\\\\necho two' 'true' \"printf 'a\\\\nb\\\\nc\\\\n'\" "
is 'blocks: line numbers' "$(cut -f 1 sample | tr '\n' ' ')" '5 9 18 '
printf 'one\ntwo\n' >got
check 'match: a wildcard in a line' /usr/bin/python3 match.py 'one
t...' got
fails 'match: too short' /usr/bin/python3 match.py 'one' got
check 'match: any lines' /usr/bin/python3 match.py 'one
...' got
fails 'match: another line' /usr/bin/python3 match.py 'one
three' got
: >got
check 'match: nothing' /usr/bin/python3 match.py '...' got
fails 'match: nothing is not something' /usr/bin/python3 match.py 'x' got

# --- the README ---

check 'there is a README' test -s "$ROOT/README.md"
/usr/bin/python3 blocks.py "$ROOT/README.md" >commands
is 'it has commands' "$([ -s commands ] && echo yes)" yes

need_base
need_wheels
start_registry plain
mkdir -p checkout/build/demo
cp -R "$ROOT/examples" checkout/
cd checkout || exit 1
# What the demo leaves behind, and the reader's shell has read.
cat >build/demo/env <<END
export RTBUILD_STORE=$RTBUILD_STORE RTBUILD_FIND_LINKS=$WHEELS
PATH=$PATH
END
while IFS='	' read -r number command expected; do
	# repr() of Python, undone; the registry's name in the text is the real one's.
	/usr/bin/python3 -c 'import ast, sys
for name, text in (("command", sys.argv[1]), ("expected", sys.argv[2])):
    text = ast.literal_eval(text).replace("127.0.0.1:5000", sys.argv[3])
    open(f"../{name}.txt", "w").write(text)' "$command" "$expected" "$REGISTRY"
	sed -i '1i . build/demo/env' ../command.txt
	check "README:$number: $(sed -n 2p ../command.txt | cut -c 1-60)" sh -e ../command.txt </dev/null
	if [ -s ../expected.txt ]; then
		check_name="README:$number: prints what it says"
		cp "$out" ../printed
		if /usr/bin/python3 ../match.py "$(cat ../expected.txt)" ../printed; then
			pass "$check_name"
		else
			fail "$check_name" "wanted: $(cat ../expected.txt)"
		fi
	fi
done <../commands
finish
