// SPDX-License-Identifier: Apache-2.0
#include "builder/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/duration.h"
#include "builder/expand.h"
#include "builder/ports.h"
#include "builder/quote.h"
#include "builder/words.h"

/*
 * What each instruction means, once its variables are known: the step to do, its history line, and
 * how it changes the scope. Pure: no files, no store, no network.
 */

struct maker {
	struct step *step;
	struct scope *s;
	const struct dockerfile *file;
	const struct instruction *in;
	struct str_list unset;
};

static bool expand_at(char **out, struct arena *arena, const struct dockerfile *file,
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

static struct expand_options options(struct maker *m)
{
	return (struct expand_options){
		.env = &m->s->env,
		.also = &m->s->args,
		.escape = m->file->escape,
		.keep_unset = !m->s->base_known,
		.unset_out = &m->unset,
	};
}

static bool expand_one(const char **out, struct maker *m, const struct word *word, struct err *err)
{
	struct expand_options opt = options(m);
	char *text;

	if (!expand_at(&text, m->s->arena, m->file, word, &opt, err))
		return false;
	*out = text;
	return true;
}

static bool expand_text(const char **out, struct maker *m, const char *text, struct place place,
			struct err *err)
{
	return expand_one(out, m, &(struct word){ .text = text, .place = place }, err);
}

/* E_INPUT at word i. */
static bool bad_word(const struct maker *m, size_t i, struct err *err)
{
	const struct word *w = i < m->in->word_count ? &m->in->words[i] : NULL;

	return dockerfile_at(m->file, w ? w->place : m->in->place, w ? (int)strlen(w->text) : 0,
			     err);
}

static void set_history(struct maker *m, const struct buf *text)
{
	m->step->history = arena_strdup(m->s->arena, text->ptr);
}

static const char **list_of(struct arena *arena, const struct str_list *items)
{
	const char **out = ARENA_ARRAY(arena, const char *, items->len + 1);

	for (size_t i = 0; i < items->len; i++)
		out[i] = arena_strdup(arena, items->items[i]);
	return out;
}

/* --- variables and labels --- */

static bool make_pairs(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(2 * LIMIT_EXPANSION);
	size_t count = m->in->word_count / 2;
	struct step_pair *pairs = ARENA_ARRAY(m->s->arena, struct step_pair, count);

	buf_put(&history, m->in->spec->name);
	/* all values are expanded before any is set: ENV a=1 b=$a takes the old a */
	for (size_t i = 0; i < count; i++) {
		if (!expand_one(&pairs[i].key, m, &m->in->words[2 * i], err) ||
		    !expand_one(&pairs[i].value, m, &m->in->words[2 * i + 1], err))
			return false;
		if (!*pairs[i].key) {
			err_set(err, E_INPUT, "%s: the name is empty", m->in->spec->name);
			return bad_word(m, 2 * i, err);
		}
		if (!buf_printf(&history, err, " %s=%s", pairs[i].key, pairs[i].value))
			return bad_word(m, 2 * i, err);
	}
	for (size_t i = 0; m->in->kind == INSTRUCTION_ENV && i < count; i++)
		map_put_text(&m->s->env, pairs[i].key, pairs[i].value);
	m->step->pairs = pairs;
	m->step->pair_count = count;
	set_history(m, &history);
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
		return true;
	}
	if (sign) {
		struct place place = word->place;

		place.column += (int)(sign + 1 - word->text);
		return expand_text(out, m, sign + 1, place, err);
	}
	given = map_text(&m->s->globals->args, key);
	if (given)
		*out = arena_strdup(m->s->arena, given);
	return true;
}

static bool make_arg(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(2 * LIMIT_EXPANSION);
	size_t count = m->in->word_count;
	struct step_pair *pairs = ARENA_ARRAY(m->s->arena, struct step_pair, count);

	buf_put(&history, "ARG");
	for (size_t i = 0; i < count; i++) {
		const struct word *word = &m->in->words[i];
		const char *sign = strchr(word->text, '=');
		size_t len = sign ? (size_t)(sign - word->text) : strlen(word->text);
		AUTO(auto_free) char *name = mem_strndup(word->text, len);

		if (!expand_text(&pairs[i].key, m, name, word->place, err) ||
		    !arg_value(&pairs[i].value, m, word, pairs[i].key, sign, err))
			return false;
		scope_declare(m->s, pairs[i].key, pairs[i].value);
		if (!buf_printf(&history, err, " %s%s%s", pairs[i].key, pairs[i].value ? "=" : "",
				pairs[i].value ? pairs[i].value : ""))
			return bad_word(m, i, err);
	}
	m->step->pairs = pairs;
	m->step->pair_count = count;
	set_history(m, &history);
	return true;
}

/* --- commands --- */

/* argv of a shell form: the shell and the text. */
static const char **with_shell(struct maker *m, const char *text, size_t *count_out)
{
	const struct scope *s = m->s;
	const char **argv = ARENA_ARRAY(s->arena, const char *, s->shell_count + 2);

	for (size_t i = 0; i < s->shell_count; i++)
		argv[i] = s->shell[i];
	argv[s->shell_count] = text;
	*count_out = s->shell_count + 1;
	return argv;
}

static const char **plain_words(struct maker *m, size_t from, size_t *count_out)
{
	size_t count = m->in->word_count - from;
	const char **list = ARENA_ARRAY(m->s->arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++)
		list[i] = m->in->words[from + i].text;
	*count_out = count;
	return list;
}

static bool make_command(struct maker *m)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_DOCKERFILE_LINE);
	struct step *step = m->step;

	if (m->in->json)
		step->list = plain_words(m, 0, &step->list_count);
	else
		step->list = with_shell(m, m->in->word_count ? m->in->words[0].text : "",
					&step->list_count);
	if (m->in->kind == INSTRUCTION_CMD)
		m->s->cmd_set = true;
	buf_putf(&history, "%s ", m->in->spec->name);
	quote_list(&history, step->list, step->list_count);
	set_history(m, &history);
	return true;
}

static bool make_shell(struct maker *m)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_DOCKERFILE_LINE);
	struct step *step = m->step;

	step->list = plain_words(m, 0, &step->list_count);
	m->s->shell = step->list;
	m->s->shell_count = step->list_count;
	buf_put(&history, "SHELL ");
	quote_plain_list(&history, step->list, step->list_count);
	set_history(m, &history);
	return true;
}

/* One word that announces a here-document: the whole command is the document. */
static bool is_lone_heredoc(const char *text)
{
	struct heredoc_word word = { 0 };
	bool is = words_heredoc(&word, text);

	free(word.name);
	return is;
}

static const char **run_argv(struct maker *m, size_t *count_out)
{
	const struct instruction *in = m->in;
	struct arena *arena = m->s->arena;
	AUTO(buf_free) struct buf text = BUF_INIT(2 * LIMIT_DOCKERFILE);

	if (in->json)
		return plain_words(m, 0, count_out);
	if (in->heredoc_count && is_lone_heredoc(in->words[0].text)) {
		const struct heredoc *doc = &in->heredocs[0];

		if (str_has_prefix(doc->content, "#!")) {
			const char **argv = ARENA_ARRAY(arena, const char *, 2);

			argv[0] = arena_printf(arena, "/dev/pipes/%s", fs_basename(doc->name));
			m->step->run.script = doc->content;
			*count_out = 1;
			return argv;
		}
		return with_shell(m, doc->content, count_out);
	}
	buf_put(&text, in->words[0].text);
	for (size_t i = 0; i < in->heredoc_count; i++) {
		buf_put(&text, "\n");
		buf_put(&text, in->heredocs[i].raw);
		buf_put(&text, in->heredocs[i].name);
	}
	return with_shell(m, arena_strdup(arena, text.ptr), count_out);
}

/* "|2 A=1 B=2 " of the ARGs in scope, each once, with the value that counts. */
static void put_args(struct buf *out, const struct scope *s)
{
	AUTO(map_free) struct map seen = MAP_TEXT;

	for (size_t i = 0; i < s->declared.len; i++) {
		const struct scope_arg *arg = &s->declared.items[i];
		const char *value = scope_value(s, arg->key);

		if (!scope_is_proxy(arg->key))
			map_put_text(&seen, arg->key, value ? value : arg->value ? arg->value : "");
	}
	if (seen.len)
		buf_putf(out, "|%zu ", seen.len);
	for (size_t i = 0; i < seen.len; i++)
		buf_putf(out, "%s=%s ", seen.items[i].key, (const char *)seen.items[i].value);
}

static void run_env(struct maker *m)
{
	const struct scope *s = m->s;
	const struct map *given = s->globals->build_args;
	size_t given_count = given ? given->len : 0;
	const char **env = ARENA_ARRAY(s->arena, const char *, s->env.len + s->args.len + 1);
	const char **proxies = ARENA_ARRAY(s->arena, const char *, given_count + s->args.len + 1);
	size_t env_count = 0;
	size_t proxy_count = 0;

	for (size_t i = 0; i < s->env.len; i++)
		env[env_count++] = arena_printf(s->arena, "%s=%s", s->env.items[i].key,
						(const char *)s->env.items[i].value);
	for (size_t i = 0; i < s->args.len; i++) {
		const char *key = s->args.items[i].key;
		char *text =
			arena_printf(s->arena, "%s=%s", key, (const char *)s->args.items[i].value);

		if (map_has(&s->env, key) || (given && scope_is_proxy(key) && map_has(given, key)))
			continue;
		if (scope_is_proxy(key))
			proxies[proxy_count++] = text;
		else
			env[env_count++] = text;
	}
	for (size_t i = 0; i < given_count; i++) {
		const char *key = given->items[i].key;

		if (scope_is_proxy(key) && !map_has(&s->env, key))
			proxies[proxy_count++] = arena_printf(s->arena, "%s=%s", key,
							      (const char *)given->items[i].value);
	}
	m->step->run.env = env;
	m->step->run.proxies = proxies;
}

static bool make_run(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_DOCKERFILE);
	const struct flag *network = instruction_find_flag(m->in, "network");
	struct step_run *run = &m->step->run;
	const char **argv;
	size_t count;

	if (network && !str_eq(network->value, "default") && !str_eq(network->value, "none") &&
	    !str_eq(network->value, "host")) {
		err_set(err, E_INPUT, "--network cannot be '%s'", network->value);
		err_hint(err, "it is default, none or host");
		return dockerfile_at(m->file, network->place, 0, err);
	}
	argv = run_argv(m, &count);
	run->argv = argv;
	run->cwd = m->s->workdir;
	run->user = m->s->user;
	run->no_network = network && str_eq(network->value, "none");
	run_env(m);
	buf_put(&history, "RUN ");
	put_args(&history, m->s);
	for (size_t i = 0; i < count; i++)
		buf_putf(&history, "%s%s", i ? " " : "", argv[i]);
	buf_put(&history, " # buildkit");
	set_history(m, &history);
	m->step->has_layer = true;
	return true;
}

/* --- one text --- */

static bool make_text(struct maker *m, const char *text)
{
	AUTO(buf_free) struct buf history = BUF_INIT(2 * LIMIT_EXPANSION);

	m->step->text = text;
	buf_putf(&history, "%s %s", m->in->spec->name, text);
	set_history(m, &history);
	return true;
}

static bool make_user(struct maker *m, struct err *err)
{
	const char *text;

	if (!expand_one(&text, m, &m->in->words[0], err))
		return false;
	m->s->user = text;
	return make_text(m, text);
}

static bool make_stopsignal(struct maker *m, struct err *err)
{
	const char *text;

	if (!expand_one(&text, m, &m->in->words[0], err))
		return false;
	if (m->s->base_known && !signal_is_known(text)) {
		err_set(err, E_INPUT, "unknown signal '%s'", text);
		return bad_word(m, 0, err);
	}
	return make_text(m, text);
}

static bool make_workdir(struct maker *m, struct err *err)
{
	AUTO(auto_free) char *path = NULL;
	const char *text;

	if (!expand_one(&text, m, &m->in->words[0], err))
		return false;
	path = fs_join(m->s->workdir, text);
	m->s->workdir = arena_strdup(m->s->arena, path);
	m->step->user = m->s->user;
	m->step->has_layer = !str_eq(path, "/");
	return make_text(m, m->s->workdir);
}

/* --- lists --- */

static bool make_volume(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_EXPANSION);
	size_t count = m->in->word_count;
	const char **list = ARENA_ARRAY(m->s->arena, const char *, count + 1);

	for (size_t i = 0; i < count; i++) {
		if (!expand_one(&list[i], m, &m->in->words[i], err))
			return false;
		if (!*list[i]) {
			err_set(err, E_INPUT, "VOLUME: an empty path");
			return bad_word(m, i, err);
		}
	}
	m->step->list = list;
	m->step->list_count = count;
	buf_put(&history, "VOLUME ");
	quote_plain_list(&history, list, count);
	set_history(m, &history);
	return true;
}

static bool make_expose(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_EXPANSION);
	AUTO(str_list_free) struct str_list ports = { 0 };
	struct expand_options opt = options(m);

	for (size_t i = 0; i < m->in->word_count; i++) {
		AUTO(str_list_free) struct str_list specs = { 0 };

		if (!expand_words(&specs, m->in->words[i].text, &opt, NULL, err))
			return bad_word(m, i, err);
		for (size_t k = 0; k < specs.len; k++) {
			if (!m->s->base_known && strchr(specs.items[k], '$'))
				str_list_push(&ports, specs.items[k]);
			else if (!ports_parse(&ports, specs.items[k], err))
				return bad_word(m, i, err);
		}
	}
	m->step->list = list_of(m->s->arena, &ports);
	m->step->list_count = ports.len;
	buf_put(&history, "EXPOSE ");
	quote_plain_list(&history, m->step->list, ports.len);
	set_history(m, &history);
	return true;
}

/* --- health --- */

static bool health_duration(int64_t *out, struct maker *m, const char *name, struct err *err)
{
	const struct flag *flag = instruction_find_flag(m->in, name);

	*out = 0;
	if (!flag || !*flag->value)
		return true;
	if (!duration_parse(out, flag->value, err)) {
		err_wrap(err, "--%s", name);
		return dockerfile_at(m->file, flag->place, 0, err);
	}
	if (*out && *out < 1000000) {
		err_set(err, E_INPUT, "--%s cannot be less than 1ms", name);
		return dockerfile_at(m->file, flag->place, 0, err);
	}
	return true;
}

static bool health_retries(int64_t *out, struct maker *m, struct err *err)
{
	const struct flag *flag = instruction_find_flag(m->in, "retries");
	uint64_t value = 0;

	*out = 0;
	if (!flag || !*flag->value)
		return true;
	if (!str_to_u64(&value, slice_of(flag->value), INT32_MAX)) {
		err_set(err, E_INPUT, "--retries takes a number, not '%s'", flag->value);
		return dockerfile_at(m->file, flag->place, 0, err);
	}
	*out = (int64_t)value;
	return true;
}

static bool health_test(struct maker *m, struct err *err)
{
	const struct instruction *in = m->in;
	struct step_health *h = &m->step->health;
	const char **test;
	size_t count;

	if (strcasecmp(in->words[0].text, "NONE") == 0) {
		if (in->word_count > 1) {
			err_set(err, E_INPUT, "HEALTHCHECK NONE takes no arguments");
			return bad_word(m, 1, err);
		}
		h->none = true;
	} else if (strcasecmp(in->words[0].text, "CMD") != 0) {
		err_set(err, E_INPUT, "HEALTHCHECK cannot be '%s'", in->words[0].text);
		err_hint(err, "it is HEALTHCHECK CMD command, or HEALTHCHECK NONE");
		return bad_word(m, 0, err);
	} else if (in->word_count == 1) {
		err_set(err, E_INPUT, "HEALTHCHECK CMD needs a command");
		return bad_word(m, 0, err);
	}
	test = plain_words(m, 0, &count);
	test[0] = h->none ? "NONE" : in->json ? "CMD" : "CMD-SHELL";
	h->test = test;
	h->test_count = count;
	return true;
}

static bool make_health(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_DOCKERFILE_LINE);
	struct step_health *h = &m->step->health;

	if (!health_test(m, err) || !health_duration(&h->interval, m, "interval", err) ||
	    !health_duration(&h->timeout, m, "timeout", err) ||
	    !health_duration(&h->start_period, m, "start-period", err) ||
	    !health_duration(&h->start_interval, m, "start-interval", err) ||
	    !health_retries(&h->retries, m, err))
		return false;
	buf_put(&history, "HEALTHCHECK {Test:");
	quote_plain_list(&history, h->test, h->test_count);
	buf_putf(&history, " Interval:%s", duration_format(h->interval).text);
	buf_putf(&history, " Timeout:%s", duration_format(h->timeout).text);
	buf_putf(&history, " StartPeriod:%s", duration_format(h->start_period).text);
	buf_putf(&history, " StartInterval:%s", duration_format(h->start_interval).text);
	buf_putf(&history, " Retries:%lld}", (long long)h->retries);
	set_history(m, &history);
	return true;
}

/* --- COPY and ADD --- */

static bool copy_flag(const char **out, struct maker *m, const char *name, struct err *err)
{
	const struct flag *flag = instruction_find_flag(m->in, name);

	*out = NULL;
	return !flag || expand_text(out, m, flag->value, flag->place, err);
}

static bool copy_flags(struct maker *m, struct err *err)
{
	struct step_copy *c = &m->step->copy;
	const struct flag *from = instruction_find_flag(m->in, "from");
	const struct flag *link = instruction_find_flag(m->in, "link");
	const struct flag *unpack = instruction_find_flag(m->in, "unpack");
	const char **excludes = ARENA_ARRAY(m->s->arena, const char *, m->in->flag_count + 1);

	c->is_add = m->in->kind == INSTRUCTION_ADD;
	c->link = link && str_eq(link->value, "true");
	c->has_unpack = unpack != NULL;
	c->unpack = unpack && str_eq(unpack->value, "true");
	if (from) {
		c->from = from->value;
		c->from_place = from->place;
		if (strchr(from->value, '$')) {
			err_set(err, E_INPUT, "--from does not expand variables");
			err_hint(err, "name a stage first: FROM image AS name, then --from=name");
			return dockerfile_at(m->file, from->place, 0, err);
		}
	}
	for (size_t i = 0; i < m->in->flag_count; i++) {
		const struct flag *flag = &m->in->flags[i];

		if (str_eq(flag->spec->name, "exclude") &&
		    !expand_text(&excludes[c->exclude_count++], m, flag->value, flag->place, err))
			return false;
	}
	c->excludes = excludes;
	return copy_flag(&c->chown, m, "chown", err) && copy_flag(&c->chmod, m, "chmod", err) &&
	       copy_flag(&c->checksum, m, "checksum", err);
}

/* Byte `at` of the content, in the file; the leading tabs that <<- takes away are counted back in.
 */
static struct place heredoc_place(const struct heredoc *doc, size_t at)
{
	struct place place = { doc->place.line, 1 };
	const char *raw = doc->raw;

	for (size_t i = 0; i < at; i++) {
		place.column++;
		if (doc->content[i] != '\n')
			continue;
		place = (struct place){ place.line + 1, 1 };
		raw = strchr(raw, '\n') + 1;
	}
	if (doc->chomp)
		place.column += (int)strspn(raw, "\t");
	return place;
}

static bool copy_heredoc(struct step_inline *out, struct maker *m, const char *name,
			 struct err *err)
{
	const struct heredoc *doc = NULL;
	struct expand_options opt = options(m);
	AUTO(auto_free) char *text = NULL;
	size_t bad_at = 0;

	for (size_t i = 0; i < m->in->heredoc_count; i++) {
		if (str_eq(m->in->heredocs[i].name, name))
			doc = &m->in->heredocs[i];
	}
	out->name = arena_strdup(m->s->arena, name);
	out->content = doc ? doc->content : "";
	if (!doc || !doc->expand)
		return true;
	opt.no_quotes = true;
	opt.escape = '\\';
	if (!expand_word(&text, doc->content, &opt, &bad_at, err))
		return dockerfile_at(m->file, heredoc_place(doc, bad_at), 0, err);
	out->content = arena_strdup(m->s->arena, text);
	return true;
}

static bool copy_words(struct maker *m, struct err *err)
{
	struct step_copy *c = &m->step->copy;
	size_t count = m->in->word_count - 1;
	const char **sources = ARENA_ARRAY(m->s->arena, const char *, count + 1);
	struct place *places = ARENA_ARRAY(m->s->arena, struct place, count + 1);
	struct step_inline *inlines = ARENA_ARRAY(m->s->arena, struct step_inline, count + 1);

	for (size_t i = 0; i < count; i++) {
		const struct word *word = &m->in->words[i];
		struct heredoc_word doc = { 0 };

		if (m->in->heredoc_count && words_heredoc(&doc, word->text)) {
			AUTO(auto_free) char *name = doc.name;

			if (!copy_heredoc(&inlines[c->inline_count++], m, name, err))
				return false;
			continue;
		}
		places[c->source_count] = word->place;
		if (!expand_one(&sources[c->source_count++], m, word, err))
			return false;
	}
	c->sources = sources;
	c->source_places = places;
	c->inlines = inlines;
	return true;
}

/* Absolute, with its final slash kept; "." and "" are the working directory. */
static bool copy_dest(const char **text_out, struct maker *m, struct err *err)
{
	const struct word *word = &m->in->words[m->in->word_count - 1];
	struct heredoc_word doc = { 0 };
	AUTO(auto_free) char *path = NULL;
	const char *text;
	bool is_dir;

	if (m->in->heredoc_count && words_heredoc(&doc, word->text)) {
		free(doc.name);
		err_set(err, E_INPUT, "%s: a here-document cannot be the destination",
			m->in->spec->name);
		return bad_word(m, m->in->word_count - 1, err);
	}
	if (!expand_one(&text, m, word, err))
		return false;
	is_dir = !*text || str_eq(text, ".") || str_eq(text, "..") || str_has_suffix(text, "/") ||
		 str_has_suffix(text, "/.") || str_has_suffix(text, "/..");
	path = fs_join(m->s->workdir, text);
	m->step->copy.dest =
		arena_printf(m->s->arena, "%s%s", path, is_dir && !str_eq(path, "/") ? "/" : "");
	m->step->copy.dest_place = word->place;
	*text_out = text;
	return true;
}

static bool make_copy(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(8 * LIMIT_EXPANSION);
	const struct step_copy *c = &m->step->copy;
	const char *dest;

	if (!copy_flags(m, err) || !copy_words(m, err) || !copy_dest(&dest, m, err))
		return false;
	buf_put(&history, m->in->spec->name);
	if (c->chown && *c->chown)
		buf_putf(&history, " --chown=%s", c->chown);
	if (c->chmod && *c->chmod)
		buf_putf(&history, " --chmod=%s", c->chmod);
	for (size_t i = 0; i < c->source_count; i++)
		buf_putf(&history, " %s", c->sources[i]);
	for (size_t i = 0; i < c->inline_count; i++)
		buf_putf(&history, " <<%s", c->inlines[i].name);
	buf_putf(&history, " %s # buildkit", dest);
	set_history(m, &history);
	m->step->has_layer = true;
	return true;
}

static bool check_flags(struct maker *m, struct err *err)
{
	for (size_t i = 0; i < m->in->flag_count; i++) {
		const struct flag *flag = &m->in->flags[i];

		if (!flag->spec->refused ||
		    (flag->spec->kind == FLAG_BOOL && str_eq(flag->value, "false")) ||
		    str_eq(flag->value, "sandbox"))
			continue;
		err_set(err, E_UNSUPPORTED, "%s --%s is not supported yet", m->in->spec->name,
			flag->spec->name);
		return dockerfile_at(m->file, flag->place, (int)strlen(flag->spec->name) + 2, err);
	}
	return true;
}

static bool make(struct maker *m, struct err *err)
{
	switch (m->in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		return make_copy(m, err);
	case INSTRUCTION_ARG:
		return make_arg(m, err);
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
		return make_command(m);
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL:
		return make_pairs(m, err);
	case INSTRUCTION_EXPOSE:
		return make_expose(m, err);
	case INSTRUCTION_HEALTHCHECK:
		return make_health(m, err);
	case INSTRUCTION_MAINTAINER:
		return make_text(m, m->in->words[0].text);
	case INSTRUCTION_ONBUILD:
		m->step->text = m->in->words[0].text;
		return true;
	case INSTRUCTION_RUN:
		return make_run(m, err);
	case INSTRUCTION_SHELL:
		return make_shell(m);
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

bool step_make(struct step *out, struct scope *s, const struct dockerfile *file,
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

bool step_expand(const char **out, struct arena *arena, const struct dockerfile *file,
		 const struct word *word, const struct map *env, struct err *err)
{
	struct expand_options opt = { .env = env, .escape = file->escape };
	char *text;

	if (!expand_at(&text, arena, file, word, &opt, err))
		return false;
	*out = text;
	return true;
}
