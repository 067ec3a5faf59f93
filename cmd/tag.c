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
	bool no_clobber;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",            struct tag_args, from,       "a name of the store, or HOST/NAME[:TAG][@DIGEST] of a registry"),
	OPT_ARGS("NAME",            struct tag_args, names,      "its further names; in a registry tags, or names of the same repository"),
	OPT_FLAG('n', "no-clobber", struct tag_args, no_clobber, "never overwrite a name that holds something else"),
	OPT_END
};
/* clang-format on */

/* "v2": in a registry a tag, in the store a name of its own. */
static bool is_bare(const char *name)
{
	return !strpbrk(name, "/:@");
}

/* --- in the store --- */

static bool check_free(struct store *store, const struct reference *to, const struct digest *digest,
		       struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	struct descriptor d = { 0 };
	struct err ignored = { 0 };

	if (!store_find_root(&raw, &d, store, to, &ignored) || digest_eq(&d.digest, digest))
		return true;
	return err_set(err, E_INTEGRITY, "%s exists already, as %s", reference_familiar(to).text,
		       digest_format(&d.digest).text);
}

static bool tag_local(struct store *store, const struct tag_args *args,
		      const struct reference *from, struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	struct descriptor d = { 0 };

	if (!store_find_root(&raw, &d, store, from, err))
		return false;
	for (size_t i = 0; i < args->names.len; i++) {
		struct reference to;

		if (!reference_parse(&to, args->names.items[i], err))
			return false;
		if (to.has_digest)
			return err_set(err, E_USAGE, "'%s' is a digest, not a name",
				       args->names.items[i]);
		reference_default_tag(&to);
		if ((args->no_clobber && !check_free(store, &to, &d.digest, err)) ||
		    !store_put_root(store, &d, NULL, &to, err))
			return false;
	}
	return true;
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

struct tagging {
	struct registry *r;
	const struct reference *from;
	struct registry_document doc;
	struct reference *targets;
	struct tag_state *held;
	size_t count;
	const char *media_type; /* of `doc`, once it is read */
	bool *wrote;
};

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

static bool holds_it(const struct tagging *t, size_t i)
{
	return t->held[i].is_there && digest_eq(&t->held[i].digest, &t->doc.digest);
}

/* Before anything is written. */
static bool check_all_free(const struct tagging *t, struct err *err)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->held[i].is_there && !holds_it(t, i))
			return err_set(err, E_INTEGRITY, "%s exists already, as %s",
				       reference_familiar(&t->targets[i]).text,
				       digest_format(&t->held[i].digest).text);
	return true;
}

static bool put_one(void *arg, size_t i, struct err *err)
{
	struct tagging *t = arg;

	return holds_it(t, i) || registry_put_unmoved(&t->wrote[i], t->r, &t->targets[i], &t->doc,
						      t->media_type, &t->held[i], err);
}

static bool put(struct tagging *t, const struct tag_args *args, struct err *err)
{
	return read_type(t, err) && (!args->no_clobber || check_all_free(t, err)) &&
	       parallel_run(t->count, LIMIT_PARALLEL_TRANSFERS, put_one, t, err);
}

static bool print(struct session *s, const struct tagging *t, struct err *err)
{
	struct reference pinned = *t->from;
	json_int_t written = 0;
	json_t *doc = json_object(), *tags = json_array();

	pinned.tag[0] = '\0';
	pinned.has_digest = true;
	pinned.digest = t->doc.digest;
	for (size_t i = 0; i < t->count; i++) {
		json_array_append_new(tags, json_string(reference_familiar(&t->targets[i]).text));
		written += t->wrote[i];
	}
	json_object_set_new(doc, "reference", json_string(reference_familiar(&pinned).text));
	json_object_set_new(doc, "digest", json_string(digest_format(&t->doc.digest).text));
	json_object_set_new(doc, "tags", tags);
	json_object_set_new(doc, "written", json_integer(written));
	return session_result(s, doc, reference_familiar(&pinned).text, err);
}

static bool tag_remote(struct session *s, const struct tag_args *args, struct reference *from,
		       struct err *err)
{
	size_t count = args->names.len;
	AUTO(auto_free) struct reference *targets = mem_alloc((count + 1) * sizeof(*targets));
	AUTO(auto_free) struct tag_state *held = mem_alloc((count + 1) * sizeof(*held));
	AUTO(auto_free) bool *wrote = mem_alloc((count + 1) * sizeof(*wrote));
	struct tagging t = {
		.from = from, .targets = targets, .held = held, .count = count, .wrote = wrote
	};
	bool ok;

	reference_default_tag(from);
	for (size_t i = 0; i < count; i++)
		if (!target_of(&targets[i], from, args->names.items[i], err))
			return false;
	if (!session_registry(&t.r, s, err))
		return false;
	registry_expect_push(t.r, from);
	ok = parallel_run(1 + count, 1 + count, look, &t, err) && put(&t, args, err) &&
	     print(s, &t, err);
	registry_document_free(&t.doc);
	return ok;
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
	return is_local ? tag_local(store, args, &from.reference, err)
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
