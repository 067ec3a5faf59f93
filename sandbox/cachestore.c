// SPDX-License-Identifier: Apache-2.0
#include "sandbox/cachestore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/compress.h"
#include "layers/diff.h"
#include "layers/tar.h"
#include "layers/unpack.h"
#include "sandbox/trees.h"

/* What is kept below cache/mounts and cache/trees, looked at, carried and removed. */

/* --- sizes --- */

/* Bytes on the disk of everything below `dir`/`name`. */
static bool tree_bytes(uint64_t *out, int dir, const char *name, struct err *err)
{
	AUTO(str_list_free) struct str_list todo = { 0 };

	*out = 0;
	str_list_push(&todo, name);
	while (todo.len) {
		AUTO(auto_free) char *path = todo.items[--todo.len];
		AUTO(str_list_free) struct str_list names = { 0 };
		struct stat st;

		todo.items[todo.len] = NULL;
		if (!cancel_check(err) || !fs_stat(&st, dir, path, FS_BENEATH_NOLINK, err))
			return false;
		*out += (uint64_t)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode))
			continue;
		if (!fs_list(&names, dir, path, FS_BENEATH_NOLINK, err))
			return false;
		for (size_t i = 0; i < names.len; i++)
			str_list_push_take(&todo, mem_printf("%s/%s", path, names.items[i]));
	}
	return true;
}

/* --- caches --- */

static bool is_number(const char *name)
{
	return *name && strspn(name, "0123456789") == strlen(name);
}

static bool list_one(struct message *answer, uint64_t *count, int parent, const char *hash,
		     struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(buf_free) struct buf name = BUF_INIT(LIMIT_EXPANSION);
	AUTO(auto_close) int dir = -1;
	uint64_t instances = 0, bytes = 0;
	int64_t used = 0;

	if (!fs_open(&dir, parent, hash, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		struct stat st;
		uint64_t size;

		if (str_has_suffix(names.items[i], ".lock") &&
		    fstatat(dir, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime > used)
			used = st.st_mtime;
		if (!is_number(names.items[i]))
			continue;
		if (!tree_bytes(&size, dir, names.items[i], err))
			return false;
		instances++;
		bytes += size;
	}
	/* Removed, or not made to its end. */
	if (!instances || !fs_exists(dir, "name"))
		return true;
	if (!fs_read(&name, dir, "name", LIMIT_EXPANSION, FS_BENEATH_NOLINK, err))
		return false;
	message_put_text(answer, name.ptr);
	message_put_number(answer, instances);
	message_put_number(answer, bytes);
	message_put_number(answer, (uint64_t)used);
	++*count;
	return true;
}

bool cachestore_list(struct message *answer, const char *store, enum space_mode mode,
		     struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/cache/mounts/%s", store, space_mode_name(mode));
	AUTO(str_list_free) struct str_list hashes = { 0 };
	AUTO(message_free) struct message list = MESSAGE_INIT;
	AUTO(auto_close) int parent = -1;
	uint64_t count = 0;

	if (!fs_open_dir_p(&parent, path, 0700, err) ||
	    !fs_list(&hashes, parent, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < hashes.len; i++)
		if (!list_one(&list, &count, parent, hashes.items[i], err))
			return false;
	message_put_number(answer, count);
	buf_put_bytes(&answer->body, list.body.ptr, list.body.len);
	return true;
}

static bool in_use(const char *name, struct err *err)
{
	err_set(err, E_IO, "the cache '%s' is in use by a command", name);
	return err_hint(err, "try again when the build has ended");
}

static bool unknown(const char *name, struct err *err)
{
	err_set(err, E_NOT_FOUND, "there is no cache '%s'", name);
	return err_hint(err, "rtbuild cache list");
}

static bool open_cache(int *dir_out, const char *store, enum space_mode mode, const char *name,
		       bool make, struct err *err)
{
	AUTO(auto_free) char *path = cachedir_path(store, mode, name);

	if (make)
		return fs_open_dir_p(dir_out, path, 0700, err);
	if (fs_open_dir(dir_out, path, err))
		return true;
	if (err->code != E_NOT_FOUND)
		return false;
	err_clear(err);
	return unknown(name, err);
}

/* Held by nobody else, and by nobody before the descriptor is closed: *fd_out -1 when someone has
 * it. */
static bool hold(int *fd_out, int dir, const char *lock, struct err *err)
{
	AUTO(auto_close) int fd = -1;

	*fd_out = -1;
	if (!fs_open(&fd, dir, lock, O_RDWR | O_CREAT, 0600, FS_BENEATH_NOLINK, err))
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		*fd_out = steal_fd(&fd);
	else if (errno != EWOULDBLOCK)
		return err_set_errno(err, "lock %s", lock);
	return true;
}

static bool write_tar(int dir, int tar_fd, struct err *err)
{
	AUTO(entry_list_free) struct entry_list entries = { 0 };
	AUTO(auto_tar_writer_close) struct tar_writer *tar = NULL;
	struct sink_fd to = sink_fd(tar_fd);

	if (!diff_overlay(&entries, dir, NULL, err) || !tar_writer_open(&tar, &to.sink, err))
		return false;
	for (size_t i = 0; i < entries.len; i++)
		if (!tar_writer_add(tar, &entries.items[i], err))
			return false;
	return tar_writer_finish(tar, err);
}

bool cachestore_export(const char *store, enum space_mode mode, const char *name, int tar_fd,
		       struct err *err)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int names = -1;
	AUTO(auto_close) int lock = -1;
	AUTO(auto_close) int instance = -1;

	if (!open_cache(&dir, store, mode, name, false, err) ||
	    !fs_lock(&names, dir, "lock", true, err) || !hold(&lock, dir, "0.lock", err))
		return false;
	if (lock < 0)
		return in_use(name, err);
	if (!fs_exists(dir, "0"))
		return unknown(name, err);
	return fs_open(&instance, dir, "0", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) &&
	       write_tar(instance, tar_fd, err);
}

/* source_fd() reads at offsets, which a pipe has not. */
struct stream {
	struct source source;
	int fd; /* borrowed */
};

static bool stream_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct stream *s = (struct stream *)self;
	ssize_t n;

	do
		n = read(s->fd, data, cap);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set_errno(err, "read");
	*len_out = (size_t)n;
	return true;
}

static void stream_close(struct source *self)
{
	free(self);
}

static struct source *stream_open(int fd)
{
	struct stream *s = mem_alloc(sizeof(*s));

	s->source = (struct source){ .read = stream_read, .close = stream_close };
	s->fd = fd;
	return &s->source;
}

static bool unpack(const struct space *space, int root, int tar_fd, struct err *err)
{
	const struct unpack_options opt = { .whiteouts = UNPACK_APPLY,
					    .keep_owner = space->mode != SPACE_SINGLE };
	AUTO(auto_source_close) struct source *plain = NULL;

	return decompressor_detect(&plain, NULL, stream_open(tar_fd), err) &&
	       unpack_tar(root, plain, &opt, err);
}

bool cachestore_import(const char *store, const struct space *space, const char *name, int tar_fd,
		       const struct workdir *work, struct err *err)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int names = -1;
	AUTO(auto_close) int lock = -1;
	AUTO(auto_close) int root = -1;

	if (!workdir_mkdir(work, "cache", 0755, err) ||
	    !fs_open(&root, work->fd, "cache", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) ||
	    !unpack(space, root, tar_fd, err) ||
	    !open_cache(&dir, store, space->mode, name, true, err) ||
	    !fs_lock(&names, dir, "lock", true, err) || !hold(&lock, dir, "0.lock", err))
		return false;
	if (lock < 0)
		return in_use(name, err);
	if (fs_exists(dir, "0") && renameat(dir, "0", work->fd, "old") < 0)
		return err_set_errno(err, "replace the cache '%s'", name);
	if (renameat(work->fd, "cache", dir, "0") < 0)
		return err_set_errno(err, "keep the cache '%s'", name);
	return fs_exists(dir, "name") ||
	       fs_write_atomic(dir, "name", name, strlen(name), 0600, err);
}

/* All instances, or none: the lock of the name keeps others from making and taking them. */
bool cachestore_remove(const char *store, enum space_mode mode, const char *name, struct err *err)
{
	AUTO(str_list_free) struct str_list entries = { 0 };
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int names = -1;

	if (!open_cache(&dir, store, mode, name, false, err) ||
	    !fs_lock(&names, dir, "lock", true, err) ||
	    !fs_list(&entries, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	/* The directory itself stays, for its lock: empty it is no cache. */
	if (!str_list_has(&entries, "name"))
		return unknown(name, err);
	for (size_t i = 0; i < entries.len; i++) {
		AUTO(auto_close) int lock = -1;

		if (!str_has_suffix(entries.items[i], ".lock"))
			continue;
		if (!hold(&lock, dir, entries.items[i], err))
			return false;
		if (lock < 0)
			return in_use(name, err);
	}
	for (size_t i = 0; i < entries.len; i++)
		if (!str_has_suffix(entries.items[i], "lock") &&
		    !fs_remove_tree(dir, entries.items[i], err))
			return false;
	return true;
}

/* --- trees --- */

static bool is_kept(const struct request *r, const char *hex)
{
	for (size_t i = 0; i < r->layer_count; i++)
		if (str_eq(digest_hex(&r->layers[i].diff_id).text, hex))
			return true;
	return false;
}

static bool remove_tree(int dir, const char *hex, struct err *err)
{
	AUTO(auto_free) char *boot = mem_printf("%s.boot", hex);

	/* Without its boot it counts as absent, whatever is left of it. */
	if (unlinkat(dir, boot, 0) < 0 && errno != ENOENT)
		return err_set_errno(err, "remove %s", boot);
	return fs_remove_tree(dir, hex, err);
}

bool cachestore_prune(struct message *answer, const struct request *r, enum space_mode mode,
		      struct err *err)
{
	AUTO(auto_free)
	char *path = mem_printf("%s/cache/trees/%s", r->store, space_mode_name(mode));
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;
	uint64_t removed = 0, bytes = 0;

	if (!fs_open_dir_p(&dir, path, 0700, err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		uint64_t size;

		if (strlen(names.items[i]) != 64 || is_kept(r, names.items[i]))
			continue;
		if (!tree_bytes(&size, dir, names.items[i], err) ||
		    (!r->dry_run && !remove_tree(dir, names.items[i], err)))
			return false;
		removed++;
		bytes += size;
	}
	message_put_number(answer, removed);
	message_put_number(answer, bytes);
	return true;
}
