// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_INDEX_PRIVATE_H
#define PYTHON_INDEX_PRIVATE_H

#include "base/map.h"
#include "base/parallel.h"
#include "python/index_client.h"
#include "python/index_credentials.h"

/* The inside of an index client. Internal to index_*.c. */
struct index_client {
	struct http *http;
	struct index_credentials *credentials;
	struct events *events;
	struct store *store;
	bool plain_http, offline;
	struct lock lock;
	struct map no_ranges;    /* origins that give files only whole */
	struct str_list trusted; /* hosts, with or without a port */
};

enum { INDEX_ASK_HEADERS = 4 };
struct index_ask {
	const char *url;
	struct http_header headers[INDEX_ASK_HEADERS]; /* those without a value are left out */
	bool foreign;                                  /* a page named the URL, not the user */
};

/* GET, redirects followed; any other status is a success. *final_out (may be NULL) is the caller's
 * to free. */
MUST_CHECK bool index_send(struct http_reply *reply, struct url *final_out, struct index_client *x,
			   const struct index_ask *ask, struct err *err);
/* Always false: what a status that is no success means. */
bool index_refused(const struct http_reply *reply, struct err *err);
/* A URL for messages: without its query. The caller frees. */
char *index_shown(const char *url);

/* METADATA of a wheel by range requests. *found_out false: not so, the whole file is needed. */
MUST_CHECK bool index_metadata_by_range(struct buf *out, bool *found_out, struct index_client *x,
					const struct simple_file *f, struct err *err);
/* What was seen of the origin of a URL. */
bool index_refuses_ranges(struct index_client *x, const char *url);
void index_note_no_ranges(struct index_client *x, const char *url);

#endif
