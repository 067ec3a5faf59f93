// SPDX-License-Identifier: Apache-2.0
#include "builder/lint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"

/* Rules as a table, which of them are on, and the list of findings. */

static const struct {
	const char *name, *url, *description;
} rules[] = {
#define LINT_ROW(id, name, url, description) [LINT_##id] = { name, url, description },
	LINT_TABLE(LINT_ROW)
#undef LINT_ROW
};

const char *lint_name(enum lint_rule rule)
{
	return rules[rule].name;
}

const char *lint_description(enum lint_rule rule)
{
	return rules[rule].description;
}

const char *lint_url(enum lint_rule rule)
{
	return rules[rule].url;
}

/* --- configuration --- */

void lint_config_free(struct lint_config *config)
{
	str_list_free(&config->skip);
	str_list_free(&config->experimental);
	*config = (struct lint_config){ 0 };
}

static bool is_rule(const char *name)
{
	for (size_t i = 0; i < LINT_RULES; i++) {
		if (str_eq(rules[i].name, name))
			return true;
	}
	return false;
}

/* Names of rules, or "all". */
static bool take_rules(struct str_list *out, bool *all, struct slice value, struct err *err)
{
	if (slice_eq(value, "all")) {
		*all = true;
		return true;
	}
	while (value.ptr) {
		struct slice name = slice_trim(slice_cut(value, ',', &value), " \t");
		AUTO(auto_free) char *text = mem_strndup(name.ptr, name.len);
		const char *names[LINT_RULES];
		const char *near;

		if (!*text || is_rule(text)) {
			str_list_push(out, text);
			continue;
		}
		for (size_t i = 0; i < LINT_RULES; i++)
			names[i] = rules[i].name;
		near = str_nearest(text, names, LINT_RULES);
		err_set(err, E_INPUT, "check: there is no rule '%s'", text);
		return near ? err_hint(err, "did you mean %s?", near)
			    : err_hint(err, "rules are named as in [UndefinedVar]");
	}
	return true;
}

static bool take_error(bool *out, struct slice value, struct err *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		*out = slice_eq(value, yes[i]);
		if (*out || slice_eq(value, no[i]))
			return true;
	}
	return err_set(err, E_INPUT, "check: error is true or false, not '" SLICE_FMT "'",
		       SLICE_ARG(value));
}

bool lint_config_parse(struct lint_config *config, struct slice text, struct err *err)
{
	text = slice_trim(text, " \t");
	while (text.ptr && text.len) {
		struct slice value;
		struct slice key = slice_cut(slice_cut(text, ';', &text), '=', &value);
		bool ok = false;

		key = slice_trim(key, " \t");
		value = slice_trim(value, " \t");
		if (value.ptr && slice_eq(key, "skip"))
			ok = take_rules(&config->skip, &config->skip_all, value, err);
		else if (value.ptr && slice_eq(key, "experimental"))
			ok = take_rules(&config->experimental, &config->experimental_all, value,
					err);
		else if (value.ptr && slice_eq(key, "error"))
			ok = take_error(&config->as_error, value, err);
		else
			err_set(err, E_INPUT, "check: unknown option '" SLICE_FMT "'",
				SLICE_ARG(key));
		if (!ok)
			return err_hint(err, "write skip=RULE,RULE;error=true;experimental=RULE");
	}
	return true;
}

static bool is_on(const struct lint_config *config, enum lint_rule rule)
{
	if (rule == LINT_DESCRIPTION)
		return config->experimental_all ||
		       str_list_has(&config->experimental, rules[rule].name);
	return !config->skip_all && !str_list_has(&config->skip, rules[rule].name);
}

/* "check=skip=A why", of the comments before an instruction: for it alone. */
static bool comment_value(struct slice *out, const char *comment)
{
	struct slice value;
	struct slice key = slice_trim(slice_cut(slice_of(comment), '=', &value), " \t");

	if (!value.ptr || key.len != strlen("check") || strncasecmp(key.ptr, "check", key.len) != 0)
		return false;
	*out = slice_cut(slice_trim(value, " \t"), ' ', &(struct slice){ 0 });
	return true;
}

/* A comment that does not read changes nothing, as with BuildKit: it may be prose. */
static bool is_on_here(const struct lint *l, enum lint_rule rule, const struct instruction *in)
{
	bool experimental = rule == LINT_DESCRIPTION;
	struct slice value = { 0 };
	bool is = is_on(&l->config, rule);

	for (size_t i = 0; in && !value.ptr && i < in->comment_count; i++) {
		struct lint_config here = { 0 };
		struct err ignored = { 0 };

		if (!comment_value(&value, in->comments[i].text))
			continue;
		if (lint_config_parse(&here, value, &ignored))
			is = experimental ? is || is_on(&here, rule) : is && is_on(&here, rule);
		lint_config_free(&here);
	}
	return is;
}

/* --- findings --- */

bool lint_open(struct lint *out, const struct dockerfile *file, const struct map *build_args,
	       struct err *err)
{
	const char *given = build_args ? map_text(build_args, "BUILDKIT_DOCKERFILE_CHECK") : NULL;

	*out = (struct lint){ .file = file };
	if (given)
		return lint_config_parse(&out->config, slice_of(given), err) ||
		       err_wrap(err, "BUILDKIT_DOCKERFILE_CHECK");
	if (!file->check || lint_config_parse(&out->config, slice_of(file->check), err))
		return true;
	return dockerfile_at(file, file->check_place, (int)strlen("check"), err);
}

void lint_close(struct lint *l)
{
	lint_config_free(&l->config);
	free(l->findings.items);
	arena_free(&l->arena);
}

void lint_report(struct lint *l, enum lint_rule rule, const struct instruction *in,
		 struct place place, size_t width, const char *message)
{
	if (is_on_here(l, rule, in))
		*ARRAY_PUSH(&l->findings) = (struct lint_finding){
			.rule = rule,
			.place = place,
			.width = width > LIMIT_DOCKERFILE_LINE ? 0 : (int)width,
			.message = message,
		};
}

const char *lint_written(struct lint *l, const struct instruction *in)
{
	return arena_slice(&l->arena,
			   (struct slice){ in->original, strcspn(in->original, " \t\v\f\r") });
}

static int compare(const void *a, const void *b)
{
	const struct lint_finding *x = a;
	const struct lint_finding *y = b;

	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return x->rule != y->rule ? (x->rule < y->rule ? -1 : 1) : strcmp(x->message, y->message);
}

void lint_sort(struct lint *l)
{
	if (l->findings.len)
		qsort(l->findings.items, l->findings.len, sizeof(*l->findings.items), compare);
}
