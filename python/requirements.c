// SPDX-License-Identifier: Apache-2.0
#include "python/requirements.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/charset.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/url.h"
#include "python/location.h"
#include "python/logical_line.h"
#include "python/name.h"
#include "python/requirements_option.h"

/*
 * What the lines of requirements files say: requirements, options, nested files. How bytes become
 * lines is logical_line.c's, what satisfies a requirement is wheels.c's.
 */

/* One file being read; `outer` is the one that names it. */
struct reading {
	struct requirements *into;
	const struct reading *outer;
	const char *file;
	bool is_constraint;
	int depth;
	struct line_reader lines;
	struct arena scratch;
};

void requirements_free(struct requirements *r)
{
	free(r->items);
	str_list_free(&r->find_links);
	str_list_free(&r->extra_indexes);
	str_list_free(&r->trusted_hosts);
	str_list_free(&r->notes);
	map_free(&r->prereleases_of);
	map_free(&r->no_binary);
	map_free(&r->only_binary);
	arena_free(&r->arena);
	*r = (struct requirements){ 0 };
}

static bool check_constraint(const struct requirement_line *line, struct err *err)
{
	if (line->requirement.extra_count)
		return err_set(err, E_INPUT, "a constraint cannot have extras");
	return true;
}

static struct requirement_line *push_line(struct requirements *r, struct requirement_line *line,
					  struct err *err)
{
	struct requirement_line *kept;

	if (r->len >= LIMIT_REQUIREMENTS_ENTRIES) {
		err_set(err, E_INPUT, "more than %d requirements", LIMIT_REQUIREMENTS_ENTRIES);
		return NULL;
	}
	kept = ARRAY_PUSH(r);
	*kept = *line;
	return kept;
}

static void note(struct reading *f, int line, const char *option, const char *why)
{
	str_list_push_take(&f->into->notes, mem_printf("%s:%d: %s %s", f->file, line, option, why));
}

/* --hash=sha256:..., behind a requirement. */
static bool add_hash(struct reading *f, struct requirement_line *line, const char *value,
		     struct err *err)
{
	struct slice hex, kind = slice_cut(slice_of(value), ':', &hex);

	if (!hex.ptr)
		return err_set(err, E_INPUT, "--hash is written as --hash=sha256:<hexadecimal>");
	f->into->require_hashes = true;
	return requirement_line_add_hash(line, &f->into->arena, kind, hex, err);
}

static bool requirement_options(struct reading *f, struct requirement_line *line,
				const struct logical_line *text, size_t offset, size_t *at,
				struct err *err)
{
	struct line_word *words;
	size_t count, i = 0;

	if (!line_split(&words, &count, &f->scratch, text, offset, at, err))
		return false;
	while (i < count) {
		struct requirements_option option;

		if (!requirements_option_take(&option, words, count, &i, at, err))
			return false;
		if (!option.of_requirement)
			note(f, line->line, option.name,
			     "is ignored behind a requirement, as pip does");
		if (option.kind == OPTION_BUILD)
			note(f, line->line, option.name,
			     "changes nothing: rtbuild installs wheels and builds nothing");
		if (option.kind == OPTION_HASH && !add_hash(f, line, option.value, err))
			return false;
	}
	return true;
}

static bool add_requirement(struct reading *f, const struct logical_line *text, size_t options,
			    size_t *at, struct err *err)
{
	struct requirements *r = f->into;
	const struct line_place *place = &text->places[0];
	AUTO(auto_free) char *line_text = line_shown(&f->lines, place->line);
	struct slice what = slice_trim((struct slice){ .ptr = text->text, .len = options }, " \t");
	struct requirement_line line = {
		.is_constraint = f->is_constraint,
		.file = arena_strdup(&r->arena, f->file),
		.line = place->line,
		.column = place->column,
		.line_text = arena_strdup(&r->arena, line_text),
	};

	line.origin = arena_printf(&r->arena, "%s:%d", f->file, place->line);
	if (!requirement_line_parse(&line, &r->arena, what, at, err))
		return false;
	*at = 0;
	if (line.is_constraint && !check_constraint(&line, err))
		return false;
	if (options < text->len && !requirement_options(f, &line, text, options, at, err))
		return false;
	*at = 0;
	return push_line(r, &line, err) != NULL;
}

/* `name` beside the file that names it. The caller frees. */
static char *path_beside(const struct reading *f, const char *name)
{
	if (name[0] == '/')
		return mem_strdup(name);
	return mem_printf("%.*s%s", (int)(fs_basename(f->file) - f->file), f->file, name);
}

static bool add_find_links(struct reading *f, const char *value, struct err *err)
{
	struct requirements *r = f->into;
	AUTO(auto_free) char *beside = NULL;
	struct stat st;

	if (location_is_file(value)) {
		const char *path = location_path(&f->scratch, slice_of(value));

		if (!path)
			return err_set(err, E_INPUT, "'%s' names no folder of this machine", value);
		str_list_push(&r->find_links, path);
		return true;
	}
	if (!location_is_remote(value) && !location_is_remote(f->file))
		beside = path_beside(f, value);
	str_list_push(&r->find_links, beside && stat(beside, &st) == 0 ? beside : value);
	return true;
}

/* As pip: -i begins the list of indexes anew, and behind --no-index there is none any more. */
static bool add_index(struct requirements *r, const char *url, bool extra)
{
	if (r->no_index)
		return true;
	if (extra) {
		str_list_push(&r->extra_indexes, url);
		return true;
	}
	str_list_free(&r->extra_indexes);
	r->extra_indexes = (struct str_list){ 0 };
	r->index_url = arena_strdup(&r->arena, url);
	return true;
}

static bool end_indexes(struct requirements *r)
{
	r->no_index = true;
	r->index_url = NULL;
	str_list_free(&r->extra_indexes);
	r->extra_indexes = (struct str_list){ 0 };
	return true;
}

/* A line that stands for no requirement, to tell a place by later. */
static struct requirement_line *place_of(struct reading *f, const struct logical_line *text,
					 size_t at)
{
	struct requirement_line *line = ARENA_NEW(&f->into->arena, struct requirement_line);
	const struct line_place *place = &text->places[at];
	AUTO(auto_free) char *shown = line_shown(&f->lines, place->line);

	line->file = arena_strdup(&f->into->arena, f->file);
	line->line = place->line;
	line->column = place->column;
	line->line_text = arena_strdup(&f->into->arena, shown);
	return line;
}

static void clear_map(struct map *m)
{
	map_free(m);
	*m = (struct map){ 0 };
}

/*
 * "NAME,NAME", ":all:", ":none:" of --no-binary (`own` is its map) and --only-binary, each taking
 * back what the other said: pip's FormatControl.handle_mutual_excludes.
 */
static bool set_formats(struct requirements *r, struct map *own, struct map *other,
			const char *value, struct requirement_line *place, struct err *err)
{
	struct slice rest = slice_of(value);

	if (value[0] == '-')
		return err_set(err, E_INPUT, "a name, :all: or :none: is wanted, not '%s'", value);
	while (rest.ptr) {
		struct slice name = slice_cut(rest, ',', &rest);

		if (slice_eq(name, ":none:")) {
			clear_map(own);
		} else if (slice_eq(name, ":all:")) {
			clear_map(own);
			clear_map(other);
			map_put(own, ":all:", place);
			if (!rest.ptr || !memmem(rest.ptr, rest.len, ":none:", 6))
				return true;
		} else {
			const char *key = name_normalize(&r->arena, name);

			map_remove(other, key);
			map_put(own, key, place);
		}
	}
	return true;
}

static bool set_prereleases(struct requirements *r, const char *value, enum prereleases pre)
{
	struct slice rest = slice_of(value);

	while (rest.ptr) {
		struct slice name = slice_trim(slice_cut(rest, ',', &rest), " \t");

		if (slice_eq(name, ":none:"))
			clear_map(&r->prereleases_of);
		if (slice_eq(name, ":all:") || slice_eq(name, ":none:"))
			r->prereleases = slice_eq(name, ":all:") && pre == PRERELEASES_ALLOWED;
		else if (name.len)
			map_put(&r->prereleases_of, name_normalize(&r->arena, name),
				(void *)(uintptr_t)pre);
	}
	return true;
}

static bool read_file(struct requirements *into, const struct reading *outer, const char *file,
		      bool is_constraint, struct err *err);

static bool read_nested_of_url(struct reading *f, const char *value, bool is_constraint,
			       struct err *err)
{
	AUTO(url_free) struct url from = { 0 };
	AUTO(url_free) struct url to = { 0 };
	AUTO(auto_free) char *whole = NULL;

	if (location_is_file(value))
		return err_set(err, E_INPUT,
			       "a file from the network cannot name '%s' of this machine", value);
	if (!location_is_remote(value)) {
		if (!url_parse(&from, f->file, err) || !url_resolve(&to, &from, value, err))
			return false;
		whole = url_text(&to);
	}
	return read_file(f->into, f, whole ? whole : value, is_constraint, err);
}

static bool read_nested(struct reading *f, const char *value, bool is_constraint, struct err *err)
{
	AUTO(auto_free) char *path = NULL;

	if (location_is_remote(f->file))
		return read_nested_of_url(f, value, is_constraint, err);
	if (!location_is_remote(value) && !location_is_file(value))
		path = path_beside(f, value);
	return read_file(f->into, f, path ? path : value, is_constraint, err);
}

static bool apply_option(struct reading *f, const struct requirements_option *o,
			 const struct logical_line *text, struct err *err)
{
	struct requirements *r = f->into;
	int line = text->places[0].line;

	switch (o->kind) {
	case OPTION_INDEX:
		return add_index(r, o->value, false);
	case OPTION_EXTRA_INDEX:
		return add_index(r, o->value, true);
	case OPTION_NO_INDEX:
		return end_indexes(r);
	case OPTION_CONSTRAINT:
		return read_nested(f, o->value, true, err);
	case OPTION_REQUIREMENT:
		return read_nested(f, o->value, false, err);
	case OPTION_EDITABLE:
		return location_refuse_build("an editable project", o->value, err);
	case OPTION_FIND_LINKS:
		return add_find_links(f, o->value, err);
	case OPTION_NO_BINARY:
		return set_formats(r, &r->no_binary, &r->only_binary, o->value,
				   place_of(f, text, o->offset), err);
	case OPTION_ONLY_BINARY:
		return set_formats(r, &r->only_binary, &r->no_binary, o->value,
				   place_of(f, text, o->offset), err);
	case OPTION_REQUIRE_HASHES:
		r->require_hashes = true;
		return true;
	case OPTION_NO_REQUIRE_HASHES:
		r->require_hashes = false;
		return true;
	case OPTION_PRE:
		r->prereleases = true;
		return true;
	case OPTION_ALL_RELEASES:
		return set_prereleases(r, o->value, PRERELEASES_ALLOWED);
	case OPTION_ONLY_FINAL:
		return set_prereleases(r, o->value, PRERELEASES_REFUSED);
	case OPTION_TRUSTED_HOST:
		str_list_push(&r->trusted_hosts, o->value);
		return true;
	case OPTION_USE_FEATURE:
		return requirements_option_check_feature(o->value, err);
	case OPTION_PREFER_BINARY:
		return true;
	case OPTION_HASH:
	case OPTION_BUILD:
		note(f, line, o->name, "belongs behind a requirement and is ignored here");
		return true;
	}
	abort();
}

static bool apply_options(struct reading *f, const struct logical_line *text, size_t *at,
			  struct err *err)
{
	struct line_word *words;
	size_t count, i = 0;

	if (!line_split(&words, &count, &f->scratch, text, 0, at, err))
		return false;
	while (i < count) {
		struct requirements_option option;

		if (!requirements_option_take(&option, words, count, &i, at, err) ||
		    !apply_option(f, &option, text, err))
			return false;
	}
	return true;
}

static bool read_lines(struct reading *f, struct err *err)
{
	for (;;) {
		struct logical_line text;
		size_t at = 0, options;
		bool more;

		if (!line_reader_next(&text, &more, &f->lines, err))
			return err_wrap(err, "%s", f->file);
		if (!more)
			return true;
		options = line_options_begin(&text);
		if (options ? !add_requirement(f, &text, options, &at, err)
			    : !apply_options(f, &text, &at, err))
			return line_fail_at(&f->lines, &text, at, err);
	}
}

static bool check_recursion(const struct reading *outer, const char *file, struct err *err)
{
	AUTO(auto_free) char *clean = location_is_remote(file) ? NULL : fs_clean(file);

	for (; outer; outer = outer->outer) {
		AUTO(auto_free)
		char *other = location_is_remote(outer->file) ? NULL : fs_clean(outer->file);

		if (str_eq(clean ? clean : file, other ? other : outer->file))
			return err_set(err, E_INPUT, "%s includes itself", file);
		if (outer->depth >= LIMIT_REQUIREMENTS_DEPTH)
			return err_set(err, E_INPUT, "requirements files more than %d deep",
				       LIMIT_REQUIREMENTS_DEPTH);
	}
	return true;
}

/* The bytes of a file by path or URL, as UTF-8. */
static bool read_content(struct buf *out, struct requirements *into, const char *file,
			 struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_REQUIREMENTS);
	struct slice bytes;

	if (location_is_remote(file)) {
		if (!into->fetch)
			return location_refuse_remote(file, err);
		if (!into->fetch(into->fetch_arg, &raw, file, err))
			return false;
	} else if (!fs_read_path(&raw, file, LIMIT_REQUIREMENTS, err)) {
		return false;
	}
	bytes = (struct slice){ .ptr = raw.ptr, .len = raw.len };
	if (!charset_decode(out, bytes, file, err))
		return false;
	if (out->len && memchr(out->ptr, '\0', out->len))
		return err_set(err, E_INPUT, "%s: not a text file", file);
	return true;
}

static bool read_file(struct requirements *into, const struct reading *outer, const char *file,
		      bool is_constraint, struct err *err)
{
	AUTO(buf_free) struct buf content = BUF_INIT(LIMIT_REQUIREMENTS);
	struct reading f = { .into = into,
			     .outer = outer,
			     .file = file,
			     .is_constraint = is_constraint,
			     .depth = outer ? outer->depth + 1 : 0 };
	bool ok;

	if (into->file_count++ == LIMIT_REQUIREMENTS_FILES)
		return err_set(err, E_INPUT, "more than %d requirements files",
			       LIMIT_REQUIREMENTS_FILES);
	if (location_is_file(file)) {
		f.file = location_path(&into->arena, slice_of(file));
		if (!f.file)
			return err_set(err, E_INPUT, "'%s' names no file of this machine", file);
	}
	if (!check_recursion(outer, f.file, err) || !read_content(&content, into, f.file, err))
		return false;
	line_reader_open(&f.lines, &f.scratch, f.file,
			 (struct slice){ .ptr = content.ptr, .len = content.len });
	ok = read_lines(&f, err);
	line_reader_close(&f.lines);
	arena_free(&f.scratch);
	return ok;
}

bool requirements_read(struct requirements *r, const char *path, struct err *err)
{
	return read_file(r, NULL, path, false, err);
}

bool requirements_read_constraints(struct requirements *r, const char *path, struct err *err)
{
	return read_file(r, NULL, path, true, err);
}

bool requirements_add(struct requirements *r, const char *text, struct err *err)
{
	struct requirement_line line = { .origin = "" };
	struct slice what = slice_trim(slice_of(text), " \t\r\n");
	size_t at = 0;

	if (requirement_line_parse(&line, &r->arena, what, &at, err))
		return push_line(r, &line, err) != NULL;
	return err_wrap(err, "requirement '%s'", text);
}

enum prereleases requirements_prereleases(const struct requirements *r, const char *key)
{
	if (map_has(&r->prereleases_of, key))
		return (enum prereleases)(uintptr_t)map_get(&r->prereleases_of, key);
	return r->prereleases ? PRERELEASES_ALLOWED : PRERELEASES_AUTO;
}

bool requirements_check_binary(const struct requirements *r, const char *key, struct err *err)
{
	const struct requirement_line *named = map_get(&r->no_binary, key);
	const struct requirement_line *all = map_get(&r->no_binary, ":all:");

	if (!named && (!all || map_has(&r->only_binary, key)))
		return true;
	err_set(err, E_UNSUPPORTED,
		"--no-binary asks for a build of %s from source: rtbuild installs wheels and "
		"builds "
		"nothing",
		key);
	err_hint(err, "leave it out, or install %s in a RUN step (--installer pip)", key);
	return requirement_line_fail_at(named ? named : all, err);
}
