// SPDX-License-Identifier: Apache-2.0
#include "python/downloads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

/* What index_files.c and index_cache.c keep, seen from outside: how much, and since when unused. */

void downloads_free(struct downloads *d)
{
	for (size_t i = 0; i < d->len; i++)
		free(d->items[i].path);
	free(d->items);
	*d = (struct downloads){ 0 };
}

static int longest_unused_first(const void *a, const void *b)
{
	const struct download *x = a, *y = b;

	if (x->used != y->used)
		return x->used < y->used ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* Files of a folder, and of folders in it. Temporary ones are fsck's and gc's own business. */
static bool find_in(struct downloads *out, struct store *s, const char *root, struct err *err)
{
	AUTO(str_list_free) struct str_list todo = { 0 };

	if (fs_exists(store_dir(s), root))
		str_list_push(&todo, root);
	for (size_t next = 0; next < todo.len; next++) {
		AUTO(str_list_free) struct str_list names = { 0 };
		const char *path = todo.items[next];
		struct err gone = { 0 };
		struct stat st;

		if (!fs_stat(&st, store_dir(s), path, FS_BENEATH_NOLINK, &gone))
			continue;
		if (S_ISREG(st.st_mode))
			*ARRAY_PUSH(out) =
				(struct download){ mem_strdup(path), (uint64_t)st.st_size,
						   st.st_mtim.tv_sec };
		if (!S_ISDIR(st.st_mode))
			continue;
		if (!fs_list(&names, store_dir(s), path, FS_BENEATH_NOLINK, err))
			return err_wrap(err, "store %s", store_path(s));
		for (size_t i = 0; i < names.len; i++)
			str_list_push_take(&todo, fs_join(path, names.items[i]));
	}
	return true;
}

bool downloads_find(struct downloads *out, struct store *s, struct err *err)
{
	static const char *const roots[] = { DOWNLOADS_PAGES, DOWNLOADS_METADATA,
					     DOWNLOADS_WHEELS };

	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		if (!find_in(out, s, roots[i], err))
			return false;
	if (out->len)
		qsort(out->items, out->len, sizeof(*out->items), longest_unused_first);
	return true;
}

bool download_remove(struct store *s, const struct download *d, struct err *err)
{
	const char *slash = strrchr(d->path, '/');
	AUTO(auto_free) char *folder = mem_strndup(d->path, (size_t)(slash - d->path));

	if (unlinkat(store_dir(s), d->path, 0) < 0 && errno != ENOENT)
		return err_set_errno(err, "%s/%s", store_path(s), d->path);
	/* of a wheel; the others stay, since they are not empty or made again at once */
	if (unlinkat(store_dir(s), folder, AT_REMOVEDIR) < 0)
		return true;
	return true;
}
