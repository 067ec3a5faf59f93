// SPDX-License-Identifier: Apache-2.0
#include "cmd/annotation.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Annotations on the command line. */

void annotations_free(struct annotations *a)
{
	free(a->manifest.items);
	free(a->descriptor.items);
	free(a->index.items);
	arena_free(&a->arena);
}

static bool bad(const char *text, const char *why, struct err *err)
{
	err_set(err, E_USAGE, "--annotation '%s': %s", text, why);
	return err_hint(err, "write KEY=VALUE, or for example index:KEY=VALUE");
}

struct target {
	const char *text;
	const char *key, *value;
	const struct platform *platforms;
	size_t platform_count;
	bool is_index; /* there will be one */
};

/* "[linux/arm64]" behind a type. */
static bool parse_platform(struct build_annotation *out, const struct target *t,
			   struct slice platform, struct err *err)
{
	AUTO(auto_free) char *name = NULL;

	if (!platform.len || platform.ptr[platform.len - 1] != ']')
		return bad(t->text, "the platform has no end", err);
	name = mem_strndup(platform.ptr, platform.len - 1);
	if (!platform_parse(&out->platform, name, err))
		return err_wrap(err, "--annotation '%s'", t->text);
	out->has_platform = true;
	for (size_t i = 0; i < t->platform_count; i++)
		if (platform_eq(&t->platforms[i], &out->platform))
			return true;
	return bad(t->text, "nothing is built for that platform", err);
}

static bool add(struct annotations *a, const struct target *t, struct slice type, struct err *err)
{
	struct build_annotation one = { .key = t->key, .value = t->value };
	struct slice platform;

	type = slice_cut(type, '[', &platform);
	if (platform.ptr && !parse_platform(&one, t, platform, err))
		return false;
	if (slice_eq(type, "manifest")) {
		*ARRAY_PUSH(&a->manifest) = one;
		return true;
	}
	if (!t->is_index && (slice_eq(type, "index") || slice_eq(type, "manifest-descriptor")))
		return bad(t->text, "there is no index: one platform is built", err);
	if (slice_eq(type, "manifest-descriptor"))
		*ARRAY_PUSH(&a->descriptor) = one;
	else if (slice_eq(type, "index") && !one.has_platform)
		*ARRAY_PUSH(&a->index) = (struct json_pair){ t->key, t->value };
	else
		return bad(t->text, "the types are manifest, index and manifest-descriptor", err);
	return true;
}

static bool parse(struct annotations *a, struct target *t, struct err *err)
{
	struct slice value, rest, key = slice_cut(slice_of(t->text), '=', &value);
	struct slice types = slice_cut(key, ':', &rest);

	if (!value.ptr)
		return bad(t->text, "'=' is missing", err);
	if (!rest.ptr) {
		rest = key;
		types = slice_of("manifest");
	}
	if (!rest.len)
		return bad(t->text, "the key is empty", err);
	t->key = arena_slice(&a->arena, rest);
	t->value = value.ptr;
	while (types.ptr)
		if (!add(a, t, slice_cut(types, ',', &types), err))
			return false;
	return true;
}

bool annotations_parse(struct annotations *out, const struct str_list *texts,
		       const struct platform *platforms, size_t platform_count, bool is_index,
		       struct err *err)
{
	for (size_t i = 0; i < texts->len; i++) {
		struct target t = { .text = texts->items[i],
				    .platforms = platforms,
				    .platform_count = platform_count,
				    .is_index = is_index };

		if (!parse(out, &t, err))
			return false;
	}
	return true;
}

/* Of several for one key the last counts. */
static void put(struct json_pairs *list, struct json_pair pair)
{
	size_t at = 0;

	while (at < list->len && !str_eq(list->items[at].key, pair.key))
		at++;
	list->len += at == list->len;
	list->items[at] = pair;
}

void annotations_of_index(struct index_recipe *out, struct annotations *a,
			  const struct platform *platforms, size_t count,
			  struct json_pairs *index_out)
{
	struct json_pairs *entries = ARENA_ARRAY(&a->arena, struct json_pairs, count);

	index_out->items = ARENA_ARRAY(&a->arena, struct json_pair, a->index.len + 1);
	for (size_t i = 0; i < a->index.len; i++)
		put(index_out, a->index.items[i]);
	for (size_t i = 0; i < count; i++) {
		entries[i].items = ARENA_ARRAY(&a->arena, struct json_pair, a->descriptor.len + 1);
		for (size_t k = 0; k < a->descriptor.len; k++) {
			const struct build_annotation *one = &a->descriptor.items[k];

			if (!one->has_platform || platform_eq(&one->platform, &platforms[i]))
				put(&entries[i], (struct json_pair){ one->key, one->value });
		}
	}
	out->annotations = index_out;
	out->entry_annotations = entries;
}
