// SPDX-License-Identifier: Apache-2.0
#include "builder/files.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/glob.h"

/* Looking things up in a list of entries. Where entries come from is context.c's and execute.c's
 * business. */

enum { LINKS_MAX = 40 }; /* as the kernel */

const struct entry files_root = { .path = "", .kind = ENTRY_DIR, .mode = 0755 };

void files_add(struct files *f, const struct entry *e)
{
	if (e->path[0])
		*ARRAY_PUSH(f) = e;
}

static int compare(const void *a, const void *b)
{
	const struct entry *const *x = a;
	const struct entry *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

void files_sort(struct files *f)
{
	if (f->len)
		qsort(f->items, f->len, sizeof(*f->items), compare);
}

void files_free(struct files *f)
{
	free(f->items);
	*f = (struct files){ 0 };
}

/* The first item whose path is not less than `prefix` followed by byte `last` (0: nothing). */
static size_t lower_bound(const struct files *f, const char *prefix, char last)
{
	size_t len = strlen(prefix);
	size_t low = 0;
	size_t high = f->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *path = f->items[middle]->path;
		int order = strncmp(path, prefix, len);

		if (order == 0 && last)
			order = (unsigned char)path[len] < (unsigned char)last ? -1 : 1;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t files_index(const struct files *f, const char *path)
{
	size_t at = lower_bound(f, path, '\0');

	return at < f->len && str_eq(f->items[at]->path, path) ? at : SIZE_MAX;
}

const struct entry *files_find(const struct files *f, const char *path)
{
	size_t at;

	if (!*path)
		return &files_root;
	at = files_index(f, path);
	return at == SIZE_MAX ? NULL : f->items[at];
}

void files_below(const struct files *f, const char *dir, size_t *first_out, size_t *end_out)
{
	*first_out = *dir ? lower_bound(f, dir, '/') : 0;
	*end_out = *dir ? lower_bound(f, dir, '/' + 1) : f->len;
}

/* Take the last component off. */
static void cut_last(struct buf *path)
{
	while (path->len && path->ptr[path->len - 1] != '/')
		path->len--;
	if (path->len)
		path->len--;
	if (path->cap)
		path->ptr[path->len] = '\0';
}

bool files_resolve(char **out, bool *exists_out, files_find_fn *find, void *arg, const char *path,
		   bool follow_last, struct err *err)
{
	AUTO(buf_free) struct buf done = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free) char *todo = mem_strdup(path);
	struct slice rest = slice_of(todo);
	size_t links = 0;

	*exists_out = true;
	while (rest.ptr) {
		struct slice part = slice_cut(rest, '/', &rest);
		const struct entry *e;
		size_t before = done.len;
		char *old;

		if (!part.len || slice_eq(part, "."))
			continue;
		if (slice_eq(part, "..")) {
			cut_last(&done);
			continue;
		}
		if (done.len + part.len > LIMIT_PATH)
			return err_set(err, E_INPUT, "path '%.64s...' is too long", path);
		buf_putf(&done, "%s" SLICE_FMT, done.len ? "/" : "", SLICE_ARG(part));
		e = *exists_out ? find(arg, done.ptr) : NULL;
		if (!e) {
			*exists_out = false;
			continue;
		}
		if (e->kind != ENTRY_SYMLINK || (!rest.ptr && !follow_last))
			continue;
		if (++links > LINKS_MAX)
			return err_set(err, E_INPUT, "'%s' leads through more than %d links", path,
				       LINKS_MAX);
		old = todo;
		todo = rest.ptr ? mem_printf("%s/" SLICE_FMT, e->link, SLICE_ARG(rest))
				: mem_strdup(e->link);
		free(old);
		done.len = e->link[0] == '/' ? 0 : before;
		done.ptr[done.len] = '\0';
		rest = slice_of(todo);
	}
	*out = mem_strdup(done.len ? done.ptr : "");
	return true;
}

static const struct entry *find_in_list(void *arg, const char *path)
{
	const struct files *f = arg;

	return files_find(f, path);
}

bool files_follow(const struct entry **out, const struct files *f, const char *path,
		  struct err *err)
{
	AUTO(auto_free) char *resolved = NULL;
	union {
		const struct files *in;
		void *out;
	} arg = { .in = f };
	bool exists;

	*out = NULL;
	if (!files_resolve(&resolved, &exists, find_in_list, arg.out, path, true, err))
		return false;
	if (exists)
		*out = files_find(f, resolved);
	return true;
}

/* Split a clean source at its first component with a wildcard. */
static void split_wildcards(const char *source, char **plain, const char **pattern)
{
	const char *at = source;

	*pattern = NULL;
	while (*at) {
		const char *end = strchrnul(at, '/');
		AUTO(auto_free) char *part = mem_strndup(at, (size_t)(end - at));

		if (glob_has_wildcards(part)) {
			*pattern = at;
			break;
		}
		at = *end ? end + 1 : end;
	}
	*plain = mem_strndup(source, *pattern && *pattern > source
					     ? (size_t)(*pattern - source) - 1
					     : (*pattern ? 0 : strlen(source)));
}

static bool malformed(const char *pattern, struct err *err)
{
	err_set(err, E_INPUT, "malformed pattern '%s'", pattern);
	return strchr(pattern, '[')
		       ? err_hint(err, "a set ends with ]; the JSON form is [\"a\", \"b\"], "
				       "with commas and double quotes")
		       : false;
}

static bool select_matches(struct str_list *out, const struct files *f, const char *dir,
			   const char *pattern, struct err *err)
{
	const struct entry *base;
	size_t first, end;
	size_t skip_len = 0;
	const char *skip = NULL;

	if (!glob_is_valid(pattern))
		return malformed(pattern, err);
	if (!files_follow(&base, f, dir, err))
		return false;
	if (!base)
		return true;
	files_below(f, base->path, &first, &end);
	for (size_t i = first; i < end; i++) {
		const char *path = f->items[i]->path;
		const char *rest = path + (base->path[0] ? strlen(base->path) + 1 : 0);

		if (skip && strncmp(path, skip, skip_len) == 0 && path[skip_len] == '/')
			continue;
		if (!glob_match(pattern, rest))
			continue;
		str_list_push(out, path);
		if (f->items[i]->kind == ENTRY_DIR) {
			skip = path;
			skip_len = strlen(path);
		}
	}
	return true;
}

/* Some of what is there instead. */
static bool hint_names(const char *const *names, size_t count, struct err *err)
{
	enum { SHOWN = 4 };
	AUTO(buf_free) struct buf text = BUF_INIT(4 * KIB);

	for (size_t i = 0; i < count && i < SHOWN; i++)
		buf_putf(&text, "%s'%s'", i ? ", " : "", names[i]);
	if (count > SHOWN)
		buf_putf(&text, " and %zu more", count - SHOWN);
	return err_hint(err, count ? "there %s %s" : "there is nothing", count == 1 ? "is" : "are",
			count ? text.ptr : "");
}

/* Why it is not there: it is left out, or was meant to be one of its neighbours. */
static bool not_there(const struct files *f, const char *source, const char *clean, struct err *err)
{
	const char *slash = strrchr(clean, '/'), *near;
	AUTO(auto_free) char *dir = mem_strndup(clean, slash ? (size_t)(slash - clean) : 0);
	AUTO(auto_free) const char **names = NULL;
	struct err ignored = { 0 };
	const struct entry *base;
	size_t first, end, count = 0;

	err_set(err, E_NOT_FOUND, "'%s' is not there", source);
	if (dockerignore_matches(f->ignored, clean))
		return err_hint(err, ".dockerignore leaves it out");
	if (!files_follow(&base, f, dir, &ignored) || !base)
		return false;
	files_below(f, base->path, &first, &end);
	names = mem_alloc((end - first + 1) * sizeof(*names));
	for (size_t i = first; i < end; i++) {
		const char *rest = f->items[i]->path + strlen(base->path) + (*base->path != 0);

		if (!strchr(rest, '/'))
			names[count++] = rest;
	}
	near = str_nearest(slash ? slash + 1 : clean, names, count);
	return near ? err_hint(err, "did you mean '%s%s%s'?", dir, *dir ? "/" : "", near)
		    : hint_names(names, count, err);
}

bool files_select(struct str_list *out, const struct files *f, const char *source, struct err *err)
{
	AUTO(auto_free) char *clean = fs_join("/", source);
	AUTO(auto_free) char *plain = NULL;
	const struct entry *e;
	const char *pattern;

	split_wildcards(clean + 1, &plain, &pattern);
	if (pattern)
		return select_matches(out, f, plain, pattern, err);
	if (!files_follow(&e, f, clean + 1, err))
		return false;
	if (!e)
		return not_there(f, source, clean + 1, err);
	str_list_push(out, clean + 1);
	return true;
}
