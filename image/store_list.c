// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/store_private.h"

/* The lists themselves: what is in them, taking something out, and moving from sparse to complete.
 */

bool store_complete(bool *complete_out, struct store *s, const struct reference *ref,
		    struct err *err)
{
	AUTO(catalog_free) struct catalog c = { 0 };
	struct platform host = platform_host();
	const struct catalog_entry *found;

	if (!catalog_load(&c, s, err))
		return false;
	found = catalog_find(&c, ref, &host);
	if (!found)
		return catalog_not_found(&c, ref, err);
	*complete_out = !found->sparse;
	return !found->sparse ||
	       store_list_root(s, &found->descriptor, NULL, &found->reference, complete_out, err);
}

static bool remove_sparse(size_t *count, struct store *s, const struct reference *ref,
			  struct err *err)
{
	AUTO(str_list_free) struct str_list files = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };

	if (!sparse_files(&files, s, err))
		return false;
	for (size_t i = 0; i < files.len; i++) {
		struct sparse_record record;
		struct err ignored = { 0 };

		if (!sparse_load(&record, s, files.items[i], &arena, &ignored) ||
		    !reference_selects(ref, &record.reference, &record.root.digest))
			continue;
		if (!sparse_remove(s, &record.reference, err))
			return false;
		(*count)++;
	}
	return true;
}

bool store_remove_image(struct store *s, const struct reference *ref, struct err *err)
{
	AUTO(catalog_free) struct catalog c = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_close) int index_lock = -1;
	AUTO(auto_close) int lock = -1;
	size_t count;

	if (!store_lock_index(&index_lock, s, err) || !store_enter(&lock, s, err) ||
	    !index_file_load(&doc, s, err))
		return false;
	count = index_file_remove(doc, ref);
	if ((count && !index_file_save(s, doc, err)) || !remove_sparse(&count, s, ref, err))
		return false;
	if (count)
		return true;
	return catalog_load(&c, s, err) && catalog_not_found(&c, ref, err);
}

static int by_reference(const void *a, const void *b)
{
	const struct store_entry *x = a, *y = b;
	int order =
		strcmp(reference_format(&x->reference).text, reference_format(&y->reference).text);

	return order ? order : digest_cmp(&x->descriptor.digest, &y->descriptor.digest);
}

/* Adds up every image below a root; a part that cannot be read counts nothing. */
static bool measure_visit(struct store_walk *w, const struct descriptor *d, int64_t have,
			  struct err *err)
{
	(void)w;
	(void)d;
	(void)have;
	(void)err;
	return true;
}

static bool measure_unreadable(struct store_walk *w, const struct descriptor *d, struct err *err)
{
	(void)w;
	(void)d;
	err_clear(err);
	return true;
}

struct measure_walk {
	struct store_walk walk;
	struct store_entry *entry;
};

static bool measure_image(struct store_walk *w, const struct manifest *m, struct err *err)
{
	struct store_entry *entry = ((struct measure_walk *)w)->entry;
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(config_free) struct config config = { 0 };
	struct err ignored = { 0 };

	(void)err;
	entry->size += m->config.size;
	for (size_t i = 0; i < m->layer_count; i++)
		entry->size += m->layers[i].size;
	if (!entry->created &&
	    store_read_blob(&text, w->store, &m->config.digest, text.max, &ignored) &&
	    config_parse(&config, text.ptr, text.len, &ignored))
		entry->created = config_created(&config);
	return true;
}

static bool measure(struct store_entry *entry, struct store *s, struct err *err)
{
	struct measure_walk m = { .walk = { .store = s,
					    .visit = measure_visit,
					    .unreadable = measure_unreadable,
					    .image = measure_image },
				  .entry = entry };
	bool ok = store_walk(&m.walk, &entry->descriptor, err);

	store_walk_free(&m.walk);
	return ok;
}

bool store_images(struct store_list *out, struct store *s, struct err *err)
{
	AUTO(catalog_free) struct catalog c = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };

	if (!catalog_load(&c, s, err))
		return false;
	for (size_t i = 0; i < c.len; i++) {
		const struct catalog_entry *from = &c.items[i];
		struct store_entry *entry;

		if (!from->is_reference)
			continue;
		entry = ARRAY_PUSH(&list);
		entry->reference = from->reference;
		entry->descriptor = (struct descriptor){
			.media_type = media_find(from->descriptor.media_type)->text,
			.digest = from->descriptor.digest,
			.size = from->descriptor.size,
			.platform = from->descriptor.platform,
		};
		entry->sparse = from->sparse;
		if (!measure(entry, s, err))
			return false;
	}
	if (list.len)
		qsort(list.items, list.len, sizeof(*list.items), by_reference);
	*out = list;
	list = (struct store_list){ 0 };
	return true;
}

void store_list_free(struct store_list *l)
{
	free(l->items);
	*l = (struct store_list){ 0 };
}
