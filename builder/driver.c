// SPDX-License-Identifier: Apache-2.0
#include "builder/driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http.h"

/* The driver: Dockerfile -> plan -> the target stage and what it needs -> image. */

static void product_free(struct product *p)
{
	tree_close(p->tree);
	view_free(&p->view);
	if (p->scope.arena)
		scope_free(&p->scope);
	config_free(&p->config);
	free(p->layers.items);
	arena_free(&p->arena);
}

static void build_free(struct build *b)
{
	for (size_t i = 0; b->products && i < b->plan->stage_count; i++)
		product_free(&b->products[i]);
	free(b->products);
	for (size_t i = 0; i < b->req->context_count; i++) {
		if (b->contexts)
			context_close(b->contexts[i]);
		if (b->entry_files)
			files_free(&b->entry_files[i]);
	}
	free(b->contexts);
	free(b->entry_files);
	context_close(b->context);
	http_close(b->http);
	bases_free(b->bases);
	while (b->triggers) {
		struct trigger *next = b->triggers->next;

		dockerfile_free(&b->triggers->file);
		free(b->triggers->name);
		free(b->triggers);
		b->triggers = next;
	}
}

/* Remember what was learnt about files, also when the build failed later. */
static void save_contexts(struct build *b)
{
	struct err ignored = { 0 };

	if (b->context && !context_save(b->context, &ignored))
		event_detail(b->env->events, "%s", ignored.msg);
	for (size_t i = 0; i < b->req->context_count; i++) {
		ignored = (struct err){ 0 };
		if (b->contexts[i] && !context_save(b->contexts[i], &ignored))
			event_detail(b->env->events, "%s", ignored.msg);
	}
}

static void tell_notes(struct build *b)
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
	return &blobs->source;
}

static bool make_image(struct image *out, struct build *b, struct err *err)
{
	struct product *p = &b->products[b->plan->target];
	struct image_recipe recipe = { .base = p->base ? &p->base->image : NULL,
				       .config = &p->config,
				       .layers = p->layers.items,
				       .layer_count = p->layers.len,
				       .family = b->req->layer.family,
				       .blobs = store_blobs(b->env->store) };

	for (size_t i = 0; b->req->labels && i < b->req->labels->len; i++)
		config_set_label(&p->config, b->req->labels->items[i].key,
				 b->req->labels->items[i].value);
	config_set_created(&p->config, b->created);
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
	if (!str_to_u64(&value, slice_of(text), INT64_MAX / 2))
		return err_set(err, E_USAGE, "SOURCE_DATE_EPOCH '%s' is no number of seconds",
			       text);
	*out = (int64_t)value;
	return true;
}

static bool build_planned(struct image *out, const struct build_env *env,
			  const struct build_request *req, struct plan *plan, struct err *err)
{
	AUTO(build_free) struct build b = { .env = env, .req = req, .plan = plan };
	bool ok;

	if (!epoch_of(&b.created, req, err))
		return false;
	b.products = mem_alloc(plan->stage_count * sizeof(*b.products));
	b.contexts = mem_alloc((req->context_count + 1) * sizeof(struct context *));
	b.entry_files = mem_alloc((req->context_count + 1) * sizeof(struct files));
	tell_notes(&b);
	ok = execute_stage(&b, plan->target, err);
	save_contexts(&b);
	return ok && make_image(out, &b, err);
}

bool build_image(struct image *out, const struct build_env *env, const struct build_request *req,
		 struct err *err)
{
	AUTO(dockerfile_free) struct dockerfile file = { 0 };
	AUTO(plan_free) struct plan plan = { 0 };

	return dockerfile_parse(&file, req->dockerfile_name, req->dockerfile, req->dockerfile_len,
				err) &&
	       plan_make(&plan, &file, req, err) && build_planned(out, env, req, &plan, err);
}

bool build_plan_json(json_t **out, const struct build_request *req, struct err *err)
{
	AUTO(dockerfile_free) struct dockerfile file = { 0 };
	AUTO(plan_free) struct plan plan = { 0 };

	return dockerfile_parse(&file, req->dockerfile_name, req->dockerfile, req->dockerfile_len,
				err) &&
	       plan_make(&plan, &file, req, err) && plan_json(out, &plan, err);
}
