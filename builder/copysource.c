// SPDX-License-Identifier: Apache-2.0
#include "base/fs.h"
#include "base/mem.h"
#include "builder/driver.h"
#include "builder/glob.h"

/*
 * How much of an image COPY --from has to read. A source is looked up by the function that copy.c
 * looks it up with later (files_resolve), noting each question that only lower layers can answer:
 * without any, all layers would give the same answers.
 */

struct lookup {
	const struct tree *upper;
	bool is_unknown;
};

static const struct entry *find(void *arg, const char *path)
{
	struct lookup *l = arg;
	const struct entry *e = NULL;
	struct err ignored = { 0 };

	if (!tree_find(&e, NULL, l->upper, path, false, &ignored))
		e = NULL;
	l->is_unknown = l->is_unknown || (!e && !tree_hides_lower(l->upper, path));
	return e;
}

/* A directory is known when nothing of lower layers shows in it. Mostly it does, and the rest of
 * the layers come faster together. */
static enum upper_says ask_source(const struct tree *upper, const char *source)
{
	struct lookup l = { .upper = upper };
	AUTO(auto_free) char *path = NULL;
	struct err ignored = { 0 };
	const struct entry *e;
	bool exists;

	/* an error was met on links that are known, and will be again */
	if (!files_resolve(&path, &exists, find, &l, source, true, &ignored) || l.is_unknown)
		return l.is_unknown ? UPPER_MORE : UPPER_ENOUGH;
	e = !exists ? NULL : *path ? find(&l, path) : &files_root;
	return e && e->kind == ENTRY_DIR && !tree_hides_lower(upper, path) ? UPPER_ALL
									   : UPPER_ENOUGH;
}

static enum upper_says ask_sources(const void *arg, const struct tree *upper)
{
	const struct step_copy *c = arg;
	enum upper_says all = UPPER_ENOUGH;

	for (size_t i = 0; i < c->source_count && all != UPPER_ALL; i++) {
		AUTO(auto_free) char *clean = fs_join("/", c->sources[i]);
		enum upper_says one = ask_source(upper, clean + 1);

		all = one == UPPER_ENOUGH ? all : one;
	}
	return all;
}

/* It is plain from the text that whole directories are looked through. */
static bool names_directory(const struct step_copy *c)
{
	for (size_t i = 0; i < c->source_count; i++)
		if (glob_has_wildcards(c->sources[i]) || str_has_suffix(c->sources[i], "/") ||
		    str_eq(c->sources[i], "."))
			return true;
	return c->parents;
}

bool copysource_open(struct tree **out, struct build *b, struct base *base,
		     const struct layer *layers, size_t count, const struct step_copy *copy,
		     struct err *err)
{
	*out = NULL;
	return names_directory(copy) ||
	       base_upper(out, b, base, layers, count, ask_sources, copy, err);
}
