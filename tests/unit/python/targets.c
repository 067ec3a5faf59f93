// SPDX-License-Identifier: Apache-2.0
#include "python/targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* The named targets, and targets as documents. */

static bool profile_is_whole(void *arg, const struct python_profile *p, struct err *err)
{
	AUTO(python_profile_free) struct python_profile again = { 0 };
	AUTO(python_profile_free) struct python_profile read = { 0 };
	AUTO(auto_json_decref) json_t *doc = python_profile_export(p);
	AUTO(auto_json_decref) json_t *twice = NULL;
	AUTO(str_list_free) struct str_list tags = { 0 };

	assert_false(str_list_has(arg, p->name));
	str_list_push(arg, p->name);
	assert_true(python_profile_find(&again, p->name, err));
	assert_string_equal(again.name, p->name);
	assert_non_null(p->interpreter);
	assert_true(p->interpreter[0] == '/' && !strchr(p->interpreter, '%'));
	assert_true(p->site[0] == '/' && !strchr(p->site, '%'));
	assert_true(p->target.patch > 0);
	assert_non_null(p->end_of_life);
	/* what is written says the same when it is read */
	assert_true(python_profile_import(&read, doc, p->name, err));
	assert_int_equal(read.target.minor, p->target.minor);
	assert_int_equal(read.target.patch, p->target.patch);
	assert_int_equal(read.target.musl, p->target.musl);
	assert_int_equal(read.target.libc_minor, p->target.libc_minor);
	assert_string_equal(read.interpreter, p->interpreter);
	assert_int_equal(!read.preinstalled, !p->preinstalled);
	twice = python_profile_export(&read);
	assert_true(json_equal(json_object_get(doc, "compatible_tags"),
			       json_object_get(twice, "compatible_tags")));
	assert_true(json_equal(json_object_get(doc, "marker_environment"),
			       json_object_get(twice, "marker_environment")));
	return true;
}

static void every_named_target_is_whole(void **state)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err err = { 0 };

	(void)state;
	if (!python_profiles_each(profile_is_whole, &names, &err))
		fail_msg("%s", err.msg);
	assert_true(names.len > 100);
}

static void names(void **state)
{
	static const struct {
		const char *name, *want; /* as python_target_format has it; NULL: refused */
		const char *hint;
	} cases[] = {
		{ "lambda-python3.7-x86_64", "Python 3.7 on linux/amd64 with glibc 2.17", NULL },
		{ "lambda-python3.11-arm64", "Python 3.11 on linux/arm64 with glibc 2.26", NULL },
		{ "lambda-python3.12-arm64", "Python 3.12 on linux/arm64 with glibc 2.34", NULL },
		{ "aws_lambda-python3.12-arm64", "Python 3.12 on linux/arm64 with glibc 2.36",
		  NULL },
		{ "knative-python3.13-x86_64", "Python 3.13 on linux/amd64 with glibc 2.36", NULL },
		{ "alpine-python3.14-arm64", "Python 3.14 on linux/arm64 with musl 1.2", NULL },
		{ "trixie-python3.12-x86_64", "Python 3.12 on linux/amd64 with glibc 2.41", NULL },
		{ "lambda-python3.7-arm64", NULL, "lambda-python3" },
		{ "gcp_functions-python3.12-arm64", NULL, NULL },
		{ "lamda-python3.12-arm64", NULL, "did you mean lambda-python3.12-arm64" },
		{ "lambda-python3.12", NULL, NULL },
		{ "lambda-python3.012x-arm64", NULL, NULL },
		{ "lambda-python2.7-x86_64", NULL, NULL },
		{ "", NULL, "target list" },
		{ "nonsense", NULL, "target list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(python_profile_free) struct python_profile p = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(1024);
		struct err err = { 0 };
		bool ok = python_profile_find(&p, cases[i].name, &err);

		if (ok != !!cases[i].want || (!ok && err.code != E_USAGE))
			fail_msg("%s: %d %s", cases[i].name, ok, err.msg);
		if (cases[i].hint)
			assert_non_null(strstr(err.hint, cases[i].hint));
		if (!ok)
			continue;
		python_target_format(&text, &p.target);
		assert_string_equal(text.ptr, cases[i].want);
	}
}

static void preinstalled_is_lambdas(void **state)
{
	AUTO(python_profile_free) struct python_profile lambda = { 0 };
	AUTO(python_profile_free) struct python_profile image = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(python_profile_find(&lambda, "lambda-python3.13-x86_64", &err));
	assert_true(python_profile_find(&image, "bookworm-python3.13-x86_64", &err));
	assert_null(image.preinstalled);
	assert_string_equal(lambda.preinstalled[0], "boto3");
}

static void an_end_has_a_day(void **state)
{
	struct python_profile p = { .end_of_life = python_end_of_life(9) };

	(void)state;
	assert_false(python_profile_has_ended(&p, 1761868799)); /* 2025-10-30T23:59:59Z */
	assert_true(python_profile_has_ended(&p, 1761868800));
	p.end_of_life = python_end_of_life(99);
	assert_null(p.end_of_life);
	assert_false(python_profile_has_ended(&p, INT64_C(1) << 40));
}

#define TAGS "\"compatible_tags\":[\"cp312-cp312-manylinux_2_28_aarch64\",\"py3-none-any\"]"
#define MARKERS                                                                            \
	"\"marker_environment\":{\"python_full_version\":\"3.12.3\",\"platform_machine\":" \
	"\"aarch64\",\"platform_release\":\"6.1\"}"

/* As `pex3 interpreter inspect --markers --tags` prints it, shortened. */
static void documents_of_others(void **state)
{
	static const char text[] =
		"{\"path\":\"/usr/bin/python3\"," TAGS "," MARKERS ",\"more\":1}";
	AUTO(python_profile_free) struct python_profile p = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(str_list_free) struct str_list tags = { 0 };
	AUTO(buf_free) struct buf scratch = BUF_INIT(1024);
	struct err err = { 0 };

	(void)state;
	assert_true(json_parse(&doc, text, strlen(text), "d", &err));
	if (!python_profile_import(&p, doc, "d", &err))
		fail_msg("%s", err.msg);
	python_target_tags(&tags, &p.target);
	assert_int_equal(tags.len, 2);
	assert_string_equal(tags.items[0], "cp312-cp312-manylinux_2_28_aarch64");
	assert_string_equal(python_target_marker(&scratch, &p.target, "platform_release"), "6.1");
	/* what it does not say is what such a target says */
	assert_string_equal(python_target_marker(&scratch, &p.target, "python_version"), "3.12");
	assert_string_equal(python_target_marker(&scratch, &p.target, "sys_platform"), "linux");
	assert_int_equal(p.target.libc_minor, 28);
	assert_string_equal(p.target.platform.architecture, "arm64");
	assert_string_equal(p.interpreter, "/usr/bin/python3");
	assert_null(p.site);
}

static void bad_documents(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "[]", "object" },
		{ "{" TAGS "}", "marker_environment" },
		{ "{" MARKERS "}", "compatible_tags" },
		{ "{\"compatible_tags\":[]," MARKERS "}", "empty" },
		{ "{\"compatible_tags\":[\"cp312-cp312\"]," MARKERS "}", "cp312-cp312" },
		{ "{\"compatible_tags\":[\"a-b-c/../d\"]," MARKERS "}", "a-b-c" },
		{ "{\"compatible_tags\":[\"a--c\"]," MARKERS "}", "a--c" },
		{ "{\"compatible_tags\":[3]," MARKERS "}", "compatible_tags" },
		{ "{\"compatible_tags\":[\"py3-none-any\"]," MARKERS "}", "C library" },
		{ "{" TAGS ",\"marker_environment\":{\"platform_machine\":\"x86_64\"}}",
		  "python_full_version" },
		{ "{" TAGS ",\"marker_environment\":{\"python_version\":\"3.12\"}}",
		  "platform_machine" },
		{ "{" TAGS ",\"marker_environment\":{\"python_versoin\":\"3.12\"}}",
		  "python_versoin" },
		{ "{" TAGS ",\"marker_environment\":{\"extra\":\"x\"}}", "extra" },
		{ "{" TAGS ",\"marker_environment\":{\"sys_platform\":\"darwin\"}}", "darwin" },
		{ "{" TAGS ",\"marker_environment\":{\"implementation_name\":\"pypy\"}}", "pypy" },
		{ "{" TAGS ",\"marker_environment\":{\"python_full_version\":\"2.7.18\","
		  "\"platform_machine\":\"x86_64\"}}",
		  "2.7" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(python_profile_free) struct python_profile p = { 0 };
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err err = { 0 };

		assert_true(json_parse(&doc, cases[i].text, strlen(cases[i].text), "d", &err));
		if (python_profile_import(&p, doc, "d", &err))
			fail_msg("%s was taken", cases[i].text);
		if (err.code != E_INPUT || !strstr(err.msg, cases[i].word) ||
		    !str_has_prefix(err.msg, "d: "))
			fail_msg("%s: %s: %s", cases[i].text, err_name(err.code), err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_named_target_is_whole), cmocka_unit_test(names),
		cmocka_unit_test(preinstalled_is_lambdas),     cmocka_unit_test(an_end_has_a_day),
		cmocka_unit_test(documents_of_others),         cmocka_unit_test(bad_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
