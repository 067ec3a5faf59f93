// SPDX-License-Identifier: Apache-2.0
#include "extend/memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"

/* One small JSON file for each extension that was asked for. */

#define MEMO_DIR "cache/extend"

struct document {
	struct digest base, result;
	const char *target, *hash;
	struct json_list packages;
};

/* clang-format off */
static const struct json_field packages_fields[] = {
	JSON_REQUIRED(struct memo_packages, platform, "platform", &platform_type),
	JSON_REQUIRED(struct memo_packages, python,   "python",   &json_type_text),
	JSON_REQUIRED(struct memo_packages, identity, "identity", &json_type_text),
	{ 0 },
};
static const struct json_type packages_type = JSON_OBJECT(struct memo_packages, packages_fields);
static const struct json_type packages_list = JSON_LIST(&packages_type);
static const struct json_field fields[] = {
	JSON_REQUIRED(struct document, base,   "base",   &digest_type),
	JSON_REQUIRED(struct document, result, "result", &digest_type),
	JSON_REQUIRED(struct document, target, "target", &json_type_text),
	JSON_REQUIRED(struct document, hash,   "hash",   &json_type_text),
	JSON_OPTIONAL(struct document, packages, "packages", &packages_list),
	{ 0 },
};
/* clang-format on */
static const struct json_type type = JSON_OBJECT(struct document, fields);

static bool read_memo(struct memo *out, struct store *s, const struct memo_key *key,
		      struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_close) int dir = -1;
	struct document d = { 0 };

	if (!store_subdir(&dir, s, MEMO_DIR, err) ||
	    !fs_read(&text, dir, key->text, text.max, FS_BENEATH_NOLINK, err) ||
	    !json_parse(&doc, text.ptr, text.len, key->text, err) ||
	    !json_decode(&type, &d, doc, &out->arena, err) ||
	    !reference_parse(&out->target, d.target, err))
		return false;
	out->base = d.base;
	out->result = d.result;
	out->packages = d.packages;
	snprintf(out->hash, sizeof(out->hash), "%s", d.hash);
	return strlen(d.hash) == TAG_HASH_LEN && out->target.tag[0];
}

void memo_free(struct memo *m)
{
	arena_free(&m->arena);
	*m = (struct memo){ 0 };
}

bool memo_any(struct store *s)
{
	return fs_exists(store_dir(s), MEMO_DIR);
}

bool memo_find(struct memo *out, struct store *s, const struct memo_key *key)
{
	struct err ignored = { 0 };

	*out = (struct memo){ 0 };
	if (read_memo(out, s, key, &ignored))
		return true;
	memo_free(out);
	return false;
}

bool memo_put(struct store *s, const struct memo_key *key, const struct memo *m, struct err *err)
{
	struct reference plain = m->target;
	struct reference_text target;
	struct document d = {
		.base = m->base, .result = m->result, .hash = m->hash, .packages = m->packages
	};
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *text = NULL;
	size_t len;

	plain.has_digest = false;
	target = reference_format(&plain);
	d.target = target.text;
	doc = json_encode(&type, &d);
	text = json_text(doc, &len);
	return store_put_file(s, MEMO_DIR, key->text, text, len, 0600, err);
}
