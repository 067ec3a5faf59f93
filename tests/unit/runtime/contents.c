// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/extend/support.h"

#include <fcntl.h>
#include <unistd.h>

#include "image/store.h"
#include "layers/layer.h"
#include "runtime/contents.h"

/* The same files as layers of an image and as a zip: one answer from either. */

/* '-' and '.' sort before '/', '0' behind: members of "a" lie apart from it. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "a-b", "minus" },     { "a.txt", "dot" }, { "a/b.py", "0123456789" },
	{ "a/c/d.py", "deep" }, { "a0", "zero" },   { "empty", "" },
};

struct world {
	struct fs_tmpdir dir, store_dir;
	struct store *store;
	struct image image;
	struct zip *zip;
	struct contents of_image, of_zip;
};

static void add_files(struct entry_list *out, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		entry_add_bytes(out, files[i].path, files[i].text, strlen(files[i].text));
}

static void image_of(struct image *out, struct store *store, const struct layer *layers,
		     size_t count)
{
	AUTO(config_free) struct config config = { 0 };
	AUTO(buf_free) struct buf raw = BUF_INIT(4096);
	const struct image_recipe recipe = { .config = &config,
					     .layers = layers,
					     .layer_count = count,
					     .family = FAMILY_OCI,
					     .blobs = store_blobs(store) };

	buf_put(&raw, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":"
		      "\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < count; i++)
		buf_putf(&raw, "%s\"%s\"", i ? "," : "", digest_format(&layers[i].diff_id).text);
	buf_put(&raw, "]}}");
	MUST(config_parse(&config, raw.ptr, raw.len, err));
	MUST(image_make(out, &recipe, err));
}

/* Two layers, the upper one with links and with whiteouts of what the lower one has too many. */
static void make_image(struct world *w)
{
	const struct layer_options options = layer_options_default();
	struct layer layers[2];

	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		AUTO(entry_list_free) struct entry_list list = { 0 };

		if (!i) {
			add_files(&list, 0, 3);
			entry_add_bytes(&list, "gone", "x", 1);
			entry_add_bytes(&list, "a/old/x", "x", 1);
			entry_add_bytes(&list, "a0", "of the lower layer", 18);
		} else {
			add_files(&list, 3, ARRAY_LEN(files));
			entry_add_bytes(&list, ".wh.gone", "", 0);
			entry_add_bytes(&list, "a/.wh.old", "", 0);
		}
		MUST(entry_list_add_parents(&list, err));
		MUST(layer_write(&layers[i], w->store, &list, &options, err));
	}
	image_of(&w->image, w->store, layers, ARRAY_LEN(layers));
	MUST(contents_of_image(&w->of_image, &w->image, store_blobs(w->store), w->store, err));
}

static struct zip *open_zip(const char *path)
{
	struct zip *zip;

	MUST(zip_open(&zip, open(path, O_RDONLY | O_CLOEXEC), "test.zip", err));
	return zip;
}

static char *write_zip(const struct world *w, const char *name)
{
	AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20);
	AUTO(entry_list_free) struct entry_list list = { 0 };
	struct sink_buf sink = sink_buf(&bytes);
	char *path = fs_join(w->dir.path, name);

	add_files(&list, 0, ARRAY_LEN(files));
	MUST(entry_list_sort(&list, err));
	MUST(zip_write(&sink.sink, &list, err));
	MUST(fs_write_path_atomic(path, bytes.ptr, bytes.len, 0644, err));
	return path;
}

static int open_world(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));
	AUTO(auto_free) char *path = NULL;

	w->dir = w->store_dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&w->dir, err));
	MUST(fs_tmpdir_open(&w->store_dir, err));
	MUST(store_open(&w->store, w->store_dir.path, err));
	make_image(w);
	path = write_zip(w, "test.zip");
	w->zip = open_zip(path);
	MUST(contents_of_zip(&w->of_zip, w->zip, err));
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	contents_free(&w->of_image);
	contents_free(&w->of_zip);
	zip_close(w->zip);
	image_free(&w->image);
	store_close(w->store);
	fs_tmpdir_close(&w->dir);
	fs_tmpdir_close(&w->store_dir);
	free(w);
	return 0;
}

static struct contents *each(struct world *w, size_t i)
{
	return i ? &w->of_zip : &w->of_image;
}

static const struct entry *find(const struct contents *c, const char *path)
{
	const struct entry *e;

	MUST(contents_find(&e, NULL, c, path, err));
	return e;
}

static void found(void **state)
{
	static const char *const dirs[] = { "", "/", "a", "/a", "a/c" };
	static const char *const absent[] = { "gone", "a/old", "b", "a/b", "a/b.py/x", "a-" };
	struct world *w = *state;

	for (size_t k = 0; k < 2; k++) {
		const struct contents *c = each(w, k);

		for (size_t i = 0; i < ARRAY_LEN(files); i++) {
			AUTO(auto_free) char *slashed = mem_printf("/%s", files[i].path);
			AUTO(auto_free) char *path = NULL;
			const struct entry *e;

			MUST(contents_find(&e, &path, c, slashed, err));
			if (!e || e->kind != ENTRY_FILE ||
			    e->size != (int64_t)strlen(files[i].text) || (e->mode & 07777) != 0644)
				fail_msg("%zu: %s", k, files[i].path);
			assert_string_equal(path, files[i].path);
			assert_string_equal(e->path, files[i].path);
		}
		for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
			if (!find(c, dirs[i]) || find(c, dirs[i])->kind != ENTRY_DIR)
				fail_msg("%zu: '%s'", k, dirs[i]);
		for (size_t i = 0; i < ARRAY_LEN(absent); i++)
			if (find(c, absent[i]))
				fail_msg("%zu: '%s'", k, absent[i]);
	}
}

static void listed(void **state)
{
	static const struct {
		const char *dir, *want;
	} cases[] = {
		{ "", "a a-b a.txt a0 empty" },
		{ "a", "b.py c" },
		{ "a/c", "d.py" },
		{ "a/b.py", "" },
		{ "a-b", "" },
		{ "nowhere", "" },
	};
	struct world *w = *state;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			AUTO(str_list_free) struct str_list names = { 0 };
			AUTO(buf_free) struct buf got = BUF_INIT(4096);

			buf_put(&got, "");
			MUST(contents_list(&names, each(w, k), cases[i].dir, err));
			for (size_t n = 0; n < names.len; n++)
				buf_putf(&got, "%s%s", n ? " " : "", names.items[n]);
			if (strcmp(got.ptr, cases[i].want) != 0)
				fail_msg("%zu: '%s': '%s'", k, cases[i].dir, got.ptr);
		}
}

struct walked {
	struct buf paths;
	size_t left; /* visits until it is enough */
};

static bool visit(void *arg, const struct entry *e)
{
	struct walked *to = arg;

	if (e->kind == ENTRY_FILE)
		buf_putf(&to->paths, "%s ", e->path);
	return --to->left > 0;
}

static void walked(void **state)
{
	static const struct {
		const char *dir;
		size_t most;
		const char *want;
	} cases[] = {
		{ "", SIZE_MAX, "a-b a.txt a/b.py a/c/d.py a0 empty " },
		{ "a", SIZE_MAX, "a/b.py a/c/d.py " },
		{ "a/c", SIZE_MAX, "a/c/d.py " },
		{ "nowhere", SIZE_MAX, "" },
		{ "a", 1, "a/b.py " },
	};
	struct world *w = *state;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			struct walked to = { BUF_INIT(4096), cases[i].most };

			buf_put(&to.paths, "");
			contents_walk(each(w, k), cases[i].dir, visit, &to);
			if (strcmp(to.paths.ptr, cases[i].want) != 0)
				fail_msg("%zu: '%s': '%s'", k, cases[i].dir, to.paths.ptr);
			buf_free(&to.paths);
		}
}

static void heads(void **state)
{
	static const char *const paths[] = { "a0", "a/b.py", "empty", "a-b", "a/c/d.py" };
	static const char *const want[] = { "zer", "012", "", "min", "dee" };
	struct world *w = *state;

	for (size_t k = 0; k < 2; k++) {
		const struct entry *entries[ARRAY_LEN(paths)];
		struct buf got[ARRAY_LEN(paths)];

		for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
			entries[i] = find(each(w, k), paths[i]);
			got[i] = (struct buf)BUF_INIT(4096);
		}
		MUST(contents_heads(got, each(w, k), entries, 0, 3, err));
		assert_int_equal(got[0].len, 0);
		MUST(contents_heads(got, each(w, k), entries, ARRAY_LEN(paths), 3, err));
		for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
			assert_int_equal(got[i].len, strlen(want[i]));
			assert_memory_equal(got[i].len ? got[i].ptr : "", want[i], got[i].len);
			buf_free(&got[i]);
		}
	}
}

static void read_whole(void **state)
{
	struct world *w = *state;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < ARRAY_LEN(files); i++) {
			AUTO(buf_free) struct buf got = BUF_INIT(4096);
			const struct entry *e = find(each(w, k), files[i].path);
			size_t len = strlen(files[i].text);

			MUST(contents_read(&got, each(w, k), e, len, err));
			assert_int_equal(got.len, len);
			assert_memory_equal(len ? got.ptr : "", files[i].text, len);
			if (!len)
				continue;
			MUST_FAIL(contents_read(&got, each(w, k), e, len - 1, err), E_INPUT,
				  files[i].path);
		}
}

/* Only its first bytes are wanted, and they are right: the sum is told at the end. */
static void a_broken_member_is_found(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *path = write_zip(w, "broken.zip");
	AUTO(buf_free) struct buf bytes = BUF_INIT(1 << 20), head = BUF_INIT(4096);
	AUTO(contents_free) struct contents c = { 0 };
	const struct entry *e;
	struct zip *zip;
	char *at;

	MUST(fs_read_path(&bytes, path, 1 << 20, err));
	at = memmem(bytes.ptr, bytes.len, "0123456789", 10); /* stored: too small to deflate */
	assert_non_null(at);
	at[9] = 'X';
	MUST(fs_write_path_atomic(path, bytes.ptr, bytes.len, 0644, err));
	zip = open_zip(path);
	MUST(contents_of_zip(&c, zip, err));
	e = find(&c, "a/b.py");
	MUST_FAIL(contents_heads(&head, &c, &e, 1, 3, err), E_INTEGRITY, "");
	zip_close(zip);
}

/* Links of an image are followed inside its root; a loop is no file. */
static void links(void **state)
{
	struct world *w = *state;
	const struct layer_options options = layer_options_default();
	static const struct {
		const char *path, *target, *real; /* real NULL: there is nothing */
	} cases[] = {
		{ "usr/bin/python", "python3.11", "usr/bin/python3.11" },
		{ "bin", "usr/bin", "usr/bin" },
		{ "up", "../../../usr/bin/python3.11", "usr/bin/python3.11" },
		{ "absolute", "/usr/bin", "usr/bin" },
		{ "dangling", "nowhere", NULL },
	};
	AUTO(entry_list_free) struct entry_list list = { 0 };
	AUTO(contents_free) struct contents c = { 0 };
	AUTO(buf_free) struct buf head = BUF_INIT(16);
	struct layer layer;
	struct image image;
	const struct entry *e;

	entry_add_bytes(&list, "usr/bin/python3.11", "ELF", 3);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		entry_add(&list, ENTRY_SYMLINK, cases[i].path)->link = cases[i].target;
	MUST(entry_list_add_parents(&list, err));
	MUST(layer_write(&layer, w->store, &list, &options, err));
	image_of(&image, w->store, &layer, 1);
	MUST(contents_of_image(&c, &image, store_blobs(w->store), w->store, err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *real = NULL;

		MUST(contents_find(&e, &real, &c, cases[i].path, err));
		if (!e != !cases[i].real)
			fail_msg("%s", cases[i].path);
		if (e)
			assert_string_equal(real, cases[i].real);
	}
	e = find(&c, "/bin/python");
	MUST(contents_heads(&head, &c, &e, 1, 16, err));
	assert_memory_equal(head.ptr, "ELF", 3);
	image_free(&image);
}

static void an_image_without_layers_told_of(void **state)
{
	static const char raw[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{"
				  "\"type\":\"layers\",\"diff_ids\":[]}}";
	struct world *w = *state;
	AUTO(contents_free) struct contents c = { 0 };
	struct image img = w->image;

	MUST(config_parse(&img.config, raw, strlen(raw), err));
	MUST_FAIL(contents_of_image(&c, &img, store_blobs(w->store), w->store, err), E_INPUT,
		  "no file system");
	config_free(&img.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),      cmocka_unit_test(listed),
		cmocka_unit_test(walked),     cmocka_unit_test(heads),
		cmocka_unit_test(read_whole), cmocka_unit_test(a_broken_member_is_found),
		cmocka_unit_test(links),      cmocka_unit_test(an_image_without_layers_told_of),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
