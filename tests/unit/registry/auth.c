// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "registry/realm.h"
#include "registry/scope.h"

/* The pure parts of logging in: challenges, realms, scopes. */

/* "scheme realm service scope error" of what is picked; "-" for absent, "none" when nothing is. */
static char *picked(const char *const *headers)
{
	AUTO(challenges_free) struct challenges all = { 0 };
	const struct challenge *c;

	for (; *headers; headers++)
		challenges_add(&all, *headers);
	c = challenges_pick(&all);
	if (!c)
		return mem_strdup("none");
#define OR(x) ((x) ? (x) : "-")
	return mem_printf("%s|%s|%s|%s|%s", c->scheme, OR(c->realm), OR(c->service), OR(c->scope),
			  OR(c->error));
}

static void challenges(void **state)
{
	static const struct {
		const char *headers[4];
		const char *want;
	} cases[] = {
		{ { "Basic realm=\"x\"" }, "basic|x|-|-|-" },
		{ { "basic REALM=x" }, "basic|x|-|-|-" },
		{ { "Basic" }, "basic|-|-|-|-" },
		{ { "Bearer realm=\"https://a/t\",service=\"s\"" }, "bearer|https://a/t|s|-|-" },
		{ { "BEARER Realm=\"https://a/t\", Service=\"s\"" }, "bearer|https://a/t|s|-|-" },
		{ { "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"" },
		  "bearer|https://a/t|s|repository:x:pull,push|-" },
		{ { "Bearer realm=\"r\",scope=\"a b\",error=\"insufficient_scope\"" },
		  "bearer|r|-|a b|insufficient_scope" },
		{ { "Bearer realm=\"a \\\"quoted\\\" realm\"" },
		  "bearer|a \"quoted\" realm|-|-|-" },
		{ { "Bearer realm=\"back\\\\slash\"" }, "bearer|back\\slash|-|-|-" },
		{ { "Bearer realm=\"https://a/t?x=1,2\",service=s" },
		  "bearer|https://a/t?x=1,2|s|-|-" },
		{ { "Bearer realm=https://a/t,service=s" }, "bearer|https://a/t|s|-|-" },
		{ { "Bearer realm = \"r\" , service = \"s\"" }, "bearer|r|s|-|-" },
		/* several, in repeated headers and in one */
		{ { "Basic realm=\"b\"", "Bearer realm=\"r\"" }, "bearer|r|-|-|-" },
		{ { "Bearer realm=\"r\"", "Basic realm=\"b\"" }, "bearer|r|-|-|-" },
		{ { "Basic realm=\"b\", Bearer realm=\"r\",service=\"s\"" }, "bearer|r|s|-|-" },
		{ { "Bearer realm=\"r\",service=\"s\", Basic realm=\"b\"" }, "bearer|r|s|-|-" },
		{ { "Basic, Bearer realm=r" }, "bearer|r|-|-|-" },
		{ { "Basic realm=b, Bearer" }, "basic|b|-|-|-" },
		{ { "Negotiate", "Basic realm=\"b\"" }, "basic|b|-|-|-" },
		{ { "Negotiate YII=", "Basic realm=\"b\"" }, "basic|b|-|-|-" },
		{ { "Negotiate YII==, Basic realm=\"b\"" }, "basic|b|-|-|-" },
		{ { "NTLM TlRMTVNTUAAC, Basic realm=\"b\"" }, "basic|b|-|-|-" },
		{ { "Digest realm=\"d\", nonce=\"n, Basic realm=x\", Basic realm=\"b\"" },
		  "basic|b|-|-|-" },
		{ { "Basic realm=\"first\", realm=\"second\"" }, "basic|first|-|-|-" },
		{ { "Basic realm=\"1\"", "Basic realm=\"2\"" }, "basic|1|-|-|-" },
		{ { "Bearer realm=\"1\"", "Bearer realm=\"2\"" }, "bearer|1|-|-|-" },
		{ { "Bearer service=\"no realm\"", "Basic realm=\"b\"" }, "basic|b|-|-|-" },
		{ { "Bearer service=\"no realm\"" }, "none" },
		{ { "Bearer realm=\"\"" }, "bearer||-|-|-" },
		/* what no server should send */
		{ { "" }, "none" },
		{ { ",,, ," }, "none" },
		{ { "realm=\"x\"" }, "none" },
		{ { "= = =" }, "none" },
		{ { "Bearer realm=\"unterminated" }, "bearer|unterminated|-|-|-" },
		{ { "Bearer realm=\"r\\" }, "bearer|r\\|-|-|-" },
		{ { "Bearer realm=" }, "none" },
		{ { "Bearer realm=,service=s, Basic realm=b" }, "basic|b|-|-|-" },
		{ { "(\x01)Basic realm=b" }, "basic|b|-|-|-" },
		{ { "Negotiate" }, "none" },
		{ { NULL }, "none" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *got = picked(cases[i].headers);

		if (strcmp(got, cases[i].want))
			fail_msg("'%s': %s", cases[i].headers[0], got);
	}
}

static void realms(void **state)
{
	static const struct {
		const char *registry, *realm;
		bool ask, send;
	} cases[] = {
		{ "https://r.example.com", "https://r.example.com/token", true, true },
		{ "https://r.example.com:5000", "https://r.example.com/token", true, true },
		{ "https://r.example.com", "https://auth.example.com/token", true, true },
		{ "https://r.example.com", "https://example.com/token", true, true },
		{ "https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true, true },
		{ "https://registry-1.docker.io", "https://auth.docker.io/token", true, true },
		{ "https://dhi.io", "https://auth.docker.io/token", true, false },
		{ "https://r.example.com", "https://trusted.example.org/t", true, true },
		/* another party */
		{ "https://r.example.com", "https://evil.example.org/token", true, false },
		{ "https://r.example.com", "https://r.example.com.evil.org/t", true, false },
		{ "https://r.example.com", "https://evilexample.com/t", true, false },
		{ "https://r.example.co.uk", "https://evil.co.uk/t", true, false },
		{ "https://me.github.io", "https://evil.github.io/t", true, false },
		{ "https://r.com", "https://com/t", true, false },
		{ "https://registry", "https://other/t", true, false },
		{ "https://r.example.com", "https://auth.docker.io/token", true, false },
		/* plain http */
		{ "https://r.example.com", "http://r.example.com/token", false, false },
		{ "http://r.example.com", "http://r.example.com/token", true, true },
		{ "http://r.example.com", "http://auth.example.com/token", true, false },
		{ "http://r.example.com", "https://auth.example.com/token", true, true },
		/* addresses */
		{ "https://r.example.com", "https://93.184.216.34/token", true, false },
		{ "https://r.example.com", "https://169.254.169.254/token", false, false },
		{ "https://r.example.com", "https://10.0.0.1/token", true, false },
		{ "https://r.example.com", "https://127.0.0.1/token", false, false },
		{ "https://r.example.com", "https://localhost/token", false, false },
		{ "https://93.184.216.34", "https://10.0.0.1/token", false, false },
		{ "https://10.0.0.1", "https://10.0.0.1:8443/token", true, true },
		{ "https://10.0.0.1", "https://10.0.0.2/token", true, false },
		{ "https://10.0.0.1", "https://169.254.169.254/token", false, false },
		{ "http://127.0.0.1:5000", "http://127.0.0.1:5001/token", true, true },
		{ "http://127.0.0.1:5000", "http://localhost:5001/token", true, true },
		{ "http://localhost:5000", "https://auth.example.com/token", true, false },
		{ "http://127.0.0.1:5000", "http://auth.example.com/token", true, false },
	};
	AUTO(str_list_free) struct str_list trusted = { 0 };
	(void)state;

	str_list_push(&trusted, "trusted.example.org");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url registry = { 0 };
		AUTO(url_free) struct url realm = { 0 };
		struct err err = { 0 };

		assert_true(url_parse(&registry, cases[i].registry, &err));
		assert_true(url_parse(&realm, cases[i].realm, &err));
		if (realm_may_ask(&realm, &registry) != cases[i].ask ||
		    realm_may_send(&realm, &registry, &trusted) != cases[i].send)
			fail_msg("%s -> %s: ask %d, send %d", cases[i].registry, cases[i].realm,
				 realm_may_ask(&realm, &registry),
				 realm_may_send(&realm, &registry, &trusted));
	}
}

static void scopes(void **state)
{
	AUTO(scopes_free) struct scopes s = { 0 };
	AUTO(scopes_free) struct scopes need = { 0 };
	AUTO(str_list_free) struct str_list text = { 0 };
	(void)state;

	scopes_add(&s, "base", ACCESS_PULL);
	scopes_add(&s, "me/rt", ACCESS_PUSH);
	scopes_add(&s, "me/rt", ACCESS_PULL); /* push has it already */
	scopes_add(&s, "x", ACCESS_NONE);
	scopes_add_text(&s,
			"aws  repository:base:pull repository:new:push,pull registry:catalog:*");
	scopes_add_text(&s, "repository:odd:wild repository::pull aws");
	scopes_text(&text, &s);
	static const char *const want[] = { "repository:me/rt:pull,push",
					    "repository:new:pull,push",
					    "repository:base:pull",
					    "aws",
					    "registry:catalog:*",
					    "repository:odd:wild",
					    "repository::pull" };

	assert_int_equal(text.len, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(text.items[i], want[i]);

	assert_true(scopes_cover(&s, &need));
	scopes_add(&need, "me/rt", ACCESS_PULL);
	assert_true(scopes_cover(&s, &need));
	scopes_add_text(&need, "aws");
	assert_true(scopes_cover(&s, &need));
	scopes_add(&need, "base", ACCESS_PUSH);
	assert_false(scopes_cover(&s, &need));
	scopes_add_all(&s, &need);
	assert_true(scopes_cover(&s, &need));
	scopes_add_text(&need, "other");
	assert_false(scopes_cover(&s, &need));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges),
		cmocka_unit_test(realms),
		cmocka_unit_test(scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
