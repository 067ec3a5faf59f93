// SPDX-License-Identifier: Apache-2.0
#include "python/elf.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* The parser alone. What its answers mean for a target is elf_check.c's. */

enum {
	IDENT_SIZE = 16,
	HEADER_SIZE = 64,    /* of 64 bits; that of 32 bits is shorter */
	HEAD_SIZE = 1 * MIB, /* of a file, kept: most are not longer, and need no second reading */

	PT_LOAD = 1,
	PT_DYNAMIC = 2,

	DT_NEEDED = 1,
	DT_STRTAB = 5,
	DT_STRSZ = 10,
	DT_VERNEED = 0x6ffffffe,
	DT_VERNEEDNUM = 0x6fffffff,

	VERNEED_SIZE = 16,
};

void elf_free(struct elf *e)
{
	str_list_free(&e->needed);
	*e = (struct elf){ 0 };
}

/* --- bytes at offsets, of a stream --- */

struct reader {
	const struct elf_input *in;
	struct source *from;
	uint64_t at;
	struct buf head; /* the first HEAD_SIZE bytes */
};

static void reader_free(struct reader *r)
{
	source_close(r->from);
	buf_free(&r->head);
}

/* Exactly `len` bytes on from where the stream is; NULL `out`: past them. */
static bool advance(struct reader *r, void *out, uint64_t len, struct err *err)
{
	char scratch[16 * KIB];

	while (len) {
		size_t want = out                     ? (size_t)len
			      : len < sizeof(scratch) ? (size_t)len
						      : sizeof(scratch);
		size_t got;

		if (!source_read(r->from, out ? out : scratch, want, &got, err))
			return false;
		if (!got)
			return err_set(err, E_INTEGRITY, "it ends early");
		if (out)
			out = (char *)out + got;
		r->at += got;
		len -= got;
	}
	return true;
}

static bool restart(struct reader *r, struct err *err)
{
	source_close(r->from);
	r->from = NULL;
	r->at = 0;
	return r->in->open(r->in->arg, &r->from, err);
}

static bool reader_open(struct reader *r, const struct elf_input *in, struct err *err)
{
	size_t len = in->size < HEAD_SIZE ? (size_t)in->size : HEAD_SIZE;

	*r = (struct reader){ .in = in, .head = BUF_INIT(HEAD_SIZE) };
	r->head.ptr = mem_alloc(len + 1);
	r->head.cap = len + 1;
	r->head.len = len;
	return restart(r, err) && advance(r, r->head.ptr, len, err);
}

/* The caller has checked that offset and len lie in the file. */
static bool read_at(struct reader *r, void *out, uint64_t offset, size_t len, struct err *err)
{
	if (offset + len <= r->head.len) {
		memcpy(out, r->head.ptr + offset, len);
		return true;
	}
	if (offset < r->at && !restart(r, err))
		return false;
	return advance(r, NULL, offset - r->at, err) && advance(r, out, len, err);
}

/* --- numbers --- */

struct parse {
	struct reader reader;
	struct elf *out;
	const unsigned char *loads; /* the program headers */
	size_t load_count, load_size;
};

static uint64_t number(const struct parse *p, const unsigned char *at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)at[p->out->is_big_endian ? bytes - 1 - i : i] << (8 * i);
	return value;
}

/* A field that is 4 bytes of 32 bits and 8 of 64, at either's offset. */
static uint64_t word(const struct parse *p, const unsigned char *at, int offset32, int offset64)
{
	return p->out->bits == 64 ? number(p, at + offset64, 8) : number(p, at + offset32, 4);
}

static bool fits(const struct parse *p, uint64_t offset, uint64_t len)
{
	uint64_t size = p->reader.in->size;

	return offset <= size && len <= size - offset;
}

/* Not sound: no error of ours, an answer. */
static bool bad(struct parse *p, const char *why)
{
	p->out->bad = why;
	return true;
}

/* Where the bytes of an address are; *room_out: how many the file has of that segment. */
static bool offset_of(const struct parse *p, uint64_t address, uint64_t *offset_out,
		      uint64_t *room_out)
{
	for (size_t i = 0; i < p->load_count; i++) {
		const unsigned char *h = p->loads + i * p->load_size;
		uint64_t offset = word(p, h, 4, 8), start = word(p, h, 8, 16);
		uint64_t len = word(p, h, 16, 32);

		if (number(p, h, 4) != PT_LOAD || address < start || address - start >= len)
			continue;
		*offset_out = offset + (address - start);
		*room_out = len - (address - start);
		return fits(p, offset, len);
	}
	return false;
}

/* --- what is asked for --- */

/* "GLIBC_2.34", "GLIBC_2.2.5" -> 34, 2. The relative relocations of 2.36 are a name of their own.
 */
static int glibc_minor(const char *version)
{
	static const char prefix[] = "GLIBC_2.";
	uint64_t minor;

	if (str_eq(version, "GLIBC_ABI_DT_RELR"))
		return 36;
	if (!str_has_prefix(version, prefix))
		return -1;
	version += strlen(prefix);
	if (!str_to_u64(&minor, (struct slice){ version, strspn(version, "0123456789") }, 999))
		return -1;
	return (int)minor;
}

static const char *string_at(const struct buf *strings, uint64_t offset)
{
	return offset < strings->len ? strings->ptr + offset : NULL;
}

/* Chains of links within one table. Each step is forward, and there are no more of them than the
 * table has room for. */
static bool take_versions(struct parse *p, const unsigned char *table, size_t len, uint64_t count,
			  const struct buf *strings)
{
	size_t at = 0, steps = len / VERNEED_SIZE;

	for (uint64_t i = 0; i < count; i++) {
		size_t names, aux, next;

		if (len < VERNEED_SIZE || at > len - VERNEED_SIZE)
			return bad(p, "its table of needed versions leads out of it");
		names = (size_t)number(p, table + at + 2, 2);
		aux = at + (size_t)number(p, table + at + 8, 4);
		for (size_t k = 0; k < names; k++) {
			const char *name;
			int minor;

			if (aux > len - VERNEED_SIZE || !steps--)
				return bad(p, "its table of needed versions leads out of it");
			name = string_at(strings, number(p, table + aux + 8, 4));
			minor = name ? glibc_minor(name) : -1;
			if (minor > p->out->glibc_minor)
				p->out->glibc_minor = minor;
			next = (size_t)number(p, table + aux + 12, 4);
			if (!next)
				break;
			aux += next;
		}
		next = (size_t)number(p, table + at + 12, 4);
		if (!next)
			break;
		at += next;
	}
	return true;
}

static void take_library(struct elf *e, const char *name)
{
	str_list_push(&e->needed, name);
	e->needs_glibc = e->needs_glibc || str_eq(name, "libc.so.6");
	e->needs_musl = e->needs_musl || str_has_prefix(name, "libc.musl-");
}

/* The dynamic section in what counts of it. */
struct dynamic {
	unsigned char *entries;
	size_t count, size;
	uint64_t strings, strings_len, versions, version_count;
};

static void dynamic_free(struct dynamic *d)
{
	free(d->entries);
}

static uint64_t tag_of(const struct parse *p, const struct dynamic *d, size_t i)
{
	return word(p, d->entries + i * d->size, 0, 0);
}

static uint64_t value_of(const struct parse *p, const struct dynamic *d, size_t i)
{
	return word(p, d->entries + i * d->size, 4, 8);
}

static void scan_dynamic(const struct parse *p, struct dynamic *d)
{
	for (size_t i = 0; i < d->count; i++) {
		uint64_t tag = tag_of(p, d, i), value = value_of(p, d, i);

		if (!tag)
			d->count = i;
		else if (tag == DT_STRTAB)
			d->strings = value;
		else if (tag == DT_STRSZ)
			d->strings_len = value;
		else if (tag == DT_VERNEED)
			d->versions = value;
		else if (tag == DT_VERNEEDNUM)
			d->version_count = value;
	}
}

static bool read_versions(struct parse *p, const struct dynamic *d, const struct buf *strings,
			  struct err *err)
{
	AUTO(auto_free) unsigned char *table = NULL;
	uint64_t offset, room;

	if (!d->version_count)
		return true;
	if (!offset_of(p, d->versions, &offset, &room))
		return bad(p, "its table of needed versions lies outside of it");
	if (room > LIMIT_ELF_VERSIONS)
		room = LIMIT_ELF_VERSIONS;
	table = mem_alloc((size_t)room + 1);
	return read_at(&p->reader, table, offset, (size_t)room, err) &&
	       take_versions(p, table, (size_t)room, d->version_count, strings);
}

static bool has_string(const struct buf *strings, const char *name)
{
	size_t len = strlen(name) + 1; /* with its NUL */

	return memmem(strings->ptr, strings->len + 1, name, len) != NULL;
}

static bool take_dynamic(struct parse *p, struct dynamic *d, const char *module, struct err *err)
{
	AUTO(buf_free) struct buf strings = BUF_INIT(LIMIT_ELF_STRINGS);
	AUTO(auto_free) char *init = mem_printf("PyInit_%s", module);
	uint64_t offset, room;

	scan_dynamic(p, d);
	if (!d->strings_len)
		return true;
	if (!offset_of(p, d->strings, &offset, &room) || d->strings_len > room)
		return bad(p, "its names lie outside of it");
	if (d->strings_len > LIMIT_ELF_STRINGS)
		return bad(p, "its names are more than the limit");
	strings.ptr = mem_alloc((size_t)d->strings_len + 1);
	strings.cap = (size_t)d->strings_len + 1;
	strings.len = (size_t)d->strings_len;
	if (!read_at(&p->reader, strings.ptr, offset, strings.len, err))
		return false;
	for (size_t i = 0; i < d->count; i++) {
		const char *name;

		if (tag_of(p, d, i) != DT_NEEDED)
			continue;
		name = string_at(&strings, value_of(p, d, i));
		if (!name)
			return bad(p, "the name of a library it needs lies outside of it");
		take_library(p->out, name);
	}
	p->out->has_init = has_string(&strings, init);
	return read_versions(p, d, &strings, err);
}

/* --- headers --- */

static bool read_dynamic(struct parse *p, const char *module, struct err *err)
{
	AUTO(dynamic_free) struct dynamic d = { .size = p->out->bits == 64 ? 16 : 8 };

	for (size_t i = 0; i < p->load_count; i++) {
		const unsigned char *h = p->loads + i * p->load_size;
		uint64_t offset = word(p, h, 4, 8), len = word(p, h, 16, 32);

		if (number(p, h, 4) != PT_DYNAMIC)
			continue;
		if (!fits(p, offset, len) || len > LIMIT_ELF_DYNAMIC)
			return bad(p, "its dynamic section lies outside of it");
		d.entries = mem_alloc((size_t)len + 1);
		d.count = (size_t)len / d.size;
		return read_at(&p->reader, d.entries, offset, (size_t)len, err) &&
		       take_dynamic(p, &d, module, err);
	}
	return true; /* static, or no program: it asks for nothing */
}

static bool read_programs(struct parse *p, const unsigned char *header, const char *module,
			  struct err *err)
{
	AUTO(auto_free) unsigned char *programs = NULL;
	int least = p->out->bits == 64 ? 56 : 32;
	uint64_t offset = word(p, header, 28, 32);
	size_t size, count;

	p->out->machine = (int)number(p, header + 18, 2);
	size = (size_t)number(p, header + (p->out->bits == 64 ? 54 : 42), 2);
	count = (size_t)number(p, header + (p->out->bits == 64 ? 56 : 44), 2);
	if (!count)
		return true;
	if (size < (size_t)least || !fits(p, offset, (uint64_t)size * count))
		return bad(p, "its program headers lie outside of it");
	programs = mem_alloc(size * count);
	if (!read_at(&p->reader, programs, offset, size * count, err))
		return false;
	p->loads = programs;
	p->load_count = count;
	p->load_size = size;
	return read_dynamic(p, module, err);
}

static bool parse(struct parse *p, const char *module, struct err *err)
{
	unsigned char header[HEADER_SIZE] = { 0 };
	size_t len = p->reader.head.len < HEADER_SIZE ? p->reader.head.len : HEADER_SIZE;
	struct elf *e = p->out;

	memcpy(header, p->reader.head.ptr, len);
	e->is_elf = len >= IDENT_SIZE && memcmp(header, "\177ELF", 4) == 0;
	e->bits = header[4] == 2 ? 64 : 32;
	e->is_big_endian = header[5] == 2;
	if (!e->is_elf)
		return true;
	if ((header[4] != 1 && header[4] != 2) || (header[5] != 1 && header[5] != 2))
		return bad(p, "it is of no known class or byte order");
	if (len < (size_t)(e->bits == 64 ? 64 : 52))
		return bad(p, "its header is cut short");
	return read_programs(p, header, module, err);
}

bool elf_read(struct elf *out, const struct elf_input *in, const char *module, struct err *err)
{
	AUTO(elf_free) struct elf e = { .glibc_minor = -1 };
	struct parse p = { .out = &e };
	bool ok = reader_open(&p.reader, in, err) && parse(&p, module, err);

	reader_free(&p.reader);
	if (!ok)
		return false;
	*out = e;
	e = (struct elf){ 0 };
	return true;
}
