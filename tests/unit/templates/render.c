// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "templates/render.h"
#include "templates/table.h"

/* The template language, and that every backend's data and Dockerfile hold together. */

static void text_table(void **state)
{
	static const struct {
		const char *text, *want; /* want NULL: E_INPUT */
		int line, column;
	} cases[] = {
		{ "", "", 0, 0 },
		{ "plain { } text", "plain { } text", 0, 0 },
		{ "a {{name}} b", "a value b", 0, 0 },
		{ "{{name}}{{name}}", "valuevalue", 0, 0 },
		{ "{{empty}}", "", 0, 0 },
		{ "${name} stays", "${name} stays", 0, 0 },
		{ "{{braces}}", "{{name}}", 0, 0 }, /* values are not expanded again */
		{ "{{#name}}yes{{/name}}", "yes", 0, 0 },
		{ "{{#empty}}no{{/empty}}", "", 0, 0 },
		{ "a\n{{#name}}\nb\n{{/name}}\nc\n", "a\nb\nc\n", 0, 0 },
		{ "a\n{{#empty}}\nb\n{{/empty}}\nc\n", "a\nc\n", 0, 0 },
		{ "{{#name}}{{#empty}}x{{/empty}}y{{/name}}", "y", 0, 0 },
		{ "{{#empty}}{{#name}}x{{/name}}y{{/empty}}z", "z", 0, 0 },
		{ "open {{ at the end", "open {{ at the end", 0, 0 },
		{ "{{nope}}", NULL, 1, 1 },
		{ "a\nb {{nope}}", NULL, 2, 3 },
		{ "{{#empty}}{{nope}}{{/empty}}", NULL, 1, 11 }, /* also where it is not shown */
		{ "x\n {{#name}}", NULL, 2, 2 },
		{ "{{/name}}", NULL, 1, 1 },
		{ "{{#name}}{{/empty}}", NULL, 1, 10 },
		{ "{{}}", NULL, 1, 1 },
	};
	struct map values = MAP_TEXT;

	(void)state;
	map_put_text(&values, "name", "value");
	map_put_text(&values, "empty", "");
	map_put_text(&values, "braces", "{{name}}");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT(1000);
		struct err err = { 0 };
		bool ok =
			render_text(&out, "T", cases[i].text, strlen(cases[i].text), &values, &err);

		if (ok != (cases[i].want != NULL))
			fail_msg("'%s': %s", cases[i].text, err.msg);
		if (ok) {
			assert_string_equal(out.ptr, cases[i].want);
		} else {
			assert_int_equal(err.code, E_INPUT);
			assert_int_equal(err.at.line, cases[i].line);
			assert_int_equal(err.at.column, cases[i].column);
		}
		buf_free(&out);
	}
	map_free(&values);
}

static void output_has_a_limit(void **state)
{
	struct map values = MAP_TEXT;
	struct buf out = BUF_INIT(9);
	struct err err = { 0 };

	(void)state;
	map_put_text(&values, "x", "12345");
	assert_true(render_text(&out, "T", "{{x}}1234", 9, &values, &err));
	assert_string_equal(out.ptr, "123451234");
	buf_clear(&out);
	assert_false(render_text(&out, "T", "{{x}}{{x}}", 10, &values, &err));
	assert_int_equal(err.code, E_INPUT);
	buf_free(&out);
	map_free(&values);
}

/* One row with one Python and one installer. */
static bool renders(const struct backend_table *table, const struct backend *b, const char *python,
		    enum installer installer)
{
	struct render_options opt = { .python = python, .installer = installer };
	struct buf out = BUF_INIT(100000);
	struct err err = { 0 };
	bool ok = render_dockerfile(&out, table, b, &opt, &err);

	if (ok != (b->base != NULL))
		fail_msg("%s %s: %s", b->name, python, err.msg);
	if (ok) {
		assert_null(strstr(out.ptr, "{{"));
		assert_non_null(strstr(out.ptr, "\nFROM "));
		assert_true((strstr(out.ptr, " install --no-cache-dir \\\n") != NULL) ==
			    (installer == INSTALLER_PIP));
		assert_true((strstr(out.ptr, "python-packages") != NULL) ==
			    (installer == INSTALLER_WHEELS));
		assert_true((strstr(out.ptr, "--from=lithops-handler") != NULL) ==
			    (b->handler.entry != NULL));
		assert_null(strstr(out.ptr, "\n\n\n"));
	}
	buf_free(&out);
	return ok;
}

static size_t render_pythons(const struct backend_table *table, const struct backend *b,
			     const struct json_list *pythons)
{
	const char *const *items = pythons->items;
	size_t count = 0;

	for (size_t i = 0; i < pythons->len; i++)
		count += renders(table, b, items[i], INSTALLER_WHEELS) +
			 renders(table, b, items[i], INSTALLER_PIP);
	return count;
}

static void every_backend_renders(void **state)
{
	struct backend_table table;
	struct err err = { 0 };
	size_t rows = 0, texts = 0;

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < table.len; i++) {
		const struct backend *b = &table.items[i];

		rows += render_pythons(&table, b, &b->pythons) > 0;
		texts += render_pythons(&table, b, &b->old_pythons);
	}
	assert_int_equal(rows, 34);
	assert_true(texts > 100);
	backend_table_free(&table);
}

static void names_and_versions(void **state)
{
	static const struct {
		const char *backend, *version, *want;
	} cases[] = {
		{ "knative", "3.7.1", "lithops-knative-default-v312:3.7.1" },
		{ "k8s", "3.7.1.dev0", "lithops-kubernetes-default-v312:3.7.1.dev0" },
		{ "knative", "3.7.1+standin", "lithops-knative-default-v312:3.7.1-standin" },
		{ "aws_batch", "3.7.1.dev0", "batch-default-runtime-v312:latest" },
		{ "aws_batch", "3.7.0", "batch-default-runtime-v312:370" },
		{ "aws_lambda:layer", NULL, "default-runtime-v312" },
	};
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct render_options opt = { .python = "3.12",
					      .lithops_version = cases[i].version };
		const struct backend *b;
		char *name = NULL;

		assert_true(backend_find(&b, &table, cases[i].backend, &err));
		assert_true(render_field(&name, b, b->naming.def, &opt, &err));
		assert_string_equal(name, cases[i].want);
		free(name);
	}
	backend_table_free(&table);
}

/* Every choice of every zip's settings and files: no placeholder is unknown or stays. */
static void zip_files(void **state)
{
	static const char *const computed[] = { "queue_id", "runtime" };
	struct backend_table table;
	struct err err = { 0 };
	size_t zips = 0;

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < table.len; i++) {
		const struct backend *b = &table.items[i];
		const struct backend_zip_file *files = b->zip.files.items;
		const struct backend_zip_setting *settings = b->zip.settings.items;
		struct render_options opt = { .python = "3.12" };
		struct map values;

		assert_int_equal(str_eq(b->artifact, "zip"), b->zip.name != NULL);
		zips += b->zip.name != NULL;
		assert_true(!b->zip.name || b->zip.installers.len);
		assert_true(render_values(&values, b, &opt, &err));
		for (size_t k = 0; k < ARRAY_LEN(computed); k++)
			map_put_text(&values, computed[k], "x");
		map_put_text(&values, "trigger_pubsub", "yes");
		map_put_text(&values, "trigger_https", "yes");
		for (size_t k = 0; k < b->zip.settings.len; k++)
			map_put_text(&values, settings[k].name, "x");
		for (size_t k = 0; k < b->zip.files.len; k++) {
			struct buf out = BUF_INIT(100000);

			if (!render_file(&out, &table, b, files[k].from, &values, &err))
				fail_msg("%s: %s: %s", b->name, files[k].from, err.msg);
			assert_null(strstr(out.ptr, "{{"));
			buf_free(&out);
		}
		map_free(&values);
	}
	assert_int_equal(zips, 6);
	backend_table_free(&table);
}

static void zip_installers(void **state)
{
	static const struct {
		const char *backend, *text;
		bool ok;
		enum installer want;
	} cases[] = {
		{ "gcp_functions", NULL, true, INSTALLER_PIP },
		{ "gcp_functions", "wheels", true, INSTALLER_WHEELS },
		{ "azure_functions", NULL, true, INSTALLER_WHEELS },
		{ "azure_functions", "pip", true, INSTALLER_PIP },
		{ "openwhisk:action", NULL, true, INSTALLER_WHEELS },
		{ "openwhisk:action", "pip", false, 0 },
		{ "openwhisk:action", "conda", false, 0 },
		{ "knative", NULL, true, INSTALLER_WHEELS },
		{ "knative", "pip", true, INSTALLER_PIP },
	};
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct backend *b;
		enum installer got;

		assert_true(backend_find(&b, &table, cases[i].backend, &err));
		assert_int_equal(installer_of(&got, b, cases[i].text, &err), cases[i].ok);
		if (cases[i].ok)
			assert_int_equal(got, cases[i].want);
		err_clear(&err);
	}
	backend_table_free(&table);
}

static char *rendered(const struct backend_table *table, const char *backend,
		      enum installer installer, const char *python)
{
	struct render_options opt = { .installer = installer };
	struct buf out = BUF_INIT(100000);
	const struct backend *b;
	struct err err = { 0 };

	if (!backend_find(&b, table, backend, &err) ||
	    !backend_python(&opt.python, b, python, &err) ||
	    !render_dockerfile(&out, table, b, &opt, &err))
		fail_msg("%s: %s", backend, err.msg);
	return buf_steal(&out);
}

static void instructions(void **state)
{
	static const struct {
		const char *backend, *python;
		enum installer installer;
		const char *want; /* is in the text */
	} cases[] = {
		/* quoted where a shell would read more into it */
		{ "k8s", NULL, INSTALLER_PIP,
		  "pip install --no-cache-dir \\\n        'setuptools<81' \\\n        six \\\n" },
		{ "k8s", NULL, INSTALLER_WHEELS,
		  "COPY --from=lithops-handler --chown=1000:1000 / /lithops\n\nUSER 1000:1000\n" },
		{ "k8s", NULL, INSTALLER_WHEELS, "ENV PIP_CONSTRAINT=/tmp/constraints.txt\n" },
		{ "knative", "3.6", INSTALLER_WHEELS, "FROM python:3.6-slim-bullseye\n" },
		{ "knative", "3.9", INSTALLER_WHEELS, "FROM python:3.9-slim-bookworm\n" },
		{ "knative", NULL, INSTALLER_WHEELS, "\nCMD exec gunicorn --bind :$PORT " },
		{ "gcp_cloudrun", NULL, INSTALLER_WHEELS,
		  "\nCMD [\"sh\", \"-c\", \"exec gunicorn " },
		{ "aws_lambda:conda", "3.13", INSTALLER_PIP, "/opt/conda-env/bin/pip install " },
		{ "aws_lambda:conda", "3.13", INSTALLER_PIP,
		  "python=3.13 pip \\\n    && conda clean" },
		{ "k8s:conda", NULL, INSTALLER_WHEELS, "\nENV PATH=/opt/conda-env/bin:$PATH\n" },
		{ "k8s:conda", NULL, INSTALLER_WHEELS,
		  "/usr/local/bin/python \\\n    && echo 'setup" },
		{ "code_engine:opencv", NULL, INSTALLER_PIP, "opencv-python-headless" },
		{ "openwhisk", NULL, INSTALLER_PIP,
		  "pythonrunner.py /pythonAction/pythonrunner.py\n" },
	};
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free)
		char *text =
			rendered(&table, cases[i].backend, cases[i].installer, cases[i].python);

		if (!strstr(text, cases[i].want))
			fail_msg("%s lacks %s:\n%s", cases[i].backend, cases[i].want, text);
	}
	backend_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_table),
		cmocka_unit_test(output_has_a_limit),
		cmocka_unit_test(every_backend_renders),
		cmocka_unit_test(names_and_versions),
		cmocka_unit_test(zip_files),
		cmocka_unit_test(zip_installers),
		cmocka_unit_test(instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
