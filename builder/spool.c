// SPDX-License-Identifier: Apache-2.0
#include "builder/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

/* Bytes on the way. What is in them is archive.c's and download.c's. */

/* Directories of processes that died: nobody holds their lock, and they are older than an hour, so
 * that none is just being made. */
static void sweep(const struct spool *s)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err ignored = { 0 };

	if (!fs_list(&names, s->parent, ".", FS_BENEATH_NOLINK, &ignored))
		return;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_close) int fd = -1;
		struct stat st;

		ignored = (struct err){ 0 };
		if (!fs_open(&fd, s->parent, names.items[i], O_RDONLY | O_DIRECTORY, 0,
			     FS_BENEATH_NOLINK, &ignored) ||
		    fstat(fd, &st) < 0 || st.st_mtim.tv_sec > clock_wall() - 3600 ||
		    flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		if (!fs_remove_tree(s->parent, names.items[i], &ignored))
			continue; /* the next one tries again */
	}
}

bool spool_dir(int *fd_out, struct spool *s, struct err *err)
{
	unsigned char random[8];

	if (s->dir < 0) {
		if (!store_subdir(&s->parent, s->store, "cache/spool", err))
			return false;
		random_bytes(random, sizeof(random));
		hex_format(s->name, random, sizeof(random));
		if (mkdirat(s->parent, s->name, 0700) < 0)
			return err_set_errno(err, "make a spool directory");
		if (!fs_open(&s->dir, s->parent, s->name, O_RDONLY | O_DIRECTORY, 0,
			     FS_BENEATH_NOLINK, err))
			return false;
		if (flock(s->dir, LOCK_EX | LOCK_NB) < 0)
			return err_set_errno(err, "lock a spool directory");
		sweep(s);
	}
	*fd_out = s->dir;
	return true;
}

void spool_close(struct spool *s)
{
	struct err ignored = { 0 };

	auto_close(&s->dir);
	s->dir = -1;
	if (s->parent >= 0 && s->name[0] && !fs_remove_tree(s->parent, s->name, &ignored))
		s->name[0] = '\0'; /* what stays is swept by a later build */
	auto_close(&s->parent);
	s->parent = -1;
}

struct range_source {
	struct source source;
	const struct spool_range *range;
	uint64_t at;
};

static bool range_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct range_source *s = (struct range_source *)self;
	uint64_t left = s->range->len - s->at;
	ssize_t len;

	do {
		len = pread(s->range->fd, data, left < cap ? (size_t)left : cap,
			    (off_t)(s->range->at + s->at));
	} while (len < 0 && errno == EINTR);
	if (len < 0 || (!len && left))
		return err_set_errno(err, "read a spool file");
	s->at += (uint64_t)len;
	*len_out = (size_t)len;
	return true;
}

static void range_close(struct source *self)
{
	free(self);
}

bool spool_open_range(const struct entry *e, struct source **out, struct err *err)
{
	struct range_source *s = mem_alloc(sizeof(*s));

	(void)err;
	s->source = (struct source){ .read = range_read, .close = range_close };
	s->range = e->data;
	*out = &s->source;
	return true;
}

char *spool_identity(const struct spool_range *range)
{
	return range->shared ? mem_printf("%p", (const void *)range) : NULL;
}

bool spool_file(int *fd_out, struct spool *s, struct err *err)
{
	int dir;

	if (!spool_dir(&dir, s, err))
		return false;
	*fd_out = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return *fd_out >= 0 || err_set_errno(err, "make a spool file");
}
