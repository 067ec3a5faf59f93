// SPDX-License-Identifier: Apache-2.0
#include "extend/bake.h"

#include <stdlib.h>

#include "base/mem.h"
#include "extend/pickle.h"

/* Turns a spec into layer entries. */

static bool add_pickle(struct entry_list *out, const struct target *t, struct err *err)
{
	AUTO(buf_free) struct buf pickle = BUF_INIT(SIZE_MAX / 2);

	if (!pickle_function(&pickle, t->module, t->function, err))
		return false;
	entry_add_bytes(out, BAKE_PICKLE, pickle.ptr, pickle.len);
	return true;
}

bool bake_entries(struct entry_list *out, const struct spec *spec, struct err *err)
{
	static const char *const dirs[] = { "opt", BAKE_ROOT, BAKE_MODULES };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		entry_add(out, ENTRY_DIR, dirs[i]);
	for (size_t i = 0; i < spec->modules.files.len; i++) {
		const struct module_file *f = &spec->modules.files.items[i];
		AUTO(auto_free) char *path = mem_printf("%s/%s", BAKE_MODULES, f->path);

		if (f->data)
			entry_add_bytes(out, path, f->data, (size_t)f->size);
		else
			entry_add_file(out, path, f->dir, f->name, f->size);
	}
	return add_pickle(out, &spec->target, err) && entry_list_add_parents(out, err);
}
