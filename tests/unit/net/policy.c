// SPDX-License-Identifier: Apache-2.0
#include "net/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/certs.h"
#include "net/http.h"
#include "net/pace.h"
#include "net/proxy.h"
#include "net/ring.h"

/* The pure rules of net/: when to repeat, which proxy, which certificates; and the ring. */

static void statuses(void **state)
{
	static const struct {
		int status;
		const char *method;
		bool want;
	} cases[] = {
		{ 200, "GET", false },  { 400, "GET", false },   { 401, "GET", false },
		{ 404, "GET", false },  { 408, "GET", true },    { 413, "PUT", false },
		{ 416, "GET", false },  { 429, "POST", true },   { 500, "GET", true },
		{ 500, "HEAD", true },  { 500, "PUT", true },    { 500, "DELETE", true },
		{ 500, "POST", false }, { 500, "PATCH", false }, { 501, "GET", false },
		{ 502, "POST", true },  { 503, "PATCH", true },  { 504, "GET", true },
		{ 505, "GET", false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (retry_status(cases[i].status, cases[i].method) != cases[i].want)
			fail_msg("%d %s", cases[i].status, cases[i].method);
}

static void retry_after_forms(void **state)
{
	enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */
	static const struct {
		const char *value;
		int64_t want;
	} cases[] = {
		{ NULL, -1 },
		{ "", -1 },
		{ "0", 0 },
		{ "120", 120 },
		{ " 7 ", 7 },
		{ "-1", -1 },
		{ "1.5", -1 },
		{ "soon", -1 },
		{ "99999999999999999999", -1 },
		{ "Sun, 06 Nov 1994 08:49:57 GMT", 20 },
		{ "Sunday, 06-Nov-94 08:50:37 GMT", 60 },
		{ "Sun Nov  6 08:49:38 1994", 1 },
		{ "Sun, 06 Nov 1994 08:00:00 GMT", 0 },
		{ "Sun, 06 Foo 1994 08:49:57 GMT", -1 },
		{ "Sun, 06 Nov 1994 08:49:57 CET", -1 },
		{ "Sun, 06 Nov 1994 08:49:57 GMT!", -1 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (retry_after(cases[i].value, NOW) != cases[i].want)
			fail_msg("'%s': %lld", cases[i].value,
				 (long long)retry_after(cases[i].value, NOW));
}

static void delays(void **state)
{
	static const struct {
		unsigned attempt, random;
		int64_t after;
		int want;
	} cases[] = {
		{ 1, 0, -1, 250 },        { 1, 65535, -1, 750 },   { 2, 0, -1, 500 },
		{ 4, 0, -1, 2000 },       { 6, 0, -1, 8000 },      { 60, 0, -1, 8000 },
		{ 60, 65535, -1, 24000 }, { 1, 0, 0, 250 },        { 1, 0, 3, 3000 },
		{ 1, 0, 100000, 60000 },  { 6, 65535, 10, 24000 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
			retry_delay_ms(cases[i].attempt, 500, cases[i].random, cases[i].after),
			cases[i].want);
}

static void proxies(void **state)
{
	static const struct {
		const char *none, *url;
		const char *want;
	} cases[] = {
		{ NULL, "http://example.com/", "http://p:1" },
		{ NULL, "https://example.com/", "http://p:2" },
		{ NULL, "http://localhost/", NULL },
		{ NULL, "https://127.0.0.1:5000/", NULL },
		{ NULL, "https://[::1]/", NULL },
		{ "*", "http://example.com/", NULL },
		{ "example.com", "http://example.com/", NULL },
		{ "EXAMPLE.com", "http://example.com/", NULL },
		{ "example.com", "http://a.example.com/", NULL },
		{ ".example.com", "http://a.example.com/", NULL },
		{ "*.example.com", "http://a.example.com/", NULL },
		{ "example.com", "http://notexample.com/", "http://p:1" },
		{ "example.com:81", "http://example.com/", "http://p:1" },
		{ "example.com:81", "http://example.com:81/", NULL },
		{ "a, ,b , example.com", "http://example.com/", NULL },
		{ "10.0.0.0/8", "http://10.1.2.3/", NULL },
		{ "10.0.0.0/8", "http://11.1.2.3/", "http://p:1" },
		{ "192.168.1.128/25", "http://192.168.1.127/", "http://p:1" },
		{ "192.168.1.128/25", "http://192.168.1.129/", NULL },
		{ "10.0.0.0/33", "http://10.1.2.3/", "http://p:1" },
		{ "10.1.2.3", "http://10.1.2.3/", NULL },
		{ "10.1.2.3", "http://10.1.2.4/", "http://p:1" },
		{ "fd00::/8", "http://[fd12::1]/", NULL },
		{ "fd12::1", "http://[fd12::1]/", NULL },
		{ "[fd12::1]:80", "http://[fd12::1]/", NULL },
		{ "[fd12::1]:81", "http://[fd12::1]/", "http://p:1" },
		{ "0.0.0.0/0", "http://example.com/", "http://p:1" },
	};
	struct proxy_env env = { .http = "http://p:1", .https = "http://p:2", .all = "http://p:3" };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url u = { 0 };
		struct err err = { 0 };
		const char *got;

		env.none = cases[i].none;
		assert_true(url_parse(&u, cases[i].url, &err));
		got = proxy_for(&env, &u);
		if (!str_eq(got ? got : "-", cases[i].want ? cases[i].want : "-"))
			fail_msg("'%s' %s: %s", cases[i].none, cases[i].url, got);
	}
	env = (struct proxy_env){ .all = "socks5://p:3" };
	AUTO(url_free) struct url u = { 0 };
	struct err err = { 0 };

	assert_true(url_parse(&u, "https://example.com/", &err));
	assert_string_equal(proxy_for(&env, &u), "socks5://p:3");
}

static void put_file(const struct fs_tmpdir *d, const char *path, const char *text)
{
	AUTO(auto_free) char *whole = mem_printf("%s/%s", d->path, path);
	AUTO(auto_free) char *dir = mem_printf("%.*s", (int)(strrchr(path, '/') - path), path);
	struct err err = { 0 };

	assert_true(fs_mkdir_p(d->fd, dir, 0755, FS_BENEATH, &err));
	assert_true(fs_write_path_atomic(whole, text, strlen(text), 0600, &err));
}

static void certificates(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir d = FS_TMPDIR_INIT;
	AUTO(str_list_free) struct str_list dirs = { 0 };
	AUTO(certs_free) struct certs c = { 0 };
	AUTO(auto_free) char *own = NULL;
	struct err err = { 0 };
	(void)state;

	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	assert_true(fs_tmpdir_open(&d, &err));
	str_list_push_take(&dirs, mem_printf("%s/user", d.path));
	str_list_push_take(&dirs, mem_printf("%s/etc", d.path));
	put_file(&d, "user/r:5000/client.cert", "user-cert");
	put_file(&d, "user/r:5000/client.key", "user-key");
	put_file(&d, "etc/r:5000/ca.crt", "CA1");
	put_file(&d, "etc/r:5000/more.crt", "CA2");
	put_file(&d, "etc/r:5000/z.cert", "etc-cert");
	put_file(&d, "etc/r:5000/z.key", "etc-key");
	put_file(&d, "etc/broken/z.cert", "cert");
	put_file(&d, "x/own.pem", "CA0");
	own = mem_printf("%s/x/own.pem", d.path);

	assert_true(certs_find_in(&c, &dirs, "r:5000", own, &err));
	assert_string_equal(c.ca, "CA0\nCA1\nCA2\n");
	assert_int_equal(c.ca_len, 12);
	assert_true(str_has_suffix(c.cert, "/user/r:5000/client.cert"));
	assert_true(str_has_suffix(c.key, "/user/r:5000/client.key"));
	certs_free(&c);

	/* A bundle named by the environment: a file of its own, or part of the list. */
	AUTO(auto_free) char *bundle = mem_printf("%s/etc/r:5000/more.crt", d.path);

	setenv("SSL_CERT_FILE", bundle, 1);
	assert_true(certs_find_in(&c, &dirs, "r", NULL, &err));
	assert_null(c.ca);
	assert_string_equal(c.bundle, bundle);
	certs_free(&c);
	assert_true(certs_find_in(&c, &dirs, "r", own, &err));
	assert_string_equal(c.ca, "CA0\nCA2\n");
	assert_null(c.bundle);
	certs_free(&c);
	unsetenv("SSL_CERT_FILE");

	assert_true(certs_find_in(&c, &dirs, "r", NULL, &err));
	assert_null(c.ca);
	assert_null(c.cert);

	assert_false(certs_find_in(&c, &dirs, "broken", NULL, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_non_null(strstr(err.msg, "z.key"));
	err_clear(&err);
	assert_false(certs_find_in(&c, &dirs, "r", "/nowhere/ca.pem", &err));
	assert_int_equal(err.code, E_NOT_FOUND);
}

static void ring_keeps_order(void **state)
{
	AUTO(ring_free) struct ring r;
	unsigned char in = 0, out = 0, block[7];
	(void)state;

	ring_init(&r, 10);
	assert_int_equal(ring_space(&r), 10);
	assert_int_equal(ring_take(&r, block, 7), 0);
	for (int round = 0; round < 1000; round++) {
		size_t put, took;

		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (unsigned char)(in + i);
		put = ring_put(&r, block, (size_t)(round % 8));
		in = (unsigned char)(in + put);
		assert_true(r.len <= 10 && ring_space(&r) == 10 - r.len);
		took = ring_take(&r, block, (size_t)(round % 5 + 1));
		for (size_t i = 0; i < took; i++)
			assert_int_equal(block[i], out++);
	}
}

static void pauses_are_shared(void **state)
{
	AUTO(pace_free) struct pace p;

	(void)state;
	pace_init(&p);
	assert_int_equal(pace_wait_ms(&p, "a:443", 1000, 500, 65535), 0);
	pace_hold(&p, "a:443", 1000, 2000);
	assert_int_equal(pace_wait_ms(&p, "a:443", 1000, 500, 0), 2000);
	assert_int_equal(pace_wait_ms(&p, "a:443", 2999, 500, 0), 1);
	assert_int_equal(pace_wait_ms(&p, "a:443", 1000, 500, 65535), 2500);
	assert_int_equal(pace_wait_ms(&p, "a:443", 3000, 500, 65535), 0);
	assert_int_equal(pace_wait_ms(&p, "a:444", 1000, 500, 65535), 0); /* another server */
	pace_hold(&p, "a:443", 1500, 100); /* a shorter one takes nothing back */
	assert_int_equal(pace_wait_ms(&p, "a:443", 1500, 0, 0), 1500);
	pace_hold(&p, "a:443", 1500, 5000);
	assert_int_equal(pace_wait_ms(&p, "a:443", 1500, 0, 0), 5000);
}

static void parts(void **state)
{
	static const struct {
		const char *text;
		int64_t start; /* -1: none */
	} cases[] = {
		{ "bytes 100-199/200", 100 },
		{ "bytes 0-0/1", 0 },
		{ "bytes  5-9/*", 5 },
		{ "bytes */200", -1 },
		{ "bytes 5-4/10", -1 },
		{ "bytes 5/10", -1 },
		{ "bytes -5-9/10", -1 },
		{ "items 1-2/3", -1 },
		{ "bytes 99999999999999999999-9/1", -1 },
		{ "", -1 },
		{ NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t start = 0;
		bool ok = http_range_start(&start, cases[i].text);

		if (ok != (cases[i].start >= 0) || (ok && start != (uint64_t)cases[i].start))
			fail_msg("'%s': %d %llu", cases[i].text, ok, (unsigned long long)start);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_are_shared),
		cmocka_unit_test(parts),
		cmocka_unit_test(statuses),
		cmocka_unit_test(retry_after_forms),
		cmocka_unit_test(delays),
		cmocka_unit_test(proxies),
		cmocka_unit_test(certificates),
		cmocka_unit_test(ring_keeps_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
