// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_PYTHON_MAKE_ELF_H
#define TESTS_UNIT_PYTHON_MAKE_ELF_H

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Shared objects for tests, byte by byte: one segment that is the file, and a dynamic section. */
struct elf_plan {
	int machine, bits;
	bool big_endian;
	const char *needed[4];
	const char *versions[4]; /* of the first library */
	const char *symbol;      /* a name among the others; NULL: none */
	size_t padding;          /* bytes between the headers and the rest */
};

static inline void elf_put(struct buf *b, const struct elf_plan *p, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_put_byte(b, (unsigned char)(value >> 8 * (p->big_endian ? bytes - 1 - i : i)));
}

/* 4 bytes of 32 bits, 8 of 64 */
static inline void elf_put_word(struct buf *b, const struct elf_plan *p, uint64_t value)
{
	elf_put(b, p, value, p->bits / 8);
}

static inline uint64_t elf_name(struct buf *strings, const char *name)
{
	uint64_t at = strings->len;

	buf_put_bytes(strings, name, strlen(name) + 1);
	return at;
}

static inline void elf_put_program(struct buf *b, const struct elf_plan *p, uint64_t type,
				   uint64_t offset, uint64_t len)
{
	elf_put(b, p, type, 4);
	if (p->bits == 64)
		elf_put(b, p, 4, 4);
	elf_put_word(b, p, offset);
	elf_put_word(b, p, offset + 0x10000); /* address */
	elf_put_word(b, p, offset + 0x10000);
	elf_put_word(b, p, len);
	elf_put_word(b, p, len);
	if (p->bits == 32)
		elf_put(b, p, 4, 4);
	elf_put_word(b, p, 1);
}

static inline void elf_put_version(struct buf *b, const struct elf_plan *p, struct buf *strings,
				   size_t i, size_t count)
{
	elf_put(b, p, 0, 8);
	elf_put(b, p, elf_name(strings, p->versions[i]), 4);
	elf_put(b, p, i + 1 < count ? 16 : 0, 4);
}

static inline void elf_put_dynamic(struct buf *b, const struct elf_plan *p, uint64_t tag,
				   uint64_t value)
{
	elf_put_word(b, p, tag);
	elf_put_word(b, p, value);
}

/* Appended to `out`, which is empty. */
static inline void elf_make(struct buf *out, const struct elf_plan *p)
{
	AUTO(buf_free) struct buf strings = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf versions = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf dynamic = BUF_INIT(1 << 20);
	uint64_t header = p->bits == 64 ? 64 : 52, program = p->bits == 64 ? 56 : 32;
	uint64_t start = header + 2 * program + p->padding, needed[4], strings_at, dynamic_at;
	size_t count = 0, library = 0;

	buf_put_byte(&strings, 0);
	for (size_t i = 0; i < 4 && p->needed[i]; i++)
		needed[library++] = elf_name(&strings, p->needed[i]);
	while (count < 4 && p->versions[count])
		count++;
	elf_put(&versions, p, 1, 2);
	elf_put(&versions, p, count, 2);
	elf_put(&versions, p, library ? needed[0] : 0, 4);
	elf_put(&versions, p, 16, 4);
	elf_put(&versions, p, 0, 4);
	for (size_t i = 0; i < count; i++)
		elf_put_version(&versions, p, &strings, i, count);
	if (p->symbol)
		elf_name(&strings, p->symbol);
	strings_at = start + versions.len;
	dynamic_at = strings_at + strings.len;
	for (size_t i = 0; i < library; i++)
		elf_put_dynamic(&dynamic, p, 1, needed[i]);
	elf_put_dynamic(&dynamic, p, 5, strings_at + 0x10000);
	elf_put_dynamic(&dynamic, p, 10, strings.len);
	if (count) {
		elf_put_dynamic(&dynamic, p, 0x6ffffffe, start + 0x10000);
		elf_put_dynamic(&dynamic, p, 0x6fffffff, 1);
	}
	elf_put_dynamic(&dynamic, p, 0, 0);

	buf_put_bytes(out, "\177ELF", 4);
	buf_put_byte(out, p->bits == 64 ? 2 : 1);
	buf_put_byte(out, p->big_endian ? 2 : 1);
	buf_put_byte(out, 1);
	elf_put(out, p, 0, 8);
	buf_put_byte(out, 0);
	elf_put(out, p, 3, 2);
	elf_put(out, p, (uint64_t)p->machine, 2);
	elf_put(out, p, 1, 4);
	elf_put_word(out, p, 0);
	elf_put_word(out, p, header);
	elf_put_word(out, p, 0);
	elf_put(out, p, 0, 4);
	elf_put(out, p, header, 2);
	elf_put(out, p, program, 2);
	elf_put(out, p, 2, 2);
	elf_put(out, p, 0, 6);
	elf_put_program(out, p, 1, 0, dynamic_at + dynamic.len);
	elf_put_program(out, p, 2, dynamic_at, dynamic.len);
	for (size_t i = 0; i < p->padding; i++)
		buf_put_byte(out, 0);
	buf_put_bytes(out, versions.ptr, versions.len);
	buf_put_bytes(out, strings.ptr, strings.len);
	buf_put_bytes(out, dynamic.ptr, dynamic.len);
}

#endif
