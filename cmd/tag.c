// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "image/manifest.h"
#include "registry/place.h"
#include "registry/retag.h"

/* rtbuild tag: a further name for an image, where the image is. */

struct tag_args {
	const char *from;
	struct str_list names;
	bool no_clobber, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",            struct tag_args, from,       "a name of the store, or HOST/NAME[:TAG][@DIGEST] of a registry"),
	OPT_ARGS("NAME",            struct tag_args, names,      "its further names; in a registry tags, or names of the same repository"),
	OPT_FLAG('n', "no-clobber", struct tag_args, no_clobber, "never overwrite a name that holds something else"),
	OPT_FLAG(0,   "plan",       struct tag_args, plan,       "only say what each name holds, and what would be written"),
	OPT_END
};
/* clang-format on */

/* An image and the names it is to have. */
struct tagging {
	const struct tag_args *args;
	const struct reference *from;
	struct digest digest; /* of the image, once it is looked up */
	struct reference *targets;
	struct tag_state *held;
	bool *wrote; /* or would, with --plan */
	size_t count;
	/* in a registry */
	struct registry *r;
	struct registry_document doc;
	const char *media_type; /* of `doc`, once it is read */
};

static void tagging_init(struct tagging *t, const struct tag_args *args,
			 const struct reference *from)
{
	size_t count = args->names.len;

	*t = (struct tagging){ .args = args,
			       .from = from,
			       .targets = mem_alloc((count + 1) * sizeof(*t->targets)),
			       .held = mem_alloc((count + 1) * sizeof(*t->held)),
			       .wrote = mem_alloc((count + 1) * sizeof(*t->wrote)),
			       .count = count };
}

static void tagging_free(struct tagging *t)
{
	registry_document_free(&t->doc);
	free(t->targets);
	free(t->held);
	free(t->wrote);
}

static bool holds_it(const struct tagging *t, size_t i)
{
	return t->held[i].is_there && digest_eq(&t->held[i].digest, &t->digest);
}

/* Before anything is written. */
static bool check_all_free(const struct tagging *t, struct err *err)
{
	for (size_t i = 0; t->args->no_clobber && i < t->count; i++)
		if (t->held[i].is_there && !holds_it(t, i))
			return err_set(err, E_INTEGRITY, "%s exists already, as %s",
				       reference_familiar(&t->targets[i]).text,
				       digest_format(&t->held[i].digest).text);
	return true;
}

/* --- what was done, or would be --- */

static json_t *name_json(const struct tagging *t, size_t i)
{
	const struct tag_state *held = &t->held[i];
	json_t *name = json_object();

	json_object_set_new(name, "tag", json_string(reference_familiar(&t->targets[i]).text));
	json_object_set_new(name, "before",
			    held->is_there ? json_string(digest_format(&held->digest).text)
					   : json_null());
	json_object_set_new(name, "written", json_boolean(t->wrote[i]));
	return name;
}

static json_t *document(const struct tagging *t, const char *pinned)
{
	json_int_t written = 0;
	json_t *doc = json_object(), *tags = json_array(), *names = json_array();

	for (size_t i = 0; i < t->count; i++) {
		json_array_append_new(tags, json_string(reference_familiar(&t->targets[i]).text));
		json_array_append_new(names, name_json(t, i));
		written += t->wrote[i];
	}
	json_object_set_new(doc, "reference", json_string(pinned));
	json_object_set_new(doc, "digest", json_string(digest_format(&t->digest).text));
	json_object_set_new(doc, "tags", tags);
	json_object_set_new(doc, "names", names);
	json_object_set_new(doc, "written", json_integer(written));
	json_object_set_new(doc, "plan", json_boolean(t->args->plan));
	return doc;
}

static void put_plan(struct buf *page, const struct tagging *t, const char *pinned)
{
	buf_putf(page, "%-10s %s", "image", pinned);
	for (size_t i = 0; i < t->count; i++) {
		const struct tag_state *held = &t->held[i];

		buf_putf(page, "\n%-10s %s  ", t->wrote[i] ? "write" : "keep",
			 reference_familiar(&t->targets[i]).text);
		if (!t->wrote[i])
			buf_putf(page, "it holds this already");
		else if (held->is_there)
			buf_putf(page, "instead of %s", digest_format(&held->digest).text);
		else
			buf_putf(page, "new");
	}
}

static bool print(struct session *s, const struct tagging *t, struct err *err)
{
	AUTO(buf_free) struct buf page = BUF_INIT(SIZE_MAX / 2);
	struct reference pinned = *t->from;
	struct reference_text text;

	pinned.tag[0] = '\0';
	pinned.has_digest = true;
	pinned.digest = t->digest;
	text = reference_familiar(&pinned);
	if (t->args->plan)
		put_plan(&page, t, text.text);
	return session_result(s, document(t, text.text), t->args->plan ? page.ptr : text.text, err);
}

/* "v2": in a registry a tag, in the store a name of its own. */
static bool is_bare(const char *name)
{
	return !strpbrk(name, "/:@");
}

/* --- in the store --- */

static bool look_local(struct tagging *t, struct store *store, size_t i, struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	struct reference *to = &t->targets[i];
	struct descriptor d = { 0 };
	struct err ignored = { 0 };

	if (!reference_parse(to, t->args->names.items[i], err))
		return false;
	if (to->has_digest)
		return err_set(err, E_USAGE, "'%s' is a digest, not a name",
			       t->args->names.items[i]);
	reference_default_tag(to);
	t->held[i].is_there = store_find_root(&raw, &d, store, to, &ignored);
	t->held[i].digest = d.digest;
	return true;
}

static bool tag_local(struct session *s, struct store *store, const struct tag_args *args,
		      const struct reference *from, struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	AUTO(tagging_free) struct tagging t = { 0 };
	struct descriptor d = { 0 };

	tagging_init(&t, args, from);
	if (!store_find_root(&raw, &d, store, from, err))
		return false;
	t.digest = d.digest;
	for (size_t i = 0; i < t.count; i++)
		if (!look_local(&t, store, i, err))
			return false;
	if (!check_all_free(&t, err))
		return false;
	for (size_t i = 0; i < t.count; i++) {
		t.wrote[i] = !holds_it(&t, i);
		if (t.wrote[i] && !args->plan &&
		    !store_put_root(store, &d, NULL, &t.targets[i], err))
			return false;
	}
	/* docker says nothing here, and scripts take what is printed for a name */
	return (!args->plan && !s->options.json) || print(s, &t, err);
}

/* --- in a registry --- */

static bool target_of(struct reference *out, const struct reference *from, const char *name,
		      struct err *err)
{
	if (is_bare(name)) {
		*out = *from;
		out->has_digest = false;
		return reference_set_tag(out, name, err);
	}
	if (!reference_parse(out, name, err))
		return false;
	if (out->has_digest)
		return err_set(err, E_USAGE, "'%s' is a digest, not a tag", name);
	if (!reference_same_repository(out, from)) {
		err_set(err, E_USAGE, "%s is another repository than %s", reference_name(out).text,
			reference_name(from).text);
		return err_hint(err, "rtbuild copy goes from one to another");
	}
	reference_default_tag(out);
	return true;
}

static bool look(void *arg, size_t job, struct err *err)
{
	struct tagging *t = arg;

	return job ? registry_look(&t->held[job - 1], t->r, &t->targets[job - 1], err)
		   : registry_get_manifest(&t->doc, t->r, t->from, err);
}

static bool read_type(struct tagging *t, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	enum media_kind kind;
	struct index x;
	struct manifest m;

	if (!manifest_sniff(&kind, t->doc.raw, t->doc.len, t->doc.content_type, err))
		return false;
	if (kind == MEDIA_INDEX
		    ? !index_parse(&x, t->doc.raw, t->doc.len, t->doc.content_type, &arena, err)
		    : !manifest_parse(&m, t->doc.raw, t->doc.len, t->doc.content_type, &arena, err))
		return false;
	t->media_type = media_find(kind == MEDIA_INDEX ? x.media_type : m.media_type)->text;
	return true;
}

static bool put_one(void *arg, size_t i, struct err *err)
{
	struct tagging *t = arg;

	return holds_it(t, i) || registry_put_unmoved(&t->wrote[i], t->r, &t->targets[i], &t->doc,
						      t->media_type, &t->held[i], err);
}

static bool put(struct tagging *t, struct err *err)
{
	t->digest = t->doc.digest;
	if (!read_type(t, err) || !check_all_free(t, err))
		return false;
	for (size_t i = 0; t->args->plan && i < t->count; i++)
		t->wrote[i] = !holds_it(t, i);
	return t->args->plan || parallel_run(t->count, LIMIT_PARALLEL_TRANSFERS, put_one, t, err);
}

static bool tag_remote(struct session *s, const struct tag_args *args, struct reference *from,
		       struct err *err)
{
	AUTO(tagging_free) struct tagging t = { 0 };

	reference_default_tag(from);
	tagging_init(&t, args, from);
	for (size_t i = 0; i < t.count; i++)
		if (!target_of(&t.targets[i], from, args->names.items[i], err))
			return false;
	if (!session_registry(&t.r, s, err))
		return false;
	registry_expect_push(t.r, from);
	return parallel_run(1 + t.count, 1 + t.count, look, &t, err) && put(&t, err) &&
	       print(s, &t, err);
}

/* --- which --- */

/* "v2" beside a name of both worlds could be a tag there or a name here: nobody should guess. */
static bool check_clear(const struct place *from, const struct tag_args *args, struct err *err)
{
	for (size_t i = 0; i < args->names.len; i++) {
		if (!is_bare(args->names.items[i]))
			continue;
		err_set(err, E_USAGE, "%s is in the store, and '%s' could be a tag of its registry",
			reference_familiar(&from->reference).text, args->names.items[i]);
		return err_hint(err, "store:%s or docker://%s says which",
				reference_familiar(&from->reference).text,
				reference_familiar(&from->reference).text);
	}
	return true;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct tag_args *args = arg;
	AUTO(place_free) struct place from = { 0 };
	struct store *store;
	bool is_local;

	if (!args->names.len)
		return err_set(err, E_USAGE, "NAME is missing");
	if (!place_parse(&from, args->from, err) || !session_store(&store, s, err))
		return false;
	if (from.kind > PLACE_STORE)
		return err_set(err, E_USAGE, "'%s': names are given in registries and the store",
			       args->from);
	is_local = from.kind == PLACE_STORE || (from.is_short && !from.is_explicit);
	if (!is_local && !from.is_explicit && store_has_image(store, &from.reference)) {
		if (!check_clear(&from, args, err))
			return false;
		is_local = true;
		event_note(s->events, "in the store alone; docker://%s is the registry's",
			   reference_familiar(&from.reference).text);
	}
	return is_local ? tag_local(s, store, args, &from.reference, err)
			: tag_remote(s, args, &from.reference, err);
}

const struct cmd cmd_tag = {
	.name = "tag",
	.summary = "give an image of the store or of a registry a further name",
	.about = "In a registry nothing is moved: the manifest is put under the tag, which is read "
		 "just before, so that somebody else's change is not overwritten.",
	.example = "  rtbuild tag me/rt:1 registry.example.com/me/rt:1\n"
		   "  rtbuild tag docker://registry.example.com/me/rt:1 stable",
	.opts = opts,
	.args_size = sizeof(struct tag_args),
	.run = run,
};
