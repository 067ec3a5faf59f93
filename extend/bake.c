// SPDX-License-Identifier: Apache-2.0
#include "extend/bake.h"

#include "base/mem.h"

/* Turns a spec into layer entries. */

bool bake_has_modules(const struct spec *spec)
{
	return spec->mode != SPEC_SINGLE_FILE;
}

static void add_modules(struct entry_list *out, const struct spec *spec)
{
	entry_add(out, ENTRY_DIR, BAKE_MODULES);
	for (size_t i = 0; i < spec->modules.files.len; i++) {
		const struct module_file *f = &spec->modules.files.items[i];
		AUTO(auto_free) char *path = mem_printf("%s/%s", BAKE_MODULES, f->path);

		if (f->data)
			entry_add_bytes(out, path, f->data, (size_t)f->size);
		else
			entry_add_file(out, path, f->dir, f->name, f->size);
	}
}

bool bake_entries(struct entry_list *out, const struct spec *spec, struct err *err)
{
	static const char *const dirs[] = { "opt", BAKE_ROOT };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		entry_add(out, ENTRY_DIR, dirs[i]);
	if (bake_has_modules(spec))
		add_modules(out, spec);
	if (spec->pickle.len)
		entry_add_bytes(out, BAKE_PICKLE, spec->pickle.ptr, spec->pickle.len);
	return entry_list_add_parents(out, err);
}

void bake_list(struct str_list *out, const struct spec *spec)
{
	if (spec->pickle.len)
		str_list_push(out, "/" BAKE_PICKLE);
	for (size_t i = 0; bake_has_modules(spec) && i < spec->modules.files.len; i++)
		str_list_push_take(
			out, mem_printf("/%s/%s", BAKE_MODULES, spec->modules.files.items[i].path));
	str_list_sort(out);
}
