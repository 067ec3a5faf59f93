// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

static void parsing(void **state)
{
	static const struct {
		const char *text, *whole; /* NULL: refused */
	} cases[] = {
		{ "https://example.com", "https://example.com/" },
		{ "HTTPS://Example.COM:443/A?b=C", "https://example.com/A?b=C" },
		{ "http://example.com:80/", "http://example.com/" },
		{ "http://example.com:443/", "http://example.com:443/" },
		{ "https://example.com:5000?x", "https://example.com:5000/?x" },
		{ "https://example.com:/x", "https://example.com/x" },
		{ "https://example.com/x#frag", "https://example.com/x" },
		{ "https://[::1]:5000/v2/", "https://[::1]:5000/v2/" },
		{ "https://[FE80::1]/", "https://[fe80::1]/" },
		{ "https://127.0.0.1/", "https://127.0.0.1/" },
		{ "https://a_b-c.example/%2F%zz", "https://a_b-c.example/%2F%zz" },
		{ "https://x/a/../b//c", "https://x/a/../b//c" },
		{ "https://1.2.3.4.example/", "https://1.2.3.4.example/" },
		{ "ftp://example.com/", NULL },
		{ "file:///etc/passwd", NULL },
		{ "example.com/", NULL },
		{ "//example.com/", NULL },
		{ "", NULL },
		{ "https://", NULL },
		{ "https:///x", NULL },
		{ "https://user@example.com/", NULL },
		{ "https://user:pw@example.com/", NULL },
		{ "https://example.com@evil.example/", NULL },
		{ "https://example.com:0/", NULL },
		{ "https://example.com:65536/", NULL },
		{ "https://example.com:x/", NULL },
		{ "https://exa mple.com/", NULL },
		{ "https://example.com/a b", NULL },
		{ "https://example.com/a\r\nX: 1", NULL },
		{ "https://example.com\\@evil.example/", NULL },
		{ "https://ex\xc3\xa4mple.com/", NULL },
		{ "https://.example.com/", NULL },
		{ "https://example..com/", NULL },
		{ "https://example.com./", NULL },
		{ "https://127.1/", NULL },
		{ "https://2130706433/", NULL },
		{ "https://0x7f000001/", NULL },
		{ "https://0x7f.1/", NULL },
		{ "https://127.0.0.0x1/", NULL },
		{ "https://0177.0.0.1/", NULL },
		{ "https://256.0.0.1/", NULL },
		{ "https://[::1/", NULL },
		{ "https://[::1]x/", NULL },
		{ "https://[fe80::1%25eth0]/", NULL },
		{ "https://[]/", NULL },
		{ "https://exam%70le.com/", NULL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url u = { 0 };
		AUTO(auto_free) char *whole = NULL;
		struct err err = { 0 };
		bool ok = url_parse(&u, cases[i].text, &err);

		if (ok)
			whole = url_text(&u);
		if (ok != (cases[i].whole != NULL) || (ok && strcmp(whole, cases[i].whole)) ||
		    (!ok && err.code != E_INPUT))
			fail_msg("'%s': %s", cases[i].text, ok ? whole : err.msg);
	}
}

static void length_limit(void **state)
{
	char *text = mem_alloc(LIMIT_URL + 2);
	struct err err = { 0 };
	(void)state;

	memset(text, 'a', LIMIT_URL + 1);
	memcpy(text, "https://x/", 10);
	text[LIMIT_URL] = '\0';
	struct url u = { 0 };

	assert_true(url_parse(&u, text, &err));
	url_free(&u);
	text[LIMIT_URL] = 'a';
	assert_false(url_parse(&u, text, &err));
	free(text);
}

/* Each relative to the one before, as a chain of redirects may be. */
static void chains_do_not_grow(void **state)
{
	AUTO(auto_free) char *longer = mem_alloc(LIMIT_URL);
	struct url at = { 0 };
	struct err err = { 0 };
	int steps = 0;
	(void)state;

	memset(longer, 'a', LIMIT_URL - 1);
	memcpy(longer + LIMIT_URL - 3, "/x", 3);
	assert_true(url_parse(&at, "http://a/", &err));
	for (bool ok = true; ok && steps < 8; steps++) {
		struct url next = { 0 };

		ok = url_resolve(&next, &at, longer, &err);
		url_free(&at);
		at = next;
	}
	url_free(&at);
	assert_in_range(steps, 1, 3);
	assert_int_equal(err.code, E_INPUT);
}

/* RFC 3986, 5.4, as far as http knows it, and the forms of upload locations. */
static void resolving(void **state)
{
	static const struct {
		const char *reference, *whole;
	} cases[] = {
		{ "https://g:81/h", "https://g:81/h" },
		{ "http://g/", "http://g/" },
		{ "//g/x", "http://g/x" },
		{ "/g?y", "http://a/g?y" },
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" },
		{ ";x", "http://a/b/c/;x" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "/v2/x?_state=a%2Fb==&c", "http://a/v2/x?_state=a%2Fb==&c" },
		{ "mailto:x", NULL },
		{ "g h", NULL },
	};
	AUTO(url_free) struct url base = { 0 };
	struct err err = { 0 };
	(void)state;

	assert_true(url_parse(&base, "http://a/b/c/d;p?q", &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url u = { 0 };
		AUTO(auto_free) char *whole = NULL;
		struct err why = { 0 };
		bool ok = url_resolve(&u, &base, cases[i].reference, &why);

		if (ok)
			whole = url_text(&u);
		if (ok != (cases[i].whole != NULL) || (ok && strcmp(whole, cases[i].whole)))
			fail_msg("'%s': %s", cases[i].reference, ok ? whole : why.msg);
	}
}

static void queries(void **state)
{
	static const struct {
		const char *url, *want;
	} cases[] = {
		{ "https://x/u", "https://x/u?d=a%3Ab%2Bc%26" },
		{ "https://x/u?", "https://x/u?d=a%3Ab%2Bc%26" },
		{ "https://x/u?s=1", "https://x/u?s=1&d=a%3Ab%2Bc%26" },
		{ "https://x/u?s=1&", "https://x/u?s=1&d=a%3Ab%2Bc%26" },
		{ "https://x/u?s=%2b", "https://x/u?s=%2b&d=a%3Ab%2Bc%26" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url u = { 0 };
		struct err err = { 0 };

		assert_true(url_parse(&u, cases[i].url, &err));
		url_add_query(&u, "d", "a:b+c&");
		AUTO(auto_free) char *whole = url_text(&u);
		AUTO(auto_free) char *shown = url_shown(&u);

		assert_string_equal(whole, cases[i].want);
		assert_string_equal(shown, "https://x/u");
	}
}

static void reach(void **state)
{
	static const struct {
		const char *host;
		enum url_reach want;
		bool address;
	} cases[] = {
		{ "example.com", URL_PUBLIC, false },
		{ "localhost", URL_LOOPBACK, false },
		{ "a.localhost", URL_LOOPBACK, false },
		{ "notlocalhost", URL_PUBLIC, false },
		{ "127.0.0.1", URL_LOOPBACK, true },
		{ "127.255.0.9", URL_LOOPBACK, true },
		{ "0.0.0.0", URL_LOOPBACK, true },
		{ "169.254.169.254", URL_LINK_LOCAL, true },
		{ "10.1.2.3", URL_PRIVATE, true },
		{ "172.16.0.1", URL_PRIVATE, true },
		{ "172.31.255.255", URL_PRIVATE, true },
		{ "172.32.0.1", URL_PUBLIC, true },
		{ "192.168.1.1", URL_PRIVATE, true },
		{ "100.64.0.1", URL_PRIVATE, true },
		{ "100.128.0.1", URL_PUBLIC, true },
		{ "8.8.8.8", URL_PUBLIC, true },
		{ "[::1]", URL_LOOPBACK, true },
		{ "[::]", URL_LOOPBACK, true },
		{ "[::ffff:127.0.0.1]", URL_LOOPBACK, true },
		{ "[::ffff:169.254.169.254]", URL_LINK_LOCAL, true },
		{ "[::127.0.0.1]", URL_LOOPBACK, true },
		{ "[64:ff9b::a9fe:a9fe]", URL_LINK_LOCAL, true },
		{ "[fe80::1]", URL_LINK_LOCAL, true },
		{ "[fd00:ec2::254]", URL_PRIVATE, true },
		{ "[2001:db8::1]", URL_PUBLIC, true },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url u = { 0 };
		AUTO(auto_free) char *text = mem_printf("https://%s/", cases[i].host);
		struct err err = { 0 };

		assert_true(url_parse(&u, text, &err));
		if (url_reach(&u) != cases[i].want || url_is_address(&u) != cases[i].address)
			fail_msg("%s: %d", cases[i].host, url_reach(&u));
	}
}

static void following(void **state)
{
	static const struct {
		const char *from, *location;
		bool ok, same_origin;
	} cases[] = {
		{ "https://r.example/x", "/y", true, true },
		{ "https://r.example/x", "https://r.example:443/y", true, true },
		{ "https://r.example/x", "https://r.example:444/y", true, false },
		{ "https://r.example/x", "https://cdn.example/y", true, false },
		{ "https://r.example/x", "http://r.example/y", false, false },
		{ "https://r.example/x", "http://cdn.example/y", false, false },
		{ "http://r.example/x", "https://r.example/y", true, false },
		{ "https://r.example/x", "https://127.0.0.1/y", false, false },
		{ "https://r.example/x", "https://localhost/y", false, false },
		{ "https://r.example/x", "https://[::1]/y", false, false },
		{ "https://r.example/x", "https://169.254.169.254/y", false, false },
		{ "https://r.example/x", "https://10.0.0.5/y", true, false },
		{ "https://8.8.8.8/x", "https://10.0.0.5/y", false, false },
		{ "https://10.0.0.4/x", "https://10.0.0.5/y", true, false },
		{ "https://10.0.0.4/x", "https://169.254.169.254/y", false, false },
		{ "http://127.0.0.1:5000/x", "http://127.0.0.1:5001/y", true, false },
		{ "http://127.0.0.1:5000/x", "http://localhost:5000/y", true, false },
		{ "http://127.0.0.1:5000/x", "https://cdn.example/y", true, false },
		{ "https://r.example/x", "https://user@r.example/y", false, false },
		{ "https://r.example/x", "file:///etc/passwd", false, false },
		{ "https://r.example/x", "gopher://r.example/", false, false },
		{ "https://r.example/x", "https://0x7f.1/", false, false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url from = { 0 };
		AUTO(url_free) struct url to = { 0 };
		struct err err = { 0 };
		bool ok;

		assert_true(url_parse(&from, cases[i].from, &err));
		ok = url_follow(&to, &from, cases[i].location, &err);
		if (ok != cases[i].ok ||
		    (ok && url_same_origin(&from, &to) != cases[i].same_origin) ||
		    (!ok && err.code != E_NETWORK))
			fail_msg("%s -> %s: %d %s", cases[i].from, cases[i].location, ok, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),
		cmocka_unit_test(length_limit),
		cmocka_unit_test(chains_do_not_grow),
		cmocka_unit_test(resolving),
		cmocka_unit_test(queries),
		cmocka_unit_test(reach),
		cmocka_unit_test(following),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
