// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

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
	OPT_FLAG(0, "force",          struct delete_args, force,          "also when other tags hold the same manifest, which go with it, or list it"),
	OPT_FLAG(0, "ignore-missing", struct delete_args, ignore_missing, "what is not there is fine"),
	OPT_FLAG(0, "plan",           struct delete_args, plan,           "only say what would go"),
	OPT_END
};
/* clang-format on */

/* What is to be deleted, and what came of it. */
struct deleting {
	struct session *s;
	const struct delete_args *args;
	struct place *places; /* as many as images */
	bool *gone;           /* with another of them */
	size_t count;
	json_t *list;
	struct buf lines;
};

static void deleting_free(struct deleting *d)
{
	for (size_t i = 0; i < d->count; i++)
		place_free(&d->places[i]);
	free(d->places);
	free(d->gone);
	json_decref(d->list);
	buf_free(&d->lines);
}

static void say_names(struct buf *out, const char *words, const struct str_list *names)
{
	for (size_t i = 0; i < names->len; i++)
		buf_putf(out, "%s%s", i ? ", " : words, names->items[i]);
}

static void report(struct deleting *d, const struct reference *ref, const struct remove_result *r)
{
	struct reference_text name = reference_familiar(ref);
	json_t *item = json_object();

	json_object_set_new(item, "reference", json_string(name.text));
	json_object_set_new(item, "deleted", json_string(r->by_tag ? "tag" : "manifest"));
	if (!r->by_tag)
		json_object_set_new(item, "digest", json_string(digest_format(&r->digest).text));
	json_object_set_new(item, "other_tags", json_texts(&r->tags));
	json_object_set_new(item, "broken_tags", json_texts(&r->broken));
	json_array_append_new(d->list, item);
	buf_putf(&d->lines, "%s%s%s", d->lines.len ? "\n" : "",
		 d->args->plan ? "would delete " : "", name.text);
	say_names(&d->lines, " and with it ", &r->tags);
	say_names(&d->lines, ", which breaks the index of ", &r->broken);
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

static bool is_beside(const struct place *a, const struct place *b)
{
	return b->kind == PLACE_REGISTRY && !b->reference.has_digest &&
	       reference_same_repository(&a->reference, &b->reference);
}

/* The tags of the same repository that are named too. */
static void list_also(struct str_list *out, const struct deleting *d, const struct place *place)
{
	for (size_t i = 0; i < d->count; i++)
		if (is_beside(place, &d->places[i]))
			str_list_push(out, d->places[i].reference.tag);
}

/* Those that went with a manifest need not be deleted again. */
static void mark_gone(struct deleting *d, const struct place *place, const struct remove_result *r)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *tag = d->places[i].reference.tag;

		if (is_beside(place, &d->places[i]) &&
		    (str_eq(tag, place->reference.tag) || str_list_has(&r->also, tag) ||
		     str_list_has(&r->tags, tag)))
			d->gone[i] = true;
	}
}

static bool remove_remote(struct remove_result *out, struct deleting *d, const struct place *place,
			  struct err *err)
{
	AUTO(str_list_free) struct str_list also = { 0 };
	const struct remove_options options = { .force = d->args->force,
						.plan = d->args->plan,
						.also = &also };
	struct registry *registry;

	list_also(&also, d, place);
	if (!session_registry(&registry, d->s, err) ||
	    !registry_remove(out, registry, &place->reference, &options, err))
		return false;
	mark_gone(d, place, out);
	return true;
}

static bool delete_one(struct deleting *d, size_t i, struct err *err)
{
	AUTO(remove_result_free) struct remove_result result = { .by_tag = true };
	const struct place *place = &d->places[i];
	struct err why = { 0 };

	if (d->gone[i]) {
		report(d, &place->reference, &result);
		return true;
	}
	if (place->kind == PLACE_STORE ? remove_local(d->s, &place->reference, d->args->plan, &why)
				       : remove_remote(&result, d, place, &why)) {
		report(d, &place->reference, &result);
		return true;
	}
	if (why.code == E_NOT_FOUND && d->args->ignore_missing) {
		event_note(d->s->events, "%s is not there", d->args->images.items[i]);
		return true;
	}
	*err = why;
	return false;
}

/* All of them before any is deleted. */
static bool read_names(struct deleting *d, struct err *err)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *text = d->args->images.items[i];
		struct place *place = &d->places[i];

		if (!place_parse(place, text, err))
			return false;
		if (place->kind > PLACE_STORE)
			return err_set(err, E_USAGE, "'%s': images are deleted in registries",
				       text);
		/* The default tag is for reading: nobody should delete "latest" without saying so.
		 */
		if (!place->reference.tag[0] && !place->reference.has_digest)
			return err_set(err, E_USAGE, "'%s': say which, by :TAG or @DIGEST", text);
	}
	return true;
}

static bool print(struct deleting *d, struct err *err)
{
	json_t *doc;

	if (!d->s->options.json && !d->lines.len)
		return true;
	doc = json_object();
	json_object_set(doc, "images", d->list);
	json_object_set_new(doc, "plan", json_boolean(d->args->plan));
	return session_result(d->s, doc, d->lines.ptr, err);
}

/* What went before one that failed is said, too. */
static bool run(struct session *s, void *arg, struct err *err)
{
	const struct delete_args *args = arg;
	size_t count = args->images.len;
	AUTO(deleting_free)
	struct deleting d = { .s = s,
			      .args = args,
			      .places = mem_alloc((count + 1) * sizeof(*d.places)),
			      .gone = mem_alloc((count + 1) * sizeof(*d.gone)),
			      .count = count,
			      .list = json_array(),
			      .lines = BUF_INIT(SIZE_MAX / 2) };
	struct err failure = { 0 };

	if (!count)
		return err_set(err, E_USAGE, "IMAGE is missing");
	if (!read_names(&d, err))
		return false;
	for (size_t i = 0; i < count && !failure.code; i++)
		if (!delete_one(&d, i, &failure))
			break;
	if ((!failure.code || d.lines.len) && !print(&d, err))
		return false;
	*err = failure;
	return !failure.code;
}

const struct cmd cmd_delete = {
	.name = "delete",
	.summary = "delete a tag or an image of a registry",
	.about = "A tag is deleted alone where the registry can. Where only digests can be "
		 "deleted, every other tag of the same manifest would go too, and an index that "
		 "lists it could not be pulled any more: those tags are named, and nothing happens "
		 "without --force.",
	.example = "  rtbuild delete registry.example.com/me/rt:old\n"
		   "  rtbuild delete --ignore-missing registry.example.com/me/rt:pr-17",
	.opts = opts,
	.args_size = sizeof(struct delete_args),
	.run = run,
};
