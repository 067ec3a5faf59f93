// SPDX-License-Identifier: Apache-2.0
#include "cmd/buildkit_args.h"

#include "base/str.h"

/* Switches among the build arguments. */

static const struct {
	const char *text;
	bool value;
} words[] = {
	{ "1", true },    { "t", true },      { "T", true },      { "true", true },
	{ "TRUE", true }, { "True", true },   { "0", false },     { "f", false },
	{ "F", false },   { "false", false }, { "FALSE", false }, { "False", false },
};

bool buildkit_args_switch(bool *out, const struct map *args, const char *name, struct err *err)
{
	const char *given = args ? map_text(args, name) : NULL;

	if (!given || !*given)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(given, words[i].text)) {
			*out = words[i].value;
			return true;
		}
	err_set(err, E_USAGE, "--build-arg %s=%s: it is a switch", name, given);
	return err_hint(err, "1 or 0, true or false");
}
