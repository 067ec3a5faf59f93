// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "runtime/base_version.h"

/* The bytes of an interpreter and of C libraries; what is found is in the bounds its header says,
 * and does not change when nothing follows that could be a number. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice bytes = { (const char *)data, len };
	AUTO(auto_free) char *text = mem_strndup(bytes.ptr ? bytes.ptr : "", len);
	AUTO(buf_free) struct buf longer = BUF_INIT(1 << 24);
	uint64_t glibc = 0, musl = 0, again = 0;
	int minor, patch;

	base_version_of_text(&minor, &patch, text);
	assert(minor >= -1 && minor <= 99 && patch >= -1 && patch <= 99 &&
	       (minor >= 0 || patch < 0));
	patch = base_version_patch(bytes, 11);
	assert(patch >= -1 && patch < 100);
	buf_put_bytes(&longer, bytes.ptr, len);
	buf_put_bytes(&longer, "\0end", 4);
	bytes = (struct slice){ longer.ptr, longer.len };
	if (base_version_glibc(&glibc, (struct slice){ (const char *)data, len }))
		assert(glibc <= 999 && base_version_glibc(&again, bytes) && again == glibc);
	if (base_version_musl(&musl, (struct slice){ (const char *)data, len }))
		assert(musl <= 999 && base_version_musl(&again, bytes) && again == musl);
	return 0;
}
