// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "extend/outline.h"

/* Python source: every name it binds is found again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(outline_free) struct outline outline = { 0 };
	struct err err = { 0 };

	if (!verdict(outline_read(&outline, (const char *)data, len, "fuzz.py", &err), &err))
		return 0;
	for (size_t i = 0; i < outline.bindings.len; i++) {
		const struct binding *b = &outline.bindings.items[i];

		assert(b->line > 0 && b->column > 0 && *b->name);
		if (outline.bindings.len < 1000 && !strchr(b->name, '.'))
			assert(outline_find(&outline, b->name));
	}
	for (size_t i = 0; i < outline.imports.len; i++)
		assert(outline.imports.items[i].module);
	return 0;
}
