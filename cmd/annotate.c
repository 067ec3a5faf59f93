// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/lookup.h"
#include "image/manifest.h"
#include "registry/retag.h"

/* rtbuild annotate: annotations of a manifest or index, in place. */

struct annotate_args {
	const char *image, *tag;
	struct str_list pairs, removed;
	bool plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",             struct annotate_args, image,   "HOST/NAME:TAG, or a name of the store"),
	OPT_ARGS("KEY=VALUE",        struct annotate_args, pairs,   "annotations to set"),
	OPT_LIST(0,   "remove", "KEY", struct annotate_args, removed, "annotations to take away"),
	OPT_TEXT('t', "tag", "TAG",  struct annotate_args, tag,     "put the result under this tag, and leave the old one"),
	OPT_FLAG(0,   "plan",        struct annotate_args, plan,    "only say what it would become"),
	OPT_END
};
/* clang-format on */

static bool split(struct json_pairs *out, struct arena *arena, const struct str_list *pairs,
		  struct err *err)
{
	out->items = ARENA_ARRAY(arena, struct json_pair, pairs->len + 1);
	for (size_t i = 0; i < pairs->len; i++) {
		const char *sign = strchr(pairs->items[i], '=');

		if (!sign || sign == pairs->items[i]) {
			err_set(err, E_USAGE, "'%s' is not KEY=VALUE", pairs->items[i]);
			return err_hint(err, "org.opencontainers.image.source=https://...");
		}
		out->items[out->len++] = (struct json_pair){
			arena_slice(arena, (struct slice){ pairs->items[i],
							   (size_t)(sign - pairs->items[i]) }),
			sign + 1
		};
	}
	return true;
}

static const char *media_type_of(const struct registry_document *doc, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	enum media_kind kind;
	struct index x = { 0 };
	struct manifest m = { 0 };

	if (!manifest_sniff(&kind, doc->raw, doc->len, doc->content_type, err))
		return NULL;
	if (kind == MEDIA_INDEX)
		return index_parse(&x, doc->raw, doc->len, doc->content_type, &arena, err)
			       ? media_find(x.media_type)->text
			       : NULL;
	return manifest_parse(&m, doc->raw, doc->len, doc->content_type, &arena, err)
		       ? media_find(m.media_type)->text
		       : NULL;
}

static bool write_registry(struct session *s, const struct reference *to, bool in_place,
			   const struct registry_document *doc, const struct digest *before,
			   const char *media_type, struct err *err)
{
	struct tag_state held = { true, *before };
	struct registry *registry;
	bool wrote;

	if (!session_registry(&registry, s, err) ||
	    (!in_place && !registry_look(&held, registry, to, err)))
		return false;
	return registry_put_unmoved(&wrote, registry, to, doc, media_type, &held, err);
}

static bool write_store(struct session *s, const struct reference *to,
			const struct registry_document *doc, const char *media_type,
			struct err *err)
{
	struct descriptor d = { .media_type = media_type,
				.digest = doc->digest,
				.size = (int64_t)doc->len };
	struct digest ignored;
	struct store *store;

	return session_store(&store, s, err) &&
	       store_put_bytes(&ignored, store, doc->raw, doc->len, err) &&
	       store_put_root(store, &d, store_blobs(store), to, err);
}

static bool choose_target(struct reference *to, const struct annotate_args *args,
			  const struct place *place, struct err *err)
{
	if (place->kind > PLACE_STORE)
		return err_set(err, E_USAGE,
			       "'%s': images are annotated in registries and the store",
			       args->image);
	*to = place->reference;
	if (!args->tag && to->has_digest && !to->tag[0])
		return err_set(err, E_USAGE, "'%s': a digest cannot change; say --tag TAG",
			       args->image);
	to->has_digest = false;
	reference_default_tag(to);
	return !args->tag || reference_set_tag(to, args->tag, err);
}

struct change {
	struct reference to;
	struct digest before, after;
	bool writes; /* or would */
};

static void put_plan(struct buf *page, const struct change *c)
{
	struct reference_text to = reference_familiar(&c->to);

	buf_putf(page, "%-10s %s\n", "before", digest_format(&c->before).text);
	buf_putf(page, "%-10s %s\n", "after", digest_format(&c->after).text);
	buf_putf(page, "%-10s %s", c->writes ? "write" : "keep", to.text);
}

static bool print(struct session *s, const struct change *c, bool plan, struct err *err)
{
	AUTO(buf_free) struct buf page = BUF_INIT(SIZE_MAX / 2);
	struct reference pinned = c->to;
	struct reference_text text;
	json_t *doc = json_object();

	pinned.tag[0] = '\0';
	pinned.has_digest = true;
	pinned.digest = c->after;
	text = reference_familiar(&pinned);
	if (plan)
		put_plan(&page, c);
	json_object_set_new(doc, "reference", json_string(text.text));
	json_object_set_new(doc, "tag", json_string(reference_familiar(&c->to).text));
	json_object_set_new(doc, "digest", json_string(digest_format(&c->after).text));
	json_object_set_new(doc, "before", json_string(digest_format(&c->before).text));
	json_object_set_new(doc, "changed", json_boolean(!digest_eq(&c->after, &c->before)));
	json_object_set_new(doc, "plan", json_boolean(plan));
	return session_result(s, doc, plan ? page.ptr : text.text, err);
}

static bool annotate(struct session *s, const struct annotate_args *args, const struct place *place,
		     struct reader *from, struct err *err)
{
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct json_pairs set = { 0 };
	struct change c = { 0 };
	const char *type;
	bool changed;

	if (!choose_target(&c.to, args, place, err) || !split(&set, &arena, &args->pairs, err) ||
	    !from->root(from, &doc, err))
		return false;
	c.before = doc.digest;
	type = media_type_of(&doc, err);
	if (!type || !annotate_document(&changed, &doc, &set, &args->removed, err))
		return err_wrap(err, "%s", args->image);
	c.after = doc.digest;
	c.writes = changed || args->tag;
	if (c.writes && !args->plan &&
	    !(place->kind == PLACE_STORE
		      ? write_store(s, &c.to, &doc, type, err)
		      : write_registry(s, &c.to, !args->tag, &doc, &c.before, type, err)))
		return false;
	if (!changed)
		event_note(s->events, "nothing changed: it says so already");
	return print(s, &c, args->plan, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct annotate_args *args = arg;
	AUTO(place_free) struct place place = { 0 };
	AUTO(auto_reader_close) struct reader *from = NULL;
	struct registry *registry;

	if (!args->pairs.len && !args->removed.len)
		return err_set(err, E_USAGE, "KEY=VALUE is missing");
	if (!lookup_open(&from, &place, s, args->image, false, err))
		return false;
	if (place.kind == PLACE_REGISTRY) {
		if (!session_registry(&registry, s, err))
			return false;
		registry_expect_push(registry, &place.reference);
	}
	return annotate(s, args, &place, from, err);
}

const struct cmd cmd_annotate = {
	.name = "annotate",
	.summary = "set annotations of a manifest or index, in place",
	.about = "No layer and no label is touched; the digest changes, so signatures of the old "
		 "one do not speak of the new one. The tag is read just before it is written.",
	.example = "  rtbuild annotate registry.example.com/me/rt:1 "
		   "org.opencontainers.image.version=1.4",
	.opts = opts,
	.args_size = sizeof(struct annotate_args),
	.run = run,
};
