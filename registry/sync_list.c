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

static bool take_member(struct sync_entry *e, size_t member, const json_t *value, struct err *err)
{
	json_t *item;
	size_t i;

	if (!json_is_array(value) || !members[member].many)
		return take_scalar(e, member, value, err) ||
		       err_wrap(err, "%s", members[member].name);
	json_array_foreach(value, i, item)
	{
		if (!take_scalar(e, member, item, err))
			return err_wrap(err, "%s: [%zu]", members[member].name, i);
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

static bool parse_entry(struct sync_entry *e, json_t *doc, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(doc))
		return err_set(err, E_INPUT, "an entry has members: from, to, ...");
	json_object_foreach(doc, key, value)
	{
		size_t i = 0;

		while (i < ARRAY_LEN(members) && !str_eq(members[i].name, key))
			i++;
		if (i == ARRAY_LEN(members))
			return unknown(key, err);
		if (!take_member(e, i, value, err))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].required && !json_object_get(doc, members[i].name))
			return err_set(err, E_INPUT, "%s is missing", members[i].name);
	return !reference_same_repository(&e->from, &e->to) ||
	       err_set(err, E_INPUT, "from and to are the same repository");
}

static bool parse_all(struct sync_list *out, json_t *doc, struct err *err)
{
	json_t *list = json_object_get(doc, "sync"), *item;
	const char *key;
	size_t i;

	if (!json_is_array(list))
		return err_set(err, E_INPUT, "a list named sync is wanted");
	json_object_foreach(doc, key, item)
	{
		if (!str_eq(key, "sync"))
			return err_set(err, E_INPUT, "unknown member '%s' beside sync", key);
	}
	if (json_array_size(list) > LIMIT_SYNC_ENTRIES)
		return err_set(err, E_INPUT, "more than %d entries (limit LIMIT_SYNC_ENTRIES)",
			       LIMIT_SYNC_ENTRIES);
	json_array_foreach(list, i, item)
	{
		if (!parse_entry(ARRAY_PUSH(out), item, err))
			return err_wrap(err, "sync: [%zu]", i);
		for (size_t k = 0; k < i; k++)
			if (reference_same_repository(&out->items[k].to, &out->items[i].to))
				return err_set(err, E_INPUT,
					       "sync: [%zu] and [%zu] go to the same repository, "
					       "%s",
					       k, i, reference_name(&out->items[i].to).text);
	}
	return true;
}

bool sync_list_parse(struct sync_list *out, const char *text, size_t len, const char *file,
		     struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;

	*out = (struct sync_list){ 0 };
	if (!yaml_parse(&doc, text, len, file, err))
		return false;
	if (parse_all(out, doc, err))
		return true;
	sync_list_free(out);
	return err_wrap(err, "%s", file);
}
