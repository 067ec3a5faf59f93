// SPDX-License-Identifier: Apache-2.0
#include "image/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/store_private.h"

/*
 * Mark and sweep, both under the exclusive lock: nobody commits, claims or
 * lists in between, so what is unmarked then is garbage (store_private.h has the locks).
 */

struct mark {
	struct map blobs; /* hex of what stays */
	uint64_t bytes;
	struct store *store;
};

static void mark_free(struct mark *m)
{
	map_free(&m->blobs);
}

struct mark_walk {
	struct store_walk walk;
	struct mark *mark;
};

static void mark_blob(struct mark *m, const struct digest *d)
{
	struct digest_text hex = digest_hex(d);
	int64_t size;

	if (map_has(&m->blobs, hex.text))
		return;
	map_put(&m->blobs, hex.text, m);
	size = store_blob_size(m->store, d);
	m->bytes += size > 0 ? (uint64_t)size : 0;
}

static bool visit(struct store_walk *w, const struct descriptor *d, int64_t have, struct err *err)
{
	(void)have;
	(void)err;
	mark_blob(((struct mark_walk *)w)->mark, &d->digest);
	return true;
}

/* What it reaches is unknown, so nothing can be called garbage. */
static bool unreadable(struct store_walk *w, const struct descriptor *d, struct err *err)
{
	(void)w;
	if (d)
		err_wrap(err, "document %s", digest_format(&d->digest).text);
	return err_hint(err,
			"run `rtbuild fsck` first: what is damaged may still need other blobs");
}

static bool mark_listed(struct mark *m, struct err *err)
{
	struct mark_walk w = {
		.walk = { .store = m->store, .visit = visit, .unreadable = unreadable }, .mark = m
	};
	bool ok = store_walk_all(&w.walk, err);

	store_walk_free(&w.walk);
	return ok;
}

static bool mark_claimed(struct mark *m, struct err *err)
{
	AUTO(map_free) struct map claims = { 0 };

	if (!store_living_claims(&claims, m->store, err))
		return false;
	for (size_t i = 0; i < claims.len; i++) {
		AUTO(auto_free) char *text = mem_printf("sha256:%s", claims.items[i].key);
		struct err ignored = { 0 };
		struct digest d;

		if (digest_parse(&d, text, &ignored))
			mark_blob(m, &d);
	}
	return true;
}

static int newest_first(const void *a, const void *b)
{
	const struct store_record *x = a, *y = b;

	if (x->used != y->used)
		return x->used > y->used ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* Bytes a record would keep that nothing else keeps. */
static uint64_t cost(const struct mark *m, const struct store_record *r)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < r->pin_count; i++) {
		int64_t size = store_blob_size(m->store, &r->pins[i]);

		if (size > 0 && !map_has(&m->blobs, digest_hex(&r->pins[i]).text))
			bytes += (uint64_t)size;
	}
	return bytes;
}

static bool mark_pinned(struct gc_report *report, struct mark *m, const struct gc_options *options,
			struct err *err)
{
	AUTO(store_records_free) struct store_records records = { 0 };
	int64_t stale = options->drop_unused ? clock_wall() - options->unused_s : INT64_MIN;

	if (!store_records_load(&records, m->store, err))
		return false;
	if (records.len)
		qsort(records.items, records.len, sizeof(*records.items), newest_first);
	for (size_t i = 0; i < records.len; i++) {
		const struct store_record *r = &records.items[i];
		uint64_t bytes = cost(m, r);

		if (r->used > stale &&
		    (!options->size_max || bytes == 0 || m->bytes + bytes <= options->size_max)) {
			for (size_t k = 0; k < r->pin_count; k++)
				mark_blob(m, &r->pins[k]);
			continue;
		}
		report->records++;
		if (!options->dry_run && unlinkat(m->store->dir, r->path, 0) < 0 && errno != ENOENT)
			return err_set_errno(err, "%s/%s", m->store->path, r->path);
	}
	return true;
}

static bool sweep_one(struct gc_report *report, const struct mark *m, const char *hex, bool dry_run,
		      struct err *err)
{
	AUTO(auto_free) char *text = mem_printf("sha256:%s", hex);
	struct err ignored = { 0 };
	struct digest d;
	int64_t size;

	/* A name that is no digest is not ours to take; fsck reports it. */
	if (!digest_parse(&d, text, &ignored))
		return true;
	size = store_blob_size(m->store, &d);
	if (size < 0)
		return true;
	if (map_has(&m->blobs, hex)) {
		report->kept++;
		report->kept_bytes += (uint64_t)size;
		return true;
	}
	if (!dry_run && unlinkat(m->store->dir, store_blob_path(&d).text, 0) < 0 && errno != ENOENT)
		return err_set_errno(err, "%s: remove blob %s", m->store->path, text);
	str_list_push(&report->removed, text);
	report->bytes += (uint64_t)size;
	return true;
}

static bool sweep(struct gc_report *report, const struct mark *m, bool dry_run, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_list(&names, m->store->dir, STORE_BLOBS, FS_BENEATH_NOLINK, err))
		return err->code == E_NOT_FOUND ? (err_clear(err), true)
						: err_wrap(err, "store %s", m->store->path);
	for (size_t i = 0; i < names.len; i++)
		if (!cancel_check(err) || !sweep_one(report, m, names.items[i], dry_run, err))
			return false;
	return true;
}

static bool clear_leftovers(struct gc_report *report, struct store *s, bool dry_run,
			    struct err *err)
{
	AUTO(str_list_free) struct str_list list = { 0 };

	if (!store_leftovers(&list, s, err))
		return false;
	report->leftovers = list.len;
	return dry_run || store_remove_leftovers(&list, s, err);
}

/* The blob came another way meanwhile, or nobody wants the rest. */
static bool is_stale(const struct mark *m, int dir, const char *name, const struct stat *st)
{
	AUTO(auto_close) int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	AUTO(auto_free) char *blob = fs_join(STORE_BLOBS, name);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	return clock_wall() - st->st_mtime > LIMIT_PARTIAL_AGE_S || fs_exists(m->store->dir, blob);
}

static bool sweep_partials(struct gc_report *report, const struct mark *m, const char *path,
			   bool dry_run, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;
	struct stat st;

	if (!fs_exists(m->store->dir, path))
		return true;
	if (!store_subdir(&dir, m->store, path, err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		if (fstatat(dir, names.items[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (is_stale(m, dir, names.items[i], &st)) {
			report->leftovers++;
			if (!dry_run && unlinkat(dir, names.items[i], 0) < 0 && errno != ENOENT)
				return err_set_errno(err, "%s/%s", path, names.items[i]);
		} else {
			report->partials++;
			report->partial_bytes += (uint64_t)st.st_size;
		}
	}
	return true;
}

bool store_gc(struct gc_report *out, struct store *s, const struct gc_options *options,
	      struct err *err)
{
	AUTO(gc_report_free) struct gc_report report = { 0 };
	AUTO(mark_free) struct mark mark = { .store = s };
	AUTO(auto_close) int lock = -1;

	if (!store_lock_all(&lock, s, err))
		return false;
	if (!mark_listed(&mark, err) || !mark_claimed(&mark, err) ||
	    !mark_pinned(&report, &mark, options, err))
		return err_wrap(err, "gc");
	if (!clear_leftovers(&report, s, options->dry_run, err) ||
	    !sweep_partials(&report, &mark, STORE_DOWNLOADS, options->dry_run, err) ||
	    !sweep_partials(&report, &mark, STORE_UPLOADS, options->dry_run, err) ||
	    !sweep(&report, &mark, options->dry_run, err))
		return err_wrap(err, "gc");
	*out = report;
	report = (struct gc_report){ 0 };
	return true;
}

void gc_report_free(struct gc_report *r)
{
	str_list_free(&r->removed);
	*r = (struct gc_report){ 0 };
}
