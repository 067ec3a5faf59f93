// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "image/fsck.h"
#include "image/gc.h"
#include "image/store.h"

enum { PARTS_MAX = 9 };

struct documents {
	struct digest digests[PARTS_MAX];
	size_t sizes[PARTS_MAX];
};

/* "@2" stands for the digest of part 2, "#2" for its size. */
static void put_document(struct buf *out, struct slice text, const struct documents *d)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t n = i + 1 < text.len ? (size_t)text.ptr[i + 1] - '0' : PARTS_MAX;

		if (n >= PARTS_MAX || (text.ptr[i] != '@' && text.ptr[i] != '#'))
			buf_put_bytes(out, text.ptr + i, 1);
		else if (text.ptr[i++] == '@')
			buf_put(out, digest_format(&d->digests[n]).text);
		else
			buf_putf(out, "%zu", d->sizes[n]);
	}
}

/* Part 0 is index.json, part 1 a sparse record, the others are blobs. */
static void make_store(struct store *s, struct slice rest)
{
	struct slice parts[PARTS_MAX];
	struct documents d = { 0 };
	struct err err = { 0 };
	size_t count = 0;

	while (rest.ptr && count < PARTS_MAX)
		parts[count++] = next_part(&rest);
	for (size_t i = count; i-- > 0;) {
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 26);
		AUTO(auto_close) int to = -1;

		put_document(&text, parts[i], &d);
		d.sizes[i] = text.len;
		if (i > 1)
			assert(store_put_bytes(&d.digests[i], s, text.ptr, text.len, &err));
		else
			assert(store_subdir(&to, s, i ? "cache/sparse" : ".", &err) &&
			       fs_write_atomic(to, i ? "x.json" : "index.json", text.ptr, text.len,
					       0644, &err));
	}
}

/* An image layout whose documents are anything: found, listed, checked, cleaned and changed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_store_close) struct store *s = NULL;
	AUTO(image_free) struct image image = { 0 };
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(fsck_report_free) struct fsck_report report = { 0 };
	AUTO(gc_report_free) struct gc_report gc = { 0 };
	AUTO(buf_free) struct buf raw = BUF_INIT(1 << 24);
	struct gc_options options = { .drop_unused = true };
	struct descriptor root;
	struct reference ref;
	struct err err = { 0 };
	bool complete;

	assert(fs_tmpdir_open(&dir, &err) && store_open(&s, dir.path, &err));
	make_store(s, (struct slice){ (const char *)data, len });
	assert(reference_parse(&ref, "r.example.com/a:1", &err));
	verdict(store_images(&list, s, &err), &err);
	if (verdict(store_find_image(&image, s, &ref, NULL, &err), &err))
		for (size_t i = 0; i < image.manifest.layer_count; i++)
			store_blob_origin(s, &image.manifest.layers[i].digest);
	verdict(store_complete(&complete, s, &ref, &err), &err);
	verdict(store_find_root(&raw, &root, s, &ref, &err), &err);
	ref.has_digest = list.len > 0;
	if (list.len)
		ref.digest = list.items[0].descriptor.digest;
	if (raw.len > 64) /* a platform of an index, by its own digest */
		ref.digest = image.manifest.raw ? image.manifest.digest : root.digest;
	store_has_image(s, &ref);
	ref.has_digest = false;
	if (image.manifest.raw)
		verdict(store_put_image(s, &image, &ref, &err), &err);
	verdict(store_fsck(&report, s, true, &err), &err);
	verdict(store_gc(&gc, s, &options, &err), &err);
	if (store_has_image(s, &ref))
		verdict(store_remove_image(s, &ref, &err), &err);
	return 0;
}
