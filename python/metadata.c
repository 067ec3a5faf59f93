// SPDX-License-Identifier: Apache-2.0
#include "python/metadata.h"

#include <string.h>
#include <strings.h>

#include "python/name.h"

/* Fields of METADATA and WHEEL. Where those files lie in a wheel is wheel.c's. */

static const char blanks[] = " \t\r\n";

static struct slice next_line(struct slice *rest)
{
	struct slice line = slice_cut(*rest, '\n', rest);

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

bool header_next(struct slice *name_out, struct slice *value_out, struct header_reader *r)
{
	while (r->rest.ptr) {
		struct slice value, line = next_line(&r->rest);
		struct slice name = slice_cut(line, ':', &value);

		if (!line.len)
			break;
		if (!value.ptr)
			continue;
		while (r->rest.len && (r->rest.ptr[0] == ' ' || r->rest.ptr[0] == '\t')) {
			struct slice more = next_line(&r->rest);

			value.len = (size_t)(more.ptr + more.len - value.ptr);
		}
		*name_out = slice_trim(name, blanks);
		*value_out = slice_trim(value, blanks);
		return true;
	}
	r->rest = (struct slice){ 0 };
	return false;
}

bool header_is(struct slice name, const char *want)
{
	return name.len == strlen(want) && strncasecmp(name.ptr, want, name.len) == 0;
}

/* "2.1": the number before the dot is at most `newest`. */
static bool check_major(const char *field, struct slice value, uint64_t newest, struct err *err)
{
	struct slice minor;
	uint64_t major, ignored;
	struct slice first = slice_cut(value, '.', &minor);

	if (!str_to_u64(&major, first, UINT32_MAX) ||
	    (minor.ptr && !str_to_u64(&ignored, minor, UINT32_MAX)))
		return err_set(err, E_INPUT, "%s '" SLICE_FMT "' is not a version", field,
			       SLICE_ARG(value));
	if (major > newest)
		return err_set(err, E_UNSUPPORTED, "%s " SLICE_FMT " is newer than rtbuild knows",
			       field, SLICE_ARG(value));
	return true;
}

/* Of a field that must be there once, the first counts, as with Python's mail parser. */
static void take_once(const char **field, const char *text)
{
	if (!*field || !**field)
		*field = text;
}

static void take_field(struct metadata *m, struct arena *a, struct slice name, struct slice value)
{
	char *text = arena_slice(a, value);

	if (header_is(name, "Name"))
		take_once(&m->name, text);
	else if (header_is(name, "Version"))
		take_once(&m->version, text);
	else if (header_is(name, "Summary") && !str_eq(text, "UNKNOWN"))
		take_once(&m->summary, text);
	else if (header_is(name, "Requires-Python"))
		take_once(&m->requires_python, text);
	else if (header_is(name, "Requires-Dist"))
		str_list_push(&m->requires_dist, text);
	else if (header_is(name, "Provides-Extra"))
		str_list_push(&m->extras, name_normalize(a, value));
}

bool metadata_parse(struct metadata *out, struct arena *a, struct slice text, struct err *err)
{
	AUTO(metadata_free) struct metadata m = { .name = "", .version = "", .summary = "" };
	struct header_reader r = { .rest = text };
	struct slice name, value;

	while (header_next(&name, &value, &r)) {
		if (memchr(value.ptr, '\0', value.len))
			return err_set(err, E_INPUT, "METADATA holds a NUL");
		if (header_is(name, "Metadata-Version") &&
		    !check_major("Metadata-Version", value, 2, err))
			return false;
		take_field(&m, a, name, value);
	}
	if (!m.name[0] || !m.version[0])
		return err_set(err, E_INPUT, "METADATA has no %s", m.name[0] ? "Version" : "Name");
	*out = m;
	m.requires_dist = m.extras = (struct str_list){ 0 };
	return true;
}

void metadata_free(struct metadata *m)
{
	str_list_free(&m->requires_dist);
	str_list_free(&m->extras);
}

bool metadata_check_name(const struct metadata *m, struct arena *a, const struct wheel_name *name,
			 struct err *err)
{
	struct version version;

	if (!str_eq(name_normalize(a, slice_of(m->name)), name->key))
		return err_set(err, E_INTEGRITY, "METADATA says it is %s, its file name %s",
			       m->name, name->name);
	if (!version_parse(&version, a, slice_of(m->version), err))
		return err_wrap(err, "METADATA");
	if (version_cmp(&version, &name->version) != 0)
		return err_set(err, E_INTEGRITY, "METADATA says version %s, its file name %s",
			       m->version, name->version.text);
	return true;
}

bool metadata_check_wheel(struct slice text, struct err *err)
{
	struct header_reader r = { .rest = text };
	struct slice name, value;

	while (header_next(&name, &value, &r))
		if (header_is(name, "Wheel-Version"))
			return check_major("Wheel-Version", value, 1, err);
	return err_set(err, E_INPUT, "WHEEL has no Wheel-Version");
}
