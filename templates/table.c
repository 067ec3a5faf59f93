// SPDX-License-Identifier: Apache-2.0
#include "templates/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "templates/backend_shape.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct backend *)a)->name, ((const struct backend *)b)->name);
}

/* Rows of `from` on, in the place of older ones of their names. */
static void settle(struct backend_table *t, size_t from)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->len; i++) {
		bool gone = false;

		for (size_t j = from > i ? from : i + 1; j < t->len; j++)
			gone = gone || str_eq(t->items[i].name, t->items[j].name);
		if (!gone)
			t->items[kept++] = t->items[i];
	}
	t->len = kept;
	qsort(t->items, t->len, sizeof(*t->items), by_name);
}

static bool read_all(struct backend_table *t, const struct template_files *files, size_t *count,
		     struct err *err)
{
	for (size_t i = 0; i < files->len; i++) {
		if (!str_has_suffix(files->items[i].name, "/backend.yaml"))
			continue;
		++*count;
		if (!backend_read(t, &files->items[i], err))
			return false;
	}
	return true;
}

bool backend_table_load(struct backend_table *out, struct err *err)
{
	size_t count = 0;

	*out = (struct backend_table){ 0 };
	template_files_embedded(&out->files);
	if (!read_all(out, &out->files, &count, err)) {
		backend_table_free(out);
		return false;
	}
	settle(out, 0);
	return true;
}

bool backend_table_add(struct backend_table *t, struct template_files *files, struct err *err)
{
	size_t from = t->len, count = 0;

	for (size_t i = 0; i < files->len; i++)
		*ARRAY_PUSH(&t->files) = files->items[i];
	arena_adopt(&t->files.arena, &files->arena);
	if (!read_all(t, files, &count, err))
		return false;
	if (!files->len)
		return err_set(err, E_INPUT,
			       "no template there: no <name>/backend.yaml and no "
			       "<backend>/Dockerfile");
	settle(t, from);
	return true;
}
