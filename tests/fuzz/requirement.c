// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "python/requirement.h"

static bool evaluate(const struct marker *m, struct arena *a, bool *out)
{
	struct python_target target;
	struct platform platform;
	struct marker_env env;
	struct err err = { 0 };

	assert(platform_parse(&platform, "linux/amd64", &err) &&
	       python_target_make(&target, "3.11.2", &platform, NULL, &err));
	env = marker_env_make(a, &target);
	env.values[MARKER_EXTRA] = "aws";
	return verdict(marker_eval(out, m, &env, &err), &err);
}

/* One requirement; its marker in normal form means what it meant. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 24);
	AUTO(buf_free) struct buf text_again = BUF_INIT(1 << 24);
	AUTO(buf_free) struct buf marker = BUF_INIT(1 << 24);
	struct requirement r, again;
	const struct marker *same;
	struct err err = { 0 };
	size_t at = 0;
	bool value, other;

	if (!verdict(requirement_parse(&r, &arena, (struct slice){ (const char *)data, len }, &at,
				       &err),
		     &err)) {
		assert(at <= len);
		return 0;
	}
	requirement_format(&text, &r);
	/* an extra "x_" is "x-" in normal form, which could not be written */
	if (!r.url && !strstr(text.ptr, "-]") && !strstr(text.ptr, "-,")) {
		assert(requirement_parse(&again, &arena, slice_of(text.ptr), NULL, &err));
		requirement_format(&text_again, &again);
		assert(str_eq(again.key, r.key) && str_eq(text.ptr, text_again.ptr));
	}
	if (!r.marker || !evaluate(r.marker, &arena, &value))
		return 0;
	marker_format(&marker, r.marker);
	assert(marker_parse(&same, &arena, slice_of(marker.ptr), NULL, &err));
	assert(evaluate(same, &arena, &other) && value == other);
	return 0;
}
