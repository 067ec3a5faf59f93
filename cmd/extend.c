// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "extend/extend.h"

/* rtbuild extend: a map function into an image. */

struct extend_args {
	const char *image, *function, *filepath, *tag, *platform, *print;
	struct str_list modules;
	bool push, no_push, force;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE", struct extend_args, image, "the image to extend: in a registry, or in the store"),
	OPT_TEXT(0,   "function", "[MOD:]F",  struct extend_args, function, "the function; alone, it is looked up in the .py files here"),
	OPT_TEXT(0,   "filepath", "FILE.py",  struct extend_args, filepath, "the file it is in"),
	OPT_LIST(0,   "module", "PATH",       struct extend_args, modules,  "bake this file or package too"),
	OPT_TEXT('t', "tag", "TAG",           struct extend_args, tag,      "this tag instead of the content tag"),
	OPT_TEXT(0,   "platform", "OS/ARCH",  struct extend_args, platform, "only this platform of an index"),
	OPT_FLAG(0,   "push",                 struct extend_args, push,     "push it even when IMAGE is a short name of the store"),
	OPT_FLAG(0,   "no-push",              struct extend_args, no_push,  "keep it in the store only"),
	OPT_FLAG(0,   "force",                struct extend_args, force,    "overwrite a tag that holds something else"),
	OPT_TEXT(0,   "print", "WHAT",        struct extend_args, print,    "ref (default: name:tag@digest) or tag (name:tag)"),
	OPT_END
};
/* clang-format on */

static json_t *document(const struct extend_result *r)
{
	json_t *doc = json_object(), *baked = json_array();

	for (size_t i = 0; i < r->baked.len; i++)
		json_array_append_new(baked, json_string(r->baked.items[i]));
	json_object_set_new(doc, "reference", json_string(reference_familiar(&r->reference).text));
	json_object_set_new(doc, "digest", json_string(digest_format(&r->reference.digest).text));
	json_object_set_new(doc, "function", json_string(r->function));
	json_object_set_new(doc, "filepath", json_string(r->filepath));
	json_object_set_new(doc, "baked", baked);
	json_object_set_new(doc, "existed", json_boolean(r->existed));
	json_object_set_new(doc, "hash", json_string(r->full_hash));
	return doc;
}

static bool make_request(struct extend_request *out, const struct extend_args *args,
			 struct err *err)
{
	*out = (struct extend_request){
		.function = args->function,
		.filepath = args->filepath,
		.cwd = ".",
		.modules = (const char *const *)args->modules.items,
		.module_count = args->modules.len,
		.tag = args->tag,
		.force = args->force,
		.layer = layer_options_default(),
	};
	if (!args->function) {
		err_set(err, E_USAGE, "--function is missing");
		return err_hint(err, "--function f, or --function module:f");
	}
	if (args->print && !str_eq(args->print, "ref") && !str_eq(args->print, "tag"))
		return err_set(err, E_USAGE, "unknown --print '%s': ref or tag", args->print);
	out->has_platform = args->platform != NULL;
	return session_platform(&out->platform, args->platform, err) &&
	       clock_source_date_epoch(&out->epoch, &out->has_epoch, err) &&
	       reference_parse(&out->base, args->image, err);
}

/*
 * A short name that the store has means the store's image: its function must not
 * travel to docker.io because nobody said otherwise.
 */
static bool push_is_meant(struct session *s, const struct extend_args *args,
			  const struct reference *base, struct store *store)
{
	if (args->push || args->no_push)
		return args->push;
	if (!str_eq(base->host, "docker.io") || !store_has_image(store, base))
		return true;
	event_note(s->events, "%s is an image of the store: kept there, not pushed (--push does)",
		   args->image);
	return false;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct extend_args *args = arg;
	AUTO(extend_result_free) struct extend_result result = { 0 };
	struct extend_env env = { .events = s->events };
	struct extend_request request;
	struct reference shown;

	if (!make_request(&request, args, err) || !session_store(&env.store, s, err) ||
	    !session_registry(&env.registry, s, err))
		return false;
	request.push = push_is_meant(s, args, &request.base, env.store);
	if (!extend_run(&result, &env, &request, err))
		return false;
	shown = result.reference;
	if (args->print && str_eq(args->print, "tag"))
		shown.has_digest = false;
	return session_result(s, s->options.json ? document(&result) : NULL,
			      reference_familiar(&shown).text, err);
}

const struct cmd cmd_extend = {
	.name = "extend",
	.summary = "bake a map function into an image, under a unique tag",
	.about = "One small layer and one config change are added in the registry; no layer of the "
		 "base is "
		 "read. The tag is a hash of everything that goes in: the same input has the same "
		 "tag.",
	.example = "  rtbuild extend registry.example.com/me/rt:1 --filepath map.py --function f",
	.opts = opts,
	.args_size = sizeof(struct extend_args),
	.run = run,
};
