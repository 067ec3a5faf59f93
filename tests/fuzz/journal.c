// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "registry/journal.h"

/* The journal of an upload that somebody left. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum { SIZE = 1000 };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_free) char *path = NULL;
	AUTO(url_free) struct url location = { 0 };
	AUTO(url_free) struct url found = { 0 };
	const struct digest digest = digest_of("x", 1);
	struct reference repository;
	struct store *store;
	struct journal *j;
	uint64_t offset = 0;
	struct err err = { 0 };

	assert(fs_tmpdir_open(&dir, &err) && store_open(&store, dir.path, &err) &&
	       reference_parse(&repository, "r.example.com/a/b", &err) &&
	       url_parse(&location, "https://r.example.com/v2/a/b/blobs/uploads/1", &err));
	j = journal_open(store, &repository, &digest, SIZE);
	assert(j);
	journal_note(j, &location, 10);
	journal_close(j);
	assert(fs_list(&names, dir.fd, "partial/uploads", FS_BENEATH, &err) && names.len == 1);
	path = mem_printf("partial/uploads/%s", names.items[0]);
	assert(fs_write_atomic(dir.fd, path, data, len, 0600, &err));
	j = journal_open(store, &repository, &digest, SIZE);
	if (j && journal_recall(&found, &offset, j))
		assert(offset <= SIZE && found.host[0] && found.target);
	journal_close(j);
	store_close(store);
	return 0;
}
