// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "image/reference.h"

static void assert_same(const struct reference *want, const char *text)
{
	struct reference got;
	struct err err = { 0 };

	assert(reference_parse(&got, text, &err));
	assert(str_eq(got.host, want->host) && str_eq(got.repository, want->repository));
	assert(str_eq(got.tag, want->tag) && got.has_digest == want->has_digest);
	assert(!got.has_digest || digest_eq(&got.digest, &want->digest));
}

/* An image reference, and a tag for it; each way to write it reads as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *text = next_text(&rest);
	AUTO(auto_free) char *tag = next_text(&rest);
	struct reference ref;
	struct err err = { 0 };

	if (!verdict(reference_parse(&ref, text, &err), &err))
		return 0;
	assert_same(&ref, reference_format(&ref).text);
	assert_same(&ref, reference_familiar(&ref).text);
	reference_host_is_loopback(ref.host);
	if (verdict(reference_set_tag(&ref, tag, &err), &err))
		assert_same(&ref, reference_format(&ref).text);
	return 0;
}
