// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/hash.h"
#include "base/limits.h"
#include "layers/tar_scan.h"

/* From locale.h, which cannot be included: base/banned.h poisons setlocale. */
#define ALL_CATEGORIES 0x1fbf
locale_t newlocale(int mask, const char *name, locale_t base);
locale_t uselocale(locale_t l);
void freelocale(locale_t l);

/* layers/tar.h: what is written, and that reading gives it back; what is refused. */

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define LONG_NAME X100 "/" X100 "/" X100 "/y"

static bool read_bytes(struct buf *out, struct tar_reader *r, struct err *err)
{
	const void *data;
	size_t len;

	do {
		if (!tar_reader_data(r, &data, &len, err))
			return false;
		if (len && !buf_append(out, data, len, err))
			return false;
	} while (len);
	return true;
}

/* Reads to the end; the number of members. */
static bool read_tar(size_t *count_out, const void *bytes, size_t len, bool with_data,
		     struct err *err)
{
	AUTO(auto_source_close) struct source *from = source_mem(bytes, len);
	AUTO(auto_tar_reader_close) struct tar_reader *r = NULL;

	*count_out = 0;
	if (!tar_reader_open(&r, from, err))
		return false;
	for (;;) {
		AUTO(buf_free) struct buf data = BUF_INIT(1 << 26);
		struct entry e;
		bool more;

		if (!tar_reader_next(&e, &more, r, err))
			return false;
		if (!more)
			return true;
		if (with_data && e.kind == ENTRY_FILE && !read_bytes(&data, r, err))
			return false;
		++*count_out;
	}
}

static void many_kinds(struct entry_list *l)
{
	static struct entry_xattr xattrs[] = {
		{ "security.capability", "\1\0\0\2\0\4\0\0=\n\0\0", 12 },
		{ "user.note", "v\0w", 3 },
	};
	struct entry *e;

	entry_add(l, ENTRY_DIR, "");
	entry_add(l, ENTRY_DIR, "dir")->mode = 01777;
	entry_add_bytes(l, "dir/plain", "hello", 5);
	entry_add_bytes(l, "empty", "", 0);
	entry_add_bytes(l, "caf\xc3\xa9", "utf-8", 5);
	entry_add_bytes(l, "lat\xe9", "latin-1", 7);
	entry_add_bytes(l, "new\nline", "nl", 2);
	entry_add_bytes(l, X100 "/" X10, "over 100, ustar prefix", 22);
	entry_add_bytes(l, LONG_NAME, "over 255", 8);
	entry_add(l, ENTRY_SYMLINK, "sym")->link = "../../" LONG_NAME;
	entry_add(l, ENTRY_SYMLINK, "sym8")->link = "/t\xc3\xbc";
	entry_add(l, ENTRY_HARDLINK, "hard")->link = "dir/plain";
	entry_add(l, ENTRY_HARDLINK, "hard8")->link = "caf\xc3\xa9";
	entry_add(l, ENTRY_FIFO, "fifo");
	e = entry_add(l, ENTRY_CHAR, "null");
	e->dev_major = 1;
	e->dev_minor = 3;
	e = entry_add(l, ENTRY_BLOCK, "disk");
	e->dev_major = 259;
	e->dev_minor = 300000;
	e = entry_add_bytes(l, "owned", "o", 1);
	e->uid = LIMIT_ID;
	e->gid = 2097152;
	e->mode = 06755;
	e = entry_add_bytes(l, "timed", "t", 1);
	e->mtime = 1700000000;
	e->mtime_ns = 123456789;
	entry_add_bytes(l, "old", "t", 1)->mtime = -5;
	entry_add_bytes(l, "new", "t", 1)->mtime = 9000000000;
	e = entry_add_bytes(l, "with-xattrs", "x", 1);
	e->xattrs = xattrs;
	e->xattr_count = 2;
}

static void same_entry(const struct entry *got, const struct entry *want)
{
	assert_string_equal(got->path, want->path);
	assert_int_equal(got->kind, want->kind);
	assert_int_equal(got->mode, want->mode);
	assert_int_equal(got->uid, want->uid);
	assert_int_equal(got->gid, want->gid);
	assert_int_equal(got->mtime, want->mtime);
	assert_int_equal(got->mtime_ns, want->mtime_ns);
	assert_int_equal(got->size, want->size);
	assert_int_equal(got->dev_major, want->dev_major);
	assert_int_equal(got->dev_minor, want->dev_minor);
	if (want->link)
		assert_string_equal(got->link, want->link);
	assert_int_equal(got->xattr_count, want->xattr_count);
	for (size_t i = 0; i < want->xattr_count; i++) {
		assert_string_equal(got->xattrs[i].name, want->xattrs[i].name);
		assert_int_equal(got->xattrs[i].len, want->xattrs[i].len);
		assert_memory_equal(got->xattrs[i].value, want->xattrs[i].value,
				    want->xattrs[i].len);
	}
}

static void round_trip(void **state)
{
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	AUTO(auto_source_close) struct source *from = NULL;
	AUTO(auto_tar_reader_close) struct tar_reader *r = NULL;
	struct err err = { 0 };
	struct entry e;
	bool more;
	(void)state;

	many_kinds(&l);
	MUST(entries_tar(&tar, &l, &err));
	from = source_mem(tar.ptr, tar.len);
	MUST(tar_reader_open(&r, from, &err));
	for (size_t i = 0; i < l.len; i++) {
		AUTO(buf_free) struct buf data = BUF_INIT(1 << 20);

		MUST(tar_reader_next(&e, &more, r, &err));
		assert_true(more);
		same_entry(&e, &l.items[i]);
		MUST(read_bytes(&data, r, &err));
		assert_int_equal(data.len, l.items[i].size);
		if (data.len)
			assert_memory_equal(data.ptr, l.items[i].data, data.len);
	}
	MUST(tar_reader_next(&e, &more, r, &err));
	assert_false(more);
	MUST(tar_reader_next(&e, &more, r, &err));
	assert_false(more);
}

/* The bytes belong to every digest we ever gave out: this value may only change with a format
 * version. */
static void bytes_are_fixed(void **state)
{
	static const char want[] =
		"829063ef0c043be3f5c18abaeab45ce6ce8b04025a98472a65c8f5d5351b830d";
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct err err = { 0 };
	(void)state;

	many_kinds(&l);
	MUST(entries_tar(&tar, &l, &err));
	sha256_of(hash, tar.ptr, tar.len);
	hex_format(hex, hash, sizeof(hash));
	assert_string_equal(hex, want);
}

/* A thread's locale stands in for the process' one, which nothing here may set. */
static void names_do_not_depend_on_the_locale(void **state)
{
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf in_c = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf in_utf8 = BUF_INIT(1 << 20);
	locale_t utf8 = newlocale(ALL_CATEGORIES, "C.UTF-8", (locale_t)0);
	locale_t before;
	struct err err = { 0 };
	size_t count;
	(void)state;

	assert_non_null(utf8);
	many_kinds(&l);
	MUST(entries_tar(&in_c, &l, &err));
	before = uselocale(utf8);
	MUST(entries_tar(&in_utf8, &l, &err));
	MUST(read_tar(&count, in_c.ptr, in_c.len, true, &err));
	assert_int_equal(count, l.len);
	uselocale(before);
	freelocale(utf8);
	assert_int_equal(in_c.len, in_utf8.len);
	assert_memory_equal(in_c.ptr, in_utf8.ptr, in_c.len);
}

/* What the blocks hold: no more than is needed. */
static void layout(void **state)
{
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	struct err err = { 0 };
	static const char *const absent[] = { "atime",      "ctime",        "SCHILY.dev=",
					      "SCHILY.ino", "SCHILY.nlink", "LIBARCHIVE",
					      "root",       "wheel" };
	(void)state;

	entry_add_bytes(&l, "a", "1", 1);
	MUST(entries_tar(&tar, &l, &err));
	assert_int_equal(tar.len, 512 + 512 + 1024); /* no extended header, no 10 KiB padding */
	entry_list_free(&l);
	buf_clear(&tar);
	many_kinds(&l);
	MUST(entries_tar(&tar, &l, &err));
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		assert_null(memmem(tar.ptr, tar.len, absent[i], strlen(absent[i])));
	assert_non_null(memmem(tar.ptr, tar.len, "mtime=1700000000.123456789\n", 27));
	assert_null(memmem(tar.ptr, tar.len, "mtime=315532800", 15)); /* whole seconds: ustar */
	assert_non_null(memmem(tar.ptr, tar.len, "SCHILY.xattr.security.capability=", 33));
}

/* Nothing comes; it only counts. */
struct endless {
	struct source source;
	int64_t left;
};

static bool endless_read(struct source *self, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	struct endless *s = (struct endless *)self;

	(void)err;
	(void)data;
	*len_out = (int64_t)cap < s->left ? cap : (size_t)s->left;
	s->left -= (int64_t)*len_out;
	return true;
}

static void endless_close(struct source *self)
{
	free(self);
}

static bool endless_open(const struct entry *e, struct source **out, struct err *err)
{
	struct endless *s = mem_alloc(sizeof(*s));

	(void)err;
	s->source = (struct source){ .read = endless_read, .close = endless_close };
	s->left = *(const int64_t *)e->data;
	*out = &s->source;
	return true;
}

/* Keeps the first bytes, counts the rest. */
struct head_sink {
	struct sink sink;
	unsigned char head[2048];
	uint64_t len;
};

static bool head_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct head_sink *s = (struct head_sink *)self;

	(void)err;
	if (s->len < sizeof(s->head))
		memcpy(s->head + s->len, data,
		       len < sizeof(s->head) - s->len ? len : sizeof(s->head) - s->len);
	s->len += len;
	return true;
}

static void nine_gib(void **state)
{
	static const int64_t size = 9 * GIB;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_tar_writer_close) struct tar_writer *w = NULL;
	struct head_sink to = { .sink = { .write = head_write } };
	struct err err = { 0 };
	struct entry *e = entry_add(&l, ENTRY_FILE, "big");
	(void)state;

	e->size = size;
	e->open = endless_open;
	e->data = &size;
	MUST(tar_writer_open(&w, &to.sink, &err));
	MUST(tar_writer_add(w, e, &err));
	MUST(tar_writer_finish(w, &err));
	assert_int_equal(to.len, 3 * 512 + size + 1024);
	assert_non_null(memmem(to.head, 2048, "size=9663676416\n", 16));
}

static bool short_open(const struct entry *e, struct source **out, struct err *err)
{
	(void)err;
	*out = source_mem(e->data, (size_t)e->size - 1);
	return true;
}

static bool long_open(const struct entry *e, struct source **out, struct err *err)
{
	(void)err;
	*out = source_mem(e->data, (size_t)e->size + 1);
	return true;
}

static void writer_refuses(void **state)
{
	static struct entry_xattr odd = { "user.a b", "", 0 };
	static struct entry_xattr nameless = { "", "", 0 };
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 9; i++) {
		AUTO(entry_list_free) struct entry_list l = { 0 };
		AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
		struct entry *e = entry_add_bytes(&l, "a", "12345678", 8);
		enum err_code want = E_INPUT;

		e->size = 4;
		switch (i) {
		case 0:
			e->uid = (int64_t)LIMIT_ID + 1;
			break;
		case 1:
			e->gid = -1;
			break;
		case 2:
			e->size = -1;
			break;
		case 3:
			e->open = NULL;
			break;
		case 4:
			e->open = short_open;
			want = E_IO;
			break;
		case 5:
			e->open = long_open;
			want = E_IO;
			break;
		case 6:
			e->xattrs = &odd;
			e->xattr_count = 1;
			break;
		case 7:
			e->xattrs = &nameless;
			e->xattr_count = 1;
			break;
		case 8:
			tar.max = 600;
			break; /* the sink's own failure comes through */
		}
		MUST_FAIL(entries_tar(&tar, &l, &err), want);
	}
}

static void reader_accepts(void **state)
{
	static const struct raw_member cases[][5] = {
		{ { 0 } },
		{ { .name = "./", .type = '5' }, { .name = "/a//b/./c" } },
		{ { .name = "old-dir/", .type = '0' } },
		{ { .name = "pax", .type = 'x', .body = "14 path=other\n" },
		  { .name = "a", .body = "1" } },
		{ { .name = "pax", .type = 'g', .body = "15 comment=abc\n" }, { .name = "a" } },
		{ { .name = "././@LongLink", .type = 'L', .body = "long", .body_len = 5 },
		  { .name = "a", .body = "1" } },
		{ { .name = "././@LongLink", .type = 'K', .body = "to", .body_len = 3 },
		  { .name = "././@LongLink", .type = 'L', .body = "long", .body_len = 5 },
		  { .name = "a", .type = '2', .link = "x" } },
		{ { .name = "pax", .type = 'x', .body = "9 size=4\n" },
		  { .name = "a", .body = "1234", .size = (uint64_t)-1 },
		  { .name = "b" } },
		{ { .name = "a", .type = '7', .body = "1" } },
	};
	static const size_t want[] = { 0, 2, 1, 1, 1, 1, 1, 2, 1 };
	struct err err = { 0 };
	size_t count;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);

		raw_tar(&tar, cases[i]);
		for (size_t cut = 0; cut <= 1024;
		     cut += 512) { /* with less and less of an end, too */
			if (!read_tar(&count, tar.ptr, tar.len - cut, true, &err))
				fail_msg("case %zu: %s", i, err.msg);
			assert_int_equal(count, want[i]);
		}
		for (int i2 = 0; i2 < 9216; i2++)
			buf_put_byte(&tar, 0);
		MUST(read_tar(&count, tar.ptr, tar.len, false, &err));
		assert_int_equal(count, want[i]);
	}
}

static void reader_refuses(void **state)
{
	static const struct {
		const char *why;
		struct raw_member members[5];
	} cases[] = {
		{ "..", { { .name = "../x" } } },
		{ ".. inside", { { .name = "a/../../x" } } },
		{ "hard link out",
		  { { .name = "a" }, { .name = "b", .type = '1', .link = "../a" } } },
		{ "hard link to the root", { { .name = "b", .type = '1', .link = "/" } } },
		{ "hard link with data",
		  { { .name = "a" }, { .name = "b", .type = '1', .link = "a", .body = "x" } } },
		{ "symlink with data", { { .name = "b", .type = '2', .link = "a", .body = "x" } } },
		{ "dir with data", { { .name = "b", .type = '5', .body = "x" } } },
		{ "dir by slash with data", { { .name = "b/", .body = "x" } } },
		{ "fifo with data", { { .name = "b", .type = '6', .body = "x" } } },
		{ "symlink to nothing", { { .name = "b", .type = '2', .link = "" } } },
		{ "unknown type", { { .name = "b", .type = 'Z' } } },
		{ "bad checksum", { { .name = "b", .bad_sum = true } } },
		{ "bad checksum later", { { .name = "a" }, { .name = "b", .bad_sum = true } } },
		{ "root as file", { { .name = "./", .type = '2', .link = "x" } } },
		{ "root as hard link",
		  { { .name = "b" }, { .name = "./", .type = '1', .link = "b" } } },
		{ "pax twice",
		  { { .name = "p", .type = 'x', .body = "10 path=a\n" },
		    { .name = "p", .type = 'x', .body = "10 path=b\n" },
		    { .name = "a" } } },
		{ "long name twice",
		  { { .name = "p", .type = 'L', .body = "a", .body_len = 2 },
		    { .name = "p", .type = 'L', .body = "b", .body_len = 2 },
		    { .name = "a" } } },
		{ "pax and GNU",
		  { { .name = "p", .type = 'x', .body = "9 size=1\n" },
		    { .name = "p", .type = 'L', .body = "b", .body_len = 2 },
		    { .name = "a" } } },
		{ "dangling pax",
		  { { .name = "a" }, { .name = "p", .type = 'x', .body = "10 path=a\n" } } },
		{ "global path",
		  { { .name = "p", .type = 'g', .body = "10 path=a\n" }, { .name = "a" } } },
		{ "global size",
		  { { .name = "p", .type = 'g', .body = "9 size=1\n" }, { .name = "a" } } },
		{ "key twice",
		  { { .name = "p", .type = 'x', .body = "10 path=a\n10 path=b\n" },
		    { .name = "a" } } },
		{ "record cut off",
		  { { .name = "p", .type = 'x', .body = "99 path=a\n" }, { .name = "a" } } },
		{ "record without =",
		  { { .name = "p", .type = 'x', .body = "10 path a\n" }, { .name = "a" } } },
		{ "record without newline",
		  { { .name = "p", .type = 'x', .body = "10 path=ab" }, { .name = "a" } } },
		{ "size no number",
		  { { .name = "p", .type = 'x', .body = "10 size=-1\n" }, { .name = "a" } } },
		{ "NUL in path",
		  { { .name = "p", .type = 'x', .body = "12 path=a\0b\n", .body_len = 12 },
		    { .name = "a" } } },
		{ "NUL in long name",
		  { { .name = "p", .type = 'L', .body = "a\0b", .body_len = 4 },
		    { .name = "a" } } },
		{ "link with size by pax",
		  { { .name = "p", .type = 'x', .body = "11 size=512\n" },
		    { .name = "a", .type = '2', .link = "x" },
		    { .name = "b" } } },
		{ "uid 2^31",
		  { { .name = "p", .type = 'x', .body = "18 uid=2147483648\n" },
		    { .name = "a" } } },
		{ "size beyond the file", { { .name = "a", .body = "x", .size = 99999 } } },
		{ "1 TiB",
		  { { .name = "p", .type = 'x', .body = "22 size=1099511627776\n" },
		    { .name = "a" } } },
	};
	struct err err = { 0 };
	size_t count;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);

		raw_tar(&tar, cases[i].members);
		if (read_tar(&count, tar.ptr, tar.len, true, &err))
			fail_msg("%s: was taken", cases[i].why);
		if (err.code != E_INTEGRITY)
			fail_msg("%s: %s: %s", cases[i].why, err_name(err.code), err.msg);
		err_clear(&err);
	}
}

static void reader_refuses_what_follows(void **state)
{
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	struct err err = { 0 };
	size_t count;
	(void)state;

	raw_tar(&tar, (const struct raw_member[]){ { .name = "a", .body = "1" }, { 0 } });
	raw_tar(&tar, (const struct raw_member[]){ { .name = "hidden" }, { 0 } });
	MUST_FAIL(read_tar(&count, tar.ptr, tar.len, false, &err), E_INTEGRITY);
	/* one zero block, then a member */
	MUST_FAIL(read_tar(&count, tar.ptr + 1024 + 512, tar.len - 1024 - 512, false, &err),
		  E_INTEGRITY);
	/* no zeros, no tar */
	MUST_FAIL(read_tar(&count, "hello", 5, false, &err), E_INTEGRITY);
	MUST(read_tar(&count, "", 0, false, &err));
	assert_int_equal(count, 0);
	/* cut anywhere but between members, or in the last one's padding (umoci 0.4.7 writes none)
	 */
	buf_clear(&tar);
	raw_tar(&tar, (const struct raw_member[]){ { .name = "a", .body = "12345" }, { 0 } });
	for (size_t len = 1; len < 1024; len += 73) {
		bool ok = read_tar(&count, tar.ptr, len, true, &err);

		if (ok != (len >= 517) || (!ok && err.code != E_INTEGRITY))
			fail_msg("cut at %zu: %zu members (%s)", len, count, err.msg);
		err_clear(&err);
	}
}

/* A path, a component and a link at the limit, one below and one above. */
/* A layer of nothing but headers, or of zeros behind its end. */
static void streams_end(void **state)
{
	static const char zeros[1024];
	struct tar_scan scan;
	struct err err = { 0 };

	(void)state;
	tar_scan_init(&scan);
	MUST(tar_scan_feed(&scan, zeros, sizeof(zeros), &err));
	scan.at = LIMIT_LAYER_TAR;
	MUST(tar_scan_feed(&scan, zeros, sizeof(zeros), &err));
	MUST_FAIL(tar_scan_feed(&scan, zeros, sizeof(zeros), &err), E_INTEGRITY);
	tar_scan_free(&scan);
}

static void name_limits(void **state)
{
	static const struct {
		size_t component, count;
		bool ok;
	} cases[] = {
		{ 254, 1, true },   { 255, 1, true },   { 256, 1, false },
		{ 15, 256, false }, /* 16 * 256 - 1 = 4095 bytes, but see below: depth 256 is fine
				     */
		{ 14, 256, true },  { 14, 257, false }, { 16, 241, false },
	};
	struct err err = { 0 };
	size_t count;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf path = BUF_INIT(1 << 16);
		AUTO(buf_free) struct buf body = BUF_INIT(1 << 16);
		AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
		bool ok = cases[i].ok;

		for (size_t k = 0; k < cases[i].count; k++) {
			buf_put(&path, k ? "/" : "");
			for (size_t c = 0; c < cases[i].component; c++)
				buf_put_byte(&path, 'n');
		}
		if (path.len == LIMIT_PATH)
			ok = true;
		buf_put_bytes(&body, path.ptr, path.len + 1);
		raw_tar(&tar, (const struct raw_member[]){ { .name = "l",
							     .type = 'L',
							     .body = body.ptr,
							     .body_len = body.len },
							   { .name = "a" },
							   { 0 } });
		if (read_tar(&count, tar.ptr, tar.len, false, &err) != ok)
			fail_msg("%zu components of %zu: %s", cases[i].count, cases[i].component,
				 err.msg);
		if (!ok)
			assert_int_equal(err.code, E_INTEGRITY);
		err_clear(&err);
	}
}

/* GNU sparse 1.0 as bsdtar and GNU tar write it: data comes out dense. */
static void sparse_comes_out_dense(void **state)
{
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	AUTO(auto_source_close) struct source *from = NULL;
	AUTO(auto_tar_reader_close) struct tar_reader *r = NULL;
	AUTO(buf_free) struct buf data = BUF_INIT(1 << 26);
	char body[1024] = "2\n1048576\n5\n3145728\n0\n";
	struct err err = { 0 };
	struct entry e;
	bool more;
	(void)state;

	memcpy(body + 512, "hello", 5);
	raw_tar(&tar,
		(const struct raw_member[]){
			{ .name = "p",
			  .type = 'x',
			  .body = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				  "24 GNU.sparse.name=hole\n31 GNU.sparse.realsize=3145728\n" },
			{ .name = "GNUSparseFile.0/hole", .body = body, .body_len = 517 },
			{ .name = "next" },
			{ 0 } });
	from = source_mem(tar.ptr, tar.len);
	MUST(tar_reader_open(&r, from, &err));
	MUST(tar_reader_next(&e, &more, r, &err));
	assert_string_equal(e.path, "hole");
	assert_int_equal(e.size, 3145728);
	MUST(read_bytes(&data, r, &err));
	assert_int_equal(data.len, 3145728);
	assert_memory_equal(data.ptr + 1048576, "hello", 5);
	for (size_t i = 0; i < data.len; i++)
		if (data.ptr[i] && (i < 1048576 || i >= 1048581))
			fail_msg("byte %zu is no hole", i);
	MUST(tar_reader_next(&e, &more, r, &err));
	assert_string_equal(e.path, "next");
	MUST(tar_reader_next(&e, &more, r, &err));
	assert_false(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(bytes_are_fixed),
		cmocka_unit_test(names_do_not_depend_on_the_locale),
		cmocka_unit_test(layout),
		cmocka_unit_test(nine_gib),
		cmocka_unit_test(writer_refuses),
		cmocka_unit_test(reader_accepts),
		cmocka_unit_test(reader_refuses),
		cmocka_unit_test(reader_refuses_what_follows),
		cmocka_unit_test(streams_end),
		cmocka_unit_test(name_limits),
		cmocka_unit_test(sparse_comes_out_dense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
