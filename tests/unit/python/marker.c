// SPDX-License-Identifier: Apache-2.0
#include "python/marker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

/* PEP 508 markers, asked for CPython 3.11.2 on x86_64. The table was made with packaging 23.0. */

/* clang-format off */
static const struct {
	const char *marker, *extra;
	bool want;
} truths[] = {
		{ "python_version >= '3.8'", "", true },
		{ "python_version < '3.8'", "", false },
		{ "python_version == '3.11'", "", true },
		{ "python_version == '3.*'", "", true },
		{ "python_version ~= '3.10'", "", true },
		{ "python_version ~= '3.12'", "", false },
		{ "python_version > '3.9'", "", true },
		{ "python_version != '3.11'", "", false },
		{ "python_version in '3.10 3.11'", "", true },
		{ "python_version not in '3.10 3.11'", "", false },
		{ "python_version in '2.7, 3.1'", "", false },
		{ "'3.11' == python_version", "", true },
		{ "'3.9' <= python_version", "", true },
		{ "'3.12' <= python_version", "", false },
		{ "python_full_version >= '3.11.2'", "", true },
		{ "python_full_version < '3.11.2'", "", false },
		{ "python_full_version == '3.11.*'", "", true },
		{ "python_full_version == '3.11'", "", false },
		{ "implementation_version > '3.11.1'", "", true },
		{ "os_name == 'posix'", "", true },
		{ "os_name == \"nt\"", "", false },
		{ "os_name != 'nt'", "", true },
		{ "os.name == 'posix'", "", true },
		{ "sys_platform == 'linux'", "", true },
		{ "sys_platform == 'win32'", "", false },
		{ "sys_platform != 'darwin'", "", true },
		{ "'linux' in sys_platform", "", true },
		{ "'win' in sys_platform", "", false },
		{ "sys_platform in 'linux linux2'", "", true },
		{ "sys.platform == 'linux'", "", true },
		{ "platform_system == 'Linux'", "", true },
		{ "platform_system == 'linux'", "", false },
		{ "platform_machine == 'x86_64'", "", true },
		{ "platform.machine == 'aarch64'", "", false },
		{ "platform_machine in 'x86_64 aarch64'", "", true },
		{ "platform_python_implementation == 'CPython'", "", true },
		{ "python_implementation != 'PyPy'", "", true },
		{ "platform.python_implementation == 'CPython'", "", true },
		{ "implementation_name == 'cpython'", "", true },
		{ "platform_version == ''", "", true },
		{ "extra == 'foo'", "", false },
		{ "extra == 'foo'", "foo", true },
		{ "extra == 'Foo_Bar'", "foo-bar", true },
		{ "extra == 'foo.bar'", "foo-bar", true },
		{ "extra != 'foo'", "foo", false },
		{ "'foo' == extra", "foo", true },
		{ "extra == 'foo' or extra == 'bar'", "bar", true },
		{ "os_name == 'nt' or os_name == 'posix' and python_version < '3'", "", false },
		{ "os_name == 'posix' or os_name == 'nt' and python_version < '3'", "", true },
		{ "(os_name == 'posix' or os_name == 'nt') and python_version < '3'", "", false },
		{ "os_name == 'nt' and python_version < '3' or sys_platform == 'linux'", "", true },
		{ "os_name=='posix'and sys_platform=='linux'", "", true },
		{ "((os_name == 'posix'))", "", true },
		{ " ( os_name == 'posix' ) ", "", true },
		{ "python_version<'3.12'and(extra=='a'or extra=='b')", "b", true },
		{ "python_version>='3.9' and python_version<'3.12' and platform_machine!='arm64' and extra=='aws'", "aws", true },
		{ "os_name < 'zzz'", "", true },
		{ "os_name >= 'posix'", "", true },
		{ "platform_machine > 'x86'", "", true },
		{ "python_version  not   in  '3.9'", "", true },
		{ "python_full_version ~= '3.11.0'", "", true },
		{ "python_version === '3.11'", "", true },
		{ "platform_release == ''", "", true },
		{ "python_version != '3.11.*'", "", false },
		{ "python_full_version != '3.11.*' or os_name == 'posix'", "", true },
		{ "\"it's\" != os_name", "", true },
	/* packaging 23.0 raises here; text that is no version compares as text (PEP 508) */
	{ "platform_release >= '5'", "", false },
	{ "python_version >= 'abc'", "", false },
	{ "platform_machine === 'x86_64'", "", true },
	{ "os_name == platform_system", "", false },
	{ "python_version != python_full_version", "", true },
	{ "'a' == 'a'", "", true },
	{ "extra == '1.0'", "1-0", true },
	{ "extra == '1'", "1-0", false },
};

static const struct {
	const char *marker;
	size_t at;
} malformed[] = {
	{ "", 0 }, { "os_name", 7 }, { "os_name ==", 10 }, { "== 'posix'", 0 },
	{ "os_name == posix", 11 }, { "os_nam == 'posix'", 0 }, { "os_name = 'posix'", 8 },
	{ "os_name == 'posix", 11 }, { "os_name == \"posix'", 11 }, { "(os_name == 'a'", 0 },
	{ "os_name == 'a')", 14 }, { "os_name == 'a' and", 18 }, { "os_name == 'a' xor os_name == 'b'", 15 },
	{ "os_name not 'a'", 8 }, { "os_name is 'a'", 8 }, { "os_name == 'a' or or os_name == 'b'", 18 },
	{ "os_name == 'a' os_name == 'b'", 15 }, { "and os_name == 'a'", 0 }, { "os_name <> 'a'", 9 },
	{ "os_name == 3", 11 }, { "()", 1 }, { "os_name == 'a';", 14 }, { "python_versionx < '3'", 0 },
};
/* clang-format on */

static struct marker_env env_of(struct arena *a, const char *python, const char *platform)
{
	struct python_target t;
	struct err err = { 0 };
	struct platform p;

	if (!platform_parse(&p, platform, &err) || !python_target_make(&t, python, &p, NULL, &err))
		fail_msg("%s", err.msg);
	return marker_env_make(a, &t);
}

static bool truth(const char *text, const struct marker_env *env)
{
	AUTO(arena_free) struct arena a = { 0 };
	const struct marker *m = NULL;
	struct err err = { 0 };
	bool value = false;

	if (!marker_parse(&m, &a, slice_of(text), NULL, &err) || !marker_eval(&value, m, env, &err))
		fail_msg("%s: %s", text, err.msg);
	return value;
}

static void markers_are_true_or_false(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct marker_env env = env_of(&a, "3.11.2", "linux/amd64");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(truths); i++) {
		env.values[MARKER_EXTRA] = truths[i].extra;
		if (truth(truths[i].marker, &env) != truths[i].want)
			fail_msg("%s (extra '%s')", truths[i].marker, truths[i].extra);
	}
}

/* pip asks about the machine it runs on, whatever the target is (pypa/pip#11664). */
static void the_target_decides(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct marker_env arm = env_of(&a, "3.8", "linux/arm64");
	struct marker_env new = env_of(&a, "3.14.1", "linux/arm/v7");

	(void)state;
	assert_true(truth("platform_machine == 'aarch64' and python_version < '3.9'", &arm));
	assert_true(truth("python_full_version == '3.8.0'", &arm));
	assert_true(truth("platform_machine == 'armv7l' and python_version >= '3.10'", &new));
	assert_true(truth("python_full_version == '3.14.1'", &new));
}

static void malformed_ones_are_pointed_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		const struct marker *m = NULL;
		struct err err = { 0 };
		size_t at = 999;

		if (marker_parse(&m, &a, slice_of(malformed[i].marker), &at, &err))
			fail_msg("'%s' was taken", malformed[i].marker);
		if (err.code != E_INPUT || at != malformed[i].at)
			fail_msg("'%s': at %zu: %s", malformed[i].marker, at, err.msg);
	}
}

static void near_names_are_offered(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	const struct marker *m = NULL;
	struct err err = { 0 };

	(void)state;
	assert_false(marker_parse(&m, &a, slice_of("python_verison < '3'"), NULL, &err));
	assert_string_equal(err.hint, "did you mean python_version?");
}

static void versions_are_needed_for_compatible(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct marker_env env = env_of(&a, "3.11", "linux/amd64");
	const struct marker *m = NULL;
	struct err err = { 0 };
	bool value;

	(void)state;
	assert_true(marker_parse(&m, &a, slice_of("os_name ~= 'posix'"), NULL, &err));
	assert_false(marker_eval(&value, m, &env, &err));
	assert_int_equal(err.code, E_INPUT);
}

static void any_extra_will_do(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct marker_env env = env_of(&a, "3.11", "linux/amd64");
	char *names[] = { (char[]){ "aws" }, (char[]){ "gcp" } };
	const struct str_list none = { 0 }, both = { .items = names, .len = 2 };
	const struct marker *gcp, *not_aws;
	struct err err = { 0 };
	bool value;

	(void)state;
	assert_true(marker_parse(&gcp, &a, slice_of("extra == 'gcp'"), NULL, &err));
	assert_true(marker_parse(&not_aws, &a, slice_of("extra != 'aws'"), NULL, &err));
	assert_true(marker_eval_extras(&value, gcp, &env, &none, &err) && !value);
	assert_true(marker_eval_extras(&value, gcp, &env, &both, &err) && value);
	assert_true(marker_eval_extras(&value, not_aws, &env, &both, &err) && value);
	assert_true(marker_eval_extras(&value, NULL, &env, &none, &err) && value);
}

static void depth_is_limited(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(buf_free) struct buf deep = BUF_INIT(4096);
	const struct marker *m = NULL;
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i < LIMIT_MARKER_DEPTH; i++)
		buf_put(&deep, "(");
	buf_put(&deep, "os_name == 'posix'");
	for (int i = 0; i < LIMIT_MARKER_DEPTH; i++)
		buf_put(&deep, ")");
	assert_true(marker_parse(&m, &a, slice_of(deep.ptr), NULL, &err));
	buf_put(&deep, ")");
	AUTO(auto_free) char *deeper = mem_printf("(%s", deep.ptr);
	assert_false(marker_parse(&m, &a, slice_of(deeper), NULL, &err));
	assert_int_equal(err.code, E_INPUT);
}

static void trees_are_written_back(void **state)
{
	static const char *const cases[][2] = {
		{ "os.name=='a'", "os_name == \"a\"" },
		{ "'a' in os_name and (extra=='X_y' or python_version<'3')",
		  "\"a\" in os_name and (extra == \"x-y\" or python_version < \"3\")" },
		{ "os_name == 'a' and os_name == 'b' or os_name not  in 'c'",
		  "os_name == \"a\" and os_name == \"b\" or os_name not in \"c\"" },
		{ "((os_name == '\"'))", "os_name == '\"'" },
		{ "((os_name == 'a' or os_name == 'b')) and (os_name == 'c')",
		  "(os_name == \"a\" or os_name == \"b\") and os_name == \"c\"" },
		{ "((os_name == 'a' and os_name == 'b') or os_name == 'c')",
		  "(os_name == \"a\" and os_name == \"b\") or os_name == \"c\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(256);
		const struct marker *m = NULL;
		struct err err = { 0 };

		assert_true(marker_parse(&m, &a, slice_of(cases[i][0]), NULL, &err));
		marker_format(&text, m);
		assert_string_equal(text.ptr, cases[i][1]);
	}
}

static void sets_of_lock_files(void **state)
{
	static const struct {
		const char *text;
		int want; /* -1: refused */
	} cases[] = {
		{ "'x' in extras", 1 },
		{ "'X' in extras", 1 },
		{ "'y' in extras", 0 },
		{ "'y' not in extras and 'dev' in dependency_groups", 1 },
		{ "\"test\" in dependency_groups or python_version >= '3.8'", 1 },
		{ "'test' in dependency_groups", 0 },
		{ "extras == 'x'", -1 },
		{ "'x' == extras", -1 },
		{ "extras in 'x'", -1 },
		{ "os_name in extras", -1 },
	};
	const char *const known[] = { "extras", "dependency_groups" };
	struct str_list extras = { 0 }, groups = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	struct marker_env env = { .extras = &extras, .dependency_groups = &groups };
	const struct marker *m = NULL;

	(void)state;
	str_list_push(&extras, "x");
	str_list_push(&groups, "dev");
	env.values[MARKER_PYTHON_VERSION] = "3.11";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		bool ok = marker_parse_locked(&m, &a, slice_of(cases[i].text), NULL, &err), value;

		if (ok != (cases[i].want >= 0))
			fail_msg("%s: %s", cases[i].text, err.msg);
		if (!ok)
			continue;
		assert_true(marker_eval(&value, m, &env, &err));
		assert_int_equal(value, cases[i].want);
	}
	assert_true(marker_mentions(m, MARKER_DEPENDENCY_GROUPS));
	assert_false(marker_mentions(m, MARKER_OS_NAME));
	for (size_t i = 0; i < ARRAY_LEN(known); i++) { /* and only of those */
		const char *text = arena_printf(&a, "'x' in %s", known[i]);
		struct err err = { 0 };

		assert_false(marker_parse(&m, &a, slice_of(text), NULL, &err));
		assert_non_null(strstr(err.msg, "does not exist"));
	}
	str_list_free(&extras);
	str_list_free(&groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_of_lock_files),
		cmocka_unit_test(markers_are_true_or_false),
		cmocka_unit_test(the_target_decides),
		cmocka_unit_test(malformed_ones_are_pointed_at),
		cmocka_unit_test(near_names_are_offered),
		cmocka_unit_test(versions_are_needed_for_compatible),
		cmocka_unit_test(any_extra_will_do),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(trees_are_written_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
