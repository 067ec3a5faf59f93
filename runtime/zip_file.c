// SPDX-License-Identifier: Apache-2.0
#include "runtime/zip_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/destination.h"
#include "base/mem.h"
#include "layers/zip.h"

/* Zips as files: measured, hashed while they are written, renamed into place when they are whole.
 */

void zip_file_measure(struct zip_file *out, const struct entry_list *entries)
{
	*out = (struct zip_file){ 0 };
	for (size_t i = 0; i < entries->len; i++) {
		if (entries->items[i].kind != ENTRY_FILE)
			continue;
		out->unpacked += (uint64_t)entries->items[i].size;
		out->files++;
	}
}

/*
 * The content digest is made while the zip is written, so that each file is read
 * once: every entry's bytes pass a hash on their way. It covers paths, modes and bytes, whatever
 * compressor made the zip.
 */
struct hashed {
	struct entry_list entries; /* the given ones, opened through us */
	const struct entry_list *given;
	unsigned char (*hashes)[SHA256_SIZE]; /* one for each entry */
};

struct hashing_source {
	struct source source;
	struct source *from;
	struct sha256 state;
	unsigned char *hash_out;
};

static bool hashing_read(struct source *self, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	struct hashing_source *s = (struct hashing_source *)self;

	if (!source_read(s->from, data, cap, len_out, err))
		return false;
	if (*len_out)
		sha256_update(&s->state, data, *len_out);
	else if (s->state.ctx)
		sha256_final(&s->state, s->hash_out);
	return true;
}

static void hashing_close(struct source *self)
{
	struct hashing_source *s = (struct hashing_source *)self;

	sha256_free(&s->state);
	source_close(s->from);
	free(s);
}

static bool open_hashing(const struct entry *e, struct source **out, struct err *err)
{
	const struct hashed *h = e->data;
	size_t i = (size_t)(e - h->entries.items);
	AUTO(auto_source_close) struct source *from = NULL;
	struct hashing_source *s;

	if (!h->given->items[i].open(&h->given->items[i], &from, err))
		return false;
	s = mem_alloc(sizeof(*s));
	*s = (struct hashing_source){ .source = { .read = hashing_read, .close = hashing_close },
				      .from = STEAL(from),
				      .hash_out = h->hashes[i] };
	sha256_init(&s->state);
	*out = &s->source;
	return true;
}

static void hashed_free(struct hashed *h)
{
	entry_list_free(&h->entries);
	free(h->hashes);
}

static void hashed_init(struct hashed *h, const struct entry_list *given)
{
	h->given = given;
	h->hashes = mem_alloc((given->len + 1) * sizeof(*h->hashes));
	for (size_t i = 0; i < given->len; i++) {
		struct entry *e = ARRAY_PUSH(&h->entries);

		*e = given->items[i];
		sha256_of(h->hashes[i], "", 0);
		if (!e->open)
			continue;
		e->open = open_hashing;
		e->data = h;
	}
}

/* sha256 over "PATH NUL MODE SHA256-OF-BYTES LF" of each file, in order of path. */
static struct digest content_digest(const struct hashed *h)
{
	struct sha256 state;
	unsigned char out[SHA256_SIZE];

	sha256_init(&state);
	for (size_t i = 0; i < h->given->len; i++) {
		const struct entry *e = &h->given->items[i];
		char hex[2 * SHA256_SIZE + 1];
		AUTO(auto_free) char *rest = NULL;

		if (e->kind != ENTRY_FILE)
			continue;
		hex_format(hex, h->hashes[i], SHA256_SIZE);
		rest = mem_printf("%o %s\n", (unsigned int)e->mode, hex);
		sha256_update(&state, e->path, strlen(e->path) + 1);
		sha256_update(&state, rest, strlen(rest));
	}
	sha256_final(&state, out);
	return digest_from_hash(out);
}

bool zip_file_write(struct zip_file *out, const struct entry_list *entries, uint64_t packed_max,
		    const char *path, struct err *err)
{
	AUTO(destination_close) struct destination to = DESTINATION_INIT;
	AUTO(sink_hash_free) struct sink_hash hash = { 0 };
	AUTO(hashed_free) struct hashed files = { 0 };

	zip_file_measure(out, entries);
	if (!destination_open(&to, path, err))
		return err_wrap(err, "write the zip");
	sink_hash_init(&hash, &to.sink.sink);
	hashed_init(&files, entries);
	if (!zip_write(&hash.sink, &files.entries, err) || !sink_finish(&hash.sink, err))
		return err_wrap(err, "%s", path);
	out->packed = hash.size;
	out->digest = digest_from_hash(hash.hash);
	out->content = content_digest(&files);
	if (packed_max && out->packed > packed_max) {
		err_set(err, E_NEGATIVE, "the zip has %llu bytes; the platform takes %llu",
			(unsigned long long)out->packed, (unsigned long long)packed_max);
		return err_hint(err, "leave packages out, or use a backend that takes images");
	}
	return destination_commit(&to, err) || err_wrap(err, "write %s", path);
}

static int larger_first(const void *a, const void *b)
{
	const struct zip_share *x = a, *y = b;

	return x->unpacked < y->unpacked   ? 1
	       : x->unpacked > y->unpacked ? -1
					   : strcmp(x->name, y->name);
}

bool zip_shares_make(struct zip_shares *out, const struct wheel_list *wheels,
		     const struct wheel_layout *layout, struct err *err)
{
	for (size_t i = 0; i < wheels->len; i++) {
		const struct wheel *w = &wheels->items[i];
		AUTO(entry_list_free) struct entry_list own = { 0 };
		struct zip_file size;

		if (!wheel_entries(&own, w, layout, err))
			return false;
		zip_file_measure(&size, &own);
		*ARRAY_PUSH(out) =
			(struct zip_share){ w->name, w->version, size.unpacked, size.files };
	}
	if (out->len)
		qsort(out->items, out->len, sizeof(*out->items), larger_first);
	return true;
}

void zip_shares_free(struct zip_shares *s)
{
	free(s->items);
	*s = (struct zip_shares){ 0 };
}

void zip_shares_largest(struct buf *out, const struct zip_shares *s)
{
	enum { SHOWN = 5 };

	for (size_t i = 0; i < s->len && i < SHOWN; i++)
		buf_putf(out, "%s%s %s", i ? ", " : "", s->items[i].name,
			 str_format_size(s->items[i].unpacked).text);
}
