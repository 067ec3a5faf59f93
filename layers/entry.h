// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_ENTRY_H
#define LAYERS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/sink.h"

/*
 * One member of a layer or zip, as data. `path` is canonical (fs_clean_member):
 * no leading slash, "" is the root. Owners are numeric; names of owners are never stored.
 */
enum entry_kind {
	ENTRY_FILE,
	ENTRY_DIR,
	ENTRY_SYMLINK,
	ENTRY_HARDLINK, /* `link` is the canonical path of an earlier member */
	ENTRY_CHAR,
	ENTRY_BLOCK,
	ENTRY_FIFO,
};

struct entry_xattr {
	const char *name;
	const void *value;
	size_t len;
};

/*
 * How the bytes of a file are had: opened when its turn comes, read once. The
 * bytes must be as many as `size` says, or writing fails (the file changed meanwhile).
 */
struct entry;
typedef bool entry_open_fn(const struct entry *e, struct source **out, struct err *err);

struct entry {
	const char *path;
	enum entry_kind kind;
	mode_t mode; /* 07777 bits only */
	int64_t uid, gid;
	int64_t size; /* files */
	int64_t mtime;
	const char *link; /* symlinks: verbatim; hard links: canonical path */
	uint32_t dev_major, dev_minor;
	struct entry_xattr *xattrs; /* sorted by name */
	size_t xattr_count;
	entry_open_fn *open; /* files; NULL with size 0 is fine */
	const void *data;    /* for `open`: memory, or what it wants */
	uint32_t mtime_ns;
	int dir;          /* for `open`: a directory descriptor, borrowed */
	const char *name; /* for `open`: a path under `dir` */
};

/* Entries and everything they point at live in `arena`. Zero is empty. */
struct entry_list {
	struct entry *items;
	size_t len, cap;
	struct arena arena;
};
void entry_list_free(struct entry_list *l);

/* A new entry with a copy of `path`, mode 0755 for directories and 0644 else, owner 0:0, mtime
 * CLOCK_EPOCH_1980. Valid until the next add. */
struct entry *entry_add(struct entry_list *l, enum entry_kind kind, const char *path);
/* A file whose bytes are copied. */
struct entry *entry_add_bytes(struct entry_list *l, const char *path, const void *data, size_t len);
/* A file that is read from `name` under `dir` (FS_BENEATH, O_NOFOLLOW) when written. */
struct entry *entry_add_file(struct entry_list *l, const char *path, int dir, const char *name,
			     int64_t size);

entry_open_fn entry_open_bytes; /* data, size */
entry_open_fn
	entry_open_file; /* dir, name; E_IO "changed while it was read" when the size differs */

/*
 * Sort bytewise by path, parents first, and keep the last of equal paths, except that
 * directories merge; a file and a directory of one path is E_INPUT. Hard links are put behind their
 * target.
 */
MUST_CHECK bool entry_list_sort(struct entry_list *l, struct err *err);

/* Add the directories that lead to each entry and are not listed: 0755 0:0, but /tmp, /var/tmp
 * 1777, /root 0700 (standard_dirs). Sorts. */
MUST_CHECK bool entry_list_add_parents(struct entry_list *l, struct err *err);

#endif
