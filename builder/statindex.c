// SPDX-License-Identifier: Apache-2.0
#include "builder/statindex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* A file of fixed records, sorted by device and inode, that ends with a hash of itself. */

static const char magic[8] = { 'r', 't', 's', 't', 'a', 't', '0', '2' };

/* The kernel stamps files by its tick (4 or 10 ms): within this, two writes look alike. */
enum { GRAIN_NS = 20 * 1000 * 1000 };

static const char stat_dir[] = "cache/stat";

struct statindex {
	struct store *store;
	int dir;
	char name[64];
	struct buf file;         /* as it was read */
	struct file_record *old; /* sorted, inside it */
	size_t old_count;
	struct {
		const struct file_record **items;
		size_t len, cap;
	} fresh;
	bool *kept; /* of old */
	bool changed;
};

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
}

int64_t statindex_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return nanoseconds(now);
}

struct file_state file_state_of(const struct stat *st)
{
	return (struct file_state){ .dev = (uint64_t)st->st_dev,
				    .ino = (uint64_t)st->st_ino,
				    .size = (uint64_t)st->st_size,
				    .mtime_ns = nanoseconds(st->st_mtim),
				    .ctime_ns = nanoseconds(st->st_ctim) };
}

bool file_state_same(const struct file_state *a, const struct file_state *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static int compare(const void *a, const void *b)
{
	const struct file_state *x = &((const struct file_record *)a)->state;
	const struct file_state *y = &((const struct file_record *)b)->state;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void load(struct statindex *x)
{
	size_t body = x->file.len - SHA256_SIZE;
	unsigned char hash[SHA256_SIZE];

	if (x->file.len < sizeof(magic) + SHA256_SIZE ||
	    memcmp(x->file.ptr, magic, sizeof(magic)) != 0 ||
	    (body - sizeof(magic)) % sizeof(struct file_record) != 0)
		return;
	sha256_of(hash, x->file.ptr, body);
	if (memcmp(hash, x->file.ptr + body, SHA256_SIZE) != 0)
		return;
	x->old_count = (body - sizeof(magic)) / sizeof(struct file_record);
	/* the heap's alignment and the magic's size: records lie as they must */
	x->old = (struct file_record *)(void *)(x->file.ptr + sizeof(magic));
	x->kept = mem_alloc(x->old_count + 1);
}

bool statindex_open(struct statindex **out, struct store *s, int context_dir, struct err *err)
{
	AUTO(auto_statindex_close) struct statindex *x = mem_alloc(sizeof(*x));
	struct err ignored = { 0 };
	struct stat st;

	x->file = (struct buf)BUF_INIT(SIZE_MAX / 2);
	x->store = s;
	x->dir = -1;
	if (fstat(context_dir, &st) < 0)
		return err_set_errno(err, "stat the context");
	if (!store_subdir(&x->dir, s, stat_dir, err))
		return false;
	snprintf(x->name, sizeof(x->name), "%llx-%llx", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	if (fs_read(&x->file, x->dir, x->name,
		    (size_t)LIMIT_CONTEXT_FILES * sizeof(struct file_record) + KIB,
		    FS_BENEATH_NOLINK, &ignored))
		load(x);
	*out = STEAL(x);
	return true;
}

void statindex_close(struct statindex *x)
{
	if (!x)
		return;
	auto_close(&x->dir);
	buf_free(&x->file);
	free(x->kept);
	free(x->fresh.items);
	free(x);
}

const unsigned char *statindex_find(struct statindex *x, const struct file_state *state,
				    bool *plain_out)
{
	struct file_record want = { .state = *state };
	const struct file_record *r =
		x->old_count ? bsearch(&want, x->old, x->old_count, sizeof(want), compare) : NULL;

	*plain_out = false;
	if (!r || !file_state_same(&r->state, state))
		return NULL;
	x->kept[r - x->old] = true;
	*plain_out = r->plain == 1;
	return r->hash;
}

void statindex_put(struct statindex *x, const struct file_record *r, int64_t read_ns)
{
	if (r->state.mtime_ns >= read_ns - GRAIN_NS || r->state.ctime_ns >= read_ns - GRAIN_NS)
		return;
	*ARRAY_PUSH(&x->fresh) = r;
	x->changed = true;
}

bool statindex_save(struct statindex *x, struct err *err)
{
	AUTO(buf_free) struct buf file = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free) struct file_record *all = NULL;
	unsigned char hash[SHA256_SIZE];
	size_t count = 0;

	if (!x->changed)
		return true;
	all = mem_alloc((x->old_count + x->fresh.len) * sizeof(*all) + 1);
	/* the fresh ones first: of two records of one inode the first stays */
	for (size_t i = x->fresh.len; i > 0; i--)
		all[count++] = *x->fresh.items[i - 1];
	if (count)
		qsort(all, count, sizeof(*all), compare);
	for (size_t i = 0, fresh = count; i < x->old_count; i++) {
		if (x->kept[i] &&
		    !(fresh && bsearch(&x->old[i], all, fresh, sizeof(*all), compare)))
			all[count++] = x->old[i];
	}
	if (count)
		qsort(all, count, sizeof(*all), compare);
	buf_put_bytes(&file, magic, sizeof(magic));
	buf_put_bytes(&file, all, count * sizeof(*all));
	sha256_of(hash, file.ptr, file.len);
	buf_put_bytes(&file, hash, SHA256_SIZE);
	return store_put_file(x->store, stat_dir, x->name, file.ptr, file.len, 0600, err);
}
