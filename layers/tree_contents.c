// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "layers/layer.h"
#include "layers/tar.h"
#include "layers/tree.h"
#include "layers/tree_node.h"

/* The bytes of a tree's files, out of the layers that hold them: each in one pass. */

/* One pass over a layer: `want` is asked for each member and may give a sink for its bytes. */
struct pass {
	struct sink *(*want)(struct pass *p, size_t member, struct err *err);
	bool (*done)(struct pass *p, struct err *err); /* the member's bytes are all there */
};

static bool copy_member(struct tar_reader *tar, struct sink *to, struct err *err)
{
	const void *data;
	size_t len;

	do {
		if (!tar_reader_data(tar, &data, &len, err))
			return false;
		if (len && !sink_write(to, data, len, err))
			return false;
	} while (len);
	return true;
}

/* To the end in any case: digest and diff id speak there. */
static bool read_layer(const struct tree *t, size_t layer, struct pass *p, struct err *err)
{
	AUTO(auto_source_close) struct source *plain = NULL;
	AUTO(auto_tar_reader_close) struct tar_reader *tar = NULL;
	const struct tree_layer *l = &t->layers[layer];
	struct entry e;
	bool more = true;

	if (!layer_open(&plain, t->blobs, &l->descriptor, &l->diff_id, err) ||
	    !tar_reader_open(&tar, plain, err))
		return false;
	for (size_t member = 0; more; member++) {
		struct sink *to;

		if (!tar_reader_next(&e, &more, tar, err))
			return false;
		to = more ? p->want(p, member, err) : NULL;
		if (to && (!copy_member(tar, to, err) || !p->done(p, err)))
			return false;
		if (!to && err->code != E_NONE)
			return false;
	}
	return true;
}

struct read_one {
	struct pass pass;
	size_t member;
	struct sink_buf sink;
};

static struct sink *want_one(struct pass *p, size_t member, struct err *err)
{
	struct read_one *r = (struct read_one *)p;

	(void)err;
	return member == r->member ? &r->sink.sink : NULL;
}

static bool done_one(struct pass *p, struct err *err)
{
	(void)p;
	(void)err;
	return true;
}

bool tree_read(struct buf *out, const struct tree *t, const char *path, size_t max, struct err *err)
{
	struct read_one r = { .pass = { .want = want_one, .done = done_one },
			      .sink = sink_buf(out) };
	const struct entry *e;
	const struct node *n;

	if (!tree_find(&e, NULL, t, path, true, err))
		return false;
	if (!e)
		return err_set(err, E_NOT_FOUND, "there is no file '%s' in the image", path);
	if (e->kind != ENTRY_FILE)
		return err_set(err, E_INPUT, "'%s' in the image is not a regular file", path);
	if ((uint64_t)e->size > max)
		return err_set(err, E_INPUT, "'%s' in the image is larger than %zu bytes", path,
			       max);
	n = (const struct node *)e;
	r.member = n->member;
	return read_layer(t, n->layer, &r.pass, err) || err_wrap(err, "%s", path);
}

/* A file to be fetched: where it is, and the entry that wants it. */
struct wanted {
	size_t layer, member;
	struct entry *entry;
};

struct fetch {
	struct pass pass;
	int spool;
	struct wanted *at, *end; /* of the layer being read, sorted by member */
	char name[48];
	struct sink_fd sink;
};

static void name_spool(char out[48], const struct wanted *w)
{
	snprintf(out, 48, "%zu-%zu", w->layer, w->member);
}

static struct sink *want_fetch(struct pass *p, size_t member, struct err *err)
{
	struct fetch *f = (struct fetch *)p;
	int fd;

	if (f->at == f->end || f->at->member != member)
		return NULL;
	name_spool(f->name, f->at);
	if (!fs_open(&fd, f->spool, f->name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600,
		     FS_BENEATH_NOLINK, err))
		return NULL;
	f->sink = sink_fd(fd);
	while (f->at < f->end && f->at->member == member)
		f->at++;
	return &f->sink.sink;
}

static bool done_fetch(struct pass *p, struct err *err)
{
	struct fetch *f = (struct fetch *)p;

	(void)err;
	auto_close(&f->sink.fd);
	return true;
}

static int by_member(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	return (x->member > y->member) - (x->member < y->member);
}

static bool fetch_layer(const struct tree *t, struct wanted *from, struct wanted *to, int spool,
			struct err *err)
{
	struct fetch f = { .pass = { .want = want_fetch, .done = done_fetch },
			   .spool = spool,
			   .at = from,
			   .end = to,
			   .sink = sink_fd(-1) };
	bool ok = read_layer(t, from->layer, &f.pass, err);

	auto_close(&f.sink.fd);
	if (!ok)
		return false;
	return f.at == f.end ||
	       err_set(err, E_INTEGRITY, "layer %s has fewer members than its index",
		       digest_format(&t->layers[from->layer].descriptor.digest).text);
}

static bool find_wanted(struct wanted *out, size_t *count_out, const struct tree *t,
			struct entry *entries[], size_t count, struct err *err)
{
	*count_out = 0;
	for (size_t i = 0; i < count; i++) {
		const struct entry *e;
		const struct node *n;

		if (entries[i]->kind != ENTRY_FILE)
			continue;
		if (!tree_find(&e, NULL, t, entries[i]->path, false, err))
			return false;
		if (!e || e->kind != ENTRY_FILE)
			return err_set(err, E_NOT_FOUND, "there is no file '%s' in the image",
				       entries[i]->path);
		n = (const struct node *)e;
		out[(*count_out)++] = (struct wanted){ .layer = n->layer,
						       .member = n->member,
						       .entry = entries[i] };
	}
	return true;
}

bool tree_fetch(const struct tree *t, struct entry *entries[], size_t count, int spool,
		struct err *err)
{
	AUTO(auto_free) struct wanted *wanted = mem_alloc(count * sizeof(*wanted));
	size_t wanted_count, next;

	if (!find_wanted(wanted, &wanted_count, t, entries, count, err))
		return false;
	if (wanted_count)
		qsort(wanted, wanted_count, sizeof(*wanted), by_member);
	for (size_t i = 0; i < wanted_count; i = next) {
		for (next = i; next < wanted_count && wanted[next].layer == wanted[i].layer;)
			next++;
		if (!fetch_layer(t, &wanted[i], &wanted[next], spool, err))
			return false;
	}
	for (size_t i = 0; i < wanted_count; i++) {
		char name[48];

		name_spool(name, &wanted[i]);
		wanted[i].entry->open = entry_open_file;
		wanted[i].entry->dir = spool;
		lock_take(t->naming);
		wanted[i].entry->name = arena_strdup(t->arena, name);
		lock_drop(t->naming);
	}
	return true;
}

/* --- hashes --- */

/* A file to be hashed: where it is, and whose hash it is. */
struct hashed {
	size_t layer, member, entry;
};

struct hashing {
	struct pass pass;
	const struct hashed *at, *end; /* of the layer being read, sorted by member */
	const struct hashed *first;    /* that has the member being read */
	unsigned char (*hashes)[SHA256_SIZE];
	struct sink_hash sink;
};

static struct sink *want_hash(struct pass *p, size_t member, struct err *err)
{
	struct hashing *h = (struct hashing *)p;

	(void)err;
	if (h->at == h->end || h->at->member != member)
		return NULL;
	h->first = h->at;
	while (h->at < h->end && h->at->member == member)
		h->at++;
	sink_hash_init(&h->sink, NULL);
	return &h->sink.sink;
}

static bool done_hash(struct pass *p, struct err *err)
{
	struct hashing *h = (struct hashing *)p;

	if (!sink_finish(&h->sink.sink, err))
		return false;
	for (const struct hashed *to = h->first; to < h->at; to++)
		memcpy(h->hashes[to->entry], h->sink.hash, SHA256_SIZE);
	return true;
}

static int by_hashed_member(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	return (x->member > y->member) - (x->member < y->member);
}

static bool hash_layer(unsigned char (*hashes)[SHA256_SIZE], const struct tree *t,
		       const struct hashed *from, const struct hashed *to, struct err *err)
{
	struct hashing h = { .pass = { .want = want_hash, .done = done_hash },
			     .at = from,
			     .end = to,
			     .hashes = hashes };
	bool ok = read_layer(t, from->layer, &h.pass, err);

	sink_hash_free(&h.sink);
	return ok && (h.at == h.end ||
		      err_set(err, E_INTEGRITY, "layer %s has fewer members than its index",
			      digest_format(&t->layers[from->layer].descriptor.digest).text));
}

bool tree_hash(unsigned char (*hashes)[SHA256_SIZE], const struct tree *t,
	       const struct entry *const entries[], size_t count, struct err *err)
{
	AUTO(auto_free) struct hashed *files = mem_alloc((count + 1) * sizeof(*files));
	size_t file_count = 0, next;

	for (size_t i = 0; i < count; i++) {
		const struct node *n = (const struct node *)entries[i];

		if (entries[i]->kind == ENTRY_FILE)
			files[file_count++] = (struct hashed){ n->layer, n->member, i };
	}
	if (file_count)
		qsort(files, file_count, sizeof(*files), by_hashed_member);
	for (size_t i = 0; i < file_count; i = next) {
		for (next = i; next < file_count && files[next].layer == files[i].layer;)
			next++;
		if (!hash_layer(hashes, t, &files[i], &files[next], err))
			return false;
	}
	return true;
}
