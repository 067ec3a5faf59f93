// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/fsck.h"
#include "image/gc.h"
#include "image/store_private.h"

/* image/gc.c: what goes, what stays, and that it stays under the hands of others */

static const struct gc_options plain = { 0 };

static void put(struct store *s, struct built *b, const char *name, const char *const *texts)
{
	struct reference ref = ref_of(name);

	build(b, s, NULL, texts);
	MUST(store_put_image(s, &b->image, &ref, err));
}

static size_t collect(struct store *s, const struct gc_options *options)
{
	AUTO(gc_report_free) struct gc_report r = { 0 };

	MUST(store_gc(&r, s, options, err));
	return r.removed.len;
}

static void removed_images_go(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built a = { 0 };
	AUTO(built_free) struct built b = { 0 };
	AUTO(gc_report_free) struct gc_report r = { 0 };
	AUTO(fsck_report_free) struct fsck_report proof = { 0 };
	const struct gc_options dry = { .dry_run = true };
	struct reference ref = ref_of("b:1");

	(void)state;
	fixture_open(&f);
	put(f.store, &a, "a:1", TEXTS("one", "shared"));
	put(f.store, &b, "b:1", TEXTS("three", "shared"));
	fixture_reopen(&f);
	assert_int_equal(collect(f.store, &plain), 0);
	MUST(store_remove_image(f.store, &ref, err));
	assert_int_equal(collect(f.store, &dry), 3);
	MUST(store_gc(&r, f.store, &plain, err));
	assert_int_equal(r.removed.len, 3); /* manifest, config, "three" */
	assert_int_equal(r.bytes, 5 + b.image.config_raw_len + b.image.manifest.raw_len);
	assert_int_equal(r.kept, 4);
	assert_int_equal(r.kept_bytes, 9 + a.image.config_raw_len + a.image.manifest.raw_len);
	assert_true(str_list_has(&r.removed, digest_format(&b.layers[0].diff_id).text));
	MUST(store_fsck(&proof, f.store, false, err));
	assert_int_equal(proof.len, 0);
}

/* A claim that was cut off by a full disk makes the later ones no nonsense. */
static void half_a_claim(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(auto_store_close) struct store *other = NULL;
	AUTO(map_free) struct map claims = { 0 };
	struct digest d[3] = { digest_of("1", 1), digest_of("2", 1), digest_of("3", 1) };
	struct rlimit whole, small;
	AUTO(auto_close) int lock = -1;

	(void)state;
	fixture_open(&f);
	fixture_reopen(&f);
	MUST(store_enter(&lock, f.store, err));
	MUST(store_claim(f.store, &d[0], err));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	small = whole;
	small.rlim_cur = 100;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	MUST_FAIL(store_claim(f.store, &d[1], err), E_IO, "locks/users");
	setrlimit(RLIMIT_FSIZE, &whole);
	signal(SIGXFSZ, SIG_DFL);
	MUST(store_claim(f.store, &d[2], err));
	MUST(store_open(&other, store_path(f.store), err));
	MUST(store_living_claims(&claims, other, err));
	assert_int_equal(claims.len, 2);
	assert_true(map_has(&claims, digest_hex(&d[2]).text));
}

/* What an open handle wrote or was told to be here stays, though no list speaks of it yet. */
static void work_in_progress_stays(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(auto_store_close) struct store *other = NULL;
	struct digest old, fresh;

	(void)state;
	fixture_open(&f);
	MUST(store_put_bytes(&old, f.store, "old", 3, err));
	fixture_reopen(&f);
	MUST(store_open(&other, f.dir.path, err));
	MUST(store_put_bytes(&fresh, other, "fresh", 5, err));
	assert_true(store_has_blob(other, &old, 3));
	assert_int_equal(collect(f.store, &plain), 0);
	assert_int_equal(collect(other, &plain), 0);
	store_close(STEAL(other));
	assert_int_equal(collect(f.store, &plain), 2);
}

static void found_images_stay(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(auto_store_close) struct store *other = NULL;
	AUTO(built_free) struct built b = { 0 };
	AUTO(image_free) struct image img = { 0 };
	struct reference ref = ref_of("a:1");

	(void)state;
	fixture_open(&f);
	put(f.store, &b, "a:1", TEXTS("one"));
	fixture_reopen(&f);
	MUST(store_open(&other, f.dir.path, err));
	MUST(store_find_image(&img, other, &ref, NULL, err));
	MUST(store_remove_image(f.store, &ref, err));
	assert_int_equal(collect(f.store, &plain), 0);
	store_close(STEAL(other));
	assert_int_equal(collect(f.store, &plain), 3);
}

static void claims_of_the_dead_do_not_count(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(gc_report_free) struct gc_report r = { 0 };
	pid_t pid;

	(void)state;
	fixture_open(&f);
	fixture_reopen(&f);
	pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		struct blob_writer *w;
		struct store *s;
		struct digest d;

		if (store_open(&s, f.dir.path, &err) && store_put_bytes(&d, s, "x", 1, &err) &&
		    store_blob_writer_named(&w, s, &err))
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	MUST(store_gc(&r, f.store, &plain, err));
	assert_int_equal(r.removed.len, 1);
	assert_int_equal(r.leftovers, 2);
}

static void write_record(struct store *s, const char *name, const struct digest *pin, int age_s)
{
	AUTO(auto_free) char *path = fs_join(STORE_STEPS, name);
	AUTO(auto_free)
	char *text = mem_printf("pin %s\npin sha256:zz\n{}", digest_format(pin).text);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 0 } };

	MUST(fs_mkdir_p(store_dir(s), STORE_STEPS, 0755, FS_BENEATH, err));
	write_all(s, path, text);
	times[1].tv_sec = time(NULL) - age_s;
	assert_int_equal(utimensat(store_dir(s), path, times, 0), 0);
}

static void records_pin(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(gc_report_free) struct gc_report r = { 0 };
	const struct gc_options unused = { .drop_unused = true, .unused_s = 3600 };
	const struct gc_options small = { .size_max = 3 };
	const struct gc_options all = { .drop_unused = true };
	struct digest a, b, c;

	(void)state;
	fixture_open(&f);
	MUST(store_put_bytes(&a, f.store, "aa", 2, err));
	MUST(store_put_bytes(&b, f.store, "bb", 2, err));
	MUST(store_put_bytes(&c, f.store, "cc", 2, err));
	write_record(f.store, "new", &a, 60);
	write_record(f.store, "mid", &b, 600);
	write_record(f.store, "old", &c, 7200);
	fixture_reopen(&f);
	assert_int_equal(collect(f.store, &plain), 0);
	assert_int_equal(collect(f.store, &unused), 1);
	assert_false(fs_exists(store_dir(f.store), "cache/steps/old"));
	MUST(store_gc(&r, f.store, &small, err));
	assert_int_equal(r.removed.len, 1);
	assert_int_equal(r.records, 1);
	assert_int_equal(r.kept_bytes, 2);
	assert_true(fs_exists(store_dir(f.store), "cache/steps/new"));
	assert_false(fs_exists(store_dir(f.store), "cache/steps/mid"));
	/* what was used this very second is not used for 0 seconds, too */
	write_record(f.store, "new", &a, 0);
	assert_int_equal(collect(f.store, &all), 1);
	assert_false(fs_exists(store_dir(f.store), "cache/steps/new"));
}

static const struct reference *origin(struct blob_source *self, const struct descriptor *d)
{
	static struct reference from = { .host = "h.io", .repository = "base" };

	(void)self;
	(void)d;
	return &from;
}

static void sparse_images_stay(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	struct blob_source source = { .origin = origin };
	struct reference ref = ref_of("x:1");
	struct digest d;

	(void)state;
	fixture_open(&f);
	build(&b, NULL, NULL, TEXTS("here", "away"));
	b.image.blobs = &source;
	MUST(store_put_bytes(&d, f.store, "here", 4, err));
	MUST(store_put_image(f.store, &b.image, &ref, err));
	fixture_reopen(&f);
	assert_int_equal(collect(f.store, &plain), 0);
	assert_true(store_has_blob(f.store, &d, 4));
}

static void roots_of_every_kind_stay(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(auto_free) char *artifact = NULL;
	AUTO(auto_free) char *index = NULL;
	AUTO(auto_free) char *nested = NULL;
	struct digest leaf, inner, artifact_digest, index_digest;

	(void)state;
	fixture_open(&f);
	MUST(store_put_bytes(&leaf, f.store, "leaf", 4, err));
	MUST(store_put_bytes(&inner, f.store, "inner", 5, err));
	artifact = mem_printf("{\"blobs\":[{\"a\":[\"%s\"]}]}", digest_format(&leaf).text);
	MUST(store_put_bytes(&artifact_digest, f.store, artifact, strlen(artifact), err));
	index = mem_printf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"digest\":"
			   "\"%s\",\"size\":5}]}",
			   digest_format(&inner).text);
	MUST(store_put_bytes(&index_digest, f.store, index, strlen(index), err));
	nested = mem_printf("{\"schemaVersion\":2,\"manifests\":["
			    "{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\","
			    "\"digest\":\"%s\",\"size\":%zu},"
			    "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
			    "\"digest\":\"%s\",\"size\":%zu}]}",
			    digest_format(&artifact_digest).text, strlen(artifact),
			    digest_format(&index_digest).text, strlen(index));
	write_all(f.store, "index.json", nested);
	fixture_reopen(&f);
	assert_int_equal(collect(f.store, &plain), 0);
}

/* A manifest that is also some artifact's layer is looked into all the same, in either order. */
static void a_document_as_a_layer(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(built_free) struct built b = { 0 };
		AUTO(auto_free) char *bundle = NULL;
		AUTO(auto_free) char *image = NULL;
		AUTO(auto_free) char *listed = NULL;
		AUTO(auto_free) char *index = NULL;
		struct digest config, d;

		fixture_open(&f);
		put(f.store, &b, "x:1", TEXTS("one"));
		MUST(store_put_bytes(&config, f.store, "{}", 2, err));
		image = mem_printf("{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
				   "\"digest\":\"%s\",\"size\":%zu}",
				   digest_format(&b.image.manifest.digest).text,
				   b.image.manifest.raw_len);
		bundle = mem_printf("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\","
				    "\"digest\":\"%s\",\"size\":2},\"layers\":[%s]}",
				    digest_format(&config).text, image);
		MUST(store_put_bytes(&d, f.store, bundle, strlen(bundle), err));
		listed = mem_printf("{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
				    "\"digest\":\"%s\",\"size\":%zu}",
				    digest_format(&d).text, strlen(bundle));
		index = mem_printf("{\"schemaVersion\":2,\"manifests\":[%s,%s]}",
				   order ? listed : image, order ? image : listed);
		write_all(f.store, "index.json", index);
		fixture_reopen(&f);
		assert_int_equal(collect(f.store, &plain), 0);
	}
}

static void damage_stops_it(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(built_free) struct built b = { 0 };
	struct gc_report r;
	struct digest garbage;

	(void)state;
	fixture_open(&f);
	put(f.store, &b, "a:1", TEXTS("one"));
	MUST(store_put_bytes(&garbage, f.store, "garbage", 7, err));
	fixture_reopen(&f);
	write_all(f.store, store_blob_path(&b.image.manifest.digest).text, "{}");
	MUST_FAIL(store_gc(&r, f.store, &plain, err), E_INTEGRITY, "does not match");
	write_all(f.store, "index.json", "{");
	MUST_FAIL(store_gc(&r, f.store, &plain, err), E_INTEGRITY, "index.json");
	assert_int_equal(store_blob_size(f.store, &garbage), 7);
}

/* --- gc against writers --- */

enum { WRITERS = 3, ROUNDS = 25 };

/* Always the same blobs, listed and taken out again, so that gc finds them as garbage time and
 * again. */
static bool writer(const char *path, int child, struct err *err)
{
	for (int round = 0; round < ROUNDS; round++) {
		AUTO(auto_store_close) struct store *s = NULL;
		AUTO(built_free) struct built b = { 0 };
		AUTO(image_free) struct image found = { 0 };
		AUTO(auto_free) char *name = mem_printf("w%d", child);
		struct reference ref = ref_of(name);

		if (!store_open(&s, path, err))
			return false;
		build(&b, s, NULL, TEXTS("same one", "same two", "same three"));
		if (!store_put_image(s, &b.image, &ref, err) ||
		    !store_find_image(&found, s, &ref, NULL, err))
			return false;
		for (size_t i = 0; i < found.manifest.layer_count; i++)
			if (!store_has_blob(s, &found.manifest.layers[i].digest, -1))
				return err_set(err, E_INTEGRITY, "layer %zu was taken", i);
		if (!store_remove_image(s, &ref, err))
			return false;
	}
	return true;
}

static bool collector(const char *path, struct err *err)
{
	for (int round = 0; round < ROUNDS; round++) {
		AUTO(auto_store_close) struct store *s = NULL;
		AUTO(gc_report_free) struct gc_report r = { 0 };

		if (!store_open(&s, path, err) || !store_gc(&r, s, &plain, err))
			return false;
	}
	return true;
}

static void writers_and_collectors(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(fsck_report_free) struct fsck_report r = { 0 };
	pid_t pids[WRITERS + 1];

	(void)state;
	fixture_open(&f);
	for (int i = 0; i <= WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct err err = { 0 };

			if (i ? writer(f.dir.path, i, &err) : collector(f.dir.path, &err))
				_exit(0);
			dprintf(2, "process %d: %s\n", i, err.msg);
			_exit(1);
		}
	}
	for (int i = 0; i <= WRITERS; i++) {
		int status;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	MUST(store_fsck(&r, f.store, false, err));
	assert_true(fsck_is_clean(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed_images_go),
		cmocka_unit_test(half_a_claim),
		cmocka_unit_test(work_in_progress_stays),
		cmocka_unit_test(found_images_stay),
		cmocka_unit_test(claims_of_the_dead_do_not_count),
		cmocka_unit_test(records_pin),
		cmocka_unit_test(sparse_images_stay),
		cmocka_unit_test(roots_of_every_kind_stay),
		cmocka_unit_test(a_document_as_a_layer),
		cmocka_unit_test(damage_stops_it),
		cmocka_unit_test(writers_and_collectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
