// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "builder/archive.h"

/* Whether a stream is a tar: what is none comes out as it went in, unless it was compressed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_source_close) struct source *tar = NULL;
	AUTO(auto_source_close) struct source *same = NULL;
	AUTO(buf_free) struct buf out = BUF_INIT(1 << 24);
	struct sink_buf to = sink_buf(&out);
	struct err err = { 0 };

	if (!verdict(archive_detect(&tar, &same, source_mem(data, len), &err), &err))
		return 0;
	assert(!(tar && same));
	if (!same)
		return 0;
	assert(source_copy(same, &to.sink, NULL, &err));
	assert(out.len == len && (!len || memcmp(out.ptr, data, len) == 0));
	return 0;
}
