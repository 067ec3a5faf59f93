// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/hash.h"
#include "base/limits.h"
#include "layers/deflate.h"
#include "layers/layer.h"
#include "layers/pieces.h"

/* layers/pieces.h: what was compressed before is found, and nothing else is; a layer is the same
 * bytes with and without. */

struct world {
	struct fs_tmpdir dir;
	struct store *stores[2];
};

static void world_open(struct world *w)
{
	struct err err = { 0 };

	w->dir = (struct fs_tmpdir)FS_TMPDIR_INIT;
	MUST(fs_tmpdir_open(&w->dir, &err));
	for (int i = 0; i < 2; i++) {
		AUTO(auto_free) char *path = mem_printf("%s/store%d", w->dir.path, i);

		MUST(store_open(&w->stores[i], path, &err));
	}
}

static void world_close(struct world *w)
{
	for (int i = 0; i < 2; i++)
		store_close(w->stores[i]);
	fs_tmpdir_close(&w->dir);
}

enum { FILES = 60, FILE_SIZE = 200 * 1000 };

/* A dozen MiB of files; the one called `changed` is `grow` bytes longer. */
static void make_entries(struct entry_list *l, size_t changed, size_t grow)
{
	AUTO(auto_free) unsigned char *bytes = mem_alloc(FILE_SIZE + grow);

	for (size_t i = 0; i < FILES; i++) {
		size_t len = FILE_SIZE + (i == changed ? grow : 0);
		AUTO(auto_free) char *name = mem_printf("f%02zu", i);

		fill_bytes(bytes, FILE_SIZE, i % 3 == 0, i);
		memset(bytes + FILE_SIZE, 'x', len - FILE_SIZE);
		entry_add_bytes(l, name, bytes, len);
	}
}

static struct layer make_layer(struct store *s, size_t changed, size_t grow)
{
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct layer_options opt = layer_options_default();
	struct err err = { 0 };
	struct layer layer;

	make_entries(&l, changed, grow);
	MUST(entry_list_sort(&l, &err));
	MUST(layer_write(&layer, s, &l, &opt, &err));
	return layer;
}

static void check_layer(struct store *s, const struct layer *layer)
{
	AUTO(auto_source_close) struct source *plain = NULL;
	AUTO(buf_free) struct buf bytes = BUF_INIT(64 * MIB);
	struct sink_buf to = sink_buf(&bytes);
	struct err err = { 0 };

	MUST(layer_open(&plain, store_blobs(s), &layer->descriptor, &layer->diff_id, &err));
	MUST(source_copy(plain, &to.sink, NULL, &err));
	assert_int_equal(bytes.len, layer->unpacked_size);
}

/* Where the change is, and whether what follows moves, makes no difference to the bytes. */
static void same_bytes_as_without(void **state)
{
	static const struct {
		size_t changed, grow;
	} rows[] = { { 0, 1 }, { 0, 600 }, { 30, 5000 }, { FILES - 1, 1 }, { FILES, 0 } };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(world_close) struct world w;
		struct layer again, alone;

		world_open(&w);
		make_layer(w.stores[0], FILES, 0);
		again = make_layer(w.stores[0], rows[i].changed, rows[i].grow);
		alone = make_layer(w.stores[1], rows[i].changed, rows[i].grow);
		assert_true(digest_eq(&again.descriptor.digest, &alone.descriptor.digest));
		check_layer(w.stores[0], &again);
	}
}

/* --- one piece that is told from what the compressor would give --- */

enum { SIZE = 5 * MIB / 2 };

/* Units that end no block, so that blocks are of the largest size. */
static unsigned char *plain_bytes(void)
{
	unsigned char *out = mem_alloc(SIZE);

	fill_bytes(out, 512, false, 1);
	assert_int_not_equal(deflate_crc32(0, out, 512) & 1023, 0);
	for (size_t at = 512; at < SIZE; at += 512)
		memcpy(out + at, out, 512);
	return out;
}

static void compress(struct buf *out, const unsigned char *data, struct store *s, const char *id)
{
	struct compress_options opt = layer_options_default().compress;
	AUTO(auto_pieces_close) struct pieces *pieces = s ? pieces_open(s, id) : NULL;
	AUTO(auto_compressor_close) struct sink *c = NULL;
	struct sink_buf to = sink_buf(out);
	struct err err = { 0 };

	opt.pieces = pieces;
	opt.threads = 2;
	MUST(compressor_open(&c, &to.sink, &opt, &err));
	MUST(sink_write(c, data, SIZE, &err));
	MUST(sink_finish(c, &err));
}

/* The first MiB as level 1 packs it, in a blob of its own. */
static struct digest plant(struct store *s, const unsigned char *data, const char *id,
			   struct buf *packed)
{
	AUTO(auto_pieces_close) struct pieces *pieces = pieces_open(s, id);
	AUTO(auto_deflater_close) struct deflater *d = deflater_open(1);
	AUTO(auto_free) char *room = mem_alloc(deflater_bound(MIB));
	size_t len = deflater_part(d, room, data, MIB);
	struct fingerprint plain;
	struct err err = { 0 };
	struct digest blob;

	MUST(store_put_bytes(&blob, s, room, len, &err));
	pieces_load(pieces);
	plain = pieces_fingerprint(pieces, data, MIB);
	for (int i = 0; i < 4; i++) /* fewer are not worth a file */
		pieces_add(pieces, &plain, deflate_crc32(0, data, MIB), MIB, 0, room, len);
	pieces_save(pieces, &blob);
	buf_put_bytes(packed, room, len);
	return blob;
}

static bool is_planted(const struct buf *got, const struct buf *packed)
{
	return memcmp(got->ptr + 10, packed->ptr, packed->len) == 0;
}

static void one_piece(void **state)
{
	static const char id[] = "gzip-test";
	AUTO(world_close) struct world w;
	AUTO(auto_free) unsigned char *data = plain_bytes();
	AUTO(buf_free) struct buf packed = BUF_INIT(SIZE);
	AUTO(buf_free) struct buf without = BUF_INIT(SIZE);
	AUTO(buf_free) struct buf with = BUF_INIT(SIZE);
	AUTO(buf_free) struct buf other = BUF_INIT(SIZE);
	AUTO(buf_free) struct buf damaged = BUF_INIT(SIZE);
	AUTO(buf_free) struct buf gone = BUF_INIT(SIZE);
	AUTO(auto_free) char *file = NULL;
	struct digest blob;
	FILE *f;
	(void)state;

	world_open(&w);
	blob = plant(w.stores[0], data, id, &packed);
	compress(&without, data, NULL, NULL);
	assert_false(is_planted(&without, &packed));
	compress(&with, data, w.stores[0], id);
	assert_true(is_planted(&with, &packed));
	compress(&other, data, w.stores[0], "gzip-other");
	assert_false(is_planted(&other, &packed));
	/* one bit of it is wrong: compressed again */
	file = mem_printf("%s/blobs/sha256/%s", store_path(w.stores[0]), digest_hex(&blob).text);
	assert_int_equal(chmod(file, 0600), 0);
	f = fopen(file, "r+");
	assert_non_null(f);
	fputc(packed.ptr[0] ^ 1, f);
	fclose(f);
	compress(&damaged, data, w.stores[0], id);
	assert_int_equal(damaged.len, without.len);
	assert_memory_equal(damaged.ptr, without.ptr, without.len);
	assert_int_equal(unlink(file), 0);
	compress(&gone, data, w.stores[0], id);
	assert_memory_equal(gone.ptr, without.ptr, without.len);
}

/* --- where pieces end --- */

/* Records of the index of a layer: its head and its seal are shorter than two records. */
static size_t shared_pieces(struct store *s, const struct layer *a, const struct layer *b)
{
	AUTO(buf_free) struct buf file_a = BUF_INIT(MIB);
	AUTO(buf_free) struct buf file_b = BUF_INIT(MIB);
	struct buf *files[] = { &file_a, &file_b };
	const struct layer *layers[] = { a, b };
	struct err err = { 0 };
	size_t shared = 0;

	for (int i = 0; i < 2; i++) {
		struct digest_text hex = digest_hex(&layers[i]->descriptor.digest);
		AUTO(auto_free) char *path = mem_printf("cache/pieces/%s", hex.text);

		MUST(fs_read(files[i], store_dir(s), path, MIB, FS_BENEATH_NOLINK, &err));
	}
	for (size_t i = 64; i + 72 <= file_a.len; i += 56)
		for (size_t k = 64; k + 72 <= file_b.len; k += 56)
			shared += memcmp(file_a.ptr + i, file_b.ptr + k, 16) == 0;
	return shared;
}

static void a_change_costs_its_own_pieces(void **state)
{
	AUTO(world_close) struct world w;
	struct layer first, moved;
	(void)state;

	world_open(&w);
	first = make_layer(w.stores[0], FILES, 0);
	moved = make_layer(w.stores[0], 10, 5000);
	/* some 18 of half a MiB or more */
	assert_in_range(shared_pieces(w.stores[0], &first, &first), 12, 40);
	assert_in_range(shared_pieces(w.stores[0], &first, &moved),
			shared_pieces(w.stores[0], &first, &first) - 4,
			shared_pieces(w.stores[0], &first, &first) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes_as_without),
		cmocka_unit_test(one_piece),
		cmocka_unit_test(a_change_costs_its_own_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
