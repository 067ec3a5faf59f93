// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "image/media.h"
#include "image/platform.h"

/* Two platforms as text, and a media type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *first = next_text(&rest);
	AUTO(auto_free) char *second = next_text(&rest);
	AUTO(auto_free) char *type = next_text(&rest);
	struct platform a, b, again;
	struct err err = { 0 };

	if (media_find(type)->kind != MEDIA_UNKNOWN)
		assert(media_same(media_find(type)->text, type));
	assert(!media_is_well_formed(type) || media_same(type, type));
	if (!verdict(platform_parse(&a, first, &err), &err))
		return 0;
	assert(platform_parse(&again, platform_format(&a).text, &err));
	assert(platform_eq(&a, &again) && platform_matches(&a, &a) && platform_rank(&a, &a) > 0);
	if (verdict(platform_parse(&b, second, &err), &err) && platform_matches(&a, &b))
		assert(platform_rank(&a, &b) > 0);
	return 0;
}
