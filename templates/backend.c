// SPDX-License-Identifier: Apache-2.0
#include "templates/backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "templates/release.h"

/* Looking things up in the backend table. What is made of them is runtime/'s business. */

void backend_table_free(struct backend_table *t)
{
	free(t->items);
	json_decref(t->documents);
	template_files_free(&t->files);
	arena_free(&t->arena);
	*t = (struct backend_table){ 0 };
}

/* "a, b, c" of `count` names. */
static char *join(const char *const *names, size_t count)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4096);

	for (size_t i = 0; i < count; i++)
		buf_putf(&text, "%s%s", i ? ", " : "", names[i]);
	return buf_steal(&text);
}

/* What could have been meant by a name that is none: the nearest; else the variants of the backend
 * before its colon; else the backends, without their variants. */
static bool suggest(const struct backend_table *t, const char *name, struct err *err)
{
	AUTO(auto_free) const char **names = mem_alloc((t->len + 1) * sizeof(*names));
	AUTO(auto_free) char *list = NULL;
	size_t own = strcspn(name, ":"), count = 0;
	const char *near;

	for (size_t i = 0; i < t->len; i++)
		names[i] = t->items[i].name;
	near = str_nearest(name, names, t->len);
	if (near)
		return err_hint(err, "did you mean %s? `rtbuild template list` has them all", near);
	for (size_t i = 0; i < t->len && name[own]; i++)
		if (strncmp(t->items[i].name, name, own) == 0 && strchr(":", t->items[i].name[own]))
			names[count++] = t->items[i].name;
	if (count) {
		list = join(names, count);
		return err_hint(err, "there is %s", list);
	}
	for (size_t i = 0; i < t->len; i++)
		if (!strchr(t->items[i].name, ':'))
			names[count++] = t->items[i].name;
	list = join(names, count);
	return err_hint(err, "%s; their variants: `rtbuild template list`", list);
}

bool backend_find(const struct backend **out, const struct backend_table *t, const char *name,
		  struct err *err)
{
	for (size_t i = 0; i < t->len; i++)
		if (str_eq(t->items[i].name, name)) {
			*out = &t->items[i];
			return true;
		}
	err_set(err, E_USAGE, "unknown backend '%s'", name);
	return suggest(t, name, err);
}

bool backend_check_built(const struct backend *b, struct err *err)
{
	if (!str_eq(b->artifact, "host"))
		return true;
	err_set(err, E_USAGE, "%s is %s: nothing is built", b->name, b->title);
	return err_hint(err, "localhost:container is the image");
}

static bool list_has(const struct json_list *list, const char *text)
{
	const char *const *items = list->items;

	for (size_t i = 0; i < list->len; i++)
		if (str_eq(items[i], text))
			return true;
	return false;
}

bool backend_python(const char **out, const struct backend *b, const char *python, struct err *err)
{
	AUTO(auto_free) char *all = NULL;

	*out = python ? python : b->default_python;
	if (list_has(&b->pythons, *out) || list_has(&b->old_pythons, *out))
		return true;
	all = join(b->pythons.items, b->pythons.len);
	err_set(err, E_USAGE, "%s has no Python %s", b->name, *out);
	return err_hint(err, "it has %s", all);
}

bool backend_check_platform(const struct backend *b, const char *platform, struct err *err)
{
	AUTO(auto_free) char *all = NULL;

	if (list_has(&b->platforms, platform))
		return true;
	all = join(b->platforms.items, b->platforms.len);
	err_set(err, E_USAGE, "%s does not run on %s", b->name, platform);
	return err_hint(err, "it runs on %s", all);
}

static const char *pair_value(const struct json_pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (str_eq(pairs->items[i].key, key))
			return pairs->items[i].value;
	return NULL;
}

const char *backend_libc(const struct backend *b, const char *python)
{
	const struct python_release *release = python_release_find(python);
	const char *own = pair_value(&b->libc, python);

	own = own ? own : pair_value(&b->libc, "all");
	return own ? own : b->base && release ? release->libc : NULL;
}

struct backend_layout backend_layout(const struct backend *b)
{
	static const struct backend_layout official = {
		.site = "usr/local/lib/python{{python}}/site-packages",
		.scripts = "usr/local/bin",
		.data = "usr/local",
		.headers = "usr/local/include/python{{python}}",
		.interpreter = "/usr/local/bin/python{{python}}",
	};

	return b->layout.site ? b->layout : official;
}

bool backend_is_image(const struct backend *b)
{
	return b->base != NULL;
}
