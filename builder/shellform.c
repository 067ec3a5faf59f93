// SPDX-License-Identifier: Apache-2.0
#include "builder/shellform.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/duration.h"
#include "builder/mountargs.h"
#include "builder/quote.h"
#include "builder/words.h"

/* Commands as argument lists, and their history lines. */

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

bool shellform_command(struct maker *m)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
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
	maker_history(m, &history);
	return true;
}

bool shellform_shell(struct maker *m)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	struct step *step = m->step;

	step->list = plain_words(m, 0, &step->list_count);
	m->s->shell = step->list;
	m->s->shell_count = step->list_count;
	m->s->has_shell = step->list_count > 0;
	buf_put(&history, "SHELL ");
	quote_plain_list(&history, step->list, step->list_count);
	maker_history(m, &history);
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
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);

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

/* Each RUN has all variables, here and in its history, so they count as expansions do. */
static bool run_env(struct maker *m, struct err *err)
{
	const struct scope *s = m->s;
	const struct map *given = s->globals->build_args;
	size_t given_count = given ? given->len : 0;
	const char **env = ARENA_ARRAY(s->arena, const char *, s->env.len + s->args.len + 1);
	const char **proxies = ARENA_ARRAY(s->arena, const char *, given_count + s->args.len + 1);
	size_t env_count = 0;
	size_t proxy_count = 0;
	size_t bytes = 0;

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
	for (size_t i = 0; i < env_count; i++)
		bytes += sizeof(*env) + strlen(env[i]);
	return maker_count(m, bytes, err);
}

/* The value of a flag of few, the first of which it has when it is not given; NULL with the error.
 */
static const char *run_choice(struct maker *m, const char *name, const char *const *values,
			      const char *known, struct err *err)
{
	const struct flag *flag = instruction_find_flag(m->in, name);

	for (size_t i = 0; values[i]; i++)
		if (!flag || str_eq(flag->value, values[i]))
			return values[i];
	err_set(err, E_INPUT, "--%s cannot be '%s'", name, flag->value);
	err_hint(err, "it is %s", known);
	dockerfile_at(m->file, flag_value_place(flag, 0), (int)strlen(flag->value), err);
	return NULL;
}

bool shellform_run(struct maker *m, struct err *err)
{
	static const char *const networks[] = { "default", "none", "host", NULL };
	static const char *const securities[] = { "sandbox", "insecure", NULL };
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	const char *network = run_choice(m, "network", networks, "default, none or host", err);
	const char *security =
		network ? run_choice(m, "security", securities, "sandbox or insecure", err) : NULL;
	struct step_run *run = &m->step->run;
	const char **argv;
	size_t count;

	if (!security)
		return false;
	argv = run_argv(m, &count);
	run->argv = argv;
	run->cwd = m->s->workdir;
	run->user = m->s->user;
	run->no_network = str_eq(network, "none");
	run->host_network = str_eq(network, "host");
	run->insecure = str_eq(security, "insecure");
	if (!mountargs_make(m, err) || !run_env(m, err))
		return false;
	buf_put(&history, "RUN ");
	put_args(&history, m->s);
	for (size_t i = 0; i < count; i++)
		buf_putf(&history, "%s%s", i ? " " : "", argv[i]);
	buf_put(&history, " # buildkit");
	maker_history(m, &history);
	m->step->has_layer = true;
	return maker_count(m, history.len, err);
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
		err_hint(err, "for example 30s, 1m30s or 500ms");
		return dockerfile_at(m->file, flag_value_place(flag, 0), (int)strlen(flag->value),
				     err);
	}
	if (*out && *out < 1000000) {
		err_set(err, E_INPUT, "--%s cannot be less than 1ms", name);
		err_hint(err, "0 is docker's default; else for example 30s");
		return dockerfile_at(m->file, flag_value_place(flag, 0), (int)strlen(flag->value),
				     err);
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
		err_hint(err, "0 is docker's default, 3");
		return dockerfile_at(m->file, flag_value_place(flag, 0), (int)strlen(flag->value),
				     err);
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
			err_hint(err, "for example %s", in->spec->example);
			return maker_bad_word(m, 1, err);
		}
		h->none = true;
	} else if (strcasecmp(in->words[0].text, "CMD") != 0) {
		err_set(err, E_INPUT, "HEALTHCHECK cannot be '%s'", in->words[0].text);
		err_hint(err, "it is HEALTHCHECK CMD command, or HEALTHCHECK NONE");
		return maker_bad_word(m, 0, err);
	} else if (in->word_count == 1) {
		err_set(err, E_INPUT, "HEALTHCHECK CMD needs a command");
		err_hint(err, "for example %s", in->spec->example);
		return maker_bad_word(m, 0, err);
	}
	test = plain_words(m, 0, &count);
	test[0] = h->none ? "NONE" : in->json ? "CMD" : "CMD-SHELL";
	h->test = test;
	h->test_count = count;
	return true;
}

bool shellform_health(struct maker *m, struct err *err)
{
	AUTO(buf_free) struct buf history = BUF_INIT(SIZE_MAX / 2);
	struct step_health *h = &m->step->health;
	const int64_t *const times[] = { &h->interval, &h->timeout, &h->start_period,
					 &h->start_interval };

	if (!health_test(m, err) || !health_duration(&h->interval, m, "interval", err) ||
	    !health_duration(&h->timeout, m, "timeout", err) ||
	    !health_duration(&h->start_period, m, "start-period", err) ||
	    !health_duration(&h->start_interval, m, "start-interval", err) ||
	    !health_retries(&h->retries, m, err))
		return false;
	/* %q of a pointer to a struct of Go's, numbers as characters and all */
	buf_put(&history, "HEALTHCHECK &{");
	quote_list(&history, h->test, h->test_count);
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		buf_putf(&history, " \"%s\"", duration_format(*times[i]).text);
	buf_put(&history, " ");
	quote_number(&history, h->retries);
	buf_put(&history, "}");
	maker_history(m, &history);
	return true;
}
