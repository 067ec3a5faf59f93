// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "layers/zip.h"
#include "python/index_private.h"
#include "python/wheel.h"

/*
 * METADATA out of a wheel on a server, by ranges (RFC 9110, 14): the end of the file, which holds
 * the zip's directory and most often METADATA, what the directory lacks, then METADATA itself. The
 * parts are put into a file in memory at their places, so that the zip reader sees a zip.
 */

enum { TAIL = 128 * KIB }; /* the directory of some thousand files, and the .dist-info before it */

struct tail {
	struct index_client *client;
	const struct simple_file *file;
	int fd;        /* as large as the wheel, mostly holes */
	uint64_t size; /* of the wheel; 0: not known yet */
	uint64_t from; /* all from here on is filled in */
	bool refused;  /* the server gives no ranges */
};

/* "bytes 5-9/10" */
static bool parse_content_range(uint64_t *first, uint64_t *last, uint64_t *size, const char *text)
{
	struct slice end, total;
	struct slice begin, rest = slice_of(text);

	if (!slice_has_prefix(rest, "bytes "))
		return false;
	begin = slice_cut((struct slice){ rest.ptr + 6, rest.len - 6 }, '-', &end);
	if (!end.ptr)
		return false;
	end = slice_cut(end, '/', &total);
	return total.ptr && str_to_u64(first, slice_trim(begin, " "), LIMIT_WHEEL_UNPACKED) &&
	       str_to_u64(last, end, LIMIT_WHEEL_UNPACKED) &&
	       str_to_u64(size, slice_trim(total, " "), LIMIT_WHEEL_UNPACKED);
}

/* The answer holds what was asked for: up to the end of a file of the size that is known. */
static bool is_answer(const struct tail *t, const struct http_reply *reply, uint64_t *first,
		      uint64_t *last, uint64_t *size)
{
	const char *range = http_header(reply, "Content-Range", 0);

	return reply->status == 206 && range && !http_header(reply, "Content-Encoding", 0) &&
	       parse_content_range(first, last, size, range) && *first <= *last && *last < *size &&
	       (!t->size || *size == t->size) &&
	       (t->file->size < 0 || *size == (uint64_t)t->file->size);
}

static bool put_part(struct tail *t, const struct buf *part, uint64_t at, struct err *err)
{
	if (pwrite(t->fd, part->ptr, part->len, (off_t)at) != (ssize_t)part->len)
		return err_set_errno(err, "keep a part of %s", t->file->filename);
	return true;
}

/* `range`: "-100" or "5-9". Sets refused when the server has another mind. */
static bool fetch_part(struct tail *t, uint64_t *first_out, const char *range, size_t max,
		       struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(buf_free) struct buf part = BUF_INIT(max);
	AUTO(auto_free) char *value = mem_printf("bytes=%s", range);
	uint64_t last, size;
	const struct index_ask ask = { .url = t->file->url,
				       .headers = { { "Range", value } },
				       .foreign = true };

	if (!index_send(&reply, NULL, t->client, &ask, err))
		return false;
	t->refused = !is_answer(t, &reply, first_out, &last, &size);
	if (t->refused)
		return true;
	if (!http_read(&part, &reply, max, t->file->filename, err))
		return false;
	t->refused = part.len != last - *first_out + 1;
	if (t->refused)
		return true;
	if (!t->size && ftruncate(t->fd, (off_t)size) < 0)
		return err_set_errno(err, "keep parts of %s", t->file->filename);
	t->size = size;
	return put_part(t, &part, *first_out, err);
}

static bool fetch_end(struct tail *t, struct err *err)
{
	AUTO(auto_free) char *range = mem_printf("-%d", TAIL);

	if (!fetch_part(t, &t->from, range, TAIL, err) || t->refused)
		return err->code == E_NONE;
	t->refused = t->from != (t->size > TAIL ? t->size - TAIL : 0);
	return true;
}

/* Bytes `at` to `end`, but for those that are here. */
static bool fetch_between(struct tail *t, uint64_t at, uint64_t end, struct err *err)
{
	AUTO(auto_free) char *range = NULL;
	uint64_t first;

	if (end > t->from)
		end = t->from;
	if (at >= end)
		return true;
	if (end - at > LIMIT_ZIP_DIRECTORY) {
		t->refused = true;
		return true;
	}
	range = mem_printf("%llu-%llu", (unsigned long long)at, (unsigned long long)(end - 1));
	if (!fetch_part(t, &first, range, (size_t)(end - at), err) || t->refused)
		return err->code == E_NONE;
	t->refused = first != at;
	return true;
}

/* NAME-VERSION.dist-info/METADATA, by the wheel's own name; NULL: there is none. */
static const struct zip_member *find_metadata(const struct zip *z, const char *filename)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct wheel_name name;
	struct err ignored = { 0 };
	struct wheel w = { 0 };

	if (!wheel_name_parse(&name, &a, filename, &ignored))
		return NULL;
	w.name = arena_strdup(&a, name.key);
	w.version = arena_strdup(&a, name.version.text);
	for (size_t i = 0; i < zip_count(z); i++) {
		struct slice rest, folder = slice_cut(slice_of(zip_at(z, i)->name), '/', &rest);

		if (rest.ptr && slice_eq(rest, "METADATA") &&
		    wheel_owns_folder(&w, folder, ".dist-info"))
			return zip_at(z, i);
	}
	return NULL;
}

static bool open_zip(struct zip **out, uint64_t *missing, const struct tail *t, struct err *err)
{
	int fd = dup(t->fd);

	if (fd < 0)
		return err_set_errno(err, "dup");
	return zip_open_partial(out, missing, fd, t->from, t->file->filename, err);
}

/* What a broken zip gets: nothing found, and no failure. The whole file tells what is wrong. */
static bool give_up(const struct tail *t, struct err *err)
{
	if (err->code != E_INTEGRITY && err->code != E_INPUT && err->code != E_UNSUPPORTED)
		return false;
	event_detail(t->client->events, "%s: %s", t->file->filename, err->msg);
	err_clear(err);
	return true;
}

static bool read_metadata(struct buf *out, bool *found_out, struct tail *t, struct zip *z,
			  struct err *err)
{
	const struct zip_member *m = find_metadata(z, t->file->filename);
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(out);
	uint64_t at, end;

	if (!m || m->size > LIMIT_WHEEL_METADATA)
		return true;
	zip_member_extent(&at, &end, z, m);
	if (!fetch_between(t, at, end, err))
		return false;
	if (t->refused)
		return true;
	if (!zip_open_member(&from, z, m, err) || !source_copy(from, &to.sink, NULL, err)) {
		buf_clear(out);
		return give_up(t, err);
	}
	*found_out = true;
	return true;
}

static bool read_tail(struct buf *out, bool *found_out, struct tail *t, struct err *err)
{
	AUTO(auto_zip_close) struct zip *z = NULL;
	uint64_t missing = 0;

	if (!fetch_end(t, err))
		return false;
	if (t->refused)
		return true;
	if (!open_zip(&z, &missing, t, err))
		return give_up(t, err);
	if (!z) {
		if (!fetch_between(t, missing, t->from, err))
			return false;
		t->from = missing;
		if (t->refused)
			return true;
		if (!open_zip(&z, &missing, t, err))
			return give_up(t, err);
	}
	return !z || read_metadata(out, found_out, t, z, err);
}

bool index_metadata_by_range(struct buf *out, bool *found_out, struct index_client *x,
			     const struct simple_file *f, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct tail t = { .client = x, .file = f };

	*found_out = false;
	/* one request for all of it is better than two for parts */
	if ((f->size >= 0 && f->size <= TAIL) || index_refuses_ranges(x, f->url))
		return true;
	fd = memfd_create("wheel", MFD_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, "memfd_create");
	t.fd = fd;
	if (!read_tail(out, found_out, &t, err))
		return false;
	if (t.refused)
		index_note_no_ranges(x, f->url);
	return true;
}
