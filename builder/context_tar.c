// SPDX-License-Identifier: Apache-2.0
#include "builder/context_tar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "builder/archive.h"
#include "builder/download.h"

/* Streams as contexts. What of them is admitted is context.c's business. */

/* What the entries of a context live in. */
struct held {
	struct spool spool;
	struct archive archive;
};

static void held_free(void *held)
{
	struct held *h = held;

	archive_free(&h->archive);
	spool_close(&h->spool);
	free(h);
}

static void auto_held_free(struct held **h)
{
	if (*h)
		held_free(*h);
}

void context_stream_free(struct context_stream *s)
{
	context_close(s->context);
	s->context = NULL;
	buf_free(&s->text);
}

/* A hard link becomes the file it names: links mean nothing outside their archive. */
static bool follow_hard_link(struct entry *e, const struct map *by_path, struct entry_list *all,
			     struct err *err)
{
	size_t at = (size_t)(uintptr_t)map_get(by_path, e->link);
	struct entry *target = at ? &all->items[at - 1] : NULL;
	const char *path = e->path;
	struct spool_range *range;

	if (!target || target->kind == ENTRY_DIR)
		return err_set(err, E_INPUT, "the hard link %s leads to %s, which is no file", path,
			       e->link);
	*e = *target;
	e->path = path;
	if (e->open == spool_open_range) {
		range = (struct spool_range *)(uintptr_t)e->data; /* NOLINT: ours, made here */
		range->shared = true;
	}
	return true;
}

static bool follow_hard_links(struct entry_list *all, struct err *err)
{
	AUTO(map_free) struct map by_path = { 0 };

	for (size_t i = 0; i < all->len; i++) {
		struct entry *e = &all->items[i];

		if (e->kind == ENTRY_HARDLINK && !follow_hard_link(e, &by_path, all, err))
			return false;
		map_put(&by_path, e->path, (void *)(uintptr_t)(i + 1)); /* NOLINT */
	}
	return true;
}

static int64_t newest(const struct entry_list *all)
{
	int64_t found = -1;

	for (size_t i = 0; i < all->len; i++)
		if (all->items[i].kind == ENTRY_FILE && all->items[i].mtime > found)
			found = all->items[i].mtime;
	return found;
}

static bool read_tar(struct context_stream *out, struct store *store, struct source *tar,
		     struct err *err)
{
	AUTO(auto_held_free) struct held *h = mem_alloc(sizeof(*h));
	struct files files = { 0 };
	struct entry_list *all = &h->archive.members;

	h->spool = (struct spool)SPOOL_INIT(store);
	h->archive = (struct archive)ARCHIVE_INIT;
	if (!archive_read(&h->archive, &h->spool, tar, err) || !follow_hard_links(all, err) ||
	    !entry_list_add_parents(all, err))
		return false;
	out->modified = newest(all);
	for (size_t i = 0; i < all->len; i++)
		files_add(&files, &all->items[i]);
	files_sort(&files);
	out->context = context_of_files(&files, STEAL(h), held_free);
	return true;
}

static bool read_text(struct context_stream *out, struct source *from, struct err *err)
{
	struct source *capped = source_capped(from, LIMIT_DOCKERFILE, "LIMIT_DOCKERFILE");
	AUTO(auto_source_close) struct source *owned = capped;
	struct sink_buf to = sink_buf(&out->text);

	if (!source_copy(owned, &to.sink, NULL, err))
		return false;
	if (!out->text.len)
		return err_set(err, E_INPUT, "it is empty: no tar, and no Dockerfile");
	return !memchr(out->text.ptr, '\0', out->text.len) ||
	       err_set(err, E_INPUT, "it is neither a tar nor the text of a Dockerfile");
}

bool context_stream_read(struct context_stream *out, struct store *store, struct source *from,
			 const char *what, struct err *err)
{
	AUTO(auto_source_close) struct source *tar = NULL;
	AUTO(auto_source_close) struct source *same = NULL;
	bool ok;

	*out = (struct context_stream){ .text = BUF_INIT(LIMIT_DOCKERFILE + 1), .modified = -1 };
	ok = archive_detect(&tar, &same, source_capped(from, LIMIT_DOWNLOAD, "LIMIT_DOWNLOAD"),
			    err);
	if (ok && tar)
		ok = read_tar(out, store, tar, err);
	else if (ok && same)
		ok = read_text(out, STEAL(same), err);
	else if (ok)
		ok = err_set(err, E_INPUT, "it is compressed, and no tar is inside");
	return ok || err_wrap(err, "%s", what);
}

bool context_stream_get(struct context_stream *out, struct store *store, struct http *http,
			const char *url, struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_free) char *shown = NULL;
	AUTO(url_free) struct url parsed = { 0 };
	const char *type;

	if (!url_parse(&parsed, url, err) || !download_open(&reply, http, url, err))
		return false;
	shown = url_shown(&parsed);
	if (!context_stream_read(out, store, STEAL(reply.body), shown, err))
		return false;
	type = http_header(&reply, "Content-Type", 0);
	if (!out->context && type && str_has_prefix(type, "text/html")) {
		err_set(err, E_INPUT, "%s: a web page (%s), no tar and no Dockerfile", shown, type);
		return err_hint(err, "name the file itself; a git repository's URL ends in .git");
	}
	if (download_modified(&reply) >= 0)
		out->modified = download_modified(&reply);
	return true;
}

struct held_text {
	struct buf text;
	struct entry entry;
};

static void held_text_free(void *held)
{
	struct held_text *h = held;

	buf_free(&h->text);
	free(h);
}

struct context *context_of_text(struct buf *text)
{
	struct held_text *h = mem_alloc(sizeof(*h));
	struct files files = { 0 };

	h->text = *text;
	*text = (struct buf){ 0 };
	h->entry = (struct entry){ .path = "context",
				   .kind = ENTRY_FILE,
				   .mode = 0600,
				   .size = (int64_t)h->text.len,
				   .open = entry_open_bytes,
				   .data = h->text.ptr,
				   .dir = -1 };
	files_add(&files, &h->entry);
	return context_of_files(&files, h, held_text_free);
}
