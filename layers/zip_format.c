// SPDX-License-Identifier: Apache-2.0
#include "layers/zip_format.h"

#include <string.h>

#include "base/fs.h"

/* What zip writer and reader must agree on. */

/* The length of the UTF-8 sequence at `s`, by RFC 3629's table; 0 when it is none. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	/* clang-format off */
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t len;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (s[0] < forms[i].first_min || s[0] > forms[i].first_max)
			continue;
		if (forms[i].len > len)
			return 0;
		if (forms[i].len > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].len;
	}
	return 0;
}

static const char *bad_bytes(bool *ascii_out, const char *name, size_t len)
{
	*ascii_out = true;
	for (size_t i = 0, step; i < len; i += step) {
		step = utf8_length((const unsigned char *)name + i, len - i);
		if (!step)
			return "is not UTF-8";
		if (step > 1)
			*ascii_out = false;
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return "holds a control character";
		if (name[i] == '\\')
			return "holds a backslash";
	}
	return NULL;
}

bool zip_check_name(bool *ascii_out, const char *name, size_t len, struct err *err)
{
	AUTO(auto_free) char *clean = NULL;
	const char *bad = bad_bytes(ascii_out, name, len);
	bool has_drive = len > 1 && name[1] == ':';
	size_t dir_slash = len && name[len - 1] == '/';

	if (bad)
		return err_set(err, E_INTEGRITY, "zip: name '%.*s' %s", (int)len, name, bad);
	if (!fs_clean_member(&clean, name, len, err))
		return err_wrap(err, "zip");
	if (has_drive || !*clean || strlen(clean) != len - dir_slash)
		return err_set(err, E_INTEGRITY, "zip: name '%.*s' is not a plain relative path",
			       (int)len, name);
	return true;
}
