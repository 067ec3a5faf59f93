// SPDX-License-Identifier: Apache-2.0
#include "python/requirement_line.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/wheel_name.h"

/* What one line asks for: PEP 508 as requirement.c reads it, and pip's paths and URLs beside it. */

static bool is_archive(const char *path)
{
	static const char *const suffixes[] = {
		".zip", ".tar.gz", ".tgz",    ".tar",    ".tar.bz2",  ".tbz",
		".txz", ".tlz",    ".tar.lz", ".tar.xz", ".tar.lzma",
	};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t len = strlen(path), tail = strlen(suffixes[i]);

		if (len >= tail && strcasecmp(path + len - tail, suffixes[i]) == 0)
			return true;
	}
	return false;
}

/* A name alone that is a file here: the user forgot -r. */
static void hint_at_file(const char *text, struct err *err)
{
	if (str_has_suffix(text, ".txt"))
		err_hint(err, "to read that file, write -r %s", text);
}

/* The name a wheel's file name has must be the one asked for, if any is. */
static bool set_name(struct requirement_line *line, struct arena *a, const char *filename,
		     const char *shown, struct err *err)
{
	struct wheel_name name;

	if (!wheel_name_parse(&name, a, filename, err))
		return false;
	if (line->requirement.key && !str_eq(line->requirement.key, name.key))
		return err_set(err, E_INPUT, "'%s' is a wheel of %s, not of %s", shown, name.name,
			       line->requirement.name);
	line->requirement.name = name.name;
	line->requirement.key = name.key;
	return true;
}

/* A wheel named by its path. The rest of the requirement is read already. */
static bool set_path(struct requirement_line *line, struct arena *a, const char *path,
		     struct err *err)
{
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
	line->path = path;
	return set_name(line, a, fs_basename(path), path, err);
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

/* https://host/dir/x.whl#sha256=... */
static bool set_remote_url(struct requirement_line *line, struct arena *a, const char *url,
			   struct err *err)
{
	struct slice fragment, query, place = slice_cut(slice_of(url), '#', &fragment);
	struct slice path = slice_cut(place, '?', &query);
	char *filename, *shown = arena_slice(a, path);

	location_mask(shown);
	filename = arena_strdup(a, fs_basename(shown));
	if (str_urldecode(filename) != strlen(filename) || strchr(filename, '/'))
		return err_set(err, E_INPUT, "'%s' names no file", shown);
	if (is_archive(filename))
		return location_refuse_build("a source archive", shown, err);
	if (!str_has_suffix(filename, ".whl"))
		return err_set(err, E_INPUT, "'%s' is no wheel", shown);
	line->url = arena_slice(a, place);
	return set_name(line, a, filename, shown, err) &&
	       add_fragment_hashes(line, a, fragment, err);
}

static bool set_url(struct requirement_line *line, struct arena *a, const char *url,
		    struct err *err)
{
	if (location_is_vcs(url))
		return location_refuse_build("a repository", url, err);
	if (location_is_file(url))
		return set_file_url(line, a, url, err);
	if (strncasecmp(url, "http", 4) == 0)
		return set_remote_url(line, a, url, err);
	return location_refuse_remote(url, err);
}

static bool has_path_mark(struct slice text)
{
	return text.len && (text.ptr[0] == '.' || memchr(text.ptr, '/', text.len));
}

/* pip's rule: a path has a slash, begins with a dot or ends as an archive does; but "name @ URL" is
 * none. */
static bool looks_like_path(struct slice text)
{
	struct slice url, before = slice_cut(text, '@', &url);
	AUTO(auto_free) char *copy = mem_strndup(text.ptr, text.len);

	if (url.ptr && !has_path_mark(before))
		return false;
	return has_path_mark(text) || str_has_suffix(copy, ".whl") || is_archive(copy) ||
	       strstr(copy, ".whl[");
}

static bool is_place(const char *text)
{
	return location_is_remote(text) || location_is_vcs(text) || location_is_file(text);
}

/* "./x.whl[extra]", and URLs without a name. */
static bool parse_place(struct requirement_line *line, struct arena *a, struct slice place,
			size_t *at, struct err *err)
{
	const char *bracket = memmem(place.ptr, place.len, ".whl[", 5), *copy;
	size_t len;

	if (bracket) {
		struct slice extras = { .ptr = bracket + 4 };

		*at = (size_t)(extras.ptr - place.ptr);
		extras.len = place.len - *at;
		if (!requirement_parse_extras(&line->requirement, &len, a, extras, NULL, err))
			return false;
		place.len = *at;
	}
	*at = 0;
	copy = arena_slice(a, place);
	return is_place(copy) ? set_url(line, a, copy, err) : set_path(line, a, copy, err);
}

/* Where the marker begins, by pip's rule: at the first ";", in a URL at the first "; ". */
static size_t marker_begins(struct slice text, const char *copy)
{
	const char *mark = is_place(copy) ? memmem(text.ptr, text.len, "; ", 2)
					  : memchr(text.ptr, ';', text.len);

	return mark ? (size_t)(mark - text.ptr) : text.len;
}

static bool parse_marker(struct requirement_line *line, struct arena *a, struct slice text,
			 size_t from, size_t *at, struct err *err)
{
	struct slice marker = { .ptr = text.ptr + from, .len = text.len - from };
	size_t in_marker = 0;

	if (!slice_trim(marker, " \t").len || /* nothing behind the ";" is no marker, for pip */
	    marker_parse(&line->requirement.marker, a, marker, &in_marker, err))
		return true;
	*at = from + in_marker;
	return false;
}

bool requirement_line_parse(struct requirement_line *line, struct arena *a, struct slice text,
			    size_t *at, struct err *err)
{
	const char *copy = arena_slice(a, text);
	size_t mark = marker_begins(text, copy);
	struct slice what = { .ptr = text.ptr, .len = mark };
	const struct marker *marker;

	what = slice_trim(what, " \t");
	if (mark < text.len && !parse_marker(line, a, text, mark + 1, at, err))
		return false;
	marker = line->requirement.marker;
	if (what.len && (is_place(copy) || looks_like_path(what))) {
		line->requirement.text = copy;
		return parse_place(line, a, what, at, err);
	}
	if (!requirement_parse(&line->requirement, a, what, at, err)) {
		hint_at_file(copy, err);
		return false;
	}
	line->requirement.text = copy;
	line->requirement.marker = marker;
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
