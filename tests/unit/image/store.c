// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/store_private.h"

/* image/store_open.c, store_blob.c and store_claim.c: the directory, its blobs, and who uses them
 */

static void put(struct store *s, const char *text, struct digest *out)
{
	MUST(store_put_bytes(out, s, text, strlen(text), err));
}

static size_t count_in(struct store *s, const char *dir)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	MUST(fs_list(&names, store_dir(s), dir, FS_BENEATH, err));
	return names.len;
}

static void made_as_an_image_layout(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(auto_free) char *layout = NULL;
	AUTO(auto_free) char *index = NULL;

	(void)state;
	fixture_open(&f);
	layout = read_all(f.store, "oci-layout");
	index = read_all(f.store, "index.json");
	assert_string_equal(layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
	assert_string_equal(index, "{\"schemaVersion\":2,\"mediaType\":\"application/"
				   "vnd.oci.image.index.v1+json\",\"manifests\":[]}");
	assert_true(fs_exists(store_dir(f.store), "blobs/sha256"));
	assert_string_equal(store_path(f.store), f.dir.path);
}

static void opened_by_a_relative_path(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *before = getcwd(NULL, 0);
	AUTO(auto_free) char *want = NULL;
	struct store *s;

	(void)state;
	MUST(fs_tmpdir_open(&dir, err));
	want = fs_join(dir.path, "b");
	assert_int_equal(chdir(dir.path), 0);
	MUST(store_open(&s, "./a/../b", err));
	assert_string_equal(store_path(s), want);
	store_close(s);
	assert_int_equal(chdir(before), 0);
}

static void refuses_other_directories(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct store *s = NULL;

	(void)state;
	MUST(fs_tmpdir_open(&dir, err));
	MUST(fs_write_atomic(dir.fd, "thesis.tex", "x", 1, 0644, err));
	MUST_FAIL(store_open(&s, dir.path, err), E_INPUT, "it holds 'thesis.tex'");
	MUST_FAIL(store_open_layout(&s, dir.path, err), E_NOT_FOUND, "no image layout");
	MUST_FAIL(store_open_layout(&s, "/nonexistent/x", err), E_NOT_FOUND, "/nonexistent/x");
	assert_false(fs_exists(dir.fd, "blobs"));
}

static void refuses_bad_layouts(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
		{ "{\"imageLayoutVersion\":\"1.0.0\",\"x\":1}", E_NONE },
		{ "{\"imageLayoutVersion\":\"2.0.0\"}", E_UNSUPPORTED },
		{ "{\"imageLayoutVersion\":1}", E_INTEGRITY },
		{ "{}", E_INTEGRITY },
		{ "[]", E_INTEGRITY },
		{ "", E_INTEGRITY },
		{ "{\"imageLayoutVersion\":\"1.0.0\",\"imageLayoutVersion\":\"1.0.0\"}",
		  E_INTEGRITY },
	};
	AUTO(fixture_close) struct fixture f = { 0 };

	(void)state;
	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store *s = NULL;
		struct err problem = { 0 };

		write_all(f.store, "oci-layout", cases[i].text);
		if (store_open(&s, f.dir.path, &problem) != (cases[i].code == E_NONE) ||
		    problem.code != cases[i].code)
			fail_msg("%s: %s", cases[i].text, problem.msg);
		store_close(s);
	}
}

static void blob_written_and_read(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(100);
	struct digest d, none = digest_of("none", 4);
	struct stat st;

	(void)state;
	fixture_open(&f);
	put(f.store, "hello", &d);
	MUST(store_read_blob(&text, f.store, &d, 5, err));
	assert_string_equal(text.ptr, "hello");
	assert_true(store_has_blob(f.store, &d, -1));
	assert_true(store_has_blob(f.store, &d, 5));
	assert_false(store_has_blob(f.store, &d, 6));
	assert_false(store_has_blob(f.store, &none, -1));
	MUST(fs_stat(&st, store_dir(f.store), store_blob_path(&d).text, FS_BENEATH, err));
	assert_int_equal(st.st_mode & 07777, 0444);
	MUST_FAIL(store_read_blob(&text, f.store, &d, 4, err), E_INTEGRITY, "4 are allowed");
	MUST_FAIL(store_read_blob(&text, f.store, &none, 9, err), E_NOT_FOUND,
		  "is not in the store");
	assert_int_equal(count_in(f.store, "tmp"), 0);
}

/* The writer both ways: with a nameless temporary file, and with a named one. */
static void writer_commits_or_leaves_nothing(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
		struct digest want = digest_of("abcdef", 6), other = digest_of("x", 1), got;
		int64_t size;

		fixture_open(&f);
		for (int step = 0; step < 5; step++) {
			if (named)
				MUST(store_blob_writer_named(&w, f.store, err));
			else
				MUST(store_blob_writer(&w, f.store, err));
			assert_int_equal(count_in(f.store, "tmp"), named);
			MUST(sink_write(blob_writer_sink(w), "abc", 3, err));
			MUST(sink_write(blob_writer_sink(w), "def", 3, err));
			MUST(sink_finish(blob_writer_sink(w), err));
			if (step == 1)
				MUST_FAIL(blob_writer_commit(&got, &size, w, &want, 7, err),
					  E_INTEGRITY, "6 bytes where 7");
			if (step == 2)
				MUST_FAIL(blob_writer_commit(&got, &size, w, &other, 6, err),
					  E_INTEGRITY, "was promised");
			if (step < 3) /* 0: closed without a commit */
				assert_false(store_has_blob(f.store, &want, -1));
			if (step >= 3) { /* 4: it is there already */
				MUST(blob_writer_commit(&got, &size, w, step == 3 ? &want : NULL,
							step == 3 ? 6 : -1, err));
				assert_true(digest_eq(&got, &want));
				assert_int_equal(size, 6);
				assert_true(store_has_blob(f.store, &want, 6));
			}
			blob_writer_close(STEAL(w));
			assert_int_equal(count_in(f.store, "tmp"), 0);
		}
		assert_int_equal(count_in(f.store, "blobs/sha256"), 1);
	}
}

static void trusted_writer(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
	struct digest d = digest_of("abc", 3), got;
	int64_t size;

	(void)state;
	fixture_open(&f);
	MUST(store_blob_writer(&w, f.store, err));
	blob_writer_trust(w);
	MUST(sink_write(blob_writer_sink(w), "abc", 3, err));
	MUST_FAIL(blob_writer_commit(&got, &size, w, NULL, -1, err), E_INTEGRITY, "not to hash");
	MUST_FAIL(blob_writer_commit_as(w, &d, 4, err), E_INTEGRITY, "3 bytes written, 4");
	MUST(blob_writer_commit_as(w, &d, 3, err));
	assert_true(store_has_blob(f.store, &d, 3));
}

/* A blob whose file was cut short is no obstacle: the right bytes take its place. */
static void short_file_is_replaced(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		AUTO(fixture_close) struct fixture f = { 0 };
		AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
		AUTO(buf_free) struct buf text = BUF_INIT(10);
		struct digest d = digest_of("abcdef", 6), got;
		int64_t size;

		fixture_open(&f);
		write_all(f.store, store_blob_path(&d).text, "abc");
		if (named)
			MUST(store_blob_writer_named(&w, f.store, err));
		else
			MUST(store_blob_writer(&w, f.store, err));
		MUST(sink_write(blob_writer_sink(w), "abcdef", 6, err));
		MUST(blob_writer_commit(&got, &size, w, NULL, -1, err));
		MUST(store_read_blob(&text, f.store, &d, 6, err));
		assert_string_equal(text.ptr, "abcdef");
		blob_writer_close(STEAL(w));
		assert_int_equal(count_in(f.store, "tmp"), 0);
	}
}

static bool drain(struct source *s, size_t cap, struct buf *out, struct err *err)
{
	AUTO(auto_free) char *piece = mem_alloc(cap);

	for (;;) {
		size_t n;

		if (!source_read(s, piece, cap, &n, err))
			return false;
		if (!n)
			return true;
		if (!buf_append(out, piece, n, err))
			return false;
	}
}

static void source_verifies(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct digest d, empty;

	(void)state;
	fixture_open(&f);
	put(f.store, "0123456789", &d);
	put(f.store, "", &empty);
	for (size_t cap = 1; cap < 13; cap++) {
		AUTO(auto_source_close) struct source *s = NULL;
		AUTO(buf_free) struct buf text = BUF_INIT(100);

		MUST(store_open_blob(&s, f.store, &d, 10, err));
		MUST(drain(s, cap, &text, err));
		MUST(s->rewind(s, err));
		MUST(drain(s, cap, &text, err));
		assert_string_equal(text.ptr, "01234567890123456789");
	}
	for (int i = 0; i < 1; i++) {
		AUTO(auto_source_close) struct source *s = NULL;
		AUTO(buf_free) struct buf text = BUF_INIT(100);

		MUST(store_open_blob(&s, f.store, &empty, -1, err));
		MUST(drain(s, 10, &text, err));
		assert_int_equal(text.len, 0);
		MUST_FAIL(store_open_blob(&s, f.store, &d, 11, err), E_INTEGRITY,
			  "11 were promised");
	}
}

/* Whatever the size of the pieces, the last byte of a corrupt blob is never handed out, also not on
 * a second try. */
static void corrupt_blob_is_noticed(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	AUTO(buf_free) struct buf whole = BUF_INIT(100);
	struct digest d;

	(void)state;
	fixture_open(&f);
	put(f.store, "0123456789", &d);
	write_all(f.store, store_blob_path(&d).text, "0123x56789");
	for (size_t cap = 1; cap < 13; cap++) {
		AUTO(auto_source_close) struct source *s = NULL;
		AUTO(buf_free) struct buf text = BUF_INIT(100);

		MUST(store_open_blob(&s, f.store, &d, 10, err));
		MUST_FAIL(drain(s, cap, &text, err), E_INTEGRITY, "does not match its digest");
		MUST_FAIL(drain(s, cap, &text, err), E_INTEGRITY, "does not match its digest");
		assert_true(text.len < 10);
	}
	MUST_FAIL(store_read_blob(&whole, f.store, &d, 100, err), E_INTEGRITY, "does not match");
}

/* What hung or fooled other tools: a FIFO, a device, a link, a directory in a blob's place. */
static void odd_files_in_place_of_blobs(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct digest fifo = digest_of("f", 1), link = digest_of("l", 1), dir = digest_of("d", 1);
	AUTO(buf_free) struct buf text = BUF_INIT(100);

	(void)state;
	fixture_open(&f);
	assert_int_equal(mkfifoat(store_dir(f.store), store_blob_path(&fifo).text, 0600), 0);
	assert_int_equal(symlinkat("/dev/zero", store_dir(f.store), store_blob_path(&link).text),
			 0);
	assert_int_equal(mkdirat(store_dir(f.store), store_blob_path(&dir).text, 0700), 0);
	assert_false(store_has_blob(f.store, &fifo, -1));
	assert_false(store_has_blob(f.store, &link, -1));
	assert_false(store_has_blob(f.store, &dir, -1));
	MUST_FAIL(store_read_blob(&text, f.store, &fifo, 100, err), E_INTEGRITY, "no regular file");
	MUST_FAIL(store_read_blob(&text, f.store, &link, 100, err), E_INPUT, "symbolic link");
	MUST_FAIL(store_read_blob(&text, f.store, &dir, 100, err), E_INTEGRITY, "no regular file");
}

static void umask_does_not_show(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct digest d;
	struct stat st;
	mode_t before;

	(void)state;
	before = umask(077);
	fixture_open(&f);
	put(f.store, "x", &d);
	umask(before);
	MUST(fs_stat(&st, store_dir(f.store), store_blob_path(&d).text, FS_BENEATH, err));
	assert_int_equal(st.st_mode & 07777, 0444);
	MUST(fs_stat(&st, store_dir(f.store), "index.json", FS_BENEATH, err));
	assert_int_equal(st.st_mode & 07777, 0644);
}

/* A child that opens the store, begins a named blob, and stays until it is killed. */
static pid_t busy_child(const char *path)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct err err = { 0 };
		struct blob_writer *w;
		struct store *s;

		if (!store_open(&s, path, &err) || !store_blob_writer_named(&w, s, &err) ||
		    !sink_write(blob_writer_sink(w), "x", 1, &err) || write(ready[1], "k", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void leftovers_of_the_killed(void **state)
{
	AUTO(fixture_close) struct fixture f = { 0 };
	struct digest d;
	pid_t pid;

	(void)state;
	fixture_open(&f);
	pid = busy_child(f.dir.path);
	/* A living process keeps what it has. */
	fixture_reopen(&f);
	put(f.store, "one", &d);
	assert_int_equal(count_in(f.store, "tmp"), 1);
	assert_int_equal(count_in(f.store, "locks/users"), 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(count_in(f.store, "tmp"), 1);
	/* The next writer clears what the dead one left, without being asked. */
	fixture_reopen(&f);
	put(f.store, "two", &d);
	assert_int_equal(count_in(f.store, "tmp"), 0);
	assert_int_equal(count_in(f.store, "locks/users"), 1);
}

static void reading_a_foreign_layout_leaves_it_alone(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(100);
	struct digest d = digest_of("hello", 5);
	struct store *s;

	(void)state;
	MUST(fs_tmpdir_open(&dir, err));
	MUST(fs_mkdir_p(dir.fd, "blobs/sha256", 0755, FS_BENEATH, err));
	MUST(fs_write_atomic(dir.fd, "oci-layout", layout, strlen(layout), 0644, err));
	MUST(store_open_layout(&s, dir.path, err));
	write_all(s, store_blob_path(&d).text, "hello");
	assert_true(store_has_blob(s, &d, 5));
	MUST(store_read_blob(&text, s, &d, 10, err));
	store_close(s);
	MUST(fs_list(&names, dir.fd, ".", FS_BENEATH, err));
	assert_int_equal(names.len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_as_an_image_layout),
		cmocka_unit_test(opened_by_a_relative_path),
		cmocka_unit_test(refuses_other_directories),
		cmocka_unit_test(refuses_bad_layouts),
		cmocka_unit_test(blob_written_and_read),
		cmocka_unit_test(writer_commits_or_leaves_nothing),
		cmocka_unit_test(trusted_writer),
		cmocka_unit_test(short_file_is_replaced),
		cmocka_unit_test(source_verifies),
		cmocka_unit_test(corrupt_blob_is_noticed),
		cmocka_unit_test(odd_files_in_place_of_blobs),
		cmocka_unit_test(umask_does_not_show),
		cmocka_unit_test(leftovers_of_the_killed),
		cmocka_unit_test(reading_a_foreign_layout_leaves_it_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
