// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/fsck.h"

/* image/store_put.c, store_find.c, store_list.c, store_index.c, store_sparse.c, store_catalog.c */

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"

static void put(struct store *s, const struct image *img, const char *name)
{
	struct reference ref = ref_of(name);

	MUST(store_put_image(s, img, &ref, err));
}

static bool find(struct image *out, struct store *s, const char *name, struct err *err)
{
	struct reference ref = ref_of(name);

	return store_find_image(out, s, &ref, NULL, err);
}

static struct digest found_digest(struct store *s, const char *name)
{
	AUTO(image_free) struct image img = { 0 };

	MUST(find(&img, s, name, err));
	return img.manifest.digest;
}

static bool is_listed_as(struct store *s, const char *name, const struct image *img)
{
	AUTO(image_free) struct image found = { 0 };
	struct err ignored = { 0 };

	return find(&found, s, name, &ignored) &&
	       digest_eq(&found.manifest.digest, &img->manifest.digest);
}

static void assert_clean(struct store *s)
{
	AUTO(fsck_report_free) struct fsck_report report = { 0 };

	MUST(store_fsck(&report, s, false, err));
	if (!fsck_is_clean(&report))
		fail_msg("%s: %s", report.items[0].what, report.items[0].why);
}

static void put_and_found(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(image_free) struct image img = { 0 };
	AUTO(auto_source_close) struct source *layer = NULL;
	AUTO(auto_free) char *pinned = NULL;

	(void)state;
	fixture_open(&f);
	build(&b, f.store, NULL, TEXTS("one", "two"));
	put(f.store, &b.image, "127.0.0.1:5000/me/rt:1");
	MUST(find(&img, f.store, "127.0.0.1:5000/me/rt:1", err));
	assert_int_equal(img.manifest.raw_len, b.image.manifest.raw_len);
	assert_memory_equal(img.manifest.raw, b.image.manifest.raw, img.manifest.raw_len);
	MUST(img.blobs->open(img.blobs, &layer, &img.manifest.layers[1], err));
	pinned = mem_printf("127.0.0.1:5000/me/rt@%s", digest_format(&img.manifest.digest).text);
	assert_true(is_listed_as(f.store, pinned, &b.image));
	MUST_FAIL(find(&img, f.store, "127.0.0.1:5000/me/rt:2", err), E_NOT_FOUND, "rt:2");
	MUST_FAIL(find(&img, f.store, "me/rt:1", err), E_NOT_FOUND, "me/rt:1");
	MUST_FAIL(find(&img, f.store, "me/rt@" DIGEST, err), E_NOT_FOUND, "me/rt@");
	assert_clean(f.store);
}

static void listed_under_its_full_name(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(auto_free) char *index = NULL;
	AUTO(auto_free) char *want = NULL;

	(void)state;
	fixture_open(&f);
	build(&b, f.store, NULL, TEXTS("one"));
	put(f.store, &b.image, "python");
	index = read_all(f.store, "index.json");
	want = mem_printf(
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX
		"\",\"manifests\":[{\"mediaType\":"
		"\"" OCI_MANIFEST "\",\"digest\":\"%s\",\"size\":%zu,\"platform\":"
		"{\"architecture\":\"amd64\",\"os\":\"linux\"},\"annotations\":{"
		"\"org.opencontainers.image.ref.name\":\"docker.io/library/python:latest\","
		"\"io.containerd.image.name\":\"docker.io/library/python:latest\"}}]}",
		digest_format(&b.image.manifest.digest).text, b.image.manifest.raw_len);
	assert_string_equal(index, want);
	assert_true(is_listed_as(f.store, "docker.io/python", &b.image));
}

static void names_of_every_form(void **state)
{
	static const struct {
		const char *put, *find;
	} cases[] = {
		{ "a", "a:latest" },
		{ "docker.io/library/a:latest", "a" },
		{ "a:1@" DIGEST, "a:1" },
		{ "[::1]:5000/x", "[::1]:5000/x:latest" },
		{ "h.io/x@" DIGEST, "h.io/x@" DIGEST },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(built_free) struct built b = { 0 };
		struct reference ref = ref_of(cases[i].find);

		fixture_open(&f);
		build(&b, f.store, NULL, TEXTS("one"));
		put(f.store, &b.image, cases[i].put);
		assert_true(store_has_image(f.store, &ref));
		assert_true(is_listed_as(f.store, cases[i].find, &b.image));
		MUST(store_remove_image(f.store, &ref, err));
		assert_false(store_has_image(f.store, &ref));
	}
}

static void replaced_in_its_place(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built a = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };
	struct digest got;

	(void)state;
	fixture_open(&f);
	build(&a, f.store, NULL, TEXTS("one"));
	build(&b, f.store, NULL, TEXTS("two"));
	put(f.store, &a.image, "x:1");
	put(f.store, &a.image, "y:1");
	put(f.store, &b.image, "x:1");
	got = found_digest(f.store, "x:1");
	assert_true(digest_eq(&got, &b.image.manifest.digest));
	MUST(store_images(&list, f.store, err));
	assert_int_equal(list.len, 2);
}

static void near_names_are_a_hint(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	struct err err = { 0 };
	struct image img;

	(void)state;
	fixture_open(&f);
	assert_false(find(&img, f.store, "pyhton:3", &err));
	assert_non_null(strstr(err.hint, "holds no image"));
	build(&b, f.store, NULL, TEXTS("one"));
	put(f.store, &b.image, "python:3");
	err_clear(&err);
	assert_false(find(&img, f.store, "pyhton:3", &err));
	assert_string_equal(err.hint, "did you mean 'python:3'?");
}

/* Entries of other tools: names that are no references of ours, members we do not know, none at
 * all. */
static void what_others_wrote_survives(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(auto_free) char *before = NULL;
	AUTO(auto_free) char *after = NULL;
	AUTO(auto_free) char *entry = NULL;

	(void)state;
	fixture_open(&f);
	build(&b, f.store, NULL, TEXTS("one"));
	put(f.store, &b.image, "mine:1");
	entry = mem_printf("\"mediaType\":\"" OCI_MANIFEST "\",\"digest\":\"%s\",\"size\":%zu",
			   digest_format(&b.image.manifest.digest).text, b.image.manifest.raw_len);
	before = mem_printf(
		"{\"x\":9007199254740993,\"schemaVersion\":2,\"manifests\":["
		"{%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"1.0\",\"k\":\"v\"}},"
		"{%s,\"y\":[null]},"
		"{%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"Up Per\"}},"
		"{\"mediaType\":\"a/b\",\"digest\":\"sha512:zz\",\"size\":-1},"
		"{%s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"3.11\","
		"\"io.containerd.image.name\":\"docker.io/library/python:3.11\"}}"
		"],\"annotations\":{\"z\":\"w\"}}",
		entry, entry, entry, entry);
	write_all(f.store, "index.json", before);
	assert_true(is_listed_as(f.store, "1.0", &b.image));
	assert_true(is_listed_as(f.store, "python:3.11", &b.image));
	put(f.store, &b.image, "h.io/mine:2");
	MUST(store_remove_image(
		f.store, &(struct reference){ .host = "h.io", .repository = "mine", .tag = "2" },
		err));
	after = read_all(f.store, "index.json");
	assert_string_equal(after, before);
}

static void bad_index_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{\"schemaVersion\":2}",
		"{\"schemaVersion\":2,\"manifests\":{}}",
		"{\"schemaVersion\":2,\"manifests\":null}",
		"{\"schemaVersion\":2,\"manifests\":[],\"manifests\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		"{\"schemaVersion\":1,\"manifests\":[]}",
	};
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	struct reference ref = ref_of("x:1");
	struct image img;

	(void)state;
	fixture_open(&f);
	build(&b, f.store, NULL, TEXTS("one"));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO(auto_free) char *after = NULL;
		struct err problem = { 0 };

		write_all(f.store, "index.json", texts[i]);
		if (store_find_image(&img, f.store, &ref, NULL, &problem) ||
		    (problem.code != E_INTEGRITY && problem.code != E_UNSUPPORTED))
			fail_msg("%s: %s", texts[i], problem.msg);
		err_clear(&problem);
		assert_false(store_put_image(f.store, &b.image, &ref, &problem));
		after = read_all(f.store, "index.json");
		assert_string_equal(after, texts[i]);
	}
}

static void removing(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built a = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(auto_free) char *pinned = NULL;
	AUTO(auto_free) char *wrong = NULL;
	struct reference ref;

	(void)state;
	fixture_open(&f);
	build(&a, f.store, NULL, TEXTS("one"));
	build(&b, f.store, NULL, TEXTS("two"));
	put(f.store, &a.image, "x:1");
	put(f.store, &a.image, "x:2");
	put(f.store, &b.image, "x:3");
	put(f.store, &a.image, "y:1");
	ref = ref_of("x:9");
	MUST_FAIL(store_remove_image(f.store, &ref, err), E_NOT_FOUND, "x:9");
	wrong = mem_printf("x:3@%s", digest_format(&a.image.manifest.digest).text);
	ref = ref_of(wrong);
	MUST_FAIL(store_remove_image(f.store, &ref, err), E_NOT_FOUND, "x:3");
	pinned = mem_printf("x@%s", digest_format(&a.image.manifest.digest).text);
	ref = ref_of(pinned);
	MUST(store_remove_image(f.store, &ref, err));
	assert_false(is_listed_as(f.store, "x:1", &a.image));
	assert_false(is_listed_as(f.store, "x:2", &a.image));
	assert_true(is_listed_as(f.store, "x:3", &b.image));
	assert_true(is_listed_as(f.store, "y:1", &a.image));
}

static void listing(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };

	(void)state;
	fixture_open(&f);
	build(&b, f.store, NULL, TEXTS("one", "three"));
	put(f.store, &b.image, "z:1");
	put(f.store, &b.image, "h.io/a:1");
	put(f.store, &b.image, "a:2");
	MUST(store_images(&list, f.store, err));
	assert_int_equal(list.len, 3);
	assert_string_equal(reference_familiar(&list.items[0].reference).text, "a:2");
	assert_string_equal(reference_familiar(&list.items[1].reference).text, "z:1");
	assert_string_equal(reference_familiar(&list.items[2].reference).text, "h.io/a:1");
	assert_int_equal(list.items[0].created, 1700000000);
	assert_int_equal(list.items[0].size, 8 + (int64_t)b.image.config_raw_len);
	assert_string_equal(list.items[0].descriptor.media_type, OCI_MANIFEST);
	assert_false(list.items[0].sparse);
}

/* --- sparse images --- */

struct remote {
	struct blob_source source;
	struct reference from;
};

static const struct reference *remote_origin(struct blob_source *self, const struct descriptor *d)
{
	(void)d;
	return &((struct remote *)self)->from;
}

static void sparse_until_complete(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(image_free) struct image img = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(auto_free) char *index = NULL;
	AUTO(auto_source_close) struct source *layer = NULL;
	struct remote remote = { .source = { .origin = remote_origin },
				 .from = ref_of("h.io/base:3") };
	struct reference ref = ref_of("x:1");
	struct digest d;
	bool complete = true;

	(void)state;
	fixture_open(&f);
	build(&b, NULL, NULL, TEXTS("one", "two"));
	MUST_FAIL(store_put_image(f.store, &b.image, &ref, err), E_NOT_FOUND, "nobody knows");
	assert_false(store_has_image(f.store, &ref));
	b.image.blobs = &remote.source;
	MUST(store_put_image(f.store, &b.image, &ref, err));

	index = read_all(f.store, "index.json");
	assert_null(strstr(index, "x:1"));
	fixture_reopen(&f);
	MUST(store_find_image(&img, f.store, &ref, NULL, err));
	assert_string_equal(
		reference_name(img.blobs->origin(img.blobs, &img.manifest.layers[0])).text,
		"h.io/base");
	MUST_FAIL(img.blobs->open(img.blobs, &layer, &img.manifest.layers[0], err), E_NOT_FOUND,
		  "not in the store");
	MUST(store_images(&list, f.store, err));
	assert_int_equal(list.len, 1);
	assert_true(list.items[0].sparse);
	assert_clean(f.store);

	MUST(store_put_bytes(&d, f.store, "one", 3, err));
	MUST(store_complete(&complete, f.store, &ref, err));
	assert_false(complete);
	MUST(store_put_bytes(&d, f.store, "two", 3, err));
	MUST(store_complete(&complete, f.store, &ref, err));
	assert_true(complete);
	free(index);
	index = read_all(f.store, "index.json");
	assert_non_null(strstr(index, "x:1"));
	store_list_free(&list);
	MUST(store_images(&list, f.store, err));
	assert_int_equal(list.len, 1);
	assert_false(list.items[0].sparse);
	MUST(store_complete(&complete, f.store, &ref, err));
	assert_true(complete);
	assert_clean(f.store);
	ref = ref_of("y");
	MUST_FAIL(store_complete(&complete, f.store, &ref, err), E_NOT_FOUND, "y");
}

/* A name is in one of the two lists only, whichever way it changes. */
static void sparse_and_complete_replace_each_other(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built whole = { 0 };
	AUTO(built_free) struct built holey = { 0 };
	struct remote remote = { .source = { .origin = remote_origin },
				 .from = ref_of("h.io/base") };
	struct reference ref = ref_of("x:1");

	(void)state;
	fixture_open(&f);
	build(&whole, f.store, NULL, TEXTS("one"));
	build(&holey, NULL, NULL, TEXTS("two"));
	holey.image.blobs = &remote.source;
	for (int i = 0; i < 2; i++) {
		AUTO(store_list_free) struct store_list list = { 0 };

		put(f.store, &whole.image, "x:1");
		assert_true(is_listed_as(f.store, "x:1", &whole.image));
		put(f.store, &holey.image, "x:1");
		assert_true(is_listed_as(f.store, "x:1", &holey.image));
		MUST(store_images(&list, f.store, err));
		assert_int_equal(list.len, 1);
	}
	MUST(store_remove_image(f.store, &ref, err));
	assert_false(store_has_image(f.store, &ref));
}

/* An image on a sparse one: the origin comes from the older record. */
static void sparse_upon_sparse(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built base = { 0 };
	AUTO(built_free) struct built more = { 0 };
	AUTO(image_free) struct image found = { 0 };
	struct remote remote = { .source = { .origin = remote_origin },
				 .from = ref_of("h.io/base") };

	(void)state;
	fixture_open(&f);
	build(&base, NULL, NULL, TEXTS("one"));
	base.image.blobs = &remote.source;
	put(f.store, &base.image, "base");
	fixture_reopen(&f);
	MUST(find(&found, f.store, "base", err));
	build(&more, f.store, &found, TEXTS("two"));
	put(f.store, &more.image, "more");
	assert_true(is_listed_as(f.store, "more", &more.image));
	assert_clean(f.store);
}

static void bad_sparse_record(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"reference\":7}",
		"{\"reference\":\"docker.io/library/x:1\",\"root\":{\"mediaType\":\"a/"
		"b\",\"digest\":"
		"\"sha256:../../x\",\"size\":1},\"blobs\":[]}",
	};
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };

	(void)state;
	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO(fsck_report_free) struct fsck_report report = { 0 };

		write_all(f.store, "cache/sparse/x.json", texts[i]);
		MUST(store_images(&list, f.store, err));
		assert_int_equal(list.len, 0);
		MUST(store_fsck(&report, f.store, false, err));
		assert_int_equal(report.counts[FSCK_BAD_DOCUMENT], 1);
	}
}

/* --- several platforms --- */

static void index_of_two(struct fixture *f, struct built *a, struct built *b, struct index *x,
			 struct descriptor entries[2], struct arena *arena)
{
	const struct built *const children[] = { a, b };
	static const char *const architectures[] = { "amd64", "arm64" };

	build(a, f->store, NULL, TEXTS("for amd64"));
	build(b, f->store, NULL, TEXTS("for arm64"));
	for (int i = 0; i < 2; i++) {
		MUST(store_put_documents(f->store, &children[i]->image, err));
		entries[i] = (struct descriptor){
			.media_type = OCI_MANIFEST,
			.digest = children[i]->image.manifest.digest,
			.size = (int64_t)children[i]->image.manifest.raw_len,
			.platform = { .os = "linux" },
		};
		memcpy(entries[i].platform.architecture, architectures[i], 6);
	}
	*x = (struct index){ .media_type = OCI_INDEX, .manifests = entries, .manifest_count = 2 };
	index_encode(x, arena);
}

static void index_resolved(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built a = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf raw = BUF_INIT(1 << 20);
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(auto_free) char *child = NULL;
	struct descriptor entries[2], root;
	struct reference ref = ref_of("multi:1");
	struct platform want;
	struct image img;
	struct index x;

	(void)state;
	fixture_open(&f);
	index_of_two(&f, &a, &b, &x, entries, &arena);
	MUST(store_put_index(f.store, &x, NULL, &ref, err));
	MUST(platform_parse(&want, "arm64", err));
	MUST(store_find_image(&img, f.store, &ref, &want, err));
	assert_true(digest_eq(&img.manifest.digest, &b.image.manifest.digest));
	image_free(&img);
	MUST(platform_parse(&want, "s390x", err));
	MUST_FAIL(store_find_image(&img, f.store, &ref, &want, err), E_NOT_FOUND,
		  "no image for platform linux/s390x");
	MUST(store_find_root(&raw, &root, f.store, &ref, err));
	assert_true(digest_eq(&root.digest, &x.digest));
	assert_string_equal(raw.ptr, x.raw);
	/* A child by its own digest, though only the index is listed. */
	child = mem_printf("multi@%s", digest_format(&entries[1].digest).text);
	assert_true(is_listed_as(f.store, child, &b.image));
	MUST(store_images(&list, f.store, err));
	assert_int_equal(list.len, 1);
	assert_int_equal(list.items[0].size, 18 + 2 * (int64_t)a.image.config_raw_len);
	assert_clean(f.store);
}

static void index_without_its_children(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct descriptor entry = { .media_type = OCI_MANIFEST, .size = 5 };
	struct index x = { .media_type = OCI_INDEX, .manifests = &entry, .manifest_count = 1 };
	struct reference ref = ref_of("multi:1");

	(void)state;
	fixture_open(&f);
	entry.digest = digest_of("none", 4);
	index_encode(&x, &arena);
	MUST_FAIL(store_put_index(f.store, &x, NULL, &ref, err), E_NOT_FOUND, "nobody knows");
}

/* One name, two entries: as image-layout.md allows for platforms. */
static void platforms_side_by_side(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built a = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct descriptor entries[2];
	struct reference ref = ref_of("v1");
	struct platform want;
	struct image img;
	struct index x;

	(void)state;
	fixture_open(&f);
	index_of_two(&f, &a, &b, &x, entries, &arena);
	entries[0].annotations = entries[1].annotations = (struct json_pairs){
		&(struct json_pair){ "org.opencontainers.image.ref.name", "v1" }, 1
	};
	index_encode(&x, &arena);
	write_all(f.store, "index.json", x.raw);
	MUST(platform_parse(&want, "arm64", err));
	MUST(store_find_image(&img, f.store, &ref, &want, err));
	assert_true(digest_eq(&img.manifest.digest, &b.image.manifest.digest));
	image_free(&img);
	MUST(platform_parse(&want, "amd64", err));
	MUST(store_find_image(&img, f.store, &ref, &want, err));
	assert_true(digest_eq(&img.manifest.digest, &a.image.manifest.digest));
	image_free(&img);
}

static void hostile_images(void **state)
{
	struct json_pair name = { "org.opencontainers.image.ref.name", "deep" };
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct reference ref = ref_of("deep");
	struct descriptor entry = { .media_type = OCI_INDEX,
				    .size = 1,
				    .annotations = { &name, 1 } };
	struct index x = { .media_type = OCI_INDEX, .manifests = &entry, .manifest_count = 0 };
	struct image img;

	(void)state;
	fixture_open(&f);
	for (int depth = 0; depth < 5; depth++) {
		struct digest d;

		index_encode(&x, &arena);
		MUST(store_put_bytes(&d, f.store, x.raw, x.raw_len, err));
		entry.digest = d;
		entry.size = (int64_t)x.raw_len;
		x.manifest_count = 1;
	}
	index_encode(&x, &arena);
	MUST_FAIL(store_put_index(f.store, &x, NULL, &ref, err), E_INTEGRITY, "nested deeper");
	write_all(f.store, "index.json", x.raw);
	MUST_FAIL(store_find_image(&img, f.store, &ref, NULL, err), E_INTEGRITY, "nested deeper");
	assert_true(store_has_image(f.store, &ref));
}

/* --- many processes at once --- */

enum { CHILDREN = 8, ROUNDS = 12 };

static bool child_puts(const char *path, int child, struct err *err)
{
	AUTO(auto_store_close) struct store *s = NULL;

	if (!store_open(&s, path, err))
		return false;
	for (int round = 0; round < ROUNDS; round++) {
		AUTO(auto_free) char *own = mem_printf("own %d %d", child, round);
		AUTO(auto_free) char *name = mem_printf("own-%d:%d", child, round);
		AUTO(built_free) struct built equal = { 0 };
		AUTO(built_free) struct built different = { 0 };
		struct reference ref = ref_of(name), shared = ref_of("shared:1");

		build(&equal, s, NULL, TEXTS("all the same"));
		build(&different, s, NULL, TEXTS(own, "all the same"));
		if (!store_put_image(s, &equal.image, &shared, err) ||
		    !store_put_image(s, &different.image, &ref, err))
			return false;
		if (round % 3 == 2 && !store_remove_image(s, &ref, err))
			return false;
	}
	return true;
}

static void eight_processes(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(auto_store_close) struct store *s = NULL;
	pid_t pids[CHILDREN];

	(void)state;
	MUST(fs_tmpdir_open(&dir, err)); /* also the making of the store is a race */
	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct err err = { 0 };

			if (child_puts(dir.path, i, &err))
				_exit(0);
			dprintf(2, "child %d: %s\n", i, err.msg);
			_exit(1);
		}
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	MUST(store_open(&s, dir.path, err));
	MUST(store_images(&list, s, err));
	assert_int_equal(list.len, 1 + CHILDREN * (ROUNDS - ROUNDS / 3));
	assert_clean(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_and_found),
		cmocka_unit_test(listed_under_its_full_name),
		cmocka_unit_test(names_of_every_form),
		cmocka_unit_test(replaced_in_its_place),
		cmocka_unit_test(near_names_are_a_hint),
		cmocka_unit_test(what_others_wrote_survives),
		cmocka_unit_test(bad_index_is_refused),
		cmocka_unit_test(removing),
		cmocka_unit_test(listing),
		cmocka_unit_test(sparse_until_complete),
		cmocka_unit_test(sparse_and_complete_replace_each_other),
		cmocka_unit_test(sparse_upon_sparse),
		cmocka_unit_test(bad_sparse_record),
		cmocka_unit_test(index_resolved),
		cmocka_unit_test(index_without_its_children),
		cmocka_unit_test(platforms_side_by_side),
		cmocka_unit_test(hostile_images),
		cmocka_unit_test(eight_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
