// SPDX-License-Identifier: Apache-2.0
#include "builder/maker.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* The tools of step makers. */

bool maker_expand_at(char **out, struct arena *arena, const struct dockerfile *file,
		     const struct word *word, const struct expand_options *opt, struct err *err)
{
	AUTO(auto_free) char *text = NULL;
	size_t bad_at = 0;

	if (!expand_word(&text, word->text, opt, &bad_at, err)) {
		struct place place = word->place;

		place.column += (int)bad_at;
		return dockerfile_at(file, place, 0, err);
	}
	*out = arena_strdup(arena, text);
	return true;
}

struct expand_options maker_options(struct maker *m)
{
	return (struct expand_options){
		.env = &m->s->env,
		.also = &m->s->args,
		.escape = m->file->escape,
		.keep_unset = !m->s->base_known,
		.unset_out = &m->unset,
	};
}

bool maker_count(struct maker *m, size_t bytes, struct err *err)
{
	m->expanded += bytes;
	m->s->expanded += bytes;
	if (m->expanded > LIMIT_EXPANSION_STEP)
		err_set(err, E_INPUT, "%s expands to more than %d bytes", m->in->spec->name,
			LIMIT_EXPANSION_STEP);
	else if (m->s->expanded > LIMIT_EXPANSION_STAGE)
		err_set(err, E_INPUT, "the stage expands to more than %d bytes",
			LIMIT_EXPANSION_STAGE);
	else
		return true;
	return dockerfile_at(m->file, m->in->place, 0, err);
}

bool maker_expand(const char **out, struct maker *m, const struct word *word, struct err *err)
{
	struct expand_options opt = maker_options(m);
	char *text;

	if (!maker_expand_at(&text, m->s->arena, m->file, word, &opt, err))
		return false;
	*out = text;
	return maker_count(m, strlen(text), err);
}

bool maker_expand_text(const char **out, struct maker *m, const char *text, struct place place,
		       struct err *err)
{
	return maker_expand(out, m, &(struct word){ .text = text, .place = place }, err);
}

bool maker_expand_flag(const char **out, struct maker *m, const struct flag *flag, size_t at,
		       const char *text, struct err *err)
{
	struct expand_options opt = maker_options(m);
	AUTO(auto_free) char *value = NULL;
	size_t bad_at = 0;

	if (!expand_word(&value, text, &opt, &bad_at, err))
		return dockerfile_at(m->file, flag_value_place(flag, at + bad_at), 0, err);
	*out = arena_strdup(m->s->arena, value);
	return maker_count(m, strlen(value), err);
}

/* E_INPUT at word i. */
bool maker_bad_word(const struct maker *m, size_t i, struct err *err)
{
	const struct word *w = i < m->in->word_count ? &m->in->words[i] : NULL;

	return dockerfile_at(m->file, w ? w->place : m->in->place, w ? (int)strlen(w->text) : 0,
			     err);
}

void maker_history(struct maker *m, const struct buf *text)
{
	m->step->history = arena_strdup(m->s->arena, text->ptr);
}

const char **maker_list(struct arena *arena, const struct str_list *items)
{
	const char **out = ARENA_ARRAY(arena, const char *, items->len + 1);

	for (size_t i = 0; i < items->len; i++)
		out[i] = arena_strdup(arena, items->items[i]);
	return out;
}
