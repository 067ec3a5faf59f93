// SPDX-License-Identifier: Apache-2.0
#include "python/elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/python/make_elf.h"

/* What is read of shared objects made by hand, sound ones and others. */

struct memory {
	const char *ptr;
	size_t len;
	int opened;
};

static bool open_memory(void *arg, struct source **out, struct err *err)
{
	struct memory *m = arg;

	(void)err;
	m->opened++;
	*out = source_mem(m->ptr, m->len);
	return true;
}

static int read_bytes(struct elf *out, const char *ptr, size_t len)
{
	struct memory m = { .ptr = ptr, .len = len };
	struct elf_input in = { .open = open_memory, .arg = &m, .size = len };
	struct err err = { 0 };

	if (!elf_read(out, &in, "_speed", &err))
		fail_msg("%s", err.msg);
	return m.opened;
}

static void every_class_and_order(void **state)
{
	static const struct elf_plan plans[] = {
		{ ELF_X86_64,
		  64,
		  false,
		  { "libc.so.6" },
		  { "GLIBC_2.2.5", "GLIBC_2.34" },
		  NULL,
		  0 },
		{ ELF_386, 32, false, { "libc.so.6" }, { "GLIBC_2.34", "GLIBC_2.4" }, NULL, 0 },
		{ ELF_S390, 64, true, { "libc.so.6" }, { "GLIBC_2.34", "OTHER_9.9" }, NULL, 0 },
		{ ELF_MIPS, 32, true, { "libc.so.6" }, { "GLIBC_2.34" }, NULL, 0 },
		{ ELF_AARCH64, 64, false, { "libc.so.6" }, { "GLIBC_2.34" }, NULL, 3 << 20 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		AUTO(buf_free) struct buf bytes = BUF_INIT(8 << 20);
		AUTO(elf_free) struct elf e = { 0 };
		int opened;

		elf_make(&bytes, &plans[i]);
		opened = read_bytes(&e, bytes.ptr, bytes.len);
		assert_true(e.is_elf);
		if (e.bad)
			fail_msg("%zu: %s", i, e.bad);
		assert_int_equal(e.machine, plans[i].machine);
		assert_int_equal(e.bits, plans[i].bits);
		assert_int_equal(e.is_big_endian, plans[i].big_endian);
		assert_int_equal(e.needed.len, 1);
		assert_string_equal(e.needed.items[0], "libc.so.6");
		assert_int_equal(e.glibc_minor, 34);
		assert_true(e.needs_glibc && !e.needs_musl && !e.has_init);
		/* large files are gone through again, small ones are not */
		assert_int_equal(opened > 1, plans[i].padding > 0);
	}
}

static void libraries_and_names(void **state)
{
	static const struct elf_plan plan = {
		ELF_X86_64,      64, false, { "libfoo.so.1", "libc.musl-x86_64.so.1" }, { NULL },
		"PyInit__speed", 0
	};
	struct elf_plan other = plan;
	AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf more = BUF_INIT(1 << 20);
	AUTO(elf_free) struct elf e = { 0 }, f = { 0 };

	(void)state;
	elf_make(&bytes, &plan);
	read_bytes(&e, bytes.ptr, bytes.len);
	assert_null(e.bad);
	assert_int_equal(e.needed.len, 2);
	assert_true(e.needs_musl && !e.needs_glibc && e.has_init);
	assert_int_equal(e.glibc_minor, -1);
	other.symbol = "PyInit__speedups";
	elf_make(&more, &other);
	read_bytes(&f, more.ptr, more.len);
	assert_false(f.has_init);
}

static void versions_of_glibc(void **state)
{
	static const struct {
		const char *version;
		int want;
	} cases[] = {
		{ "GLIBC_2.17", 17 },          { "GLIBC_2.2.5", 2 }, { "GLIBC_ABI_DT_RELR", 36 },
		{ "GLIBC_PRIVATE", -1 },       { "GLIBC_2.", -1 },   { "GLIBCXX_3.4.30", -1 },
		{ "GLIBC_2.99999999999", -1 }, { "GLIBC_3.1", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct elf_plan plan = {
			ELF_X86_64, 64, false, { "libc.so.6" }, { NULL }, NULL, 0
		};
		AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);
		AUTO(elf_free) struct elf e = { 0 };

		plan.versions[0] = cases[i].version;
		elf_make(&bytes, &plan);
		read_bytes(&e, bytes.ptr, bytes.len);
		if (e.bad || e.glibc_minor != cases[i].want)
			fail_msg("%s: %d", cases[i].version, e.glibc_minor);
	}
}

static void what_is_no_elf(void **state)
{
	static const char *const texts[] = { "", "\177EL", "/* GNU ld script */ GROUP ( libx.so )",
					     "\177ELF" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO(elf_free) struct elf e = { 0 };

		read_bytes(&e, texts[i], strlen(texts[i]));
		assert_false(e.is_elf);
	}
}

/* Cut anywhere, and with any byte changed: an answer, within the file. */
static void damage_is_an_answer(void **state)
{
	static const struct elf_plan plan = {
		ELF_AARCH64, 64, false, { "libc.so.6" }, { "GLIBC_2.34", "GLIBC_2.17" }, "x", 0
	};
	AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);
	size_t bad = 0;

	(void)state;
	elf_make(&bytes, &plan);
	for (size_t len = 0; len < bytes.len; len++) {
		AUTO(auto_free) char *copy = mem_dup(bytes.ptr, len + 1);
		AUTO(elf_free) struct elf e = { 0 };

		read_bytes(&e, copy, len);
		assert_true(len < 16 ? !e.is_elf : e.bad != NULL);
	}
	for (size_t at = 0; at < bytes.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			AUTO(auto_free) char *copy = mem_dup(bytes.ptr, bytes.len);
			AUTO(elf_free) struct elf e = { 0 };

			copy[at] = (char)(copy[at] ^ 1 << bit);
			read_bytes(&e, copy, bytes.len);
			bad += e.bad != NULL;
		}
	assert_true(bad > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_and_order), cmocka_unit_test(libraries_and_names),
		cmocka_unit_test(versions_of_glibc),     cmocka_unit_test(what_is_no_elf),
		cmocka_unit_test(damage_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
