// SPDX-License-Identifier: Apache-2.0
#ifndef NET_WIRE_H
#define NET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/certs.h"

/*
 * HTTP on the wire: one thread that owns one libcurl multi handle and so one connection pool,
 * HTTP/2 where it is offered. Callers of any thread start an exchange and block; bodies cross by
 * bounded rings. No retries, no redirects, no meaning of statuses: that is http's. The only user of
 * libcurl.
 */
struct wire;
/* Loads libcurl and starts the thread. `stall_s` 0: LIMIT_STALL_S. */
MUST_CHECK bool wire_open(struct wire **out, unsigned stall_s, struct err *err);
void wire_close(struct wire *w); /* no exchange may be open; NULL is fine */

/* Why an exchange got no complete answer. */
enum wire_trouble {
	WIRE_OK,
	WIRE_CANCELLED,
	WIRE_RESOLVE,     /* no such host */
	WIRE_PROXY,       /* the proxy failed or refused */
	WIRE_REFUSED,     /* nobody listens, or no route */
	WIRE_TIMEOUT,     /* no connection within LIMIT_CONNECT_S */
	WIRE_FORBIDDEN,   /* a name led to a link-local address */
	WIRE_NOT_TLS,     /* the other side speaks something else */
	WIRE_CERTIFICATE, /* unknown authority */
	WIRE_CERT_NAME,   /* a certificate for another host */
	WIRE_CERT_DATE,   /* expired or not yet valid */
	WIRE_CERT_CLIENT, /* it wants a client certificate */
	WIRE_TLS,         /* any other TLS failure, our own certificate files included */
	WIRE_BROKEN,      /* cut, reset, or ended early */
	WIRE_STALLED,     /* under 1 KiB/s for LIMIT_STALL_S */
	WIRE_GARBAGE,     /* not HTTP, or headers past the limit */
};
enum { WIRE_TROUBLES = WIRE_GARBAGE + 1 };

/* AWS Signature Version 4 by libcurl: of the method, the path, Host, all `headers` given, the date
 * and the body, which must be whole. Copied; wiped in the end. */
struct wire_sign {
	const char *provider; /* "aws:amz:REGION:SERVICE" */
	const char *key, *secret;
	const char *body; /* text, the request's body_size bytes; not put with exchange_put. NULL:
			     what is put is signed by the header X-Amz-Content-Sha256 */
};

struct wire_request {
	const char *method;
	const char *url;
	const struct str_list *headers; /* whole lines; copied */
	bool has_body;
	uint64_t body_size;
	const char *proxy;            /* NULL: none */
	const struct certs *certs;    /* https; NULL: the system's */
	bool insecure;                /* certificates are not verified */
	const struct wire_sign *sign; /* NULL: not signed */
	bool whole_bundle;            /* never lean, see wire_is_lean */
	bool no_link_local;           /* the URL came from a server */
	bool once;                    /* a body is not sent again on another connection */
};

/*
 * Whether the system's authorities are looked up in their directory (OpenSSL's, by hash) alone.
 * The bundle, which has the same ones, costs 30 ms of processor time to read, for each connection.
 * Where the directory does not have what the bundle has, WIRE_CERTIFICATE says so, and the request
 * is to be started again with `whole_bundle`. Of certificates by options nothing is left out.
 */
bool wire_is_lean(const struct wire_request *req);

/* All of these belong to the thread that started the exchange. */
struct exchange;
void wire_start(struct exchange **out, struct wire *w, const struct wire_request *req);

/*
 * Give up to `len` bytes of the request's body; waits until at least one was taken. *taken_out 0:
 * no more are wanted, because the answer is there already or the exchange failed.
 */
void exchange_put(struct exchange *x, const void *data, size_t len, size_t *taken_out);

/* Wait for the headers of the answer; false: there is none, see exchange_trouble. */
MUST_CHECK bool exchange_headers(struct exchange *x);
int exchange_status(const struct exchange *x);
const struct str_list *exchange_lines(const struct exchange *x); /* header lines as received */

/* Up to `cap` bytes of the answer's body; waits; *len_out 0 at the end. False: it broke off, see
 * exchange_trouble. */
MUST_CHECK bool exchange_take(struct exchange *x, void *data, size_t cap, size_t *len_out);

/* What went wrong; `text_out` (may be NULL) gets libcurl's words for it, borrowed. */
enum wire_trouble exchange_trouble(struct exchange *x, const char **text_out);
/* Whether any byte of the request may have reached the server. */
bool exchange_was_sent(struct exchange *x);

/* Ends it, whatever its state, and frees it; NULL is fine. */
void exchange_close(struct exchange *x);

#endif
