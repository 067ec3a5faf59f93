// SPDX-License-Identifier: Apache-2.0
#include "builder/interpret.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/copyargs.h"
#include "builder/ports.h"
#include "builder/quote.h"
#include "builder/shellform.h"

/*
 * What each instruction means, once its variables are known: the step to do, its history line, and
 * how it changes the scope. Pure: no files, no store, no network.
 */

/* --- variables and labels --- */

static bool make_pairs(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	size_t count = m->in->word_count / 2;
	struct step_pair *pairs = ARENA_ARRAY(m->s->arena, struct step_pair, count);

	buf_put(&history, m->in->spec->name);
	/* all values are expanded before any is set: ENV a=1 b=$a takes the old a */
	for (size_t i = 0; i < count; i++) {
		if (!maker_expand(&pairs[i].key, m, &m->in->words[2 * i], err) ||
		    !maker_expand(&pairs[i].value, m, &m->in->words[2 * i + 1], err))
			return false;
		if (!*pairs[i].key) {
			err_set(err, E_INPUT, "%s: the name is empty", m->in->spec->name);
			err_hint(err, "it came of '%s'", m->in->words[2 * i].text);
			return maker_bad_word(m, 2 * i, err);
		}
		if (!buf_printf(&history, err, " %s=%s", pairs[i].key, pairs[i].value))
			return maker_bad_word(m, 2 * i, err);
	}
	for (size_t i = 0; m->in->kind == INSTRUCTION_ENV && i < count; i++)
		map_put_text(&m->s->env, pairs[i].key, pairs[i].value);
	m->step->pairs = pairs;
	m->step->pair_count = count;
	maker_history(m, &history);
	return true;
}

/* The value an ARG gets: the one given, else its default, else the global one. */
static bool arg_value(const char **out, struct maker *m, const struct word *word, const char *key,
		      const char *sign, struct err *err)
{
	const char *given = scope_build_arg(m->s->globals, key);

	*out = NULL;
	if (given) {
		*out = arena_strdup(m->s->arena, given);
		return maker_count(m, strlen(given), err);
	}
	if (sign) {
		struct place place = word->place;

		place.column += (int)(sign + 1 - word->text);
		return maker_expand_text(out, m, sign + 1, place, err);
	}
	given = map_text(&m->s->globals->args, key);
	if (given)
		*out = arena_strdup(m->s->arena, given);
	return true;
}

static bool make_arg(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	size_t count = m->in->word_count;
	struct step_pair *pairs = ARENA_ARRAY(m->s->arena, struct step_pair, count);

	buf_put(&history, "ARG");
	for (size_t i = 0; i < count; i++) {
		const struct word *word = &m->in->words[i];
		const char *sign = strchr(word->text, '=');
		size_t len = sign ? (size_t)(sign - word->text) : strlen(word->text);
		AUTO(auto_free) char *name = mem_strndup(word->text, len);

		if (!maker_expand_text(&pairs[i].key, m, name, word->place, err) ||
		    !arg_value(&pairs[i].value, m, word, pairs[i].key, sign, err))
			return false;
		scope_declare(m->s, pairs[i].key, pairs[i].value);
		if (!buf_printf(&history, err, " %s%s%s", pairs[i].key, pairs[i].value ? "=" : "",
				pairs[i].value ? pairs[i].value : ""))
			return maker_bad_word(m, i, err);
	}
	m->step->pairs = pairs;
	m->step->pair_count = count;
	maker_history(m, &history);
	return true;
}

/* --- one text --- */

static bool make_text(struct maker *m, const char *text)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);

	m->step->text = text;
	buf_putf(&history, "%s %s", m->in->spec->name, text);
	maker_history(m, &history);
	return true;
}

static bool make_user(struct maker *m, struct err *err)
{
	const char *text;

	if (!maker_expand(&text, m, &m->in->words[0], err))
		return false;
	m->s->user = text;
	return make_text(m, text);
}

static bool make_stopsignal(struct maker *m, struct err *err)
{
	const char *text;

	if (!maker_expand(&text, m, &m->in->words[0], err))
		return false;
	if (m->s->base_known && !signal_is_known(text)) {
		const char *near = signal_nearest(text);

		err_set(err, E_INPUT, "unknown signal '%s'", text);
		if (near)
			err_hint(err, "did you mean SIG%s?", near);
		else
			err_hint(err, "a name or a number: SIGTERM, 15, RTMIN+3");
		return maker_bad_word(m, 0, err);
	}
	return make_text(m, text);
}

static bool make_workdir(struct maker *m, struct err *err)
{
	AUTO(auto_free) char *path = NULL;
	const char *text;

	if (!maker_expand(&text, m, &m->in->words[0], err))
		return false;
	path = fs_join(m->s->workdir, text);
	m->s->workdir = arena_strdup(m->s->arena, path);
	if (*text != '/' && (m->s->base_known || *text != '$'))
		m->step->relative = text;
	m->step->user = m->s->user;
	m->step->has_layer = !str_eq(path, "/");
	return make_text(m, m->s->workdir);
}

/* --- lists --- */

static bool make_volume(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	size_t count = m->in->word_count;
	const char **list = ARENA_ARRAY(m->s->arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		if (!maker_expand(&list[i], m, &m->in->words[i], err))
			return false;
		if (!*list[i]) {
			err_set(err, E_INPUT, "VOLUME: an empty path");
			err_hint(err, "for example %s", m->in->spec->example);
			return maker_bad_word(m, i, err);
		}
	}
	m->step->list = list;
	m->step->list_count = count;
	buf_put(&history, "VOLUME ");
	quote_plain_list(&history, list, count);
	maker_history(m, &history);
	return true;
}

static bool make_expose(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	AUTO(str_list_free) struct str_list ports = { 0 };
	struct expand_options opt = maker_options(m);

	for (size_t i = 0; i < m->in->word_count; i++) {
		AUTO(str_list_free) struct str_list specs = { 0 };

		if (!expand_words(&specs, m->in->words[i].text, &opt, NULL, err))
			return maker_bad_word(m, i, err);
		for (size_t k = 0; k < specs.len; k++) {
			if (!m->s->base_known && strchr(specs.items[k], '$'))
				str_list_push(&ports, specs.items[k]);
			else if (!ports_parse(&ports, specs.items[k], err))
				return maker_bad_word(m, i, err);
		}
		if (!maker_count(m, 16 * ports.len, err))
			return false;
	}
	m->step->list = maker_list(m->s->arena, &ports);
	m->step->list_count = ports.len;
	buf_put(&history, "EXPOSE ");
	quote_plain_list(&history, m->step->list, ports.len);
	maker_history(m, &history);
	return true;
}

/* Flags of the language that are not done here; a value that asks for nothing passes. */
static bool check_flags(struct maker *m, struct err *err)
{
	for (size_t i = 0; i < m->in->flag_count; i++) {
		const struct flag *flag = &m->in->flags[i];

		if (!flag->spec->refused ||
		    (flag->spec->kind == FLAG_BOOL && str_eq(flag->value, "false")))
			continue;
		err_set(err, E_UNSUPPORTED, "%s --%s is not supported", m->in->spec->name,
			flag->spec->name);
		err_hint(err, "%s", flag->spec->refused);
		return dockerfile_at(m->file, flag->place, (int)strlen(flag->spec->name) + 2, err);
	}
	return true;
}

static bool make(struct maker *m, struct err *err)
{
	switch (m->in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		return copyargs_make(m, err);
	case INSTRUCTION_ARG:
		return make_arg(m, err);
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
		return shellform_command(m);
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL:
		return make_pairs(m, err);
	case INSTRUCTION_EXPOSE:
		return make_expose(m, err);
	case INSTRUCTION_HEALTHCHECK:
		return shellform_health(m, err);
	case INSTRUCTION_MAINTAINER:
		return make_text(m, m->in->words[0].text);
	case INSTRUCTION_ONBUILD:
		m->step->text = m->in->words[0].text;
		return true;
	case INSTRUCTION_RUN:
		return shellform_run(m, err);
	case INSTRUCTION_SHELL:
		return shellform_shell(m);
	case INSTRUCTION_STOPSIGNAL:
		return make_stopsignal(m, err);
	case INSTRUCTION_USER:
		return make_user(m, err);
	case INSTRUCTION_VOLUME:
		return make_volume(m, err);
	case INSTRUCTION_WORKDIR:
		return make_workdir(m, err);
	case INSTRUCTION_FROM:
		break;
	}
	return err_set(err, E_INPUT, "FROM cannot stand here");
}

bool interpret_step(struct step *out, struct scope *s, const struct dockerfile *file,
		    const struct instruction *in, struct err *err)
{
	struct maker m = { .step = out, .s = s, .file = file, .in = in };
	bool ok;

	*out = (struct step){ .kind = in->kind, .in = in, .file = file };
	ok = check_flags(&m, err) && make(&m, err);
	if (ok && m.unset.len) {
		struct str_list *unset = ARENA_NEW(s->arena, struct str_list);

		unset->items = ARENA_ARRAY(s->arena, char *, m.unset.len);
		unset->len = m.unset.len;
		for (size_t i = 0; i < m.unset.len; i++)
			unset->items[i] = arena_strdup(s->arena, m.unset.items[i]);
		out->unset = unset;
	}
	str_list_free(&m.unset);
	return ok;
}

bool interpret_word(const char **out, struct arena *arena, const struct dockerfile *file,
		    const struct word *word, const struct map *env, struct err *err)
{
	struct expand_options opt = { .env = env, .escape = file->escape };
	char *text;

	if (!maker_expand_at(&text, arena, file, word, &opt, err))
		return false;
	*out = text;
	return true;
}
