// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "registry/place.h"
#include "registry/remove.h"

/* rtbuild delete: an image out of a registry. */

struct delete_args {
	struct str_list images;
	bool force, ignore_missing, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARGS("IMAGE",             struct delete_args, images,         "HOST/NAME:TAG or HOST/NAME@DIGEST; store:NAME is like rmi"),
	OPT_FLAG(0, "force",          struct delete_args, force,          "also when other tags hold the same manifest, which go with it"),
	OPT_FLAG(0, "ignore-missing", struct delete_args, ignore_missing, "what is not there is fine"),
	OPT_FLAG(0, "plan",           struct delete_args, plan,           "only say what would go"),
	OPT_END
};
/* clang-format on */

static void report(json_t *list, struct buf *lines, const struct reference *ref,
		   const struct remove_result *r, bool plan)
{
	struct reference_text name = reference_familiar(ref);
	json_t *item = json_object(), *tags = json_array();

	json_object_set_new(item, "reference", json_string(name.text));
	json_object_set_new(item, "deleted", json_string(r->by_tag ? "tag" : "manifest"));
	if (!r->by_tag)
		json_object_set_new(item, "digest", json_string(digest_format(&r->digest).text));
	for (size_t i = 0; i < r->tags.len; i++)
		json_array_append_new(tags, json_string(r->tags.items[i]));
	json_object_set_new(item, "other_tags", tags);
	json_array_append_new(list, item);
	buf_putf(lines, "%s%s%s", lines->len ? "\n" : "", plan ? "would delete " : "", name.text);
	for (size_t i = 0; i < r->tags.len; i++)
		buf_putf(lines, "%s%s", i ? ", " : " and with it ", r->tags.items[i]);
}

static bool remove_local(struct session *s, const struct reference *ref, bool plan, struct err *err)
{
	struct store *store;

	if (!session_store(&store, s, err))
		return false;
	if (plan && !store_has_image(store, ref))
		return err_set(err, E_NOT_FOUND, "image %s is not in the store",
			       reference_familiar(ref).text);
	return plan || store_remove_image(store, ref, err);
}

static bool remove_one(struct remove_result *out, struct session *s, const struct delete_args *args,
		       const struct place *place, struct err *err)
{
	const struct remove_options options = { .force = args->force, .plan = args->plan };
	struct registry *registry;

	if (place->kind == PLACE_STORE) {
		out->by_tag = true;
		return remove_local(s, &place->reference, args->plan, err);
	}
	return session_registry(&registry, s, err) &&
	       registry_remove(out, registry, &place->reference, &options, err);
}

static bool delete_one(json_t *list, struct buf *lines, struct session *s,
		       const struct delete_args *args, const char *text, struct err *err)
{
	AUTO(place_free) struct place place = { 0 };
	AUTO(remove_result_free) struct remove_result result = { 0 };
	struct err why = { 0 };

	if (!place_parse(&place, text, err))
		return false;
	if (place.kind > PLACE_STORE)
		return err_set(err, E_USAGE, "'%s': images are deleted in registries", text);
	/* The default tag is for reading: nobody should delete "latest" without saying so. */
	if (!place.reference.tag[0] && !place.reference.has_digest)
		return err_set(err, E_USAGE, "'%s': say which, by :TAG or @DIGEST", text);
	if (remove_one(&result, s, args, &place, &why)) {
		report(list, lines, &place.reference, &result, args->plan);
		return true;
	}
	if (why.code == E_NOT_FOUND && args->ignore_missing) {
		event_note(s->events, "%s is not there", text);
		return true;
	}
	*err = why;
	return false;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct delete_args *args = arg;
	AUTO(auto_json_decref) json_t *list = json_array();
	AUTO(buf_free) struct buf lines = BUF_INIT(SIZE_MAX / 2);
	json_t *doc;

	if (!args->images.len)
		return err_set(err, E_USAGE, "IMAGE is missing");
	for (size_t i = 0; i < args->images.len; i++)
		if (!delete_one(list, &lines, s, args, args->images.items[i], err))
			return false;
	doc = json_object();
	json_object_set(doc, "images", list);
	json_object_set_new(doc, "plan", json_boolean(args->plan));
	if (!s->options.json && !lines.len) {
		json_decref(doc);
		return true;
	}
	return session_result(s, doc, lines.ptr, err);
}

const struct cmd cmd_delete = {
	.name = "delete",
	.summary = "delete a tag or an image of a registry",
	.about = "A tag is deleted alone where the registry can. Where only digests can be "
		 "deleted, every other tag of the same manifest would go too: they are named, and "
		 "nothing happens without --force.",
	.example = "  rtbuild delete registry.example.com/me/rt:old\n"
		   "  rtbuild delete --ignore-missing registry.example.com/me/rt:pr-17",
	.opts = opts,
	.args_size = sizeof(struct delete_args),
	.run = run,
};
