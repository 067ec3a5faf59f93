// SPDX-License-Identifier: Apache-2.0
#include "extend/extend.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "extend/again.h"
#include "extend/bake.h"
#include "extend/destination.h"
#include "extend/extension.h"
#include "extend/result.h"
#include "registry/push.h"

/* Drives an extension: what is baked, on which base, under which name, and where it goes. */

void extend_result_free(struct extend_result *r)
{
	free(r->function);
	free(r->filepath);
	free(r->full_hash);
	str_list_free(&r->baked);
	str_list_free(&r->packages);
	str_list_free(&r->dirs);
	*r = (struct extend_result){ 0 };
}

/* --- gathering: four things at once --- */

static bool load_base(struct extension *x, struct err *err)
{
	struct base_request req = {
		.reference = extension_base(x),
		.platform = x->req->has_platform ? &x->req->platform : NULL,
		.store = x->env->store,
		.registry = x->env->registry,
		.events = x->env->events,
	};

	return base_load(&x->base, &req, err);
}

static bool gather_one(void *arg, size_t job, struct err *err)
{
	struct extension *x = arg;

	if (job == 0)
		return load_base(x, err);
	if (job == 1)
		return extension_write_layer(x, err);
	return registry_upload_begin(&x->sessions[job - 2], x->env->registry, &x->target, err);
}

/* --- giving it away --- */

/* `opt` says what is to be asked; the rest is filled in here. */
static bool push_result(struct extension *x, struct push_options *opt, struct err *err)
{
	AUTO(auto_free) struct digest *fresh = mem_alloc((x->base.len + 1) * sizeof(*fresh));

	for (size_t i = 0; i < x->base.len; i++)
		fresh[i] = x->images[i].manifest.config.digest;
	fresh[x->base.len] = x->layer.descriptor.digest;
	opt->fresh = fresh;
	opt->fresh_count = x->base.len + 1;
	opt->sessions = x->sessions;
	opt->session_count = EXTENSION_SESSIONS;
	return x->base.is_index
		       ? registry_push_index(x->env->registry, &x->index, x->images, x->base.len,
					     &x->target, NULL, opt, err)
		       : registry_push(x->env->registry, &x->images[0], &x->target, NULL, opt, err);
}

struct target_question {
	const struct extension *x;
	bool *existed_out;
	struct digest *digest_out;
};

static bool ask_target(void *arg, bool *may_out, struct err *err)
{
	struct target_question *q = arg;

	if (!destination_ask(q->existed_out, q->digest_out, q->x, err))
		return false;
	*may_out = !*q->existed_out;
	return true;
}

/* What the tag holds is what was read from it, so it only must not move meanwhile. */
static bool give_in_place(struct extension *x, struct err *err)
{
	struct push_options opt = { .expect = &x->base.root };

	return (x->req->force || destination_refuse(x, &x->base.root, err)) &&
	       push_result(x, &opt, err);
}

/* A small layer goes up while the target is asked for: in vain when it is there, but a round trip
 * earlier when it is not. */
static bool give(bool *existed_out, struct digest *digest_out, struct extension *x, struct err *err)
{
	struct target_question question = { x, existed_out, digest_out };
	struct push_options opt = { 0 };

	*existed_out = false;
	*digest_out = result_digest(x);
	if (destination_is_base(x))
		return give_in_place(x, err);
	if (x->req->push && x->layer.descriptor.size <= LIMIT_UNASKED &&
	    !extension_has_packages(x)) {
		opt.ask = ask_target;
		opt.ask_arg = &question;
	} else if (!destination_ask(existed_out, digest_out, x, err)) {
		return false;
	}
	return !x->req->push || *existed_out || push_result(x, &opt, err);
}

static bool keep_result(struct extension *x, struct err *err)
{
	if (!x->base.is_index)
		return store_put_image(x->env->store, &x->images[0], &x->target, err);
	for (size_t i = 0; i < x->base.len; i++)
		if (!store_put_documents(x->env->store, &x->images[i], err))
			return false;
	return store_put_index(x->env->store, &x->index, &x->blobs.source, &x->target, err);
}

/* Another compressor's image of the same extension stays what the name means. */
static bool keeps_another(const struct extension *x, const struct digest *digest)
{
	struct digest ours = result_digest(x);

	return !digest_eq(digest, &ours);
}

static void report(struct extend_result *out, struct extension *x)
{
	out->function = mem_strdup(x->functions);
	out->mode = x->spec.mode;
	out->filepath = mem_strdup(x->spec.targets.items[0].shown);
	out->full_hash = mem_strdup(x->hash);
	bake_list(&out->baked, &x->spec);
	modules_dirs(&out->dirs, &x->spec.modules);
	out->packages = x->packages;
	x->packages = (struct str_list){ 0 };
}

static void say_existed(const struct extension *x)
{
	event_note(x->env->events, "%s is there already, the very same",
		   reference_familiar(&x->target).text);
}

/* As `give`, without giving: what the tag holds is looked at. */
static bool plan(struct extend_result *out, struct digest *digest_out, struct extension *x,
		 struct err *err)
{
	*digest_out = result_digest(x);
	if (destination_is_base(x)) {
		if (!x->req->force)
			return destination_refuse(x, &x->base.root, err);
	} else if (!destination_ask(&out->existed, digest_out, x, err)) {
		return false;
	}
	if (x->req->push && !out->existed)
		extend_moves_find(&out->moves, x);
	if (out->existed)
		say_existed(x);
	return true;
}

/* From the base to the result in its place. */
static bool make_and_give(struct extend_result *out, struct digest *digest_out, struct extension *x,
			  struct err *err)
{
	size_t jobs = 2 + (x->req->push && !x->req->plan ? EXTENSION_SESSIONS : 0);
	struct memo_key key;

	if (!parallel_run(jobs, jobs, gather_one, x, err))
		return false;
	key = again_key(x); /* before the target has its tag */
	if (!result_make(x, err) || !destination_name(x, err))
		return false;
	if (x->req->plan)
		return plan(out, digest_out, x, err);
	if (!give(&out->existed, digest_out, x, err))
		return false;
	if (out->existed)
		say_existed(x);
	if (!keeps_another(x, digest_out) && !keep_result(x, err))
		return false;
	again_put(x, &key, digest_out);
	return true;
}

static bool run(struct extend_result *out, struct extension *x, struct err *err)
{
	const struct spec_request spec = {
		.functions = x->req->functions,
		.function_count = x->req->function_count,
		.mode = x->req->mode,
		.interpreter = x->req->interpreter,
		.filepath = x->req->filepath,
		.cwd = x->req->cwd ? x->req->cwd : ".",
		.modules = x->req->modules,
		.module_count = x->req->module_count,
	};
	struct digest digest;

	if (!spec_resolve(&x->spec, &spec, x->env->events, err))
		return false;
	x->functions = spec_functions(&x->spec);
	if (!destination_choose(x, err) || !again_find(&out->existed, &digest, x, err))
		return false;
	if (out->existed)
		say_existed(x);
	else if (!make_and_give(out, &digest, x, err))
		return false;
	out->reference = x->target;
	out->reference.has_digest = true;
	out->reference.digest = digest;
	report(out, x);
	return true;
}

bool extend_run(struct extend_result *out, const struct extend_env *env,
		const struct extend_request *req, struct err *err)
{
	AUTO(extension_free) struct extension x = { .env = env, .req = req };

	*out = (struct extend_result){ 0 };
	if (req->push)
		registry_expect_push(env->registry, &req->base);
	if (run(out, &x, err))
		return true;
	extend_result_free(out);
	return err_wrap(err, "extend");
}
