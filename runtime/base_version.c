// SPDX-License-Identifier: Apache-2.0
#include "runtime/base_version.h"

#include <string.h>

#include "base/mem.h"

/* Looking for numbers in bytes. */

void base_version_of_text(int *minor_out, int *patch_out, const char *text)
{
	struct slice minor, rest = slice_of(text);
	uint64_t number;
	size_t digits = 0;

	*minor_out = *patch_out = -1;
	if (!text || !slice_eq(slice_cut(rest, '.', &rest), "3"))
		return;
	minor = slice_cut(rest, '.', &rest);
	if (!str_to_u64(&number, minor, 99))
		return;
	*minor_out = (int)number;
	while (rest.ptr && digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9')
		digits++;
	if (digits && str_to_u64(&number, (struct slice){ rest.ptr, digits }, 99))
		*patch_out = (int)number;
}

/* The number behind the first `before` in `bytes` that has one, and what follows it. */
static bool number_after(uint64_t *out, struct slice *rest, const char *before, size_t before_len)
{
	while (rest->len) {
		const char *at = memmem(rest->ptr, rest->len, before, before_len);
		size_t digits = 0;

		if (!at)
			return false;
		rest->len -= (size_t)(at - rest->ptr) + before_len;
		rest->ptr = at + before_len;
		while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
			digits++;
		if (!str_to_u64(out, (struct slice){ rest->ptr, digits }, 999))
			continue;
		rest->ptr += digits;
		rest->len -= digits;
		return true;
	}
	return false;
}

int base_version_patch(struct slice program, int minor)
{
	AUTO(auto_free) char *text = mem_printf("-3.%d.", minor);
	size_t len = strlen(text);
	uint64_t patch;

	text[0] = '\0'; /* where a text begins */
	return number_after(&patch, &program, text, len) && patch < 100 ? (int)patch : -1;
}

bool base_version_glibc(uint64_t *out, struct slice bytes)
{
	static const char banner[] = "release version 2.", symbol[] = "\0GLIBC_2.";
	struct slice rest = bytes;
	uint64_t minor;
	bool found = false;

	if (number_after(out, &rest, banner, strlen(banner)))
		return true;
	rest = bytes;
	*out = 0;
	while (number_after(&minor, &rest, symbol, sizeof(symbol) - 1)) {
		*out = minor > *out ? minor : *out;
		found = true;
	}
	return found;
}

bool base_version_musl(uint64_t *out, struct slice bytes)
{
	static const char own[] = "\0"
				  "1.",
			  printed[] = "Version 1.";
	struct slice rest = bytes;

	while (number_after(out, &rest, own, sizeof(own) - 1))
		if (rest.len && rest.ptr[0] == '.')
			return true;
	rest = bytes;
	return number_after(out, &rest, printed, strlen(printed));
}
