// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_LOCATION_H
#define PYTHON_LOCATION_H

#include "base/arena.h"
#include "base/err.h"

/* Where a requirement or an option points when it does not name a project: paths and URLs. */

bool location_is_remote(const char *text); /* http, https, ftp */
bool location_is_vcs(const char *text);    /* git+..., hg+..., svn+..., bzr+... */
bool location_is_file(const char *text);   /* file:... */

/* The path of "file:///a%20b", host absent or localhost; in the arena, NULL when it names no file
 * of this machine. */
char *location_path(struct arena *a, struct slice url);

/* Put "*" over the user, the password and the query (it may hold a signature) of each URL in
 * `text`, which may come before a person's eyes. */
void location_mask(char *text);

/* A URL in `text` has one: "https://user:password@host", "https://token@host"; of other schemes the
 * user alone is none. */
bool location_has_password(const char *text);

int location_hex_value(char c); /* of a hexadecimal digit, or -1 */

/* Always false: E_UNSUPPORTED saying why what `text` points at is not taken, and the cure. */
bool location_refuse_build(const char *what, const char *text, struct err *err);
bool location_refuse_remote(const char *text, struct err *err);

#endif
