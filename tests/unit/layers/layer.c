// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/proc.h"
#include "layers/ahead.h"
#include "layers/layer.h"
#include "layers/stage.h"

/* layers/layer.h: into the store and out again, both digests right, in constant memory; and the
 * stage it is built of. */

struct fixture {
	struct fs_tmpdir dir;
	struct store *store;
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
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	fs_tmpdir_close(&f->dir);
	free(f);
	return 0;
}

static bool read_layer(struct buf *out, struct store *s, const struct layer *l,
		       const struct digest *diff_id, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(out);

	return layer_open(&from, store_blobs(s), &l->descriptor, diff_id, err) &&
	       source_copy(from, &to.sink, NULL, err);
}

static void some_entries(struct entry_list *l, size_t big)
{
	AUTO(auto_free) unsigned char *bytes = mem_alloc(big + 1);
	struct err err = { 0 };

	fill_bytes(bytes, big, true, 7);
	entry_add_bytes(l, "etc/hello", "hello\n", 6);
	entry_add_bytes(l, "opt/big", bytes, big);
	MUST(entry_list_add_parents(l, &err));
}

static void digests_are_right(void **state)
{
	static const size_t sizes[] = { 0, 1, 262144, 300000, 5000000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (int k = 0; k < 3; k++) {
			struct layer_options opt = layer_options_default();
			AUTO(entry_list_free) struct entry_list l = { 0 };
			AUTO(buf_free) struct buf want = BUF_INIT(8000000);
			AUTO(buf_free) struct buf got = BUF_INIT(8000000);
			AUTO(buf_free) struct buf blob = BUF_INIT(8000000);
			struct layer layer;
			struct digest diff_id, digest;
			struct err err = { 0 };

			opt.compress.kind = (enum compression)k;
			some_entries(&l, sizes[i]);
			MUST(entries_tar(&want, &l, &err));
			MUST(layer_write(&layer, f->store, &l, &opt, &err));
			diff_id = digest_of(want.ptr, want.len);
			assert_true(digest_eq(&layer.diff_id, &diff_id));
			assert_int_equal(layer.unpacked_size, want.len);
			MUST(store_read_blob(&blob, f->store, &layer.descriptor.digest, 8000000,
					     &err));
			digest = digest_of(blob.ptr, blob.len);
			assert_true(digest_eq(&layer.descriptor.digest, &digest));
			assert_int_equal(layer.descriptor.size, blob.len);
			assert_string_equal(layer.descriptor.media_type,
					    media_text(MEDIA_LAYER, FAMILY_OCI, opt.compress.kind));
			MUST(read_layer(&got, f->store, &layer, &layer.diff_id, &err));
			assert_int_equal(got.len, want.len);
			assert_memory_equal(got.ptr, want.ptr, want.len);
			buf_clear(&got);
			MUST(read_layer(&got, f->store, &layer, NULL, &err));
			layer.diff_id.bytes[3] ^= 1;
			buf_clear(&got);
			MUST_FAIL(read_layer(&got, f->store, &layer, &layer.diff_id, &err),
				  E_INTEGRITY);
		}
}

static void docker_family(void **state)
{
	struct fixture *f = *state;
	struct layer_options opt = layer_options_default();
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct layer layer;
	struct err err = { 0 };

	some_entries(&l, 10);
	opt.family = FAMILY_DOCKER;
	MUST(layer_write(&layer, f->store, &l, &opt, &err));
	assert_string_equal(layer.descriptor.media_type,
			    "application/vnd.docker.image.rootfs.diff.tar.gzip");
}

/* A failure half way leaves no blob and no temporary file behind. */
static void failures_leave_nothing(void **state)
{
	struct fixture *f = *state;
	struct layer_options opt = layer_options_default();
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_free) char *command = mem_printf("find %s/store -type f | sort", f->dir.path);
	AUTO(buf_free) struct buf first = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf second = BUF_INIT(1 << 20);
	struct layer layer;
	struct err err = { 0 };

	some_entries(&l, 3000000);
	entry_add_file(&l, "zz", -1, "no such file", 5);
	for (int i = 0; i < 2; i++) {
		const char *const argv[] = { "sh", "-c", command, NULL };
		int status;

		MUST(proc_capture(
			&status, i ? &second : &first, NULL,
			&(struct proc_spec){
				.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 },
			NULL, 0, &err));
		if (!i)
			MUST_FAIL(layer_write(&layer, f->store, &l, &opt, &err), E_IO);
	}
	assert_string_equal(first.ptr, second.ptr);
}

/* --- memory --- */

static size_t status_kib(const char *field)
{
	AUTO(buf_free) struct buf b = BUF_INIT(1 << 16);
	struct err err = { 0 };
	const char *at;

	MUST(fs_read_path(&b, "/proc/self/status", 1 << 16, &err));
	at = strstr(b.ptr, field);
	assert_non_null(at);
	return (size_t)strtoul(at + strlen(field), NULL, 10);
}

struct made {
	struct source source;
	uint64_t left, seed;
};

static bool made_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct made *m = (struct made *)self;

	(void)err;
	*len_out = cap < m->left ? cap : (size_t)m->left;
	fill_bytes(data, *len_out, false, m->seed++);
	m->left -= *len_out;
	return true;
}

static void made_close(struct source *self)
{
	free(self);
}

static bool made_open(const struct entry *e, struct source **out, struct err *err)
{
	struct made *m = mem_alloc(sizeof(*m));

	(void)err;
	*m = (struct made){ .source = { .read = made_read, .close = made_close },
			    .left = (uint64_t)e->size };
	*out = &m->source;
	return true;
}

/* Resident memory does not grow with the layer: 128 MiB here, and RTBUILD_LAYER_MIB for more. */
static void memory_is_constant(void **state)
{
	struct fixture *f = *state;
	const char *mib = (getenv)("RTBUILD_LAYER_MIB");
	struct layer_options opt = layer_options_default();
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_hash to;
	struct entry *e = entry_add(&l, ENTRY_FILE, "big");
	struct layer layer;
	struct err err = { 0 };

	e->size = (mib ? (int64_t)strtoul(mib, NULL, 10) : 128) * MIB;
	e->open = made_open;
	MUST(layer_write(&layer, f->store, &l, &opt, &err));
	sink_hash_init(&to, NULL);
	MUST(layer_open(&from, store_blobs(f->store), &layer.descriptor, &layer.diff_id, &err));
	MUST(source_copy(from, &to.sink, NULL, &err));
	MUST(sink_finish(&to.sink, &err));
	assert_int_equal(to.size, layer.unpacked_size);
	print_message("# %lld MiB layer: %zu KiB at most were resident\n", (long long)e->size / MIB,
		      status_kib("VmHWM:"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(status_kib("VmHWM:") < 64 * 1024);
#endif
}

/* --- stage --- */

static bool failing_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	(void)self;
	(void)data;
	(void)len;
	return err_set(err, E_IO, "disk full");
}

static bool finish_nothing(struct sink *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

static void stage_passes_all(void **state)
{
	static const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 3000000 };
	AUTO(auto_free) unsigned char *in = mem_alloc(3000000);
	(void)state;

	fill_bytes(in, 3000000, true, 3);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO(buf_free) struct buf b = BUF_INIT(3000000);
		struct sink_buf to = sink_buf(&b);
		AUTO(auto_stage_close) struct stage *s = stage_open(&to.sink);
		struct err err = { 0 };

		for (size_t at = 0, n; at < sizes[i]; at += n) {
			n = sizes[i] - at < 70001 ? sizes[i] - at : 70001;
			MUST(sink_write(stage_sink(s), in + at, n, &err));
		}
		MUST(sink_finish(stage_sink(s), &err));
		assert_int_equal(b.len, sizes[i]);
		assert_memory_equal(b.ptr, in, b.len);
	}
}

static void stage_tells_failures(void **state)
{
	AUTO(auto_free) char *in = mem_alloc(100000);
	(void)state;

	for (int writes = 1; writes < 40; writes += 6) {
		struct sink bad = { .write = failing_write, .finish = finish_nothing };
		AUTO(auto_stage_close) struct stage *s = stage_open(&bad);
		struct err err = { 0 };
		bool ok = true;

		for (int i = 0; ok && i < writes; i++)
			ok = sink_write(stage_sink(s), in, 100000, &err);
		if (ok)
			ok = sink_finish(stage_sink(s), &err);
		assert_false(ok);
		assert_int_equal(err.code, E_IO);
		assert_string_equal(err.msg, "disk full");
	}
	for (int writes = 0; writes < 20; writes += 3) { /* and one that is dropped */
		AUTO(buf_free) struct buf b = BUF_INIT(10000000);
		struct sink_buf to = sink_buf(&b);
		AUTO(auto_stage_close) struct stage *s = stage_open(&to.sink);
		struct err err = { 0 };

		for (int i = 0; i < writes; i++)
			MUST(sink_write(stage_sink(s), in, 100000, &err));
	}
}

/* --- ahead --- */

struct failing {
	struct source source;
	size_t left;
	bool fails;
};

static bool failing_read(struct source *self, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	struct failing *f = (struct failing *)self;

	*len_out = f->left < cap ? f->left : cap;
	*len_out = *len_out < 99991 ? *len_out : 99991;
	for (size_t i = 0; i < *len_out;
	     i++) /* by the place alone, however much is read at a time */
		((unsigned char *)data)[i] = (unsigned char)((f->left - i) / 1000);
	f->left -= *len_out;
	return *len_out || !f->fails || err_set(err, E_NETWORK, "line cut");
}

static struct source *failing_source(size_t len, bool fails)
{
	struct failing *f = mem_alloc(sizeof(*f));

	f->source = (struct source){ .read = failing_read, .close = made_close };
	f->left = len;
	f->fails = fails;
	return &f->source;
}

static void ahead_gives_all_and_then_fails(void **state)
{
	static const size_t sizes[] = { 0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 3 };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (int fails = 0; fails < 2; fails++) {
			AUTO(auto_source_close)
			struct source *direct = failing_source(sizes[i], false);
			AUTO(auto_source_close)
			struct source *s = ahead_open(failing_source(sizes[i], fails));
			AUTO(buf_free) struct buf got = BUF_INIT(8 * MIB);
			AUTO(buf_free) struct buf want = BUF_INIT(8 * MIB);
			struct sink_buf to_got = sink_buf(&got), to_want = sink_buf(&want);
			struct err err = { 0 };

			MUST(source_copy(direct, &to_want.sink, NULL, &err));
			assert_int_equal(source_copy(s, &to_got.sink, NULL, &err), !fails);
			assert_int_equal(err.code, fails ? E_NETWORK : E_NONE);
			assert_int_equal(got.len, sizes[i]);
			assert_memory_equal(got.ptr, want.ptr, got.len);
		}
}

static void ahead_may_be_left(void **state)
{
	AUTO(auto_free) char *piece = mem_alloc(100000);
	(void)state;

	for (int reads = 0; reads < 60; reads += 7) {
		AUTO(auto_source_close)
		struct source *s = ahead_open(failing_source(64 * MIB, false));
		struct err err = { 0 };
		size_t len;

		for (int i = 0; i < reads; i++)
			MUST(source_read(s, piece, 100000, &len, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_is_constant, setup, teardown),
		cmocka_unit_test_setup_teardown(digests_are_right, setup, teardown),
		cmocka_unit_test_setup_teardown(docker_family, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_leave_nothing, setup, teardown),
		cmocka_unit_test(stage_passes_all),
		cmocka_unit_test(stage_tells_failures),
		cmocka_unit_test(ahead_gives_all_and_then_fails),
		cmocka_unit_test(ahead_may_be_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
