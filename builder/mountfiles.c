// SPDX-License-Identifier: Apache-2.0
#include "builder/mountfiles.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "builder/spool.h"

/* The sources of bind mounts and of new caches. */

/* --- layers as they are --- */

/* What lies below `path` in a stack of layers is told by all of them: coarser than its content
 * (mountcontent.h), but known without reading a layer. */
static void set_layers(struct mount_source *out, struct arena *arena, const struct base *base,
		       const struct layer *layers, size_t count, const char *path)
{
	size_t below = base ? base->image.manifest.layer_count : 0;
	struct sandbox_layer *all = ARENA_ARRAY(arena, struct sandbox_layer, below + count + 1);
	AUTO(auto_free)
	struct digest *ids = base_diff_ids(base, layers, count, &out->layer_count);
	struct digest chain = cache_chain(ids, out->layer_count);
	struct sha256 state;

	for (size_t i = 0; i < out->layer_count; i++) {
		all[i].descriptor =
			i < below ? base->image.manifest.layers[i] : layers[i - below].descriptor;
		all[i].diff_id = ids[i];
	}
	out->layers = all;
	out->path = path;
	sha256_init(&state);
	sha256_update(&state, chain.bytes, sizeof(chain.bytes));
	sha256_update(&state, path, strlen(path));
	sha256_final(&state, out->key.bytes);
}

static bool from_image(struct mount_source *out, struct arena *arena, struct build *b, size_t stage,
		       const char *name, const char *path, struct err *err)
{
	if (!base_get(&out->base, b, name, &b->plan->stages[stage].platform, err))
		return false;
	set_layers(out, arena, out->base, NULL, 0, path);
	return true;
}

static bool from_stage(struct mount_source *out, struct arena *arena, struct build *b, size_t stage,
		       const char *path, struct err *err)
{
	const struct product *p = &b->products[stage];

	if (!execute_stage(b, stage, err))
		return false;
	out->of_stage = true;
	out->stage = stage;
	out->base = p->base;
	set_layers(out, arena, p->base, p->layers.items, p->layers.len, path);
	return true;
}

/* --- files of a context --- */

static const struct layer_options tree_layer = { .compress = { .kind = COMPRESSION_NONE },
						 .family = FAMILY_OCI };

/* The selected file, the directories that lead to it, and all below it. */
struct selection {
	const struct mount_source *source;
	size_t first, end; /* below it, in the list of files */
};

static struct selection select_files(const struct mount_source *source)
{
	struct selection s = { .source = source };

	if (!source->file || source->file->kind == ENTRY_DIR)
		files_below(source->files, source->path, &s.first, &s.end);
	return s;
}

/* What stands for a file's bytes; false when that is only known once it was read. */
static bool key_content(struct cache_key *k, const struct mount_source *source,
			const struct entry *e)
{
	unsigned char own[SHA256_SIZE];
	const unsigned char *hash = NULL;

	if (e->kind != ENTRY_FILE)
		return true;
	if (context_is_file(e)) {
		hash = context_hash(e);
		if (!hash)
			return false;
	} else if (e->open == spool_open_range) {
		hash = ((const struct spool_range *)e->data)->hash;
	} else if (e->open == entry_open_bytes) {
		sha256_of(own, e->data, (size_t)e->size);
		hash = own;
	}
	if (hash)
		cache_key_bytes(k, hash, SHA256_SIZE);
	else
		cache_key_text(k, source->identity);
	return true;
}

static bool key_entry(struct cache_key *k, const struct build *b, const struct mount_source *source,
		      const struct entry *e)
{
	cache_key_text(k, e->path);
	cache_key_number(k, e->kind);
	cache_key_number(k, e->mode);
	cache_key_number(k, source->files->keeps_owners ? e->uid : 0);
	cache_key_number(k, source->files->keeps_owners ? e->gid : 0);
	cache_key_number(k, e->size);
	cache_key_number(k, b->req->keep_times ? e->mtime : b->created);
	cache_key_text(k, e->link);
	cache_key_number(k, e->dev_major);
	cache_key_number(k, e->dev_minor);
	cache_key_number(k, (int64_t)e->xattr_count);
	for (size_t i = 0; i < e->xattr_count; i++) {
		cache_key_text(k, e->xattrs[i].name);
		cache_key_bytes(k, e->xattrs[i].value, e->xattrs[i].len);
	}
	return key_content(k, source, e);
}

static bool find_key(struct digest *out, const struct build *b, const struct mount_source *source)
{
	struct selection s = select_files(source);
	struct cache_key k;
	bool known = true;

	cache_key_begin(&k, "mount", &tree_layer);
	cache_key_text(&k, source->path);
	if (source->file)
		known = key_entry(&k, b, source, source->file);
	for (size_t i = s.first; known && i < s.end; i++)
		known = key_entry(&k, b, source, source->files->items[i]);
	if (known)
		*out = cache_key_end(&k);
	else
		cache_key_free(&k);
	return known;
}

static void add_entry(struct entry_list *list, const struct build *b, const struct files *files,
		      const struct entry *e)
{
	struct entry *out = entry_add(list, e->kind, e->path);
	const char *path = out->path;

	*out = *e;
	out->path = path;
	if (!files->keeps_owners)
		out->uid = out->gid = 0;
	if (!b->req->keep_times) {
		out->mtime = b->created;
		out->mtime_ns = 0;
	}
}

static void add_parents(struct entry_list *list, const struct build *b,
			const struct mount_source *source)
{
	AUTO(auto_free) char *path = mem_strdup(source->path);

	for (char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		const struct entry *dir;

		*at = '\0';
		dir = files_find(source->files, path);
		if (dir)
			add_entry(list, b, source->files, dir);
		*at = '/';
	}
}

static bool write_files(struct layer *out, struct build *b, const struct mount_source *source,
			struct err *err)
{
	AUTO(entry_list_free) struct entry_list list = { 0 };
	struct selection s = select_files(source);

	add_parents(&list, b, source);
	if (source->file)
		add_entry(&list, b, source->files, source->file);
	for (size_t i = s.first; i < s.end; i++)
		add_entry(&list, b, source->files, source->files->items[i]);
	return entry_list_sort(&list, err) &&
	       layer_write(out, b->env->store, &list, &tree_layer, err);
}

static void set_layer(struct mount_source *source, struct arena *arena, const struct layer *layer)
{
	struct sandbox_layer *only = ARENA_NEW(arena, struct sandbox_layer);

	only->descriptor = layer->descriptor;
	only->diff_id = layer->diff_id;
	source->layers = only;
	source->layer_count = 1;
}

bool mountfiles_layer(struct mount_source *source, struct arena *arena, struct build *b,
		      struct err *err)
{
	struct layer layer;
	bool hit;

	if (source->layer_count)
		return true;
	if (!cache_find(&layer, &hit, b->env->store, &source->key, err))
		return false;
	if (!hit && (!write_files(&layer, b, source, err) ||
		     !cache_put(b->env->store, &source->key, &layer, "files of a mount", err)))
		return false;
	set_layer(source, arena, &layer);
	return true;
}

/* Files that were never read have no hash yet: writing the layer reads them. */
static bool from_files(struct mount_source *out, struct arena *arena, struct build *b,
		       const struct files *files, const char *path, struct err *err)
{
	struct layer layer;

	out->files = files;
	if (!files_follow(&out->file, files, path, err))
		return false;
	if (!out->file) {
		err_set(err, E_NOT_FOUND, "--mount: the context has no '%s'", path);
		return files->ignored ? err_hint(err, "it may be left out by .dockerignore")
				      : false;
	}
	if (out->file == &files_root)
		out->file = NULL;
	out->path = out->file ? out->file->path : "";
	if (find_key(&out->key, b, out))
		return true;
	if (!write_files(&layer, b, out, err))
		return false;
	set_layer(out, arena, &layer);
	if (!find_key(&out->key, b, out))
		return err_set(err, E_IO, "--mount: files of the context have no known content");
	return cache_put(b->env->store, &out->key, &layer, "files of a mount", err);
}

static bool from_main(struct mount_source *out, struct arena *arena, struct build *b,
		      const char *path, struct err *err)
{
	const struct files *files;

	if (!source_main(&files, b, err))
		return err_wrap(err, "--mount");
	return from_files(out, arena, b, files, path, err);
}

static bool from_named(struct mount_source *out, struct arena *arena, struct build *b, size_t stage,
		       const struct build_context *named, const char *path, struct err *err)
{
	const struct files *files;

	if (named->kind == BUILD_CONTEXT_IMAGE)
		return from_image(out, arena, b, stage, named->path, path, err);
	if (named->kind == BUILD_CONTEXT_ENTRIES)
		out->identity = named->identity;
	return source_named(&files, b, (size_t)(named - b->req->contexts), err) &&
	       from_files(out, arena, b, files, path, err);
}

bool mountfiles_find(struct mount_source *out, struct arena *arena, struct build *b, size_t stage,
		     const struct step_mount *mount, struct err *err)
{
	struct plan_source source;
	const char *path = mount->source + 1; /* absolute */

	if (!mount->from)
		return from_main(out, arena, b, path, err);
	if (!plan_source(&source, b->plan, stage, mount->from, err))
		return false;
	switch (source.kind) {
	case PLAN_SOURCE_CONTEXT:
		return from_named(out, arena, b, stage, source.context, path, err);
	case PLAN_SOURCE_STAGE:
		return from_stage(out, arena, b, source.stage, path, err);
	case PLAN_SOURCE_IMAGE:
		return from_image(out, arena, b, stage, source.image, path, err);
	}
	return true;
}
