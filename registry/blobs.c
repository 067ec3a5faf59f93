// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/learn.h"
#include "registry/problem.h"

/*
 * Blobs of a repository as verified sources. A broken connection is taken up again where it broke,
 * by Range; the hash goes on, since what was given out stays given out.
 */

struct repository_blobs {
	struct blob_source source;
	struct registry *r;
	struct reference repository;
};

struct blob_reader {
	struct source source;
	struct registry *r;
	struct reference repository;
	struct descriptor want;
	struct client_reply reply;
	bool open;
	uint64_t offset; /* of the next byte to give out */
	uint64_t skip;   /* bytes to drop first: the server ignored the Range */
	unsigned breaks; /* since the last progress worth the name */
	uint64_t marked; /* offset at that time */
	struct sha256 hash;
	bool done;
};

/* It must start where we stopped. */
static bool range_fits(const struct http_reply *reply, uint64_t offset)
{
	uint64_t start;

	return http_range_start(&start, http_header(reply, "Content-Range", 0)) && start == offset;
}

static bool wrong_size(const struct blob_reader *b, uint64_t got, struct err *err)
{
	return err_set(err, E_INTEGRITY, "it has %s%llu bytes where %lld were promised",
		       got > (uint64_t)b->want.size ? "at least " : "", (unsigned long long)got,
		       (long long)b->want.size);
}

static bool accept_answer(struct blob_reader *b, bool asked, struct err *err)
{
	int status = b->reply.http.status;
	const char *length = http_header(&b->reply.http, "Content-Length", 0);
	uint64_t announced;

	b->skip = 0;
	if (status == 206 && b->offset > 0) {
		if (!range_fits(&b->reply.http, b->offset))
			return err_set(err, E_NETWORK,
				       "the server sent another range than asked for");
		if (learn_recall(b->r, &b->repository).range == KNOWN_NO)
			learn(b->r, &b->repository, LEARN_RANGE, KNOWN_YES);
		return true;
	}
	if (status != 200)
		return problem_error(err, &b->reply.http, "GET");
	b->skip = b->offset;
	if (asked)
		learn(b->r, &b->repository, LEARN_RANGE, KNOWN_NO);
	if (length && str_to_u64(&announced, slice_of(length), UINT64_MAX) &&
	    announced != (uint64_t)b->want.size)
		return wrong_size(b, announced, err);
	return true;
}

static bool reader_open(struct blob_reader *b, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("blobs/%s", digest_format(&b->want.digest).text);
	AUTO(auto_free) char *range = NULL;
	struct client_call call = { .method = "GET",
				    .repository = &b->repository,
				    .access = ACCESS_PULL,
				    .path = path,
				    .follow = true };

	if (b->offset > 0) {
		range = mem_printf("bytes=%llu-", (unsigned long long)b->offset);
		call.headers[0] = (struct http_header){ "Range", range };
	}
	client_reply_free(&b->reply);
	if (!client_call(&b->reply, b->r, &call, err) || !accept_answer(b, range != NULL, err)) {
		client_reply_free(&b->reply);
		return false;
	}
	b->open = true;
	return true;
}

static bool finish(struct blob_reader *b, struct err *err)
{
	unsigned char hash[SHA256_SIZE];
	struct digest got;

	if (b->offset != (uint64_t)b->want.size)
		return wrong_size(b, b->offset, err);
	sha256_final(&b->hash, hash);
	b->done = true;
	got = digest_from_hash(hash);
	if (!digest_eq(&got, &b->want.digest))
		return err_set(err, E_INTEGRITY, "its bytes have the digest %s",
			       digest_format(&got).text);
	return true;
}

/* One read from the open connection. A complete blob ends it even when the server would go on. */
static bool read_some(struct blob_reader *b, void *data, size_t cap, size_t *len_out,
		      struct err *err)
{
	for (;;) {
		size_t len;

		if (!source_read(b->reply.http.body, data, cap, &len, err))
			return false;
		if (len > 0 && b->skip > 0) {
			size_t drop = len < b->skip ? len : (size_t)b->skip;

			b->skip -= drop;
			len -= drop;
			memmove(data, (char *)data + drop, len);
			if (len == 0)
				continue;
		}
		if (len > (uint64_t)b->want.size - b->offset)
			return wrong_size(b, b->offset + len, err);
		sha256_update(&b->hash, data, len);
		b->offset += len;
		*len_out = len;
		return len > 0 || finish(b, err);
	}
}

/* A byte for each connection is none. */
static void note_progress(struct blob_reader *b)
{
	if (b->offset - b->marked < LIMIT_RESUME_PROGRESS)
		return;
	b->marked = b->offset;
	b->breaks = 0;
}

static bool reader_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct blob_reader *b = (struct blob_reader *)self;
	struct err why;

	*len_out = 0;
	if (b->done)
		return true;
	for (;;) {
		why = (struct err){ 0 };
		if (b->offset == (uint64_t)b->want.size && !b->open && b->breaks) {
			if (finish(b, err)) /* it broke between the last byte and the end */
				return true;
			break;
		}
		if ((b->open || reader_open(b, &why)) && read_some(b, data, cap, len_out, &why)) {
			note_progress(b);
			return true;
		}
		/* An error before the headers has had its repetitions already. */
		if (why.code != E_NETWORK || !b->open || ++b->breaks > LIMIT_RETRIES) {
			*err = why;
			break;
		}
		b->open = false;
		/* A busy server is not helped by haste; one slip is. */
		if (b->breaks > 1 && !http_wait(b->r->http, b->breaks - 1, NULL, err))
			break;
		event_detail(b->r->events, "%s: %s, going on at byte %llu",
			     digest_format(&b->want.digest).text, why.msg,
			     (unsigned long long)b->offset);
	}
	return err_wrap(err, "blob %s of %s", digest_format(&b->want.digest).text,
			reference_name(&b->repository).text);
}

static bool reader_rewind(struct source *self, struct err *err)
{
	struct blob_reader *b = (struct blob_reader *)self;

	(void)err;
	client_reply_free(&b->reply);
	sha256_free(&b->hash);
	sha256_init(&b->hash);
	b->open = b->done = false;
	b->offset = b->skip = b->marked = 0;
	b->breaks = 0;
	return true;
}

static void reader_close(struct source *self)
{
	struct blob_reader *b = (struct blob_reader *)self;

	client_reply_free(&b->reply);
	sha256_free(&b->hash);
	free(b);
}

/* The bytes an earlier run kept go into the hash before the rest does. */
static bool take_kept(struct blob_reader *b, struct source *kept, struct err *err)
{
	AUTO(auto_free) char *data = mem_alloc(128 * KIB);
	size_t len;

	for (;;) {
		if (!source_read(kept, data, 128 * KIB, &len, err) || !cancel_check(err))
			return false;
		if (len == 0)
			break;
		sha256_update(&b->hash, data, len);
		b->offset += len;
	}
	b->marked = b->offset;
	b->breaks = b->offset == (uint64_t)b->want.size; /* nothing to ask for */
	return true;
}

bool registry_open_blob(struct source **out, struct blob_source *self, const struct descriptor *d,
			struct source *kept, struct err *err)
{
	struct repository_blobs *repository = (struct repository_blobs *)self;
	struct blob_reader *b;

	if (d->size < 0 || d->size > LIMIT_BLOB)
		return err_set(err, E_INTEGRITY, "blob %s: %lld bytes",
			       digest_format(&d->digest).text, (long long)d->size);
	b = mem_alloc(sizeof(*b));
	b->source = (struct source){ .read = reader_read,
				     .rewind = reader_rewind,
				     .close = reader_close };
	b->r = repository->r;
	b->repository = repository->repository;
	b->want = (struct descriptor){ .digest = d->digest, .size = d->size };
	sha256_init(&b->hash);
	/* Opened at once, so that a blob that is not there fails here and not in mid-copy. */
	if ((kept && !take_kept(b, kept, err)) || (!b->breaks && !reader_open(b, err))) {
		reader_close(&b->source);
		return err_wrap(err, "blob %s of %s", digest_format(&d->digest).text,
				reference_name(&repository->repository).text);
	}
	*out = &b->source;
	return true;
}

static bool blobs_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		       struct err *err)
{
	return registry_open_blob(out, self, d, NULL, err);
}

bool registry_owns_blobs(const struct blob_source *source)
{
	return source->open == blobs_open;
}

static const struct reference *blobs_origin(struct blob_source *self, const struct descriptor *d)
{
	(void)d;
	return &((struct repository_blobs *)self)->repository;
}

struct blob_source *registry_blobs(struct registry *r, const struct reference *repository)
{
	AUTO(auto_free) char *key = mem_printf("%s/%s", repository->host, repository->repository);
	struct repository_blobs *blobs;

	lock_take(&r->lock);
	blobs = map_get(&r->blobs, key);
	if (!blobs) {
		blobs = mem_alloc(sizeof(*blobs));
		blobs->source = (struct blob_source){ blobs_open, blobs_origin };
		blobs->r = r;
		blobs->repository = *repository;
		blobs->repository.tag[0] = '\0';
		blobs->repository.has_digest = false;
		map_put(&r->blobs, key, blobs);
	}
	lock_drop(&r->lock);
	return &blobs->source;
}

bool registry_get_blob(struct buf *out, struct registry *r, const struct reference *repository,
		       const struct descriptor *d, struct err *err)
{
	AUTO(auto_source_close) struct source *source = NULL;
	struct sink_buf sink = sink_buf(out);
	uint64_t size;

	if (d->size > (int64_t)(out->max - out->len))
		return err_set(err, E_INTEGRITY, "blob %s: %lld bytes (limit %zu)",
			       digest_format(&d->digest).text, (long long)d->size, out->max);
	return blobs_open(registry_blobs(r, repository), &source, d, err) &&
	       source_copy(source, &sink.sink, &size, err);
}
