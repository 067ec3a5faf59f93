// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_NET_SERVER_H
#define TESTS_UNIT_NET_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A web server inside the test, on a loopback port: each request is read whole and given to the
 * test's own function, which writes whatever bytes it likes, right or wrong. One thread a
 * connection.
 */
struct seen {
	char method[16];
	char target[2048];
	char head[8192]; /* request line and headers */
	size_t body_len;
	char body[4096]; /* its beginning */
	int number;      /* of this request on the server, from 1 */
};

struct server;
/* True: keep the connection for another request. */
typedef bool server_fn(struct server *s, int fd, const struct seen *req);

enum { SERVER_LOG = 64, SERVER_THREADS = 64 };
struct server {
	server_fn *answer;
	void *arg;
	int fd, port, stop[2];
	pthread_t main, workers[SERVER_THREADS];
	int worker_count;
	pthread_mutex_t lock;
	struct seen log[SERVER_LOG];
	int count;
	int connections;
};

struct server_connection {
	struct server *server;
	int fd;
};

static __attribute__((unused)) void server_send_bytes(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

static __attribute__((unused, format(printf, 2, 3))) void server_send(int fd, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len > 0)
		server_send_bytes(fd, text, (size_t)len);
	free(text);
}

/* An ordinary answer with a body. */
static __attribute__((unused)) bool server_reply(int fd, const char *status, const char *headers,
						 const char *body)
{
	server_send(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
		    headers, body);
	return true;
}

static __attribute__((unused)) void server_reset(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* Waits for data or the end of the test; false at the end of either. */
static bool server_wait(struct server *s, int fd)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = s->stop[0], .events = POLLIN } };

	return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

/* Sleeps, but not beyond the end of the test. */
static __attribute__((unused)) void server_pause(struct server *s, int ms)
{
	struct pollfd fds = { .fd = s->stop[0], .events = POLLIN };

	(void)poll(&fds, 1, ms);
}

static bool server_read(struct server *s, int fd, struct seen *req)
{
	size_t len = 0, announced = 0;
	char *end = NULL, *length;
	ssize_t n;
	char sink[65536];

	memset(req, 0, sizeof(*req));
	while (!end) {
		if (len + 1 >= sizeof(req->head) || !server_wait(s, fd))
			return false;
		n = recv(fd, req->head + len, 1, 0);
		if (n <= 0)
			return false;
		len += (size_t)n;
		if (req->head[0] == 0x16) { /* a TLS hello: answer as plain servers do */
			server_send(fd, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
			shutdown(fd, SHUT_WR);
			while (server_wait(s, fd) && recv(fd, sink, sizeof(sink), 0) > 0)
				;
			return false;
		}
		end = strstr(req->head, "\r\n\r\n");
	}
	if (sscanf(req->head, "%15s %2047s", req->method, req->target) != 2)
		return false;
	length = strcasestr(req->head, "\r\ncontent-length:");
	if (length)
		announced = strtoul(length + 17, NULL, 10);
	while (req->body_len < announced) {
		size_t want = announced - req->body_len;

		if (!server_wait(s, fd))
			return false;
		n = recv(fd, sink, want < sizeof(sink) ? want : sizeof(sink), 0);
		if (n <= 0)
			return false;
		if (req->body_len < sizeof(req->body)) {
			size_t room = sizeof(req->body) - req->body_len;

			memcpy(req->body + req->body_len, sink,
			       (size_t)n < room ? (size_t)n : room);
		}
		req->body_len += (size_t)n;
	}
	pthread_mutex_lock(&s->lock);
	req->number = ++s->count;
	if (req->number <= SERVER_LOG)
		s->log[req->number - 1] = *req;
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void *server_worker(void *arg)
{
	struct server_connection *c = arg;
	struct seen *req = malloc(sizeof(*req));

	while (server_read(c->server, c->fd, req) && c->server->answer(c->server, c->fd, req))
		;
	close(c->fd);
	free(req);
	free(c);
	return NULL;
}

static void *server_main(void *arg)
{
	struct server *s = arg;

	while (server_wait(s, s->fd)) {
		struct server_connection *c = malloc(sizeof(*c));

		c->server = s;
		c->fd = accept(s->fd, NULL, NULL);
		s->connections++;
		if (c->fd < 0 || s->worker_count == SERVER_THREADS)
			abort();
		pthread_create(&s->workers[s->worker_count++], NULL, server_worker, c);
	}
	return NULL;
}

static __attribute__((unused)) void server_start(struct server *s, server_fn *answer, void *arg)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	memset(s, 0, sizeof(*s));
	s->answer = answer;
	s->arg = arg;
	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(s->fd, 16) < 0 ||
	    getsockname(s->fd, (struct sockaddr *)&at, &size) < 0 || pipe(s->stop) < 0)
		abort();
	s->port = ntohs(at.sin_port);
	pthread_create(&s->main, NULL, server_main, s);
}

static __attribute__((unused)) void server_stop(struct server *s)
{
	close(s->stop[1]);
	pthread_join(s->main, NULL);
	for (int i = 0; i < s->worker_count; i++)
		pthread_join(s->workers[i], NULL);
	close(s->stop[0]);
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
}

static __attribute__((unused)) int server_count(struct server *s)
{
	int n;

	pthread_mutex_lock(&s->lock);
	n = s->count;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* The i-th request, from 0; it does not change any more once it was answered. */
static __attribute__((unused)) const struct seen *server_at(struct server *s, int i)
{
	pthread_mutex_lock(&s->lock);
	pthread_mutex_unlock(&s->lock);
	return &s->log[i];
}

/* How many requests of this method had a target with this in it (NULL: any). */
static __attribute__((unused)) int server_seen(struct server *s, const char *method,
					       const char *part)
{
	int n = 0;

	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < s->count && i < SERVER_LOG; i++)
		n += strcmp(s->log[i].method, method) == 0 &&
		     (!part || strstr(s->log[i].target, part));
	pthread_mutex_unlock(&s->lock);
	return n;
}

#endif
