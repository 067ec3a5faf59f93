// SPDX-License-Identifier: Apache-2.0
#include "runtime/upload_body.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/* Part after part, the file by pieces whose base64 needs no padding but the last. */

enum { PIECE = 48 * KIB }; /* a multiple of 3 */

static bool read_piece(unsigned char *out, size_t *len_out, const struct upload_body *b,
		       struct err *err)
{
	size_t len = 0;

	while (len < PIECE) {
		ssize_t n = read(b->fd, out + len, PIECE - len);

		if (n < 0)
			return err_set_errno(err, "read the zip");
		if (!n)
			break;
		len += (size_t)n;
	}
	*len_out = len;
	return true;
}

static void put_chunk(struct upload_body *b, char *text)
{
	free(b->chunk);
	b->chunk = text;
	b->len = strlen(text);
	b->at = 0;
}

/* The next bytes to give; none at the end. */
static bool next_chunk(struct upload_body *b, struct err *err)
{
	unsigned char piece[PIECE];
	size_t len = 0;

	switch (b->part) {
	case BODY_BEFORE:
		put_chunk(b, mem_strdup(b->before));
		b->part = BODY_FILE;
		return true;
	case BODY_FILE:
		if (!read_piece(piece, &len, b, err))
			return false;
		if (len) {
			put_chunk(b, str_base64_encode(piece, len));
			return true;
		}
		put_chunk(b, mem_strdup(b->after));
		b->part = BODY_AFTER;
		return true;
	case BODY_AFTER:
		b->part = BODY_END;
		b->len = b->at = 0;
		return true;
	case BODY_END:
		return true;
	}
	return true;
}

static bool body_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct upload_body *b = (struct upload_body *)self;

	while (b->at == b->len && b->part != BODY_END)
		if (!next_chunk(b, err))
			return false;
	*len_out = b->len - b->at < cap ? b->len - b->at : cap;
	if (*len_out)
		memcpy(data, b->chunk + b->at, *len_out);
	b->at += *len_out;
	return true;
}

static bool body_rewind(struct source *self, struct err *err)
{
	struct upload_body *b = (struct upload_body *)self;

	if (lseek(b->fd, 0, SEEK_SET) < 0)
		return err_set_errno(err, "rewind the zip");
	b->part = BODY_BEFORE;
	b->len = b->at = 0;
	return true;
}

static bool measure(struct upload_body *b, struct err *err)
{
	AUTO(sink_hash_free) struct sink_hash hash = { 0 };
	size_t len = 1;

	sink_hash_init(&hash, NULL);
	while (len) {
		char data[16 * KIB];

		if (!body_read(&b->source, data, sizeof(data), &len, err) ||
		    (len && !sink_write(&hash.sink, data, len, err)))
			return false;
	}
	if (!sink_finish(&hash.sink, err))
		return false;
	b->size = hash.size;
	memcpy(b->hash, hash.hash, sizeof(b->hash));
	return body_rewind(&b->source, err);
}

bool upload_body_open(struct upload_body *out, const char *path, char *before, char *after,
		      struct err *err)
{
	*out = (struct upload_body){ .source = { .read = body_read, .rewind = body_rewind },
				     .before = before,
				     .after = after };
	out->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0)
		return err_set_errno(err, "%s", path);
	return measure(out, err) || err_wrap(err, "%s", path);
}

void upload_body_close(struct upload_body *b)
{
	if (!b->source.read)
		return;
	if (b->fd >= 0)
		close(b->fd);
	free(b->before);
	free(b->after);
	free(b->chunk);
	*b = (struct upload_body){ 0 };
}
