// SPDX-License-Identifier: Apache-2.0
#include "builder/usedtrees.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* What keeps a tree from being collected. */

void usedtrees_free(struct used_trees *u)
{
	free(STEAL(u->items));
	u->len = u->cap = 0;
}

/* One that cannot be read keeps nothing: its trees are made again when they are needed. */
static void add_image(struct used_trees *out, struct store *s, const struct reference *ref)
{
	AUTO(image_free) struct image img = { 0 };
	struct err ignored = { 0 };

	if (!store_find_image(&img, s, ref, NULL, &ignored))
		return;
	for (size_t i = 0; i < img.manifest.layer_count; i++)
		ARRAY_PUSH(out)->diff_id = config_diff_id(&img.config, i);
}

/* A record is "pin" lines, then one document: cache.h. */
static void add_record(struct used_trees *out, int dir, const char *name)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err ignored = { 0 };
	struct digest diff_id;
	struct slice rest;
	const char *hex;

	if (!fs_read(&text, dir, name, LIMIT_CONFIG, FS_BENEATH_NOLINK, &ignored))
		return;
	rest = slice_of(text.ptr);
	while (slice_has_prefix(rest, "pin "))
		slice_cut(rest, '\n', &rest);
	if (!rest.ptr || !json_parse(&doc, rest.ptr, rest.len, "cache record", &ignored))
		return;
	hex = json_text_member(doc, "diffId");
	if (hex && digest_parse(&diff_id, hex, &ignored))
		ARRAY_PUSH(out)->diff_id = diff_id;
}

bool usedtrees_find(struct used_trees *out, struct store *s, struct err *err)
{
	AUTO(store_list_free) struct store_list images = { 0 };
	AUTO(str_list_free) struct str_list records = { 0 };
	AUTO(auto_close) int dir = -1;

	if (!store_images(&images, s, err))
		return false;
	for (size_t i = 0; i < images.len; i++)
		add_image(out, s, &images.items[i].reference);
	if (!store_subdir(&dir, s, "cache/steps", err) ||
	    !fs_list(&records, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < records.len; i++)
		add_record(out, dir, records.items[i]);
	return true;
}
