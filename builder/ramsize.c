// SPDX-License-Identifier: Apache-2.0
#include "builder/ramsize.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* The power of 1024 a suffix stands for; false when it is none. */
static bool suffix_power(int *out, const char *suffix)
{
	static const char letters[] = "bkmgtp";
	const char *letter = *suffix ? strchr(letters, tolower((unsigned char)*suffix)) : letters;

	if (!letter)
		return false;
	*out = (int)(letter - letters);
	return !*suffix || !suffix[1] ||
	       (*out && (strcasecmp(suffix + 1, "b") == 0 || strcasecmp(suffix + 1, "ib") == 0));
}

bool ramsize_parse(uint64_t *out, const char *text, struct err *err)
{
	size_t digits = strspn(text, "0123456789.");
	const char *suffix = text + digits + (text[digits] == ' ' && text[digits + 1]);
	char *end = NULL;
	double value = strtod(text, &end);
	int power = 0;

	if (!digits || end != text + digits || !suffix_power(&power, suffix)) {
		err_set(err, E_INPUT, "'%s' is no size", text);
		return err_hint(err, "a number, then perhaps k, m or g: 512m");
	}
	for (int i = 0; i < power; i++)
		value *= 1024;
	if (value >= 9223372036854775808.0)
		return err_set(err, E_INPUT, "the size '%s' is too large", text);
	*out = (uint64_t)value;
	return true;
}
