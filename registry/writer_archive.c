// SPDX-License-Identifier: Apache-2.0
#include "registry/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "registry/archive_write.h"
#include "registry/transfer.h"

/*
 * Archives and layouts as places to write to. They are written as a whole at the end: blobs pass
 * from their reader into the file, in the file's order, without touching the disk on the way.
 */

/* A document that was put, and under which names. */
struct kept_document {
	char *raw;
	size_t len;
	const char *media_type; /* in the arena */
	struct platform platform;
	bool is_root; /* it has a name, or nothing lists it */
	struct str_list names;
};

struct archive_writer {
	struct writer writer;
	struct blob_source blobs; /* what archive_write reads from */
	struct registry *r;
	enum place_kind kind;
	char *path, *name;
	struct map documents; /* hex -> struct kept_document */
	struct map readers;   /* hex of blobs -> struct reader, borrowed */
	struct lock lock;     /* that map: blobs come from any thread */
	struct arena arena;
};

static void free_document(void *value)
{
	struct kept_document *k = value;

	free(k->raw);
	str_list_free(&k->names);
	free(k);
}

static void close_archive(struct writer *self)
{
	struct archive_writer *w = (struct archive_writer *)self;

	map_free(&w->documents);
	map_free(&w->readers);
	lock_free(&w->lock);
	arena_free(&w->arena);
	free(w->path);
	free(w->name);
	free(w);
}

static bool take_blob(struct writer *self, struct move_result *out, const struct descriptor *d,
		      struct reader *from, bool plan, struct err *err)
{
	struct archive_writer *w = (struct archive_writer *)self;

	(void)plan;
	(void)err;
	lock_take(&w->lock);
	map_put(&w->readers, digest_hex(&d->digest).text, from);
	lock_drop(&w->lock);
	*out = (struct move_result){ .how = MOVED_SENT };
	return true;
}

static bool put(struct writer *self, const struct graph_node *n, const char *name, struct err *err)
{
	struct archive_writer *w = (struct archive_writer *)self;
	struct digest_text hex = digest_hex(&n->document.digest);
	struct kept_document *k = map_get(&w->documents, hex.text);

	(void)err;
	if (!k) {
		k = mem_alloc(sizeof(*k));
		k->raw = mem_dup(n->document.raw, n->document.len);
		k->len = n->document.len;
		k->media_type = arena_strdup(&w->arena, n->media_type);
		k->platform = n->platform;
		map_put(&w->documents, hex.text, k);
	}
	k->is_root = k->is_root || name || n->depth;
	if (name && *name)
		str_list_push(&k->names, name);
	return true;
}

static struct archive_writer *of_blobs(struct blob_source *self)
{
	return (struct archive_writer *)((char *)self - offsetof(struct archive_writer, blobs));
}

static bool open_part(struct blob_source *self, struct source **out, const struct descriptor *d,
		      struct err *err)
{
	struct archive_writer *w = of_blobs(self);
	struct digest_text hex = digest_hex(&d->digest);
	const struct kept_document *k = map_get(&w->documents, hex.text);
	struct reader *from;

	if (k) {
		*out = source_mem(k->raw, k->len);
		return true;
	}
	lock_take(&w->lock);
	from = map_get(&w->readers, hex.text);
	lock_drop(&w->lock);
	if (!from)
		return err_set(err, E_NOT_FOUND, "nobody has blob %s",
			       digest_format(&d->digest).text);
	return transfer_open(out, w->r, from->blobs, d, err);
}

/* A name as docker and containerd know it, when it is one: a bare word is a tag of the layout. */
static bool take_names(struct archive_root *root, struct archive_writer *w,
		       const struct kept_document *k, struct err *err)
{
	struct reference *refs = ARENA_ARRAY(&w->arena, struct reference, k->names.len + 1);
	const char **labels = ARENA_ARRAY(&w->arena, const char *, k->names.len + 1);

	for (size_t i = 0; i < k->names.len; i++) {
		const char *name = k->names.items[i];

		if (w->kind != PLACE_DOCKER_ARCHIVE && !strpbrk(name, ":/")) {
			labels[root->label_count++] = name;
			continue;
		}
		if (!reference_parse(&refs[root->name_count], name, err))
			return false;
		reference_default_tag(&refs[root->name_count++]);
	}
	root->names = refs;
	root->labels = labels;
	return true;
}

static bool write_all(struct archive_writer *w, const struct archive_root *roots, size_t count,
		      struct err *err)
{
	const struct archive_request request = {
		.format = w->kind == PLACE_DOCKER_ARCHIVE ? ARCHIVE_DOCKER : ARCHIVE_OCI,
		.roots = roots,
		.root_count = count,
		.blobs = &w->blobs,
	};

	return w->kind == PLACE_LAYOUT ? archive_write_layout(w->path, &request, err)
				       : archive_write_file(w->path, &request, err);
}

static bool finish(struct writer *self, struct err *err)
{
	struct archive_writer *w = (struct archive_writer *)self;
	struct archive_root *roots =
		ARENA_ARRAY(&w->arena, struct archive_root, w->documents.len + 1);
	size_t count = 0;

	for (size_t i = 0; i < w->documents.len; i++) {
		const struct kept_document *k = w->documents.items[i].value;
		struct archive_root *root = &roots[count];

		if (!k->is_root)
			continue;
		*root = (struct archive_root){ .media_type = k->media_type,
					       .raw = k->raw,
					       .raw_len = k->len,
					       .platform = k->platform };
		if (!take_names(root, w, k, err))
			return false;
		count++;
	}
	return write_all(w, roots, count, err);
}

bool writer_to_archive(struct writer **out, const struct place *place, const struct writer_env *env,
		       struct err *err)
{
	struct archive_writer *w = mem_alloc(sizeof(*w));

	(void)err;
	w->r = env->registry;
	w->kind = place->kind;
	w->path = mem_strdup(place->path);
	w->name = place->name ? mem_strdup(place->name) : NULL;
	w->documents.free_value = free_document;
	lock_init(&w->lock);
	w->blobs = (struct blob_source){ .open = open_part };
	w->writer = (struct writer){ .blob = take_blob,
				     .put = put,
				     .finish = finish,
				     .close = close_archive,
				     .name = w->name,
				     .takes_signatures = place->kind != PLACE_DOCKER_ARCHIVE,
				     /* skopeo and podman want one image in an archive */
				     .when_asked = place->kind == PLACE_OCI_ARCHIVE };
	*out = &w->writer;
	return true;
}
