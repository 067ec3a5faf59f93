// SPDX-License-Identifier: Apache-2.0
#include "python/wheel_destination.h"

#include <string.h>

#include "base/mem.h"

/* The rules of installers: what goes where, and what they write themselves. */

/* The part of a member's name behind the .dist-info folder; NULL when it lies elsewhere. */
static const char *in_info(const struct wheel *w, const char *name)
{
	size_t len = strlen(w->info);

	return str_has_prefix(name, w->info) && name[len] == '/' ? name + len + 1 : NULL;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; name && i < count; i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

bool wheel_destination_is_unlisted(const struct wheel *w, const char *name)
{
	static const char *const names[] = { "RECORD", "RECORD.jws", "RECORD.p7s" };

	return is_one_of(in_info(w, name), names, ARRAY_LEN(names));
}

/* "a/__pycache__/b.cpython-311.pyc", or "a/b.pyc" beside "a/b.py": made for other file times, so it
 * would never be used. */
static bool is_stale_bytecode(const struct wheel *w, const char *name)
{
	AUTO(auto_free) char *source = NULL;

	if (!str_has_suffix(name, ".pyc"))
		return false;
	if (str_has_prefix(name, "__pycache__/") || strstr(name, "/__pycache__/"))
		return true;
	source = mem_strndup(name, strlen(name) - 1);
	return zip_find(w->zip, source) != NULL;
}

/* What installers write themselves, whatever a wheel brings. */
static bool is_replaced(const struct wheel *w, const char *name)
{
	static const char *const names[] = { "INSTALLER", "REQUESTED", "direct_url.json" };

	return wheel_destination_is_unlisted(w, name) ||
	       is_one_of(in_info(w, name), names, ARRAY_LEN(names));
}

/* EP, EP.exe, EP-script.py(w) in .data/scripts were made by setuptools for entry point EP, which
 * gets its wrapper anyway. */
static bool is_old_wrapper(const struct wheel_scheme *s, const char *name)
{
	static const char *const suffixes[] = { "", ".exe", "-script.py", "-script.pyw" };
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		AUTO(auto_free) char *stem = NULL;

		if (!str_has_suffix(name, suffixes[i]))
			continue;
		stem = mem_strndup(name, strlen(name) - strlen(suffixes[i]));
		if (entry_points_find(s->points, stem))
			return true;
	}
	return false;
}

const char *wheel_destination_join(struct arena *a, const char *folder, const char *name)
{
	return folder[0] ? arena_printf(a, "%s/%s", folder, name) : arena_strdup(a, name);
}

static bool map_data(struct wheel_destination *out, const struct wheel_scheme *s, const char *name,
		     struct err *err)
{
	const struct wheel_layout *l = s->layout;
	struct slice rest, top = slice_cut(slice_of(name), '/', &rest);
	struct slice key = slice_cut(rest, '/', &rest);
	const char *headers = NULL;

	if (!wheel_owns_folder(s->wheel, top, ".data"))
		return err_set(err, E_INPUT, "%s lies in the .data folder of something else", name);
	if (!rest.len)
		return err_set(err, E_INPUT, "%s lies directly in the .data folder", name);
	if (l->headers)
		headers = wheel_destination_join(s->arena, l->headers, s->wheel->name);
	if (slice_eq(key, "purelib") || slice_eq(key, "platlib"))
		out->path = wheel_destination_join(s->arena, l->site, rest.ptr);
	else if (slice_eq(key, "data"))
		out->path = wheel_destination_join(s->arena, l->data ? l->data : l->site, rest.ptr);
	else if (slice_eq(key, "headers"))
		out->path = headers ? wheel_destination_join(s->arena, headers, rest.ptr) : NULL;
	else if (!slice_eq(key, "scripts"))
		return err_set(err, E_INPUT,
			       "%s: '" SLICE_FMT
			       "' is none of purelib, platlib, scripts, headers, data",
			       name, SLICE_ARG(key));
	else if (l->scripts && !is_old_wrapper(s, rest.ptr))
		*out = (struct wheel_destination){
			wheel_destination_join(s->arena, l->scripts, rest.ptr), true
		};
	return true;
}

bool wheel_destination_find(struct wheel_destination *out, const struct wheel_scheme *s,
			    const char *name, struct err *err)
{
	struct slice rest, top = slice_cut(slice_of(name), '/', &rest);

	*out = (struct wheel_destination){ 0 };
	if (is_replaced(s->wheel, name) || is_stale_bytecode(s->wheel, name))
		return true;
	if (rest.ptr && top.len > 5 && memcmp(top.ptr + top.len - 5, ".data", 5) == 0)
		return map_data(out, s, name, err);
	out->path = wheel_destination_join(s->arena, s->layout->site, name);
	return true;
}
