// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "layers/file_index.h"
#include "tests/fuzz/layers.h"

#define MAGIC "rtbuild file index 1\n"

/* A cached list of files, its magic and hash made right: taken as it is, or made anew. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(layers_free) struct layers layers = { 0 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(buf_free) struct buf file = BUF_INIT(1 << 26);
	AUTO(entry_list_free) struct entry_list found = { 0 };
	unsigned char hash[SHA256_SIZE];
	const struct tree_layer *layer = &layers.items[0];
	struct err err = { 0 };
	size_t sum = 0;

	layers_add(&layers, slice_of("0file"));
	buf_put(&file, MAGIC);
	buf_put_bytes(&file, data, len);
	sha256_of(hash, file.ptr, file.len);
	buf_put_bytes(&file, hash, sizeof(hash));
	assert(fs_tmpdir_open(&dir, &err));
	assert(fs_write_atomic(dir.fd, digest_hex(&layer->diff_id).text, file.ptr, file.len, 0644,
			       &err));
	assert(file_index_open(&found, &layers.source, &layer->descriptor, &layer->diff_id, dir.fd,
			       &err));
	for (size_t i = 0; i < found.len; i++) {
		const struct entry *e = &found.items[i];

		sum += strlen(e->path) + strlen(e->link) + e->kind;
		for (size_t k = 0; k < e->xattr_count; k++)
			sum += strlen(e->xattrs[k].name) + !e->xattrs[k].value;
	}
	assert(sum < SIZE_MAX);
	return 0;
}
