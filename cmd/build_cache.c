// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_cache.h"

#include <stdlib.h>

#include "base/mem.h"

/* The texts of --cache-from and --cache-to. What they do is builder/cache_remote.h's. */

/* The name of the one cache in a layout, beside its tag. */
static const char local_name[] = "build-cache";

struct given {
	const char *option; /* "--cache-to" */
	bool writes;
	const char *text; /* whole, for messages */
	const char *type, *ref, *dir, *tag, *digest, *compression;
	bool all, ignore_error;
};

static bool bad(const struct given *g, struct err *err, const char *why)
{
	return err_set(err, E_USAGE, "%s '%s': %s", g->option, g->text, why);
}

static bool set_bool(bool *out, const struct given *g, const char *value, struct err *err)
{
	*out = str_eq(value, "true") || str_eq(value, "1");
	return *out || str_eq(value, "false") || str_eq(value, "0") ||
	       bad(g, err, "want true or false");
}

static bool set_mode(struct given *g, const char *value, struct err *err)
{
	g->all = str_eq(value, "max");
	return g->all || str_eq(value, "min") || bad(g, err, "mode is min or max");
}

/* Ours are always so; who asks for the other form would get something else than asked for. */
static bool must_be_true(const struct given *g, const char *key, const char *value, struct err *err)
{
	bool yes;

	if (!set_bool(&yes, g, value, err))
		return false;
	return yes || err_set(err, E_UNSUPPORTED, "%s '%s': %s is always true here", g->option,
			      g->text, key);
}

/* Said before the members of a cache that is not kept here are wondered at. */
static bool is_known(const struct given *g, struct err *err)
{
	static const char *const types[] = { "registry", "local", "inline" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_eq(g->type, types[i]))
			return true;
	err_set(err, E_UNSUPPORTED, "%s '%s': no cache of type '%s'", g->option, g->text, g->type);
	return err_hint(err, "registry, local or inline");
}

static bool set_member(struct given *g, const char *key, const char *value, struct err *err)
{
	const struct {
		const char *key;
		bool writes, reads;
		const char **to;
	} texts[] = {
		{ "type", true, true, &g->type },
		{ "ref", true, true, &g->ref },
		{ "dest", true, false, &g->dir },
		{ "src", false, true, &g->dir },
		{ "tag", true, true, &g->tag },
		{ "digest", false, true, &g->digest },
		{ "compression", true, false, &g->compression },
	};
	static const char *const names[] = {
		"type",          "ref",         "dest", "src",          "tag",
		"digest",        "compression", "mode", "ignore-error", "oci-mediatypes",
		"image-manifest"
	};
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!str_eq(key, texts[i].key) || !(g->writes ? texts[i].writes : texts[i].reads))
			continue;
		*texts[i].to = value;
		return !str_eq(key, "type") || is_known(g, err);
	}
	if (g->writes && str_eq(key, "mode"))
		return set_mode(g, value, err);
	if (g->writes && str_eq(key, "ignore-error"))
		return set_bool(&g->ignore_error, g, value, err);
	if (g->writes && (str_eq(key, "oci-mediatypes") || str_eq(key, "image-manifest")))
		return must_be_true(g, key, value, err);
	err_set(err, E_USAGE, "%s '%s': unknown member '%s'", g->option, g->text, key);
	near = str_nearest(key, names, ARRAY_LEN(names));
	return near && !str_eq(near, key) ? err_hint(err, "did you mean %s=?", near) : false;
}

/* "k=v,k=v" (buildx's CSV without its quotes), or a bare reference. */
static bool read_members(struct given *g, struct str_list *owned, struct err *err)
{
	struct slice rest = slice_of(g->text);

	if (!strchr(g->text, '=')) {
		g->type = "registry";
		g->ref = g->text;
		return true;
	}
	while (rest.ptr) {
		struct slice part = slice_cut(rest, ',', &rest);
		struct slice value, name = slice_cut(slice_trim(part, " "), '=', &value);
		AUTO(auto_free) char *key = mem_strndup(name.ptr, name.len);

		if (!value.ptr || !value.len)
			return bad(g, err, "want KEY=VALUE, separated by commas");
		str_list_push_take(owned, mem_strndup(value.ptr, value.len));
		if (!set_member(g, key, owned->items[owned->len - 1], err))
			return false;
	}
	return true;
}

static bool make_registry(struct cache_place *out, const struct given *g, struct err *err)
{
	if (!g->ref || g->dir || g->tag || g->digest)
		return bad(g, err, "type=registry takes ref=HOST/NAME[:TAG]");
	if (!reference_parse(&out->ref, g->ref, err))
		return err_wrap(err, "%s", g->option);
	if (g->writes && out->ref.has_digest)
		return bad(g, err, "a cache cannot be written by digest");
	reference_default_tag(&out->ref);
	out->kind = CACHE_REGISTRY;
	return true;
}

static bool make_local(struct cache_place *out, const struct given *g, struct err *err)
{
	if (!g->dir || g->ref)
		return bad(g, err,
			   g->writes ? "type=local takes dest=DIR" : "type=local takes src=DIR");
	out->kind = CACHE_LOCAL;
	out->dir = g->dir;
	if (!reference_parse(&out->ref, local_name, err) ||
	    !reference_set_tag(&out->ref, g->tag ? g->tag : "latest", err))
		return err_wrap(err, "%s", g->option);
	out->ref.has_digest = g->digest != NULL;
	return !g->digest || digest_parse(&out->ref.digest, g->digest, err) ||
	       err_wrap(err, "%s", g->option);
}

static bool make_inline(struct cache_place *out, const struct given *g, struct err *err)
{
	if (!g->writes) {
		err_set(err, E_USAGE, "%s '%s': an inline cache is read from its image", g->option,
			g->text);
		return err_hint(err, "type=registry,ref=IMAGE");
	}
	if (g->ref || g->dir || g->tag || g->all)
		return bad(g, err, "type=inline takes nothing more: it is the image's own layers");
	out->kind = CACHE_INLINE;
	return true;
}

static bool make_place(struct cache_place *out, const struct given *g, const char *compression,
		       struct err *err)
{
	static const struct {
		const char *type;
		bool (*make)(struct cache_place *out, const struct given *g, struct err *err);
	} types[] = { { "registry", make_registry },
		      { "local", make_local },
		      { "inline", make_inline } };

	*out = (struct cache_place){ .all = g->all, .ignore_error = g->ignore_error };
	if (g->compression && !str_eq(g->compression, compression)) {
		err_set(err, E_UNSUPPORTED,
			"%s '%s': a cache holds the image's own layers, which are %s", g->option,
			g->text, compression);
		return err_hint(err, "use --compression %s for both", g->compression);
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (g->type && str_eq(g->type, types[i].type))
			return types[i].make(out, g, err);
	return bad(g, err, "want type=registry, local or inline");
}

static bool parse_list(struct cache_place **out, size_t *count_out, struct build_caches *c,
		       const struct str_list *texts, const struct given *like,
		       const char *compression, struct err *err)
{
	*out = mem_alloc((texts->len + 1) * sizeof(**out));
	for (size_t i = 0; i < texts->len; i++) {
		struct given g = *like;

		g.text = texts->items[i];
		if (!read_members(&g, &c->owned, err) ||
		    !make_place(&(*out)[i], &g, compression, err))
			return false;
	}
	*count_out = texts->len;
	return true;
}

bool build_caches_parse(struct build_caches *out, const struct str_list *from,
			const struct str_list *to, const char *compression, struct err *err)
{
	const struct given reads = { .option = "--cache-from" };
	const struct given writes = { .option = "--cache-to", .writes = true };

	return parse_list(&out->from, &out->from_count, out, from, &reads, compression, err) &&
	       parse_list(&out->to, &out->to_count, out, to, &writes, compression, err);
}

void build_caches_free(struct build_caches *c)
{
	free(c->from);
	free(c->to);
	str_list_free(&c->owned);
}

bool build_caches_open(struct cache_remote **out, const struct build_caches *c, struct session *s,
		       const struct platform *platform, struct err *err)
{
	struct cache_remote_options opt = { .events = s->events,
					    .platform = platform,
					    .from = c->from,
					    .from_count = c->from_count,
					    .to = c->to,
					    .to_count = c->to_count };

	*out = NULL;
	if (!c->from_count && !c->to_count)
		return true;
	if (!session_store(&opt.store, s, err) || !session_registry(&opt.registry, s, err))
		return false;
	for (size_t i = 0; i < c->to_count; i++)
		if (c->to[i].kind == CACHE_REGISTRY)
			registry_expect_push(opt.registry, &c->to[i].ref);
	cache_remote_open(out, &opt);
	return true;
}
