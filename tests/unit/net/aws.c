// SPDX-License-Identifier: Apache-2.0
#include "net/aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/aws_profile.h"
#include "tests/unit/net/server.h"

/* Signatures against AWS's own test vectors, the shared files, and where calls go. The sources of
 * credentials are tested from the command line, in tests/cli/aws.sh. */

static bool answer(struct server *s, int fd, const struct seen *req)
{
	(void)s;
	(void)req;
	return server_reply(fd, "200 OK", "", "{}");
}

/* The signature the server saw; the vectors' date and host stand in for ours. */
static char *signature(const char *host, const char *type, const char *body, const char *region,
		       const char *service, const char *token, const char *target)
{
	struct server server;
	AUTO(auto_http_close) struct http *http = NULL;
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_source_close) struct source *source = source_mem(body, strlen(body));
	AUTO(auto_free) char *address = NULL;
	AUTO(url_free) struct url url = { 0 };
	struct http_sign sign = { .region = region,
				  .service = service,
				  .key = "AKIDEXAMPLE",
				  .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
	struct http_request req = { .method = "POST",
				    .url = &url,
				    .headers = { { "Host", host },
						 { "X-Amz-Date", "20150830T123600Z" },
						 { "Content-Type", type },
						 { "X-Amz-Security-Token", token },
						 { "X-Amz-Target", target } },
				    .body = source,
				    .body_size = strlen(body),
				    .sign = &sign };
	struct err err = { 0 };
	const struct seen *seen;
	char *found;

	server_start(&server, answer, NULL);
	address = mem_printf("http://127.0.0.1:%d/", server.port);
	http = http_open(&(struct http_options){ .backoff_ms = 1 });
	assert_true(url_parse(&url, address, &err));
	if (!http_send(&reply, http, &req, &err))
		fail_msg("%s", err.msg);
	seen = server_at(&server, 0);
	assert_int_equal(seen->body_len, strlen(body));
	assert_memory_equal(seen->body, body, strlen(body));
	found = strstr(seen->head, "Signature=");
	assert_non_null(found);
	found = mem_strndup(found + 10, strcspn(found + 10, "\r\n"));
	http_reply_free(&reply);
	server_stop(&server);
	return found;
}

static void signatures(void **state)
{
	/* clang-format off */
	static const struct {
		const char *host, *type, *body, *region, *service, *token, *target, *want;
	} cases[] = {
		/* aws-sig-v4-test-suite: post-x-www-form-urlencoded, and with parameters */
		{ "example.amazonaws.com", "application/x-www-form-urlencoded", "Param1=value1", "us-east-1", "service", NULL, NULL,
		  "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
		{ "example.amazonaws.com", "application/x-www-form-urlencoded; charset=utf8", "Param1=value1", "us-east-1", "service", NULL, NULL,
		  "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe" },
		/* the call of an ECR login, computed by the rules */
		{ "api.ecr.eu-west-1.amazonaws.com", "application/x-amz-json-1.1", "{}", "eu-west-1", "ecr", "tok/+=en",
		  "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
		  "749dfec052077f67ec61ab4a96205fede7985994b55c666dc30a1c428338318c" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free)
		char *got = signature(cases[i].host, cases[i].type, cases[i].body, cases[i].region,
				      cases[i].service, cases[i].token, cases[i].target);

		assert_string_equal(got, cases[i].want);
	}
}

static void profiles(void **state)
{
	static const char credentials[] = "# all\n[default]\r\naws_access_key_id = A\n"
					  "aws_secret_access_key=s3c#ret==  ; of mine\n\n"
					  "[ ci ] # builds\nAWS_Access_Key_ID = B\n"
					  "[profile odd]\naws_access_key_id = C\n";
	static const char config[] =
		"[default]\naws_access_key_id = overridden\nregion = eu-west-1\ns3 =\n"
		"  max_queue_size = 1\n  nonsense\n[profile ci]\nrole_arn = r\n"
		"[ci]\nrole_arn = wrong\n[sso-session ci]\nrole_arn = wrong\n"
		"[profile \"two words\"]\nrole_arn = t\n";
	static const struct {
		const char *profile, *key, *want;
	} cases[] = {
		{ "default", "aws_access_key_id", "A" },
		{ "default", "aws_secret_access_key", "s3c#ret==" },
		{ "default", "region", "eu-west-1" },
		{ "default", "s3", NULL },
		{ "default", "max_queue_size", NULL },
		{ "ci", "aws_access_key_id", "B" },
		{ "ci", "role_arn", "r" },
		{ "ci", "region", NULL },
		{ "odd", "aws_access_key_id", NULL },
		{ "two words", "role_arn", "t" },
		{ "nobody", "role_arn", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(aws_profile_free) struct aws_profile p = { 0 };
		struct err err = { 0 };
		const char *got;

		assert_true(aws_profile_parse(&p, credentials, strlen(credentials), "credentials",
					      cases[i].profile, false, &err));
		assert_true(aws_profile_parse(&p, config, strlen(config), "config",
					      cases[i].profile, true, &err));
		got = aws_profile_get(&p, cases[i].key);
		if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("%s of %s: %s", cases[i].key, cases[i].profile,
				 got ? got : "none");
	}
}

static void broken_profiles(void **state)
{
	static const struct {
		const char *text;
		int line;
	} cases[] = {
		{ "[default\n", 1 },
		{ "[a]\nkey\n", 2 },
		{ "\n= x\n", 2 },
		{ "[a]\nx = 1\n[b]]\n[", 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(aws_profile_free) struct aws_profile p = { 0 };
		struct err err = { 0 };

		assert_false(aws_profile_parse(&p, cases[i].text, strlen(cases[i].text), "f", "a",
					       false, &err));
		assert_int_equal(err.code, E_INPUT);
		assert_int_equal(err.at.line, cases[i].line);
	}
}

static void endpoints(void **state)
{
	static const struct {
		const char *own, *all, *ignore, *want;
	} cases[] = {
		{ NULL, NULL, NULL, "https://api.ecr.x.amazonaws.com/" },
		{ "http://localhost:1", NULL, NULL, "http://localhost:1/" },
		{ NULL, "http://localhost:2/p", NULL, "http://localhost:2/p" },
		{ "http://localhost:1", "http://localhost:2", NULL, "http://localhost:1/" },
		{ "http://localhost:1", "http://localhost:2", "TRUE",
		  "https://api.ecr.x.amazonaws.com/" },
		{ "http://localhost:1", NULL, "false", "http://localhost:1/" },
		{ "localhost", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(url_free) struct url url = { 0 };
		AUTO(auto_free) char *got = NULL;
		struct err err = { 0 };
		bool ok;

		setenv("AWS_ENDPOINT_URL_ECR", cases[i].own ? cases[i].own : "", 1);
		setenv("AWS_ENDPOINT_URL", cases[i].all ? cases[i].all : "", 1);
		setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		       cases[i].ignore ? cases[i].ignore : "", 1);
		ok = aws_endpoint(&url, "ECR", "https://api.ecr.x.amazonaws.com", &err);
		assert_int_equal(ok, cases[i].want != NULL);
		if (!ok) {
			assert_non_null(strstr(err.msg, "$AWS_ENDPOINT_URL_ECR"));
			continue;
		}
		got = url_text(&url);
		assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(profiles),
		cmocka_unit_test(broken_profiles),
		cmocka_unit_test(endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
