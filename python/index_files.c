// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/downloads.h"
#include "python/index_cache.h"
#include "python/index_private.h"

/*
 * Files that pages name. A wheel is kept as cache/wheels/HASH/FILENAME by its SHA-256, so that
 * every index and every runtime shares it; METADATA by what the page says of it, since another
 * index may say something else of the same wheel.
 */

static bool refuse_offline(const struct simple_file *f, struct err *err)
{
	err_set(err, E_NOT_FOUND, "%s was not fetched before, and --offline asks nobody",
		f->filename);
	return err_hint(err, "run it once without --offline");
}

static char *wheel_path(struct index_client *x, const unsigned char *hash, const char *filename)
{
	char hex[2 * SHA256_SIZE + 1];

	hex_format(hex, hash, SHA256_SIZE);
	return mem_printf("%s/%s/%s/%s", store_path(x->store), DOWNLOADS_WHEELS, hex, filename);
}

/* It is here, of the right size; its time of use is now. */
static bool have_wheel(struct index_client *x, const unsigned char *hash,
		       const struct simple_file *f)
{
	AUTO(auto_free) char *path = wheel_path(x, hash, f->filename);
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || (f->size >= 0 && st.st_size != f->size))
		return false;
	utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
	return true;
}

static bool have_hashed(struct index_client *x, const struct simple_file *f)
{
	return f->hashes.known[HASH_SHA256] && have_wheel(x, f->hashes.values[HASH_SHA256], f);
}

/* --- metadata --- */

static char *metadata_name(const struct simple_file *f)
{
	struct sha256 s;
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256_init(&s);
	sha256_update(&s, f->url, strlen(f->url) + 1);
	for (size_t i = 0; i < ARRAY_LEN(f->hashes.known); i++) {
		if (f->hashes.known[i])
			sha256_update(&s, f->hashes.values[i], hash_kind_size((enum hash_kind)i));
		if (f->metadata_hashes.known[i])
			sha256_update(&s, f->metadata_hashes.values[i],
				      hash_kind_size((enum hash_kind)i));
	}
	sha256_final(&s, hash);
	hex_format(hex, hash, sizeof(hash));
	return mem_strdup(hex);
}

/* Every hash that the page says of it. */
static bool check_bytes(const struct buf *text, const struct file_hashes *want, const char *what,
			struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(want->known); i++) {
		unsigned char hash[HASH_SIZE_MAX];
		struct hasher h;

		if (!want->known[i])
			continue;
		hasher_init(&h, (enum hash_kind)i);
		hasher_update(&h, text->ptr, text->len);
		hasher_final(&h, hash);
		if (memcmp(hash, want->values[i], hash_kind_size((enum hash_kind)i)) != 0)
			return err_set(err, E_INTEGRITY, "%s does not have the %s its page says",
				       what, hash_kind_name((enum hash_kind)i));
	}
	return true;
}

/* *found_out false: it is not there, whatever the page said. */
static bool fetch_sibling(struct buf *out, bool *found_out, struct index_client *x,
			  const struct simple_file *f, struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	size_t path = strcspn(f->url, "?");
	AUTO(auto_free) char *url = mem_printf("%.*s.metadata%s", (int)path, f->url, f->url + path);
	AUTO(auto_free) char *shown = index_shown(url);
	const struct index_ask ask = { .url = url, .foreign = true };

	*found_out = false;
	if (!index_send(&reply, NULL, x, &ask, err))
		return err_wrap(err, "%s", shown);
	if (reply.status == 404 || reply.status == 410)
		return true;
	if (reply.status != 200) {
		index_refused(&reply, err);
		return err_wrap(err, "%s", shown);
	}
	*found_out = true;
	return http_read(out, &reply, LIMIT_WHEEL_METADATA, shown, err) &&
	       check_bytes(out, &f->metadata_hashes, shown, err);
}

bool index_client_metadata(struct buf *out, bool *found_out, struct index_client *x,
			   const struct simple_file *f, struct err *err)
{
	AUTO(auto_free) char *name = metadata_name(f);
	AUTO(auto_free) char *path = mem_printf("%s/%s", DOWNLOADS_METADATA, name);
	struct err ignored = { 0 }, damaged = { 0 };

	*found_out = true;
	if (fs_read(out, store_dir(x->store), path, LIMIT_WHEEL_METADATA, FS_BENEATH_NOLINK,
		    &ignored) &&
	    out->len && check_bytes(out, &f->metadata_hashes, path, &damaged))
		return true;
	buf_clear(out);
	*found_out = false;
	if (x->offline)
		return true;
	if (f->has_metadata && !fetch_sibling(out, found_out, x, f, err))
		return false;
	if (!*found_out && !have_hashed(x, f) &&
	    !index_metadata_by_range(out, found_out, x, f, err))
		return false;
	ignored = (struct err){ 0 };
	if (*found_out &&
	    !store_put_file(x->store, DOWNLOADS_METADATA, name, out->ptr, out->len, 0644, &ignored))
		return true; /* then it is asked for again */
	return true;
}

/* --- wheels --- */

/* The folder of a wheel by its hash. */
static bool open_folder(int *fd_out, struct index_client *x, const unsigned char *hash,
			struct err *err)
{
	char hex[2 * SHA256_SIZE + 1];
	AUTO(auto_free) char *path = NULL;

	hex_format(hex, hash, SHA256_SIZE);
	path = mem_printf("%s/%s", DOWNLOADS_WHEELS, hex);
	return store_subdir(fd_out, x->store, path, err);
}

/* Counts what passes, for people who wait. */
struct progress {
	struct sink sink;
	struct sink *next;
	struct events *events;
	uint64_t task, done, total;
};

static bool progress_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct progress *p = (struct progress *)self;

	p->done += len;
	event_progress(p->events, p->task, p->done, p->total);
	return sink_write(p->next, data, len, err);
}

static bool progress_finish(struct sink *self, struct err *err)
{
	return sink_finish(((struct progress *)self)->next, err);
}

static bool check_wheel(const struct sink_hash *got, const struct simple_file *f, struct err *err)
{
	char is[2 * SHA256_SIZE + 1], said[2 * SHA256_SIZE + 1];

	if (f->size >= 0 && got->size != (uint64_t)f->size)
		return err_set(err, E_INTEGRITY, "%s has %llu bytes, its page says %lld",
			       f->filename, (unsigned long long)got->size, (long long)f->size);
	if (!f->hashes.known[HASH_SHA256] ||
	    memcmp(got->hash, f->hashes.values[HASH_SHA256], SHA256_SIZE) == 0)
		return true;
	hex_format(is, got->hash, SHA256_SIZE);
	hex_format(said, f->hashes.values[HASH_SHA256], SHA256_SIZE);
	return err_set(err, E_INTEGRITY, "%s is sha256:%s, its page says sha256:%s", f->filename,
		       is, said);
}

/* The body of a wheel's answer, hashed and compared on its way to a temporary file. */
static bool receive(unsigned char hash_out[SHA256_SIZE], struct fs_tmp *tmp,
		    struct http_reply *reply, struct index_client *x, const struct simple_file *f,
		    struct err *err)
{
	bool sized = f->size >= 0 && f->size < LIMIT_WHEEL_UNPACKED;
	struct sink_fd file = sink_fd(tmp->fd);
	AUTO(sink_hash_free) struct sink_hash hash = { 0 };
	struct progress to = { .sink = { .write = progress_write, .finish = progress_finish },
			       .next = &hash.sink,
			       .events = x->events,
			       .task = event_start(x->events, "fetch %s", f->filename),
			       .total = sized ? (uint64_t)f->size : 0 };

	sink_hash_init(&hash, &file.sink);
	/* one byte more than promised is enough to see that it is wrong */
	reply->body = source_capped(reply->body,
				    sized ? (uint64_t)f->size + 1 : (uint64_t)LIMIT_WHEEL_UNPACKED,
				    sized ? "the size on its page" : "LIMIT_WHEEL_UNPACKED");
	if (!source_copy(reply->body, &to.sink, NULL, err) || !sink_finish(&to.sink, err) ||
	    !check_wheel(&hash, f, err)) {
		event_failed(x->events, to.task);
		return false;
	}
	memcpy(hash_out, hash.hash, SHA256_SIZE);
	event_done(x->events, to.task, NULL);
	return true;
}

/* A wheel without a SHA-256 on its page is known by its URL: what that gave last, and its tag. */
static bool last_time(struct index_answer *a, unsigned char hash_out[SHA256_SIZE],
		      struct index_client *x, const struct simple_file *f)
{
	struct file_hashes last = { 0 };

	if (!index_cache_read(a, x->store, f->url))
		return false;
	if (!file_hashes_add(&last, SLICE_LIT("sha256"),
			     (struct slice){ a->body.ptr, a->body.len }) ||
	    !last.known[HASH_SHA256] || !have_wheel(x, last.values[HASH_SHA256], f)) {
		index_answer_free(a);
		return false;
	}
	memcpy(hash_out, last.values[HASH_SHA256], SHA256_SIZE);
	return true;
}

static void remember(struct index_client *x, const struct http_reply *reply,
		     const struct simple_file *f, const unsigned char hash[SHA256_SIZE])
{
	AUTO(index_answer_free)
	struct index_answer a = { .status = 200,
				  .location = mem_strdup(f->url),
				  .body = BUF_INIT(LIMIT_SIMPLE_PAGE) };

	buf_put_hex(&a.body, hash, SHA256_SIZE);
	if (index_answer_take_headers(&a, reply))
		index_cache_write(x->store, f->url, &a);
}

/* One download, from the request to the file in its folder. *same_out: the server says that it is
 * what it was. */
static bool download(unsigned char hash_out[SHA256_SIZE], bool *same_out, struct index_client *x,
		     const struct simple_file *f, const struct index_answer *last, struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;
	AUTO(auto_close) int all = -1;
	AUTO(auto_close) int folder = -1;
	const struct index_ask ask = { .url = f->url,
				       .headers = { { "If-None-Match", last->etag } },
				       .foreign = true };

	if (!index_send(&reply, NULL, x, &ask, err))
		return false;
	*same_out = reply.status == 304 && last->etag;
	if (*same_out)
		return true;
	if (reply.status != 200)
		return index_refused(&reply, err);
	if (!store_subdir(&all, x->store, DOWNLOADS_WHEELS, err) || !fs_tmp_open(&tmp, all, err) ||
	    !receive(hash_out, &tmp, &reply, x, f, err) ||
	    !open_folder(&folder, x, hash_out, err) ||
	    !fs_tmp_commit_lossy(&tmp, folder, f->filename, 0644, err))
		return false;
	if (!f->hashes.known[HASH_SHA256])
		remember(x, &reply, f, hash_out);
	return true;
}

/* A transfer that breaks off begins again: wheels are small against layers. */
static bool download_again(unsigned char hash_out[SHA256_SIZE], bool *same_out,
			   struct index_client *x, const struct simple_file *f,
			   const struct index_answer *last, struct err *err)
{
	enum { TRIES = 3 };

	for (unsigned attempt = 1;; attempt++) {
		if (download(hash_out, same_out, x, f, last, err))
			return true;
		if (err->code != E_NETWORK || attempt == TRIES)
			return false;
		err_clear(err);
		if (!http_wait(x->http, attempt, NULL, err))
			return false;
	}
}

bool index_client_wheel(char **path_out, unsigned char hash_out[SHA256_SIZE], bool *fresh_out,
			struct index_client *x, const struct simple_file *f, struct err *err)
{
	AUTO(index_answer_free) struct index_answer last = { 0 };
	AUTO(auto_free) char *shown = index_shown(f->url);
	bool same = f->hashes.known[HASH_SHA256];
	bool have = same ? have_hashed(x, f) : last_time(&last, hash_out, x, f);

	*fresh_out = false;
	if (same)
		memcpy(hash_out, f->hashes.values[HASH_SHA256], SHA256_SIZE);
	if (!have && x->offline)
		return refuse_offline(f, err);
	if (!have || (!same && !x->offline && !index_answer_is_fresh(&last))) {
		if (!download_again(hash_out, &same, x, f, &last, err))
			return err_wrap(err, "%s", shown);
		*fresh_out = !same;
	}
	*path_out = wheel_path(x, hash_out, f->filename);
	return true;
}

void index_client_forget_wheel(struct index_client *x, const char *path)
{
	event_detail(x->events, "%s is damaged and fetched again", path);
	unlink(path);
}
