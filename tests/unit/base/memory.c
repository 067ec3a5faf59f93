// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

/* Memory that is freed together, maps that keep their order, hashes. */

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena a = { 0 }, b = { 0 };
	char *kept;

	(void)state;
	for (size_t i = 1; i < 200; i++) {
		unsigned char *p = arena_alloc(&a, i * 37);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t j = 0; j < i * 37; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, i * 37);
	}
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	assert_string_equal(arena_slice(&a, (struct slice){ "hello", 4 }), "hell");
	kept = arena_strdup(&b, "adopted");
	arena_adopt(&a, &b);
	assert_null(b.head);
	arena_free(&b);
	assert_string_equal(kept, "adopted");
	arena_free(&a);
	arena_free(&a);
}

static void map_keeps_insertion_order(void **state)
{
	struct map m = MAP_TEXT;
	char key[16];

	(void)state;
	assert_null(map_get(&m, "none"));
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%d", 999 - i);
		map_put_text(&m, key, key);
	}
	map_put_text(&m, "k500", "changed"); /* in place */
	assert_int_equal(m.len, 1000);
	assert_string_equal(m.items[0].key, "k999");
	assert_string_equal(m.items[499].key, "k500");
	assert_string_equal(map_text(&m, "k500"), "changed");
	map_remove(&m, "k999");
	map_remove(&m, "absent");
	assert_int_equal(m.len, 999);
	assert_false(map_has(&m, "k999"));
	for (int i = 0; i < 999; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_true(map_has(&m, key));
	}
	map_sort(&m);
	assert_string_equal(m.items[0].key, "k0");
	assert_string_equal(m.items[2].key, "k10");
	assert_string_equal(map_text(&m, "k998"), "k998");
	map_free(&m);
	assert_int_equal(m.len, 0);
}

static void hashes(void **state)
{
	/* FIPS 180-4 examples, and RFC 1321 for MD5 */
	static const struct {
		const char *text, *sha256;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	};
	unsigned char out[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sha256 s;

		sha256_init(&s);
		for (const char *p = cases[i].text; *p; p++)
			sha256_update(&s, p, 1);
		sha256_final(&s, out);
		hex_format(hex, out, sizeof(out));
		assert_string_equal(hex, cases[i].sha256);
		sha256_of(out, cases[i].text, strlen(cases[i].text));
		hex_format(hex, out, sizeof(out));
		assert_string_equal(hex, cases[i].sha256);
	}
	md5_of(out, "abc", 3);
	hex_format(hex, out, MD5_SIZE);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(map_keeps_insertion_order),
		cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
