// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "tests/servers/scripted/scripted.h"

/*
 *	scripted [--tls DIR] [--other-plain] --headers FILE SCRIPT
 *
 * Plays SCRIPT (scripted.h has its form) on two free loopback ports; stderr says which, when it
 * listens. stdout is the access log, in the form of other registries, with "main" or "other" for
 * the port, the sizes of both bodies, and when the request came and its answer began (ms since the
 * start): it is written before the first byte of the answer is. FILE
 * gets each request's headers. A PUT to /script replaces the script.
 */

enum { THREADS_MAIN = 64, THREADS_OTHER = 24 };

static struct lock lock = LOCK_INIT; /* the registry, the script, the logs */
static struct script *script;
static struct cond turned;      /* another script, or another request */
static size_t scripts, arrived; /* so many so far; requests since the last script */
static int headers_fd = -1;
static uint64_t started_ms;

struct port {
	int fd;
	bool other, tls;
};

static void die(const struct err *err)
{
	fprintf(stderr, "scripted: %s\n", err->msg);
	exit(2);
}

static void log_request(const struct request *req, int status, size_t sent)
{
	uint64_t now = clock_monotonic_ms() - started_ms;
	AUTO(auto_free)
	char *line = mem_printf("127.0.0.1 - - [%s] \"%s %s HTTP/1.1\" %d %zu in=%zu "
				"at=%" PRIu64 " until=%" PRIu64 "\n",
				req->other ? "other" : "main", req->method, req->target, status,
				sent, req->body_len, req->at_ms - started_ms, now);
	AUTO(auto_free)
	char *head = mem_printf("%s %s", req->other ? "other" : "main", req->head);
	struct err err = { 0 };
	bool ok;

	lock_take(&lock);
	ok = fs_write_all(STDOUT_FILENO, line, strlen(line), &err) &&
	     (headers_fd < 0 || fs_write_all(headers_fd, head, strlen(head), &err));
	lock_drop(&lock);
	if (!ok)
		die(&err);
}

static void replace_script(struct reply *out, const struct request *req)
{
	struct script *next;
	struct err err = { 0 };

	if (!script_parse(&next, req->body, &err)) {
		reply_text(out, 400, "text/plain", "%s\n", err.msg);
		return;
	}
	lock_take(&lock);
	script_free(script);
	script = next;
	scripts++;
	arrived = 0;
	cond_broadcast(&turned);
	lock_drop(&lock);
	reply_text(out, 200, "text/plain", "ok\n");
}

static void act(struct reply *out, const struct request *req)
{
	lock_take(&lock);
	answer(out, req);
	lock_drop(&lock);
}

/* How many requests must have come before number n of them is answered. */
static size_t round_end(const char *rounds, size_t n)
{
	struct slice rest = slice_of(rounds);
	uint64_t end = 0, size;

	while (rest.ptr && end < n && str_to_u64(&size, slice_cut(rest, ',', &rest), SIZE_MAX))
		end += size;
	return end < n ? n : (size_t)end;
}

/* Which request it is since which script. */
struct turn {
	size_t script, number;
};

static struct turn take_turn(struct request *req)
{
	struct turn t;

	lock_take(&lock);
	script_match(&req->play, script, req->method, req->target);
	t = (struct turn){ scripts, ++arrived };
	cond_broadcast(&turned);
	lock_drop(&lock);
	return t;
}

static void await_turn(struct turn t, const struct play *p)
{
	const char *rounds = play_get(p, "rounds");
	size_t end = rounds ? round_end(rounds, t.number) : 0;

	lock_take(&lock);
	while (t.script == scripts && (play_has(p, "hold") || arrived < end))
		cond_wait(&turned, &lock);
	lock_drop(&lock);
}

/* True: the connection goes on. */
static bool serve_one(struct conn *c, bool *reset)
{
	AUTO(request_free) struct request req = { 0 };
	AUTO(reply_free) struct reply out = { 0 };
	const struct play *p = &req.play;
	struct turn turn;
	size_t sent;

	if (!request_read_head(&req, c))
		return false;
	req.at_ms = clock_monotonic_ms();
	if (str_eq(req.target, "/script")) {
		request_read_body(&req, c, UINT64_MAX);
		replace_script(&out, &req);
		return reply_send(&out, &req, c);
	}
	turn = take_turn(&req);
	*reset = play_has(p, "reset");
	if (!play_has(p, "early"))
		request_read_body(&req, c, play_number(p, "cut-request", UINT64_MAX));
	await_turn(turn, p);
	if (play_has(p, "delay"))
		clock_sleep_ms((int)play_number(p, "delay", 0));
	if (play_has(p, "close")) {
		log_request(&req, 0, 0);
		return false;
	}
	act(&out, &req);
	if (req.broken && !play_has(p, "early")) {
		log_request(&req, 0, 0);
		return false;
	}
	sent = play_number(p, "cut", out.len);
	log_request(&req, out.status, sent < out.len && !play_has(p, "stall") ? sent : out.len);
	return !play_has(p, "lose") && reply_send(&out, &req, c);
}

static void serve(const struct port *port, int fd)
{
	struct conn c;
	bool reset = false;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!conn_start(&c, fd, port->tls, port->other))
		return;
	while (serve_one(&c, &reset))
		;
	conn_end(&c, reset);
}

static void work(void *arg)
{
	const struct port *port = arg;

	for (;;) {
		int fd = accept(port->fd, NULL, NULL);

		if (fd >= 0)
			serve(port, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static int listen_on(char *authority, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		struct err err = { 0 };

		err_set_errno(&err, "listen on the loopback interface");
		die(&err);
	}
	snprintf(authority, size, "127.0.0.1:%d", ntohs(at.sin_port));
	return fd;
}

static void start(struct port *port, size_t threads)
{
	struct err err = { 0 };
	struct thread *ignored;

	for (size_t i = 0; i < threads; i++)
		if (!thread_start(&ignored, work, port, &err))
			die(&err);
}

int main(int argc, char **argv)
{
	static struct port ports[2] = { { .other = false }, { .other = true } };
	const char *text = "", *tls = NULL;
	bool other_plain = false;
	struct err err = { 0 };

	started_ms = clock_monotonic_ms();
	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--tls") && i + 1 < argc)
			tls = argv[++i];
		else if (str_eq(argv[i], "--other-plain"))
			other_plain = true;
		else if (str_eq(argv[i], "--headers") && i + 1 < argc)
			headers_fd =
				open(argv[++i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		else
			text = argv[i];
	}
	signal(SIGPIPE, SIG_IGN);
	cond_init(&turned);
	if (!script_parse(&script, text, &err) || (tls && !conn_tls_init(tls, &err)))
		die(&err);
	tls_main = ports[0].tls = tls != NULL;
	tls_other = ports[1].tls = tls && !other_plain;
	ports[0].fd = listen_on(authority_main, sizeof(authority_main));
	ports[1].fd = listen_on(authority_other, sizeof(authority_other));
	start(&ports[0], THREADS_MAIN);
	start(&ports[1], THREADS_OTHER);
	fprintf(stderr, "listening on %s other %s\n", authority_main, authority_other);
	for (;;)
		pause();
}
