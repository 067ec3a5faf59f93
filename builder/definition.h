// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_DEFINITION_H
#define BUILDER_DEFINITION_H

#include "builder/copy.h"
#include "builder/driver.h"

/*
 * The second key of a COPY, ADD or WORKDIR (facts/dockerfile.md row 65): what it is defined by,
 * where the first is what it comes to. It needs no list of the stage's files nor of those of
 * another stage or image, whose layers may lie on a registry: the layers below stand for the one,
 * the layers of the source for the other, and only files of a context are hashed. So a build whose
 * steps are all known fetches nothing.
 *
 * It may be put only for a step that did not make its stage read the base (view.h): who finds it
 * skips what would have. Internal to builder/.
 */
struct definition {
	const struct digest *chain; /* of the layers copied from; NULL: none */
	const struct files *from;   /* a context; NULL: none */
	const char *identity;       /* of a context made of entries; NULL: none */
	const struct dockerignore *excludes;
};

/* False: it has none, since that would take a download, an unread file, or the sources are wrong.
 */
bool definition_key(struct digest *out, struct build *b, size_t stage, const struct step *step,
		    const struct definition *d);

/* Hash the files of the context that such a key is made of. */
MUST_CHECK bool definition_learn(const struct step *step, const struct definition *d,
				 struct err *err);

#endif
