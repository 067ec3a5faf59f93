// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runtime/matrix.h"
#include "templates/table.h"

/* A matrix file's cells, and where a wrong one is wrong. */

static bool read_matrix(struct matrix *out, const char *text, struct err *err)
{
	static struct backend_table table;
	struct err never = { 0 };

	if (!table.len)
		assert_true(backend_table_load(&table, &never));
	return matrix_read(out, &table, text, strlen(text), "m.yaml", err);
}

/* "knative 3.11 linux/amd64 NAME OUTPUT SETTINGS", a cell a line; what is skipped ends with "!". */
static char *lines_of(const struct matrix *m)
{
	struct buf out = BUF_INIT(100000);

	for (size_t i = 0; i < m->len; i++) {
		const struct matrix_cell *c = &m->items[i];

		buf_putf(&out, "%s%s %s %s", i ? "\n" : "", c->backend->name, c->python,
			 c->platform);
		if (c->name)
			buf_putf(&out, " %s", c->name);
		if (c->output)
			buf_putf(&out, " > %s", c->output);
		for (size_t k = 0; k < c->settings.len; k++)
			buf_putf(&out, " %s", c->settings.items[k]);
		buf_put(&out, c->skipped ? " !" : "");
	}
	return buf_steal(&out);
}

static void cells(void **state)
{
	static const struct {
		const char *text, *cells;
	} cases[] = {
		/* the product, in the order of the file */
		{ "backends: [knative, k8s]\npythons: ['3.10', '3.11']\nname: "
		  "'{{backend}}:{{python_flat}}'\n",
		  "knative 3.10 linux/amd64 knative:310\nknative 3.11 linux/amd64 knative:311\n"
		  "k8s 3.10 linux/amd64 k8s:310\nk8s 3.11 linux/amd64 k8s:311" },
		/* what an exclude does not name fits all */
		{ "backends: [knative, k8s]\npythons: ['3.10', '3.11']\nname: "
		  "'{{backend}}:{{python}}'\n"
		  "exclude: [{ python: '3.10' }, { backend: k8s, python: '3.12' }]\n",
		  "knative 3.11 linux/amd64 knative:3.11\nk8s 3.11 linux/amd64 k8s:3.11" },
		/* each once, though it is said twice */
		{ "backends: [k8s, k8s]\npythons: ['3.11', '3.11']\ninclude: [{ backend: k8s, "
		  "python: '3.11' }]\n",
		  "k8s 3.11 linux/amd64" },
		/* placeholders */
		{ "backends: [k8s]\npythons: ['3.11']\nplatforms: [linux/arm64]\n"
		  "name: 'r/{{backend}}:{{python}}-{{python_flat}}-{{platform}}-{{os}}-{{arch}}'\n",
		  "k8s 3.11 linux/arm64 r/k8s:3.11-311-linux-arm64-linux-arm64" },
		/* zips have a path, images a name, bundles both */
		{ "backends: ['aws_lambda:handler', k8s, vm]\npythons: ['3.11']\nname: "
		  "'x/{{backend}}:1'\n"
		  "output: 'd/{{backend}}'\n",
		  "aws_lambda:handler 3.11 linux/amd64 > d/aws_lambda-handler.zip\n"
		  "k8s 3.11 linux/amd64 x/k8s:1\nvm 3.11 linux/amd64 x/vm:1 > d/vm" },
		/* what a backend has not is skipped in a product */
		{ "backends: [aliyun_fc, k8s]\npythons: ['3.11']\n",
		  "aliyun_fc 3.11 linux/amd64 > aliyun_fc-py311-amd64.zip !\nk8s 3.11 "
		  "linux/amd64" },
		{ "backends: [k8s, knative]\npythons: ['3.11']\n"
		  "settings: [{ backend: k8s, key: docker_user, value: 'a=b' }]\n",
		  "k8s 3.11 linux/amd64 docker_user=a=b\nknative 3.11 linux/amd64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(matrix_free) struct matrix m = { 0 };
		AUTO(auto_free) char *got = NULL;
		struct err err = { 0 };

		if (!read_matrix(&m, cases[i].text, &err))
			fail_msg("%s: %s", cases[i].text, err.msg);
		got = lines_of(&m);
		assert_string_equal(got, cases[i].cells);
		assert_false(m.push);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *text, *says;
		int line, column;
	} cases[] = {
		{ "backends: [knativ]\n", "knativ", 1, 12 },
		{ "backends: [k8s]\npythons: ['3.11', '2.7']\n", "2.7", 2, 19 },
		{ "backends: [k8s]\nplatforms: [linux/sparc]\n", "linux/sparc", 2, 13 },
		{ "backends: [localhost]\n", "nothing is built", 1, 12 },
		{ "include: [{ backend: oracle_f, python: '3.14' }]\n", "3.14", 1, 11 },
		{ "backend: [k8s]\n", "backend", 1, 1 },
		{ "backends: [k8s]\nname: '{{nope}}'\n", "nope", 2, 1 },
		{ "backends: [k8s]\npythons: ['3.10', '3.11']\nname: 'x:1'\n", "x:1", 3, 1 },
		{ "backends: [k8s\n", "", 2, 1 },
		{ "backends: []\n", "no runtime is left", 0, 0 },
		{ "", "no document", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(matrix_free) struct matrix m = { 0 };
		struct err err = { 0 };

		assert_false(read_matrix(&m, cases[i].text, &err));
		if (!strstr(err.msg, cases[i].says) || err.at.line != cases[i].line ||
		    err.at.column != cases[i].column)
			fail_msg("%s%d:%d: %s", cases[i].text, err.at.line, err.at.column, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
