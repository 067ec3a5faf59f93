// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Paths as text: no file system is asked. */

bool fs_clean_member(char **out, const char *path, size_t len, struct err *err)
{
	AUTO(buf_free) struct buf clean = BUF_INIT(LIMIT_PATH);
	struct slice rest = { .ptr = path, .len = len };
	size_t depth = 0;

	if (len && memchr(path, '\0', len))
		return err_set(err, E_INTEGRITY, "a path contains a NUL");
	if (len > LIMIT_PATH)
		return err_set(err, E_INTEGRITY, "path '%.64s...' is longer than %d bytes", path,
			       LIMIT_PATH);
	while (rest.ptr) {
		struct slice part = slice_cut(rest, '/', &rest);

		if (!part.len || slice_eq(part, "."))
			continue;
		if (slice_eq(part, ".."))
			return err_set(err, E_INTEGRITY, "path '%.*s' contains '..'", (int)len,
				       path);
		if (part.len > LIMIT_COMPONENT)
			return err_set(err, E_INTEGRITY, "path '%.64s...' has a name over %d bytes",
				       path, LIMIT_COMPONENT);
		if (++depth > LIMIT_PATH_DEPTH)
			return err_set(err, E_INTEGRITY, "path '%.64s...' is deeper than %d", path,
				       LIMIT_PATH_DEPTH);
		if (clean.len)
			buf_put_byte(&clean, '/');
		buf_put_bytes(&clean, part.ptr, part.len);
	}
	*out = buf_steal(&clean);
	return true;
}

char *fs_clean(const char *path)
{
	bool absolute = path[0] == '/';
	AUTO(buf_free) struct buf out = BUF_INIT((size_t)-1 / 2);
	struct slice rest = slice_of(path);

	if (absolute)
		buf_put(&out, "/");
	while (rest.ptr) {
		struct slice part = slice_cut(rest, '/', &rest);
		const char *slash = memrchr(out.ptr, '/', out.len);
		const char *last = slash ? slash + 1 : out.ptr;

		if (!part.len || slice_eq(part, "."))
			continue;
		if (slice_eq(part, "..") && *last && !str_eq(last, "..")) {
			size_t keep = (size_t)(last - out.ptr);

			/* cut "/name", but keep the slash of the root */
			keep = keep > 1 || (keep == 1 && !absolute) ? keep - 1 : keep;
			out.len = keep;
			out.ptr[keep] = '\0';
			continue;
		}
		if (slice_eq(part, "..") && absolute)
			continue;
		if (out.len && out.ptr[out.len - 1] != '/')
			buf_put_byte(&out, '/');
		buf_put_bytes(&out, part.ptr, part.len);
	}
	if (!out.len)
		buf_put(&out, ".");
	return buf_steal(&out);
}

char *fs_join(const char *base, const char *rel)
{
	AUTO(auto_free) char *joined = NULL;

	if (rel[0] == '/' || !base[0])
		return fs_clean(rel);
	joined = mem_printf("%s/%s", base, rel);
	return fs_clean(joined);
}

const char *fs_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
