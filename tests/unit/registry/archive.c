// SPDX-License-Identifier: Apache-2.0
#include "registry/archive_write.h"

#include <unistd.h>

#include "base/parallel.h"
#include "layers/tar.h"
#include "registry/writer.h"
#include "tests/unit/image/fixture.h"

/* Archives and layouts of images: what is in them, in which order, and what is left after a
 * failure. That skopeo, podman and buildah read them is tested from the command line. */

struct world {
	struct fixture f;
	struct built a, b;
	struct reference names[2];
	struct archive_root root;
	struct archive_request request;
};

static int setup(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	fixture_open(&w->f);
	build(&w->a, w->f.store, NULL, TEXTS("one", "two"));
	build(&w->b, w->f.store, NULL, TEXTS("one", "three"));
	MUST(store_put_documents(w->f.store, &w->a.image, err));
	MUST(store_put_documents(w->f.store, &w->b.image, err));
	w->names[0] = ref_of("me/app:1");
	w->names[1] = ref_of("127.0.0.1:5000/x/y:2");
	w->root = (struct archive_root){ .media_type = w->a.image.manifest.media_type,
					 .raw = w->a.image.manifest.raw,
					 .raw_len = w->a.image.manifest.raw_len,
					 .platform = image_platform(&w->a.image),
					 .names = w->names,
					 .name_count = 2 };
	w->request = (struct archive_request){ .roots = &w->root,
					       .root_count = 1,
					       .blobs = store_blobs(w->f.store) };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	built_free(&w->a);
	built_free(&w->b);
	fixture_close(&w->f);
	free(w);
	return 0;
}

/* Names of the members, one a line; `wanted` (may be NULL) is copied out. */
static char *members(const struct buf *tar, const char *wanted, char **content_out)
{
	AUTO(auto_source_close) struct source *from = source_mem(tar->ptr, tar->len);
	AUTO(auto_tar_reader_close) struct tar_reader *r = NULL;
	struct buf names = BUF_INIT(1 << 20);
	struct buf text = BUF_INIT(1 << 20);
	struct entry e;
	bool more;

	MUST(tar_reader_open(&r, from, err));
	for (;;) {
		MUST(tar_reader_next(&e, &more, r, err));
		if (!more)
			break;
		assert_int_equal(e.mtime, 315532800);
		assert_int_equal(e.uid + e.gid, 0);
		buf_putf(&names, "%s\n", e.path);
		while (wanted && e.kind == ENTRY_FILE && str_eq(e.path, wanted)) {
			const void *data;
			size_t len;

			MUST(tar_reader_data(r, &data, &len, err));
			if (!len)
				break;
			buf_put_bytes(&text, data, len);
		}
	}
	if (content_out)
		*content_out = buf_steal(&text);
	buf_free(&text);
	return buf_steal(&names);
}

static void write_tar(struct buf *out, const struct archive_request *r)
{
	struct sink_buf to = sink_buf(out);

	MUST(archive_write(&to.sink, r, err));
}

static char *hex(const struct digest *d)
{
	return mem_strdup(digest_hex(d).text);
}

static void documents_come_before_layers_and_each_blob_once(void **state)
{
	struct world *w = *state;
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf again = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf want = BUF_INIT(1 << 20);
	AUTO(auto_free) char *index = NULL;
	struct archive_root roots[2] = { w->root, w->root };
	const struct built *images[] = { &w->a, &w->b };

	roots[1].raw = w->b.image.manifest.raw;
	roots[1].raw_len = w->b.image.manifest.raw_len;
	roots[1].name_count = 0;
	w->request.roots = roots;
	w->request.root_count = 2;
	write_tar(&tar, &w->request);
	write_tar(&again, &w->request);
	assert_int_equal(tar.len, again.len);
	assert_memory_equal(tar.ptr, again.ptr, tar.len);
	buf_put(&want, "oci-layout\nindex.json\nblobs\nblobs/sha256\n");
	for (size_t i = 0; i < 2; i++) {
		const struct manifest *m = &images[i]->image.manifest;
		AUTO(auto_free) char *document = hex(&m->digest), *config = hex(&m->config.digest);

		buf_putf(&want, "blobs/sha256/%s\nblobs/sha256/%s\n", document, config);
		for (size_t k = i; k < 2; k++) { /* both share the first */
			AUTO(auto_free) char *layer = hex(&m->layers[k].digest);

			buf_putf(&want, "blobs/sha256/%s\n", layer);
		}
	}
	AUTO(auto_free) char *names = members(&tar, "index.json", &index);

	assert_string_equal(names, want.ptr);
	assert_non_null(strstr(index, "\"io.containerd.image.name\":\"docker.io/me/app:1\""));
	assert_non_null(strstr(index, "\"org.opencontainers.image.ref.name\":\"2\""));
}

static void docker_archives_name_their_blobs(void **state)
{
	struct world *w = *state;
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	AUTO(auto_free) char *json = NULL;
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *config = hex(&w->a.image.manifest.config.digest);
	const json_t *image;

	w->request.format = ARCHIVE_DOCKER;
	write_tar(&tar, &w->request);
	AUTO(auto_free) char *names = members(&tar, "manifest.json", &json);

	MUST(json_parse(&doc, json, strlen(json), "manifest.json", err));
	image = json_array_get(doc, 0);
	assert_string_equal(json_text_member(image, "Config") + strlen("blobs/sha256/"), config);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(image, "RepoTags"), 0)),
		"me/app:1");
	assert_int_equal(json_array_size(json_object_get(image, "Layers")), 2);
	for (size_t i = 0; i < 2; i++) {
		const char *layer =
			json_string_value(json_array_get(json_object_get(image, "Layers"), i));

		assert_non_null(strstr(names, layer));
	}
}

static void make_index(struct world *w, struct index *x, struct arena *arena)
{
	struct descriptor *list = ARENA_ARRAY(arena, struct descriptor, 2);
	const struct built *images[] = { &w->a, &w->b };

	for (size_t i = 0; i < 2; i++)
		list[i] = (struct descriptor){
			.media_type = images[i]->image.manifest.media_type,
			.digest = images[i]->image.manifest.digest,
			.size = (int64_t)images[i]->image.manifest.raw_len,
			.platform = { .os = "linux", .architecture = "amd64" },
		};
	*x = (struct index){ .media_type = media_text(MEDIA_INDEX, FAMILY_OCI, COMPRESSION_NONE),
			     .manifests = list,
			     .manifest_count = 2 };
	index_encode(x, arena);
	w->root.media_type = x->media_type;
	w->root.raw = x->raw;
	w->root.raw_len = x->raw_len;
}

static void an_index_is_whole_and_no_docker_archive(void **state)
{
	struct world *w = *state;
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf tar = BUF_INIT(1 << 20);
	struct sink_buf to = sink_buf(&tar);
	struct index x;
	size_t lines = 0;

	make_index(w, &x, &arena);
	write_tar(&tar, &w->request);
	AUTO(auto_free) char *names = members(&tar, NULL, NULL);

	for (const char *c = names; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 4 + 1 + 2 * 2 + 3); /* fixed, index, documents, layers */
	w->request.format = ARCHIVE_DOCKER;
	MUST_FAIL(archive_write(&to.sink, &w->request, err), E_UNSUPPORTED, "one platform");
}

static void damaged_blobs_leave_no_file(void **state)
{
	struct world *w = *state;
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *bad = hex(&w->a.image.manifest.layers[1].digest);
	AUTO(auto_free) char *path = mem_printf("blobs/sha256/%s", bad);
	AUTO(auto_free) char *file = NULL, *layout = NULL;

	MUST(fs_tmpdir_open(&dir, err));
	file = mem_printf("%s/x.tar", dir.path);
	layout = mem_printf("%s/layout", dir.path);
	assert_int_equal(unlinkat(store_dir(w->f.store), path, 0), 0);
	write_all(w->f.store, path, "TWO");
	MUST_FAIL(archive_write_file(file, &w->request, err), E_INTEGRITY, "x.tar");
	MUST(fs_list(&names, dir.fd, ".", FS_BENEATH, err));
	assert_int_equal(names.len, 0);
	MUST_FAIL(archive_write_layout(layout, &w->request, err), E_INTEGRITY, "blob");
	assert_false(fs_exists(dir.fd, "layout/index.json"));
}

/* Blobs of one digit each are announced by many threads at once, and none gets lost. */
enum { MANY = 400 };

static bool open_number(struct blob_source *self, struct source **out, const struct descriptor *d,
			struct err *err)
{
	char text[16];

	(void)self;
	for (int i = 0; i < MANY; i++) {
		struct digest digest =
			digest_of(text, (size_t)snprintf(text, sizeof(text), "%d", i));

		if (digest_eq(&digest, &d->digest)) {
			*out = source_mem_take(mem_strdup(text), strlen(text));
			return true;
		}
	}
	return err_set(err, E_NOT_FOUND, "no such number");
}

struct announcing {
	struct writer *to;
	struct reader *from;
	struct descriptor blobs[MANY];
};

static bool announce(void *arg, size_t job, struct err *err)
{
	struct announcing *a = arg;
	struct move_result how;

	return a->to->blob(a->to, &how, &a->blobs[job], a->from, false, err);
}

static void blobs_come_from_any_thread(void **state)
{
	struct world *w = *state;
	struct blob_source numbers = { .open = open_number };
	struct reader from = { .blobs = &numbers };
	struct announcing a = { .from = &from };
	struct buf raw = BUF_INIT(1 << 20);
	struct graph_node root = { .media_type = "application/vnd.oci.image.manifest.v1+json" };
	const struct writer_env env = { .store = w->f.store };
	struct place place = { .kind = PLACE_OCI_ARCHIVE };

	buf_putf(&raw, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"layers\":[", root.media_type);
	for (int i = 0; i < MANY; i++) {
		char text[16];
		size_t len = (size_t)snprintf(text, sizeof(text), "%d", i);

		a.blobs[i] =
			(struct descriptor){ .digest = digest_of(text, len), .size = (int64_t)len };
		buf_putf(&raw,
			 "%s{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":\"%s\","
			 "\"size\":%zu}%s",
			 i > 0 && i < MANY - 1 ? "," : "",
			 i < MANY - 1 ? "layer.v1.tar" : "config.v1+json",
			 digest_format(&a.blobs[i].digest).text, len,
			 i == MANY - 2   ? "],\"config\":"
			 : i == MANY - 1 ? "}"
					 : "");
	}
	root.document = (struct registry_document){ .raw = raw.ptr,
						    .len = raw.len,
						    .digest = digest_of(raw.ptr, raw.len) };
	place.path = mem_printf("%s/many.tar", w->f.dir.path);
	for (int round = 0; round < 20; round++) {
		MUST(writer_open(&a.to, &place, &env, err));
		MUST(parallel_run(MANY, 8, announce, &a, err));
		MUST(a.to->put(a.to, &root, "", err));
		MUST(a.to->finish(a.to, err));
		writer_close(a.to);
	}
	free(place.path);
	buf_free(&raw);
}

static void a_layout_is_added_to(void **state)
{
	struct world *w = *state;
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	AUTO(auto_free) char *want = mem_strdup(digest_format(&w->b.image.manifest.digest).text);

	MUST(fs_tmpdir_open(&dir, err));
	path = mem_printf("%s/layout", dir.path);
	MUST(archive_write_layout(path, &w->request, err));
	w->root.raw = w->b.image.manifest.raw;
	w->root.raw_len = w->b.image.manifest.raw_len;
	w->root.name_count = 1;
	MUST(archive_write_layout(path, &w->request, err));
	MUST(fs_read(&text, dir.fd, "layout/index.json", text.max, FS_BENEATH, err));
	MUST(json_parse(&doc, text.ptr, text.len, "index", err));
	assert_int_equal(json_array_size(json_object_get(doc, "manifests")), 2);
	assert_string_equal(
		json_text_member(json_array_get(json_object_get(doc, "manifests"), 1), "digest"),
		want);
	/* what rtbuild and other tools read it by */
	struct store *s = NULL;
	AUTO(image_free) struct image img = { 0 };

	MUST(store_open_layout(&s, path, err));
	MUST(store_find_image(&img, s, &w->names[0], NULL, err));
	assert_true(digest_eq(&img.manifest.digest, &w->b.image.manifest.digest));
	store_close(s);
}

static void other_directories_are_refused(void **state)
{
	struct world *w = *state;
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_free) char *path = NULL;

	MUST(fs_tmpdir_open(&dir, err));
	path = mem_printf("%s/file", dir.path);
	MUST(fs_write_path_atomic(path, "x", 1, 0644, err));
	MUST_FAIL(archive_write_layout(dir.path, &w->request, err), E_INPUT, "no image layout");
	MUST_FAIL(archive_write_layout(store_path(w->f.store), &w->request, err), E_INPUT,
		  "store of rtbuild");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(documents_come_before_layers_and_each_blob_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(docker_archives_name_their_blobs, setup, teardown),
		cmocka_unit_test_setup_teardown(an_index_is_whole_and_no_docker_archive, setup,
						teardown),
		cmocka_unit_test_setup_teardown(damaged_blobs_leave_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(blobs_come_from_any_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(a_layout_is_added_to, setup, teardown),
		cmocka_unit_test_setup_teardown(other_directories_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
