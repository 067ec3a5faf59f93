// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/lookup.h"
#include "registry/pattern.h"
#include "registry/tags.h"

/* rtbuild tags: the tags of a repository. */

struct tags_args {
	const char *repository, *limit;
	struct str_list filters;
	bool omit_digest_tags, full_ref;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("REPOSITORY",               struct tags_args, repository, "HOST/NAME"),
	OPT_LIST('f', "filter", "PATTERN",  struct tags_args, filters,    "only those: a glob, /regex/ or a range of versions"),
	OPT_TEXT('n', "limit", "N",         struct tags_args, limit,      "the last N of them"),
	OPT_FLAG(0,   "omit-digest-tags",   struct tags_args, omit_digest_tags, "without sha256-... (signatures, referrers)"),
	OPT_FLAG(0,   "full-ref",           struct tags_args, full_ref,   "HOST/NAME:TAG"),
	OPT_END
};
/* clang-format on */

static int by_tag(const void *a, const void *b)
{
	return tag_compare(*(const char *const *)a, *(const char *const *)b);
}

static bool is_wanted(const struct tags_args *args, const struct tag_patterns *filters,
		      const char *tag)
{
	const char *suffix;
	struct digest ignored;

	if (args->omit_digest_tags && tags_is_of_digest(&ignored, &suffix, tag))
		return false;
	return !filters->len || tag_patterns_match(filters, tag);
}

static bool list(struct str_list *out, struct session *s, const struct reference *repository,
		 const struct tags_args *args, const struct tag_patterns *filters, struct err *err)
{
	static const struct tags_request all;
	AUTO(str_list_free) struct str_list every = { 0 };
	struct registry *registry;

	if (!session_registry(&registry, s, err) ||
	    !registry_tags(&every, NULL, registry, repository, &all, err))
		return false;
	for (size_t i = 0; i < every.len; i++)
		if (is_wanted(args, filters, every.items[i]))
			str_list_push(out, every.items[i]);
	if (out->len)
		qsort(out->items, out->len, sizeof(*out->items), by_tag);
	return true;
}

static bool print(struct session *s, const struct reference *repository,
		  const struct str_list *tags, size_t first, bool full, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	struct reference_text name = reference_familiar(repository);
	json_t *items = json_array(), *doc;

	for (size_t i = first; i < tags->len; i++) {
		json_array_append_new(items, json_string(tags->items[i]));
		buf_putf(&text, "%s%s%s\n", full ? name.text : "", full ? ":" : "", tags->items[i]);
	}
	if (!s->options.json) {
		json_decref(items);
		return session_print_raw(text.ptr, text.len, err);
	}
	doc = json_object();
	json_object_set_new(doc, "repository", json_string(name.text));
	json_object_set_new(doc, "tags", items);
	return session_result(s, doc, "", err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct tags_args *args = arg;
	AUTO(tag_patterns_free) struct tag_patterns filters = { 0 };
	AUTO(str_list_free) struct str_list tags = { 0 };
	struct reference repository;
	uint64_t limit = LIMIT_TAGS;

	if (args->limit && !str_to_u64(&limit, slice_of(args->limit), LIMIT_TAGS))
		return err_set(err, E_USAGE, "--limit '%s' is not a number", args->limit);
	for (size_t i = 0; i < args->filters.len; i++)
		if (!tag_patterns_add(&filters, args->filters.items[i], err))
			return false;
	if (!lookup_repository(&repository, args->repository, err) ||
	    !list(&tags, s, &repository, args, &filters, err))
		return false;
	return print(s, &repository, &tags, tags.len > limit ? tags.len - limit : 0, args->full_ref,
		     err);
}

const struct cmd cmd_tags = {
	.name = "tags",
	.summary = "list the tags of a repository of a registry",
	.about = "Sorted as people count: 1.9 before 1.10. Several filters add up.",
	.example = "  rtbuild tags registry.example.com/me/rt\n"
		   "  rtbuild tags -f '>=3.10 <3.13' -n 1 docker.io/library/python",
	.opts = opts,
	.args_size = sizeof(struct tags_args),
	.run = run,
};
