// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "builder/apply.h"
#include "builder/contextbase.h"
#include "builder/driver.h"
#include "builder/interpret.h"
#include "builder/owner.h"

/*
 * One stage: its base, its steps with everything expanded, then each step in turn. A stage reads
 * only the request, the plan and stages that are done, so that ready ones run beside each other.
 */

struct steps {
	struct step *items;
	size_t len, cap;
};

static void steps_free(struct steps *s)
{
	free(s->items);
}

/* --- where it starts --- */

static bool load_tree(void *arg, struct tree **out, struct err *err);

/* What the view's loader needs: it lives in the product's arena. */
struct loader {
	struct build *build;
	struct product *product;
};

static bool load_tree(void *arg, struct tree **out, struct err *err)
{
	struct loader *l = arg;
	struct product *p = l->product;

	if (p->base && !base_fetch(l->build, p->base, err))
		return false;
	return base_tree(out, l->build, p->base, p->layers.items, p->layers.len, err);
}

static struct loader *make_loader(struct build *b, struct product *p)
{
	struct loader *l = ARENA_NEW(&p->arena, struct loader);

	*l = (struct loader){ .build = b, .product = p };
	return l;
}

static void begin_empty(struct build *b, struct product *p, const struct plan_stage *stage)
{
	config_init(&p->config, &stage->platform);
	apply_scratch(&p->config);
	view_init(&p->view, VIEW_EMPTY, load_tree, make_loader(b, p));
}

static bool begin_image(struct build *b, struct product *p, const struct plan_stage *stage,
			struct err *err)
{
	const char *name = stage->base;
	const struct word *word = &stage->from->words[0];

	if (stage->base_context)
		name = stage->base_context->path;
	if (!base_get(&p->base, b, name, &stage->platform, err)) {
		err_wrap(err, "FROM");
		return dockerfile_at(b->plan->file, word->place, (int)strlen(word->text), err);
	}
	config_copy(&p->config, &p->base->image.config);
	if (config_repair_history(&p->config))
		event_note(b->env->events,
			   "%s: its history did not fit its layers and was completed", name);
	view_init(&p->view, p->base->image.manifest.layer_count ? VIEW_UNREAD : VIEW_EMPTY,
		  load_tree, make_loader(b, p));
	return true;
}

static void begin_stage(struct build *b, struct product *p, const struct product *from)
{
	p->base = from->base;
	config_copy(&p->config, &from->config);
	for (size_t i = 0; i < from->layers.len; i++)
		*ARRAY_PUSH(&p->layers) = from->layers.items[i];
	view_inherit(&p->view, &from->view, load_tree, make_loader(b, p));
	scope_copy(&p->scope, &from->scope, &p->arena);
}

/* --- its steps --- */

static bool add_step(struct steps *steps, struct product *p, const struct dockerfile *file,
		     const struct instruction *in, struct err *err)
{
	return interpret_step(ARRAY_PUSH(steps), &p->scope, file, in, err);
}

/* The base's triggers, in order, before the stage's own instructions (row 48). */
static bool add_triggers(struct steps *steps, struct product *p, const struct plan_stage *stage,
			 json_t *triggers, struct err *err)
{
	for (size_t i = 0; i < json_array_size(triggers); i++) {
		const char *text = json_string_value(json_array_get(triggers, i));
		struct trigger *t;

		if (!text)
			continue;
		t = mem_alloc(sizeof(*t));
		t->name = mem_printf("ONBUILD of %s", stage->base);
		t->next = p->triggers;
		p->triggers = t;
		if (!dockerfile_parse_trigger(&t->file, t->name, text, err) ||
		    !add_step(steps, p, &t->file, &t->file.instructions[0], err))
			return false;
	}
	return true;
}

/*
 * A context that comes in parts: the step copies all of it, so it becomes a step for each part,
 * and each part a layer.
 */
static bool divide_step(struct steps *steps, struct build *b, size_t stage, struct err *err)
{
	struct product *p = &b->products[stage];
	const struct step whole = steps->items[steps->len - 1];
	const struct step_copy *c = &whole.copy;
	struct plan_source source;

	if (whole.kind != INSTRUCTION_COPY || !c->from || c->exclude_count || c->inline_count ||
	    c->source_count != 1 || c->sources[0][strspn(c->sources[0], "./")])
		return true;
	if (!plan_source(&source, b->plan, stage, c->from, err))
		return dockerfile_at(whole.file, c->from_place, 0, err);
	if (source.kind != PLAN_SOURCE_CONTEXT || !source.context->group_count)
		return true;
	steps->len--;
	for (size_t i = 0; i < source.context->group_count; i++) {
		const struct build_group *group = &source.context->groups[i];
		struct step *part = ARRAY_PUSH(steps);

		*part = whole;
		part->copy.group = group;
		part->history = arena_printf(&p->arena, "%s: %s", whole.history, group->title);
	}
	return true;
}

static bool make_steps(struct steps *steps, struct build *b, size_t number, json_t *triggers,
		       struct err *err)
{
	struct product *p = &b->products[number];
	const struct plan_stage *stage = &b->plan->stages[number];

	if (!add_triggers(steps, p, stage, triggers, err))
		return false;
	for (size_t i = 0; i < stage->instruction_count; i++) {
		if (!add_step(steps, p, b->plan->file, &stage->instructions[i], err) ||
		    !divide_step(steps, b, number, err))
			return false;
	}
	return true;
}

/* Decided before the first step, by the Dockerfile alone: see view.h. */
static void decide_view(struct build *b, struct product *p, const struct steps *steps)
{
	for (size_t i = 0; i < steps->len; i++) {
		const char *why = plan_step_needs_tree(&steps->items[i]);

		if (!why || p->view.base != VIEW_UNREAD)
			continue;
		event_detail(b->env->events, "the base's files are needed: %s", why);
		view_demand(&p->view);
	}
}

/* --- one step --- */

/* As BuildKit writes it: nothing when the only stage has no name, else "build " or "stage-1 "; the
 * platform in front when there are several. */
static char *stage_prefix(const struct build *b, size_t stage)
{
	const char *name = b->plan->stages[stage].name;
	AUTO(auto_free)
	char *own = name                        ? mem_printf("%s ", name)
		    : b->plan->stage_count == 1 ? mem_strdup("")
						: mem_printf("stage-%zu ", stage);

	return b->platform ? mem_printf("%s %s", b->platform, own) : STEAL(own);
}

static bool run_step(struct build *b, size_t stage, const struct step *step, size_t number,
		     size_t count, bool cmd_is_own, struct err *err)
{
	struct product *p = &b->products[stage];
	AUTO(auto_free)
	char *shown = str_printable(step->in->original, strlen(step->in->original), 200);
	AUTO(auto_free) char *label = stage_prefix(b, stage);
	const struct build_group *group = step->copy.group;
	uint64_t task = event_start(b->env->events, "[%s%zu/%zu] %s%s%s", label, number, count,
				    shown, group ? ": " : "", group ? group->title : "");
	struct layer layer;
	bool cached = false;
	bool ok = true;

	if (step->kind == INSTRUCTION_RUN)
		ok = runstep_run(&layer, &cached, b, stage, step, task, err);
	else if (step->has_layer)
		ok = copystep_run(&layer, &cached, b, stage, step, err);
	if (!ok) {
		event_failed(b->env->events, task);
		return false;
	}
	apply_step(&p->config, step, cmd_is_own);
	apply_history(&p->config, step, b->created, step->has_layer ? &layer.diff_id : NULL);
	if (step->has_layer)
		*ARRAY_PUSH(&p->layers) = layer;
	if (step->kind == INSTRUCTION_RUN)
		view_forget(&p->view);
	event_done(b->env->events, task, "%s",
		   cached            ? "cached"
		   : step->has_layer ? digest_format(&layer.descriptor.digest).text
				     : "done");
	return true;
}

static bool run_steps(struct build *b, size_t stage, const struct steps *steps, struct err *err)
{
	bool cmd_is_own = false;

	for (size_t i = 0; i < steps->len; i++) {
		const struct step *step = &steps->items[i];

		if (!cancel_check(err))
			return false;
		if (step->kind == INSTRUCTION_CMD)
			cmd_is_own = true;
		if (!run_step(b, stage, step, i + 1, steps->len, cmd_is_own, err))
			return false;
	}
	return true;
}

static bool begin(struct build *b, size_t stage, struct err *err)
{
	struct product *p = &b->products[stage];
	const struct plan_stage *s = &b->plan->stages[stage];

	if (s->base_stage != SIZE_MAX) {
		if (!execute_stage(b, s->base_stage, err))
			return false;
		begin_stage(b, p, &b->products[s->base_stage]);
	} else if (s->is_scratch) {
		begin_empty(b, p, s);
	} else if (s->base_context && s->base_context->kind != BUILD_CONTEXT_IMAGE) {
		begin_empty(b, p, s);
		return contextbase_begin(b, stage, err);
	} else if (!begin_image(b, p, s, err)) {
		return false;
	}
	return true;
}

static bool do_stage(struct build *b, size_t stage, struct err *err)
{
	struct product *p = &b->products[stage];
	const struct plan_stage *s = &b->plan->stages[stage];
	AUTO(steps_free) struct steps steps = { 0 };
	AUTO(auto_json_decref) json_t *triggers = NULL;

	if (!begin(b, stage, err))
		return false;
	triggers = json_incref(config_member(&p->config, "OnBuild"));
	apply_base(&p->config);
	if (s->base_stage == SIZE_MAX)
		scope_init(&p->scope, &b->plan->globals, &p->config, &p->arena);
	if (p->view.base == VIEW_UNREAD)
		view_assume_dir(&p->view, p->scope.workdir + 1);
	if (!make_steps(&steps, b, stage, triggers, err))
		return false;
	decide_view(b, p, &steps);
	return run_steps(b, stage, &steps, err);
}

/* True: the stage is the caller's to do. Otherwise it is over. */
static bool claim(struct shared *s, struct product *p)
{
	bool mine;

	lock_take(&s->lock);
	while (p->state == PRODUCT_RUNNING)
		cond_wait(&s->changed, &s->lock);
	mine = p->state == PRODUCT_NEW;
	if (mine)
		p->state = PRODUCT_RUNNING;
	lock_drop(&s->lock);
	return mine;
}

static void settle(struct shared *s, struct product *p, bool ok)
{
	lock_take(&s->lock);
	p->state = ok ? PRODUCT_DONE : PRODUCT_FAILED;
	cond_broadcast(&s->changed);
	lock_drop(&s->lock);
}

bool execute_stage(struct build *b, size_t stage, struct err *err)
{
	struct product *p = &b->products[stage];
	bool ok;

	if (!claim(b->shared, p)) {
		ok = p->state == PRODUCT_DONE; /* it changes no more */
		return ok || err_set(err, E_CANCELLED, "a stage it needs failed");
	}
	ok = do_stage(b, stage, err);
	if (!ok && b->platform)
		err_wrap(err, "%s", b->platform);
	if (!ok)
		shared_fail(b->shared, err);
	settle(b->shared, p, ok);
	return ok;
}

struct layer_options execute_layer_options(const struct build *b, size_t stage)
{
	struct layer_options opt = b->req->layer;
	size_t s = b->plan->target;

	while (s != stage && s != SIZE_MAX)
		s = b->plan->stages[s].base_stage;
	opt.follower = s == stage ? b->env->follower : NULL;
	return opt;
}

bool execute_files(struct tree **out, struct build *b, size_t stage, struct err *err)
{
	struct product *p = &b->products[stage];
	bool ok;

	if (p->base && !base_fetch(b, p->base, err))
		return false;
	lock_take(&p->tree_lock);
	ok = p->tree || base_tree(&p->tree, b, p->base, p->layers.items, p->layers.len, err);
	*out = p->tree;
	lock_drop(&p->tree_lock);
	return ok;
}
