// SPDX-License-Identifier: Apache-2.0
#include "templates/release.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

/* clang-format off */
static const struct python_release releases[] = {
	{ "3.6",  "bullseye", "glibc-2.31", true },
	{ "3.7",  "bookworm", "glibc-2.36", true },
	{ "3.8",  "bookworm", "glibc-2.36", true },
	{ "3.9",  "bookworm", "glibc-2.36", true },
	{ "3.10", "bookworm", "glibc-2.36", false },
	{ "3.11", "bookworm", "glibc-2.36", false },
	{ "3.12", "bookworm", "glibc-2.36", false },
	{ "3.13", "bookworm", "glibc-2.36", false },
	{ "3.14", "bookworm", "glibc-2.36", false },
};
/* clang-format on */

const struct python_release *python_release_find(const char *version)
{
	for (size_t i = 0; i < ARRAY_LEN(releases); i++)
		if (str_eq(releases[i].version, version))
			return &releases[i];
	return NULL;
}
