// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_INDEX_CACHE_H
#define PYTHON_INDEX_CACHE_H

#include "image/store.h"
#include "net/http.h"

/*
 * Answers of package indexes kept in a store (RFC 9111, a private cache), each in one file of
 * cache/pages named by the hash of its URL. A file that cannot be read, or is of another URL, is as
 * good as none, and not being able to write one is no failure. No credentials are in it.
 */
struct index_answer {
	int status; /* 200, or 404: kept too, since "not here" is what the next index is asked by */
	char *location;                            /* URL it came from, after redirects */
	char *content_type, *etag, *last_modified; /* NULL: not said */
	int64_t checked;                           /* when the server last said it is current */
	int64_t fresh_s;                           /* and for how long that holds */
	struct buf body;
};
void index_answer_free(struct index_answer *a);

/* False: there is none. */
bool index_cache_read(struct index_answer *out, struct store *s, const char *url);
void index_cache_write(struct store *s, const char *url, const struct index_answer *a);

/* `checked` is now and lately enough. */
bool index_answer_is_fresh(const struct index_answer *a);
/* What the headers of a reply say of keeping it, into `a`. False: it must not be kept. */
bool index_answer_take_headers(struct index_answer *a, const struct http_reply *reply);

#endif
