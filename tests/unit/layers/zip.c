// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/hash.h"
#include "base/limits.h"
#include "layers/zip.h"

/* layers/zip.h: what is written, that reading gives it back, and every lie a zip can tell. */

static bool write_zip(struct buf *out, const struct entry_list *l, struct err *err)
{
	struct sink_buf to = sink_buf(out);

	return zip_write(&to.sink, l, err);
}

static bool open_zip(struct zip **out, struct fs_tmpdir *dir, const struct buf *b, struct err *err)
{
	int fd;

	if (!fs_write_atomic(dir->fd, "z.zip", b->ptr, b->len, 0600, err))
		return false;
	fd = openat(dir->fd, "z.zip", O_RDONLY);
	return zip_open(out, fd, "z.zip", err);
}

static bool read_member(struct buf *out, struct zip *z, const struct zip_member *m, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(out);

	return zip_open_member(&from, z, m, err) && source_copy(from, &to.sink, NULL, err);
}

static void some_entries(struct entry_list *l)
{
	static unsigned char big[3 * 1024 * 1024 + 7];
	static unsigned char noise[2 * 1024 * 1024];

	fill_bytes(big, sizeof(big), false, 1);
	fill_bytes(noise, sizeof(noise), true, 2);
	entry_add(l, ENTRY_DIR, "pkg");
	entry_add_bytes(l, "pkg/__init__.py", "", 0);
	entry_add_bytes(l, "pkg/a.py", "print('hello hello hello hello hello')\n", 39);
	entry_add_bytes(l, "pkg/big.so", big, sizeof(big))->mode = 0700;
	entry_add_bytes(l, "pkg/caf\xc3\xa9", "x", 1)->mode = 0600;
	entry_add_bytes(l, "pkg/noise", noise, sizeof(noise))->mtime = 1700000000;
	entry_add_bytes(l, "pkg/one-block", big, 1024 * 1024);
	entry_add_bytes(l, "pkg/small-noise", noise, 500)->uid = 1000;
}

static void round_trip(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf b = BUF_INIT(1 << 26);
	AUTO(auto_zip_close) struct zip *z = NULL;
	struct err err = { 0 };
	(void)state;

	some_entries(&l);
	MUST(fs_tmpdir_open(&dir, &err));
	MUST(write_zip(&b, &l, &err));
	MUST(open_zip(&z, &dir, &b, &err));
	assert_int_equal(zip_count(z), l.len - 1);
	for (size_t i = 1; i < l.len; i++) {
		const struct zip_member *m = zip_at(z, i - 1);
		const struct entry *e = &l.items[i];
		AUTO(buf_free) struct buf data = BUF_INIT(1 << 26);

		assert_string_equal(m->name, e->path);
		assert_ptr_equal(zip_find(z, e->path), m);
		assert_int_equal(m->size, e->size);
		assert_int_equal(m->mode, S_IFREG | (e->mode & 0111 ? 0755 : 0644));
		assert_false(m->is_dir);
		MUST(read_member(&data, z, m, &err));
		assert_int_equal(data.len, e->size);
		if (data.len)
			assert_memory_equal(data.ptr, e->data, data.len);
	}
	assert_int_equal(zip_find(z, "pkg/small-noise")->packed_size, 500); /* stored */
	assert_true(zip_find(z, "pkg/big.so")->packed_size < 2000000);
	assert_null(zip_find(z, "pkg"));
	assert_null(zip_find(z, "pkg/"));
	assert_null(zip_find(z, "none"));
}

/* A sparse file of the size of `whole`, filled in from `from` on. */
static int sparse_fd(struct fs_tmpdir *dir, const struct buf *whole, size_t from)
{
	int fd = openat(dir->fd, "sparse", O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && ftruncate(fd, (off_t)whole->len) == 0);
	assert_int_equal(pwrite(fd, whole->ptr + from, whole->len - from, (off_t)from),
			 whole->len - from);
	return fd;
}

/* A zip whose members are mostly not here: by its end alone. */
static void parts_are_enough(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf b = BUF_INIT(1 << 26);
	AUTO(buf_free) struct buf data = BUF_INIT(1 << 26);
	AUTO(auto_zip_close) struct zip *z = NULL;
	const struct zip_member *m;
	uint64_t missing, at, end;
	struct err err = { 0 };
	int fd;
	(void)state;

	some_entries(&l);
	MUST(fs_tmpdir_open(&dir, &err));
	MUST(write_zip(&b, &l, &err));
	/* the directory reaches before what is here: it says from where */
	fd = sparse_fd(&dir, &b, b.len - 30);
	MUST(zip_open_partial(&z, &missing, fd, b.len - 30, "parts", &err));
	assert_null(z);
	assert_true(missing < b.len - 30 && missing > b.len - 1000);
	fd = sparse_fd(&dir, &b, missing);
	MUST(zip_open_partial(&z, &missing, dup(fd), missing, "parts", &err));
	assert_non_null(z);
	m = zip_find(z, "pkg/one-block");
	assert_non_null(m);
	/* holes instead of its bytes are found out */
	assert_false(read_member(&data, z, m, &err));
	assert_int_equal(err.code, E_INTEGRITY);
	err_clear(&err);
	zip_member_extent(&at, &end, z, m);
	assert_true(at < end && end < missing);
	assert_int_equal(pwrite(fd, b.ptr + at, end - at, (off_t)at), end - at);
	MUST(read_member(&data, z, m, &err));
	assert_int_equal(data.len, 1024 * 1024);
	/* the last member ends where the directory begins */
	zip_member_extent(&at, &end, z, zip_find(z, "pkg/small-noise"));
	assert_int_equal(end, missing);
	close(fd);
}

/* Function packages are compared by their hash: it may change only with the compressor. */
static void bytes_are_fixed(void **state)
{
	static const char want[] =
		"32ebbb0fca5366ae22d0c67be7f40992db1a5366872948187f8d7be9fd48a7ac";
	AUTO(entry_list_free) struct entry_list l = { 0 };
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct err err = { 0 };
	static const char *const zones[] = { "UTC", "Asia/Tokyo", "XYZ+12" };
	(void)state;

	some_entries(&l);
	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 26);

		setenv("TZ", zones[i], 1);
		umask(i ? 0 : 077);
		MUST(write_zip(&b, &l, &err));
		sha256_of(hash, b.ptr, b.len);
		hex_format(hex, hash, sizeof(hash));
		assert_string_equal(hex, want);
		assert_null(memmem(b.ptr, b.len, "UT\5\0", 4));
	}
	umask(022);
}

static void empty_zip(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);
	AUTO(auto_zip_close) struct zip *z = NULL;
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	MUST(write_zip(&b, &l, &err));
	assert_int_equal(b.len, 22);
	MUST(open_zip(&z, &dir, &b, &err));
	assert_int_equal(zip_count(z), 0);
}

/* More than is kept in memory: 20 MiB of noise goes by way of a temporary file. */
static void big_member(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf b = BUF_INIT(1 << 26);
	AUTO(buf_free) struct buf data = BUF_INIT(1 << 26);
	AUTO(auto_zip_close) struct zip *z = NULL;
	AUTO(auto_free) unsigned char *noise = mem_alloc(20 * MIB);
	struct err err = { 0 };
	(void)state;

	fill_bytes(noise, 20 * MIB, true, 5);
	for (int i = 0; i < 2; i++)
		entry_add_bytes(&l, i ? "b" : "a", noise, 20 * MIB - (size_t)i);
	MUST(fs_tmpdir_open(&dir, &err));
	MUST(write_zip(&b, &l, &err));
	MUST(open_zip(&z, &dir, &b, &err));
	MUST(read_member(&data, z, zip_at(z, 1), &err));
	assert_int_equal(data.len, 20 * MIB - 1);
	assert_memory_equal(data.ptr, noise, data.len);
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
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 10; i++) {
		AUTO(entry_list_free) struct entry_list l = { 0 };
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);
		enum err_code want = E_INPUT;
		struct entry *e = entry_add_bytes(&l,
						  i == 5   ? "a\\b"
						  : i == 6 ? "lat\xe9"
							   : "a",
						  "12345678", 8);

		e->size = 4;
		switch (i) {
		case 0:
			e->kind = ENTRY_SYMLINK;
			e->link = "x";
			break;
		case 1:
			e->open = NULL;
			break;
		case 2:
			e->size = 4LL * GIB;
			break;
		case 3:
			e->open = short_open;
			want = E_IO;
			break;
		case 4:
			e->open = long_open;
			want = E_IO;
			break;
		case 7:
			b.max = 10;
			break;
		case 8:
			entry_list_free(&l);
			for (int k = 0; k <= LIMIT_WHEEL_MEMBERS; k++) {
				char name[16];

				snprintf(name, sizeof(name), "%d", k);
				entry_add(&l, ENTRY_FILE, name);
			}
			b.max = 1 << 26;
			break;
		case 9: /* names that the directory at the end has no room for */
			entry_list_free(&l);
			for (int k = 0; k <= LIMIT_ZIP_DIRECTORY / 4000; k++) {
				char name[4001];

				memset(name, 'n', sizeof(name));
				for (int at = 200; at < 4000; at += 200)
					name[at] = '/';
				snprintf(name + 3980, sizeof(name) - 3980, "%020d", k);
				entry_add(&l, ENTRY_FILE, name);
			}
			b.max = 1 << 27;
			break;
		}
		MUST_FAIL(write_zip(&b, &l, &err), want);
	}
}

/* --- zips made by hand --- */

struct raw_zip {
	const char *name, *local_name; /* local_name NULL: the same */
	const char *data;
	unsigned flags, method, made_by, mode;
	unsigned local_flags_xor, local_size_add, size_add, crc_xor, local_crc_xor;
	const char *extra;
	size_t extra_len;
	const char *gap; /* behind the data */
	size_t gap_len;
	bool no_central;
};

static void put_le(struct buf *b, uint64_t v, int n)
{
	while (n-- > 0) {
		buf_put_byte(b, v & 0xff);
		v >>= 8;
	}
}

static uint32_t crc_of(const char *s, size_t len)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)s[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void put_common(struct buf *b, const struct raw_zip *m, bool local)
{
	size_t len = m->data ? strlen(m->data) : 0;
	bool blank = local && m->flags & 8;
	size_t size = len + m->size_add + (local ? m->local_size_add : 0);
	uint32_t crc =
		(m->data ? crc_of(m->data, len) : 0) ^ m->crc_xor ^ (local ? m->local_crc_xor : 0);

	put_le(b, 20, 2);
	put_le(b, m->flags ^ (local ? m->local_flags_xor : 0), 2);
	put_le(b, m->method, 2);
	put_le(b, 0x00210000, 4);
	put_le(b, blank ? 0 : crc, 4);
	put_le(b, blank ? 0 : m->method ? len : size, 4);
	put_le(b, blank ? 0 : size, 4);
	put_le(b, strlen(local && m->local_name ? m->local_name : m->name), 2);
	put_le(b, m->extra_len, 2);
}

static void raw_zip(struct buf *b, const struct raw_zip *members)
{
	AUTO(buf_free) struct buf central = BUF_INIT(1 << 20);
	unsigned count = 0;
	size_t at;

	for (const struct raw_zip *m = members; m->name; m++) {
		size_t offset = b->len;

		put_le(b, 0x04034b50, 4);
		put_common(b, m, true);
		buf_put(b, m->local_name ? m->local_name : m->name);
		if (m->extra)
			buf_put_bytes(b, m->extra, m->extra_len);
		buf_put(b, m->data ? m->data : "");
		if (m->gap)
			buf_put_bytes(b, m->gap, m->gap_len);
		if (m->no_central)
			continue;
		count++;
		put_le(&central, 0x02014b50, 4);
		put_le(&central, m->made_by << 8 | 20, 2);
		put_common(&central, m, false);
		put_le(&central, 0, 6); /* comment, disk, internal attributes */
		put_le(&central, (uint64_t)m->mode << 16, 4);
		put_le(&central, offset, 4);
		buf_put(&central, m->name);
		if (m->extra)
			buf_put_bytes(&central, m->extra, m->extra_len);
	}
	at = b->len;
	buf_put_bytes(b, central.ptr, central.len);
	put_le(b, 0x06054b50, 4);
	put_le(b, 0, 4);
	put_le(b, count, 2);
	put_le(b, count, 2);
	put_le(b, central.len, 4);
	put_le(b, at, 4);
	put_le(b, 0, 2);
}

static bool read_raw(size_t *count_out, struct fs_tmpdir *dir, const struct buf *b, struct err *err)
{
	AUTO(auto_zip_close) struct zip *z = NULL;

	if (!open_zip(&z, dir, b, err))
		return false;
	*count_out = zip_count(z);
	for (size_t i = 0; i < zip_count(z); i++) {
		AUTO(buf_free) struct buf data = BUF_INIT(1 << 20);

		if (!read_member(&data, z, zip_at(z, i), err))
			return false;
	}
	return true;
}

#define DEFLATED_HELLO "\xcb\x48\xcd\xc9\xc9\x07"

static void reader_table(void **state)
{
	static const struct {
		const char *why;
		struct raw_zip members[4];
		enum err_code want; /* E_NONE: taken */
	} cases[] = {
		{ "plain",
		  { { .name = "a", .data = "1" }, { .name = "b/c", .data = "2" } },
		  E_NONE },
		{ "directories", { { .name = "d/" }, { .name = "d/x", .data = "1" } }, E_NONE },
		{ "directory after", { { .name = "d/x", .data = "1" }, { .name = "d/" } }, E_NONE },
		{ "UTF-8", { { .name = "\xc3\xa9", .flags = 0x800 } }, E_NONE },
		{ "descriptor",
		  { { .name = "a",
		      .data = "1",
		      .flags = 8,
		      .gap = "PK\7\x08\xb7\xef\xdc\x83\1\0\0\0\1\0\0\0",
		      .gap_len = 16 } },
		  E_NONE },
		{ "descriptor without magic",
		  { { .name = "a",
		      .data = "1",
		      .flags = 8,
		      .gap = "\xb7\xef\xdc\x83\1\0\0\0\1\0\0\0",
		      .gap_len = 12 } },
		  E_NONE },
		{ "descriptor of 64 bits",
		  { { .name = "a",
		      .data = "1",
		      .flags = 8,
		      .gap = "PK\7\x08\xb7\xef\xdc\x83\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0",
		      .gap_len = 24 } },
		  E_NONE },
		{ "harmless extra",
		  { { .name = "a", .extra = "UT\1\0x", .extra_len = 5 } },
		  E_NONE },
		{ "same Unicode path",
		  { { .name = "a", .extra = "up\6\0\1....a", .extra_len = 10 } },
		  E_NONE },
		{ "mode", { { .name = "a", .made_by = 3, .mode = 0100755 } }, E_NONE },

		{ "nothing marks UTF-8", { { .name = "\xc3\xa9" } }, E_INTEGRITY },
		{ "not UTF-8", { { .name = "\xe9", .flags = 0x800 } }, E_INTEGRITY },
		{ "surrogate", { { .name = "\xed\xa0\x80", .flags = 0x800 } }, E_INTEGRITY },
		{ "overlong", { { .name = "\xc0\xaf", .flags = 0x800 } }, E_INTEGRITY },
		{ "absolute", { { .name = "/a" } }, E_INTEGRITY },
		{ "..", { { .name = "../a" } }, E_INTEGRITY },
		{ ".. inside", { { .name = "a/../b" } }, E_INTEGRITY },
		{ ".", { { .name = "./a" } }, E_INTEGRITY },
		{ "double slash", { { .name = "a//b" } }, E_INTEGRITY },
		{ "backslash", { { .name = "a\\b" } }, E_INTEGRITY },
		{ "drive", { { .name = "c:a" } }, E_INTEGRITY },
		{ "control", { { .name = "a\033b" } }, E_INTEGRITY },
		{ "no name", { { .name = "" } }, E_INTEGRITY },
		{ "root", { { .name = "/" } }, E_INTEGRITY },
		{ "twice", { { .name = "a" }, { .name = "a" } }, E_INTEGRITY },
		{ "directory twice", { { .name = "a/" }, { .name = "a/" } }, E_INTEGRITY },
		{ "file and directory", { { .name = "a" }, { .name = "a/" } }, E_INTEGRITY },
		{ "below a file", { { .name = "a" }, { .name = "a/b" } }, E_INTEGRITY },
		{ "file where a directory is",
		  { { .name = "a/b" }, { .name = "a" } },
		  E_INTEGRITY },
		{ "encrypted", { { .name = "a", .flags = 1 } }, E_INTEGRITY },
		{ "strongly encrypted", { { .name = "a", .flags = 0x40 } }, E_INTEGRITY },
		{ "masked", { { .name = "a", .flags = 0x2000 } }, E_INTEGRITY },
		{ "bzip2", { { .name = "a", .method = 12 } }, E_UNSUPPORTED },
		{ "symlink",
		  { { .name = "a", .made_by = 3, .mode = 0120777, .data = "x" } },
		  E_INTEGRITY },
		{ "fifo", { { .name = "a", .made_by = 3, .mode = 0010644 } }, E_INTEGRITY },
		{ "directory by mode",
		  { { .name = "a", .made_by = 3, .mode = 0040755 } },
		  E_INTEGRITY },
		{ "directory with data", { { .name = "a/", .data = "x" } }, E_INTEGRITY },
		{ "other local name", { { .name = "a", .local_name = "b" } }, E_INTEGRITY },
		{ "longer local name", { { .name = "a", .local_name = "aa" } }, E_INTEGRITY },
		{ "other local flags", { { .name = "a", .local_flags_xor = 0x800 } }, E_INTEGRITY },
		{ "other local size",
		  { { .name = "a", .data = "x", .local_size_add = 1 } },
		  E_INTEGRITY },
		{ "other local CRC",
		  { { .name = "a", .data = "x", .local_crc_xor = 1 } },
		  E_INTEGRITY },
		{ "wrong CRC in both",
		  { { .name = "a", .data = "x", .crc_xor = 1 } },
		  E_INTEGRITY },
		{ "wrong size in both",
		  { { .name = "a", .data = "x", .size_add = 1 } },
		  E_INTEGRITY },
		{ "gap",
		  { { .name = "a", .data = "x", .gap = "..", .gap_len = 2 }, { .name = "b" } },
		  E_INTEGRITY },
		{ "gap before the directory",
		  { { .name = "a", .data = "x", .gap = "..", .gap_len = 2 } },
		  E_INTEGRITY },
		{ "member that is not listed",
		  { { .name = "a", .data = "x" }, { .name = "hidden", .no_central = true } },
		  E_INTEGRITY },
		{ "member in front that is not listed",
		  { { .name = "hidden", .no_central = true }, { .name = "a" } },
		  E_INTEGRITY },
		{ "descriptor missing", { { .name = "a", .data = "1", .flags = 8 } }, E_INTEGRITY },
		{ "descriptor wrong",
		  { { .name = "a",
		      .data = "1",
		      .flags = 8,
		      .gap = "\xb7\xef\xdc\x83\1\0\0\0\2\0\0\0",
		      .gap_len = 12 } },
		  E_INTEGRITY },
		{ "descriptor of odd length",
		  { { .name = "a",
		      .data = "1",
		      .flags = 8,
		      .gap = "\xb7\xef\xdc\x83\1\0\0\0\1\0\0\0\0",
		      .gap_len = 13 } },
		  E_INTEGRITY },
		{ "other Unicode path",
		  { { .name = "a", .extra = "up\6\0\1....b", .extra_len = 10 } },
		  E_INTEGRITY },
		{ "extra cut off",
		  { { .name = "a", .extra = "UT\5\0x", .extra_len = 5 } },
		  E_INTEGRITY },
		{ "no deflate data",
		  { { .name = "a", .method = 8, .data = "\xff\xff" } },
		  E_INTEGRITY },
		{ "deflated wrongly sized",
		  { { .name = "a", .method = 8, .data = DEFLATED_HELLO } },
		  E_INTEGRITY },
	};
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);
		size_t count = 0;
		bool ok;

		raw_zip(&b, cases[i].members);
		ok = read_raw(&count, &dir, &b, &err);
		if (ok != (cases[i].want == E_NONE) || err.code != cases[i].want)
			fail_msg("%s: %s: %s", cases[i].why, err_name(err.code), err.msg);
		err_clear(&err);
	}
}

/* Few members with long names stand in many directories, whose names must fit in memory too. */
static void directories_are_bounded(void **state)
{
	enum { DEPTH = 255, PART = 16, EACH = DEPTH * (DEPTH - 1) / 2 * PART };
	enum { MEMBERS = LIMIT_ZIP_DIRECTORY / EACH + 2 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) struct raw_zip *members = mem_alloc((MEMBERS + 1) * sizeof(*members));
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	for (int few = 1; few >= 0; few--) {
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 24);
		size_t count = few ? MEMBERS / 2 : MEMBERS + 1;
		bool ok;

		memset(members, 0, (MEMBERS + 1) * sizeof(*members));
		for (size_t i = 0; i + 1 < count; i++) {
			AUTO(buf_free) struct buf name = BUF_INIT(LIMIT_PATH + 1);

			buf_putf(&name, "%0*zu", PART - 1, i);
			for (int k = 1; k < DEPTH; k++)
				buf_putf(&name, "/%0*d", PART - 1, k);
			members[i].name = buf_steal(&name);
		}
		raw_zip(&b, members);
		ok = read_raw(&count, &dir, &b, &err);
		for (struct raw_zip *m = members; m->name; m++)
			free((char *)(uintptr_t)m->name);
		assert_int_equal(ok, few);
		assert_int_equal(err.code, few ? E_NONE : E_INTEGRITY);
	}
}

static void around_the_zip(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(buf_free) struct buf good = BUF_INIT(1 << 20);
	struct err err = { 0 };
	size_t count;
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	raw_zip(&good, (const struct raw_zip[]){ { .name = "a", .data = "1" }, { 0 } });
	for (int i = 0; i < 9; i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);
		bool ok = i == 7;

		if (i == 0)
			buf_put(&b, "#!/bin/sh\n"); /* in front */
		buf_put_bytes(&b, good.ptr,
			      i == 1   ? good.len - 1
			      : i == 2 ? 30
			      : i == 8 ? 0
				       : good.len);
		if (i == 3)
			buf_put(&b, "behind");
		if (i == 4)
			buf_put_bytes(&b, good.ptr, good.len); /* two archives */
		if (i == 5)
			b.ptr[b.len - 12]++; /* number of members */
		if (i == 6)
			b.ptr[b.len - 10]--; /* size of the directory */
		if (i == 7) {                /* a comment is fine */
			b.ptr[b.len - 2] = 5;
			buf_put(&b, "hello");
		}
		if (read_raw(&count, &dir, &b, &err) != ok)
			fail_msg("case %d: %s", i, err.msg);
		if (!ok)
			assert_int_equal(err.code, E_INTEGRITY);
		err_clear(&err);
	}
	{ /* a comment that holds another end record */
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);

		buf_put_bytes(&b, good.ptr, good.len);
		b.ptr[b.len - 2] = 22;
		buf_put_bytes(&b, good.ptr + good.len - 22, 22);
		MUST_FAIL(read_raw(&count, &dir, &b, &err), E_INTEGRITY);
	}
	/* every single byte, any one bit: never a crash, and what is taken has the right bytes
	 * (CRC) */
	for (size_t at = 0; at < good.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);

			buf_put_bytes(&b, good.ptr, good.len);
			b.ptr[at] ^= (char)(1 << bit);
			(void)!read_raw(&count, &dir, &b, &err);
			err_clear(&err);
		}
}

static void zip64_is_read(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	for (int i = 0; i < 5; i++) {
		AUTO(buf_free) struct buf good = BUF_INIT(1 << 20);
		AUTO(buf_free) struct buf b = BUF_INIT(1 << 20);
		size_t central, end, count;

		raw_zip(&good, (const struct raw_zip[]){ { .name = "a", .data = "1" }, { 0 } });
		end = good.len - 22;
		central = 30 + 1 + 1;
		buf_put_bytes(&b, good.ptr, end);
		put_le(&b, 0x06064b50, 4);
		put_le(&b, 44, 8);
		put_le(&b, 45, 2);
		put_le(&b, 45, 2);
		put_le(&b, 0, 8);
		put_le(&b, i == 1 ? 2 : 1, 8);
		put_le(&b, 1, 8);
		put_le(&b, end - central, 8);
		put_le(&b, i == 2 ? central + 1 : central, 8);
		put_le(&b, 0x07064b50, 4);
		put_le(&b, 0, 4);
		put_le(&b, i == 3 ? end - 1 : end, 8);
		put_le(&b, 1, 4);
		buf_put_bytes(&b, good.ptr + end, 22);
		memset(b.ptr + b.len - 14, 0xff, 12); /* counts and sizes: see zip64 */
		if (i == 4)
			b.ptr[b.len - 14] = 9, b.ptr[b.len - 13] = 0, b.ptr[b.len - 12] = 9,
				      b.ptr[b.len - 11] = 0;
		if (read_raw(&count, &dir, &b, &err) != (i == 0))
			fail_msg("case %d: %s", i, err.msg);
		err_clear(&err);
	}
}

static void odd_files(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct zip *z = NULL;
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	MUST_FAIL(zip_open(&z, open("/dev/null", O_RDONLY), "null", &err), E_INPUT);
	MUST_FAIL(zip_open(&z, open(dir.path, O_RDONLY), "dir", &err), E_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(bytes_are_fixed),
		cmocka_unit_test(parts_are_enough),
		cmocka_unit_test(empty_zip),
		cmocka_unit_test(big_member),
		cmocka_unit_test(writer_refuses),
		cmocka_unit_test(reader_table),
		cmocka_unit_test(around_the_zip),
		cmocka_unit_test(zip64_is_read),
		cmocka_unit_test(odd_files),
		cmocka_unit_test(directories_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
