// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/opts.h"

/* Option tables: every way to write an option, and every way to get it wrong. */

struct args {
	const char *image, *file, *second;
	struct str_list tags, rest;
	bool push, quiet_build;
};
struct globals {
	bool quiet;
	const char *store;
};

/* clang-format off */
static const struct opt own[] = {
	OPT_ARG("IMAGE",                struct args, image,       "an image"),
	OPT_ARG_OPTIONAL("SECOND",      struct args, second,      "another"),
	OPT_GROUP("Some"),
	OPT_TEXT('f', "file", "FILE",   struct args, file,        "a file"),
	OPT_LIST('t', "tag", "NAME",    struct args, tags,        "a tag"),
	OPT_FLAG('p', "push",           struct args, push,        "push it"),
	OPT_OTHER('m', "memory", "BYTES", NULL, "no limit is set", "set one outside"),
	OPT_OTHER(0,   "rm", NULL,      "true", "nothing is kept", NULL),
	OPT_OTHER(0,   "sbom", "SPEC",  "false|none", "none is made", "leave it out"),
	OPT_FLAG(0,   "quiet-build",    struct args, quiet_build, "a flag with a rather long explanation that has to be wrapped somewhere, since no line may be over a hundred columns"),
	OPT_END
};
static const struct opt runlike[] = {
	OPT_ARG("IMAGE",   struct args, image, "an image"),
	OPT_REST("CMD",    struct args, rest,  "a command"),
	OPT_FLAG('p', "push", struct args, push, "push it"),
	OPT_END
};
static const struct opt global[] = {
	OPT_FLAG('q', "quiet",        struct globals, quiet, "say less"),
	OPT_TEXT(0,   "store", "DIR", struct globals, store, "where"),
	OPT_END
};
/* clang-format on */

/* Splits on blanks; "" stands for itself as _. */
static bool parse(struct args *args, struct globals *globals, const struct opt *table, char *line,
		  bool *help, struct err *err)
{
	char *argv[32] = { line };
	int argc = 1;

	for (char *p = line; *p; p++)
		if (*p == ' ') {
			*p = '\0';
			argv[argc++] = p + 1;
		}
	return opts_parse(args, table, globals, global, argc, argv, help, err);
}

/* What was understood, as one line. */
static char *describe(const struct args *a, const struct globals *g)
{
	struct buf b = BUF_INIT(1000);

	buf_putf(&b, "image=%s file=%s second=%s push=%d qb=%d q=%d store=%s",
		 a->image ? a->image : "-", a->file ? a->file : "-", a->second ? a->second : "-",
		 a->push, a->quiet_build, g->quiet, g->store ? g->store : "-");
	for (size_t i = 0; i < a->tags.len; i++)
		buf_putf(&b, " t=%s", a->tags.items[i]);
	for (size_t i = 0; i < a->rest.len; i++)
		buf_putf(&b, " r=%s", a->rest.items[i]);
	return buf_steal(&b);
}

static void accepted(void **state)
{
	static const struct {
		const struct opt *table;
		const char *line, *want;
	} cases[] = {
		{ own, "x img", "image=img file=- second=- push=0 qb=0 q=0 store=-" },
		{ own, "x img -f a", "image=img file=a second=- push=0 qb=0 q=0 store=-" },
		{ own, "x img -fa", "image=img file=a second=- push=0 qb=0 q=0 store=-" },
		{ own, "x img -f=a", "image=img file=a second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --file a img", "image=img file=a second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --file=a img", "image=img file=a second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --file=a --file=b img",
		  "image=img file=b second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --file= img", "image=img file= second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --file --push img",
		  "image=img file=--push second=- push=0 qb=0 q=0 store=-" },
		{ own, "x -t a img --tag b -tc",
		  "image=img file=- second=- push=0 qb=0 q=0 store=- t=a t=b t=c" },
		{ own, "x -pq img", "image=img file=- second=- push=1 qb=0 q=1 store=-" },
		{ own, "x -pf a img", "image=img file=a second=- push=1 qb=0 q=0 store=-" },
		{ own, "x --push --no-push img",
		  "image=img file=- second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --push=false img", "image=img file=- second=- push=0 qb=0 q=0 store=-" },
		{ own, "x --push=1 img", "image=img file=- second=- push=1 qb=0 q=0 store=-" },
		{ own, "x --no-push=false img",
		  "image=img file=- second=- push=1 qb=0 q=0 store=-" },
		{ own, "x img two --store s",
		  "image=img file=- second=two push=0 qb=0 q=0 store=s" },
		{ own, "x -- -p --push", "image=-p file=- second=--push push=0 qb=0 q=0 store=-" },
		{ own, "x - img", "image=- file=- second=img push=0 qb=0 q=0 store=-" },
		{ own, "x img --rm --sbom=false --sbom none --rm=1",
		  "image=img file=- second=- push=0 qb=0 q=0 store=-" },
		{ runlike, "x -p img ls -p --push -- x",
		  "image=img file=- second=- push=1 qb=0 q=0 store=- r=ls r=-p r=--push r=-- r=x" },
		{ runlike, "x img", "image=img file=- second=- push=0 qb=0 q=0 store=-" },
		{ runlike, "x -q img -p ls",
		  "image=img file=- second=- push=0 qb=0 q=1 store=- r=-p r=ls" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct args args = { 0 };
		struct globals globals = { 0 };
		struct err err = { 0 };
		char *line = mem_strdup(cases[i].line), *got;
		bool help;

		if (!parse(&args, &globals, cases[i].table, line, &help, &err))
			fail_msg("'%s': %s", cases[i].line, err.msg);
		got = describe(&args, &globals);
		assert_string_equal(got, cases[i].want);
		opts_free(&args, cases[i].table);
		free(got);
		free(line);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *line, *msg, *hint;
	} cases[] = {
		{ "x", "IMAGE is missing", "" },
		{ "x img --fil a", "unknown option --fil", "did you mean --file?" },
		{ "x img --qiet", "unknown option --qiet", "did you mean --quiet?" },
		{ "x img --zzzzzz", "unknown option --zzzzzz", "--help lists the options" },
		{ "x img -z", "unknown option -z", "--help lists the options" },
		{ "x img -pz", "unknown option -z", "--help lists the options" },
		{ "x img --file", "--file needs a value: FILE", "" },
		{ "x img -f", "-f needs a value: FILE", "" },
		{ "x img --push=maybe", "--push is a flag: 'maybe' is not true or false", "" },
		{ "x img --no-file", "unknown option --no-file", "--help lists the options" },
		{ "x img two three", "unexpected argument 'three'", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct args args = { 0 };
		struct globals globals = { 0 };
		struct err err = { 0 };
		char *line = mem_strdup(cases[i].line);
		bool help;

		if (parse(&args, &globals, own, line, &help, &err))
			fail_msg("'%s' was accepted", cases[i].line);
		assert_int_equal(err.code, E_USAGE);
		assert_string_equal(err.msg, cases[i].msg);
		assert_string_equal(err.hint, cases[i].hint);
		opts_free(&args, own);
		free(line);
	}
}

/* What other programs take is answered with the reason, and never with the value: it may be a
 * password. */
static void options_of_others(void **state)
{
	static const struct {
		const char *line, *msg, *hint;
	} cases[] = {
		{ "x img --memory 2g", "--memory: no limit is set", "set one outside" },
		{ "x img -m2g", "--memory: no limit is set", "set one outside" },
		{ "x img --rm=false", "--rm=false: nothing is kept", "" },
		{ "x img --no-rm", "--rm=false: nothing is kept", "" },
		{ "x img --sbom=true", "--sbom: none is made", "leave it out" },
		{ "x img --sbom=", "--sbom: none is made", "leave it out" },
	};
	struct buf text = BUF_INIT(10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct args args = { 0 };
		struct globals globals = { 0 };
		struct err err = { 0 };
		char *line = mem_strdup(cases[i].line);
		bool help;

		assert_false(parse(&args, &globals, own, line, &help, &err));
		assert_int_equal(err.code, E_UNSUPPORTED);
		assert_string_equal(err.msg, cases[i].msg);
		assert_string_equal(err.hint, cases[i].hint);
		opts_free(&args, own);
		free(line);
	}
	opts_help(&text, own);
	assert_null(strstr(text.ptr, "memory"));
	buf_free(&text);
}

static void help_needs_nothing_else(void **state)
{
	static const char *const lines[] = { "x --help", "x -h", "x -p --help img", "x img -ph" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct args args = { 0 };
		struct globals globals = { 0 };
		struct err err = { 0 };
		char *line = mem_strdup(lines[i]);
		bool help = false;

		assert_true(parse(&args, &globals, own, line, &help, &err));
		assert_true(help);
		free(line);
	}
}

static void help_text_is_wrapped_and_whole(void **state)
{
	struct buf text = BUF_INIT(10000), usage = BUF_INIT(100);
	struct slice rest;

	(void)state;
	opts_help(&text, own);
	opts_usage(&usage, own);
	assert_string_equal(usage.ptr, " IMAGE [SECOND]");
	assert_non_null(strstr(text.ptr, "\nSome:\n"));
	assert_non_null(strstr(text.ptr, "  -f, --file FILE"));
	assert_non_null(strstr(text.ptr, "      --quiet-build"));
	rest = slice_of(text.ptr);
	while (rest.ptr)
		assert_true(slice_cut(rest, '\n', &rest).len <= 100);
	buf_free(&text);
	buf_free(&usage);
}

static void given_and_unset(void **state)
{
	static const struct {
		const char *line, *names, *given;
	} cases[] = {
		{ "x img", "file tag push", NULL },
		{ "x img -f a", "tag push file", "file" },
		{ "x img --file=", "file", "file" },
		{ "x img -t a", "file tag push", "tag" },
		{ "x img -p -t a", "push tag", "push" },
		{ "x img -p --no-push", "push", NULL },
		{ "x img -f a -t a -p", "quiet-build", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct args args = { 0 }, copy;
		struct globals globals = { 0 };
		struct err err = { 0 };
		char *line = mem_strdup(cases[i].line);
		const char *got;
		bool help;

		assert_true(parse(&args, &globals, own, line, &help, &err));
		got = opts_given(&args, own, cases[i].names);
		if (got && cases[i].given)
			assert_string_equal(got, cases[i].given);
		else
			assert_true(!got && !cases[i].given);
		copy = args;
		opts_unset(&copy, own, cases[i].names);
		assert_null(opts_given(&copy, own, cases[i].names));
		assert_string_equal(copy.image, "img");
		opts_free(&args, own);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(options_of_others),
		cmocka_unit_test(help_needs_nothing_else),
		cmocka_unit_test(help_text_is_wrapped_and_whole),
		cmocka_unit_test(given_and_unset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
