// SPDX-License-Identifier: Apache-2.0
#include "cmd/extend_report.h"

/* What became of an extension, for programs. */

json_t *extend_report(const struct extend_result *r)
{
	json_t *doc = json_object(), *baked = json_array(), *packages = json_array();

	for (size_t i = 0; i < r->baked.len; i++)
		json_array_append_new(baked, json_string(r->baked.items[i]));
	for (size_t i = 0; i < r->packages.len; i++)
		json_array_append_new(packages, json_string(r->packages.items[i]));
	json_object_set_new(doc, "reference", json_string(reference_familiar(&r->reference).text));
	json_object_set_new(doc, "digest", json_string(digest_format(&r->reference.digest).text));
	json_object_set_new(doc, "function", json_string(r->function));
	json_object_set_new(doc, "mode", json_string(spec_mode_name(r->mode)));
	json_object_set_new(doc, "filepath", json_string(r->filepath));
	json_object_set_new(doc, "baked", baked);
	json_object_set_new(doc, "packages", packages);
	json_object_set_new(doc, "existed", json_boolean(r->existed));
	json_object_set_new(doc, "hash", json_string(r->full_hash));
	return doc;
}
