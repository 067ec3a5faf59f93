// SPDX-License-Identifier: Apache-2.0
#include "registry/archive_parts.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

/* From the roots down: which blobs there are, in the order in which they are written. */

const char archive_layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

void archive_parts_free(struct archive_parts *p)
{
	json_decref(p->images);
	free(p->blobs.items);
	map_free(&p->seen);
	arena_free(&p->arena);
}

static void add(struct archive_parts *p, const struct descriptor *d, const char *raw,
		struct blob_source *blobs)
{
	struct digest_text hex = digest_hex(&d->digest);
	struct archive_part *part;

	if (map_has(&p->seen, hex.text))
		return;
	map_put(&p->seen, hex.text, p);
	part = ARRAY_PUSH(&p->blobs);
	*part = (struct archive_part){ .descriptor = *d, .raw = raw, .blobs = blobs };
}

bool archive_part_open(struct source **out, const struct archive_part *p, struct err *err)
{
	if (!p->raw)
		return p->blobs->open(p->blobs, out, &p->descriptor, err);
	*out = source_mem(p->raw, (size_t)p->descriptor.size);
	return true;
}

static bool read_document(struct slice *out, struct archive_parts *p, struct blob_source *blobs,
			  const struct descriptor *d, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	struct sink_buf to = sink_buf(&text);

	if (d->size > LIMIT_MANIFEST)
		return err_set(err, E_INTEGRITY, "document %s has %lld bytes; %d are allowed",
			       digest_format(&d->digest).text, (long long)d->size, LIMIT_MANIFEST);
	if (!blobs->open(blobs, &from, d, err) || !source_copy(from, &to.sink, NULL, err))
		return false;
	*out = (struct slice){ arena_slice(&p->arena, (struct slice){ text.ptr, text.len }),
			       text.len };
	return true;
}

static void add_manifest(struct archive_parts *p, const struct manifest *m,
			 struct blob_source *blobs)
{
	add(p, &m->config, NULL, blobs);
	for (size_t i = 0; i < m->layer_count; i++)
		if (!descriptor_is_foreign(&m->layers[i]))
			add(p, &m->layers[i], NULL, blobs);
}

static char *blob_name(const struct digest *d)
{
	return mem_printf("blobs/sha256/%s", digest_hex(d).text);
}

/* moby image/spec v1.2, "Combined image JSON and filesystem changeset format". */
static void add_image(struct archive_parts *p, const struct manifest *m,
		      const struct archive_root *root)
{
	AUTO(auto_free) char *config = blob_name(&m->config.digest);
	json_t *image = json_object(), *tags = json_array(), *layers = json_array();

	for (size_t i = 0; i < root->name_count; i++)
		json_array_append_new(tags, json_string(reference_familiar(&root->names[i]).text));
	for (size_t i = 0; i < m->layer_count; i++) {
		AUTO(auto_free) char *layer = blob_name(&m->layers[i].digest);

		json_array_append_new(layers, json_string(layer));
	}
	json_object_set_new(image, "Config", json_string(config));
	json_object_set_new(image, "RepoTags", root->name_count ? tags : json_null());
	if (!root->name_count)
		json_decref(tags);
	json_object_set_new(image, "Layers", layers);
	json_array_append_new(p->images, image);
}

static bool walk(struct archive_parts *p, const struct archive_request *r,
		 const struct archive_root *root, const struct descriptor *d, struct slice raw,
		 int depth, struct err *err);

static bool walk_index(struct archive_parts *p, const struct archive_request *r,
		       const struct archive_root *root, const struct descriptor *d,
		       struct slice raw, int depth, struct err *err)
{
	struct index x;

	if (p->images) {
		err_set(err, E_UNSUPPORTED,
			"docker's archive holds one platform an image, and this is an index");
		return err_hint(err, "choose one by --platform, or write an OCI archive");
	}
	if (depth == LIMIT_INDEX_DEPTH)
		return err_set(err, E_INTEGRITY, "indexes nested deeper than %d",
			       LIMIT_INDEX_DEPTH);
	if (!index_parse(&x, raw.ptr, raw.len, d->media_type, &p->arena, err))
		return false;
	for (size_t i = 0; i < x.manifest_count; i++) {
		const struct descriptor *child = &x.manifests[i];
		enum media_kind kind = media_find(child->media_type)->kind;
		struct slice text;

		if (kind != MEDIA_MANIFEST && kind != MEDIA_INDEX) {
			add(p, child, NULL, r->blobs);
			continue;
		}
		if (!read_document(&text, p, r->blobs, child, err) ||
		    !walk(p, r, root, child, text, depth + 1, err))
			return false;
	}
	return true;
}

static bool walk(struct archive_parts *p, const struct archive_request *r,
		 const struct archive_root *root, const struct descriptor *d, struct slice raw,
		 int depth, struct err *err)
{
	enum media_kind kind;
	struct manifest m;

	add(p, d, raw.ptr, r->blobs);
	if (!manifest_sniff(&kind, raw.ptr, raw.len, d->media_type, err))
		return false;
	if (kind == MEDIA_INDEX)
		return walk_index(p, r, root, d, raw, depth, err);
	if (!manifest_parse(&m, raw.ptr, raw.len, d->media_type, &p->arena, err))
		return false;
	add_manifest(p, &m, r->blobs);
	if (p->images)
		add_image(p, &m, root);
	return true;
}

static struct descriptor root_descriptor(const struct archive_root *root)
{
	return (struct descriptor){ .media_type = root->media_type,
				    .digest = digest_of(root->raw, root->raw_len),
				    .size = (int64_t)root->raw_len,
				    .platform = root->platform };
}

bool archive_parts_collect(struct archive_parts *out, const struct archive_request *r,
			   struct err *err)
{
	*out = (struct archive_parts){ 0 };
	if (r->format == ARCHIVE_DOCKER)
		out->images = json_array();
	for (size_t i = 0; i < r->root_count; i++) {
		const struct archive_root *root = &r->roots[i];
		struct descriptor d = root_descriptor(root);
		struct slice raw = { root->raw, root->raw_len };

		if (!walk(out, r, root, &d, raw, 0, err))
			return false;
	}
	return true;
}

void archive_index_entries(json_t *list, const struct archive_request *r)
{
	for (size_t i = 0; i < r->root_count; i++) {
		const struct archive_root *root = &r->roots[i];
		struct descriptor d = root_descriptor(root);

		for (size_t k = 0; k < root->name_count; k++) {
			struct reference_text whole = reference_format(&root->names[k]);
			struct json_pair pairs[] = { { ARCHIVE_NAME, whole.text },
						     { ARCHIVE_TAG, root->names[k].tag } };

			d.annotations = (struct json_pairs){ pairs, ARRAY_LEN(pairs) };
			json_array_append_new(list, json_encode(&descriptor_type, &d));
		}
		for (size_t k = 0; k < root->label_count; k++) {
			struct json_pair pair = { ARCHIVE_TAG, root->labels[k] };

			d.annotations = (struct json_pairs){ &pair, 1 };
			json_array_append_new(list, json_encode(&descriptor_type, &d));
		}
		if (!root->name_count && !root->label_count)
			json_array_append_new(list, json_encode(&descriptor_type, &d));
	}
}
