// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "extend/bake.h"
#include "extend/packages.h"
#include "image/store.h"
#include "layers/tar.h"
#include "tests/unit/python/make_wheel.h"

/* Requirements as a layer beside the functions, from wheels made here. */

struct world {
	struct fs_tmpdir dir, store_dir;
	struct store *store;
	struct recorder said;
	char *wheels, *requirements;
};

static int open_world(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	dir_open(&w->dir);
	dir_open(&w->store_dir);
	MUST(store_open(&w->store, w->store_dir.path, err));
	recorder_open(&w->said);
	put_file(&w->dir, "wheels/.keep", "");
	w->wheels = fs_join(w->dir.path, "wheels");
	w->requirements = fs_join(w->dir.path, "requirements.txt");
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	recorder_close(&w->said);
	fs_tmpdir_close(&w->dir);
	fs_tmpdir_close(&w->store_dir);
	free(w->wheels);
	free(w->requirements);
	free(w);
	return 0;
}

static bool choose(struct packages *out, struct world *w, const char *python,
		   const char *architecture, const char *libc, const char *requirements,
		   struct err *err)
{
	const char *files[] = { w->requirements }, *links[] = { w->wheels };
	struct packages_request req = { .python = python,
					.libc = libc,
					.platform = { .os = "linux" },
					.files = files,
					.file_count = 1,
					.find_links = links,
					.find_links_count = 1 };

	put_file(&w->dir, "requirements.txt", requirements);
	buf_clear(&w->said.text);
	snprintf(req.platform.architecture, sizeof(req.platform.architecture), "%s", architecture);
	return packages_choose(out, &req, &w->said.events, err);
}

static char *names_of(const struct packages *p)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct buf text = BUF_INIT(4096);

	packages_names(&names, p);
	for (size_t i = 0; i < names.len; i++)
		buf_putf(&text, "%s%s", i ? ", " : "", names.items[i]);
	return text.len ? buf_steal(&text) : mem_strdup("");
}

static void chosen_for_the_image(void **state)
{
	/* clang-format off */
	static const struct {
		const char *python, *architecture, *libc, *requirements, *want;
	} cases[] = {
		{ "3.11",   "amd64", NULL,       "pure\n",          "pure 2" },
		{ "3.11.2", "amd64", NULL,       "pure==1\n",       "pure 1" },
		{ "3.11",   "amd64", NULL,       "needs\n",         "needs 1, pure 2" },
		{ "3.11",   "amd64", NULL,       "pure; python_version < '3.10'\n", "" },
		{ "3.12",   "amd64", NULL,       "minor\n",         "minor 1" }, /* its cp312 wheel is older */
		{ "3.11",   "amd64", NULL,       "minor\n",         "minor 2" },
		{ "3.11",   "arm64", NULL,       "machine\n",       "machine 3" },
		{ "3.11",   "amd64", NULL,       "machine\n",       "machine 4" },
		{ "3.11",   "amd64", "musl-1.2", "machine\n",       "machine 5" },
	};
	/* clang-format on */
	struct world *w = *state;

	make_wheel(w->wheels, "pure", "1", "py3-none-any", "");
	make_wheel(w->wheels, "pure", "2", "py3-none-any", "");
	make_wheel(w->wheels, "needs", "1", "py3-none-any", "Requires-Dist: pure\n");
	make_wheel(w->wheels, "minor", "1", "cp312-none-any", "");
	make_wheel(w->wheels, "minor", "2", "cp311-none-any", "");
	make_wheel(w->wheels, "machine", "3", "py3-none-manylinux_2_17_aarch64", "");
	make_wheel(w->wheels, "machine", "4", "py3-none-manylinux_2_17_x86_64", "");
	make_wheel(w->wheels, "machine", "5", "py3-none-musllinux_1_2_x86_64", "");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *got = NULL;
		struct packages p;

		MUST(choose(&p, w, cases[i].python, cases[i].architecture, cases[i].libc,
			    cases[i].requirements, err));
		got = names_of(&p);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%zu: '%s'", i, got);
		packages_free(&p);
	}
}

static void not_chosen(void **state)
{
	struct world *w = *state;
	struct packages p;

	MUST_FAIL(choose(&p, w, "3.11", "amd64", NULL, "nowhere\n", err), E_NOT_FOUND, "nowhere");
	assert_int_equal(p.wheels.len, 0);
	MUST_FAIL(choose(&p, w, "3.11", "amd64", NULL, "pure==9\n", err), E_NOT_FOUND, "pure");
	MUST_FAIL(choose(&p, w, "3.13", "amd64", NULL, "minor\n", err), E_NOT_FOUND, "minor");
	MUST_FAIL(choose(&p, w, "3.11", "amd64", "dietlibc-1", "pure\n", err), E_USAGE,
		  "dietlibc-1");
	MUST_FAIL(choose(&p, w, "3.11", "amd64", NULL, "pure >< 1\n", err), E_INPUT, "'>< 1'");
	assert_int_equal(p.wheels.len, 0);
}

/* The same packages for the same Python are the same layer; of another, another. */
static void identity(void **state)
{
	static const struct {
		const char *python, *requirements;
		bool same;
	} cases[] = {
		{ "3.11", "pure\nneeds\n", true },  { "3.11.9", "needs\npure\n", true },
		{ "3.11", "needs\n", false }, /* another REQUESTED */
		{ "3.12", "pure\nneeds\n", false }, { "3.11", "needs\npure==1\n", false },
	};
	struct world *w = *state;
	struct packages_hash first = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct packages_hash hash;
		struct packages p;

		MUST(choose(&p, w, cases[i].python, "amd64", NULL, cases[i].requirements, err));
		hash = packages_identity(&p);
		assert_int_equal(strlen(hash.text), 64);
		if (!i)
			first = hash;
		if ((strcmp(hash.text, first.text) == 0) != cases[i].same)
			fail_msg("%zu: %s", i, hash.text);
		packages_free(&p);
	}
}

/* "path path ..." of its files, as they lie below the packages' directory. */
static char *paths_in(struct store *store, const struct layer *layer)
{
	static const char top[] = BAKE_PACKAGES "/";
	AUTO(auto_tar_reader_close) struct tar_reader *reader = NULL;
	AUTO(auto_source_close) struct source *tar = NULL;
	struct buf text = BUF_INIT(1 << 16);

	MUST(layer_open(&tar, store_blobs(store), &layer->descriptor, &layer->diff_id, err));
	MUST(tar_reader_open(&reader, tar, err));
	for (bool more = true; more;) {
		struct entry e;

		MUST(tar_reader_next(&e, &more, reader, err));
		if (!more || e.kind != ENTRY_FILE || strstr(e.path, ".dist-info/"))
			continue;
		assert_true(str_has_prefix(e.path, top));
		buf_putf(&text, "%s%s", text.len ? " " : "", e.path + sizeof(top) - 1);
	}
	return text.len ? buf_steal(&text) : mem_strdup("");
}

static bool write_all(struct layer *out, struct world *w, const char *requirements, struct err *err)
{
	const struct layer_options options = layer_options_default();
	struct packages p;
	bool ok;

	if (!choose(&p, w, "3.11", "amd64", NULL, requirements, err))
		return false;
	ok = packages_write(out, w->store, &p, &options, &w->said.events, err);
	packages_free(&p);
	return ok;
}

static void written(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *paths = NULL;
	struct layer layer, again;

	MUST(write_all(&layer, w, "needs\n", err));
	assert_non_null(strstr(w->said.text.ptr, "note: bakes package needs 1\n"));
	assert_non_null(strstr(w->said.text.ptr,
			       "note: bakes package pure 2, which another one requires\n"));
	paths = paths_in(w->store, &layer);
	assert_string_equal(paths, "needs.py pure.py");
	MUST(write_all(&again, w, "needs\n", err));
	assert_true(digest_eq(&layer.descriptor.digest, &again.descriptor.digest));
}

/* A wheel of these members, each "path", or "path/" for a module of a package. */
static void make_with(struct world *w, const char *name, const char *path)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(auto_free) char *record = mem_printf("%s-1.dist-info/RECORD", name);
	AUTO(auto_free) char *filename = mem_printf("%s-1-py3-none-any.whl", name);
	AUTO(auto_free) char *written = NULL;

	made_add(&m, path, "");
	made_add_info(&m, name, "1", "");
	made_add_record(&m, record);
	written = made_write(&m, w->wheels, filename);
}

static void nothing_is_hidden(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *path, *says; /* NULL: it is taken */
	} cases[] = {
		{ "enum34",    "enum/__init__.py",          "'enum', which would hide Python's own" },
		{ "typing",    "typing.py",                 "'typing', which would hide Python's own" },
		{ "lithops",   "lithops/__init__.py",       "'lithops', which would hide the image's own Lithops" },
		{ "native",    "_json.abi3.so",             "'_json', which would hide Python's own" },
		{ "json",      "json_of_theirs.py",         NULL }, /* its .dist-info is no module */
		{ "namespace", "test/of_theirs.py",         NULL },
		{ "deeper",    "theirs/json.py",            NULL },
		{ "data",      "json.txt",                  NULL },
		{ "nearly",    "typing_extensions.py",      NULL },
	};
	/* clang-format on */
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct layer layer;
		struct err err = { 0 };
		bool ok;

		make_with(w, cases[i].name, cases[i].path);
		ok = write_all(&layer, w, cases[i].name, &err);
		if (ok == (cases[i].says != NULL) ||
		    (!ok && (err.code != E_INPUT || !strstr(err.msg, cases[i].says) ||
			     !strstr(err.hint, "requirements"))))
			fail_msg("%s: %s: %s", cases[i].name, err_name(err.code), err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_for_the_image),
		cmocka_unit_test(not_chosen),
		cmocka_unit_test(identity),
		cmocka_unit_test(written),
		cmocka_unit_test(nothing_is_hidden),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
