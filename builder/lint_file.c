// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "builder/expand.h"
#include "builder/lint.h"
#include "image/reference.h"

/* Rules that need no more than the file and its global arguments. */

/* --- case --- */

enum casing { CASE_NONE, CASE_LOWER, CASE_UPPER, CASE_MIXED };

static enum casing casing_of(const char *text)
{
	bool lower = false;
	bool upper = false;

	for (; *text; text++) {
		lower = lower || islower((unsigned char)*text);
		upper = upper || isupper((unsigned char)*text);
	}
	return lower && upper ? CASE_MIXED : lower ? CASE_LOWER : upper ? CASE_UPPER : CASE_NONE;
}

/* The first instruction that is no global ARG. */
static size_t first_from(const struct dockerfile *file)
{
	size_t i = 0;

	while (i < file->instruction_count && file->instructions[i].kind != INSTRUCTION_FROM)
		i++;
	return i;
}

/* ARGs before the first FROM are not counted. */
static void check_casing(struct lint *l)
{
	const struct dockerfile *file = l->file;
	size_t lower = 0;
	size_t upper = 0;

	for (size_t i = first_from(file); i < file->instruction_count; i++) {
		enum casing casing = casing_of(lint_written(l, &file->instructions[i]));

		lower += casing == CASE_LOWER;
		upper += casing == CASE_UPPER;
	}
	for (size_t i = first_from(file); i < file->instruction_count; i++) {
		const struct instruction *in = &file->instructions[i];
		const char *name = lint_written(l, in);
		bool wants_lower = lower > upper;

		/* comments before one instruction do not reach this rule */
		if (casing_of(name) != (wants_lower ? CASE_LOWER : CASE_UPPER))
			lint_report(l, LINT_INSTRUCTION_CASING, NULL, in->place, strlen(name),
				    arena_printf(&l->arena,
						 "Command '%s' should match the case of the "
						 "command majority (%s)",
						 name, wants_lower ? "lowercase" : "uppercase"));
	}
}

/* --- stages --- */

static char *lower_case(struct lint *l, const char *text)
{
	char *out = arena_strdup(&l->arena, text);

	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

static void check_from(struct lint *l, const struct instruction *in)
{
	const char *from = lint_written(l, in);
	const struct word *as = in->word_count == 3 ? &in->words[1] : NULL;
	const struct word *name = as ? &in->words[2] : NULL;
	enum casing casing = casing_of(from);

	if (!as)
		return;
	if (!str_eq(name->text, lower_case(l, name->text)))
		lint_report(
			l, LINT_STAGE_NAME_CASING, in, name->place, strlen(name->text),
			arena_printf(&l->arena, "Stage name '%s' should be lowercase", name->text));
	if (casing != CASE_MIXED && casing_of(as->text) != casing)
		lint_report(l, LINT_FROM_AS_CASING, in, as->place, strlen(as->text),
			    arena_printf(&l->arena, "'%s' and '%s' keywords' casing do not match",
					 as->text, from));
}

static void check_stage_names(struct lint *l)
{
	AUTO(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < l->file->instruction_count; i++) {
		const struct instruction *in = &l->file->instructions[i];
		const struct word *word =
			in->kind == INSTRUCTION_FROM && in->word_count == 3 ? &in->words[2] : NULL;
		const char *name = word ? lower_case(l, word->text) : NULL;

		if (!name)
			continue;
		if (str_eq(name, "scratch") || str_eq(name, "context"))
			lint_report(l, LINT_RESERVED_STAGE, NULL, word->place, strlen(name),
				    arena_printf(&l->arena,
						 "Stage name should not use the same name as "
						 "reserved stage \"%s\"",
						 name));
		if (map_has(&seen, name))
			lint_report(
				l, LINT_DUPLICATE_STAGE, NULL, word->place, strlen(name),
				arena_printf(
					&l->arena,
					"Duplicate stage name \"%s\", stage names should be unique",
					name));
		map_put(&seen, name, l);
	}
}

/* --- comments --- */

static bool is_named(const struct instruction *in, size_t i, struct slice word)
{
	const char *text = in->words[i].text;

	return word.len == strcspn(text, "=") && strncmp(text, word.ptr, word.len) == 0;
}

/*
 * The comment on the line before an ARG or a named FROM describes it. BuildKit takes one above
 * blank lines too, but its own documentation says that a blank line parts them.
 */
static void check_description(struct lint *l, const struct instruction *in)
{
	const struct comment *last =
		in->comment_count ? &in->comments[in->comment_count - 1] : NULL;
	struct slice word;
	const char *wanted;
	bool from = in->kind == INSTRUCTION_FROM;

	if (!last || last->line != in->place.line - 1 || (from && in->word_count != 3))
		return;
	word = (struct slice){ last->text, strcspn(last->text, " ") };
	if (from) {
		wanted = lower_case(l, in->words[2].text);
		if (slice_eq(word, wanted))
			return;
	} else {
		for (size_t i = 0; i < in->word_count; i++) {
			if (is_named(in, i, word))
				return;
		}
		wanted = in->word_count > 1
				 ? "<arg_key>"
				 : arena_slice(&l->arena, slice_cut(slice_of(in->words[0].text),
								    '=', &(struct slice){ 0 }));
	}
	lint_report(l, LINT_DESCRIPTION, in, in->place, strlen(in->spec->name),
		    arena_printf(&l->arena,
				 "Comment for %s should follow the format: `# %s <description>`",
				 in->spec->name, wanted));
}

void lint_file(struct lint *l)
{
	for (size_t i = 0; i < l->file->instruction_count; i++) {
		const struct instruction *in = &l->file->instructions[i];

		if (in->empty_line)
			lint_report(l, LINT_EMPTY_CONTINUATION, NULL,
				    (struct place){ in->empty_line, 1 }, 1,
				    arena_printf(&l->arena, "Empty continuation line"));
		if (in->kind == INSTRUCTION_MAINTAINER)
			lint_report(l, LINT_MAINTAINER, in, in->place, strlen("MAINTAINER"),
				    arena_printf(&l->arena, "Maintainer instruction is deprecated "
							    "in favor of using label"));
		if (in->kind == INSTRUCTION_FROM)
			check_from(l, in);
		if (in->kind == INSTRUCTION_FROM || in->kind == INSTRUCTION_ARG)
			check_description(l, in);
	}
	check_stage_names(l);
	check_casing(l);
}

/* --- FROM lines and global arguments --- */

/* A text of a FROM, expanded, with the names that were asked for. */
struct expanded {
	char *text; /* NULL: it does not expand */
	struct str_list set, unset;
};

static void expanded_free(struct expanded *e)
{
	free(e->text);
	str_list_free(&e->set);
	str_list_free(&e->unset);
}

static void expand_from(struct expanded *out, const struct lint *l, const char *text,
			const struct map *env)
{
	struct expand_options opt = { .env = env,
				      .escape = l->file->escape,
				      .set_out = &out->set,
				      .unset_out = &out->unset };
	struct err ignored = { 0 };

	if (!expand_word(&out->text, text, &opt, NULL, &ignored))
		out->text = NULL;
}

/* Names that FROM may use: the global arguments, with a value or without. */
static void global_names(struct str_list *out, const struct lint *l, const struct plan *plan)
{
	for (size_t i = 0; i < plan->globals.args.len; i++)
		str_list_push(out, plan->globals.args.items[i].key);
	for (size_t i = 0; i < first_from(l->file); i++) {
		const struct instruction *in = &l->file->instructions[i];

		for (size_t k = 0; k < in->word_count; k++)
			str_list_push_take(out, mem_strndup(in->words[k].text,
							    strcspn(in->words[k].text, "=")));
	}
}

static void check_undeclared(struct lint *l, const struct plan *plan, const struct instruction *in,
			     const struct expanded *e, struct place place, size_t width)
{
	AUTO(str_list_free) struct str_list known = { 0 };

	if (!e->unset.len)
		return;
	global_names(&known, l, plan);
	for (size_t i = 0; i < e->unset.len; i++) {
		const char *name = e->unset.items[i];
		const char *near;

		if (str_list_has(&known, name))
			continue;
		near = str_nearest(name, (const char *const *)str_list_argv(&known), known.len);
		lint_report(l, LINT_UNDEFINED_ARG_IN_FROM, in, place, width,
			    arena_printf(&l->arena, "FROM argument '%s' is not declared%s%s%s",
					 name, near ? " (did you mean " : "", near ? near : "",
					 near ? "?)" : ""));
	}
}

static void check_platform(struct lint *l, const struct plan *plan, const struct instruction *in)
{
	const struct flag *flag = instruction_find_flag(in, "platform");
	AUTO(expanded_free) struct expanded e = { 0 };
	struct platform platform;
	struct err ignored = { 0 };
	struct place place;
	const char *name = in->word_count == 3 ? lower_case(l, in->words[2].text) : "";
	size_t width;

	if (!flag)
		return;
	place = flag_value_place(flag, 0);
	width = strlen(flag->value);
	expand_from(&e, l, flag->value, &plan->globals.args);
	check_undeclared(l, plan, in, &e, place, width);
	if (!e.text)
		return;
	if (e.set.len == 1 && !e.unset.len && str_eq(e.set.items[0], "TARGETPLATFORM") &&
	    str_eq(e.text, map_text(&plan->globals.args, "TARGETPLATFORM")))
		lint_report(l, LINT_REDUNDANT_PLATFORM, in, place, width,
			    arena_printf(&l->arena,
					 "Setting platform to predefined %s in FROM is redundant "
					 "as this is the "
					 "default behavior",
					 flag->value));
	if (e.set.len || e.unset.len || !platform_parse(&platform, e.text, &ignored) ||
	    strstr(name, platform.os) || strstr(name, platform.architecture))
		return;
	lint_report(l, LINT_CONSTANT_PLATFORM, in, place, width,
		    arena_printf(&l->arena,
				 "FROM --platform flag should not use constant value \"%s\"",
				 e.text));
}

/* The global arguments as they are without any given ones; false when one does not expand. */
static bool default_args(struct map *out, const struct lint *l, const struct plan *plan)
{
	size_t count = 0;

	/* platform arguments come first in the map; the file's own are set again below */
	while (count < plan->globals.args.len &&
	       !str_eq(plan->globals.args.items[count].key, "TARGETSTAGE"))
		count++;
	for (size_t i = 0; i <= count && i < plan->globals.args.len; i++)
		map_put_text(out, plan->globals.args.items[i].key,
			     plan->globals.args.items[i].value);
	for (size_t i = 0; i < first_from(l->file); i++) {
		const struct instruction *in = &l->file->instructions[i];

		for (size_t k = 0; k < in->word_count; k++) {
			const char *sign = strchr(in->words[k].text, '=');
			AUTO(expanded_free) struct expanded e = { 0 };
			AUTO(auto_free) char *key = NULL;

			if (!sign)
				continue;
			expand_from(&e, l, sign + 1, out);
			if (!e.text)
				return false;
			key = mem_strndup(in->words[k].text, (size_t)(sign - in->words[k].text));
			map_put_text(out, key, e.text);
		}
	}
	return true;
}

static void check_defaults(struct lint *l, const struct plan *plan)
{
	AUTO(map_free) struct map args = MAP_TEXT;
	bool ok = default_args(&args, l, plan);

	for (size_t i = 0; ok && i < l->file->instruction_count; i++) {
		const struct instruction *in = &l->file->instructions[i];
		AUTO(expanded_free) struct expanded e = { 0 };
		struct reference ref;
		struct err ignored = { 0 };

		if (in->kind != INSTRUCTION_FROM)
			continue;
		expand_from(&e, l, in->words[0].text, &args);
		if (!e.text)
			return;
		if (!reference_parse(&ref, e.text, &ignored))
			lint_report(
				l, LINT_DEFAULT_ARG_IN_FROM, NULL, in->words[0].place,
				strlen(in->words[0].text),
				arena_printf(
					&l->arena,
					"Default value for ARG %s results in empty or invalid base "
					"image name",
					in->words[0].text));
	}
}

void lint_froms(struct lint *l, const struct plan *plan)
{
	check_defaults(l, plan);
	for (size_t i = 0; i < l->file->instruction_count; i++) {
		const struct instruction *in = &l->file->instructions[i];
		AUTO(expanded_free) struct expanded e = { 0 };

		if (in->kind != INSTRUCTION_FROM)
			continue;
		expand_from(&e, l, in->words[0].text, &plan->globals.args);
		check_undeclared(l, plan, in, &e, in->words[0].place, strlen(in->words[0].text));
		check_platform(l, plan, in);
	}
}
