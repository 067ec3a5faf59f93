// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "layers/tar.h"
#include "tests/fuzz/members.h"

/* The bytes of a tar, whatever follows a header sealed again: read, and what came out written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_free) unsigned char *tar = mem_dup(data, len);
	AUTO(auto_source_close) struct source *from = source_mem(tar, len);
	AUTO(auto_tar_reader_close) struct tar_reader *r = NULL;
	AUTO(buf_free) struct buf written = BUF_INIT(1 << 26);
	AUTO(auto_tar_writer_close) struct tar_writer *w = NULL;
	struct sink_buf to = sink_buf(&written);
	struct err err = { 0 };
	struct entry e;
	bool more = true;

	for (size_t at = 0; at + MEMBER_BLOCK <= len; at += MEMBER_BLOCK)
		if (memcmp(tar + at + 257, "ustar", 5) == 0)
			member_seal(tar + at);
	assert(tar_reader_open(&r, from, &err) && tar_writer_open(&w, &to.sink, &err));
	while (verdict(tar_reader_next(&e, &more, r, &err), &err) && more) {
		const void *piece;
		size_t piece_len = e.kind == ENTRY_FILE;
		int64_t total = 0;

		assert(e.path[0] != '/' && e.uid >= 0 && e.gid >= 0 && e.size >= 0);
		while (piece_len) {
			if (!verdict(tar_reader_data(r, &piece, &piece_len, &err), &err))
				return 0;
			total += (int64_t)piece_len;
		}
		assert(e.kind != ENTRY_FILE || total == e.size);
		e.size = 0;
		if (*e.path)
			verdict(tar_writer_add(w, &e, &err), &err);
	}
	return 0;
}
