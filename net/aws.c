// SPDX-License-Identifier: Apache-2.0
#include "net/aws.h"

#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"

/* Signed calls of JSON services. Who signs is aws_credential.c's. */

bool aws_endpoint(struct url *out, const char *name, const char *usual, struct err *err)
{
	AUTO(auto_free) char *own = mem_printf("AWS_ENDPOINT_URL_%s", name);
	const char *ignore = env_get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	const char *value = env_get(own), *variable = own;

	if (!value) {
		variable = "AWS_ENDPOINT_URL";
		value = env_get(variable);
	}
	if (!value || (ignore && strcasecmp(ignore, "true") == 0))
		return url_parse(out, usual, err);
	return url_parse(out, value, err) || err_wrap(err, "$%s", variable);
}

/* "com.amazonaws.ecr#RepositoryAlreadyExistsException" -> the name alone. */
static char *error_code(json_t *doc)
{
	const char *type = json_text_member(doc, "__type");
	const char *name = type ? strrchr(type, '#') : NULL;

	if (!type)
		return NULL;
	name = name ? name + 1 : type;
	return mem_strndup(name, strcspn(name, ":"));
}

/* A role or key that AWS does not take, by the names its services share. */
bool aws_is_refusal(const char *code, int status)
{
	static const char *const codes[] = {
		"AccessDeniedException", "UnrecognizedClientException",
		"ExpiredToken",          "InvalidSignatureException",
		"InvalidToken",          "MissingAuthenticationToken",
		"IncompleteSignature",   "InvalidClientTokenId",
		"SignatureDoesNotMatch", "AccessDenied",
		"InvalidAccessKeyId",    "ExpiredTokenException",
	};

	for (size_t i = 0; code && i < ARRAY_LEN(codes); i++)
		if (str_eq(codes[i], code))
			return true;
	return status == 401 || status == 403;
}

static bool refused(char **code_out, const struct aws_call *call, const struct aws_credential *c,
		    int status, json_t *doc, struct err *err)
{
	const char *text = doc ? json_text_member(doc, "message") : NULL;
	char *code = doc ? error_code(doc) : NULL;
	AUTO(auto_free) char *shown = NULL;
	AUTO(auto_free) char *shown_code = code ? str_printable(code, strlen(code), 100) : NULL;
	bool auth = aws_is_refusal(code, status);

	if (doc && !text)
		text = json_text_member(doc, "Message");
	shown = text ? str_printable(text, strlen(text), 300) : NULL;
	err_set(err,
		auth            ? E_AUTH
		: status >= 500 ? E_NETWORK
				: E_INPUT,
		"AWS %s in %s: HTTP %d%s%s%s%s", call->service, call->region, status,
		code ? " " : "", code ? shown_code : "", text ? ": " : "", text ? shown : "");
	if (auth)
		err_hint(err, "the credential is that of %s; `rtbuild auth explain` says more",
			 c->where);
	*code_out = code;
	return false;
}

static bool send(struct http_reply *out, struct http *http, const struct aws_credential *c,
		 const struct aws_call *call, const struct url *url, struct err *err)
{
	AUTO(auto_source_close)
	struct source *body = source_mem(call->body, strlen(call->body));
	struct http_sign sign = {
		.region = call->region, .service = call->service, .key = c->key, .secret = c->secret
	};
	struct http_request req = {
		.method = "POST",
		.url = url,
		.headers = { { "Content-Type", "application/x-amz-json-1.1" },
			     { "X-Amz-Target", call->target },
			     { "X-Amz-Security-Token", c->session } },
		.body = body,
		.body_size = strlen(call->body),
		.sign = &sign,
	};

	return http_send(out, http, &req, err);
}

bool aws_call(json_t **out, char **code_out, struct http *http, const struct aws_credential *c,
	      const struct aws_call *call, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct buf text = BUF_INIT(LIMIT_TOKEN_ANSWER);
	struct err why = { 0 };
	bool ok;

	*code_out = NULL;
	if (!aws_endpoint(&url, call->override, call->endpoint, err))
		return false;
	if (!send(&reply, http, c, call, &url, err))
		return err_wrap(err, "AWS %s", call->service);
	ok = http_read(&text, &reply, LIMIT_TOKEN_ANSWER, "the answer", err);
	if (ok && !json_parse(&doc, text.ptr, text.len, "the answer", &why) && reply.status == 200)
		ok = err_set(err, E_NETWORK, "%s", why.msg);
	if (text.cap)
		explicit_bzero(text.ptr, text.cap);
	buf_free(&text);
	if (!ok)
		return err_wrap(err, "AWS %s", call->service);
	if (reply.status != 200)
		return refused(code_out, call, c, reply.status, doc, err);
	*out = STEAL(doc);
	return true;
}
