// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "python/wheel_name.h"

/* The file name of a wheel, and what a target thinks of its tags. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_free) char *filename = mem_strndup((const char *)data, len);
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(tag_ranks_free) struct tag_ranks ranks = { 0 };
	struct python_target target;
	struct platform platform;
	struct wheel_name name;
	struct err err = { 0 };
	size_t rank;

	if (!verdict(wheel_name_parse(&name, &arena, filename, &err), &err))
		return 0;
	assert(!strchr(filename, '/') && *name.key);
	assert(platform_parse(&platform, "linux/arm64", &err) &&
	       python_target_make(&target, "3.12", &platform, NULL, &err));
	tag_ranks_make(&ranks, &target);
	if (wheel_name_rank(&rank, &name, &ranks))
		assert(rank < ranks.ranks.len);
	assert(wheel_name_cmp_build(&name, &name) == 0);
	return 0;
}
