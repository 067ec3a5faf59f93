// SPDX-License-Identifier: Apache-2.0
#include "builder/driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/check.h"
#include "builder/foreign.h"
#include "builder/runoptions.h"
#include "registry/standby.h"

/* The driver: Dockerfile -> plan -> the target stage and what it needs -> image. */

static void triggers_free(struct trigger *list)
{
	while (list) {
		struct trigger *next = list->next;

		dockerfile_free(&list->file);
		free(list->name);
		free(list);
		list = next;
	}
}

static void product_free(struct product *p)
{
	tree_close(p->tree);
	view_free(&p->view);
	if (p->scope.arena)
		scope_free(&p->scope);
	config_free(&p->config);
	free(p->layers.items);
	triggers_free(p->triggers);
	lock_free(&p->tree_lock);
	arena_free(&p->arena);
}

static void tell_notes(const struct build *b)
{
	const struct dockerfile *file = b->plan->file;

	for (size_t i = 0; i < file->note_count; i++) {
		const struct dockerfile_note *note = &file->notes[i];

		if (note->warning)
			event_warn(b->env->events, "%s:%d: %s", file->name, note->place.line,
				   note->text);
		else
			event_detail(b->env->events, "%s:%d: %s", file->name, note->place.line,
				     note->text);
	}
	for (size_t i = 0; i < b->plan->notes.len; i++)
		event_warn(b->env->events, "%s: %s", file->name, b->plan->notes.items[i]);
}

/* The image's blobs outlive the build: their source lives in the image. */
static struct blob_source *result_blobs(struct image *out, const struct build *b,
					const struct base *base)
{
	struct base_blobs *blobs = ARENA_NEW(&out->arena, struct base_blobs);

	base_blobs_init(blobs, b->env->store, b->env->registry, base ? base->blobs.remote : NULL,
			base ? &base->image : NULL, &out->arena);
	blobs->cache = b->env->cache;
	return &blobs->source;
}

/* In the order of the request; of several for one key the last counts. */
static struct json_pairs annotations_of(const struct build *b, struct arena *arena)
{
	const struct build_request *req = b->req;
	struct json_pairs out = { .items = ARENA_ARRAY(arena, struct json_pair,
						       req->annotation_count + 1) };

	for (size_t i = 0; i < req->annotation_count; i++) {
		const struct build_annotation *a = &req->annotations[i];
		size_t at = 0;

		if (a->has_platform && !platform_eq(&a->platform, &req->platform))
			continue;
		while (at < out.len && !str_eq(out.items[at].key, a->key))
			at++;
		out.len += at == out.len;
		out.items[at] = (struct json_pair){ a->key, a->value };
	}
	return out;
}

static bool make_image(struct image *out, struct build *b, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct json_pairs annotations = annotations_of(b, &arena);
	struct product *p = &b->products[b->plan->target];
	struct image_recipe recipe = { .base = p->base ? &p->base->image : NULL,
				       .config = &p->config,
				       .layers = p->layers.items,
				       .layer_count = p->layers.len,
				       .family = b->req->layer.family,
				       .annotations = &annotations,
				       .blobs = store_blobs(b->env->store) };

	for (size_t i = 0; b->req->labels && i < b->req->labels->len; i++)
		config_set_label(&p->config, b->req->labels->items[i].key,
				 b->req->labels->items[i].value);
	config_set_created(&p->config, b->created);
	cache_remote_put_inline(b->env->cache, &p->config, p->layers.items, p->layers.len);
	if (!image_make(out, &recipe, err))
		return false;
	out->blobs = result_blobs(out, b, p->base);
	return true;
}

static bool epoch_of(int64_t *out, const struct build_request *req, struct err *err)
{
	const char *text = req->build_args ? map_text(req->build_args, "SOURCE_DATE_EPOCH") : NULL;
	uint64_t value;

	*out = req->has_epoch ? req->epoch : CLOCK_EPOCH_1980;
	if (req->has_epoch || !text || !*text)
		return true;
	if (str_eq(text, "context")) { /* of a directory nothing is known: as if it was not given */
		*out = req->has_context_time ? req->context_time : *out;
		return true;
	}
	if (!str_to_u64(&value, slice_of(text), INT64_MAX / 2))
		return err_set(err, E_USAGE, "SOURCE_DATE_EPOCH '%s' is no number of seconds",
			       text);
	*out = (int64_t)value;
	return true;
}

/* --- all platforms --- */

/* One platform's part. */
struct part {
	struct build_request req;
	struct plan plan;
	struct build build;
	struct platform_text label;
};

struct whole {
	struct shared shared;
	struct dockerfile file;
	struct part *parts;
	size_t count;
	struct {
		struct job {
			struct build *b;
			size_t stage; /* SIZE_MAX: an image's documents */
			const struct plan_image *image;
		} * items;
		size_t len, cap;
	} jobs;
};

static void whole_free(struct whole *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct build *b = &w->parts[i].build;

		for (size_t k = 0; b->products && k < b->plan->stage_count; k++)
			product_free(&b->products[k]);
		free(b->products);
		plan_free(&w->parts[i].plan);
	}
	free(w->parts);
	free(w->jobs.items);
	dockerfile_free(&w->file);
	shared_free(&w->shared);
}

static bool make_part(struct whole *w, size_t i, const struct platform *platform, struct err *err)
{
	struct part *part = &w->parts[i];
	const struct build_request *req = w->shared.req;

	part->req = *req;
	part->req.platform = *platform;
	part->label = platform_format(platform);
	part->build = (struct build){ .env = w->shared.env,
				      .req = &part->req,
				      .shared = &w->shared,
				      .plan = &part->plan,
				      .platform = w->count > 1 ? part->label.text : NULL };
	if (!epoch_of(&part->build.created, req, err) ||
	    !plan_make(&part->plan, &w->file, &part->req, err))
		return false;
	part->build.products = mem_alloc(part->plan.stage_count * sizeof(struct product));
	for (size_t k = 0; k < part->plan.stage_count; k++)
		lock_init(&part->build.products[k].tree_lock);
	return run_options_check(&part->plan, err) && foreign_check(&part->plan, err);
}

/* Images that stages copy from are asked for at the start, not when a stage gets there. */
static void add_jobs(struct whole *w)
{
	for (size_t i = 0; i < w->count; i++)
		for (size_t k = 0; k < w->parts[i].plan.images.len; k++)
			*ARRAY_PUSH(&w->jobs) = (struct job){
				.b = &w->parts[i].build,
				.stage = SIZE_MAX,
				.image = &w->parts[i].plan.images.items[k],
			};
	for (size_t i = 0; i < w->count; i++)
		for (size_t k = 0; k < w->parts[i].plan.stage_count; k++)
			if (w->parts[i].plan.stages[k].used)
				*ARRAY_PUSH(&w->jobs) =
					(struct job){ .b = &w->parts[i].build, .stage = k };
}

static bool run_job(void *arg, size_t number, struct err *err)
{
	const struct whole *w = arg;
	const struct job *job = &w->jobs.items[number];
	struct err later = { 0 };
	struct base *base;

	if (job->stage != SIZE_MAX)
		return execute_stage(job->b, job->stage, err);
	/* the step that needs it says what is wrong, and where */
	if (!base_get(&base, job->b, job->image->name, &job->image->platform, &later))
		event_detail(job->b->env->events, "%s", later.msg);
	return true;
}

/*
 * A stage waits for stages of lower numbers only, which were begun before it: so any number of
 * workers gets through.
 */
static bool run_jobs(struct whole *w, struct err *err)
{
	bool ok;

	w->shared.has_company = w->jobs.len > 1 || w->shared.env->company;
	ok = parallel_run(w->jobs.len, LIMIT_PARALLEL_STAGES, run_job, w, err);
	if (!w->shared.env->company)
		cancel_group_end();
	if (!ok && w->shared.failed)
		*err = w->shared.failure;
	shared_save_contexts(&w->shared);
	return ok;
}

/* Layers that a cache promised and nobody looked into. */
static bool confirm(const struct build *b, struct err *err)
{
	const struct product *last = &b->products[b->plan->target];

	return cache_remote_confirm(b->env->cache, last->layers.items, last->layers.len, err);
}

static const struct config *built_base(void *arg, const struct plan_stage *stage)
{
	const struct build *b = arg;
	const struct base *base = b->products[stage - b->plan->stages].base;

	return base && base->state == BASE_LOADED ? &base->image.config : NULL;
}

/* What the linter says, now that base images are known; also when the build failed. */
static bool check_parts(const struct whole *w, bool ok, struct err *err)
{
	AUTO(map_free) struct map said = { 0 };

	for (size_t i = 0; i < w->count; i++) {
		struct build *b = &w->parts[i].build;
		struct err ignored = { 0 };

		if (!check_built(b->plan, built_base, b, b->env->events, &said,
				 ok ? err : &ignored))
			ok = false;
	}
	return ok;
}

/* A step that may take as long as it likes. */
static bool has_run(const struct whole *w)
{
	const struct plan *p = &w->parts[0].plan; /* the same file for all */

	for (size_t i = 0; i < p->stage_count; i++)
		for (size_t k = 0; p->stages[i].used && k < p->stages[i].instruction_count; k++)
			if (p->stages[i].instructions[k].kind == INSTRUCTION_RUN)
				return true;
	return false;
}

static bool build_parts(struct image *out, struct whole *w, const struct platform *platforms,
			struct err *err)
{
	for (size_t i = 0; i < w->count; i++)
		if (!make_part(w, i, &platforms[i], err))
			return false;
	tell_notes(&w->parts[0].build);
	if (!check_first(&w->parts[0].plan, w->shared.env->store, err))
		return false;
	if (w->shared.env->registry && !has_run(w))
		registry_standby_soon(w->shared.env->registry);
	add_jobs(w);
	if (!check_parts(w, run_jobs(w, err), err))
		return false;
	for (size_t i = 0; i < w->count; i++)
		if (!confirm(&w->parts[i].build, err) ||
		    !make_image(&out[i], &w->parts[i].build, err))
			return false;
	return true;
}

static bool build_once(struct image *out, const struct build_env *env,
		       const struct build_request *req, const struct platform *platforms,
		       size_t count, struct err *err)
{
	AUTO(whole_free) struct whole w = { .count = count };

	shared_init(&w.shared, env, req);
	w.parts = mem_alloc(count * sizeof(*w.parts));
	return dockerfile_parse(&w.file, req->dockerfile_name, req->dockerfile, req->dockerfile_len,
				err) &&
	       build_parts(out, &w, platforms, err);
}

/* Again without a layer that a cache promised and does not have; what was done is in the store. */
bool build_images(struct image *out, const struct build_env *env, const struct build_request *req,
		  const struct platform *platforms, size_t count, struct err *err)
{
	while (!build_once(out, env, req, platforms, count, err)) {
		if (!cache_remote_recovers(env->cache, err))
			return false;
		for (size_t i = 0; i < count; i++)
			image_free(&out[i]);
	}
	mem_trim(); /* lists of files; a push may follow */
	return true;
}

bool build_image(struct image *out, const struct build_env *env, const struct build_request *req,
		 struct err *err)
{
	*out = (struct image){ 0 };
	return build_images(out, env, req, &req->platform, 1, err);
}

bool build_plan_json(json_t **out, const struct build_request *req, struct err *err)
{
	AUTO(dockerfile_free) struct dockerfile file = { 0 };
	AUTO(plan_free) struct plan plan = { 0 };

	return dockerfile_parse(&file, req->dockerfile_name, req->dockerfile, req->dockerfile_len,
				err) &&
	       plan_make(&plan, &file, req, err) && plan_json(out, &plan, err);
}
