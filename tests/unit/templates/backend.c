// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "templates/backend.h"
#include "templates/release.h"
#include "templates/table.h"

/* The backend table: ours is whole, a user's is read strictly. */

static void all_backends_are_there(void **state)
{
	static const char *const names[] = {
		"aliyun_fc",
		"aliyun_fc:container",
		"aws_batch",
		"aws_batch:conda",
		"aws_ec2",
		"aws_lambda",
		"aws_lambda:arm64",
		"aws_lambda:conda",
		"aws_lambda:handler",
		"aws_lambda:layer",
		"azure_containers",
		"azure_functions",
		"azure_vms",
		"code_engine",
		"code_engine:conda",
		"code_engine:mamba",
		"code_engine:opencv",
		"gce",
		"gcp_cloudrun",
		"gcp_cloudrun:conda",
		"gcp_functions",
		"ibm_cf",
		"ibm_cf:action",
		"ibm_cf:conda",
		"ibm_cf:gdal",
		"ibm_cf:slim",
		"ibm_vpc",
		"ibm_vpc:cuda",
		"k8s",
		"k8s:conda",
		"knative",
		"knative:conda",
		"localhost",
		"localhost:container",
		"openwhisk",
		"openwhisk:action",
		"openwhisk:conda",
		"openwhisk:gdal",
		"openwhisk:slim",
		"oracle_f",
		"singularity",
		"vm",
	};
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	if (!backend_table_load(&table, &err))
		fail_msg("%s:%d: %s", err.at.file, err.at.line, err.msg);
	assert_int_equal(table.len, ARRAY_LEN(names));
	for (size_t i = 0; i < table.len; i++) {
		const struct backend *b = &table.items[i];

		assert_string_equal(b->name, names[i]);
		/* every fact says where it is from */
		assert_true(b->sources.len && str_eq(b->sources.items[0].key, "default"));
		for (size_t j = 0; j < b->sources.len; j++)
			assert_true(str_eq(b->sources.items[j].key, "default") ||
				    json_object_get(b->document, b->sources.items[j].key));
		assert_non_null(b->section);
		assert_true(b->config_keys.len);
		assert_non_null(backend_layout(b).site);
	}
	backend_table_free(&table);
}

static void words_get_a_cure(void **state)
{
	struct backend_table table;
	const struct backend *b;
	const char *python;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	assert_false(backend_find(&b, &table, "knativ", &err));
	assert_int_equal(err.code, E_USAGE);
	assert_non_null(strstr(err.hint, "did you mean knative?"));
	err_clear(&err);
	assert_false(backend_find(&b, &table, "knative:cnda", &err));
	assert_non_null(strstr(err.hint, "did you mean knative:conda?"));
	err_clear(&err);
	assert_false(backend_find(&b, &table, "knative:fortran", &err));
	assert_string_equal(err.hint, "there is knative, knative:conda");
	err_clear(&err);
	assert_false(backend_find(&b, &table, "mainframe", &err));
	assert_non_null(strstr(err.hint, "aliyun_fc, aws_batch, aws_ec2"));
	err_clear(&err);
	assert_true(backend_find(&b, &table, "k8s", &err));
	assert_false(backend_python(&python, b, "2.7", &err));
	assert_non_null(strstr(err.hint, "3.10, 3.11"));
	err_clear(&err);
	assert_true(backend_python(&python, b, NULL, &err));
	assert_string_equal(python, "3.11");
	assert_true(backend_python(&python, b, "3.6", &err));
	assert_true(python_release_find(python)->is_old);
	assert_false(backend_check_platform(b, "windows/amd64", &err));
	assert_int_equal(err.code, E_USAGE);
	err_clear(&err);
	assert_true(backend_check_platform(b, "linux/arm64", &err));
	backend_table_free(&table);
}

static void libraries(void **state)
{
	static const struct {
		const char *backend, *python, *want;
	} cases[] = {
		{ "aws_lambda:layer", "3.11", "glibc-2.26" },
		{ "aws_lambda:layer", "3.12", "glibc-2.34" },
		{ "aws_lambda:layer", "3.9", NULL }, /* nobody says */
		{ "knative", "3.12", "glibc-2.36" },
		{ "knative", "3.6", "glibc-2.31" },
		{ "knative:conda", "3.12", "glibc-2.31" },
	};
	struct backend_table table;
	struct err err = { 0 };

	(void)state;
	assert_true(backend_table_load(&table, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct backend *b;
		const char *got;

		assert_true(backend_find(&b, &table, cases[i].backend, &err));
		got = backend_libc(b, cases[i].python);
		assert_true(cases[i].want ? got && str_eq(got, cases[i].want) : !got);
	}
	backend_table_free(&table);
}

/* --- a user's file --- */

static const char good[] = "name: mine\n"
			   "title: Mine\n"
			   "artifact: image\n"
			   "sources: { default: me }\n"
			   "naming: { default: \"mine:1\", rule: plain }\n"
			   "base: me/base:1\n"
			   "pythons: [\"3.11\"]\n"
			   "default_python: \"3.11\"\n"
			   "platforms: [linux/amd64]\n";

/* The good file with a line more, or in the place of the one of that member. */
static char *with_line(const char *line)
{
	struct buf out = BUF_INIT(10000);
	struct slice rest = slice_of(good);
	size_t key = strcspn(line, ":") + 1;

	while (rest.ptr && rest.len) {
		struct slice one = slice_cut(rest, '\n', &rest);

		if (strncmp(one.ptr, line, key) != 0)
			buf_putf(&out, SLICE_FMT "\n", SLICE_ARG(one));
	}
	buf_putf(&out, "%s\n", line);
	return buf_steal(&out);
}

static bool add(struct backend_table *t, const char *text, struct err *err)
{
	struct template_files files = { 0 };
	bool ok;

	*ARRAY_PUSH(&files) = (struct template_file){ .name = "mine/backend.yaml",
						      .shown = "dir/mine/backend.yaml",
						      .data = text,
						      .len = strlen(text) };
	ok = backend_table_add(t, &files, err);
	template_files_free(&files);
	return ok;
}

static void bad_files_have_a_place(void **state)
{
	static const struct {
		const char *line;
		int at, column;   /* 0: fine */
		const char *says; /* in message or hint */
	} cases[] = {
		{ "port: 8080", 0, 0, NULL },
		{ "prt: 8080", 10, 1, "did you mean port?" },
		{ "port: http", 10, 7, "a whole number expected" },
		{ "port: 80800", 10, 1, "65535" },
		{ "port:", 10, 1, "missing" },
		{ "artifact: picture", 9, 1, "image, layer, zip" },
		{ "artifact: zip", 5, 1, NULL }, /* it has a base */
		{ "pythons: [3.11]", 9, 11, "text expected" },
		{ "pythons: [\"2.7\"]", 9, 1, "3.6 to 3.14" },
		{ "pythons: []", 9, 1, NULL },
		{ "default_python: \"3.12\"", 9, 1, "one of its pythons" },
		{ "platforms: [linux]", 9, 1, "OS/ARCH" },
		{ "naming: { default: x }", 9, 9, "'rule' is missing" },
		{ "naming: { default: x, rule: x }", 9, 1, "plain" },
		{ "naming: { default: x, rule: plain, rul: x }", 9, 36, "rule" },
		{ "formats: [oci, tar]", 10, 1, "docker" },
		{ "compressions: [lzma]", 10, 1, "zstd" },
		{ "layout: { site: /abs, interpreter: x }", 10, 1, "relative" },
		{ "layout: { site: ../x, interpreter: x }", 10, 1, "relative" },
		{ "handler: { entry: other/x.py, as: x.py }", 10, 1, "lithops/" },
		{ "handler: { entry: lithops/x.py, as: x.py }", 1, 1, "workdir" },
		{ "workdir: here", 10, 1, "absolute" },
		{ "downloads: { /x: http://plain }", 10, 1, "https" },
		{ "environment: { \"A B\": c }", 10, 1, "letters" },
		{ "environment: { A: 1 }", 10, 14, "text expected" },
		{ "command: [sh, 1]", 10, 1, "words" },
		{ "command: []", 10, 1, "words" },
		{ "entrypoint: { a: b }", 10, 1, "words" },
		{ "variants: conda", 10, 1, "a list" },
		{ "variants: [{ title: x }]", 10, 12, "'name' is missing" },
		{ "variants: [{ name: x, bse: y }]", 10, 23, "did you mean base?" },
		{ "variants: [{ name: x, more_packages: y }]", 10, 38, "a list expected" },
		{ "variants: [{ name: x }, { name: y, base: 1 }]", 10, 42, "text expected" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *text = with_line(cases[i].line);
		struct backend_table table = { 0 };
		struct err err = { 0 };
		bool ok = add(&table, text, &err);

		backend_table_free(&table);
		if (ok != !cases[i].at)
			fail_msg("%s: %s", cases[i].line, err.msg);
		if (ok)
			continue;
		assert_int_equal(err.code, E_INPUT);
		if (err.at.line != cases[i].at || err.at.column != cases[i].column)
			fail_msg("%s: %d:%d: %s", cases[i].line, err.at.line, err.at.column,
				 err.msg);
		assert_string_equal(err.at.file, "dir/mine/backend.yaml");
		if (cases[i].says && !strstr(err.msg, cases[i].says) &&
		    !strstr(err.hint, cases[i].says))
			fail_msg("%s: %s (%s)", cases[i].line, err.msg, err.hint);
	}
}

static void a_file_of_nothing_is_refused(void **state)
{
	struct backend_table table = { 0 };
	struct template_files none = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_false(backend_table_add(&table, &none, &err));
	assert_int_equal(err.code, E_INPUT);
	backend_table_free(&table);
}

static void variants_change_what_they_say(void **state)
{
	AUTO(auto_free)
	char *text = mem_printf("%s%s", good,
				"packages: [a]\n"
				"environment: { A: x, B: y }\n"
				"setup: [own]\n"
				"port: 1\n"
				"variants:\n"
				"  - name: other\n"
				"    title: otherwise\n"
				"    more_packages: [b]\n"
				"    environment: { B: z }\n"
				"    setup: [first]\n"
				"    pythons: [\"3.12\"]\n"
				"    default_python: \"3.12\"\n");
	struct backend_table table = { 0 };
	const struct backend *b;
	struct err err = { 0 };

	(void)state;
	if (!add(&table, text, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(table.len, 2);
	assert_true(backend_find(&b, &table, "mine:other", &err));
	assert_string_equal(b->variant, "other");
	assert_string_equal(b->title, "Mine, otherwise");
	assert_int_equal(b->packages.len, 2);
	assert_int_equal(b->environment.len, 2);
	assert_string_equal(b->environment.items[1].value, "z");
	assert_string_equal(((const char *const *)b->setup.items)[0], "first");
	assert_string_equal(((const char *const *)b->setup.items)[1], "own");
	assert_int_equal(b->port, 1);
	assert_string_equal(b->default_python, "3.12");
	assert_true(backend_find(&b, &table, "mine", &err));
	assert_null(b->variant);
	assert_int_equal(b->packages.len, 1);
	backend_table_free(&table);
}

static void a_users_goes_before_ours(void **state)
{
	AUTO(auto_free) char *text = with_line("name: knative");
	struct backend_table table;
	const struct backend *b;
	struct err err = { 0 };
	size_t before;

	(void)state;
	assert_true(backend_table_load(&table, &err));
	before = table.len;
	assert_true(add(&table, text, &err));
	assert_int_equal(table.len, before);
	assert_true(backend_find(&b, &table, "knative", &err));
	assert_string_equal(b->title, "Mine");
	backend_table_free(&table);
}

static void directories(void **state)
{
	struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct template_files files = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(fs_mkdir_p(dir.fd, "mine/deep", 0755, FS_BENEATH, &err));
	assert_true(fs_mkdir_p(dir.fd, ".git", 0755, FS_BENEATH, &err));
	for (size_t i = 0; i < 4; i++) {
		static const char *const paths[] = { "top", "mine/backend.yaml", "mine/deep/x",
						     ".git/config" };
		AUTO(auto_free) char *path = mem_printf("%s/%s", dir.path, paths[i]);

		assert_true(fs_write_path_atomic(path, good, strlen(good), 0644, &err));
	}
	if (!template_files_dir(&files, dir.path, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(files.len, 1);
	assert_string_equal(files.items[0].name, "mine/backend.yaml");
	assert_non_null(template_files_find(&files, "mine", "backend.yaml"));
	template_files_free(&files);
	/* a link that leads out is no template */
	assert_int_equal(symlinkat("/etc/passwd", dir.fd, "mine/Dockerfile"), 0);
	assert_true(template_files_dir(&files, dir.path, &err));
	assert_int_equal(files.len, 1);
	template_files_free(&files);
	fs_tmpdir_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_backends_are_there),
		cmocka_unit_test(words_get_a_cure),
		cmocka_unit_test(libraries),
		cmocka_unit_test(bad_files_have_a_place),
		cmocka_unit_test(a_file_of_nothing_is_refused),
		cmocka_unit_test(variants_change_what_they_say),
		cmocka_unit_test(a_users_goes_before_ours),
		cmocka_unit_test(directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
