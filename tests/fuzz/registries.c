// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "registry/registries.h"

/* registries.conf and its drop-ins, one a part, and names that are looked up in them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = { "docker.io/library/a", "r.example.com:5000/ns/repo" };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(registries_free) struct registries all = { 0 };
	AUTO(str_list_free) struct str_list files = { 0 };
	struct slice rest = { (const char *)data, len };
	struct err err = { 0 };

	assert(fs_tmpdir_open(&dir, &err));
	for (int i = 0; rest.ptr && i < 3; i++) {
		struct slice part = next_part(&rest);
		AUTO(auto_free) char *name = mem_printf("%d.conf", i);

		assert(fs_write_atomic(dir.fd, name, part.ptr, part.len, 0600, &err));
		str_list_push_take(&files, mem_printf("%s/%s", dir.path, name));
	}
	if (!verdict(registries_read(&all, &files, NULL, &err), &err))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct registries_entry *e = registries_find(&all, names[i]);
		struct reference ref, at;

		assert(reference_parse(&ref, names[i], &err));
		at = ref;
		for (size_t k = 0; e && k < e->mirrors_len; k++)
			verdict(registries_rewrite(&at, e, e->mirrors[k].location, &ref, &err),
				&err);
	}
	return 0;
}
