// SPDX-License-Identifier: Apache-2.0
#include "cmd/docker_format.h"

#include <string.h>

#include "base/mem.h"

/* Values of a document in a user's words. */

static void put_value(struct buf *out, const json_t *value)
{
	AUTO(auto_free) char *text = NULL;
	const json_t *item;
	size_t i;

	if (json_is_string(value)) {
		size_t len = json_string_length(value);

		text = str_printable(json_string_value(value), len, 4 * len + 1);
		buf_put(out, text);
	} else if (json_is_null(value)) {
		buf_put(out, "<no value>");
	} else if (json_is_array(value)) {
		buf_put(out, "[");
		json_array_foreach(value, i, item)
		{
			buf_put(out, i ? " " : "");
			put_value(out, item);
		}
		buf_put(out, "]");
	} else {
		text = json_text(value, NULL);
		buf_put(out, text);
	}
}

/* ".Config.Env", "." alone is the whole. */
static bool find(const json_t **out, const json_t *doc, struct slice path, struct err *err)
{
	struct slice rest = { path.ptr + 1, path.len - 1 };

	*out = doc;
	while (rest.len) {
		struct slice name = slice_cut(rest, '.', &rest);
		AUTO(auto_free) char *key = mem_strndup(name.ptr, name.len);

		*out = json_object_get(*out, key);
		if (!*out) {
			err_set(err, E_INPUT, "--format: there is no field '%s'", key);
			return err_hint(err, "--format '{{json .}}' shows what there is");
		}
	}
	return true;
}

/* Between the braces. */
static bool put_action(struct buf *out, struct slice action, const json_t *doc, struct err *err)
{
	static const char json[] = "json ";
	struct slice path = slice_trim(action, " ");
	bool as_json = path.len > sizeof(json) && memcmp(path.ptr, json, sizeof(json) - 1) == 0;
	AUTO(auto_free) char *text = NULL;
	const json_t *value;

	if (as_json)
		path = slice_trim((struct slice){ path.ptr + sizeof(json) - 1,
						  path.len - (sizeof(json) - 1) },
				  " ");
	if (!path.len || path.ptr[0] != '.' || memchr(path.ptr, ' ', path.len)) {
		err_set(err, E_UNSUPPORTED, "--format: '{{" SLICE_FMT "}}' is not understood",
			SLICE_ARG(action));
		return err_hint(err, "{{.Field.Field}} and {{json .Field}} are; `{{json .}} | jq` "
				     "does the rest");
	}
	if (!find(&value, doc, path, err))
		return false;
	if (!as_json) {
		put_value(out, value);
		return true;
	}
	text = json_text(value, NULL);
	buf_put(out, text);
	return true;
}

bool docker_format(struct buf *out, const char *format, const json_t *doc, struct err *err)
{
	for (const char *p = format; *p; p++) {
		if (p[0] == '{' && p[1] == '{') {
			const char *end = strstr(p, "}}");
			struct slice action = { p + 2, end ? (size_t)(end - p - 2) : 0 };

			if (!end)
				return err_set(err, E_INPUT, "--format: '%s' is never closed", p);
			if (!put_action(out, action, doc, err))
				return false;
			p = end + 1;
		} else if (p[0] == '\\' && (p[1] == 't' || p[1] == 'n')) {
			buf_put_byte(out, *++p == 't' ? '\t' : '\n');
		} else {
			buf_put_byte(out, (unsigned char)*p);
		}
	}
	return true;
}
