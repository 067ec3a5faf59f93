// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "python/specifier.h"

enum { VERSIONS_MAX = 3 };

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* Specifiers, then up to three versions, which are in one order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 24);
	struct specifier_set set = { 0 }, again = { 0 };
	struct version v[VERSIONS_MAX], same;
	struct err err = { 0 };
	size_t count = 0, at = 0;

	if (verdict(specifier_set_parse(&set, &arena, next_part(&rest), &at, &err), &err)) {
		specifier_set_format(&text, &set);
		assert(specifier_set_parse(&again, &arena, slice_of(text.ptr), NULL, &err));
		assert(again.len <= set.len);
	}
	while (rest.ptr && count < VERSIONS_MAX)
		count += verdict(version_parse(&v[count], &arena, next_part(&rest), &err), &err);
	for (size_t i = 0; i < count; i++) {
		assert(version_parse(&same, &arena, slice_of(v[i].text), &err));
		assert(str_eq(same.text, v[i].text) && version_cmp(&same, &v[i]) == 0);
		specifier_set_contains(&set, &v[i], PRERELEASES_AUTO);
		assert(!again.len ||
		       specifier_set_matches(&set, &v[i]) == specifier_set_matches(&again, &v[i]));
		for (size_t k = 0; k < count; k++)
			assert(sign(version_cmp(&v[i], &v[k])) == -sign(version_cmp(&v[k], &v[i])));
	}
	if (count == VERSIONS_MAX && version_cmp(&v[0], &v[1]) <= 0 &&
	    version_cmp(&v[1], &v[2]) <= 0)
		assert(version_cmp(&v[0], &v[2]) <= 0);
	return 0;
}
