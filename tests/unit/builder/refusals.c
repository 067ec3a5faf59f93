// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "builder/build.h"

/*
 * Every refusal of the language, one a row: what is wrong, where, and the cure. A row without a
 * cure has none to give. The caret must stand on the place that is named: its line is shown.
 */
struct row {
	const char *text; /* of the Dockerfile */
	const char *at;   /* line:column+width */
	const char *msg;
	const char *hint;
};

static void refused(const struct row *row)
{
	struct build_request req = { .dockerfile = row->text,
				     .dockerfile_len = strlen(row->text),
				     .dockerfile_name = "F" };
	AUTO(auto_json_decref) json_t *plan = NULL;
	struct err err = { 0 };
	char at[64];

	assert_true(platform_parse(&req.platform, "linux/amd64", &err));
	if (build_plan_json(&plan, &req, &err) && !getenv("ROWS_PRINT"))
		fail_msg("no error in\n%s", row->text);
	snprintf(at, sizeof(at), "%d:%d+%d", err.at.line, err.at.column,
		 err.at.width > 1 ? err.at.width : 1);
	if (getenv("ROWS_PRINT")) {
		fprintf(stderr, "%s\n%s %s {%s}\n\n", row->text, at, err.msg, err.hint);
		return;
	}
	if (!str_eq(at, row->at) || !str_eq(err.msg, row->msg) ||
	    !str_eq(err.hint, row->hint ? row->hint : ""))
		fail_msg("%s\n%s %s {%s}\nnot\n%s %s {%s}", row->text, at, err.msg, err.hint,
			 row->at, row->msg, row->hint ? row->hint : "");
	assert_string_equal(err.at.file, "F");
	assert_true(err.at.text[0] || err.at.column == 0);
}

static void all_refused(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		refused(&rows[i]);
}

#define F "FROM busybox\n"
#define PLAIN_DOLLAR "a plain $ is written \\$"

#define MOUNT_OPTIONS                                                                      \
	"options are type, target, source, from, id, sharing, size, mode, uid, gid, env, " \
	"required, ro and rw"

static void mounts(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ F "RUN --mount=type=bnid,target=/a x",        "2:13+9",  "--mount: unknown type 'bnid'",                          "did you mean bind?" },
		{ F "RUN --mount=type=volume,target=/a x",      "2:13+11", "--mount: unknown type 'volume'",                        "it is bind, cache, tmpfs, secret or ssh" },
		{ F "RUN --mount=target=/a,typ=bind x",         "2:23+8",  "--mount has no option 'typ'",                           "did you mean type?" },
		{ F "RUN --mount=type=cache,target=/a,,ro x",   "2:34+1",  "--mount: an empty option",                              MOUNT_OPTIONS },
		{ F "RUN --mount=type=cache,taget=/a x",        "2:24+8",  "--mount has no option 'taget'",                         "did you mean target?" },
		{ F "RUN --mount=type=cache,xyz=1 x",           "2:24+5",  "--mount has no option 'xyz'",                           MOUNT_OPTIONS },
		{ F "RUN --mount=type=bind,target x",           "2:23+6",  "--mount: target needs a value",                         NULL },
		{ F "RUN --mount=target=/ x",                   "2:5+7",   "--mount cannot lie over the root: target is '/'",       "say where: target=/some/directory" },
		{ F "RUN --mount=target=/a/.. x",               "2:5+7",   "--mount cannot lie over the root: target is '/a/..'",   "say where: target=/some/directory" },
		{ "FROM scratch\nRUN --mount=source=a [\"x\"]", "2:5+7",   "--mount needs a target: the working directory is '/'",  "say where: target=/some/directory" },
		{ "FROM scratch\nRUN --mount=target=. [\"x\"]", "2:5+7",   "--mount cannot lie over the root: target is '.'",       "say where: target=/some/directory" },
		{ F "RUN --mount=type=secret,id=a,from=b x",    "2:30+6",  "--mount: from is no option of type=secret",             "leave it out; it belongs to bind, cache, tmpfs, ssh" },
		{ F "RUN --mount=sharing=locked,type=secret,id=a x", "2:13+14", "--mount: sharing is no option of type=secret",     "leave it out; it belongs to cache" },
		{ F "RUN --mount=type=bind,target=/a,sharing=shared x", "2:33+14", "--mount: sharing is no option of type=bind",    "leave it out; it belongs to cache" },
		{ F "RUN --mount=type=secret x",                "2:5+7",   "--mount: a secret needs an id or a target",             "add id=NAME, and give it as rtbuild build --secret id=NAME,src=FILE" },
		{ F "RUN --mount=type=secret,id=a,src=b x",     "2:5+7",   "--mount: a secret has a source or an id, not both",     "source is another word for id" },
		{ F "RUN --mount=type=secret,id=a,env= x",      "2:30+4",  "--mount: '' cannot be a variable's name",               NULL },
		{ F "RUN --mount=type=secret,id=a,target=/ x",  "2:5+7",   "--mount cannot lie over the root: target is '/'",       "say where: target=/some/directory" },
		{ F "RUN --mount=type=ssh,source=/a x",         "2:22+9",  "--mount: source is no option of type=ssh",              "leave it out; it belongs to bind, cache, tmpfs, secret" },
		{ F "RUN --mount=type=tmpfs,target=/a,mode=700 x", "2:34+8", "--mount: mode is no option of type=tmpfs",            "leave it out; it belongs to cache, secret, ssh" },
		{ F "RUN --mount=type=bind,target=/a,uid=1 x",  "2:33+5",  "--mount: uid is no option of type=bind",                "leave it out; it belongs to cache, secret, ssh" },
		{ F "RUN --mount=type=cache,target=/a,required x", "2:34+8", "--mount: required is no option of type=cache",        "leave it out; it belongs to secret, ssh" },
		{ F "RUN --mount=type=cache,target=/a,size=1m x", "2:34+7", "--mount: size is no option of type=cache",             "leave it out; it belongs to tmpfs" },
		{ F "RUN --mount=type=tmpfs,target=/a,size=1q x", "2:34+7", "--mount: '1q' is no size",                             "a number, then perhaps k, m or g: 512m" },
		{ F "RUN --mount=type=tmpfs,target=/a,size=9999999p x", "2:34+13", "--mount: the size '9999999p' is too large",     NULL },
		{ F "RUN --mount=type=cache,target=/a,mode=8 x", "2:34+6", "--mount: '8' is no mode",                               "an octal number, at most 7777" },
		{ F "RUN --mount=type=cache,target=/a,mode=10000 x", "2:34+10", "--mount: '10000' is no mode",                      "an octal number, at most 7777" },
		{ F "RUN --mount=type=cache,target=/a,uid=-1 x", "2:34+6", "--mount: '-1' is no uid",                               NULL },
		{ F "RUN --mount=type=cache,target=/a,gid=4294967296 x", "2:34+14", "--mount: '4294967296' is no gid",              NULL },
		{ F "RUN --mount=type=cache,target=/a,ro=maybe x", "2:34+8", "--mount: 'maybe' is not true or false",               NULL },
		{ F "RUN --mount=type=cache,target=/a,sharing=lokced x", "2:34+14", "--mount: unknown sharing 'lokced'",            "did you mean locked?" },
		{ F "RUN --mount=type=cache,target=/a,sharing=mine x", "2:34+12", "--mount: unknown sharing 'mine'",                "it is shared, private or locked" },
		{ F "RUN --mount=target=/a,from=$b x",          "2:23+7",  "--mount: from does not expand variables",               "name a stage first: FROM image AS name, then from=name" },
		{ F "RUN --mount=target=/a,from=7 x",           "2:23+6",  "there is no stage number 7",                            "stages count from 0; this is stage 0" },
		{ "FROM busybox AS me\nRUN --mount=target=/a,from=me x", "2:23+7", "cannot take files from stage 'me': it is this very stage", "a stage can only use those before it" },
		{ F "RUN --mount=\\\"target=/a x",              "2:14+1",  "--mount: a quote is out of place",                      "quote a whole option: '\"target=/a,b\"', with a quote in it doubled" },
		{ F "RUN --mount=target=\\\"/a x",              "2:21+1",  "--mount: a quote is out of place",                      "quote a whole option: '\"target=/a,b\"', with a quote in it doubled" },
		{ F "RUN --mount=target=/a\\\n,ro=2,\\\nsource=${ x", "3:2+4", "--mount: '2' is not true or false",                  NULL },
		{ F "RUN --mount=target='/a${}' x",             "2:23+1",  "bad substitution: a name must follow ${",                PLAIN_DOLLAR },
	};
	/* clang-format on */
	(void)state;

	all_refused(rows, ARRAY_LEN(rows));
}

static void run_flags(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ F "RUN --network=bridge x",    "2:15+6",  "--network cannot be 'bridge'",        "it is default, none or host" },
		{ F "RUN --security=other x",    "2:16+5",  "--security cannot be 'other'",        "it is sandbox or insecure" },
		{ F "RUN --device=gpu x",        "2:5+8",   "RUN --device is not supported",       "leave it out: devices are of the labs language, and no RUN gets one" },
		{ F "RUN --mounts=a x",          "2:5+10",  "RUN has no flag --mounts",            "did you mean --mount?" },
	};
	/* clang-format on */
	(void)state;

	all_refused(rows, ARRAY_LEN(rows));
}

#define SUM "sha256:0123456789012345678901234567890123456789012345678901234567890123"

static void copy_flags(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ F "COPY --from=$b a /",                  "2:6+9",   "--from does not expand variables",              "name a stage first: FROM image AS name, then --from=name" },
		{ F "COPY --chmod=rwx a /",                "2:14+3",  "'rwx' is no mode",                              "write an octal number up to 07777, or for example u=rwX,go=rX" },
		{ F "COPY --chmod=10000 a /",              "2:14+5",  "'10000' is no mode",                            "write an octal number up to 07777, or for example u=rwX,go=rX" },
		{ F "COPY --exclude=a --exclude=[b a /",   "2:28+2",  "malformed pattern '[b'",                        NULL },
		{ F "COPY --exclude=! a /",                "2:16+1",  "a '!' with no pattern behind it",               "write !path, or \\! for a name that begins with '!'" },
		{ F "COPY --checksum=a a /",               "2:6+12",  "COPY has no flag --checksum",                   "COPY takes --from, --chown, --chmod, --link, --parents, --exclude" },
		{ F "ADD --parents a /",                   "2:5+9",   "ADD has no flag --parents",                     "ADD takes --chown, --chmod, --link, --exclude, --checksum, --unpack, --keep-git-dir" },
		{ F "ADD --checksum=" SUM " a b /",        "2:16+71", "--checksum is for one source, not several",     "write an ADD for each" },
		{ F "ADD --checksum=" SUM " a /",          "2:16+71", "--checksum is for URLs and git repositories",   "leave it out: a file of the context is what it is" },
		{ F "ADD --checksum=md5:0 http://a/b /",   "2:16+5",  "--checksum: digest 'md5:0' does not begin with 'sha256:'", "write sha256: and 64 hexadecimal digits" },
		{ F "ADD --unpack=perhaps a /",            "2:5+16",  "--unpack takes true or false, not 'perhaps'",   NULL },
		{ F "ADD --link= a /",                     "2:5+7",   "--link takes true or false, not ''",            NULL },
		{ F "COPY --link --link a /",              "2:13+6",  "--link is given twice",                         "leave one out" },
		{ F "COPY --chown a /",                    "2:6+7",   "--chown needs a value",                         "write --chown=value" },
		{ F "COPY a https://x/y /",                "2:8+11",  "COPY cannot take 'https://x/y'",                "ADD can" },
		{ F "COPY git@x.y:z.git /",                "2:6+13",  "COPY cannot take 'git@x.y:z.git'",              "ADD can" },
		{ F "COPY --chown=${a:} a /",              "2:14+1",  "unsupported modifier ':}' in ${a...}",          "known are :- - :+ + :? ? # ## % %% / and //" },
	};
	/* clang-format on */
	(void)state;

	all_refused(rows, ARRAY_LEN(rows));
}

static void language(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "", "1:0+1", "there is no FROM in it", "start with FROM image, or FROM scratch" },
		{ "# x\n", "1:0+1", "there is no FROM in it", "start with FROM image, or FROM scratch" },
		{ "RUN x\n", "1:1+3", "RUN before the first FROM", "only ARG may stand before FROM" },
		{ "FROM\n", "1:1+4", "FROM needs at least one argument", "for example FROM debian:12 AS build" },
		{ "FROM a b\n", "1:8+1", "FROM takes an image, or an image AS a name", "for example FROM debian:12 AS build" },
		{ "FROM a b c\n", "1:8+1", "FROM takes an image, or an image AS a name", "for example FROM debian:12 AS build" },
		{ "FROM a AS b c\n", "1:13+1", "FROM has too many arguments", "for example FROM debian:12 AS build" },
		{ "FROM a AS 1b\n", "1:11+2", "'1b' cannot be the name of a stage", "it begins with a letter; letters, digits and - _ . may follow" },
		{ "FROM a AS b$c\n", "1:11+3", "'b$c' cannot be the name of a stage", "it begins with a letter; letters, digits and - _ . may follow" },
		{ "FROM $x\n", "1:6+2", "the image name is empty ('$x')", "give a default before FROM (ARG NAME=value), or --build-arg" },
		{ "ARG VERSOIN=1\nFROM a:$VERSION$x\nFROM $VERSION\n", "3:6+8", "the image name is empty ('$VERSION')", "did you mean $VERSOIN?" },
		{ "FROM --platform= a\n", "1:6+1", "--platform is empty ('')", "leave it out, or give one: linux/arm64" },
		{ "FROM --platform=$TARGETPLATFROM a\n", "1:17+15", "--platform is empty ('$TARGETPLATFROM')", "did you mean $TARGETPLATFORM?" },
		{ "FROM --platfrom=x a\n", "1:6+12", "FROM has no flag --platfrom", "did you mean --platform?" },
		{ "FROM a\nCOYP a b\n", "2:1+4", "unknown instruction 'COYP'", "did you mean COPY?" },
		{ "FROM a\nxyzzyx\n", "2:1+6", "unknown instruction 'xyzzyx'", "a line goes on behind \"\\\" at the end of the one before it" },
		{ "FROM a\nRUN\n", "2:1+3", "RUN needs at least one argument", "for example RUN make" },
		{ "FROM a\nCOPY a\n", "2:1+4", "COPY needs at least one source and a destination", "for example COPY app.py /app/" },
		{ "FROM a\nADD\n", "2:1+3", "ADD needs at least one source and a destination", "for example ADD app.tar.gz /app/" },
		{ "FROM a\nENV\n", "2:1+3", "ENV needs at least one argument", "for example ENV NAME=value" },
		{ "FROM a\nENV a\n", "2:5+1", "ENV needs a name and a value", "write ENV a=value" },
		{ "FROM a\nENV a=1 b\n", "2:9+1", "ENV: expected name=value", "a value with blanks needs quotes: name=\"two words\"" },
		{ "FROM a\nENV =1\n", "2:5+1", "ENV: the name before '=' is missing", "for example ENV NAME=value" },
		{ "FROM scratch\nENV ${x}=1\n", "2:5+4", "ENV: the name is empty", "it came of '${x}'" },
		{ "FROM a\nLABEL x\n", "2:7+1", "LABEL needs a name and a value", "write LABEL x=value" },
		{ "FROM a\nARG\n", "2:1+3", "ARG needs at least one argument", "for example ARG VERSION=1" },
		{ "FROM a\nARG =1\n", "2:5+1", "ARG: the name before '=' is missing", "for example ARG VERSION=1" },
		{ "FROM a\nUSER\n", "2:1+4", "USER needs one argument", "for example USER app" },
		{ "FROM a\nWORKDIR\n", "2:1+7", "WORKDIR needs one argument", "for example WORKDIR /app" },
		{ "FROM a\nEXPOSE\n", "2:1+6", "EXPOSE needs at least one argument", "for example EXPOSE 8080" },
		{ "FROM a\nEXPOSE x\n", "2:8+1", "'x' is no port", "for example 80, 8000-8010 or 53/udp" },
		{ "FROM a\nEXPOSE 80/icmp\n", "2:8+7", "port '80/icmp': the protocol must be tcp, udp or sctp", "for example 53/udp" },
		{ "FROM a\nEXPOSE 1.2.3:80:80\n", "2:8+11", "port '1.2.3:80:80': the host part is wrong", "leave it out: EXPOSE is about the container's ports alone" },
		{ "FROM a\nEXPOSE [::g]:80:80\n", "2:8+11", "port '[::g]:80:80': the host part is wrong", "leave it out: EXPOSE is about the container's ports alone" },
		{ "FROM a\nEXPOSE 90-80\n", "2:8+5", "'90-80' is no port", "for example 80, 8000-8010 or 53/udp" },
		{ "FROM a\nEXPOSE 1-3:80-81\n", "2:8+9", "port '1-3:80-81': the host part is wrong", "leave it out: EXPOSE is about the container's ports alone" },
		{ "FROM a\nEXPOSE 70000\n", "2:8+5", "'70000' is no port", "for example 80, 8000-8010 or 53/udp" },
		{ "FROM a\nVOLUME\n", "2:1+6", "VOLUME needs at least one argument", "for example VOLUME /data" },
		{ "FROM scratch\nVOLUME [\"\"]\n", "2:9+1", "VOLUME: an empty path", "for example VOLUME /data" },
		{ "FROM scratch\nSTOPSIGNAL SIGTREM\n", "2:12+7", "unknown signal 'SIGTREM'", "did you mean SIGTERM?" },
		{ "FROM scratch\nSTOPSIGNAL nothing\n", "2:12+7", "unknown signal 'nothing'", "a name or a number: SIGTERM, 15, RTMIN+3" },
		{ "FROM a\nSTOPSIGNAL\n", "2:1+10", "STOPSIGNAL needs one argument", "for example STOPSIGNAL SIGTERM" },
		{ "FROM a\nSHELL /bin/sh\n", "2:7+1", "SHELL takes a JSON array only", "for example SHELL [\"/bin/bash\", \"-c\"]" },
		{ "FROM a\nSHELL []\n", "2:1+5", "SHELL needs at least one argument", "for example SHELL [\"/bin/bash\", \"-c\"]" },
		{ "FROM a\nCMD [1]\n", "2:6+1", "the JSON form of CMD holds something that is no text", "write every element in double quotes" },
		{ "FROM a\nHEALTHCHECK\n", "2:1+11", "HEALTHCHECK needs at least one argument", "for example HEALTHCHECK CMD curl -f http://localhost" },
		{ "FROM a\nHEALTHCHECK CMD\n", "2:13+3", "HEALTHCHECK CMD needs a command", "for example HEALTHCHECK CMD curl -f http://localhost" },
		{ "FROM a\nHEALTHCHECK NONE x\n", "2:18+1", "HEALTHCHECK NONE takes no arguments", "for example HEALTHCHECK CMD curl -f http://localhost" },
		{ "FROM a\nHEALTHCHECK curl x\n", "2:13+4", "HEALTHCHECK cannot be 'curl'", "it is HEALTHCHECK CMD command, or HEALTHCHECK NONE" },
		{ "FROM a\nHEALTHCHECK --interval=1 CMD x\n", "2:24+1", "--interval: '1' is no duration", "for example 30s, 1m30s, 500ms" },
		{ "FROM a\nHEALTHCHECK --timeout=1us CMD x\n", "2:23+3", "--timeout cannot be less than 1ms", "0 is docker's default; else for example 30s" },
		{ "FROM a\nHEALTHCHECK --retries=-1 CMD x\n", "2:23+2", "--retries takes a number, not '-1'", "0 is docker's default, 3" },
		{ "FROM a\nONBUILD\n", "2:1+7", "ONBUILD needs an instruction", "for example ONBUILD COPY . /app" },
		{ "FROM a\nONBUILD FROM b\n", "2:9+4", "FROM cannot be a trigger of ONBUILD", "any other instruction can" },
		{ "FROM a\nONBUILD ONBUILD RUN x\n", "2:9+7", "ONBUILD cannot be a trigger of ONBUILD", "write ONBUILD once: triggers are not passed on" },
		{ "FROM a\nONBUILD MAINTAINER x\n", "2:9+10", "MAINTAINER cannot be a trigger of ONBUILD", "any other instruction can" },
		{ "FROM a\nONBUILD COYP a b\n", "2:9+4", "unknown instruction 'COYP'", "did you mean COPY?" },
		{ "FROM a\nMAINTAINER\n", "2:1+10", "MAINTAINER needs one argument", "for example LABEL org.opencontainers.image.authors=me" },
		{ "FROM a\nRUN <<E\nx\n", "2:5+1", "the here-document 'E' has no end", "put a line that is only 'E' behind it" },
		{ "FROM a\nCOPY a <<E\nx\nE\n", "2:8+3", "COPY: a here-document cannot be the destination", "the destination is the last word: COPY <<EOF /file" },
		{ "# escape=x\nFROM a\n", "1:10+1", "the escape character cannot be 'x'", "it is either \\ or `" },
		{ "# escape=`\n# escape=`\nFROM a\n", "2:3+1", "the directive 'escape' is given twice", "leave one out" },
		{ "FROM a\nCOPY --from=1 a b\n", "2:6+8", "there is no stage number 1", "stages count from 0; this is stage 0" },
		{ "FROM a\nCOPY --from=b a b\nFROM a AS b\nCOPY --from=0 a b\n", "2:6+8", "cannot take files from stage 'b': it comes later", "a stage can only use those before it" },
		{ "FROM scratch\nUSER ${x?say it}\n", "2:6+1", "x: say it", "give it by ARG or ENV, or --build-arg x=value" },
		{ "FROM a\nUSER ${x\n", "2:6+1", "'}' is missing behind ${", "a plain $ is written \\$" },
		{ "FROM a\nUSER ${x:\n", "2:6+1", "'}' is missing behind ${", "a plain $ is written \\$" },
		{ "FROM a\nUSER ${x:#y}\n", "2:6+1", "':' cannot stand before '#' or '%' in a substitution", "a plain $ is written \\$" },
		{ "FROM a\nUSER 'a\n", "2:6+1", "the closing ' is missing", "a plain ' is written \\'" },
		{ "FROM a\nUSER ${x^}\n", "2:6+1", "unsupported modifier '^' in ${x...}", "known are :- - :+ + :? ? # ## % %% / and //" },
		{ "FROM a\nRUN a\\\n\n# c\n --b\nUSRE x\n", "6:1+4", "unknown instruction 'USRE'", "did you mean USER?" },
	};
	/* clang-format on */
	(void)state;

	all_refused(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts),
		cmocka_unit_test(run_flags),
		cmocka_unit_test(copy_flags),
		cmocka_unit_test(language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
