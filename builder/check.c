// SPDX-License-Identifier: Apache-2.0
#include "builder/check.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/context.h"
#include "image/reference.h"

/* The linter and what it looks at besides the Dockerfile: base images and .dockerignore. */

/* Base images of the store, by stage. */
struct bases {
	struct store *store;
	const struct plan *plan;
	struct image *images; /* one a stage */
};

static void bases_free(struct bases *b)
{
	for (size_t i = 0; b->images && i < b->plan->stage_count; i++)
		image_free(&b->images[i]);
	free(b->images);
}

static const struct config *stored_base(void *arg, const struct plan_stage *stage)
{
	struct bases *b = arg;
	struct image *image = &b->images[stage - b->plan->stages];
	const char *name = stage->base;
	struct reference ref;
	struct err ignored = { 0 };

	if (stage->base_context)
		name = stage->base_context->kind == BUILD_CONTEXT_IMAGE ? stage->base_context->path
									: NULL;
	if (!b->store || !name || !reference_parse(&ref, name, &ignored) ||
	    !store_find_image(image, b->store, &ref, &stage->platform, &ignored))
		return NULL;
	return &image->config;
}

/* The context's .dockerignore; *own_out is it when it was read here. */
static bool find_ignored(const struct dockerignore **out, struct dockerignore **own_out,
			 const struct build_request *req, struct err *err)
{
	AUTO(auto_close) int dir = -1;
	const struct files *files;

	*out = *own_out = NULL;
	if (req->context) {
		if (!context_files(&files, req->context, err))
			return false;
		*out = files->ignored;
		return true;
	}
	if (!req->context_dir)
		return true;
	if (!fs_open_dir(&dir, req->context_dir, err) ||
	    !dockerignore_load(own_out, dir, req->context_dir, req->dockerfile_name, err))
		return err_wrap(err, "build context");
	*out = *own_out;
	return true;
}

static bool run(struct lint *l, const struct plan *plan, bool all,
		const struct config *(*base)(void *arg, const struct plan_stage *stage), void *arg,
		struct err *err)
{
	AUTO(auto_dockerignore_free) struct dockerignore *own = NULL;
	struct lint_view view = { .all = all, .base = base, .arg = arg };

	lint_file(l);
	lint_froms(l, plan);
	return find_ignored(&view.ignored, &own, plan->request, err) &&
	       lint_steps(l, plan, &view, err);
}

static bool run_stored(struct lint *l, const struct plan *plan, bool all, struct store *store,
		       struct err *err)
{
	AUTO(bases_free) struct bases bases = { .store = store, .plan = plan };

	bases.images = mem_alloc(plan->stage_count * sizeof(*bases.images));
	return run(l, plan, all, stored_base, &bases, err);
}

bool check_make(struct check *out, struct store *store, const struct build_request *req,
		struct err *err)
{
	bool parsed = dockerfile_parse(&out->file, req->dockerfile_name, req->dockerfile,
				       req->dockerfile_len, err);
	struct err wrong = { 0 };
	bool ok;

	if (!out->file.name)
		return false; /* not even begun */
	if (!lint_open(&out->lint, &out->file, req->build_args, parsed ? err : &wrong))
		return false;
	if (!parsed) {
		lint_file(&out->lint);
		ok = false;
	} else if (!plan_make(&out->plan, &out->file, req, err)) {
		lint_file(&out->lint);
		lint_froms(&out->lint, &out->plan);
		ok = false;
	} else {
		ok = run_stored(&out->lint, &out->plan, !req->target, store, err);
	}
	lint_sort(&out->lint);
	return ok;
}

void check_free(struct check *c)
{
	lint_close(&c->lint);
	plan_free(&c->plan);
	dockerfile_free(&c->file);
}

/* "the checks UndefinedVar, JSONArgsRecommended said no" at the first finding. */
static bool findings_fail(const struct lint *l, struct err *err)
{
	AUTO(buf_free) struct buf names = BUF_INIT(4096);
	bool said[LINT_RULES] = { 0 };

	for (size_t i = 0; i < l->findings.len; i++) {
		enum lint_rule rule = l->findings.items[i].rule;

		if (!said[rule])
			buf_putf(&names, "%s%s", names.len ? ", " : "", lint_name(rule));
		said[rule] = true;
	}
	err_set(err, E_INPUT, "lint violation found for rules: %s", names.ptr);
	err_hint(err, "findings are errors here, by error=true in the check directive");
	return dockerfile_at(l->file, l->findings.items[0].place, l->findings.items[0].width, err);
}

bool check_first(const struct plan *plan, struct store *store, struct err *err)
{
	AUTO(lint_close) struct lint l = { 0 };

	if (!lint_open(&l, plan->file, plan->request->build_args, err))
		return false;
	if (!l.config.as_error)
		return true;
	if (!run_stored(&l, plan, false, store, err))
		return false;
	lint_sort(&l);
	return !l.findings.len || findings_fail(&l, err);
}

bool check_built(const struct plan *plan,
		 const struct config *(*base)(void *arg, const struct plan_stage *stage), void *arg,
		 struct events *events, struct map *said, struct err *err)
{
	AUTO(lint_close) struct lint l = { 0 };

	if (!lint_open(&l, plan->file, plan->request->build_args, err) ||
	    !run(&l, plan, false, base, arg, err))
		return false;
	lint_sort(&l);
	for (size_t i = 0; i < l.findings.len; i++) {
		const struct lint_finding *f = &l.findings.items[i];
		AUTO(auto_free)
		char *text = mem_printf("%s:%d:%d: %s [%s]", plan->file->name, f->place.line,
					f->place.column, f->message, lint_name(f->rule));

		if (!map_has(said, text))
			event_warn(events, "%s", text);
		map_put(said, text, &l);
	}
	return !l.findings.len || !l.config.as_error || findings_fail(&l, err);
}
