// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "git/modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(map_free) struct map urls = { 0 };
	AUTO(map_free) struct map names = { 0 };
	struct err err = { 0 };

	if (!verdict(modules_parse(&urls, &names, (const char *)data, len, &err), &err))
		return 0;
	assert(names.len == urls.len);
	for (size_t i = 0; i < urls.len; i++) {
		const char *url = urls.items[i].value;

		assert(*urls.items[i].key && *urls.items[i].key != '-' && *url && *url != '-');
	}
	return 0;
}
