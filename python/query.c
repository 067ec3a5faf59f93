// SPDX-License-Identifier: Apache-2.0
#include "python/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "python/name.h"
#include "python/requirement.h"
#include "python/requirements.h"
#include "python/wheel_name.h"

/* --- what a question has --- */

struct query {
	json_t *ask;
	json_t *answer;
	struct arena arena;
};

static bool text_member(struct slice *out, const struct query *q, const char *key, struct err *err)
{
	const char *text = json_text_member(q->ask, key);

	*out = slice_of(text);
	return text || err_set(err, E_INPUT, "'%s' is not a text", key);
}

static bool list_member(json_t **out, const struct query *q, const char *key, struct err *err)
{
	json_t *list = json_object_get(q->ask, key);
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (!json_is_string(item))
			return err_set(err, E_INPUT, "'%s': item %zu is not a text", key, i);
	}
	*out = list;
	return json_is_array(list) || err_set(err, E_INPUT, "'%s' is not a list", key);
}

static bool prereleases_member(enum prereleases *out, const struct query *q, struct err *err)
{
	json_t *value = json_object_get(q->ask, "prereleases");

	*out = json_is_true(value)    ? PRERELEASES_ALLOWED
	       : json_is_false(value) ? PRERELEASES_REFUSED
				      : PRERELEASES_AUTO;
	return !value || json_is_boolean(value) || json_is_null(value) ||
	       err_set(err, E_INPUT, "'prereleases' is not true, false or null");
}

static void put(struct query *q, const char *key, json_t *value)
{
	json_object_set_new(q->answer, key, value);
}

/* NULL is null. */
static void put_text(struct query *q, const char *key, const char *text)
{
	put(q, key, text ? json_string(text) : json_null());
}

static json_t *text_of_slice(struct slice s)
{
	return s.ptr ? json_stringn(s.ptr, s.len) : json_null();
}

/* --- versions and specifiers --- */

static bool version_of(struct version *out, struct query *q, struct slice text)
{
	struct err ignored = { 0 };

	return version_parse(out, &q->arena, text, &ignored);
}

static bool specifiers_of(struct specifier_set *out, struct query *q, struct slice text)
{
	struct err ignored = { 0 };

	return specifier_set_parse(out, &q->arena, text, NULL, &ignored);
}

static bool ask_version_parse(struct query *q, struct err *err)
{
	struct slice text;
	struct version v;
	bool valid;

	if (!text_member(&text, q, "version", err))
		return false;
	valid = version_of(&v, q, text);
	put(q, "valid", json_boolean(valid));
	put_text(q, "normalized", valid ? v.text : NULL);
	return true;
}

static bool ask_version_cmp(struct query *q, struct err *err)
{
	struct slice left, right;
	struct version a, b;

	if (!text_member(&left, q, "a", err) || !text_member(&right, q, "b", err))
		return false;
	if (version_of(&a, q, left) && version_of(&b, q, right)) {
		int c = version_cmp(&a, &b);

		put(q, "cmp", json_integer((c > 0) - (c < 0)));
	} else {
		put(q, "cmp", json_null());
	}
	return true;
}

static bool ask_specifier_parse(struct query *q, struct err *err)
{
	struct specifier_set set = { 0 };
	struct slice spec;

	if (!text_member(&spec, q, "spec", err))
		return false;
	put(q, "valid", json_boolean(specifiers_of(&set, q, spec)));
	return true;
}

static bool ask_specifier(struct query *q, struct err *err)
{
	struct specifier_set set = { 0 };
	struct slice spec, text;
	enum prereleases pre;
	struct version v;

	if (!text_member(&spec, q, "spec", err) || !text_member(&text, q, "version", err) ||
	    !prereleases_member(&pre, q, err))
		return false;
	if (specifiers_of(&set, q, spec) && version_of(&v, q, text))
		put(q, "contains", json_boolean(specifier_set_contains(&set, &v, pre)));
	else
		put(q, "contains", json_null());
	return true;
}

/* False: one of the texts is no version. */
static bool versions_of(const struct version **out, struct query *q, json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		struct version *v = ARENA_NEW(&q->arena, struct version);

		if (!version_of(v, q, slice_of(json_string_value(item))))
			return false;
		out[i] = v;
	}
	return true;
}

static bool ask_filter(struct query *q, struct err *err)
{
	struct specifier_set set = { 0 };
	struct slice spec;
	enum prereleases pre;
	const struct version **versions;
	json_t *list, *kept;
	size_t count;
	bool *keep;

	if (!text_member(&spec, q, "spec", err) || !list_member(&list, q, "versions", err) ||
	    !prereleases_member(&pre, q, err))
		return false;
	count = json_array_size(list);
	versions = ARENA_ARRAY(&q->arena, const struct version *, count + 1);
	keep = ARENA_ARRAY(&q->arena, bool, count + 1);
	if (!specifiers_of(&set, q, spec) || !versions_of(versions, q, list)) {
		put(q, "versions", json_null());
		return true;
	}
	specifier_set_filter(keep, &set, versions, count, pre);
	kept = json_array();
	for (size_t i = 0; i < count; i++)
		if (keep[i])
			json_array_append(kept, json_array_get(list, i));
	put(q, "versions", kept);
	return true;
}

/* --- markers and requirements --- */

static bool ask_marker_parse(struct query *q, struct err *err)
{
	struct err ignored = { 0 };
	const struct marker *m;
	struct slice text;

	if (!text_member(&text, q, "marker", err))
		return false;
	put(q, "valid", json_boolean(marker_parse(&m, &q->arena, text, NULL, &ignored)));
	return true;
}

static bool env_member(struct marker_env *env, struct query *q, struct err *err)
{
	struct platform platform = { 0 };
	struct python_target target;
	json_t *given = json_object_get(q->ask, "env");

	if (given && !json_is_null(given) && !json_is_object(given))
		return err_set(err, E_INPUT, "'env' is not an object");
	if (!platform_parse(&platform, "linux/amd64", err) ||
	    !python_target_make(&target, "3.11", &platform, NULL, err))
		return false;
	*env = marker_env_make(&q->arena, &target);
	for (int i = 0; i < MARKER_VARIABLES; i++) {
		enum marker_variable v = (enum marker_variable)i;
		json_t *value = json_object_get(given, marker_variable_name(v));

		if (!value || json_is_null(value))
			continue;
		if (!json_is_string(value))
			return err_set(err, E_INPUT, "'env': '%s' is not a text",
				       marker_variable_name(v));
		env->values[v] = json_string_value(value);
	}
	if (env->values[MARKER_EXTRA])
		env->values[MARKER_EXTRA] =
			name_normalize(&q->arena, slice_of(env->values[MARKER_EXTRA]));
	return true;
}

static bool ask_marker(struct query *q, struct err *err)
{
	struct err ignored = { 0 };
	const struct marker *m;
	struct marker_env env;
	struct slice text;
	bool value;

	if (!text_member(&text, q, "marker", err) || !env_member(&env, q, err))
		return false;
	if (marker_parse(&m, &q->arena, text, NULL, &ignored) &&
	    marker_eval(&value, m, &env, &ignored))
		put(q, "value", json_boolean(value));
	else
		put(q, "value", json_null());
	return true;
}

static void put_requirement(struct query *q, const struct requirement *r)
{
	AUTO(buf_free) struct buf specifier = BUF_INIT(SIZE_MAX);
	AUTO(buf_free) struct buf marker = BUF_INIT(SIZE_MAX);
	json_t *extras = json_array();

	specifier_set_format(&specifier, &r->specifiers);
	if (r->marker)
		marker_format(&marker, r->marker);
	for (size_t i = 0; i < r->extra_count; i++)
		json_array_append_new(extras, json_string(r->extras[i]));
	put_text(q, "name", r->name);
	put(q, "extras", extras);
	put_text(q, "specifier", specifier.ptr);
	put_text(q, "url", r->url);
	put_text(q, "marker", r->marker ? marker.ptr : NULL);
}

static bool ask_requirement(struct query *q, struct err *err)
{
	static const char *const members[] = { "name", "extras", "specifier", "url", "marker" };
	struct err ignored = { 0 };
	struct requirement r = { 0 };
	struct slice text;
	bool valid;

	if (!text_member(&text, q, "requirement", err))
		return false;
	valid = requirement_parse(&r, &q->arena, text, NULL, &ignored);
	put(q, "valid", json_boolean(valid));
	for (size_t i = 0; !valid && i < ARRAY_LEN(members); i++)
		put_text(q, members[i], NULL);
	if (valid)
		put_requirement(q, &r);
	return true;
}

static bool ask_name(struct query *q, struct err *err)
{
	struct slice name;

	if (!text_member(&name, q, "name", err))
		return false;
	put_text(q, "normalized", name_normalize(&q->arena, name));
	return true;
}

/* --- wheels --- */

static bool ask_wheel_filename(struct query *q, struct err *err)
{
	AUTO(str_list_free) struct str_list tags = { 0 };
	struct wheel_name n = { 0 };
	struct err ignored = { 0 };
	struct slice text;
	bool valid;

	if (!text_member(&text, q, "filename", err))
		return false;
	valid = wheel_name_parse(&n, &q->arena, text.ptr, &ignored);
	if (valid)
		wheel_name_tags(&tags, &n);
	put(q, "valid", json_boolean(valid));
	put_text(q, "name", valid ? n.key : NULL);
	put_text(q, "version", valid ? n.version.text : NULL);
	put(q, "build", text_of_slice(n.build));
	put(q, "tags", json_texts(&tags));
	return true;
}

struct ranked {
	struct wheel_name name;
	json_t *text;
	size_t rank, order;
};

/* "libc" may name one of both kinds ("musl-1.2"); "glibc" is the version of the usual one. */
static bool libc_member(const char **out, struct query *q, struct err *err)
{
	bool named = json_object_get(q->ask, "libc");
	struct slice text;

	if (!text_member(&text, q, named ? "libc" : "glibc", err))
		return false;
	*out = named ? text.ptr : arena_printf(&q->arena, "glibc-%s", text.ptr);
	return true;
}

/* As pip chooses: the newest version, then the best tag, then the highest build. */
static int cmp_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	int c = -version_cmp(&a->name.version, &b->name.version);

	if (!c)
		c = (a->rank > b->rank) - (a->rank < b->rank);
	if (!c)
		c = -wheel_name_cmp_build(&a->name, &b->name);
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

static bool target_members(struct python_target *out, struct query *q, struct err *err)
{
	struct slice python, platform_text;
	struct platform platform = { 0 };
	const char *libc;

	return text_member(&python, q, "python", err) &&
	       text_member(&platform_text, q, "platform", err) && libc_member(&libc, q, err) &&
	       platform_parse(&platform, platform_text.ptr, err) &&
	       python_target_make(out, python.ptr, &platform, libc, err);
}

static bool ask_wheel_rank(struct query *q, struct err *err)
{
	AUTO(tag_ranks_free) struct tag_ranks ranks = { 0 };
	struct python_target target;
	struct ranked *usable;
	size_t count = 0, i;
	json_t *list, *item, *order;

	if (!target_members(&target, q, err) || !list_member(&list, q, "wheels", err))
		return false;
	tag_ranks_make(&ranks, &target);
	usable = ARENA_ARRAY(&q->arena, struct ranked, json_array_size(list) + 1);
	json_array_foreach(list, i, item)
	{
		struct ranked *r = &usable[count];
		struct err ignored = { 0 };

		if (wheel_name_parse(&r->name, &q->arena, json_string_value(item), &ignored) &&
		    wheel_name_rank(&r->rank, &r->name, &ranks)) {
			r->text = item;
			r->order = count++;
		}
	}
	qsort(usable, count, sizeof(*usable), cmp_ranked);
	order = json_array();
	for (i = 0; i < count; i++)
		json_array_append(order, usable[i].text);
	put(q, "order", order);
	return true;
}

/* --- requirements files --- */

static json_t *line_object(struct query *q, const struct requirement_line *line)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	json_t *o = json_object(), *hashes = json_array();

	requirement_format(&text, &line->requirement);
	json_object_set_new(o, "requirement", json_string(text.ptr));
	buf_clear(&text);
	marker_format(&text, line->requirement.marker);
	json_object_set_new(o, "marker", text.len ? json_string(text.ptr) : json_null());
	json_object_set_new(o, "path", line->path ? json_string(line->path) : json_null());
	json_object_set_new(o, "url", line->url ? json_string(line->url) : json_null());
	json_object_set_new(o, "constraint", json_boolean(line->is_constraint));
	json_object_set_new(o, "line", json_integer(line->line));
	for (size_t i = 0; i < line->hash_count; i++) {
		const struct requirement_hash *h = &line->hashes[i];
		char hex[2 * HASH_SIZE_MAX + 1];

		hex_format(hex, h->value, hash_kind_size(h->kind));
		json_array_append_new(hashes,
				      json_string(arena_printf(&q->arena, "%s:%s",
							       hash_kind_name(h->kind), hex)));
	}
	json_object_set_new(o, "hashes", hashes);
	return o;
}

static bool ask_requirements_file(struct query *q, struct err *err)
{
	AUTO(requirements_free) struct requirements r = { 0 };
	struct err why = { 0 };
	struct slice path;
	json_t *lines = json_array();

	put(q, "lines", lines);
	if (!text_member(&path, q, "path", err))
		return false;
	put(q, "valid", json_boolean(requirements_read(&r, path.ptr, &why)));
	put_text(q, "error", why.code ? why.msg : NULL);
	for (size_t i = 0; i < r.len; i++)
		json_array_append_new(lines, line_object(q, &r.items[i]));
	put_text(q, "index_url", r.index_url);
	put(q, "extra_index_urls", json_texts(&r.extra_indexes));
	put(q, "find_links", json_texts(&r.find_links));
	put(q, "no_index", json_boolean(r.no_index));
	put(q, "require_hashes", json_boolean(r.require_hashes));
	put(q, "pre", json_boolean(r.prereleases));
	return true;
}

/* --- the table of questions --- */

static const struct {
	const char *op;
	bool (*ask)(struct query *q, struct err *err);
} ops[] = {
	{ "version_parse", ask_version_parse },
	{ "version_cmp", ask_version_cmp },
	{ "specifier_parse", ask_specifier_parse },
	{ "specifier", ask_specifier },
	{ "filter", ask_filter },
	{ "marker_parse", ask_marker_parse },
	{ "marker", ask_marker },
	{ "requirement", ask_requirement },
	{ "name", ask_name },
	{ "wheel_filename", ask_wheel_filename },
	{ "wheel_rank", ask_wheel_rank },
	{ "requirements_file", ask_requirements_file },
};

static bool unknown_op(const char *op, struct err *err)
{
	const char *names[ARRAY_LEN(ops)], *near;

	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		names[i] = ops[i].op;
	near = str_nearest(op, names, ARRAY_LEN(ops));
	err_set(err, E_INPUT, "unknown op '%s'", op);
	return near ? err_hint(err, "did you mean %s?", near) : false;
}

static void query_free(struct query *q)
{
	json_decref(q->answer);
	arena_free(&q->arena);
}

bool query_answer(json_t **out, json_t *ask, struct err *err)
{
	AUTO(query_free) struct query q = { .ask = ask, .answer = json_object() };
	const char *op = json_text_member(ask, "op");

	if (!op)
		return err_set(err, E_INPUT, "a question is an object with an \"op\"");
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (!str_eq(ops[i].op, op))
			continue;
		if (!ops[i].ask(&q, err))
			return err_wrap(err, "%s", op);
		*out = STEAL(q.answer);
		return true;
	}
	return unknown_op(op, err);
}
