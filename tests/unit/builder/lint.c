// SPDX-License-Identifier: Apache-2.0
#include "builder/lint.h"

#include "builder/check.h"
#include "tests/unit/builder/world.h"

/*
 * Every rule once with something to find and once without. Findings are "line:column+width Rule:
 * message", one a line. The base images busybox (PATH and BASED are set, a SHELL is not), shelled
 * (with a SHELL), trigger (ONBUILD) and arm (of another platform) are in the store.
 */

static void findings(struct buf *out, struct world *w, const char *text, const char *ignore)
{
	AUTO(check_free) struct check check = { 0 };
	AUTO(auto_free) char *path = mem_printf("%s/.dockerignore", w->context);
	struct err err = { 0 };
	bool ok;

	if (ignore)
		assert_true(fs_write_path_atomic(path, ignore, strlen(ignore), 0644, &err));
	w->req.dockerfile = text;
	w->req.dockerfile_len = strlen(text);
	ok = check_make(&check, w->store, &w->req, &err);
	for (size_t i = 0; i < check.lint.findings.len; i++) {
		const struct lint_finding *f = &check.lint.findings.items[i];

		buf_putf(out, "%d:%d+%d %s: %s\n", f->place.line, f->place.column, f->width,
			 lint_name(f->rule), f->message);
	}
	if (!ok)
		buf_putf(out, "error %d:%d %s\n", err.at.line, err.at.column, err.msg);
	if (ignore)
		unlink(path);
}

static void expect(struct world *w, const char *text, const char *ignore, const char *want)
{
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 20);

	findings(&got, w, text, ignore);
	if (getenv("ROWS_PRINT"))
		fprintf(stderr, "%s\n{%s}\n\n", text, got.ptr);
	else if (!str_eq(got.ptr, want))
		fail_msg("%s\ngives\n%snot\n%s", text, got.ptr, want);
}

static void put_image(struct world *w, const char *name, const char *dockerfile,
		      const char *platform)
{
	AUTO(image_free) struct image img = { 0 };
	struct platform usual = w->req.platform;
	struct reference ref;
	struct err err = { 0 };

	assert_true(platform_parse(&w->req.platform, platform, &err));
	w->req.dockerfile = dockerfile;
	w->req.dockerfile_len = strlen(dockerfile);
	if (!build_image(&img, &w->env, &w->req, &err) || !reference_parse(&ref, name, &err) ||
	    !store_put_image(w->store, &img, &ref, &err))
		fail_msg("%s", err.msg);
	w->req.platform = usual;
}

static void put_images(struct world *w)
{
	put_image(w, "busybox", "FROM scratch\nENV BASED=1\n", "linux/amd64");
	put_image(w, "shelled", "FROM scratch\nSHELL [\"/bin/bash\", \"-c\"]\n", "linux/amd64");
	put_image(w, "trigger", "FROM scratch\nONBUILD ENV X=$nothing\nONBUILD WORKDIR rel\n",
		  "linux/amd64");
	put_image(w, "arm", "FROM scratch\nENV A=1\n", "linux/arm64");
}

/* clang-format off */
static const struct rule_row {
	enum lint_rule rule;
	const char *bad;
	const char *want;
	const char *good; /* gives nothing */
	const char *ignore; /* .dockerignore of the bad one; the good one has none */
} rows[] = {
	{ LINT_STAGE_NAME_CASING, "FROM scratch AS BadName\n",
	  "1:17+7 StageNameCasing: Stage name 'BadName' should be lowercase\n",
	  "FROM scratch AS good-name.1\n", NULL },
	{ LINT_FROM_AS_CASING, "FROM scratch as a\nFROM scratch AS b\n",
	  "1:14+2 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n",
	  "from scratch as a\nfrom scratch as b\n", NULL },
	{ LINT_EMPTY_CONTINUATION, "FROM scratch\nCOPY a \\\n\n  b \\\n# not this\n  /\n",
	  "3:1+1 NoEmptyContinuation: Empty continuation line\n",
	  "FROM scratch\n\nCOPY a \\\n# a comment\n  b /\n", NULL },
	{ LINT_INSTRUCTION_CASING, "ARG x\nFROM scratch\nCOPY a /\ncopy b /\nCopy c /\n",
	  "4:1+4 ConsistentInstructionCasing: Command 'copy' should match the case of the command majority (uppercase)\n"
	  "5:1+4 ConsistentInstructionCasing: Command 'Copy' should match the case of the command majority (uppercase)\n",
	  "ARG y\nfrom scratch\ncopy a /\n", NULL },
	{ LINT_DUPLICATE_STAGE, "FROM scratch AS b\nFROM scratch AS b\n",
	  "2:17+1 DuplicateStageName: Duplicate stage name \"b\", stage names should be unique\n",
	  "FROM scratch AS a\nFROM scratch AS b\n", NULL },
	{ LINT_RESERVED_STAGE, "FROM busybox AS scratch\nFROM busybox AS context\n",
	  "1:17+7 ReservedStageName: Stage name should not use the same name as reserved stage \"scratch\"\n"
	  "2:17+7 ReservedStageName: Stage name should not use the same name as reserved stage \"context\"\n",
	  "FROM scratch AS contexts\n", NULL },
	{ LINT_JSON_ARGS, "FROM busybox\nCMD run\nENTRYPOINT exec x\n",
	  "2:1+3 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals\n"
	  "3:1+10 JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals\n",
	  "FROM shelled\nCMD run\nFROM busybox AS a\nSHELL [\"/bin/bash\", \"-c\"]\nFROM a\nENTRYPOINT x\nCMD [\"y\"]\nHEALTHCHECK CMD z\n", NULL },
	{ LINT_MAINTAINER, "FROM scratch\nMAINTAINER me@example.org\n",
	  "2:1+10 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\n",
	  "FROM scratch\nLABEL org.opencontainers.image.authors=me\n", NULL },
	{ LINT_UNDEFINED_ARG_IN_FROM, "ARG TAG=1\nFROM busybox:latest${TAGS}${other}\nFROM --platform=${BULIDPLATFORM:-linux/amd64} scratch\n",
	  "2:6+29 UndefinedArgInFrom: FROM argument 'TAGS' is not declared (did you mean TAG?)\n"
	  "2:6+29 UndefinedArgInFrom: FROM argument 'other' is not declared\n"
	  "3:17+29 UndefinedArgInFrom: FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)\n",
	  "ARG A\nARG B=busybox\nFROM $B$A\nFROM --platform=$BUILDPLATFORM scratch\n", NULL },
	{ LINT_RELATIVE_WORKDIR, "FROM busybox\nWORKDIR app/\nWORKDIR more\n",
	  "2:9+4 WorkdirRelativePath: Relative workdir \"app/\" can have unexpected results if the base image changes\n",
	  "FROM busybox AS a\nENV D=/app\nWORKDIR $D\nFROM a\nWORKDIR sub\n", NULL },
	{ LINT_UNDEFINED_VAR, "FROM busybox\nARG DIR_ASSETS=a\nCOPY --chown=$who $DIR_ASSET ${late-} /\nENV PATH=\"$PAHT:/x\"\nARG late\nRUN --mount=target=/m$m echo $shell\nCOPY <<E /f\n\t$in\nE\n",
	  "3:14+4 UndefinedVar: Usage of undefined variable '$who'\n"
	  "3:19+10 UndefinedVar: Usage of undefined variable '$DIR_ASSET' (did you mean $DIR_ASSETS?)\n"
	  "3:30+8 UndefinedVar: Usage of undefined variable '$late'\n"
	  "4:11+5 UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?)\n"
	  "6:22+2 UndefinedVar: Usage of undefined variable '$m'\n"
	  "8:2+3 UndefinedVar: Usage of undefined variable '$in'\n",
	  "FROM busybox AS a\nARG foo\nARG bar=x$foo\nENV Q=$BASED$PATH$bar\nFROM a\nCOPY $bar$foo$Q /\nRUN echo $nothing\n", NULL },
	{ LINT_MULTIPLE_INSTRUCTIONS, "FROM scratch\nCMD [\"a\"]\nENTRYPOINT [\"a\"]\nHEALTHCHECK NONE\nCMD [\"b\"]\nENTRYPOINT [\"b\"]\nHEALTHCHECK CMD [\"b\"]\nCMD [\"c\"]\n",
	  "2:1+3 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used\n"
	  "3:1+10 MultipleInstructionsDisallowed: Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used\n"
	  "4:1+11 MultipleInstructionsDisallowed: Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used\n"
	  "5:1+3 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used\n",
	  "FROM scratch AS a\nCMD [\"a\"]\nENTRYPOINT [\"e\"]\nFROM a\nCMD [\"b\"]\nENTRYPOINT [\"f\"]\n", NULL },
	{ LINT_LEGACY_KEY_VALUE, "FROM scratch\nENV a b c\nLABEL d e\n",
	  "2:1+3 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\n"
	  "3:1+5 LegacyKeyValueFormat: \"LABEL key=value\" should be used instead of legacy \"LABEL key value\" format\n",
	  "FROM scratch\nENV a=b c=\"d e\"\nLABEL d=e\n", NULL },
	{ LINT_BASE_PLATFORM, "FROM arm\nCOPY a /\n",
	  "1:6+3 InvalidBaseImagePlatform: Base image arm was pulled with platform \"linux/arm64\", expected \"linux/amd64\" for current build\n",
	  "FROM --platform=$BUILDPLATFORM busybox\nFROM unknown:1\n", NULL },
	{ LINT_REDUNDANT_PLATFORM, "FROM --platform=${TARGETPLATFORM} scratch\n",
	  "1:17+17 RedundantTargetPlatform: Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default behavior\n",
	  "FROM --platform=$BUILDPLATFORM scratch\nFROM --platform=$TARGETOS/$TARGETARCH scratch\n", NULL },
	{ LINT_SECRETS, "FROM scratch\nARG SECRET_PASSPHRASE a=b\nENV Super_Token=x plain=y auth=z\nENV git_key=\n",
	  "2:5+17 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG \"SECRET_PASSPHRASE\")\n"
	  "3:5+11 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"Super_Token\")\n"
	  "3:27+4 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"auth\")\n"
	  "4:5+7 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"git_key\")\n",
	  "ARG TOKEN\nFROM scratch\nARG PUBLIC_KEY password_file AUTH_MODULE_VERSION MONKEY tokens KEYS\nENV TOKENIZER=1\n", NULL },
	{ LINT_DEFAULT_ARG_IN_FROM, "ARG VERSION\nARG SFX=box:\nFROM busybox:$VERSION\nFROM busy${SFX}\n",
	  "3:6+16 InvalidDefaultArgInFrom: Default value for ARG busybox:$VERSION results in empty or invalid base image name\n"
	  "4:6+10 InvalidDefaultArgInFrom: Default value for ARG busy${SFX} results in empty or invalid base image name\n",
	  "ARG VERSION=1\nARG V2\nFROM busybox:$VERSION\nFROM busybox${V2}\nFROM busybox:${V2:-1}\n", NULL },
	{ LINT_CONSTANT_PLATFORM, "FROM --platform=linux/amd64 scratch\nFROM --platform=linux/amd64 scratch AS build\n",
	  "1:17+11 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value \"linux/amd64\"\n"
	  "2:17+11 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value \"linux/amd64\"\n",
	  "FROM --platform=linux/amd64 scratch AS build_amd64\nFROM --platform=linux/amd64 scratch AS linux-one\n", NULL },
	{ LINT_COPY_IGNORED, "FROM scratch AS a\nFROM scratch\nCOPY ./b/../a.txt d/x ok /\nADD /d https://x/a.txt /\nCOPY --from=a d /\nCOPY . /\n",
	  "3:6+12 CopyIgnoredFile: Attempting to Copy file \"a.txt\" that is excluded by .dockerignore\n"
	  "3:19+3 CopyIgnoredFile: Attempting to Copy file \"d/x\" that is excluded by .dockerignore\n"
	  "4:5+2 CopyIgnoredFile: Attempting to Add file \"/d\" that is excluded by .dockerignore\n",
	  "FROM scratch\nCOPY a.txt d /\n", "*.txt\nd\n" },
	{ LINT_DESCRIPTION, "# check=experimental=InvalidDefinitionDescription\n# bar is it\nARG foo=bar\n# Base it is\nFROM scratch AS base\n# bad\nARG a b\n",
	  "3:1+3 InvalidDefinitionDescription: Comment for ARG should follow the format: `# foo <description>`\n"
	  "5:1+4 InvalidDefinitionDescription: Comment for FROM should follow the format: `# base <description>`\n"
	  "7:1+3 InvalidDefinitionDescription: Comment for ARG should follow the format: `# <arg_key> <description>`\n",
	  "# check=experimental=all\n# foo is it\nARG foo=bar\n# about it all\n\nFROM scratch AS base\n# about\n#\nARG a\n# b is there\nARG a b\n# free\nCOPY a /\n# no name\nFROM scratch\n", NULL },
	{ LINT_PROTOCOL_CASING, "FROM scratch\nEXPOSE 80/TcP 81/udp 82/UDP\n",
	  "2:8+6 ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase\n"
	  "2:22+6 ExposeProtoCasing: Defined protocol '82/UDP' in EXPOSE instruction should be lowercase\n",
	  "FROM scratch\nENV P=80/tcp\nEXPOSE $P 81 90-95/udp\n", NULL },
	{ LINT_EXPOSE_FORMAT, "FROM scratch\nEXPOSE 127.0.0.1:80:80 [::1]:8080:8080 5000:5000 8000\n",
	  "2:8+15 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'\n"
	  "2:24+15 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '[::1]:8080:8080'\n"
	  "2:40+9 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '5000:5000'\n",
	  "FROM scratch\nEXPOSE 80 :81\n", NULL },
};
/* clang-format on */

static void rules(void **state)
{
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	put_images(&w);
	assert_int_equal(ARRAY_LEN(rows), LINT_RULES);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_free) char *prefix = mem_printf(" %s: ", lint_name(rows[i].rule));

		assert_int_equal(rows[i].rule, i);
		assert_non_null(strstr(rows[i].want, prefix));
		expect(&w, rows[i].bad, rows[i].ignore, rows[i].want);
		expect(&w, rows[i].good, NULL, "");
	}
}

/* Which rules are on, and what comments before an instruction do. */
static void configuration(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *given, *want;
	} cases[] = {
		{ "#check=skip=all\nFROM scratch as a\ncopy a /\n", NULL, "" },
		{ "# check = skip=ConsistentInstructionCasing, FromAsCasing ;error=true\nFROM scratch as a\ncopy a /\n", NULL, "" },
		{ "# check=skip=ConsistentInstructionCasing\nFROM scratch as a\ncopy a /\n", NULL, "2:14+2 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n" },
		/* the build argument replaces the directive */
		{ "#check=skip=all\nFROM scratch as a\n", "skip=ConsistentInstructionCasing;error=true", "2:14+2 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n" },
		{ "#check=skip=all\nFROM scratch as a\n", "", "2:14+2 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n" },
		{ "#check=error=true\nFROM scratch as a\n", "skip=all", "" },
		/* no directive behind an instruction, a blank line or another comment */
		{ "\n#check=skip=all\n#\nFROM scratch as a\n", NULL, "4:14+2 FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n" },
		/* but before an instruction it holds for that one */
		{ "FROM scratch\n# check=skip=SecretsUsedInArgOrEnv because it is none\nENV password=bar\nENV password=bar\n", NULL,
		  "4:5+8 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV \"password\")\n" },
		{ "FROM scratch\n# a word\n# check=skip=all\nARG password\n# check=experimental=all\nARG password=1\n", NULL,
		  "6:1+3 InvalidDefinitionDescription: Comment for ARG should follow the format: `# password <description>`\n"
		  "6:5+10 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG \"password\")\n" },
		{ "\n# check=skip=RedundantTargetPlatform\nFROM --platform=$TARGETPLATFORM scratch\n", NULL, "" },
		/* findings before an error are there */
		{ "FROM scratch AS Bad\nMAINTAINER me\nBADCMD\n", NULL,
		  "1:17+3 StageNameCasing: Stage name 'Bad' should be lowercase\n2:1+10 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label\nerror 3:1 unknown instruction 'BADCMD'\n" },
		{ "FROM --platform=$BULIDPLATFORM scratch\n", NULL,
		  "1:17+14 UndefinedArgInFrom: FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)\nerror 1:17 --platform is empty ('$BULIDPLATFORM')\n" },
		{ "FROM scratch\nENV a b\nEXPOSE x\n", NULL,
		  "2:1+3 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format\nerror 3:8 'x' is no port\n" },
		/* a directive that does not read */
		{ "# check=skip=UndefinedVr\nFROM scratch\n", NULL, "error 1:3 check: there is no rule 'UndefinedVr'\n" },
		{ "# check=error=perhaps\nFROM scratch\n", NULL, "error 1:3 check: error is true or false, not 'perhaps'\n" },
		{ "# check=only=all\nFROM scratch\n", NULL, "error 1:3 check: unknown option 'only'\n" },
		{ "FROM scratch\n", "skip", "error 0:0 BUILDKIT_DOCKERFILE_CHECK: check: unknown option 'skip'\n" },
		/* every stage is looked at; triggers show at the FROM they run behind */
		{ "FROM scratch AS a\nCOPY $foo /\nFROM scratch\nCOPY $bar /\n", NULL,
		  "2:6+4 UndefinedVar: Usage of undefined variable '$foo'\n4:6+4 UndefinedVar: Usage of undefined variable '$bar'\n" },
		{ "FROM trigger\nWORKDIR more\n", NULL,
		  "1:1+4 WorkdirRelativePath: Relative workdir \"rel\" can have unexpected results if the base image changes\n"
		  "1:1+4 UndefinedVar: Usage of undefined variable '$nothing'\n" },
		{ "FROM scratch AS a\nONBUILD EXPOSE 80/TCP\nFROM a\n", NULL,
		  "3:1+4 ExposeProtoCasing: Defined protocol '80/TCP' in EXPOSE instruction should be lowercase\n" },
		/* of an unknown base: only what is all but certain */
		{ "FROM unknown:1\nENV A=$PYTHON_VERSION B=$lower C=$PAHT D=$LATER\nENV LATER=1\n", NULL,
		  "2:25+6 UndefinedVar: Usage of undefined variable '$lower'\n"
		  "2:34+5 UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?)\n"
		  "2:42+6 UndefinedVar: Usage of undefined variable '$LATER'\n" },
		{ "FROM busybox\nENV A=$PYTHON_VERSION$BASED\n", NULL, "2:7+15 UndefinedVar: Usage of undefined variable '$PYTHON_VERSION'\n" },
	};
	/* clang-format on */
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	put_images(&w);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		map_remove(&w.args, "BUILDKIT_DOCKERFILE_CHECK");
		if (cases[i].given)
			map_put_text(&w.args, "BUILDKIT_DOCKERFILE_CHECK", cases[i].given);
		expect(&w, cases[i].text, NULL, cases[i].want);
	}
}

static void ignored(void **state)
{
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	/* with an exception nothing can be told */
	expect(&w, "FROM scratch\nCOPY a /\n", "a\n!b\n", "");
	expect(&w, "FROM scratch\nCOPY . /\n", ".*\n", "");
	expect(&w, "FROM scratch\nCOPY ./ /\n", "**/*\n",
	       "2:6+2 CopyIgnoredFile: Attempting to Copy file \".\" that is excluded by "
	       ".dockerignore\n");
	w.req.context_dir = NULL;
	expect(&w, "FROM scratch\nCOPY a /\n", "a\n", "");
}

/* A target looks at what it needs alone, as a build does. */
static void target(void **state)
{
	AUTO(world_close) struct world w;
	(void)state;

	world_open(&w);
	w.req.target = "b";
	expect(&w, "FROM scratch AS a\nENV x y\nFROM scratch AS b\nENV z z\n", NULL,
	       "4:1+3 LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy "
	       "\"ENV key value\" format\n");
}

struct heard {
	struct events events;
	struct buf text;
};

static void hear(struct events *self, const struct event *event)
{
	struct heard *h = (struct heard *)self;

	if (event->kind == EVENT_WARNING)
		buf_putf(&h->text, "%s\n", event->text);
}

/* A build says findings once, as warnings, knows its bases, and fails for error=true. */
static void builds(void **state)
{
	AUTO(world_close) struct world w;
	AUTO(image_free) struct image img = { 0 };
	AUTO(image_free) struct image none = { 0 };
	struct heard heard = { .events = { hear }, .text = BUF_INIT(1 << 16) };
	struct err err = { 0 };
	static const char good[] = "FROM arm\nENV a $BASED\nFROM busybox\nENV b $BASED$x\n";
	static const char bad[] = "# check=error=true\nFROM scratch\nENV b $x\n";
	(void)state;

	world_open(&w);
	put_images(&w);
	w.env.events = &heard.events;
	w.req.dockerfile = good;
	w.req.dockerfile_len = strlen(good);
	assert_true(build_image(&img, &w.env, &w.req, &err));
	assert_string_equal(heard.text.ptr,
			    "Dockerfile:4:1: \"ENV key=value\" should be used instead of legacy "
			    "\"ENV key value\" format [LegacyKeyValueFormat]\n"
			    "Dockerfile:4:13: Usage of undefined variable '$x' [UndefinedVar]\n");
	w.req.dockerfile = bad;
	w.req.dockerfile_len = strlen(bad);
	assert_false(build_image(&none, &w.env, &w.req, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_string_equal(err.msg,
			    "lint violation found for rules: LegacyKeyValueFormat, UndefinedVar");
	assert_int_equal(err.at.line, 3);
	buf_free(&heard.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),   cmocka_unit_test(configuration),
		cmocka_unit_test(ignored), cmocka_unit_test(target),
		cmocka_unit_test(builds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
