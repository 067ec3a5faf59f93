// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Insertion-ordered hash map with text keys. */

static uint64_t hash(const char *key)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3;
	return h ^ h >> 29;
}

/* The slot of `key`, or the free slot where it would go. slot_count is a power of two with room. */
static size_t *find_slot(const struct map *m, const char *key)
{
	size_t at = hash(key) & (m->slot_count - 1);

	while (m->slots[at] && !str_eq(m->items[m->slots[at] - 1].key, key))
		at = (at + 1) & (m->slot_count - 1);
	return &m->slots[at];
}

static void rebuild(struct map *m, size_t slot_count)
{
	free(m->slots);
	m->slots = mem_alloc(slot_count * sizeof(*m->slots));
	m->slot_count = slot_count;
	for (size_t i = 0; i < m->len; i++)
		*find_slot(m, m->items[i].key) = i + 1;
}

void map_free(struct map *m)
{
	for (size_t i = 0; i < m->len; i++) {
		free(m->items[i].key);
		if (m->free_value)
			m->free_value(m->items[i].value);
	}
	free(m->items);
	free(m->slots);
	*m = (struct map){ .free_value = m->free_value };
}

void map_put(struct map *m, const char *key, void *value)
{
	struct map_item *item;
	size_t *slot;

	if ((m->len + 1) * 4 > m->slot_count * 3)
		rebuild(m, m->slot_count ? m->slot_count * 2 : 16);
	slot = find_slot(m, key);
	if (*slot) {
		item = &m->items[*slot - 1];
		if (m->free_value && item->value != value)
			m->free_value(item->value);
		item->value = value;
		return;
	}
	item = ARRAY_PUSH(m);
	item->key = mem_strdup(key);
	item->value = value;
	*slot = m->len;
}

static struct map_item *find(const struct map *m, const char *key)
{
	size_t slot = m->slot_count ? *find_slot(m, key) : 0;

	return slot ? &m->items[slot - 1] : NULL;
}

void *map_get(const struct map *m, const char *key)
{
	struct map_item *item = find(m, key);

	return item ? item->value : NULL;
}

bool map_has(const struct map *m, const char *key)
{
	return find(m, key) != NULL;
}

void map_remove(struct map *m, const char *key)
{
	struct map_item *item = find(m, key);
	size_t at;

	if (!item)
		return;
	at = (size_t)(item - m->items);
	free(item->key);
	if (m->free_value)
		m->free_value(item->value);
	memmove(item, item + 1, (m->len - at - 1) * sizeof(*item));
	m->len--;
	rebuild(m, m->slot_count);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct map_item *)a)->key, ((const struct map_item *)b)->key);
}

void map_sort(struct map *m)
{
	if (m->len < 2)
		return;
	qsort(m->items, m->len, sizeof(*m->items), by_key);
	rebuild(m, m->slot_count);
}

void map_put_text(struct map *m, const char *key, const char *value)
{
	map_put(m, key, mem_strdup(value));
}

const char *map_text(const struct map *m, const char *key)
{
	return map_get(m, key);
}
