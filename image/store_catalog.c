// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "image/document.h"
#include "image/store_private.h"

/* What is listed, complete and sparse, as one list; and which listed name a reference means. */

void catalog_free(struct catalog *c)
{
	free(c->items);
	arena_free(&c->arena);
	*c = (struct catalog){ 0 };
}

bool catalog_reference(struct reference *out, const char *name, struct err *err)
{
	if (!reference_parse(out, name, err))
		return false;
	*out = reference_listed(out);
	return true;
}

struct reference reference_listed(const struct reference *ref)
{
	struct reference listed = *ref;

	reference_default_tag(&listed);
	if (listed.tag[0])
		listed.has_digest = false;
	return listed;
}

bool reference_same_name(const struct reference *a, const struct reference *b)
{
	if (!reference_same_repository(a, b) || !str_eq(a->tag, b->tag))
		return false;
	return a->tag[0] || digest_eq(&a->digest, &b->digest);
}

bool reference_selects(const struct reference *ref, const struct reference *listed,
		       const struct digest *root)
{
	struct reference want = *ref;

	if (!reference_same_repository(ref, listed))
		return false;
	reference_default_tag(&want);
	if (want.tag[0] && !str_eq(want.tag, listed->tag))
		return false;
	return !want.has_digest || digest_eq(&want.digest, root) ||
	       (listed->has_digest && digest_eq(&want.digest, &listed->digest));
}

static struct catalog_entry *add(struct catalog *c, const char *name)
{
	struct catalog_entry *entry = ARRAY_PUSH(c);
	struct err ignored = { 0 };

	entry->name = name ? arena_strdup(&c->arena, name) : "";
	entry->is_reference = name && catalog_reference(&entry->reference, name, &ignored);
	return entry;
}

static bool add_index(struct catalog *c, struct store *s, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	json_t *item;
	size_t i;

	if (!index_file_load(&doc, s, err))
		return false;
	json_array_foreach(json_object_get(doc, "manifests"), i, item)
	{
		struct descriptor d = { 0 };
		struct err ignored = { 0 };

		if (json_decode(&descriptor_type, &d, item, &c->arena, &ignored))
			add(c, index_file_name(item))->descriptor = d;
	}
	return true;
}

static bool add_sparse(struct catalog *c, struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list files = { 0 };

	if (!sparse_files(&files, s, err))
		return false;
	for (size_t i = 0; i < files.len; i++) {
		struct sparse_record record;
		struct catalog_entry *entry;
		struct err ignored = { 0 };

		if (!sparse_load(&record, s, files.items[i], &c->arena, &ignored))
			continue;
		entry = add(c, reference_format(&record.reference).text);
		entry->descriptor = record.root;
		entry->sparse = true;
	}
	return true;
}

bool catalog_load(struct catalog *out, struct store *s, struct err *err)
{
	AUTO(catalog_free) struct catalog c = { 0 };

	if (!add_index(&c, s, err) || !add_sparse(&c, s, err))
		return false;
	*out = c;
	c = (struct catalog){ 0 };
	return true;
}

bool catalog_not_found(const struct catalog *c, const struct reference *ref, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct reference_text want = reference_familiar(ref);
	const char *near;

	for (size_t i = 0; i < c->len; i++)
		if (c->items[i].is_reference)
			str_list_push(&names, reference_familiar(&c->items[i].reference).text);
	near = str_nearest(want.text, (const char *const *)names.items, names.len);
	err_set(err, E_NOT_FOUND, "image %s is not in the store", want.text);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	if (!names.len)
		return err_hint(err, "the store holds no image yet");
	return err_hint(err, "`rtbuild images` lists what is there");
}
