// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "registry/place.h"
#include "registry/sync_list.h"
#include "registry/tags.h"

/* A list for sync; and its bytes as a place, a pattern of tags, a tag and a Link header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_free) char *text = mem_strndup((const char *)data, len);
	AUTO(sync_list_free) struct sync_list list = { 0 };
	AUTO(place_free) struct place place = { 0 };
	AUTO(place_free) struct place again = { 0 };
	AUTO(tag_patterns_free) struct tag_patterns patterns = { 0 };
	AUTO(auto_free) char *link = tags_link_next(text);
	AUTO(auto_free) char *shown = NULL;
	struct err err = { 0 };

	if (verdict(sync_list_parse(&list, (const char *)data, len, "list.yaml", &err), &err))
		for (size_t i = 0; i < list.len; i++) {
			assert(!reference_same_repository(&list.items[i].from, &list.items[i].to));
			sync_entry_wants(&list.items[i], "1.2.3");
		}
	if (strlen(text) < 256 && verdict(tag_patterns_add(&patterns, text, &err), &err))
		tag_patterns_match(&patterns, "v1.2.3-rc.1");
	assert(tag_compare(text, text) == 0);
	if (!verdict(place_parse(&place, text, &err), &err))
		return 0;
	shown = place_text(&place);
	assert(place_parse(&again, shown, &err) && again.kind == place.kind);
	return 0;
}
