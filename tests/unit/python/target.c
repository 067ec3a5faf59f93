// SPDX-License-Identifier: Apache-2.0
#include "python/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

/*
 * Tags and marker values of targets. The hashes are of the whole list, one tag a line, as packaging
 * 23.0 gives it on such a machine (cpython_tags, then compatible_tags).
 */
static struct python_target target_of(const char *python, const char *platform, const char *libc)
{
	struct python_target t = { 0 };
	struct err err = { 0 };
	struct platform p;

	if (!platform_parse(&p, platform, &err) || !python_target_make(&t, python, &p, libc, &err))
		fail_msg("%s %s %s: %s", python, platform, libc, err.msg);
	return t;
}

static void tags_are_those_of_packaging(void **state)
{
	static const struct {
		const char *python, *platform, *libc;
		size_t count;
		const char *hash;
	} cases[] = {
		{ "3.11", "linux/amd64", "glibc-2.36", 914,
		  "5bb76b428e8c0f255a08a9b84dad1fdf6f1f16a1e57c189b2f9fc5e09fd2ab54" },
		{ "3.12", "linux/arm64", "glibc-2.34", 555,
		  "9661241ea95b8959c886e5330eed22df0f9e7173f236ca43a5c572aae34a47c3" },
		{ "3.10", "linux/amd64", "musl-1.2", 105,
		  "a47694c72a313a7d75bfa9fb731f727f2f5e5e6089b06abc3e2622e397c8ed43" },
		{ "3.13", "linux/arm/v7", "glibc-2.41", 799,
		  "3163c55a2dc2bba567dee1481aca962d5b02490244a594103bcbdb21f997c223" },
		{ "3.9", "linux/386", "glibc-2.31", 663,
		  "74b26ce40f95b0add0307d4ebc223a2b71d3eab8f083614f119c104983e26c15" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct python_target t =
			target_of(cases[i].python, cases[i].platform, cases[i].libc);
		AUTO(str_list_free) struct str_list tags = { 0 };
		unsigned char hash[SHA256_SIZE];
		char hex[2 * SHA256_SIZE + 1];
		struct sha256 s;

		python_target_tags(&tags, &t);
		assert_int_equal(tags.len, cases[i].count);
		sha256_init(&s);
		for (size_t k = 0; k < tags.len; k++) {
			sha256_update(&s, tags.items[k], strlen(tags.items[k]));
			sha256_update(&s, "\n", 1);
		}
		sha256_final(&s, hash);
		hex_format(hex, hash, sizeof(hash));
		if (!str_eq(hex, cases[i].hash))
			fail_msg("%s %s: other tags: %s", cases[i].python, cases[i].platform, hex);
	}
}

static void old_pythons_name_their_allocator(void **state)
{
	static const struct {
		const char *python, *first;
	} cases[] = {
		{ "3.6", "cp36-cp36m-manylinux_2_31_x86_64" },
		{ "3.7", "cp37-cp37m-manylinux_2_31_x86_64" },
		{ "3.8", "cp38-cp38-manylinux_2_31_x86_64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct python_target t = target_of(cases[i].python, "linux/amd64", "glibc-2.31");
		AUTO(str_list_free) struct str_list tags = { 0 };

		python_target_tags(&tags, &t);
		assert_string_equal(tags.items[0], cases[i].first);
	}
}

static void known_tags_are_where_they_belong(void **state)
{
	static const struct {
		size_t at;
		const char *tag;
	} rows[] = {
		{ 0, "cp311-cp311-manylinux_2_36_x86_64" },
		{ 19, "cp311-cp311-manylinux_2_17_x86_64" },
		{ 20, "cp311-cp311-manylinux2014_x86_64" },
		{ 34, "cp311-cp311-manylinux1_x86_64" },
		{ 35, "cp311-cp311-linux_x86_64" },
		{ 36, "cp311-abi3-manylinux_2_36_x86_64" },
		{ 72, "cp311-none-manylinux_2_36_x86_64" },
		{ 108, "cp310-abi3-manylinux_2_36_x86_64" },
		{ 900, "cp311-none-any" },
		{ 901, "py311-none-any" },
		{ 902, "py3-none-any" },
		{ 903, "py310-none-any" },
		{ 913, "py30-none-any" },
	};
	struct python_target t = target_of("3.11", "linux/amd64", NULL);
	AUTO(str_list_free) struct str_list tags = { 0 };

	(void)state;
	python_target_tags(&tags, &t);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(tags.items[rows[i].at], rows[i].tag);
	assert_false(str_list_has(&tags, "cp311-cp311-manylinux_2_37_x86_64"));
	assert_false(str_list_has(&tags, "cp311-cp311-musllinux_1_2_x86_64"));
}

static void targets_without_manylinux_have_linux_only(void **state)
{
	struct python_target t = target_of("3.11", "linux/arm/v6", "glibc-2.36");
	AUTO(str_list_free) struct str_list tags = { 0 };

	(void)state;
	python_target_tags(&tags, &t);
	assert_string_equal(tags.items[0], "cp311-cp311-linux_armv6l");
}

static void bad_targets_are_refused(void **state)
{
	static const struct {
		const char *python, *platform, *libc;
	} cases[] = {
		{ "3", "linux/amd64", NULL },
		{ "2.7", "linux/amd64", NULL },
		{ "3.", "linux/amd64", NULL },
		{ "3.x", "linux/amd64", NULL },
		{ "3.11.", "linux/amd64", NULL },
		{ "3.11.2.1", "linux/amd64", NULL },
		{ "3.1000", "linux/amd64", NULL },
		{ "", "linux/amd64", NULL },
		{ "3.11", "linux/wasm", NULL },
		{ "3.11", "windows/amd64", NULL },
		{ "3.11", "linux/amd64", "glibc" },
		{ "3.11", "linux/amd64", "glibc-2" },
		{ "3.11", "linux/amd64", "glibc-3.1" },
		{ "3.11", "linux/amd64", "musl-2.1" },
		{ "3.11", "linux/amd64", "uclibc-1.0" },
		{ "3.11", "linux/amd64", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct python_target t;
		struct err err = { 0 };
		struct platform p;

		if (!platform_parse(&p, cases[i].platform, &err))
			continue;
		if (python_target_make(&t, cases[i].python, &p, cases[i].libc, &err))
			fail_msg("case %zu was taken", i);
		assert_int_equal(err.code, E_USAGE);
	}
}

static void markers_have_the_targets_values(void **state)
{
	static const char *const rows[][2] = {
		{ "os_name", "posix" },
		{ "sys_platform", "linux" },
		{ "platform_system", "Linux" },
		{ "platform_machine", "aarch64" },
		{ "platform_python_implementation", "CPython" },
		{ "implementation_name", "cpython" },
		{ "implementation_version", "3.12.4" },
		{ "python_version", "3.12" },
		{ "python_full_version", "3.12.4" },
		{ "platform_release", "" },
		{ "platform_version", "" },
	};
	struct python_target t = target_of("3.12.4", "linux/arm64", "musl-1.2");
	AUTO(buf_free) struct buf scratch = BUF_INIT(64);
	AUTO(buf_free) struct buf text = BUF_INIT(128);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(python_target_marker(&scratch, &t, rows[i][0]), rows[i][1]);
	assert_null(python_target_marker(&scratch, &t, "extra"));
	assert_null(python_target_marker(&scratch, &t, "os.name"));
	python_target_format(&text, &t);
	assert_string_equal(text.ptr, "Python 3.12 on linux/arm64 with musl 1.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_those_of_packaging),
		cmocka_unit_test(old_pythons_name_their_allocator),
		cmocka_unit_test(known_tags_are_where_they_belong),
		cmocka_unit_test(targets_without_manylinux_have_linux_only),
		cmocka_unit_test(bad_targets_are_refused),
		cmocka_unit_test(markers_have_the_targets_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
