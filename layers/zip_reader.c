// SPDX-License-Identifier: Apache-2.0
#include "layers/zip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/event.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "layers/deflate.h"
#include "layers/zip_format.h"

/*
 * Zips from outside, read by the central directory, every byte of the file accounted for. All
 * checks that need no inflating are made when the archive is opened, so that a member that is
 * handed out is one every reader agrees on.
 */

struct member {
	struct zip_member pub;
	uint64_t header; /* offset of the local header */
	uint64_t data;   /* offset of the bytes */
	uint16_t method, flags;
};

struct zip {
	int fd;
	char *what;
	uint64_t size; /* of the file */
	struct member *members;
	size_t count;
	uint64_t directory_at;
	bool is_partial;    /* local headers are checked when a member is opened */
	struct map names;   /* without final slash -> &members[i].pub, or &implied for a directory
			       only passed through */
	size_t implied_len; /* bytes of the names of those */
};

static const struct zip_member implied = { .is_dir = true };

static bool refuse(const struct zip *z, struct err *err, const char *why)
{
	return err_set(err, E_INTEGRITY, "%s: %s", z->what, why);
}

static bool refuse_member(const struct zip *z, const struct member *m, struct err *err,
			  const char *why)
{
	return err_set(err, E_INTEGRITY, "%s: member '%s': %s", z->what, m->pub.name, why);
}

static bool read_at(const struct zip *z, void *data, size_t len, uint64_t at, struct err *err)
{
	char *p = data;

	if (at > z->size || len > z->size - at)
		return refuse(z, err, "a record lies outside the file");
	while (len) {
		ssize_t n = pread(z->fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "read %s", z->what);
		if (n == 0)
			return refuse(z, err, "the file became shorter while it was read");
		p += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return true;
}

/* Where the central directory is, and how much of it. */
struct directory {
	uint64_t at, size, count;
	uint64_t end; /* where it must end: at the end records */
};

/* The end record: the last one in the file, with a comment that reaches exactly to its end. */
static bool find_end(unsigned char end[ZIP_END_SIZE], uint64_t *at_out, const struct zip *z,
		     struct err *err)
{
	enum { TAIL_MAX = ZIP_END_SIZE + 0xffff };
	size_t len = z->size < TAIL_MAX ? (size_t)z->size : TAIL_MAX;
	AUTO(auto_free) unsigned char *tail = mem_alloc(len);

	if (!read_at(z, tail, len, z->size - len, err))
		return false;
	for (size_t i = len < ZIP_END_SIZE ? 0 : len - ZIP_END_SIZE + 1; i-- > 0;) {
		if (zip_get32(tail + i) != ZIP_END_MAGIC)
			continue;
		if (zip_get16(tail + i + 20) != len - i - ZIP_END_SIZE)
			return refuse(z, err, "data follows the end record");
		for (size_t k = i + ZIP_END_SIZE; k + 4 <= len; k++)
			if (zip_get32(tail + k) == ZIP_END_MAGIC)
				return refuse(z, err, "several end records");
		memcpy(end, tail + i, ZIP_END_SIZE);
		*at_out = z->size - len + i;
		return true;
	}
	return refuse(z, err, "not a zip (no end record)");
}

/* A 16 or 32 bit field of the plain end record: the true value, or all ones where zip64 says it. */
static bool agrees(uint64_t wide, uint64_t narrow, uint64_t all_ones)
{
	return narrow == wide || narrow == all_ones;
}

static bool read_zip64(struct directory *dir, const struct zip *z, uint64_t end_at, bool needed,
		       struct err *err)
{
	unsigned char locator[ZIP64_LOCATOR_SIZE], end[ZIP64_END_SIZE];
	uint64_t at;

	if (end_at < sizeof(locator) + sizeof(end))
		return !needed || refuse(z, err, "zip64 records are missing");
	if (!read_at(z, locator, sizeof(locator), end_at - sizeof(locator), err))
		return false;
	if (zip_get32(locator) != ZIP64_LOCATOR_MAGIC)
		return !needed || refuse(z, err, "zip64 records are missing");
	at = end_at - sizeof(locator) - sizeof(end);
	if (zip_get32(locator + 4) || zip_get64(locator + 8) != at || zip_get32(locator + 16) != 1)
		return refuse(z, err, "the zip64 locator points elsewhere");
	if (!read_at(z, end, sizeof(end), at, err))
		return false;
	if (zip_get32(end) != ZIP64_END_MAGIC || zip_get64(end + 4) != sizeof(end) - 12 ||
	    zip_get32(end + 16) || zip_get32(end + 20) ||
	    zip_get64(end + 24) != zip_get64(end + 32))
		return refuse(z, err, "a malformed zip64 end record");
	if (!agrees(zip_get64(end + 32), dir->count, ZIP_MAX16) ||
	    !agrees(zip_get64(end + 40), dir->size, ZIP_MAX32) ||
	    !agrees(zip_get64(end + 48), dir->at, ZIP_MAX32))
		return refuse(z, err, "the two end records disagree");
	*dir = (struct directory){ .count = zip_get64(end + 32),
				   .size = zip_get64(end + 40),
				   .at = zip_get64(end + 48),
				   .end = at };
	return true;
}

static bool find_directory(struct directory *dir, const struct zip *z, struct err *err)
{
	unsigned char end[ZIP_END_SIZE] = { 0 };
	uint64_t at = 0;
	bool needs_zip64;

	if (!find_end(end, &at, z, err))
		return false;
	if (zip_get16(end + 4) || zip_get16(end + 6) || zip_get16(end + 8) != zip_get16(end + 10))
		return refuse(z, err, "several disks");
	*dir = (struct directory){ .count = zip_get16(end + 10),
				   .size = zip_get32(end + 12),
				   .at = zip_get32(end + 16),
				   .end = at };
	needs_zip64 = dir->count == ZIP_MAX16 || dir->size == ZIP_MAX32 || dir->at == ZIP_MAX32;
	if (!read_zip64(dir, z, at, needs_zip64, err))
		return false;
	if (dir->at > dir->end || dir->size != dir->end - dir->at)
		return refuse(z, err, "the central directory does not reach to the end record");
	if (dir->count > LIMIT_WHEEL_MEMBERS)
		return err_set(err, E_INTEGRITY,
			       "%s: more than %d members (limit LIMIT_WHEEL_MEMBERS)", z->what,
			       LIMIT_WHEEL_MEMBERS);
	if (dir->size > LIMIT_ZIP_DIRECTORY || dir->size < dir->count * ZIP_CENTRAL_SIZE)
		return refuse(z, err, "a central directory of impossible size");
	return true;
}

/* Bytes still to be parsed. */
struct cursor {
	const unsigned char *p;
	size_t left;
};

static bool cut(const unsigned char **out, struct cursor *c, size_t len)
{
	if (len > c->left)
		return false;
	*out = c->p;
	c->p += len;
	c->left -= len;
	return true;
}

/* In zip64's extra field stand those values, in this order, whose own fields are all ones. */
static bool take_wide(uint64_t *value, struct cursor *extra)
{
	const unsigned char *p;

	if (*value != ZIP_MAX32)
		return true;
	if (!cut(&p, extra, 8))
		return false;
	*value = zip_get64(p);
	return true;
}

/* The name by another field must be the name. */
static bool is_same_name(const struct member *m, const unsigned char *body, size_t len)
{
	size_t name_len = strlen(m->pub.name);

	return len == 5 + name_len && body[0] == 1 && memcmp(body + 5, m->pub.name, name_len) == 0;
}

/* `offset` NULL: a local header, which has none. */
static bool parse_extra(struct member *m, uint64_t *size, uint64_t *packed_size, uint64_t *offset,
			struct cursor extra, const struct zip *z, struct err *err)
{
	bool has_zip64 = false;

	while (extra.left) {
		const unsigned char *head, *body;
		size_t len;

		if (!cut(&head, &extra, 4) || !cut(&body, &extra, zip_get16(head + 2)))
			return refuse_member(z, m, err, "a malformed extra field");
		len = zip_get16(head + 2);
		if (zip_get16(head) == ZIP_EXTRA_UNICODE_PATH && !is_same_name(m, body, len))
			return refuse_member(z, m, err, "a second, different name");
		if (zip_get16(head) == ZIP_EXTRA_ZIP64) {
			struct cursor wide = { .p = body, .left = len };

			if (has_zip64 || !take_wide(size, &wide) ||
			    !take_wide(packed_size, &wide) || (offset && !take_wide(offset, &wide)))
				return refuse_member(z, m, err, "a malformed zip64 field");
			has_zip64 = true;
		}
	}
	return true;
}

static bool check_mode(const struct zip *z, const struct member *m, struct err *err)
{
	mode_t type = m->pub.mode & S_IFMT;

	if (type && type != (m->pub.is_dir ? S_IFDIR : S_IFREG))
		return refuse_member(z, m, err, "neither a file nor a directory, by its mode");
	if (m->pub.is_dir && m->pub.size)
		return refuse_member(z, m, err, "a directory with data");
	if (m->method == ZIP_STORED && m->pub.size != m->pub.packed_size)
		return refuse_member(z, m, err, "stored, but of two sizes");
	return true;
}

static bool check_flags(const struct zip *z, const struct member *m, bool is_ascii, struct err *err)
{
	if (m->flags & ~(ZIP_FLAG_OPTIONS | ZIP_FLAG_DESCRIPTOR | ZIP_FLAG_UTF8))
		return refuse_member(z, m, err, "encrypted, patched or otherwise special");
	if (!is_ascii && !(m->flags & ZIP_FLAG_UTF8))
		return refuse_member(z, m, err, "a name that is not marked as UTF-8");
	if (m->method != ZIP_STORED && m->method != ZIP_DEFLATED)
		return err_set(err, E_UNSUPPORTED, "%s: member '%s': compression method %d",
			       z->what, m->pub.name, m->method);
	return true;
}

static bool parse_central(struct member *m, struct cursor *c, const struct zip *z, struct err *err)
{
	const unsigned char *h, *name, *rest;
	size_t name_len, extra_len;
	bool is_ascii;

	if (!cut(&h, c, ZIP_CENTRAL_SIZE) || zip_get32(h) != ZIP_CENTRAL_MAGIC)
		return refuse(z, err, "a malformed central directory");
	name_len = zip_get16(h + 28);
	extra_len = zip_get16(h + 30);
	if (!cut(&name, c, name_len) || !cut(&rest, c, extra_len + zip_get16(h + 32)))
		return refuse(z, err, "a central directory that is cut off");
	if (!zip_check_name(&is_ascii, (const char *)name, name_len, err))
		return err_wrap(err, "%s", z->what);
	m->pub.name = mem_strndup((const char *)name, name_len);
	m->pub.is_dir = name[name_len - 1] == '/';
	m->pub.crc = zip_get32(h + 16);
	m->pub.packed_size = zip_get32(h + 20);
	m->pub.size = zip_get32(h + 24);
	m->header = zip_get32(h + 42);
	m->flags = zip_get16(h + 8);
	m->method = zip_get16(h + 10);
	if (h[5] == ZIP_MADE_BY_UNIX || h[5] == ZIP_MADE_BY_DARWIN)
		m->pub.mode = zip_get16(h + 40);
	if (zip_get16(h + 34))
		return refuse_member(z, m, err, "on another disk");
	return parse_extra(m, &m->pub.size, &m->pub.packed_size, &m->header,
			   (struct cursor){ .p = rest, .left = extra_len }, z, err) &&
	       check_flags(z, m, is_ascii, err) && check_mode(z, m, err);
}

/* Each name once, and nothing below a file. */
static bool add_name(struct zip *z, struct member *m, struct err *err)
{
	AUTO(auto_free) char *name = mem_strndup(m->pub.name, strlen(m->pub.name) - m->pub.is_dir);
	const struct zip_member *there = map_get(&z->names, name);

	if (there && !(there == &implied && m->pub.is_dir))
		return refuse_member(z, m, err, "the name is there twice");
	map_put(&z->names, name, &m->pub);
	for (char *slash; (slash = strrchr(name, '/'));) {
		*slash = '\0';
		there = map_get(&z->names, name);
		if (there && !there->is_dir)
			return refuse_member(z, m, err, "lies below a file");
		if (there)
			break;
		z->implied_len += strlen(name);
		if (z->implied_len > LIMIT_ZIP_DIRECTORY)
			return refuse(z, err,
				      "its directories have more names than LIMIT_ZIP_DIRECTORY");
		map_put(&z->names, name, (void *)(uintptr_t)&implied);
	}
	return true;
}

static bool parse_directory(struct zip *z, const struct directory *dir, struct err *err)
{
	AUTO(auto_free) unsigned char *bytes = mem_alloc(dir->size);
	struct cursor c = { .p = bytes, .left = dir->size };
	uint64_t total = 0;

	if (!read_at(z, bytes, dir->size, dir->at, err))
		return false;
	z->members = mem_alloc(dir->count * sizeof(*z->members));
	for (z->count = 0; z->count < dir->count;) {
		struct member *m = &z->members[z->count++];

		if (!parse_central(m, &c, z, err) || !add_name(z, m, err))
			return false;
		if (m->pub.size > (uint64_t)LIMIT_WHEEL_UNPACKED - total)
			return err_set(
				err, E_INTEGRITY,
				"%s unpacks to more than %lld bytes (limit LIMIT_WHEEL_UNPACKED)",
				z->what, (long long)LIMIT_WHEEL_UNPACKED);
		total += m->pub.size;
	}
	return !c.left || refuse(z, err, "data inside the central directory");
}

/* What stands behind the bytes of a member with ZIP_FLAG_DESCRIPTOR: with or without magic, of 32
 * or 64 bits. */
static bool check_descriptor(const struct zip *z, const struct member *m, uint64_t at, uint64_t len,
			     struct err *err)
{
	unsigned char bytes[24];
	const unsigned char *p = bytes;
	bool ok;

	if (len != 12 && len != 16 && len != 20 && len != 24)
		return refuse_member(z, m, err, "a gap behind the data");
	if (!read_at(z, bytes, (size_t)len, at, err))
		return false;
	if (len == 16 || len == 24) {
		if (zip_get32(p) != ZIP_DESCRIPTOR_MAGIC)
			return refuse_member(z, m, err, "a gap behind the data");
		p += 4;
	}
	ok = zip_get32(p) == m->pub.crc;
	ok = ok &&
	     (len < 20
		      ? zip_get32(p + 4) == m->pub.packed_size && zip_get32(p + 8) == m->pub.size
		      : zip_get64(p + 4) == m->pub.packed_size && zip_get64(p + 12) == m->pub.size);
	return ok || refuse_member(z, m, err, "the data descriptor disagrees with the directory");
}

/* Sizes and CRC of a local header: equal, or left to the descriptor. */
static bool check_local_sizes(const struct zip *z, struct member *m, const unsigned char *h,
			      struct cursor extra, struct err *err)
{
	uint64_t packed_size = zip_get32(h + 18), size = zip_get32(h + 22);
	uint32_t crc = zip_get32(h + 14);

	if (!parse_extra(m, &size, &packed_size, NULL, extra, z, err))
		return false;
	if ((m->flags & ZIP_FLAG_DESCRIPTOR) && !crc && !size && !packed_size)
		return true;
	if (crc != m->pub.crc || size != m->pub.size || packed_size != m->pub.packed_size)
		return refuse_member(z, m, err,
				     "local header and directory disagree on size or CRC");
	return true;
}

/* The local header of `m`, whose record ends at `end`: where the next one, or the directory,
 * begins. */
static bool check_local(struct zip *z, struct member *m, uint64_t end, struct err *err)
{
	unsigned char h[ZIP_LOCAL_SIZE];
	AUTO(auto_free) unsigned char *rest = NULL;
	size_t name_len, extra_len;
	uint64_t behind;

	if (!read_at(z, h, sizeof(h), m->header, err))
		return false;
	if (zip_get32(h) != ZIP_LOCAL_MAGIC)
		return refuse_member(z, m, err, "there is no local header");
	name_len = zip_get16(h + 26);
	extra_len = zip_get16(h + 28);
	rest = mem_alloc(name_len + extra_len);
	if (!read_at(z, rest, name_len + extra_len, m->header + sizeof(h), err))
		return false;
	if (name_len != strlen(m->pub.name) || memcmp(rest, m->pub.name, name_len) != 0)
		return refuse_member(z, m, err, "the local header has another name");
	if (zip_get16(h + 6) != m->flags || zip_get16(h + 8) != m->method)
		return refuse_member(z, m, err,
				     "the local header has other flags or another method");
	if (!check_local_sizes(z, m, h, (struct cursor){ .p = rest + name_len, .left = extra_len },
			       err))
		return false;
	m->data = m->header + sizeof(h) + name_len + extra_len;
	if (m->data > end || m->pub.packed_size > end - m->data)
		return refuse_member(z, m, err, "overlaps what follows");
	behind = end - m->data - m->pub.packed_size;
	if (m->flags & ZIP_FLAG_DESCRIPTOR)
		return check_descriptor(z, m, end - behind, behind, err);
	return behind == 0 || refuse_member(z, m, err, "a gap behind the data");
}

static int by_header(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	return ((*x)->header > (*y)->header) - ((*x)->header < (*y)->header);
}

/* Local records fill the file up to the directory, without gaps or overlaps. */
static bool check_locals(struct zip *z, uint64_t directory_at, struct err *err)
{
	AUTO(auto_free) struct member **order = mem_alloc(z->count * sizeof(*order));
	uint64_t first;

	for (size_t i = 0; i < z->count; i++)
		order[i] = &z->members[i];
	if (z->count)
		qsort(order, z->count, sizeof(*order), by_header);
	first = z->count ? order[0]->header : directory_at;
	if (first != 0)
		return refuse(z, err, "data in front of the first member");
	for (size_t i = 0; i < z->count; i++) {
		uint64_t end = i + 1 < z->count ? order[i + 1]->header : directory_at;

		if (!check_local(z, order[i], end, err))
			return false;
	}
	return true;
}

/* Owns fd, also on failure. */
static bool begin(struct zip *z, int fd, const char *what, struct err *err)
{
	struct stat st;

	z->fd = fd;
	z->what = mem_strdup(what);
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "stat %s", what);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "%s is not a regular file", what);
	z->size = (uint64_t)st.st_size;
	return true;
}

bool zip_open(struct zip **out, int fd, const char *what, struct err *err)
{
	AUTO(auto_zip_close) struct zip *z = mem_alloc(sizeof(*z));
	struct directory dir = { 0 };

	if (!begin(z, fd, what, err) || !find_directory(&dir, z, err) ||
	    !parse_directory(z, &dir, err) || !check_locals(z, dir.at, err))
		return false;
	*out = STEAL(z);
	return true;
}

bool zip_open_partial(struct zip **out, uint64_t *missing_out, int fd, uint64_t from,
		      const char *what, struct err *err)
{
	AUTO(auto_zip_close) struct zip *z = mem_alloc(sizeof(*z));
	struct directory dir = { 0 };

	*out = NULL;
	if (!begin(z, fd, what, err) || !find_directory(&dir, z, err))
		return false;
	*missing_out = dir.at;
	if (dir.at < from)
		return true;
	if (!parse_directory(z, &dir, err))
		return false;
	z->directory_at = dir.at;
	z->is_partial = true;
	*out = STEAL(z);
	return true;
}

void zip_member_extent(uint64_t *at_out, uint64_t *end_out, const struct zip *z,
		       const struct zip_member *m)
{
	const struct member *own = (const struct member *)m;
	uint64_t end = z->directory_at;

	for (size_t i = 0; i < z->count; i++)
		if (z->members[i].header > own->header && z->members[i].header < end)
			end = z->members[i].header;
	*at_out = own->header;
	*end_out = end;
}

void zip_close(struct zip *z)
{
	if (!z)
		return;
	for (size_t i = 0; i < z->count; i++)
		free((char *)(uintptr_t)z->members[i].pub.name);
	free(z->members);
	map_free(&z->names);
	free(z->what);
	close(z->fd);
	free(z);
}

size_t zip_count(const struct zip *z)
{
	return z->count;
}

const struct zip_member *zip_at(const struct zip *z, size_t i)
{
	return &z->members[i].pub;
}

const struct zip_member *zip_find(const struct zip *z, const char *name)
{
	size_t len = strlen(name);
	bool wants_dir = len && name[len - 1] == '/';
	AUTO(auto_free) char *key = mem_strndup(name, len - wants_dir);
	const struct zip_member *m = map_get(&z->names, key);

	return m && m != &implied && m->is_dir == wants_dir ? m : NULL;
}

/* The bytes of one member. */
struct member_source {
	struct source source;
	const struct zip *zip;
	const struct member *member;
	z_stream inflate;
	uint64_t packed_at, size; /* read and given so far */
	uint32_t crc;
	bool stream_ended;
	unsigned char in[32 * KIB];
};

static bool next_packed(struct member_source *s, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	uint64_t left = s->member->pub.packed_size - s->packed_at;

	*len_out = left < cap ? (size_t)left : cap;
	if (!cancel_check(err) ||
	    !read_at(s->zip, data, *len_out, s->member->data + s->packed_at, err))
		return false;
	s->packed_at += *len_out;
	return true;
}

static bool inflate_some(struct member_source *s, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	z_stream *z = &s->inflate;

	z->next_out = data;
	z->avail_out = cap < UINT32_MAX ? (uInt)cap : UINT32_MAX;
	*len_out = z->avail_out;
	while (z->avail_out == *len_out && !s->stream_ended) {
		size_t len;
		int status;

		if (!z->avail_in) {
			if (!next_packed(s, s->in, sizeof(s->in), &len, err))
				return false;
			z->next_in = s->in;
			z->avail_in = (uInt)len;
		}
		status = inflate(z, Z_NO_FLUSH);
		s->stream_ended = status == Z_STREAM_END;
		if (status != Z_OK && status != Z_STREAM_END)
			return refuse_member(s->zip, s->member, err,
					     z->msg ? z->msg : "the data is cut off");
	}
	*len_out -= z->avail_out;
	return true;
}

static bool check_end(const struct member_source *s, struct err *err)
{
	const struct zip_member *m = &s->member->pub;

	if (s->packed_at != m->packed_size || s->inflate.avail_in)
		return refuse_member(s->zip, s->member, err, "the data ends before its size");
	if (s->size != m->size)
		return refuse_member(s->zip, s->member, err, "the data is shorter than its size");
	return s->crc == m->crc || refuse_member(s->zip, s->member, err, "the CRC does not match");
}

static bool member_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct member_source *s = (struct member_source *)self;
	bool ok = s->member->method == ZIP_DEFLATED ? inflate_some(s, data, cap, len_out, err)
						    : next_packed(s, data, cap, len_out, err);

	if (!ok)
		return false;
	if (*len_out > s->member->pub.size - s->size)
		return refuse_member(s->zip, s->member, err, "the data is longer than its size");
	s->crc = deflate_crc32(s->crc, data, *len_out);
	s->size += *len_out;
	return *len_out || check_end(s, err);
}

static void member_close(struct source *self)
{
	inflateEnd(&((struct member_source *)self)->inflate);
	free(self);
}

bool zip_open_member(struct source **out, struct zip *z, const struct zip_member *m,
		     struct err *err)
{
	struct member_source *s;
	uint64_t at, end;

	if (z->is_partial) {
		zip_member_extent(&at, &end, z, m);
		if (!check_local(z, (struct member *)(uintptr_t)m, end, err))
			return false;
	}
	s = mem_alloc(sizeof(*s));
	s->source = (struct source){ .read = member_read, .close = member_close };
	s->zip = z;
	s->member = (const struct member *)m;
	if (inflateInit2(&s->inflate, -MAX_WBITS) != Z_OK) {
		free(s);
		return err_set(err, E_UNSUPPORTED, "zlib does not start");
	}
	*out = &s->source;
	return true;
}
