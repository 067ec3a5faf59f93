// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "builder/glob.h"

/* A pattern of COPY, and names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *pattern = next_text(&rest);
	bool valid = glob_is_valid(pattern);

	while (rest.ptr) {
		AUTO(auto_free) char *name = next_text(&rest);
		bool matches = glob_match(pattern, name);

		assert(valid || !matches);
		if (valid && !glob_has_wildcards(pattern) && !strchr(pattern, '\\'))
			assert(matches == str_eq(pattern, name));
	}
	return 0;
}
