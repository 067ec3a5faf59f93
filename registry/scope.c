// SPDX-License-Identifier: Apache-2.0
#include "registry/scope.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Sets of scopes: united, compared, written. */

void scopes_free(struct scopes *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->items[i].repository);
	free(s->items);
	str_list_free(&s->raw);
	*s = (struct scopes){ 0 };
}

void scopes_add(struct scopes *s, const char *repository, enum access access)
{
	if (access == ACCESS_NONE)
		return;
	for (size_t i = 0; i < s->len; i++) {
		struct scope *have = &s->items[i];

		if (!str_eq(have->repository, repository))
			continue;
		if (access > have->access)
			have->access = access;
		return;
	}
	*ARRAY_PUSH(s) = (struct scope){ mem_strdup(repository), access };
}

static void add_raw(struct scopes *s, const char *text)
{
	if (!str_list_has(&s->raw, text))
		str_list_push(&s->raw, text);
}

void scopes_add_all(struct scopes *s, const struct scopes *more)
{
	for (size_t i = 0; i < more->len; i++)
		scopes_add(s, more->items[i].repository, more->items[i].access);
	for (size_t i = 0; i < more->raw.len; i++)
		add_raw(s, more->raw.items[i]);
}

/* clang-format off */
static const struct {
	const char *actions;
	enum access access;
} known[] = { /* the first of each is the one that is written */
	{ ":pull,push,delete", ACCESS_DELETE },
	{ ":pull,push",        ACCESS_PUSH },
	{ ":pull",             ACCESS_PULL },
	{ ":push,pull",        ACCESS_PUSH },
	{ ":push",             ACCESS_PUSH },
	{ ":delete",           ACCESS_DELETE },
	{ ":pull,delete",      ACCESS_DELETE },
	{ ":delete,pull",      ACCESS_DELETE },
};
/* clang-format on */

static void add_one(struct scopes *s, struct slice text)
{
	AUTO(auto_free) char *whole = mem_strndup(text.ptr, text.len);
	AUTO(auto_free) char *name = NULL;
	const char *actions = strrchr(whole, ':');

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_has_prefix(whole, "repository:") || actions <= whole + 11 ||
		    !str_eq(actions, known[i].actions))
			continue;
		name = mem_strndup(whole + 11, (size_t)(actions - whole) - 11);
		scopes_add(s, name, known[i].access);
		return;
	}
	add_raw(s, whole);
}

void scopes_add_text(struct scopes *s, const char *text)
{
	struct slice rest = slice_of(text);

	while (rest.ptr) {
		struct slice one = slice_cut(rest, ' ', &rest);

		if (one.len)
			add_one(s, one);
	}
}

static enum access access_to(const struct scopes *s, const char *repository)
{
	for (size_t i = 0; i < s->len; i++)
		if (str_eq(s->items[i].repository, repository))
			return s->items[i].access;
	return ACCESS_NONE;
}

bool scopes_cover(const struct scopes *have, const struct scopes *need)
{
	for (size_t i = 0; i < need->len; i++)
		if (access_to(have, need->items[i].repository) < need->items[i].access)
			return false;
	for (size_t i = 0; i < need->raw.len; i++)
		if (!str_list_has(&have->raw, need->raw.items[i]))
			return false;
	return true;
}

void scopes_text(struct str_list *out, const struct scopes *s)
{
	for (size_t pass = 0; pass < ACCESS_DELETE; pass++)
		for (size_t i = 0; i < s->len; i++)
			if (s->items[i].access == known[pass].access)
				str_list_push_take(out, mem_printf("repository:%s%s",
								   s->items[i].repository,
								   known[pass].actions));
	for (size_t i = 0; i < s->raw.len; i++)
		str_list_push(out, s->raw.items[i]);
}
