// SPDX-License-Identifier: Apache-2.0
#include "sandbox/cachedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/digest.h"

/* Which instance of a cache a command gets. */

void cachedirs_free(struct cachedirs *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->items[i].name);
		free(c->items[i].path);
		auto_close(&c->items[i].lock);
	}
	free(STEAL(c->items));
	c->len = c->cap = 0;
}

const char *cachedirs_path(const struct cachedirs *c, const char *name)
{
	for (size_t i = 0; i < c->len; i++)
		if (str_eq(c->items[i].name, name))
			return c->items[i].path;
	return NULL;
}

char *cachedir_path(const char *store, enum space_mode mode, const char *name)
{
	struct digest d = digest_of(name, strlen(name));

	return mem_printf("%s/cache/mounts/%s/%.32s", store, space_mode_name(mode),
			  digest_hex(&d).text);
}

/* One name being opened. */
struct opening {
	int dir;
	const struct sandbox_mount *mount; /* the first of that name */
	enum sandbox_sharing sharing;      /* the strictest of that name */
	cachedir_fill_fn *fill;
	void *arg;
};

static void instance_name(char out[32], unsigned int number, const char *suffix)
{
	snprintf(out, 32, "%u%s", number, suffix);
}

static bool has_instance(const struct opening *o, unsigned int number)
{
	char name[32];

	instance_name(name, number, "");
	return fs_exists(o->dir, name);
}

/* *lock_out -1: someone else has it, and we do not wait. */
static bool lock_instance(int *lock_out, const struct opening *o, unsigned int number, bool wait,
			  struct err *err)
{
	int how = (o->sharing == SHARING_SHARED ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB);
	AUTO(auto_close) int fd = -1;
	char name[32];

	*lock_out = -1;
	instance_name(name, number, ".lock");
	if (!fs_open(&fd, o->dir, name, O_RDWR | O_CREAT, 0600, FS_BENEATH_NOLINK, err))
		return false;
	while (flock(fd, how) < 0) {
		if (errno == EWOULDBLOCK)
			return true;
		if (errno != EINTR)
			return err_set_errno(err, "lock the cache %s", name);
	}
	futimens(fd, NULL); /* when it was used last */
	*lock_out = steal_fd(&fd);
	return true;
}

static bool make_instance(const struct opening *o, unsigned int number, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	char name[32], fresh[32];

	instance_name(name, number, "");
	instance_name(fresh, number, ".new");
	if (!fs_remove_tree(o->dir, fresh, err))
		return false;
	if (mkdirat(o->dir, fresh, 0755) < 0)
		return err_set_errno(err, "make a cache directory");
	if (!fs_open(&fd, o->dir, fresh, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) ||
	    !o->fill(o->arg, fd, o->mount, err))
		return false;
	return renameat(o->dir, fresh, o->dir, name) == 0 ||
	       err_set_errno(err, "keep a cache directory");
}

/* One that is free, else a new one; *lock_out -1: all are taken, and this one waits for the first.
 * The caller holds the lock of the name, so that nobody makes or takes one meanwhile. */
static bool find_instance(unsigned int *number_out, int *lock_out, const struct opening *o,
			  struct err *err)
{
	for (unsigned int i = 0; i < LIMIT_CACHE_INSTANCES; i++) {
		bool there = has_instance(o, i);

		*lock_out = -1;
		if (!there && i > 0 && o->sharing == SHARING_LOCKED)
			return true;
		*number_out = i;
		if ((!there && !make_instance(o, i, err)) ||
		    !lock_instance(lock_out, o, i, false, err))
			return false;
		if (*lock_out >= 0)
			return true;
	}
	return err_set(err, E_UNSUPPORTED, "more than %d commands use the cache '%s'",
		       LIMIT_CACHE_INSTANCES, o->mount->name);
}

/* What the hash stands for, for those who list caches. */
static bool write_name(int dir, const char *name, struct err *err)
{
	return fs_exists(dir, "name") ||
	       fs_write_atomic(dir, "name", name, strlen(name), 0600, err);
}

static bool get_instance(unsigned int *number_out, int *lock_out, const struct opening *o,
			 struct err *err)
{
	for (;;) {
		AUTO(auto_close) int names = -1;

		if (!fs_lock(&names, o->dir, "lock", true, err) ||
		    !write_name(o->dir, o->mount->name, err) ||
		    !find_instance(number_out, lock_out, o, err))
			return false;
		if (*lock_out >= 0)
			return true;
		auto_close(&names);
		*number_out = 0;
		if (!lock_instance(lock_out, o, 0, true, err))
			return false;
		/* It may have been removed meanwhile: then begin anew. */
		if (has_instance(o, 0))
			return true;
		auto_close(lock_out);
	}
}

static bool open_one(struct cachedirs *out, const char *store, enum space_mode mode,
		     struct opening *o, struct err *err)
{
	AUTO(auto_free) char *path = cachedir_path(store, mode, o->mount->name);
	AUTO(auto_close) int dir = -1;
	struct cachedir *c;
	unsigned int number;
	int lock = -1;

	if (!fs_open_dir_p(&dir, path, 0700, err))
		return false;
	o->dir = dir;
	if (!get_instance(&number, &lock, o, err))
		return false;
	c = ARRAY_PUSH(out);
	c->name = mem_strdup(o->mount->name);
	c->path = mem_printf("%s/%u", path, number);
	c->lock = lock;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct sandbox_mount *x = *(const struct sandbox_mount *const *)a;
	const struct sandbox_mount *y = *(const struct sandbox_mount *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x > y) - (x < y);
}

bool cachedirs_open(struct cachedirs *out, const char *store, enum space_mode mode,
		    const struct sandbox_mount *mounts, size_t count, cachedir_fill_fn *fill,
		    void *arg, struct err *err)
{
	AUTO(auto_free)
	const struct sandbox_mount **sorted = mem_alloc((count + 1) * sizeof(*sorted));
	size_t caches = 0;

	for (size_t i = 0; i < count; i++)
		if (mounts[i].kind == SANDBOX_CACHE)
			sorted[caches++] = &mounts[i];
	qsort(sorted, caches, sizeof(struct sandbox_mount *), by_name);
	for (size_t i = 0; i < caches;) {
		struct opening o = {
			.mount = sorted[i], .sharing = sorted[i]->sharing, .fill = fill, .arg = arg
		};

		for (i++; i < caches && str_eq(sorted[i]->name, o.mount->name); i++)
			if (sorted[i]->sharing > o.sharing)
				o.sharing = sorted[i]->sharing;
		if (!open_one(out, store, mode, &o, err))
			return err_wrap(err, "cache '%s'", o.mount->name);
	}
	return true;
}
