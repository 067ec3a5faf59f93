// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/json.h"
#include "python/simple_build.h"

/* PEP 691: the page as a JSON document. */

static const char *text_in(struct simple_build *b, const json_t *object, const char *key)
{
	const char *text = json_text_member(object, key);

	return text ? arena_strdup(b->arena, text) : NULL;
}

static void take_hashes(struct simple_file *f, struct file_hashes *out, json_t *hashes)
{
	const char *kind;
	json_t *value;

	json_object_foreach(hashes, kind,
			    value) if (!json_is_string(value) ||
				       !file_hashes_add(out, slice_of(kind),
							slice_of(json_string_value(value))))
		f->refused = "has a malformed hash on its page";
}

/* PEP 714: the old key counts only where the new one is missing, since PyPI once served a wrong
 * one. */
static void take_metadata(struct simple_file *f, const json_t *item)
{
	json_t *metadata = json_object_get(item, "core-metadata");

	if (!metadata)
		metadata = json_object_get(item, "dist-info-metadata");
	f->has_metadata = json_is_true(metadata) || json_is_object(metadata);
	if (json_is_object(metadata))
		take_hashes(f, &f->metadata_hashes, metadata);
}

static bool take_file(struct simple_build *b, const json_t *item, struct err *err)
{
	const char *url = json_text_member(item, "url");
	const char *filename = text_in(b, item, "filename");
	const json_t *size = json_object_get(item, "size");
	const json_t *yanked = json_object_get(item, "yanked");
	struct simple_file *f = NULL;

	if (!url || !filename)
		return true;
	if (!simple_build_file(&f, b, url, filename, err) || !f)
		return !err->code;
	take_hashes(f, &f->hashes, json_object_get(item, "hashes"));
	take_metadata(f, item);
	f->requires_python = text_in(b, item, "requires-python");
	f->upload_time = text_in(b, item, "upload-time");
	if (json_is_integer(size) && json_integer_value(size) >= 0)
		f->size = json_integer_value(size);
	if (json_is_true(yanked))
		f->yanked = "";
	else if (json_is_string(yanked))
		f->yanked = text_in(b, item, "yanked");
	return true;
}

bool simple_json_read(struct simple_build *b, struct slice text, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	const json_t *status;
	const char *version;
	size_t i;
	json_t *files, *item;

	if (!json_parse(&doc, text.ptr, text.len, "page", err))
		return false;
	version = json_text_member(json_object_get(doc, "meta"), "api-version");
	if (!version)
		return err_set(err, E_INPUT, "not a page of a package index: no meta.api-version");
	if (!simple_build_version(b, version, err))
		return false;
	files = json_object_get(doc, "files");
	if (!json_is_array(files))
		return err_set(err, E_INPUT, "not a page of a project: it lists no files");
	status = json_object_get(doc, "project-status");
	b->page->status = text_in(b, status, "status");
	b->page->status_reason = text_in(b, status, "reason");
	json_array_foreach(files, i, item) if (!take_file(b, item, err)) return false;
	return true;
}
