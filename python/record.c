// SPDX-License-Identifier: Apache-2.0
#include "python/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* RECORD as text and as rows. That the rows agree with the files is wheel.c's. */

enum { FIELDS = 3, ROW_MAX = 2 * LIMIT_PATH + 256 };

void record_free(struct record *r)
{
	free(r->items);
	map_free(&r->by_path);
	arena_free(&r->arena);
	*r = (struct record){ 0 };
}

/* One CSV field into the arena; *end_out says whether the row ends behind it. */
static bool take_field(const char **out, bool *end_out, struct slice *rest, struct arena *a,
		       struct err *err)
{
	struct slice s = *rest;
	bool quoted = s.len && s.ptr[0] == '"';
	size_t i = quoted, most = strcspn(s.ptr, "\n");
	char *field, *at;

	if (most > ROW_MAX)
		return err_set(err, E_INTEGRITY, "RECORD has a row of more than %d bytes", ROW_MAX);
	field = at = arena_alloc(a, most + 1);
	for (;; i++) {
		if (i == s.len || s.ptr[i] == '\n' || (!quoted && s.ptr[i] == ','))
			break;
		if (quoted && s.ptr[i] == '"' && !(i + 1 < s.len && s.ptr[i + 1] == '"')) {
			quoted = false;
			continue;
		}
		i += quoted && s.ptr[i] == '"';
		if (s.ptr[i] == '\r' && (i + 1 == s.len || s.ptr[i + 1] == '\n'))
			continue;
		*at++ = s.ptr[i];
	}
	if (quoted)
		return err_set(err, E_INTEGRITY, "RECORD has a row with an open quote");
	*end_out = i == s.len || s.ptr[i] == '\n';
	i += i < s.len;
	*rest = (struct slice){ .ptr = s.ptr + i, .len = s.len - i };
	*out = field;
	return true;
}

static bool parse_hash(struct record_row *row, struct err *err)
{
	AUTO(buf_free) struct buf bytes = BUF_INIT(4 * HASH_SIZE_MAX);
	struct slice digest, name = slice_cut(slice_of(row->hash_text), '=', &digest);
	AUTO(auto_free) char *standard = NULL;
	struct err bad = { 0 };

	if (!row->hash_text[0])
		return true;
	if (!hash_kind_find(&row->kind, name.ptr, name.len))
		return err_set(err, E_INTEGRITY,
			       "RECORD: %s: hash '" SLICE_FMT "' is not one that counts", row->path,
			       SLICE_ARG(name));
	standard = mem_strndup(digest.ptr ? digest.ptr : "", digest.len);
	for (char *c = standard; *c; c++)
		*c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
	if (!str_base64_decode(&bytes, slice_of(standard), &bad) ||
	    bytes.len != hash_kind_size(row->kind))
		return err_set(err, E_INTEGRITY, "RECORD: %s: '%s' is not a hash", row->path,
			       row->hash_text);
	memcpy(row->hash, bytes.ptr, bytes.len);
	return true;
}

static bool parse_row(struct record_row *row, const char *const fields[FIELDS], struct err *err)
{
	uint64_t size;

	row->path = fields[0];
	row->hash_text = fields[1];
	row->size = -1;
	if (fields[2][0]) {
		if (!str_to_u64(&size, slice_of(fields[2]), INT64_MAX))
			return err_set(err, E_INTEGRITY, "RECORD: %s: '%s' is not a size",
				       row->path, fields[2]);
		row->size = (int64_t)size;
	}
	return parse_hash(row, err);
}

static struct record_row *push(struct record *r, const char *path)
{
	struct record_row *row = ARRAY_PUSH(r);

	row->path = path;
	map_put(&r->by_path, path, (void *)(uintptr_t)r->len);
	return row;
}

static bool take_row(struct record *r, struct slice *rest, struct err *err)
{
	const char *fields[FIELDS] = { "", "", "" };
	struct record_row row = { 0 };
	size_t n = 0;
	bool end = false;

	while (!end) {
		const char *field = "";

		if (!take_field(&field, &end, rest, &r->arena, err))
			return false;
		if (n == FIELDS)
			return err_set(err, E_INTEGRITY, "RECORD: %s: more than %d columns",
				       fields[0], FIELDS);
		fields[n++] = field;
	}
	if (n == 1 && !fields[0][0])
		return true; /* an empty line */
	if (!parse_row(&row, fields, err))
		return false;
	if (map_has(&r->by_path, row.path))
		return err_set(err, E_INTEGRITY, "RECORD lists %s twice", row.path);
	*push(r, row.path) = row;
	return true;
}

bool record_parse(struct record *out, struct slice text, struct err *err)
{
	AUTO(record_free) struct record r = { 0 };
	AUTO(auto_free) char *copy = mem_strndup(text.ptr, text.len);
	struct slice rest = { .ptr = copy, .len = text.len };

	if (text.len && memchr(text.ptr, '\0', text.len))
		return err_set(err, E_INTEGRITY, "RECORD holds a NUL");
	while (rest.len)
		if (!take_row(&r, &rest, err))
			return false;
	*out = r;
	r = (struct record){ 0 };
	return true;
}

const struct record_row *record_find(const struct record *r, const char *path)
{
	size_t index = (size_t)(uintptr_t)map_get(&r->by_path, path);

	return index ? &r->items[index - 1] : NULL;
}

void record_add(struct record *r, const char *path, const char *hash_text, int64_t size)
{
	struct record_row *row = push(r, arena_strdup(&r->arena, path));

	row->hash_text = arena_strdup(&r->arena, hash_text);
	row->size = size;
}

void record_add_bytes(struct record *r, const char *path, const void *data, size_t len)
{
	unsigned char hash[SHA256_SIZE];
	AUTO(auto_free) char *digest = NULL;
	AUTO(auto_free) char *text = NULL;

	sha256_of(hash, data, len);
	digest = str_base64_encode(hash, sizeof(hash));
	for (char *c = digest; *c; c++)
		*c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c);
	text = mem_printf("sha256=%s", digest);
	record_add(r, path, text, (int64_t)len);
}

static int cmp_rows(const void *a, const void *b)
{
	return strcmp(((const struct record_row *)a)->path, ((const struct record_row *)b)->path);
}

static void put_field(struct buf *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		buf_put(out, text);
		return;
	}
	buf_put(out, "\"");
	for (; *text; text++) {
		if (*text == '"')
			buf_put(out, "\"");
		buf_put_byte(out, (unsigned char)*text);
	}
	buf_put(out, "\"");
}

void record_format(struct buf *out, struct record *r)
{
	if (r->len > 1)
		qsort(r->items, r->len, sizeof(*r->items), cmp_rows);
	for (size_t i = 0; i < r->len; i++) {
		const struct record_row *row = &r->items[i];

		put_field(out, row->path);
		buf_putf(out, ",%s,", row->hash_text);
		if (row->size >= 0)
			buf_putf(out, "%lld", (long long)row->size);
		buf_put(out, "\n");
	}
}
