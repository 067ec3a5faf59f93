// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_BUILDER_WORLD_H
#define TESTS_BUILDER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "builder/build.h"
#include "layers/tar.h"

/* What tests of whole builds share: a store and a context of their own, and layers as text. */

struct world {
	struct fs_tmpdir dir;
	char *context;
	struct store *store;
	struct build_env env;
	struct build_request req;
	struct map args;
};

static inline void world_open(struct world *w)
{
	struct err err = { 0 };
	AUTO(auto_free) char *path = NULL;

	memset(w, 0, sizeof(*w));
	w->dir.fd = -1;
	if (!fs_tmpdir_open(&w->dir, &err))
		fail_msg("%s", err.msg);
	path = mem_printf("%s/store", w->dir.path);
	w->context = mem_printf("%s/context", w->dir.path);
	assert_int_equal(mkdir(w->context, 0755), 0);
	if (!store_open(&w->store, path, &err))
		fail_msg("%s", err.msg);
	w->env.store = w->store;
	w->args = (struct map)MAP_TEXT;
	w->req.dockerfile_name = "Dockerfile";
	w->req.context_dir = w->context;
	w->req.build_args = &w->args;
	w->req.layer = layer_options_default();
	assert_true(platform_parse(&w->req.platform, "linux/amd64", &err));
}

static inline void world_close(struct world *w)
{
	map_free(&w->args);
	store_close(w->store);
	free(w->context);
	fs_tmpdir_close(&w->dir);
}

static inline void put_mode(struct world *w, const char *name, const char *text, mode_t mode)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", w->context, name);
	AUTO(auto_free) char *dir = mem_strdup(name);
	AUTO(auto_close) int root = -1;
	struct err err = { 0 };
	char *slash = strrchr(dir, '/');

	assert_true(fs_open_dir(&root, w->context, &err));
	if (slash) {
		*slash = '\0';
		assert_true(fs_mkdir_p(root, dir, 0755, FS_BENEATH, &err));
	}
	if (!fs_write_path_atomic(path, text, strlen(text), mode, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void put(struct world *w, const char *name, const char *text)
{
	put_mode(w, name, text, 0644);
}

static inline bool try_build(struct image *out, struct world *w, const char *dockerfile,
			     struct err *err)
{
	w->req.dockerfile = dockerfile;
	w->req.dockerfile_len = strlen(dockerfile);
	return build_image(out, &w->env, &w->req, err);
}

static inline void build(struct image *out, struct world *w, const char *dockerfile)
{
	struct err err = { 0 };

	if (!try_build(out, w, dockerfile, &err))
		fail_msg("%s:%d:%d: %s (%s)", err.at.file, err.at.line, err.at.column, err.msg,
			 err.hint);
}

static inline void fails(struct world *w, const char *dockerfile, enum err_code code,
			 const char *place, const char *text)
{
	struct image img = { 0 };
	struct err err = { 0 };
	AUTO(auto_free) char *at = NULL;

	if (try_build(&img, w, dockerfile, &err)) {
		image_free(&img);
		fail_msg("built: %s", dockerfile);
	}
	at = mem_printf("%s:%d:%d", err.at.file, err.at.line, err.at.column);
	if (err.code != code || !strstr(err.msg, text) || !str_eq(at, place))
		fail_msg("%s\n%s: %s %s (%s)", dockerfile, at, err_name(err.code), err.msg,
			 err.hint);
}

static inline char kind_letter(const struct entry *e)
{
	return "fdlhcbp"[e->kind];
}

/* One layer as text: "d 755 0:0 app\n", files with their content, links with their target,
 * attributes in braces. */
static inline void list_layer(struct buf *out, struct world *w, const struct image *img, size_t i)
{
	AUTO(auto_source_close) struct source *tar = NULL;
	AUTO(auto_tar_reader_close) struct tar_reader *reader = NULL;
	struct digest diff_id = config_diff_id(&img->config, i);
	struct err err = { 0 };
	bool more;

	if (!layer_open(&tar, store_blobs(w->store), &img->manifest.layers[i], &diff_id, &err) ||
	    !tar_reader_open(&reader, tar, &err))
		fail_msg("%s", err.msg);
	for (;;) {
		struct entry e;
		size_t len = 1;

		if (!tar_reader_next(&e, &more, reader, &err))
			fail_msg("%s", err.msg);
		if (!more)
			break;
		buf_putf(out, "%c %o %d:%d %s", kind_letter(&e), (unsigned)e.mode, (int)e.uid,
			 (int)e.gid, e.path);
		if (e.mtime != CLOCK_EPOCH_1980)
			buf_putf(out, " @%lld", (long long)e.mtime);
		if (e.link)
			buf_putf(out, " -> %s", e.link);
		for (size_t k = 0; k < e.xattr_count; k++)
			buf_putf(out, " {%s=%.*s}", e.xattrs[k].name, (int)e.xattrs[k].len,
				 (const char *)e.xattrs[k].value);
		if (e.kind == ENTRY_FILE)
			buf_put(out, " = ");
		while (e.kind == ENTRY_FILE && len) {
			const void *data;

			if (!tar_reader_data(reader, &data, &len, &err))
				fail_msg("%s", err.msg);
			buf_put_bytes(out, data, len);
		}
		buf_put(out, "\n");
	}
}

static inline void layer_is(struct world *w, const struct image *img, size_t i, const char *want)
{
	AUTO(buf_free) struct buf got = BUF_INIT(1 << 20);

	assert_true(i < img->manifest.layer_count);
	list_layer(&got, w, img, i);
	if (!str_eq(got.ptr, want))
		fail_msg("layer %zu is\n%snot\n%s", i, got.ptr, want);
}

static inline const char *history(const struct image *img, size_t i)
{
	json_t *list = json_object_get(img->config.doc, "history");

	return json_text_member(json_array_get(list, i), "created_by");
}

#endif
