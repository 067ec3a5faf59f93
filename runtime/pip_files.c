// SPDX-License-Identifier: Apache-2.0
#include "runtime/pip_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/charset.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/pylock.h"
#include "python/requirements_option.h"

/* Files are followed as python/requirements.c follows them, but nothing is read into them. */

#define CURE "`rtbuild python lock` writes all of it into one file"

/* One file of those asked for, and what it names. */
struct walk {
	struct pip_files *out;
	const char *dir; /* of the file asked for; "" or ending in "/" */
	size_t number;
	struct str_list waiting; /* relative paths, those before `next` were read */
	size_t next;
};

/* A file while it is read. */
struct reading {
	struct walk *walk;
	const char *path; /* relative */
	struct line_reader lines;
	struct arena arena;
};

void pip_files_free(struct pip_files *f)
{
	entry_list_free(&f->entries);
	str_list_free(&f->paths);
	free(f->identity);
	*f = (struct pip_files){ 0 };
}

static bool refuse(const struct reading *r, const struct logical_line *line, size_t offset,
		   const char *cure, struct err *err)
{
	err_hint(err, "%s", cure);
	return line_fail_at(&r->lines, line, offset, err);
}

/* -r and -c: the file goes along, at the same place beside this one. */
static bool add_nested(struct reading *r, const struct logical_line *line,
		       const struct requirements_option *o, struct err *err)
{
	AUTO(auto_free)
	char *dir = mem_strndup(r->path, (size_t)(fs_basename(r->path) - r->path));
	AUTO(auto_free) char *path = NULL;

	if (location_is_remote(o->value))
		return true;
	path = fs_join(*dir ? dir : ".", o->value);
	if (location_is_file(o->value) || path[0] == '/' || str_has_prefix(path, "..")) {
		err_set(err, E_UNSUPPORTED,
			"'%s' is not below the folder of the file that was "
			"asked for: it cannot go into the image beside it",
			o->value);
		return refuse(r, line, o->offset, CURE, err);
	}
	if (!str_list_has(&r->walk->waiting, path))
		str_list_push(&r->walk->waiting, path);
	return true;
}

static bool check_option(struct reading *r, const struct logical_line *line,
			 const struct requirements_option *o, struct err *err)
{
	bool names_place = o->kind == OPTION_EDITABLE || o->kind == OPTION_FIND_LINKS;

	if (o->kind == OPTION_REQUIREMENT || o->kind == OPTION_CONSTRAINT)
		return add_nested(r, line, o, err);
	if (o->kind == OPTION_HASH || o->kind == OPTION_REQUIRE_HASHES)
		r->walk->out->hashed = true;
	if (!names_place || location_is_remote(o->value) || location_is_vcs(o->value))
		return true;
	err_set(err, E_UNSUPPORTED, "%s '%s' is a place of this machine, and pip runs in the image",
		o->name, o->value);
	return refuse(r, line, o->offset,
		      "name a URL; --installer wheels takes wheels of this machine", err);
}

/* "./x.whl", "/x", "file:///x", "name @ file:///x", "x.whl" are of this machine. */
static bool is_local(const char *text, size_t len)
{
	static const char *const suffixes[] = { ".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz" };
	AUTO(auto_free) char *word = mem_strndup(text, len);
	size_t end = strlen(word);

	while (end && strchr(" \t", word[end - 1]))
		word[--end] = '\0';
	if (strstr(word, "://") && !strstr(word, "file:"))
		return false;
	if (strchr("./~", word[0]) || strstr(word, "file:"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_has_suffix(word, suffixes[i]))
			return true;
	return false;
}

static bool check_requirement(struct reading *r, const struct logical_line *line, size_t len,
			      struct err *err)
{
	if (!len || !is_local(line->text, len))
		return true;
	err_set(err, E_UNSUPPORTED, "this is a file of this machine, and pip runs in the image");
	return refuse(r, line, 0, "--installer wheels takes it", err);
}

static bool check_line(struct reading *r, const struct logical_line *line, struct err *err)
{
	struct line_word *words;
	size_t count, i = 0, options = line_options_begin(line), at = options;

	if (!check_requirement(r, line, options, err))
		return false;
	if (!line_split(&words, &count, &r->arena, line, options, &at, err))
		return line_fail_at(&r->lines, line, at, err);
	while (i < count) {
		struct requirements_option option;

		if (!requirements_option_take(&option, words, count, &i, &at, err))
			return line_fail_at(&r->lines, line, at, err);
		if (!check_option(r, line, &option, err))
			return false;
	}
	return true;
}

/* "${NAME}", which pip takes from its environment: that of the RUN has none of this shell's. */
static bool has_variable(const char *text)
{
	for (const char *at = strstr(text, "${"); at; at = strstr(at + 2, "${")) {
		size_t len = strspn(at + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

		if (len && at[2 + len] == '}')
			return true;
	}
	return false;
}

/* What would not be in the image, or must not be. */
static bool check_physical(const struct reading *r, struct slice text, struct err *err)
{
	struct slice rest = text;

	for (int number = 1; rest.ptr; number++) {
		struct slice one = slice_cut(rest, '\n', &rest);
		AUTO(auto_free) char *line = mem_strndup(one.ptr, one.len);
		bool secret = location_has_password(line);

		if (line[strspn(line, " \t")] == '#' || (!secret && !has_variable(line)))
			continue;
		location_mask(line);
		if (secret) {
			err_set(err, E_UNSUPPORTED, "a password in a URL would stay in a layer");
			err_hint(err, "--installer wheels leaves it here; or a Dockerfile of yours "
				      "with RUN --mount=type=secret");
		} else {
			err_set(err, E_UNSUPPORTED,
				"the RUN in the image has no variables of this shell");
			err_hint(err, CURE);
		}
		return err_at(err, r->lines.file, number, 1, line, strlen(line));
	}
	return true;
}

static bool check_text(struct reading *r, const char *shown, struct slice text, struct err *err)
{
	bool ok, more = true;

	line_reader_open(&r->lines, &r->arena, shown, text);
	ok = check_physical(r, text, err);
	while (ok && more) {
		struct logical_line line;

		ok = line_reader_next(&line, &more, &r->lines, err) &&
		     (!more || check_line(r, &line, err));
	}
	line_reader_close(&r->lines);
	return ok;
}

static bool read_one(struct walk *w, const char *path, struct err *err)
{
	AUTO(auto_free) char *shown = mem_printf("%s%s", w->dir, path);
	AUTO(auto_free) char *place = mem_printf("%zu/%s", w->number, path);
	AUTO(buf_free) struct buf bytes = BUF_INIT(LIMIT_REQUIREMENTS);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_REQUIREMENTS);
	struct reading r = { .walk = w, .path = path };
	bool ok;

	if (pylock_is_name(path)) {
		err_set(err, E_UNSUPPORTED, "%s: pip reads no lock file by -r", shown);
		return err_hint(err, "--installer wheels takes it");
	}
	if (!fs_read_path(&bytes, shown, LIMIT_REQUIREMENTS, err))
		return false;
	if (!charset_decode(&text, (struct slice){ bytes.ptr, bytes.len }, shown, err))
		return false;
	ok = check_text(&r, shown, (struct slice){ text.ptr, text.len }, err);
	arena_free(&r.arena);
	if (ok)
		entry_add_bytes(&w->out->entries, place, bytes.ptr, bytes.len);
	return ok;
}

/* The name becomes a word of the Dockerfile's shell command, in single quotes. */
static bool check_name(const char *file, struct err *err)
{
	for (const char *p = file; *p; p++)
		if ((unsigned char)*p < ' ' || strchr("'\\<", *p)) {
			err_set(err, E_UNSUPPORTED,
				"-r: a file whose name has quotes, \\, < or control characters");
			return err_hint(err, "rename it");
		}
	return true;
}

static bool read_asked(struct pip_files *out, size_t number, const char *file, struct err *err)
{
	size_t dir_len = (size_t)(fs_basename(file) - file);
	AUTO(auto_free) char *dir = mem_strndup(file, dir_len);
	struct walk w = { .out = out, .dir = dir, .number = number };
	bool ok = true;

	if (location_is_remote(file)) {
		err_set(err, E_UNSUPPORTED, "-r %s: a file of this machine is wanted", file);
		return err_hint(err, "fetch it first, or write -r URL into a file");
	}
	if (!check_name(file + dir_len, err))
		return false;
	str_list_push(&w.waiting, file + dir_len);
	while (ok && w.next < w.waiting.len) {
		if (w.next == LIMIT_REQUIREMENTS_FILES)
			ok = err_set(err, E_INPUT, "%s names more than %d files", file,
				     LIMIT_REQUIREMENTS_FILES);
		else
			ok = read_one(&w, w.waiting.items[w.next++], err);
	}
	str_list_push_take(&out->paths, mem_printf("%zu/%s", number, file + dir_len));
	str_list_free(&w.waiting);
	return ok;
}

/* Paths have no NUL, and sizes say where bytes end. */
static char *identity_of(const struct entry_list *entries)
{
	AUTO(buf_free) struct buf all = BUF_INIT(SIZE_MAX);
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	for (size_t i = 0; i < entries->len; i++) {
		const struct entry *e = &entries->items[i];

		buf_putf(&all, "%s %jd\n", e->path, (intmax_t)e->size);
		if (e->kind == ENTRY_FILE && e->size)
			buf_put_bytes(&all, e->data, (size_t)e->size);
	}
	sha256_of(hash, all.ptr, all.len);
	hex_format(hex, hash, sizeof(hash));
	return mem_strdup(hex);
}

bool pip_files_read(struct pip_files *out, const struct str_list *files, struct err *err)
{
	*out = (struct pip_files){ 0 };
	for (size_t i = 0; i < files->len; i++)
		if (!read_asked(out, i + 1, files->items[i], err))
			return false;
	if (!entry_list_add_parents(&out->entries, err))
		return false;
	out->identity = identity_of(&out->entries);
	return true;
}
