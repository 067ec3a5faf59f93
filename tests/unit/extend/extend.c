// SPDX-License-Identifier: Apache-2.0
#include "base.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "extend/extend.h"
#include "extend/tag.h"
#include "layers/tar.h"
#include "registry/push.h"

/* The whole verb, on stores in temporary directories and on Debian's docker-registry. */

struct world {
	struct fs_tmpdir dir; /* the user's files */
	struct fs_tmpdir store_dir;
	struct store *store;
	struct registry *registry;
	struct recorder said;
	struct fs_tmpdir server_dir;
	pid_t server;
	char host[64];
};

static const char *const f_only[] = { "f" }, *const g_only[] = { "g" },
			 *const absent_only[] = { "absent" };
static const char map_py[] =
	"import helper\ndef f(x):\n    return helper.twice(x)\ndef g(x): return -x\n";

static void open_store(struct world *w)
{
	const struct registry_options options = { .events = &w->said.events, .store = NULL };

	dir_open(&w->store_dir);
	MUST(store_open(&w->store, w->store_dir.path, err));
	MUST(registry_open(&w->registry, &options, err));
}

static void close_store(struct world *w)
{
	registry_close(w->registry);
	store_close(w->store);
	fs_tmpdir_close(&w->store_dir);
}

static int open_world(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));

	dir_open(&w->dir);
	put_file(&w->dir, "map.py", map_py);
	put_file(&w->dir, "helper.py", "def twice(x): return 2 * x\n");
	recorder_open(&w->said);
	open_store(w);
	*state = w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	close_store(w);
	recorder_close(&w->said);
	fs_tmpdir_close(&w->dir);
	free(w);
	return 0;
}

/* --- a registry --- */

static char *read_log(const struct world *w, const char *name)
{
	struct buf text = BUF_INIT(1 << 22);

	MUST(fs_read(&text, w->server_dir.fd, name, text.max, FS_BENEATH, err));
	return buf_steal(&text);
}

static void start_server(struct world *w)
{
	AUTO(auto_free)
	char *config = mem_printf(
		"version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: {rootdirectory: "
		"%s/data}\n  delete: {enabled: true}\nhttp: {addr: '127.0.0.1:0'}\n",
		w->server_dir.path);
	AUTO(auto_free) char *path = mem_printf("%s/config.yml", w->server_dir.path);
	const char *const argv[] = { "docker-registry", "serve", path, NULL };
	int out = openat(w->server_dir.fd, "out", O_WRONLY | O_CREAT, 0600);
	int errors = openat(w->server_dir.fd, "err", O_WRONLY | O_CREAT, 0600);
	const struct proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = out, .stderr_fd = errors
	};
	static const char mark[] = "listening on ";

	MUST(fs_write_path_atomic(path, config, strlen(config), 0600, err));
	MUST(proc_start(&w->server, &spec, err));
	close(out);
	close(errors);
	for (int tries = 0; tries < 15000 && !w->host[0]; tries++) {
		AUTO(auto_free) char *log = read_log(w, "err");
		const char *at = strstr(log, mark);
		size_t len = at ? strcspn(at + sizeof(mark) - 1, "\" \n") : 0;

		if (at && at[sizeof(mark) - 1 + len])
			snprintf(w->host, sizeof(w->host), "%.*s", (int)len, at + sizeof(mark) - 1);
		else
			clock_sleep_ms(20);
	}
	assert_true(w->host[0]);
}

static int open_served(void **state)
{
	struct world *w;

	open_world(state);
	w = *state;
	dir_open(&w->server_dir);
	start_server(w);
	return 0;
}

static int close_served(void **state)
{
	struct world *w = *state;
	int status;

	kill(w->server, SIGTERM);
	waitpid(w->server, &status, 0);
	fs_tmpdir_close(&w->server_dir);
	return close_world(state);
}

/* Requests since `mark` bytes of the access log, "GET manifests 200 " each. */
static char *requests(const struct world *w, size_t mark)
{
	AUTO(auto_free) char *log = NULL;
	struct buf text = BUF_INIT(1 << 20);
	struct slice rest;

	clock_sleep_ms(100); /* the line is written behind the answer */
	log = read_log(w, "out");
	rest = slice_of(log + mark);
	while (rest.ptr && rest.len) {
		struct slice line = slice_cut(rest, '\n', &rest), behind,
			     head = slice_cut(line, '"', &behind);
		struct slice request = behind.ptr ? slice_cut(behind, '"', &behind) : head, path;
		struct slice method = slice_cut(request, ' ', &path);
		const char *kind = "other";

		if (!behind.ptr)
			continue;
		if (memmem(request.ptr, request.len, "/manifests/", 11))
			kind = "manifest";
		else if (memmem(request.ptr, request.len, "/uploads/", 9))
			kind = "upload";
		else if (memmem(request.ptr, request.len, "/blobs/", 7))
			kind = "blob";
		buf_putf(&text, SLICE_FMT " %s %.3s\n", SLICE_ARG(method), kind, behind.ptr + 1);
	}
	return buf_steal(&text);
}

static size_t log_mark(const struct world *w)
{
	AUTO(auto_free) char *log = NULL;

	clock_sleep_ms(100);
	log = read_log(w, "out");
	return strlen(log);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
		n++;
	return n;
}

/* --- extending --- */

static struct extend_request request_for(const struct world *w, const char *base)
{
	return (struct extend_request){
		.base = ref_of(base),
		.functions = f_only,
		.function_count = 1,
		.filepath = "map.py",
		.cwd = w->dir.path,
		.layer = layer_options_default(),
	};
}

static bool extend(struct extend_result *out, struct world *w, const struct extend_request *req,
		   struct err *err)
{
	const struct extend_env env = { .store = w->store,
					.registry = w->registry,
					.events = &w->said.events };

	return extend_run(out, &env, req, err);
}

/* The reference as text, which must be new unless `existed`. */
static char *extended(struct world *w, const struct extend_request *req, bool existed)
{
	struct extend_result result;
	char *text;

	MUST(extend(&result, w, req, err));
	assert_int_equal(result.existed, existed);
	assert_int_equal(strlen(result.full_hash), 64);
	text = mem_strdup(reference_format(&result.reference).text);
	extend_result_free(&result);
	return text;
}

static struct image find(struct world *w, const char *name)
{
	struct reference ref = ref_of(name);
	struct image img;

	MUST(store_find_image(&img, w->store, &ref, NULL, err));
	return img;
}

static const struct base_recipe python_base = {
	.execution = "{\"Env\":[\"PATH=/bin\",\"PYTHON_VERSION=3.11.2\"],\"Cmd\":[\"python3\"]}",
	.history = 2,
	.layers = 2,
};

static void read_member(struct buf *out, struct tar_reader *tar)
{
	const void *data;
	size_t len;

	for (;;) {
		MUST(tar_reader_data(tar, &data, &len, err));
		if (!len)
			return;
		buf_put_bytes(out, data, len);
	}
}

/* "PATH MODE MTIME SIZE BYTES" of the image's top layer, a line each. */
static char *top_layer(const struct image *img)
{
	const struct manifest *m = &img->manifest;
	struct digest diff_id = config_diff_id(&img->config, m->layer_count - 1);
	struct source *bytes;
	struct tar_reader *tar;
	struct buf text = BUF_INIT(1 << 20);

	MUST(layer_open(&bytes, img->blobs, &m->layers[m->layer_count - 1], &diff_id, err));
	MUST(tar_reader_open(&tar, bytes, err));
	for (;;) {
		AUTO(buf_free) struct buf data = BUF_INIT(1 << 20);
		struct entry e;
		bool more;

		MUST(tar_reader_next(&e, &more, tar, err));
		if (!more)
			break;
		if (e.kind == ENTRY_FILE)
			read_member(&data, tar);
		buf_putf(&text, "%s %o %lld %lld:%lld %zu\n", e.path, (unsigned)e.mode,
			 (long long)e.mtime, (long long)e.uid, (long long)e.gid, data.len);
	}
	tar_reader_close(tar);
	source_close(bytes);
	return buf_steal(&text);
}

static void extends_an_image_of_the_store(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	struct extend_result r;
	AUTO(auto_free) char *members = NULL;
	struct image base, img;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	MUST(extend(&r, w, &req, err));
	assert_string_equal(r.function, "map:f");
	assert_string_equal(r.filepath, "map.py");
	assert_int_equal(r.baked.len, 3);
	assert_string_equal(r.baked.items[0], "/opt/lithops/func.pickle");
	assert_string_equal(r.baked.items[1], "/opt/lithops/modules/helper.py");
	assert_string_equal(r.baked.items[2], "/opt/lithops/modules/map.py");
	assert_int_equal(strlen(r.reference.tag), TAG_LEN);
	assert_memory_equal(r.reference.tag, r.full_hash, TAG_LEN);
	assert_true(r.reference.has_digest);
	base = find(w, "127.0.0.1:1/me/rt:1");
	img = find(w, reference_format(&r.reference).text);
	assert_true(digest_eq(&img.manifest.digest, &r.reference.digest));
	assert_int_equal(img.manifest.layer_count, 3);
	for (size_t i = 0; i < 2; i++)
		assert_true(
			digest_eq(&img.manifest.layers[i].digest, &base.manifest.layers[i].digest));
	assert_string_equal(config_env(&img.config, "PYTHONPATH"), "/opt/lithops/modules");
	assert_string_equal(config_label(&img.config, "io.rtbuild.extend.function"), "f");
	assert_string_equal(config_label(&img.config, "io.rtbuild.extend.module"), "map");
	assert_string_equal(config_label(&img.config, "io.rtbuild.extend.base.name"),
			    "127.0.0.1:1/me/rt");
	assert_string_equal(config_label(&img.config, "io.rtbuild.extend.base.digest"),
			    digest_format(&base.manifest.digest).text);
	assert_string_equal(config_label(&img.config, "io.rtbuild.extend.hash"), r.full_hash);
	assert_non_null(strstr(w->said.text.ptr, "has Python 3.11.2"));
	members = top_layer(&img);
	assert_string_equal(members, "opt 755 315532800 0:0 0\n"
				     "opt/lithops 755 315532800 0:0 0\n"
				     "opt/lithops/func.pickle 644 315532800 0:0 24\n"
				     "opt/lithops/modules 755 315532800 0:0 0\n"
				     "opt/lithops/modules/helper.py 644 315532800 0:0 27\n"
				     "opt/lithops/modules/map.py 644 315532800 0:0 71\n");
	image_free(&base);
	image_free(&img);
	extend_result_free(&r);
}

/* Same input, same tag, same digest: whatever the directory, umask, dates and store. */
static void same_input_same_image(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(auto_free) char *first = NULL, *again = NULL, *elsewhere = NULL;
	struct fs_tmpdir other;
	mode_t old;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	first = extended(w, &req, false);
	again = extended(w, &req, true);
	assert_string_equal(first, again);

	dir_open(&other);
	close_store(w);
	open_store(w);
	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	old = umask(0077);
	put_file(&other, "zzz.txt", "");
	put_file(&other, "helper.py", "def twice(x): return 2 * x\n");
	put_file(&other, "map.py", map_py);
	umask(old);
	assert_int_equal(fchmodat(other.fd, "map.py", 0755, 0), 0);
	assert_int_equal(utimensat(other.fd, "map.py",
				   (struct timespec[]){ { .tv_sec = 1 }, { .tv_sec = 2 } }, 0),
			 0);
	req.cwd = other.path;
	old = umask(0);
	elsewhere = extended(w, &req, false);
	umask(old);
	assert_string_equal(first, elsewhere);
	fs_tmpdir_close(&other);
}

/* The upstream defects: two functions of one file share a tag; changed module content keeps it
 * (facts 2c). */
static void different_input_different_tag(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(str_list_free) struct str_list seen = { 0 };

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	for (int i = 0; i < 6; i++) {
		if (i == 1)
			req.functions = g_only;
		if (i == 2)
			put_file(&w->dir, "helper.py", "def twice(x): return x + x\n");
		if (i == 3)
			put_file(&w->dir, "map.py", "def g(x): pass\n");
		if (i == 4)
			base_put(w->store, "127.0.0.1:1/me/rt:1",
				 &(struct base_recipe){ .execution = python_base.execution,
							.history = 1,
							.layers = 1 });
		if (i == 5) {
			req.has_epoch = true;
			req.epoch = 1700000000;
		}
		str_list_push_take(&seen, extended(w, &req, false));
		*strchr(seen.items[i], '@') = '\0';
		for (int j = 0; j < i; j++)
			assert_string_not_equal(seen.items[i], seen.items[j]);
	}
}

/* An extended image is extended from where it began: layers do not pile up, and the way there
 * leaves no trace. */
static void chained_extends(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(auto_free) char *first = NULL, *direct = NULL, *chained = NULL, *back = NULL;
	struct image img;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	first = extended(w, &req, false);
	req.functions = g_only;
	direct = extended(w, &req, false);
	req.base = ref_of(first);
	chained = extended(w, &req, true);
	assert_string_equal(direct, chained);
	assert_non_null(
		strstr(w->said.text.ptr,
		       "this image was extended before: starting again from 127.0.0.1:1/me/rt@"));
	req.base = ref_of(chained);
	req.functions = f_only;
	back = extended(w, &req, true);
	assert_string_equal(back, first);
	img = find(w, chained);
	assert_int_equal(img.manifest.layer_count, 3);
	image_free(&img);
}

static void tags(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(auto_free) char *text = NULL, *other = NULL, *forced = NULL;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	req.tag = "mine";
	text = extended(w, &req, false);
	assert_true(str_has_prefix(text, "127.0.0.1:1/me/rt:mine@sha256:"));
	req.tag = "127.0.0.1:2/you/other:x";
	other = extended(w, &req, false);
	assert_true(str_has_prefix(other, "127.0.0.1:2/you/other:x@sha256:"));
	req.tag = "mine";
	req.functions = g_only;
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_INTEGRITY,
		  "127.0.0.1:1/me/rt:mine is there and holds something else");
	req.force = true;
	forced = extended(w, &req, false);
	assert_string_not_equal(strchr(forced, '@'), strchr(text, '@'));
	req.tag = "not a tag";
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_INPUT, "tag");
	req.tag = "127.0.0.1:2/you/other@sha256:"
		  "0000000000000000000000000000000000000000000000000000000000000000";
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_USAGE,
		  "cannot be given a digest");
}

/* Other bytes, but the same extension by its label: another compressor made them. */
static void same_hash_of_another_compressor(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(auto_free) char *first = NULL, *second = NULL, *elsewhere = NULL;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	first = extended(w, &req, false);
	req.layer.compress.level = 1;
	second = extended(w, &req, true);
	assert_string_equal(first, second);
	req.tag = "elsewhere";
	elsewhere = extended(w, &req, false);
	assert_string_not_equal(strchr(elsewhere, '@'), strchr(first, '@'));
}

static void zstd_layers(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(auto_free) char *text = NULL;
	struct image img;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	req.layer.compress.kind = COMPRESSION_ZSTD;
	text = extended(w, &req, false);
	img = find(w, text);
	assert_string_equal(img.manifest.layers[2].media_type,
			    "application/vnd.oci.image.layer.v1.tar+zstd");
	image_free(&img);
}

static void docker_family_stays(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	struct base_recipe recipe = python_base;
	AUTO(auto_free) char *text = NULL;
	struct image img;

	recipe.family = FAMILY_DOCKER;
	base_put(w->store, "127.0.0.1:1/me/rt:1", &recipe);
	text = extended(w, &req, false);
	img = find(w, text);
	assert_string_equal(img.manifest.media_type,
			    "application/vnd.docker.distribution.manifest.v2+json");
	assert_string_equal(img.manifest.layers[2].media_type,
			    "application/vnd.docker.image.rootfs.diff.tar.gzip");
	image_free(&img);
	req.layer.compress.kind = COMPRESSION_ZSTD;
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_UNSUPPORTED, "");
}

static void missing_history_is_said(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	struct base_recipe recipe = python_base;
	AUTO(auto_free) char *text = NULL;

	recipe.history = -1;
	recipe.execution = NULL;
	base_put(w->store, "127.0.0.1:1/me/rt:1", &recipe);
	req.python = "3.11";
	text = extended(w, &req, false);
	assert_non_null(strstr(w->said.text.ptr, "the base has no fitting history"));
	assert_non_null(strstr(w->said.text.ptr, "does not say which Python it has: 3.11"));
}

/* Neither the base nor the user: nothing is made. */
static void python_must_be_known(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	struct base_recipe recipe = python_base;
	struct store_list before, after;

	recipe.execution = NULL;
	base_put(w->store, "127.0.0.1:1/me/rt:1", &recipe);
	MUST(store_images(&before, w->store, err));
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_INPUT,
		  "the base (linux/amd64) does not say which Python it has");
	MUST(store_images(&after, w->store, err));
	assert_int_equal(before.len, after.len);
	store_list_free(&before);
	store_list_free(&after);
}

static void wrong_platform(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	req.has_platform = true;
	MUST(platform_parse(&req.platform, "linux/arm64", err));
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_NOT_FOUND,
		  "no image for linux/arm64: it is for linux/amd64");
}

/* A failure leaves no image behind. */
static void failures_leave_nothing(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	struct store_list before, after;

	base_put(w->store, "127.0.0.1:1/me/rt:1", &python_base);
	MUST(store_images(&before, w->store, err));
	req.functions = absent_only;
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_USAGE,
		  "extend: no top-level function");
	req.functions = f_only;
	req.base = ref_of("127.0.0.1:1/me/rt:2");
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_NETWORK,
		  "base 127.0.0.1:1/me/rt:2");
	MUST(store_images(&after, w->store, err));
	assert_int_equal(before.len, after.len);
	store_list_free(&before);
	store_list_free(&after);
}

/* --- indexes --- */

/* linux/amd64, linux/arm64, and an attestation. */
static void put_index(struct world *w, const char *name, size_t images)
{
	static const char attestation[] =
		"{\"schemaVersion\":2,\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"config\":{"
		"\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:"
		"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},"
		"\"layers\":[]}";
	static const char *const architectures[] = { "amd64", "arm64" };
	AUTO(arena_free) struct arena arena = { 0 };
	struct descriptor entries[3] = { 0 };
	struct index x = { .media_type = media_text(MEDIA_INDEX, FAMILY_OCI, COMPRESSION_NONE),
			   .manifests = entries,
			   .manifest_count = images + 1 };
	static struct json_pair pair = { "vnd.docker.reference.type", "attestation-manifest" };
	struct reference ref = ref_of(name);
	struct digest ignored;

	for (size_t i = 0; i < images; i++) {
		struct base_recipe recipe = python_base;
		struct image img;

		recipe.architecture = architectures[i];
		base_make(&img, w->store, &recipe);
		MUST(store_put_documents(w->store, &img, err));
		entries[i] = (struct descriptor){ .media_type = img.manifest.media_type,
						  .digest = img.manifest.digest,
						  .size = (int64_t)img.manifest.raw_len,
						  .platform = image_platform(&img) };
		entries[i].media_type = media_find(entries[i].media_type)->text;
		image_free(&img);
	}
	entries[images] = (struct descriptor){
		.media_type = media_text(MEDIA_MANIFEST, FAMILY_OCI, COMPRESSION_NONE),
		.digest = digest_of(attestation, sizeof(attestation) - 1),
		.size = sizeof(attestation) - 1,
		.annotations = { .items = &pair, .len = 1 },
		.platform = { .os = "unknown", .architecture = "unknown" },
	};
	MUST(store_put_bytes(&ignored, w->store, attestation, sizeof(attestation) - 1, err));
	MUST(store_put_bytes(&ignored, w->store, "{}", 2, err));
	index_encode(&x, &arena);
	MUST(store_put_index(w->store, &x, NULL, &ref, err));
}

static void every_platform_of_an_index(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf raw = BUF_INIT(1 << 20);
	AUTO(auto_free) char *text = NULL, *one = NULL, *again = NULL;
	struct descriptor d;
	struct reference ref;
	struct index x;

	put_index(w, "127.0.0.1:1/me/rt:1", 2);
	text = extended(w, &req, false);
	assert_non_null(strstr(w->said.text.ptr, "1 attestation of the base left out"));
	ref = ref_of(text);
	MUST(store_find_root(&raw, &d, w->store, &ref, err));
	MUST(index_parse(&x, raw.ptr, raw.len, NULL, &arena, err));
	assert_int_equal(x.manifest_count, 2);
	assert_string_equal(platform_format(&x.manifests[0].platform).text, "linux/amd64");
	assert_string_equal(platform_format(&x.manifests[1].platform).text, "linux/arm64");
	for (size_t i = 0; i < 2; i++) {
		struct image img;

		MUST(store_find_image(&img, w->store, &ref, &x.manifests[i].platform, err));
		assert_int_equal(img.manifest.layer_count, 3);
		assert_non_null(config_label(&img.config, "io.rtbuild.extend.hash"));
		image_free(&img);
	}
	/* one platform of it is another image, under another tag */
	req.has_platform = true;
	MUST(platform_parse(&req.platform, "linux/arm64", err));
	one = extended(w, &req, false);
	assert_string_not_equal(one, text);
	MUST(platform_parse(&req.platform, "linux/s390x", err));
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_NOT_FOUND,
		  "no image for linux/s390x");
	/* chained: from the extended index to another function and back */
	req.has_platform = false;
	req.base = ref_of(text);
	again = extended(w, &req, true);
	assert_string_equal(again, text);
}

/* buildx makes an index even for one platform, for the sake of its attestation: Lambda refuses
 * indexes. */
static void index_of_one_image_gives_a_manifest(void **state)
{
	struct world *w = *state;
	struct extend_request req = request_for(w, "127.0.0.1:1/me/rt:1");
	AUTO(auto_free) char *text = NULL;
	AUTO(buf_free) struct buf raw = BUF_INIT(1 << 20);
	struct descriptor d;
	struct reference ref;

	put_index(w, "127.0.0.1:1/me/rt:1", 1);
	text = extended(w, &req, false);
	ref = ref_of(text);
	MUST(store_find_root(&raw, &d, w->store, &ref, err));
	assert_int_equal(media_find(d.media_type)->kind, MEDIA_MANIFEST);
}

/* --- with a registry --- */

/* A base in the registry that this store has never seen. */
static char *push_base(struct world *w, const struct base_recipe *recipe)
{
	char *name = mem_printf("%s/me/rt:1", w->host);
	struct reference ref = ref_of(name);
	struct image img;

	base_make(&img, w->store, recipe);
	MUST(registry_push(w->registry, &img, &ref, NULL, NULL, err));
	image_free(&img);
	close_store(w);
	open_store(w);
	return name;
}

static void appends_in_the_registry(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *base = push_base(w, &python_base);
	struct extend_request req = request_for(w, base);
	AUTO(auto_free) char *text = NULL, *log = NULL, *again = NULL, *log_again = NULL;
	struct registry_document doc;
	struct reference ref;
	size_t mark = log_mark(w);

	req.push = true;
	text = extended(w, &req, false);
	log = requests(w, mark);
	if (count(log, "\n") > 10)
		fail_msg("more than 10 requests:\n%s", log);
	assert_int_equal(count(log, "GET blob"), 1); /* the configuration; no layer */
	assert_int_equal(count(log, "GET manifest"), 1);
	assert_int_equal(count(log, "HEAD blob"), 0);
	assert_int_equal(count(log, "HEAD manifest"), 1);
	assert_int_equal(count(log, "POST upload"), 2);
	assert_int_equal(count(log, "PUT upload"), 2);
	assert_int_equal(count(log, "PUT manifest"), 1);
	ref = ref_of(text);
	MUST(registry_get_manifest(&doc, w->registry, &ref, err));
	registry_document_free(&doc);

	/* again, from a store that knows nothing: a layer this small went up beside the question */
	close_store(w);
	open_store(w);
	mark = log_mark(w);
	again = extended(w, &req, true);
	log_again = requests(w, mark);
	assert_string_equal(again, text);
	assert_int_equal(count(log_again, "PUT manifest"), 0);
	if (count(log_again, "\n") > 7)
		fail_msg("more than 7 requests:\n%s", log_again);
}

static void result_is_kept_sparse(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *base = push_base(w, &python_base);
	struct extend_request req = request_for(w, base);
	AUTO(auto_free) char *text = NULL, *pushed = NULL;
	struct store_list list;
	struct image img;

	text = extended(w, &req, false); /* no push: the base's layers stay where they are */
	MUST(store_images(&list, w->store, err));
	assert_int_equal(list.len, 1);
	assert_true(list.items[0].sparse);
	store_list_free(&list);
	img = find(w, text);
	assert_non_null(store_blob_origin(w->store, &img.manifest.layers[0].digest));
	image_free(&img);
	req.push = true;
	pushed = extended(w, &req, false);
	assert_string_equal(pushed, text);
}

static void tag_with_other_content_is_refused(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *base = push_base(w, &python_base);
	struct extend_request req = request_for(w, base);
	AUTO(auto_free) char *text = NULL, *forced = NULL, *log = NULL;
	size_t mark;

	req.push = true;
	req.tag = "1"; /* the base itself */
	mark = log_mark(w);
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_INTEGRITY,
		  "holds something else");
	log = requests(w, mark);
	assert_int_equal(count(log, "PUT "), 0);
	req.tag = "two";
	text = extended(w, &req, false);
	req.tag = "1";
	req.force = true;
	forced = extended(w, &req, false);
	assert_string_equal(strchr(forced, '@'), strchr(text, '@'));
}

static void pushes_an_index(void **state)
{
	struct world *w = *state;
	AUTO(auto_free)
	char *name = mem_printf("%s/me/rt:1", w->host), *text = NULL, *log = NULL, *again = NULL;
	struct extend_request req = request_for(w, name);
	struct reference ref = ref_of(name);
	AUTO(arena_free) struct arena arena = { 0 };
	struct registry_document doc;
	struct index x;
	size_t mark;

	req.push = true;
	/* the base from the local store: its layers are uploaded too */
	put_index(w, name, 2);
	text = extended(w, &req, false);
	ref = ref_of(text);
	MUST(registry_get_manifest(&doc, w->registry, &ref, err));
	MUST(index_parse(&x, doc.raw, doc.len, doc.content_type, &arena, err));
	assert_int_equal(x.manifest_count, 2);
	registry_document_free(&doc);

	/* and the extended one as base, from the registry */
	close_store(w);
	open_store(w);
	req.base = ref_of(text);
	req.functions = g_only;
	mark = log_mark(w);
	again = extended(w, &req, false);
	log = requests(w, mark);
	if (count(log, "\n") > 7 * 2 + 3)
		fail_msg("more than 17 requests:\n%s", log);
	assert_int_equal(count(log, "GET blob"), 2);
	assert_string_not_equal(again, text);
}

static void absent_base(void **state)
{
	struct world *w = *state;
	AUTO(auto_free) char *name = mem_printf("%s/me/nothing:1", w->host);
	struct extend_request req = request_for(w, name);

	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_NOT_FOUND, "me/nothing:1");
	req.push = true;
	MUST_FAIL(extend(&(struct extend_result){ 0 }, w, &req, err), E_NOT_FOUND, "me/nothing:1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
#define SERVED(f) cmocka_unit_test_setup_teardown(f, open_served, close_served)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(extends_an_image_of_the_store),
		TEST(same_input_same_image),
		TEST(different_input_different_tag),
		TEST(chained_extends),
		TEST(tags),
		TEST(same_hash_of_another_compressor),
		TEST(zstd_layers),
		TEST(docker_family_stays),
		TEST(missing_history_is_said),
		TEST(python_must_be_known),
		TEST(wrong_platform),
		TEST(failures_leave_nothing),
		TEST(every_platform_of_an_index),
		TEST(index_of_one_image_gives_a_manifest),
		SERVED(appends_in_the_registry),
		SERVED(result_is_kept_sparse),
		SERVED(tag_with_other_content_is_refused),
		SERVED(pushes_an_index),
		SERVED(absent_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
