// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "templates/lithops_config.h"

/* The configuration of Lithops: where it is found, and what its sections say of a backend. */

static struct lithops_config config_of(const char *json)
{
	struct lithops_config c;
	struct err err = { 0 };

	setenv("LITHOPS_CONFIG", json, 1);
	if (!lithops_config_read(&c, NULL, &err))
		fail_msg("%s: %s", json, err.msg);
	unsetenv("LITHOPS_CONFIG");
	return c;
}

static void backends(void **state)
{
	static const struct {
		const char *json, *want; /* want "!": E_INPUT */
	} cases[] = {
		{ "{}", NULL },
		{ "{\"lithops\":{}}", "aws_lambda" },
		{ "{\"lithops\":null,\"aws\":{}}", "aws_lambda" },
		{ "{\"lithops\":{\"backend\":\"knative\"}}", "knative" },
		{ "{\"lithops\":{\"backend\":\"knative\",\"mode\":\"standalone\"}}", "knative" },
		{ "{\"lithops\":{\"mode\":\"serverless\"},\"serverless\":{\"backend\":\"ibm_cf\"}}",
		  "ibm_cf" },
		{ "{\"lithops\":{\"mode\":\"standalone\"}}", "aws_ec2" },
		{ "{\"lithops\":{\"mode\":\"localhost\"}}", "localhost" },
		{ "{\"lithops\":{\"mode\":\"cloud\"}}", "!" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(lithops_config_free) struct lithops_config c = config_of(cases[i].json);
		struct err err = { 0 };
		const char *got;

		if (!lithops_config_backend(&got, &c, &err)) {
			assert_string_equal(cases[i].want, "!");
			assert_int_equal(err.code, E_INPUT);
		} else if (!cases[i].want) {
			assert_null(got);
		} else {
			assert_string_equal(got, cases[i].want);
		}
	}
}

/* A backend's own section, then its cloud's; a key's name of before; numbers as text. */
static void values(void **state)
{
	static const char json[] =
		"{\"aws\":{\"region\":\"eu-west-1\",\"account_id\":123456789012,\"user_id\":"
		"\"AIDA\"},"
		"\"aws_lambda\":{\"region\":\"us-east-1\",\"runtime_memory\":512,\"architecture\":"
		"null},"
		"\"aws_batch\":{\"region_name\":\"ap-south-1\",\"container_vcpus\":0.5},"
		"\"azure_functions\":{\"location\":\"uksouth\"},\"azure\":{\"region\":\"other\"},"
		"\"ibm\":{\"iam_api_key\":\"K\"},\"code_engine\":{\"docker_server\":\"us.icr.io\"},"
		"\"k8s\":{\"runtime_include_function\":\"yes\",\"a\":[1]},"
		"\"knative\":{\"runtime_include_function\":false}}";
	static const struct {
		const char *backend, *key, *want;
	} cases[] = {
		{ "aws_lambda", "region", "us-east-1" },
		{ "aws_lambda", "account_id", "123456789012" },
		{ "aws_lambda", "runtime_memory", "512" },
		{ "aws_lambda", "architecture", NULL },
		{ "aws_lambda", "container_vcpus", NULL },
		{ "aws_batch", "region", "ap-south-1" },
		{ "aws_batch", "runtime_cpu", "0.5" },
		{ "azure_functions", "region", "uksouth" },
		{ "azure_containers", "region", "other" },
		{ "code_engine", "iam_api_key", "K" },
		{ "code_engine", "docker_server", "us.icr.io" },
		{ "ibm_cf", "docker_server", NULL },
		{ "k8s", "a", NULL },
		{ "knative", "region", NULL },
	};
	AUTO(lithops_config_free) struct lithops_config c = config_of(json);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = lithops_config_text(&c, cases[i].backend, cases[i].key);

		if (!cases[i].want)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].want);
	}
	assert_true(lithops_config_flag(&c, "k8s", "runtime_include_function"));
	assert_true(lithops_config_includes_function(&c, "k8s"));
	assert_false(lithops_config_includes_function(&c, "knative"));
	assert_false(lithops_config_includes_function(&c, "openwhisk"));
}

static void keys_of_before(void **state)
{
	AUTO(lithops_config_free)
	struct lithops_config c = config_of(
		"{\"serverless\":{\"customized_runtime\":true,\"map_func_mod\":\"my.mod\","
		"\"map_func\":\"f\",\"storageless\":true},\"lithops\":{\"rabbitmq_monitor\":true},"
		"\"knative\":{\"customized_runtime\":true}}");
	AUTO(str_list_free) struct str_list said = { 0 };
	const char *module, *function;

	(void)state;
	assert_true(lithops_config_includes_function(&c, "k8s"));
	lithops_config_function(&module, &function, &c);
	assert_string_equal(module, "my.mod");
	assert_string_equal(function, "f");
	lithops_config_explain(&said, &c, "knative");
	assert_int_equal(said.len, 6);
	assert_string_equal(said.items[0],
			    "$LITHOPS_CONFIG: serverless.customized_runtime is a key of before: "
			    "today it is knative: {runtime_include_function: true}");
	assert_non_null(strstr(said.items[4], "lithops: {monitoring: rabbitmq}"));
	assert_non_null(strstr(said.items[5], "knative.customized_runtime"));
}

static void write_at(const char *dir, const char *name, const char *text)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", dir, name);
	struct err err = { 0 };

	assert_true(fs_write_path_atomic(path, text, strlen(text), 0600, &err));
}

static void expect_backend(const char *file, const char *want)
{
	AUTO(lithops_config_free) struct lithops_config c = { 0 };
	struct err err = { 0 };
	const char *got;

	if (!lithops_config_read(&c, file, &err) || !lithops_config_backend(&got, &c, &err))
		fail_msg("%s", err.msg);
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

/* The first that is there, in Lithops' order. */
static void places(void **state)
{
	(void)state;
	assert_int_equal(mkdir("home", 0755) | mkdir("home/.lithops", 0755), 0);
	setenv("HOME", "home", 1);
	expect_backend(NULL, NULL);
	write_at("home/.lithops", "config", "lithops: {backend: k8s}\n");
	expect_backend(NULL, "k8s");
	write_at(".", ".lithops_config", "lithops:\n    backend: knative\n");
	expect_backend(NULL, "knative");
	write_at(".", "named", "lithops:\n  backend: oracle_f\n");
	setenv("LITHOPS_CONFIG_FILE", "named", 1);
	expect_backend(NULL, "oracle_f");
	setenv("LITHOPS_CONFIG", "{\"lithops\":{\"backend\":\"ibm_cf\"}}", 1);
	expect_backend(NULL, "ibm_cf");
	expect_backend("~/.lithops/config", "k8s");
	unsetenv("LITHOPS_CONFIG");
	write_at(".", "named", "");
	expect_backend(NULL, NULL);
	unsetenv("LITHOPS_CONFIG_FILE");
}

static void wrong_files(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		int line, column;
	} cases[] = {
		{ "- a list\n", E_INPUT, 0, 0 },
		{ "lithops:\n  backend: [\n", E_INPUT, 3, 1 },
		{ "lithops:\n\tbackend: k8s\n", E_INPUT, 2, 1 },
		{ "lithops: {}\nlithops: {}\n", E_INPUT, 2, 1 },
	};
	struct lithops_config c;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err = (struct err){ 0 };
		write_at(".", "wrong", cases[i].text);
		assert_false(lithops_config_read(&c, "wrong", &err));
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(err.at.line, cases[i].line);
		assert_int_equal(err.at.column, cases[i].column);
		lithops_config_free(&c);
	}
	err = (struct err){ 0 };
	assert_false(lithops_config_read(&c, "absent", &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	assert_string_equal(err.hint, "--config names it");
	lithops_config_free(&c);
}

/* An account's number keeps its leading zero. */
static void leading_zero(void **state)
{
	AUTO(lithops_config_free) struct lithops_config c = { 0 };
	struct err err = { 0 };

	(void)state;
	write_at(".", "zero", "aws: {account_id: 012345678901, n: 0, m: -07}\n");
	assert_true(lithops_config_read(&c, "zero", &err));
	assert_string_equal(lithops_config_text(&c, "aws_lambda", "account_id"), "012345678901");
	assert_string_equal(lithops_config_text(&c, "aws_lambda", "n"), "0");
	assert_string_equal(lithops_config_text(&c, "aws_lambda", "m"), "-07");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(backends),       cmocka_unit_test(values),
		cmocka_unit_test(keys_of_before), cmocka_unit_test(places),
		cmocka_unit_test(wrong_files),    cmocka_unit_test(leading_zero),
	};
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct err err = { 0 };

	unsetenv("LITHOPS_CONFIG");
	unsetenv("LITHOPS_CONFIG_FILE");
	if (!fs_tmpdir_open(&dir, &err) || chdir(dir.path) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
