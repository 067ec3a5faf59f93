// SPDX-License-Identifier: Apache-2.0
#include "git/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "git/location.h"
#include "git/mirrors.h"

/* Mirrors on disk. Which commit is wanted is repository.c's business. */

static const char commits_dir[] = "refs/rtbuild", packs_dir[] = GIT_MIRROR_PACKS;

/* At most this many commits are named as known: the newest are what helps. */
enum { HAVES_MAX = 64 };

/* --- opening --- */

static bool put_once(const struct mirror *m, const char *name, const char *text, struct err *err)
{
	return fs_exists(m->dir, name) ||
	       fs_write_atomic(m->dir, name, text, strlen(text), 0644, err);
}

/* What makes it a repository that git reads, too. */
static bool make_skeleton(const struct mirror *m, const char *remote, struct err *err)
{
	AUTO(auto_free) char *url = git_config_value(remote);
	AUTO(auto_free)
	char *config = mem_printf("[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
				  "[remote \"origin\"]\n\turl = %s\n",
				  url);

	return fs_mkdir_p(m->dir, packs_dir, 0755, FS_BENEATH_NOLINK, err) &&
	       fs_mkdir_p(m->dir, commits_dir, 0755, FS_BENEATH_NOLINK, err) &&
	       put_once(m, GIT_MIRROR_URL, remote, err) && put_once(m, "config", config, err) &&
	       put_once(m, "HEAD", "ref: refs/heads/none\n", err);
}

bool mirror_open(struct mirror *m, struct store *store, const char *remote, struct err *err)
{
	unsigned char hash[SHA256_SIZE];
	char name[2 * 16 + 1];
	AUTO(auto_free) char *below = NULL;

	*m = (struct mirror){ .dir = -1, .in_use = -1 };
	sha256_of(hash, remote, strlen(remote));
	hex_format(name, hash, 16);
	below = mem_printf(GIT_MIRROR_ROOT "/%s", name);
	m->path = mem_printf("%s/%s", store_path(store), below);
	if (!libgit2_load(&m->lib, err) || !store_subdir(&m->dir, store, below, err) ||
	    !fs_lock(&m->in_use, m->dir, GIT_MIRROR_USE, false, err) ||
	    !make_skeleton(m, remote, err)) {
		mirror_close(m);
		return false;
	}
	if (futimens(m->in_use, NULL) == 0)
		git_mirrors_sweep(store);
	return true;
}

void mirror_close(struct mirror *m)
{
	auto_close(&m->in_use);
	auto_close(&m->dir);
	m->in_use = m->dir = -1;
	free(m->path);
	m->path = NULL;
}

bool mirror_has(const struct mirror *m, const char *commit)
{
	AUTO(auto_free) char *name = mem_printf("%s/%s", commits_dir, commit);

	return fs_exists(m->dir, name);
}

/* Many small packs slow every look-up down: begin anew, unless someone reads just now. */
static bool trim(struct mirror *m, struct err *err)
{
	static const char *const parts[] = { "objects", "refs" };
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_list(&names, m->dir, packs_dir, FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) /* of one that was killed; nobody else writes here */
		if (str_has_prefix(names.items[i], "pack_git2_")) {
			AUTO(auto_free)
			char *path = mem_printf("%s/%s", packs_dir, names.items[i]);

			unlinkat(m->dir, path, 0);
		}
	if (names.len <= 2 * LIMIT_GIT_PACKS || flock(m->in_use, LOCK_EX | LOCK_NB) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!fs_remove_tree(m->dir, parts[i], err))
			return false;
	unlinkat(m->dir, "shallow", 0);
	return flock(m->in_use, LOCK_SH) == 0 &&
	       fs_mkdir_p(m->dir, packs_dir, 0755, FS_BENEATH_NOLINK, err) &&
	       fs_mkdir_p(m->dir, commits_dir, 0755, FS_BENEATH_NOLINK, err);
}

bool mirror_lock(int *lock_out, struct mirror *m, struct err *err)
{
	return fs_lock(lock_out, m->dir, "lock", true, err) && trim(m, err);
}

bool mirror_commits(struct str_list *out, const struct mirror *m, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_list(&names, m->dir, commits_dir, FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len && out->len < HAVES_MAX; i++)
		if (git_is_commit(names.items[i]))
			str_list_push(out, names.items[i]);
	return true;
}

bool mirror_list(struct mirror *m, const char *commit, struct err *err)
{
	AUTO(auto_free) char *text = mem_printf("%s\n", commit);
	AUTO(auto_close) int dir = -1;

	return fs_open(&dir, m->dir, commits_dir, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		       err) &&
	       fs_write_atomic(dir, commit, text, strlen(text), 0644, err);
}

/* --- the pack --- */

struct pack_sink {
	struct sink sink;
	const struct libgit2 *lib;
	git_odb *odb; /* what a thin pack leans on; NULL: nothing */
	git_indexer *indexer;
	git_indexer_progress progress;
	uint64_t bytes;
};

static bool pack_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct pack_sink *p = (struct pack_sink *)self;

	p->bytes += len;
	if (p->bytes > LIMIT_GIT_PACK)
		return err_set(err, E_INPUT,
			       "the repository is larger than %lld bytes (limit LIMIT_GIT_PACK)",
			       (long long)LIMIT_GIT_PACK);
	if (!cancel_check(err))
		return false;
	if (p->lib->git_indexer_append(p->indexer, data, len, &p->progress) < 0)
		return libgit2_failed(p->lib, E_INTEGRITY, "the server's objects", err);
	return p->progress.total_objects <= LIMIT_GIT_OBJECTS ||
	       err_set(err, E_INPUT,
		       "the repository has more than %d objects (limit LIMIT_GIT_OBJECTS)",
		       LIMIT_GIT_OBJECTS);
}

static bool pack_finish(struct sink *self, struct err *err)
{
	struct pack_sink *p = (struct pack_sink *)self;

	return p->lib->git_indexer_commit(p->indexer, &p->progress) == 0 ||
	       libgit2_failed(p->lib, E_INTEGRITY, "the server's objects", err);
}

static int on_progress(const git_indexer_progress *stats, void *arg)
{
	(void)stats;
	(void)arg;
	return cancel_requested() ? -1 : 0;
}

static void pack_close(struct pack_sink *p)
{
	if (p->indexer)
		p->lib->git_indexer_free(p->indexer);
	if (p->odb)
		p->lib->git_odb_free(p->odb);
}

static bool pack_open(struct pack_sink *p, const struct mirror *m, bool thin, struct err *err)
{
	AUTO(auto_free) char *objects = mem_printf("%s/objects", m->path);
	AUTO(auto_free) char *path = mem_printf("%s/%s", m->path, packs_dir);
	git_indexer_options opt;

	*p = (struct pack_sink){ .sink = { .write = pack_write, .finish = pack_finish },
				 .lib = m->lib };
	if (m->lib->git_indexer_options_init(&opt, GIT_INDEXER_OPTIONS_VERSION) < 0)
		return libgit2_failed(m->lib, E_UNSUPPORTED, "libgit2", err);
	opt.progress_cb = on_progress;
	if (thin && m->lib->git_odb_open(&p->odb, objects) < 0)
		return libgit2_failed(m->lib, E_IO, objects, err);
	return m->lib->git_indexer_new(&p->indexer, path, 0, p->odb, &opt) == 0 ||
	       libgit2_failed(m->lib, E_IO, path, err);
}

/* The commits whose parents are not here, those of before included. */
static bool put_shallow(const struct mirror *m, const struct str_list *more, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * MIB);

	if (!fs_read(&text, m->dir, "shallow", 64 * MIB, FS_BENEATH_NOLINK, err)) {
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
	}
	for (size_t i = 0; i < more->len; i++)
		if (!text.len || !strstr(text.ptr, more->items[i]))
			buf_putf(&text, "%s\n", more->items[i]);
	return fs_write_atomic(m->dir, "shallow", text.ptr, text.len, 0644, err);
}

bool mirror_fetch(struct mirror *m, struct smart *s, const struct smart_fetch *f, struct err *err)
{
	AUTO(str_list_free) struct str_list shallow = { 0 };
	AUTO(pack_close) struct pack_sink pack = { .lib = m->lib };

	/* in this order: a shallow commit that is not listed would look like a broken one to git */
	return pack_open(&pack, m, f->haves && f->haves->len, err) &&
	       smart_fetch(s, f, &pack.sink, &shallow, err) && put_shallow(m, &shallow, err) &&
	       sink_finish(&pack.sink, err);
}
