// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/layers/support.h"

#include "builder/driver.h"
#include "layers/layer.h"

/* COPY --from: how many layers are looked into, and that they say what all layers say. */

enum { LAYERS_MAX = 4 };

struct fixture {
	struct fs_tmpdir dir;
	struct build_env env;
	struct build build;
	struct layer layers[LAYERS_MAX];
	size_t count;
};

static void add_layer(struct fixture *f, const struct raw_member *members)
{
	struct layer_options opt = layer_options_default();
	AUTO(auto_layer_writer_close) struct layer_writer *w = NULL;
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	struct err err = { 0 };

	raw_tar(&tar, members);
	MUST(layer_writer_open(&w, f->env.store, &opt, &err));
	MUST(sink_write(layer_writer_sink(w), tar.ptr, tar.len, &err));
	MUST(layer_writer_commit(&f->layers[f->count++], w, &err));
}

static void open_fixture(struct fixture *f, const struct raw_member layers[][8])
{
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };

	*f = (struct fixture){ .dir = FS_TMPDIR_INIT };
	f->build.env = &f->env;
	MUST(fs_tmpdir_open(&f->dir, &err));
	path = mem_printf("%s/store", f->dir.path);
	MUST(store_open(&f->env.store, path, &err));
	for (size_t i = 0; i < LAYERS_MAX && layers[i][0].name; i++)
		add_layer(f, layers[i]);
}

static void close_fixture(struct fixture *f)
{
	store_close(f->env.store);
	fs_tmpdir_close(&f->dir);
}

/* Every layer that was looked into left its list of members behind. */
static size_t looked_into(struct fixture *f)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int indexes = -1;
	struct err err = { 0 };

	MUST(store_subdir(&indexes, f->env.store, "cache/indexes", &err));
	MUST(fs_list(&names, indexes, "", FS_BENEATH, &err));
	return names.len;
}

/* What a source is, as text: the entry, its attributes, its bytes. */
static void describe(struct buf *out, const struct tree *t, const char *source)
{
	const struct entry *e;
	struct err err = { 0 };

	if (!tree_find(&e, NULL, t, source, true, &err)) {
		buf_put(out, err.msg);
		return;
	}
	if (!e) {
		buf_put(out, "absent");
		return;
	}
	buf_putf(out, "%d %o %d %s", (int)e->kind, (unsigned)e->mode, (int)e->uid, e->path);
	for (size_t i = 0; i < e->xattr_count; i++)
		buf_putf(out, " {%s=%.*s}", e->xattrs[i].name, (int)e->xattrs[i].len,
			 (const char *)e->xattrs[i].value);
	buf_put(out, " = ");
	if (e->kind == ENTRY_FILE)
		MUST(tree_read(out, t, source, 1000, &err));
}

#define F(n, text)                      \
	{                               \
		.name = n, .body = text \
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
#define X(text)                                          \
	{                                                \
		.name = "pax", .type = 'x', .body = text \
	}

/* clang-format off */
static const struct raw_member plain[LAYERS_MAX][8] = {
	{ D("d"), F("d/low", "1"), F("d/gone", "1"), F("d/over", "1"), D("s"), F("s/x", "1"), F("bottom", "1") },
	{ D("d"), F("d/over", "2"), X("25 SCHILY.xattr.user.k=v\n"), F("d/attr", "2"), F("first", "2"), H("second", "first") },
	{ D("d"), F("d/.wh.gone", ""), D("s"), F("s/.wh..wh..opq", ""), F("s/y", "3"), F(".wh.dir", "") },
	{ D("d"), F("d/top", "4"), L("d/link", "low"), L("d/near", "../d/top"), L("way", "s"), L("loop", "loop"), L("odd", "d/top/../low") },
};
static const struct raw_member linked[LAYERS_MAX][8] = {
	{ D("real"), L("dir", "real"), F("real/f", "1"), F("f", "1") },
	{ F("g", "2") },
	{ D("own"), H("own/hard", "f"), F("own/x", "3") },
	{ F("dir/f", "4"), F("z", "4") },
};
static const struct {
	const struct raw_member (*layers)[8];
	const char *sources[3];
	size_t looked; /* LAYERS_MAX: it wants all */
	bool is_whole; /* nothing was opened */
	const char *want; /* of the first source */
} cases[] = {
	{ plain, { "/d/top" }, 1, false, "0 644 0 d/top = 4" },
	{ plain, { "d/near" }, 1, false, "0 644 0 d/top = 4" },
	{ plain, { "loop" }, 1, false, NULL },
	{ plain, { "d/top/" }, 0, true, NULL },
	{ plain, { "/d/to*" }, 0, true, NULL },
	{ plain, { "." }, 0, true, NULL },
	{ plain, { "/s/y" }, 2, false, "0 644 0 s/y = 3" },
	{ plain, { "/way/y" }, 2, false, "0 644 0 s/y = 3" },
	{ plain, { "/s/x" }, 2, false, "absent" },
	{ plain, { "/s" }, 2, false, NULL },
	{ plain, { "way" }, 2, false, NULL },
	{ plain, { "/s/y/below" }, 2, false, "absent" },
	{ plain, { "/dir/x" }, 2, false, "absent" },
	{ plain, { "/d/gone" }, 2, false, "absent" },
	{ plain, { "/d/over" }, 3, false, "0 644 0 d/over = 2" },
	{ plain, { "/d/attr" }, 3, false, "0 644 0 d/attr {user.k=v} = 2" },
	{ plain, { "/second", "first" }, 3, false, "0 644 0 second = 2" },
	{ plain, { "/d/top", "/d/over" }, 3, false, "0 644 0 d/top = 4" },
	{ plain, { "/d/link" }, 3, true, "0 644 0 d/low = 1" },
	{ plain, { "/odd" }, 3, true, NULL },
	{ plain, { "/bottom" }, 3, true, "0 644 0 bottom = 1" },
	{ plain, { "/none" }, 3, true, "absent" },
	{ plain, { "/d" }, 1, true, NULL },
	{ plain, { "/bottom", "/d" }, 1, true, NULL },
	{ linked, { "/z" }, 3, true, "0 644 0 z = 4" },
	{ linked, { "/real/f" }, 3, true, "0 644 0 real/f = 4" },
	{ linked, { "/own/hard" }, 3, true, "0 644 0 own/hard = 1" },
};
/* clang-format on */

static void few_layers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(close_fixture) struct fixture f;
		AUTO(auto_tree_close) struct tree *few = NULL;
		AUTO(auto_tree_close) struct tree *all = NULL;
		struct step_copy copy = { .sources = cases[i].sources };
		struct err err = { 0 };
		size_t looked;

		while (copy.source_count < 3 && cases[i].sources[copy.source_count])
			copy.source_count++;
		open_fixture(&f, cases[i].layers);
		MUST(copysource_open(&few, &f.build, NULL, f.layers, f.count, &copy, &err));
		looked = looked_into(&f);
		if (looked != cases[i].looked || !few != cases[i].is_whole)
			fail_msg("case %zu: looked into %zu layers, %s", i, looked,
				 few ? "enough" : "wants all");
		MUST(base_tree(&all, &f.build, NULL, f.layers, f.count, &err));
		for (size_t k = 0; k < copy.source_count; k++) {
			AUTO(buf_free) struct buf got = BUF_INIT(4096);
			AUTO(buf_free) struct buf want = BUF_INIT(4096);

			describe(&got, few ? few : all, copy.sources[k]);
			describe(&want, all, copy.sources[k]);
			if (!str_eq(got.ptr, want.ptr) ||
			    (!k && cases[i].want && !str_eq(got.ptr, cases[i].want)))
				fail_msg("case %zu: '%s', not '%s'", i, got.ptr, want.ptr);
		}
	}
}

/* Two names of one file stay that. */
static void hard_links(void **state)
{
	static const char *const sources[] = { "first", "second" };
	const struct step_copy copy = { .sources = sources, .source_count = 2 };
	AUTO(close_fixture) struct fixture f;
	AUTO(auto_tree_close) struct tree *t = NULL;
	const struct entry *first, *second;
	struct err err = { 0 };

	(void)state;
	open_fixture(&f, plain);
	MUST(copysource_open(&t, &f.build, NULL, f.layers, f.count, &copy, &err));
	MUST(tree_find(&first, NULL, t, "first", false, &err));
	MUST(tree_find(&second, NULL, t, "second", false, &err));
	assert_true(tree_same_file(first, second));
}

/* Layers whose members are known already are looked into together. */
static void at_hand(void **state)
{
	static const char *const sources[] = { "d/top" };
	const struct step_copy copy = { .sources = sources, .source_count = 1 };
	AUTO(close_fixture) struct fixture f;
	AUTO(auto_tree_close) struct tree *all = NULL;
	AUTO(auto_tree_close) struct tree *t = NULL;
	struct err err = { 0 };

	(void)state;
	open_fixture(&f, plain);
	MUST(base_tree(&all, &f.build, NULL, f.layers, f.count, &err));
	MUST(copysource_open(&t, &f.build, NULL, f.layers, f.count, &copy, &err));
	assert_null(t);
}

static void parents(void **state)
{
	static const char *const sources[] = { "d/top" };
	const struct step_copy copy = { .sources = sources, .source_count = 1, .parents = true };
	AUTO(close_fixture) struct fixture f;
	AUTO(auto_tree_close) struct tree *t = NULL;
	struct err err = { 0 };

	(void)state;
	open_fixture(&f, plain);
	MUST(copysource_open(&t, &f.build, NULL, f.layers, f.count, &copy, &err));
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_layers),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(at_hand),
		cmocka_unit_test(parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
