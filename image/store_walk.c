// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"
#include "image/store_private.h"

/* The graph of what is reachable: index.json and sparse records -> indexes -> manifests -> blobs.
 */

/* Descriptors still to visit, and how deep inside indexes they are. */
struct pending {
	struct descriptor descriptor;
	int depth;
};
struct queue {
	struct pending *items;
	size_t len, cap;
	struct arena arena;
};

static void queue_free(struct queue *q)
{
	free(q->items);
	arena_free(&q->arena);
}

static void push(struct queue *q, const struct descriptor *d, int depth)
{
	*ARRAY_PUSH(q) = (struct pending){ *d, depth };
}

static bool visit(struct store_walk *w, const struct descriptor *d, struct err *err)
{
	struct digest_text hex = digest_hex(&d->digest);

	if (map_has(&w->seen, hex.text))
		return true;
	map_put(&w->seen, hex.text, w);
	return w->visit(w, d, store_blob_size(w->store, &d->digest), err);
}

/* Once for each way a document is announced: as a layer of something it was not looked into. */
static bool is_expanded(struct store_walk *w, const struct descriptor *d)
{
	AUTO(auto_free) char *key = mem_printf("%s %s", digest_hex(&d->digest).text, d->media_type);

	if (map_has(&w->expanded, key))
		return true;
	map_put(&w->expanded, key, w);
	return false;
}

static bool walk_manifest(struct store_walk *w, const struct pending *p, const struct buf *text,
			  struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct manifest m;

	if (!manifest_parse(&m, text->ptr, text->len, p->descriptor.media_type, &arena, err))
		return w->unreadable(w, &p->descriptor, err);
	if (!visit(w, &m.config, err))
		return false;
	for (size_t i = 0; i < m.layer_count; i++)
		if (!visit(w, &m.layers[i], err))
			return false;
	if (!w->image || store_blob_size(w->store, &m.config.digest) < 0)
		return true;
	return w->image(w, &m, err);
}

static bool walk_index(struct store_walk *w, struct queue *q, const struct pending *p,
		       const struct buf *text, struct err *err)
{
	struct index x;

	if (p->depth >= LIMIT_INDEX_DEPTH) {
		err_set(err, E_INTEGRITY, "indexes nested deeper than %d", LIMIT_INDEX_DEPTH);
		return w->unreadable(w, &p->descriptor, err);
	}
	if (!index_parse(&x, text->ptr, text->len, p->descriptor.media_type, &q->arena, err))
		return w->unreadable(w, &p->descriptor, err);
	for (size_t i = x.manifest_count; i--;)
		push(q, &x.manifests[i], p->depth + 1);
	return true;
}

/*
 * A root of a type we do not know (another tool's artifact, Docker's schema 1):
 * whatever in it reads like a digest counts as reachable, so that gc errs on the safe side.
 */
static bool walk_unknown(struct store_walk *w, const struct buf *text, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_json_decref) json_t *todo = json_array();
	struct err ignored = { 0 };

	if (!json_parse(&doc, text->ptr, text->len, "artifact", &ignored))
		return true;
	json_array_append(todo, doc);
	while (json_array_size(todo)) {
		size_t last = json_array_size(todo) - 1, i;
		AUTO(auto_json_decref) json_t *at = json_incref(json_array_get(todo, last));
		struct descriptor d = { .media_type = "application/octet-stream" };
		const char *key;
		json_t *child;

		json_array_remove(todo, last);
		err_clear(&ignored);
		if (json_is_string(at) &&
		    digest_parse(&d.digest, json_string_value(at), &ignored)) {
			d.size = store_blob_size(w->store, &d.digest);
			if (d.size >= 0 && !visit(w, &d, err))
				return false;
		}
		json_object_foreach(at, key, child) json_array_append(todo, child);
		json_array_foreach(at, i, child) json_array_append(todo, child);
	}
	return true;
}

static bool walk_document(struct store_walk *w, struct queue *q, const struct pending *p,
			  struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	const struct descriptor *d = &p->descriptor;

	if (!store_read_blob(&text, w->store, &d->digest, LIMIT_MANIFEST, err))
		return w->unreadable(w, d, err);
	switch (media_find(d->media_type)->kind) {
	case MEDIA_MANIFEST:
		return walk_manifest(w, p, &text, err);
	case MEDIA_INDEX:
		return walk_index(w, q, p, &text, err);
	case MEDIA_UNKNOWN:
	case MEDIA_SCHEMA1:
		return walk_unknown(w, &text, err);
	case MEDIA_CONFIG:
	case MEDIA_LAYER:
		break;
	}
	return true;
}

static bool walk_one(struct store_walk *w, struct queue *q, const struct pending *p,
		     struct err *err)
{
	const struct descriptor *d = &p->descriptor;
	enum media_kind kind = media_find(d->media_type)->kind;
	int64_t have = store_blob_size(w->store, &d->digest);
	bool is_document = kind == MEDIA_MANIFEST || kind == MEDIA_INDEX;

	if (!visit(w, d, err))
		return false;
	/* A large thing of unknown type is data, not a document. */
	if (have < 0 || kind == MEDIA_LAYER || kind == MEDIA_CONFIG ||
	    (!is_document && have > LIMIT_MANIFEST) || is_expanded(w, d))
		return true;
	return walk_document(w, q, p, err);
}

bool store_walk(struct store_walk *w, const struct descriptor *root, struct err *err)
{
	AUTO(queue_free) struct queue q = { 0 };

	push(&q, root, 0);
	while (q.len) {
		struct pending next = q.items[--q.len];

		if (!walk_one(w, &q, &next, err))
			return false;
	}
	return true;
}

static bool walk_index_file(struct store_walk *w, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(arena_free) struct arena arena = { 0 };
	json_t *item;
	size_t i;

	if (!index_file_load(&doc, w->store, err))
		return false;
	json_array_foreach(json_object_get(doc, "manifests"), i, item)
	{
		struct descriptor d = { 0 };

		if (!json_decode(&descriptor_type, &d, item, &arena, err)) {
			document_refuse(err, STORE_INDEX ": an entry");
			if (!w->unreadable(w, NULL, err))
				return false;
		} else if (!store_walk(w, &d, err)) {
			return false;
		}
	}
	return true;
}

bool store_walk_all(struct store_walk *w, struct err *err)
{
	AUTO(str_list_free) struct str_list files = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };

	if (!walk_index_file(w, err) || !sparse_files(&files, w->store, err))
		return false;
	for (size_t i = 0; i < files.len; i++) {
		struct sparse_record record;

		if (!sparse_load(&record, w->store, files.items[i], &arena, err)) {
			if (!w->unreadable(w, NULL, err))
				return false;
		} else if (!store_walk(w, &record.root, err)) {
			return false;
		}
	}
	return true;
}

void store_walk_free(struct store_walk *w)
{
	map_free(&w->seen);
	map_free(&w->expanded);
}
