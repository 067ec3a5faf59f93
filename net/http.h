// SPDX-License-Identifier: Apache-2.0
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/sink.h"
#include "base/str.h"
#include "net/url.h"
#include "net/wire.h"

/*
 * An HTTP client: requests by value, answers as a status, headers and a source of bytes. It repeats
 * what may be repeated (net/retry.h), takes proxies from the environment and certificates from
 * certs.d, and never follows a redirect, keeps a cookie, reads .netrc or asks for a content
 * encoding. Thread-safe; any number of requests at once share one pool of connections. Opening
 * costs nothing: libcurl and the thread come with the first request.
 */
struct http;

struct http_options {
	struct events *events; /* retries, as details */
	const char *ca_file;   /* additional authorities, PEM; NULL: none */
	bool insecure;         /* certificates are not verified */
	bool trace;            /* headers of requests and answers as details, without secrets */
	unsigned backoff_ms;   /* first pause before a repetition; 0: 500 */
	unsigned stall_s;      /* 0: LIMIT_STALL_S */
};
struct http *http_open(const struct http_options *opt); /* texts are copied */
void http_close(struct http *h); /* every reply must be freed before; NULL is fine */
DEFINE_AUTO(struct http, http_close)

enum { HTTP_HEADERS_MAX = 12 };
struct http_header {
	const char *name, *value; /* a value with control characters is E_INPUT, so nothing can be
				     smuggled in */
};

/* AWS Signature Version 4. */
struct http_sign {
	const char *region, *service;
	const char *key, *secret; /* a session token goes into X-Amz-Security-Token */
	/* The body's SHA-256 in hex, when it is known before: any body, sent as it is read. NULL:
	   the body must be text of at most LIMIT_SIGNED_BODY bytes. */
	const char *body_hash;
};

struct http_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
	const struct url *url;
	struct http_header headers[HTTP_HEADERS_MAX]; /* up to the first without a name or value */
	/*
	 * The body of POST, PUT and PATCH: exactly `body_size` bytes, always sent with a
	 * Content-Length, and as application/octet-stream unless a header says otherwise. NULL:
	 * empty. Its last bytes are held back until it has ended well, so a source that verifies
	 * itself never completes a wrong upload. A repetition needs its rewind.
	 */
	struct source *body;
	uint64_t body_size;
	/* Not to be sent again once it may have reached the server, but for 429, which says that
	   nothing was done. */
	bool once;
	bool insecure; /* certificates are not verified, this time */
	bool direct;   /* past any proxy: for addresses that only this machine can reach */
	const struct http_sign *sign; /* NULL: not signed */
	bool foreign; /* the URL was named by a server: names that lead to link-local addresses are
			 refused */
};

struct http_reply {
	int status;
	struct str_list headers; /* "Name: value" lines as received */
	struct source
		*body; /* never NULL after success; the end of a broken transfer is E_NETWORK */
	enum wire_trouble trouble; /* after a failure: what kind, or WIRE_OK when it was none of the
				      network's */
};
/* Ends the exchange; what was not read is dropped. */
void http_reply_free(struct http_reply *r);

/*
 * Send and wait for the headers of the answer; any status is a success. E_NETWORK after retries,
 * E_CANCELLED, E_INPUT for certificate files that are not usable, or what the body's source failed
 * with.
 */
MUST_CHECK bool http_send(struct http_reply *out, struct http *h, const struct http_request *req,
			  struct err *err);

/* Pause before attempt `attempt` (1 for the first repetition) of what the caller repeats itself: as
 * long as http_send would, counted as a repetition. `reply` NULL: there was none. E_CANCELLED. */
MUST_CHECK bool http_wait(struct http *h, unsigned attempt, const struct http_reply *reply,
			  struct err *err);

/* The value of the n-th header of that name (any case), blanks trimmed; NULL when there is none.
 * Borrowed. */
const char *http_header(const struct http_reply *r, const char *name, size_t n);

/* Where a part begins by its Content-Range (RFC 9110, 14.4): 100 of "bytes 100-199/200". False when
 * it is NULL, of another unit, unsatisfied, malformed, or ends before it begins. */
bool http_range_start(uint64_t *out, const char *content_range);

/* The rest of the body, at most `max` bytes more in `out`; a longer one is E_INTEGRITY naming
 * `what`. */
MUST_CHECK bool http_read(struct buf *out, struct http_reply *r, size_t max, const char *what,
			  struct err *err);

#endif
