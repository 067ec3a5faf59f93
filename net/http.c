// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "net/certs.h"
#include "net/pace.h"
#include "net/proxy.h"
#include "net/retry.h"

/*
 * Requests as callers think of them, on top of the wire: repetition, proxies, certificates, bodies
 * as sources, and failures in words. What a status means is the caller's business.
 */

enum { CHUNK = 64 * KIB, DRAIN_MAX = 64 * KIB };

struct http {
	struct events *events;
	char *ca_file;
	bool insecure, trace;
	unsigned backoff_ms, stall_s;
	struct proxy_env proxies;
	struct lock lock;
	struct wire *wire; /* lazily */
	struct map certs;  /* authority -> struct certs */
	struct pace pace;
	_Atomic bool whole_bundle; /* an authority was not found in the directory */
};

static void free_certs(void *certs)
{
	certs_free(certs);
	free(certs);
}

struct http *http_open(const struct http_options *opt)
{
	struct http *h = mem_alloc(sizeof(*h));

	h->events = opt->events;
	h->ca_file = opt->ca_file ? mem_strdup(opt->ca_file) : NULL;
	h->insecure = opt->insecure;
	h->backoff_ms = opt->backoff_ms ? opt->backoff_ms : 500;
	h->stall_s = opt->stall_s;
	h->trace = opt->trace;
	h->proxies = proxy_env();
	h->certs.free_value = free_certs;
	lock_init(&h->lock);
	pace_init(&h->pace);
	return h;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	wire_close(h->wire);
	map_free(&h->certs);
	pace_free(&h->pace);
	lock_free(&h->lock);
	free(h->ca_file);
	free(h);
}

/* --- failures in words --- */

/* clang-format off */
static const struct trouble_row {
	const char *text;    /* "%s" is host:port */
	const char *hint;
	bool detail;         /* libcurl's own words help */
	unsigned repeats;    /* worth at most so many */
} trouble_rows[WIRE_TROUBLES] = {
	[WIRE_OK]          = { "no answer from %s", NULL, true, 0 },
	[WIRE_CANCELLED]   = { "interrupted while talking to %s", NULL, false, 0 },
	[WIRE_RESOLVE]     = { "there is no host called %s",
			       "check the name; behind a proxy, set HTTPS_PROXY", false, 1 },
	[WIRE_PROXY]       = { "the proxy for %s failed",
			       "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY", true, 0 },
	[WIRE_REFUSED]     = { "cannot connect to %s", "is the server running, and is the port right?", true, 0 },
	[WIRE_TIMEOUT]     = { "no connection to %s within 10 seconds", NULL, false, 1 },
	[WIRE_FORBIDDEN]   = { "%s leads to a link-local address, where no other server may send us", NULL, false, 0 },
	[WIRE_NOT_TLS]     = { "%s does not speak TLS",
			       "this registry speaks plain HTTP: add --plain-http", false, 0 },
	[WIRE_CERTIFICATE] = { "the certificate of %s is not signed by a known authority",
			       "put the authority's certificate into /etc/containers/certs.d/%s/ca.crt, or pass --ca-file FILE", false, 0 },
	[WIRE_CERT_NAME]   = { "the certificate of %s is for another host",
			       "use the name the certificate was made for", true, 0 },
	[WIRE_CERT_DATE]   = { "the certificate of %s has expired or is not valid yet",
			       "renew it, or check this machine's clock", false, 0 },
	[WIRE_CERT_CLIENT] = { "%s wants a client certificate that it trusts",
			       "put client.cert and client.key into /etc/containers/certs.d/%s", true, 0 },
	[WIRE_TLS]         = { "no TLS connection to %s", NULL, true, 0 },
	[WIRE_BROKEN]      = { "the connection to %s broke", NULL, true, LIMIT_RETRIES },
	[WIRE_STALLED]     = { "%s stopped sending and taking data", NULL, false, LIMIT_RETRIES },
	[WIRE_GARBAGE]     = { "%s does not answer with HTTP", NULL, true, 0 },
};
/* clang-format on */

static bool trouble_error(struct err *err, enum wire_trouble trouble, const char *detail,
			  const struct url *url)
{
	const struct trouble_row *row = &trouble_rows[trouble];
	AUTO(auto_free) char *host = url_authority(url);
	AUTO(auto_free) char *words = str_printable(detail, strlen(detail), 200);
	enum err_code code = trouble == WIRE_CANCELLED ? E_CANCELLED : E_NETWORK;

	/* The tables' formats are ours; only hosts are filled in. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	err_set(err, code, row->text, host);
	if (row->hint)
		err_hint(err, row->hint, host);
#pragma GCC diagnostic pop
	if (row->detail && detail[0]) {
		size_t len = strlen(err->msg);

		snprintf(err->msg + len, sizeof(err->msg) - len, " (%s)", words);
	}
	return false;
}

/* --- answers --- */

struct reply_body {
	struct source source;
	struct exchange *exchange;
	struct url url; /* for messages */
};

static bool reply_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct reply_body *b = (struct reply_body *)self;
	const char *detail;
	enum wire_trouble trouble;

	if (exchange_take(b->exchange, data, cap, len_out)) {
		counter_add(COUNTER_BYTES_RECEIVED, *len_out);
		return true;
	}
	trouble = exchange_trouble(b->exchange, &detail);
	return trouble_error(err, trouble, detail, &b->url);
}

/* A short rest is read, since that keeps the connection; a long one is cut off. */
static void reply_close(struct source *self)
{
	struct reply_body *b = (struct reply_body *)self;
	char rest[4 * KIB];
	size_t len, total = 0;

	while (total < DRAIN_MAX && exchange_take(b->exchange, rest, sizeof(rest), &len) && len)
		total += len;
	exchange_close(b->exchange);
	url_free(&b->url);
	free(b);
}

void http_reply_free(struct http_reply *r)
{
	str_list_free(&r->headers);
	source_close(r->body);
	*r = (struct http_reply){ 0 };
}

const char *http_header(const struct http_reply *r, const char *name, size_t n)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < r->headers.len; i++) {
		const char *line = r->headers.items[i];

		if (strncasecmp(line, name, len) != 0 || line[len] != ':' || n-- > 0)
			continue;
		line += len + 1;
		return line + strspn(line, " \t");
	}
	return NULL;
}

bool http_range_start(uint64_t *out, const char *content_range)
{
	struct slice text = slice_of(content_range), rest, length;
	uint64_t start, end;

	if (!slice_has_prefix(text, "bytes "))
		return false;
	text = slice_trim((struct slice){ text.ptr + 6, text.len - 6 }, " ");
	if (!str_to_u64(&start, slice_cut(text, '-', &rest), UINT64_MAX) || !rest.ptr ||
	    !str_to_u64(&end, slice_cut(rest, '/', &length), UINT64_MAX) || end < start)
		return false;
	*out = start;
	return true;
}

bool http_read(struct buf *out, struct http_reply *r, size_t max, const char *what, struct err *err)
{
	AUTO(auto_free) char *chunk = mem_alloc(CHUNK);
	size_t len, total = 0;

	for (;;) {
		if (!source_read(r->body, chunk, CHUNK, &len, err))
			return err_wrap(err, "%s", what);
		if (len == 0)
			return true;
		total += len;
		if (total > max)
			return err_set(err, E_INTEGRITY, "%s is larger than the limit of %zu bytes",
				       what, max);
		if (!buf_append(out, chunk, len, err))
			return err_wrap(err, "%s", what);
	}
}

/* --- tracing --- */

/* What may hold a secret is named without its value; of addresses the query, which may be signed,
 * is left out. */
static char *traced(const char *line)
{
	static const char *const secret[] = { "authorization:", "proxy-authorization:",
					      "cookie:",        "set-cookie:",
					      "x-amz-",         "x-identity-header:" };
	static const char *const address[] = { "location:", "link:" };
	size_t name = strcspn(line, ":") + 1;

	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		if (strncasecmp(line, secret[i], strlen(secret[i])) == 0)
			return mem_printf("%.*s (not shown)", (int)name, line);
	for (size_t i = 0; i < ARRAY_LEN(address); i++)
		if (strncasecmp(line, address[i], strlen(address[i])) == 0)
			return str_printable(line, strcspn(line, "?"), 500);
	return str_printable(line, strlen(line), 500);
}

static void trace(struct http *h, const char *mark, const struct str_list *lines)
{
	for (size_t i = 0; h->trace && i < lines->len; i++) {
		AUTO(auto_free) char *shown = traced(lines->items[i]);

		event_detail(h->events, "%s %s", mark, shown);
	}
}

/* --- one attempt --- */

static bool get_wire(struct wire **out, struct http *h, struct err *err)
{
	bool ok = true;

	lock_take(&h->lock);
	if (!h->wire)
		ok = wire_open(&h->wire, h->stall_s, err);
	*out = h->wire;
	lock_drop(&h->lock);
	return ok;
}

static bool get_certs(const struct certs **out, struct http *h, const struct url *url,
		      struct err *err)
{
	AUTO(auto_free) char *authority = NULL;
	struct certs *certs;
	bool ok = true;

	*out = NULL;
	if (!url->https)
		return true;
	authority = url_authority(url);
	lock_take(&h->lock);
	certs = map_get(&h->certs, authority);
	if (!certs) {
		certs = mem_alloc(sizeof(*certs));
		ok = certs_find(certs, authority, h->ca_file, err);
		if (ok && certs->key_exposed)
			event_warn(h->events, "%s may be read by others: chmod 600 it", certs->key);
		if (ok)
			map_put(&h->certs, authority, certs);
		else
			free_certs(certs);
	}
	lock_drop(&h->lock);
	if (ok)
		*out = certs;
	return ok;
}

static bool has_header(const struct http_request *req, const char *name)
{
	for (size_t i = 0; i < HTTP_HEADERS_MAX && req->headers[i].name; i++)
		if (strcasecmp(req->headers[i].name, name) == 0)
			return true;
	return false;
}

static bool sends_body(const struct http_request *req)
{
	return str_eq(req->method, "POST") || str_eq(req->method, "PUT") ||
	       str_eq(req->method, "PATCH");
}

static bool header_lines(struct str_list *out, const struct http_request *req, struct err *err)
{
	/* All lines of a signed request are signed, and proxies change these. */
	if (!req->sign)
		str_list_push(out, "User-Agent: rtbuild/" RTBUILD_VERSION);
	if (!req->sign && !has_header(req, "Accept"))
		str_list_push(out, "Accept: */*");
	if (sends_body(req) && !has_header(req, "Content-Type"))
		str_list_push(out, "Content-Type: application/octet-stream");
	if (req->sign && req->sign->body_hash) /* libcurl signs what this line says */
		str_list_push_take(out,
				   mem_printf("X-Amz-Content-Sha256: %s", req->sign->body_hash));
	for (size_t i = 0; i < HTTP_HEADERS_MAX && req->headers[i].name; i++) {
		const struct http_header *header = &req->headers[i];

		if (!header->value)
			continue;
		for (const char *c = header->value; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				return err_set(err, E_INPUT, "control character in the value of %s",
					       header->name);
		str_list_push_take(out, mem_printf("%s: %s", header->name, header->value));
	}
	return true;
}

/* All of the body into the exchange, but the last chunk only after the source has ended well. */
static bool pump(struct exchange *x, const struct http_request *req, struct err *err)
{
	AUTO(auto_free) char *held = mem_alloc(CHUNK);
	AUTO(auto_free) char *next = mem_alloc(CHUNK);
	size_t held_len = 0, len, taken;
	uint64_t total = 0;

	for (;;) {
		if (!source_read(req->body, next, CHUNK, &len, err))
			return false;
		total += len;
		if (total > req->body_size || (len == 0 && total < req->body_size))
			return err_set(
				err, E_INTEGRITY, "body of %llu bytes where %llu were announced",
				(unsigned long long)total, (unsigned long long)req->body_size);
		for (size_t put = 0; put < held_len; put += taken) {
			exchange_put(x, held + put, held_len - put, &taken);
			if (taken == 0)
				return true; /* answered, or broken: the headers will tell */
			counter_add(COUNTER_BYTES_SENT, taken);
		}
		if (len == 0)
			return true;
		held_len = len;
		char *swap = held;

		held = next;
		next = swap;
	}
}

/* The body is sent while it is read. */
static bool streams(const struct http_request *req)
{
	return !req->sign || req->sign->body_hash;
}

/* A body that is signed must be there before the first byte is sent. */
static bool whole_body(struct buf *out, const struct http_request *req, struct err *err)
{
	char chunk[4 * KIB];
	size_t len = 1;

	while (req->body && len) {
		if (!source_read(req->body, chunk, sizeof(chunk), &len, err) ||
		    !buf_append(out, chunk, len, err))
			return err_wrap(err, "the body of a signed request");
	}
	return true;
}

static void wipe_buf(struct buf *b)
{
	if (b->cap)
		explicit_bzero(b->ptr, b->cap);
	buf_free(b);
}

/* The bundle may know the authority that the directory does not. No byte of the request was sent,
 * as the handshake comes first. */
static bool needs_bundle(struct http *h, const struct http_request *req,
			 const struct wire_request *wire_req, enum wire_trouble trouble)
{
	struct err ignored = { 0 };

	if (trouble != WIRE_CERTIFICATE || !wire_is_lean(wire_req))
		return false;
	h->whole_bundle = true;
	return !req->body || (req->body->rewind && req->body->rewind(req->body, &ignored));
}

static bool attempt(struct http_reply *out, struct http *h, const struct http_request *req,
		    bool *was_sent_out, struct err *err)
{
	AUTO(str_list_free) struct str_list lines = { 0 };
	AUTO(auto_free) char *url = url_text(req->url);
	struct wire_request wire_req = {
		.method = req->method,
		.url = url,
		.headers = &lines,
		.has_body = sends_body(req),
		.body_size = req->body ? req->body_size : 0,
		.proxy = req->direct ? NULL : proxy_for(&h->proxies, req->url),
		.insecure = h->insecure || req->insecure,
		.whole_bundle = h->whole_bundle,
		.no_link_local = req->foreign,
		.once = req->once,
	};
	AUTO(auto_free) char *provider = NULL;
	AUTO(wipe_buf) struct buf signed_body = BUF_INIT(LIMIT_SIGNED_BODY);
	struct wire_sign sign = { 0 };
	struct wire *wire;
	struct exchange *x;
	struct reply_body *body;
	const char *detail;

	*was_sent_out = false;
	if (!header_lines(&lines, req, err) || !get_certs(&wire_req.certs, h, req->url, err) ||
	    !get_wire(&wire, h, err))
		return false;
	if (req->sign) {
		if (!streams(req) && !whole_body(&signed_body, req, err))
			return false;
		provider = mem_printf("aws:amz:%s:%s", req->sign->region, req->sign->service);
		sign = (struct wire_sign){ provider, req->sign->key, req->sign->secret,
					   streams(req) ? NULL : signed_body.ptr };
		wire_req.sign = &sign;
	}
	if (h->trace) {
		AUTO(auto_free) char *shown = url_shown(req->url);

		event_detail(h->events, "> %s %s", req->method, shown);
		trace(h, ">", &lines);
	}
	wire_start(&x, wire, &wire_req);
	if (req->body && streams(req) && !pump(x, req, err)) {
		exchange_close(x);
		return false;
	}
	if (!exchange_headers(x)) {
		out->trouble = exchange_trouble(x, &detail);
		if (needs_bundle(h, req, &wire_req, out->trouble)) {
			exchange_close(x);
			out->trouble = WIRE_OK;
			return attempt(out, h, req, was_sent_out, err);
		}
		*was_sent_out = exchange_was_sent(x);
		trouble_error(err, out->trouble, detail, req->url);
		exchange_close(x);
		counter_add(COUNTER_REQUESTS, *was_sent_out);
		return false;
	}
	counter_add(COUNTER_REQUESTS, 1);
	body = mem_alloc(sizeof(*body));
	body->source = (struct source){ .read = reply_read, .close = reply_close };
	body->exchange = x;
	url_copy(&body->url, req->url);
	out->status = exchange_status(x);
	for (size_t i = 0; i < exchange_lines(x)->len; i++)
		str_list_push(&out->headers, exchange_lines(x)->items[i]);
	trace(h, "<", &out->headers);
	out->body = &body->source;
	return true;
}

/* --- repetition --- */

static bool may_repeat(const struct http_request *req, const struct http_reply *reply,
		       bool answered, bool was_sent, unsigned attempts)
{
	if (attempts > LIMIT_RETRIES || (req->body && !req->body->rewind))
		return false;
	if (answered)
		return req->once ? reply->status == 429 : retry_status(reply->status, req->method);
	return attempts <= trouble_rows[reply->trouble].repeats && !(req->once && was_sent);
}

/* Docker Hub's quota lasts for hours: asking again only makes it longer. */
static bool quota_is_spent(const struct http_reply *reply)
{
	const char *left = http_header(reply, "ratelimit-remaining", 0);

	return left && left[0] == '0' && (left[1] == '\0' || left[1] == ';');
}

/* Longer pauses are said: who waits for minutes wants to know for what. */
enum { PAUSE_SAID_MS = 5000 };

static int pause_ms(struct http *h, unsigned attempt, const struct http_reply *reply)
{
	const char *after = reply && reply->status ? http_header(reply, "Retry-After", 0) : NULL;
	int64_t asked = retry_after(after, clock_wall());
	uint16_t random;
	int ms;

	random_bytes(&random, sizeof(random));
	ms = retry_delay_ms(attempt, h->backoff_ms, random, asked);
	if (asked > LIMIT_RETRY_AFTER_S)
		event_note(h->events, "the server asks for a pause of %lld s: waiting %d s",
			   (long long)asked, ms / 1000);
	else if (asked >= 0 && ms >= PAUSE_SAID_MS)
		event_note(h->events, "the server asks for a pause: waiting %d s", ms / 1000);
	return ms;
}

bool http_wait(struct http *h, unsigned attempt, const struct http_reply *reply, struct err *err)
{
	clock_sleep_ms(pause_ms(h, attempt, reply));
	counter_add(COUNTER_RETRIES, 1);
	return cancel_check(err);
}

static bool wait_before(struct http *h, const struct http_request *req,
			const struct http_reply *reply, unsigned attempts, const struct err *why,
			struct err *err)
{
	AUTO(auto_free) char *shown = url_shown(req->url);
	int ms = pause_ms(h, attempts, reply);

	if (reply->status)
		event_detail(h->events, "%s %s: HTTP %d, again in %d ms", req->method, shown,
			     reply->status, ms);
	else
		event_detail(h->events, "%s %s: %s, again in %d ms", req->method, shown, why->msg,
			     ms);
	clock_sleep_ms(ms);
	counter_add(COUNTER_RETRIES, 1);
	return cancel_check(err);
}

/* A server that is asked too much, or busy for a time it knows: the others' requests wait too. */
static void hold_others(struct http *h, const struct http_request *req,
			const struct http_reply *reply)
{
	int64_t asked = retry_after(http_header(reply, "Retry-After", 0), clock_wall());
	AUTO(auto_free) char *authority = NULL;

	if (reply->status != 429 && (reply->status != 503 || asked < 0))
		return;
	if (asked > LIMIT_RETRY_AFTER_S)
		asked = LIMIT_RETRY_AFTER_S;
	authority = url_authority(req->url);
	pace_hold(&h->pace, authority, clock_monotonic_ms(),
		  asked < 0 ? (int)h->backoff_ms : (int)asked * 1000);
}

/* As long as somebody's answer asked it of all. */
static bool keep_pace(struct http *h, const struct http_request *req, struct err *err)
{
	AUTO(auto_free) char *authority = url_authority(req->url);
	uint16_t random;
	int ms;

	random_bytes(&random, sizeof(random));
	while ((ms = pace_wait_ms(&h->pace, authority, clock_monotonic_ms(), (int)h->backoff_ms,
				  random)) > 0) {
		event_detail(h->events, "%s %s: waiting %d ms, as the server asked", req->method,
			     authority, ms);
		clock_sleep_ms(ms);
		if (!cancel_check(err))
			return false;
	}
	return true;
}

bool http_send(struct http_reply *out, struct http *h, const struct http_request *req,
	       struct err *err)
{
	*out = (struct http_reply){ 0 };
	for (unsigned attempts = 1;; attempts++) {
		struct http_reply reply = { 0 };
		struct err why = { 0 };
		bool was_sent, answered;

		if (!keep_pace(h, req, err))
			return false;
		answered = attempt(&reply, h, req, &was_sent, &why);
		if (answered && !quota_is_spent(&reply))
			hold_others(h, req, &reply);
		if (!answered && reply.trouble == WIRE_OK) {
			*err = why;
			return false;
		}
		if ((answered && quota_is_spent(&reply)) ||
		    !may_repeat(req, &reply, answered, was_sent, attempts)) {
			*out = reply;
			if (!answered)
				*err = why;
			return answered;
		}
		bool go_on = wait_before(h, req, &reply, attempts, &why, err);

		http_reply_free(&reply);
		if (!go_on || (req->body && !req->body->rewind(req->body, err)))
			return false;
	}
}
