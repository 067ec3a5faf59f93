// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "image/manifest.h"

/* A Content-Type and an image index. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *type = next_text(&rest);
	AUTO(arena_free) struct arena arena = { 0 };
	struct platform host = platform_host();
	const struct descriptor *found;
	struct index x, again;
	struct err err = { 0 };
	enum media_kind kind;

	if (!verdict(manifest_sniff(&kind, rest.ptr, rest.len, *type ? type : NULL, &err), &err))
		return 0;
	if (!verdict(index_parse(&x, rest.ptr, rest.len, *type ? type : NULL, &arena, &err), &err))
		return 0;
	assert(kind == MEDIA_INDEX);
	found = index_select(&x, &host);
	assert(!found || index_entry_is_image(found));
	again = x;
	index_encode(&again, &arena);
	assert(index_parse(&again, again.raw, again.raw_len, NULL, &arena, &err));
	assert(again.manifest_count == x.manifest_count);
	return 0;
}
