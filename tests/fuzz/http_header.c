// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "net/http.h"
#include "net/retry.h"
#include "registry/tags.h"

/* Headers of answers, one a part: Link, Content-Range, Retry-After. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *link = next_text(&rest);
	AUTO(auto_free) char *range = next_text(&rest);
	AUTO(auto_free) char *after = next_text(&rest);
	AUTO(auto_free) char *next = tags_link_next(link);
	uint64_t start = UINT64_MAX;

	assert(!next || strstr(link, next)); /* a part of the header as it stood */
	assert(http_range_start(&start, range) || start == UINT64_MAX);
	assert(retry_after(after, 1000000000) >= -1);
	return 0;
}
