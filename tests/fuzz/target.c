// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "python/targets.h"
#include "python/wheel_name.h"

/* A target as a document: what is taken comes back as it went, and ranks wheels. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(python_profile_free) struct python_profile first = { 0 };
	AUTO(python_profile_free) struct python_profile second = { 0 };
	AUTO(tag_ranks_free) struct tag_ranks ranks = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_json_decref) json_t *out = NULL;
	AUTO(auto_json_decref) json_t *again = NULL;
	struct wheel_name name;
	struct err err = { 0 };
	size_t rank;

	if (!verdict(json_parse(&doc, (const char *)data, len, "target", &err), &err) ||
	    !verdict(python_profile_import(&first, doc, "target", &err), &err))
		return 0;
	out = python_profile_export(&first);
	assert(python_profile_import(&second, out, "target", &err));
	again = python_profile_export(&second);
	assert(json_equal(out, again));
	tag_ranks_make(&ranks, &first.target);
	assert(wheel_name_parse(&name, &arena, "a-1-py3-none-any.whl", &err));
	wheel_name_rank(&rank, &name, &ranks);
	return 0;
}
