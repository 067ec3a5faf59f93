// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "layers/unpack.h"
#include "tests/fuzz/members.h"

/* Nothing beside the root was made or changed, and the canary says the same it said. */
static void assert_untouched(const struct fs_tmpdir *dir, const struct stat *before)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(64);
	struct stat st;
	struct err err = { 0 };

	assert(fs_list(&names, dir->fd, ".", FS_BENEATH, &err) && names.len == 2);
	assert(fs_read(&text, dir->fd, "canary", 64, FS_BENEATH, &err));
	assert(str_eq(text.ptr, "tweet") && fs_stat(&st, dir->fd, "canary", FS_BENEATH, &err));
	assert(st.st_mode == before->st_mode && st.st_nlink == 1 && st.st_ino == before->st_ino);
	assert(st.st_mtim.tv_sec == before->st_mtim.tv_sec && st.st_uid == before->st_uid);
}

/* A byte of options, then layers (members.h), one on another into a root beside a canary. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data + (len > 0), len - (len > 0) };
	unsigned bits = len ? data[0] : 0;
	struct unpack_options opt = { .whiteouts = bits % 3, /* of enum unpack_whiteouts */
				      .keep_owner = bits & 16,
				      .keep_devices = bits & 32 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_close) int root = -1;
	struct stat before;
	struct err err = { 0 };

	assert(fs_tmpdir_open(&dir, &err) && fs_mkdir_p(dir.fd, "root", 0755, FS_BENEATH, &err));
	assert(fs_write_atomic(dir.fd, "canary", "tweet", 5, 0640, &err));
	assert(fs_open(&root, dir.fd, "root", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH, &err));
	assert(fs_stat(&before, dir.fd, "canary", FS_BENEATH, &err));
	for (struct slice layer = next_part(&rest); layer.ptr; layer = next_part(&rest)) {
		AUTO(buf_free) struct buf tar = BUF_INIT(1 << 26);
		AUTO(auto_source_close) struct source *from = NULL;

		put_members(&tar, layer);
		from = source_mem(tar.ptr, tar.len);
		verdict(unpack_tar(root, from, &opt, &err), &err);
	}
	assert_untouched(&dir, &before);
	return 0;
}
