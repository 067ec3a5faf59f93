// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/store_private.h"

/* Blobs of the store: reading them verified, writing them whole or not at all. */

struct blob_path store_blob_path(const struct digest *d)
{
	struct blob_path path;

	snprintf(path.text, sizeof(path.text), STORE_BLOBS "/%s", digest_hex(d).text);
	return path;
}

int64_t store_blob_size(struct store *s, const struct digest *d)
{
	struct err absent = { 0 };
	struct stat st;

	if (!fs_stat(&st, s->dir, store_blob_path(d).text, FS_BENEATH_NOLINK, &absent))
		return -1;
	return S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

bool store_has_blob(struct store *s, const struct digest *d, int64_t size)
{
	return store_claim_present(s, d, size);
}

static bool open_blob(int *fd_out, int64_t *size_out, struct store *s, const struct digest *d,
		      struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct stat st;

	/* O_NONBLOCK: a layout from elsewhere may hold a FIFO in a blob's place. */
	if (!fs_open(&fd, s->dir, store_blob_path(d).text, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
		     FS_BENEATH_NOLINK, err)) {
		if (err->code != E_NOT_FOUND)
			return err_wrap(err, "store %s", s->path);
		err_clear(err);
		return err_set(err, E_NOT_FOUND, "blob %s is not in the store %s",
			       digest_format(d).text, s->path);
	}
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "blob %s", digest_format(d).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INTEGRITY, "blob %s is no regular file",
			       digest_format(d).text);
	*size_out = st.st_size;
	*fd_out = steal_fd(&fd);
	return true;
}

bool store_blob_fd(int *fd_out, struct store *s, const struct digest *d, struct err *err)
{
	int64_t size;

	return open_blob(fd_out, &size, s, d, err);
}

static bool corrupt(struct err *err, const struct store *s, const struct digest *d)
{
	err_set(err, E_INTEGRITY, "blob %s in %s does not match its digest", digest_format(d).text,
		s->path);
	return err_hint(err,
			"rtbuild fsck --repair moves it aside, so that it can be fetched again");
}

static bool check_size(const struct store *s, const struct digest *d, int64_t have, int64_t want,
		       struct err *err)
{
	if (want < 0 || have == want)
		return true;
	return err_set(err, E_INTEGRITY, "blob %s in %s has %lld bytes where %lld were promised",
		       digest_format(d).text, s->path, (long long)have, (long long)want);
}

bool store_read_blob(struct buf *out, struct store *s, const struct digest *d, size_t max,
		     struct err *err)
{
	AUTO(auto_close) int fd = -1;
	size_t start = out->len;
	struct digest got;
	int64_t size;

	if (!open_blob(&fd, &size, s, d, err))
		return false;
	if ((uint64_t)size > max)
		return err_set(err, E_INTEGRITY, "blob %s has %lld bytes, %zu are allowed",
			       digest_format(d).text, (long long)size, max);
	if (!fs_read_fd(out, fd, max, err))
		return err_wrap(err, "blob %s", digest_format(d).text);
	got = digest_of(out->ptr + start, out->len - start);
	return digest_eq(&got, d) || corrupt(err, s, d);
}

/* --- a source that verifies --- */

struct blob_reader {
	struct source source;
	const struct store *store;
	struct digest digest;
	int64_t size, at;
	int fd;
	struct sha256 hash;
};

/* The read that brings the last byte fails when the whole is not what was promised. */
static bool reader_verify(struct blob_reader *r, struct err *err)
{
	unsigned char hash[SHA256_SIZE];

	sha256_final(&r->hash, hash);
	return memcmp(hash, r->digest.bytes, sizeof(hash)) == 0 ||
	       corrupt(err, r->store, &r->digest);
}

static bool reader_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct blob_reader *r = (struct blob_reader *)self;
	int64_t left = r->size - r->at;
	ssize_t n = 0;

	if (left && !r->hash.ctx) /* it failed to verify before */
		return corrupt(err, r->store, &r->digest);
	if ((uint64_t)left < cap)
		cap = (size_t)left;
	while (cap && (n = pread(r->fd, data, cap, r->at)) < 0) {
		if (errno != EINTR)
			return err_set_errno(err, "read blob %s", digest_format(&r->digest).text);
		if (!cancel_check(err))
			return false;
	}
	if (cap && n == 0) /* it became shorter under our hands */
		return corrupt(err, r->store, &r->digest);
	if (r->hash.ctx) {
		sha256_update(&r->hash, data, (size_t)n);
		if (n == left && !reader_verify(r, err))
			return false;
	}
	r->at += n;
	*len_out = (size_t)n;
	return true;
}

static bool reader_rewind(struct source *self, struct err *err)
{
	struct blob_reader *r = (struct blob_reader *)self;

	(void)err;
	sha256_free(&r->hash);
	sha256_init(&r->hash);
	r->at = 0;
	return true;
}

static void reader_close(struct source *self)
{
	struct blob_reader *r = (struct blob_reader *)self;

	sha256_free(&r->hash);
	close(r->fd);
	free(r);
}

bool store_open_blob(struct source **out, struct store *s, const struct digest *d, int64_t size,
		     struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct blob_reader *r;
	int64_t have;

	if (!open_blob(&fd, &have, s, d, err) || !check_size(s, d, have, size, err))
		return false;
	r = mem_alloc(sizeof(*r));
	*r = (struct blob_reader){
		.source = { .read = reader_read, .rewind = reader_rewind, .close = reader_close },
		.store = s,
		.digest = *d,
		.size = have,
		.fd = steal_fd(&fd),
	};
	sha256_init(&r->hash);
	*out = &r->source;
	return true;
}

/* --- a sink that becomes a blob --- */

struct blob_writer {
	struct sink sink;
	struct store *store;
	int fd;
	const char *dir;            /* STORE_TMP, or STORE_DOWNLOADS: then it outlives the writer */
	char name[DIGEST_TEXT_MAX]; /* there; "" while the file has none (O_TMPFILE) */
	bool trusted;
	int64_t size;
	int64_t flushed;                /* the disk was told to begin with these */
	struct blob_follower *follower; /* NULL: none, or it was told */
	struct blob_tail *tail;         /* since it was told */
	struct sha256 hash;
};

enum { FLUSH = 8 * MIB };

/* What will be synced is better on its way to the disk while the rest is made. A hint: where it is
 * not taken, the sync does it all. */
static void begin_write_back(struct blob_writer *w)
{
	int64_t len = w->size - w->flushed;

	if (len < FLUSH)
		return;
	(void)!sync_file_range(w->fd, w->flushed, len, SYNC_FILE_RANGE_WRITE);
	w->flushed = w->size;
}

static void tell_follower(struct blob_writer *w)
{
	if (w->follower && (uint64_t)w->size > w->follower->least) {
		w->tail = blob_tail_new(w->fd);
		w->follower->follow(w->follower, w->tail);
		w->follower = NULL;
	}
	if (w->tail)
		blob_tail_grow(w->tail, (uint64_t)w->size);
}

static bool writer_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct blob_writer *w = (struct blob_writer *)self;

	if (len > (uint64_t)(LIMIT_BLOB - w->size))
		return err_set(err, E_INTEGRITY, "a blob larger than LIMIT_BLOB, %lld bytes",
			       (long long)LIMIT_BLOB);
	if (!fs_write_all(w->fd, data, len, err))
		return err_wrap(err, "store %s", w->store->path);
	if (!w->trusted)
		sha256_update(&w->hash, data, len);
	w->size += (int64_t)len;
	begin_write_back(w);
	tell_follower(w);
	return true;
}

static bool writer_finish(struct sink *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

/* A nameless file vanishes with its writer, however that ends. Needs /proc for its name later. */
static bool open_nameless(struct blob_writer *w, int dir)
{
	if (access("/proc/self/fd", X_OK) < 0)
		return false;
	w->fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return w->fd >= 0;
}

/* Where the file system knows no O_TMPFILE; the lock tells gc that its owner lives. */
static bool open_named(struct blob_writer *w, int dir, struct err *err)
{
	AUTO(auto_close) int lock = -1;
	uint64_t random;

	if (!store_enter(&lock, w->store, err))
		return false;
	random_bytes(&random, sizeof(random));
	snprintf(w->name, sizeof(w->name), "blob-%d-%016llx", (int)getpid(),
		 (unsigned long long)random);
	w->fd = openat(dir, w->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0)
		w->name[0] = '\0';
	if (w->fd < 0 || flock(w->fd, LOCK_EX | LOCK_NB) < 0)
		return err_set_errno(err, "%s/" STORE_TMP, w->store->path);
	return true;
}

static void init_writer(struct blob_writer *w, struct store *s, const char *dir)
{
	*w = (struct blob_writer){ .sink = { .write = writer_write, .finish = writer_finish },
				   .store = s,
				   .dir = dir,
				   .fd = -1 };
	sha256_init(&w->hash);
}

static bool open_writer(struct blob_writer **out, struct store *s, bool named, struct err *err)
{
	AUTO(auto_blob_writer_close) struct blob_writer *w = mem_alloc(sizeof(*w));
	AUTO(auto_close) int dir = -1;

	init_writer(w, s, STORE_TMP);
	if (!store_subdir(&dir, s, STORE_TMP, err))
		return false;
	if ((named || !open_nameless(w, dir)) && !open_named(w, dir, err))
		return false;
	*out = STEAL(w);
	return true;
}

bool store_blob_writer(struct blob_writer **out, struct store *s, struct err *err)
{
	return open_writer(out, s, false, err);
}

bool store_blob_writer_named(struct blob_writer **out, struct store *s, struct err *err)
{
	return open_writer(out, s, true, err);
}

struct sink *blob_writer_sink(struct blob_writer *w)
{
	return &w->sink;
}

void blob_writer_trust(struct blob_writer *w)
{
	w->trusted = true;
}

void blob_writer_follow(struct blob_writer *w, struct blob_follower *follower)
{
	w->follower = follower;
}

static bool is_kept(const struct blob_writer *w)
{
	return str_eq(w->dir, STORE_DOWNLOADS);
}

void blob_writer_close(struct blob_writer *w)
{
	AUTO(auto_free) char *path = NULL;

	if (!w)
		return;
	if (w->name[0] && (!is_kept(w) || w->size == 0)) {
		path = fs_join(w->dir, w->name);
		unlinkat(w->store->dir, path, 0);
	}
	if (w->tail)
		blob_tail_end(w->tail, NULL);
	auto_close(&w->fd);
	sha256_free(&w->hash);
	free(w);
}

/* Give the written file the name `to` in the store; EEXIST stays in errno. */
static int link_to(struct blob_writer *w, const char *to)
{
	AUTO(auto_free) char *named = NULL;
	char nameless[32];

	if (w->name[0]) {
		named = fs_join(w->dir, w->name);
		return linkat(w->store->dir, named, w->store->dir, to, 0);
	}
	snprintf(nameless, sizeof(nameless), "/proc/self/fd/%d", w->fd);
	return linkat(AT_FDCWD, nameless, w->store->dir, to, AT_SYMLINK_FOLLOW);
}

/* What is there has the wrong size, so it is not this blob: put ours over it. */
static int replace(struct blob_writer *w, const char *to)
{
	AUTO(auto_free) char *path = NULL;
	char name[64];
	uint64_t random;

	random_bytes(&random, sizeof(random));
	snprintf(name, sizeof(name), "heal-%016llx", (unsigned long long)random);
	path = fs_join(STORE_TMP, name);
	if (link_to(w, path) < 0)
		return -1;
	return renameat(w->store->dir, path, w->store->dir, to);
}

/* A kept file moves: were it also left where it was, a later writer would write into the blob. */
static int move_to(struct blob_writer *w, const char *to)
{
	AUTO(auto_free) char *from = fs_join(w->dir, w->name);
	int done = renameat(w->store->dir, from, w->store->dir, to);

	if (done == 0)
		w->name[0] = '\0';
	return done;
}

static bool place(struct blob_writer *w, const struct digest *d, struct err *err)
{
	int (*put)(struct blob_writer *, const char *) = is_kept(w) ? move_to : link_to;
	struct blob_path to = store_blob_path(d);
	int done;

	done = put(w, to.text);
	if (done < 0 && errno == ENOENT) {
		AUTO(auto_close) int blobs = -1;

		if (!store_subdir(&blobs, w->store, STORE_BLOBS, err))
			return false;
		done = put(w, to.text);
	}
	/* Someone else was first, with the same bytes: a blob is its digest. */
	if (done < 0 && errno == EEXIST)
		done = store_blob_size(w->store, d) == w->size ? 0 : replace(w, to.text);
	return done == 0 || err_set_errno(err, "%s/%s", w->store->path, to.text);
}

/* --- one that outlives its writer --- */

/* The locked file, under its name still: gc or another writer may take it away before the lock is
 * ours. */
static bool is_current(const struct blob_writer *w, int dir)
{
	struct stat ours, named;

	return fstat(w->fd, &ours) == 0 &&
	       fstatat(dir, w->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* False without an error: another process works on it, or it is nothing to be gone on with. */
static bool open_kept(struct blob_writer *w, int dir, bool *busy_out, struct err *err)
{
	struct stat st;

	*busy_out = true;
	if (!fs_open(&w->fd, dir, w->name, O_RDWR | O_CREAT | O_APPEND, 0600, FS_BENEATH_NOLINK,
		     err))
		return false;
	if (flock(w->fd, LOCK_EX | LOCK_NB) < 0)
		return true;
	if (!is_current(w, dir) || fstat(w->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return true;
	*busy_out = false;
	w->size = st.st_size;
	return true;
}

bool store_blob_resume(struct blob_writer **out, uint64_t *have_out, struct store *s,
		       const struct descriptor *d, struct err *err)
{
	AUTO(auto_blob_writer_close) struct blob_writer *w = mem_alloc(sizeof(*w));
	AUTO(auto_close) int lock = -1;
	AUTO(auto_close) int dir = -1;
	bool busy;

	*out = NULL;
	*have_out = 0;
	init_writer(w, s, STORE_DOWNLOADS);
	if (!store_enter(&lock, s, err) || !store_subdir(&dir, s, STORE_DOWNLOADS, err))
		return false;
	snprintf(w->name, sizeof(w->name), "%s", digest_hex(&d->digest).text);
	if (!open_kept(w, dir, &busy, err))
		return err_wrap(err, "store %s", s->path);
	if (busy) {
		w->name[0] = '\0'; /* not ours to take away */
		return true;
	}
	w->trusted = true;
	if (w->size > d->size && !blob_writer_restart(w, err))
		return false;
	*have_out = (uint64_t)w->size;
	*out = STEAL(w);
	return true;
}

struct source *blob_writer_kept(struct blob_writer *w)
{
	return source_fd(fcntl(w->fd, F_DUPFD_CLOEXEC, 0));
}

bool blob_writer_restart(struct blob_writer *w, struct err *err)
{
	w->size = w->flushed = 0;
	return ftruncate(w->fd, 0) == 0 ||
	       err_set_errno(err, "%s/%s/%s", w->store->path, w->dir, w->name);
}

static bool put_in_place(struct blob_writer *w, const struct digest *digest, int64_t size,
			 struct err *err)
{
	AUTO(auto_close) int lock = -1;

	if (size != w->size)
		return err_set(err, E_INTEGRITY, "blob %s: %lld bytes written, %lld promised",
			       digest_format(digest).text, (long long)w->size, (long long)size);
	if (store_claim_present(w->store, digest, size))
		return true;
	/* the disk is waited for when an image of it is listed (store_put.c) */
	if (fchmod(w->fd, 0444) < 0)
		return err_set_errno(err, "%s: write blob %s", w->store->path,
				     digest_format(digest).text);
	return store_enter(&lock, w->store, err) && store_claim(w->store, digest, err) &&
	       place(w, digest, err);
}

bool blob_writer_commit_as(struct blob_writer *w, const struct digest *digest, int64_t size,
			   struct err *err)
{
	if (!put_in_place(w, digest, size, err))
		return false;
	if (w->tail)
		blob_tail_end(STEAL(w->tail), digest);
	return true;
}

bool blob_writer_commit(struct digest *digest_out, int64_t *size_out, struct blob_writer *w,
			const struct digest *want, int64_t size_want, struct err *err)
{
	unsigned char hash[SHA256_SIZE];

	if (w->trusted)
		return err_set(err, E_INTEGRITY, "the writer was told not to hash");
	if (size_want >= 0 && w->size != size_want)
		return err_set(err, E_INTEGRITY, "%lld bytes where %lld were promised",
			       (long long)w->size, (long long)size_want);
	sha256_final(&w->hash, hash);
	*digest_out = digest_from_hash(hash);
	*size_out = w->size;
	if (want && !digest_eq(want, digest_out))
		return err_set(err, E_INTEGRITY, "the bytes hash to %s, %s was promised",
			       digest_format(digest_out).text, digest_format(want).text);
	return blob_writer_commit_as(w, digest_out, w->size, err);
}

bool store_put_bytes(struct digest *out, struct store *s, const void *data, size_t len,
		     struct err *err)
{
	AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
	struct digest digest = digest_of(data, len);

	*out = digest;
	if (store_has_blob(s, &digest, (int64_t)len))
		return true;
	if (!store_blob_writer(&w, s, err))
		return false;
	blob_writer_trust(w);
	return sink_write(blob_writer_sink(w), data, len, err) &&
	       blob_writer_commit_as(w, &digest, (int64_t)len, err);
}

/* --- as a blob_source --- */

static bool source_open(struct blob_source *self, struct source **out, const struct descriptor *d,
			struct err *err)
{
	struct store *s = ((struct store_source *)self)->store;
	const struct reference *origin;

	if (store_open_blob(out, s, &d->digest, d->size, err))
		return true;
	if (err->code != E_NOT_FOUND)
		return false;
	origin = store_blob_origin(s, &d->digest);
	return origin ? err_hint(err, "it was never fetched: `rtbuild pull` the image from %s",
				 reference_name(origin).text)
		      : false;
}

static const struct reference *source_origin(struct blob_source *self, const struct descriptor *d)
{
	return store_blob_origin(((struct store_source *)self)->store, &d->digest);
}

void store_init_source(struct store *s)
{
	s->source = (struct store_source){
		.source = { .open = source_open, .origin = source_origin },
		.store = s,
	};
}

struct blob_source *store_blobs(struct store *s)
{
	return &s->source.source;
}
