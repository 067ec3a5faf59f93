// SPDX-License-Identifier: Apache-2.0
#include "registry/sync_list.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* From YAML to entries. */

static void free_entry(struct sync_entry *e)
{
	tag_patterns_free(&e->tags);
	tag_patterns_free(&e->exclude);
	free(e->platforms);
}

void sync_list_free(struct sync_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		free_entry(&l->items[i]);
	free(l->items);
	*l = (struct sync_list){ 0 };
}

bool sync_entry_wants(const struct sync_entry *e, const char *tag)
{
	return (!e->tags.len || tag_patterns_match(&e->tags, tag)) &&
	       !tag_patterns_match(&e->exclude, tag);
}

/* --- members --- */

typedef bool take_text(struct sync_entry *e, const char *text, struct err *err);

static bool take_repository(struct reference *out, const char *text, struct err *err)
{
	if (!reference_parse(out, text, err))
		return false;
	if (!out->tag[0] && !out->has_digest)
		return true;
	return err_set(err, E_INPUT, "'%s' is an image, a repository is wanted", text);
}

static bool take_from(struct sync_entry *e, const char *text, struct err *err)
{
	return take_repository(&e->from, text, err);
}

static bool take_to(struct sync_entry *e, const char *text, struct err *err)
{
	return take_repository(&e->to, text, err);
}

static bool take_tag(struct sync_entry *e, const char *text, struct err *err)
{
	return tag_patterns_add(&e->tags, text, err);
}

static bool take_exclude(struct sync_entry *e, const char *text, struct err *err)
{
	return tag_patterns_add(&e->exclude, text, err);
}

static bool take_platform(struct sync_entry *e, const char *text, struct err *err)
{
	struct platform p;

	if (!platform_parse(&p, text, err))
		return false;
	e->platforms = mem_realloc(e->platforms, (e->platform_count + 1) * sizeof(p));
	e->platforms[e->platform_count++] = p;
	return true;
}

static bool take_referrers(struct sync_entry *e, const char *text, struct err *err)
{
	e->no_referrers = str_eq(text, "false");
	return e->no_referrers || str_eq(text, "true") ||
	       err_set(err, E_INPUT, "'%s' is not true or false", text);
}

/* clang-format off */
static const struct {
	const char *name;
	take_text *take;
	bool many, required;
} members[] = {
	{ "from",      take_from,      false, true },
	{ "to",        take_to,        false, true },
	{ "tags",      take_tag,       true,  false },
	{ "exclude",   take_exclude,   true,  false },
	{ "platforms", take_platform,  true,  false },
	{ "referrers", take_referrers, false, false },
};
/* clang-format on */

/* YAML's numbers and booleans are texts here: a tag may be 1.10, which is no number. */
static bool take_scalar(struct sync_entry *e, size_t member, const json_t *value, struct err *err)
{
	if (json_is_boolean(value))
		return members[member].take(e, json_is_true(value) ? "true" : "false", err);
	if (json_is_string(value))
		return members[member].take(e, json_string_value(value), err);
	err_set(err, E_INPUT, "a text is wanted");
	return json_is_number(value) ? err_hint(err, "numbers are written in quotes: \"1.10\"")
				     : false;
}

/* Where in the document we are. */
struct spot {
	struct yaml_step path[4];
	size_t depth;
	bool of_key;
};

static void go_to(struct spot *at, size_t depth, struct yaml_step step)
{
	at->path[depth] = step;
	at->depth = depth + 1;
}

/* As deep in the document as these are. */
enum { DEPTH_ENTRY = 1, DEPTH_MEMBER, DEPTH_ITEM };

static bool take_member(struct sync_entry *e, struct spot *at, size_t member, const json_t *value,
			struct err *err)
{
	json_t *item;
	size_t i;

	if (!json_is_array(value) || !members[member].many)
		return take_scalar(e, member, value, err) ||
		       err_wrap(err, "%s", members[member].name);
	json_array_foreach(value, i, item)
	{
		go_to(at, DEPTH_ITEM, (struct yaml_step){ .index = i });
		if (!take_scalar(e, member, item, err))
			return err_wrap(err, "%s", members[member].name);
	}
	return true;
}

static bool unknown(const char *key, struct err *err)
{
	const char *names[ARRAY_LEN(members)];
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		names[i] = members[i].name;
	near = str_nearest(key, names, ARRAY_LEN(names));
	err_set(err, E_INPUT, "unknown member '%s'", key);
	return near ? err_hint(err, "did you mean %s?", near)
		    : err_hint(err, "from, to, tags, exclude, platforms, referrers");
}

static bool parse_member(struct sync_entry *e, struct spot *at, const char *key,
			 const json_t *value, struct err *err)
{
	size_t i = 0;

	go_to(at, DEPTH_MEMBER, (struct yaml_step){ .key = key });
	while (i < ARRAY_LEN(members) && !str_eq(members[i].name, key))
		i++;
	at->of_key = i == ARRAY_LEN(members);
	return at->of_key ? unknown(key, err) : take_member(e, at, i, value, err);
}

static bool parse_entry(struct sync_entry *e, struct spot *at, json_t *doc, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(doc))
		return err_set(err, E_INPUT, "an entry has members: from, to, ...");
	json_object_foreach(doc, key, value)
	{
		if (!parse_member(e, at, key, value, err))
			return false;
	}
	at->depth = DEPTH_ENTRY + 1;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].required && !json_object_get(doc, members[i].name))
			return err_set(err, E_INPUT, "%s is missing", members[i].name);
	return !reference_same_repository(&e->from, &e->to) ||
	       err_set(err, E_INPUT, "from and to are the same repository");
}

static bool check_apart(const struct sync_list *l, struct err *err)
{
	const struct reference *to = &l->items[l->len - 1].to;

	for (size_t i = 0; i + 1 < l->len; i++)
		if (reference_same_repository(&l->items[i].to, to))
			return err_set(err, E_INPUT, "an entry above goes to %s, too",
				       reference_name(to).text);
	return true;
}

static bool parse_all(struct sync_list *out, struct spot *at, json_t *doc, struct err *err)
{
	json_t *list = json_object_get(doc, "sync"), *item;
	const char *key;
	size_t i;

	if (!json_is_array(list))
		return err_set(err, E_INPUT, "a list named sync is wanted");
	json_object_foreach(doc, key, item)
	{
		go_to(at, 0, (struct yaml_step){ .key = key });
		at->of_key = !str_eq(key, "sync");
		if (at->of_key)
			return err_set(err, E_INPUT, "unknown member '%s' beside sync", key);
	}
	if (json_array_size(list) > LIMIT_SYNC_ENTRIES)
		return err_set(err, E_INPUT, "more than %d entries", LIMIT_SYNC_ENTRIES);
	json_array_foreach(list, i, item)
	{
		go_to(at, DEPTH_ENTRY, (struct yaml_step){ .index = i });
		if (!parse_entry(ARRAY_PUSH(out), at, item, err) || !check_apart(out, err))
			return false;
	}
	return true;
}

bool sync_list_parse(struct sync_list *out, const char *text, size_t len, const char *file,
		     struct err *err)
{
	struct spot at = { .depth = 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;

	*out = (struct sync_list){ 0 };
	if (!yaml_parse(&doc, text, len, file, err))
		return false;
	if (parse_all(out, &at, doc, err))
		return true;
	sync_list_free(out);
	return yaml_err_at(err, text, len, file, at.path, at.depth, at.of_key);
}
