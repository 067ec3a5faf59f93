// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"

/* Paths as text: members of archives, and joining as COPY does it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	struct slice member = next_part(&rest);
	AUTO(auto_free) char *base = mem_strndup(member.ptr, member.len);
	AUTO(auto_free) char *relative = next_text(&rest);
	AUTO(auto_free) char *joined = fs_join(base, relative);
	AUTO(auto_free) char *clean = fs_clean(joined);
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char *again = NULL;
	struct err err = { 0 };

	assert(str_eq(clean, joined));
	fs_basename(joined);
	if (!verdict(fs_clean_member(&path, member.ptr, member.len, &err), &err))
		return 0;
	assert(path[0] != '/' && !strstr(path, "//") && !str_has_suffix(path, "/"));
	assert(!str_eq(path, "..") && !strstr(path, "/../") && !str_has_prefix(path, "../"));
	assert(fs_clean_member(&again, path, strlen(path), &err) && str_eq(path, again));
	return 0;
}
