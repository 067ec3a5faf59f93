// SPDX-License-Identifier: Apache-2.0
#include "layers/pieces.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

/*
 * Indexes of pieces on disk and in memory. A file is a head, its records, and a fingerprint of
 * both; in this machine's byte order, since the store's secret does not travel either.
 */

static const char dir_name[] = "cache/pieces";
static const char key_name[] = "key";

enum {
	PIECES_MIN = 4,      /* of a layer, to be worth an index */
	LAYERS_MAX = 16,     /* looked into, those used last */
	RECORDS_MAX = 65536, /* of all: 3.5 MB, 40 GB of plain bytes */
};

struct head {
	char magic[8];
	char compressor[56];
};
static const char magic[8] = { 'r', 't', 'p', 'i', 'e', 'c', 'e', '1' };

struct record {
	struct fingerprint plain, packed;
	uint64_t offset;
	uint32_t len, packed_len, crc;
	int32_t blob; /* a descriptor while it is in memory */
};

struct pieces {
	struct store *store;
	int dir; /* -1: there is none, and nothing works */
	unsigned char key[FINGERPRINT_KEY_SIZE];
	bool has_key; /* on disk */
	struct head head;
	int blobs[LAYERS_MAX];
	size_t blob_count;
	struct {
		struct record *items;
		size_t len, cap;
	} known, fresh;
};

static void get_key(struct pieces *p)
{
	AUTO(buf_free) struct buf text = BUF_INIT(2 * FINGERPRINT_KEY_SIZE);
	struct err ignored = { 0 };

	p->has_key = fs_read(&text, p->dir, key_name, FINGERPRINT_KEY_SIZE, FS_BENEATH_NOLINK,
			     &ignored) &&
		     text.len == FINGERPRINT_KEY_SIZE;
	if (p->has_key)
		memcpy(p->key, text.ptr, sizeof(p->key));
	else
		random_bytes(p->key, sizeof(p->key));
	explicit_bzero(text.ptr, text.len);
}

/* Of two that make one at once, one writes an index that nobody can use: no harm. */
static bool put_key(struct pieces *p)
{
	struct err ignored = { 0 };

	return p->has_key ||
	       store_put_file(p->store, dir_name, key_name, p->key, sizeof(p->key), 0600, &ignored);
}

struct pieces *pieces_open(struct store *store, const char *compressor_id)
{
	struct pieces *p = mem_alloc(sizeof(*p));

	p->store = store;
	p->dir = -1;
	memcpy(p->head.magic, magic, sizeof(magic));
	snprintf(p->head.compressor, sizeof(p->head.compressor), "%s", compressor_id);
	return p;
}

void pieces_close(struct pieces *p)
{
	if (!p)
		return;
	auto_close(&p->dir);
	for (size_t i = 0; i < p->blob_count; i++)
		close(p->blobs[i]);
	explicit_bzero(p->key, sizeof(p->key));
	free(p->known.items);
	free(p->fresh.items);
	free(p);
}

struct fingerprint pieces_fingerprint(const struct pieces *p, const void *data, size_t len)
{
	struct fingerprint f;

	fingerprint_of(f.bytes, p->key, data, len);
	return f;
}

/* --- looking up --- */

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct record *)a)->plain.bytes,
		      ((const struct record *)b)->plain.bytes, sizeof(struct fingerprint));
}

/* The records of one layer that is still there. */
static void load_layer(struct pieces *p, const char *name)
{
	AUTO(buf_free) struct buf file = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free) char *text = mem_printf("sha256:%s", name);
	struct fingerprint want;
	struct err ignored = { 0 };
	struct digest layer;
	size_t body, count;

	if (!digest_parse(&layer, text, &ignored) ||
	    !store_blob_fd(&p->blobs[p->blob_count], p->store, &layer, &ignored)) {
		unlinkat(p->dir, name, 0); /* its layer is gone */
		return;
	}
	p->blob_count++;
	if (!fs_read(&file, p->dir, name, RECORDS_MAX * sizeof(struct record), FS_BENEATH_NOLINK,
		     &ignored) ||
	    file.len < sizeof(struct head) + sizeof(want) ||
	    memcmp(file.ptr, &p->head, sizeof(p->head)) != 0)
		return;
	body = file.len - sizeof(want);
	want = pieces_fingerprint(p, file.ptr, body);
	if (memcmp(&want, file.ptr + body, sizeof(want)) != 0)
		return;
	count = (body - sizeof(struct head)) / sizeof(struct record);
	for (size_t i = 0; i < count && p->known.len < RECORDS_MAX; i++) {
		struct record *r = ARRAY_PUSH(&p->known);

		memcpy(r, file.ptr + sizeof(struct head) + i * sizeof(*r), sizeof(*r));
		r->blob = p->blobs[p->blob_count - 1];
	}
}

struct named {
	char *name;
	struct timespec used;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct named *)a)->used;
	const struct timespec *y = &((const struct named *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec > y->tv_sec ? -1 : 1;
	return x->tv_nsec > y->tv_nsec ? -1 : x->tv_nsec < y->tv_nsec;
}

static void load_layers(struct pieces *p, const struct str_list *names)
{
	AUTO(auto_free) struct named *all = mem_alloc((names->len + 1) * sizeof(*all));
	size_t count = 0;

	for (size_t i = 0; i < names->len; i++) {
		struct stat st;

		if (strlen(names->items[i]) != 2 * SHA256_SIZE ||
		    fstatat(p->dir, names->items[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		all[count++] = (struct named){ names->items[i], st.st_mtim };
	}
	qsort(all, count, sizeof(*all), newest_first);
	for (size_t i = 0; i < count; i++) {
		if (p->blob_count < LAYERS_MAX)
			load_layer(p, all[i].name);
		else
			unlinkat(p->dir, all[i].name, 0); /* nobody would look into it */
	}
}

void pieces_load(struct pieces *p)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err ignored = { 0 };

	if (p->dir >= 0 || !store_subdir(&p->dir, p->store, dir_name, &ignored))
		return;
	get_key(p);
	if (fs_list(&names, p->dir, ".", FS_BENEATH_NOLINK, &ignored))
		load_layers(p, &names);
	if (p->known.len)
		qsort(p->known.items, p->known.len, sizeof(struct record), compare);
}

size_t pieces_find(const struct pieces *p, void *out, size_t cap, const struct fingerprint *plain,
		   uint32_t crc, size_t len)
{
	struct record want = { .plain = *plain };
	const struct record *r =
		p->known.len ? bsearch(&want, p->known.items, p->known.len, sizeof(want), compare)
			     : NULL;
	struct fingerprint packed;

	if (!r || r->crc != crc || r->len != len || r->packed_len > cap ||
	    pread(r->blob, out, r->packed_len, (off_t)r->offset) != (ssize_t)r->packed_len)
		return 0;
	packed = pieces_fingerprint(p, out, r->packed_len);
	return memcmp(&packed, &r->packed, sizeof(packed)) == 0 ? r->packed_len : 0;
}

/* --- writing --- */

void pieces_add(struct pieces *p, const struct fingerprint *plain, uint32_t crc, size_t len,
		uint64_t offset, const void *packed, size_t packed_len)
{
	if (p->dir < 0)
		return;
	*ARRAY_PUSH(&p->fresh) =
		(struct record){ .plain = *plain,
				 .packed = pieces_fingerprint(p, packed, packed_len),
				 .offset = offset,
				 .len = (uint32_t)len,
				 .packed_len = (uint32_t)packed_len,
				 .crc = crc };
}

void pieces_save(struct pieces *p, const struct digest *layer)
{
	AUTO(buf_free) struct buf file = BUF_INIT(SIZE_MAX / 2);
	struct fingerprint whole;
	struct err ignored = { 0 };

	if (p->dir < 0 || p->fresh.len < PIECES_MIN || p->fresh.len > RECORDS_MAX / 2 ||
	    !put_key(p))
		return;
	buf_put_bytes(&file, &p->head, sizeof(p->head));
	buf_put_bytes(&file, p->fresh.items, p->fresh.len * sizeof(*p->fresh.items));
	whole = pieces_fingerprint(p, file.ptr, file.len);
	buf_put_bytes(&file, &whole, sizeof(whole));
	(void)!store_put_file(p->store, dir_name, digest_hex(layer).text, file.ptr, file.len, 0600,
			      &ignored);
}
