// SPDX-License-Identifier: Apache-2.0
#include "registry/registries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"

/* registries.conf: which entry a name matches, what it becomes, what is refused and where. */

static bool read_texts(struct registries *out, const char *const *texts, struct err *err)
{
	AUTO(str_list_free) struct str_list files = { 0 };
	char dir[] = "/tmp/rtbuild-registries.XXXXXX";
	bool ok;

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; texts[i]; i++) {
		char *path = mem_printf("%s/%zu.conf", dir, i);

		assert_true(fs_write_path_atomic(path, texts[i], strlen(texts[i]), 0644, err));
		str_list_push_take(&files, path);
	}
	ok = registries_read(out, &files, NULL, err);
	for (size_t i = 0; i < files.len; i++)
		assert_int_equal(remove(files.items[i]), 0);
	assert_int_equal(remove(dir), 0);
	return ok;
}

static const char settings[] =
	"unqualified-search-registries = ['quay.io']\n"
	"short-name-mode = 'enforcing'\n"
	"[aliases]\n'x' = 'quay.io/y/x'\n"
	"[[registry]]\nlocation = 'example.com'\n"
	"[[registry]]\nprefix = 'example.com/foo'\nlocation = 'inner.test:5000/bar/'\n"
	"[[registry]]\nprefix = 'example.com/foo/exact'\nlocation = 'other.test/one'\n"
	"[[registry]]\nprefix = 'example.com:5000'\nlocation = 'ported.test'\n"
	"[[registry]]\nprefix = '*.example.com'\n"
	"[[registry]]\nprefix = '*.deep.example.com'\nlocation = 'wild.test/all'\n"
	"[[registry]]\nprefix = 'docker.io'\nlocation = 'hub.test'\n"
	"[[registry]]\nprefix = 'docker.io/library'\nlocation = 'library.test/l'\n"
	"[[registry]]\nprefix = 'broken.test'\nlocation = 'UPPER/x'\n";

static void names(void **state)
{
	static const struct {
		const char *name, *prefix, *becomes; /* NULL: no entry; becomes NULL: stays */
	} cases[] = {
		{ "example.com/x", "example.com", "example.com/x:t" },
		{ "example.com/foo", "example.com/foo", "inner.test:5000/bar:t" },
		{ "example.com/foo/y/z", "example.com/foo", "inner.test:5000/bar/y/z:t" },
		{ "example.com/foobar", "example.com", "example.com/foobar:t" },
		{ "example.com/foo/exact", "example.com/foo/exact", "other.test/one:t" },
		{ "example.com/foo/exactly", "example.com/foo", "inner.test:5000/bar/exactly:t" },
		{ "example.com:5000/x", "example.com:5000", "ported.test/x:t" },
		{ "example.com:50001/x", NULL, NULL },
		{ "example.com:443/x", NULL, NULL }, /* "host" is not "host:port" */
		{ "a.example.com/x", "*.example.com", NULL },
		{ "a.b.example.com:9/x", "*.example.com", NULL },
		{ "a.deep.example.com/x/y", "*.deep.example.com", "wild.test/all/x/y:t" },
		{ "a.deep.example.com:8443/x", "*.deep.example.com", NULL },
		{ "notexample.com/x", NULL, NULL },
		{ "example.community/x", NULL, NULL },
		{ "other.test/a.example.com/x", NULL, NULL },
		{ "x", "docker.io/library", "library.test/l/x:t" },
		{ "me/x", "docker.io", "hub.test/me/x:t" },
		{ "index.docker.io/me/x", "docker.io", "hub.test/me/x:t" },
		{ "quay.io/y/x", NULL, NULL },
	};
	AUTO(registries_free) struct registries all = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(read_texts(&all, (const char *const[]){ settings, NULL }, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *tagged = mem_printf("%s:t", cases[i].name);
		const struct registries_entry *e;
		struct reference from, to;

		assert_true(reference_parse(&from, tagged, &err));
		e = registries_find(&all, reference_name(&from).text);
		if (!e != !cases[i].prefix || (e && !str_eq(e->prefix, cases[i].prefix)))
			fail_msg("%s: %s", cases[i].name, e ? e->prefix : "no entry");
		if (!cases[i].becomes)
			continue;
		assert_true(registries_rewrite(&to, e, e->location, &from, &err));
		assert_string_equal(reference_format(&to).text, cases[i].becomes);
	}
}

static void a_location_must_make_a_name(void **state)
{
	AUTO(registries_free) struct registries all = { 0 };
	const struct registries_entry *e;
	struct reference from, to;
	struct err err = { 0 };

	(void)state;
	assert_true(read_texts(&all, (const char *const[]){ settings, NULL }, &err));
	assert_true(reference_parse(&from, "broken.test/x:1", &err));
	e = registries_find(&all, "broken.test/x");
	assert_false(registries_rewrite(&to, e, "UPPER/y/", &from, &err));
	assert_int_equal(err.code, E_INPUT);
	err_clear(&err);
	/* "mirror/x" would be read as docker.io/mirror/x */
	assert_false(registries_rewrite(&to, e, "mirror", &from, &err));
	assert_non_null(strstr(err.msg, "which is no name"));
}

static void later_files_win(void **state)
{
	static const char *const texts[] = {
		"[[registry]]\nlocation = 'a.test'\ninsecure = true\n"
		"[[registry]]\nlocation = 'b.test'\n"
		"[[registry.mirror]]\nlocation = 'm1.test'\n"
		"[[registry.mirror]]\nlocation = 'm2.test'\npull-from-mirror = 'tag-only'\n"
		"insecure = true\n",
		"[[registry]]\nlocation = 'a.test'\nblocked = true\n",
		"[[registry]]\nprefix = 'c.test'\nlocation = 'd.test'\nmirror-by-digest-only = "
		"true\n"
		"mirror = [{location = 'm3.test/'}]\n",
		NULL
	};
	AUTO(registries_free) struct registries all = { 0 };
	const struct registries_entry *e;
	struct err err = { 0 };

	(void)state;
	assert_true(read_texts(&all, texts, &err));
	assert_int_equal(all.entries.len, 3);
	e = registries_find(&all, "a.test/x");
	assert_true(e->blocked && !e->insecure && str_has_suffix(e->file, "/1.conf"));
	e = registries_find(&all, "b.test/x");
	assert_int_equal(e->mirrors_len, 2);
	assert_string_equal(e->mirrors[0].location, "m1.test");
	assert_int_equal(e->mirrors[0].use, MIRROR_ALL);
	assert_int_equal(e->mirrors[1].use, MIRROR_TAG_ONLY);
	assert_true(e->mirrors[1].insecure && !e->mirrors[0].insecure);
	e = registries_find(&all, "c.test/x");
	assert_int_equal(e->mirrors[0].use, MIRROR_DIGEST_ONLY);
	assert_string_equal(e->mirrors[0].location, "m3.test");
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "[[registry]]\nprefix = ", "a value is missing" },
		{ "[[registry]]\n", "neither prefix nor location" },
		{ "[[registry]]\nprefix = 'a.test'\n", "has no location" },
		{ "[[registry]]\nlocation = ''\n", "is empty" },
		{ "[[registry]]\nlocation = '/'\n", "empty" },
		{ "[[registry]]\nlocation = 'https://a.test'\n", "has a scheme" },
		{ "[[registry]]\nlocation = 'user@a.test'\n", "is not host" },
		{ "[[registry]]\nprefix = '*.'\n", "not *.DOMAIN" },
		{ "[[registry]]\nprefix = '*.a.test/x'\n", "not *.DOMAIN" },
		{ "[[registry]]\nprefix = 'a.*.test'\nlocation = 'x.test'\n", "is not host" },
		{ "[[registry]]\nlocation = 'a.test'\ninsecure = 'yes'\n", "insecure" },
		{ "[registry]\nlocation = 'a.test'\n", "registry" },
		{ "[[registry]]\nlocation = 'a.test'\n[[registry.mirror]]\n", "mirror" },
		{ "[[registry]]\nlocation = 'a.test'\n[[registry.mirror]]\nlocation = 'm.test'\n"
		  "pull-from-mirror = 'never'\n",
		  "registry 1: mirror 1: pull-from-mirror 'never'" },
		{ "[[registry]]\nlocation = 'a.test'\nmirror-by-digest-only = true\n"
		  "[[registry.mirror]]\nlocation = 'm.test'\npull-from-mirror = 'all'\n",
		  "says it twice" },
		{ "[registries.search]\nregistries = ['a.test']\n", "before version 2" },
		{ "unqualified-search-registries = 'a.test'\n", "unqualified-search-registries" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(registries_free) struct registries all = { 0 };
		struct err err = { 0 };

		if (read_texts(&all, (const char *const[]){ cases[i].text, NULL }, &err))
			fail_msg("%s was taken", cases[i].text);
		assert_int_equal(err.code, E_INPUT);
		if (!strstr(err.msg, cases[i].part) || !strstr(err.msg, "/0.conf"))
			fail_msg("%s: %s", cases[i].text, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(a_location_must_make_a_name),
		cmocka_unit_test(later_files_win),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
