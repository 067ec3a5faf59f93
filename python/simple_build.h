// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SIMPLE_BUILD_H
#define PYTHON_SIMPLE_BUILD_H

#include "python/simple_page.h"

/* How a simple page comes together, whatever it is written in. Internal to simple_*.c. */
struct simple_build {
	struct simple_page *page;
	struct arena *arena;
	const struct url *base; /* of relative links */
	const struct url *from; /* of the page: who may lead where */
};

MUST_CHECK bool simple_build_version(struct simple_build *b, const char *version, struct err *err);
/* A file with the URL it is linked by, size -1 and the hashes of the fragment; *out NULL when the
 * link leads to no file. `name` NULL: the end of the URL's path. */
MUST_CHECK bool simple_build_file(struct simple_file **out, struct simple_build *b,
				  const char *link, const char *name, struct err *err);

MUST_CHECK bool simple_html_read(struct simple_build *b, struct slice text, struct err *err);
MUST_CHECK bool simple_json_read(struct simple_build *b, struct slice text, struct err *err);

#endif
