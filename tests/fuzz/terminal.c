// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "builder/glob.h"

/* Text from outside, for a terminal: no control character of any kind comes through. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(auto_free) char *shown = str_printable((const char *)data, len, 4096);
	size_t step;

	for (const char *p = shown; *p; p += step) {
		uint32_t c = glob_character(p, &step);

		assert(c >= ' ' && (c < 0x7f || c >= 0xa0));
		assert(c != 0x200e && c != 0x200f && c != 0x61c); /* marks */
		assert(!(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069));
		assert(c <= 0x10ffff);
	}
	return 0;
}
