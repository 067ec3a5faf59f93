// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "tests/unit/net/server.h"

/* net/http against a server that misbehaves on purpose: what each path plays is in answer(). */

enum { BIG = 3 * 1024 * 1024 };

static void send_big(int fd, size_t announced, size_t sent)
{
	char block[4096];

	memset(block, 'b', sizeof(block));
	server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", announced);
	for (size_t left = sent; left > 0;) {
		size_t len = left < sizeof(block) ? left : sizeof(block);

		server_send_bytes(fd, block, len);
		left -= len;
	}
}

static bool answer(struct server *s, int fd, const struct seen *req)
{
	const char *path = req->target;

	if (!strcmp(path, "/hello"))
		return server_reply(fd, "200 OK", "X-Two: a\r\nX-Two:  b \t\r\n", "hello");
	if (!strcmp(req->method, "CONNECT"))
		return server_reply(fd, "407 Log in", "Proxy-Authenticate: Basic\r\n", "");
	if (!strcmp(path, "/interim")) {
		server_send(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
		return server_reply(fd, "200 OK", "X-Late: 1\r\n", "late");
	}
	if (!strcmp(path, "/chunked")) {
		server_send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				"3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
		return true;
	}
	if (!strcmp(path, "/big")) {
		send_big(fd, BIG, BIG);
		return true;
	}
	if (!strcmp(path, "/short")) { /* ends before its time */
		send_big(fd, 1000, 400);
		return false;
	}
	if (!strcmp(path, "/reset-once") && server_seen(s, req->method, path) == 1) {
		server_reset(fd);
		return false;
	}
	if (!strcmp(path, "/always-reset")) {
		server_reset(fd);
		return false;
	}
	if (!strcmp(path, "/busy") && server_seen(s, req->method, path) <= 2)
		return server_reply(fd, "429 Too Many", "Retry-After: 0\r\n", "slow down");
	if (!strcmp(path, "/busy-1s") && server_seen(s, req->method, path) == 1)
		return server_reply(fd, "503 Busy", "Retry-After: 1\r\n", "");
	if (!strcmp(path, "/quota"))
		return server_reply(fd, "429 Too Many", "ratelimit-remaining: 0;w=21600\r\n", "");
	if (!strcmp(path, "/500"))
		return server_reply(fd, "500 Oops", "", "oops");
	if (!strcmp(path, "/404"))
		return server_reply(fd, "404 Not Found", "", "no");
	if (!strcmp(path, "/redirect"))
		return server_reply(fd, "307 Go", "Location: http://127.0.0.1:1/elsewhere\r\n",
				    "x");
	if (!strcmp(path, "/stall")) {
		server_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
		server_pause(s, 20000);
		return false;
	}
	if (!strcmp(path, "/headers")) {
		server_send(fd, "HTTP/1.1 200 OK\r\n");
		for (int i = 0; i < 2000; i++)
			server_send(fd, "X-%d: %050d\r\n", i, i);
		server_send(fd, "\r\n");
		return false;
	}
	if (!strcmp(path, "/nonsense")) {
		server_send(fd, "220 smtp.example.com ESMTP\r\n");
		return false;
	}
	return server_reply(fd, "200 OK", "", "ok");
}

struct fixture {
	struct server server;
	struct http *http;
	struct counters counters;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	counters_use(&f->counters);
	server_start(&f->server, answer, f);
	f->http = http_open(&(struct http_options){ .backoff_ms = 1, .stall_s = 1 });
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_close(f->http);
	server_stop(&f->server);
	counters_use(NULL);
	free(f);
	return 0;
}

/* Request, and read the body; the whole outcome in one value. */
struct outcome {
	bool sent, read;
	int status;
	size_t len;
	char body[64];
	struct err err;
	enum wire_trouble trouble;
};

static struct outcome fetch_request(struct fixture *f, const char *path, struct http_request req)
{
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(buf_free) struct buf body = BUF_INIT(BIG * 2);
	struct outcome o = { 0 };
	char text[128];

	snprintf(text, sizeof(text), "http://127.0.0.1:%d%s", f->server.port, path);
	assert_true(url_parse(&url, text, &o.err));
	req.url = &url;
	o.sent = http_send(&reply, f->http, &req, &o.err);
	o.trouble = reply.trouble;
	if (!o.sent)
		return o;
	o.status = reply.status;
	o.read = http_read(&body, &reply, BIG, "the answer", &o.err);
	o.len = body.len;
	snprintf(o.body, sizeof(o.body), "%.63s", body.ptr);
	return o;
}

static struct outcome fetch(struct fixture *f, const char *method, const char *path)
{
	return fetch_request(f, path, (struct http_request){ .method = method });
}

static void answers_arrive(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *method, *path;
		int status;
		size_t len;
		const char *body;
	} cases[] = {
		{ "GET", "/hello", 200, 5, "hello" },   { "GET", "/interim", 200, 4, "late" },
		{ "GET", "/chunked", 200, 5, "abcde" }, { "GET", "/404", 404, 2, "no" },
		{ "GET", "/redirect", 307, 1, "x" }, /* never followed here */
		{ "POST", "/post", 200, 2, "ok" },      { "DELETE", "/delete", 200, 2, "ok" },
		{ "GET", "/big", 200, BIG, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outcome o = fetch(f, cases[i].method, cases[i].path);

		if (!o.sent || !o.read || o.status != cases[i].status || o.len != cases[i].len ||
		    (cases[i].body && strcmp(o.body, cases[i].body)))
			fail_msg("%s: %d, %zu bytes, '%s', %s", cases[i].path, o.status, o.len,
				 o.body, o.err.msg);
	}
}

static void connections_are_kept(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++)
		assert_int_equal(fetch(f, "GET", "/hello").status, 200);
	assert_int_equal(fetch(f, "POST", "/x").status, 200);
	assert_int_equal(f->server.connections, 1);
	assert_int_equal(counter_get(&f->counters, COUNTER_REQUESTS), 6);
	assert_int_equal(counter_get(&f->counters, COUNTER_BYTES_RECEIVED), 27);
}

static void headers_of_both_sides(void **state)
{
	struct fixture *f = *state;
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	struct err err = { 0 };
	char text[64];
	struct http_request req = { .method = "GET",
				    .url = &url,
				    .headers = { { "X-Ours", "1" }, { "X-Left-Out", NULL } } };

	snprintf(text, sizeof(text), "http://127.0.0.1:%d/hello", f->server.port);
	assert_true(url_parse(&url, text, &err));
	assert_true(http_send(&reply, f->http, &req, &err));
	assert_string_equal(http_header(&reply, "x-two", 0), "a");
	assert_string_equal(http_header(&reply, "X-TWO", 1), "b");
	assert_null(http_header(&reply, "x-two", 2));
	assert_null(http_header(&reply, "x-tw", 0));
	assert_non_null(strstr(server_at(&f->server, 0)->head, "\r\nX-Ours: 1\r\n"));
	assert_non_null(strstr(server_at(&f->server, 0)->head, "\r\nUser-Agent: rtbuild/"));
	assert_null(strstr(server_at(&f->server, 0)->head, "X-Left-Out"));
	assert_null(strcasestr(server_at(&f->server, 0)->head, "accept-encoding"));
	http_reply_free(&reply);

	req.headers[0].value = "1\r\nX-Smuggled: 1";
	assert_false(http_send(&reply, f->http, &req, &err));
	assert_int_equal(err.code, E_INPUT);
}

static void upload_headers(void **state)
{
	struct fixture *f = *state;
	static const char *const methods[] = { "POST", "PUT", "PATCH" };

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		const char *head = server_at(&f->server, i)->head;

		assert_int_equal(fetch(f, methods[i], "/x").status, 200);
		assert_string_equal(server_at(&f->server, i)->method, methods[i]);
		assert_non_null(strcasestr(head, "\r\nContent-Length: 0\r\n"));
		assert_non_null(strcasestr(head, "\r\nContent-Type: application/octet-stream\r\n"));
		assert_null(strcasestr(head, "\r\nExpect:"));
		assert_null(strcasestr(head, "\r\nTransfer-Encoding:"));
	}
}

static struct source *bytes(size_t len)
{
	char *data = mem_alloc(len + 1);

	memset(data, 'u', len);
	return source_mem_take(data, len);
}

static void bodies_are_sent_whole(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 262144, 262145, BIG };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO(auto_source_close) struct source *body = bytes(sizes[i]);
		struct outcome o = fetch_request(f, "/put",
						 (struct http_request){ .method = "PUT",
									.body = body,
									.body_size = sizes[i] });

		assert_int_equal(o.status, 200);
		assert_int_equal(server_at(&f->server, i)->body_len, sizes[i]);
	}
}

/* A source that finds at its end that it was wrong. */
struct bad_source {
	struct source source;
	size_t left;
};

static bool bad_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct bad_source *b = (struct bad_source *)self;

	if (b->left == 0)
		return err_set(err, E_INTEGRITY, "wrong digest");
	*len_out = b->left < cap ? b->left : cap;
	memset(data, 'x', *len_out);
	b->left -= *len_out;
	return true;
}

static void wrong_bodies_never_complete(void **state)
{
	struct fixture *f = *state;
	struct bad_source bad = { .source = { .read = bad_read }, .left = 100000 };
	AUTO(auto_source_close) struct source *small = bytes(10);
	AUTO(auto_source_close) struct source *large = bytes(1000);
	struct outcome o;

	o = fetch_request(
		f, "/put",
		(struct http_request){ .method = "PUT", .body = &bad.source, .body_size = 100000 });
	assert_false(o.sent);
	assert_int_equal(o.err.code, E_INTEGRITY);
	assert_string_equal(o.err.msg, "wrong digest");
	o = fetch_request(f, "/put",
			  (struct http_request){ .method = "PUT", .body = small, .body_size = 11 });
	assert_int_equal(o.err.code, E_INTEGRITY);
	o = fetch_request(f, "/put",
			  (struct http_request){ .method = "PUT", .body = large, .body_size = 11 });
	assert_int_equal(o.err.code, E_INTEGRITY);
	assert_int_equal(server_count(&f->server), 0);
}

/* A server that answers without waiting for the body, and goes on reading it. */
struct hasty {
	int fd, port;
	const char *status;
	struct thread *thread;
};

static void hasty_main(void *arg)
{
	struct hasty *h = arg;
	int fd = accept(h->fd, NULL, NULL);
	char seen[4096] = "", rest[4096];
	size_t len = 0;

	while (!strstr(seen, "\r\n\r\n") && len + 1 < sizeof(seen)) {
		ssize_t n = recv(fd, seen + len, sizeof(seen) - 1 - len, 0);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	server_reply(fd, h->status, "", "no");
	while (recv(fd, rest, sizeof(rest), 0) > 0)
		;
	close(fd);
}

static bool slow_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	clock_sleep_ms(200);
	return bad_read(self, data, cap < 1000 ? cap : 1000, len_out, err);
}

static void answers_before_the_body(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *status;
		int code;
		bool read;
	} cases[] = { { "401 No", 401, true }, { "201 Created", 201, false } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct hasty h = { .status = cases[i].status };
		struct bad_source slow = { .source = { .read = slow_read }, .left = 1000000 };
		struct sockaddr_in at = { .sin_family = AF_INET,
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t size = sizeof(at);
		int own = f->server.port;
		struct outcome o;
		struct err err = { 0 };

		h.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(h.fd, (struct sockaddr *)&at, size), 0);
		assert_int_equal(listen(h.fd, 1), 0);
		assert_int_equal(getsockname(h.fd, (struct sockaddr *)&at, &size), 0);
		assert_true(thread_start(&h.thread, hasty_main, &h, &err));
		alarm(300); /* a hang is a failure */
		f->server.port = ntohs(at.sin_port);
		o = fetch_request(f, "/x",
				  (struct http_request){ .method = "PUT",
							 .body = &slow.source,
							 .body_size = 1000000 });
		f->server.port = own;
		assert_true(o.sent);
		assert_int_equal(o.status, cases[i].code);
		assert_int_equal(o.read, cases[i].read);
		assert_true(slow.left > 0); /* the rest of the body was not waited for */
		thread_join(h.thread);
		alarm(0);
		close(h.fd);
	}
}

static void repetition(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *method, *path;
		bool once;
		int status; /* 0: E_NETWORK */
		int requests;
	} cases[] = {
		{ "GET", "/reset-once", false, 200, 2 },
		{ "POST", "/reset-once", false, 200, 2 },
		{ "PATCH", "/reset-once", true, 0, 1 },
		{ "GET", "/always-reset", false, 0, LIMIT_RETRIES + 1 },
		{ "GET", "/busy", false, 200, 3 },
		{ "PUT", "/busy", true, 200, 3 }, /* 429: the server did not do it */
		{ "GET", "/500", false, 500, LIMIT_RETRIES + 1 },
		{ "POST", "/500", false, 500, 1 },
		{ "GET", "/404", false, 404, 1 },
		{ "GET", "/quota", false, 429, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int before = server_count(&f->server);
		AUTO(auto_source_close) struct source *body = bytes(10);
		bool has_body = strcmp(cases[i].method, "GET") != 0;
		struct outcome o =
			fetch_request(f, cases[i].path,
				      (struct http_request){ .method = cases[i].method,
							     .once = cases[i].once,
							     .body = has_body ? body : NULL,
							     .body_size = has_body ? 10 : 0 });

		if (o.status != cases[i].status ||
		    server_count(&f->server) - before != cases[i].requests)
			fail_msg("%s %s: %d after %d requests (%s)", cases[i].method, cases[i].path,
				 o.status, server_count(&f->server) - before, o.err.msg);
		assert_int_equal(o.err.code, cases[i].status ? E_NONE : E_NETWORK);
		if (has_body)
			assert_int_equal(
				server_at(&f->server, server_count(&f->server) - 1)->body_len, 10);
	}
}

static void retry_after_is_waited_for(void **state)
{
	struct fixture *f = *state;
	uint64_t start = clock_monotonic_ms();

	assert_int_equal(fetch(f, "GET", "/busy-1s").status, 200);
	assert_true(clock_monotonic_ms() - start >= 1000);
	assert_int_equal(counter_get(&f->counters, COUNTER_RETRIES), 1);
}

static void broken_answers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *path;
		bool sent;
		enum wire_trouble trouble;
	} cases[] = {
		{ "/short", true, WIRE_OK },
		{ "/stall", true, WIRE_OK },
		{ "/headers", false, WIRE_GARBAGE },
		{ "/nonsense", false, WIRE_GARBAGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outcome o = fetch(f, "GET", cases[i].path);

		if (o.sent != cases[i].sent || o.read || o.err.code != E_NETWORK ||
		    o.trouble != cases[i].trouble)
			fail_msg("%s: %d %d %d '%s'", cases[i].path, o.sent, o.read, o.trouble,
				 o.err.msg);
	}
}

static void too_long_an_answer(void **state)
{
	struct fixture *f = *state;
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(buf_free) struct buf body = BUF_INIT(BIG);
	struct err err = { 0 };
	char text[64];

	snprintf(text, sizeof(text), "http://127.0.0.1:%d/big", f->server.port);
	assert_true(url_parse(&url, text, &err));
	assert_true(http_send(&reply, f->http,
			      &(struct http_request){ .method = "GET", .url = &url }, &err));
	assert_false(http_read(&body, &reply, 1000, "a manifest", &err));
	assert_int_equal(err.code, E_INTEGRITY);
}

static void nobody_listens(void **state)
{
	struct fixture *f = *state;
	AUTO(url_free) struct url url = { 0 };
	struct http_reply reply;
	struct err err = { 0 };
	static const struct {
		const char *url;
		enum wire_trouble trouble;
		const char *says;
	} cases[] = {
		{ "http://127.0.0.1:1/", WIRE_REFUSED, "cannot connect to 127.0.0.1:1" },
		{ "http://no-such-host.invalid/", WIRE_RESOLVE, "no-such-host.invalid" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err_clear(&err);
		assert_true(url_parse(&url, cases[i].url, &err));
		assert_false(http_send(&reply, f->http,
				       &(struct http_request){ .method = "GET", .url = &url },
				       &err));
		url_free(&url);
		assert_int_equal(err.code, E_NETWORK);
		assert_int_equal(reply.trouble, cases[i].trouble);
		assert_non_null(strstr(err.msg, cases[i].says));
		assert_true(err.hint[0]);
	}
}

static void not_tls(void **state)
{
	struct fixture *f = *state;
	AUTO(url_free) struct url url = { 0 };
	struct http_reply reply;
	struct err err = { 0 };
	char text[64];

	snprintf(text, sizeof(text), "https://127.0.0.1:%d/", f->server.port);
	assert_true(url_parse(&url, text, &err));
	assert_false(http_send(&reply, f->http,
			       &(struct http_request){ .method = "GET", .url = &url }, &err));
	assert_int_equal(err.code, E_NETWORK);
	assert_int_equal(reply.trouble, WIRE_NOT_TLS);
	assert_non_null(strstr(err.hint, "--plain-http"));
	assert_int_equal(counter_get(&f->counters, COUNTER_REQUESTS), 0);
}

static void proxies(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *proxy = mem_printf("http://127.0.0.1:%d", f->server.port);
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	struct http_request req = { .method = "GET", .url = &url };
	struct err err = { 0 };

	setenv("http_proxy", proxy, 1);
	setenv("https_proxy", proxy, 1);
	setenv("no_proxy", "a.test b.test", 1); /* no list to us, but one to libcurl */
	http_close(f->http);
	f->http = http_open(&(struct http_options){ .backoff_ms = 1, .stall_s = 1 });
	unsetenv("http_proxy");
	unsetenv("https_proxy");

	assert_true(url_parse(&url, "http://b.test:1/x", &err));
	assert_true(http_send(&reply, f->http, &req, &err));
	assert_int_equal(reply.status, 200);
	assert_string_equal(server_at(&f->server, 0)->target, "http://b.test:1/x");
	http_reply_free(&reply);
	url_free(&url);

	assert_true(url_parse(&url, "https://b.test:1/x", &err));
	assert_false(http_send(&reply, f->http, &req, &err));
	assert_int_equal(reply.trouble, WIRE_PROXY);
	assert_int_equal(server_count(&f->server), 2); /* asking again does not help */
	unsetenv("no_proxy");
}

static bool many_job(void *arg, size_t job, struct err *err)
{
	struct fixture *f = arg;
	const char *path = job % 3 == 0 ? "/big" : job % 3 == 1 ? "/hello" : "/reset-once";
	struct outcome o = fetch(f, "GET", path);

	if (o.status == 200 && (job % 3 || o.len == BIG))
		return true;
	return err_set(err, E_NETWORK, "job %zu: %d %s", job, o.status, o.err.msg);
}

static void many_threads(void **state)
{
	struct err err = { 0 };

	if (!parallel_run(40, 6, many_job, *state, &err))
		fail_msg("%s", err.msg);
}

static void interrupt_soon(void *arg)
{
	(void)arg;
	clock_sleep_ms(200);
	cancel_request();
}

/* The last test here: an interruption is for good. */
static void interruption(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_http_close)
	struct http *patient = http_open(&(struct http_options){ .stall_s = 600 });
	struct http *own = f->http;
	uint64_t start = clock_monotonic_ms();
	struct thread *thread;
	struct outcome o;
	struct err err = { 0 };

	cancel_init();
	assert_true(thread_start(&thread, interrupt_soon, NULL, &err));
	f->http = patient;
	o = fetch(f, "GET", "/stall");
	assert_true(o.sent);
	assert_false(o.read);
	assert_int_equal(o.err.code, E_CANCELLED);
	o = fetch(f, "GET", "/hello");
	assert_int_equal(o.err.code, E_CANCELLED);
	assert_true(clock_monotonic_ms() - start < 300000);
	f->http = own;
	thread_join(thread);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(answers_arrive),
		TEST(connections_are_kept),
		TEST(headers_of_both_sides),
		TEST(upload_headers),
		TEST(bodies_are_sent_whole),
		TEST(wrong_bodies_never_complete),
		TEST(answers_before_the_body),
		TEST(repetition),
		TEST(retry_after_is_waited_for),
		TEST(broken_answers),
		TEST(too_long_an_answer),
		TEST(nobody_listens),
		TEST(not_tls),
		TEST(proxies),
		TEST(many_threads),
		TEST(interruption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
