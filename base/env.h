// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stdbool.h>

/* The environment, the only getenv: NULL when unset or empty. Borrowed. */
const char *env_get(const char *name);

/* $HOME, else the passwd entry's directory, else "/". Borrowed. */
const char *env_home(void);

/* A whole number of seconds from 1 to `most`; unset or anything else: `otherwise`. */
int env_seconds(const char *name, int otherwise, int most);

/*
 * libgnutls, which libcurl brings along for a protocol that nobody here speaks, starts itself when
 * it is loaded: 0.8 MB and some milliseconds, unless a variable says no. That is put there, saying
 * nothing, by env_prepare before there are threads; env_hold_gnutls then changes one byte of it.
 */
void env_prepare(void);
void env_hold_gnutls(bool hold);

/* All of it, "NAME=value" each, NULL-terminated. Borrowed. */
const char *const *env_all(void);

#endif
