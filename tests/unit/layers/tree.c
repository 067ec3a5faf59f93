// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "layers/layer.h"
#include "layers/tree.h"
#include "layers/unpack.h"

/* layers/tree.h: the same tree as unpacking gives, found without unpacking; caches and fetching. */

struct fixture {
	struct fs_tmpdir dir;
	struct store *store;
	int cache, spool;
	struct tree_layer layers[8];
	size_t count;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };

	f->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&f->dir, &err));
	path = mem_printf("%s/store", f->dir.path);
	MUST(store_open(&f->store, path, &err));
	assert_int_equal(mkdirat(f->dir.fd, "cache", 0700), 0);
	assert_int_equal(mkdirat(f->dir.fd, "spool", 0700), 0);
	f->cache = openat(f->dir.fd, "cache", O_RDONLY | O_DIRECTORY);
	f->spool = openat(f->dir.fd, "spool", O_RDONLY | O_DIRECTORY);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	close(f->cache);
	close(f->spool);
	fs_tmpdir_close(&f->dir);
	free(f);
	return 0;
}

static void add_layer(struct fixture *f, const struct raw_member *members)
{
	struct layer_options opt = layer_options_default();
	AUTO(auto_layer_writer_close) struct layer_writer *w = NULL;
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	struct layer layer;
	struct err err = { 0 };

	raw_tar(&tar, members);
	MUST(layer_writer_open(&w, f->store, &opt, &err));
	MUST(sink_write(layer_writer_sink(w), tar.ptr, tar.len, &err));
	MUST(layer_writer_commit(&layer, w, &err));
	f->layers[f->count++] =
		(struct tree_layer){ .descriptor = layer.descriptor, .diff_id = layer.diff_id };
}

static bool open_tree(struct tree **out, struct fixture *f, struct err *err)
{
	return tree_open(out, store_blobs(f->store), f->layers, f->count, f->cache, err);
}

#define F(n)                         \
	{                            \
		.name = n, .body = n \
	}
#define D(n)                                         \
	{                                            \
		.name = n, .type = '5', .mode = 0755 \
	}
#define L(n, to)                                   \
	{                                          \
		.name = n, .type = '2', .link = to \
	}
#define H(n, to)                                   \
	{                                          \
		.name = n, .type = '1', .link = to \
	}
#define LAYER(...)                  \
	(const struct raw_member[]) \
	{                           \
		__VA_ARGS__,        \
		{                   \
			0           \
		}                   \
	}

static bool list_one(void *arg, const struct entry *e)
{
	buf_putf(arg, "%s%s%s", ((struct buf *)arg)->len ? " " : "", e->path,
		 e->kind == ENTRY_DIR ? "/" : "");
	return true;
}

/* The same of a real directory. */
static void list_dir(struct str_list *out, int root, const char *dir)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err err = { 0 };

	MUST(fs_list(&names, root, dir, FS_BENEATH, &err));
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free)
		char *path = mem_printf("%s%s%s", dir, *dir ? "/" : "", names.items[i]);
		struct stat st;

		assert_int_equal(fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW), 0);
		str_list_push(out, path);
		if (S_ISDIR(st.st_mode))
			list_dir(out, root, path);
	}
}

static char *unpacked(struct fixture *f)
{
	struct unpack_options opt = { .whiteouts = UNPACK_APPLY, .keep_owner = true };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(str_list_free) struct str_list names = { 0 };
	struct buf out = BUF_INIT(1 << 20);
	struct err err = { 0 };

	MUST(fs_tmpdir_open(&dir, &err));
	for (size_t i = 0; i < f->count; i++) {
		AUTO(auto_source_close) struct source *from = NULL;

		MUST(layer_open(&from, store_blobs(f->store), &f->layers[i].descriptor, NULL,
				&err));
		MUST(unpack_tar(dir.fd, from, &opt, &err));
	}
	list_dir(&names, dir.fd, "");
	str_list_sort(&names);
	for (size_t i = 0; i < names.len; i++) {
		struct stat st;

		assert_int_equal(fstatat(dir.fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW), 0);
		buf_putf(&out, "%s%s%s", i ? " " : "", names.items[i],
			 S_ISDIR(st.st_mode) ? "/" : "");
	}
	return buf_steal(&out);
}

/* Stacks that exercise every rule; the tree in memory and the one on disk must be one. */
static void same_as_unpacked(void **state)
{
	struct fixture *f = *state;
	static const struct raw_member stacks[][3][10] = {
		{ { D("a"), F("a/x"), F("a/y"), F("b"), L("c", "a") } },
		{ { L("b", "a/c"), F("b/x"), L("d", "/e"), F("d/f/y"), L("g", "d/h/../i"),
		    F("g/z") } },
		{ { D("a"), F("a/x"), D("a/s"), F("a/s/t") }, { F("a/.wh.x"), F("a/.wh.s") } },
		{ { D("a"), F("a/x"), D("a/s"), F("a/s/t") },
		  { D("a"), F("a/.wh..wh..opq"), F("a/n") } },
		{ { D("a"), F("a/x"), D("a/s"), F("a/s/t") },
		  { F("a/n"), F("a/s/u"), F("a/.wh..wh..opq") } },
		{ { D("a"), F("a/x") }, { F("a/n"), F(".wh.a") } },
		{ { D("a"), F("a/x") }, { F(".wh.a"), D("a"), F("a/n") } },
		{ { D("usr"), D("usr/lib"), L("lib", "usr/lib"), F("usr/lib/old") },
		  { F("lib/new"), F("lib/.wh.old") } },
		{ { D("a"), F("a/x") }, { F("a") }, { D("a"), F("a/z") } },
		{ { F("f"), H("h", "f") }, { F("f") }, { F(".wh.h") } },
		{ { F("a"), D("d"), F("d/x") }, { F(".wh..wh..opq"), F("b") } },
		{ { F("a-b"), F("a/b"), F("a.c"), F("a/b-c") } },
		{ { D(".wh..wh.plnk"), F(".wh..wh.plnk/x"), F("a") } },
		{ { L("l", "/d/../d"), D("d") }, { F("l/x") } },
	};

	for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
		AUTO(auto_tree_close) struct tree *t = NULL;
		AUTO(buf_free) struct buf got = BUF_INIT(1 << 16);
		AUTO(auto_free) char *want = NULL;
		struct err err = { 0 };

		f->count = 0;
		for (int k = 0; k < 3 && stacks[i][k][0].name; k++)
			add_layer(f, stacks[i][k]);
		want = unpacked(f);
		MUST(open_tree(&t, f, &err));
		tree_walk(t, "", list_one, &got);
		if (!str_eq(got.ptr, want))
			fail_msg("stack %zu: '%s', not '%s'", i, got.ptr, want);
	}
}

/* An entry as text, its bytes by which member of the whole stack holds them. */
static void describe(struct buf *out, const struct entry *e)
{
	buf_clear(out);
	buf_putf(out, "%d %o %d:%d %lld %lld %s %s", (int)e->kind, (unsigned)e->mode, (int)e->uid,
		 (int)e->gid, (long long)e->size, (long long)e->mtime, e->path,
		 e->link ? e->link : "");
	for (size_t i = 0; i < e->xattr_count; i++)
		buf_putf(out, " {%s=%.*s}", e->xattrs[i].name, (int)e->xattrs[i].len,
			 (const char *)e->xattrs[i].value);
}

struct comparison {
	const struct tree *all, *upper;
	size_t held, open; /* entries the upper layers have; those that may come from below */
};

static bool upper_is_right(void *arg, const struct entry *e)
{
	struct comparison *c = arg;
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 16);
	AUTO(buf_free) struct buf want = BUF_INIT(1 << 16);
	const struct entry *there = NULL;
	struct err err = { 0 };

	MUST(tree_find(&there, NULL, c->all, e->path, false, &err));
	if (!there || !str_eq(there->path, e->path))
		fail_msg("'%s' is of the upper layers alone", e->path);
	describe(&got, e);
	describe(&want, there);
	assert_string_equal(got.ptr, want.ptr);
	c->held++;
	return true;
}

static bool lower_is_open(void *arg, const struct entry *e)
{
	struct comparison *c = arg;
	const struct entry *there = NULL;
	struct err err = { 0 };

	MUST(tree_find(&there, NULL, c->upper, e->path, false, &err));
	if (!there && tree_hides_lower(c->upper, e->path))
		fail_msg("'%s' is not hidden at all", e->path);
	c->open += !there;
	return true;
}

/* Whatever a tree of the upper `count` layers says is so in the tree of all; false: it says that it
 * cannot tell. */
static bool check_upper(struct comparison *c, struct fixture *f, size_t count)
{
	AUTO(auto_tree_close) struct tree *all = NULL;
	AUTO(auto_tree_close) struct tree *upper = NULL;
	struct err err = { 0 };

	if (!open_tree(&all, f, &err))
		return false; /* no stack at all; then nothing can be wrong about it */
	MUST(tree_open_upper(&upper, store_blobs(f->store), f->layers + f->count - count, count,
			     f->cache, &err));
	*c = (struct comparison){ .all = all, .upper = upper };
	if (!upper)
		return false;
	tree_walk(upper, "", upper_is_right, c);
	tree_walk(all, "", lower_is_open, c);
	return true;
}

static void upper_layers(void **state)
{
	static const struct {
		struct raw_member layers[2][6];
		bool decided;
		size_t held, open; /* by the upper one */
	} cases[] = {
		{ { { D("a"), F("a/x"), F("b") }, { D("a"), F("a/x") } }, true, 2, 1 },
		{ { { D("a"), F("a/x"), F("b") }, { F("b") } }, true, 1, 2 },
		{ { { D("a"), F("a/x") }, { F("a/n") } }, false, 0, 0 },
		{ { { L("a", "r"), D("r") }, { D("r"), F("r/f"), F("a/f") } }, false, 0, 0 },
		{ { { L("a", "r"), D("r") }, { L("a", "r"), D("r"), F("a/f") } }, true, 3, 0 },
		{ { { L("a", "r"), D("r") }, { F("a/f"), D("a") } }, false, 0, 0 },
		{ { { F("x") }, { H("h", "x") } }, false, 0, 0 },
		{ { { F("x") }, { F("x"), H("h", "x") } }, true, 2, 0 },
		{ { { F("x"), F("y") }, { H("x", "x") } }, false, 0, 0 },
		{ { { F("x"), F("y") }, { F(".wh.x") } }, true, 0, 1 },
		{ { { D("a"), F("a/x"), F("y") }, { F(".wh.a"), D("a"), F("a/n") } }, true, 2, 1 },
		{ { { D("a"), F("a/x") }, { F("a/.wh.x") } }, false, 0, 0 },
		{ { { D("a"), F("a/x"), F("y") }, { D("a"), F("a/.wh..wh..opq") } }, true, 1, 1 },
		{ { { F("a"), F("y") }, { F(".wh..wh..opq"), F("b") } }, true, 1, 0 },
		{ { { D("a"), F("a/x") }, { F("a") } }, true, 1, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct comparison c = { 0 };
		bool decided;

		f->count = 0;
		add_layer(f, cases[i].layers[0]);
		add_layer(f, cases[i].layers[1]);
		decided = check_upper(&c, f, 1);
		if (decided != cases[i].decided || c.held != cases[i].held ||
		    c.open != cases[i].open)
			fail_msg("case %zu: %d, %zu held, %zu open", i, decided, c.held, c.open);
	}
}

/* Stacks of chance, few names, so that everything meets everything; the same at each run. */
static void upper_layers_by_chance(void **state)
{
	static const char *const paths[] = { "a",   "b",     "a/a", "c",   "a/b",
					     "b/a", "a/a/b", "b/b", "c/a", "a/b/c" };
	static const char *const gone[] = { ".wh.a", "a/.wh.b", "b/.wh..wh..opq", "a/.wh..wh..opq",
					    "a/a/.wh.b" };
	static const char types[] = "00055221ww";
	struct fixture *f = *state;
	size_t decided = 0;
	uint32_t seed = 1;

	for (size_t round = 0; round < 600; round++) {
		f->count = 0;
		for (size_t k = 0; k < 3; k++) {
			struct raw_member members[7] = { 0 };

			for (size_t i = 0; i < 6; i++) {
				struct raw_member *m = &members[i];
				uint32_t r = seed = seed * 1664525 + 1013904223;
				char type = i < 3 ? '5' : types[(r >> 8) % 10];

				m->name = type == 'w'
						  ? gone[(r >> 16) % ARRAY_LEN(gone)]
						  : paths[i < 3 ? i : (r >> 16) % ARRAY_LEN(paths)];
				m->type = type == 'w' ? '0' : type;
				m->mode = (unsigned)(k * 8 + i + 1); /* tells them apart */
				if (type == '0')
					m->body = paths[(r >> 12) % ARRAY_LEN(paths)];
				if (type == '2' || type == '1')
					m->link = paths[(r >> 24) % ARRAY_LEN(paths)];
			}
			add_layer(f, members);
		}
		for (size_t count = 1; count < 3; count++) {
			struct comparison c;

			decided += check_upper(&c, f, count);
		}
	}
	assert_true(decided > 100); /* else chance tested nothing */
}

static void finding(void **state)
{
	static const struct {
		const char *path;
		bool follow;
		const char *want; /* NULL: E_INPUT; "-x": absent, and would be x */
	} cases[] = {
		{ "", true, "" },
		{ "/", true, "" },
		{ "usr/lib/x", false, "usr/lib/x" },
		{ "/lib/x", false, "usr/lib/x" },
		{ "lib", false, "lib" },
		{ "lib", true, "usr/lib" },
		{ "lib/", true, "usr/lib" },
		{ "abs/x", true, "usr/lib/x" },
		{ "up/x", true, "usr/lib/x" },
		{ "../../lib/./x", true, "usr/lib/x" },
		{ "usr/../usr/lib/../lib/x", true, "usr/lib/x" },
		{ "two", true, "usr/lib/x" },
		{ "two", false, "two" },
		{ "none", true, "-none" },
		{ "lib/none/more", true, "-usr/lib/none" },
		{ "dangling", true, "-gone/away" },
		{ "dangling", false, "dangling" },
		{ "usr/lib/x/below", true, "-usr/lib/x/below" },
		{ "usr/lib/x/../x", true, "-" },
		{ "loop", true, NULL },
		{ "loop", false, "loop" },
		{ "loop/x", false, NULL },
	};
	struct fixture *f = *state;
	AUTO(auto_tree_close) struct tree *t = NULL;
	struct err err = { 0 };

	add_layer(f, LAYER(D("usr"), D("usr/lib"), F("usr/lib/x"), L("lib", "usr/lib"),
			   L("abs", "/usr/lib"), L("up", "../../../usr/lib"), L("two", "lib/x")));
	add_layer(f, LAYER(L("dangling", "gone/away"), L("loop", "loop2"), L("loop2", "/loop")));
	MUST(open_tree(&t, f, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *path = NULL;
		const struct entry *e = NULL;
		bool ok = tree_find(&e, &path, t, cases[i].path, cases[i].follow, &err);

		if (!cases[i].want) {
			assert_false(ok);
			assert_int_equal(err.code, E_INPUT);
			err_clear(&err);
			continue;
		}
		if (!ok)
			fail_msg("%s: %s", cases[i].path, err.msg);
		if (*cases[i].want == '-') {
			assert_null(e);
			if (strncmp(path, cases[i].want + 1, strlen(cases[i].want + 1)) != 0)
				fail_msg("%s: '%s'", cases[i].path, path);
			continue;
		}
		if (!e || !str_eq(e->path, cases[i].want) || !str_eq(path, cases[i].want))
			fail_msg("%s: '%s'", cases[i].path, path);
	}
}

static void listing(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_tree_close) struct tree *t = NULL;
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(buf_free) struct buf below = BUF_INIT(1 << 16);
	struct err err = { 0 };

	add_layer(f, LAYER(F("d/z"), F("d/a"), F("d/m/n"), F("d-x"), L("l", "d")));
	MUST(open_tree(&t, f, &err));
	MUST(tree_list(&names, t, "l", &err));
	assert_int_equal(names.len, 3);
	assert_string_equal(names.items[0], "a");
	assert_string_equal(names.items[1], "m");
	assert_string_equal(names.items[2], "z");
	MUST_FAIL(tree_list(&names, t, "none", &err), E_NOT_FOUND);
	MUST_FAIL(tree_list(&names, t, "d/a", &err), E_INPUT);
	tree_walk(t, "d", list_one, &below);
	assert_string_equal(below.ptr, "d/ d/a d/m/ d/m/n d/z");
}

static void reading(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_tree_close) struct tree *t = NULL;
	AUTO(buf_free) struct buf b = BUF_INIT(100);
	struct err err = { 0 };

	add_layer(f, LAYER(D("etc"), F("etc/passwd"), F("x"), { .name = "fifo", .type = '6' }));
	add_layer(f, LAYER({ .name = "etc/passwd", .body = "above" }, L("p", "/etc/passwd"),
			   H("h", "x")));
	MUST(open_tree(&t, f, &err));
	MUST(tree_read(&b, t, "p", 5, &err));
	assert_string_equal(b.ptr, "above");
	buf_clear(&b);
	MUST(tree_read(&b, t, "h", 5, &err));
	assert_string_equal(b.ptr, "x");
	MUST_FAIL(tree_read(&b, t, "p", 4, &err), E_INPUT);
	MUST_FAIL(tree_read(&b, t, "fifo", 9, &err), E_INPUT);
	MUST_FAIL(tree_read(&b, t, "etc", 9, &err), E_INPUT);
	MUST_FAIL(tree_read(&b, t, "none", 9, &err), E_NOT_FOUND);
}

static void fetching(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_tree_close) struct tree *t = NULL;
	static const char *const paths[] = { "top", "b", "a", "h", "d", "l", "over", "empty" };
	static const char *const want[] = { "top", "b", "a", "a", NULL, NULL, "new", "" };
	struct entry copies[ARRAY_LEN(paths)];
	struct entry *entries[ARRAY_LEN(paths)];
	const struct entry *own[ARRAY_LEN(paths)];
	unsigned char hashes[ARRAY_LEN(paths)][SHA256_SIZE] = { 0 };
	AUTO(str_list_free) struct str_list spooled = { 0 };
	struct err err = { 0 };

	add_layer(f, LAYER(F("a"), F("unwanted"), F("b"), D("d"), L("l", "a"), F("over"),
			   { .name = "empty" }));
	add_layer(f, LAYER(F("top"), H("h", "a"), { .name = "over", .body = "new" }));
	MUST(open_tree(&t, f, &err));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const struct entry *e;

		MUST(tree_find(&e, NULL, t, paths[i], false, &err));
		copies[i] = *(own[i] = e);
		entries[i] = &copies[i];
		assert_null(e->open);
		assert_int_equal(tree_same_file(e, e), e->kind != ENTRY_DIR);
	}
	MUST(tree_hash(hashes, t, own, ARRAY_LEN(paths), &err));
	MUST(tree_fetch(t, entries, ARRAY_LEN(paths), f->spool, &err));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		AUTO(auto_source_close) struct source *from = NULL;
		AUTO(buf_free) struct buf b = BUF_INIT(100);
		struct sink_buf to = sink_buf(&b);
		unsigned char hash[SHA256_SIZE] = { 0 };

		if (want[i])
			sha256_of(hash, want[i], strlen(want[i]));
		assert_memory_equal(hashes[i], hash, SHA256_SIZE);
		if (!want[i]) {
			assert_null(copies[i].open);
			continue;
		}
		MUST(copies[i].open(&copies[i], &from, &err));
		MUST(source_copy(from, &to.sink, NULL, &err));
		assert_string_equal(b.ptr, want[i]);
	}
	MUST(fs_list(&spooled, f->spool, "", FS_BENEATH, &err));
	assert_int_equal(spooled.len, 5); /* a and h are one */
}

static void remove_blobs(struct fixture *f)
{
	struct err err = { 0 };

	for (size_t i = 0; i < f->count; i++) {
		AUTO(auto_free)
		char *path = mem_printf("store/blobs/sha256/%s",
					digest_hex(&f->layers[i].descriptor.digest).text);

		assert_int_equal(unlinkat(f->dir.fd, path, 0), 0);
	}
	(void)err;
}

/* With the index cached no layer byte is needed; damaged, it counts for nothing. */
static void caching(void **state)
{
	struct fixture *f = *state;
	AUTO(str_list_free) struct str_list files = { 0 };
	struct err err = { 0 };
	AUTO(buf_free) struct buf index = BUF_INIT(1 << 20);

	add_layer(f,
		  LAYER({ .name = "a", .body = "text", .mode = 04755, .uid = 1000 }, L("l", "a")));
	for (int i = 0; i < 2; i++) {
		AUTO(auto_tree_close) struct tree *t = NULL;

		MUST(open_tree(&t, f, &err));
	}
	MUST(fs_list(&files, f->cache, "", FS_BENEATH, &err));
	assert_int_equal(files.len, 1);
	MUST(fs_read(&index, f->cache, files.items[0], 1 << 20, FS_BENEATH, &err));

	for (size_t i = 0; i < index.len + 3; i++) { /* one byte wrong, and three lengths */
		AUTO(auto_tree_close) struct tree *t = NULL;
		AUTO(buf_free) struct buf bad = BUF_INIT(1 << 20);
		const struct entry *e;

		buf_put_bytes(&bad, index.ptr, index.len);
		if (i < index.len)
			bad.ptr[i] ^= 1;
		MUST(fs_write_atomic(f->cache, files.items[0], bad.ptr,
				     i < index.len    ? bad.len
				     : i == index.len ? 0
						      : bad.len / (i - index.len + 1),
				     0644, &err));
		MUST(open_tree(&t, f, &err));
		MUST(tree_find(&e, NULL, t, "l", true, &err));
		assert_int_equal(e->mode, 04755);
	}
	remove_blobs(f);
	{
		AUTO(auto_tree_close) struct tree *t = NULL;
		AUTO(buf_free) struct buf b = BUF_INIT(100);
		const struct entry *e;

		MUST(open_tree(&t, f, &err));
		MUST(tree_find(&e, NULL, t, "l", true, &err));
		assert_int_equal(e->mode, 04755);
		assert_int_equal(e->uid, 1000);
		assert_int_equal(e->size, 4);
		MUST_FAIL(tree_read(&b, t, "a", 100, &err), E_NOT_FOUND);
	}
}

static void bad_layers(void **state)
{
	static const struct raw_member stacks[][2][4] = {
		{ { H("h", "none") } },      { { H("h", "h") } },
		{ { D("h"), H("h", "h") } }, { { D("d"), H("h", "d") } },
		{ { F("f"), F("f/x") } },    { { F("f"), L("l", "f/.."), F("l/x") } },
		{ { F(".wh..") } },
	};
	struct fixture *f = *state;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
		struct tree *t = NULL;

		f->count = 0;
		add_layer(f, stacks[i][0]);
		MUST_FAIL(open_tree(&t, f, &err), E_INTEGRITY);
	}
	f->count = 0;
	add_layer(f, LAYER(F("other")));
	f->layers[0].diff_id.bytes[0] ^= 1;
	{
		struct tree *t = NULL;

		MUST_FAIL(open_tree(&t, f, &err), E_INTEGRITY);
	}
}

static void many_files(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_tree_close) struct tree *t = NULL;
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 26);
	struct layer_options opt = layer_options_default();
	AUTO(auto_layer_writer_close) struct layer_writer *w = NULL;
	struct layer layer;
	struct err err = { 0 };
	const struct entry *e;

	for (int i = 0; i < 20000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "d%d/e%d/f%d", i % 10, i % 100, i);
		raw_member(&tar, &(struct raw_member){ .name = name });
	}
	raw_end(&tar);
	MUST(layer_writer_open(&w, f->store, &opt, &err));
	MUST(sink_write(layer_writer_sink(w), tar.ptr, tar.len, &err));
	MUST(layer_writer_commit(&layer, w, &err));
	f->layers[0] = (struct tree_layer){ layer.descriptor, layer.diff_id };
	f->count = 1;
	add_layer(f, LAYER(F("d3/.wh..wh..opq")));
	MUST(open_tree(&t, f, &err));
	MUST(tree_find(&e, NULL, t, "d4/e4/f10004", true, &err));
	assert_non_null(e);
	MUST(tree_find(&e, NULL, t, "d3/e3/f3", true, &err));
	assert_null(e);
	MUST(tree_find(&e, NULL, t, "d3/e3", true, &err));
	assert_null(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_as_unpacked, setup, teardown),
		cmocka_unit_test_setup_teardown(upper_layers, setup, teardown),
		cmocka_unit_test_setup_teardown(upper_layers_by_chance, setup, teardown),
		cmocka_unit_test_setup_teardown(finding, setup, teardown),
		cmocka_unit_test_setup_teardown(listing, setup, teardown),
		cmocka_unit_test_setup_teardown(reading, setup, teardown),
		cmocka_unit_test_setup_teardown(fetching, setup, teardown),
		cmocka_unit_test_setup_teardown(caching, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_layers, setup, teardown),
		cmocka_unit_test_setup_teardown(many_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
