// SPDX-License-Identifier: Apache-2.0
#include "builder/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Image layouts as sources of images. */

static const char prefix[] = "oci-layout://";

bool layout_is(const char *name)
{
	return str_has_prefix(name, prefix);
}

/* DIR, TAG and DIGEST, in memory of `dir`. */
struct location {
	char *dir;
	const char *tag, *digest; /* NULL: not given */
};

static void location_free(struct location *l)
{
	free(l->dir);
}

static void location_split(struct location *out, const char *name)
{
	char *at, *colon, *slash;

	out->dir = mem_strdup(name + strlen(prefix));
	at = strrchr(out->dir, '@');
	if (at && str_has_prefix(at + 1, "sha")) {
		out->digest = at + 1;
		*at = '\0';
	}
	slash = strrchr(out->dir, '/');
	colon = strchr(slash ? slash : out->dir, ':');
	if (colon) {
		out->tag = colon + 1;
		*colon = '\0';
	}
}

static const char *name_of(const struct descriptor *d)
{
	for (size_t i = 0; i < d->annotations.len; i++)
		if (str_eq(d->annotations.items[i].key, "org.opencontainers.image.ref.name"))
			return d->annotations.items[i].value;
	return "";
}

static bool is_named(const struct descriptor *d, const char *tag)
{
	const char *name = name_of(d);
	const char *colon = strrchr(name, ':');

	return str_eq(name, tag) || (colon && !strchr(colon, '/') && str_eq(colon + 1, tag));
}

/* The entries that the location may mean: those of the tag; without one all when they are of one
 * name, else those of "latest". */
static void select_entries(struct index *out, const struct index *all, const char *tag,
			   struct arena *arena)
{
	bool one = true;

	*out = *all;
	out->manifest_count = 0;
	out->manifests = ARENA_ARRAY(arena, struct descriptor, all->manifest_count + 1);
	for (size_t i = 1; i < all->manifest_count; i++)
		one = one && str_eq(name_of(&all->manifests[i]), name_of(&all->manifests[0]));
	for (size_t i = 0; i < all->manifest_count; i++)
		if (tag ? is_named(&all->manifests[i], tag)
			: one || is_named(&all->manifests[i], "latest"))
			out->manifests[out->manifest_count++] = all->manifests[i];
}

static bool not_found(const struct index *all, const struct location *l, struct err *err)
{
	AUTO(buf_free) struct buf names = BUF_INIT(ERR_HINT_MAX / 2);
	struct err full = { 0 };

	err_set(err, E_NOT_FOUND, "the layout %s has no image%s%s", l->dir, l->tag ? " named " : "",
		l->tag ? l->tag : " (its names are several)");
	for (size_t i = 0; i < all->manifest_count; i++)
		if (!buf_printf(&names, &full, "%s%s", names.len ? ", " : "",
				name_of(&all->manifests[i])))
			break;
	return err_hint(err, "there is %s", names.len ? names.ptr : "none");
}

static bool find_digest(struct digest *out, const struct location *l, const struct platform *want,
			struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);
	AUTO(auto_free) char *path = mem_printf("%s/index.json", l->dir);
	struct index all, some;
	const struct descriptor *d;

	if (l->digest)
		return digest_parse(out, l->digest, err);
	if (!fs_read_path(&text, path, LIMIT_INDEX_JSON, err) ||
	    !index_parse(&all, text.ptr, text.len, media_text(MEDIA_INDEX, FAMILY_OCI, 0), &arena,
			 err))
		return err_wrap(err, "%s", path);
	select_entries(&some, &all, l->tag, &arena);
	d = index_select(&some, want);
	if (!d && some.manifest_count == 1)
		d = &some.manifests[0]; /* of another platform: said later */
	if (!d)
		return not_found(&all, l, err);
	*out = d->digest;
	return true;
}

static bool import_layer(struct store *to, struct store *from, const struct descriptor *d,
			 struct err *err)
{
	AUTO(auto_source_close) struct source *bytes = NULL;
	AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
	struct digest digest;
	int64_t size;

	if (store_has_blob(to, &d->digest, d->size))
		return true;
	return store_open_blob(&bytes, from, &d->digest, d->size, err) &&
	       store_blob_writer(&w, to, err) &&
	       source_copy(bytes, blob_writer_sink(w), NULL, err) &&
	       sink_finish(blob_writer_sink(w), err) &&
	       blob_writer_commit(&digest, &size, w, &d->digest, d->size, err);
}

bool layout_import(struct image *out, struct store *store, const char *name,
		   const struct platform *want, struct err *err)
{
	AUTO(location_free) struct location l = { 0 };
	AUTO(auto_store_close) struct store *layout = NULL;
	AUTO(image_free) struct image img = { 0 };
	struct reference ref = { .host = "layout.invalid", .repository = "image" };

	location_split(&l, name);
	if (!store_open_layout(&layout, l.dir, err) || !find_digest(&ref.digest, &l, want, err))
		return false;
	ref.has_digest = true;
	if (!store_find_image(&img, layout, &ref, want, err))
		return err_wrap(err, "layout %s", l.dir);
	for (size_t i = 0; i < img.manifest.layer_count; i++)
		if (!import_layer(store, layout, &img.manifest.layers[i], err))
			return err_wrap(err, "layout %s", l.dir);
	img.blobs = store_blobs(store);
	*out = img;
	img = (struct image){ 0 };
	return true;
}
