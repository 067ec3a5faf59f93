// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_LAYERS_SUPPORT_H
#define TESTS_UNIT_LAYERS_SUPPORT_H

/* What the tests of layers/ share. cmocka wants these three in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/sink.h"
#include "base/str.h"
#include "layers/entry.h"
#include "layers/tar.h"

#define MUST(call)                                          \
	do {                                                \
		if (!(call))                                \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

/* A failure that is wanted, with this code. */
#define MUST_FAIL(call, want)                                                                     \
	do {                                                                                      \
		if (call)                                                                         \
			fail_msg("%s: succeeded", #call);                                         \
		if (err.code != (want))                                                           \
			fail_msg("%s: %s, not %s: %s", #call, err_name(err.code), err_name(want), \
				 err.msg);                                                        \
		err_clear(&err);                                                                  \
	} while (0)

/* Bytes that look like text (period 0) or like noise, the same on every run. */
static inline void fill_bytes(unsigned char *out, size_t len, bool noise, uint64_t seed)
{
	static const char words[] = "the quick brown fox jumps over the lazy dog and import numpy ";
	uint64_t x = seed * 2 + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		out[i] = noise ? (unsigned char)(x >> 56)
			       : (unsigned char)words[(i + (x >> 61)) % (sizeof(words) - 1)];
	}
}

/* --- a tar made by hand, so that it can be wrong --- */

struct raw_member {
	const char *name;
	char type;
	const char *link;
	const char *body;
	size_t body_len; /* 0: strlen(body) */
	uint64_t size;   /* what the header says when it is not the body's; (uint64_t)-1: zero */
	unsigned mode, uid;
	bool bad_sum;
};

static inline void raw_number(unsigned char *field, size_t len, uint64_t value)
{
	for (size_t i = len - 1; i-- > 0; value >>= 3)
		field[i] = (unsigned char)('0' + (value & 7));
}

static inline void raw_member(struct buf *out, const struct raw_member *m)
{
	unsigned char h[512] = { 0 };
	size_t len = m->body_len ? m->body_len : m->body ? strlen(m->body) : 0;
	uint64_t size = m->size == (uint64_t)-1 ? 0 : m->size ? m->size : len;
	unsigned sum = 0;
	static const char zeros[512];

	memcpy(h, m->name, strlen(m->name) < 100 ? strlen(m->name) : 100);
	raw_number(h + 100, 8, m->mode ? m->mode : 0644);
	raw_number(h + 108, 8, m->uid);
	raw_number(h + 116, 8, 0);
	raw_number(h + 124, 12, size);
	raw_number(h + 136, 12, 1000000000);
	memset(h + 148, ' ', 8);
	h[156] = (unsigned char)(m->type ? m->type : '0');
	if (m->link)
		memcpy(h + 157, m->link, strlen(m->link));
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	raw_number(h + 148, 7, sum + m->bad_sum);
	h[154] = 0;
	buf_put_bytes(out, h, 512);
	if (m->body)
		buf_put_bytes(out, m->body, len);
	buf_put_bytes(out, zeros, (512 - len % 512) % 512);
}

static inline void raw_end(struct buf *out)
{
	static const char zeros[1024];

	buf_put_bytes(out, zeros, sizeof(zeros));
}

/* A tar of these members, up to one without a name. */
static inline void raw_tar(struct buf *out, const struct raw_member *members)
{
	for (; members->name; members++)
		raw_member(out, members);
	raw_end(out);
}

/* Entries as tar bytes. */
static inline bool entries_tar(struct buf *out, const struct entry_list *l, struct err *err)
{
	AUTO(auto_tar_writer_close) struct tar_writer *w = NULL;
	struct sink_buf to = sink_buf(out);

	if (!tar_writer_open(&w, &to.sink, err))
		return false;
	for (size_t i = 0; i < l->len; i++)
		if (!tar_writer_add(w, &l->items[i], err))
			return false;
	return tar_writer_finish(w, err);
}

static inline char *read_file(int dir, const char *path)
{
	struct buf b = BUF_INIT(1 << 20);
	struct err err = { 0 };

	if (!fs_read(&b, dir, path, 1 << 20, FS_BENEATH, &err)) {
		buf_free(&b);
		return NULL;
	}
	return buf_steal(&b);
}

#endif
