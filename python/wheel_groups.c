// SPDX-License-Identifier: Apache-2.0
#include "python/wheel_groups.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

/* From wheels to parts: who goes where, each part's files, and what is left of the whole. */

void wheel_groups_free(struct wheel_groups *g)
{
	for (size_t i = 0; i < g->len; i++) {
		free(g->items[i].title);
		free(g->items[i].identity);
		entry_list_free(&g->items[i].entries);
	}
	free(g->items);
	*g = (struct wheel_groups){ 0 };
}

/* --- who goes where --- */

static int larger_first(const void *a, const void *b)
{
	const struct wheel *x = *(const struct wheel *const *)a;
	const struct wheel *y = *(const struct wheel *const *)b;

	return x->size < y->size ? 1 : x->size > y->size ? -1 : strcmp(x->name, y->name);
}

/* How large a wheel must be to count as big among these. */
static int64_t big_size(const struct wheel_list *wheels)
{
	AUTO(auto_free)
	const struct wheel **sorted = mem_alloc((wheels->len + 1) * sizeof(*sorted));

	if (wheels->len <= WHEEL_GROUP_BIG_MAX)
		return WHEEL_GROUP_BIG;
	for (size_t i = 0; i < wheels->len; i++)
		sorted[i] = &wheels->items[i];
	qsort(sorted, wheels->len, sizeof(*sorted), larger_first);
	if (sorted[WHEEL_GROUP_BIG_MAX]->size < WHEEL_GROUP_BIG)
		return WHEEL_GROUP_BIG;
	return sorted[WHEEL_GROUP_BIG_MAX]->size + 1;
}

static size_t shared_part(const struct wheel *w)
{
	unsigned char hash[SHA256_SIZE];

	sha256_of(hash, w->name, strlen(w->name));
	return hash[0] % WHEEL_GROUP_SHARED;
}

/* --- one part --- */

/* Wheels that belong to someone else, none of them asked for: that is said by the last part. */
static void put_wheel(struct wheel_list *part, const struct wheel *w)
{
	struct wheel *copy = ARRAY_PUSH(part);

	*copy = *w;
	copy->requested = false;
}

static void drop_wheels(struct wheel_list *part)
{
	free(part->items);
}

static char *title_of(const struct wheel_list *part)
{
	if (part->len == 1)
		return mem_printf("%s %s", part->items[0].name, part->items[0].version);
	return mem_printf("%zu small packages", part->len);
}

static bool add_part(struct wheel_groups *out, const struct wheel_list *part,
		     const struct wheel_layout *layout, struct err *err)
{
	struct wheel_group *g;
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (!part->len)
		return true;
	g = ARRAY_PUSH(out);
	*g = (struct wheel_group){ .title = title_of(part) };
	wheels_identity(hash, part, layout);
	hex_format(hex, hash, sizeof(hash));
	g->identity = mem_strdup(hex);
	return wheels_merge(&g->entries, part, layout, err) &&
	       entry_list_add_parents(&g->entries, err);
}

static bool add_big(struct wheel_groups *out, const struct wheel *w,
		    const struct wheel_layout *layout, struct err *err)
{
	AUTO(drop_wheels) struct wheel_list part = { 0 };

	put_wheel(&part, w);
	return add_part(out, &part, layout, err);
}

static bool add_shared(struct wheel_groups *out, const struct wheel_list *wheels, int64_t big,
		       size_t number, const struct wheel_layout *layout, struct err *err)
{
	AUTO(drop_wheels) struct wheel_list part = { 0 };

	for (size_t i = 0; i < wheels->len; i++)
		if (wheels->items[i].size < big && shared_part(&wheels->items[i]) == number)
			put_wheel(&part, &wheels->items[i]);
	return add_part(out, &part, layout, err);
}

/* --- what is left --- */

static void map_entries(struct map *by_path, const struct wheel_groups *groups)
{
	for (size_t i = 0; i < groups->len; i++) {
		const struct entry_list *l = &groups->items[i].entries;

		for (size_t k = 0; k < l->len; k++)
			map_put(by_path, l->items[k].path, &l->items[k]);
	}
}

/* Of files that wheels hold the merge has shown that equal paths are equal bytes; those made here
 * (RECORD) may differ. */
static bool is_same(const struct entry *a, const struct entry *b)
{
	if (!b || a->kind != b->kind || a->mode != b->mode || a->size != b->size)
		return false;
	if (a->kind != ENTRY_FILE || !a->size || a->open != entry_open_bytes)
		return true;
	return b->open == entry_open_bytes && !memcmp(a->data, b->data, (size_t)a->size);
}

/* Files made here stand for themselves; those of a wheel are here for their mode alone. */
static void identify_rest(struct wheel_group *rest, const struct wheel_list *wheels,
			  const struct wheel_layout *layout)
{
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	wheels_identity(hash, wheels, layout);
	hex_format(hex, hash, sizeof(hash));
	rest->identity = mem_printf("rest of %s", hex);
}

static bool add_rest(struct wheel_groups *out, const struct wheel_list *wheels,
		     const struct entry_list *all, const struct wheel_layout *layout,
		     struct err *err)
{
	AUTO(map_free) struct map by_path = { 0 };
	AUTO(entry_list_free) struct entry_list rest = { 0 };
	struct wheel_group *g;

	map_entries(&by_path, out);
	for (size_t i = 0; i < all->len; i++) {
		const struct entry *e = &all->items[i];

		if (!is_same(e, map_get(&by_path, e->path)))
			*ARRAY_PUSH(&rest) = *e;
	}
	if (!rest.len)
		return true;
	g = ARRAY_PUSH(out);
	*g = (struct wheel_group){ .title = mem_strdup("which packages were asked for"),
				   .entries = rest };
	rest = (struct entry_list){ 0 };
	identify_rest(g, wheels, layout);
	return entry_list_add_parents(&g->entries, err);
}

bool wheel_groups_make(struct wheel_groups *out, const struct wheel_list *wheels,
		       const struct entry_list *all, const struct wheel_layout *layout,
		       struct err *err)
{
	int64_t big = big_size(wheels);

	for (size_t i = 0; i < wheels->len; i++)
		if (wheels->items[i].size >= big && !add_big(out, &wheels->items[i], layout, err))
			return false;
	for (size_t i = 0; i < WHEEL_GROUP_SHARED; i++)
		if (!add_shared(out, wheels, big, i, layout, err))
			return false;
	return add_rest(out, wheels, all, layout, err);
}
