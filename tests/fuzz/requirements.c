// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "python/requirements.h"

/* A requirements file, and a second one that it may name as b.txt. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	struct slice first = next_part(&rest), second = next_part(&rest);
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };

	assert(fs_tmpdir_open(&dir, &err) &&
	       fs_write_atomic(dir.fd, "a.txt", first.ptr, first.len, 0644, &err) &&
	       fs_write_atomic(dir.fd, "b.txt", second.ptr, second.len, 0644, &err));
	path = mem_printf("%s/a.txt", dir.path);
	verdict(requirements_read(&r, path, &err), &err);
	for (size_t i = 0; i < r.len; i++)
		requirements_prereleases(&r, r.items[i].requirement.key);
	return 0;
}
