// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

/* image/reference.c */

#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10
#define A100 A50 A50
#define A128 A100 A10 A10 "aaaaaaaa"
/* 255 with host and slash: "h.io/" and 250; docker.io/library/ takes 18 of them. */
#define A250 A100 A100 A50
#define A237 A100 A100 A10 A10 A10 "aaaaaaa"

/* clang-format off */
static const struct {
	const char *text;
	const char *want;     /* as reference_format writes it */
	const char *familiar; /* as reference_familiar does */
} good[] = {
	{ "python", "docker.io/library/python", "python" },
	{ "python:3.11", "docker.io/library/python:3.11", "python:3.11" },
	{ "me/app", "docker.io/me/app", "me/app" },
	{ "a/b/c:x", "docker.io/a/b/c:x", "a/b/c:x" },
	{ "docker.io/python", "docker.io/library/python", "python" },
	{ "docker.io/library/python:3", "docker.io/library/python:3", "python:3" },
	{ "index.docker.io/me/app", "docker.io/me/app", "me/app" },
	{ "index.docker.io/python", "docker.io/library/python", "python" },
	{ "library/python", "docker.io/library/python", "python" },
	{ "library/a/b", "docker.io/library/a/b", "library/a/b" },
	{ "ghcr.io/me/app:1", "ghcr.io/me/app:1", "ghcr.io/me/app:1" },
	{ "localhost/app", "localhost/app", "localhost/app" },
	{ "localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1" },
	{ "localhost:5000", "docker.io/library/localhost:5000", "localhost:5000" },
	{ "localhost", "docker.io/library/localhost", "localhost" },
	{ "127.0.0.1:5000/me/rt:1", "127.0.0.1:5000/me/rt:1", "127.0.0.1:5000/me/rt:1" },
	{ "127.0.0.1:5000", "docker.io/library/127.0.0.1:5000", "127.0.0.1:5000" },
	{ "[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a" },
	{ "[::1]/a:b", "[::1]/a:b", "[::1]/a:b" },
	{ "[2001:db8:3:4::192.0.2.33]:22/a", "[2001:db8:3:4::192.0.2.33]:22/a", "[2001:db8:3:4::192.0.2.33]:22/a" },
	{ "Registry/app", "Registry/app", "Registry/app" },
	{ "Reg.Example.COM/app", "Reg.Example.COM/app", "Reg.Example.COM/app" },
	{ "a-b.c-d:1/x", "a-b.c-d:1/x", "a-b.c-d:1/x" },
	{ "h.io:65535/x", "h.io:65535/x", "h.io:65535/x" },
	{ "a.b/c", "a.b/c", "a.b/c" },
	{ "docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c" },
	{ "docker.io/localhost/c", "docker.io/localhost/c", "docker.io/localhost/c" },
	{ "a__b", "docker.io/library/a__b", "a__b" },
	{ "a_b.c-d", "docker.io/library/a_b.c-d", "a_b.c-d" },
	{ "a----b", "docker.io/library/a----b", "a----b" },
	{ "1.0", "docker.io/library/1.0", "1.0" },
	{ "0/0:0", "docker.io/0/0:0", "0/0:0" },
	{ "x:_", "docker.io/library/x:_", "x:_" },
	{ "x:V1.0-rc_2", "docker.io/library/x:V1.0-rc_2", "x:V1.0-rc_2" },
	{ "x:" A128, "docker.io/library/x:" A128, "x:" A128 },
	{ "x@" DIGEST, "docker.io/library/x@" DIGEST, "x@" DIGEST },
	{ "x:1@" DIGEST, "docker.io/library/x:1@" DIGEST, "x:1@" DIGEST },
	{ "h:1/x:1@" DIGEST, "h:1/x:1@" DIGEST, "h:1/x:1@" DIGEST },
	{ "h.io/" A250, "h.io/" A250, "h.io/" A250 },
	{ A237, "docker.io/library/" A237, A237 },
	{ "library/" HEX64, "docker.io/library/" HEX64, "docker.io/library/" HEX64 },
	{ "library/sha256:" HEX64, "docker.io/library/sha256:" HEX64, "docker.io/library/sha256:" HEX64 },
	{ HEX64 "a", "docker.io/library/" HEX64 "a", HEX64 "a" },
	{ "h.io/" HEX64, "h.io/" HEX64, "h.io/" HEX64 },
};

static const struct {
	const char *text;
	int column; /* 0: the message names none */
	const char *says;
	const char *hint; /* NULL: none needed */
} bad[] = {
	{ "", 0, "empty", "named like" },
	{ " ", 1, "' ' cannot be", NULL },
	{ "App", 1, "upper-case", "try 'app'" },
	{ "me/App:1", 4, "upper-case", "try 'me/app'" },
	{ "ghcr.io/Me/App", 9, "upper-case", "try 'me/app'" },
	{ "a b", 2, "' ' cannot be", NULL },
	{ "a\tb", 2, "cannot be", NULL },
	{ "a/", 3, "empty component", NULL },
	{ "a//b", 3, "empty component", NULL },
	{ "/a", 1, "empty component", NULL },
	{ "/", 1, "empty component", NULL },
	{ ":", 1, "repository is missing", NULL },
	{ ":1", 1, "repository is missing", NULL },
	{ "@" DIGEST, 1, "repository is missing", NULL },
	{ "h.io/", 6, "repository is missing", NULL },
	{ "h.io/:1", 6, "repository is missing", NULL },
	{ "h.io//a", 6, "empty component", NULL },
	{ "-a", 1, "begins with '-'", NULL },
	{ "_a", 1, "begins with '_'", NULL },
	{ ".a", 1, "begins with '.'", NULL },
	{ "a-", 2, "ends with '-'", NULL },
	{ "a_", 2, "ends with '_'", NULL },
	{ "x/a.", 4, "ends with '.'", NULL },
	{ "a..b", 2, "'..' is no separator", NULL },
	{ "a___b", 2, "'___' is no separator", NULL },
	{ "a._b", 2, "'._' is no separator", NULL },
	{ "a-_b", 2, "'-_' is no separator", NULL },
	{ "../etc/passwd", 1, "empty part", NULL },
	{ "a/../b", 3, "begins with '.'", NULL },
	{ "a:", 3, "tag is empty", NULL },
	{ "a:-x", 3, "begins with '-'", NULL },
	{ "a:.x", 3, "begins with '.'", NULL },
	{ "a:x+y", 4, "'+' cannot be in tag", NULL },
	{ "a:x\ny", 4, "cannot be in tag", NULL },
	{ "a:\xc3\xa4", 3, "cannot be in tag", NULL },
	{ "a:" A128 "a", 131, "129 characters, 128 are allowed", NULL },
	{ "a:b:c", 2, "':' cannot be in repository", NULL },
	{ "a@", 3, "does not begin with 'sha256:'", NULL },
	{ "a@sha256:12", 3, "2 digits", NULL },
	{ "a@sha256:../../x", 3, "lower-case hex", NULL },
	{ "a@" DIGEST "@" DIGEST, 3, "digits", NULL },
	{ "a@md5:0123456789abcdef0123456789abcdef", 3, "does not begin", NULL },
	{ "h_o.x/a", 2, "'_' cannot be in host", NULL },
	{ "-h.io/a", 1, "begins or ends with '-'", NULL },
	{ "h-.io/a", 1, "begins or ends with '-'", NULL },
	{ "h..io/a", 3, "empty part", NULL },
	{ ".io/a", 1, "empty part", NULL },
	{ "h.io./a", 6, "empty part", NULL },
	{ "h.io:/a", 6, "port is empty", NULL },
	{ "h.io:0/a", 6, "1 to 65535", NULL },
	{ "h.io:65536/a", 6, "1 to 65535", NULL },
	{ "h.io:5x/a", 6, "1 to 65535", NULL },
	{ "h:1:2/a", 3, "1 to 65535", NULL },
	{ ":5000/a", 1, "empty part", NULL },
	{ "[::1/a", 1, "lacks its ']'", NULL },
	{ "[::g]/a", 2, "no IPv6 address", NULL },
	{ "[]:1/a", 2, "no IPv6 address", NULL },
	{ "[::1]x/a", 6, "only a port", NULL },
	{ "[::1]:/a", 7, "port is empty", NULL },
	{ "[fe80::1%eth0]/a", 2, "no IPv6 address", NULL },
	{ "user@host.io/a", 6, "does not begin", NULL },
	{ "https://ghcr.io/me/app", 1, "no scheme", "leave out 'https://'" },
	{ "docker://python", 1, "no scheme", "leave out 'docker://'" },
	{ HEX64, 1, "a digest, not a name", "NAME@sha256:" },
	{ DIGEST, 1, "a digest, not a name", "NAME@sha256:" },
	{ "h.io/" A250 "a", 6, "256 characters, 255 are allowed", NULL },
	{ A237 "a", 1, "256 characters, 255 are allowed", NULL },
	{ A250 A250 A250, 724, "longer than any", NULL },
};
/* clang-format on */

static void good_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err problem = { 0 };
		struct reference ref, again;

		if (!reference_parse(&ref, good[i].text, &problem))
			fail_msg("'%s': %s", good[i].text, problem.msg);
		assert_string_equal(reference_format(&ref).text, good[i].want);
		assert_string_equal(reference_familiar(&ref).text, good[i].familiar);
		/* Both ways of writing it mean the same. */
		MUST(reference_parse(&again, good[i].want, err));
		assert_memory_equal(&ref, &again, sizeof(ref));
		MUST(reference_parse(&again, good[i].familiar, err));
		assert_memory_equal(&ref, &again, sizeof(ref));
	}
}

static void bad_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(auto_free) char *column = mem_printf("column %d:", bad[i].column);
		struct err err = { 0 };
		struct reference ref;

		if (reference_parse(&ref, bad[i].text, &err))
			fail_msg("'%s' is taken for %s", bad[i].text, reference_format(&ref).text);
		assert_int_equal(err.code, E_INPUT);
		if ((bad[i].column && !strstr(err.msg, column)) || !strstr(err.msg, bad[i].says))
			fail_msg("'%s': wanted column %d '%s', got: %s", bad[i].text, bad[i].column,
				 bad[i].says, err.msg);
		if (bad[i].hint && !strstr(err.hint, bad[i].hint))
			fail_msg("'%s': hint '%s'", bad[i].text, err.hint);
	}
}

static void unsupported_digest(void **state)
{
	struct reference ref;

	(void)state;
	MUST_FAIL(reference_parse(&ref, "a@sha512:" HEX64 HEX64, err), E_UNSUPPORTED, "column 3");
}

static void default_tag(void **state)
{
	struct reference plain = ref_of("a"), tagged = ref_of("a:1"), pinned = ref_of("a@" DIGEST);

	(void)state;
	reference_default_tag(&plain);
	reference_default_tag(&tagged);
	reference_default_tag(&pinned);
	assert_string_equal(plain.tag, "latest");
	assert_string_equal(tagged.tag, "1");
	assert_string_equal(pinned.tag, "");
}

static void setting_a_tag(void **state)
{
	struct reference ref = ref_of("h.io/a:1");

	(void)state;
	MUST(reference_set_tag(&ref, "2.x", err));
	assert_string_equal(reference_format(&ref).text, "h.io/a:2.x");
	MUST_FAIL(reference_set_tag(&ref, "", err), E_INPUT, "empty");
	MUST_FAIL(reference_set_tag(&ref, "a/b", err), E_INPUT, "column 2");
	MUST_FAIL(reference_set_tag(&ref, A128 "a", err), E_INPUT, "128");
	assert_string_equal(ref.tag, "2.x");
}

static void repositories_and_hosts(void **state)
{
	struct reference a = ref_of("python:1"), b = ref_of("docker.io/library/python:2"),
			 c = ref_of("ghcr.io/library/python");

	(void)state;
	assert_true(reference_same_repository(&a, &b));
	assert_false(reference_same_repository(&a, &c));
	assert_string_equal(reference_name(&a).text, "docker.io/library/python");
	assert_string_equal(reference_api_host(&a), "registry-1.docker.io");
	assert_string_equal(reference_api_host(&c), "ghcr.io");
}

static void loopback_table(void **state)
{
	static const struct {
		const char *host;
		bool want;
	} cases[] = {
		{ "localhost", true },
		{ "LOCALHOST", true },
		{ "localhost:5000", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1:5000", true },
		{ "127.255.3.4:1", true },
		{ "[::1]", true },
		{ "[::1]:5000", true },
		{ "::1", true },
		{ "[0:0:0:0:0:0:0:1]:1", true },
		{ "128.0.0.1", false },
		{ "10.0.0.1:5000", false },
		{ "127.0.0.1.evil.com", false },
		{ "127.evil.com:5000", false },
		{ "localhost.evil.com", false },
		{ "x.localhost", false },
		{ "localhos", false },
		{ "[::2]", false },
		{ "[::ffff:127.0.0.1]", false },
		{ "0177.0.0.1", false },
		{ "2130706433", false },
		{ "127.1", false },
		{ "", false },
		{ ":5000", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (reference_host_is_loopback(cases[i].host) != cases[i].want)
			fail_msg("'%s'", cases[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_table),         cmocka_unit_test(bad_table),
		cmocka_unit_test(unsupported_digest), cmocka_unit_test(default_tag),
		cmocka_unit_test(setting_a_tag),      cmocka_unit_test(repositories_and_hosts),
		cmocka_unit_test(loopback_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
