// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/fsck.h"
#include "image/store_private.h"

/* image/fsck.c: each kind of damage is found, named, and (when asked) repaired */

static void put(struct fixture *f, struct built *b, const char *name, const char *const *texts)
{
	struct reference ref = ref_of(name);

	build(b, f->store, NULL, texts);
	MUST(store_put_image(f->store, &b->image, &ref, err));
}

static void open_with_image(struct fixture *f, struct built *b)
{
	fixture_open(f);
	put(f, b, "x:1", TEXTS("one", "two"));
}

static const struct fsck_finding *finding(const struct fsck_report *r, enum fsck_kind kind)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->items[i].kind == kind)
			return &r->items[i];
	return NULL;
}

/* Exactly one finding of `kind`, whose what or why holds `says`, and no other. */
static void assert_only(struct store *s, enum fsck_kind kind, const char *says)
{
	AUTO(fsck_report_free) struct fsck_report r = { 0 };
	const struct fsck_finding *f;

	MUST(store_fsck(&r, s, false, err));
	f = finding(&r, kind);
	if (r.len != 1 || !f || (!strstr(f->what, says) && !strstr(f->why, says)))
		fail_msg("%zu findings, wanted one '%s': %s: %s: %s", r.len, says,
			 r.len ? fsck_kind_name(r.items[0].kind) : "", r.len ? r.items[0].what : "",
			 r.len ? r.items[0].why : "");
	assert_int_equal(r.counts[kind], 1);
	assert_int_equal(fsck_is_clean(&r), kind == FSCK_REMOTE || kind == FSCK_UNREFERENCED);
}

static void clean_store(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(fsck_report_free) struct fsck_report r = { 0 };

	(void)state;
	open_with_image(&f, &b);
	MUST(store_fsck(&r, f.store, false, err));
	assert_int_equal(r.len, 0);
	assert_int_equal(r.blobs, 4);
	assert_int_equal(r.images, 1);
	assert_int_equal(r.bytes, 6 + b.image.config_raw_len + b.image.manifest.raw_len);
	assert_true(fsck_is_clean(&r));
}

static void damaged_layer_is_moved_aside(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(fsck_report_free) struct fsck_report r = { 0 };
	struct digest d;

	(void)state;
	open_with_image(&f, &b);
	write_all(f.store, store_blob_path(&b.layers[0].diff_id).text, "0ne");
	assert_only(f.store, FSCK_CORRUPT, digest_format(&b.layers[0].diff_id).text);
	MUST(store_fsck(&r, f.store, true, err));
	assert_int_equal(r.counts[FSCK_CORRUPT], 1);
	assert_only(f.store, FSCK_MISSING, digest_format(&b.layers[0].diff_id).text);
	assert_true(fs_exists(store_dir(f.store), "partial/corrupt"));
	/* And so it can be fetched again. */
	MUST(store_put_bytes(&d, f.store, "one", 3, err));
	fsck_report_free(&r);
	MUST(store_fsck(&r, f.store, false, err));
	assert_int_equal(r.len, 0);
}

static void damaged_documents(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(built_free) struct built b = { 0 };
		AUTO(fsck_report_free) struct fsck_report r = { 0 };
		const struct digest *d;

		open_with_image(&f, &b);
		d = i ? &b.image.manifest.digest : &b.image.manifest.config.digest;
		write_all(f.store, store_blob_path(d).text, "{}");
		MUST(store_fsck(&r, f.store, false, err));
		assert_int_equal(r.counts[FSCK_CORRUPT], 1);
		assert_string_equal(finding(&r, FSCK_CORRUPT)->what, digest_format(d).text);
		assert_false(fsck_is_clean(&r));
	}
}

static void missing_layer(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };

	(void)state;
	open_with_image(&f, &b);
	unlinkat(store_dir(f.store), store_blob_path(&b.layers[1].diff_id).text, 0);
	assert_only(f.store, FSCK_MISSING, digest_format(&b.layers[1].diff_id).text);
}

static const struct reference *origin(struct blob_source *self, const struct descriptor *d)
{
	static struct reference from = { .host = "h.io", .repository = "base" };

	(void)self;
	(void)d;
	return &from;
}

static void remote_layer_is_fine(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	struct blob_source source = { .origin = origin };
	struct reference ref = ref_of("x:1");

	(void)state;
	fixture_open(&f);
	build(&b, NULL, NULL, TEXTS("one"));
	b.image.blobs = &source;
	MUST(store_put_image(f.store, &b.image, &ref, err));
	fixture_reopen(&f);
	assert_only(f.store, FSCK_REMOTE, "h.io/base");
}

static void odd_names(void **state)
{
	static const char *const names[] = { "blobs/sha256/readme", "blobs/sha256/" HEX HEX HEX,
					     "blobs/sha256/" HEX64 "0", "blobs/md5" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(fixture_close) struct fixture f = { 0 };

		fixture_open(&f);
		write_all(f.store, names[i], "x");
		assert_only(f.store, FSCK_BAD_NAME, names[i]);
	}
}

static void fifo_in_place_of_a_blob(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };

	(void)state;
	fixture_open(&f);
	assert_int_equal(mkfifoat(store_dir(f.store), "blobs/sha256/" HEX64, 0600), 0);
	assert_only(f.store, FSCK_BAD_NAME, "not a regular file");
}

static void other_algorithms_are_left_alone(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(fsck_report_free) struct fsck_report r = { 0 };

	(void)state;
	fixture_open(&f);
	MUST(fs_mkdir_p(store_dir(f.store), "blobs/sha512", 0755, FS_BENEATH, err));
	MUST(store_fsck(&r, f.store, false, err));
	assert_int_equal(r.len, 0);
}

static void index_that_cannot_be_read(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };

	(void)state;
	open_with_image(&f, &b);
	write_all(f.store, "index.json", "{\"schemaVersion\":2,");
	assert_only(f.store, FSCK_BAD_DOCUMENT, "index.json");
}

static void index_entries_that_lie(void **state)
{
	static const struct {
		const char *format; /* digest and size of a real manifest */
		const char *says;
	} cases[] = {
		{ "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\","
		  "\"size\":1%zu}",
		  "is listed with" },
		{ "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"%s\","
		  "\"size\":%zu}",
		  "announced as" },
		{ "{\"mediaType\":\"application/"
		  "vnd.oci.image.manifest.v1+json\",\"digest\":\"x%s\","
		  "\"size\":%zu}",
		  "digest" },
		{ "{\"a\":\"%s\",\"size\":%zu}", "mediaType" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(built_free) struct built b = { 0 };
		AUTO(fsck_report_free) struct fsck_report r = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(4096);
		struct digest_text digest;

		open_with_image(&f, &b);
		digest = digest_format(&b.image.manifest.digest);
		buf_put(&text, "{\"schemaVersion\":2,\"manifests\":[");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_putf(&text, cases[i].format, digest.text, b.image.manifest.raw_len);
#pragma GCC diagnostic pop
		buf_put(&text, "]}");
		write_all(f.store, "index.json", text.ptr);
		MUST(store_fsck(&r, f.store, false, err));
		assert_true(r.counts[FSCK_BAD_DOCUMENT] >= 1);
		if (!strstr(finding(&r, FSCK_BAD_DOCUMENT)->why, cases[i].says))
			fail_msg("%s", finding(&r, FSCK_BAD_DOCUMENT)->why);
	}
}

/* Documents whose digests are right and whose content is not. */
static void well_stored_nonsense(void **state)
{
	static const struct {
		const char *manifest;
		const char *says;
	} cases[] = {
		{ "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}", "mediaType" },
		{ "{\"schemaVersion\":2,\"manifests\":[],\"config\":{},\"layers\":[]}", "both" },
		{ "not json", "not valid JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(auto_free) char *index = NULL;
		struct digest d;

		fixture_open(&f);
		MUST(store_put_bytes(&d, f.store, cases[i].manifest, strlen(cases[i].manifest),
				     err));
		index = mem_printf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
				   "\"application/vnd.oci.image.manifest.v1+json\",\"digest\":"
				   "\"%s\",\"size\":%zu}]}",
				   digest_format(&d).text, strlen(cases[i].manifest));
		write_all(f.store, "index.json", index);
		assert_only(f.store, FSCK_BAD_DOCUMENT, cases[i].says);
	}
}

static void unreferenced_is_counted(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(fsck_report_free) struct fsck_report r = { 0 };
	AUTO(auto_free) char *record = NULL;
	struct digest d;

	(void)state;
	fixture_open(&f);
	MUST(store_put_bytes(&d, f.store, "x", 1, err));
	MUST(store_fsck(&r, f.store, false, err));
	assert_int_equal(r.len, 0); /* we hold it ourselves */
	fixture_reopen(&f);
	assert_only(f.store, FSCK_UNREFERENCED, digest_format(&d).text);
	record = mem_printf("pin %s\nrest", digest_format(&d).text);
	MUST(fs_mkdir_p(store_dir(f.store), "cache/steps/ab", 0755, FS_BENEATH, err));
	write_all(f.store, "cache/steps/ab/cd", record);
	MUST(store_fsck(&r, f.store, false, err));
	assert_int_equal(r.len, 0);
}

static void leftovers_of_the_killed(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(fsck_report_free) struct fsck_report r = { 0 };
	int ready[2];
	char byte;
	pid_t pid;

	(void)state;
	fixture_open(&f);
	fixture_reopen(&f);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		struct blob_writer *w;
		struct store *s;

		if (store_open(&s, f.dir.path, &err) && store_blob_writer_named(&w, s, &err) &&
		    write(ready[1], "k", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	MUST(store_fsck(&r, f.store, true, err));
	assert_int_equal(r.len, 0); /* it lives */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	MUST(store_fsck(&r, f.store, true, err));
	assert_int_equal(r.counts[FSCK_LEFTOVER], 2); /* its blob and its claims */
	assert_true(fsck_is_clean(&r));
	fsck_report_free(&r);
	MUST(store_fsck(&r, f.store, false, err));
	assert_int_equal(r.len, 0);
	close(ready[0]);
	close(ready[1]);
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (int kind = 0; kind <= FSCK_LEFTOVER; kind++)
		assert_true(fsck_kind_name((enum fsck_kind)kind)[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_store),
		cmocka_unit_test(damaged_layer_is_moved_aside),
		cmocka_unit_test(damaged_documents),
		cmocka_unit_test(missing_layer),
		cmocka_unit_test(remote_layer_is_fine),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(fifo_in_place_of_a_blob),
		cmocka_unit_test(other_algorithms_are_left_alone),
		cmocka_unit_test(index_that_cannot_be_read),
		cmocka_unit_test(index_entries_that_lie),
		cmocka_unit_test(well_stored_nonsense),
		cmocka_unit_test(unreferenced_is_counted),
		cmocka_unit_test(leftovers_of_the_killed),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
