// SPDX-License-Identifier: Apache-2.0
#include "python/requirement_line.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/wheel_name.h"

/* What one line asks for: PEP 508 as requirement.c reads it, and pip's paths and URLs beside it. */

static bool is_archive(const char *path)
{
	static const char *const suffixes[] = { ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_has_suffix(path, suffixes[i]))
			return true;
	return false;
}

/* A name alone that is a file here: the user forgot -r. */
static void hint_at_file(const char *text, struct err *err)
{
	if (str_has_suffix(text, ".txt"))
		err_hint(err, "to read that file, write -r %s", text);
}

/* A wheel named by its path. The rest of the requirement is read already. */
static bool set_path(struct requirement_line *line, struct arena *a, const char *path,
		     struct err *err)
{
	struct wheel_name name;
	struct stat st;

	if (!str_has_suffix(path, ".whl")) {
		if (is_archive(path))
			return location_refuse_build("a source archive", path, err);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return location_refuse_build("a folder", path, err);
		err_set(err, E_INPUT, "'%s' is neither a name nor a wheel", path);
		hint_at_file(path, err);
		return false;
	}
	if (!wheel_name_parse(&name, a, fs_basename(path), err))
		return false;
	if (line->requirement.key && !str_eq(line->requirement.key, name.key))
		return err_set(err, E_INPUT, "'%s' is a wheel of %s, not of %s", path, name.name,
			       line->requirement.name);
	line->requirement.name = name.name;
	line->requirement.key = name.key;
	line->path = path;
	return true;
}

/* "sha256=..." in the fragment of a URL counts as --hash. */
bool requirement_line_add_hash(struct requirement_line *line, struct arena *a, struct slice kind,
			       struct slice hex, struct err *err)
{
	struct requirement_hash hash, *grown;

	if (!hash_kind_find(&hash.kind, kind.ptr, kind.len)) {
		err_set(err, E_INPUT, "hash '" SLICE_FMT "' is not one that counts",
			SLICE_ARG(kind));
		return err_hint(err, "use sha256, sha384 or sha512");
	}
	if (hex.len != 2 * hash_kind_size(hash.kind))
		return err_set(err, E_INPUT, "a %s hash has %zu hexadecimal digits, this one %zu",
			       hash_kind_name(hash.kind), 2 * hash_kind_size(hash.kind), hex.len);
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = location_hex_value(hex.ptr[i]), low = location_hex_value(hex.ptr[i + 1]);

		if (high < 0 || low < 0)
			return err_set(err, E_INPUT,
				       "a hash has a character that is not hexadecimal");
		hash.value[i / 2] = (unsigned char)(high << 4 | low);
	}
	/* the room doubles when it is used up: at 0, 1, 2, 4, ... */
	if ((line->hash_count & (line->hash_count - 1)) == 0) {
		grown = ARENA_ARRAY(a, struct requirement_hash, 2 * line->hash_count + 1);
		if (line->hash_count)
			memcpy(grown, line->hashes, line->hash_count * sizeof(*grown));
		line->hashes = grown;
	}
	line->hashes[line->hash_count++] = hash;
	return true;
}

static bool add_fragment_hashes(struct requirement_line *line, struct arena *a,
				struct slice fragment, struct err *err)
{
	while (fragment.ptr) {
		struct slice value, item = slice_cut(fragment, '&', &fragment);
		struct slice key = slice_cut(item, '=', &value);
		enum hash_kind kind;

		if (value.ptr && hash_kind_find(&kind, key.ptr, key.len) &&
		    !requirement_line_add_hash(line, a, key, value, err))
			return false;
	}
	return true;
}

/* file:///dir/x.whl#sha256=... */
static bool set_file_url(struct requirement_line *line, struct arena *a, const char *url,
			 struct err *err)
{
	struct slice fragment, query;
	struct slice place = slice_cut(slice_of(url), '#', &fragment);
	const char *path = location_path(a, slice_cut(place, '?', &query));

	if (!path)
		return err_set(err, E_INPUT, "'%s' names no file of this machine", url);
	return add_fragment_hashes(line, a, fragment, err) && set_path(line, a, path, err);
}

static bool set_url(struct requirement_line *line, struct arena *a, const char *url,
		    struct err *err)
{
	if (location_is_vcs(url))
		return location_refuse_build("a repository", url, err);
	if (location_is_file(url))
		return set_file_url(line, a, url, err);
	return location_refuse_remote(url, err);
}

static bool has_path_mark(struct slice text)
{
	return text.len && (text.ptr[0] == '.' || memchr(text.ptr, '/', text.len));
}

/* pip's rule: a path has a slash, begins with a dot or ends in .whl; but "name @ URL" is none. */
static bool looks_like_path(struct slice text)
{
	struct slice url, before = slice_cut(text, '@', &url);

	if (url.ptr && !has_path_mark(before))
		return false;
	return has_path_mark(text) ||
	       (text.len > 4 && memcmp(text.ptr + text.len - 4, ".whl", 4) == 0) ||
	       memmem(text.ptr, text.len, ".whl[", 5);
}

/* "./x.whl[extra] ; marker", and URLs without a name. */
static bool parse_place(struct requirement_line *line, struct arena *a, struct slice text,
			size_t *at, struct err *err)
{
	const char *mark = memchr(text.ptr, ';', text.len);
	struct slice place = text;
	const char *bracket, *copy;
	size_t marker_at = 0, len;

	if (mark) {
		size_t from = (size_t)(mark + 1 - text.ptr);

		if (!marker_parse(&line->requirement.marker, a,
				  (struct slice){ .ptr = mark + 1, .len = text.len - from },
				  &marker_at, err)) {
			*at = from + marker_at;
			return false;
		}
		place.len = from - 1;
	}
	place = slice_trim(place, " \t");
	bracket = memmem(place.ptr, place.len, ".whl[", 5);
	if (bracket) {
		struct slice extras = { .ptr = bracket + 4 };

		*at = (size_t)(extras.ptr - text.ptr);
		extras.len = place.len - (size_t)(extras.ptr - place.ptr);
		if (!requirement_parse_extras(&line->requirement, &len, a, extras, NULL, err))
			return false;
		place.len = (size_t)(extras.ptr - place.ptr);
	}
	*at = 0;
	copy = arena_slice(a, place);
	if (location_is_remote(copy) || location_is_vcs(copy) || location_is_file(copy))
		return set_url(line, a, copy, err);
	return set_path(line, a, copy, err);
}

bool requirement_line_parse(struct requirement_line *line, struct arena *a, struct slice text,
			    size_t *at, struct err *err)
{
	const char *copy = arena_slice(a, text);
	struct slice before_marker, rest;

	before_marker = slice_trim(slice_cut(text, ';', &rest), " \t");
	line->requirement.text = copy;
	if (before_marker.len && (location_is_remote(copy) || location_is_vcs(copy) ||
				  location_is_file(copy) || looks_like_path(before_marker)))
		return parse_place(line, a, text, at, err);
	if (!requirement_parse(&line->requirement, a, text, at, err)) {
		hint_at_file(copy, err);
		return false;
	}
	if (!line->requirement.url)
		return true;
	*at = (size_t)(strstr(copy, line->requirement.url) - copy);
	return set_url(line, a, line->requirement.url, err);
}

bool requirement_line_fail_at(const struct requirement_line *line, struct err *err)
{
	if (!line->file)
		return false;
	return err_at(err, line->file, line->line, line->column, line->line_text,
		      strlen(line->line_text));
}
