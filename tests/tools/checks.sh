#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Plants one violation after the other in a small tree and expects the repo's own checks
# (tools/check-*) to name its place and fail.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p tree/base tree/image tree/layers tree/net tree/cmd tree/tests/unit/base tree/tests/cli
cp -R "$ROOT/tools" "$ROOT/.clang-format" "$ROOT/.shellcheckrc" tree/
cp "$ROOT/base/banned.h" tree/base/
cd tree || exit 1
# The checks find this tree's files by themselves: it is no git checkout.
GIT_CEILING_DIRECTORIES=$TMP
export GIT_CEILING_DIRECTORIES

cat >base/good.h <<'END'
// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_GOOD_H
#define BASE_GOOD_H

#include <stdbool.h>

bool good_is(const char *text);

#endif
END
cat >base/good.c <<'END'
// SPDX-License-Identifier: Apache-2.0
#include "base/good.h"

/* Not code: strcpy(a, b); goto end; fork(); #include "cmd/main.h" */
bool good_is(const char *text)
{
	static const char words[] = "printf(\"goto\"); getenv(\\"; // system("x")
	return text != words;
}
END
cat >tests/unit/base/good.c <<'END'
// SPDX-License-Identifier: Apache-2.0
#include "base/good.h"

int main(void)
{
	return good_is("") ? 0 : 1;
}
END
# shellcheck disable=SC2016 # a script of its own
printf '#!/bin/sh\necho "$1"\n' >tests/cli/good.sh
chmod +x tests/cli/good.sh

for tool in includes adapters banned headers format shell; do
	check "$tool: a good tree" "tools/check-$tool"
	stdout_empty
done

# planted TOOL FILE REGEX: with stdin as FILE the tool fails with a line that matches; the file is
# removed afterwards.
planted() {
	cat >"$2"
	run "tools/check-$1"
	cat "$err" >>"$out"
	if [ "$status" -eq 0 ]; then
		fail "$1: $2 is refused"
	elif grep -Eq -- "$3" "$out"; then
		pass "$1: $2: $3"
	else
		fail "$1: $2: $3"
	fi
	rm "$2"
}

planted includes base/up.c '^base/up\.c:1: base/ may not include image/' <<'END'
#include "image/digest.h"
END
planted includes net/sideways.c '^net/sideways\.c:2: net/ may not include image/' <<'END'
#include "base/good.h"
#include "image/digest.h"
END
planted includes base/relative.c '^base/relative\.c:1: "good\.h": write the path from the root' <<'END'
#include "good.h"
END
planted includes base/unknown.c '^base/unknown\.c:1: "util/x\.h": no such room' <<'END'
#include "util/x.h"
END
planted includes tests/unit/base/up.c '^tests/unit/base/up\.c:1: base/ may not include layers/' <<'END'
#include "layers/tar.h"
END
mkdir util
planted includes util/x.h '^util/x\.h:1: folder util/ has no level' <<'END'
#include <stdio.h>
END
rmdir util
printf '#include "base/two.h"\n' >base/one.h
planted includes base/two.h '^base/(one|two)\.h:1: is in the circle' <<'END'
#include "base/one.h"
END
rm base/one.h

planted adapters net/other.c '^net/other\.c:1: <curl/curl\.h> belongs to net/wire\.c' <<'END'
#include <curl/curl.h>
END
planted adapters layers/diff.c '^layers/diff\.c:1: <archive_entry\.h> belongs to' <<'END'
#include <archive_entry.h>
END
cp tools/adapters.txt adapters.saved
echo 'include zlib.h layers/gzip*' >tools/adapters.txt
printf '#include <zlib.h>\n' >layers/gzip_member.c
check 'adapters: a place may be the start of a name' tools/check-adapters
rm layers/gzip_member.c
mv adapters.saved tools/adapters.txt
planted adapters base/spawn.c '^base/spawn\.c:3: fork\(\) belongs to' <<'END'
int spawn(void)
{
	return fork();
}
END
planted adapters net/load.c '^net/load\.c:1: dlopen\(\) belongs to base/dynlib\.c' <<'END'
void *handle(void) { return dlopen ("x", 0); }
END

planted banned base/copy.c '^base/copy\.c:1: strcpy is banned' <<'END'
void copy(char *to) { strcpy(to, "x"); }
END
planted banned base/jump.c '^base/jump\.c:4: goto is banned' <<'END'
void jump(void)
{
	/* a comment
	   of two lines */ goto end;
end:;
}
END
planted banned net/say.c '^net/say\.c:1: printf is banned: only cmd/ prints' <<'END'
void say(void) { printf("x"); }
END
planted banned net/leave.c '^net/leave\.c:1: exit is banned' <<'END'
void leave(void) { exit(1); }
END
planted banned net/where.c '^net/where\.c:2: getenv is banned' <<'END'
const char *s = "\\"; /* ' */
const char *where(void) { return getenv("HOME"); }
END
planted banned net/shell.c '^net/shell\.c:1: system is banned' <<'END'
int shell(void) { return '"' + system ("x"); }
END
printf 'void say(void) { printf("x"); _exit(1); self->exit(1); }\n' >cmd/say.c
check 'banned: cmd/ may print' tools/check-banned
rm cmd/say.c

planted headers base/alone.h '^base/alone\.h:1: does not compile alone' <<'END'
#ifndef BASE_ALONE_H
#define BASE_ALONE_H
bool alone(void);
#endif
END
planted headers base/twice.h '^base/twice\.h:1: does not compile alone' <<'END'
struct twice {
	int x;
};
END

planted format base/ugly.c '^base/ugly\.c:1:' <<'END'
int  ugly( void ) { return 1 ; }
END

planted shell tests/cli/bad.sh '^tests/cli/bad\.sh:2:' <<'END'
#!/bin/sh
rm $1/*
END
planted shell tools/bad '^tools/bad:2: does not compile' <<'END'
#!/usr/bin/python3
def
END

for tool in includes adapters banned headers format shell; do
	check "$tool: clean again" "tools/check-$tool"
done
finish
