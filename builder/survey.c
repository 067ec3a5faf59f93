// SPDX-License-Identifier: Apache-2.0
#include "builder/survey.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "builder/interpret.h"

/* One pass over the stages. Nothing here knows what the steps are for. */

/* What is left of a stage for those that go on from it. */
struct surveyed {
	bool done;
	struct scope scope;
};

struct pass {
	const struct survey *survey;
	struct arena arena;
	struct surveyed *stages;
	struct { /* triggers of base images, parsed */
		struct dockerfile **items;
		size_t len, cap;
	} triggers;
};

static void pass_free(struct pass *p)
{
	for (size_t i = 0; p->stages && i < p->survey->plan->stage_count; i++) {
		if (p->stages[i].done)
			scope_free(&p->stages[i].scope);
	}
	for (size_t i = 0; i < p->triggers.len; i++) {
		dockerfile_free(p->triggers.items[i]);
		free(p->triggers.items[i]);
	}
	free(p->triggers.items);
	free(p->stages);
	arena_free(&p->arena);
}

static bool take_step(struct pass *p, size_t stage, const struct dockerfile *file,
		      const struct instruction *in, bool is_trigger, struct err *err)
{
	struct scope *scope = &p->stages[stage].scope;
	struct step step;
	struct survey_step seen = { .step = &step,
				    .stage = stage,
				    .scope = scope,
				    .env_before = scope->env.len,
				    .args_before = scope->args.len,
				    .declared_before = scope->declared.len,
				    .is_trigger = is_trigger };

	return interpret_step(&step, scope, file, in, err) &&
	       p->survey->step(p->survey->arg, &seen, err);
}

static bool image_triggers(struct pass *p, size_t stage, const struct config *base, struct err *err)
{
	json_t *list = config_member(base, "OnBuild");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		const char *name = arena_printf(&p->arena, "ONBUILD of %s",
						p->survey->plan->stages[stage].base);
		struct dockerfile *file;

		if (!text)
			continue;
		file = *ARRAY_PUSH(&p->triggers) = mem_alloc(sizeof(*file));
		if (!dockerfile_parse_trigger(file, name, text, err) ||
		    !take_step(p, stage, file, &file->instructions[0], true, err))
			return false;
	}
	return true;
}

static bool stage_triggers(struct pass *p, size_t stage, const struct plan_stage *base,
			   struct err *err)
{
	for (size_t i = 0; i < base->instruction_count; i++) {
		const struct instruction *in = base->instructions[i].trigger;

		if (in && !take_step(p, stage, p->survey->plan->file, in, true, err))
			return false;
	}
	return true;
}

/* Its scope as its base leaves it; *base_out is the config of an image, when it is known. */
static void begin(struct pass *p, size_t stage, const struct config **base_out)
{
	const struct survey *survey = p->survey;
	const struct plan_stage *s = &survey->plan->stages[stage];
	struct scope *scope = &p->stages[stage].scope;
	struct config empty = { 0 };

	*base_out = NULL;
	p->stages[stage].done = true;
	if (s->base_stage != SIZE_MAX) {
		scope_copy(scope, &p->stages[s->base_stage].scope, &p->arena);
		return;
	}
	if (!s->is_scratch && survey->base)
		*base_out = survey->base(survey->arg, s);
	config_init(&empty, &s->platform);
	scope_init(scope, &survey->plan->globals, s->is_scratch ? &empty : *base_out, &p->arena);
	config_free(&empty);
}

static bool take_stage(struct pass *p, size_t stage, struct err *err)
{
	const struct plan *plan = p->survey->plan;
	const struct plan_stage *s = &plan->stages[stage];
	const struct config *base;

	begin(p, stage, &base);
	if (p->survey->stage)
		p->survey->stage(p->survey->arg, stage, &p->stages[stage].scope);
	if ((base && !image_triggers(p, stage, base, err)) ||
	    (s->base_stage != SIZE_MAX &&
	     !stage_triggers(p, stage, &plan->stages[s->base_stage], err)))
		return false;
	for (size_t i = 0; i < s->instruction_count; i++) {
		if (!take_step(p, stage, plan->file, &s->instructions[i], false, err))
			return false;
	}
	return true;
}

bool survey_run(const struct survey *survey, struct err *err)
{
	AUTO(pass_free) struct pass p = { .survey = survey };

	p.stages = mem_alloc(survey->plan->stage_count * sizeof(*p.stages));
	for (size_t i = 0; i < survey->plan->stage_count; i++) {
		if ((survey->all || survey->plan->stages[i].used) && !take_stage(&p, i, err))
			return false;
	}
	return true;
}
