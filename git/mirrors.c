// SPDX-License-Identifier: Apache-2.0
#include "git/mirrors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Mirrors as a whole. What is in one is mirror.c's. */

void git_mirrors_free(struct git_mirrors *m)
{
	for (size_t i = 0; i < m->len; i++)
		free(m->items[i].url);
	free(m->items);
}

/* Of its packs: all that counts. */
static uint64_t packed_bytes(int mirror)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int packs = -1;
	struct err ignored = { 0 };
	uint64_t bytes = 0;
	struct stat st;

	if (!fs_open(&packs, mirror, GIT_MIRROR_PACKS, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		     &ignored) ||
	    !fs_list(&names, packs, ".", FS_BENEATH_NOLINK, &ignored))
		return 0;
	for (size_t i = 0; i < names.len; i++)
		if (fstatat(packs, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (uint64_t)st.st_size;
	return bytes;
}

static char *noted_url(int mirror, const char *name)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_PATH + 1);
	struct err ignored = { 0 };

	if (!fs_read(&text, mirror, GIT_MIRROR_URL, LIMIT_PATH, FS_BENEATH_NOLINK, &ignored) ||
	    !text.len)
		return mem_strdup(name);
	return mem_strdup(text.ptr);
}

/* False: no mirror, or gone. */
static bool look(struct git_mirror *out, int dir, const char *name)
{
	AUTO(auto_close) int mirror = -1;
	struct err ignored = { 0 };
	struct stat st;

	if (strlen(name) >= sizeof(out->name) ||
	    !fs_open(&mirror, dir, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, &ignored) ||
	    fstatat(mirror, GIT_MIRROR_USE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*out = (struct git_mirror){ .url = noted_url(mirror, name),
				    .bytes = packed_bytes(mirror),
				    .used = st.st_mtim.tv_sec };
	snprintf(out->name, sizeof(out->name), "%s", name);
	return true;
}

static int by_use(const void *a, const void *b)
{
	const struct git_mirror *x = a, *y = b;

	if (x->used != y->used)
		return x->used < y->used ? -1 : 1;
	return strcmp(x->name, y->name);
}

bool git_mirrors_find(struct git_mirrors *out, struct store *store, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	*out = (struct git_mirrors){ 0 };
	if (!fs_exists(store_dir(store), GIT_MIRROR_ROOT))
		return true;
	if (!store_subdir(&dir, store, GIT_MIRROR_ROOT, err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		struct git_mirror m;

		if (look(&m, dir, names.items[i]))
			*ARRAY_PUSH(out) = m;
	}
	if (out->len)
		qsort(out->items, out->len, sizeof(*out->items), by_use);
	return true;
}

bool git_mirror_remove(bool *removed_out, struct store *store, const struct git_mirror *m,
		       struct err *err)
{
	AUTO(auto_free) char *use = mem_printf("%s/" GIT_MIRROR_USE, m->name);
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int lock = -1;

	*removed_out = false;
	if (!store_subdir(&dir, store, GIT_MIRROR_ROOT, err) ||
	    !fs_open(&lock, dir, use, O_RDONLY, 0, FS_BENEATH_NOLINK, err))
		return false;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return true;
	*removed_out = fs_remove_tree(dir, m->name, err);
	return *removed_out;
}

void git_mirrors_sweep(struct store *store)
{
	AUTO(git_mirrors_free) struct git_mirrors all = { 0 };
	struct err ignored = { 0 };
	bool removed;

	if (!git_mirrors_find(&all, store, &ignored))
		return;
	for (size_t i = 0; i < all.len; i++) {
		ignored = (struct err){ 0 };
		if (all.items[i].used >= clock_wall() - LIMIT_GIT_UNUSED_S ||
		    !git_mirror_remove(&removed, store, &all.items[i], &ignored))
			continue;
	}
}
