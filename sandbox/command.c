// SPDX-License-Identifier: Apache-2.0
#include "sandbox/command.h"

#include "base/str.h"

/* Names of isolations. */

static const char *const isolation_names[] = {
	[ISOLATION_AUTO] = "auto",
	[ISOLATION_OCI] = "oci",
	[ISOLATION_BUILTIN] = "builtin",
	[ISOLATION_CHROOT] = "chroot",
};

bool sandbox_isolation_parse(enum sandbox_isolation *out, const char *text, struct err *err)
{
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(isolation_names); i++)
		if (str_eq(text, isolation_names[i])) {
			*out = (enum sandbox_isolation)i;
			return true;
		}
	err_set(err, E_USAGE, "unknown isolation '%s'", text);
	near = str_nearest(text, isolation_names, ARRAY_LEN(isolation_names));
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "one of auto, oci, builtin, chroot");
}

const char *sandbox_isolation_name(enum sandbox_isolation i)
{
	return isolation_names[i];
}
