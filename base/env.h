// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_ENV_H
#define BASE_ENV_H

/* The environment, the only getenv: NULL when unset or empty. Borrowed. */
const char *env_get(const char *name);

/* $HOME, else the passwd entry's directory, else "/". Borrowed. */
const char *env_home(void);

/* A whole number of seconds from 1 to `most`; unset or anything else: `otherwise`. */
int env_seconds(const char *name, int otherwise, int most);

/* All of it, "NAME=value" each, NULL-terminated. Borrowed. */
const char *const *env_all(void);

#endif
