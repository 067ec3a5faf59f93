#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a wrong Dockerfile is answered: the exit status, the place, what is wrong (once), the line with a
# caret below the word, and the cure.
# shellcheck disable=SC2016 # Dockerfiles expand
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

need_tiny
check 'the base' rtbuild build -q -t tiny:1 "$TINY"
mkdir -p ctx/src/sub
echo x >ctx/f
echo x >ctx/src/main.py
echo x >ctx/left-out
echo left-out >ctx/.dockerignore

# wrong STATUS LINE:COLUMN+WIDTH WHAT CURE DOCKERFILE [OPTION...]: the base is prepended as line 1.
wrong() {
	wrong_status=$1 wrong_at=$2 wrong_what=$3 wrong_cure=$4
	printf 'FROM tiny:1\n%b\n' "$5" >ctx/Dockerfile
	shift 5
	run rtbuild build --progress=plain "$@" ctx
	wrong_line=${wrong_at%%:*} wrong_width=${wrong_at##*+} wrong_column=${wrong_at%+*}
	wrong_column=${wrong_column#*:}
	wrong_want=$(printf 'rtbuild: ctx/Dockerfile:%s: %s\n%5s | %s\n      | %*s\n  %s' "${wrong_at%+*}" "$wrong_what" \
		"$wrong_line" "$(sed -n "${wrong_line}p" ctx/Dockerfile)" "$((wrong_column + wrong_width - 1))" \
		"$(printf "%${wrong_width}s" '' | tr ' ' '^')" "$wrong_cure")
	is "$wrong_what" "$status
$(sed -n '/^rtbuild: /,$p' "$err")" "$wrong_status
$wrong_want"
}

wrong 3 2:1+4 "unknown instruction 'RUNN'" 'did you mean RUN?' 'RUNN true'
wrong 3 2:6+8 'COPY has no flag --form' 'did you mean --from?' 'COPY --form=x f /'
wrong 3 2:13+9 "--mount: unknown type 'bnid'" 'did you mean bind?' 'RUN --mount=type=bnid,target=/x true'
wrong 3 2:23+8 "--mount has no option 'targt'" 'did you mean target?' 'RUN --mount=type=bind,targt=/x true'
wrong 3 2:5+1 "the here-document 'EOF' has no end" "put a line that is only 'EOF' behind it" 'RUN <<EOF\necho'
wrong 6 2:6+11 "'src/mian.py' is not there" "did you mean 'src/main.py'?" 'COPY src/mian.py /'
wrong 6 2:6+10 "'src/absent' is not there" "there are 'main.py', 'sub'" 'COPY src/absent /'
wrong 6 2:6+8 "'left-out' is not there" '.dockerignore leaves it out' 'COPY left-out /'
wrong 3 2:6+2 "malformed pattern '[f'" 'a set ends with ]; the JSON form is ["a", "b"], with commas and double quotes' \
	'COPY ["f" "/"]'
wrong 3 2:12+2 "COPY of several files: the destination '/x' is no directory" 'end it with a slash: /x/' 'COPY f src /x'
wrong 3 2:8+9 '/usr/bin/dash is a file in the image, not a directory' \
	'copy to another place, or remove it in a RUN before' 'COPY f /bin/sh/x'
wrong 3 2:6+14 "user 'nosuch' is not in /etc/passwd of the stage" 'give a number, as in 1000:1000' \
	'COPY --chown=nosuch f /'
wrong 3 2:6+13 "owner '1:2:3' is not user:group" 'names or numbers, as in app:app or 1000:1000' 'COPY --chown=1:2:3 f /'
wrong 3 2:14+3 "'99x' is no mode" 'write an octal number up to 07777, or for example u=rwX,go=rX' \
	'COPY --chmod=99x f /'
wrong 3 2:6+8 'there is no stage number 7' 'stages count from 0; this is stage 0' 'COPY --from=7 /f /'
wrong 3 2:6+12 "cannot take files from stage 'later': it comes later" 'a stage can only use those before it' \
	'COPY --from=later /f /\nFROM scratch AS later\nCOPY f /\nFROM scratch\nCOPY --from=0 /f /'
wrong 3 2:9+4 'FROM cannot be a trigger of ONBUILD' 'any other instruction can' 'ONBUILD FROM x'
wrong 3 2:8+3 "'abc' is no port" 'for example 80, 8000-8010 or 53/udp' 'EXPOSE abc'
wrong 3 2:12+6 "unknown signal 'SIGTRM'" 'did you mean SIGTERM?' 'STOPSIGNAL SIGTRM'
wrong 3 2:24+1 "--interval: '3' is no duration" 'for example 30s, 1m30s, 500ms' 'HEALTHCHECK --interval=3 CMD true'
wrong 3 2:7+1 'SHELL takes a JSON array only' 'for example SHELL ["/bin/bash", "-c"]' 'SHELL bash'
wrong 3 2:9+1 'ENV: expected name=value' 'a value with blanks needs quotes: name="two words"' 'ENV a=1 b'
wrong 3 2:5+1 'the closing " is missing' 'a plain " is written \"' 'ENV "a=1'
wrong 3 2:7+1 "'}' is missing behind \${" 'a plain $ is written \$' 'ENV x=${y'
wrong 3 2:15+3 "--network cannot be 'foo'" 'it is default, none or host' 'RUN --network=foo true'
wrong 3 2:5+19 'RUN --security=insecure: this build does not allow it' \
	'add --allow security.insecure: the command then may do to this machine what root may' \
	'RUN --security=insecure true'
wrong 6 3:1+3 "RUN: user 'nosuch' is not in the image's /etc/passwd" \
	'a number needs no entry there: 1000:1000; or a RUN before makes it' 'USER nosuch\nRUN true'
wrong 6 2:5+7 "--mount: the context has no 'nope'" 'it may be left out by .dockerignore' \
	'RUN --mount=type=bind,source=nope,target=/x true'
wrong 6 2:5+7 "--mount: there is no secret 's'" 'add --secret id=s,src=FILE or ,env=VARIABLE' \
	'RUN --mount=type=secret,id=s,required=true true'
# required counts for the cache: what was built without the agent is not that
printf 'FROM tiny:1\nRUN --mount=type=ssh true\n' >ctx/Dockerfile
check 'an agent that need not be there' rtbuild build -q ctx
wrong 6 2:5+7 "--mount: there is no ssh agent 'default'" 'add --ssh default, or --ssh default=SOCKET-OR-KEY' \
	'RUN --mount=type=ssh,required true'
wrong 3 2:12+1 "the JSON form of COPY holds something that is no text" 'write every element in double quotes' \
	'COPY ["f", 1]'

# Names of stages that were meant, whatever the registry says of them (nobody answers there).
printf 'FROM scratch AS build\nCOPY f /\nFROM scratch\nCOPY --from=biuld /f /\n' >ctx/Dockerfile
run env HTTPS_PROXY=http://127.0.0.1:1 rtbuild build ctx
stderr_has '^  did you mean the stage build\?$'
stderr_has '^      \|      \^{12}$'
printf 'FROM late AS early\nFROM early AS late\n' >ctx/Dockerfile
run env HTTPS_PROXY=http://127.0.0.1:1 rtbuild build ctx
stderr_has '^  the stage late comes later: it must stand before this one$'
is 'a name is said once' "$(grep -o 'late:latest' "$err" | wc -l)" 1
printf 'FROM scratch\nCOPY f /\n' >ctx/Dockerfile
exits 6 rtbuild build -f Dockerfile ctx
stderr_has 'counts from here, not from the context: -f ctx/Dockerfile'
check 'linux alone' rtbuild build -q --platform linux ctx
finish
