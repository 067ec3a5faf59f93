// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_IMAGE_FIXTURE_H
#define TESTS_UNIT_IMAGE_FIXTURE_H

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "image/store.h"

#define HEX "0123456789abcdef"
#define HEX64 HEX HEX HEX HEX
#define DIGEST "sha256:" HEX64

#define UNUSED __attribute__((unused))

/* A call that must work; shows the error when it does not. */
#define MUST(call)                                                                    \
	do {                                                                          \
		struct err err_ = { 0 };                                              \
		struct err *err = &err_;                                              \
		if (!(call))                                                          \
			fail_msg("%s: %s: %s", #call, err_name(err->code), err->msg); \
		assert_int_equal(err->code, E_NONE);                                  \
	} while (0)

/* A call that must fail with a code; its message holds `part`. */
#define MUST_FAIL(call, want, part)                                                             \
	do {                                                                                    \
		struct err err_ = { 0 };                                                        \
		struct err *err = &err_;                                                        \
		if ((call) || err->code != (want) || !strstr(err->msg, part))                   \
			fail_msg("%s: wanted %s '%s', got %s: %s", #call, err_name(want), part, \
				 err_name(err->code), err->msg);                                \
	} while (0)

UNUSED static struct reference ref_of(const char *text)
{
	struct reference ref;

	MUST(reference_parse(&ref, text, err));
	return ref;
}

/* An image with layers of the given texts, put together as builders do. */
struct built {
	struct image image;
	struct layer layers[8];
	size_t count;
};

UNUSED static struct layer layer_of(const char *text)
{
	struct digest d = digest_of(text, strlen(text));
	struct layer layer = {
		.descriptor = { .media_type = media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_NONE),
				.digest = d,
				.size = (int64_t)strlen(text) },
		.diff_id = d,
		.unpacked_size = (int64_t)strlen(text),
	};

	return layer;
}

/* `texts` ends with NULL. The layers are put into `store` unless that is NULL. */
UNUSED static void build(struct built *out, struct store *store, const struct image *base,
			 const char *const *texts)
{
	AUTO(config_free) struct config config = { 0 };
	struct platform platform = { .os = "linux", .architecture = "amd64" };
	struct image_recipe recipe = { .base = base, .config = &config };

	*out = (struct built){ 0 };
	if (base)
		config_copy(&config, &base->config);
	else
		config_init(&config, &platform);
	config_set_created(&config, 1700000000);
	for (; texts[out->count]; out->count++) {
		const char *text = texts[out->count];
		struct history_entry entry = { .created = 1700000000, .created_by = text };
		struct digest ignored;

		out->layers[out->count] = layer_of(text);
		config_append(&config, &entry, &out->layers[out->count].diff_id);
		if (store)
			MUST(store_put_bytes(&ignored, store, text, strlen(text), err));
	}
	recipe.layers = out->layers;
	recipe.layer_count = out->count;
	recipe.blobs = store ? store_blobs(store) : NULL;
	MUST(image_make(&out->image, &recipe, err));
}

UNUSED static void built_free(struct built *b)
{
	image_free(&b->image);
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A store in a temporary directory, opened again by each `reopen`. */
struct fixture {
	struct fs_tmpdir dir;
	struct store *store;
};

UNUSED static void fixture_open(struct fixture *f)
{
	f->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&f->dir, err));
	MUST(store_open(&f->store, f->dir.path, err));
}

UNUSED static void fixture_close(struct fixture *f)
{
	store_close(f->store);
	fs_tmpdir_close(&f->dir);
}

UNUSED static void fixture_reopen(struct fixture *f)
{
	store_close(f->store);
	MUST(store_open(&f->store, f->dir.path, err));
}

UNUSED static char *read_all(struct store *s, const char *path)
{
	struct buf text = BUF_INIT(64 << 20);

	MUST(fs_read(&text, store_dir(s), path, text.max, FS_BENEATH, err));
	return buf_steal(&text);
}

UNUSED static void write_all(struct store *s, const char *path, const char *text)
{
	AUTO(auto_free) char *whole = fs_join(store_path(s), path);

	MUST(fs_write_path_atomic(whole, text, strlen(text), 0644, err));
}

#endif
