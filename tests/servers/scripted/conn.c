// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/servers/scripted/scripted.h"

/* HTTP/1.1 as bytes, plain or over TLS, and the faults of connections. */

enum { HEAD_MAX = 64 * KIB, READ_SIZE = 64 * KIB };

static SSL_CTX *tls_context;

bool conn_tls_init(const char *dir, struct err *err)
{
	AUTO(auto_free) char *certificate = mem_printf("%s/server.crt", dir);
	AUTO(auto_free) char *key = mem_printf("%s/server.key", dir);

	tls_context = SSL_CTX_new(TLS_server_method());
	if (!tls_context || SSL_CTX_use_certificate_chain_file(tls_context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) != 1)
		return err_set(err, E_INPUT, "%s and %s are no certificate and key", certificate,
			       key);
	return true;
}

bool conn_start(struct conn *c, int fd, bool tls, bool other)
{
	*c = (struct conn){ .fd = fd, .other = other };
	if (!tls)
		return true;
	c->tls = SSL_new(tls_context);
	if (c->tls && SSL_set_fd(c->tls, fd) == 1 && SSL_accept(c->tls) == 1)
		return true;
	conn_end(c, false);
	return false;
}

void conn_end(struct conn *c, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	char rest[4096];
	struct pollfd fds = { .fd = c->fd, .events = POLLIN };

	if (c->tls)
		SSL_free(c->tls);
	free(c->in);
	if (reset) {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	} else { /* a close with unread bytes would be a reset */
		shutdown(c->fd, SHUT_WR);
		while (poll(&fds, 1, 1000) > 0 && recv(c->fd, rest, sizeof(rest), 0) > 0)
			;
	}
	close(c->fd);
}

bool conn_write(struct conn *c, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		size_t part = len < READ_SIZE ? len : READ_SIZE;
		ssize_t n = c->tls ? SSL_write(c->tls, p, (int)part)
				   : send(c->fd, p, part, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* More bytes behind those in c->in; 0 at the end. */
static size_t fill(struct conn *c, size_t want)
{
	ssize_t n;

	c->in = mem_realloc(c->in, c->in_len + want);
	n = c->tls ? SSL_read(c->tls, c->in + c->in_len, (int)want)
		   : recv(c->fd, c->in + c->in_len, want, 0);
	if (n <= 0)
		return 0;
	c->in_len += (size_t)n;
	return (size_t)n;
}

static void take(struct conn *c, size_t len)
{
	memmove(c->in, c->in + len, c->in_len - len);
	c->in_len -= len;
}

void request_free(struct request *r)
{
	free(r->target);
	free(r->head);
	free(r->body);
	play_free(&r->play);
	*r = (struct request){ 0 };
}

/* A TLS hello at a plain port: answered as Go's and other plain servers do. */
static bool is_hello(const struct conn *c)
{
	static const char refusal[] = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS "
				      "request to an HTTP server.\n";

	if (c->tls || c->in_len == 0 || c->in[0] != 0x16)
		return false;
	(void)!send(c->fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL);
	return true;
}

static bool take_request_line(struct request *r)
{
	struct slice rest, line = slice_cut(slice_of(r->head), '\r', &rest);
	struct slice method = slice_cut(line, ' ', &line), target = slice_cut(line, ' ', &line);

	if (!line.ptr || method.len >= sizeof(r->method))
		return false;
	memcpy(r->method, method.ptr, method.len);
	r->target = mem_strndup(target.ptr, target.len);
	return true;
}

bool request_read_head(struct request *r, struct conn *c)
{
	AUTO(auto_free) char *length = NULL;
	char *end = NULL;

	*r = (struct request){ .other = c->other };
	for (;;) {
		end = c->in_len ? memmem(c->in, c->in_len, "\r\n\r\n", 4) : NULL;
		if (end || c->in_len > HEAD_MAX)
			break;
		if (!fill(c, READ_SIZE) || is_hello(c))
			return false;
	}
	if (!end)
		return false;
	r->head = mem_strndup(c->in, (size_t)(end - c->in) + 2);
	take(c, (size_t)(end - c->in) + 4);
	length = request_header(r, "Content-Length");
	r->has_length = length != NULL;
	r->announced = length ? strtoull(length, NULL, 10) : 0;
	return take_request_line(r);
}

void request_read_body(struct request *r, struct conn *c, uint64_t max)
{
	AUTO(auto_free) char *expect = request_header(r, "Expect");
	size_t want = r->announced < max ? r->announced : (size_t)max;

	if (expect && want && !conn_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25))
		want = 0;
	r->body = mem_alloc(want + 1);
	while (r->body_len < want) {
		size_t part = want - r->body_len;

		if (c->in_len == 0 && !fill(c, part < READ_SIZE ? part : READ_SIZE))
			break;
		part = part < c->in_len ? part : c->in_len;
		memcpy(r->body + r->body_len, c->in, part);
		r->body_len += part;
		take(c, part);
	}
	r->broken = r->body_len < r->announced;
}

char *request_header(const struct request *r, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = strstr(r->head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':') {
			const char *value = line + 3 + len;

			value += strspn(value, " ");
			return mem_strndup(value, strcspn(value, "\r"));
		}
	return NULL;
}

/* --- answers --- */

void reply_free(struct reply *r)
{
	str_list_free(&r->headers);
	free(r->body);
	*r = (struct reply){ 0 };
}

void reply_header(struct reply *r, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	str_list_push_take(&r->headers, text);
}

void reply_text(struct reply *r, int status, const char *type, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	reply_header(r, "Content-Type: %s", type);
	va_start(ap, fmt);
	if (vasprintf(&r->body, fmt, ap) < 0)
		abort();
	va_end(ap);
	r->len = strlen(r->body);
}

void reply_error(struct reply *r, int status, const char *code, const char *message)
{
	reply_text(r, status, "application/json",
		   "{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\"}]}\n", code, message);
}

static bool is_dropped(const struct play *p, const char *line)
{
	const char *name;

	for (size_t i = 0; (name = play_nth(p, "drop", i)); i++)
		if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return true;
	return false;
}

static char *head_text(const struct reply *r, const struct request *req)
{
	AUTO(buf_free) struct buf text = BUF_INIT(HEAD_MAX);
	AUTO(auto_free) char *accepts = request_header(req, "Accept-Encoding");
	const struct play *p = &req->play;
	const char *more;

	buf_putf(&text, "HTTP/1.1 %d Scripted\r\n", r->status);
	for (size_t i = 0; i < r->headers.len; i++)
		if (!is_dropped(p, r->headers.items[i]))
			buf_putf(&text, "%s\r\n", r->headers.items[i]);
	for (size_t i = 0; (more = play_nth(p, "header", i)); i++) {
		AUTO(auto_free) char *filled = fill_in(more, NULL);

		buf_putf(&text, "%s\r\n", filled);
	}
	if (accepts && play_has(p, "gzip"))
		buf_put(&text, "Content-Encoding: gzip\r\n");
	if (play_has(p, "chunked"))
		buf_put(&text, "Transfer-Encoding: chunked\r\n");
	else if (r->status != 204 && !is_dropped(p, "Content-Length:"))
		buf_putf(&text, "Content-Length: %zu\r\n", r->len);
	buf_putf(&text, "%s\r\n", play_has(p, "early") ? "Connection: close\r\n" : "");
	return buf_steal(&text);
}

/* The length and the bytes that the script wants instead. */
static void spoil(struct reply *r, const struct play *p)
{
	uint64_t less = play_number(p, "short", 0), more = play_number(p, "long", 0);
	uint64_t at = play_number(p, "corrupt", UINT64_MAX);

	if (at < r->len)
		r->body[at] = (char)(r->body[at] ^ 1);
	r->len -= less < r->len ? less : r->len;
	if (more) {
		r->body = mem_realloc(r->body, r->len + more);
		memset(r->body + r->len, 'x', more);
		r->len += more;
	}
}

static bool send_body(struct reply *r, const struct request *req, struct conn *c)
{
	const struct play *p = &req->play;
	size_t cut = play_number(p, "cut", UINT64_MAX);
	const char *end;
	char size[32];

	if (play_has(p, "chunked")) {
		snprintf(size, sizeof(size), "%zx\r\n", r->len);
		if (!conn_write(c, size, strlen(size)))
			return false;
	}
	if (cut < r->len || (cut == r->len && play_has(p, "chunked"))) {
		if (!conn_write(c, r->body, cut) || !play_has(p, "stall"))
			return false;
		clock_sleep_ms((int)play_number(p, "stall", 0) * 1000);
		return conn_write(c, r->body + cut, r->len - cut);
	}
	if (!conn_write(c, r->body, r->len))
		return false;
	end = !play_has(p, "chunked") ? "" : r->len ? "\r\n0\r\n\r\n" : "\r\n";
	return conn_write(c, end, strlen(end));
}

bool reply_send(struct reply *r, const struct request *req, struct conn *c)
{
	AUTO(auto_free) char *head = NULL;
	bool has_body = !str_eq(req->method, "HEAD") && r->status != 204;

	spoil(r, &req->play);
	head = head_text(r, req);
	if (play_has(&req->play, "stall") && !play_has(&req->play, "cut"))
		clock_sleep_ms((int)play_number(&req->play, "stall", 0) * 1000);
	return conn_write(c, head, strlen(head)) && (!has_body || send_body(r, req, c)) &&
	       !play_has(&req->play, "early");
}
