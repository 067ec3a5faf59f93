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
#include "image/store_private.h"

/*
 * Who uses the store, and which blobs they count on: see the comment in
 * store_private.h. Also what the dead left behind, which the same locks tell.
 */

enum { CLAIM_LINE = 2 * SHA256_SIZE + 1 };

static bool open_lock(int *fd_out, struct store *s, struct err *err)
{
	return fs_open(fd_out, s->dir, "locks/store", O_RDWR | O_CREAT | O_NOFOLLOW, 0600,
		       FS_BENEATH_NOLINK, err);
}

static bool wait_for(int fd, int how, struct err *err)
{
	while (flock(fd, how) < 0) {
		if (errno != EINTR)
			return err_set_errno(err, "lock locks/store");
		if (!cancel_check(err))
			return false;
	}
	return true;
}

/* Has a file of ours no living owner? Only true under the exclusive lock: owners lock theirs under
 * the shared one. */
static bool is_orphan(int dir, const char *name)
{
	AUTO(auto_close) int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	/* No file of ours but a link or a socket; what cannot be opened for another reason (another
	 * user's, no descriptors left) is not to be judged. */
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO;
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool orphans_in(struct str_list *out, struct store *s, const char *path, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	if (!fs_exists(s->dir, path))
		return true;
	if (!store_subdir(&dir, s, path, err) || !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (is_orphan(dir, names.items[i]))
			str_list_push_take(out, fs_join(path, names.items[i]));
	return true;
}

/* Folders whose files are replaced by a temporary one beside them; other files there stay. */
static const char *const written_dirs[] = { "cache",
					    "cache/bases",
					    "cache/hosts",
					    "cache/indexes",
					    "cache/loadable",
					    "cache/metadata",
					    "cache/pages",
					    "cache/stat",
					    "cache/steps",
					    "cache/trees/root",
					    "cache/trees/userns",
					    "cache/trees/single",
					    "cache/trees/plain",
					    "cache/wheels",
					    "logs" };

static bool temporaries_in(struct str_list *out, struct store *s, const char *path, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	if (!fs_exists(s->dir, path))
		return true;
	if (!store_subdir(&dir, s, path, err) || !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (fs_tmp_is_leftover(dir, names.items[i]))
			str_list_push_take(out, fs_join(path, names.items[i]));
	return true;
}

bool store_leftovers(struct str_list *out, struct store *s, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(written_dirs); i++)
		if (!temporaries_in(out, s, written_dirs[i], err))
			return false;
	return orphans_in(out, s, STORE_TMP, err) && orphans_in(out, s, STORE_USERS, err);
}

bool store_remove_leftovers(const struct str_list *list, struct store *s, struct err *err)
{
	for (size_t i = 0; i < list->len; i++) {
		AUTO(fs_parent_close) struct fs_parent parent = { .fd = -1 };

		if (!fs_open_parent(&parent, s->dir, list->items[i], FS_BENEATH_NOLINK, err) ||
		    !fs_remove_tree(parent.fd, parent.name, err))
			return false;
	}
	return true;
}

/* The next run after a death cleans up, when nobody else is at work just now. */
static bool prune(struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list dead = { 0 };

	/* The caches' own temporaries are left to fsck and gc: listing them at every start would
	 * cost. */
	return orphans_in(&dead, s, STORE_TMP, err) && orphans_in(&dead, s, STORE_USERS, err) &&
	       store_remove_leftovers(&dead, s, err);
}

static bool make_claims_file(struct store *s, struct err *err)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int fd = -1;
	uint64_t random;

	if (!store_subdir(&dir, s, STORE_USERS, err))
		return false;
	random_bytes(&random, sizeof(random));
	snprintf(s->claims_name, sizeof(s->claims_name), "%d-%016llx", (int)getpid(),
		 (unsigned long long)random);
	fd = openat(dir, s->claims_name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set_errno(err, "%s/" STORE_USERS, s->path);
	s->claims = steal_fd(&fd);
	return true;
}

static bool become_user(struct store *s, struct err *err)
{
	AUTO(auto_close) int locks = -1;
	AUTO(auto_close) int fd = -1;

	if (s->claims >= 0)
		return true;
	if (!store_subdir(&locks, s, "locks", err) || !open_lock(&fd, s, err))
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return prune(s, err) && make_claims_file(s, err);
	return wait_for(fd, LOCK_SH, err) && make_claims_file(s, err);
}

bool store_enter(int *lock_out, struct store *s, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	bool is_user;

	lock_take(&s->lock);
	is_user = become_user(s, err);
	lock_drop(&s->lock);
	if (!is_user || !open_lock(&fd, s, err) || !wait_for(fd, LOCK_SH, err))
		return err_wrap(err, "store %s", s->path);
	*lock_out = steal_fd(&fd);
	return true;
}

bool store_lock_all(int *lock_out, struct store *s, struct err *err)
{
	AUTO(auto_close) int locks = -1;
	AUTO(auto_close) int fd = -1;

	if (!store_subdir(&locks, s, "locks", err) || !open_lock(&fd, s, err) ||
	    !wait_for(fd, LOCK_EX, err))
		return err_wrap(err, "store %s", s->path);
	*lock_out = steal_fd(&fd);
	return true;
}

static bool write_claim(struct store *s, const struct digest *d, struct err *err)
{
	struct digest_text line = digest_hex(d);

	if (map_has(&s->claimed, line.text))
		return true;
	line.text[CLAIM_LINE - 1] = '\n';
	if (!fs_write_all(s->claims, line.text, CLAIM_LINE, err)) {
		/* Half a line would make nonsense of all that follow. */
		(void)!ftruncate(s->claims, (off_t)(s->claimed.len * CLAIM_LINE));
		return err_wrap(err, "%s/" STORE_USERS, s->path);
	}
	line.text[CLAIM_LINE - 1] = '\0';
	map_put(&s->claimed, line.text, NULL);
	return true;
}

bool store_claim(struct store *s, const struct digest *d, struct err *err)
{
	bool ok;

	lock_take(&s->lock);
	ok = write_claim(s, d, err);
	lock_drop(&s->lock);
	return ok;
}

static bool is_claimed(struct store *s, const struct digest *d)
{
	bool yes;

	lock_take(&s->lock);
	yes = map_has(&s->claimed, digest_hex(d).text);
	lock_drop(&s->lock);
	return yes;
}

static bool is_here(struct store *s, const struct digest *d, int64_t size)
{
	int64_t have = store_blob_size(s, d);

	return have >= 0 && (size < 0 || have == size);
}

bool store_claim_present(struct store *s, const struct digest *d, int64_t size)
{
	AUTO(auto_close) int lock = -1;
	struct err ignored = { 0 };

	if (!is_here(s, d, size))
		return false;
	if (is_claimed(s, d) || !fs_exists(s->dir, "locks"))
		return true;
	/*
	 * A claim that cannot be written (a store we may only read) loses only patience: what is
	 * listed is proved to be here again under the lock.
	 */
	if (store_enter(&lock, s, &ignored) && !store_claim(s, d, &ignored))
		err_clear(&ignored);
	return is_here(s, d, size);
}

static bool read_claims(struct map *out, int dir, const char *name, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);

	if (!fs_read(&text, dir, name, text.max, FS_BENEATH_NOLINK, err))
		return false;
	for (size_t at = 0; at + CLAIM_LINE <= text.len; at += CLAIM_LINE) {
		text.ptr[at + CLAIM_LINE - 1] = '\0';
		map_put(out, text.ptr + at, NULL);
	}
	return true;
}

bool store_living_claims(struct map *out, struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	if (!fs_exists(s->dir, STORE_USERS))
		return true;
	if (!store_subdir(&dir, s, STORE_USERS, err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		if (is_orphan(dir, names.items[i]))
			continue;
		/* Gone since the listing: its owner closed the store, and has listed all it wants
		 * to keep. */
		if (!read_claims(out, dir, names.items[i], err) && err->code != E_NOT_FOUND)
			return err_wrap(err, "%s/" STORE_USERS, s->path);
		err_clear(err);
	}
	return true;
}

void store_leave(struct store *s)
{
	AUTO(auto_free) char *path = NULL;

	if (s->claims < 0)
		return;
	path = fs_join(STORE_USERS, s->claims_name);
	unlinkat(s->dir, path, 0);
	auto_close(&s->claims);
}
