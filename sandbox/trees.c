// SPDX-License-Identifier: Apache-2.0
#include "sandbox/trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/digest.h"
#include "layers/compress.h"
#include "layers/tar.h"
#include "layers/unpack.h"

/* Lower directories of overlays. */

char *trees_path(const char *store, enum space_mode mode, const char *hex)
{
	return mem_printf("%s/cache/trees/%s/%s", store, space_mode_name(mode), hex);
}

static bool open_trees(int *fd_out, const char *store, enum space_mode mode, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/cache/trees/%s", store, space_mode_name(mode));

	return fs_open_dir_p(fd_out, path, 0700, err);
}

static bool read_boot(struct buf *out, struct err *err)
{
	if (fs_read_path(out, "/proc/sys/kernel/random/boot_id", 64, err))
		return true;
	err_clear(err);
	buf_put(out, "unknown");
	return true;
}

/* The file beside a tree that says under which boot it was made. */
static char *boot_name(const char *hex)
{
	return mem_printf("%s.boot", hex);
}

static bool have(bool *out, int dir, const char *hex, struct err *err)
{
	AUTO(auto_free) char *name = boot_name(hex);
	AUTO(buf_free) struct buf now = BUF_INIT(128);
	AUTO(buf_free) struct buf then = BUF_INIT(128);

	*out = false;
	if (!fs_exists(dir, hex))
		return true;
	if (!fs_read(&then, dir, name, 64, FS_BENEATH_NOLINK, err)) {
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
		return true;
	}
	if (!read_boot(&now, err))
		return false;
	*out = str_eq(now.ptr, then.ptr);
	return true;
}

bool trees_have(bool *out, const char *store, enum space_mode mode, const char *hex,
		struct err *err)
{
	AUTO(auto_close) int dir = -1;

	return open_trees(&dir, store, mode, err) && have(out, dir, hex, err);
}

/* Hashes what it hands on, to prove the diff id at the end. */
struct checked {
	struct source source;
	struct source *from; /* borrowed */
	struct sha256 state;
};

static bool checked_read(struct source *self, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	struct checked *c = (struct checked *)self;

	if (!source_read(c->from, data, cap, len_out, err))
		return false;
	sha256_update(&c->state, data, *len_out);
	return true;
}

static void checked_close(struct checked *c)
{
	sha256_free(&c->state);
}

/* Tar readers stop at the end-of-archive blocks; the diff id covers what follows them too. */
static bool read_rest(struct checked *c, struct err *err)
{
	enum { PIECE = 64 * 1024 };
	AUTO(auto_free) char *piece = mem_alloc(PIECE);
	size_t len;

	do
		if (!source_read(&c->source, piece, PIECE, &len, err))
			return false;
	while (len);
	return true;
}

static bool unpack_checked(int root, struct source *plain, const char *hex,
			   const struct unpack_options *opt, struct err *err)
{
	AUTO(checked_close)
	struct checked c = { .source = { .read = checked_read }, .from = plain };
	unsigned char hash[SHA256_SIZE];
	char found[2 * SHA256_SIZE + 1];

	sha256_init(&c.state);
	if (!unpack_tar(root, &c.source, opt, err) || !read_rest(&c, err))
		return false;
	sha256_final(&c.state, hash);
	hex_format(found, hash, sizeof(hash));
	return str_eq(found, hex) ||
	       err_set(err, E_INTEGRITY, "its content has diff id sha256:%s", found);
}

static bool open_plain(struct source **out, int blob, enum compression compression, struct err *err)
{
	int own = fcntl(blob, F_DUPFD_CLOEXEC, 3);

	if (own < 0)
		return err_set_errno(err, "duplicate a descriptor");
	return decompressor_open(out, source_fd(own), compression, err);
}

/* A file's capabilities: they go by with unpack_tar's owners, but a lone id can hold them. */
static bool set_capability(int fd, const struct entry *e, struct err *err)
{
	for (size_t i = 0; i < e->xattr_count; i++) {
		const struct entry_xattr *x = &e->xattrs[i];

		if (str_eq(x->name, "security.capability") &&
		    fsetxattr(fd, x->name, x->value, x->len, 0) < 0 && errno != ENOTSUP)
			return err_set_errno(err, "set %s of /%s", x->name, e->path);
	}
	return true;
}

static bool record_owner(int root, const struct entry *e, struct err *err)
{
	AUTO(auto_free) char *text = mem_printf("%lld:%lld", (long long)e->uid, (long long)e->gid);
	AUTO(auto_close) int fd = -1;

	if (!fs_open(&fd, root, e->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, FS_IN_ROOT, err)) {
		err_clear(err); /* overwritten later in the layer, by something else */
		return true;
	}
	if ((e->uid || e->gid) && fsetxattr(fd, TREES_OWNER_XATTR, text, strlen(text), 0) < 0)
		return err_set_errno(err, "note the owner of /%s", e->path);
	return set_capability(fd, e, err);
}

static bool has_more(const struct entry *e)
{
	return (e->kind == ENTRY_FILE || e->kind == ENTRY_DIR) &&
	       (e->uid || e->gid || e->xattr_count) &&
	       !str_has_prefix(fs_basename(e->path), ".wh.");
}

/* A second pass over the tar, for what the first could not give. */
static bool record_owners(int root, struct source *plain, struct err *err)
{
	AUTO(auto_tar_reader_close) struct tar_reader *reader = NULL;
	struct entry e;
	bool more;

	if (!tar_reader_open(&reader, plain, err))
		return false;
	for (;;) {
		if (!tar_reader_next(&e, &more, reader, err))
			return false;
		if (!more)
			return true;
		if (has_more(&e) && !record_owner(root, &e, err))
			return false;
	}
}

static bool unpack_into(int root, const struct space *space, const char *hex,
			enum compression compression, int blob, struct err *err)
{
	AUTO(auto_source_close) struct source *plain = NULL;
	AUTO(auto_source_close) struct source *again = NULL;
	struct unpack_options opt = {
		.whiteouts = space->mode == SPACE_ROOT ? UNPACK_OVERLAY : UNPACK_OVERLAY_USERXATTR,
		.keep_owner = space->mode != SPACE_SINGLE,
	};

	if (!open_plain(&plain, blob, compression, err) ||
	    !unpack_checked(root, plain, hex, &opt, err))
		return false;
	if (space->mode != SPACE_SINGLE)
		return true;
	return open_plain(&again, blob, compression, err) && record_owners(root, again, err);
}

/* Into place; a tree of an earlier boot makes room first. The directory's name tells it is whole.
 */
static bool move_in(int dir, const char *hex, const struct workdir *work, struct err *err)
{
	AUTO(auto_free) char *name = boot_name(hex);
	AUTO(buf_free) struct buf boot = BUF_INIT(128);

	if (fs_exists(dir, hex) && renameat(dir, hex, work->fd, "old") < 0)
		return err_set_errno(err, "replace tree %s", hex);
	if (!read_boot(&boot, err) || !fs_write_lossy(dir, name, boot.ptr, boot.len, 0600, err))
		return false;
	return renameat(work->fd, "tree", dir, hex) == 0 || err_set_errno(err, "keep tree %s", hex);
}

bool trees_unpack(const char *store, const struct space *space, const char *hex,
		  enum compression compression, int blob, const struct workdir *work,
		  struct err *err)
{
	AUTO(auto_free) char *lock_name = mem_printf(".lock-%.2s", hex);
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int lock = -1;
	AUTO(auto_close) int root = -1;
	bool there;

	/* Locks are named by two digits: few files, and two layers rarely wait for each other. */
	if (!open_trees(&dir, store, space->mode, err) ||
	    !fs_lock(&lock, dir, lock_name, true, err) || !have(&there, dir, hex, err))
		return false;
	if (there)
		return true;
	if (!workdir_mkdir(work, "tree", 0755, err) ||
	    !fs_open(&root, work->fd, "tree", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err))
		return false;
	return unpack_into(root, space, hex, compression, blob, err) &&
	       move_in(dir, hex, work, err);
}
