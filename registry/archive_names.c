// SPDX-License-Identifier: Apache-2.0
#include "registry/archive_names.h"

#include "base/limits.h"
#include "base/mem.h"
#include "registry/archive_parts.h"
#include "registry/docker_archive.h"
#include "registry/tags.h"

/* What an archive calls its images. */

static const char *name_of(const json_t *entry)
{
	const json_t *annotations = json_object_get(entry, "annotations");
	const char *name = json_text_member(annotations, ARCHIVE_NAME);

	return name ? name : json_text_member(annotations, ARCHIVE_TAG);
}

/* cosign's tags and referrers are not images to be listed under a name. */
static bool is_image(const json_t *entry, const char *name)
{
	struct digest ignored;
	const char *suffix;

	return !json_object_get(entry, "artifactType") &&
	       !(name && tags_is_of_digest(&ignored, &suffix, name));
}

static bool layout_names(struct str_list *out, size_t *unnamed_out, struct tar_file *f,
			 struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);
	AUTO(auto_json_decref) json_t *doc = NULL;
	json_t *entry;
	size_t i;

	if (!tar_file_read(&text, f, "index.json", text.max, err))
		return false;
	if (!json_parse(&doc, text.ptr, text.len, "index.json", err)) {
		err->code = E_INTEGRITY;
		return false;
	}
	json_array_foreach(json_object_get(doc, "manifests"), i, entry)
	{
		const char *name = name_of(entry);

		if (!is_image(entry, name))
			continue;
		if (!name)
			(*unnamed_out)++;
		else if (!str_list_has(out, name))
			str_list_push(out, name);
	}
	return true;
}

bool archive_file_names(struct str_list *out, size_t *unnamed_out, enum place_kind kind,
			struct tar_file *f, struct err *err)
{
	*unnamed_out = 0;
	return kind == PLACE_OCI_ARCHIVE ? layout_names(out, unnamed_out, f, err)
					 : docker_archive_names(out, unnamed_out, f, err);
}
