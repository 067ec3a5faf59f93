// SPDX-License-Identifier: Apache-2.0
#include "python/requirements.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/logical_line.h"
#include "python/name.h"

/*
 * What the lines of requirements files say: requirements, options, nested files. How bytes become
 * lines is logical_line.c's, what satisfies a requirement is wheels.c's.
 */

enum option {
	OPTION_INDEX,
	OPTION_NO_INDEX,
	OPTION_CONSTRAINT,
	OPTION_REQUIREMENT,
	OPTION_EDITABLE,
	OPTION_FIND_LINKS,
	OPTION_NO_BINARY,
	OPTION_REQUIRE_HASHES,
	OPTION_NO_REQUIRE_HASHES,
	OPTION_PRE,
	OPTION_ALL_RELEASES,
	OPTION_ONLY_FINAL,
	OPTION_MEANINGLESS, /* about servers, builds and pip itself: nothing here depends on it */
	OPTION_HASH,
};

/* clang-format off */
static const struct option_row {
	const char *name;
	char letter;
	bool takes_value;
	bool of_requirement; /* stands behind a requirement; the others on a line of their own */
	enum option option;
} option_rows[] = {
	{ "--index-url",         'i', true,  false, OPTION_INDEX },
	{ "--pypi-url",          0,   true,  false, OPTION_INDEX },
	{ "--extra-index-url",   0,   true,  false, OPTION_INDEX },
	{ "--no-index",          0,   false, false, OPTION_NO_INDEX },
	{ "--constraint",        'c', true,  false, OPTION_CONSTRAINT },
	{ "--requirement",       'r', true,  false, OPTION_REQUIREMENT },
	{ "--editable",          'e', true,  false, OPTION_EDITABLE },
	{ "--find-links",        'f', true,  false, OPTION_FIND_LINKS },
	{ "--no-binary",         0,   true,  false, OPTION_NO_BINARY },
	{ "--only-binary",       0,   true,  false, OPTION_MEANINGLESS },
	{ "--prefer-binary",     0,   false, false, OPTION_MEANINGLESS },
	{ "--require-hashes",    0,   false, false, OPTION_REQUIRE_HASHES },
	{ "--no-require-hashes", 0,   false, false, OPTION_NO_REQUIRE_HASHES },
	{ "--pre",               0,   false, false, OPTION_PRE },
	{ "--all-releases",      0,   true,  false, OPTION_ALL_RELEASES },
	{ "--only-final",        0,   true,  false, OPTION_ONLY_FINAL },
	{ "--trusted-host",      0,   true,  false, OPTION_MEANINGLESS },
	{ "--use-feature",       0,   true,  false, OPTION_MEANINGLESS },
	{ "--hash",              0,   true,  true,  OPTION_HASH },
	{ "--config-settings",   'C', true,  true,  OPTION_MEANINGLESS },
	{ "--config-setting",    0,   true,  true,  OPTION_MEANINGLESS },
	{ "--global-option",     0,   true,  true,  OPTION_MEANINGLESS },
	{ "--install-option",    0,   true,  true,  OPTION_MEANINGLESS },
};
/* clang-format on */

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

struct parsed_option {
	const struct option_row *row;
	const char *value;
	size_t offset; /* of the value, else of the option */
};

void requirements_free(struct requirements *r)
{
	free(r->items);
	str_list_free(&r->find_links);
	str_list_free(&r->indexes);
	str_list_free(&r->notes);
	map_free(&r->prereleases_of);
	arena_free(&r->arena);
	*r = (struct requirements){ 0 };
}

static const struct option_row *find_row(const char *word, const char **value)
{
	size_t name_len = strcspn(word, "=");

	*value = NULL;
	for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
		const struct option_row *row = &option_rows[i];

		if (word[1] != '-' && row->letter && word[1] == row->letter) {
			*value = word[2] ? word + 2 : NULL;
			return row;
		}
		if (strlen(row->name) != name_len || memcmp(row->name, word, name_len) != 0)
			continue;
		*value = word[name_len] ? word + name_len + 1 : NULL;
		return row;
	}
	return NULL;
}

static bool unknown_option(const char *word, struct err *err)
{
	const char *names[ARRAY_LEN(option_rows)], *nearest;
	AUTO(auto_free) char *name = mem_strndup(word, strcspn(word, "="));

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		names[i] = option_rows[i].name;
	nearest = str_nearest(name, names, ARRAY_LEN(names));
	err_set(err, E_INPUT, "unknown option %s", name);
	if (nearest)
		return err_hint(err, "did you mean %s?", nearest);
	return false;
}

/* The next option and its value, from words[*i] on. */
static bool take_option(struct parsed_option *out, const struct line_word *words, size_t count,
			size_t *i, struct err *err)
{
	const struct line_word *word = &words[(*i)++];
	struct parsed_option option = { .offset = word->offset };

	if (word->text[0] != '-' || !word->text[1])
		return err_set(err, E_INPUT, "'%s' cannot stand among options", word->text);
	option.row = find_row(word->text, &option.value);
	if (!option.row)
		return unknown_option(word->text, err);
	if (!option.row->takes_value && option.value)
		return err_set(err, E_INPUT, "%s takes no value", option.row->name);
	if (option.row->takes_value && !option.value) {
		if (*i == count)
			return err_set(err, E_INPUT, "%s needs a value", option.row->name);
		option.offset = words[*i].offset;
		option.value = words[(*i)++].text;
	}
	*out = option;
	return true;
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

/* --hash and the like, behind a requirement. */
static bool requirement_options(struct reading *f, struct requirement_line *line,
				const struct logical_line *text, size_t offset, size_t *at,
				struct err *err)
{
	struct line_word *words;
	size_t count, i = 0;

	if (!line_split(&words, &count, &f->scratch, text, offset, at, err))
		return false;
	while (i < count) {
		struct parsed_option option;
		struct slice kind, hex;

		*at = words[i].offset;
		if (!take_option(&option, words, count, &i, err))
			return false;
		*at = option.offset;
		if (!option.row->of_requirement)
			note(f, line->line, option.row->name,
			     "is ignored behind a requirement, as pip does");
		if (option.row->option != OPTION_HASH)
			continue;
		kind = slice_cut(slice_of(option.value), ':', &hex);
		if (!hex.ptr)
			return err_set(err, E_INPUT,
				       "--hash is written as --hash=sha256:<hexadecimal>");
		if (!requirement_line_add_hash(line, &f->into->arena, kind, hex, err))
			return false;
		f->into->require_hashes = true;
	}
	return true;
}

/* Where the options of a line begin: at the first blank-separated word with a dash. */
static size_t options_begin(const struct logical_line *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->text[i] == '-' && (i == 0 || text->text[i - 1] == ' '))
			return i;
	return text->len;
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

static bool add_find_links(struct reading *f, const char *value, struct err *err)
{
	struct requirements *r = f->into;
	AUTO(auto_free) char *beside = NULL;
	AUTO(auto_free) char *folder = NULL;
	struct stat st;

	if (location_is_remote(value)) {
		str_list_push(&r->indexes, value);
		return true;
	}
	if (location_is_file(value)) {
		const char *path = location_path(&f->scratch, slice_of(value));

		if (!path)
			return err_set(err, E_INPUT, "'%s' names no folder of this machine", value);
		str_list_push(&r->find_links, path);
		return true;
	}
	folder = mem_strndup(f->file, (size_t)(fs_basename(f->file) - f->file));
	beside = value[0] == '/' ? mem_strdup(value) : mem_printf("%s%s", folder, value);
	str_list_push(&r->find_links, stat(beside, &st) == 0 ? beside : value);
	return true;
}

static bool set_prereleases(struct requirements *r, const char *value, enum prereleases pre)
{
	struct slice rest = slice_of(value);

	while (rest.ptr) {
		struct slice name = slice_trim(slice_cut(rest, ',', &rest), " \t");

		if (slice_eq(name, ":none:"))
			map_free(&r->prereleases_of);
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

static bool read_nested(struct reading *f, const char *value, bool is_constraint, struct err *err)
{
	AUTO(auto_free) char *path = NULL;

	if (location_is_remote(value))
		return location_refuse_remote(value, err);
	if (location_is_file(value)) {
		const char *named = location_path(&f->scratch, slice_of(value));

		if (!named)
			return err_set(err, E_INPUT, "'%s' names no file of this machine", value);
		return read_file(f->into, f, named, is_constraint, err);
	}
	path = value[0] == '/' ? mem_strdup(value)
			       : mem_printf("%.*s%s", (int)(fs_basename(f->file) - f->file),
					    f->file, value);
	return read_file(f->into, f, path, is_constraint, err);
}

static bool apply_option(struct reading *f, const struct parsed_option *o, int line,
			 struct err *err)
{
	struct requirements *r = f->into;

	switch (o->row->option) {
	case OPTION_INDEX:
		str_list_push(&r->indexes, o->value);
		return true;
	case OPTION_NO_INDEX:
		r->no_index = true;
		return true;
	case OPTION_CONSTRAINT:
		return read_nested(f, o->value, true, err);
	case OPTION_REQUIREMENT:
		return read_nested(f, o->value, false, err);
	case OPTION_EDITABLE:
		return location_refuse_build("an editable project", o->value, err);
	case OPTION_FIND_LINKS:
		return add_find_links(f, o->value, err);
	case OPTION_NO_BINARY:
		if (str_eq(o->value, ":none:"))
			return true;
		err_set(err, E_UNSUPPORTED,
			"--no-binary %s asks for a build from source: rtbuild builds nothing",
			o->value);
		return err_hint(err, "leave the line out, or make a wheel (pip wheel)");
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
	case OPTION_MEANINGLESS:
		return true;
	case OPTION_HASH:
		note(f, line, o->row->name, "belongs behind a requirement and is ignored here");
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
		struct parsed_option option;

		*at = words[i].offset;
		if (!take_option(&option, words, count, &i, err))
			return false;
		*at = option.offset;
		if (!apply_option(f, &option, text->places[0].line, err))
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
		options = options_begin(&text);
		if (options ? !add_requirement(f, &text, options, &at, err)
			    : !apply_options(f, &text, &at, err))
			return line_fail_at(&f->lines, &text, at, err);
	}
}

static bool check_content(const struct buf *content, struct err *err)
{
	bool wide = content->len > 1 && (memcmp(content->ptr, "\xff\xfe", 2) == 0 ||
					 memcmp(content->ptr, "\xfe\xff", 2) == 0);

	if (!wide && !(content->len && memchr(content->ptr, '\0', content->len)))
		return true;
	err_set(err, E_INPUT, "not a text file in UTF-8");
	return err_hint(err, "save it in UTF-8");
}

static bool check_recursion(const struct reading *outer, const char *file, struct err *err)
{
	AUTO(auto_free) char *clean = fs_clean(file);

	for (; outer; outer = outer->outer) {
		AUTO(auto_free) char *other = fs_clean(outer->file);

		if (str_eq(clean, other))
			return err_set(err, E_INPUT, "%s includes itself", file);
		if (outer->depth >= LIMIT_REQUIREMENTS_DEPTH)
			return err_set(err, E_INPUT, "requirements files more than %d deep",
				       LIMIT_REQUIREMENTS_DEPTH);
	}
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
	if (!check_recursion(outer, file, err) ||
	    !fs_read_path(&content, file, LIMIT_REQUIREMENTS, err))
		return false;
	if (!check_content(&content, err))
		return err_wrap(err, "%s", file);
	line_reader_open(&f.lines, &f.scratch, file,
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
