// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

/* The one place that reads the environment. */

const char *env_get(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

const char *env_home(void)
{
	const char *home = env_get("HOME");
	struct passwd *pw;

	if (home)
		return home;
	pw = getpwuid(getuid());
	return pw && pw->pw_dir && pw->pw_dir[0] ? pw->pw_dir : "/";
}

int env_seconds(const char *name, int otherwise, int most)
{
	const char *value = env_get(name);
	uint64_t seconds;

	return value && str_to_u64(&seconds, slice_of(value), (uint64_t)most) && seconds
		       ? (int)seconds
		       : otherwise;
}

static char gnutls[] = "GNUTLS_NO_IMPLICIT_INIT=0";

void env_prepare(void)
{
	if (!getenv("GNUTLS_NO_IMPLICIT_INIT"))
		putenv(gnutls);
}

void env_hold_gnutls(bool hold)
{
	gnutls[sizeof(gnutls) - 2] = hold ? '1' : '0';
}

const char *const *env_all(void)
{
	return (const char *const *)environ;
}
