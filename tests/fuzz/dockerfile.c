// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "builder/build.h"

/* A Dockerfile to a plan: lines, instructions, variables, stages. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct build_context contexts[] = {
		{ .name = "packages", .kind = BUILD_CONTEXT_IMAGE, .path = "busybox:1" },
	};
	AUTO(map_free) struct map args = MAP_TEXT;
	AUTO(auto_json_decref) json_t *plan = NULL;
	struct err err = { 0 };
	struct build_request req = {
		.dockerfile = (const char *)data,
		.dockerfile_len = len,
		.dockerfile_name = "Dockerfile",
		.contexts = contexts,
		.context_count = ARRAY_LEN(contexts),
		.build_args = &args,
		.layer = layer_options_default(),
	};

	map_put_text(&args, "VERSION", "3.11");
	assert(platform_parse(&req.platform, "linux/arm64", &err));
	if (verdict(build_plan_json(&plan, &req, &err), &err))
		assert(json_is_object(plan));
	return 0;
}
