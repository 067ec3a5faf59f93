// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FUZZ_MEMBERS_H
#define TESTS_FUZZ_MEMBERS_H

#include "tests/fuzz/fuzz.h"

/*
 * A layer as text, so that a fuzzer spends its time on names and links instead of checksums: a line
 * a member, its type as in the header of a tar, then its path and, behind a tab, where it links to:
 *
 *	5etc
 *	0etc/passwd
 *	2etc/mtab	/proc/mounts
 *	0etc/.wh.shadow
 */
enum { MEMBER_BLOCK = 512 };

static inline void member_number(unsigned char *field, size_t len, uint64_t value)
{
	for (size_t i = len - 1; i-- > 0; value >>= 3)
		field[i] = (unsigned char)('0' + (value & 7));
}

/* The checksum of a header that was changed. */
static inline void member_seal(unsigned char h[MEMBER_BLOCK])
{
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < MEMBER_BLOCK; i++)
		sum += h[i];
	member_number(h + 148, 7, sum);
	h[154] = 0;
}

static inline void put_field(unsigned char *field, struct slice text, size_t max)
{
	if (text.len)
		memcpy(field, text.ptr, text.len < max ? text.len : max);
}

static inline void put_member(struct buf *tar, struct slice line)
{
	unsigned char h[MEMBER_BLOCK] = { 0 };
	struct slice link,
		path = slice_cut((struct slice){ line.ptr + 1, line.len - 1 }, '\t', &link);
	bool has_data = line.ptr[0] == '0' && path.len;

	h[156] = (unsigned char)line.ptr[0];
	put_field(h, path, 100);
	put_field(h + 157, link, 100);
	member_number(h + 100, 8, line.ptr[0] == '5' ? 0755 : 0644);
	member_number(h + 108, 8, 0);
	member_number(h + 116, 8, 0);
	member_number(h + 124, 12, has_data);
	member_number(h + 136, 12, 1000000000);
	memcpy(h + 257, "ustar\00000", 8);
	member_seal(h);
	buf_put_bytes(tar, h, sizeof(h));
	memset(h, 0, sizeof(h));
	h[0] = 'x';
	if (has_data)
		buf_put_bytes(tar, h, sizeof(h));
}

static inline void put_members(struct buf *tar, struct slice lines)
{
	static const char end[2 * MEMBER_BLOCK];

	while (lines.ptr) {
		struct slice line = slice_cut(lines, '\n', &lines);

		if (line.len)
			put_member(tar, line);
	}
	buf_put_bytes(tar, end, sizeof(end));
}

#endif
