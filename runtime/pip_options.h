// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_PIP_OPTIONS_H
#define RUNTIME_PIP_OPTIONS_H

#include "base/err.h"
#include "base/str.h"

/* Where packages are, as it was said on the command line. */
struct pip_places {
	const char *index_url; /* NULL: not said */
	const struct str_list *extra_index_urls, *find_links;
	bool no_index;
};

/*
 * The same for a pip that runs in an image: words of its command line. Directories of this machine
 * are left out, since it sees none. E_UNSUPPORTED for a password in a URL, which would stay in the
 * image's history; E_USAGE for what is no URL.
 */
MUST_CHECK bool pip_options_make(struct str_list *out, const struct pip_places *places,
				 struct err *err);

#endif
