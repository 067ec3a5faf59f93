// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "python/pylock.h"

/* A lock file, as read for a target and for its versions. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(map_free) struct map versions = MAP_TEXT;
	AUTO(auto_free) char *path = NULL;
	struct python_target target = { 0 };
	struct err err = { 0 }, second = { 0 };
	struct platform p;

	assert(platform_parse(&p, "linux/arm64", &err) &&
	       python_target_make(&target, "3.12", &p, NULL, &err) && fs_tmpdir_open(&dir, &err) &&
	       fs_write_atomic(dir.fd, "pylock.toml", data, len, 0644, &err));
	path = mem_printf("%s/pylock.toml", dir.path);
	verdict(pylock_read(&r, path, &target, NULL, &err), &err);
	for (size_t i = 0; i < r.len; i++)
		assert(r.items[i].is_locked && r.items[i].hash_count && r.items[i].wheel_count);
	verdict(pylock_read_versions(&versions, path, &second), &second);
	return 0;
}
