// SPDX-License-Identifier: Apache-2.0
#include "image/fsck.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/store_private.h"

/* The proof of a store: bytes first (in parallel), then the graph, then what nobody owns. */

/* A blob's file, and what is wrong with it. */
struct suspect {
	struct digest digest;
	int64_t size; /* -1: gone since it was listed */
	bool is_corrupt;
	char why[128];
};

struct check {
	struct store_walk walk; /* first: visitors get it */
	struct fsck_report *report;
	struct store *store;
	struct {
		struct suspect *items;
		size_t len, cap;
	} blobs;
	struct map corrupt; /* hex */
	struct map needed;  /* hex: reached, pinned or claimed */
};

static void check_free(struct check *c)
{
	store_walk_free(&c->walk);
	free(c->blobs.items);
	map_free(&c->corrupt);
	map_free(&c->needed);
}

const char *fsck_kind_name(enum fsck_kind kind)
{
	switch (kind) {
	case FSCK_CORRUPT:
		return "corrupt";
	case FSCK_MISSING:
		return "missing";
	case FSCK_REMOTE:
		return "remote";
	case FSCK_BAD_DOCUMENT:
		return "bad document";
	case FSCK_BAD_NAME:
		return "bad name";
	case FSCK_UNREFERENCED:
		return "unreferenced";
	case FSCK_LEFTOVER:
		return "leftover";
	}
	return "";
}

static void PRINTF_LIKE(4, 5)
	found(struct fsck_report *r, enum fsck_kind kind, const char *what, const char *why, ...)
{
	struct fsck_finding *f = ARRAY_PUSH(r);
	char text[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, why);
	vsnprintf(text, sizeof(text), why, ap);
	va_end(ap);
	*f = (struct fsck_finding){ .kind = kind,
				    .what = mem_strdup(what),
				    .why = mem_strdup(text) };
	r->counts[kind]++;
}

/* --- the bytes --- */

static bool list_blobs(struct check *c, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_exists(c->store->dir, STORE_BLOBS))
		return true;
	if (!fs_list(&names, c->store->dir, STORE_BLOBS, FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free) char *text = mem_printf("sha256:%s", names.items[i]);
		AUTO(auto_free) char *path = fs_join(STORE_BLOBS, names.items[i]);
		struct err problem = { 0 };
		struct digest d;
		struct stat st;

		if (!digest_parse(&d, text, &problem))
			found(c->report, FSCK_BAD_NAME, path, "%s", problem.msg);
		else if (fs_stat(&st, c->store->dir, path, FS_BENEATH_NOLINK, &problem) &&
			 !S_ISREG(st.st_mode))
			found(c->report, FSCK_BAD_NAME, path, "not a regular file");
		else
			ARRAY_PUSH(&c->blobs)->digest = d;
	}
	return true;
}

/* Directories beside blobs/sha256 may be those of other algorithms, which we cannot prove. */
static bool list_algorithms(struct check *c, struct err *err)
{
	static const char *const known[] = { "sha256", "sha384", "sha512", "blake3" };
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_exists(c->store->dir, "blobs"))
		return true;
	if (!fs_list(&names, c->store->dir, "blobs", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free) char *path = fs_join("blobs", names.items[i]);
		bool is_known = false;

		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			is_known = is_known || str_eq(names.items[i], known[k]);
		if (!is_known)
			found(c->report, FSCK_BAD_NAME, path, "no digest algorithm has this name");
	}
	return true;
}

static bool hash_one(void *arg, size_t job, struct err *err)
{
	struct check *c = arg;
	struct suspect *b = &c->blobs.items[job];
	AUTO(auto_source_close) struct source *source = NULL;
	struct err problem = { 0 };
	AUTO(auto_free) char *piece = mem_alloc(128 * KIB);
	size_t n = 1;

	if (!cancel_check(err))
		return false;
	b->size = store_blob_size(c->store, &b->digest);
	if (!store_open_blob(&source, c->store, &b->digest, -1, &problem)) {
		if (problem.code == E_NOT_FOUND)
			b->size = -1;
		else
			b->is_corrupt = true;
	}
	while (source && n && !b->is_corrupt) {
		if (!cancel_check(err))
			return false;
		b->is_corrupt = !source_read(source, piece, 128 * KIB, &n, &problem);
	}
	snprintf(b->why, sizeof(b->why), "%.120s", problem.msg);
	return true;
}

static bool check_bytes(struct check *c, struct err *err)
{
	if (!list_algorithms(c, err) || !list_blobs(c, err) ||
	    !parallel_run(c->blobs.len, parallel_cpus(), hash_one, c, err))
		return err_wrap(err, "store %s", c->store->path);
	for (size_t i = 0; i < c->blobs.len; i++) {
		const struct suspect *b = &c->blobs.items[i];

		if (b->size < 0)
			continue;
		c->report->blobs++;
		c->report->bytes += (uint64_t)b->size;
		if (!b->is_corrupt)
			continue;
		map_put(&c->corrupt, digest_hex(&b->digest).text, c);
		found(c->report, FSCK_CORRUPT, digest_format(&b->digest).text, "%s", b->why);
	}
	return true;
}

/* --- the graph --- */

static bool is_corrupt(const struct check *c, const struct digest *d)
{
	return map_has(&c->corrupt, digest_hex(d).text);
}

static bool visit(struct store_walk *w, const struct descriptor *d, int64_t have, struct err *err)
{
	struct check *c = (struct check *)w;
	struct digest_text text = digest_format(&d->digest);
	const struct reference *origin;

	(void)err;
	map_put(&c->needed, digest_hex(&d->digest).text, c);
	if (have >= 0 && have != d->size && !is_corrupt(c, &d->digest))
		found(c->report, FSCK_BAD_DOCUMENT, text.text,
		      "it has %lld bytes, but is listed with %lld", (long long)have,
		      (long long)d->size);
	if (have >= 0)
		return true;
	origin = store_blob_origin(c->store, &d->digest);
	if (origin)
		found(c->report, FSCK_REMOTE, text.text, "can be had from %s",
		      reference_name(origin).text);
	else
		found(c->report, FSCK_MISSING, text.text, "%s is not here", d->media_type);
	return true;
}

static bool unreadable(struct store_walk *w, const struct descriptor *d, struct err *err)
{
	struct check *c = (struct check *)w;

	if (!d)
		found(c->report, FSCK_BAD_DOCUMENT, "the list of images", "%s", err->msg);
	else if (!is_corrupt(c, &d->digest))
		found(c->report, FSCK_BAD_DOCUMENT, digest_format(&d->digest).text, "%s", err->msg);
	err_clear(err);
	return true;
}

static bool image(struct store_walk *w, const struct manifest *m, struct err *err)
{
	struct check *c = (struct check *)w;
	AUTO(buf_free) struct buf config = BUF_INIT(LIMIT_CONFIG);
	AUTO(image_free) struct image img = { 0 };
	struct err problem = { 0 };

	(void)err;
	c->report->images++;
	if (is_corrupt(c, &m->config.digest))
		return true;
	if (!store_read_blob(&config, c->store, &m->config.digest, config.max, &problem) ||
	    !image_open(&img, m->raw, m->raw_len, m->media_type, config.ptr, config.len, NULL,
			&problem))
		found(c->report, FSCK_BAD_DOCUMENT, digest_format(&m->digest).text, "%s",
		      problem.msg);
	return true;
}

/* Pinned and claimed blobs are not reached by any image, but needed. */
static bool add_needed(struct check *c, struct err *err)
{
	AUTO(store_records_free) struct store_records records = { 0 };

	if (!store_living_claims(&c->needed, c->store, err) ||
	    !store_records_load(&records, c->store, err))
		return false;
	for (size_t i = 0; i < records.len; i++)
		for (size_t k = 0; k < records.items[i].pin_count; k++)
			map_put(&c->needed, digest_hex(&records.items[i].pins[k]).text, c);
	return true;
}

static bool check_graph(struct check *c, struct err *err)
{
	struct err problem = { 0 };

	if (!store_walk_all(&c->walk, &problem)) {
		/* Only index.json itself can end the walk; nothing can be called unreferenced then.
		 */
		found(c->report, FSCK_BAD_DOCUMENT, STORE_INDEX, "%s", problem.msg);
		return true;
	}
	if (!add_needed(c, err))
		return false;
	for (size_t i = 0; i < c->blobs.len; i++) {
		const struct suspect *b = &c->blobs.items[i];

		if (b->size >= 0 && !b->is_corrupt &&
		    !map_has(&c->needed, digest_hex(&b->digest).text))
			found(c->report, FSCK_UNREFERENCED, digest_format(&b->digest).text,
			      "gc would remove it");
	}
	return true;
}

/* --- what nobody owns, and repair --- */

static bool check_leftovers(struct check *c, bool repair, struct err *err)
{
	AUTO(str_list_free) struct str_list list = { 0 };

	if (!store_leftovers(&list, c->store, err))
		return false;
	for (size_t i = 0; i < list.len; i++)
		found(c->report, FSCK_LEFTOVER, list.items[i], "%s",
		      repair ? "its owner is dead; removed" : "its owner is dead");
	return !repair || store_remove_leftovers(&list, c->store, err);
}

static bool move_corrupt(struct check *c, struct err *err)
{
	AUTO(auto_close) int to = -1;

	if (c->corrupt.len && !store_subdir(&to, c->store, STORE_CORRUPT, err))
		return false;
	for (size_t i = 0; i < c->blobs.len; i++) {
		struct suspect *b = &c->blobs.items[i];

		if (!b->is_corrupt)
			continue;
		/* Again, under the lock now: a writer may have put the right bytes in its place. */
		b->is_corrupt = false;
		if (!hash_one(c, i, err))
			return false;
		if (b->is_corrupt && renameat(c->store->dir, store_blob_path(&b->digest).text, to,
					      digest_hex(&b->digest).text) < 0)
			return err_set_errno(err, "%s: move blob %s aside", c->store->path,
					     digest_format(&b->digest).text);
	}
	return true;
}

bool store_fsck(struct fsck_report *out, struct store *s, bool repair, struct err *err)
{
	AUTO(fsck_report_free) struct fsck_report report = { 0 };
	AUTO(check_free)
	struct check c = {
		.walk = { .store = s, .visit = visit, .unreadable = unreadable, .image = image },
		.report = &report,
		.store = s
	};
	AUTO(auto_close) int lock = -1;

	if (!check_bytes(&c, err))
		return false;
	/* A layout that rtbuild never wrote to has no locks, and is left without. */
	if ((repair || fs_exists(s->dir, "locks")) && !store_lock_all(&lock, s, err))
		return false;
	if (!check_graph(&c, err) || (lock >= 0 && !check_leftovers(&c, repair, err)) ||
	    (repair && !move_corrupt(&c, err)))
		return err_wrap(err, "fsck");
	*out = report;
	report = (struct fsck_report){ 0 };
	return true;
}

bool fsck_is_clean(const struct fsck_report *r)
{
	return !r->counts[FSCK_CORRUPT] && !r->counts[FSCK_MISSING] &&
	       !r->counts[FSCK_BAD_DOCUMENT] && !r->counts[FSCK_BAD_NAME];
}

void fsck_report_free(struct fsck_report *r)
{
	for (size_t i = 0; i < r->len; i++) {
		free(r->items[i].what);
		free(r->items[i].why);
	}
	free(r->items);
	*r = (struct fsck_report){ 0 };
}
