// SPDX-License-Identifier: Apache-2.0
#include "registry/retag.h"

#include <stdlib.h>

#include "base/mem.h"
#include "image/document.h"
#include "image/manifest.h"

/* Tags that are changed in place, and documents that are changed for it. */

bool registry_look(struct tag_state *out, struct registry *r, const struct reference *ref,
		   struct err *err)
{
	struct err why = { 0 };

	*out = (struct tag_state){ 0 };
	out->is_there = registry_head_manifest(&out->digest, r, ref, &why);
	if (out->is_there || why.code == E_NOT_FOUND)
		return true;
	*err = why;
	return false;
}

static bool moved(const struct reference *ref, const struct tag_state *now, struct err *err)
{
	err_set(err, E_INTEGRITY, "%s moved: it is %s now", reference_familiar(ref).text,
		now->is_there ? digest_format(&now->digest).text : "gone");
	return err_hint(err, "somebody else changed it; look at it and try again");
}

bool registry_put_unmoved(bool *wrote_out, struct registry *r, const struct reference *ref,
			  const struct registry_document *doc, const char *media_type,
			  const struct tag_state *held, struct err *err)
{
	struct tag_state now;

	*wrote_out = false;
	if (!registry_look(&now, r, ref, err))
		return false;
	if (now.is_there && digest_eq(&now.digest, &doc->digest))
		return true;
	if (now.is_there != held->is_there ||
	    (now.is_there && !digest_eq(&now.digest, &held->digest)))
		return moved(ref, &now, err);
	*wrote_out = true;
	return registry_put_manifest(r, ref, media_type, doc->raw, doc->len, err);
}

static bool check_family(const struct registry_document *doc, const json_t *body, struct err *err)
{
	const char *type = NULL;
	enum media_kind kind;

	if (!document_kind(&kind, &type, body, doc->content_type, err))
		return document_refuse(err, "manifest");
	if (media_find(type)->family != FAMILY_DOCKER)
		return true;
	return err_set(err, E_UNSUPPORTED, "Docker's manifests (%s) have no annotations", type);
}

static bool patch(json_t *annotations, const struct json_pairs *set, const struct str_list *removed)
{
	AUTO(auto_json_decref) json_t *before = json_deep_copy(annotations);

	for (size_t i = 0; i < set->len; i++)
		json_object_set_new(annotations, set->items[i].key,
				    document_text(set->items[i].value));
	for (size_t i = 0; i < removed->len; i++)
		json_object_del(annotations, removed->items[i]);
	return !json_equal(before, annotations);
}

bool annotate_document(bool *changed_out, struct registry_document *doc,
		       const struct json_pairs *set, const struct str_list *removed,
		       struct err *err)
{
	AUTO(auto_json_decref) json_t *body = NULL;
	json_t *annotations;
	char *text;
	size_t len;

	if (!json_parse(&body, doc->raw, doc->len, "manifest", err))
		return document_refuse(err, "manifest");
	if (!check_family(doc, body, err))
		return false;
	if (json_is_null(json_object_get(body, "annotations")))
		json_object_del(body, "annotations");
	if (!json_ensure_object(&annotations, body, "annotations", err))
		return false;
	*changed_out = patch(annotations, set, removed);
	if (!*changed_out)
		return true;
	if (!json_object_size(annotations))
		json_object_del(body, "annotations");
	text = json_text(body, &len);
	free(doc->raw);
	doc->raw = text;
	doc->len = len;
	doc->digest = digest_of(text, len);
	return true;
}
