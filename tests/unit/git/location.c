// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/location.h"
#include "git/modules.h"
#include "git/pktline.h"

/* Locations, .gitmodules and lines: what is pure in git/. */

/* A location as text: its remote, then what is wanted of it. */
static char *shown(const struct git_location *l)
{
	return mem_printf("%s ref=%s subdir=%s commit=%s%s%s%s%s", l->remote, l->ref ? l->ref : "",
			  l->subdir ? l->subdir : "", l->checksum ? l->checksum : "",
			  l->keep_git_dir ? " keep" : "", l->no_submodules ? " alone" : "",
			  l->fetch_by_commit ? " by-commit" : "", l->mtime_commit ? " mtime" : "");
}

#define SHA "0123456789abcdef0123456789abcdef01234567"

static void forms(void **state)
{
	/* clang-format off */
	static const char *const cases[][2] = {
		{ "https://h/a/b.git", "https://h/a/b.git ref= subdir= commit=" },
		{ "https://H:8443/b.git#v1:x/../y/", "https://h:8443/b.git ref=v1 subdir=y commit=" },
		{ "http://h/b.git#:sub", "http://h/b.git ref= subdir=sub commit=" },
		{ "http://h/b.git#v1:/", "http://h/b.git ref=v1 subdir= commit=" },
		{ "http://h/b.git#:../../etc", "http://h/b.git ref= subdir=etc commit=" },
		{ "git://h/b#main", "git://h/b ref=main subdir= commit=" },
		{ "ssh://u@h:22/a/b.git", "ssh://u@h:22/a/b.git ref= subdir= commit=" },
		{ "ssh://[::1]:22/a", "ssh://[::1]:22/a ref= subdir= commit=" },
		{ "ssh://h/~me/b.git", "ssh://h/~me/b.git ref= subdir= commit=" },
		{ "git@github.com:o/n.git#v1", "git@github.com:o/n.git ref=v1 subdir= commit=" },
		{ "github.com/o/n#v1:d", "https://github.com/o/n ref=v1 subdir=d commit=" },
		{ "file:///a/b#x", "file:///a/b ref=x subdir= commit=" },
		{ "https://h/b.git?branch=v1", "https://h/b.git ref=refs/heads/v1 subdir= commit=" },
		{ "https://h/b.git?tag=refs/tags/v1", "https://h/b.git ref=refs/tags/v1 subdir= commit=" },
		{ "https://h/b.git?ref=a%2Fb&subdir=s&keep-git-dir&submodules=0&mtime=commit",
		  "https://h/b.git ref=a/b subdir=s commit= keep alone mtime" },
		{ "https://h/b.git?commit=ABC", "https://h/b.git ref= subdir= commit=abc" },
		{ "https://h/b.git?checksum=" SHA "&fetch-by-commit=1",
		  "https://h/b.git ref= subdir= commit=" SHA " by-commit" },
		{ "https://h/b.git?ref=x#x", "https://h/b.git ref=x subdir= commit=" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct git_location l;
		struct err err = { 0 };

		if (!git_location_parse(&l, cases[i][0], &err))
			fail_msg("%s: %s", cases[i][0], err.msg);
		AUTO(auto_free) char *text = shown(&l);

		assert_string_equal(text, cases[i][1]);
		git_location_free(&l);
	}
}

static void refused(void **state)
{
	/* clang-format off */
	static const char *const cases[][2] = {
		{ "x", "names no git repository" },
		{ "https://", "names no host" },
		{ "https://h", "names no repository" },
		{ "https://h/", "names no repository" },
		{ "https://h:0/x", "names no host" },
		{ "https://h:65536/x", "names no host" },
		{ "https://u:p@h/x.git", "user or password" },
		{ "ssh://u:p@h/x.git", "no plain name" },
		{ "ssh://-oProxyCommand=x/y", "names no host" },
		{ "-oX@h:y.git", "no plain name" },
		{ "git@-h:y.git", "names no host" },
		{ "git@h:-x", "names no repository" },
		{ "file://h/x", "absolute path" },
		{ "https://h/x.git#-x", "cannot name" },
		{ "https://h/x.git#a..b", "cannot name" },
		{ "https://h/x.git#a b", "cannot name" },
		{ "https://h/x.git?ref=a%0ab", "control characters" },
		{ "https://h/x.git?ref=a&ref=a", "given twice" },
		{ "https://h/x.git?ref=", "has no value" },
		{ "https://h/x.git?ref=a#b", "two values for the ref" },
		{ "https://h/x.git?branch=a&tag=a", "two values for the ref" },
		{ "https://h/x.git?commit=xyz", "no commit id" },
		{ "https://h/x.git?commit=abc&fetch-by-commit=1", "whole commit id" },
		{ "https://h/x.git?commit=ab#" SHA, "is not ab" },
		{ "https://h/x.git?submodules=x", "neither true nor false" },
		{ "https://h/x.git?mtime=now", "neither checkout nor commit" },
		{ "https://h/x.git?sub-dir=now", "did you mean subdir" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct git_location l;
		struct err err = { 0 };

		if (git_location_parse(&l, cases[i][0], &err))
			fail_msg("parsed: %s", cases[i][0]);
		assert_int_equal(err.code, E_INPUT);
		if (!strstr(err.msg, cases[i][1]) && !strstr(err.hint, cases[i][1]))
			fail_msg("%s: %s (%s)", cases[i][0], err.msg, err.hint);
		assert_null(l.remote);
	}
}

static void what_is_one(void **state)
{
	static const char *const yes[] = { "https://h/x.git",
					   "https://h/x.git#v1:s",
					   "http://h/x.git?ref=v1",
					   "git://h/x",
					   "ssh://h/x",
					   "git@h:x",
					   "me@h:x.git#v",
					   "file:///x" };
	static const char *const no[] = {
		"https://h/x",  "https://h/x.git/y", "x.git",          "./git@h:x", "a@h:x",
		"r@sha256:abc", "ftp://h/x.git",     "github.com/x/y", "h:x.git"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(git_location_is(yes[i], false) && git_location_is(yes[i], true));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(git_location_is(no[i], false));
	assert_true(git_location_is("github.com/x/y", true));
}

static void submodules(void **state)
{
	/* clang-format off */
	static const struct {
		const char *parent, *url, *remote; /* NULL: refused */
		bool same;
	} cases[] = {
		{ "https://h/a/b.git", "../c.git", "https://h/a/c.git", true },
		{ "https://h/a/b.git", "./c", "https://h/a/b.git/c", true },
		{ "https://h:1/a/b.git", "https://h/x", "https://h/x", false },
		{ "https://h/a", "http://h/x", "http://h/x", false },
		{ "git@h:a/b.git", "../c.git", "git@h:a/c.git", true },
		{ "ssh://u@h/~me/b", "../c", "ssh://u@h/~me/c", true },
		{ "https://h/a", "../../c", "https://h/c", true },
		{ "git@h:a/b.git", "../../../c.git", NULL, false },
		{ "https://h/a", "https://h/c?ref=x", NULL, false },
		{ "https://h/a", "ext::sh -c x", NULL, false },
		{ "https://h/a", "/etc", NULL, false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(git_location_free) struct git_location parent = { 0 };
		AUTO(git_location_free) struct git_location l = { 0 };
		struct err err = { 0 };

		assert_true(git_location_parse(&parent, cases[i].parent, &err));
		if (!git_location_resolve(&l, &parent, cases[i].url, &err)) {
			if (cases[i].remote)
				fail_msg("%s: %s", cases[i].url, err.msg);
			continue;
		}
		if (!cases[i].remote)
			fail_msg("%s is %s", cases[i].url, l.remote);
		assert_string_equal(l.remote, cases[i].remote);
		assert_int_equal(git_location_same_host(&l, &parent), cases[i].same);
	}
}

static void modules(void **state)
{
	static const char text[] = "# a comment\n[core]\n\tpath = none\n[submodule \"a]\\\"b\"]\n"
				   "\tpath = vendor/a ; behind\n\tURL=\"../a;#.git\" \n"
				   "\tupdate\n[submodule \"c\"] path = c\\\n/d\n\turl = x\r\n"
				   "[submodule \"no-url\"]\n\tpath = e\n";
	static const char *const bad[] = { "[submodule", "[submodule \"a\"",
					   "= x",        "path = \"x",
					   "path = \\q", "[submodule \"a\"]\npath = -x",
					   "pa th = x",  "[submodule \"a\"]\nurl =\n" };
	AUTO(map_free) struct map urls = { 0 };
	AUTO(map_free) struct map names = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(modules_parse(&urls, &names, text, strlen(text), &err));
	assert_int_equal(urls.len, 2);
	assert_string_equal(map_text(&urls, "vendor/a"), "../a;#.git");
	assert_string_equal(map_text(&urls, "c/d"), "x");
	assert_int_equal(names.len, 2);
	assert_string_equal(map_text(&names, "vendor/a"), "a]\"b");
	assert_string_equal(map_text(&names, "c/d"), "c");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(map_free) struct map none = { 0 };
		AUTO(map_free) struct map nameless = { 0 };

		err = (struct err){ 0 };
		if (modules_parse(&none, &nameless, bad[i], strlen(bad[i]), &err))
			fail_msg("parsed: %s", bad[i]);
		assert_non_null(strstr(err.msg, ".gitmodules:"));
	}
}

static void lines(void **state)
{
	static const char text[] = "0006a\n0004"
				   "0000"
				   "0001"
				   "0002"
				   "0009ERR x";
	AUTO(auto_source_close) struct source *from = source_mem(text, strlen(text));
	AUTO(auto_source_close) struct source *cut = source_mem("0006", 4);
	AUTO(auto_source_close) struct source *wrong = source_mem("<htm", 4);
	AUTO(buf_free) struct buf out = BUF_INIT(1000);
	struct pkt_reader *r = mem_alloc(sizeof(*r));
	AUTO(auto_free) struct pkt_reader *owned = r;
	static const enum pkt_kind kinds[] = { PKT_LINE, PKT_LINE, PKT_FLUSH, PKT_DELIM, PKT_END };
	struct err err = { 0 };

	(void)state;
	r->from = from;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_true(pkt_read(r, &err));
		assert_int_equal(r->kind, kinds[i]);
		assert_int_equal(r->len, i == 0 ? 2 : 0);
	}
	assert_false(pkt_read(r, &err));
	assert_string_equal(err.msg, "the git server says: x");
	err_clear(&err);
	assert_true(pkt_read(r, &err) && r->kind == PKT_END);
	r->from = cut;
	assert_false(pkt_read(r, &err));
	assert_int_equal(err.code, E_NETWORK);
	r->from = wrong;
	assert_false(pkt_read(r, &err));
	assert_non_null(strstr(err.msg, "no git server"));
	pkt_put(&out, "want %s\n", "x");
	pkt_put_delim(&out);
	pkt_put_flush(&out);
	assert_string_equal(out.ptr, "000bwant x\n00010000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),       cmocka_unit_test(refused),
		cmocka_unit_test(what_is_one), cmocka_unit_test(submodules),
		cmocka_unit_test(modules),     cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
