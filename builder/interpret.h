// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_INTERPRET_H
#define BUILDER_INTERPRET_H

#include "builder/step.h"

/* Expand one instruction and change the scope as it says. E_INPUT or E_UNSUPPORTED with the place.
 * FROM is not for here. */
MUST_CHECK bool interpret_step(struct step *out, struct scope *s, const struct dockerfile *file,
			       const struct instruction *in, struct err *err);

/* Expand one word with its place in the error: for FROM and global ARG. Lives in the arena. */
MUST_CHECK bool interpret_word(const char **out, struct arena *arena, const struct dockerfile *file,
			       const struct word *word, const struct map *env, struct err *err);

#endif
