// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_MODULES_H
#define GIT_MODULES_H

#include "base/map.h"
#include "base/str.h"

/*
 * .gitmodules (gitmodules(5), in the syntax of git-config(1)): the URL and the name of each path,
 * in maps of text. Of sections other than [submodule "NAME"], and of other keys, only the form
 * counts. E_INPUT with the line; a path or URL that would be an option of some program ("-x") is
 * refused.
 */
MUST_CHECK bool modules_parse(struct map *urls_out, struct map *names_out, const char *text,
			      size_t len, struct err *err);

#endif
