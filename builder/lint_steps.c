// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/download.h"
#include "builder/expand.h"
#include "builder/lint.h"
#include "builder/survey.h"

/*
 * Rules about what instructions come to. Findings in a trigger of the base are shown at the FROM,
 * where it runs.
 *
 * BuildKit asks the registry for every base image first, so it knows which variables are set. Here
 * the base may be unknown; then a variable is said to be undefined only if that is all but certain:
 * the file declares it elsewhere, or one it sets is but a slip of the pen away, or it is in lower
 * case, which variables of images are not.
 */

struct tracker {
	const struct instruction *last; /* NULL: none yet in this stage */
	struct place place;
};

struct steps_lint {
	struct lint *l;
	const struct plan *plan;
	const struct lint_view *view;
	struct tracker entrypoint, cmd, healthcheck;
	bool *workdir_set;   /* one a stage */
	struct map declared; /* every ARG and ENV of the file */
};

/* What a rule sees. */
struct seen {
	struct steps_lint *s;
	const struct survey_step *at;
	const struct step *step;
	const struct instruction *in;
	const struct instruction *from; /* of the stage */
};

static struct place place_of(const struct seen *x, struct place place)
{
	return x->at->is_trigger ? x->from->place : place;
}

static void report_word(const struct seen *x, enum lint_rule rule, size_t word, const char *message)
{
	lint_report(x->s->l, rule, x->in, place_of(x, x->in->words[word].place),
		    x->at->is_trigger ? strlen("FROM") : strlen(x->in->words[word].text),
		    arena_strdup(&x->s->l->arena, message));
}

static void report_name(const struct seen *x, enum lint_rule rule, const char *fmt)
{
	const char *name = lint_written(x->s->l, x->in);
	AUTO(buf_free) struct buf text = BUF_INIT(4096);

	/* the one %s of a rule's text, everywhere it stands */
	for (const char *p = fmt; *p; p++) {
		if (strncmp(p, "%s", 2) == 0) {
			buf_put(&text, name);
			p++;
		} else {
			buf_put_byte(&text, (unsigned char)*p);
		}
	}
	lint_report(x->s->l, rule, x->in, place_of(x, x->in->place),
		    x->at->is_trigger ? strlen("FROM") : strlen(name),
		    arena_strdup(&x->s->l->arena, text.ptr));
}

/* --- variables --- */

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* "$name" or "${name" in a text as written; SIZE_MAX: not there. */
static size_t find_variable(const char *text, const char *name, size_t *width_out)
{
	size_t len = strlen(name);

	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
		bool braces = p[1] == '{';
		const char *at = p + 1 + braces;

		if (strncmp(at, name, len) != 0 || (is_name_byte(*name) && is_name_byte(at[len])))
			continue;
		*width_out = 1 + len;
		if (braces)
			*width_out = strcspn(p, "}") + 1;
		return (size_t)(p - text);
	}
	return SIZE_MAX;
}

static struct place heredoc_place(const struct heredoc *doc, size_t at)
{
	struct place place = doc->place;

	for (size_t i = 0; i < at && doc->raw[i]; i++) {
		place.column++;
		if (doc->raw[i] == '\n')
			place = (struct place){ place.line + 1, 1 };
	}
	return place;
}

/* Where an instruction asks for a variable; *word_out is the number of the word, SIZE_MAX for
 * flags and here-documents. */
static struct place variable_place(const struct instruction *in, const char *name,
				   size_t *width_out, size_t *word_out)
{
	*word_out = SIZE_MAX;
	for (size_t i = 0; i < in->flag_count; i++) {
		size_t at = find_variable(in->flags[i].value, name, width_out);

		if (at != SIZE_MAX)
			return flag_value_place(&in->flags[i], at);
	}
	for (size_t i = 0; in->kind != INSTRUCTION_RUN && i < in->word_count; i++) {
		size_t at = find_variable(in->words[i].text, name, width_out);
		struct place place = in->words[i].place;

		*word_out = i;
		place.column += (int)at;
		if (at != SIZE_MAX)
			return place;
	}
	*word_out = SIZE_MAX;
	for (size_t i = 0; i < in->heredoc_count; i++) {
		size_t at = find_variable(in->heredocs[i].raw, name, width_out);

		if (at != SIZE_MAX)
			return heredoc_place(&in->heredocs[i], at);
	}
	*width_out = strlen(in->spec->name);
	return in->place;
}

/* Declared before, though without a value: that is no mistake. */
static bool is_declared(const struct seen *x, const char *name, size_t word)
{
	for (size_t i = 0; i < x->at->declared_before; i++) {
		if (str_eq(x->at->scope->declared.items[i].key, name))
			return true;
	}
	for (size_t i = 0; x->in->kind == INSTRUCTION_ARG && word != SIZE_MAX && i < word; i++) {
		if (str_eq(x->step->pairs[i].key, name))
			return true;
	}
	return false;
}

static const char *nearest_variable(const struct seen *x, const char *name)
{
	const struct scope *scope = x->at->scope;
	size_t count = 0;
	AUTO(auto_free)
	const char **names =
		mem_alloc((x->at->env_before + x->at->args_before + 1) * sizeof(*names));

	for (size_t i = 0; i < x->at->env_before; i++)
		names[count++] = scope->env.items[i].key;
	for (size_t i = 0; i < x->at->args_before; i++)
		names[count++] = scope->args.items[i].key;
	names[count++] = "PATH"; /* always set */
	return str_nearest(name, names, count);
}

static bool is_certain(const struct seen *x, const char *name, const char *near)
{
	const struct map *declared = &x->s->declared;

	if (x->at->scope->base_known || near || map_has(declared, name))
		return true;
	for (size_t i = 0; i < declared->len; i++) {
		const char *key = declared->items[i].key;

		if (str_nearest(name, &key, 1))
			return true;
	}
	for (const char *c = name; *c; c++) {
		if (isupper((unsigned char)*c))
			return false;
	}
	return islower((unsigned char)*name);
}

static void check_variables(const struct seen *x)
{
	const struct str_list *unset = x->step->unset;

	for (size_t i = 0; unset && i < unset->len; i++) {
		const char *name = unset->items[i];
		size_t width, word;
		struct place place = variable_place(x->in, name, &width, &word);
		const char *near = nearest_variable(x, name);

		if (is_declared(x, name, word) || !is_certain(x, name, near) ||
		    str_has_prefix(name, "BUILDKIT_SBOM_SCAN_"))
			continue;
		lint_report(x->s->l, LINT_UNDEFINED_VAR, x->in, place_of(x, place),
			    x->at->is_trigger ? strlen("FROM") : width,
			    arena_printf(&x->s->l->arena, "Usage of undefined variable '$%s'%s%s%s",
					 name, near ? " (did you mean $" : "", near ? near : "",
					 near ? "?)" : ""));
	}
}

/* --- ENV, LABEL, ARG --- */

/* One of the words between underscores is in the list, in any case. */
static bool has_part(const char *name, const char *const *parts, size_t count)
{
	for (struct slice rest = slice_of(name); rest.ptr;) {
		struct slice part = slice_cut(rest, '_', &rest);

		for (size_t i = 0; i < count; i++) {
			if (part.len == strlen(parts[i]) &&
			    strncasecmp(part.ptr, parts[i], part.len) == 0)
				return true;
		}
	}
	return false;
}

static bool is_secret(const char *name)
{
	static const char *const denied[] = { "apikey", "auth",     "credential", "credentials",
					      "key",    "password", "pword",      "passwd",
					      "secret", "token" };
	static const char *const allowed[] = { "public", "file", "version" };

	return has_part(name, denied, ARRAY_LEN(denied)) &&
	       !has_part(name, allowed, ARRAY_LEN(allowed));
}

static void check_secrets(const struct seen *x, const char *instruction, size_t words_per_pair)
{
	for (size_t i = 0; i < x->step->pair_count; i++) {
		const char *key = x->step->pairs[i].key;
		AUTO(auto_free) char *message = NULL;

		if (!is_secret(key))
			continue;
		message = mem_printf("Do not use ARG or ENV instructions for sensitive data "
				     "(%s \"%s\")",
				     instruction, key);
		report_word(x, LINT_SECRETS, i * words_per_pair, message);
	}
}

static void check_legacy(const struct seen *x)
{
	if (x->in->legacy)
		report_name(x, LINT_LEGACY_KEY_VALUE,
			    "\"%s key=value\" should be used instead of legacy \"%s key value\" "
			    "format");
}

/* --- CMD, ENTRYPOINT, HEALTHCHECK --- */

static void check_once(const struct seen *x, struct tracker *tracker)
{
	const char *name = lint_written(x->s->l, x->in);

	/* the earlier one is what has no effect */
	if (tracker->last)
		lint_report(x->s->l, LINT_MULTIPLE_INSTRUCTIONS, x->in, tracker->place,
			    strlen(name),
			    arena_printf(&x->s->l->arena,
					 "Multiple %s instructions should not be used in the same "
					 "stage because "
					 "only the last one will be used",
					 name));
	tracker->last = x->in;
	tracker->place = place_of(x, x->in->place);
}

static void check_command(const struct seen *x, struct tracker *tracker)
{
	check_once(x, tracker);
	if (!x->in->json && !x->at->scope->has_shell)
		report_name(x, LINT_JSON_ARGS,
			    "JSON arguments recommended for %s to prevent unintended behavior "
			    "related to OS signals");
}

/* --- EXPOSE --- */

static void check_port(const struct seen *x, size_t word, const char *spec)
{
	const char *colon = strrchr(spec, ':');
	const char *slash = strchr(colon ? colon : spec, '/');
	AUTO(auto_free)
	char *casing =
		mem_printf("Defined protocol '%s' in EXPOSE instruction should be lowercase", spec);
	AUTO(auto_free)
	char *format = mem_printf("EXPOSE instruction should not define an IP address or host-port "
				  "mapping, found '%s'",
				  spec);

	for (const char *c = slash; c && *c; c++) {
		if (isupper((unsigned char)*c)) {
			report_word(x, LINT_PROTOCOL_CASING, word, casing);
			break;
		}
	}
	if (colon && strspn(spec, ":") < (size_t)(colon - spec))
		report_word(x, LINT_EXPOSE_FORMAT, word, format);
}

static void check_ports(const struct seen *x)
{
	struct expand_options opt = { .env = &x->at->scope->env,
				      .also = &x->at->scope->args,
				      .escape = x->step->file->escape,
				      .keep_unset = !x->at->scope->base_known };

	for (size_t i = 0; i < x->in->word_count; i++) {
		AUTO(str_list_free) struct str_list specs = { 0 };
		struct err ignored = { 0 };

		if (!expand_words(&specs, x->in->words[i].text, &opt, NULL, &ignored))
			continue;
		for (size_t k = 0; k < specs.len; k++)
			check_port(x, i, specs.items[k]);
	}
}

/* --- WORKDIR, COPY, ADD --- */

static void check_workdir(const struct seen *x)
{
	bool *set = &x->s->workdir_set[x->at->stage];
	AUTO(auto_free) char *message = NULL;

	if (!*set && x->step->relative) {
		message = mem_printf("Relative workdir \"%s\" can have unexpected results if the "
				     "base image changes",
				     x->step->relative);
		report_word(x, LINT_RELATIVE_WORKDIR, 0, message);
	}
	*set = true;
}

/* .dockerignore says nothing of files that are made here. */
static bool is_made(const struct build_request *req, const char *path)
{
	for (size_t i = 0; req->context_files && i < req->context_files->len; i++)
		if (str_eq(req->context_files->items[i].path, path))
			return true;
	return false;
}

/* With a "!" in .dockerignore it cannot be told what becomes of a directory. */
static void check_sources(const struct seen *x)
{
	const struct dockerignore *ignored = x->s->view->ignored;
	const struct step_copy *c = &x->step->copy;

	if (!ignored || c->from || dockerignore_has_exceptions(ignored))
		return;
	for (size_t i = 0; i < c->source_count; i++) {
		AUTO(auto_free) char *path = fs_clean(*c->sources[i] ? c->sources[i] : ".");
		const char *relative = path + (*path == '/');
		bool is_root = !*relative || str_eq(path, ".");
		struct place place = c->source_places[i];

		if (download_is_url(c->sources[i]) || download_is_git(c->sources[i]) ||
		    is_made(x->s->plan->request, relative))
			continue;
		if (is_root ? !dockerignore_is_total(ignored)
			    : !dockerignore_matches(ignored, relative))
			continue;
		lint_report(
			x->s->l, LINT_COPY_IGNORED, x->in, place_of(x, place),
			strlen(c->sources[i]),
			arena_printf(
				&x->s->l->arena,
				"Attempting to %s file \"%s\" that is excluded by .dockerignore",
				c->is_add ? "Add" : "Copy", path));
	}
}

/* --- all of them --- */

static bool check_step(void *arg, const struct survey_step *at, struct err *err)
{
	struct steps_lint *s = arg;
	const struct seen x = { s, at, at->step, at->step->in, s->plan->stages[at->stage].from };

	(void)err;
	check_variables(&x);
	switch (x.in->kind) {
	case INSTRUCTION_ENV:
		check_legacy(&x);
		check_secrets(&x, "ENV", 2);
		break;
	case INSTRUCTION_LABEL:
		check_legacy(&x);
		break;
	case INSTRUCTION_ARG:
		check_secrets(&x, "ARG", 1);
		break;
	case INSTRUCTION_CMD:
		check_command(&x, &s->cmd);
		break;
	case INSTRUCTION_ENTRYPOINT:
		check_command(&x, &s->entrypoint);
		break;
	case INSTRUCTION_HEALTHCHECK:
		check_once(&x, &s->healthcheck);
		break;
	case INSTRUCTION_EXPOSE:
		check_ports(&x);
		break;
	case INSTRUCTION_WORKDIR:
		check_workdir(&x);
		break;
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		check_sources(&x);
		break;
	case INSTRUCTION_FROM:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_ONBUILD:
	case INSTRUCTION_RUN:
	case INSTRUCTION_SHELL:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_VOLUME:
		break;
	}
	return true;
}

static void begin_stage(void *arg, size_t stage, const struct scope *scope)
{
	struct steps_lint *s = arg;
	size_t base = s->plan->stages[stage].base_stage;

	(void)scope;
	s->entrypoint = s->cmd = s->healthcheck = (struct tracker){ 0 };
	s->workdir_set[stage] = base != SIZE_MAX && s->workdir_set[base];
}

static const struct config *base_config(void *arg, const struct plan_stage *stage)
{
	struct steps_lint *s = arg;
	const struct config *config = s->view->base ? s->view->base(s->view->arg, stage) : NULL;
	struct platform actual = { 0 };

	if (!config || stage->base_context)
		return config;
	actual = config_platform(config);
	if (!str_eq(actual.os, stage->platform.os) ||
	    !str_eq(actual.architecture, stage->platform.architecture))
		lint_report(s->l, LINT_BASE_PLATFORM, stage->from, stage->from->words[0].place,
			    strlen(stage->from->words[0].text),
			    arena_printf(&s->l->arena,
					 "Base image %s was pulled with platform \"%s\", expected "
					 "\"%s\" for "
					 "current build",
					 stage->base, platform_format(&actual).text,
					 platform_format(&stage->platform).text));
	return config;
}

static void find_declared(struct steps_lint *s)
{
	const struct dockerfile *file = s->plan->file;

	for (size_t i = 0; i < file->instruction_count; i++) {
		const struct instruction *in = &file->instructions[i];
		size_t step = in->kind == INSTRUCTION_ENV ? 2 : 1;

		if (in->kind != INSTRUCTION_ARG && in->kind != INSTRUCTION_ENV)
			continue;
		for (size_t k = 0; k < in->word_count; k += step) {
			AUTO(auto_free)
			char *name =
				mem_strndup(in->words[k].text, strcspn(in->words[k].text, "="));

			map_put(&s->declared, name, s);
		}
	}
}

bool lint_steps(struct lint *l, const struct plan *plan, const struct lint_view *view,
		struct err *err)
{
	AUTO(auto_free) bool *workdir_set = mem_alloc(plan->stage_count * sizeof(*workdir_set));
	struct steps_lint s = { .l = l, .plan = plan, .view = view, .workdir_set = workdir_set };
	struct survey survey = { .plan = plan,
				 .all = view->all,
				 .base = base_config,
				 .step = check_step,
				 .stage = begin_stage,
				 .arg = &s };
	bool ok;

	find_declared(&s);
	ok = survey_run(&survey, err);
	map_free(&s.declared);
	return ok;
}
