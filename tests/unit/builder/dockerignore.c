// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/dockerignore.h"
#include "builder/glob.h"

/* Patterns in the form of a file, and what they do to one path. Rows follow moby/patternmatcher's
 * own tests. */
static void table(void **state)
{
	/* clang-format off */
	static const struct {
		const char *file, *path;
		bool match;
	} rows[] = {
		{ "", "file", false },
		{ "*\xa3", "x\xa3", true },
		{ "*\xa3", "x\xac", false },
		{ "**", "file", true },
		{ "**", "file/", true },
		{ "**/", "file", true },
		{ "**", "/", true },
		{ "**", "dir/file", true },
		{ "**/**", "dir/file", true },
		{ "dir/**", "dir/file", true },
		{ "dir/**", "dir/dir2/file", true },
		{ "dir/**", "dir", false },
		{ "**/dir", "dir", true },
		{ "**/dir", "dir/file", true },
		{ "**/dir2/*", "dir/dir2/file", true },
		{ "**/dir2/*", "dir/dir2/dir2/file", true },
		{ "**/dir2/**", "dir/dir2/dir2/file", true },
		{ "**file", "file", true },
		{ "**file", "dir/file", true },
		{ "**file", "dir/dir", false },
		{ "**/file", "dir/file", true },
		{ "**/file", "dir/xfile", false },
		{ "x**/file", "xfile", true },
		{ "x**/file", "x/a/file", true },
		{ "x**/file", "x/a/afile", false },
		{ "*\\?e", "fil?e", true },
		{ "*\\?e", "file", false },
		{ "**file*", "dir/file.txt", true },
		{ "**file*txt", "dir/file.txt", true },
		{ "**file*.txt", "dir/file.txt", true },
		{ "**file*.txt*", "dir/file.txt", true },
		{ "**/**/*.txt", "dir/file.txt", true },
		{ "**/**/*.txt2", "dir/file.txt", false },
		{ "**/*.txt", "file.txt", true },
		{ "**/**/*.txt", "file.txt", true },
		{ "a**/*.txt", "a/file.txt", true },
		{ "a**/*.txt", "a/dir/file.txt", true },
		{ "a**/*.txt", "a/dir/dir/file.txt", true },
		{ "a/*.txt", "a/dir/file.txt", false },
		{ "a/*.txt", "a/file.txt", true },
		{ "a/*.txt**", "a/file.txt", true },
		{ "a[b-d]e", "ae", false },
		{ "a[b-d]e", "ace", true },
		{ "a[b-d]e", "aae", false },
		{ "a[^b-d]e", "aze", true },
		{ ".*", ".foo", true },
		{ ".*", "foo", false },
		{ "abc.def", "abcdef", false },
		{ "abc.def", "abc.def", true },
		{ "abc.def", "abcZdef", false },
		{ "abc?def", "abcZdef", true },
		{ "abc?def", "abcdef", false },
		{ "abc?def", "abc/def", false },
		{ "a\\\\", "a\\", true },
		{ "**/foo/bar", "foo/bar", true },
		{ "**/foo/bar", "dir/foo/bar", true },
		{ "**/foo/bar", "dir/dir2/foo/bar", true },
		{ "abc/**", "abc", false },
		{ "abc/**", "abc/def", true },
		{ "abc/**", "abc/def/ghi", true },
		{ "**/.foo", ".foo", true },
		{ "**/.foo", "bar.foo", false },
		{ "./bar.*", "bar.baz", true },
		{ "a(b)c/def", "a(b)c/def", true },
		{ "a(b)c/def", "a(b)c/xyz", false },
		{ "a.|)$(}+{bc", "a.|)$(}+{bc", true },
		{ "dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl", true },
		{ "*", "a", true },
		{ "*", "a/b", true },
		{ "/a", "a", true },
		{ "/a/", "a/b", true },
		{ "a/../b", "b", true },
		{ "a//b", "a/b", true },
		{ "  a  ", "a", true },
		{ "#a", "#a", false },
		{ " #a", "#a", true },
		{ "\xef\xbb\xbf" "a", "a", true },
		{ "\xef\xbb\xbf" "#a", "#a", false },
		{ "a\r\nb\r\n", "b", true },
		{ "a", "a/b/c", true },
		{ "a/b", "a", false },
		{ "b", "a/b", false },
		{ "*/b", "a/b", true },
		{ "*/b", "a/c/b", false },
		{ "a\n!a/b", "a/b", false },
		{ "a\n!a/b", "a/b/c", false },
		{ "a\n!a/b", "a/c", true },
		{ "!a/b\na", "a/b", true },
		{ "a\n!a\na", "a", true },
		{ "*\n!*.md\nREADME*", "x.md", false },
		{ "*\n!*.md\nREADME*", "README.md", true },
		{ "*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true },
		{ "*.md\n!README*.md\nREADME-secret.md", "README-x.md", false },
		{ "! a", "a", false },
		{ "a*\n! /ab", "ab", false },
		{ "!/b\n*", "b", true },
		{ "**\n!util/docker/web\n!util/docker/web/foo", "util/docker/web/foo", false },
		{ "util/*\n!util/docker", "util/docker/web", false },
		{ "foo/bar/*\n!foo/bar/baz", "foo/bar/baz/x", false },
		{ "?\xc3\xa9", "x\xc3\xa9", true },
		{ "?", "\xc3\xa9", true },
		{ "[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true },
		{ "a\\*b", "a*b", true },
		{ "a\\*b", "axb", false },
		{ "\\!x", "!x", true },
		{ "x]", "x]", true },
		{ "**/a/**/b/**", "q/a/r/s/b/t", true },
		{ "**/a/**/b/**", "a/b", false },
		{ "**/a/**/b", "a/b", true },
		{ "**/a/**/b", "a/xb", false },
	};
	/* clang-format on */
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
		struct err err = { 0 };

		if (!dockerignore_parse(&d, "i", rows[i].file, strlen(rows[i].file), &err))
			fail_msg("'%s': %s", rows[i].file, err.msg);
		if (dockerignore_matches(d, rows[i].path) != rows[i].match)
			fail_msg("'%s' on '%s': not %d", rows[i].file, rows[i].path, rows[i].match);
	}
}

static void errors(void **state)
{
	static const struct {
		const char *file;
		int line;
		const char *text;
	} rows[] = {
		{ "a\n!\n", 2, "'!' with no pattern" },
		{ "! ", 1, "'!' with no pattern" },
		{ "a\n\n[", 3, "malformed" },
		{ "[^]", 1, "malformed" },
		{ "[a-]", 1, "malformed" },
		{ "a\\", 1, "malformed" },
		{ "[]a]", 1, "malformed" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
		struct err err = { 0 };

		if (dockerignore_parse(&d, "i", rows[i].file, strlen(rows[i].file), &err))
			fail_msg("'%s' is fine", rows[i].file);
		assert_int_equal(err.code, E_INPUT);
		assert_int_equal(err.at.line, rows[i].line);
		assert_non_null(strstr(err.msg, rows[i].text));
	}
}

/* A walk that hands its results down comes to the same answers. */
static void steps(void **state)
{
	static const char file[] = "*\n!a/b\na/b/secret\n**/*.tmp\n";
	static const struct {
		const char *path;
		int parent; /* row, -1: root */
		bool match;
	} rows[] = {
		{ "a", -1, true },           { "a/b", 0, false },      { "a/b/c", 1, false },
		{ "a/b/secret", 1, true },   { "a/b/x.tmp", 1, true }, { "a/c", 0, true },
		{ "a/b/secret/x", 3, true }, { "d", -1, true },
	};
	AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
	bool own[ARRAY_LEN(rows)][4];
	struct err err = { 0 };
	(void)state;

	assert_true(dockerignore_parse(&d, "i", file, strlen(file), &err));
	assert_int_equal(dockerignore_count(d), 4);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const bool *parent = rows[i].parent < 0 ? NULL : own[rows[i].parent];

		if (dockerignore_step(d, rows[i].path, parent, own[i]) != rows[i].match)
			fail_msg("%s", rows[i].path);
		assert_int_equal(dockerignore_matches(d, rows[i].path), rows[i].match);
	}
}

static void may_return(void **state)
{
	static const struct {
		const char *file, *dir;
		bool want;
	} rows[] = {
		{ "*\n!a/b/c", "a", true },        { "*\n!a/b/c", "a/b", true },
		{ "*\n!a/b/c", "b", false },       { "*\n!a/b/c", "ab", false },
		{ "*\n!**/x", "any/where", true }, { "*\n!a*/x", "abc", true },
		{ "*\n!a*/x", "b", false },        { "*\na/b", "a", false },
		{ "*\n!a", "a/b", false },         { "*\n!a/[x]", "a", true },
		{ "*\n!ab", "a", false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
		struct err err = { 0 };

		assert_true(dockerignore_parse(&d, "i", rows[i].file, strlen(rows[i].file), &err));
		if (dockerignore_may_return(d, rows[i].dir) != rows[i].want)
			fail_msg("'%s' below '%s'", rows[i].file, rows[i].dir);
	}
}

static void many_patterns(void **state)
{
	AUTO(buf_free) struct buf file = BUF_INIT(1 << 20);
	AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 10001; i++)
		buf_put(&file, "x\n");
	assert_false(dockerignore_parse(&d, "i", file.ptr, file.len, &err));
	assert_non_null(strstr(err.msg, "more than 10000"));
}

/* Ten thousand patterns for ten thousand files end in seconds, not minutes. */
static void many_matches(void **state)
{
	AUTO(buf_free) struct buf file = BUF_INIT(1 << 20);
	AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
	AUTO(auto_free) bool *own = mem_alloc(LIMIT_IGNORE_PATTERNS);
	struct err err = { 0 };
	clock_t start = clock();
	(void)state;

	for (int i = 0; i < LIMIT_IGNORE_PATTERNS; i++)
		buf_putf(&file, "**/nothere%d/*.o\n", i);
	assert_true(dockerignore_parse(&d, "i", file.ptr, file.len, &err));
	for (int i = 0; i < 2000; i++)
		assert_false(dockerignore_step(d, "directory/below/file.c", NULL, own));
	if ((clock() - start) / CLOCKS_PER_SEC >= 5)
		fail_msg("%d s", (int)((clock() - start) / CLOCKS_PER_SEC));
}

/* No pattern makes matching slow: this one never ends by backtracking. */
static void no_blow_up(void **state)
{
	AUTO(auto_dockerignore_free) struct dockerignore *d = NULL;
	AUTO(buf_free) struct buf pattern = BUF_INIT(1 << 20);
	AUTO(auto_free) char *path = mem_alloc(4001);
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 60; i++)
		buf_put(&pattern, "**a*");
	buf_put(&pattern, "[b]"); /* no plain end, by which it would be told at once */
	memset(path, 'a', 4000);
	assert_true(dockerignore_parse(&d, "i", pattern.ptr, pattern.len, &err));
	assert_false(dockerignore_matches(d, path));
}

/* Go's filepath.Match, by its own test table. */
static void go_match(void **state)
{
	/* clang-format off */
	static const struct {
		const char *pattern, *name;
		bool match, valid;
	} rows[] = {
		{ "abc", "abc", true, true },
		{ "*", "abc", true, true },
		{ "*c", "abc", true, true },
		{ "a*", "a", true, true },
		{ "a*", "abc", true, true },
		{ "a*", "ab/c", false, true },
		{ "a*/b", "abc/b", true, true },
		{ "a*/b", "a/c/b", false, true },
		{ "a*b*c*d*e*/f", "axbxcxdxe/f", true, true },
		{ "a*b*c*d*e*/f", "axbxcxdxexxx/f", true, true },
		{ "a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false, true },
		{ "a*b*c*d*e*/f", "axbxcxdxexxx/fff", false, true },
		{ "a*b?c*x", "abxbbxdbxebxczzx", true, true },
		{ "a*b?c*x", "abxbbxdbxebxczzy", false, true },
		{ "ab[c]", "abc", true, true },
		{ "ab[b-d]", "abc", true, true },
		{ "ab[e-g]", "abc", false, true },
		{ "ab[^c]", "abc", false, true },
		{ "ab[^b-d]", "abc", false, true },
		{ "ab[^e-g]", "abc", true, true },
		{ "a\\*b", "a*b", true, true },
		{ "a\\*b", "ab", false, true },
		{ "a?b", "a\xe2\x98\xba" "b", true, true },
		{ "a[^a]b", "a\xe2\x98\xba" "b", true, true },
		{ "a???b", "a\xe2\x98\xba" "b", false, true },
		{ "a[^a][^a][^a]b", "a\xe2\x98\xba" "b", false, true },
		{ "[a-\xce\xb6]*", "\xce\xb1", true, true },
		{ "*[a-\xce\xb6]", "A", false, true },
		{ "a?b", "a/b", false, true },
		{ "a*b", "a/b", false, true },
		{ "[\\]a]", "]", true, true },
		{ "[\\-]", "-", true, true },
		{ "[x\\-]", "x", true, true },
		{ "[x\\-]", "-", true, true },
		{ "[x\\-]", "z", false, true },
		{ "[\\-x]", "a", false, true },
		{ "[]a]", "]", false, false },
		{ "[-]", "-", false, false },
		{ "[x-]", "x", false, false },
		{ "[-x]", "x", false, false },
		{ "\\", "a", false, false },
		{ "[a-b-c]", "a", false, false },
		{ "[", "a", false, false },
		{ "[^", "a", false, false },
		{ "[^bc", "a", false, false },
		{ "a[", "a", false, false },
		{ "a[", "ab", false, false },
		{ "*x", "xxx", true, true },
		{ "", "", true, true },
		{ "", "a", false, true },
		{ "*", "", true, true },
		{ "a/*", "a/", true, true },
	};
	/* clang-format on */
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (glob_is_valid(rows[i].pattern) != rows[i].valid ||
		    glob_match(rows[i].pattern, rows[i].name) != rows[i].match)
			fail_msg("'%s' on '%s'", rows[i].pattern, rows[i].name);
	}
	assert_true(glob_has_wildcards("a*"));
	assert_true(glob_has_wildcards("a/[b]"));
	assert_false(glob_has_wildcards("a\\*"));
	assert_false(glob_has_wildcards("ab\\"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),         cmocka_unit_test(errors),
		cmocka_unit_test(steps),         cmocka_unit_test(may_return),
		cmocka_unit_test(many_patterns), cmocka_unit_test(no_blow_up),
		cmocka_unit_test(many_matches),  cmocka_unit_test(go_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
