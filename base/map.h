// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * String keys to values, insertion order kept (labels, environments and headers
 * have an order that shows), look-up by hash. Zero-initialised is empty.
 * Keys are copied. A value is freed by `free_value` when it is set, else borrowed.
 */
struct map_item {
	char *key;
	void *value;
};

struct map {
	struct map_item *items; /* in order of first insertion */
	size_t len, cap;
	size_t *slots; /* open addressing: index + 1 of an item, 0 for free */
	size_t slot_count;
	void (*free_value)(void *value);
};

void map_free(struct map *m);
/* Replaces in place; the old value is released. */
void map_put(struct map *m, const char *key, void *value);
void *map_get(const struct map *m, const char *key); /* NULL when absent */
bool map_has(const struct map *m, const char *key);
void map_remove(struct map *m, const char *key);
void map_sort(struct map *m); /* by key, bytewise */

/* Maps of owned text: `map_put_text` copies the value; get returns it as text. */
/* clang-format off */
#define MAP_TEXT { .free_value = free }
/* clang-format on */
void map_put_text(struct map *m, const char *key, const char *value);
const char *map_text(const struct map *m, const char *key);

#endif
