// SPDX-License-Identifier: Apache-2.0
#include "registry/docker_archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "layers/layer.h"
#include "registry/archive_file.h"

/* From manifest.json to an image in the store. */

/* One entry of manifest.json. */
struct saved {
	const char *config;
	struct json_list tags, layers; /* of const char * */
};

/* clang-format off */
static const struct json_field saved_fields[] = {
	JSON_REQUIRED(struct saved, config, "Config",   &json_type_text),
	JSON_OPTIONAL(struct saved, tags,   "RepoTags", &json_type_text_list),
	JSON_REQUIRED(struct saved, layers, "Layers",   &json_type_text_list),
	{ 0 },
};
/* clang-format on */
static const struct json_type saved_type = JSON_OBJECT(struct saved, saved_fields);
static const struct json_type list_type = JSON_LIST(&saved_type);

struct archive {
	struct tar_file *f;
	struct json_list images; /* struct saved */
	struct arena arena;
};

static void archive_free(struct archive *a)
{
	arena_free(&a->arena);
}

static bool load(struct archive *a, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	AUTO(auto_json_decref) json_t *doc = NULL;
	size_t i;
	json_t *item;

	if (!tar_file_read(&text, a->f, "manifest.json", text.max, err))
		return false;
	if (!json_parse(&doc, text.ptr, text.len, "manifest.json", err)) {
		err->code = E_INTEGRITY;
		return false;
	}
	json_array_foreach(doc, i, item)
	{
		if (json_is_null(json_object_get(item, "RepoTags")))
			json_object_del(item, "RepoTags");
	}
	if (json_decode(&list_type, &a->images, doc, &a->arena, err))
		return true;
	err->code = E_INTEGRITY;
	return err_wrap(err, "manifest.json");
}

static bool has_tag(const struct saved *image, const struct reference *want)
{
	const char *const *tags = image->tags.items;

	for (size_t i = 0; i < image->tags.len; i++) {
		struct err ignored = { 0 };
		struct reference have;

		if (reference_parse(&have, tags[i], &ignored) &&
		    str_eq(reference_format(&have).text, reference_format(want).text))
			return true;
	}
	return false;
}

static bool say_tags(const struct archive *a, struct err *err)
{
	const struct saved *images = a->images.items;
	AUTO(buf_free) struct buf list = BUF_INIT(ERR_HINT_MAX);
	struct err full = { 0 };

	for (size_t i = 0; i < a->images.len; i++)
		for (size_t k = 0; k < images[i].tags.len; k++) {
			const char *tag = ((const char *const *)images[i].tags.items)[k];
			AUTO(auto_free) char *safe = str_printable(tag, strlen(tag), 100);

			if (!buf_printf(&list, &full, "%s%s", list.len ? ", " : "", safe))
				break;
		}
	return list.len ? err_hint(err, "it holds %s", list.ptr) : false;
}

static bool choose(const struct saved **out, const struct archive *a, const struct place *place,
		   struct err *err)
{
	const struct saved *images = a->images.items;
	struct reference want;

	if (!a->images.len)
		return err_set(err, E_NOT_FOUND, "it holds no image");
	*out = &images[0];
	if (place->has_digest)
		return err_set(err, E_USAGE, "docker's archives know no digests: name a tag");
	if (!place->name && a->images.len == 1)
		return true;
	if (!place->name) {
		err_set(err, E_USAGE, "it holds %zu images; say which", a->images.len);
		return say_tags(a, err);
	}
	if (!reference_parse(&want, place->name, err))
		return false;
	reference_default_tag(&want);
	for (size_t i = 0; i < a->images.len; i++)
		if (has_tag(&images[i], &want)) {
			*out = &images[i];
			return true;
		}
	err_set(err, E_NOT_FOUND, "it holds no image named '%s'", place->name);
	return say_tags(a, err);
}

/* --- layers --- */

struct conversion {
	struct archive *a;
	struct store *store;
	struct events *events;
	struct layer *layers;
	const char *const *names;
	const struct config *config;
};

static bool convert_layer(struct conversion *c, size_t i, uint64_t task, struct err *err)
{
	const struct tar_member *m = tar_file_find(c->a->f, c->names[i]);
	struct layer_options opt = layer_options_default();
	AUTO(auto_layer_writer_close) struct layer_writer *writer = NULL;
	AUTO(auto_source_close) struct source *plain = NULL;
	struct source *stored;
	struct digest want = config_diff_id(c->config, i);

	if (!m)
		return err_set(err, E_INTEGRITY, "the archive has no layer %s", c->names[i]);
	if (!tar_file_source(&stored, c->a->f, m, err) ||
	    !decompressor_detect(&plain, NULL, stored, err) ||
	    !layer_writer_open(&writer, c->store, &opt, err) ||
	    !source_copy(plain, layer_writer_sink(writer), NULL, err) ||
	    !layer_writer_commit(&c->layers[i], writer, err))
		return false;
	event_progress(c->events, task, m->size, m->size);
	return digest_eq(&c->layers[i].diff_id, &want) ||
	       err_set(err, E_INTEGRITY, "layer %s has the diff id %s, its image says %s",
		       c->names[i], digest_format(&c->layers[i].diff_id).text,
		       digest_format(&want).text);
}

static bool convert_all(struct conversion *c, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t task = event_start(c->events, "read layer %zu of %zu", i + 1, count);

		if (!convert_layer(c, i, task, err)) {
			event_failed(c->events, task);
			return false;
		}
		event_done(c->events, task, NULL);
	}
	return true;
}

/* The configuration keeps its bytes, so that the image keeps the id docker knows it by. */
static bool open_image(struct image *out, const struct buf *config, const struct layer *layers,
		       size_t count, struct store *store, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct descriptor *descriptors = ARENA_ARRAY(&arena, struct descriptor, count + 1);
	struct manifest m = {
		.media_type = media_text(MEDIA_MANIFEST, FAMILY_OCI, COMPRESSION_NONE),
		.config = { .media_type = media_text(MEDIA_CONFIG, FAMILY_OCI, COMPRESSION_NONE),
			    .digest = digest_of(config->ptr, config->len),
			    .size = (int64_t)config->len },
		.layers = descriptors,
		.layer_count = count,
	};

	for (size_t i = 0; i < count; i++)
		descriptors[i] = layers[i].descriptor;
	manifest_encode(&m, &arena);
	return image_open(out, m.raw, m.raw_len, m.media_type, config->ptr, config->len,
			  store_blobs(store), err) &&
	       store_put_documents(store, out, err);
}

static bool make_image(struct image *out, struct archive *a, const struct saved *saved,
		       struct store *store, struct events *events, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(config_free) struct config config = { 0 };
	AUTO(auto_free) struct layer *layers = mem_alloc((saved->layers.len + 1) * sizeof(*layers));
	struct conversion c = { a, store, events, layers, saved->layers.items, &config };

	if (!tar_file_read(&text, a->f, saved->config, text.max, err) ||
	    !config_parse(&config, text.ptr, text.len, err))
		return err_wrap(err, "configuration %s", saved->config);
	if (config_diff_id_count(&config) != saved->layers.len)
		return err_set(err, E_INTEGRITY, "%zu layers, and a configuration for %zu",
			       saved->layers.len, config_diff_id_count(&config));
	return convert_all(&c, saved->layers.len, err) &&
	       open_image(out, &text, layers, saved->layers.len, store, err);
}

bool docker_archive_read(struct image *out, struct tar_file *f, const struct place *place,
			 struct store *store, struct events *events, struct err *err)
{
	AUTO(auto_tar_file_close) struct tar_file *file = f;
	AUTO(archive_free) struct archive a = { 0 };
	const struct saved *saved;

	if (!file && !archive_file_open(&file, place->path, store, err))
		return false;
	a.f = file;
	if (!tar_file_find(file, "manifest.json")) {
		enum place_kind kind;

		return archive_file_kind(&kind, file, err) &&
		       err_set(err, E_INPUT, "it is no docker archive: there is no manifest.json");
	}
	return load(&a, err) && choose(&saved, &a, place, err) &&
	       make_image(out, &a, saved, store, events, err);
}

bool docker_archive_names(struct str_list *out, size_t *unnamed_out, struct tar_file *f,
			  struct err *err)
{
	AUTO(archive_free) struct archive a = { .f = f };
	const struct saved *images;

	if (!load(&a, err))
		return false;
	images = a.images.items;
	for (size_t i = 0; i < a.images.len; i++) {
		for (size_t k = 0; k < images[i].tags.len; k++)
			str_list_push(out, ((const char *const *)images[i].tags.items)[k]);
		*unnamed_out += images[i].tags.len == 0;
	}
	return true;
}
