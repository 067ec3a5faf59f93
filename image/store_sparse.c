// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"
#include "image/store_private.h"

/*
 * cache/sparse: one file for each image that is listed although some of its
 * blobs were never fetched. It says where each of those can be had.
 */

static bool decode_reference(const struct json_type *type, void *value, json_t *json,
			     struct arena *arena, struct err *err)
{
	(void)type;
	(void)arena;
	if (!json_is_string(json))
		return err_set(err, E_INPUT, "a reference as text expected");
	return reference_parse(value, json_string_value(json), err);
}

static json_t *encode_reference(const struct json_type *type, const void *value)
{
	(void)type;
	return json_string(reference_format(value).text);
}

static const struct json_type reference_type = { .size = sizeof(struct reference),
						 .decode = decode_reference,
						 .encode = encode_reference };

/* clang-format off */
static const struct json_field blob_fields[] = {
	JSON_REQUIRED(struct sparse_blob, descriptor, "descriptor", &descriptor_type),
	JSON_REQUIRED(struct sparse_blob, origin,     "origin",     &reference_type),
	{ 0 },
};
static const struct json_type blob_type = JSON_OBJECT(struct sparse_blob, blob_fields);
static const struct json_type blobs_type = JSON_LIST(&blob_type);

static const struct json_field record_fields[] = {
	JSON_REQUIRED(struct sparse_record, reference, "reference", &reference_type),
	JSON_REQUIRED(struct sparse_record, root,      "root",      &descriptor_type),
	JSON_REQUIRED(struct sparse_record, blobs,     "blobs",     &blobs_type),
	{ 0 },
};
static const struct json_type record_type = JSON_OBJECT(struct sparse_record, record_fields);
/* clang-format on */

/* The name says nothing; it only has to be the same for the same reference and fit a directory. */
static char *file_of(const struct reference *ref)
{
	struct reference_text text = reference_format(ref);
	struct digest d = digest_of(text.text, strlen(text.text));

	return mem_printf("%s.json", digest_hex(&d).text);
}

bool sparse_files(struct str_list *out, struct store *s, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_exists(s->dir, STORE_SPARSE))
		return true;
	if (!fs_list(&names, s->dir, STORE_SPARSE, FS_BENEATH_NOLINK, err))
		return err_wrap(err, "store %s", s->path);
	for (size_t i = 0; i < names.len; i++)
		if (str_has_suffix(names.items[i], ".json"))
			str_list_push(out, names.items[i]);
	return true;
}

bool sparse_load(struct sparse_record *out, struct store *s, const char *file, struct arena *arena,
		 struct err *err)
{
	AUTO(auto_free) char *path = fs_join(STORE_SPARSE, file);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_INDEX_JSON);
	AUTO(auto_json_decref) json_t *doc = NULL;

	*out = (struct sparse_record){ 0 };
	if (!fs_read(&text, s->dir, path, text.max, FS_BENEATH_NOLINK, err))
		return err_wrap(err, "store %s", s->path);
	if (!document_parse(&doc, text.ptr, text.len, text.max, path, err))
		return err_wrap(err, "store %s", s->path);
	if (!json_decode(&record_type, out, doc, arena, err))
		return document_refuse(err, path) || err_wrap(err, "store %s", s->path);
	return true;
}

/* Under the lock of `s`. A reference given out once stays as it is: callers hold it. */
static void remember(struct store *s, const struct sparse_record *record)
{
	const struct sparse_blob *blobs = record->blobs.items;

	for (size_t i = 0; i < record->blobs.len; i++) {
		struct digest_text hex = digest_hex(&blobs[i].descriptor.digest);

		if (!map_has(&s->origins, hex.text))
			map_put(&s->origins, hex.text,
				mem_dup(&blobs[i].origin, sizeof(blobs[i].origin)));
	}
}

bool sparse_save(struct store *s, const struct sparse_record *record, struct err *err)
{
	AUTO(auto_free) char *file = file_of(&record->reference);
	AUTO(auto_json_decref) json_t *doc = json_encode(&record_type, record);
	AUTO(auto_free) char *text = NULL;
	size_t len;

	text = json_text(doc, &len);
	return store_write_file(s, STORE_SPARSE, file, text, len, err);
}

bool sparse_remove(struct store *s, const struct reference *ref, struct err *err)
{
	AUTO(auto_free) char *file = file_of(ref);
	AUTO(auto_free) char *path = fs_join(STORE_SPARSE, file);

	if (unlinkat(s->dir, path, 0) == 0 || errno == ENOENT)
		return true;
	return err_set_errno(err, "%s/%s", s->path, path);
}

/* Read the records again when the directory changed. What cannot be read is fsck's to tell. */
static void refresh(struct store *s)
{
	AUTO(str_list_free) struct str_list files = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct err ignored = { 0 };
	struct stat st;

	if (!fs_stat(&st, s->dir, STORE_SPARSE, FS_BENEATH_NOLINK, &ignored))
		return;
	if (st.st_mtim.tv_sec == s->origins_seen.tv_sec &&
	    st.st_mtim.tv_nsec == s->origins_seen.tv_nsec)
		return;
	if (!sparse_files(&files, s, &ignored))
		return;
	for (size_t i = 0; i < files.len; i++) {
		struct sparse_record record;

		err_clear(&ignored);
		if (sparse_load(&record, s, files.items[i], &arena, &ignored))
			remember(s, &record);
	}
	s->origins_seen = st.st_mtim;
}

const struct reference *store_blob_origin(struct store *s, const struct digest *d)
{
	const struct reference *origin;
	struct digest_text hex = digest_hex(d);

	lock_take(&s->lock);
	origin = map_get(&s->origins, hex.text);
	if (!origin) {
		refresh(s);
		origin = map_get(&s->origins, hex.text);
	}
	lock_drop(&s->lock);
	return origin;
}
