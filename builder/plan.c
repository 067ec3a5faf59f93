// SPDX-License-Identifier: Apache-2.0
#include "builder/plan.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/expand.h"
#include "builder/interpret.h"
#include "builder/mountargs.h"
#include "builder/owner.h"
#include "builder/quote.h"
#include "builder/view.h"
#include "image/reference.h"

/* The stage graph. How a stage is built is execute.c's business. */

/* --- arguments before FROM --- */

static bool global_arg(struct plan *p, const struct word *word, struct err *err)
{
	const char *sign = strchr(word->text, '=');
	size_t len = sign ? (size_t)(sign - word->text) : strlen(word->text);
	AUTO(auto_free) char *key = mem_strndup(word->text, len);
	const char *given = scope_build_arg(&p->globals, key);
	const char *value = given;

	if (!given && sign) {
		struct word def = { .text = sign + 1, .place = word->place };

		def.place.column += (int)len + 1;
		if (!interpret_word(&value, &p->arena, p->file, &def, &p->globals.args, err))
			return false;
	}
	if (value)
		map_put_text(&p->globals.args, key, value);
	return true;
}

/* --- FROM --- */

static const char *lower(struct plan *p, const char *text)
{
	char *out = arena_strdup(&p->arena, text);

	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

static bool name_is_valid(const char *name)
{
	if (!islower((unsigned char)name[0]))
		return false;
	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")];
}

/* The stage of that name among the first `count`, the last one when there are several; SIZE_MAX:
 * none. */
static size_t find_stage(const struct plan *p, size_t count, const char *name)
{
	for (size_t i = count; i > 0; i--) {
		if (p->stages[i - 1].name && strcasecmp(p->stages[i - 1].name, name) == 0)
			return i - 1;
	}
	return SIZE_MAX;
}

/* Whether names are those of one image, however much of them is left to be understood. */
static bool same_image(const char *a, const char *b)
{
	struct reference left, right;
	struct err ignored = { 0 };

	if (!reference_parse(&left, a, &ignored) || !reference_parse(&right, b, &ignored))
		return false;
	reference_default_tag(&left);
	reference_default_tag(&right);
	return str_eq(reference_format(&left).text, reference_format(&right).text);
}

/* As buildx and BuildKit (dockerui, NamedContext): one for this platform, "NAME::OS/ARCH", goes
 * first. */
static const struct build_context *find_context(const struct plan *p, const char *name,
						const struct platform *platform)
{
	AUTO(auto_free) char *own = mem_printf("%s::%s", name, platform_format(platform).text);
	const char *const names[] = { own, name };

	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		for (size_t i = 0; i < p->request->context_count; i++)
			if (strcasecmp(p->request->contexts[i].name, names[k]) == 0)
				return &p->request->contexts[i];
	for (size_t i = 0; i < p->request->context_count; i++)
		if (same_image(p->request->contexts[i].name, name))
			return &p->request->contexts[i];
	return NULL;
}

static bool stage_name(struct plan *p, struct plan_stage *s, struct err *err)
{
	const struct word *word = s->from->word_count == 3 ? &s->from->words[2] : NULL;
	const char *name;

	if (!word)
		return true;
	name = lower(p, word->text);
	if (!name_is_valid(name)) {
		err_set(err, E_INPUT, "'%s' cannot be the name of a stage", word->text);
		err_hint(err, "it begins with a letter; letters, digits and - _ . may follow");
		return dockerfile_at(p->file, word->place, (int)strlen(word->text), err);
	}
	s->name = name;
	return true;
}

/* "did you mean" for a variable of a FROM that nothing sets. */
static void hint_global(const struct plan *p, const char *text, struct err *err)
{
	AUTO(str_list_free) struct str_list unset = { 0 };
	AUTO(auto_free) char *ignored_text = NULL;
	AUTO(auto_free)
	const char **names = mem_alloc((p->globals.args.len + 1) * sizeof(*names));
	struct expand_options opt = { .env = &p->globals.args,
				      .escape = p->file->escape,
				      .unset_out = &unset };
	struct err ignored = { 0 };

	for (size_t i = 0; i < p->globals.args.len; i++)
		names[i] = p->globals.args.items[i].key;
	if (!expand_word(&ignored_text, text, &opt, NULL, &ignored))
		return;
	for (size_t i = 0; i < unset.len; i++) {
		const char *near = str_nearest(unset.items[i], names, p->globals.args.len);

		if (near) {
			err_hint(err, "did you mean $%s?", near);
			return;
		}
	}
}

static bool stage_platform(struct plan *p, struct plan_stage *s, struct err *err)
{
	const struct flag *flag = instruction_find_flag(s->from, "platform");
	struct word word;
	const char *text;

	s->platform = p->request->platform;
	if (!flag)
		return true;
	word = (struct word){ .text = flag->value, .place = flag_value_place(flag, 0) };
	if (!interpret_word(&text, &p->arena, p->file, &word, &p->globals.args, err))
		return false;
	if (!*text)
		err_set(err, E_INPUT, "--platform is empty ('%s')", flag->value);
	else if (platform_parse(&s->platform, text, err))
		return true;
	hint_global(p, flag->value, err);
	err_hint(err, "leave it out, or give one: linux/arm64");
	return dockerfile_at(p->file, word.place, (int)strlen(flag->value), err);
}

static bool stage_from(struct plan *p, struct plan_stage *s, size_t index, struct err *err)
{
	const struct word *word = &s->from->words[0];

	if (!interpret_word(&s->base, &p->arena, p->file, word, &p->globals.args, err))
		return false;
	if (!*s->base) {
		err_set(err, E_INPUT, "the image name is empty ('%s')", word->text);
		hint_global(p, word->text, err);
		err_hint(err, "give a default before FROM (ARG NAME=value), or --build-arg");
		return dockerfile_at(p->file, word->place, (int)strlen(word->text), err);
	}
	if (!stage_platform(p, s, err) || !stage_name(p, s, err))
		return false;
	s->base_context = s->name ? find_context(p, s->name, &s->platform) : NULL;
	s->is_replaced = s->base_context != NULL;
	if (!s->is_replaced)
		s->base_context = find_context(p, s->base, &s->platform);
	s->base_stage = s->base_context ? SIZE_MAX : find_stage(p, index, s->base);
	s->is_scratch = !s->base_context && s->base_stage == SIZE_MAX && str_eq(s->base, "scratch");
	if (s->base_stage != SIZE_MAX) /* as BuildKit: a stage stays what it goes on from */
		s->platform = p->stages[s->base_stage].platform;
	return true;
}

static bool make_stages(struct plan *p, struct err *err)
{
	const struct dockerfile *file = p->file;

	p->stages = ARENA_ARRAY(&p->arena, struct plan_stage, file->instruction_count);
	for (size_t i = 0; i < file->instruction_count; i++) {
		const struct instruction *in = &file->instructions[i];
		struct plan_stage *s;

		if (in->kind != INSTRUCTION_FROM) {
			for (size_t k = 0; !p->stage_count && k < in->word_count; k++) {
				if (!global_arg(p, &in->words[k], err))
					return false;
			}
			continue;
		}
		s = &p->stages[p->stage_count];
		s->from = in;
		s->instructions = in + 1;
		if (!stage_from(p, s, p->stage_count, err))
			return false;
		for (size_t k = i + 1;
		     k < file->instruction_count && file->instructions[k].kind != INSTRUCTION_FROM;
		     k++)
			s->instruction_count += !s->is_replaced;
		p->stage_count++;
	}
	return true;
}

/* --- what is needed --- */

bool plan_source(struct plan_source *out, const struct plan *p, size_t stage, const char *from,
		 struct err *err)
{
	uint64_t number;

	*out = (struct plan_source){ .stage = SIZE_MAX,
				     .context = find_context(p, from, &p->stages[stage].platform) };
	if (out->context) {
		out->kind = PLAN_SOURCE_CONTEXT;
		return true;
	}
	if (str_to_u64(&number, slice_of(from), SIZE_MAX - 1)) {
		out->stage = (size_t)number;
		if (out->stage >= p->stage_count) {
			err_set(err, E_INPUT, "there is no stage number %s", from);
			return err_hint(err, "stages count from 0; this is stage %zu", stage);
		}
	} else {
		out->stage = find_stage(p, p->stage_count, from);
	}
	if (out->stage == SIZE_MAX) {
		out->kind = PLAN_SOURCE_IMAGE;
		out->image = from;
		return true;
	}
	if (out->stage < stage)
		return true;
	err_set(err, E_INPUT, "cannot take files from stage '%s': it %s", from,
		out->stage == stage ? "is this very stage" : "comes later");
	return err_hint(err, "a stage can only use those before it");
}

static bool mark_used(struct plan *p, size_t index, struct err *err);

/* What one flag takes files from, as seen from stage `index`. */
static bool mark_source(struct plan *p, size_t index, const char *from, struct place place,
			int width, struct err *err)
{
	struct plan_source source;

	if (!plan_source(&source, p, index, from, err))
		return dockerfile_at(p->file, place, width, err);
	if (source.kind == PLAN_SOURCE_CONTEXT && source.context->kind == BUILD_CONTEXT_IMAGE)
		source.image = source.context->path;
	if (source.image)
		*ARRAY_PUSH(&p->images) =
			(struct plan_image){ source.image, p->stages[index].platform };
	return source.stage == SIZE_MAX || mark_used(p, source.stage, err);
}

/* COPY --from and RUN --mount=from=; a trigger's are those of the stage it runs in. */
static bool mark_sources(struct plan *p, size_t index, const struct instruction *in,
			 struct err *err)
{
	for (size_t i = 0; i < in->flag_count; i++) {
		const struct flag *flag = &in->flags[i];
		const char *from = flag->value;
		const bool in_mount = in->kind == INSTRUCTION_RUN;
		size_t at = 0, width;

		if (in_mount && str_eq(flag->spec->name, "mount"))
			from = mountargs_from(&at, &p->arena, flag);
		else if (in->kind != INSTRUCTION_COPY || !str_eq(flag->spec->name, "from") ||
			 strchr(from, '$'))
			continue;
		if (!from)
			continue;
		width = strlen(in_mount ? "from=" : "--from=") + strlen(from);
		if (!mark_source(p, index, from,
				 in_mount ? flag_value_place(flag, at) : flag->place, (int)width,
				 err))
			return false;
	}
	return true;
}

static bool mark_used(struct plan *p, size_t index, struct err *err)
{
	struct plan_stage *s = &p->stages[index];
	const struct plan_stage *base =
		s->base_stage != SIZE_MAX ? &p->stages[s->base_stage] : NULL;

	if (s->used)
		return true;
	s->used = true;
	if (base && !mark_used(p, s->base_stage, err))
		return false;
	for (size_t i = 0; base && i < base->instruction_count; i++) {
		const struct instruction *in = &base->instructions[i];

		if (in->trigger && !mark_sources(p, index, in->trigger, err))
			return false;
	}
	for (size_t i = 0; i < s->instruction_count; i++) {
		if (!mark_sources(p, index, &s->instructions[i], err))
			return false;
	}
	return true;
}

static bool find_target(struct plan *p, struct err *err)
{
	const char *target = p->request->target;
	AUTO(buf_free) struct buf all = BUF_INIT(ERR_HINT_MAX * 32);
	const char *names[16];
	const char *near;
	size_t count = 0;
	uint64_t number;

	p->target = p->stage_count - 1;
	if (!target || !*target)
		return true;
	p->target = find_stage(p, p->stage_count, target);
	if (p->target != SIZE_MAX)
		return true;
	if (str_to_u64(&number, slice_of(target), p->stage_count - 1)) {
		p->target = (size_t)number;
		return true;
	}
	for (size_t i = 0; i < p->stage_count && count < ARRAY_LEN(names); i++) {
		if (p->stages[i].name)
			names[count++] = p->stages[i].name;
	}
	near = str_nearest(target, names, count);
	err_set(err, E_NOT_FOUND, "%s has no stage '%s'", p->file->name, target);
	if (near)
		return err_hint(err, "did you mean %s?", near);
	for (size_t i = 0; i < count; i++)
		buf_putf(&all, "%s%.40s", i ? ", " : "", names[i]);
	return err_hint(err, "stages are %s%s0 to %zu", all.ptr, count ? ", or by number " : "",
			p->stage_count - 1);
}

static bool is_declared(const struct plan *p, const char *name)
{
	static const char *const known[] = { "SOURCE_DATE_EPOCH" };

	if (scope_is_proxy(name) || str_has_prefix(name, "BUILDKIT_") ||
	    map_has(&p->globals.args, name))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (str_eq(name, known[i]))
			return true;
	}
	for (size_t i = 0; i < p->file->instruction_count; i++) {
		const struct instruction *in = &p->file->instructions[i];

		for (size_t k = 0; in->kind == INSTRUCTION_ARG && k < in->word_count; k++) {
			struct slice key =
				slice_cut(slice_of(in->words[k].text), '=', &(struct slice){ 0 });

			if (slice_eq(key, name))
				return true;
		}
	}
	return false;
}

/* Takes the place of the syntax directive, and is no more obeyed than that. */
static void note_frontend(struct plan *p)
{
	const char *name =
		p->request->build_args ? map_text(p->request->build_args, "BUILDKIT_SYNTAX") : NULL;

	if (name && *name && !dockerfile_is_own_frontend(slice_of(name)))
		str_list_push_take(&p->notes, mem_printf("BUILDKIT_SYNTAX: the frontend '%s' is "
							 "not run: the file is read as a "
							 "Dockerfile",
							 name));
}

static void note_undeclared(struct plan *p)
{
	const struct map *given = p->request->build_args;

	for (size_t i = 0; given && i < given->len; i++) {
		if (!is_declared(p, given->items[i].key))
			str_list_push_take(&p->notes,
					   mem_printf("no ARG declares the build argument '%s'",
						      given->items[i].key));
	}
}

/* BuildKit passes over them in silence: a slip of the pen would go unseen. */
static void note_filters(struct plan *p)
{
	const struct str_list *names = p->request->no_cache_stages;
	uint64_t number;

	for (size_t i = 0; names && i < names->len; i++)
		if (find_stage(p, p->stage_count, names->items[i]) == SIZE_MAX &&
		    !str_to_u64(&number, slice_of(names->items[i]), p->stage_count - 1))
			str_list_push_take(&p->notes,
					   mem_printf("--no-cache-filter: there is no stage '%s'",
						      names->items[i]));
}

bool plan_make(struct plan *out, const struct dockerfile *file, const struct build_request *req,
	       struct err *err)
{
	*out = (struct plan){ .file = file, .request = req };
	scope_globals_init(&out->globals, req->build_args, &req->platform, req->target);
	if (!make_stages(out, err) || !find_target(out, err) || !mark_used(out, out->target, err))
		return false;
	note_frontend(out);
	note_undeclared(out);
	note_filters(out);
	return true;
}

void plan_free(struct plan *p)
{
	scope_globals_free(&p->globals);
	free(p->images.items);
	str_list_free(&p->notes);
	arena_free(&p->arena);
}

/* A registry that hides what is not there refuses it (Docker Hub does), and without a network
 * nothing is there. */
static bool is_absence(enum err_code code)
{
	return code == E_NOT_FOUND || code == E_INPUT || code == E_AUTH || code == E_NETWORK;
}

void plan_hint_stage(const struct plan *p, const char *image, struct err *err)
{
	AUTO(auto_free) char *name = mem_strdup(image);

	if (!is_absence(err->code) || strchr(image, '/'))
		return;
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < p->stage_count; i++) {
		const char *stage = p->stages[i].name;

		if (!stage || !(str_eq(stage, name) || str_nearest(name, &stage, 1)))
			continue;
		err->hint[0] = '\0'; /* a slip of the pen says more than images of like names */
		if (str_eq(stage, name))
			err_hint(err, "the stage %s comes later: it must stand before this one",
				 stage);
		else
			err_hint(err, "did you mean the stage %s?", stage);
		return;
	}
}

const char *plan_stage_label(struct plan *p, size_t stage)
{
	return p->stages[stage].name ? p->stages[stage].name
				     : arena_printf(&p->arena, "%zu", stage);
}

const char *plan_step_needs_tree(const struct step *step)
{
	const struct step_copy *c = &step->copy;

	switch (step->kind) {
	case INSTRUCTION_RUN:
		return "RUN";
	case INSTRUCTION_WORKDIR:
		return step->has_layer && view_is_linky(step->text + 1)
			       ? "a destination that may lead through a link"
			       : NULL;
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		return !c->link && view_is_linky(c->dest + 1)
			       ? "a destination that may lead through a link"
			       : NULL;
	case INSTRUCTION_ARG:
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_ENV:
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_FROM:
	case INSTRUCTION_HEALTHCHECK:
	case INSTRUCTION_LABEL:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_ONBUILD:
	case INSTRUCTION_SHELL:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_VOLUME:
		break;
	}
	return NULL;
}

const char *plan_step_needs_base(const struct step *step)
{
	const char *why = plan_step_needs_tree(step);
	const char *chown = step->copy.chown;

	if (why)
		return why;
	if (step->kind == INSTRUCTION_WORKDIR && step->has_layer && *step->user &&
	    owner_has_names(step->user))
		return "the name of a user";
	return chown && *chown && owner_has_names(chown) ? "the name of an owner" : NULL;
}
