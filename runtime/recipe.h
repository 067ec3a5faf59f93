// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_RECIPE_H
#define RUNTIME_RECIPE_H

#include "base/json.h"
#include "base/map.h"

/*
 * What a Dockerfile comes to, as far as it can be known without building: its last stage, read by
 * the builder's own parser and planner. Two texts that say the same in other words are one recipe.
 */
struct recipe {
	char *base;
	struct str_list packages; /* of pip install: "pyyaml", "setuptools<81"; sorted, each once */
	struct str_list system;   /* of apt-get install; sorted, each once */
	struct map environment;   /* MAP_TEXT */
	char *workdir, *user;     /* "" when it says none */
	char *entrypoint, *command; /* as JSON; "" when it says none */
	bool packages_beside; /* its packages come by the build context python-packages, as rendered
			       * ones do by wheels: the text does not name them */
};
/* E_INPUT with the place, as a build would say it. Packages of a requirements file of the context
 * are not known; it is listed as "-r FILE". */
MUST_CHECK bool recipe_read(struct recipe *out, const char *name, const char *text, size_t len,
			    struct err *err);
void recipe_free(struct recipe *r);

/*
 * Lines that begin with "- " for what only `a` has and "+ " for what only `b` has: base, workdir,
 * user, entrypoint, command, environment NAME=VALUE, package, system package. Empty when they are
 * the same. Packages are not compared when one of them does not name its own.
 */
void recipe_diff(struct str_list *out, const struct recipe *a, const struct recipe *b);

#endif
