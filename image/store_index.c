// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"
#include "image/store_private.h"

/*
 * index.json as a document that is patched in place: what other tools wrote
 * (entries without a name, annotations and members of theirs) survives our changes.
 */

bool index_file_load(json_t **out, struct store *s, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);
	AUTO(auto_json_decref) json_t *doc = NULL;
	enum media_kind kind;

	if (!fs_read(&text, s->dir, STORE_INDEX, text.max, FS_BENEATH_NOLINK, err))
		return err_wrap(err, "store %s", s->path);
	if (!document_parse(&doc, text.ptr, text.len, text.max, STORE_INDEX, err))
		return err_wrap(err, "store %s", s->path);
	if (!document_kind(&kind, NULL, doc, NULL, err))
		return document_refuse(err, STORE_INDEX) || err_wrap(err, "store %s", s->path);
	if (kind != MEDIA_INDEX || !json_is_array(json_object_get(doc, "manifests")))
		return err_set(err, E_INTEGRITY, "store %s: " STORE_INDEX " is no index", s->path);
	*out = STEAL(doc);
	return true;
}

bool index_file_save(struct store *s, const json_t *doc, struct err *err)
{
	AUTO(auto_free) char *text = NULL;
	size_t len;

	text = json_text(doc, &len);
	if (len > LIMIT_INDEX_JSON)
		return err_set(err, E_INPUT, "store %s: " STORE_INDEX " would pass %d bytes",
			       s->path, LIMIT_INDEX_JSON);
	return store_write_file(s, ".", STORE_INDEX, text, len, err);
}

const char *index_file_name(const json_t *entry)
{
	const json_t *annotations = json_object_get(entry, "annotations");
	const char *name = json_text_member(annotations, ANNOTATION_NAME);

	/* In containerd's and Docker's layouts the spec's annotation holds the tag alone. */
	return name ? name : json_text_member(annotations, ANNOTATION_REF);
}

/* The reference an entry is listed by; false when it has no name, or one that is none. */
static bool entry_reference(struct reference *out, const json_t *entry)
{
	const char *name = index_file_name(entry);
	struct err ignored = { 0 };

	return name && catalog_reference(out, name, &ignored);
}

static bool entry_digest(struct digest *out, const json_t *entry)
{
	const char *text = json_text_member(entry, "digest");
	struct err ignored = { 0 };

	return text && digest_parse(out, text, &ignored);
}

size_t index_file_remove(json_t *doc, const struct reference *ref)
{
	json_t *list = json_object_get(doc, "manifests");
	size_t removed = 0;

	for (size_t i = json_array_size(list); i--;) {
		const json_t *entry = json_array_get(list, i);
		struct reference listed;
		struct digest root;

		if (!entry_reference(&listed, entry) || !entry_digest(&root, entry) ||
		    !reference_selects(ref, &listed, &root))
			continue;
		json_array_remove(list, i);
		removed++;
	}
	return removed;
}

static json_t *make_entry(const struct reference *ref, const struct descriptor *d)
{
	struct reference_text name = reference_format(ref);
	json_t *entry = json_encode(&descriptor_type, d);
	json_t *annotations = json_object();

	json_object_set_new(annotations, ANNOTATION_REF, json_string(name.text));
	json_object_set_new(annotations, ANNOTATION_NAME, json_string(name.text));
	json_object_set_new(entry, "annotations", annotations);
	return entry;
}

size_t index_file_put(json_t *doc, const struct reference *ref, const struct descriptor *d)
{
	json_t *list = json_object_get(doc, "manifests");
	size_t place = json_array_size(list), removed = 0;

	for (size_t i = json_array_size(list); i--;) {
		struct reference listed;

		if (!entry_reference(&listed, json_array_get(list, i)) ||
		    !reference_same_name(&listed, ref))
			continue;
		json_array_remove(list, i);
		removed++;
		place = i;
	}
	if (d)
		json_array_insert_new(list, place, make_entry(ref, d));
	return removed;
}
