// SPDX-License-Identifier: Apache-2.0
#include "sandbox/caches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/exchange.h"

/* The parent's questions about caches and trees; the helper's answers are in cachestore.c. */

void sandbox_caches_free(struct sandbox_caches *c)
{
	for (size_t i = 0; i < c->len; i++)
		free(c->items[i].name);
	free(STEAL(c->items));
	c->len = c->cap = 0;
}

static int by_name(const void *a, const void *b)
{
	const struct sandbox_cache *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool read_caches(struct sandbox_caches *out, struct message *answer, struct err *err)
{
	uint64_t count;

	if (!message_number(&count, answer, answer->body.len, err))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t instances, bytes, used;
		struct sandbox_cache *c;
		const char *name;

		if (!message_text(&name, answer, err) ||
		    !message_number(&instances, answer, SIZE_MAX, err) ||
		    !message_number(&bytes, answer, UINT64_MAX, err) ||
		    !message_number(&used, answer, INT64_MAX, err))
			return false;
		c = ARRAY_PUSH(out);
		*c = (struct sandbox_cache){ .name = mem_strdup(name),
					     .instances = instances,
					     .bytes = bytes,
					     .used = (int64_t)used };
	}
	if (out->len)
		qsort(out->items, out->len, sizeof(*out->items), by_name);
	return true;
}

bool sandbox_caches(struct sandbox_caches *out, struct sandbox *s, struct store *store,
		    struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = REQUEST_INIT;

	r.op = REQUEST_CACHES;
	r.store = store_path(store);
	return exchange_ask(&x, s, &r, NULL, 0, err) && read_caches(out, &x.answer, err);
}

bool sandbox_cache_export(struct sink *tar, struct sandbox *s, struct store *store,
			  const char *name, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(auto_close) int write_fd = -1;
	struct request r = REQUEST_INIT;
	bool ok;

	r.op = REQUEST_CACHE_EXPORT;
	r.store = store_path(store);
	r.path = name;
	exchange_init(&x);
	if (!exchange_pipe(&write_fd, &x, POLL_DIFF, tar, err) ||
	    !exchange_send(&x, s, &r, &write_fd, 1, err))
		return false;
	auto_close(&write_fd); /* the pipe ends with the worker */
	ok = exchange_finish(&x, err);
	if (x.sink_err.code)
		*err = x.sink_err;
	return ok && !x.sink_err.code;
}

bool sandbox_cache_import(struct sandbox *s, struct store *store, const char *name, int tar_fd,
			  struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = REQUEST_INIT;

	r.op = REQUEST_CACHE_IMPORT;
	r.store = store_path(store);
	r.path = name;
	return exchange_ask(&x, s, &r, &tar_fd, 1, err);
}

bool sandbox_cache_remove(struct sandbox *s, struct store *store, const char *name, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	struct request r = REQUEST_INIT;

	r.op = REQUEST_CACHE_REMOVE;
	r.store = store_path(store);
	r.path = name;
	return exchange_ask(&x, s, &r, NULL, 0, err);
}

bool sandbox_prune_trees(size_t *removed_out, uint64_t *bytes_out, bool *busy_out,
			 struct sandbox *s, struct store *store, const struct sandbox_layer *keep,
			 size_t keep_count, bool dry_run, struct err *err)
{
	AUTO(exchange_free) struct exchange x = EXCHANGE_INIT;
	AUTO(auto_close) int lock = -1;
	struct request r = REQUEST_INIT;
	uint64_t removed;

	*removed_out = 0;
	*bytes_out = 0;
	if (!sandbox_lock_trees(&lock, store, true, err))
		return false;
	*busy_out = lock < 0;
	if (*busy_out)
		return true;
	r.op = REQUEST_PRUNE;
	r.store = store_path(store);
	r.layers = keep;
	r.layer_count = keep_count;
	r.dry_run = dry_run;
	if (!exchange_ask(&x, s, &r, NULL, 0, err) ||
	    !message_number(&removed, &x.answer, SIZE_MAX, err) ||
	    !message_number(bytes_out, &x.answer, UINT64_MAX, err))
		return false;
	*removed_out = removed;
	return true;
}
