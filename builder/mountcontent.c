// SPDX-License-Identifier: Apache-2.0
#include "builder/mountcontent.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Selected files of layers as a key. */

struct selected {
	const struct entry **items;
	size_t len, cap;
};

static void selected_free(struct selected *s)
{
	free(s->items);
}

static bool select_entry(void *arg, const struct entry *e)
{
	struct selected *s = arg;

	*ARRAY_PUSH(s) = e;
	return true;
}

static struct digest key_of(const struct selected *s, size_t prefix,
			    unsigned char (*hashes)[SHA256_SIZE])
{
	const struct layer_options plain = { .family = FAMILY_OCI };
	struct cache_key k;

	cache_key_begin(&k, "content of a mount", &plain);
	for (size_t i = 0; i < s->len; i++) {
		cache_key_text(&k, s->items[i]->path + prefix);
		cache_key_entry(&k, s->items[i]);
		if (s->items[i]->kind == ENTRY_FILE)
			cache_key_bytes(&k, hashes[i], SHA256_SIZE);
	}
	return cache_key_end(&k);
}

bool mountcontent_key(struct digest *out, bool *known_out, struct build *b,
		      const struct mount_source *source, struct err *err)
{
	AUTO(selected_free) struct selected selected = { 0 };
	AUTO(auto_free) unsigned char(*hashes)[SHA256_SIZE] = NULL;
	AUTO(auto_free) char *path = NULL;
	const struct entry *top;
	struct tree *tree;

	*known_out = false;
	if (!*source->path)
		return true;
	if (!(source->of_stage ? execute_files(&tree, b, source->stage, err)
			       : base_files(&tree, b, source->base, err)) ||
	    !tree_find(&top, &path, tree, source->path, true, err))
		return false;
	if (!top || !*path)
		return true;
	tree_walk(tree, path, select_entry, &selected);
	hashes = mem_alloc((selected.len + 1) * sizeof(*hashes));
	if (!tree_hash(hashes, tree, selected.items, selected.len, err))
		return false;
	*out = key_of(&selected, strlen(path), hashes);
	*known_out = true;
	return true;
}
