// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "runtime/recipe.h"
#include "templates/render.h"
#include "templates/table.h"

/* What Dockerfiles come to; and that ours come to what Lithops' own defaults do. */

static void must_read(struct recipe *out, const char *text)
{
	struct err err = { 0 };

	if (!recipe_read(out, "T", text, strlen(text), &err))
		fail_msg("%s: %s", text, err.msg);
}

static char *joined(const struct str_list *l)
{
	struct buf out = BUF_INIT(100000);

	for (size_t i = 0; i < l->len; i++)
		buf_putf(&out, "%s%s", i ? " | " : "", l->items[i]);
	return buf_steal(&out);
}

static void packages(void **state)
{
	static const struct {
		const char *run, *packages, *system;
	} cases[] = {
		{ "pip install a", "a", "" },
		{ "pip3.11 install --upgrade --no-cache-dir PyYAML 'x >= 1' b_c",
		  "b-c | pyyaml | x>=1", "" },
		{ "/opt/env/bin/pip install a && pip install a b", "a | b", "" },
		{ "python3 -m pip install -c file -i https://x a", "a", "" },
		{ "pip install -r requirements.txt a", "-r requirements.txt | a", "" },
		{ "pip --quiet install a; echo pip install b", "a | b", "" }, /* words, no shell */
		{ "pip download a", "", "" },
		{ "apt-get update && apt-get install -y --no-install-recommends zip \\\n  curl", "",
		  "curl | zip" },
		{ "command -v x || { apt-get install -y x; }", "", "x" },
		{ "pip install 'setuptools<81' six\\\n     && true", "setuptools<81 | six", "" },
		{ "pip install \"a[b,c]\" d\\ e", "a[b,c] | de", "" },
		{ "mypip install a", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *text = mem_printf("FROM x\nRUN %s\n", cases[i].run);
		AUTO(recipe_free) struct recipe r;
		AUTO(auto_free) char *own = NULL, *system = NULL;

		must_read(&r, text);
		own = joined(&r.packages);
		system = joined(&r.system);
		if (!str_eq(own, cases[i].packages) || !str_eq(system, cases[i].system))
			fail_msg("%s: '%s', '%s'", cases[i].run, own, system);
	}
}

static void settings(void **state)
{
	static const char text[] =
		"ARG V=1\nFROM base:${V} AS one\nENV A=x B=y\nRUN pip install a\n"
		"FROM other AS unused\nFROM one\nARG DIR=/d\nENV A=z\nWORKDIR ${DIR}\n"
		"WORKDIR sub\nUSER 7\nENTRYPOINT run it\nCMD [\"a\",\"b\"]\n";
	AUTO(recipe_free) struct recipe r;

	(void)state;
	must_read(&r, text);
	assert_string_equal(r.base, "base:1");
	assert_string_equal(map_text(&r.environment, "A"), "z");
	assert_string_equal(map_text(&r.environment, "B"), "y");
	assert_int_equal(r.packages.len, 1);
	assert_string_equal(r.workdir, "/d/sub");
	assert_string_equal(r.user, "7");
	assert_string_equal(r.entrypoint, "[\"/bin/sh\",\"-c\",\"run it\"]");
	assert_string_equal(r.command, "[\"a\",\"b\"]");
}

static void differences(void **state)
{
	AUTO(recipe_free) struct recipe a, b;
	AUTO(str_list_free) struct str_list lines = { 0 }, none = { 0 };
	AUTO(auto_free) char *text = NULL;

	(void)state;
	must_read(&a, "FROM x\nENV A=1 C=3\nRUN pip install p q\nUSER 1\nCMD a\n");
	must_read(&b,
		  "FROM y\nENV C=3\nENV A=2\nRUN pip install q r && apt-get install z\nCMD a\n");
	recipe_diff(&lines, &a, &b);
	text = joined(&lines);
	assert_string_equal(text, "- base x | + base y | - environment A=1 | + environment A=2 | "
				  "+ system package z | - package p | + package r | - user 1");
	recipe_diff(&none, &a, &a);
	assert_int_equal(none.len, 0);
}

static void errors_have_a_place(void **state)
{
	struct recipe r;
	struct err err = { 0 };

	(void)state;
	assert_false(recipe_read(&r, "T", "FROM x\nRUNN y\n", 14, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_int_equal(err.at.line, 2);
	recipe_free(&r);
}

/* --- beside Lithops' own --- */

/* What its Dockerfiles need to unpack its zip and to install packages, which is no part of what a
 * runtime is. */
static bool is_means(const char *line)
{
	static const char *const means[] = { "- package pip", "- package wheel",
					     "- system package zip", "- system package unzip" };

	for (size_t i = 0; i < ARRAY_LEN(means); i++)
		if (str_eq(line, means[i]))
			return true;
	return false;
}

static void compare(const struct backend_table *table, const char *backend, const char *theirs)
{
	struct render_options opt = { .python = "3.12", .installer = INSTALLER_PIP };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE);
	AUTO(recipe_free) struct recipe own, other;
	AUTO(str_list_free) struct str_list lines = { 0 };
	const struct backend *b;
	struct err err = { 0 };

	if (!backend_find(&b, table, backend, &err) ||
	    !render_dockerfile(&text, table, b, &opt, &err))
		fail_msg("%s: %s", backend, err.msg);
	must_read(&own, text.ptr);
	must_read(&other, theirs);
	assert_true(other.packages.len > 5);
	recipe_diff(&lines, &other, &own);
	for (size_t i = 0; i < lines.len; i++)
		if (!is_means(lines.items[i]))
			fail_msg("%s: %s", backend, lines.items[i]);
}

static const struct {
	const char *backend, *file, *module;
} defaults[] = {
	{ "aliyun_fc:container", "aliyun_fc", "aliyun_fc" },
	{ "aws_batch", "aws_batch", "aws_batch" },
	{ "azure_containers", "azure_containers", "azure_containers" },
	{ "code_engine", "code_engine", "code_engine" },
	{ "gcp_cloudrun", "gcp_cloudrun", "gcp_cloudrun" },
	{ "k8s", "k8s", "k8s" },
	{ "knative", "knative", "knative" },
	{ "oracle_f", "oracle_f", "oracle_f" },
};

static void ours_are_lithops_defaults(void **state)
{
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		AUTO(auto_free)
		char *path = mem_printf("tests/runtimes/default.%s.Dockerfile", defaults[i].file);
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE);

		if (!fs_read_path(&text, path, LIMIT_DOCKERFILE, &err))
			fail_msg("%s", err.msg);
		compare(&table, defaults[i].backend, text.ptr);
	}
	backend_table_free(&table);
}

/* The constant of a config.py that ends its default Dockerfile, as Python reads it: but for k8s a
 * backslash and newline join lines. */
static char *constant(const char *text)
{
	const char *at = strstr(text, "DOCKERFILE");
	const char *open = at ? strstr(at, "\"\"\"") : NULL;
	const char *close = open ? strstr(open + 3, "\"\"\"") : NULL;
	struct buf out = BUF_INIT(LIMIT_DOCKERFILE);

	if (!close)
		return NULL;
	buf_put(&out, "FROM python:3.12-slim-bookworm\n");
	for (const char *p = open + 3; p < close; p++) {
		if (p[0] == '\\' && p[1] == '\n')
			p++;
		else if (p[0] == '\\' && p[1] == '\\')
			buf_put_byte(&out, (unsigned char)*++p);
		else
			buf_put_byte(&out, (unsigned char)*p);
	}
	return buf_steal(&out);
}

/* The same against a checkout of Lithops, $LITHOPS_SRC, where there is one. */
static void ours_are_those_of_a_checkout(void **state)
{
	const char *root = env_get("LITHOPS_SRC");
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	if (!root)
		return;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		AUTO(auto_free)
		char *path = mem_printf("%s/lithops/serverless/backends/%s/config.py", root,
					defaults[i].module);
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE);
		AUTO(auto_free) char *dockerfile = NULL;

		if (!fs_read_path(&text, path, LIMIT_DOCKERFILE, &err))
			fail_msg("%s", err.msg);
		dockerfile = constant(text.ptr);
		assert_non_null(dockerfile);
		compare(&table, defaults[i].backend, dockerfile);
	}
	backend_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages),
		cmocka_unit_test(settings),
		cmocka_unit_test(differences),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(ours_are_lithops_defaults),
		cmocka_unit_test(ours_are_those_of_a_checkout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
