// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_MAKER_H
#define BUILDER_MAKER_H

#include "builder/expand.h"
#include "builder/step.h"

/* What the makers of steps share: one instruction under way, and expanding its words with their
 * place. Internal to builder/. */
struct maker {
	struct step *step;
	struct scope *s;
	const struct dockerfile *file;
	const struct instruction *in;
	struct str_list unset;
	size_t expanded; /* bytes so far */
};

/* Count what an expansion gave: E_INPUT past LIMIT_EXPANSION_STEP or, with all before in the stage,
 * LIMIT_EXPANSION_STAGE. */
MUST_CHECK bool maker_count(struct maker *m, size_t bytes, struct err *err);
struct expand_options maker_options(struct maker *m);
/* All results live in the scope's arena; failures carry the place. */
MUST_CHECK bool maker_expand_at(char **out, struct arena *arena, const struct dockerfile *file,
				const struct word *word, const struct expand_options *opt,
				struct err *err);
MUST_CHECK bool maker_expand(const char **out, struct maker *m, const struct word *word,
			     struct err *err);
MUST_CHECK bool maker_expand_text(const char **out, struct maker *m, const char *text,
				  struct place place, struct err *err);
/* The value of a flag from byte `at` on, which is `text`. */
MUST_CHECK bool maker_expand_flag(const char **out, struct maker *m, const struct flag *flag,
				  size_t at, const char *text, struct err *err);
/* Put the place of word i into `err`; returns false. */
bool maker_bad_word(const struct maker *m, size_t i, struct err *err);
void maker_history(struct maker *m, const struct buf *text);
const char **maker_list(struct arena *arena, const struct str_list *items);

#endif
