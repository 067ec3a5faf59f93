// SPDX-License-Identifier: Apache-2.0
#include "builder/contextbase.h"

#include <stdlib.h>

#include "base/mem.h"
#include "net/url.h"

/* A stage that starts from files. They are copied by the step that copies all others. */

/* What BuildKit names the source of the layer, which it then writes as its history. */
static const char *describe(struct arena *arena, const struct build_context *from)
{
	AUTO(url_free) struct url url = { 0 };
	AUTO(auto_free) char *shown = NULL;
	struct err ignored = { 0 };

	switch (from->kind) {
	case BUILD_CONTEXT_GIT: /* a location holds no password */
		return arena_printf(arena, "[internal] load git source %s", from->path);
	case BUILD_CONTEXT_URL:
		shown = url_parse(&url, from->path, &ignored) ? url_shown(&url) : NULL;
		return arena_printf(arena, "[context %s] %s", from->name, shown ? shown : "");
	case BUILD_CONTEXT_DIR:
	case BUILD_CONTEXT_ENTRIES:
	case BUILD_CONTEXT_IMAGE:
		break;
	}
	return arena_printf(arena, "[context %s] load from client", from->name);
}

/* "COPY --from=NAME . /", with the places of the FROM. */
static void make_step(struct step *step, struct instruction *in, struct build *b, size_t stage)
{
	static const char *const all[] = { "." };
	const struct plan_stage *s = &b->plan->stages[stage];
	const struct place *place = &in->words[0].place;

	in->original = arena_printf(&b->products[stage].arena, "FROM %s", s->base_context->name);
	*step = (struct step){ .kind = INSTRUCTION_COPY,
			       .in = in,
			       .file = b->plan->file,
			       .has_layer = true,
			       .copy = { .from = s->base_context->name,
					 .from_place = *place,
					 .sources = all,
					 .source_places = place,
					 .source_count = 1,
					 .dest = "/",
					 .dest_place = *place } };
}

static bool has_files(bool *out, struct build *b, const struct build_context *from, struct err *err)
{
	const struct files *files;

	if (!source_named(&files, b, (size_t)(from - b->req->contexts), err))
		return false;
	*out = files->len > 0;
	return true;
}

static bool add_layer(bool *cached_out, struct build *b, size_t stage,
		      const struct history_entry *history, struct err *err)
{
	struct product *p = &b->products[stage];
	struct instruction in = *b->plan->stages[stage].from;
	struct step step;
	struct layer layer;
	bool any;

	if (!has_files(&any, b, b->plan->stages[stage].base_context, err))
		return dockerfile_at(b->plan->file, in.words[0].place, 0, err);
	if (!any)
		return true;
	make_step(&step, &in, b, stage);
	if (!copystep_run(&layer, cached_out, b, stage, &step, err))
		return false;
	config_append(&p->config, history, &layer.diff_id);
	*ARRAY_PUSH(&p->layers) = layer;
	return true;
}

bool contextbase_begin(struct build *b, size_t stage, struct err *err)
{
	struct product *p = &b->products[stage];
	const struct history_entry history = {
		.created = b->created,
		.created_by = describe(&p->arena, b->plan->stages[stage].base_context),
		.comment = "buildkit.exporter.image.v0"
	};
	uint64_t task = event_start(b->env->events, "%s", history.created_by);
	bool cached = false;

	if (!add_layer(&cached, b, stage, &history, err)) {
		event_failed(b->env->events, task);
		return err_wrap(err, "FROM");
	}
	event_done(b->env->events, task, "%s", cached ? "cached" : "done");
	return true;
}
