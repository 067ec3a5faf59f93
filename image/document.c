// SPDX-License-Identifier: Apache-2.0
#include "image/document.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Strict reading of image documents: what kind they are, and that there are no two ways to see
 * them. */

bool document_refuse(struct err *err, const char *what)
{
	if (err->code == E_INPUT)
		err->code = E_INTEGRITY;
	return err_wrap(err, "%s", what);
}

bool document_parse(json_t **out, const char *raw, size_t len, size_t max, const char *what,
		    struct err *err)
{
	if (len > max)
		return err_set(err, E_INTEGRITY, "%s has %zu bytes, %zu are allowed", what, len,
			       max);
	if (!json_parse(out, raw, len, what, err)) {
		err->code = E_INTEGRITY;
		return false;
	}
	if (!json_is_object(*out)) {
		json_decref(STEAL(*out));
		return err_set(err, E_INTEGRITY, "%s is not a JSON object", what);
	}
	return true;
}

static bool has(const json_t *doc, const char *key)
{
	return json_object_get(doc, key) != NULL;
}

static bool check_version(const json_t *doc, struct err *err)
{
	const json_t *version = json_object_get(doc, "schemaVersion");

	if (json_integer_value(version) == 1)
		return err_set(err, E_UNSUPPORTED, "a Docker schema 1 manifest") ||
		       err_hint(err,
				"the image is from before 2016: push it again with a newer tool");
	if (!json_is_integer(version) || json_integer_value(version) != 2)
		return err_set(err, E_INTEGRITY, "schemaVersion is not 2");
	return true;
}

/* The row of the type claimed by the body or the server; NULL when neither says. */
static bool claimed(const struct media **out, const json_t *doc, const char *content_type,
		    struct err *err)
{
	static const char *const says_nothing[] = { "application/json",
						    "application/octet-stream" };
	const json_t *member = json_object_get(doc, "mediaType");
	const char *body = json_string_value(member);

	if (member && !body)
		return err_set(err, E_INTEGRITY, "mediaType is not text");
	for (size_t i = 0; content_type && i < ARRAY_LEN(says_nothing); i++)
		if (media_same(content_type, says_nothing[i]))
			content_type = NULL;
	if (body && content_type && !media_same(body, content_type))
		return err_set(err, E_INTEGRITY,
			       "announced as '%s', but the document says it is '%s'", content_type,
			       body);
	if (body && !str_eq(body, media_find(body)->text))
		return err_set(err, media_is_well_formed(body) ? E_UNSUPPORTED : E_INTEGRITY,
			       "media type '%s' is no image manifest or index", body);
	*out = body || content_type ? media_find(body ? body : content_type) : NULL;
	if (*out && (*out)->kind == MEDIA_UNKNOWN)
		return err_set(err, E_UNSUPPORTED, "announced as '%s': no image manifest or index",
			       content_type);
	return true;
}

bool document_kind(enum media_kind *out, const char **media_type_out, const json_t *doc,
		   const char *content_type, struct err *err)
{
	bool index = has(doc, "manifests");
	bool manifest = has(doc, "layers") || has(doc, "config");
	const struct media *media = NULL;

	/* One body that two readers take for two things: CVE-2021-41190. */
	if (index && (manifest || has(doc, "fsLayers")))
		return err_set(err, E_INTEGRITY, "both an index and a manifest at once");
	if (!claimed(&media, doc, content_type, err) || !check_version(doc, err))
		return false;
	if (media && media->kind == MEDIA_SCHEMA1)
		return err_set(err, E_INTEGRITY, "schema 1 by its type, but not by its version");
	if (media && media->kind != MEDIA_MANIFEST && media->kind != MEDIA_INDEX)
		return err_set(err, E_INTEGRITY, "'%s' is the type of something else", media->text);
	*out = index ? MEDIA_INDEX : MEDIA_MANIFEST;
	if (!index && !manifest)
		return err_set(err, E_INTEGRITY, "neither 'manifests' nor 'layers' is there");
	if (media && media->kind != *out)
		return err_set(err, E_INTEGRITY, "'%s' by its type, but it has '%s'", media->text,
			       index ? "manifests" : "layers");
	if (media_type_out)
		*media_type_out =
			media ? media->text : media_text(*out, FAMILY_OCI, COMPRESSION_NONE);
	return true;
}

bool document_list_fits(const json_t *doc, const char *key, size_t max, struct err *err)
{
	const json_t *list = json_object_get(doc, key);

	if (list && !json_is_array(list) && !json_is_null(list))
		return err_set(err, E_INTEGRITY, "'%s' is not a list", key);
	if (json_array_size(list) > max)
		return err_set(err, E_INTEGRITY, "'%s' has %zu entries, %zu are allowed", key,
			       json_array_size(list), max);
	return true;
}

/* Bytes of the well-formed sequence at `s` (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_sequence(const unsigned char *s)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, len;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
			continue;
		if (forms[i].len > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].len;
	}
	return 0;
}

char *document_utf8(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t len = strlen(text);
	char *out = mem_alloc(len * strlen(replacement) + 1);
	char *at = out;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence((const unsigned char *)text + i);

		memcpy(at, n ? text + i : replacement, n ? n : strlen(replacement));
		at += n ? n : strlen(replacement);
		i += n ? n : 1;
	}
	return out;
}

json_t *document_text(const char *text)
{
	json_t *json = json_string(text);
	AUTO(auto_free) char *clean = NULL;

	if (json)
		return json;
	clean = document_utf8(text);
	return json_string(clean);
}
