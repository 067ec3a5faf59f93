// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_PYTHON_MAKE_WHEEL_H
#define TESTS_UNIT_PYTHON_MAKE_WHEEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"
#include "python/record.h"

/*
 * Wheels for tests, byte by byte: stored zip members under any name, with a RECORD that tells the
 * truth unless a test says otherwise.
 */
struct made {
	struct buf zip, central;
	size_t count;
	struct record record;
};
#define MADE_INIT                                                       \
	{                                                               \
		.zip = BUF_INIT(64 << 20), .central = BUF_INIT(1 << 20) \
	}

static inline void made_free(struct made *m)
{
	buf_free(&m->zip);
	buf_free(&m->central);
	record_free(&m->record);
}

static inline void put_number(struct buf *b, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_put_byte(b, (unsigned char)(value >> (8 * i)));
}

static inline uint32_t crc_of(const unsigned char *data, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* Version needed .. extra length: the same in the local and the central header. */
static inline void put_common(struct buf *b, const char *name, uint32_t crc, size_t len)
{
	put_number(b, 20, 2);
	put_number(b, 0x800, 2);      /* UTF-8 */
	put_number(b, 0, 2);          /* stored */
	put_number(b, 0x00210000, 4); /* 1980-01-01 */
	put_number(b, crc, 4);
	put_number(b, (uint32_t)len, 4);
	put_number(b, (uint32_t)len, 4);
	put_number(b, (uint32_t)strlen(name), 2);
	put_number(b, 0, 2);
}

/* A member that RECORD knows nothing of. */
static inline void made_add_unlisted(struct made *m, const char *name, const void *data, size_t len,
				     uint32_t mode)
{
	uint32_t crc = crc_of(data, len), at = (uint32_t)m->zip.len;

	put_number(&m->zip, 0x04034b50, 4);
	put_common(&m->zip, name, crc, len);
	buf_put(&m->zip, name);
	buf_put_bytes(&m->zip, data, len);
	put_number(&m->central, 0x02014b50, 4);
	put_number(&m->central, 3 << 8 | 20, 2); /* by Unix */
	put_common(&m->central, name, crc, len);
	put_number(&m->central, 0, 6 - 4);
	put_number(&m->central, 0, 4);
	put_number(&m->central, mode << 16, 4);
	put_number(&m->central, at, 4);
	buf_put(&m->central, name);
	m->count++;
}

static inline void made_add_mode(struct made *m, const char *name, const char *text, uint32_t mode)
{
	made_add_unlisted(m, name, text, strlen(text), 0100000 | mode);
	record_add_bytes(&m->record, name, text, strlen(text));
}

static inline void made_add(struct made *m, const char *name, const char *text)
{
	made_add_mode(m, name, text, 0644);
}

/* WHEEL and METADATA; `more` are further METADATA fields. */
static inline void made_add_info(struct made *m, const char *name, const char *version,
				 const char *more)
{
	AUTO(auto_free) char *wheel = mem_printf("%s-%s.dist-info/WHEEL", name, version);
	AUTO(auto_free) char *metadata = mem_printf("%s-%s.dist-info/METADATA", name, version);
	AUTO(auto_free)
	char *text =
		mem_printf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s\nBody: no field\n",
			   name, version, more);

	made_add(m, wheel, "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n");
	made_add(m, metadata, text);
}

static inline void made_add_record(struct made *m, const char *path)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);

	record_add(&m->record, path, "", -1);
	record_format(&text, &m->record);
	made_add_unlisted(m, path, text.ptr, text.len, 0100644);
}

/* The archive as a file; its path, which the caller frees. */
static inline char *made_write(struct made *m, const char *dir, const char *filename)
{
	char *path = mem_printf("%s/%s", dir, filename);
	size_t at = m->zip.len;
	struct err err = { 0 };

	buf_put_bytes(&m->zip, m->central.ptr, m->central.len);
	put_number(&m->zip, 0x06054b50, 4);
	put_number(&m->zip, 0, 4);
	put_number(&m->zip, (uint32_t)m->count, 2);
	put_number(&m->zip, (uint32_t)m->count, 2);
	put_number(&m->zip, (uint32_t)m->central.len, 4);
	put_number(&m->zip, (uint32_t)at, 4);
	put_number(&m->zip, 0, 2);
	if (!fs_write_path_atomic(path, m->zip.ptr, m->zip.len, 0644, &err))
		fail_msg("%s", err.msg);
	return path;
}

/* A small sound wheel; `more` are METADATA fields. */
static inline void make_wheel(const char *dir, const char *name, const char *version,
			      const char *tags, const char *more)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(auto_free) char *record = mem_printf("%s-%s.dist-info/RECORD", name, version);
	AUTO(auto_free) char *module = mem_printf("%s.py", name);
	AUTO(auto_free) char *filename = mem_printf("%s-%s-%s.whl", name, version, tags);
	AUTO(auto_free) char *path = NULL;

	made_add(&m, module, version);
	made_add_info(&m, name, version, more);
	made_add_record(&m, record);
	path = made_write(&m, dir, filename);
}

#endif
